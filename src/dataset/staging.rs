//! The temporary file that a data set is assembled in, beside the place where it will lie.
//!
//! Invariant: the target appears complete, by rename, or not at all; whatever goes wrong, the
//! temporary file is removed, and one that a killed process left behind is removed by the next
//! assembly of the same target, which knows it by the lock that died with its owner.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::effect;
use crate::error::{Error, IoContext, Result};

/// Copies a finished data set: complete or not at all.
///
/// # Errors
/// [`crate::error::ErrorKind::Environment`] if it cannot be read or written.
pub fn copy(from: &Path, to: &Path) -> Result<u64> {
    let staged = Staged::create(to)?;
    effect::copy("dataset.file.copy", from, staged.path()).io("write", to)?;
    staged.publish()
}

/// A temporary file, locked; removed when dropped unless [`Staged::publish`] renamed it.
#[derive(Debug)]
pub(super) struct Staged {
    path: PathBuf,
    target: PathBuf,
    file: File,
    published: bool,
}

impl Staged {
    /// An empty temporary file beside `target`, whose folder is made if need be.
    pub(super) fn create(target: &Path) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let Some(name) = target.file_name().and_then(|n| n.to_str()) else {
            return Err(Error::usage(format!("`{}` names no file", target.display())));
        };
        let folder = folder(target);
        effect::create_folder("dataset.file.folder", &folder).io("create", &folder)?;
        let prefix = format!(".{name}.tmp-");
        sweep_prefix(&folder, &prefix);
        loop {
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let path = folder.join(format!("{prefix}{}-{count}", std::process::id()));
            let how = OpenOptions::new().write(true).create_new(true).clone();
            let file = match effect::open_as("dataset.file.create", &how, &path) {
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => continue,
                other => other.io("create", &path)?,
            };
            // Another process may be sweeping it away. Where locks do not work nothing is swept.
            let swept = matches!(
                effect::try_lock("dataset.file.lock", &file),
                Err(TryLockError::WouldBlock)
            );
            if !swept && file.metadata().io("read", &path)?.nlink() > 0 {
                return Ok(Self { path, target: target.to_owned(), file, published: false });
            }
        }
    }

    /// Where to write.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the content durable, then the target; returns its size in bytes.
    pub(super) fn publish(mut self) -> Result<u64> {
        effect::sync("dataset.file.sync", &self.file).io("write", &self.path)?;
        let bytes = self.file.metadata().io("read", &self.path)?.len();
        effect::rename("dataset.file.rename", &self.path, &self.target)
            .io("create", &self.target)?;
        self.published = true;
        let folder = folder(&self.target);
        effect::sync_path("dataset.folder.sync", &folder).io("write", &folder)?;
        Ok(bytes)
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.published {
            // Nothing better can be done about a file that cannot be removed.
            let _ = effect::remove_file("dataset.file.remove", &self.path);
        }
    }
}

/// Removes what processes that were killed left of a copy or an assembly of `target`.
pub fn sweep(target: &Path) {
    if let Some(name) = target.file_name().and_then(|n| n.to_str()) {
        sweep_prefix(&folder(target), &format!(".{name}.tmp-"));
    }
}

fn folder(target: &Path) -> PathBuf {
    match target.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Removes the temporary files that nobody holds.
fn sweep_prefix(folder: &Path, prefix: &str) {
    let Ok(entries) = effect::list("dataset.folder.list", folder) else { return };
    for entry in entries.flatten() {
        if !entry.file_name().to_string_lossy().starts_with(prefix) {
            continue;
        }
        let path = entry.path();
        // A link or a pipe of such a name is none of ours.
        if !entry.file_type().is_ok_and(|sort| sort.is_file()) {
            continue;
        }
        let Ok(file) = effect::open("dataset.file.open", &path) else { continue };
        match effect::try_lock("dataset.file.lock", &file) {
            Ok(()) => drop(effect::remove_file("dataset.file.remove", &path)),
            Err(TryLockError::WouldBlock | TryLockError::Error(_)) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn what_a_killed_process_left_is_removed_and_what_is_in_use_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("x.h5");
        fs::write(folder.path().join(".x.h5.tmp-1-0"), b"left behind").unwrap();
        let first = Staged::create(&target).unwrap();
        let second = Staged::create(&target).unwrap();
        assert!(first.path().exists() && second.path().exists());
        assert_eq!(names(folder.path()).len(), 2);
        assert_eq!(second.publish().unwrap(), 0);
        drop(first);
        assert_eq!(names(folder.path()), ["x.h5"]);
    }
}
