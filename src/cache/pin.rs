//! What people keep: pins; and how records of what is kept are read.

use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Cache;
use super::layout::{children, file_name, text_of};
use super::sealed::{self, Trouble};
use crate::effect;
use crate::error::{Error, Result};
use crate::key::Key;

/// Keys that a person wants to keep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinRecord {
    /// Why, in the person's words; may be empty.
    pub note: String,
    /// What is kept.
    pub keys: Vec<Key>,
}

/// A record under a name, and when it was written.
pub(super) struct Named<T> {
    pub(super) name: String,
    pub(super) written: SystemTime,
    pub(super) record: T,
}

impl Cache {
    /// Keeps some keys until [`Cache::unpin`].
    pub fn pin(&self, name: &str, record: &PinRecord) -> Result<()> {
        // So that a `gc` beside it either sees the pin or was there before.
        let _registry = self.registry()?;
        sealed::write(&self.record_path("pins", name), "pin", record)
    }

    /// Drops a pin; says whether there was one.
    pub fn unpin(&self, name: &str) -> Result<bool> {
        let path = self.record_path("pins", name);
        match effect::remove_file("cache.pin.remove", &path) {
            Ok(()) => Ok(true),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(e) => Err(Error::io("remove", &path, e)),
        }
    }

    /// Every pin by name, the newest first.
    pub fn pins(&self) -> Result<Vec<(String, PinRecord)>> {
        Ok(records(&self.root().join("pins"), "pin")?
            .into_iter()
            .map(|r| (r.name, r.record))
            .collect())
    }

    pub(super) fn record_path(&self, folder: &str, name: &str) -> PathBuf {
        self.root().join(folder).join(format!("{}.json", file_name(name)))
    }
}

/// All records of a folder, the newest first. One that is damaged is an error: what it kept is not
/// known any more.
pub(super) fn records<T: DeserializeOwned>(folder: &Path, what: &str) -> Result<Vec<Named<T>>> {
    let mut found = Vec::new();
    for child in children(folder)? {
        let path = child.path();
        let name = child.file_name().into_string().ok();
        let Some(name) = name.as_deref().and_then(|n| n.strip_suffix(".json")).and_then(text_of)
        else {
            continue;
        };
        let written = match child.metadata().and_then(|m| m.modified()) {
            Ok(written) => written,
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            Err(e) => return Err(Error::io("look at", &path, e)),
        };
        match sealed::read(&path, what) {
            Ok(record) => found.push(Named { name, written, record }),
            Err(Trouble::Absent) => {}
            Err(Trouble::Failed(error)) => return Err(error),
            Err(Trouble::Damaged(why)) => {
                return Err(Error::integrity(format!("`{}`: {why}", path.display())).help(
                    format!("delete the file, then build its experiment or set the {what} again"),
                ));
            }
        }
    }
    // Names of builds begin with the time too, which tells more than some file systems.
    found.sort_by(|a, b| b.written.cmp(&a.written).then_with(|| b.name.cmp(&a.name)));
    Ok(found)
}
