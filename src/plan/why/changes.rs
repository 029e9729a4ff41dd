//! What may have changed since the last build, and experiments with only some of it.

use std::collections::BTreeSet;
use std::path::Path;

use super::touch::{Scope, Variant};
use crate::config::{self, Edit, Experiment};
use crate::plan::memory::Memory;
use crate::plan::{expand, expand_some};
use crate::profile::Profile;

/// Most edits that are tried one by one; more are named together.
const MOST: usize = 12;

/// Where a machine's part of a recipe comes from.
const MACHINE: &str = "this machine, or --profile";
/// Where the versions in a recipe come from.
pub const PROGRAM: &str = "this version of spinlock";
/// Settings that choose the numerics profile.
const CHOOSE_PROFILE: [&str; 2] = ["simulation.device", "simulation.precision"];

/// Everything that differs between the last build and now.
pub struct Changes<'a> {
    /// What differs: settings, and the numerics profile as the last one if that differs.
    pub edits: Vec<Edit>,
    memory: &'a Memory,
    before: &'a Experiment,
    now: &'a Experiment,
    profiles: (Profile, &'a Profile),
    /// The place of the numerics profile in the edits.
    profile: Option<usize>,
    root: &'a Path,
}

impl<'a> Changes<'a> {
    /// Compares.
    pub fn new(
        memory: &'a Memory,
        before: &'a Experiment,
        now: &'a Experiment,
        profile: &'a Profile,
        root: &'a Path,
    ) -> Self {
        let mut edits = config::edits(before, &memory.places, now);
        let mut old = memory.profile();
        // An encoder is asked for by whoever has films, and no change of the machine.
        if old.encoder.is_none() || profile.encoder.is_none() {
            old.encoder.clone_from(&profile.encoder);
        }
        let mut machine = |path: &str, before: String, now: String| {
            edits.push(Edit {
                path: path.into(),
                before: Some(before),
                now: Some(now),
                at: MACHINE.into(),
                default: None,
            });
            Some(edits.len() - 1)
        };
        let named = |profile: &Profile| format!("{}, {}", profile.name, profile.precision.name());
        let mut place = None;
        if (&old.name, old.precision) != (&profile.name, profile.precision) {
            place = machine("numerics profile", named(&old), named(profile));
        } else if old.encoder != profile.encoder {
            let text =
                |encoder: &Option<std::sync::Arc<str>>| encoder.as_deref().unwrap_or("none").into();
            place = machine("video encoder", text(&old.encoder), text(&profile.encoder));
        }
        Self { edits, memory, before, now, profiles: (old, profile), profile: place, root }
    }

    /// All of them.
    pub fn all(&self) -> BTreeSet<usize> {
        (0..self.edits.len()).collect()
    }

    /// The setting that an edit is of.
    pub fn path(&self, edit: usize) -> Option<&str> {
        self.edits.get(edit).map(|edit| &*edit.path)
    }

    /// What this version of the program counts otherwise than the last build's.
    pub fn versions(&self) -> Vec<Edit> {
        let edit = |(name, before, now): (String, Option<u32>, u32)| Edit {
            path: format!("version of {name}"),
            before: before.map(|v| v.to_string()),
            now: Some(now.to_string()),
            at: PROGRAM.into(),
            default: None,
        };
        let raised: Vec<Edit> = self.memory.raised().into_iter().map(edit).collect();
        if !raised.is_empty() {
            return raised;
        }
        vec![Edit {
            path: "version of spinlock".into(),
            before: Some(self.memory.program.clone()),
            now: Some(env!("CARGO_PKG_VERSION").into()),
            at: PROGRAM.into(),
            default: None,
        }]
    }

    /// What is tried: single edits, and together those that are not valid alone, as few as are.
    pub fn units(&self) -> Vec<BTreeSet<usize>> {
        let all = self.all();
        if all.len() > MOST {
            return vec![all];
        }
        let mut units: Vec<BTreeSet<usize>> = Vec::new();
        let mut alone: BTreeSet<usize> = BTreeSet::new();
        let choosing = |i: &usize| CHOOSE_PROFILE.contains(&&*self.edits[*i].path);
        let choose: BTreeSet<usize> = all.iter().copied().filter(choosing).collect();
        for edit in &all {
            // The profile follows from what chooses it.
            if Some(*edit) == self.profile && !choose.is_empty() {
                continue;
            }
            let mut unit = BTreeSet::from([*edit]);
            if choose.contains(edit) {
                unit.extend(self.profile);
            }
            if self.experiment(&unit).is_some() {
                units.push(unit);
            } else {
                alone.insert(*edit);
            }
        }
        while let Some(edit) = alone.pop_first() {
            let pair = all.iter().map(|other| BTreeSet::from([edit, *other]));
            let mut several: BTreeSet<usize> = alone.clone();
            several.insert(edit);
            let mut sets = pair.chain([several, all.clone()]);
            let unit = sets.find(|set| set.len() > 1 && self.experiment(set).is_some());
            let unit = unit.unwrap_or_else(|| all.clone());
            alone.retain(|other| !unit.contains(other));
            match units.iter_mut().find(|known| known.len() > 1 && !known.is_disjoint(&unit)) {
                Some(known) => known.extend(unit),
                None => units.push(unit),
            }
        }
        units
    }

    /// The experiment of the last build with some of the edits; none if it has faults.
    fn experiment(&self, edits: &BTreeSet<usize>) -> Option<Experiment> {
        let take = |path: &str| edits.iter().any(|i| self.edits[*i].path == path);
        let document = config::between(&self.before.document, &self.now.document, &take);
        self.memory.with(document, self.root).ok()
    }

    /// The same, expanded; none also if renders turn out to be wrong.
    pub fn expand<'b>(&self, edits: &BTreeSet<usize>, scope: &Scope) -> Option<Variant<'b>> {
        let experiment = self.experiment(edits)?;
        let with_profile = self.profile.is_none_or(|profile| edits.contains(&profile));
        let profile = if with_profile { self.profiles.1 } else { &self.profiles.0 };
        let expansion = match scope.operators() {
            Some(operators) => expand_some(&experiment, profile, operators),
            None => expand(&experiment, profile),
        };
        expansion.faults.is_empty().then(|| Variant::new(expansion))
    }
}
