//! What lies beside a data set: put there, remembered, and taken away when it is no longer asked for.

use std::fs;
use std::io::Read;
use std::path::Path;

use super::{OutputReport, Report};
use crate::assemble::{self, Beside, Sources};
use crate::cache::{Cache, OutputRecord, identity};
use crate::config::Experiment;
use crate::error::{Error, IoContext, Result};
use crate::plan::Plan;

/// Bytes at the beginning of a file in which our files name spinlock.
const HEAD: u64 = 512;

/// Refuses to overwrite files that no build wrote.
///
/// # Errors
/// That names the file.
pub fn refuse_foreign(
    experiment: &Experiment,
    plan: &Plan,
    cache: &Cache,
    force: bool,
) -> Result<()> {
    for path in assemble::paths_beside(experiment, plan) {
        if force || !path.exists() || cache.output_at(&path)?.is_some() || is_ours(&path) {
            continue;
        }
        return Err(Error::usage(format!("`{}` was not written by spinlock", path.display()))
            .at("dataset.output_path")
            .help("choose another output path, or overwrite it with --force"));
    }
    Ok(())
}

/// Whether a file says of itself that spinlock wrote it: perhaps on another machine, or into a cache that
/// is gone.
fn is_ours(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head));
    read.is_ok() && head.windows(8).any(|text| text == b"spinlock")
}

/// Puts everything where it belongs, and takes away what an earlier build of the experiment put beside
/// this data set and this one does not want. With `quick`, files of the right length count as right.
///
/// # Errors
/// If an entry is damaged (it is set aside), or a file cannot be written or removed.
pub fn put(sources: &Sources<'_>, quick: bool, report: &mut Report) -> Result<()> {
    if let Some((path, digest, bytes)) = assemble::export_weights(sources, quick)? {
        let path = path.display().to_string();
        report.outputs.push(OutputReport { path, kind: "weights", digest, bytes });
    }
    let wanted = assemble::beside(sources)?;
    for file in &wanted {
        place(sources, file, quick, report)?;
    }
    let (cache, experiment) = (sources.cache, owner(sources));
    let dataset = &sources.experiment.dataset.path;
    let mut start = dataset.with_extension("").into_os_string().into_encoded_bytes();
    start.push(b'.');
    for record in cache.outputs()? {
        let beside = record.path.as_os_str().as_encoded_bytes().starts_with(&start)
            && record.path != *dataset
            && record.experiment == experiment
            && !wanted.iter().any(|file| file.representative() == record.path);
        // One that a person changed since is theirs.
        if beside && record.is_intact()? {
            take_away(&record.path)?;
            cache.forget_output(&record.path)?;
        }
    }
    Ok(())
}

/// Puts there what is of one of these kinds and is in the cache: after a build of only some kinds.
///
/// # Errors
/// As [`put`].
pub fn put_only(sources: &Sources<'_>, kinds: &[String], report: &mut Report) -> Result<()> {
    if kinds.is_empty() {
        return Ok(());
    }
    let wanted = assemble::beside(sources)?;
    let mut asked = wanted.iter().filter(|file| kinds.iter().any(|kind| kind == file.kind));
    asked.try_for_each(|file| place(sources, file, false, report))
}

/// The experiment that files are remembered to belong to.
fn owner(sources: &Sources<'_>) -> String {
    sources.experiment.file.display().to_string()
}

/// Puts one file, or folder of files, where it belongs.
fn place(sources: &Sources<'_>, file: &Beside, quick: bool, report: &mut Report) -> Result<()> {
    let cache = sources.cache;
    let wrote = file.put(cache, quick)?;
    let path = file.representative();
    if wrote || cache.output_at(path)?.is_none() {
        let there = identity(path)?.ok_or_else(|| {
            Error::environment(format!("`{}` vanished after it was written", path.display()))
        })?;
        cache.record_output(&OutputRecord {
            path: path.to_owned(),
            experiment: owner(sources),
            key: file.key(),
            digest: file.digest(),
            bytes: there.bytes,
            mtime_ns: there.mtime_ns,
            inode: there.inode,
        })?;
    }
    let (path, digest, bytes) = (file.path.display().to_string(), file.digest(), file.bytes());
    report.outputs.push(OutputReport { path, kind: file.kind, digest, bytes });
    Ok(())
}

/// Removes a file, and if it lists others of its folder, those; then folders that are empty.
fn take_away(path: &Path) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    if path.file_name().is_some_and(|name| name == "frames.json") {
        for file in fs::read_dir(folder).io("read", folder)? {
            let file = file.io("read", folder)?.path();
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.starts_with("frame_") && name.ends_with(".png") {
                fs::remove_file(&file).io("remove", &file)?;
            }
        }
    }
    fs::remove_file(path).io("remove", path)?;
    // The folders of renders, if nothing else is in them.
    let ours =
        |folder: &&Path| folder.extension().is_some_and(|end| end == "frames" || end == "renders");
    for folder in folder.ancestors().take_while(ours) {
        if fs::remove_dir(folder).is_err() {
            break;
        }
    }
    Ok(())
}
