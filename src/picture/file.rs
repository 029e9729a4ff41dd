//! Files that appear whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::effect;
use crate::error::{IoContext, Result};

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

/// The empty temporary file, locked by whoever writes it. It has the same name each time, so that one
/// that a killed process left is written over the next time.
fn begin(folder: &Path, name: &str) -> io::Result<(PathBuf, File)> {
    let how = OpenOptions::new().write(true).create(true).truncate(false).clone();
    let half = folder.join(format!(".{name}.tmp"));
    loop {
        let file = effect::open_as("output.file.create", &how, &half)?;
        if effect::lock("output.file.lock", &file).is_err() {
            // There are no locks here: a name that no other process has.
            let _ = effect::remove_file("output.file.remove", &half);
            let own = folder.join(format!(".{name}.{}.tmp", std::process::id()));
            return effect::create("output.file.create", &own).map(|file| (own, file));
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
    fn what_a_killed_process_left_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        fs::write(folder.path().join(".a.png.tmp"), "half of something longer").unwrap();
        write(&path, b"one").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
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
