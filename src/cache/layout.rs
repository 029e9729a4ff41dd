//! Where things lie under the cache root, and how a file gets its name.
//!
//! ```text
//! format  CACHEDIR.TAG
//! objects/<kind>/<aa>/<key>/   complete entries, and nothing else
//! staging/<kind>/<key>/        parts, and entries on their way in or out
//! trash/                       entries on their way out
//! quarantine/  locks/  roots/  keysets/  pins/  outputs/
//! ```
//!
//! Invariant: a file has its final name only once it is complete. Until then it is a [`TempFile`],
//! locked by whoever writes it, so that leftovers of a killed process can be told from work going on.
//! Knows nothing of what the files hold.

use std::ffi::OsStr;
use std::fs::{self, DirEntry, File, OpenOptions};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::UNIX_EPOCH;

use crate::effect;
use crate::error::{Error, IoContext, Result};
use crate::key::Key;

/// The layout described here. Raised when an older program would misread a newer cache.
const LAYOUT: u32 = 1;
const FORMAT: &str = "spinlock cache layout ";
const TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n\
                   # This folder holds what spinlock can compute again; backups may leave it out.\n\
                   # See https://bford.info/cachedir/\n";

/// The beginning of every name that is not final.
pub(super) const TEMPORARY: &str = "tmp-";
/// The beginning of the name of an entry on its way in or out of `objects/`.
pub(super) const HALF_ENTRY: &str = "entry-";

/// The folder of an entry.
pub(super) fn object(root: &Path, kind: &str, key: &Key) -> PathBuf {
    let key = key.to_string();
    root.join("objects").join(kind).join(&key[..2]).join(key)
}

/// The folder where an entry is prepared.
pub(super) fn staging(root: &Path, kind: &str, key: &Key) -> PathBuf {
    root.join("staging").join(kind).join(key.to_string())
}

/// Makes the root a cache, or checks that it is one this program can read.
///
/// A folder that exists but cannot be written passes: reading needs nothing more.
pub(super) fn prepare(root: &Path) -> Result<()> {
    effect::create_folder("cache.root.folder", root).io("create the cache", root)?;
    if check(root)? {
        return Ok(());
    }
    let written = write_atomic(&root.join("CACHEDIR.TAG"), TAG.as_bytes()).and_then(|()| {
        write_atomic(&root.join("format"), format!("{FORMAT}{LAYOUT}\n").as_bytes())
    });
    match written {
        Err(e) if is_read_only(&e) => Ok(()),
        other => other,
    }
}

/// Whether the folder is a cache, which this program must be able to read.
pub(super) fn check(root: &Path) -> Result<bool> {
    let format = root.join("format");
    match super::plain::read("cache.format.read", &format) {
        Ok(text) => check_format(root, &String::from_utf8_lossy(&text)).map(|()| true),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(Error::io("read", &format, e)),
    }
}

fn check_format(root: &Path, text: &str) -> Result<()> {
    let version = text.strip_prefix(FORMAT).and_then(|v| v.trim_end().parse::<u32>().ok());
    match version {
        Some(LAYOUT) => Ok(()),
        Some(version) => Err(Error::environment(format!(
            "the cache `{}` has layout {version}, and this program knows layout {LAYOUT}",
            root.display()
        ))
        .help("use the version of spinlock that made it, or name another cache with --cache DIR")),
        None => Err(Error::integrity(format!(
            "`{}` does not name a cache layout",
            root.join("format").display()
        ))
        .help(format!("it should hold the line `{FORMAT}{LAYOUT}`; delete it to have it written"))),
    }
}

/// Whether a failed write only says that this place may not be written.
fn is_read_only(error: &Error) -> bool {
    let source = error.source.as_ref().and_then(|s| s.downcast_ref::<io::Error>());
    source.is_some_and(|e| {
        matches!(e.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
    })
}

/// The entries of a folder in the order of their names; none if there is no such folder. Files that NFS
/// keeps under another name until their last reader has closed them count as gone.
pub(super) fn children(folder: &Path) -> Result<Vec<DirEntry>> {
    let listing = match effect::list("cache.folder.list", folder) {
        Ok(listing) => listing,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(Error::io("list", folder, e)),
    };
    let mut found = listing.collect::<io::Result<Vec<_>>>().io("list", folder)?;
    found.retain(|entry| !is_silly(&entry.file_name()));
    found.sort_by_key(DirEntry::file_name);
    Ok(found)
}

/// Whether this is a name that NFS gave to a removed file that is still open somewhere.
fn is_silly(name: &OsStr) -> bool {
    let digits = name.as_encoded_bytes().strip_prefix(b".nfs");
    digits.is_some_and(|digits| digits.len() >= 8 && digits.iter().all(u8::is_ascii_hexdigit))
}

/// Whether a file handle is no longer known to the server: another host removed or replaced the file.
pub(super) fn is_stale(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::ESTALE)
}

/// Does something with a path, and once more if that met a handle of a file that another host replaced.
pub(super) fn steady<T>(act: impl Fn() -> io::Result<T>) -> io::Result<T> {
    match act() {
        Err(e) if is_stale(&e) => act(),
        other => other,
    }
}

/// Renames, also where a server did it, its answer was lost, and it says that there is nothing to rename.
/// `done` tells whether what is at the new name now is what was to come there.
pub(super) fn rename(
    site: &'static str,
    from: &Path,
    to: &Path,
    done: impl Fn() -> bool,
) -> io::Result<()> {
    settled(effect::rename(site, from, to), from, done)
}

fn settled(result: io::Result<()>, from: &Path, done: impl Fn() -> bool) -> io::Result<()> {
    match result {
        Err(e) if lost_its_answer(&e) && fs::symlink_metadata(from).is_err() && done() => Ok(()),
        other => other,
    }
}

/// What a request that was done and sent again is answered.
fn lost_its_answer(error: &io::Error) -> bool {
    use io::ErrorKind::{AlreadyExists, DirectoryNotEmpty, NotFound};
    matches!(error.kind(), NotFound | AlreadyExists | DirectoryNotEmpty)
}

/// The bytes of all files at and under a path; what vanishes meanwhile counts nothing.
pub(super) fn size_of(path: &Path) -> u64 {
    walkdir::WalkDir::new(path)
        .into_iter()
        .filter_map(std::result::Result::ok)
        .filter_map(|e| e.metadata().ok())
        .filter(fs::Metadata::is_file)
        .map(|m| m.len())
        .sum()
}

/// The bytes of the files right in a folder: of an entry.
pub(super) fn size_in(folder: &Path) -> u64 {
    let Ok(listing) = effect::list("cache.folder.list", folder) else { return 0 };
    listing.flatten().filter_map(|file| file.metadata().ok()).map(|about| about.len()).sum()
}

/// Removes a file or a folder with all it holds; that it is gone already is no failure.
pub(super) fn remove(path: &Path) -> Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(m) if m.is_dir() => effect::remove_tree("cache.file.remove", path),
        Ok(_) => effect::remove_file("cache.file.remove", path),
        Err(e) => Err(e),
    };
    match removed {
        Err(e) if e.kind() == io::ErrorKind::NotFound || is_stale(&e) => Ok(()),
        // What is left goes when its last reader closes it; the next one who clears away takes the folders.
        Err(e) if e.kind() == io::ErrorKind::DirectoryNotEmpty && only_silly(path) => Ok(()),
        Err(e) => Err(Error::io("remove", path, e)),
        Ok(()) => Ok(()),
    }
}

/// Whether a folder holds nothing but files that were removed and are still open somewhere.
fn only_silly(folder: &Path) -> bool {
    walkdir::WalkDir::new(folder)
        .into_iter()
        .filter_map(std::result::Result::ok)
        .all(|entry| entry.file_type().is_dir() || is_silly(entry.file_name()))
}

/// A name that nothing else has, on any machine that shares the cache.
pub(super) fn unique(prefix: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let now =
        effect::now("cache.name.clock").duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos());
    format!("{prefix}{now:x}-{:x}-{count:x}", std::process::id())
}

/// A file name for any text: bytes other than letters, digits, `_`, `-` and inner dots become `%xx`.
pub(super) fn file_name(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    for (i, byte) in text.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' => name.push(char::from(byte)),
            b'.' if i > 0 => name.push('.'),
            _ => {
                use std::fmt::Write;
                write!(name, "%{byte:02x}").expect("writing to a string");
            }
        }
    }
    name
}

/// The text that [`file_name`] made a name of.
pub(super) fn text_of(file_name: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(file_name.len());
    let mut rest = file_name.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            let digits = std::str::from_utf8(&digits).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// Writes a small file so that a reader sees the old content or the new, even after a power cut.
pub(super) fn write_atomic(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().expect("a file in the cache lies in a folder");
    let mut temp = TempFile::create_in(folder)?;
    effect::write_all("cache.record.write", &mut temp.file, bytes).io("write", path)?;
    effect::sync("cache.record.sync", &temp.file).io("write", path)?;
    temp.persist(path)?;
    // Without it a power cut may bring the old content back: a pin that a person set would be gone.
    effect::sync_path("cache.record.sync", folder).io("write to the disk", folder)
}

/// A file under a temporary name, locked while it is being written, removed unless kept.
#[derive(Debug)]
pub(super) struct TempFile {
    pub(super) file: File,
    pub(super) path: PathBuf,
}

impl TempFile {
    /// A new file in `folder`, which is made if need be.
    pub(super) fn create_in(folder: &Path) -> Result<Self> {
        loop {
            let path = folder.join(unique(TEMPORARY));
            let how = OpenOptions::new().read(true).write(true).create_new(true).clone();
            let created = effect::open_as("cache.temp.create", &how, &path);
            let file = match created {
                Ok(file) => file,
                Err(e) if e.kind() == io::ErrorKind::NotFound => {
                    effect::create_folder("cache.temp.folder", folder).io("create", folder)?;
                    continue;
                }
                // A clock that went back gave a name that a process before this one has left, or a request
                // that was sent again meets the file it made; another name is as good.
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(e) => return Err(Error::io("write in", folder, e)),
            };
            let temp = Self { file, path };
            effect::lock("cache.temp.lock", &temp.file).io("lock", &temp.path)?;
            // A sweep may have taken the name between creating and locking.
            if is_at(&temp.file, &temp.path) {
                return Ok(temp);
            }
        }
    }

    /// Gives the file its final name. It stays locked until what is returned is dropped.
    pub(super) fn persist(self, path: &Path) -> Result<Self> {
        let done = || is_at(&self.file, path);
        rename("cache.temp.rename", &self.path, path, done).io("write", path)?;
        Ok(self)
    }
}

impl Drop for TempFile {
    /// After [`TempFile::persist`] nothing has the temporary name, and nothing happens.
    fn drop(&mut self) {
        let _ = effect::remove_file("cache.temp.remove", &self.path);
    }
}

/// Whether the open file is the one that has this name now.
pub(super) fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(open), Ok(named)) => open.ino() == named.ino() && open.dev() == named.dev(),
        _ => false,
    }
}

/// Whether two open files are one.
pub(super) fn is_same(one: &File, other: &File) -> bool {
    match (one.metadata(), other.metadata()) {
        (Ok(one), Ok(other)) => one.ino() == other.ino() && one.dev() == other.dev(),
        _ => false,
    }
}

/// Whether some process is still writing this file, which it locks as long as it does.
/// # Errors
/// If the file cannot be opened or locked; that there is none is no error.
pub fn in_use(path: &Path) -> Result<bool> {
    match steady(|| super::plain::open("cache.lock.open", path)) {
        // A shared lock, since on network file systems an exclusive one needs write access.
        Ok(file) => match effect::try_lock_shared("cache.lock.lock", &file) {
            Ok(()) => Ok(false),
            Err(fs::TryLockError::WouldBlock) => Ok(true),
            // Gone meanwhile.
            Err(fs::TryLockError::Error(e)) if is_stale(&e) => Ok(false),
            Err(fs::TryLockError::Error(e)) => Err(Error::io("lock", path, e)),
        },
        // Nobody writes to what is no file.
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof) => {
            Ok(false)
        }
        Err(e) => Err(Error::io("open", path, e)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_becomes_one_file_name_and_back() {
        for text in ["benchmark_10k", "a/b c", "..", ".hidden", "x.y", "größe", "%41"] {
            let name = file_name(text);
            assert!(!name.contains('/') && !name.starts_with('.'), "{name}");
            assert_eq!(text_of(&name).as_deref(), Some(text));
        }
    }

    #[test]
    fn a_temporary_file_is_in_use_until_it_is_dropped_and_then_gone() {
        let folder = tempfile::tempdir().unwrap();
        let temp = TempFile::create_in(&folder.path().join("new")).unwrap();
        let path = temp.path.clone();
        assert!(in_use(&path).unwrap());
        drop(temp);
        assert!(!path.exists());
    }

    #[test]
    fn files_that_nfs_keeps_for_their_readers_count_as_gone() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a");
        fs::create_dir(&inner).unwrap();
        for name in [".nfs000000000012ab3400000001", "x"] {
            fs::write(inner.join(name), "").unwrap();
        }
        let names = || children(&inner).unwrap().into_iter().map(|c| c.file_name());
        assert!(names().eq(["x"]));
        assert!(!only_silly(folder.path()));
        fs::remove_file(inner.join("x")).unwrap();
        assert!(only_silly(folder.path()));
        assert!(!is_silly(OsStr::new(".nfsx")) && !is_silly(OsStr::new("nfs00000000")));
    }

    #[test]
    fn a_rename_that_was_done_and_sent_again_is_no_failure() {
        let folder = tempfile::tempdir().unwrap();
        let [from, to] = ["a", "b"].map(|name| folder.path().join(name));
        fs::write(&to, "new").unwrap();
        let file = File::open(&to).unwrap();
        let missing = || Err(io::Error::from(io::ErrorKind::NotFound));
        settled(missing(), &from, || is_at(&file, &to)).unwrap();
        // But one that was never done is.
        fs::write(&from, "other").unwrap();
        assert!(settled(missing(), &from, || is_at(&file, &to)).is_err());
        fs::remove_file(&from).unwrap();
        assert!(settled(missing(), &from, || is_at(&file, &from)).is_err());
        assert!(rename("cache.temp.rename", &from, &to, || false).is_err());
        rename("cache.temp.rename", &to, &from, || false).unwrap();
    }

    #[test]
    fn a_stale_handle_is_asked_once_more() {
        let tries = std::cell::Cell::new(0);
        let stale = || {
            tries.set(tries.get() + 1);
            Err::<(), _>(io::Error::from_raw_os_error(libc::ESTALE))
        };
        assert!(is_stale(&steady(stale).unwrap_err()));
        assert_eq!(tries.get(), 2);
        let second = || {
            tries.set(tries.get() + 1);
            let error = io::Error::from_raw_os_error(libc::ESTALE);
            if tries.get() % 2 == 1 { Err(error) } else { Ok(()) }
        };
        steady(second).unwrap();
        steady(|| Ok(())).unwrap();
    }

    #[test]
    fn a_newer_layout_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        prepare(folder.path()).unwrap();
        fs::write(folder.path().join("format"), "spinlock cache layout 2\n").unwrap();
        let error = prepare(folder.path()).unwrap_err();
        assert!(error.message.ends_with("has layout 2, and this program knows layout 1"));
        fs::write(folder.path().join("format"), "").unwrap();
        assert_eq!(prepare(folder.path()).unwrap_err().kind, crate::error::ErrorKind::Integrity);
    }
}
