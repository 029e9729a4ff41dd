//! Initial conditions: families of random fields on the torus.
//!
//! A family is a file here and a line in [`FAMILIES`]. It reads its settings once, describes them
//! for the recipe, and draws a sample as a pure function of one random stream, the grid and the
//! number of channels. Invariant: the same bytes on every machine, alone or among others, on any
//! thread. Therefore everything is 64-bit arithmetic in a fixed order, with `libm` for what is not
//! exact (the `f64` methods `sin`, `exp`, `ln`, `powf` call the system's library and are not used),
//! and is rounded to 32 bits once, at the end. Lengths are fractions of the side. It does not know
//! operators, chunks, or how a family is chosen for a sample.

pub mod band_limited;
pub mod common;
pub mod composite;
pub mod fft;
pub mod gaussian_random_field;
pub mod geometry;
pub mod heavy_tailed;
pub mod localized;
pub mod mixed;
pub mod multiscale_grf;
pub mod parameter;
pub mod power_law_grf;
pub mod spectrum;
pub mod structured;
#[cfg(test)]
mod tests;

use crate::key::{Manifest, Value};
use crate::node::Fields;
use crate::rng::Stream;

use parameter::Parameter;

/// The smallest grid that any family draws on.
pub const MIN_GRID: usize = 8;

/// One family of initial conditions.
#[derive(Debug)]
pub struct Family {
    /// As in `ic_type_weights` and `method`.
    pub name: &'static str,
    /// Raised when what it draws changes; hashed.
    pub version: u32,
    /// One line for lists.
    pub summary: &'static str,
    /// Every setting it reads, for the documents.
    pub parameters: &'static [Parameter],
    /// Reads its settings; records faults, and leaves unknown keys to the caller's `finish`.
    pub parse: fn(&Fields<'_>) -> Box<dyn InitialCondition>,
}

/// Every family, in the order the documents list them. A new one: a file beside this, and a line here.
pub const FAMILIES: &[Family] = &[
    gaussian_random_field::FAMILY,
    structured::FAMILY,
    mixed::FAMILY,
    multiscale_grf::FAMILY,
    band_limited::FAMILY,
    localized::FAMILY,
    composite::FAMILY,
    power_law_grf::FAMILY,
    heavy_tailed::FAMILY,
];

/// Other names, each with the family it stands for.
pub const ALIASES: &[(&str, &str)] = &[("random", "gaussian_random_field")];

/// The family called `name`, by its own name or an alias.
pub fn family(name: &str) -> Option<&'static Family> {
    let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, name)| name);
    FAMILIES.iter().find(|family| family.name == name)
}

/// A family with its settings.
pub trait InitialCondition: Send + Sync + std::fmt::Debug {
    /// The settings that act, for the recipe.
    fn describe(&self, m: &mut dyn Manifest);

    /// What makes these settings impossible on this grid or with this many channels, in words; the
    /// caller refuses grids below [`MIN_GRID`] for all families. A family that passes draws without
    /// fail.
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
