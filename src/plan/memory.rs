//! What a build remembers of its experiment, so that a later plan can say what was edited since.
//!
//! Invariant: a remembered experiment expands to the recipes that the build had, as long as no version
//! of anything was raised since. It does not know where it is kept.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::artifact::KINDS;
use crate::config::{self, Experiment, Places};
use crate::error::Result;
use crate::features::CATEGORIES;
use crate::ic::families::FAMILIES;
use crate::operator::rollout::Precision;
use crate::profile::Profile;
use crate::render::aggregate::AGGREGATES;

/// An experiment as it was built.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Memory {
    /// As [`config::snapshot`] gives it.
    pub snapshot: serde_json::Value,
    /// Where each of its settings stood.
    pub places: Places,
    /// The numerics profile by name.
    pub profile: String,
    /// The precision of the convolutions by name.
    pub precision: String,
    /// What encoded video.
    pub encoder: Option<String>,
    /// Versions of what has one.
    pub versions: BTreeMap<String, u32>,
    /// The version of the program.
    pub program: String,
}

impl Memory {
    /// What is to be remembered of a build.
    pub fn new(experiment: &Experiment, profile: &Profile) -> Self {
        Self {
            snapshot: config::snapshot(experiment),
            places: (*experiment.places).clone(),
            profile: profile.name.to_string(),
            precision: profile.precision.name().to_owned(),
            encoder: profile.encoder.as_deref().map(str::to_owned),
            versions: versions(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// The experiment as it was.
    ///
    /// # Errors
    /// If this version of the program refuses it.
    pub fn experiment(&self, root: &Path) -> Result<Experiment> {
        config::from_snapshot(&self.snapshot.to_string(), root)
    }

    /// The experiment with another document.
    ///
    /// # Errors
    /// If the document has faults.
    pub fn with(&self, document: serde_json::Value, root: &Path) -> Result<Experiment> {
        let mut snapshot = self.snapshot.clone();
        snapshot["document"] = document;
        config::from_snapshot(&snapshot.to_string(), root)
    }

    /// The numerics profile that it had.
    pub fn profile(&self) -> Profile {
        let all = [Precision::Float32, Precision::Float16, Precision::Bfloat16];
        let precision = all.into_iter().find(|p| p.name() == self.precision);
        let named = Profile::named(&self.profile, precision.unwrap_or(Precision::Float32));
        Profile { encoder: self.encoder.as_deref().map(Into::into), ..named }
    }

    /// What has another version now: its name, and what the version was.
    pub fn raised(&self) -> Vec<(String, Option<u32>, u32)> {
        let now = versions().into_iter();
        let changed = now.filter(|(name, version)| self.versions.get(name) != Some(version));
        changed.map(|(name, now)| (name.clone(), self.versions.get(&name).copied(), now)).collect()
    }
}

/// Versions of everything that has one and enters keys.
fn versions() -> BTreeMap<String, u32> {
    let kinds = KINDS.iter().map(|kind| (format!("kind {}", kind.name), kind.version));
    let families = FAMILIES.iter().map(|f| (format!("initial condition {}", f.name), f.version));
    let categories = CATEGORIES.iter().map(|c| (format!("features {}", c.name()), c.version()));
    let aggregates = AGGREGATES.iter().map(|a| (format!("aggregate {}", a.name()), a.version()));
    kinds.chain(families).chain(categories).chain(aggregates).collect()
}
