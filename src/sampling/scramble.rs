//! How a Sobol sequence is randomised, and how far each way reaches.

use std::fmt;
use std::str::FromStr;

use super::joe_kuo::{self, BITS};
use crate::error::{Error, Result};

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
