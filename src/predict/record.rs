//! What the last builds of a profile measured: `log/measured-<profile>.txt` in the cache, a JSON object
//! for each build, the oldest first.
//!
//! Invariant: the file is bounded and appears complete or not at all. Lines that cannot be read, and
//! numbers that cannot be, are passed over.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::cache::Cache;
use crate::profile::Profile;

/// Most builds that are kept.
const MOST: usize = 32;
/// Largest file that is read.
const LARGEST: u64 = 1 << 20;

/// What was done of one pool.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Done {
    /// As in [`super::Pool`].
    pub work: f64,
    /// Seconds that workers spent.
    pub seconds: f64,
    /// Bytes before encoding.
    pub raw: f64,
    /// Bytes on the disk.
    pub stored: f64,
}

/// What one build measured.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Measured {
    /// The experiment file.
    pub experiment: String,
    /// Workers for rollouts.
    pub jobs: usize,
    /// By pool.
    pub pools: BTreeMap<String, Done>,
    /// Seconds until the first worker was ready.
    pub ready: f64,
    /// Seconds of the stage that computes.
    pub compute: f64,
    /// What these would be if workers always had work and were ready at once.
    pub ideal: f64,
    /// The data set: bytes before encoding as `work`, seconds, and bytes of the file.
    pub assemble: Option<Done>,
    /// Seconds after that.
    pub finish: f64,
}

/// What the last builds measured, the oldest first.
#[derive(Debug, Clone, Default)]
pub struct Record(pub Vec<Measured>);

impl Record {
    /// What is known of a profile; nothing if it cannot be read.
    pub fn read(cache: &Cache, profile: &Profile) -> Self {
        let path = path(cache, profile);
        if path.metadata().is_ok_and(|about| about.len() > LARGEST) {
            return Self::default();
        }
        let text = fs::read_to_string(path).unwrap_or_default();
        let lines = text.lines().filter_map(|line| serde_json::from_str(line).ok());
        Self(lines.filter(Measured::is_sound).collect())
    }

    /// Adds a build. A cache that cannot be written remembers nothing.
    pub fn add(cache: &Cache, profile: &Profile, measured: Measured) {
        if !measured.is_sound() {
            return;
        }
        let mut all = Self::read(cache, profile).0;
        all.push(measured);
        let first = all.len().saturating_sub(MOST);
        let lines = all[first..].iter().filter_map(|one| serde_json::to_string(one).ok());
        let text: String = lines.map(|line| line + "\n").collect();
        let path = path(cache, profile);
        let half = path.with_extension(format!("tmp-{}", std::process::id()));
        if fs::write(&half, text).and_then(|()| fs::rename(&half, &path)).is_err() {
            let _ = fs::remove_file(&half);
        }
    }
}

impl Measured {
    /// Whether every number can be one of a build.
    fn is_sound(&self) -> bool {
        let done = self.pools.values().chain(&self.assemble);
        let of_done = done.flat_map(|done| [done.work, done.seconds, done.raw, done.stored]);
        let own = [self.ready, self.compute, self.ideal, self.finish];
        of_done.chain(own).all(|number| number.is_finite() && (0.0..1e18).contains(&number))
    }
}

fn path(cache: &Cache, profile: &Profile) -> PathBuf {
    let identity = format!("{} {}", profile.name, profile.precision.name());
    let name = blake3::hash(identity.as_bytes()).to_hex();
    cache.root().join("log").join(format!("measured-{}.txt", &name[..16]))
}
