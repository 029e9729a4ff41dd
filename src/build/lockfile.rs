//! The lock file beside an experiment: what was built from what, made to be committed.
//!
//! Sorted, nothing volatile: the same build gives the same bytes. Besides the canonical experiment, which says
//! what the data are, it holds the experiment as it was resolved, from which `rerun` builds them again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::Report;
use crate::config::{self, Experiment};
use crate::effect;
use crate::error::{Error, IoContext, Result};
use crate::exec::progress::Progress;
use crate::key::Digest;
use crate::picture::file;
use crate::profile::Profile;
use crate::project::Project;

/// The version of the form described here.
const SCHEMA: u64 = 1;
/// No lock file is larger.
const MOST_BYTES: u64 = 64 << 20;

/// A lock file as it was read.
#[derive(Debug, Clone)]
pub struct LockFile {
    /// Where it lies.
    pub path: PathBuf,
    /// The version of spinlock that wrote it.
    pub spinlock: String,
    /// The canonical experiment.
    pub experiment: Value,
    /// The experiment as it was resolved ([`config::recorded`]); the first lock files had none.
    pub resolved: Option<Value>,
    /// Digests of outputs by path, by profile.
    pub outputs: BTreeMap<String, BTreeMap<String, Digest>>,
}

/// The lock file of an experiment file: `experiments/x.yaml` → `experiments/x.lock`.
pub fn path(experiment: &Path) -> PathBuf {
    experiment.with_extension("lock")
}

/// Reads a lock file; `None` if there is none.
///
/// # Errors
/// Of kind usage if it is none of ours or of another schema, integrity if it is damaged.
pub fn read(path: &Path) -> Result<Option<LockFile>> {
    let shown = path.display();
    match path.metadata() {
        Ok(about) if !about.is_file() || about.len() > MOST_BYTES => {
            return Err(Error::usage(format!("`{shown}` is no lock file of spinlock")));
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        _ => {}
    }
    let text = effect::read("build.lock.read", path).io("read", path)?;
    let damaged = |why: String| {
        Error::integrity(format!("the lock file `{shown}` is damaged: {why}")).help(
            "take it from version control again, or build without --locked, which writes it anew",
        )
    };
    let mut lock: Value = serde_json::from_slice(&text).map_err(|e| damaged(e.to_string()))?;
    let Some(schema) = lock["schema"].as_u64().filter(|_| lock.get("spinlock").is_some()) else {
        return Err(Error::usage(format!("`{shown}` is no lock file of spinlock"))
            .help("a lock file lies beside its experiment: `experiments/x.lock`"));
    };
    if schema != SCHEMA {
        let by = lock["spinlock"].as_str().unwrap_or("another version");
        return Err(Error::usage(format!(
            "the lock file `{shown}` has the schema {schema}, and this program knows {SCHEMA}"
        ))
        .help(format!("use the spinlock that wrote it ({by})")));
    }
    let take = |lock: &mut Value, name: &str| {
        lock.get_mut(name).map(Value::take).ok_or_else(|| damaged(format!("no `{name}`")))
    };
    let outputs = serde_json::from_value(take(&mut lock, "outputs")?)
        .map_err(|e| damaged(format!("`outputs`: {e}")))?;
    Ok(Some(LockFile {
        path: path.to_owned(),
        spinlock: lock["spinlock"].as_str().unwrap_or_default().to_owned(),
        experiment: take(&mut lock, "experiment")?,
        resolved: lock.get_mut("resolved").map(Value::take),
        outputs,
    }))
}

/// Writes the lock file, unless the command line changed the experiment. Digests of other profiles
/// stay, as long as the experiment is the same. A folder that cannot be written is a warning. Says whether
/// the file is another one now.
pub fn write(
    project: &Project,
    experiment: &Experiment,
    profile: &Profile,
    report: &Report,
    progress: &mut dyn Progress,
) -> bool {
    if experiment.overridden {
        return false;
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
        "schema": SCHEMA,
        "spinlock": env!("CARGO_PKG_VERSION"),
        "experiment": canonical,
        "resolved": config::recorded(experiment),
        "outputs": profiles,
    });
    let mut text = serde_json::to_string_pretty(&lock).expect("plain values");
    text.push('\n');
    if effect::read_text("build.lock.read", &path).ok().as_deref() == Some(&text) {
        return false;
    }
    if let Err(error) = file::write(&path, text.as_bytes()) {
        progress.warn(&format!("the lock file is not written: {}", error.message));
        return false;
    }
    true
}
