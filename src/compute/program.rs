//! An operator as a list of stages.
//!
//! Stage `i` reads slot `i` and writes slot `i + 1`, and never changes a slot that an earlier stage
//! wrote. How a stage is computed is the business of the backends.

use crate::operator::layers::{Block, Stack};
use crate::operator::{NoiseLocation, Operator};

use super::noise::site;

/// One step of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The noise block on this many channels.
    Noise {
        /// Its draw site.
        site: u32,
        /// Planes it acts on.
        channels: usize,
    },
    /// Channel dropout.
    Dropout {
        /// Its draw site.
        site: u32,
        /// Planes it acts on.
        channels: usize,
    },
    /// Convolution, normalisation, activation.
    Layer {
        /// Which of the network's convolutions.
        conv: usize,
    },
    /// Adds a residual block's skip.
    Skip {
        /// The slot that holds the block's input.
        slot: usize,
        /// Its projection, if the widths differ.
        projection: Option<usize>,
    },
    /// The 1×1 output layer.
    Output {
        /// Which of the network's convolutions.
        conv: usize,
    },
}

impl Stage {
    /// Whether it draws random numbers.
    pub(super) fn is_random(self) -> bool {
        matches!(self, Stage::Noise { .. } | Stage::Dropout { .. })
    }
}

/// The stages of `operator`. `projected`: noise on the features is drawn behind the output layer.
pub(super) fn program(operator: &Operator, projected: bool) -> Vec<Stage> {
    let architecture = &operator.architecture;
    let location = operator.noise.map(|noise| noise.location);
    let dropout = architecture.dropout_rate > 0.0;
    let mut stages = Vec::new();
    let (mut conv, mut layer) = (0, 0);
    let mut width = architecture.channels as usize;
    let mut push_layer = |stages: &mut Vec<Stage>, conv: usize, outputs: u32| {
        stages.push(Stage::Layer { conv });
        if dropout {
            stages.push(Stage::Dropout { site: site::DROPOUT + layer, channels: outputs as usize });
        }
        layer += 1;
    };
    if location == Some(NoiseLocation::Input) {
        stages.push(Stage::Noise { site: site::INPUT, channels: width });
    }
    for (j, block) in Stack::new(architecture).blocks.into_iter().enumerate() {
        match block {
            Block::Plain(plain) => {
                push_layer(&mut stages, conv, plain.outputs);
                conv += 1;
                width = plain.outputs as usize;
            }
            Block::Residual { first, second, projection } => {
                let slot = stages.len();
                push_layer(&mut stages, conv, first.outputs);
                push_layer(&mut stages, conv + 1, second.outputs);
                conv += 2;
                let projection = projection.map(|_| {
                    conv += 1;
                    conv - 1
                });
                stages.push(Stage::Skip { slot, projection });
                width = second.outputs as usize;
            }
        }
        if location == Some(NoiseLocation::Hidden) {
            stages.push(Stage::Noise { site: site::HIDDEN + j as u32, channels: width });
        }
    }
    if location == Some(NoiseLocation::Features) && !projected {
        stages.push(Stage::Noise { site: site::FEATURES, channels: width });
    }
    stages.push(Stage::Output { conv });
    stages
}

/// After which stage each slot is read for the last time. What the suffix reads of the prefix stays:
/// the suffix may run again.
pub(super) fn spent(stages: &[Stage], prefix: usize) -> Vec<Vec<usize>> {
    let mut spent = vec![Vec::new(); stages.len()];
    for slot in 0..stages.len() {
        let skips =
            |stage: &Stage| matches!(stage, Stage::Skip { slot: from, .. } if *from == slot);
        let last = stages.iter().rposition(skips).unwrap_or(slot);
        if slot > prefix || last < prefix {
            spent[last].push(slot);
        }
    }
    spent
}
