//! Renders: rollouts as pictures. What can be drawn of an ensemble, how numbers become colours, and
//! where everything stands on a frame.
//!
//! An operator's realizations at one step are an [`Ensemble`]. An [`Aggregate`] makes one panel of it:
//! a map of numbers with a unit and a natural range. Colouring is a step of its own, so that panels can
//! share bounds. Nothing here simulates, and nothing here knows where states come from: the same code
//! draws from the cache and from a data set. It starts no process; video encoders are `encode`'s.
//!
//! ```text
//! RenderSpec::check → for each operator and step: cells → Tally::include        (merge, to_numbers)
//!                   → compose::paints(tallies) → Grid::new → for each step: Grid::frame → Canvas
//!                                              → strip → Canvas
//! ```

pub mod aggregate;
pub mod cell;
pub mod channels;
pub mod color;
pub mod components;
pub mod compose;
mod document;
pub mod draw;
mod ensemble;
pub mod frame;
pub mod histogram;
pub mod layout;
pub mod list;
pub mod number;
pub mod select;
pub mod spec;
pub mod tally;
#[cfg(test)]
mod tests;
pub mod theme;

pub use aggregate::{AGGREGATES, Aggregate, Method, Panel};
pub use document::document;
pub use ensemble::{Ensemble, Span};
