//! The content-addressed store: verified bytes under keys.
//!
//! Workers write [`PartWriter`] parts, one process publishes them as an [`Entry`], everyone reads.
//! Invariants: an entry appears complete or not at all; nothing under `objects/` is ever edited; bytes
//! are handed out only after their digest was verified; what is damaged goes to quarantine and is
//! built again. Opening and reading write nothing but a quarantine, so a read-only cache can be read.
//! Knows nothing of what kinds of artifacts there are, of experiments, YAML or HDF5.

#[cfg(feature = "front")]
pub mod archive;
mod clear;
mod compare;
mod durable;
mod encoding;
mod entry;
mod fsck;
mod gc;
mod keyset;
mod layout;
mod listing;
mod lock;
mod locking;
mod mount;
mod needed;
mod outputs;
mod piece;
mod pin;
mod plain;
mod present;
mod publish;
mod quarantine;
mod read;
mod root;
mod scratch;
mod sealed;
mod staging;
mod survey;
#[cfg(test)]
mod tests;
mod vouch;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

pub use compare::{Difference, compare};
pub use encoding::{Dtype, Encoder, Encoding, decode, transcode};
pub use entry::{Documents, Entry, FileRecord, content_digest};
pub use fsck::{Checked, Damage, FsckOptions, FsckProgress, FsckReport, Leftover, Resumable};
pub use gc::{GcOptions, GcReport, KindGc, Removed, Share};
pub use layout::in_use;
pub use listing::{KindStatus, Nearest, Status};
pub use lock::KeyLock;
pub use outputs::{FileIdentity, OutputRecord, identity};
pub use piece::{Piece, Valid};
pub use pin::PinRecord;
pub use publish::{Pending, Published};
pub use root::{Registered, RootRecord};
pub use scratch::Scratch;
pub use sealed::wrap as sealed_text;
pub use staging::{Part, PartReport, PartWriter};
pub use vouch::{Fault, Wanted};

use crate::error::{IoContext, Result};
use crate::key::Key;
use sealed::Trouble;

/// A cache. Any number of threads and processes may use one folder at a time.
#[derive(Debug)]
pub struct Cache {
    root: PathBuf,
    open_files: read::OpenFiles,
    /// Set once it is known that locks can be relied on.
    locks: OnceLock<()>,
}

impl Cache {
    /// Opens the cache in a folder, and makes it one if it is new. An existing folder that cannot be
    /// written opens too; only writing fails then.
    /// # Errors
    /// [`crate::error::ErrorKind::Environment`] if there is no such folder and none can be made, or
    /// if a newer program with another layout made it.
    pub fn open(root: impl AsRef<Path>) -> Result<Self> {
        let root = std::path::absolute(root.as_ref()).io("find", root.as_ref())?;
        layout::prepare(&root)?;
        Ok(Self { root, open_files: read::OpenFiles::default(), locks: OnceLock::new() })
    }

    /// The cache in a folder that need not be there yet, to see what it holds: nothing is written.
    /// # Errors
    /// [`crate::error::ErrorKind::Environment`] if a newer program with another layout made it.
    pub fn look(root: impl AsRef<Path>) -> Result<Self> {
        let root = std::path::absolute(root.as_ref()).io("find", root.as_ref())?;
        layout::check(&root)?;
        Ok(Self { root, open_files: read::OpenFiles::default(), locks: OnceLock::new() })
    }

    /// The folder of the cache, absolute.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether an entry stands under a key; one `stat`, nothing is verified.
    pub fn has(&self, kind: &str, key: &Key) -> bool {
        layout::object(&self.root, kind, key).join(entry::ENTRY).symlink_metadata().is_ok()
    }

    /// The entry under a key. Its own bytes and the leaf digests are verified, and that the payload
    /// files have their lengths; the payload is verified when it is read.
    /// # Errors
    /// [`crate::error::ErrorKind::Integrity`] if there is none, or if it is damaged, in which case it
    /// is now in quarantine.
    pub fn entry(&self, kind: &str, key: &Key) -> Result<Entry> {
        match self.load(kind, key) {
            Ok(entry) => Ok(entry),
            Err(Trouble::Failed(error)) => Err(error),
            Err(Trouble::Absent) => Err(crate::error::Error::integrity(format!(
                "the cache holds no entry `{kind}/{key}`"
            ))
            .help("run the same command again: the entry is built anew")),
            Err(Trouble::Damaged(why)) => Err(self.condemn(kind, key, &why)),
        }
    }

    /// The entry under a key; `None` if there is none, or if it was damaged and is now in quarantine:
    /// in both cases it has to be built.
    pub fn entry_or_quarantine(&self, kind: &str, key: &Key) -> Result<Option<Entry>> {
        match self.load(kind, key) {
            Ok(entry) => Ok(Some(entry)),
            Err(Trouble::Failed(error)) => Err(error),
            Err(Trouble::Absent) => Ok(None),
            Err(Trouble::Damaged(why)) => self.quarantine(kind, key, &why).map(|_| None),
        }
    }

    fn load(&self, kind: &str, key: &Key) -> Result<Entry, Trouble> {
        entry::load(&layout::object(&self.root, kind, key), kind, key)
    }
}
