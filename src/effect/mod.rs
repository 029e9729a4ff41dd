//! Effects on the disk, on processes and of the clock, each at a named site where a test can make it fail.
//!
//! The cache, the executor, the worker, the data set's files and the build do to the outside world only
//! what stands here; a test of the source holds them to it. Every function names its site
//! (`cache.publish.rename`), asks [`failpoint`] first, and starts again when a signal interrupts it.
//! Invariant: unless `SPINLOCK_FAILPOINTS` is set, each is what its name says and one relaxed load more.
//! Knows nothing of what the files hold, nor where they lie.

pub mod failpoint;
mod sites;

use std::fs::{self, File, OpenOptions, Permissions, ReadDir, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Child, Command, Output};
use std::time::{Duration, SystemTime};

pub use sites::SITES;

use failpoint::Fault;

/// Does it, and again as long as signals interrupt it.
fn at<T>(site: &'static str, mut act: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match point(site).and_then(|()| act()) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// A site without an effect of its own: before something that a library does.
///
/// # Errors
/// What a failpoint says.
#[inline]
pub fn point(site: &'static str) -> io::Result<()> {
    match failpoint::at(site) {
        None => Ok(()),
        Some(fault) => Err(fault.error()),
    }
}

/// The time.
pub fn now(site: &'static str) -> SystemTime {
    let (now, skew) = (SystemTime::now(), failpoint::skew(site));
    let by = Duration::from_secs(skew.unsigned_abs());
    let moved = if skew < 0 { now.checked_sub(by) } else { now.checked_add(by) };
    moved.unwrap_or(now)
}

/// All bytes of a file.
pub fn read(site: &'static str, path: &Path) -> io::Result<Vec<u8>> {
    at(site, || fs::read(path))
}

/// All of a file as a text.
pub fn read_text(site: &'static str, path: &Path) -> io::Result<String> {
    at(site, || fs::read_to_string(path))
}

/// Fills `bytes` from a place in a file.
pub fn read_at(site: &'static str, file: &File, bytes: &mut [u8], from: u64) -> io::Result<()> {
    at(site, || file.read_exact_at(bytes, from))
}

/// A file for reading.
pub fn open(site: &'static str, path: &Path) -> io::Result<File> {
    at(site, || File::open(path))
}

/// A file opened in another way.
pub fn open_as(site: &'static str, how: &OpenOptions, path: &Path) -> io::Result<File> {
    at(site, || how.open(path))
}

/// An empty file for writing, in place of what was there.
pub fn create(site: &'static str, path: &Path) -> io::Result<File> {
    at(site, || File::create(path))
}

/// A folder with all above it, which may be there already.
pub fn create_folder(site: &'static str, path: &Path) -> io::Result<()> {
    at(site, || fs::create_dir_all(path))
}

/// Appends bytes to what is open.
pub fn write_all(site: &'static str, to: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    match failpoint::at(site) {
        // Written in part: what a disk does that is full in the middle.
        Some(Fault::Short) => {
            to.write_all(&bytes[..bytes.len() / 2])?;
            Err(Fault::Short.error())
        }
        Some(fault) if fault.error().kind() != io::ErrorKind::Interrupted => Err(fault.error()),
        _ => to.write_all(bytes),
    }
}

/// Writes bytes at a place in a file.
pub fn write_at(site: &'static str, file: &File, bytes: &[u8], from: u64) -> io::Result<()> {
    at(site, || file.write_all_at(bytes, from))
}

/// A file with these bytes; not flushed to the disk.
pub fn write(site: &'static str, path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_all(site, &mut File::create(path)?, bytes)
}

/// A copy of a file's bytes and permissions.
pub fn copy(site: &'static str, from: &Path, to: &Path) -> io::Result<u64> {
    at(site, || fs::copy(from, to))
}

/// Returns once an open file is on the disk.
pub fn sync(site: &'static str, file: &File) -> io::Result<()> {
    at(site, || file.sync_all())
}

/// Returns once a file, or the list of names of a folder, is on the disk.
pub fn sync_path(site: &'static str, path: &Path) -> io::Result<()> {
    at(site, || File::open(path)?.sync_all())
}

/// Returns once everything on the file system of a path is on the disk.
pub fn sync_disk(site: &'static str, path: &Path) -> io::Result<()> {
    at(site, || Ok(rustix::fs::syncfs(File::open(path)?)?))
}

/// Another name for a file or folder, in place of its own; a file that has the new name is replaced.
pub fn rename(site: &'static str, from: &Path, to: &Path) -> io::Result<()> {
    at(site, || fs::rename(from, to))
}

/// One more name for a file.
pub fn link(site: &'static str, from: &Path, to: &Path) -> io::Result<()> {
    at(site, || fs::hard_link(from, to))
}

/// Removes a file.
pub fn remove_file(site: &'static str, path: &Path) -> io::Result<()> {
    at(site, || fs::remove_file(path))
}

/// Removes a folder that is empty.
pub fn remove_folder(site: &'static str, path: &Path) -> io::Result<()> {
    at(site, || fs::remove_dir(path))
}

/// Removes a folder with all it holds.
pub fn remove_tree(site: &'static str, path: &Path) -> io::Result<()> {
    at(site, || fs::remove_dir_all(path))
}

/// Says who may do what with a file.
pub fn permit(site: &'static str, path: &Path, permissions: &Permissions) -> io::Result<()> {
    at(site, || fs::set_permissions(path, permissions.clone()))
}

/// The names in a folder.
pub fn list(site: &'static str, folder: &Path) -> io::Result<ReadDir> {
    at(site, || fs::read_dir(folder))
}

/// Waits for the lock on a file, which the kernel gives back when the file is closed.
pub fn lock(site: &'static str, file: &File) -> io::Result<()> {
    at(site, || file.lock())
}

/// The lock on a file, unless somebody has it.
///
/// # Errors
/// [`TryLockError::WouldBlock`] if somebody has it.
pub fn try_lock(site: &'static str, file: &File) -> Result<(), TryLockError> {
    try_at(site, || file.try_lock())
}

/// A lock on a file that others may have besides, unless somebody has it alone.
///
/// # Errors
/// As [`try_lock`].
pub fn try_lock_shared(site: &'static str, file: &File) -> Result<(), TryLockError> {
    try_at(site, || file.try_lock_shared())
}

fn try_at(
    site: &'static str,
    act: impl Fn() -> Result<(), TryLockError>,
) -> Result<(), TryLockError> {
    loop {
        match point(site).map_err(TryLockError::Error).and_then(|()| act()) {
            Err(TryLockError::Error(e)) if e.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// Starts a program.
pub fn spawn(site: &'static str, command: &mut Command) -> io::Result<Child> {
    at(site, || command.spawn())
}

/// Runs a program to its end.
pub fn output(site: &'static str, command: &mut Command) -> io::Result<Output> {
    at(site, || command.output())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_signal_interrupts_is_done_again() {
        let mut tries = 0;
        let done = at("test.any", || {
            tries += 1;
            if tries < 3 { Err(io::ErrorKind::Interrupted.into()) } else { Ok(tries) }
        });
        assert_eq!(done.unwrap(), 3);
        let failed: io::Result<()> = at("test.any", || Err(io::ErrorKind::StorageFull.into()));
        assert_eq!(failed.unwrap_err().kind(), io::ErrorKind::StorageFull);
    }

    #[test]
    fn sites_have_names_of_their_own_that_end_in_what_is_done() {
        let ends = [
            "clock", "close", "copy", "create", "folder", "link", "list", "lock", "open", "permit",
            "read", "remove", "rename", "spawn", "sync", "write",
        ];
        assert!(SITES.is_sorted_by(|a, b| a < b), "sorted, each once");
        for site in SITES {
            let parts: Vec<&str> = site.split('.').collect();
            assert!(parts.len() == 3 && ends.contains(&parts[2]), "{site}");
        }
    }
}
