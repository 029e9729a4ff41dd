//! The layers of an operator, read off its blocks: weight tensors, cost, places of the noise.

use super::architectures::{Placed, blocks};
use super::step::{Conv, Shape, Step};
use super::{Architecture, NoiseLocation, Norm};

/// A tensor of weights with its standard name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor {
    /// `<layer>.<conv|proj>.<weight|bias>`; layers count convolution layers in order of application,
    /// the projection of a skip belongs to the one before it.
    pub name: String,
    /// `[outputs, inputs, k, k]`, or `[outputs]` for a bias.
    pub shape: Vec<u64>,
    /// Fan-in of its convolution: sets the scale of the law.
    pub fan_in: u64,
    /// Whether it is a bias.
    pub bias: bool,
}

impl Tensor {
    /// Number of elements.
    pub fn len(&self) -> u64 {
        self.shape.iter().product()
    }

    /// Whether it has no element; never so for a real layer.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The blocks of one architecture.
#[derive(Debug, Clone)]
pub struct Stack {
    /// In order of application.
    pub blocks: Vec<Placed>,
}

impl Stack {
    /// The blocks of `architecture`.
    pub fn new(architecture: &Architecture) -> Self {
        Self { blocks: blocks(architecture) }
    }

    fn steps(&self) -> impl Iterator<Item = Step> {
        self.blocks.iter().flat_map(|placed| placed.steps.iter().copied())
    }

    /// Every convolution in order of application, the projection of a skip after the two layers that
    /// it spans; the output layer last.
    pub fn convs(&self) -> impl Iterator<Item = Conv> {
        self.steps().filter_map(Step::conv)
    }

    /// Width of every layer that is normalised, in order of application.
    pub fn normalised(&self) -> impl Iterator<Item = u32> {
        self.steps().filter_map(|step| match step {
            Step::Layer(conv) => Some(conv.outputs),
            _ => None,
        })
    }

    /// The places where noise enters if its location is `location`.
    pub fn noise(&self, location: NoiseLocation) -> impl Iterator<Item = Shape> {
        let here = move |placed: &&Placed| placed.steps.contains(&Step::Noise(location));
        self.blocks.iter().filter(here).map(|placed| placed.output)
    }

    /// Every weight tensor in the fixed order in which they are drawn: convolutions in order of
    /// application; weight, then bias.
    pub fn tensors(&self) -> Vec<Tensor> {
        let mut out = Vec::new();
        let mut push = |layer: usize, role: &str, conv: Conv| {
            let k = u64::from(conv.kernel);
            out.push(Tensor {
                name: format!("{layer}.{role}.weight"),
                shape: vec![conv.outputs.into(), conv.inputs.into(), k, k],
                fan_in: conv.fan_in(),
                bias: false,
            });
            if conv.bias {
                out.push(Tensor {
                    name: format!("{layer}.{role}.bias"),
                    shape: vec![conv.outputs.into()],
                    fan_in: conv.fan_in(),
                    bias: true,
                });
            }
        };
        let mut layers = 0;
        for step in self.steps() {
            match step {
                Step::Layer(conv) | Step::Output(conv) => {
                    push(layers, "conv", conv);
                    layers += 1;
                }
                Step::Add(Some(projection)) => push(layers - 1, "proj", projection),
                Step::Keep | Step::Add(None) | Step::Upsample | Step::Noise(_) => {}
            }
        }
        out
    }

    /// Number of weights of all convolutions, biases apart.
    pub fn weights(&self) -> u64 {
        self.convs().map(Conv::weights).sum()
    }

    /// Multiply–adds of one application per pixel of the full grid. Exact: a multiple of 4^−levels.
    pub fn macs_per_pixel(&self) -> f64 {
        self.convs().map(Conv::macs_per_pixel).sum()
    }
}

/// Over how many groups of channels a norm takes its statistics; `None` where it takes none.
pub fn norm_groups(norm: Norm, channels: u32) -> Option<u32> {
    match norm {
        Norm::None | Norm::Batch => None,
        Norm::Instance => Some(channels),
        Norm::Layer => Some(1),
        Norm::Group => (1..=channels.min(32)).rev().find(|groups| channels.is_multiple_of(*groups)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::blocks::BLOCKS;
    use crate::operator::{Activation, Init, Topology};

    fn architecture(num_layers: u32, kernel_size: u32) -> Architecture {
        Architecture {
            topology: Topology::SimpleCnn,
            num_layers,
            base_channels: 64,
            kernel_size,
            activation: Activation::Gelu,
            norm: Norm::Instance,
            dropout_rate: 0.0,
            init: Init::Torch,
            weight_gain: 1.0,
            channels: 3,
        }
    }

    /// Parameter counts with affine norms, as published for the reference: ours plus two per
    /// normalised channel plus the output bias.
    #[test]
    fn parameter_counts_match_the_published_table() {
        for (layers, kernel, published) in [
            (2, 3, 113_219),
            (2, 7, 612_419),
            (3, 3, 409_027),
            (3, 7, 2_218_947),
            (4, 3, 2_405_699),
            (4, 7, 12_899_139),
            (5, 3, 3_586_371),
            (5, 7, 19_322_691),
        ] {
            let stack = Stack::new(&architecture(layers, kernel));
            let norms: u64 = stack.normalised().map(|width| 2 * u64::from(width)).sum();
            assert_eq!(stack.weights() + norms + 3, published, "L {layers} k {kernel}");
            assert_eq!(stack.macs_per_pixel(), stack.weights() as f64);
        }
    }

    #[test]
    fn tensor_names_count_convolution_blocks() {
        let names: Vec<String> =
            Stack::new(&architecture(4, 3)).tensors().into_iter().map(|t| t.name).collect();
        assert_eq!(
            names,
            [
                "0.conv.weight",
                "1.conv.weight",
                "2.conv.weight",
                "3.conv.weight",
                "4.conv.weight",
                "4.proj.weight",
                "5.conv.weight",
                "6.conv.weight",
                "6.proj.weight",
                "7.conv.weight",
                "8.conv.weight",
                "9.conv.weight",
                "9.conv.bias",
            ]
        );
    }

    fn encoder_decoder(num_layers: u32) -> Architecture {
        let simple = architecture(num_layers, 3);
        Architecture { topology: Topology::EncoderDecoder, base_channels: 8, ..simple }
    }

    #[test]
    fn an_encoder_decoder_goes_down_two_levels_and_up_again() {
        let stack = Stack::new(&encoder_decoder(2));
        let shapes: Vec<(&str, u32, u32)> = stack
            .blocks
            .iter()
            .filter(|placed| placed.block.name != "stochastic")
            .map(|placed| (placed.block.name, placed.output.channels, placed.output.side(64)))
            .collect();
        assert_eq!(
            shapes,
            [
                ("conv", 8, 64),
                ("downsample", 16, 32),
                ("downsample", 32, 16),
                ("conv", 32, 16),
                ("conv", 32, 16),
                ("upsample", 16, 32),
                ("upsample", 8, 64),
                ("output", 3, 64),
            ]
        );
        // The skip of each level is appended: 4b + 2b and 2b + b channels go into the way up.
        let inputs: Vec<u32> = stack.convs().map(|conv| conv.inputs).collect();
        assert_eq!(inputs, [3, 8, 16, 32, 32, 48, 24, 8]);
        let names: Vec<String> = stack.tensors().into_iter().map(|t| t.name).collect();
        assert_eq!(names[..7], [0, 1, 2, 3, 4, 5, 6].map(|layer| format!("{layer}.conv.weight")));
        assert_eq!(names[7..], ["7.conv.weight", "7.conv.bias"]);
    }

    #[test]
    fn multiply_adds_count_the_pixels_of_each_level() {
        let full = 9 * (3 * 8 + 24 * 8) + 8 * 3;
        let (half, quarter) = (9 * (8 * 16 + 48 * 16), 9 * (16 * 32 + 2 * 32 * 32));
        let stack = Stack::new(&encoder_decoder(2));
        assert_eq!(stack.weights(), full + half + quarter);
        let expected = full as f64 + half as f64 / 4.0 + quarter as f64 / 16.0;
        assert_eq!(stack.macs_per_pixel(), expected);
    }

    #[test]
    fn deep_encoder_decoders_have_residual_blocks_at_the_bottom() {
        let stack = Stack::new(&encoder_decoder(5));
        let residual: Vec<Shape> = stack
            .blocks
            .iter()
            .filter(|placed| placed.block.name == "residual")
            .map(|placed| placed.output)
            .collect();
        assert_eq!(residual, [Shape { channels: 32, level: 2 }; 5]);
        // All of one width: no skip is projected.
        assert!(stack.tensors().iter().all(|tensor| !tensor.name.contains("proj")));
    }

    #[test]
    fn noise_enters_after_every_block_at_its_level() {
        let stack = Stack::new(&encoder_decoder(1));
        let sides = |location| stack.noise(location).map(|s| s.side(64)).collect::<Vec<_>>();
        assert_eq!(sides(NoiseLocation::Hidden), [64, 32, 16, 16, 32, 64]);
        for location in [NoiseLocation::Input, NoiseLocation::Features, NoiseLocation::Output] {
            assert_eq!(sides(location), [64]);
        }
    }

    #[test]
    fn every_registered_block_stands_in_some_network() {
        let all = [architecture(3, 3), architecture(4, 3), encoder_decoder(3), encoder_decoder(4)];
        for block in BLOCKS {
            let stands = |a: &Architecture| {
                Stack::new(a).blocks.iter().any(|placed| placed.block.name == block.name)
            };
            assert!(all.iter().any(stands), "{}", block.name);
        }
    }
}
