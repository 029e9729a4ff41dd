//! Convolution, normalisation, activation, dropout.

use super::Block;
use crate::operator::step::Step;

/// k×k with stride 1: the input block, and the hidden blocks of shallow networks.
pub const BLOCK: Block = Block {
    name: "conv",
    summary: "convolution, normalisation, activation, dropout: the input block, and the hidden blocks up to num_layers 3",
    formula: "y = D(φ(N(W∗x + b)))",
    steps: |site| vec![Step::Layer(site.conv(site.input.channels, site.outputs))],
};
