//! Halves the side; the way down of a U-Net (Ronneberger et al. 2015).

use super::Block;
use crate::operator::step::{Conv, Step};

/// A conv block whose convolution has stride 2, in place of a U-Net's pooling: output pixel `p` is
/// centred on input pixel `2p`. The input is kept for the upsample block that comes back to its
/// level; it is what the block reads, noise and dropout of the block before included.
pub const BLOCK: Block = Block {
    name: "downsample",
    summary: "a conv block of stride 2, which halves the side; its input is kept as the skip of its level",
    formula: "y = D(φ(N((W∗x)↓2 + b)))",
    steps: |site| {
        let conv = site.conv(site.input.channels, site.outputs);
        let level = site.input.level + 1;
        vec![Step::Keep, Step::Layer(Conv { stride: 2, level, ..conv })]
    },
};
