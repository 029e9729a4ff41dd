//! What the cells of a row show, in 32-bit numbers.

use std::borrow::Cow;

use super::aggregate::Panel;
use super::spec::{RenderSpec, Shows};
use super::{Ensemble, Span};

/// What one cell shows.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell<'a> {
    /// A state `[C, H, W]`.
    State(Cow<'a, [f32]>),
    /// Scalars `[H, W]`.
    Map(Vec<f32>),
    /// Red, green and blue from 0 to 1, `[3, H, W]`, with a note to stand below.
    Rgb(Vec<f32>, Option<String>),
    /// Nothing, and why.
    Undefined(&'static str),
}

/// What is finite stays so.
fn narrow(values: &[f64]) -> Vec<f32> {
    let largest = f64::from(f32::MAX);
    let narrow =
        |v: &f64| if v.is_finite() { v.clamp(-largest, largest) as f32 } else { *v as f32 };
    values.iter().map(narrow).collect()
}

/// The cells of an operator at one step, column by column; the operator spans `span` over the clip.
pub fn cells<'a>(spec: &RenderSpec, ensemble: &Ensemble<'a>, span: &Span) -> Vec<Cell<'a>> {
    let of = |shows: Shows, method| match shows {
        Shows::Realization(k) => Cell::State(Cow::Borrowed(ensemble.field(k))),
        Shows::Aggregate(aggregate) => match aggregate.panel(ensemble, span, method) {
            Panel::Map(values) => Cell::Map(narrow(&values)),
            Panel::Field(values) => Cell::State(Cow::Owned(narrow(&values))),
            Panel::Rgb(values, note) => Cell::Rgb(narrow(&values), note),
            Panel::Undefined(why) => Cell::Undefined(why),
        },
    };
    spec.columns.iter().map(|column| of(column.shows, column.method)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_numbers_stay_finite() {
        let narrowed = narrow(&[1e300, -1e300, 0.5, f64::INFINITY, f64::NAN]);
        assert_eq!(narrowed[..4], [f32::MAX, f32::MIN, 0.5, f32::INFINITY]);
        assert!(narrowed[4].is_nan());
    }
}
