//! What every sampler promises, and what each promises beyond.

use std::collections::HashSet;
use std::sync::Arc;

use super::*;

fn sampler(name: &str, seed: u64, points: u64) -> Arc<dyn Sampler> {
    (method(name).unwrap().make)(&Settings { seed, points, scramble: Scramble::Owen })
}

fn plain_halton() -> Arc<dyn Sampler> {
    let settings = Settings { seed: 1, points: 1, scramble: Scramble::None };
    (method("halton").unwrap().make)(&settings)
}

fn names() -> impl Iterator<Item = &'static str> {
    SAMPLERS.iter().map(|method| method.name)
}

#[test]
fn every_name_leads_to_its_sampler() {
    for name in names() {
        assert_eq!(method(name).unwrap().name, name);
    }
    assert_eq!(method("sobol_stratified").unwrap().name, "sobol");
    assert!(method("sobl").is_none());
    assert_eq!(names().collect::<HashSet<_>>().len(), SAMPLERS.len());
}

#[test]
fn a_point_is_the_same_whatever_else_is_asked_for() {
    for name in names() {
        let sampler = sampler(name, 42, 1000);
        for dimension in [0, 1, 19] {
            let all = sampler.column(dimension, 0..1000);
            assert!(all.iter().all(|x| (0.0..1.0).contains(x)), "{name}");
            for range in [0..1, 7..7, 32..64, 500..1000] {
                let part = &all[range.start as usize..range.end as usize];
                assert_eq!(sampler.column(dimension, range), part, "{name}");
            }
        }
    }
}

#[test]
fn more_points_keep_the_first_ones_where_the_sampler_says_so() {
    for name in names() {
        let (few, many) = (sampler(name, 42, 100), sampler(name, 42, 101));
        let same = few.column(3, 0..100) == many.column(3, 0..100);
        assert_eq!(same, few.resized(101).is_none(), "{name}");
        if let Some(resized) = few.resized(101) {
            assert_eq!(resized.column(3, 0..101), many.column(3, 0..101), "{name}");
        }
    }
}

#[test]
fn seeds_and_dimensions_give_other_points() {
    for name in names() {
        let first: HashSet<u64> = (0..4)
            .flat_map(|seed| (0..4).map(move |d| sampler(name, seed, 64).column(d, 5..6)[0]))
            .map(f64::to_bits)
            .collect();
        assert_eq!(first.len(), 16, "{name}");
    }
}

/// χ² of the coordinates over so many cells, divided by the degrees of freedom.
fn chi(coordinates: impl Iterator<Item = f64>, cells: usize) -> f64 {
    let mut counts = vec![0_u32; cells];
    coordinates.for_each(|x| counts[(x * cells as f64) as usize] += 1);
    let expected = f64::from(counts.iter().sum::<u32>()) / cells as f64;
    let sum: f64 = counts.iter().map(|&c| (f64::from(c) - expected).powi(2) / expected).sum();
    sum / (cells - 1) as f64
}

#[test]
fn a_point_is_uniform_over_seeds() {
    for name in names() {
        // The third: a base of 71, of which 500 cells see the first and second digit.
        for (dimension, index, cells) in [(1, 0, 16), (1, 37, 16), (19, 63, 500)] {
            let point = |seed| sampler(name, seed, 64).column(dimension, index..index + 1)[0];
            let chi = chi((0..20_000).map(point), cells);
            // Beyond about once in a thousand.
            let bound = 1.0 + 3.5 * (2.0 / (cells - 1) as f64).sqrt();
            assert!(chi < bound, "{name}, point {index} of dimension {dimension}: {chi}");
        }
    }
}

/// Pins the bits: a change here moves every sample of every experiment.
#[test]
fn the_points_of_seed_42_are_stable() {
    let bits = |name: &str| {
        let sampler = sampler(name, 42, 10_000);
        [(0, 0), (1, 1), (13, 9_999)].map(|(d, i)| sampler.column(d, i..i + 1)[0])
    };
    insta::assert_snapshot!(format!("{:?}", bits("latin_hypercube")), @"[0.9634259609379359, 0.0491529516265804, 0.49136791656288514]");
    insta::assert_snapshot!(format!("{:?}", bits("halton")), @"[0.7044317017715732, 0.7384939089719725, 0.2830990428247755]");
    insta::assert_snapshot!(format!("{:?}", bits("uniform")), @"[0.8335178409160449, 0.5679823237499027, 0.7077998608225248]");
}

#[test]
fn a_latin_hypercube_has_one_point_in_each_stratum() {
    for points in [1, 2, 7, 100, 1000, 65_537] {
        let sampler = sampler("latin_hypercube", 3, points);
        for dimension in 0..20 {
            let mut seen = vec![false; points as usize];
            for x in sampler.column(dimension, 0..points) {
                let stratum = (x * points as f64) as usize;
                assert!(!std::mem::replace(&mut seen[stratum], true), "{points}: {stratum} twice");
            }
        }
    }
}

#[test]
fn latin_permutations_of_different_dimensions_are_uncorrelated() {
    let points = 1000;
    let sampler = sampler("latin_hypercube", 3, points);
    let columns: Vec<Vec<f64>> = (0..20).map(|d| sampler.column(d, 0..points)).collect();
    let all = projection::correlations(&columns);
    // Of 190 standard normals the largest is beyond 4.6 once in a thousand times.
    assert!(all.iter().all(|r| r * (points as f64 - 1.0).sqrt() < 4.6), "{all:?}");
    let mean = all.iter().map(|r| r * r * (points as f64 - 1.0)).sum::<f64>() / 190.0;
    assert!((mean - 1.0).abs() < 4.0 * (2.0_f64 / 190.0).sqrt(), "{mean}");
    // And the place within a stratum has nothing to do with the stratum, nor with its neighbours.
    let places = columns[0].iter().map(|x| (x * points as f64).fract());
    assert!(chi(places, 20) < 2.2);
}

#[test]
fn plain_halton_points_are_those_of_scipy() {
    let golden: serde_json::Value =
        serde_json::from_str(include_str!("../../tests/golden/sampling.json")).unwrap();
    let halton = &golden["halton"];
    let indices: Vec<u64> = serde_json::from_value(halton["indices"].clone()).unwrap();
    let dimensions: Vec<u32> = serde_json::from_value(halton["dimensions"].clone()).unwrap();
    let points: Vec<Vec<f64>> = serde_json::from_value(halton["points"].clone()).unwrap();
    for (dimension, points) in dimensions.into_iter().zip(points) {
        for (&index, expected) in indices.iter().zip(points) {
            let x = plain_halton().column(dimension, index..index + 1)[0];
            // SciPy adds digit by digit.
            let error = (x - expected).abs();
            assert!(error < 1e-15, "point {index} of {dimension}: {x} against {expected}");
        }
    }
}

#[test]
fn scrambled_halton_points_fill_the_cells_of_their_base() {
    let sampler = sampler("halton", 9, 1);
    for (dimension, cells) in [(0, 1 << 12), (1, 2187), (2, 625), (4, 1331), (19, 71 * 71)] {
        // From a multiple of the number of cells on.
        let mut seen = vec![false; cells as usize];
        for x in sampler.column(dimension, 3 * cells..4 * cells) {
            // A coordinate at the low end of its cell may be rounded below it.
            let cell = (x * cells as f64 + 1e-9) as usize;
            assert!(!std::mem::replace(&mut seen[cell], true), "{dimension}: cell {cell} twice");
        }
    }
}

#[test]
fn every_halton_digit_has_a_permutation_of_its_own() {
    // The first two digits of points that differ in one of them, in base 5.
    let digits = |seed, index: u64| {
        let x = sampler("halton", seed, 1).column(2, index..index + 1)[0];
        ((x * 5.0) as usize, (x * 25.0 + 1e-9) as usize % 5)
    };
    let mut images = [[0_u32; 5]; 5];
    let mut equal = 0;
    for seed in 0..5000 {
        for digit in 0..5 {
            images[digit][digits(seed, digit as u64).0] += 1;
            // The other digit does not see this one.
            assert_eq!(digits(seed, digit as u64).1, digits(seed, 0).1);
        }
        equal += usize::from(digits(seed, 0).0 == digits(seed, 0).1);
    }
    for counts in images {
        let chi: f64 = counts.iter().map(|&c| (f64::from(c) - 1000.0).powi(2) / 1000.0).sum();
        // 4 degrees of freedom; beyond 18.5 once in a thousand.
        assert!(chi < 18.5, "{images:?}");
    }
    // Images of zero in the two positions: equal as often as two independent digits.
    assert!((equal as f64 - 1000.0).abs() < 4.0 * 800.0_f64.sqrt(), "{equal}");
}

#[test]
fn the_last_digits_are_random_too() {
    for name in ["halton", "uniform", "sobol"] {
        let column = sampler(name, 11, 1).column(4, 0..1 << 14);
        for place in 0..53 {
            let ones = column.iter().filter(|&&x| (x * MAX_POINTS as f64) as u64 >> place & 1 == 1);
            let error = (ones.count() as f64 - 8192.0).abs();
            assert!(error < 4.5 * 64.0, "{name}: binary digit {place} from the end");
        }
    }
}

#[test]
fn limits_are_refused_by_name() {
    assert!(sampler("uniform", 1, 1).limit(5000, 1 << 40).is_ok());
    assert!(sampler("halton", 1, 1).limit(1280, 1 << 39).is_ok());
    insta::assert_snapshot!(sampler("halton", 1, 1).limit(1281, 1).unwrap_err(), @"error: `halton` has 1280 dimensions, and `1281` are asked for");
    insta::assert_snapshot!(sampler("latin_hypercube", 1, 1).limit(1, (1 << 40) + 1).unwrap_err(), @r"
    error: a Latin hypercube has at most 1099511627776 points, and `1099511627777` are asked for
      help: `strategy: sobol` goes further
    ");
}
