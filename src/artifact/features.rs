//! Feature tables: one category for one chunk of operators.

use std::sync::Arc;

use super::rollout::effective;
use super::{Artifact, Handle, InitialConditions, Weights, operators_label};
use crate::key::{Kind, Manifest};
use crate::operator::Operator;

/// Pieces `values/<op>` `[D]` float32, NaN where there is no value, and `validity/values/<op>` `[D]`, u8.
///
/// The one category of this version is `operator_sensitivity`: it looks at the network alone, so it
/// depends on weights, initial conditions and profile, not on rollouts.
#[derive(Debug)]
pub struct FeatureTable {
    /// The operators of the chunk.
    pub operators: Arc<[Operator]>,
    /// Their weights.
    pub weights: Handle<Weights>,
    /// Their initial conditions.
    pub inputs: Handle<InitialConditions>,
    /// The experiment seed: directions of the perturbations.
    pub seed: u64,
    /// Precision of the convolutions: a name.
    pub precision: &'static str,
    /// Numerics profile of the device.
    pub profile: Arc<str>,
}

impl FeatureTable {
    /// The category, as in labels and in the data set.
    pub const CATEGORY: &'static str = crate::operator::sensitivity::CATEGORY;
}

impl Artifact for FeatureTable {
    const KIND: Kind = Kind { name: "features", version: 1 };

    fn describe(&self, m: &mut dyn Manifest) {
        m.input("weights", self.weights.key());
        m.input("initial_conditions", self.inputs.key());
        m.param("category", Self::CATEGORY.into());
        m.param("category version", 2_u32.into());
        m.param("seed", self.seed.into());
        m.param("precision", self.precision.into());
        m.param("profile", self.profile.to_string().into());
        for operator in self.operators.iter() {
            // One application: what acts at T = 1.
            m.param(&format!("operator {}", operator.index), effective(operator, 1));
        }
    }

    fn label(&self) -> String {
        let (first, last) = (self.operators[0], self.operators[self.operators.len() - 1]);
        format!("features/{}/{}", operators_label(first.index, last.index), Self::CATEGORY)
    }
}
