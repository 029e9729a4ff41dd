//! What `gc` must keep: roots, which builds register, and pins, which people set.

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

/// The keys that one experiment needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootRecord {
    /// The experiment, as a person names it.
    pub experiment: String,
    /// Its lock file, absolute; as long as that exists, the keys are kept. `None` for a build without
    /// one, whose keys are kept only while it is among the newest builds.
    pub lock: Option<PathBuf>,
    /// Everything it needs.
    pub keys: Vec<Key>,
}

impl RootRecord {
    /// Whether the experiment still asks for its keys. A lock file counts as deleted only where its
    /// folder can be seen: on a shared cache it may lie on another machine.
    pub fn is_live(&self) -> bool {
        self.lock.as_deref().is_some_and(|lock| {
            let folder_seen = lock.parent().is_some_and(Path::is_dir);
            !folder_seen || lock.exists()
        })
    }
}

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
    /// Registers what an experiment needs, in place of what it needed before. Do so before building:
    /// a `gc` that runs meanwhile then keeps what is already done.
    pub fn set_root(&self, name: &str, record: &RootRecord) -> Result<()> {
        sealed::write(&self.record_path("roots", name), "root", record)
    }

    /// Every root by name, the newest first.
    pub fn roots(&self) -> Result<Vec<(String, RootRecord)>> {
        Ok(self.root_records()?.into_iter().map(|r| (r.name, r.record)).collect())
    }

    /// Keeps some keys until [`Cache::unpin`].
    pub fn pin(&self, name: &str, record: &PinRecord) -> Result<()> {
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

    pub(super) fn root_records(&self) -> Result<Vec<Named<RootRecord>>> {
        records(&self.root().join("roots"), "root")
    }

    pub(super) fn record_path(&self, folder: &str, name: &str) -> PathBuf {
        self.root().join(folder).join(format!("{}.json", file_name(name)))
    }
}

/// All records of a folder, the newest first. One that is damaged is an error: what it kept is not
/// known any more.
fn records<T: DeserializeOwned>(folder: &Path, what: &str) -> Result<Vec<Named<T>>> {
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
    found.sort_by(|a, b| b.written.cmp(&a.written).then_with(|| a.name.cmp(&b.name)));
    Ok(found)
}
