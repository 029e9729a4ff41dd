//! Initial conditions: families of random fields on the torus.
//!
//! A family is a file in [`families`] and a line in [`FAMILIES`]. It reads its settings once,
//! describes them for the recipe, and draws a sample as a pure function of one random stream, the grid
//! and the number of channels. Invariant: the same bytes on every machine, alone or among others, on
//! any thread. Therefore everything is 64-bit arithmetic in a fixed order, with `libm` for what is not
//! exact (the `f64` methods `sin`, `exp`, `ln`, `powf` call the system's library and are not used),
//! and is rounded to 32 bits once, at the end. Lengths are fractions of the side, and what is
//! simulated is simulated on a grid of its own ([`simulation`]), so that the physics does not depend
//! on the grid. It does not know operators, chunks, or how a family is chosen for a sample.

pub mod common;
pub mod distance;
pub mod etd;
pub mod families;
pub mod fft;
pub mod geometry;
pub mod interface;
pub mod lattice;
pub mod parameter;
pub mod sampler;
pub mod screened;
pub mod simulation;
pub mod spectrum;
#[cfg(test)]
mod tests;

use crate::key::{Manifest, Value};
use crate::node::Fields;
use crate::rng::Stream;

pub use families::{ALIASES, FAMILIES, family};
use parameter::Parameter;

/// The smallest grid that any family draws on.
pub const MIN_GRID: usize = 8;

/// One family of initial conditions: what it is, and how to make one from its settings.
#[derive(Debug)]
pub struct Family {
    /// As in `ic_type_weights` and `method`.
    pub name: &'static str,
    /// Raised when what it draws changes; hashed.
    pub version: u32,
    /// Its group in lists and pictures.
    pub tier: Tier,
    /// One line for lists.
    pub summary: &'static str,
    /// The field in a formula, on one line of plain text.
    pub formula: &'static str,
    /// What its channels are.
    pub channels: Channels,
    /// How long a sample takes.
    pub cost: Cost,
    /// Where the construction comes from.
    pub references: &'static [&'static str],
    /// Every setting it reads, for the documents.
    pub parameters: &'static [Parameter],
    /// Settings of the Python reference that never meant what they said.
    pub refused: &'static [Refused],
    /// Reads its settings; records faults, and leaves unknown keys to the caller's `finish`.
    /// [`Family::read`] is what callers want.
    pub parse: fn(&Fields<'_>) -> Box<dyn InitialCondition>,
}

impl Family {
    /// Reads its settings and reports those it refuses; leaves unknown keys to the caller's `finish`.
    pub fn read(&self, fields: &Fields<'_>) -> Box<dyn InitialCondition> {
        for refused in self.refused {
            fields.refuse(refused.name, refused.why, refused.instead);
        }
        (self.parse)(fields)
    }

    /// What makes these settings of the family impossible on this grid or with this many channels.
    ///
    /// # Errors
    /// The reason in words.
    pub fn check(
        &self,
        settings: &dyn InitialCondition,
        grid: usize,
        channels: usize,
    ) -> Result<(), String> {
        if let Channels::Named(names) = self.channels
            && channels > names.len()
        {
            return Err(format!(
                "it has {} channels ({}), and the experiment asks for {channels}",
                names.len(),
                names.join(", ")
            ));
        }
        settings.check(grid, channels)
    }
}

/// A group of families, from the general to the special.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// Random fields and geometric probes of no field in particular.
    Baseline,
    /// Foundational physics, chemistry and biology.
    Tier1,
    /// Special phenomena.
    Tier2,
    /// Complex systems.
    Tier3,
    /// Research frontiers.
    Tier4,
}

impl Tier {
    /// Every tier, in order.
    pub const ALL: [Tier; 5] = [Tier::Baseline, Tier::Tier1, Tier::Tier2, Tier::Tier3, Tier::Tier4];

    /// As on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Tier::Baseline => "baseline",
            Tier::Tier1 => "tier1",
            Tier::Tier2 => "tier2",
            Tier::Tier3 => "tier3",
            Tier::Tier4 => "tier4",
        }
    }

    /// As a heading.
    pub fn title(self) -> &'static str {
        match self {
            Tier::Baseline => "Baseline",
            Tier::Tier1 => "Tier 1: foundational",
            Tier::Tier2 => "Tier 2: specialized",
            Tier::Tier3 => "Tier 3: complex systems",
            Tier::Tier4 => "Tier 4: research frontiers",
        }
    }
}

/// What the channels of a family are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channels {
    /// Any number of scalar fields of this kind; `channel_mode` or the family says how they relate.
    Scalar(&'static str),
    /// These fields, in this order; an experiment with fewer channels gets the first ones.
    Named(&'static [&'static str]),
}

/// How long a sample takes, by what dominates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cost {
    /// A few transforms or sums: below a millisecond for three channels on a 64 × 64 grid.
    Cheap,
    /// Tens of transforms or many small parts: some milliseconds.
    Moderate,
    /// A simulation on a grid of at least 128 × 128: up to half a second.
    Integrated,
}

impl Cost {
    /// As in lists.
    pub fn name(self) -> &'static str {
        match self {
            Cost::Cheap => "cheap",
            Cost::Moderate => "moderate",
            Cost::Integrated => "integrated",
        }
    }

    /// What it means.
    pub fn about(self) -> &'static str {
        match self {
            Cost::Cheap => {
                "a few transforms or sums: below a millisecond for three channels on a 64 × 64 grid"
            }
            Cost::Moderate => "tens of transforms or many small parts: some milliseconds",
            Cost::Integrated => "a simulation on a grid of at least 128 × 128: up to half a second",
        }
    }
}

/// A setting that is refused with an explanation.
#[derive(Debug, Clone, Copy)]
pub struct Refused {
    /// As in the file.
    pub name: &'static str,
    /// Why it has no meaning.
    pub why: &'static str,
    /// What to write instead.
    pub instead: &'static str,
}

/// A family with its settings.
pub trait InitialCondition: Send + Sync + std::fmt::Debug {
    /// The settings that act, for the recipe.
    fn describe(&self, m: &mut dyn Manifest);

    /// What makes these settings impossible on this grid or with this many channels, in words; the
    /// caller refuses grids below [`MIN_GRID`] and channels without a name for all families. A family
    /// that passes draws without fail.
    fn check(&self, _grid: usize, _channels: usize) -> Result<(), String> {
        Ok(())
    }

    /// One sample: a pure function of the request.
    fn draw(&self, request: &Request) -> Drawn;
}

/// What to draw.
#[derive(Debug, Clone, Copy)]
pub struct Request {
    /// The stream of this sample; nothing else uses it.
    pub stream: Stream,
    /// Side of the grid, at least [`MIN_GRID`].
    pub grid: usize,
    /// Number of channels, at least 1.
    pub channels: usize,
}

/// One sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn {
    /// `[C, H, W]`, row by row.
    pub fields: Vec<f32>,
    /// What was drawn: settings that a law leaves open, places, amplitudes.
    pub settings: Vec<(&'static str, Value)>,
}
