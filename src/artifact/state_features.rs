//! Feature tables of states: one category for the rollouts of a chunk.

use std::sync::Arc;

use super::{Artifact, Handle, RolloutChunk, operators_label};
use crate::features::{Category, Settings};
use crate::key::{Kind, Manifest};
use crate::operator::Operator;

/// Pieces per operator, float32 with NaN where there is no value, and `validity` beside each, u8. Of a
/// category of states: `mean/<op>` and `std/<op>` `[T, D]` over realizations. Of a category of
/// trajectories: `values/<op>` `[M, D]`.
#[derive(Debug)]
pub struct StateFeatures {
    /// The category.
    pub category: &'static dyn Category,
    /// Its settings.
    pub settings: Settings,
    /// The operators: those of a chunk with one grid and one dependence on the horizon.
    pub operators: Arc<[Operator]>,
    /// First and last operator of the whole chunk, for the label.
    pub chunk: (u64, u64),
    /// What tells these operators apart from others of the same chunk, for the label; often empty.
    pub group: String,
    /// Their rollouts: blocks of realizations, each with its segments in order.
    pub rollouts: Vec<Vec<Handle<RolloutChunk>>>,
}

impl Artifact for StateFeatures {
    const KIND: Kind = super::FeatureTable::KIND;

    fn describe(&self, m: &mut dyn Manifest) {
        for (block, segments) in self.rollouts.iter().enumerate() {
            for (segment, rollout) in segments.iter().enumerate() {
                m.input(&format!("rollout {block} {segment}"), rollout.key());
            }
        }
        m.param("category", self.category.name().into());
        m.param("category version", self.category.version().into());
        self.settings.describe(self.category.name(), m);
    }

    fn label(&self) -> String {
        let chunk = operators_label(self.chunk.0, self.chunk.1);
        format!("features/{chunk}/{}{}", self.category.name(), self.group)
    }
}
