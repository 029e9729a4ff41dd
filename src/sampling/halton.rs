//! Halton sequence: in dimension j the digits of the index in the j-th prime base, reversed behind the
//! point.
//!
//! The plain sequence is a function of the index alone, and its dimensions of large bases run up in
//! step for as long as the index is below the base. Scrambled, every digit goes through a random
//! permutation that belongs to its dimension and position, the endless zeros in front of the index
//! included, down to 53 bits: each point alone is uniform, and each cell of `b^k` equal ones still has
//! one of `b^k` consecutive points from a multiple of it on. A larger N keeps every point.
//!
//! Sources: J. H. Halton (1960), On the efficiency of certain quasi-random sequences of points in
//! evaluating multi-dimensional integrals; A. B. Owen (2017), A randomized Halton algorithm in R.

use std::ops::Range;
use std::sync::Arc;

use super::joe_kuo::BITS;
use super::sampler::{Method, Named, Sampler, Settings};
use super::scramble::Scramble;
use crate::error::{Error, Result};
use crate::key::Manifest;
use crate::rng::Stream;

/// The registry's line.
pub const METHOD: Method = Method {
    name: "halton",
    summary: "Halton sequence in prime bases; even once N exceeds the bases; a larger N keeps every \
              point",
    options: &["scramble"],
    make: |settings: &Settings| {
        let scramble = settings.scramble != Scramble::None;
        Arc::new(Halton { seed: settings.seed, scramble })
    },
};

/// Dimensions that there are: the largest base is 10,459.
const MAX_DIMENSIONS: u32 = 1280;

/// Points that there are: an index and one digit more have fewer than 53 bits.
const MAX_POINTS: u64 = 1 << 39;

/// The sequence, plain or scrambled under one seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Halton {
    seed: u64,
    scramble: bool,
}

impl Sampler for Halton {
    fn describe(&self, m: &mut dyn Manifest) {
        m.param("sampler", METHOD.name.into());
        m.param("scramble", self.scramble.into());
        // The plain sequence has no seed.
        if self.scramble {
            m.param("seed", self.seed.into());
        }
    }

    fn column(&self, dimension: u32, indices: Range<u64>) -> Vec<f64> {
        assert!(indices.end <= MAX_POINTS, "there is no point {}", indices.end - 1);
        let base = prime(dimension);
        if self.scramble {
            let stream = Stream::new(self.seed, METHOD.name, &[u64::from(dimension)]);
            let digits = Digits::new(stream, base);
            indices.map(|index| digits.at(index)).collect()
        } else {
            indices.map(|index| reversed(base, index)).collect()
        }
    }

    fn limit(&self, dimensions: u32, points: u64) -> Result<()> {
        let (what, most, asked) = match (dimensions > MAX_DIMENSIONS, points > MAX_POINTS) {
            (true, _) => ("dimensions", u64::from(MAX_DIMENSIONS), u64::from(dimensions)),
            (false, true) => ("points", MAX_POINTS, points),
            (false, false) => return Ok(()),
        };
        Err(Error::usage(format!("`halton` has {most} {what}, and `{asked}` are asked for")))
    }

    fn note(&self, points: u64, used: &[Named]) -> Option<String> {
        let (name, dimension) = *used.iter().max_by_key(|(_, dimension)| *dimension)?;
        let base = prime(dimension);
        (points < base).then(|| {
            format!(
                "`strategy: halton` is even once there are more points than the largest base, which \
                 is {base} (`{name}`): `sampling.total_samples` is {points}"
            )
        })
    }
}

/// The prime number `place`, from 2 at place 0.
fn prime(place: u32) -> u64 {
    assert!(place < MAX_DIMENSIONS, "there is no dimension {place}");
    let is_prime = |n: &u64| (2..=n.isqrt()).all(|divisor| !n.is_multiple_of(divisor));
    (2..).filter(is_prime).nth(place as usize).expect("there are always more primes")
}

/// The digits of `index` reversed behind the point, rounded once.
fn reversed(base: u64, index: u64) -> f64 {
    let (mut rest, mut digits, mut scale) = (index, 0, 1);
    while rest > 0 {
        digits = digits * base + rest % base;
        rest /= base;
        scale *= base;
    }
    // Both have fewer than 53 bits.
    digits as f64 / scale as f64
}

/// One scrambled dimension.
struct Digits {
    base: u64,
    /// `base` to the number of digits, which is the least power from 2⁵³ on.
    scale: u128,
    /// What each value of each digit adds to the numerator: `[position][digit]`.
    terms: Vec<u128>,
    /// What the zeros from each position on add together.
    zeros: Vec<u128>,
}

impl Digits {
    /// Permutations by Fisher and Yates, of position k from draw site k.
    fn new(stream: Stream, base: u64) -> Self {
        let mut scale = 1_u128;
        let mut positions = 0_u32;
        while scale < 1 << BITS {
            scale *= u128::from(base);
            positions += 1;
        }
        let mut terms = Vec::with_capacity(positions as usize * base as usize);
        let mut weight = scale;
        for position in 0..positions {
            weight /= u128::from(base);
            let mut draws = stream.site(position);
            let mut images: Vec<u64> = (0..base).collect();
            for last in (1..base).rev() {
                images.swap(last as usize, draws.below(last + 1) as usize);
            }
            terms.extend(images.into_iter().map(|image| u128::from(image) * weight));
        }
        let mut zeros = vec![0; positions as usize + 1];
        for position in (0..positions as usize).rev() {
            zeros[position] = zeros[position + 1] + terms[position * base as usize];
        }
        Self { base, scale, terms, zeros }
    }

    /// The coordinate of a point, rounded down to 53 bits.
    fn at(&self, index: u64) -> f64 {
        let (mut rest, mut position, mut numerator) = (index, 0, 0);
        while rest > 0 {
            let digit = rest % self.base;
            numerator += self.terms[position * self.base as usize + digit as usize];
            rest /= self.base;
            position += 1;
        }
        numerator += self.zeros[position];
        // Below 2^(67 + 53).
        ((numerator << BITS) / self.scale) as f64 * (1.0 / (1_u64 << BITS) as f64)
    }
}
