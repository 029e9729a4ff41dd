//! A second cache beside the first, in which artifacts are made once more to be compared.
//!
//! It lies under `check/` of the cache, so that entries get there as hard links: payload files are
//! read-only and nothing edits them. Invariant: a scratch cache goes away with who made it; one that a
//! killed process left is told by its lock, which nobody holds, and is swept away. What is to be looked
//! at by a person is moved to `differing/`, where `gc` clears it.

use std::path::{Path, PathBuf};

use super::Cache;
use super::entry::ENTRY;
use super::layout::{self, TempFile, children};
use crate::effect;
use crate::error::{IoContext, Result};
use crate::key::Key;

/// The folder of scratch caches.
const FOLDER: &str = "check";
/// Where entries lie that came out otherwise than the first time.
pub(super) const DIFFERING: &str = "differing";
/// What follows the name of the lock in the name of the folder.
const SUFFIX: &str = ".cache";

/// A cache for one check.
#[derive(Debug)]
pub struct Scratch {
    cache: Cache,
    /// Locked as long as this lives.
    _lock: TempFile,
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed now is a leftover that the next sweep removes.
        let _ = layout::remove(self.cache.root());
    }
}

impl Scratch {
    /// The cache itself.
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// Gives an entry of another cache a place here: as links, or, where the file system has none, as
    /// copies.
    ///
    /// # Errors
    /// If there is no such entry, or it cannot be written here.
    pub fn adopt(&self, from: &Cache, kind: &str, key: &Key) -> Result<()> {
        let home = layout::object(self.cache.root(), kind, key);
        if home.join(ENTRY).exists() {
            return Ok(());
        }
        let entry = from.entry(kind, key)?;
        let old = layout::object(from.root(), kind, key);
        effect::create_folder("cache.check.folder", &home).io("create", &home)?;
        // The file that makes the folder an entry comes last.
        let names = entry.files.iter().map(|file| file.name.as_str()).chain([ENTRY]);
        for name in names {
            let (source, target) = (old.join(name), home.join(name));
            effect::link("cache.check.link", &source, &target)
                .or_else(|_| effect::copy("cache.check.copy", &source, &target).map(drop))
                .io("link", &target)?;
        }
        Ok(())
    }

    /// Moves an entry to where a person can look at it, beside the cache `home`; says where.
    ///
    /// # Errors
    /// If it cannot be moved.
    pub fn keep(&self, home: &Cache, kind: &str, key: &Key) -> Result<PathBuf> {
        let folder = home.root().join(DIFFERING);
        effect::create_folder("cache.check.folder", &folder).io("create", &folder)?;
        let to = folder.join(layout::unique(&format!("{kind}-{key}-")));
        let from = layout::object(self.cache.root(), kind, key);
        effect::rename("cache.check.rename", &from, &to).io("keep", &to)?;
        Ok(to)
    }
}

impl Cache {
    /// Moves a file of a scratch cache to where a person can look at it; says where.
    ///
    /// # Errors
    /// If it cannot be moved.
    pub fn keep_file(&self, file: &Path, name: &str, extension: &str) -> Result<PathBuf> {
        let folder = self.root().join(DIFFERING);
        effect::create_folder("cache.check.folder", &folder).io("create", &folder)?;
        let to = folder.join(format!("{}.{extension}", layout::unique(&format!("{name}-"))));
        effect::rename("cache.check.rename", file, &to).io("keep", &to)?;
        Ok(to)
    }

    /// A new scratch cache beside the entries of this one.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn scratch_cache(&self) -> Result<Scratch> {
        let folder = self.root().join(FOLDER);
        for path in leftovers(self.root())? {
            layout::remove(&path)?;
        }
        let lock = TempFile::create_in(&folder)?;
        let mut name = lock.path.file_name().unwrap_or_default().to_owned();
        name.push(SUFFIX);
        Ok(Scratch { cache: Cache::open(folder.join(name))?, _lock: lock })
    }
}

/// Scratch caches of processes that are gone.
pub(super) fn leftovers(root: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for child in children(&root.join(FOLDER))? {
        let path = child.path();
        let name = child.file_name().to_string_lossy().into_owned();
        let lock = path.with_file_name(name.strip_suffix(SUFFIX).unwrap_or(&name));
        if !layout::in_use(&lock)? {
            found.push(path);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_scratch_cache_goes_away_and_one_of_a_killed_process_is_swept() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path()).unwrap();
        let scratch = cache.scratch_cache().unwrap();
        let root = scratch.cache().root().to_owned();
        assert!(root.is_dir() && leftovers(cache.root()).unwrap().is_empty());
        drop(scratch);
        assert!(!root.exists());
        fs::create_dir_all(folder.path().join("check/tmp-1.cache/objects")).unwrap();
        fs::write(folder.path().join("check/tmp-1"), "").unwrap();
        assert_eq!(leftovers(cache.root()).unwrap().len(), 2);
        let _other = cache.scratch_cache().unwrap();
        assert!(!folder.path().join("check/tmp-1.cache").exists());
        assert_eq!(children(&folder.path().join("check")).unwrap().len(), 2);
    }
}
