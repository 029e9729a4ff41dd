//! Counts of the levels of discrete parameters, alone and in pairs.
//!
//! Experiments stratify on discrete parameters, so what matters is how often each level came out
//! after the coordinates were mapped. Levels are taken to be equally likely.

use serde::Serialize;

use super::projection::index_pairs;
use super::quality::Metric;

/// A discrete parameter as it came out.
#[derive(Debug, Clone, Copy)]
pub struct Discrete<'a> {
    /// Name of the parameter.
    pub name: &'a str,
    /// Number of levels K, at least 1.
    pub levels: usize,
    /// Level of each point, below K.
    pub index: &'a [u32],
}

/// Counts of one discrete parameter.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Marginal {
    /// Name of the parameter.
    pub name: String,
    /// Points at each level.
    pub counts: Vec<u64>,
    /// Largest `|count - N/K|`; target `max(2, N/100)`.
    pub deviation: Metric,
}

/// Counts of a pair of discrete parameters.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Joint {
    /// Names of the parameters.
    pub names: [String; 2],
    /// Largest `|count - E|/√E` over the cells, with `E = N/(K K')`; about 1 to 3 for random points.
    pub deviation: f64,
}

/// Counts of each parameter.
///
/// # Panics
/// If a level is out of range.
pub fn marginals(discrete: &[Discrete<'_>]) -> Vec<Marginal> {
    let marginal = |d: &Discrete<'_>| {
        let mut counts = vec![0_u64; d.levels];
        for &level in d.index {
            counts[level as usize] += 1;
        }
        let points = d.index.len() as f64;
        let value = deviation(&counts, points / d.levels as f64);
        let target = (0.01 * points).max(2.0);
        Marginal {
            name: d.name.to_owned(),
            deviation: Metric::new(Some(value), None, Some(target)),
            counts,
        }
    };
    discrete.iter().map(marginal).collect()
}

/// Counts of each pair of parameters; none without points.
///
/// # Panics
/// If a level is out of range.
pub fn joints(discrete: &[Discrete<'_>]) -> Vec<Joint> {
    if discrete.iter().any(|d| d.index.is_empty()) {
        return Vec::new();
    }
    let joint = |(a, b): (usize, usize)| {
        let (a, b) = (&discrete[a], &discrete[b]);
        let mut counts = vec![0_u64; a.levels * b.levels];
        for (&i, &j) in a.index.iter().zip(b.index) {
            assert!((j as usize) < b.levels, "level {j} of `{}` is out of range", b.name);
            counts[i as usize * b.levels + j as usize] += 1;
        }
        let expected = a.index.len() as f64 / counts.len() as f64;
        Joint {
            names: [a.name.to_owned(), b.name.to_owned()],
            deviation: deviation(&counts, expected) / expected.sqrt(),
        }
    };
    index_pairs(discrete.len()).map(joint).collect()
}

fn deviation(counts: &[u64], expected: f64) -> f64 {
    counts.iter().fold(0.0, |most, &count| f64::max(most, (count as f64 - expected).abs()))
}
