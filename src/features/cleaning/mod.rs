//! A recipe that makes columns of features fit to train on: which are left out, and how the others are
//! clipped and scaled.
//!
//! It is made from the training split alone, column by column in the order of the table:
//!
//! 1. A column with no values, or with more than `max_missing` of them missing, is left out.
//! 2. One that is constant is: max − min ≤ `constant_tolerance` · max(|min|, |max|), before or after
//!    clipping.
//! 3. Values are clipped to `[low, high]`: median ± k · MAD, or two quantiles. Where more than half of
//!    the values are equal, so that MAD = 0, the mean absolute deviation from the median stands in for
//!    it, times Φ⁻¹(¾)·√(π/2) = 0.8453, which makes the two agree on a normal law.
//! 4. A column whose clipped values have |r| > `max_correlation` with those of an earlier one that is
//!    kept is left out; r is Pearson's, over the rows where both are there. It is of clipped values
//!    because those are trained on, and because one far outlier that two columns share would make any
//!    two of them alike.
//! 5. What is left is to be standardised with mean and standard deviation (divisor n − 1) of its clipped
//!    values: `z = (min(max(x, low), high) − mean)/std`. A missing value becomes z = 0, the mean.

use super::statistics::{mean, quantile};
use super::summary::{Summary, mean_and_std, present};
use crate::key::{Manifest, Value};
use crate::mark::{self, Doing};

mod document;

pub use document::{Table, document, yaml};

/// Raised when the same settings and values would give another recipe.
pub const VERSION: u32 = 1;

/// Φ⁻¹(¾)·√(π/2): how many MADs of a normal law its mean absolute deviation is worth.
const MAD_OF_MEAN_DEVIATION: f64 = 0.845_347_539_395_149_3;

/// The settings of the recipe.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cleaning {
    /// Range over size up to which a column counts as constant.
    pub constant_tolerance: f64,
    /// Largest share of missing values.
    pub max_missing: f64,
    /// Largest |r| with an earlier column.
    pub max_correlation: f64,
    /// Where values are cut.
    pub clip: Clip,
}

/// Where values are cut.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Clip {
    /// At the median ± so many median absolute deviations.
    Mad(f64),
    /// At the quantiles q and 1 − q.
    Quantile(f64),
    /// Nowhere.
    None,
}

impl Default for Cleaning {
    fn default() -> Self {
        Self {
            constant_tolerance: 1e-6,
            max_missing: 0.5,
            max_correlation: 0.99,
            clip: Clip::Mad(10.0),
        }
    }
}

impl Cleaning {
    /// What acts of it, for a recipe.
    pub fn describe(&self, m: &mut dyn Manifest) {
        m.param("cleaning version", VERSION.into());
        for (name, value) in self.values() {
            m.param(name, value);
        }
    }

    /// What acts of it, by the names in an experiment.
    pub fn values(&self) -> Vec<(&'static str, Value)> {
        let mut out = vec![
            ("constant_tolerance", self.constant_tolerance.into()),
            ("max_missing", self.max_missing.into()),
            ("max_correlation", self.max_correlation.into()),
            ("clip", self.clip.name().into()),
        ];
        match self.clip {
            Clip::Mad(k) => out.push(("clip_mad", k.into())),
            Clip::Quantile(q) => out.push(("clip_quantile", q.into())),
            Clip::None => {}
        }
        out
    }
}

impl Clip {
    /// As in an experiment.
    pub fn name(self) -> &'static str {
        match self {
            Clip::Mad(_) => "mad",
            Clip::Quantile(_) => "quantile",
            Clip::None => "none",
        }
    }

    /// The bounds for these values, at least one.
    fn bounds(self, summary: &Summary, values: &mut [f64]) -> (f64, f64) {
        match self {
            Clip::None => (f64::NEG_INFINITY, f64::INFINITY),
            Clip::Quantile(q) => {
                values.sort_unstable_by(f64::total_cmp);
                (quantile(values, q), quantile(values, 1.0 - q))
            }
            Clip::Mad(k) => {
                let spread = if summary.mad > 0.0 {
                    summary.mad
                } else {
                    let away: Vec<f64> =
                        values.iter().map(|v| (v - summary.median).abs()).collect();
                    MAD_OF_MEAN_DEVIATION * mean(&away)
                };
                (summary.median - k * spread, summary.median + k * spread)
            }
        }
    }
}

/// What becomes of a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fate {
    /// It is clipped and standardised.
    Kept(Scaling),
    /// It has no values, or too few.
    Missing,
    /// It is the same everywhere.
    Constant,
    /// It says what an earlier one says.
    Correlated {
        /// Which.
        with: usize,
        /// The correlation of the two.
        r: f64,
    },
}

/// How a column is clipped and scaled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scaling {
    /// Least value; −∞ without clipping.
    pub low: f64,
    /// Greatest value; ∞ without clipping.
    pub high: f64,
    /// Mean of the clipped values.
    pub mean: f64,
    /// Their standard deviation.
    pub std: f64,
}

impl Scaling {
    /// The value within the bounds.
    fn clip(&self, value: f32) -> f64 {
        f64::from(value).max(self.low).min(self.high)
    }
}

/// The recipe for columns of one length, with their statistics.
pub fn recipe(columns: &[Vec<f32>], summaries: &[Summary], settings: &Cleaning) -> Vec<Fate> {
    let mut fates: Vec<Fate> = Vec::with_capacity(columns.len());
    for (column, summary) in columns.iter().zip(summaries) {
        mark::at(Doing::Column, fates.len() as u64 + 1, columns.len() as u64);
        let fate = match scaling(column, summary, settings) {
            Err(fate) => fate,
            Ok(own) => {
                let scaled = |at: usize, scaling| Scaled {
                    values: &columns[at],
                    scaling,
                    complete: summaries[at].nan_count == 0,
                };
                let this = fates.len();
                let kept = fates.iter().enumerate().filter_map(|(at, fate)| match fate {
                    Fate::Kept(other) => Some((at, scaled(at, other))),
                    _ => None,
                });
                let alike = kept
                    .map(|(with, other)| (with, correlation(other, scaled(this, &own))))
                    .find(|(_, r)| r.abs() > settings.max_correlation);
                alike.map_or(Fate::Kept(own), |(with, r)| Fate::Correlated { with, r })
            }
        };
        fates.push(fate);
    }
    fates
}

/// Bounds and scale of a column by itself, or why it is left out.
fn scaling(column: &[f32], summary: &Summary, settings: &Cleaning) -> Result<Scaling, Fate> {
    let missing = summary.nan_count as f64 / column.len().max(1) as f64;
    if summary.count == 0 || missing > settings.max_missing {
        return Err(Fate::Missing);
    }
    let constant =
        |min: f64, max: f64| max - min <= settings.constant_tolerance * min.abs().max(max.abs());
    if constant(summary.min, summary.max) {
        return Err(Fate::Constant);
    }
    let mut values = present(column);
    let (low, high) = settings.clip.bounds(summary, &mut values);
    if constant(summary.min.max(low), summary.max.min(high)) {
        return Err(Fate::Constant);
    }
    for value in &mut values {
        *value = value.max(low).min(high);
    }
    let (mean, std) = mean_and_std(&values);
    Ok(Scaling { low, high, mean, std })
}

/// A column with its bounds and scale, and whether all of its values are there.
#[derive(Clone, Copy)]
struct Scaled<'a> {
    values: &'a [f32],
    scaling: &'a Scaling,
    complete: bool,
}

/// Pearson's r of the clipped values of two columns over the rows where both are there; NaN where one
/// of them does not change there.
fn correlation(a: Scaled<'_>, b: Scaled<'_>) -> f64 {
    if a.complete && b.complete { of_all_rows(a, b) } else { of_common_rows(a, b) }
}

/// The means and deviations of the rows are those of the columns then. In eight interleaved sums, so
/// that it runs in vector registers.
fn of_all_rows(a: Scaled<'_>, b: Scaled<'_>) -> f64 {
    let (of_a, of_b) = (*a.scaling, *b.scaling);
    let product = |x: f32, y: f32| (of_a.clip(x) - of_a.mean) * (of_b.clip(y) - of_b.mean);
    let (mut sums, xs, ys) = ([0.0; 8], a.values.chunks_exact(8), b.values.chunks_exact(8));
    let rest: f64 = xs.remainder().iter().zip(ys.remainder()).map(|(x, y)| product(*x, *y)).sum();
    for (x, y) in xs.zip(ys) {
        for lane in 0..8 {
            sums[lane] += product(x[lane], y[lane]);
        }
    }
    let degrees = (a.values.len() - 1) as f64;
    (sums.iter().sum::<f64>() + rest) / degrees / (of_a.std * of_b.std)
}

/// In two passes: what is summed up are deviations from the means of these rows.
fn of_common_rows(a: Scaled<'_>, b: Scaled<'_>) -> f64 {
    let deviation = |of: Scaled<'_>, value: f32| of.scaling.clip(value) - of.scaling.mean;
    let rows = || {
        let both = a.values.iter().zip(b.values).filter(|(x, y)| !x.is_nan() && !y.is_nan());
        both.map(|(x, y)| (deviation(a, *x), deviation(b, *y)))
    };
    let (mut n, mut x_sum, mut y_sum) = (0.0, 0.0, 0.0);
    for (x, y) in rows() {
        n += 1.0;
        x_sum += x;
        y_sum += y;
    }
    let (x_mean, y_mean) = (x_sum / n, y_sum / n);
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (x, y) in rows() {
        let (x, y) = (x - x_mean, y - y_mean);
        xx += x * x;
        yy += y * y;
        xy += x * y;
    }
    xy / (xx.sqrt() * yy.sqrt())
}
