//! Measures a set of points and holds it against random points and targets.
//!
//! [`assess`] is a function of the points alone: same bits on any number of threads. The records it
//! fills are in `quality`.

use super::discrepancy::KERNELS;
use super::expectation::{max_correlation, min_distance};
use super::levels::{Discrete, joints, marginals};
use super::pairs::{self, pairs};
use super::plane::planes;
use super::projection::{correlations, coverage_1d, coverage_2d, index_pairs};
use super::quality::{Correlation, Coverage, Discrepancies, Distance, Metric, Projection, Quality};

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
    let first: Vec<&[f64]> = columns.iter().map(|column| &column[..pair_points]).collect();
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
        projection: projection(&first, names),
        distance,
        marginal_counts: marginals(discrete),
        joint_counts: joints(discrete),
    }
}

fn pair_metrics(columns: &[Vec<f64>], points: usize) -> (Discrepancies, Distance) {
    let dimensions = columns.len();
    if points == 0 || dimensions == 0 || dimensions > pairs::MAX_DIMENSIONS {
        let none = Metric::default();
        let discrepancies =
            Discrepancies { cd2: none, cd: None, wd2: none, md2: none, l2_star2: none };
        return (discrepancies, distance(&[], 0));
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
    (discrepancies, distance(&sums.nearest, dimensions))
}

fn projection(columns: &[&[f64]], names: &[&str]) -> Projection {
    let points = columns.first().map_or(0, |column| column.len());
    let all = if points > 0 { planes(columns) } else { Vec::new() };
    let Some((worst, max)) = largest(&all) else {
        return Projection { cd2: Metric::default(), worst: None, mean_cd2: Metric::default() };
    };
    let expected = KERNELS[0].expected(2, points);
    Projection {
        cd2: Metric::new(Some(max), Some(expected), None),
        worst: Some(pair_names(names, worst)),
        mean_cd2: Metric::new(Some(mean(&all)), Some(expected), None),
    }
}

/// From the squared distance of each point to its nearest neighbour.
fn distance(nearest: &[f64], dimensions: usize) -> Distance {
    if nearest.len() < 2 {
        return Distance { min: Metric::default(), mean_nearest: None, min_dist_ratio: None };
    }
    let min = nearest.iter().fold(f64::INFINITY, |min, &d| min.min(d)).sqrt();
    let mean = super::sum::pairwise(nearest.len(), &|i| nearest[i].sqrt()) / nearest.len() as f64;
    Distance {
        min: Metric::new(Some(min), min_distance(dimensions, nearest.len()), None),
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
    let bound = libm::sqrt(2.0 * libm::log(d * (d - 1.0)) / n);
    let share = if points >= 512 { 0.5 } else { 0.75 };
    let target = (points >= MIN_POINTS).then_some(share * bound);
    let expected = max_correlation(all.len(), points);
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
