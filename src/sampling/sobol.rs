//! Points of the Sobol sequence, each computed from its index.
//!
//! A coordinate is a function of (seed, scramble, dimension, index) and of nothing else: not of the
//! number of points, not of the order in which they are asked for. So a longer table begins with the
//! shorter one, and a further dimension moves no other. Points are in natural index order. Nothing
//! here knows what a dimension means.

use std::ops::Range;
use std::sync::Arc;

use super::joe_kuo::{self, BITS};
use super::sampler::{Method, Named, Sampler};
use super::scramble::{BURLEY_DIMENSIONS, BURLEY_POINTS, MAX_POINTS, Scramble};
use super::{lms, owen};
use crate::error::Result;
use crate::key::Manifest;
use crate::rng::Stream;

/// The registry's line.
pub const METHOD: Method = Method {
    name: "sobol",
    summary: "Sobol sequence, scrambled as `scramble_method` says; a larger N keeps every point",
    options: &["scramble", "scramble_method"],
    make: |settings| Arc::new(Sobol::new(settings.seed, settings.scramble)),
};

/// The sequence under one seed and one scramble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sobol {
    seed: u64,
    scramble: Scramble,
}

impl Sobol {
    /// The sequence of an experiment with this seed.
    pub fn new(seed: u64, scramble: Scramble) -> Self {
        Self { seed, scramble }
    }

    /// One dimension, ready to give coordinates: its direction numbers and key, fetched once.
    ///
    /// # Panics
    /// If there is no such dimension; [`Scramble::limit`] tells beforehand.
    fn dimension(&self, dimension: u32) -> Dimension {
        let stream = Stream::new(self.seed, "sobol", &[u64::from(dimension)]);
        let (directions, digits) = match self.scramble {
            Scramble::Owen => (joe_kuo::directions(dimension), Digits::Nested(stream.key())),
            Scramble::LmsShift => {
                let (directions, shift) = lms::scramble(stream, &joe_kuo::directions(dimension));
                (directions, Digits::Shifted(shift))
            }
            Scramble::None => (joe_kuo::directions(dimension), Digits::Shifted(0)),
            Scramble::Burley => {
                assert!(dimension < BURLEY_DIMENSIONS, "`burley` has no dimension {dimension}");
                // One seed for all dimensions: it also permutes the indices, and points whose
                // coordinates were permuted apart would be stratified in one dimension only.
                let seed = Stream::new(self.seed, "sobol", &[]).key_words()[0];
                return Dimension(Source::Burley { dimension, seed });
            }
        };
        Dimension(Source::Digits { directions: Box::new(directions), digits })
    }

    /// Coordinate in `[0, 1)` of point `index` in dimension `dimension`. For many points of one
    /// dimension take [`Sampler::column`].
    ///
    /// # Panics
    /// Beyond the limits of the scramble; [`Scramble::limit`] tells beforehand.
    pub fn coordinate(&self, dimension: u32, index: u64) -> f64 {
        self.dimension(dimension).at(index)
    }
}

impl Sampler for Sobol {
    fn describe(&self, m: &mut dyn Manifest) {
        m.param("sampler", METHOD.name.into());
        m.param("scramble", self.scramble.name().into());
        if self.scramble != Scramble::None {
            m.param("seed", self.seed.into());
        }
    }

    fn column(&self, dimension: u32, indices: Range<u64>) -> Vec<f64> {
        self.dimension(dimension).column(indices)
    }

    fn limit(&self, dimensions: u32, points: u64) -> Result<()> {
        self.scramble.limit(dimensions, points)
    }

    fn note(&self, points: u64, _used: &[Named]) -> Option<String> {
        (points >= 256 && !points.is_power_of_two()).then(|| {
            format!(
                "`sampling.total_samples` is {points}: a Sobol sequence is balanced best at powers \
                 of two, the next of which is {}",
                points.next_power_of_two()
            )
        })
    }
}

/// One dimension of a [`Sobol`] sequence.
#[derive(Debug, Clone)]
struct Dimension(Source);

#[derive(Debug, Clone)]
enum Source {
    Digits { directions: Box<[u64; BITS]>, digits: Digits },
    Burley { dimension: u32, seed: u32 },
}

/// What happens to the digits of a point.
#[derive(Debug, Clone, Copy)]
enum Digits {
    Nested(u64),
    Shifted(u64),
}

impl Digits {
    #[inline]
    fn coordinate(self, fraction: u64) -> f64 {
        let fraction = match self {
            Digits::Nested(key) => owen::scramble(key, fraction),
            Digits::Shifted(shift) => fraction ^ shift,
        };
        fraction as f64 * (1.0 / MAX_POINTS as f64)
    }
}

impl Dimension {
    /// Coordinate in `[0, 1)` of point `index`.
    ///
    /// # Panics
    /// If there is no such point.
    fn at(&self, index: u64) -> f64 {
        match &self.0 {
            Source::Digits { directions, digits } => digits.coordinate(fraction(directions, index)),
            Source::Burley { dimension, seed } => {
                assert!(index < BURLEY_POINTS, "`burley` has no point {index}");
                f64::from(sobol_burley::sample(index as u32, *dimension, *seed))
            }
        }
    }

    /// Coordinates of the points `indices`.
    ///
    /// # Panics
    /// If one of them does not exist.
    fn column(&self, indices: Range<u64>) -> Vec<f64> {
        let Source::Digits { directions, digits } = &self.0 else {
            return indices.map(|index| self.at(index)).collect();
        };
        if indices.is_empty() {
            return Vec::new();
        }
        assert!(indices.end <= MAX_POINTS, "there is no point {}", indices.end - 1);
        // From index i to i + 1 the trailing ones of i and the zero above them flip together.
        let mut flips = **directions;
        for k in 1..BITS {
            flips[k] ^= flips[k - 1];
        }
        let mut fraction = fraction(directions, indices.start);
        let mut column = Vec::with_capacity((indices.end - indices.start) as usize);
        column.push(digits.coordinate(fraction));
        for index in indices.start + 1..indices.end {
            fraction ^= flips[index.trailing_zeros() as usize];
            column.push(digits.coordinate(fraction));
        }
        column
    }
}

/// The unscrambled fraction of a point: the sum, without carry, of the direction numbers of the
/// digits of its index.
fn fraction(directions: &[u64; BITS], index: u64) -> u64 {
    assert!(index < MAX_POINTS, "there is no point {index}");
    let mut rest = index;
    let mut sum = 0;
    while rest != 0 {
        sum ^= directions[rest.trailing_zeros() as usize];
        rest &= rest - 1;
    }
    sum
}
