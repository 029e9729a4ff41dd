//! Charts of a report, from the data set and from the log of the build.
//!
//! A figure without data is left out. Invariant: what is read and what is drawn is bounded by the constants
//! here; what was left out for that reason stands in the note.

mod build;
mod features;
mod rollouts;
mod sampling;

pub use build::of_build;

use super::model::{Figure, Topic};
use super::numbers::{count, several};
use crate::chart::Chart;
use crate::dataset::{Films, Info, Share, View};
use crate::error::{Error, Result};

/// Of a table of parameters, metrics or features.
const SHARE: Share = Share { rows: 20_000, bytes: 64 << 20 };

/// The figures of a data set, and what hindered those that are not there. `films` are the rollouts that
/// the page shows.
pub fn of_data(view: &View, info: &Info, films: Option<&Films>) -> (Vec<Figure>, Vec<Error>) {
    let (mut figures, mut faults) = (Vec::new(), Vec::new());
    let mut add = |found: Result<Vec<Figure>>| match found {
        Ok(found) => figures.extend(found),
        Err(error) => faults.push(error),
    };
    add(sampling::coverage(view).map(Vec::from_iter));
    add(Ok(Vec::from_iter(sampling::quality(&info.sampling_metrics))));
    add(rollouts::statistics(view).map(Vec::from_iter));
    add(Ok(Vec::from_iter(rollouts::divergence(view))));
    add(Ok(Vec::from_iter(films.and_then(|films| rollouts::spectra(view, films)))));
    add(features::figures(view));
    (figures, faults)
}

/// A figure; its note are those of the sentences that say something.
fn figure<const N: usize>(
    name: impl Into<String>,
    topic: Topic,
    chart: Chart,
    sentences: [String; N],
) -> Figure {
    let said: Vec<String> = sentences.into_iter().filter(|text| !text.is_empty()).collect();
    Figure { name: name.into(), topic, chart, note: said.join(" ") }
}

/// A sentence about those that are not shown; empty if all are.
fn shown(few: usize, all: usize, noun: &str) -> String {
    let all_of_them = several(all as u64, noun);
    let text = || format!("Shown: {} of {all_of_them}, evenly spread.", count(few as u64));
    if few < all { text() } else { String::new() }
}

/// The mean of what is finite of every `columns`-th number, NaN where nothing is.
fn means(numbers: &[f64], columns: usize) -> Vec<f64> {
    let (mut sums, mut counts) = (vec![0.0; columns], vec![0.0; columns]);
    for row in numbers.chunks_exact(columns) {
        for ((sum, n), v) in
            sums.iter_mut().zip(&mut counts).zip(row).filter(|(_, v)| v.is_finite())
        {
            (*sum, *n) = (*sum + v, *n + 1.0);
        }
    }
    sums.iter().zip(&counts).map(|(sum, n)| sum / n).collect()
}

/// Operators by what a column of texts says, in the order of the names; all in one group if it says nothing.
fn groups(view: &View, rows: &[usize]) -> Vec<(String, Vec<usize>)> {
    let texts = ["evolution_policies", "ic_types"].iter().find_map(|name| view.texts(name));
    let mut out: std::collections::BTreeMap<String, Vec<usize>> = std::collections::BTreeMap::new();
    for (at, row) in rows.iter().enumerate() {
        let name = texts.map_or("all operators", |texts| texts[*row].as_str());
        out.entry(name.replace('_', " ")).or_default().push(at);
    }
    out.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_over_what_is_finite() {
        let nan = f64::NAN;
        let found = means(&[1.0, nan, 3.0, nan, f64::INFINITY, nan], 2);
        assert_eq!(found[0], 2.0);
        assert!(found[1].is_nan());
    }
}
