#![doc = include_str!("architectures.md")]

use super::blocks::{Block, Site, conv, downsample, output, residual, stochastic, upsample};
use super::step::{Shape, Step};
use super::{Architecture, NoiseLocation, Topology};

/// This module's page, for readers of experiment files.
pub const ABOUT: &str = include_str!("architectures.md");

/// Levels of `encoder_decoder` below the full grid.
const DEPTH: u32 = 2;

impl Topology {
    /// How often the side is halved: the grid must be divisible by 2 to this power.
    pub fn depth(self) -> u32 {
        match self {
            Topology::SimpleCnn => 0,
            Topology::EncoderDecoder => DEPTH,
        }
    }
}

/// A block in its place.
#[derive(Debug, Clone)]
pub struct Placed {
    /// Which.
    pub block: &'static Block,
    /// Its steps here.
    pub steps: Vec<Step>,
    /// Shape of its output.
    pub output: Shape,
}

/// The blocks of `architecture` in order of application.
pub fn blocks(architecture: &Architecture) -> Vec<Placed> {
    let Architecture { num_layers, base_channels: b, channels, .. } = *architecture;
    let input = Shape { channels, level: 0 };
    let mut network = Builder { architecture, shape: input, kept: Vec::new(), blocks: Vec::new() };
    let hidden = if num_layers <= 3 { &conv::BLOCK } else { &residual::BLOCK };
    network.noise(NoiseLocation::Input);
    network.push(&conv::BLOCK, b);
    match architecture.topology {
        Topology::SimpleCnn => (0..num_layers).for_each(|i| network.push(hidden, b << i.min(2))),
        Topology::EncoderDecoder => {
            (1..=DEPTH).for_each(|level| network.push(&downsample::BLOCK, b << level));
            (0..num_layers).for_each(|_| network.push(hidden, b << DEPTH));
            (0..DEPTH).rev().for_each(|level| network.push(&upsample::BLOCK, b << level));
        }
    }
    network.noise(NoiseLocation::Features);
    network.place(&output::BLOCK, channels, NoiseLocation::Output);
    network.noise(NoiseLocation::Output);
    network.blocks
}

/// Follows the shape of the state from block to block.
struct Builder<'a> {
    architecture: &'a Architecture,
    shape: Shape,
    kept: Vec<Shape>,
    blocks: Vec<Placed>,
}

impl Builder<'_> {
    /// A block with `outputs` channels, and behind it a place for noise.
    fn push(&mut self, block: &'static Block, outputs: u32) {
        self.place(block, outputs, NoiseLocation::Hidden);
        self.noise(NoiseLocation::Hidden);
    }

    fn noise(&mut self, location: NoiseLocation) {
        self.place(&stochastic::BLOCK, self.shape.channels, location);
    }

    fn place(&mut self, block: &'static Block, outputs: u32, location: NoiseLocation) {
        let skip = self.kept.last().copied();
        let site =
            Site { architecture: self.architecture, input: self.shape, skip, outputs, location };
        let steps = (block.steps)(&site);
        for step in &steps {
            self.shape = step.follow(self.shape, &mut self.kept);
        }
        self.blocks.push(Placed { block, steps, output: self.shape });
    }
}
