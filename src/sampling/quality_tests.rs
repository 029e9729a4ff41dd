//! What a whole assessment says about good, random, few and no points.

use super::*;
use crate::rng::Stream;

fn names(dimensions: usize) -> Vec<String> {
    (0..dimensions).map(|d| format!("p{d}")).collect()
}

fn assessed(columns: &[Vec<f64>], discrete: &[Discrete<'_>]) -> Quality {
    let names = names(columns.len());
    assess(columns, &names.iter().map(String::as_str).collect::<Vec<_>>(), discrete)
}

fn sobol(scramble: Scramble, points: u64, dimensions: u32) -> Vec<Vec<f64>> {
    (0..dimensions).map(|d| Sobol::new(42, scramble).column(d, 0..points)).collect()
}

fn random(points: usize, dimensions: u64) -> Vec<Vec<f64>> {
    (0..dimensions)
        .map(|d| {
            let mut draws = Stream::new(9, "random", &[d]).site(0);
            (0..points).map(|_| draws.uniform()).collect()
        })
        .collect()
}

fn missed(quality: &Quality) -> Vec<String> {
    quality.missed().into_iter().map(|(name, _)| name).collect()
}

#[test]
fn scrambled_points_meet_every_target() {
    for scramble in [Scramble::Owen, Scramble::Burley, Scramble::LmsShift] {
        for (points, dimensions) in [(256, 8), (1024, 15), (3000, 20)] {
            let quality = assessed(&sobol(scramble, points, dimensions), &[]);
            assert_eq!(missed(&quality), [""; 0], "{scramble}, {points} × {dimensions}");
            assert_eq!(quality.coverage_1d.max.met, Some(true));
        }
    }
}

#[test]
fn random_points_miss_them_and_have_ratios_near_one() {
    let quality = assessed(&random(2048, 13), &[]);
    assert_eq!(
        missed(&quality),
        ["discrepancy.cd2", "correlation.max_abs", "coverage_1d.max", "coverage_2d.mean"]
    );
    let d = &quality.discrepancy;
    let ratios =
        [d.cd2, d.wd2, d.md2, d.l2_star2, quality.coverage_1d.mean, quality.coverage_2d.mean]
            .map(|metric| metric.ratio.unwrap());
    assert!(ratios.iter().all(|ratio| (0.8..1.25).contains(ratio)), "{ratios:?}");
    for metric in [
        quality.correlation.mean_abs,
        quality.correlation.max_abs,
        quality.projection.mean_cd2,
        quality.distance.min,
    ] {
        assert!((0.5..2.0).contains(&metric.ratio.unwrap()), "{metric:?}");
    }
}

#[test]
fn powers_of_two_have_one_point_per_bin() {
    let quality = assessed(&sobol(Scramble::Owen, 1024, 5), &[]);
    assert_eq!(quality.coverage_1d.max.value, Some(0.0));
}

#[test]
fn the_worst_projections_are_named() {
    let mut columns = sobol(Scramble::Owen, 1024, 5);
    columns[3] = columns[1].iter().map(|x| 1.0 - x).collect();
    let projection = assessed(&columns, &[]).projection;
    assert_eq!(projection.worst, Some(["p1".to_owned(), "p3".to_owned()]));
    assert!(projection.cd2.ratio.unwrap() > 10.0 && projection.mean_cd2.ratio.unwrap() > 1.0);
    columns[4].iter_mut().for_each(|x| *x *= 0.5);
    let quality = assessed(&columns, &[]);
    assert_eq!(quality.correlation.worst, Some(["p1".to_owned(), "p3".to_owned()]));
    assert!((quality.correlation.max_abs.value.unwrap() - 1.0).abs() < 1e-12);
    assert_eq!(quality.coverage_2d.worst, ["p1", "p3"]);
    assert_eq!(quality.coverage_1d.worst, ["p4"]);
}

#[test]
fn distances_are_those_of_a_known_set() {
    let quality = assessed(&[vec![0.1, 0.4, 0.9], vec![0.2, 0.6, 0.6]], &[]);
    // Nearest neighbours at 0.5, 0.5 and 0.5.
    let distance = quality.distance;
    assert!((distance.min.value.unwrap() - 0.5).abs() < 1e-15);
    assert!((distance.min_dist_ratio.unwrap() - 1.0).abs() < 1e-15);
}

#[test]
fn one_point_and_no_dimension_and_nothing_are_sensible() {
    let level = [0_u32];
    let one = Discrete { name: "activation", levels: 3, index: &level };
    let quality = assessed(&[vec![0.3], vec![0.8]], &[one, one]);
    assert!(quality.discrepancy.cd2.ratio.unwrap() > 0.0);
    assert_eq!(quality.distance.min, Metric::default());
    assert_eq!(quality.correlation.max_abs, Metric::default());
    assert!(missed(&quality).is_empty());
    assert_eq!(quality.joint_counts.len(), 1);

    let levels = [0_u32, 1, 1];
    let none = assessed(&[], &[Discrete { name: "bias", levels: 2, index: &levels }]);
    assert_eq!((none.points, none.dimensions), (3, 0));
    assert_eq!(none.discrepancy.cd2, Metric::default());
    assert_eq!(none.coverage_2d.worst, [""; 0]);
    assert_eq!(none.marginal_counts[0].counts, [1, 2]);

    for quality in [quality, none, assessed(&[vec![], vec![]], &[]), assessed(&[], &[])] {
        // JSON writes NaN and infinities as null, like absent values; so look at the numbers.
        assert!(!format!("{quality:?}").contains("NaN") && !format!("{quality:?}").contains("inf"));
    }
}

#[test]
fn discrete_levels_are_counted_alone_and_in_pairs() {
    let a: Vec<u32> = (0..100).map(|i| i % 2).collect();
    let b: Vec<u32> = (0..100).map(|i| u32::from(i >= 60)).collect();
    let discrete = [
        Discrete { name: "a", levels: 2, index: &a },
        Discrete { name: "b", levels: 2, index: &b },
    ];
    let quality = assessed(&[], &discrete);
    assert_eq!(quality.marginal_counts[1].counts, [60, 40]);
    assert_eq!(quality.marginal_counts[1].deviation.value, Some(10.0));
    assert_eq!(missed(&quality), ["marginal_counts.b"]);
    // Cells of 30 and 20 points where 25 are expected.
    assert!((quality.joint_counts[0].deviation - 1.0).abs() < 1e-15);
}

#[test]
fn of_many_points_the_pairs_of_a_stated_subset_are_taken() {
    let columns = sobol(Scramble::Owen, PAIR_LIMIT as u64 + 1, 2);
    let quality = assessed(&columns, &[]);
    assert_eq!((quality.points, quality.pair_points), (PAIR_LIMIT + 1, PAIR_SUBSET));
    let subset: Vec<Vec<f64>> = columns.iter().map(|c| c[..PAIR_SUBSET].to_vec()).collect();
    assert_eq!(quality.discrepancy, assessed(&subset, &[]).discrepancy);
}
