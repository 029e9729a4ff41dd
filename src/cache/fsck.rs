//! Verifies everything.
//!
//! Invariant: after a run that was no dry run, no damaged entry stands under a key. Complete parts of
//! unfinished builds are no damage: they stay, so that these builds resume.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::entry::{Entry, check_file, content_digest};
use super::layout::{self, TEMPORARY, children, size_of};
use super::plain;
use super::read::check_piece;
use super::sealed::{self, Trouble};
use super::{Cache, gc, keyset, lock, scratch, survey};
use crate::error::Result;
use crate::key::Key;

/// What to verify and what to do about it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FsckOptions {
    /// Also decode every array and verify its leaves. Without it the stored bytes are verified, all
    /// of them; this finds a fault in the encoder too.
    pub deep: bool,
    /// Change nothing.
    pub dry_run: bool,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FsckProgress {
    /// Entries verified.
    pub done: usize,
    /// Entries there are.
    pub total: usize,
    /// Payload bytes verified.
    pub bytes: u64,
}

/// A damaged entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Damage {
    /// Its kind.
    pub kind: String,
    /// Its key.
    pub key: Key,
    /// What is wrong with it.
    pub what: String,
    /// Where it lies now; `None` in a dry run, and if the machine could not read it.
    pub quarantined: Option<PathBuf>,
}

/// Something of a process that was killed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Leftover {
    /// Where.
    pub path: PathBuf,
    /// Its bytes.
    pub bytes: u64,
}

/// Complete parts of unfinished builds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Resumable {
    /// How many.
    pub parts: usize,
    /// Their bytes.
    pub bytes: u64,
}

/// What `fsck` found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FsckReport {
    /// Entries verified.
    pub entries: usize,
    /// Payload bytes verified.
    pub bytes: u64,
    /// Entries that are damaged.
    pub damaged: Vec<Damage>,
    /// Roots, pins and records of outputs that are damaged; left where they are. `gc` refuses to run
    /// beside a damaged root or pin, and a damaged record of an output counts as none.
    pub damaged_records: Vec<PathBuf>,
    /// Leftovers; removed unless it was a dry run.
    pub leftovers: Vec<Leftover>,
    /// What the next build continues from.
    pub resumable: Resumable,
    /// Things among the entries that are none; left alone.
    pub foreign: Vec<PathBuf>,
    /// Nothing was changed: that was asked for, or the cache cannot be written.
    pub dry_run: bool,
}

/// One verified entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Payload bytes.
    pub bytes: u64,
    /// What is wrong, if anything is.
    pub fault: Option<String>,
}

impl Cache {
    /// Verifies every entry, moves damaged ones to quarantine, and clears away what killed processes
    /// left. Builds may run meanwhile.
    pub fn fsck(
        &self,
        options: FsckOptions,
        progress: &mut dyn FnMut(FsckProgress),
    ) -> Result<FsckReport> {
        let options = FsckOptions { dry_run: options.dry_run || self.is_read_only(), ..options };
        let mut report = FsckReport { dry_run: options.dry_run, ..FsckReport::default() };
        let mut entries = Vec::new();
        for kind in self.kinds()? {
            let (found, foreign) = self.walk(&kind)?;
            report.foreign.extend(foreign);
            entries.extend(found.into_iter().map(|f| (kind.clone(), f.key)));
        }
        let total = entries.len();
        for (kind, key) in entries {
            let (mut bytes, mut trouble) = self.examine(&kind, &key, options.deep);
            // Who holds the lock may be taking the entry away, or putting it there again: what is still
            // damaged once the lock is ours is damaged.
            let _lock = match &trouble {
                Some(Trouble::Damaged(_)) => {
                    let lock = self.sweep_lock(&kind, &key, options.dry_run)?;
                    (bytes, trouble) = self.examine(&kind, &key, options.deep);
                    lock
                }
                _ => None,
            };
            match trouble {
                Some(Trouble::Damaged(what)) => {
                    let quarantined =
                        if options.dry_run { None } else { self.quarantine(&kind, &key, &what)? };
                    report.damaged.push(Damage { kind, key, what, quarantined });
                }
                Some(Trouble::Failed(error)) => {
                    let what = error.message;
                    report.damaged.push(Damage { kind, key, what, quarantined: None });
                }
                // A `gc` beside us removed it.
                Some(Trouble::Absent) | None => {}
            }
            report.entries += 1;
            report.bytes += bytes;
            progress(FsckProgress { done: report.entries, total, bytes: report.bytes });
        }
        self.sweep_staging(options, &mut report)?;
        self.sweep_files(options, &mut report)?;
        Ok(report)
    }

    /// Verifies one entry and changes nothing.
    /// # Errors
    /// [`crate::error::ErrorKind::Environment`] if the machine cannot read it.
    pub fn check(&self, kind: &str, key: &Key, deep: bool) -> Result<Checked> {
        let (bytes, trouble) = self.examine(kind, key, deep);
        match trouble {
            None => Ok(Checked { bytes, fault: None }),
            Some(Trouble::Damaged(why)) => Ok(Checked { bytes, fault: Some(why) }),
            Some(Trouble::Absent) => Ok(Checked { bytes, fault: Some("it is missing".to_owned()) }),
            Some(Trouble::Failed(error)) => Err(error),
        }
    }

    fn examine(&self, kind: &str, key: &Key, deep: bool) -> (u64, Option<Trouble>) {
        let folder = layout::object(self.root(), kind, key);
        match self.load(kind, key) {
            Ok(entry) => (entry.bytes(), check_payload(&folder, &entry, deep).err()),
            Err(trouble) => (0, Some(trouble)),
        }
    }

    /// Staging: keeps the complete parts of keys that are not published, and what is in use.
    fn sweep_staging(&self, options: FsckOptions, report: &mut FsckReport) -> Result<()> {
        for kind in children(&self.root().join("staging"))? {
            if !plain::is_folder(&kind.path()) {
                report.foreign.push(kind.path());
                continue;
            }
            for folder in children(&kind.path())? {
                let names = (kind.file_name().into_string(), folder.file_name().into_string());
                let key = match &names {
                    (Ok(_), Ok(key)) => key.parse::<Key>().ok(),
                    _ => None,
                };
                let key = key.filter(|_| plain::is_folder(&folder.path()));
                let (Ok(kind), Some(key)) = (names.0, key) else {
                    report.foreign.push(folder.path());
                    continue;
                };
                let Some(_free) = self.sweep_lock(&kind, &key, options.dry_run)? else { continue };
                let found = survey::survey(&folder.path())?;
                let useless = found.parts.is_empty() || self.has(&kind, &key);
                if useless && !found.in_use {
                    leftover(folder.path(), options, report)?;
                    continue;
                }
                report.resumable.parts += found.parts.len();
                report.resumable.bytes += found.parts.iter().map(|p| p.bytes).sum::<u64>();
                for path in found.leftovers {
                    leftover(path, options, report)?;
                }
            }
        }
        Ok(())
    }

    /// Damaged records, temporary files beside them, and lock files that nobody holds.
    fn sweep_files(&self, options: FsckOptions, report: &mut FsckReport) -> Result<()> {
        let folders = [
            ("", ""),
            ("roots", "root"),
            ("pins", "pin"),
            ("outputs", "output"),
            (keyset::FOLDER, ""),
        ];
        for (folder, what) in folders {
            for child in children(&self.root().join(folder))? {
                let path = child.path();
                if child.file_name().as_encoded_bytes().starts_with(TEMPORARY.as_bytes()) {
                    if !layout::in_use(&path)? {
                        leftover(path, options, report)?;
                    }
                } else if !what.is_empty()
                    && let Err(Trouble::Damaged(_)) = sealed::read::<serde_json::Value>(&path, what)
                {
                    report.damaged_records.push(path);
                }
            }
        }
        for child in children(&self.root().join(keyset::FOLDER))? {
            let name = child.file_name().to_string_lossy().parse();
            if let Ok(digest) = name
                && let Err(Trouble::Damaged(_)) = self.keyset(&digest)
            {
                report.damaged_records.push(child.path());
            }
        }
        let trash = self.root().join(gc::TRASH);
        if trash.exists() && !layout::in_use(&self.root().join("locks").join(lock::GC))? {
            leftover(trash, options, report)?;
        }
        for path in scratch::leftovers(self.root())? {
            leftover(path, options, report)?;
        }
        for child in children(&self.root().join("locks"))? {
            if !child.file_type().is_ok_and(|sort| sort.is_file()) {
                report.foreign.push(child.path());
            } else if !layout::in_use(&child.path())? {
                report.leftovers.push(Leftover { path: child.path(), bytes: 0 });
                if !options.dry_run {
                    // Taking the lock and giving it back removes the file.
                    lock::try_lock_file(child.path())?;
                }
            }
        }
        Ok(())
    }
}

/// Verifies the payload of an entry whose head is as written.
pub(super) fn check_payload(folder: &Path, entry: &Entry, deep: bool) -> Result<(), Trouble> {
    for record in &entry.files {
        check_file(folder, record)?;
        let path = folder.join(&record.name);
        let file =
            plain::open("cache.payload.open", &path).map_err(|e| Trouble::reading(&path, e))?;
        for piece in entry.pieces.iter().filter(|p| p.file == record.name) {
            check_piece(&file, &path, piece, deep)?;
        }
    }
    if content_digest(&entry.pieces, &entry.documents) == entry.digest {
        Ok(())
    } else {
        Err(Trouble::Damaged("its digest is not that of its content".to_owned()))
    }
}

fn leftover(path: PathBuf, options: FsckOptions, report: &mut FsckReport) -> Result<()> {
    let bytes = size_of(&path);
    if !options.dry_run {
        layout::remove(&path)?;
    }
    report.leftovers.push(Leftover { path, bytes });
    Ok(())
}
