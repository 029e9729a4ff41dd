//! Operator weights of one chunk: never the numbers themselves unless the experiment asks for them.

use std::sync::Arc;

use super::{Artifact, operators_label};
use crate::key::{Kind, Manifest, Value};
use crate::operator::{Architecture, Norm, Operator, Topology};

/// Document `weights`: per operator the stream key, the number of weights and the digest of its
/// tensors, which workers regenerate from the key. With `stored`, also the file
/// `weights.safetensors`.
#[derive(Debug)]
pub struct Weights {
    /// The operators of the chunk.
    pub operators: Arc<[Operator]>,
    /// The experiment seed.
    pub seed: u64,
    /// Whether the tensors themselves are kept: a second artifact beside the first, so that asking
    /// for them rebuilds no rollout.
    pub stored: bool,
}

/// What the weights of an architecture depend on: not its activation, not its dropout, and of its
/// normalisation only whether the convolutions have a bias.
fn effective(architecture: &Architecture, stored: bool) -> Value {
    let bias = architecture.norm == Norm::None;
    let mut fields = vec![
        ("num_layers", architecture.num_layers.into()),
        ("base_channels", architecture.base_channels.into()),
        ("kernel_size", architecture.kernel_size.into()),
        ("channels", architecture.channels.into()),
        ("bias", bias.into()),
        ("init", architecture.init.into()),
        ("weight_gain", architecture.weight_gain.into()),
    ];
    // Absent where it is what every architecture was before there were two.
    if architecture.topology != Topology::SimpleCnn {
        fields.push(("architecture", architecture.topology.into()));
    }
    if stored {
        fields.push(("norm", architecture.norm.into()));
    }
    Value::Map(fields)
}

impl Artifact for Weights {
    const KIND: Kind = Kind { name: "weights", version: 1 };

    fn describe(&self, m: &mut dyn Manifest) {
        m.param("seed", self.seed.into());
        if self.stored {
            m.param("stored", true.into());
        }
        for operator in self.operators.iter() {
            m.param(
                &format!("operator {}", operator.index),
                effective(&operator.architecture, self.stored),
            );
        }
    }

    fn label(&self) -> String {
        let (first, last) = (self.operators[0], self.operators[self.operators.len() - 1]);
        let stored = if self.stored { "/stored" } else { "" };
        format!("weights/{}{stored}", operators_label(first.index, last.index))
    }
}
