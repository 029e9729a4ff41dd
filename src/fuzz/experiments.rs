//! Experiment files and what belongs to them.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::cache::Cache;
use crate::config::{self, Experiment, Request};
use crate::operator::rollout::Precision;
use crate::plan::Plan;
use crate::profile::Profile;

/// A project that is not there: no file of this machine is read.
const ROOT: &str = "/nonexistent/project";
/// What is changed where only a part is fuzzed.
const BASE: &str = "\
parameter_space:
  architecture: {num_layers: 1, base_channels: {type: integer, bounds: [2, 4]}}
  operator: {grid_size: 8, channels: 2}
sampling: {total_samples: 8}
simulation: {device: cpu, num_realizations: 2, num_timesteps: 8}
execution: {chunk: 4, realization_block: 2, segment: 4}
metadata: {a: 1, b: [1, 2], c: {d: x}}
";
/// Most operators and artifacts of an experiment that is planned.
const OPERATORS: usize = 64;
const ARTIFACTS: usize = 2000;

fn request(sets: Vec<String>) -> Request {
    let path = PathBuf::from("experiments/x.yaml");
    Request { path, root: ROOT.into(), sets, ..Request::default() }
}

/// An experiment file: read, resolved, and resolved again from what a worker would get.
pub fn file(bytes: &[u8]) {
    if let Ok(experiment) = config::load_text(bytes, &request(Vec::new())) {
        holds(&experiment);
    }
}

/// `--set`, a text on each line.
pub fn overrides(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let sets = text.lines().take(64).map(str::to_owned).collect();
    if let Ok(experiment) = config::load_text(BASE.as_bytes(), &request(sets)) {
        holds(&experiment);
    }
}

/// Values that refer to each other: each line is the value of a name, the last line the whole file.
pub fn names(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut file = String::from("metadata:\n");
    for (line, name) in text.lines().zip('a'..='z') {
        let _ = writeln!(file, "  {name}: {line}");
    }
    let experiment = config::load_text(file.as_bytes(), &request(Vec::new()));
    if let Ok(experiment) = experiment {
        holds(&experiment);
        // What interpolation makes is bounded, whatever the names.
        assert!(experiment.document.to_string().len() < 32 << 20, "the document grows too large");
    }
}

/// A small experiment, all the way to its plan, twice.
pub fn plan(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let sets = text.lines().take(16).map(str::to_owned).collect();
    let Ok(experiment) = config::load_text(BASE.as_bytes(), &request(sets)) else { return };
    let simulation = &experiment.simulation;
    let units = simulation.num_realizations as usize * simulation.num_timesteps as usize;
    let operators = experiment.sampling.total_samples as usize;
    if operators > OPERATORS || operators * units > ARTIFACTS {
        return;
    }
    let cache = Cache::look("/nonexistent/cache").expect("there is none to be wrong");
    let profile = Profile::named("cpu of a test", Precision::Float32);
    let key = || {
        let plan = Plan::new(&experiment, &profile, &cache).ok()?;
        Some(plan.graph().node(plan.expansion.dataset.node()).key)
    };
    assert_eq!(key(), key(), "two plans of one experiment differ");
}

/// A worker resolves the same experiment from its snapshot.
fn holds(experiment: &Experiment) {
    let snapshot = config::snapshot(experiment).to_string();
    let again = match config::from_snapshot(&snapshot, Path::new(ROOT)) {
        Ok(again) => again,
        Err(error) => panic!("a worker refuses it: {error}"),
    };
    let precision = Precision::Float32;
    let (one, other) =
        (config::canonical(experiment, precision), config::canonical(&again, precision));
    assert_eq!(one, other, "a worker understands it differently");
}
