//! What is known of how evenly a set of sample points fills its space.
//!
//! A target is an upper bound of a value; what a missed one means for a build is decided elsewhere.
//! Values that the points cannot give (one point, one dimension, no dimension) are absent, never NaN.

use serde::Serialize;

use super::levels::{Joint, Marginal};

/// One number, what it is for random points, and what it should be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Metric {
    /// The number.
    pub value: Option<f64>,
    /// Its mean over sets of as many independent uniform points.
    pub expected: Option<f64>,
    /// `value / expected`
    pub ratio: Option<f64>,
    /// The largest good value.
    pub target: Option<f64>,
    /// Whether `value <= target`.
    pub met: Option<bool>,
}

impl Metric {
    pub(super) fn new(value: Option<f64>, expected: Option<f64>, target: Option<f64>) -> Self {
        let pair = |bound: Option<f64>| value.zip(bound);
        let ratio = pair(expected).filter(|(_, e)| *e > 0.0).map(|(v, e)| v / e);
        Self { value, expected, ratio, target, met: pair(target).map(|(v, t)| v <= t) }
    }
}

/// The quality of a set of sample points.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Quality {
    /// Number of points N.
    pub points: usize,
    /// Number of sampled dimensions d.
    pub dimensions: usize,
    /// Points that [`Quality::discrepancy`], [`Quality::projection`] and [`Quality::distance`] take, the
    /// first ones: N up to [`PAIR_LIMIT`](super::PAIR_LIMIT), else [`PAIR_SUBSET`](super::PAIR_SUBSET).
    pub pair_points: usize,
    /// L2 discrepancies.
    pub discrepancy: Discrepancies,
    /// Correlation between dimensions.
    pub correlation: Correlation,
    /// Each dimension in 32 bins.
    pub coverage_1d: Coverage,
    /// Each pair of dimensions in 8 × 8 bins.
    pub coverage_2d: Coverage,
    /// Pairs of dimensions by themselves.
    pub projection: Projection,
    /// Distance between points.
    pub distance: Distance,
    /// Counts of each level of each discrete parameter.
    pub marginal_counts: Vec<Marginal>,
    /// Counts of each pair of levels of each pair of discrete parameters.
    pub joint_counts: Vec<Joint>,
}

/// Squared L2 discrepancies; absent without dimensions or points and beyond 256 dimensions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Discrepancies {
    /// Centred (Hickernell). Target: half of the expectation from 256 points on in up to 15
    /// dimensions; 0.7 of it from 32 points on in up to 20 dimensions.
    pub cd2: Metric,
    /// Root of `cd2`.
    pub cd: Option<f64>,
    /// Wrap-around.
    pub wd2: Metric,
    /// Mixture.
    pub md2: Metric,
    /// L2-star.
    pub l2_star2: Metric,
}

/// Absolute Pearson correlations of the pairs of dimensions; absent below two of them, or two points.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Correlation {
    /// The largest. Target half of `√(2 ln(d(d-1)) / N)` from 512 points on, 0.75 of it from 32 on;
    /// that is a little more than the expectation.
    pub max_abs: Metric,
    /// Between which dimensions.
    pub worst: Option<[String; 2]>,
    /// The mean. Expectation `√(2 / (π (N-1)))`, asymptotically.
    pub mean_abs: Metric,
}

/// χ² of bin counts divided by its degrees of freedom, over all one- or two-dimensional projections.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Coverage {
    /// The mean over projections. Target 0.5 in two dimensions from 1,024 points on.
    pub mean: Metric,
    /// The worst projection. Target 0.2 in one dimension from 32 points on.
    pub max: Metric,
    /// Its dimension or dimensions.
    pub worst: Vec<String>,
}

/// Two-dimensional projections, each as a point set in the unit square; absent below two dimensions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Projection {
    /// Squared centred discrepancy of the worst pair; the expectation is that of any one pair.
    pub cd2: Metric,
    /// Which pair.
    pub worst: Option<[String; 2]>,
    /// The mean over the pairs.
    pub mean_cd2: Metric,
}

/// Euclidean distances in the unit cube; absent below two points, without dimensions and beyond 256.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Distance {
    /// Between the two closest points; here more is better, and random points have ratio 1. The
    /// expectation is absent where it is near or beyond the side of the cube.
    pub min: Metric,
    /// To the nearest neighbour, mean over points.
    pub mean_nearest: Option<f64>,
    /// `min / mean_nearest`
    pub min_dist_ratio: Option<f64>,
}

impl Quality {
    /// The metrics that miss their target, each with its name: `discrepancy.cd2`, and so on.
    pub fn missed(&self) -> Vec<(String, Metric)> {
        let single = [
            ("discrepancy.cd2", self.discrepancy.cd2),
            ("correlation.max_abs", self.correlation.max_abs),
            ("coverage_1d.max", self.coverage_1d.max),
            ("coverage_2d.mean", self.coverage_2d.mean),
        ];
        let single = single.into_iter().map(|(name, metric)| (name.to_owned(), metric));
        let counts = self.marginal_counts.iter();
        let counts = counts.map(|m| (format!("marginal_counts.{}", m.name), m.deviation));
        single.chain(counts).filter(|(_, metric)| metric.met == Some(false)).collect()
    }
}
