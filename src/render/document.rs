//! The page about renders, with a section for what is registered here.

use std::fmt::Write;

use super::aggregate::Range;
use super::{AGGREGATES, Aggregate, Method};

/// The page `docs/renders.md`.
pub fn document() -> String {
    include_str!("page.md").replace("{aggregates}", aggregates().trim_end())
}

/// What each aggregate is.
fn aggregates() -> String {
    let mut out = String::from(
        "Each is computed over all M realizations, also those that are not shown. x(m, c) is channel c of \
         realization m at a pixel. `method: compat` is the Python reference's definition, defects \
         included, for comparison with old pictures.\n",
    );
    for aggregate in AGGREGATES {
        section(*aggregate, &mut out);
    }
    out
}

fn section(aggregate: &dyn Aggregate, out: &mut String) {
    let standard = aggregate.formula(Method::Standard);
    let compat = aggregate.formula(Method::Compat);
    let unit = match aggregate.unit(Method::Standard) {
        "" => String::new(),
        unit => format!(", in {unit}"),
    };
    let range = match aggregate.range(Method::Standard) {
        Range::Free => "from the values".to_owned(),
        Range::FromZero => "from 0 up".to_owned(),
        Range::Fixed(low, high) => format!("{low} to {high}"),
        Range::Below(span) => format!("{span} below the largest value up to it"),
    };
    let _ = write!(
        out,
        "\n### `{}`\n\n{}.\n\n```text\n{standard}\n```\n\nBounds: {range}{unit}. Table: `{}`. Source: {}.",
        aggregate.name(),
        aggregate.summary(),
        aggregate.colormap(),
        aggregate.source(),
    );
    if compat != standard {
        let _ = write!(out, " `compat`: {compat}.");
    }
    out.push('\n');
}
