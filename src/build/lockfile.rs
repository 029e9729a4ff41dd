//! The lock file beside an experiment: what was built from what, made to be committed.
//!
//! Sorted, nothing volatile: the same build gives the same bytes.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::Report;
use crate::config::{self, Experiment};
use crate::exec::progress::Progress;
use crate::picture::file::create_half;
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
    let known: Option<Value> =
        fs::read(&path).ok().and_then(|text| serde_json::from_slice(&text).ok());
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
    if fs::read_to_string(&path).ok().as_deref() == Some(&text) {
        return;
    }
    // Of this process alone: builds at the same time must not take each other's half away.
    let half = path.with_extension(format!("lock.tmp-{}", std::process::id()));
    if let Err(error) = create_half(&half)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .and_then(|()| fs::rename(&half, &path))
    {
        let _ = fs::remove_file(&half);
        progress.warn(&format!("the lock file `{}` cannot be written: {error}", path.display()));
    }
}
