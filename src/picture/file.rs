//! Files that appear whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::effect;
use crate::error::{IoContext, Result};

/// A new file of this process under a temporary name. One that is there is not written into, as it may
/// be a link to somewhere else: it is taken away.
///
/// # Errors
/// If it cannot be made.
pub fn create_half(site: &'static str, path: &Path) -> io::Result<File> {
    let new = OpenOptions::new().write(true).create_new(true).clone();
    match effect::open_as(site, &new, path) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            effect::remove_file("output.file.remove", path)?;
            effect::open_as(site, &new, path)
        }
        made => made,
    }
}

/// Writes a file under a temporary name beside it, flushes and renames it. What was there before is
/// replaced, and stays if anything fails. The folder is made if need be.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    effect::create_folder("output.file.folder", folder).io("create", folder)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let (half, mut file) = begin(folder, &name).io("write", path)?;
    let written = effect::write_all("output.file.write", &mut file, bytes)
        .and_then(|()| effect::sync("output.file.sync", &file))
        .and_then(|()| effect::rename("output.file.rename", &half, path));
    if written.is_err() {
        // Before the lock goes, so that nobody else's is taken.
        let _ = effect::remove_file("output.file.remove", &half);
    }
    written.io("write", path)
}

/// Removes what a killed process left of a file beside it, unless somebody is writing there.
pub fn sweep(path: &Path) {
    let Some(name) = path.file_name() else { return };
    let half = path.with_file_name(format!(".{}.tmp", name.to_string_lossy()));
    // A link or a pipe of such a name is none of ours.
    if !half.symlink_metadata().is_ok_and(|about| about.is_file()) {
        return;
    }
    let Ok(file) = effect::open("output.file.open", &half) else { return };
    if effect::try_lock("output.file.lock", &file).is_ok() {
        let _ = effect::remove_file("output.file.remove", &half);
    }
}

/// The empty temporary file, locked by whoever writes it. It has the same name each time, so that one
/// that a killed process left is written over the next time.
fn begin(folder: &Path, name: &str) -> io::Result<(PathBuf, File)> {
    let mut how = OpenOptions::new();
    how.write(true).create(true).truncate(false);
    how.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    let half = folder.join(format!(".{name}.tmp"));
    loop {
        let file = match effect::open_as("output.file.create", &how, &half) {
            Err(e) if matches!(e.raw_os_error(), Some(libc::ELOOP | libc::ENXIO)) => {
                effect::remove_file("output.file.remove", &half)?;
                continue;
            }
            opened => opened?,
        };
        // What has this name, and another one or another form, somebody put there: it is not written into.
        if file.metadata().is_ok_and(|about| !about.is_file() || about.nlink() > 1) {
            effect::remove_file("output.file.remove", &half)?;
            continue;
        }
        if effect::lock("output.file.lock", &file).is_err() {
            // There are no locks here: a name that no other process has.
            let _ = effect::remove_file("output.file.remove", &half);
            let own = folder.join(format!(".{name}.{}.tmp", std::process::id()));
            return create_half("output.file.create", &own).map(|file| (own, file));
        }
        // Who had it before may have given it its final name, or removed it.
        let named = fs::symlink_metadata(&half);
        if named.is_ok_and(|m| file.metadata().is_ok_and(|f| f.ino() == m.ino())) {
            file.set_len(0)?;
            return Ok((half, file));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_left_is_swept_and_what_is_being_written_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let (path, half) = (folder.path().join("a.html"), folder.path().join(".a.html.tmp"));
        sweep(&path);
        fs::write(&half, "half").unwrap();
        let writer = File::open(&half).unwrap();
        writer.lock().unwrap();
        sweep(&path);
        assert!(half.exists());
        drop(writer);
        sweep(&path);
        assert!(!half.exists());
    }

    #[test]
    fn what_a_killed_process_left_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        fs::write(folder.path().join(".a.png.tmp"), "half of something longer").unwrap();
        write(&path, b"one").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_in_the_place_of_a_temporary_file_is_not_written_through() {
        let folder = tempfile::tempdir().unwrap();
        let (victim, path) = (folder.path().join("victim"), folder.path().join("a.txt"));
        let half = folder.path().join(".a.txt.tmp");
        fs::write(&victim, "keep").unwrap();
        std::os::unix::fs::symlink(&victim, &half).unwrap();
        write(&path, b"one").unwrap();
        fs::hard_link(&victim, &half).unwrap();
        write(&path, b"two").unwrap();
        std::os::unix::fs::symlink(&victim, &half).unwrap();
        drop(create_half("test.any", &half).unwrap());
        assert_eq!(fs::read(&victim).unwrap(), b"keep");
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert!(!half.is_symlink());
    }

    #[test]
    fn writers_at_the_same_time_do_not_mix() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        std::thread::scope(|scope| {
            for writer in 0..4_u8 {
                let path = &path;
                scope.spawn(move || {
                    for _ in 0..20 {
                        write(path, &vec![writer; 1000 * (1 + usize::from(writer))]).unwrap();
                    }
                });
            }
        });
        let found = fs::read(&path).unwrap();
        assert_eq!(found, vec![found[0]; 1000 * (1 + usize::from(found[0]))]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_is_replaced_whole_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/a.png");
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        fs::create_dir(folder.path().join("taken")).unwrap();
        let error = write(&folder.path().join("taken"), b"x").unwrap_err();
        assert!(error.message.starts_with("cannot write"), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
