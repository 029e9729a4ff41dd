//! The builds of one cache: those that run, and the newest of the past ones.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::state::{BuildState, Outcome, Stage};
use super::tail::Tail;
use crate::cache::{Cache, in_use};
use crate::error::{Error, IoContext, Result};
use crate::exec::progress::time_left;

/// Logs of past builds up to this size are read whole; of longer ones the beginning and the end.
const WHOLE: u64 = 512 << 10;
/// How much of the beginning and of the end is read.
const ENDS: (u64, u64) = (16 << 10, 256 << 10);

/// A build and what its log says.
#[derive(Debug, Clone)]
pub struct Build {
    /// The name of its log.
    pub id: String,
    /// What the log says.
    pub state: BuildState,
    /// Whether its process lives and is not done.
    pub running: bool,
}

/// A log that was found.
#[derive(Debug)]
enum Known {
    Running(Box<(Tail, Build)>),
    /// With what it says, if that was asked for.
    Past(Option<Box<Build>>),
}

/// Watches the logs of one cache. Each log is read once, and what is added to it once.
#[derive(Debug)]
pub struct Builds {
    folder: PathBuf,
    known: BTreeMap<String, Known>,
    past: usize,
}

impl Builds {
    /// The builds of `cache`: all that run, and the `past` newest that do not.
    pub fn new(cache: &Cache, past: usize) -> Self {
        Self { folder: cache.root().join("log"), known: BTreeMap::new(), past }
    }

    /// Reads what was added since the last time.
    ///
    /// # Errors
    /// If a log cannot be read.
    pub fn refresh(&mut self) -> Result<()> {
        let names = logs(&self.folder)?;
        self.known.retain(|id, _| names.binary_search(id).is_ok());
        for id in &names {
            let path = self.path(id);
            match self.known.get_mut(id) {
                Some(Known::Past(_)) => {}
                Some(Known::Running(running)) => {
                    let (tail, build) = &mut **running;
                    // First the lock: whoever held it wrote nothing after giving it back.
                    let locked = in_use(&path)?;
                    tail.read(&mut |line| build.state.line(line))?;
                    build.running = locked && build.state.outcome.is_none();
                    if !build.running {
                        let build = build.clone();
                        self.known.insert(id.clone(), Known::Past(Some(Box::new(build))));
                    }
                }
                None if in_use(&path)? => {
                    let state = BuildState::default();
                    let mut build = Build { id: id.clone(), state, running: true };
                    let mut tail = Tail::new(&path, 0);
                    tail.read(&mut |line| build.state.line(line))?;
                    // One without a line has not begun yet, one that is over is past the next time.
                    if build.state.at.is_some() || !build.state.experiment.is_empty() {
                        build.running = build.state.outcome.is_none();
                        self.known.insert(id.clone(), Known::Running(Box::new((tail, build))));
                    }
                }
                // Locked just after it appears: an empty one has not begun yet.
                None if path.metadata().is_ok_and(|about| about.len() == 0) => {}
                None => {
                    self.known.insert(id.clone(), Known::Past(None));
                }
            }
        }
        let newest = self.known.iter_mut().rev().filter_map(|(id, known)| match known {
            Known::Past(build) => Some((id, build)),
            Known::Running(_) => None,
        });
        for (at, (id, build)) in newest.enumerate() {
            if at >= self.past {
                *build = None;
            } else if build.is_none() {
                let path = self.folder.join(format!("{id}.jsonl"));
                let state = match whole(&path) {
                    // A build that began just now removed it, as an old one.
                    Err(_) if !path.exists() => continue,
                    other => other?,
                };
                *build = Some(Box::new(Build { id: id.clone(), state, running: false }));
            }
        }
        Ok(())
    }

    /// Builds that run, the newest first.
    pub fn running(&self) -> impl Iterator<Item = &Build> {
        self.all().filter(|build| build.running)
    }

    /// Builds that are over, the newest first.
    pub fn past(&self) -> impl Iterator<Item = &Build> {
        self.all().filter(|build| !build.running)
    }

    /// How many builds are over: it changes when one ends.
    pub fn ended(&self) -> usize {
        self.known.values().filter(|known| matches!(known, Known::Past(_))).count()
    }

    fn all(&self) -> impl Iterator<Item = &Build> {
        self.known.values().rev().filter_map(|known| match known {
            Known::Running(running) => Some(&running.1),
            Known::Past(build) => build.as_deref(),
        })
    }

    fn path(&self, id: &str) -> PathBuf {
        self.folder.join(format!("{id}.jsonl"))
    }
}

/// Names of all logs, sorted: in the order in which their builds began.
fn logs(folder: &Path) -> Result<Vec<String>> {
    let listing = match fs::read_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.io("list", folder)?,
    };
    let mut names = Vec::new();
    for entry in listing {
        let entry = entry.map_err(|e| Error::io("list", folder, e))?;
        // A pipe would wait for whoever writes to it.
        if !entry.file_type().is_ok_and(|sort| sort.is_file()) {
            continue;
        }
        let name = entry.file_name();
        names.extend(name.to_str().and_then(|n| n.strip_suffix(".jsonl")).map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

/// What the log of a past build says. Of a long one whose last event is there the middle is left out.
fn whole(path: &Path) -> Result<BuildState> {
    let length = path.metadata().io("look at", path)?.len();
    let mut state = BuildState::default();
    if length > WHOLE {
        Tail::new(path, 0).read_to(ENDS.0, &mut |line| state.line(line))?;
        Tail::new(path, length - ENDS.1).read(&mut |line| state.line(line))?;
        if state.outcome.is_some() {
            return Ok(state);
        }
        state = BuildState::default();
    }
    Tail::new(path, 0).read(&mut |line| state.line(line))?;
    Ok(state)
}

impl Build {
    /// `running`, `done`, `failed`, `interrupted`, or `died` without a last word.
    pub fn name(&self) -> &'static str {
        match (&self.state.outcome, self.running) {
            (Some(Outcome::Done), _) => "done",
            (Some(Outcome::Failed), _) => "failed",
            (Some(Outcome::Interrupted), _) => "interrupted",
            (None, true) => "running",
            (None, false) => "died",
        }
    }

    /// Seconds since its program started; of one that is over, what it took as far as is known.
    pub fn elapsed(&self, now: jiff::Timestamp) -> f64 {
        match self.state.at {
            // The clock of another machine may be behind.
            Some(at) if self.running => {
                (now.duration_since(at).as_secs_f64() + self.state.begun).max(self.state.last)
            }
            _ => self.state.last,
        }
    }

    /// Seconds that its workers have been computing for.
    fn computing(&self, now: jiff::Timestamp) -> f64 {
        self.elapsed(now) - self.state.planned
    }

    /// Estimated seconds left, once they mean something.
    pub fn left(&self, now: jiff::Timestamp) -> Option<f64> {
        let computing = self.running && self.state.stage == Stage::Computing;
        let (computing_for, expected) = (self.computing(now), self.state.expected);
        computing.then(|| time_left(computing_for, self.state.share(), expected)).flatten()
    }

    /// Rough GFLOP per second.
    pub fn rate(&self, now: jiff::Timestamp) -> Option<f64> {
        let computed = self.state.gflop.0 > 0.0 && self.state.stage != Stage::Over;
        computed.then(|| self.state.gflop.0 / self.computing(now).max(1e-9))
    }

    /// Everything, for programs. `details` adds what only a running build is worth.
    pub fn to_json(&self, now: jiff::Timestamp, details: bool) -> Value {
        let state = &self.state;
        let (made, to_make) = state.artifacts();
        let elapsed = self.elapsed(now);
        let mut json = json!({
            "id": self.id,
            "experiment": state.experiment,
            "state": self.name(),
            "started": state.at.map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
            "elapsed_s": elapsed,
            "profile": state.profile,
            "host": state.host,
            "pid": state.pid,
            "output": state.output,
            "made": made,
            "to_make": to_make,
            "cached": state.cached(),
            "kinds": state.kinds,
            "failed": state.failed,
            "failures": state.failures,
            "predicted": state.predicted,
            "took": state.took,
            "error": state.error,
        });
        if details {
            let workers: Vec<Value> = state
                .workers
                .iter()
                .map(|(worker, work)| {
                    let seconds = work.as_ref().map(|work| (elapsed - work.since).max(0.0));
                    json!({"worker": worker, "work": work, "seconds": seconds})
                })
                .collect();
            let more = json!({
                "stage": state.stage,
                "share": state.share(),
                "gflop_done": state.gflop.0,
                "gflop": state.gflop.1,
                "gflop_per_s": self.rate(now),
                "left_s": self.left(now),
                "bytes": state.bytes,
                "busy_s": state.busy,
                "workers": workers,
                "warnings": state.warnings,
                "timeline": state.timeline.samples(),
            });
            if let (Value::Object(json), Value::Object(more)) = (&mut json, more) {
                json.extend(more);
            }
        }
        json
    }
}

#[cfg(test)]
#[path = "builds_tests.rs"]
mod tests;
