//! Frees space: removes entries that nothing needs.
//!
//! Kept are the keys that live roots, pins and the newest builds name. Of the others, without limits
//! all go; with limits those older than `max_age`, and the oldest until the whole cache fits
//! `max_bytes`. Invariant: an entry vanishes at once (renamed away, then deleted), and never while its
//! lock is held.

use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::Cache;
use super::layout::{self, HALF_ENTRY, children, size_of};
use super::listing::Found;
use super::plain;
use crate::effect;
use crate::error::{Error, IoContext, Result};
use crate::key::Key;

/// What to free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GcOptions {
    /// So many builds keep what they need whether or not their lock file is there.
    pub newest_builds: usize,
    /// Unneeded entries older than this go.
    pub max_age: Option<Duration>,
    /// Unneeded entries go, the oldest first, until all entries together are no larger.
    pub max_bytes: Option<u64>,
    /// Only say what would be removed.
    pub dry_run: bool,
}

impl Default for GcOptions {
    /// Removes all that nothing needs; keeps the ten newest builds.
    fn default() -> Self {
        Self { newest_builds: 10, max_age: None, max_bytes: None, dry_run: false }
    }
}

/// An entry that was (or, in a dry run, would be) removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Removed {
    /// Its kind.
    pub kind: String,
    /// Its key.
    pub key: Key,
    /// Its bytes on the disk.
    pub bytes: u64,
}

/// What `gc` did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct GcReport {
    /// Entries that stay.
    pub kept: usize,
    /// Their bytes.
    pub kept_bytes: u64,
    /// Entries that go.
    pub removed: Vec<Removed>,
    /// Their bytes.
    pub removed_bytes: u64,
    /// Entries that would go but are being used by a build.
    pub locked: usize,
    /// Roots dropped, since their lock file is gone and they are not among the newest builds.
    pub roots_dropped: Vec<String>,
    /// Bytes of unfinished builds removed.
    pub staging_bytes: u64,
    /// Bytes of damaged entries removed from quarantine.
    pub quarantine_bytes: u64,
}

struct Candidate {
    kind: String,
    found: Found,
    bytes: u64,
}

impl Cache {
    /// Frees space.
    /// # Errors
    /// [`crate::error::ErrorKind::Integrity`] if a root or a pin cannot be read, before anything is
    /// removed: what it keeps is not known.
    pub fn gc(&self, options: &GcOptions) -> Result<GcReport> {
        let mut report = GcReport::default();
        let needed = self.needed(options, &mut report)?;
        let (mut candidates, mut total) = (Vec::new(), 0);
        for kind in self.kinds()? {
            for found in self.walk(&kind)?.0 {
                let bytes = size_of(&found.folder);
                total += bytes;
                if needed.contains(&found.key) {
                    report.kept += 1;
                } else {
                    candidates.push(Candidate { kind: kind.clone(), found, bytes });
                }
            }
        }
        candidates.sort_by_key(|c| (c.found.published, c.found.key));
        let now = effect::now("cache.gc.clock");
        let unlimited = options.max_age.is_none() && options.max_bytes.is_none();
        let mut left = total;
        for candidate in candidates {
            let too_old = is_older(candidate.found.published, options.max_age, now);
            let too_large = options.max_bytes.is_some_and(|most| left > most);
            let goes = unlimited || too_old || too_large;
            if !goes {
                report.kept += 1;
            } else if self.remove_entry(&candidate, options.dry_run)? {
                left -= candidate.bytes;
                report.removed_bytes += candidate.bytes;
                let Candidate { kind, found, bytes } = candidate;
                report.removed.push(Removed { kind, key: found.key, bytes });
            } else {
                report.kept += 1;
                report.locked += 1;
            }
        }
        report.kept_bytes = left;
        report.staging_bytes = self.clear_staging(options, now)?;
        for child in children(&self.root().join("quarantine"))? {
            report.quarantine_bytes += clear(&child.path(), options, now)?;
        }
        Ok(report)
    }

    /// Every key that must stay; drops roots that ask for nothing any more.
    fn needed(&self, options: &GcOptions, report: &mut GcReport) -> Result<HashSet<Key>> {
        let mut needed: HashSet<Key> = self.pins()?.into_iter().flat_map(|(_, p)| p.keys).collect();
        for (i, root) in self.root_records()?.into_iter().enumerate() {
            if i < options.newest_builds || root.record.is_live() {
                needed.extend(root.record.keys);
            } else {
                if !options.dry_run {
                    layout::remove(&self.record_path("roots", &root.name))?;
                }
                report.roots_dropped.push(root.name);
            }
        }
        Ok(needed)
    }

    /// Removes an entry unless its lock is held; says whether it did.
    fn remove_entry(&self, candidate: &Candidate, dry_run: bool) -> Result<bool> {
        let Candidate { kind, found, .. } = candidate;
        let Some(_free) = self.sweep_lock(kind, &found.key, dry_run)? else { return Ok(false) };
        if dry_run {
            return Ok(true);
        }
        let staging = layout::staging(self.root(), kind, &found.key);
        effect::create_folder("cache.gc.folder", &staging).io("create", &staging)?;
        let gone = staging.join(layout::unique(HALF_ENTRY));
        self.open_files.forget(&found.folder);
        match effect::rename("cache.gc.rename", &found.folder, &gone) {
            Ok(()) => layout::remove(&gone)?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(Error::io("remove", &found.folder, e)),
        }
        // Fails where parts of a build lie in it, which are looked after below.
        let _ = effect::remove_folder("cache.gc.remove", &staging);
        Ok(true)
    }

    /// Removes what unfinished builds left, unless they are running.
    fn clear_staging(&self, options: &GcOptions, now: SystemTime) -> Result<u64> {
        let mut freed = 0;
        for kind in children(&self.root().join("staging"))? {
            if !plain::is_folder(&kind.path()) {
                continue;
            }
            for folder in children(&kind.path())? {
                let names = (kind.file_name().into_string(), folder.file_name().into_string());
                let (Ok(kind), Ok(key)) = names else { continue };
                let Ok(key) = key.parse::<Key>() else { continue };
                if let Some(_free) = self.sweep_lock(&kind, &key, options.dry_run)? {
                    freed += clear(&folder.path(), options, now)?;
                }
            }
        }
        Ok(freed)
    }
}

/// Removes a path if it is old enough; the bytes freed.
fn clear(path: &Path, options: &GcOptions, now: SystemTime) -> Result<u64> {
    let modified = path.symlink_metadata().and_then(|m| m.modified()).ok();
    if options.max_age.is_some() && !is_older(modified, options.max_age, now) {
        return Ok(0);
    }
    let bytes = size_of(path);
    if !options.dry_run {
        layout::remove(path)?;
    }
    Ok(bytes)
}

/// Whether something is older than a limit; what has no time is older than any.
fn is_older(time: Option<SystemTime>, limit: Option<Duration>, now: SystemTime) -> bool {
    let age = time.map_or(Duration::MAX, |t| now.duration_since(t).unwrap_or_default());
    limit.is_some_and(|limit| age > limit)
}
