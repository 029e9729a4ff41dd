//! Opening what lies in the cache, which others may write too: files, and nothing that looks like one.
//!
//! Invariant: a link is not followed, and what waits for somebody else (a pipe) or never ends (a device)
//! is not opened.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::effect;

/// Opens a file for reading. What is no plain file counts as cut short: it is not what was written.
pub(super) fn open(site: &'static str, path: &Path) -> io::Result<File> {
    let mut how = OpenOptions::new();
    how.read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    let file = match effect::open_as(site, &how, path) {
        // A link says ELOOP, a socket ENXIO.
        Err(e) if matches!(e.raw_os_error(), Some(libc::ELOOP | libc::ENXIO)) => return Err(odd()),
        other => other?,
    };
    if file.metadata()?.is_file() { Ok(file) } else { Err(odd()) }
}

/// All bytes of a file.
pub(super) fn read(site: &'static str, path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(site, path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn odd() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "no plain file")
}

/// Whether there is a folder, and no link to one.
pub(super) fn is_folder(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|about| about.is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_files_are_opened() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("file"), "bytes").unwrap();
        assert_eq!(read("test.any", &path("file")).unwrap(), b"bytes");
        std::os::unix::fs::symlink(path("file"), path("link")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", path("device")).unwrap();
        std::fs::create_dir(path("folder")).unwrap();
        let made = std::process::Command::new("mkfifo").arg(path("pipe")).status().unwrap();
        assert!(made.success());
        for name in ["link", "device", "folder", "pipe"] {
            let error = read("test.any", &path(name)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{name}: {error}");
        }
        assert_eq!(read("test.any", &path("none")).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!(is_folder(&path("folder")) && !is_folder(&path("link")));
    }
}
