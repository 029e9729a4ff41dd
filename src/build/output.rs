//! The output path: whose file lies there, whether it fits on the disk.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::Request;
use crate::cache::Cache;
use crate::config::Experiment;
use crate::error::{Error, Result};
use crate::plan::Plan;
use crate::project::Project;
use crate::units::bytes;

/// Refuses several experiments of one command with one output path.
///
/// # Errors
/// That names both experiments.
pub fn refuse_shared(experiments: &[Experiment]) -> Result<()> {
    let mut seen: HashMap<&Path, &Path> = HashMap::new();
    for experiment in experiments {
        if let Some(first) = seen.insert(&experiment.dataset.path, &experiment.file) {
            return Err(shared(&experiment.dataset.path, first, &experiment.file));
        }
    }
    Ok(())
}

fn shared(path: &Path, first: &Path, second: &Path) -> Error {
    Error::usage(format!(
        "`{}` and `{}` both write `{}`",
        first.display(),
        second.display(),
        path.display()
    ))
    .at("dataset.output_path")
    .help("give each experiment an output path of its own")
}

/// Refuses to overwrite what spinlock did not write, and the data set of another experiment.
pub fn refuse_foreign(
    project: &Project,
    experiment: &Experiment,
    cache: &Cache,
    request: &Request,
) -> Result<()> {
    let path = &experiment.dataset.path;
    if request.force || !path.exists() {
        return Ok(());
    }
    let record = cache.output_at(path)?;
    if let Some(record) = &record
        && record.experiment != experiment.file.display().to_string()
        && project.root.join(&record.experiment).exists()
    {
        return Err(shared(path, Path::new(&record.experiment), &experiment.file)
            .help("give each its own output path, or overwrite with --force"));
    }
    let intact = record.map_or(Ok(false), |record| record.is_intact())?;
    if intact || (request.is_ours)(path) {
        return Ok(());
    }
    Err(Error::usage(format!("`{}` was not written by spinlock", path.display()))
        .at("dataset.output_path")
        .help("choose another output path, or overwrite it with --force"))
}

/// Refuses to start what cannot fit.
pub fn refuse_full_disk(
    experiment: &Experiment,
    plan: &Plan,
    to_make: &[usize],
    cache: &Cache,
    force: bool,
) -> Result<()> {
    let made: u64 = to_make.iter().map(|at| plan.graph().node(*at).cost.bytes).sum();
    let dataset = plan.graph().node(plan.expansion.dataset.node()).cost.bytes;
    let output = existing(&experiment.dataset.path);
    let mut needs = vec![(cache.root().to_owned(), made), (output, dataset)];
    if device(&needs[0].0) == device(&needs[1].0) {
        needs = vec![(cache.root().to_owned(), made + dataset)];
    }
    for (folder, need) in needs {
        let Some(free) = free_bytes(&folder) else { continue };
        if need > free && !force {
            return Err(Error::environment(format!(
                "up to {} are needed under `{}`, and {} are free",
                bytes(need),
                folder.display(),
                bytes(free)
            ))
            .help(
                "free some space (`spinlock cache gc`), name another disk with --cache or \
                 dataset.output_path, or try all the same with --force: data usually compress",
            ));
        }
    }
    Ok(())
}

/// The nearest existing folder above a path.
fn existing(path: &Path) -> PathBuf {
    path.ancestors().skip(1).find(|p| p.is_dir()).unwrap_or(Path::new("/")).to_owned()
}

fn device(path: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;
    path.metadata().ok().map(|m| m.dev())
}

/// Bytes that are free on the disk of a folder.
pub fn free_bytes(folder: &Path) -> Option<u64> {
    let about = rustix::fs::statvfs(folder).ok()?;
    Some(about.f_bavail.saturating_mul(about.f_frsize))
}
