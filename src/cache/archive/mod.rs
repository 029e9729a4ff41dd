//! Entries as one file, to take them to another cache.
//!
//! A tar archive of plain members in a fixed order. The first, `spinlock-archive.json`, is sealed and lists all
//! others with length and BLAKE3; then come the files of the entries, `<kind>/<key>/<file>`, sorted. Payload
//! is encoded already, so nothing is compressed. Invariant: the same entries give the same bytes, and nothing
//! of an archive is believed before it was compared with the list, nor is an entry that was not verified as
//! a whole ever given a place.

mod export;
mod import;
mod list;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use export::{Exported, export, export_to};
pub use import::{Expect, Imported, Recipes, Unlike, Unsound, import};

use super::entry::FileRecord;
use crate::key::{Digest, Key};

/// The version of the form described here.
const FORMAT: u32 = 1;
/// The name of the list.
const LIST: &str = "spinlock-archive.json";
/// What the list is sealed as.
const SEAL: &str = "archive";
/// No list is longer, nor is any `entry.json`.
const MOST_LIST: u64 = 512 << 20;

/// What an archive holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the form.
    pub format: u32,
    /// The version of spinlock that wrote it.
    pub spinlock: String,
    /// Where the entries belong: nothing to the cache.
    pub about: Value,
    /// The entries, sorted by kind and key.
    pub entries: Vec<Listed>,
}

/// An entry in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Its kind.
    pub kind: String,
    /// Its key.
    pub key: Key,
    /// The digest of its content.
    pub digest: Digest,
    /// Its files: `entry.json`, then the others sorted by name.
    pub files: Vec<FileRecord>,
}

/// The name of a member.
fn member(listed: &Listed, file: &FileRecord) -> String {
    format!("{}/{}/{}", listed.kind, listed.key, file.name)
}
