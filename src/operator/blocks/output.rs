//! The last layer.

use super::Block;
use crate::operator::step::{Conv, Step};

/// A 1×1 convolution, always with a bias.
pub const BLOCK: Block = Block {
    name: "output",
    summary: "1×1 convolution with bias to the channels of the state",
    formula: "y = W∗x + b",
    steps: |site| {
        let conv = site.conv(site.input.channels, site.outputs);
        vec![Step::Output(Conv { kernel: 1, bias: true, ..conv })]
    },
};
