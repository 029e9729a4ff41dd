//! The page about a build, beside its data set.

use std::path::{Path, PathBuf};

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

/// Removes what a build that was killed at its very end left beside its files: one that finds everything in place
/// writes none of them anew.
pub fn sweep(project: &Project, experiment: &Experiment, report: &Report) {
    file::sweep(&report::path(&experiment.dataset.path));
    file::sweep(&lock_path(project, experiment));
    report.outputs.iter().for_each(|output| file::sweep(Path::new(&output.path)));
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
    // A data set that was changed since it was written is only opened in a process of its own.
    let data_set = &experiment.dataset.path;
    let own = cache.output_at(data_set).is_ok_and(|record| {
        record.is_some_and(|record| record.is_intact().is_ok_and(|is_intact| is_intact))
    });
    let root = &project.root;
    let subject = Subject { root, experiment, profile, cache, plan, lock: &lock, own };
    let page = report::page(&report::of_experiment(&subject));
    match file::write(&path, page.as_bytes()) {
        Ok(()) => report.page = Some((path.display().to_string(), page.len() as u64)),
        Err(error) => progress.warn(&format!("the report was not written: {}", error.message)),
    }
}
