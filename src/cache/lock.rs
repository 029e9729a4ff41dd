//! One builder per key: kernel locks that die with their holder.
//!
//! Invariant: while a [`KeyLock`] lives, no other lock on the same key is held, in this process or
//! another. The lock file exists only while someone holds or awaits the lock. Since a waiter may
//! open the file just before the holder unlinks it, whoever gets a lock checks that the file still
//! has its name, and tries again if not.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::Cache;
use super::layout::{in_use, is_at};
use crate::effect;
use crate::error::{Error, IoContext, Result};
use crate::key::Key;

/// The right to build one key; given back on drop, and by the kernel if the process dies.
#[derive(Debug)]
pub struct KeyLock {
    path: PathBuf,
    /// Holds the lock as long as it is open.
    _file: File,
}

impl Drop for KeyLock {
    fn drop(&mut self) {
        // Before the lock is released, so that the name never leads to a file nobody watches.
        let _ = effect::remove_file("cache.lock.remove", &self.path);
    }
}

/// Says that nobody holds a lock, and keeps it so unless it is a dry run.
#[derive(Debug)]
pub(super) struct Free {
    _lock: Option<KeyLock>,
}

impl Cache {
    /// Waits until nobody else builds this key. Look for the entry again afterwards: whoever held
    /// the lock has probably made it.
    pub fn lock(&self, kind: &str, key: &Key) -> Result<KeyLock> {
        let path = self.lock_path(kind, key);
        loop {
            let file = open(&path)?;
            effect::lock("cache.lock.lock", &file).io("lock", &path)?;
            if is_at(&file, &path) {
                return Ok(KeyLock { path, _file: file });
            }
        }
    }

    /// The lock, unless someone else holds it.
    pub fn try_lock(&self, kind: &str, key: &Key) -> Result<Option<KeyLock>> {
        try_lock_file(self.lock_path(kind, key))
    }

    /// For those who clear away: `None` if someone holds the lock. A dry run writes no lock file.
    pub(super) fn sweep_lock(&self, kind: &str, key: &Key, dry_run: bool) -> Result<Option<Free>> {
        if dry_run {
            let held = in_use(&self.lock_path(kind, key))?;
            return Ok((!held).then_some(Free { _lock: None }));
        }
        Ok(self.try_lock(kind, key)?.map(|lock| Free { _lock: Some(lock) }))
    }

    fn lock_path(&self, kind: &str, key: &Key) -> PathBuf {
        self.root().join("locks").join(format!("{kind}-{key}"))
    }
}

pub(super) fn try_lock_file(path: PathBuf) -> Result<Option<KeyLock>> {
    loop {
        let file = open(&path)?;
        match effect::try_lock("cache.lock.lock", &file) {
            Ok(()) if is_at(&file, &path) => return Ok(Some(KeyLock { path, _file: file })),
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(e)) => return Err(Error::io("lock", &path, e)),
        }
    }
}

fn open(path: &Path) -> Result<File> {
    let mut how = OpenOptions::new();
    how.read(true).write(true).create(true).truncate(false);
    how.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    let open = || effect::open_as("cache.lock.create", &how, path);
    match open() {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            let folder = path.parent().expect("a lock file lies in a folder");
            effect::create_folder("cache.lock.folder", folder).io("create", folder)?;
            open().io("lock", path)
        }
        other => other.io("lock", path),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn one_holder_at_a_time_also_while_lock_files_come_and_go() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path()).unwrap();
        let inside = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let lock = cache.lock("test", &Key([1; 32])).unwrap();
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        std::thread::yield_now();
                        inside.fetch_sub(1, Ordering::SeqCst);
                        drop(lock);
                    }
                });
            }
        });
        assert_eq!(fs::read_dir(folder.path().join("locks")).unwrap().count(), 0);
    }

    #[test]
    fn a_held_lock_excludes_its_key_and_no_other_until_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path()).unwrap();
        let other_handle = Cache::open(folder.path()).unwrap();
        let lock = cache.lock("test", &Key([1; 32])).unwrap();
        assert!(other_handle.try_lock("test", &Key([1; 32])).unwrap().is_none());
        assert!(other_handle.try_lock("test", &Key([2; 32])).unwrap().is_some());
        drop(lock);
        assert!(other_handle.try_lock("test", &Key([1; 32])).unwrap().is_some());
    }

    #[test]
    fn a_lock_file_left_by_a_killed_process_does_not_lock() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path()).unwrap();
        let path = cache.lock_path("test", &Key([1; 32]));
        drop(open(&path).unwrap());
        assert!(path.exists());
        drop(cache.lock("test", &Key([1; 32])).unwrap());
        assert!(!path.exists());
    }
}
