//! Where a data set comes from: stored in it, and no part of its digest.

use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::child;
use crate::config::Experiment;
use crate::effect;
use crate::exec::log::{host, timestamp};
use crate::key::Key;
use crate::profile::Profile;
use crate::project::Project;

/// The document `/metadata/provenance`.
pub fn document(project: &Project, experiment: &Experiment, profile: &Profile, key: &Key) -> Value {
    let mut about = json!({
        "name": experiment.name,
        "file": experiment.file,
        "experiment": experiment.document,
        "key": key,
        "profile": &*profile.name,
        "precision": profile.precision.name(),
        "device": profile.device(),
        "versions": {
            "spinlock": env!("CARGO_PKG_VERSION"),
            "libtorch": crate::profile::LIBTORCH,
        },
        "host": host(),
        "git": git(project),
    });
    if experiment.dataset.include_timestamps {
        about["created"] = json!(timestamp().strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    }
    about
}

/// How long `git` may take on a slow disk before it counts as knowing nothing.
const PATIENCE: Duration = Duration::from_mins(1);

/// The commit of the project and whether its files differ from it; null outside a repository.
fn git(project: &Project) -> Value {
    let ask = |arguments: &[&str]| {
        let mut command = Command::new("git");
        // A repository may name a program that says which files changed: it is not run.
        let safe = ["-c", "core.fsmonitor=false", "--no-optional-locks", "-C"];
        command.args(safe).arg(&project.root).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let output = effect::spawn("build.git.spawn", &mut command)
            .map(|git| child::finish(git, Vec::new(), PATIENCE));
        output
            .ok()
            .filter(child::Finished::is_success)
            .map(|o| String::from_utf8_lossy(&o.stdout).trim().to_owned())
    };
    match ask(&["rev-parse", "HEAD"]) {
        Some(commit) => {
            let dirty = ask(&["status", "--porcelain"]).is_none_or(|text| !text.is_empty());
            json!({"commit": commit, "dirty": dirty})
        }
        None => Value::Null,
    }
}
