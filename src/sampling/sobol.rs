//! Points of the Sobol sequence, each computed from its index.
//!
//! A coordinate is a function of (seed, scramble, dimension, index) and of nothing else: not of the
//! number of points, not of the order in which they are asked for. So a longer table begins with the
//! shorter one, and a further dimension moves no other. Points are in natural index order. Nothing
//! here knows what a dimension means.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use super::joe_kuo::{self, BITS};
use super::{lms, owen};
use crate::error::{Error, Result};
use crate::rng::Stream;

/// Points that the `burley` scramble has.
pub const BURLEY_POINTS: u64 = 1 << 16;

/// Dimensions that the `burley` scramble has.
pub const BURLEY_DIMENSIONS: u32 = sobol_burley::NUM_DIMENSIONS;

/// Points that the other scrambles have: an index has as many digits as a coordinate.
pub const MAX_POINTS: u64 = 1 << BITS;

/// Dimensions that the other scrambles have.
pub const MAX_DIMENSIONS: u32 = joe_kuo::DIMENSIONS;

/// How the sequence is randomised.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Scramble {
    /// Owen's nested uniform scrambling of all 53 digits.
    #[default]
    Owen,
    /// The hash of Burley's "Practical Hash-based Owen Scrambling" (2020), which only approaches
    /// nested uniform scrambling; single precision, 65,536 points, 256 dimensions.
    Burley,
    /// Random linear matrix scramble and digital shift.
    LmsShift,
    /// The plain sequence; the seed plays no part and point 0 is the origin.
    None,
}

impl Scramble {
    /// Every scramble, in the order of the documentation.
    pub const ALL: [Scramble; 4] =
        [Scramble::Owen, Scramble::Burley, Scramble::LmsShift, Scramble::None];

    /// The name in experiment files and recipes.
    pub fn name(self) -> &'static str {
        match self {
            Scramble::Owen => "owen",
            Scramble::Burley => "burley",
            Scramble::LmsShift => "lms_shift",
            Scramble::None => "none",
        }
    }

    /// How many dimensions there are, and how many points in each.
    pub fn limits(self) -> (u32, u64) {
        match self {
            Scramble::Burley => (BURLEY_DIMENSIONS, BURLEY_POINTS),
            _ => (MAX_DIMENSIONS, MAX_POINTS),
        }
    }

    /// Refuses what [`Scramble::limits`] does not allow.
    ///
    /// # Errors
    /// A usage error if there are fewer than `dimensions` dimensions or `points` points.
    pub fn limit(self, dimensions: u32, points: u64) -> Result<()> {
        let (most_dimensions, most_points) = self.limits();
        let fault = if dimensions > most_dimensions {
            format!("`{self}` has {most_dimensions} dimensions, and `{dimensions}` are asked for")
        } else if points > most_points {
            format!("`{self}` has {most_points} points, and `{points}` are asked for")
        } else {
            return Ok(());
        };
        let error = Error::usage(fault);
        Err(match self {
            Scramble::Burley => error.help("`owen` goes further"),
            _ => error,
        })
    }
}

impl fmt::Display for Scramble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Scramble {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|scramble| scramble.name() == name).ok_or_else(|| {
            Error::usage(format!("`{name}` is no scramble"))
                .help(format!("allowed: {}", Self::ALL.map(Scramble::name).join(", ")))
        })
    }
}

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
    pub fn dimension(&self, dimension: u32) -> Dimension {
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
    /// dimension take [`Sobol::dimension`] or [`Sobol::column`].
    ///
    /// # Panics
    /// Beyond the limits of the scramble; [`Scramble::limit`] tells beforehand.
    pub fn coordinate(&self, dimension: u32, index: u64) -> f64 {
        self.dimension(dimension).at(index)
    }

    /// Coordinates of the points `indices` in one dimension.
    ///
    /// # Panics
    /// Beyond the limits of the scramble; [`Scramble::limit`] tells beforehand.
    pub fn column(&self, dimension: u32, indices: Range<u64>) -> Vec<f64> {
        self.dimension(dimension).column(indices)
    }
}

/// One dimension of a [`Sobol`] sequence.
#[derive(Debug, Clone)]
pub struct Dimension(Source);

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
    pub fn at(&self, index: u64) -> f64 {
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
    pub fn column(&self, indices: Range<u64>) -> Vec<f64> {
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
