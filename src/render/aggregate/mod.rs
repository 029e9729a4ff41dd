//! What can be drawn of an ensemble, one file each.
//!
//! `standard` is the accepted definition; `compat` is the Python reference's, defects included, for
//! comparison with old pictures. Both give numbers; colours come later.
//!
//! Numbers that are not finite never stop a `standard` panel. What is computed pixel by pixel leaves the
//! number out there; `ssim` leaves the realization out as far as its window reaches; `pca` and `spectral`,
//! which need whole fields, leave it out altogether. `compat` has no panel where the reference crashes.
//!
//! Invariant: the same bits on every machine, so pictures need no numerics profile in their keys. All is
//! 64-bit arithmetic in a fixed order, with `libm` for what is not exact.

mod entropy;
mod envelope;
mod jacobi;
mod mean;
mod moments;
mod overlay;
mod pca;
mod spectral;
mod ssim;
mod stddev;
#[cfg(test)]
mod tests;
mod variance;
mod window;

use std::fmt::Debug;

use super::{Ensemble, Span};

/// Whose definitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Method {
    /// The accepted one.
    #[default]
    Standard,
    /// The Python reference's.
    Compat,
}

impl Method {
    /// Whether a number takes part in statistics: under `compat` all do.
    fn takes(self, x: f32) -> bool {
        self == Method::Compat || x.is_finite()
    }
}

/// What an aggregate gives.
#[derive(Debug, Clone, PartialEq)]
pub enum Panel {
    /// One number per pixel, `[H, W]`, NaN where there is none.
    Map(Vec<f64>),
    /// A field, `[C, H, W]`, coloured as the realizations are.
    Field(Vec<f64>),
    /// Red, green and blue, `[3, H, W]`, in 0 to 1, with what a label should add to the name.
    Rgb(Vec<f64>, Option<String>),
    /// It has no value; why, in words for a label: `needs 2 realizations`.
    Undefined(&'static str),
}

/// Which bounds the colours of a map have if nothing else is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Range {
    /// From data.
    Free,
    /// From zero to what data say.
    FromZero,
    /// Always these.
    Fixed(f64, f64),
    /// From so much below the data's largest to it.
    Below(f64),
}

/// One of the aggregates.
pub trait Aggregate: Sync + Debug {
    /// As in files and on the command line.
    fn name(&self) -> &'static str;
    /// Raised when its numbers change; hashed.
    fn version(&self) -> u32;
    /// In a sentence.
    fn summary(&self) -> &'static str;
    /// The definition, one line of plain text.
    fn formula(&self, method: Method) -> &'static str;
    /// Where the definition comes from.
    fn source(&self) -> &'static str;
    /// Unit of its numbers, for a colour bar; empty if they are pure or those of the field.
    fn unit(&self, method: Method) -> &'static str;
    /// Bounds of its colours.
    fn range(&self, method: Method) -> Range;
    /// Colour table if no other is asked for.
    fn colormap(&self) -> &'static str;
    /// The panel of an ensemble whose operator spans `span`, channel by channel, over the clip.
    fn panel(&self, ensemble: &Ensemble<'_>, span: &Span, method: Method) -> Panel;
}

/// Every aggregate, in the order of documents.
pub const AGGREGATES: &[&dyn Aggregate] = &[
    &mean::Mean,
    &variance::Variance,
    &stddev::Stddev,
    &envelope::Envelope,
    &overlay::Overlay,
    &entropy::Entropy,
    &pca::Pca,
    &ssim::Ssim,
    &spectral::Spectral,
];

/// The aggregate called `name`.
pub fn aggregate(name: &str) -> Option<&'static dyn Aggregate> {
    AGGREGATES.iter().copied().find(|aggregate| aggregate.name() == name)
}
