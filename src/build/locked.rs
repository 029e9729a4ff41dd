//! What a lock file promises, and whether a build keeps it.
//!
//! Digests are compared within one numerics profile. Across profiles there is nothing to compare: rollouts
//! differ in their last bits, and after some steps in all of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::lockfile::{self, LockFile};
use super::report::OutputReport;
use crate::config::{self, Experiment, Rebuild};
use crate::error::{Error, ErrorKind, Result};
use crate::key::Digest;
use crate::profile::Profile;
use crate::project::Project;

/// So many values that differ are named.
const SHOWN: usize = 12;

/// What a lock file says that a build comes to.
#[derive(Debug)]
pub struct Promise {
    lock: PathBuf,
    root: PathBuf,
    /// The data set, as it lay when the lock file was written.
    was: PathBuf,
    /// The data set now.
    now: PathBuf,
    outputs: BTreeMap<String, Digest>,
}

fn broken(message: String) -> Error {
    Error::new(ErrorKind::NotReproducible, message)
}

/// Before any work: the lock file is there, is of this experiment, and knows this profile.
///
/// # Errors
/// Of exit code 5 with what differs; as [`lockfile::read`].
pub fn before(project: &Project, experiment: &Experiment, profile: &Profile) -> Result<Promise> {
    let path = project.root.join(lockfile::path(&experiment.file));
    let shown = path.strip_prefix(&project.root).unwrap_or(&path).display().to_string();
    let Some(lock) = lockfile::read(&path)? else {
        return Err(broken(format!("there is no lock file `{shown}`"))
            .help("build once without --locked (and without --set), then commit it"));
    };
    let now = config::canonical(experiment, experiment.simulation.precision);
    if lock.experiment != now {
        let lines = differences(&lock.experiment, &now);
        return Err(broken(format!(
            "`{shown}` holds another experiment than `{}`\n{}",
            experiment.file.display(),
            lines.join("\n")
        ))
        .help("undo the change, or build without --locked, which writes the lock file anew"));
    }
    let Some(promise) = promise(&lock, project, experiment, profile) else {
        let known: Vec<&str> = lock.outputs.keys().map(String::as_str).collect();
        return Err(broken(format!(
            "`{shown}` has no outputs of the profile `{}`; across profiles outputs cannot be compared",
            profile.name
        ))
        .help(format!(
            "it knows: {}; build without --locked to add this machine",
            known.join("; ")
        )));
    };
    Ok(promise)
}

/// What a lock file promises for a profile; `None` if it does not know it.
pub fn promise(
    lock: &LockFile,
    project: &Project,
    experiment: &Experiment,
    profile: &Profile,
) -> Option<Promise> {
    let now = experiment.dataset.path.clone();
    let rebuild = Rebuild { allow_outside: true, ..Rebuild::default() };
    let was = lock.resolved.as_ref().and_then(|resolved| {
        config::from_recorded(resolved, &project.root, &rebuild).ok().map(|e| e.dataset.path)
    });
    Some(Promise {
        lock: lock.path.clone(),
        root: project.root.clone(),
        was: was.unwrap_or_else(|| now.clone()),
        now,
        outputs: lock.outputs.get(&*profile.name)?.clone(),
    })
}

/// Values of two canonical experiments that differ: `path: locked → now`.
pub fn differences(locked: &Value, now: &Value) -> Vec<String> {
    let (locked, now) = (config::leaves(locked), config::leaves(now));
    let mut paths: Vec<&String> = locked.keys().chain(now.keys()).collect();
    paths.sort();
    paths.dedup();
    paths.retain(|path| locked.get(*path) != now.get(*path));
    let show = |side: Option<&Value>| side.map_or("(absent)".to_owned(), Value::to_string);
    let line = |path: &&String| {
        format!("  {path}: {} → {}", show(locked.get(*path)), show(now.get(*path)))
    };
    let mut lines: Vec<String> = paths.iter().take(SHOWN).map(line).collect();
    if let more @ 1.. = paths.len().saturating_sub(SHOWN) {
        lines.push(format!("  and {more} more"));
    }
    lines
}

impl Promise {
    /// The digest of the data set.
    pub fn dataset(&self) -> Option<Digest> {
        let role = role(&self.root, &self.now, &self.now);
        self.by_role().remove(&role)
    }

    /// Outputs by what they are to the data set, wherever it lies.
    fn by_role(&self) -> BTreeMap<String, Digest> {
        let one = |(path, digest): (&String, &Digest)| {
            (role(&self.root, Path::new(path), &self.was), *digest)
        };
        self.outputs.iter().map(one).collect()
    }

    /// What the outputs of a build differ in from what was promised; `None` if in nothing. Outputs of other
    /// experiments are passed over.
    pub fn broken_by(&self, outputs: &[OutputReport]) -> Option<Error> {
        let mut promised = self.by_role();
        let mut lines = Vec::new();
        for output in outputs {
            let path = Path::new(&output.path);
            let shown = path.strip_prefix(&self.root).unwrap_or(path).display();
            match promised.remove(&role(&self.root, path, &self.now)) {
                Some(digest) if digest == output.digest => {}
                Some(digest) => {
                    lines.push(format!("  {shown}: locked {digest}, now {}", output.digest));
                }
                None if is_of(&self.root, path, &self.now) => {
                    lines.push(format!("  {shown}: not in the lock file, now {}", output.digest));
                }
                None => {}
            }
        }
        lines.extend(promised.iter().map(|(role, digest)| {
            let name = format!("{}{role}", self.now.with_extension("").display());
            format!("  {name}: locked {digest}, now not made")
        }));
        if lines.is_empty() {
            return None;
        }
        let lock = self.lock.strip_prefix(&self.root).unwrap_or(&self.lock).display();
        Some(
            broken(format!("outputs are not what `{lock}` says\n{}", lines.join("\n"))).help(
                "storage, layout and splits are no part of the experiment that a lock file holds: \
                 compare them first; `build --check=1` finds what comes out otherwise on this machine",
            ),
        )
    }
}

/// What a file is to the data set: `.h5` itself, `.stats.yaml` beside it; another path is itself.
fn role(root: &Path, path: &Path, dataset: &Path) -> String {
    let full = root.join(path).display().to_string();
    let stem = dataset.with_extension("").display().to_string();
    if root.join(path) == dataset {
        return ".h5".to_owned();
    }
    full.strip_prefix(&stem)
        .filter(|rest| rest.starts_with('.'))
        .map_or(full.clone(), str::to_owned)
}

fn is_of(root: &Path, path: &Path, dataset: &Path) -> bool {
    role(root, path, dataset).starts_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_what_it_is_to_the_data_set() {
        let root = Path::new("/p");
        let role =
            |path: &str, dataset: &str| super::role(root, Path::new(path), Path::new(dataset));
        assert_eq!(role("datasets/x.h5", "/p/datasets/x.h5"), ".h5");
        assert_eq!(role("/p/datasets/x.stats.yaml", "/p/datasets/x.h5"), ".stats.yaml");
        assert_eq!(role("datasets/xy.h5", "/p/datasets/x.h5"), "/p/datasets/xy.h5");
        assert_eq!(role("/q/y.renders/a.png", "/q/y.h5"), ".renders/a.png");
    }
}
