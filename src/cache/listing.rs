//! What is there: kinds, keys, sizes, and the cached recipe nearest to a given one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::DirEntry;
use std::path::PathBuf;
use std::time::SystemTime;

use rayon::prelude::*;
use serde::Serialize;

use super::Cache;
use super::entry::{self, ENTRY, Entry};
use super::layout::{children, size_in, size_of};
use super::plain;
use super::sealed::Trouble;
use crate::error::Result;
use crate::key::Key;

/// Entries of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct KindStatus {
    /// How many.
    pub entries: usize,
    /// Their bytes on the disk.
    pub bytes: u64,
}

/// What a cache holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Status {
    /// By kind.
    pub kinds: BTreeMap<String, KindStatus>,
    /// Damaged entries put aside.
    pub quarantined: usize,
    /// Bytes of these.
    pub quarantine_bytes: u64,
    /// Bytes of parts and half-built entries.
    pub staging_bytes: u64,
}

/// A cached recipe that resembles another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nearest {
    /// The key of the entry.
    pub key: Key,
    /// Its recipe.
    pub recipe: String,
    /// Lines that only one of the two recipes has.
    pub differing: usize,
}

/// The folder of an entry, found by walking.
pub(super) struct Found {
    pub(super) key: Key,
    pub(super) folder: PathBuf,
    /// When it was published; `None` if `entry.json` is missing.
    pub(super) published: Option<SystemTime>,
}

/// An entry without its folder, which follows from its key: there may be millions.
pub(super) struct Sized {
    pub(super) key: Key,
    /// Bytes on the disk.
    pub(super) bytes: u64,
    /// When it was published; `None` if `entry.json` is missing.
    pub(super) published: Option<SystemTime>,
}

impl Cache {
    /// The kinds that have entries, sorted.
    pub fn kinds(&self) -> Result<Vec<String>> {
        let folders = children(&self.root().join("objects"))?;
        let folders = folders.iter().filter(|f| plain::is_folder(&f.path()));
        Ok(folders.filter_map(|f| f.file_name().into_string().ok()).collect())
    }

    /// The keys of a kind, the newest entry first.
    pub fn entries(&self, kind: &str) -> Result<Vec<Key>> {
        let mut found = self.walk(kind)?.0;
        found.retain(|f| f.published.is_some());
        found.sort_by_key(|f| std::cmp::Reverse((f.published, f.key)));
        Ok(found.into_iter().map(|f| f.key).collect())
    }

    /// What an entry says of itself, without the digests of its leaves and without looking at its payload;
    /// `None` if there is none that can be read.
    pub fn head(&self, kind: &str, key: &Key) -> Result<Option<Entry>> {
        match entry::load_head(&super::layout::object(self.root(), kind, key)) {
            Ok(entry) => Ok(Some(entry)),
            Err(Trouble::Failed(error)) => Err(error),
            Err(Trouble::Absent | Trouble::Damaged(_)) => Ok(None),
        }
    }

    /// The recipe of an entry; `None` if there is none that can be read.
    pub fn recipe(&self, kind: &str, key: &Key) -> Result<Option<String>> {
        Ok(self.head(kind, key)?.map(|entry| entry.recipe))
    }

    /// Among the newest `limit` entries of a kind, the one whose recipe has the fewest lines that
    /// differ from `recipe`; of equals the newest.
    pub fn nearest(&self, kind: &str, recipe: &str, limit: usize) -> Result<Option<Nearest>> {
        let wanted: BTreeSet<&str> = recipe.lines().collect();
        let mut best: Option<Nearest> = None;
        for key in self.entries(kind)?.into_iter().take(limit) {
            let Some(recipe) = self.recipe(kind, &key)? else { continue };
            let lines: BTreeSet<&str> = recipe.lines().collect();
            let differing = wanted.symmetric_difference(&lines).count();
            if best.as_ref().is_none_or(|b| differing < b.differing) {
                best = Some(Nearest { key, recipe, differing });
            }
        }
        Ok(best)
    }

    /// Counts everything; walks the whole cache.
    pub fn status(&self) -> Result<Status> {
        let mut status = Status::default();
        for kind in self.kinds()? {
            let mut of_kind = KindStatus::default();
            for found in self.sizes(&kind)? {
                of_kind.entries += 1;
                of_kind.bytes += found.bytes;
            }
            if of_kind.entries > 0 {
                status.kinds.insert(kind, of_kind);
            }
        }
        let quarantine = self.root().join("quarantine");
        status.quarantined = children(&quarantine)?.len();
        status.quarantine_bytes = size_of(&quarantine);
        status.staging_bytes = size_of(&self.root().join("staging"));
        Ok(status)
    }

    /// The entries of a kind with their sizes, by key.
    pub(super) fn sizes(&self, kind: &str) -> Result<Vec<Sized>> {
        let of = |found: Found| Sized {
            bytes: size_in(&found.folder),
            key: found.key,
            published: found.published,
        };
        let fans = children(&self.root().join("objects").join(kind))?;
        let walked = fans.par_iter().map(|fan| {
            let found = walk_fan(fan)?.0;
            Ok(found.into_iter().map(of).collect())
        });
        Ok(walked.collect::<Result<Vec<Vec<Sized>>>>()?.into_iter().flatten().collect())
    }

    /// The entry folders of a kind by key, and whatever else lies among them.
    pub(super) fn walk(&self, kind: &str) -> Result<(Vec<Found>, Vec<PathBuf>)> {
        let fans = children(&self.root().join("objects").join(kind))?;
        let walked: Vec<_> = fans.par_iter().map(walk_fan).collect::<Result<_>>()?;
        let (mut found, mut foreign) = (Vec::new(), Vec::new());
        for (own, others) in walked {
            found.extend(own);
            foreign.extend(others);
        }
        Ok((found, foreign))
    }
}

/// What lies in one of the folders of a kind.
fn walk_fan(fan: &DirEntry) -> Result<(Vec<Found>, Vec<PathBuf>)> {
    let (mut found, mut foreign) = (Vec::new(), Vec::new());
    if !plain::is_folder(&fan.path()) {
        return Ok((found, vec![fan.path()]));
    }
    for child in children(&fan.path())? {
        let folder = child.path();
        let name = child.file_name().into_string().unwrap_or_default();
        match name.parse::<Key>() {
            Ok(key) if name.starts_with(&*fan.file_name().to_string_lossy()) => {
                let published = folder.join(ENTRY).symlink_metadata().and_then(|m| m.modified());
                found.push(Found { key, folder, published: published.ok() });
            }
            _ => foreign.push(folder),
        }
    }
    Ok((found, foreign))
}
