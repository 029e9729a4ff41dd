//! Which keys must stay, and because of what.
//!
//! Invariant: while [`Needed::refresh`] was called last under a registry that is still held, every build that
//! may use an entry is counted. One that registers later looks at the cache later.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::time::SystemTime;

use super::layout::children;
use super::sealed::Trouble;
use super::{Cache, root};
use crate::error::{Error, Result};
use crate::key::{Digest, Key, KeyMap};

/// A build that runs needs it.
pub(super) const RUNNING: u8 = 1;
/// It is in the newest build of a lock file.
pub(super) const LOCK_FILE: u8 = 2;
/// A person keeps it.
pub(super) const PIN: u8 = 4;
/// It is in one of the newest builds.
pub(super) const RECENT: u8 = 8;

/// Keys with what keeps them.
pub(super) struct Needed {
    keys: KeyMap<u8>,
    /// Sets that were read, with what they were counted as.
    sets: HashMap<Digest, u8>,
    /// Records that were read, as they were.
    seen: HashSet<(PathBuf, SystemTime)>,
    newest_builds: usize,
    /// Names of roots that keep nothing.
    pub(super) idle: Vec<String>,
}

impl Needed {
    /// What is needed now; hold the registry.
    /// # Errors
    /// [`crate::error::ErrorKind::Integrity`] if a record or a set cannot be read: what it keeps is not
    /// known.
    pub(super) fn new(cache: &Cache, newest_builds: usize) -> Result<Self> {
        let mut needed = Self {
            keys: KeyMap::default(),
            sets: HashMap::new(),
            seen: HashSet::new(),
            newest_builds,
            idle: Vec::new(),
        };
        needed.refresh(cache)?;
        Ok(needed)
    }

    /// What keeps a key; 0 if nothing does.
    pub(super) fn why(&self, key: &Key) -> u8 {
        self.keys.get(key).copied().unwrap_or(0)
    }

    /// Adds what was registered or pinned since the last time; hold the registry.
    pub(super) fn refresh(&mut self, cache: &Cache) -> Result<()> {
        let mut now = HashSet::new();
        for folder in [root::FOLDER, "pins"] {
            for child in children(&cache.root().join(folder))? {
                let written = child.metadata().and_then(|about| about.modified());
                now.extend(written.map(|written| (child.path(), written)));
            }
        }
        if now.is_subset(&self.seen) {
            return Ok(());
        }
        self.seen = now;
        for (_, pin) in cache.pins()? {
            pin.keys.iter().for_each(|key| self.add(*key, PIN));
        }
        self.idle.clear();
        for (at, root) in cache.root_records()?.into_iter().enumerate() {
            let mut why = if root.running { RUNNING } else { 0 };
            why |= if root.of_lock_file { LOCK_FILE } else { 0 };
            why |= if at < self.newest_builds { RECENT } else { 0 };
            if why == 0 {
                self.idle.push(root.name);
                continue;
            }
            root.record.keys.iter().for_each(|key| self.add(*key, why));
            let Some(set) = root.record.set else { continue };
            if self.sets.get(&set).is_some_and(|counted| counted & why == why) {
                continue;
            }
            *self.sets.entry(set).or_default() |= why;
            match cache.keyset(&set) {
                Ok(keys) => keys.into_iter().for_each(|key| self.add(key, why)),
                Err(Trouble::Failed(error)) => return Err(error),
                Err(trouble) => {
                    let path = cache.keyset_path(&set);
                    let what = match trouble {
                        Trouble::Damaged(why) => why,
                        _ => "it is missing".to_owned(),
                    };
                    let record = cache.record_path(root::FOLDER, &root.name);
                    return Err(Error::integrity(format!("`{}`: {what}", path.display())).help(
                        format!(
                            "it says what the builds of `{}` need: delete it and `{}`, then build \
                             that experiment again",
                            root.record.experiment,
                            record.display()
                        ),
                    ));
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, key: Key, why: u8) {
        *self.keys.entry(key).or_default() |= why;
    }
}
