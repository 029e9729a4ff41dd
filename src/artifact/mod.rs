//! The kinds of artifacts, one file each: recipes only.
//!
//! A recipe is a plain struct of *effective* values with one method that walks its fields. It knows
//! nothing of graphs, caches or kernels. Every kind has a version, hashed into its keys, and raised
//! when the meaning of its content changes.

mod dataset;
mod features;
mod initial_conditions;
mod parameters;
mod render;
mod rollout;
mod state_features;
mod statistics;
mod weights;

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;

pub use dataset::DatasetFile;
pub use features::FeatureTable;
pub use initial_conditions::{InitialConditions, Input};
pub use parameters::Parameters;
pub use render::{Picture, RenderFile, RenderFrames, RenderTally, Row};
pub use rollout::{Looked, RolloutChunk, Start};
pub use state_features::StateFeatures;
pub use statistics::Statistics;
pub use weights::Weights;

use crate::key::{Key, KeyHasher, Kind, Manifest};

/// Every kind, in the order in which things are made.
pub const KINDS: [Kind; 8] = [
    Parameters::KIND,
    Weights::KIND,
    InitialConditions::KIND,
    RolloutChunk::KIND,
    FeatureTable::KIND,
    Statistics::KIND,
    RenderFile::KIND,
    DatasetFile::KIND,
];

/// Whether artifacts of a kind are the same bytes on every machine, so that a worker without the
/// device of the build can make them.
pub fn is_portable(kind: &str) -> bool {
    let portable = [
        Parameters::KIND,
        Weights::KIND,
        InitialConditions::KIND,
        Statistics::KIND,
        RenderFile::KIND,
    ];
    portable.iter().any(|k| k.name == kind)
}

/// A recipe.
pub trait Artifact: fmt::Debug + Send + Sync + Any {
    /// Its kind.
    const KIND: Kind;

    /// Walks the fields, in a fixed order.
    fn describe(&self, m: &mut dyn Manifest);

    /// What a person calls it: `rollout/ops32-63/m0-4/t0-63`.
    fn label(&self) -> String;

    /// The key of this recipe.
    fn key(&self) -> Key {
        let mut hasher = KeyHasher::new(Self::KIND);
        self.describe(&mut hasher);
        hasher.finish()
    }
}

/// Names an artifact of a certain kind in a graph: a rollout cannot be given the initial conditions
/// in place of the weights.
pub struct Handle<A> {
    key: Key,
    kind: PhantomData<fn() -> A>,
}

impl<A> Handle<A> {
    /// A handle; made by the graph when a recipe is added.
    pub(crate) fn new(key: Key) -> Self {
        Self { key, kind: PhantomData }
    }

    /// Its key.
    pub fn key(&self) -> Key {
        self.key
    }
}

impl<A> Clone for Handle<A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A> Copy for Handle<A> {}

impl<A> fmt::Debug for Handle<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handle({})", self.key)
    }
}

/// `ops32-63`, or `ops7-7` for one.
fn operators_label(first: u64, last: u64) -> String {
    format!("ops{first}-{last}")
}
