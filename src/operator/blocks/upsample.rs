//! Doubles the side; the way up of a U-Net (Ronneberger et al. 2015).

use super::Block;
use crate::operator::step::{Conv, Shape, Step};

/// Nearest-neighbour interpolation, then a convolution: every output pixel sees the same number of
/// kernel taps, so there is no checkerboard as behind transposed convolutions (Odena et al. 2016,
/// Deconvolution and checkerboard artifacts). `x↑2(p) = x(⌊p/2⌋)`; its channels come first, those of
/// the skip `s` after them.
pub const BLOCK: Block = Block {
    name: "upsample",
    summary: "repeats each pixel 2×2, appends the channels of the skip of that level, then a conv block",
    formula: "y = D(φ(N(W∗[x↑2, s] + b)))",
    steps: |site| {
        let Shape { channels, level } = site.skip.expect("a downsample block came before");
        let conv = site.conv(site.input.channels + channels, site.outputs);
        vec![Step::Upsample, Step::Layer(Conv { level, ..conv })]
    },
};
