//! Latin hypercube: in every dimension one point in each of N strata of equal width.
//!
//! `x_ij = (π_j(i) + u_ij) / N` with an independent random permutation `π_j` for each dimension, of
//! which any image can be computed alone, and `u_ij` uniform in (0, 1). N is part of what a point is:
//! another N moves every point, so that what was made from them is of no use. Even in each dimension
//! alone; pairs of dimensions are no more even than chance.
//!
//! Source: M. D. `McKay`, R. J. Beckman, W. J. Conover (1979), A comparison of three methods for
//! selecting values of input variables in the analysis of output from a computer code.

use std::ops::Range;
use std::sync::Arc;

use super::permutation::permute;
use super::sampler::{Method, Named, Sampler, Settings};
use super::uniform::bits;
use crate::error::{Error, Result};
use crate::key::Manifest;
use crate::rng::Stream;

/// The registry's line.
pub const METHOD: Method = Method {
    name: "latin_hypercube",
    summary: "one point in each of N strata of every dimension; another N moves every point",
    options: &[],
    make: |settings: &Settings| {
        Arc::new(LatinHypercube { seed: settings.seed, points: settings.points })
    },
};

/// Points that there can be: enough bits remain for the place within a stratum.
const MAX_POINTS: u64 = 1 << 40;

/// A Latin hypercube of so many points under one seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LatinHypercube {
    seed: u64,
    points: u64,
}

impl Sampler for LatinHypercube {
    fn describe(&self, m: &mut dyn Manifest) {
        m.param("sampler", METHOD.name.into());
        m.param("points", self.points.into());
        m.param("seed", self.seed.into());
    }

    fn column(&self, dimension: u32, indices: Range<u64>) -> Vec<f64> {
        assert!(indices.end <= self.points, "there is no point {}", indices.end - 1);
        let stream = Stream::new(self.seed, METHOD.name, &[u64::from(dimension), self.points]);
        let mut strata: Vec<u64> = indices.clone().collect();
        permute(stream, self.points, &mut strata);
        // Digits of the place within a stratum: so few that the sum below is exact, and that neither
        // the quotient nor its product with N is rounded out of the stratum.
        let digits = 51 - self.points.next_power_of_two().ilog2();
        let scale = 1.0 / (1_u64 << digits) as f64;
        indices
            .zip(strata)
            .map(|(index, stratum)| {
                let cell = bits(stream, 1, index) >> (64 - digits);
                (stratum as f64 + (cell as f64 + 0.5) * scale) / self.points as f64
            })
            .collect()
    }

    fn limit(&self, _dimensions: u32, points: u64) -> Result<()> {
        if points > MAX_POINTS {
            return Err(Error::usage(format!(
                "a Latin hypercube has at most {MAX_POINTS} points, and `{points}` are asked for"
            ))
            .help("`strategy: sobol` goes further"));
        }
        Ok(())
    }

    fn note(&self, points: u64, _used: &[Named]) -> Option<String> {
        Some(format!(
            "`strategy: latin_hypercube` lays out {points} points as a whole: another \
             `sampling.total_samples` moves all of them, and what is made from sampled values is \
             made again; under `sobol`, `halton` and `uniform` the first ones stay"
        ))
    }

    fn resized(&self, points: u64) -> Option<Arc<dyn Sampler>> {
        (points != self.points).then(|| Arc::new(Self { points, ..*self }) as Arc<dyn Sampler>)
    }
}
