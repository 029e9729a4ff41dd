//! The lock file beside an experiment: what was built from what, made to be committed.
//!
//! Sorted, nothing volatile: the same build gives the same bytes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::Report;
use crate::config::{self, Experiment};
use crate::effect;
use crate::exec::progress::Progress;
use crate::picture::file;
use crate::profile::Profile;
use crate::project::Project;

/// The lock file of an experiment file: `experiments/x.yaml` → `experiments/x.lock`.
pub fn path(experiment: &Path) -> PathBuf {
    experiment.with_extension("lock")
}

/// Writes the lock file, unless the command line changed the experiment. Digests of other profiles
/// stay, as long as the experiment is the same. A folder that cannot be written is a warning.
pub fn write(
    project: &Project,
    experiment: &Experiment,
    profile: &Profile,
    report: &Report,
    progress: &mut dyn Progress,
) {
    if experiment.overridden {
        return;
    }
    let path = project.root.join(path(&experiment.file));
    // As it is asked for: machines that lack a precision share the file with those that have it.
    let canonical = config::canonical(experiment, experiment.simulation.precision);
    let known: Option<Value> = effect::read("build.lock.read", &path)
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok());
    let mut profiles: BTreeMap<String, Value> = known
        .filter(|known| known["experiment"] == canonical)
        .and_then(|mut known| serde_json::from_value(known["outputs"].take()).ok())
        .unwrap_or_default();
    let outputs: BTreeMap<String, String> = report
        .outputs
        .iter()
        .map(|output| {
            let full = Path::new(&output.path);
            let short = full.strip_prefix(&project.root).unwrap_or(full);
            (short.display().to_string(), output.digest.to_string())
        })
        .collect();
    profiles.insert(profile.name.to_string(), json!(outputs));
    let lock = json!({
        "schema": 1,
        "spinlock": env!("CARGO_PKG_VERSION"),
        "experiment": canonical,
        "outputs": profiles,
    });
    let mut text = serde_json::to_string_pretty(&lock).expect("plain values");
    text.push('\n');
    if effect::read_text("build.lock.read", &path).ok().as_deref() == Some(&text) {
        return;
    }
    if let Err(error) = file::write(&path, text.as_bytes()) {
        progress.warn(&format!("the lock file is not written: {}", error.message));
    }
}
