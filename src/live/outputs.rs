//! The outputs of the experiments that were built in a project: which of them are out of date.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::cache::{Cache, FileIdentity, identity};
use crate::config::{self, Experiment};
use crate::error::Result;
use crate::plan::{Output, Plan, State};
use crate::project::{Project, choose_profile, encoder_for};

/// How long an answer holds if nothing that it depends on seems to have changed.
const FRESH: Duration = Duration::from_mins(1);

/// How an output stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It is what a build would make.
    Current,
    /// It is there, and a build would make another one, or put it elsewhere.
    OutOfDate,
    /// It is not there.
    Missing,
    /// The experiment file has faults.
    Broken,
}

/// The output of one experiment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OutputState {
    /// The experiment file.
    pub experiment: String,
    /// Where its data set lies or is to lie; relative to the project if it lies there.
    pub path: Option<String>,
    /// How it stands.
    pub state: Fate,
    /// Artifacts that a build would make.
    pub stale: usize,
    /// All its artifacts.
    pub artifacts: usize,
    /// Why it is not current.
    pub reason: Option<String>,
}

/// What an answer depends on, besides the cache.
type Stamp = Vec<(PathBuf, Option<FileIdentity>)>;

struct Seen {
    stamp: Stamp,
    when: Instant,
    ended: usize,
    state: OutputState,
}

/// Plans the experiments of a project that were built before. Each is planned again only if something
/// that it depends on changed.
pub struct Outputs {
    project: Project,
    cache: Arc<Cache>,
    worker: Option<PathBuf>,
    seen: BTreeMap<PathBuf, Seen>,
}

impl Outputs {
    /// Of this project. The worker is asked for its devices, if there are any.
    pub fn new(project: Project, cache: Arc<Cache>, worker: Option<PathBuf>) -> Self {
        Self { project, cache, worker, seen: BTreeMap::new() }
    }

    /// How every output stands, by the names of the experiments. `ended` is how many builds are over:
    /// when it changes, so did the cache.
    ///
    /// # Errors
    /// If the cache cannot be read. Faults of experiments are among the answers.
    pub fn look(&mut self, ended: usize) -> Result<Vec<OutputState>> {
        let known = self.known()?;
        self.seen.retain(|file, _| known.contains(file));
        for file in known {
            let fresh = self.seen.get(&file).is_some_and(|seen| {
                seen.ended == ended
                    && seen.when.elapsed() < FRESH
                    && seen.stamp.iter().all(|(path, was)| now(path) == *was)
            });
            if !fresh {
                let (state, files) = self.plan(&file);
                let stamp = files.into_iter().map(|path| (path.clone(), now(&path))).collect();
                let seen = Seen { stamp, when: Instant::now(), ended, state };
                self.seen.insert(file, seen);
            }
        }
        Ok(self.seen.values().map(|seen| seen.state.clone()).collect())
    }

    /// The experiments of this project that were built before and are still there: the cache remembers
    /// them, or they have a lock file.
    fn known(&self) -> Result<BTreeSet<PathBuf>> {
        let root = &self.project.root;
        let mut known = BTreeSet::new();
        for (_, record) in self.cache.roots()? {
            let file = PathBuf::from(record.experiment);
            // A shared cache also has those of other projects.
            let ours = record.lock.is_none_or(|lock| lock.starts_with(root));
            if ours && root.join(&file).is_file() {
                known.insert(file);
            }
        }
        for file in config::locate::experiments(root) {
            if root.join(&file).with_extension("lock").is_file() {
                known.insert(file);
            }
        }
        Ok(known)
    }

    /// How one output stands, and the files that this depends on.
    fn plan(&self, file: &Path) -> (OutputState, Vec<PathBuf>) {
        let request = config::Request {
            path: file.to_owned(),
            root: self.project.root.clone(),
            // It was built, so whoever built it allowed it.
            allow_outside: true,
            ..config::Request::default()
        };
        let (loaded, mut files) = config::load_from(&request);
        let mut state = OutputState {
            experiment: file.display().to_string(),
            path: None,
            state: Fate::Broken,
            stale: 0,
            artifacts: 0,
            reason: None,
        };
        let planned = loaded.and_then(|experiment| {
            let path = &experiment.dataset.path;
            let short = path.strip_prefix(&self.project.root).unwrap_or(path);
            state.path = Some(short.display().to_string());
            files.push(path.clone());
            self.compare(&experiment, &mut state)
        });
        if let Err(error) = planned {
            let place = error.place.map(|place| format!(" ({}:{})", place.file, place.line));
            let path = error.path.map(|path| format!("{path}: ")).unwrap_or_default();
            state.state = Fate::Broken;
            state.reason = Some(format!("{path}{}{}", error.message, place.unwrap_or_default()));
        }
        (state, files)
    }

    fn compare(&self, experiment: &Experiment, state: &mut OutputState) -> Result<()> {
        let simulation = &experiment.simulation;
        let worker = self.worker.as_deref();
        let (mut profile, _) =
            choose_profile(&simulation.device, simulation.precision, &self.cache, worker)?;
        profile.encoder = encoder_for(experiment, &profile, &self.cache)?;
        let plan = Plan::new(experiment, &profile, &self.cache)?;
        state.artifacts = plan.states.len();
        state.stale = plan.states.iter().filter(|state| **state != State::Cached).count();
        let there = plan.path.is_file();
        let (fate, reason) = match &plan.output {
            Output::Current(_) if !has_renders(&plan) => {
                (Fate::OutOfDate, Some("a render changed".to_owned()))
            }
            // Also if something that it was made from is no longer in the cache.
            Output::Current(_) => (Fate::Current, None),
            Output::Copy { from, .. } => {
                (Fate::Missing, Some(format!("it lies at {}", from.display())))
            }
            Output::Assemble(why) if !there => (Fate::Missing, Some((*why).to_owned())),
            Output::Assemble(_) if self.cache.output_at(&plan.path)?.is_none() => {
                (Fate::OutOfDate, Some("another file lies there".to_owned()))
            }
            Output::Assemble("not built yet") => {
                (Fate::OutOfDate, Some("the experiment changed".to_owned()))
            }
            Output::Assemble(why) => (Fate::OutOfDate, Some((*why).to_owned())),
        };
        (state.state, state.reason) = (fate, reason);
        Ok(())
    }
}

/// Whether every file of a render is in the cache.
fn has_renders(plan: &Plan) -> bool {
    let mut files = plan.expansion.renders.iter();
    files.all(|file| plan.states[file.artifact.node()] == State::Cached)
}

/// The state of a file; what cannot be looked at is as good as not there.
fn now(path: &Path) -> Option<FileIdentity> {
    identity(path).ok().flatten()
}
