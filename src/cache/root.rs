//! Roots: what each build needs, written down before it looks at the cache.
//!
//! A record per build names its experiment, its lock file and a set of keys ([`super::keyset`]). A build
//! holds a kernel lock on its record as long as it lives, however it ends. Invariant: between a build and a
//! `gc` beside it there is no gap. Whoever registers and whoever removes hold the registry meanwhile: so
//! either `gc` sees the record before it removes something, or the build, which looks at the cache after it
//! registered, sees that it is gone.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::layout::{self, TempFile, in_use};
use super::lock::{self, KeyLock};
use super::pin::{Named, records};
use super::{Cache, keyset, sealed};
use crate::effect;
use crate::error::{IoContext, Result};
use crate::key::{Digest, Key};

/// So many builds are remembered besides those that live or whose lock file does.
const REMEMBERED: usize = 32;
/// The folder of the records.
pub(super) const FOLDER: &str = "roots";

/// A build, as its record describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootRecord {
    /// The experiment, as a person names it.
    pub experiment: String,
    /// Its lock file, absolute; as long as that exists, the newest build that came to its end keeps its
    /// keys. `None` for a build without one.
    pub lock: Option<PathBuf>,
    /// The numerics profile; a lock file may tell of several.
    #[serde(default)]
    pub profile: String,
    /// Whether the build came to its end.
    #[serde(default = "yes")]
    pub done: bool,
    /// The set of everything it needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) set: Option<Digest>,
    /// The same, as earlier versions wrote it: one record for each experiment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) keys: Vec<Key>,
}

fn yes() -> bool {
    true
}

impl RootRecord {
    /// A build that begins. What it needs is said when it is registered.
    pub fn new(experiment: String, lock: Option<PathBuf>, profile: String) -> Self {
        Self { experiment, lock, profile, done: false, set: None, keys: Vec::new() }
    }

    /// Whether the experiment still asks for its keys. A lock file counts as deleted only where its
    /// folder can be seen: on a shared cache it may lie on another machine.
    pub fn is_live(&self) -> bool {
        self.lock.as_deref().is_some_and(|lock| {
            let folder_seen = lock.parent().is_some_and(Path::is_dir);
            !folder_seen || lock.exists()
        })
    }
}

/// A registered build; its keys are safe as long as this lives.
#[derive(Debug)]
pub struct Registered {
    path: PathBuf,
    record: RootRecord,
    /// Locked.
    file: TempFile,
}

impl Registered {
    /// Remembers that the build came to its end: it replaces earlier ones of its lock file.
    ///
    /// # Errors
    /// If the record cannot be written.
    pub fn done(&mut self) -> Result<()> {
        if self.record.lock.is_none() {
            return Ok(());
        }
        self.record.done = true;
        self.file = write_locked(&self.path, &self.record)?;
        Ok(())
    }

    /// Forgets the build: what it made may go.
    ///
    /// # Errors
    /// If the record cannot be removed.
    pub fn forget(self) -> Result<()> {
        layout::remove(&self.path)
    }
}

/// Writes a record that is locked from the moment it appears.
fn write_locked(path: &Path, record: &RootRecord) -> Result<TempFile> {
    let folder = path.parent().expect("a record lies in a folder");
    let mut file = TempFile::create_in(folder)?;
    let bytes = sealed::seal("root", record)?;
    effect::write_all("cache.record.write", &mut file.file, &bytes).io("write", path)?;
    effect::sync("cache.record.sync", &file.file).io("write", path)?;
    file.persist(path)
}

/// What is said of a build by its record and by the records beside it.
pub(super) struct Root {
    pub(super) name: String,
    pub(super) record: RootRecord,
    /// Its process lives.
    pub(super) running: bool,
    /// The newest of its lock file that came to its end, and the lock file is there.
    pub(super) of_lock_file: bool,
}

impl Cache {
    /// Registers a build that needs these keys. Look at the cache afterwards: what is there then stays.
    ///
    /// # Errors
    /// If it cannot be written down.
    pub fn register(&self, mut record: RootRecord, keys: Vec<Key>) -> Result<Registered> {
        let (bytes, digest) = keyset::encode(keys);
        record.set = Some(digest);
        let path = self.record_path(FOLDER, &layout::unique("build-"));
        let registry = self.registry()?;
        self.store_keyset(&bytes, &digest)?;
        let file = write_locked(&path, &record)?;
        self.forget_old()?;
        drop(registry);
        Ok(Registered { path, record, file })
    }

    /// The right to register or to remove; waits for it.
    pub(super) fn registry(&self) -> Result<KeyLock> {
        lock::lock_file(self.root().join("locks").join(lock::REGISTRY))
    }

    /// Every build that is remembered, by the name of its record, the newest first.
    ///
    /// # Errors
    /// [`crate::error::ErrorKind::Integrity`] if a record cannot be read.
    pub fn roots(&self) -> Result<Vec<(String, RootRecord)>> {
        Ok(self.root_records()?.into_iter().map(|root| (root.name, root.record)).collect())
    }

    /// As [`Cache::roots`], with what keeps each.
    pub(super) fn root_records(&self) -> Result<Vec<Root>> {
        let mut seen = HashSet::new();
        let mut live = HashMap::new();
        // Who runs is asked first: a build that comes to its end between the two questions is seen as
        // one that runs, and never as one that neither runs nor came to its end.
        let folder = self.root().join(FOLDER);
        let mut over = HashSet::new();
        for child in layout::children(&folder)? {
            if !in_use(&child.path())? {
                over.insert(child.path());
            }
        }
        let found: Vec<Named<RootRecord>> = records(&folder, "root")?;
        let mut roots = Vec::with_capacity(found.len());
        for Named { name, record, .. } in found {
            let newest = record.done
                && record.lock.is_some()
                && seen.insert((record.lock.clone(), record.profile.clone()));
            let of_lock_file =
                newest && *live.entry(record.lock.clone()).or_insert_with(|| record.is_live());
            let running = !over.contains(&self.record_path(FOLDER, &name));
            roots.push(Root { name, record, running, of_lock_file });
        }
        Ok(roots)
    }

    /// Forgets builds that are over, but for the newest and those of lock files. Hold the registry.
    fn forget_old(&self) -> Result<()> {
        if layout::children(&self.root().join(FOLDER))?.len() <= REMEMBERED {
            return Ok(());
        }
        // A damaged record stays, for `gc` to complain of.
        let Ok(roots) = self.root_records() else { return Ok(()) };
        let old =
            |(at, root): &(usize, Root)| *at >= REMEMBERED && !root.running && !root.of_lock_file;
        let (gone, kept): (Vec<_>, Vec<_>) = roots.into_iter().enumerate().partition(old);
        for (_, root) in &gone {
            layout::remove(&self.record_path(FOLDER, &root.name))?;
        }
        let wanted: HashSet<String> =
            kept.iter().filter_map(|(_, r)| r.record.set).map(|set| set.to_string()).collect();
        self.drop_keysets(&|name| wanted.contains(name))
    }
}
