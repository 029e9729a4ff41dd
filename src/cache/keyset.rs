//! Many keys as one file: 32 bytes each, sorted, each once, under the hash of its content.
//!
//! So a set proves itself whole, and builds that need the same keys share one. Invariant: sets are written
//! and removed by who holds the registry ([`super::root`]), so none goes while a record that names it is on
//! its way.

use std::io;
use std::path::PathBuf;

use super::Cache;
use super::layout::{self, children, write_atomic};
use super::sealed::Trouble;
use crate::effect;
use crate::error::Result;
use crate::key::{Digest, Key};

/// The folder of sets.
pub(super) const FOLDER: &str = "keysets";
/// Bytes of a key.
const LENGTH: usize = 32;

/// The content of the file of a set, and its name.
pub(super) fn encode(mut keys: Vec<Key>) -> (Vec<u8>, Digest) {
    keys.sort_unstable();
    keys.dedup();
    let mut bytes = Vec::with_capacity(keys.len() * LENGTH);
    for key in &keys {
        bytes.extend(key.0);
    }
    let digest = Digest::of(&bytes);
    (bytes, digest)
}

impl Cache {
    /// Stores a set, unless it is there.
    pub(super) fn store_keyset(&self, bytes: &[u8], digest: &Digest) -> Result<()> {
        let path = self.keyset_path(digest);
        let length = path.metadata().map(|about| about.len());
        if length.is_ok_and(|length| length == bytes.len() as u64) {
            return Ok(());
        }
        write_atomic(&path, bytes)
    }

    /// The keys of a set.
    pub(super) fn keyset(&self, digest: &Digest) -> Result<Vec<Key>, Trouble> {
        let path = self.keyset_path(digest);
        let bytes = match effect::read("cache.keys.read", &path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(Trouble::Absent),
            Err(e) => return Err(Trouble::reading(&path, e)),
        };
        let (keys, rest) = bytes.as_chunks::<LENGTH>();
        if !rest.is_empty() || Digest::of(&bytes) != *digest {
            return Err(Trouble::Damaged("it is not what was written".to_owned()));
        }
        Ok(keys.iter().map(|key| Key(*key)).collect())
    }

    /// Removes the sets that are not wanted; hold the registry.
    pub(super) fn drop_keysets(&self, wanted: &dyn Fn(&str) -> bool) -> Result<()> {
        for child in children(&self.root().join(FOLDER))? {
            let name = child.file_name().to_string_lossy().into_owned();
            // Others are on their way to their name, or leftovers that `fsck` removes.
            if name.parse::<Digest>().is_ok() && !wanted(&name) {
                layout::remove(&child.path())?;
            }
        }
        Ok(())
    }

    pub(super) fn keyset_path(&self, digest: &Digest) -> PathBuf {
        self.root().join(FOLDER).join(digest.to_string())
    }
}
