//! Independent uniform points.
//!
//! A coordinate is 53 bits of the Philox stream of its dimension at the index of the point. A larger N
//! keeps every point. The quality is that of Monte Carlo: every ratio is about one.

use std::ops::Range;
use std::sync::Arc;

use super::sampler::{Method, Named, Sampler, Settings};
use crate::error::Result;
use crate::key::Manifest;
use crate::rng::{Counter, Stream};

/// The registry's line.
pub const METHOD: Method = Method {
    name: "uniform",
    summary: "independent random points, no more even than chance; a larger N keeps every point",
    options: &[],
    make: |settings: &Settings| Arc::new(Uniform { seed: settings.seed }),
};

/// Independent uniform points under one seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uniform {
    seed: u64,
}

impl Sampler for Uniform {
    fn describe(&self, m: &mut dyn Manifest) {
        m.param("sampler", METHOD.name.into());
        m.param("seed", self.seed.into());
    }

    fn column(&self, dimension: u32, indices: Range<u64>) -> Vec<f64> {
        let stream = Stream::new(self.seed, METHOD.name, &[u64::from(dimension)]);
        let scale = 1.0 / (1_u64 << 53) as f64;
        indices.map(|index| (bits(stream, 0, index) >> 11) as f64 * scale).collect()
    }

    fn limit(&self, _dimensions: u32, _points: u64) -> Result<()> {
        Ok(())
    }

    fn note(&self, _points: u64, _used: &[Named]) -> Option<String> {
        Some(
            "`strategy: uniform` draws independent points: their quality is that of Monte Carlo, \
             and quality targets are missed"
                .to_owned(),
        )
    }
}

/// Random bits number `index` of a stream: `step` keeps uses of one stream apart.
pub fn bits(stream: Stream, step: u32, index: u64) -> u64 {
    let at = Counter { block: index as u32, site: (index >> 32) as u32, step, realization: 0 };
    let [low, high, ..] = stream.block(at);
    u64::from(low) | u64::from(high) << 32
}
