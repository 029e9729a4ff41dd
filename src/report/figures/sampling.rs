//! What was sampled: which parameters operators have, and how good a sample that is.

use serde_json::Value;

use super::{SHARE, figure, shown};
use crate::chart::coverage::{self, Values};
use crate::chart::quality::{self, Measure};
use crate::dataset::{Dimension, Range, View};
use crate::error::Result;
use crate::report::model::{Figure, Topic};

/// Whole numbers up to so many have a place each.
const PLACES: f64 = 20.0;

/// The measures of a sample that have an expectation: where they stand among the metrics, what they are
/// called, and whether more is better.
const MEASURES: [(&str, &str, bool); 10] = [
    ("/discrepancy/cd2", "centred discrepancy", false),
    ("/discrepancy/wd2", "wrap-around discrepancy", false),
    ("/discrepancy/md2", "mixture discrepancy", false),
    ("/discrepancy/l2_star2", "star discrepancy", false),
    ("/projection/cd2", "discrepancy, worst pair", false),
    ("/correlation/max_abs", "largest correlation", false),
    ("/correlation/mean_abs", "mean correlation", false),
    ("/coverage_1d/mean", "χ², 32 bins", false),
    ("/coverage_2d/mean", "χ², 8 × 8 bins", false),
    ("/distance/min", "smallest distance", true),
];

/// Every sampled parameter, and every pair of them.
pub fn coverage(view: &View) -> Result<Option<Figure>> {
    let (rows, mut found) = view.dimensions(&SHARE)?;
    if rows.is_empty() || found.is_empty() {
        return Ok(None);
    }
    // Pairs say most of parameters that have many values; a chart has room for some only.
    found.sort_by_key(|dimension| match &dimension.range {
        Range::Continuous { .. } => 0,
        Range::Whole(..) => 1,
        Range::Choice(_) => 2,
    });
    let dimensions: Vec<coverage::Dimension> = found.into_iter().map(dimension).collect();
    let chart = coverage::chart("Coverage of the parameters", &dimensions);
    let note = "Each point is an operator. On the diagonal: how often values occur. Points with the same \
                choice or whole number are spread beside each other.";
    let note = [note.to_owned(), shown(rows.len(), view.operators, "operator")];
    Ok(Some(figure("coverage", Topic::Sampling, chart, note)))
}

fn dimension(of: Dimension) -> coverage::Dimension {
    let mut at = of.values;
    let values = match of.range {
        Range::Continuous { low, high, log: true } => Values::Log(low, high),
        Range::Whole(low, high) if high - low < PLACES => {
            for v in &mut at {
                *v -= low;
            }
            let names = (0..=(high - low) as usize).map(|i| (low + i as f64).to_string());
            Values::Categories(names.collect())
        }
        Range::Continuous { low, high, log: false } | Range::Whole(low, high) => {
            Values::Linear(low, high)
        }
        Range::Choice(names) => Values::Categories(names),
    };
    coverage::Dimension { name: of.name.replace('_', " "), values, at }
}

/// The sample against as many random points.
pub fn quality(metrics: &Value) -> Option<Figure> {
    let number = |path: &str, of: &str| metrics.pointer(&format!("{path}/{of}"))?.as_f64();
    let measure = |(path, name, more): &(&str, &str, bool)| {
        let expected = number(path, "expected").filter(|v| *v > 0.0)?;
        Some(Measure {
            name: (*name).to_owned(),
            value: number(path, "value")?,
            expected: Some(expected),
            target: number(path, "target").map(|target| target / expected),
            more: *more,
        })
    };
    let measures: Vec<Measure> = MEASURES.iter().filter_map(measure).collect();
    if !measures.iter().any(|measure| measure.value > 0.0) {
        return None;
    }
    let chart = quality::chart("Quality of the sample", &measures);
    let note = "How far measures of this sample are from those of as many independent uniform points, on \
                average. Discrepancies are squared.";
    Some(figure("quality", Topic::Sampling, chart, [note.to_owned()]))
}
