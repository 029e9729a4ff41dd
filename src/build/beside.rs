//! What lies beside a data set: put there, remembered, and taken away when it is no longer asked for.
//!
//! A file is replaced or taken away only if it is as a build left it. What somebody else wrote, or changed
//! since, stays, and a note says so.

use std::io::Read;
use std::path::Path;

use super::{Elsewhere, OutputReport, Report};
use crate::assemble::{self, Beside, Sources};
use crate::cache::{Cache, OutputRecord, identity};
use crate::effect;
use crate::error::{Error, IoContext, Result};
use crate::key::Key;
use crate::render::list::{LIST, is_frame};

/// Bytes at the beginning of a file in which texts and pictures of ours name spinlock.
const HEAD: u64 = 2048;

/// Whether a file says of itself that spinlock wrote it: perhaps on another machine, or into a cache that
/// is gone.
pub fn names_us(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = effect::open("build.beside.open", path)
        .and_then(|file| file.take(HEAD).read_to_end(&mut head));
    read.is_ok() && head.windows(8).any(|text| text == b"spinlock")
}

/// Whether a file may be replaced: there is none, or it is as a build left it.
fn is_free(cache: &Cache, path: &Path) -> Result<bool> {
    if !path.exists() {
        return Ok(true);
    }
    match cache.output_at(path)? {
        Some(record) => record.is_intact(),
        None => Ok(path.is_file() && names_us(path)),
    }
}

/// Whether the file at a path is known to be this artifact.
fn is_there(cache: &Cache, path: &Path, key: Key) -> Result<bool> {
    match cache.output_at(path)?.filter(|record| record.key == key) {
        Some(record) => record.is_intact(),
        None => Ok(false),
    }
}

/// Puts everything where it belongs, and takes away what an earlier build of the experiment put beside
/// this data set and this one does not want. With `force` what somebody else wrote is replaced too.
///
/// # Errors
/// If an entry is damaged (it is set aside), or a file cannot be written or removed.
pub fn put(sources: &Sources<'_>, quick: bool, force: bool, report: &mut Report) -> Result<()> {
    if let Some((path, digest, bytes)) = assemble::export_weights(sources, quick)? {
        let path = path.display().to_string();
        report.outputs.push(OutputReport { path, kind: "weights", digest, bytes });
    }
    let wanted = assemble::beside(sources)?;
    wanted.iter().try_for_each(|file| place(sources, file, force, report))?;
    let cache = sources.cache;
    for record in cache.outputs()? {
        let unwanted = record.experiment == owner(sources)
            && assemble::is_beside(&sources.experiment.dataset.path, &record.path)
            && !wanted.iter().any(|file| file.representative() == record.path);
        if unwanted && record.is_intact()? {
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
pub fn put_only(
    sources: &Sources<'_>,
    kinds: &[String],
    force: bool,
    report: &mut Report,
) -> Result<()> {
    let wanted = assemble::beside(sources)?;
    let mut asked = wanted.iter().filter(|file| kinds.iter().any(|kind| kind == file.kind));
    asked.try_for_each(|file| place(sources, file, force, report))
}

/// Puts the renders that are in the cache somewhere else, and remembers nothing.
///
/// # Errors
/// As [`put`].
pub fn put_elsewhere(sources: &Sources<'_>, to: &Elsewhere, report: &mut Report) -> Result<()> {
    for file in assemble::beside(sources)?.iter().filter(|file| file.kind == "render") {
        let file = match to {
            Elsewhere::Folder(folder) => {
                file.elsewhere(&folder.join(file.path.file_name().unwrap_or_default()))
            }
            Elsewhere::Path(path) => file.elsewhere(path),
        };
        file.put(sources.cache)?;
        told(&file, report);
    }
    Ok(())
}

/// The experiment that files are remembered to belong to.
fn owner(sources: &Sources<'_>) -> String {
    sources.experiment.file.display().to_string()
}

/// Puts one file, or folder of files, where it belongs.
fn place(sources: &Sources<'_>, file: &Beside, force: bool, report: &mut Report) -> Result<()> {
    let (cache, path) = (sources.cache, file.representative());
    let known = is_there(cache, path, file.key())? && file.has_all();
    if !known && !file.is_at_its_place()? {
        if !force && !is_free(cache, path)? {
            report.notes.push(format!(
                "`{}` was written or changed by somebody else and stays as it is; `build --force` replaces it",
                path.display()
            ));
            return Ok(());
        }
        file.put(cache)?;
    }
    if !known {
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
    told(file, report);
    Ok(())
}

fn told(file: &Beside, report: &mut Report) {
    let (path, digest, bytes) = (file.path.display().to_string(), file.digest(), file.bytes());
    report.outputs.push(OutputReport { path, kind: file.kind, digest, bytes });
}

/// Removes a file, and if it lists others of its folder, those; then the folders of renders if they are
/// empty.
fn take_away(path: &Path) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    if path.file_name().is_some_and(|name| name == LIST) {
        for file in effect::list("build.beside.list", folder).io("read", folder)? {
            let file = file.io("read", folder)?.path();
            if file.file_name().is_some_and(|name| is_frame(&name.to_string_lossy())) {
                effect::remove_file("build.beside.remove", &file).io("remove", &file)?;
            }
        }
    }
    effect::remove_file("build.beside.remove", path).io("remove", path)?;
    let ours =
        |folder: &&Path| folder.extension().is_some_and(|end| end == "frames" || end == "renders");
    for folder in folder.ancestors().take_while(ours) {
        // One that holds something else stays.
        if effect::remove_folder("build.beside.remove", folder).is_err() {
            break;
        }
    }
    Ok(())
}
