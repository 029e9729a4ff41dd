//! Makes what was written survive a power cut, many files at a time.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::effect;
use crate::error::{IoContext, Result};

/// From so many files on, one flush of the whole file system is cheaper than one per file.
const MANY: usize = 32;

/// Files and folders to flush together.
#[derive(Debug, Default)]
pub(super) struct Flush(BTreeSet<PathBuf>);

impl Flush {
    /// Adds a file, or a folder, of which the list of names is meant.
    pub(super) fn add(&mut self, path: impl Into<PathBuf>) {
        self.0.insert(path.into());
    }

    /// Returns once all of it is on the disk. `root` lies on the same file system.
    pub(super) fn now(self, root: &Path) -> Result<()> {
        if self.0.len() >= MANY {
            return effect::sync_disk("cache.flush.sync", root).io("write to the disk", root);
        }
        for path in self.0 {
            effect::sync_path("cache.flush.sync", &path).io("write to the disk", &path)?;
        }
        Ok(())
    }
}
