//! Parameter sets: unit coordinates and typed values of one group, for one chunk of operators.

use std::ops::Range;
use std::sync::Arc;

use super::{Artifact, operators_label};
use crate::key::{Kind, Manifest};
use crate::sampling::Sampler;
use crate::space::{Group, ParameterId, Spec};

/// Document `parameters`: for each parameter of the group its unit coordinates (absent where it is
/// fixed) and its values, one per operator.
#[derive(Debug)]
pub struct Parameters {
    /// The group.
    pub group: Group,
    /// Operator indices.
    pub operators: Range<u64>,
    /// What draws the coordinates.
    pub sampler: Arc<dyn Sampler>,
    /// The parameters of the group that the experiment names.
    pub specs: Vec<(ParameterId, Spec)>,
}

impl Artifact for Parameters {
    const KIND: Kind = Kind { name: "parameters", version: 1 };

    fn describe(&self, m: &mut dyn Manifest) {
        m.param("group", self.group.name().into());
        m.param("operators", vec![self.operators.start, self.operators.end].into());
        // Without a sampled parameter nothing is drawn, and the sampler does not matter.
        if self.specs.iter().any(|(_, spec)| spec.fixed().is_none()) {
            self.sampler.describe(m);
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
