//! What a sampler is, and the registry of all of them.
//!
//! A coordinate is a function of the sampler's settings, the dimension and the index of the point, so
//! chunks are drawn apart and a parameter added or removed moves no other. The samplers differ in what
//! becomes of the points when there are more of them.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::scramble::Scramble;
use super::{halton, latin_hypercube, sobol, uniform};
use crate::error::Result;
use crate::key::Manifest;

/// A dimension that is in use: what it decides, and its number.
pub type Named = (&'static str, u32);

/// A way to draw points, as experiments name it.
#[derive(Debug)]
pub struct Method {
    /// As in `sampling.strategy` and in recipes.
    pub name: &'static str,
    /// One line for lists: what it is, and what a larger N does to its points.
    pub summary: &'static str,
    /// Which of the keys `scramble` and `scramble_method` act.
    pub options: &'static [&'static str],
    /// The sampler with these settings.
    pub make: fn(&Settings) -> Arc<dyn Sampler>,
}

/// What an experiment may say about its sampler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// The experiment seed.
    pub seed: u64,
    /// N.
    pub points: u64,
    /// How points are scrambled; samplers that are no Sobol sequence ask only whether.
    pub scramble: Scramble,
}

/// A sampler with its settings.
pub trait Sampler: fmt::Debug + Send + Sync {
    /// The settings that act, for the recipe: `sampler` first.
    fn describe(&self, m: &mut dyn Manifest);

    /// Coordinates in `[0, 1)` of the points `indices` in one dimension.
    ///
    /// # Panics
    /// Beyond the limits of the sampler; [`Sampler::limit`] tells beforehand.
    fn column(&self, dimension: u32, indices: Range<u64>) -> Vec<f64>;

    /// Refuses what the sampler does not have.
    ///
    /// # Errors
    /// A usage error if there are fewer than `dimensions` dimensions or `points` points.
    fn limit(&self, dimensions: u32, points: u64) -> Result<()>;

    /// What a person should know who draws `points` points and uses these dimensions.
    fn note(&self, points: u64, used: &[Named]) -> Option<String>;

    /// The sampler of another number of points, if its points are others; else they stay.
    fn resized(&self, _points: u64) -> Option<Arc<dyn Sampler>> {
        None
    }
}

/// Every sampler, the default first. A new one: a file beside this, and a line here.
pub const SAMPLERS: &[Method] =
    &[sobol::METHOD, latin_hypercube::METHOD, halton::METHOD, uniform::METHOD];

/// Other names, each with the sampler it stands for.
pub const SAMPLER_ALIASES: &[(&str, &str)] = &[("sobol_stratified", "sobol")];

/// The sampler called `name`, by its own name or an alias.
pub fn method(name: &str) -> Option<&'static Method> {
    let aliases = SAMPLER_ALIASES.iter().find(|(alias, _)| *alias == name);
    let name = aliases.map_or(name, |(_, name)| name);
    SAMPLERS.iter().find(|method| method.name == name)
}
