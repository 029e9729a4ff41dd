//! Summary-descriptor features (SDF) of rollouts: what each is, and how it follows from states.
//!
//! A category is a file here and a line in [`CATEGORIES`]. It names its features ([`Feature`]: formula,
//! when it is undefined, source), and makes an [`Extractor`] that is shown the states of one
//! trajectory, frame by frame, so that memory does not grow with the number of steps. Frames share
//! what several categories need: transforms, order statistics, derivatives ([`frame`]). What goes over
//! pixels is apart from what follows from it, so that a device may do the former ([`measured`]). Every
//! value is a number or the reason why there is none ([`Undefined`]); nothing is silently zero.
//!
//! Two sets of definitions exist. `standard` is the accepted definition of the field; `compat` is the
//! Python reference's, defects included, for comparison with old tables. Arithmetic is in 64 bits on
//! states as stored. It does not know files, chunks, artifacts or devices; the operator sensitivity,
//! which needs the operator itself, is computed by `compute::sensitivity`.

pub mod carry;
pub mod causality;
pub mod cleaning;
pub mod cross_channel;
pub mod feature;
pub mod frame;
pub mod invariant_drift;
pub mod measured;
pub mod reduce;
pub mod selection;
pub mod series;
pub mod settings;
pub mod singular;
pub mod spatial;
pub mod spectral;
pub mod spectrum;
pub mod statistics;
pub mod summary;
pub mod table;
pub mod temporal;
#[cfg(test)]
mod tests;
pub mod waves;

pub use carry::Carrier;
pub use feature::{Category, Extractor, Feature, Scope, Set, Stage, Undefined, Value};
pub use frame::{Channel, Frame, Shape};
pub use measured::{Measured, Past};
pub use selection::Selection;
pub use settings::{Definitions, Settings};

/// Every category that is computed from states, in the order of the columns.
pub const CATEGORIES: &[&dyn Category] = &[
    &spatial::Spatial,
    &spectral::Spectral,
    &cross_channel::CrossChannel,
    &temporal::Temporal,
    &causality::Causality,
    &invariant_drift::InvariantDrift,
];

/// The category called `name`.
pub fn category(name: &str) -> Option<&'static dyn Category> {
    CATEGORIES.iter().copied().find(|category| category.name() == name)
}
