//! Parameter sets: unit coordinates and typed values of one group, for one chunk of operators.

use std::ops::Range;

use super::{Artifact, operators_label};
use crate::key::{Kind, Manifest};
use crate::sampling::Scramble;
use crate::space::{Group, ParameterId, Spec};

/// Document `parameters`: for each parameter of the group its unit coordinates (absent where it is
/// fixed) and its values, one per operator.
#[derive(Debug)]
pub struct Parameters {
    /// The group.
    pub group: Group,
    /// Operator indices.
    pub operators: Range<u64>,
    /// The experiment seed.
    pub seed: u64,
    /// How the sequence is scrambled.
    pub scramble: Scramble,
    /// The parameters of the group that the experiment names.
    pub specs: Vec<(ParameterId, Spec)>,
}

impl Artifact for Parameters {
    const KIND: Kind = Kind { name: "parameters", version: 1 };

    fn describe(&self, m: &mut dyn Manifest) {
        m.param("group", self.group.name().into());
        m.param("operators", vec![self.operators.start, self.operators.end].into());
        // Without a sampled parameter nothing is drawn, and the sequence does not matter.
        if self.specs.iter().any(|(_, spec)| spec.fixed().is_none()) {
            m.param("sampler", "sobol".into());
            m.param("scramble", self.scramble.name().into());
            m.param("seed", self.seed.into());
        }
        for (id, spec) in &self.specs {
            m.param(id.get().name, spec.to_value());
        }
    }

    fn label(&self) -> String {
        let operators = operators_label(self.operators.start, self.operators.end - 1);
        format!("parameters/{operators}/{}", self.group.name())
    }
}
