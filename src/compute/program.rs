//! An operator as a list of stages.
//!
//! Stage `i` reads slot `i` and writes slot `i + 1`, and never changes a slot that an earlier stage
//! wrote. How a stage is computed is the business of the backends.

use crate::operator::layers::Stack;
use crate::operator::step::Step;
use crate::operator::{NoiseLocation, Operator};

use super::account::Part;
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
        /// Their side.
        side: usize,
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
    /// Doubles the side by repeating pixels and appends the channels of a slot of that side.
    Upsample {
        /// The slot that holds the skip.
        slot: usize,
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

    /// What its time goes into, but for the convolution of a layer or a skip, which speaks for itself.
    pub(super) fn part(self) -> Part {
        match self {
            Stage::Layer { .. } | Stage::Skip { .. } | Stage::Upsample { .. } => Part::Normalise,
            Stage::Noise { .. } | Stage::Dropout { .. } => Part::Noise,
            Stage::Output { .. } => Part::Convolutions,
        }
    }
}

/// The stages of `operator`. `projected`: noise on the features is drawn behind the output layer.
/// Noise on the output is no stage: it acts on what the last stage gives.
pub(super) fn program(operator: &Operator, projected: bool) -> Vec<Stage> {
    let acts = operator.noise.map(|noise| noise.location).filter(|location| match location {
        NoiseLocation::Features => !projected,
        NoiseLocation::Output => false,
        NoiseLocation::Input | NoiseLocation::Hidden => true,
    });
    let dropout = operator.architecture.dropout_rate > 0.0;
    let mut stages = Vec::new();
    let mut kept = Vec::new();
    let (mut convs, mut layers, mut hidden) = (0, 0, 0);
    for placed in Stack::new(&operator.architecture).blocks {
        for step in placed.steps {
            match step {
                Step::Keep => kept.push(stages.len()),
                Step::Layer(layer) => {
                    stages.push(Stage::Layer { conv: next(&mut convs) as usize });
                    let site = site::DROPOUT + next(&mut layers);
                    if dropout {
                        stages.push(Stage::Dropout { site, channels: layer.outputs as usize });
                    }
                }
                Step::Add(projection) => stages.push(Stage::Skip {
                    slot: kept.pop().expect(KEPT),
                    projection: projection.map(|_| next(&mut convs) as usize),
                }),
                Step::Upsample => stages.push(Stage::Upsample { slot: kept.pop().expect(KEPT) }),
                Step::Noise(location) => {
                    let site = match location {
                        NoiseLocation::Input => site::INPUT,
                        NoiseLocation::Hidden => site::HIDDEN + next(&mut hidden),
                        NoiseLocation::Features => site::FEATURES,
                        NoiseLocation::Output => site::OUTPUT,
                    };
                    if acts == Some(location) {
                        stages.push(Stage::Noise {
                            site,
                            channels: placed.output.channels as usize,
                            side: placed.output.side(operator.grid) as usize,
                        });
                    }
                }
                Step::Output(_) => stages.push(Stage::Output { conv: next(&mut convs) as usize }),
            }
        }
    }
    stages
}

const KEPT: &str = "a block takes only what one before it kept";

/// Counts up.
fn next(counter: &mut u32) -> u32 {
    *counter += 1;
    *counter - 1
}

/// After which stage each slot is read for the last time. What the suffix reads of the prefix stays:
/// the suffix may run again.
pub(super) fn spent(stages: &[Stage], prefix: usize) -> Vec<Vec<usize>> {
    let mut spent = vec![Vec::new(); stages.len()];
    for slot in 0..stages.len() {
        let skips = |stage: &Stage| match stage {
            Stage::Skip { slot: from, .. } | Stage::Upsample { slot: from } => *from == slot,
            _ => false,
        };
        let last = stages.iter().rposition(skips).unwrap_or(slot);
        if slot > prefix || last < prefix {
            spent[last].push(slot);
        }
    }
    spent
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::{
        Activation, Architecture, Init, Noise, NoiseLaw, Norm, Policy, Schedule, Topology,
    };

    fn operator(num_layers: u32, location: NoiseLocation) -> Operator {
        Operator {
            index: 0,
            grid: 32,
            architecture: Architecture {
                topology: Topology::EncoderDecoder,
                num_layers,
                base_channels: 4,
                kernel_size: 3,
                activation: Activation::Gelu,
                norm: Norm::Instance,
                dropout_rate: 0.1,
                init: Init::Torch,
                weight_gain: 1.0,
                channels: 2,
            },
            noise: Some(Noise {
                law: NoiseLaw::Laplace,
                scale: 0.1,
                location,
                schedule: Schedule::Constant,
                correlation: 0.0,
            }),
            policy: Policy::Autoregressive,
        }
    }

    #[test]
    fn an_encoder_decoder_is_these_stages() {
        let noise = |site, channels, side| Stage::Noise { site, channels, side };
        let dropout = |site, channels| Stage::Dropout { site, channels };
        let layer = |conv| Stage::Layer { conv };
        assert_eq!(
            program(&operator(1, NoiseLocation::Hidden), false),
            [
                layer(0),
                dropout(0x200, 4),
                noise(0x100, 4, 32),
                layer(1),
                dropout(0x201, 8),
                noise(0x101, 8, 16),
                layer(2),
                dropout(0x202, 16),
                noise(0x102, 16, 8),
                layer(3),
                dropout(0x203, 16),
                noise(0x103, 16, 8),
                // The skips are what the downsample blocks read: behind dropout and noise.
                Stage::Upsample { slot: 6 },
                layer(4),
                dropout(0x204, 8),
                noise(0x104, 8, 16),
                Stage::Upsample { slot: 3 },
                layer(5),
                dropout(0x205, 4),
                noise(0x105, 4, 32),
                Stage::Output { conv: 6 },
            ]
        );
    }

    #[test]
    fn every_random_site_is_used_once() {
        use NoiseLocation::{Features, Hidden, Input};
        for (location, sites) in [(Hidden, 37), (Input, 1), (Features, 1)] {
            let mut seen = std::collections::BTreeSet::new();
            let stages = program(&operator(32, location), false);
            let drawn = stages.iter().filter_map(|stage| match stage {
                Stage::Noise { site, .. } | Stage::Dropout { site, .. } => Some(*site),
                _ => None,
            });
            assert!(drawn.into_iter().all(|site| seen.insert(site)));
            // Two layers in each residual block, five others.
            assert_eq!(seen.len(), sites + 69);
        }
    }

    #[test]
    fn skips_stay_until_they_are_taken() {
        let stages = program(&operator(1, NoiseLocation::Features), false);
        let taken = |slot| stages.iter().position(|s| *s == Stage::Upsample { slot }).unwrap();
        let spent = spent(&stages, stages.len());
        for slot in [2, 4] {
            assert!(spent[taken(slot)].contains(&slot));
        }
        // With the first dropout the suffix begins: it reads slot 1 whenever it runs.
        assert!(super::spent(&stages, 1).iter().all(|slots| !slots.contains(&1)));
    }
}
