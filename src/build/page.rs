//! The page about a build, beside its data set.

use std::path::PathBuf;

use super::{Report, beside, lockfile};
use crate::cache::Cache;
use crate::config::Experiment;
use crate::exec::progress::Progress;
use crate::picture::file;
use crate::plan::Plan;
use crate::profile::Profile;
use crate::project::Project;
use crate::report::{self, Subject};

/// The lock file of an experiment.
pub fn lock_path(project: &Project, experiment: &Experiment) -> PathBuf {
    project.root.join(lockfile::path(&experiment.file))
}

/// Writes the page. It is a service: what hinders it is a warning.
pub fn write(
    project: &Project,
    experiment: &Experiment,
    profile: &Profile,
    plan: &Plan,
    cache: &Cache,
    report: &mut Report,
    progress: &mut dyn Progress,
) {
    let path = report::path(&experiment.dataset.path);
    if path.is_file() && !beside::names_us(&path) {
        let path = path.display();
        progress
            .warn(&format!("`{path}` was not written by spinlock and stays; there is no report"));
        return;
    }
    let lock = lock_path(project, experiment);
    let subject = Subject { root: &project.root, experiment, profile, cache, plan, lock: &lock };
    let page = report::page(&report::of_experiment(&subject));
    match file::write(&path, page.as_bytes()) {
        Ok(()) => report.page = Some((path.display().to_string(), page.len() as u64)),
        Err(error) => progress.warn(&format!("the report was not written: {}", error.message)),
    }
}
