//! Blocks: what operators are put together from, one file each.
//!
//! A block is a name and a short list of [`Step`]s that follows from where it stands. Weight tensors,
//! costs, random sites and the stages of the backends are read off the steps, so a new block is a file
//! beside these and a line in [`BLOCKS`]; which blocks stand where is said in
//! [`super::architectures`].
//!
//! In the formulas `∗` is convolution on the torus, `N` the normalisation, `φ` the activation, `D`
//! Monte-Carlo channel dropout; a bias `b` is there only without a normalisation.

pub mod conv;
pub mod downsample;
pub mod output;
pub mod residual;
pub mod stochastic;
pub mod upsample;

use super::step::{Conv, Shape, Step};
use super::{Architecture, NoiseLocation, Norm};

/// A kind of block.
#[derive(Debug)]
pub struct Block {
    /// Its name.
    pub name: &'static str,
    /// What it does, and where it stands.
    pub summary: &'static str,
    /// From its input `x` to its output `y`.
    pub formula: &'static str,
    /// Its steps at one place of a network.
    pub steps: fn(&Site<'_>) -> Vec<Step>,
}

/// Every block, in the order in which a network meets them. A new one: a file beside this, and a line
/// here.
pub const BLOCKS: &[Block] = &[
    conv::BLOCK,
    residual::BLOCK,
    downsample::BLOCK,
    upsample::BLOCK,
    stochastic::BLOCK,
    output::BLOCK,
];

/// Where a block stands: all that its steps follow from.
#[derive(Debug, Clone, Copy)]
pub struct Site<'a> {
    /// The network.
    pub architecture: &'a Architecture,
    /// Shape of the block's input.
    pub input: Shape,
    /// Shape of the state that was kept last by a block before.
    pub skip: Option<Shape>,
    /// Channels of its output.
    pub outputs: u32,
    /// Which location of the noise this place is.
    pub location: NoiseLocation,
}

impl Site<'_> {
    /// A k×k convolution of stride 1 at the level of the input; with a bias if there is no
    /// normalisation, which would remove it.
    pub fn conv(&self, inputs: u32, outputs: u32) -> Conv {
        Conv {
            inputs,
            outputs,
            kernel: self.architecture.kernel_size,
            stride: 1,
            level: self.input.level,
            bias: self.architecture.norm == Norm::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_block_has_a_name_and_says_what_it_does() {
        let mut names: Vec<&str> = BLOCKS.iter().map(|block| block.name).collect();
        for block in BLOCKS {
            assert!(block.name.bytes().all(|c| c.is_ascii_lowercase() || c == b'_'));
            assert!(!block.summary.is_empty() && block.formula.starts_with("y = "));
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), BLOCKS.len());
    }
}
