//! Noise.

use super::Block;
use crate::operator::step::Step;

/// Networks have one at every place where noise may enter; `noise_location` says which of them act.
/// Correlation lengths are fractions of the side of the level where it stands.
pub const BLOCK: Block = Block {
    name: "stochastic",
    summary: "noise ξ of scale s (noise_type), at the places that noise_location says",
    formula: "y = x + s·ξ (gaussian, laplace), x·(1 + s·ξ) (multiplicative), or some channels dropped (dropout)",
    steps: |site| vec![Step::Noise(site.location)],
};
