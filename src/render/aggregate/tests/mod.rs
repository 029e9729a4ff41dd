//! Aggregates against closed forms, the conformance vectors of the reference, golden numbers, and
//! everything that may go wrong with an ensemble.

mod compat;
mod degenerate;
mod golden;
mod invariance;
mod pinned;
mod standard;

use super::*;

/// The panel of the aggregate called `name`.
fn panel(name: &str, ensemble: &Ensemble<'_>, span: &Span, method: Method) -> Panel {
    aggregate(name).unwrap().panel(ensemble, span, method)
}

/// The numbers of a panel that has some, under the accepted definition, with the span of the ensemble.
#[track_caller]
fn numbers(name: &str, ensemble: &Ensemble<'_>) -> Vec<f64> {
    match panel(name, ensemble, &Span::of(ensemble), Method::Standard) {
        Panel::Map(numbers) | Panel::Field(numbers) | Panel::Rgb(numbers, _) => numbers,
        Panel::Undefined(why) => panic!("{name}: {why}"),
    }
}
