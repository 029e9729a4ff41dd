//! How evenly a set of sample points fills its space, held against random points and targets.
//!
//! [`assess`] is a function of the points alone: same bits on any number of threads. A target is an
//! upper bound of a value; what a missed one means for a build is decided elsewhere. Values that the
//! points cannot give (one point, one dimension, no dimension) are absent, never NaN.

use serde::Serialize;

use super::discrepancy::KERNELS;
use super::levels::{Discrete, Joint, Marginal, joints, marginals};
use super::pairs::{self, pairs};
use super::projection::{correlations, coverage_1d, coverage_2d, index_pairs};

/// Most points of which all pairs are taken.
pub const PAIR_LIMIT: usize = 20_000;
/// Of more points than [`PAIR_LIMIT`], the first ones of which all pairs are taken.
pub const PAIR_SUBSET: usize = 1 << 14;

/// Fewer points have no targets: even a perfect set of them looks random.
const MIN_POINTS: usize = 32;
/// Fewer points have no target in 8 × 8 bins.
const MIN_POINTS_2D: usize = 1024;
/// In more dimensions no feasible number of points is much better than random in discrepancy.
const MAX_DISCREPANCY_DIMENSIONS: usize = 20;
/// In more dimensions 256 points with Owen's scramble have more than half of the discrepancy of random
/// ones, whatever the seed; in these they have at most 0.46 of it (30 seeds).
const MAX_HALVED_DIMENSIONS: usize = 15;

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
    /// Points that [`Quality::discrepancy`] and [`Quality::distance`] take, the first ones: N up to
    /// [`PAIR_LIMIT`], else [`PAIR_SUBSET`].
    pub pair_points: usize,
    /// L2 discrepancies.
    pub discrepancy: Discrepancies,
    /// Correlation between dimensions.
    pub correlation: Correlation,
    /// Each dimension in 32 bins.
    pub coverage_1d: Coverage,
    /// Each pair of dimensions in 8 × 8 bins.
    pub coverage_2d: Coverage,
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
    /// The largest. Expectation `√(2 ln(d(d-1)) / N)`, asymptotically; target half of it from 512
    /// points on, 0.75 of it from 32 on.
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

/// Euclidean distances in the unit cube; absent below two points, without dimensions and beyond 256.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Distance {
    /// Between the two closest points.
    pub min: Option<f64>,
    /// To the nearest neighbour, mean over points.
    pub mean_nearest: Option<f64>,
    /// `min / mean_nearest`
    pub min_dist_ratio: Option<f64>,
}

/// Assesses points.
///
/// - `columns`: unit coordinates `[d][N]`, each in `[0, 1]`
/// - `names`: of the `d` dimensions
/// - `discrete`: the discrete parameters that the coordinates were mapped to
///
/// Cost: `O(min(N, 20000)² d)` on the threads of the current rayon pool.
///
/// # Panics
/// If lengths differ, or a level index is not below its number of levels.
pub fn assess(columns: &[Vec<f64>], names: &[&str], discrete: &[Discrete<'_>]) -> Quality {
    assert_eq!(columns.len(), names.len(), "one name per column");
    let (first, level) = (columns.first().map(Vec::len), discrete.first().map(|d| d.index.len()));
    let points = first.or(level).unwrap_or(0);
    assert!(columns.iter().all(|c| c.len() == points), "columns of one length");
    assert!(discrete.iter().all(|d| d.index.len() == points), "an index per point");

    let pair_points = if points > PAIR_LIMIT { PAIR_SUBSET } else { points };
    let (discrepancy, distance) = pair_metrics(columns, pair_points);
    // Without points the linear measures are undefined rather than zero.
    let measured = if points == 0 { &[] } else { columns };
    Quality {
        points,
        dimensions: columns.len(),
        pair_points,
        discrepancy,
        correlation: correlation(if points < 2 { &[] } else { columns }, names, points),
        coverage_1d: {
            let target = (points >= MIN_POINTS).then_some(0.2);
            coverage(&coverage_1d(measured), None, target, |worst| vec![names[worst].to_owned()])
        },
        coverage_2d: {
            let target = (points >= MIN_POINTS_2D).then_some(0.5);
            coverage(&coverage_2d(measured), target, None, |worst| pair_names(names, worst).into())
        },
        distance,
        marginal_counts: marginals(discrete),
        joint_counts: joints(discrete),
    }
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

fn pair_metrics(columns: &[Vec<f64>], points: usize) -> (Discrepancies, Distance) {
    let dimensions = columns.len();
    if points == 0 || dimensions == 0 || dimensions > pairs::MAX_DIMENSIONS {
        let none = Metric::default();
        let discrepancies =
            Discrepancies { cd2: none, cd: None, wd2: none, md2: none, l2_star2: none };
        return (discrepancies, Distance { min: None, mean_nearest: None, min_dist_ratio: None });
    }
    let columns: Vec<&[f64]> = columns.iter().map(|column| &column[..points]).collect();
    let sums = pairs(&columns);
    let expected = |kernel: usize| KERNELS[kernel].expected(dimensions, points);
    let metric = |kernel: usize, target| {
        // Rounding may take a value of nearly zero below it.
        let value = KERNELS[kernel].squared(&columns, sums.kernels[kernel]).max(0.0);
        Metric::new(Some(value), Some(expected(kernel)), target)
    };
    let share = if points >= 256 && dimensions <= MAX_HALVED_DIMENSIONS { 0.5 } else { 0.7 };
    let judged = dimensions <= MAX_DISCREPANCY_DIMENSIONS && points >= MIN_POINTS;
    let cd2 = metric(0, judged.then(|| share * expected(0)));
    let discrepancies = Discrepancies {
        cd2,
        cd: cd2.value.map(f64::sqrt),
        wd2: metric(1, None),
        md2: metric(2, None),
        l2_star2: metric(3, None),
    };
    (discrepancies, distance(&sums.nearest))
}

fn distance(nearest: &[f64]) -> Distance {
    if nearest.len() < 2 {
        return Distance { min: None, mean_nearest: None, min_dist_ratio: None };
    }
    let min = nearest.iter().fold(f64::INFINITY, |min, &d| min.min(d)).sqrt();
    let mean = super::sum::pairwise(nearest.len(), &|i| nearest[i].sqrt()) / nearest.len() as f64;
    Distance {
        min: Some(min),
        mean_nearest: Some(mean),
        min_dist_ratio: (mean > 0.0).then(|| min / mean),
    }
}

fn correlation(columns: &[Vec<f64>], names: &[&str], points: usize) -> Correlation {
    let all = correlations(columns);
    let Some((worst, max)) = largest(&all) else {
        return Correlation {
            max_abs: Metric::default(),
            worst: None,
            mean_abs: Metric::default(),
        };
    };
    let (d, n) = (columns.len() as f64, points as f64);
    let expected = libm::sqrt(2.0 * libm::log(d * (d - 1.0)) / n);
    let share = if points >= 512 { 0.5 } else { 0.75 };
    let target = (points >= MIN_POINTS).then_some(share * expected);
    let expected_mean = libm::sqrt(2.0 / (std::f64::consts::PI * (n - 1.0)));
    Correlation {
        max_abs: Metric::new(Some(max), Some(expected), target),
        worst: Some(pair_names(names, worst)),
        mean_abs: Metric::new(Some(mean(&all)), Some(expected_mean), None),
    }
}

fn coverage(
    all: &[f64],
    mean_target: Option<f64>,
    max_target: Option<f64>,
    name: impl Fn(usize) -> Vec<String>,
) -> Coverage {
    let Some((worst, max)) = largest(all) else {
        return Coverage { mean: Metric::default(), max: Metric::default(), worst: Vec::new() };
    };
    Coverage {
        mean: Metric::new(Some(mean(all)), Some(1.0), mean_target),
        max: Metric::new(Some(max), None, max_target),
        worst: name(worst),
    }
}

fn mean(values: &[f64]) -> f64 {
    super::sum::pairwise(values.len(), &|i| values[i]) / values.len() as f64
}

/// Place and size of the largest value, the first of equals.
fn largest(values: &[f64]) -> Option<(usize, f64)> {
    let mut all = values.iter().copied().enumerate();
    let first = all.next()?;
    Some(all.fold(first, |best, one| if one.1 > best.1 { one } else { best }))
}

fn pair_names(names: &[&str], pair: usize) -> [String; 2] {
    let (a, b) = index_pairs(names.len()).nth(pair).expect("measures come in the order of pairs");
    [names[a].to_owned(), names[b].to_owned()]
}
