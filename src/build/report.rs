//! What a build did: the answer of `build --json`.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::artifact::KINDS;
use crate::config::Experiment;
use crate::exec::{Failed, Outcome};
use crate::key::Digest;
use crate::predict::{Prediction, Took};
use crate::recompute::Differing;
use crate::sampling::Quality;

/// An output file.
#[derive(Debug, Clone, Serialize)]
pub struct OutputReport {
    /// Where it lies.
    pub path: String,
    /// `dataset`, `weights` or `statistics`.
    pub kind: &'static str,
    /// Digest of its content.
    pub digest: Digest,
    /// Its length.
    pub bytes: u64,
}

/// What was made once more and compared.
#[derive(Debug, Clone, Default)]
pub struct CheckReport {
    /// Artifacts that were made again, by kind.
    pub counts: [u64; KINDS.len()],
    /// Those that came out otherwise.
    pub differing: Vec<Differing>,
    /// How to ask for the same sample again, for each experiment.
    pub samples: Vec<String>,
}

impl CheckReport {
    fn add(&mut self, other: Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(other.counts) {
            *mine += theirs;
        }
        self.differing.extend(other.differing);
        self.samples.extend(other.samples);
    }
}

/// One build.
#[derive(Debug)]
pub struct Report {
    /// The experiment file.
    pub experiment: String,
    /// Artifacts made, by kind.
    pub built: [u64; KINDS.len()],
    /// Artifacts that were there, by kind.
    pub cached: [u64; KINDS.len()],
    /// What could not be made.
    pub failed: Vec<Failed>,
    /// What there is now.
    pub outputs: Vec<OutputReport>,
    /// Seconds, all in all.
    pub wall: f64,
    /// Seconds by stage.
    pub stages: Vec<(&'static str, f64)>,
    /// Seconds that workers spent, by kind.
    pub busy: [f64; KINDS.len()],
    /// What the person should know: first what the experiment says, then what the build found.
    pub notes: Vec<String>,
    /// How good the sample is of each data set that was assembled, by its path.
    pub sampling: Vec<(String, Quality)>,
    /// What was expected before the work began.
    pub predicted: Option<Prediction>,
    /// What it took of that.
    pub took: Option<Took>,
    /// Ctrl-C.
    pub interrupted: bool,
    /// What was made once more: a check was asked for.
    pub check: Option<CheckReport>,
    /// The page about this build, with its length; no output, since it tells the time.
    pub page: Option<(String, u64)>,
}

impl Report {
    /// Nothing done yet.
    pub fn new(experiment: &Experiment) -> Self {
        Self {
            experiment: experiment.file.display().to_string(),
            built: [0; KINDS.len()],
            cached: [0; KINDS.len()],
            failed: Vec::new(),
            outputs: Vec::new(),
            wall: 0.0,
            stages: Vec::new(),
            busy: [0.0; KINDS.len()],
            notes: experiment.notes.clone(),
            sampling: Vec::new(),
            predicted: None,
            took: None,
            interrupted: false,
            check: None,
            page: None,
        }
    }

    /// Counts what is there that this build did not make.
    pub fn cached(&mut self, counts: &[u64; KINDS.len()]) {
        for ((cached, there), built) in self.cached.iter_mut().zip(counts).zip(self.built) {
            *cached = there.saturating_sub(built);
        }
    }

    /// Adds what was made. What another build made meanwhile counts as cached.
    pub fn made(&mut self, outcome: &Outcome) {
        for k in 0..KINDS.len() {
            self.built[k] += outcome.built[k];
            self.cached[k] += outcome.shared[k];
            self.busy[k] += outcome.busy[k];
        }
    }

    /// Names the data set.
    pub fn output(&mut self, experiment: &Experiment, digest: Digest) {
        let path = &experiment.dataset.path;
        let bytes = path.metadata().map_or(0, |m| m.len());
        let path = path.display().to_string();
        self.outputs.push(OutputReport { path, kind: "dataset", digest, bytes });
    }

    /// Records the seconds of the stages, which fill the wall time.
    pub fn stages(&mut self, stages: Vec<(&'static str, f64)>) {
        self.wall = stages.iter().map(|(_, seconds)| seconds).sum();
        self.stages = stages;
    }

    /// Adds another build of the same command.
    pub fn add(&mut self, other: Report) {
        for k in 0..KINDS.len() {
            self.built[k] += other.built[k];
            self.cached[k] += other.cached[k];
            self.busy[k] += other.busy[k];
        }
        self.failed.extend(other.failed);
        self.outputs.extend(other.outputs);
        self.notes.extend(other.notes);
        self.sampling.extend(other.sampling);
        self.wall += other.wall;
        for (mine, theirs) in self.stages.iter_mut().zip(other.stages) {
            mine.1 += theirs.1;
        }
        self.interrupted |= other.interrupted;
        match (&mut self.check, other.check) {
            (Some(mine), Some(theirs)) => mine.add(theirs),
            (mine, theirs) => *mine = mine.take().or(theirs),
        }
        // Of several experiments each was scored by itself.
        (self.predicted, self.took) = (None, None);
    }

    /// The answer of `build --json`.
    pub fn to_json(&self) -> Value {
        let by_kind = |counts: &[u64; KINDS.len()]| -> Map<String, Value> {
            KINDS.iter().zip(counts).map(|(k, n)| (k.name.to_owned(), json!(n))).collect()
        };
        let busy: Map<String, Value> =
            KINDS.iter().zip(self.busy).map(|(k, s)| (k.name.to_owned(), json!(s))).collect();
        let failed: Vec<Value> = self
            .failed
            .iter()
            .map(|f| json!({"label": f.label, "error": f.error.message}))
            .collect();
        let stages: Map<String, Value> =
            self.stages.iter().map(|(name, s)| ((*name).to_owned(), json!(s))).collect();
        let sampling: Map<String, Value> =
            self.sampling.iter().map(|(path, quality)| (path.clone(), json!(quality))).collect();
        let mut out = json!({
            "schema": 1,
            "experiment": self.experiment,
            "built": by_kind(&self.built),
            "cached": by_kind(&self.cached),
            "failed": failed,
            "outputs": self.outputs,
            "wall_s": self.wall,
            "stages": stages,
            "busy_s": busy,
            "notes": self.notes,
            "sampling": sampling,
            "interrupted": self.interrupted,
            "predicted": self.predicted,
            "took": self.took,
        });
        if let Some(check) = &self.check {
            out["checked"] = by_kind(&check.counts).into();
            out["differing"] = json!(check.differing);
            out["check"] = json!({"samples": check.samples});
        }
        out
    }
}
