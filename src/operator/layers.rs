//! The convolutions of an operator, in order of application: shapes, cost, tensor names.
//!
//! ```text
//! input block    C → b
//! hidden block i → b·2^min(i,2)     one convolution if L ≤ 3, else two and a skip
//! output layer   → C                1×1, with bias
//! ```

use super::{Architecture, Norm};

/// One convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conv {
    /// Input channels.
    pub inputs: u32,
    /// Output channels.
    pub outputs: u32,
    /// Kernel side.
    pub kernel: u32,
    /// Whether it has a bias.
    pub bias: bool,
}

impl Conv {
    /// Number of weights, the bias apart.
    pub fn weights(self) -> u64 {
        u64::from(self.inputs) * self.fan_per_output()
    }

    fn fan_per_output(self) -> u64 {
        u64::from(self.outputs) * u64::from(self.kernel) * u64::from(self.kernel)
    }

    /// Fan-in `inputs·k²`.
    pub fn fan_in(self) -> u64 {
        u64::from(self.inputs) * u64::from(self.kernel) * u64::from(self.kernel)
    }
}

/// One block of the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Block {
    /// Convolution, normalisation, activation, dropout.
    Plain(Conv),
    /// Two such in series plus a skip: the identity, or a 1×1 convolution without bias.
    Residual {
        /// First convolution.
        first: Conv,
        /// Second convolution.
        second: Conv,
        /// The projection of the skip, where the widths differ.
        projection: Option<Conv>,
    },
}

/// A tensor of weights with its standard name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor {
    /// `<layer>.<conv|proj>.<weight|bias>`; layers count convolution blocks in order of application.
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

/// The stack of one architecture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stack {
    /// Input block and hidden blocks.
    pub blocks: Vec<Block>,
    /// The 1×1 output layer.
    pub output: Conv,
}

impl Stack {
    /// The layers of `architecture`.
    pub fn new(architecture: &Architecture) -> Self {
        let Architecture { num_layers, base_channels, kernel_size, norm, channels, .. } =
            *architecture;
        let bias = norm == Norm::None;
        let conv = |inputs, outputs, kernel, bias| Conv { inputs, outputs, kernel, bias };
        let mut blocks = vec![Block::Plain(conv(channels, base_channels, kernel_size, bias))];
        let mut width = base_channels;
        for i in 0..num_layers {
            let next = base_channels << i.min(2);
            let first = conv(width, next, kernel_size, bias);
            blocks.push(if num_layers <= 3 {
                Block::Plain(first)
            } else {
                Block::Residual {
                    first,
                    second: conv(next, next, kernel_size, bias),
                    projection: (width != next).then(|| conv(width, next, 1, false)),
                }
            });
            width = next;
        }
        Self { blocks, output: conv(width, channels, 1, true) }
    }

    /// Channels before the output layer.
    pub fn features(&self) -> u32 {
        self.output.inputs
    }

    /// Every weight tensor in the fixed order in which they are drawn: blocks in order; weight, then
    /// bias; a projection after the two convolutions of its block; the output layer last.
    pub fn tensors(&self) -> Vec<Tensor> {
        let mut out = Vec::new();
        let mut layer = 0;
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
        for block in &self.blocks {
            match *block {
                Block::Plain(conv) => {
                    push(layer, "conv", conv);
                    layer += 1;
                }
                Block::Residual { first, second, projection } => {
                    push(layer, "conv", first);
                    push(layer + 1, "conv", second);
                    if let Some(projection) = projection {
                        push(layer + 1, "proj", projection);
                    }
                    layer += 2;
                }
            }
        }
        push(layer, "conv", self.output);
        out
    }

    /// Multiply–adds per pixel of one application: the number of weights of all convolutions.
    pub fn macs_per_pixel(&self) -> u64 {
        let blocks: u64 = self
            .blocks
            .iter()
            .map(|block| match block {
                Block::Plain(conv) => conv.weights(),
                Block::Residual { first, second, projection } => {
                    first.weights() + second.weights() + projection.map_or(0, Conv::weights)
                }
            })
            .sum();
        blocks + self.output.weights()
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
    use crate::operator::{Activation, Init};

    fn architecture(num_layers: u32, kernel_size: u32) -> Architecture {
        Architecture {
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
            let norms: u64 = stack
                .blocks
                .iter()
                .map(|b| match b {
                    Block::Plain(c) => 2 * u64::from(c.outputs),
                    Block::Residual { second, .. } => 4 * u64::from(second.outputs),
                })
                .sum();
            assert_eq!(stack.macs_per_pixel() + norms + 3, published, "L {layers} k {kernel}");
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
}
