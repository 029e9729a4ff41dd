//! Which files outside the cache are data sets of ours.
//!
//! A record says what was last written at a path, and by length, modification time and inode whether
//! the file there is still that one. Records are advice: a damaged one counts as none, and then the
//! file counts as somebody else's.

use std::fs::Metadata;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Cache;
use super::layout::{children, remove};
use super::sealed::{self, Trouble};
use crate::error::{Error, IoContext, Result};
use crate::key::{Digest, Key};

/// What tells one state of a file from another without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileIdentity {
    /// Its length.
    pub bytes: u64,
    /// When it was modified, in nanoseconds since 1970.
    pub mtime_ns: i64,
    /// Its inode.
    pub inode: u64,
}

impl From<&Metadata> for FileIdentity {
    fn from(m: &Metadata) -> Self {
        let mtime_ns = m.mtime().saturating_mul(1_000_000_000).saturating_add(m.mtime_nsec());
        Self { bytes: m.len(), mtime_ns, inode: m.ino() }
    }
}

/// A file that a build wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputRecord {
    /// Where, absolute.
    pub path: PathBuf,
    /// The experiment that asked for it.
    pub experiment: String,
    /// The key of the artifact it holds.
    pub key: Key,
    /// The digest of its content.
    pub digest: Digest,
    /// Its length when it was written.
    pub bytes: u64,
    /// Its modification time then.
    pub mtime_ns: i64,
    /// Its inode then.
    pub inode: u64,
}

impl OutputRecord {
    /// The state of the file when it was written.
    pub fn identity(&self) -> FileIdentity {
        FileIdentity { bytes: self.bytes, mtime_ns: self.mtime_ns, inode: self.inode }
    }

    /// Whether the file at the path is still the one that was written.
    pub fn is_intact(&self) -> Result<bool> {
        Ok(identity(&self.path)? == Some(self.identity()))
    }
}

/// The state of a file; `None` if there is no file at the path.
pub fn identity(path: &Path) -> Result<Option<FileIdentity>> {
    match path.metadata() {
        Ok(m) => Ok(m.is_file().then(|| FileIdentity::from(&m))),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::io("look at", path, e)),
    }
}

impl Cache {
    /// Remembers a file, in place of what was remembered of its path.
    pub fn record_output(&self, record: &OutputRecord) -> Result<()> {
        sealed::write(&self.output_path(&record.path)?, "output", record)
    }

    /// What was last written at a path, whether or not the file is still there.
    pub fn output_at(&self, path: &Path) -> Result<Option<OutputRecord>> {
        read(&self.output_path(path)?)
    }

    /// Forgets a file.
    pub fn forget_output(&self, path: &Path) -> Result<()> {
        remove(&self.output_path(path)?)
    }

    /// Every file that is remembered, in the order of their paths; check each with
    /// [`OutputRecord::is_intact`].
    pub fn outputs(&self) -> Result<Vec<OutputRecord>> {
        let mut found = Vec::new();
        for child in children(&self.root().join("outputs"))? {
            found.extend(read(&child.path())?);
        }
        found.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(found)
    }

    /// Those that hold an artifact.
    pub fn outputs_of(&self, key: &Key) -> Result<Vec<OutputRecord>> {
        Ok(self.outputs()?.into_iter().filter(|record| record.key == *key).collect())
    }

    fn output_path(&self, path: &Path) -> Result<PathBuf> {
        let path = std::path::absolute(path).io("find", path)?;
        let name = Digest::of(path.as_os_str().as_bytes());
        Ok(self.root().join("outputs").join(format!("{name}.json")))
    }
}

fn read(path: &Path) -> Result<Option<OutputRecord>> {
    match sealed::read(path, "output") {
        Ok(record) => Ok(Some(record)),
        Err(Trouble::Failed(error)) => Err(error),
        Err(Trouble::Absent | Trouble::Damaged(_)) => Ok(None),
    }
}
