//! Frees space: removes entries that nothing needs.
//!
//! Kept are the keys that [`super::needed`] names. Of the others, without limits all go; with limits those
//! older than `max_age`, and the oldest until the whole cache fits `max_bytes`. Invariants: an entry vanishes
//! at once (renamed away, then deleted); before each batch of renames what is needed is looked up afresh,
//! under the registry, so that a build that begins meanwhile loses nothing; a dry run decides in the same
//! way and changes nothing.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::listing::Sized;
use super::lock::{self, lock_name};
use super::needed::{LOCK_FILE, Needed, PIN, RECENT, RUNNING};
use super::{Cache, layout, root};
use crate::effect;
use crate::error::{Error, IoContext, Result};
use crate::key::Key;

/// So many entries are renamed away while the registry is held: a build that begins waits that long.
const BATCH: usize = 256;
/// Where entries lie that are being removed.
pub(super) const TRASH: &str = "trash";

/// What to free.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GcOptions {
    /// So many builds keep what they need whether or not their lock file is there.
    pub newest_builds: usize,
    /// Unneeded entries older than this go.
    pub max_age: Option<Duration>,
    /// Unneeded entries go, the oldest first, until all entries together are no larger.
    pub max_bytes: Option<u64>,
    /// Only entries of these kinds go; none given means all.
    pub kinds: Vec<String>,
    /// Only say what would be removed.
    pub dry_run: bool,
}

impl Default for GcOptions {
    /// Removes all that nothing needs; keeps the ten newest builds.
    fn default() -> Self {
        let kinds = Vec::new();
        Self { newest_builds: 10, max_age: None, max_bytes: None, kinds, dry_run: false }
    }
}

impl GcOptions {
    /// Whether all that nothing needs is to go.
    fn is_unlimited(&self) -> bool {
        self.max_age.is_none() && self.max_bytes.is_none() && self.kinds.is_empty()
    }

    pub(super) fn takes(&self, kind: &str) -> bool {
        self.kinds.is_empty() || self.kinds.iter().any(|k| k == kind)
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

/// Some entries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Share {
    /// How many.
    pub entries: usize,
    /// Their bytes on the disk.
    pub bytes: u64,
}

impl Share {
    fn add(&mut self, bytes: u64) {
        self.entries += 1;
        self.bytes += bytes;
    }
}

/// One kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct KindGc {
    /// What goes.
    pub removed: Share,
    /// What stays because a build that runs needs it.
    pub running: Share,
    /// Because of a lock file.
    pub lock_files: Share,
    /// Because of a pin.
    pub pins: Share,
    /// Because of one of the newest builds.
    pub newest_builds: Share,
    /// Because somebody is making it.
    pub locked: Share,
    /// Though nothing needs it: it is young, or there is room, or its kind was not named.
    pub spared: Share,
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
    /// What goes and what stays by kind, each entry under the first reason that holds.
    pub by_kind: BTreeMap<String, KindGc>,
    /// What only a pin keeps.
    pub only_pins: Share,
    /// What only the newest builds keep.
    pub only_newest_builds: Share,
    /// What only lock files keep.
    pub only_lock_files: Share,
    /// Builds forgotten, which keep nothing any more.
    pub roots_dropped: Vec<String>,
    /// Bytes of unfinished builds and checks removed.
    pub staging_bytes: u64,
    /// Bytes of damaged entries removed from quarantine, and of those that a check made otherwise.
    pub quarantine_bytes: u64,
    /// Bytes of event logs and traces removed.
    pub log_bytes: u64,
    /// Output files forgotten, which are gone.
    pub outputs_forgotten: usize,
}

impl GcReport {
    fn of_kind(&mut self, kind: &str) -> &mut KindGc {
        if !self.by_kind.contains_key(kind) {
            self.by_kind.insert(kind.to_owned(), KindGc::default());
        }
        self.by_kind.get_mut(kind).expect("it is there or was put there")
    }
}

struct Candidate {
    kind: usize,
    entry: Sized,
}

impl Cache {
    /// Frees space. One runs at a time.
    /// # Errors
    /// [`crate::error::ErrorKind::Integrity`] if a root or a pin cannot be read, before anything is
    /// removed: what it keeps is not known.
    pub fn gc(&self, options: &GcOptions) -> Result<GcReport> {
        let mut report = GcReport::default();
        if !self.root().is_dir() {
            return Ok(report);
        }
        let alone = || lock::lock_file(self.root().join("locks").join(lock::GC));
        let _alone = if options.dry_run { None } else { Some(alone()?) };
        let mut needed = self.begin(options, &mut report)?;
        let kinds = self.kinds()?;
        let (mut candidates, mut total) = (Vec::new(), 0);
        for (at, kind) in kinds.iter().enumerate() {
            for entry in self.sizes(kind)? {
                total += entry.bytes;
                match needed.why(&entry.key) {
                    0 if options.takes(kind) => candidates.push(Candidate { kind: at, entry }),
                    why => keep(&mut report, kind, why, entry.bytes),
                }
            }
        }
        candidates.sort_unstable_by_key(|c| (c.entry.published, c.entry.key));
        let now = effect::now("cache.gc.clock");
        let left = self.take(&candidates, &kinds, options, &mut needed, total, now, &mut report)?;
        report.kept_bytes = left;
        self.clear(options, &needed, now, &mut report)?;
        Ok(report)
    }

    /// Looks up what is needed; forgets builds that keep nothing, unless limits leave their entries.
    fn begin(&self, options: &GcOptions, report: &mut GcReport) -> Result<Needed> {
        let _registry = if options.dry_run { None } else { Some(self.registry()?) };
        let look = || Needed::new(self, options.newest_builds);
        let needed = match look() {
            // Without the registry a record may go while it is read.
            Err(_) if options.dry_run => look()?,
            other => other?,
        };
        if !options.is_unlimited() {
            return Ok(needed);
        }
        report.roots_dropped.clone_from(&needed.idle);
        if !options.dry_run {
            for name in &needed.idle {
                layout::remove(&self.record_path(root::FOLDER, name))?;
            }
            let roots = self.root_records()?;
            let wanted: HashSet<String> =
                roots.iter().filter_map(|r| r.record.set).map(|set| set.to_string()).collect();
            self.drop_keysets(&|name| wanted.contains(name))?;
            layout::remove(&self.root().join(TRASH))?;
        }
        Ok(needed)
    }

    /// Removes those candidates, the oldest first, that the options ask for; the bytes that stay.
    #[expect(clippy::too_many_arguments, reason = "what one run of gc goes by")]
    fn take(
        &self,
        candidates: &[Candidate],
        kinds: &[String],
        options: &GcOptions,
        needed: &mut Needed,
        total: u64,
        now: SystemTime,
        report: &mut GcReport,
    ) -> Result<u64> {
        let no_limit = options.max_age.is_none() && options.max_bytes.is_none();
        let mut left = total;
        for batch in candidates.chunks(BATCH) {
            let registry = if options.dry_run { None } else { Some(self.registry()?) };
            needed.refresh(self)?;
            let locks = self.locks()?;
            let trash = self.root().join(TRASH).join(layout::unique("gc-"));
            for Candidate { kind, entry } in batch {
                let name = &kinds[*kind];
                let too_large = options.max_bytes.is_some_and(|most| left > most);
                let goes = no_limit || too_large || is_older(entry.published, options.max_age, now);
                let why = needed.why(&entry.key);
                if why != 0 || !goes {
                    keep(report, name, why, entry.bytes);
                } else if self.is_locked(&locks, name, &entry.key)? {
                    report.of_kind(name).locked.add(entry.bytes);
                    report.kept += 1;
                    report.locked += 1;
                } else {
                    if !options.dry_run {
                        self.throw_away(name, &entry.key, &trash)?;
                    }
                    left -= entry.bytes;
                    report.of_kind(name).removed.add(entry.bytes);
                    report.removed_bytes += entry.bytes;
                    let (kind, key, bytes) = (name.clone(), entry.key, entry.bytes);
                    report.removed.push(Removed { kind, key, bytes });
                }
            }
            drop(registry);
            if !options.dry_run {
                layout::remove(&trash)?;
            }
        }
        if !options.dry_run {
            // Fails while there is something in it, which is then a leftover for the next time.
            let _ = effect::remove_folder("cache.gc.remove", &self.root().join(TRASH));
        }
        Ok(left)
    }

    /// The lock files that there are, held or not.
    fn locks(&self) -> Result<HashSet<String>> {
        let files = layout::children(&self.root().join("locks"))?;
        Ok(files.iter().map(|file| file.file_name().to_string_lossy().into_owned()).collect())
    }

    /// Whether somebody is making an entry. Who does has registered before, so nobody begins now.
    fn is_locked(&self, locks: &HashSet<String>, kind: &str, key: &Key) -> Result<bool> {
        let name = lock_name(kind, key);
        Ok(locks.contains(&name) && layout::in_use(&self.root().join("locks").join(name))?)
    }

    /// Moves an entry out of the way; it is deleted later.
    fn throw_away(&self, kind: &str, key: &Key, trash: &Path) -> Result<()> {
        let home: PathBuf = layout::object(self.root(), kind, key);
        self.open_files.forget(&home);
        let to = trash.join(lock_name(kind, key));
        let moved = match effect::rename("cache.gc.rename", &home, &to) {
            Err(e) if e.kind() == io::ErrorKind::NotFound && !trash.is_dir() => {
                effect::create_folder("cache.gc.folder", trash).io("create", trash)?;
                effect::rename("cache.gc.rename", &home, &to)
            }
            other => other,
        };
        match moved {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(Error::io("remove", &home, e)),
            _ => Ok(()),
        }
    }
}

/// Counts an entry that stays, under the first reason.
fn keep(report: &mut GcReport, kind: &str, why: u8, bytes: u64) {
    report.kept += 1;
    let of_kind = report.of_kind(kind);
    let reason = match why {
        0 => &mut of_kind.spared,
        why if why & RUNNING != 0 => &mut of_kind.running,
        why if why & LOCK_FILE != 0 => &mut of_kind.lock_files,
        why if why & PIN != 0 => &mut of_kind.pins,
        _ => &mut of_kind.newest_builds,
    };
    reason.add(bytes);
    match why {
        PIN => report.only_pins.add(bytes),
        RECENT => report.only_newest_builds.add(bytes),
        LOCK_FILE => report.only_lock_files.add(bytes),
        _ => {}
    }
}

/// Whether something is older than a limit; what has no time is older than any.
pub(super) fn is_older(time: Option<SystemTime>, limit: Option<Duration>, now: SystemTime) -> bool {
    let age = time.map_or(Duration::MAX, |t| now.duration_since(t).unwrap_or_default());
    limit.is_some_and(|limit| age > limit)
}
