//! The sequence against `scipy`, and the scrambles against what they promise.

use std::collections::HashSet;

use super::joe_kuo::{BITS, DIMENSIONS, directions};
use super::*;

fn golden() -> serde_json::Value {
    serde_json::from_str(include_str!("../../tests/golden/sampling.json")).unwrap()
}

fn list<T: serde::de::DeserializeOwned>(value: &serde_json::Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}

const RANDOM: [Scramble; 3] = [Scramble::Owen, Scramble::Burley, Scramble::LmsShift];

#[test]
fn direction_numbers_are_those_of_scipy_in_all_dimensions() {
    let golden = golden();
    let rows: Vec<Vec<u64>> = list(&golden["directions"]);
    for (dimension, row) in list::<Vec<u32>>(&golden["dimensions"]).into_iter().zip(rows) {
        assert_eq!(directions(dimension).to_vec(), row, "dimension {dimension}");
    }
    let all = (0..DIMENSIONS).flat_map(directions);
    let checksum = all.zip(1..).fold(0, |sum: u64, (v, i)| sum.wrapping_add(v.wrapping_mul(i)));
    assert_eq!(checksum.to_string(), golden["checksum"].as_str().unwrap());
}

#[test]
fn plain_points_are_those_of_scipy() {
    let golden = golden();
    let sobol = Sobol::new(1, Scramble::None);
    let indices: Vec<u64> = list(&golden["indices"]);
    let points: Vec<Vec<f64>> = list(&golden["points"]);
    for (dimension, points) in list::<Vec<u32>>(&golden["dimensions"]).into_iter().zip(points) {
        for (&index, x) in indices.iter().zip(points) {
            let coordinate = sobol.coordinate(dimension, index);
            assert_eq!(coordinate.to_bits(), x.to_bits(), "point {index} of {dimension}");
        }
    }
}

#[test]
fn a_column_holds_the_coordinates_of_its_points_wherever_it_starts() {
    for scramble in Scramble::ALL {
        let sobol = Sobol::new(42, scramble);
        for range in [0..100, 1..2, 7..7, 1000..1300, 65_500..65_536] {
            let column = sobol.column(5, range.clone());
            let single: Vec<f64> = range.map(|i| sobol.coordinate(5, i)).collect();
            assert_eq!(column, single, "{scramble}");
        }
    }
    let far = MAX_POINTS - 3..MAX_POINTS;
    let sobol = Sobol::new(42, Scramble::Owen);
    let single: Vec<f64> = far.clone().map(|i| sobol.coordinate(1279, i)).collect();
    assert_eq!(sobol.column(1279, far), single);
}

/// Pins the bits: a change here moves every sample of every experiment.
#[test]
fn the_points_of_seed_42_are_stable() {
    let bits = |scramble| {
        let sobol = Sobol::new(42, scramble);
        [(0, 0), (1, 1), (13, 9_999)].map(|(d, i)| sobol.coordinate(d, i))
    };
    insta::assert_snapshot!(format!("{:?}", bits(Scramble::Owen)), @"[0.5050297325731591, 0.9992719777497551, 0.6613855247097691]");
    insta::assert_snapshot!(format!("{:?}", bits(Scramble::Burley)), @"[0.04831981658935547, 0.47840416431427, 0.6451336145401001]");
    insta::assert_snapshot!(format!("{:?}", bits(Scramble::LmsShift)), @"[0.11928947224289133, 0.40835999782587906, 0.16655229839402408]");
}

#[test]
fn seeds_and_dimensions_give_other_points() {
    for scramble in RANDOM {
        let first: HashSet<u64> = (0..4)
            .flat_map(|seed| (0..4).map(move |d| Sobol::new(seed, scramble).coordinate(d, 0)))
            .map(f64::to_bits)
            .collect();
        assert_eq!(first.len(), 16, "{scramble}");
    }
}

/// Every cell of every power of two has one point, and none is met twice.
fn assert_stratified(column: &[f64]) {
    let mut seen = vec![false; column.len()];
    for x in column {
        let cell = (x * column.len() as f64) as usize;
        assert!(!std::mem::replace(&mut seen[cell], true), "cell {cell} has two points");
    }
}

#[test]
fn one_dimension_is_stratified_at_powers_of_two() {
    for scramble in RANDOM {
        for dimension in [0, 1, 13, 200] {
            for m in [1, 5, 12] {
                assert_stratified(&Sobol::new(7, scramble).column(dimension, 0..1 << m));
            }
        }
    }
    for scramble in [Scramble::Owen, Scramble::LmsShift] {
        // Beyond 2^16 points, where single precision and 16-bit indices end; also a later block.
        assert_stratified(&Sobol::new(7, scramble).column(13, 0..1 << 17));
        assert_stratified(&Sobol::new(7, scramble).column(1279, 3 << 17..4 << 17));
    }
}

#[test]
fn the_first_two_dimensions_stay_a_net() {
    // They are a (0, m, 2)-net: one point in every elementary interval of volume 2^-m.
    let m = 10;
    for scramble in Scramble::ALL {
        let sobol = Sobol::new(3, scramble);
        let (x, y) = (sobol.column(0, 0..1 << m), sobol.column(1, 0..1 << m));
        for p in 0..=m {
            let cells: HashSet<(u64, u64)> = x
                .iter()
                .zip(&y)
                .map(|(x, y)| ((x * (1 << p) as f64) as u64, (y * (1 << (m - p)) as f64) as u64))
                .collect();
            assert_eq!(cells.len(), 1 << m, "{scramble}, 2^{p} by 2^{}", m - p);
        }
    }
}

#[test]
fn every_dimension_stays_stratified() {
    // All of those that 1,111 parameters would take, in the first block and in a later one.
    let sobol = Sobol::new(21, Scramble::Owen);
    for dimension in 0..1111 {
        assert_stratified(&sobol.column(dimension, 0..1 << 10));
        assert_stratified(&sobol.column(dimension, 5 << 8..6 << 8));
    }
    for dimension in [1, 500, 1110] {
        assert_stratified(&sobol.column(dimension, 0..1 << 18));
    }
}

/// How many points each cell of a shape has, sorted; a shape is the number of leading digits of each
/// dimension that a cell fixes.
fn counts(columns: &[Vec<f64>], shape: &[u32]) -> Vec<u32> {
    let mut counts = vec![0; 1 << shape.iter().sum::<u32>()];
    for point in 0..columns[0].len() {
        let cell = columns.iter().zip(shape).fold(0, |cell, (column, digits)| {
            cell << digits | (column[point] * f64::from(1_u32 << digits)) as usize
        });
        counts[cell] += 1;
    }
    counts.sort_unstable();
    counts
}

#[test]
fn a_scramble_keeps_the_counts_of_all_elementary_intervals() {
    // Nested scrambling maps the elementary intervals of a shape onto each other, so whatever net
    // property the plain points have holds for the scrambled ones, in any dimensions.
    let m = 9;
    for dimensions in [[0, 1, 2], [3, 17, 40], [7, 300, 1110]] {
        let columns = |scramble| -> Vec<Vec<f64>> {
            let sobol = Sobol::new(8, scramble);
            dimensions.iter().map(|d| sobol.column(*d, 0..1 << m)).collect()
        };
        let plain = columns(Scramble::None);
        for scramble in [Scramble::Owen, Scramble::LmsShift] {
            let scrambled = columns(scramble);
            for a in 0..=m {
                for b in 0..=m - a {
                    let shape = [a, b, m - a - b];
                    let expected = counts(&plain, &shape);
                    assert_eq!(counts(&scrambled, &shape), expected, "{scramble}, {shape:?}");
                }
            }
        }
    }
    // The first three dimensions are a (1, m, 3)-net: two points in every interval of twice the volume.
    let sobol = Sobol::new(8, Scramble::Owen);
    let columns: Vec<Vec<f64>> = (0..3).map(|d| sobol.column(d, 0..1 << 17)).collect();
    for shape in [[16, 0, 0], [8, 8, 0], [5, 5, 6], [1, 14, 1]] {
        assert!(counts(&columns, &shape).iter().all(|count| *count == 2), "{shape:?}");
    }
}

#[test]
fn a_scrambled_point_is_uniform_over_seeds() {
    let seeds = 20_000;
    for scramble in RANDOM {
        for index in [0, 1, 12_345] {
            let mut counts = [0_u32; 16];
            for seed in 0..seeds {
                counts[(Sobol::new(seed, scramble).coordinate(1, index) * 16.0) as usize] += 1;
            }
            let expected = seeds as f64 / 16.0;
            let chi: f64 =
                counts.iter().map(|&c| (f64::from(c) - expected).powi(2) / expected).sum();
            // 15 degrees of freedom; beyond 37.7 once in a thousand.
            assert!(chi < 37.7, "{scramble}, point {index}: {chi}");
        }
    }
}

/// The flips that Owen's scramble applies to the leading digits of the plain point `index`.
fn flips(seed: u64, index: u64, digits: u32) -> u64 {
    let leading = |scramble| {
        (Sobol::new(seed, scramble).coordinate(0, index) * f64::from(1 << digits)) as u64
    };
    leading(Scramble::Owen) ^ leading(Scramble::None)
}

#[test]
fn a_digit_is_flipped_by_the_digits_above_it_and_independently_elsewhere() {
    // Point i of dimension 0 is i with its digits reversed: points 0 and 1 differ in the first digit,
    // 0 and 2 in the second one, and so on.
    let (seeds, digits) = (4_000_u64, 12);
    for differ in [0, 1, 4, 5, 6, 11] {
        let mut different = [0_u32; 12];
        for seed in 0..seeds {
            let change = flips(seed, 0, digits) ^ flips(seed, 1 << differ, digits);
            for (place, count) in different.iter_mut().enumerate() {
                *count += (change >> (digits as usize - 1 - place) & 1) as u32;
            }
        }
        for (place, &count) in different.iter().enumerate() {
            if place <= differ {
                assert_eq!(count, 0, "digit {place} must not see digit {differ}");
            } else {
                let error = (f64::from(count) - seeds as f64 / 2.0).abs();
                assert!(error < 4.0 * (seeds as f64 / 4.0).sqrt(), "digit {place}: {count}");
            }
        }
    }
}

#[test]
fn the_last_digits_are_random_too() {
    let column = Sobol::new(11, Scramble::Owen).column(0, 0..1 << 14);
    for place in 0..BITS {
        let ones = column.iter().filter(|&&x| (x * MAX_POINTS as f64) as u64 >> place & 1 == 1);
        let error = (ones.count() as f64 - 8192.0).abs();
        assert!(error < 4.0 * 64.0, "binary digit {place} from the end");
    }
}

/// Root mean square error over seeds of the integral of a smooth function, whose value is 0.
fn integration_error(scramble: Scramble, points: u64) -> f64 {
    let seeds = 64;
    let sum: f64 = (0..seeds)
        .map(|seed| {
            let sobol = Sobol::new(seed, scramble);
            let columns: Vec<_> = (0..3).map(|d| sobol.column(d, 0..points)).collect();
            let value = |i: usize| columns.iter().map(|x| 0.5 + x[i]).product::<f64>() - 1.0;
            ((0..points as usize).map(value).sum::<f64>() / points as f64).powi(2)
        })
        .sum();
    (sum / seeds as f64).sqrt()
}

#[test]
fn integrals_converge_with_three_halves_of_the_number_of_points() {
    // 64 times the points: 8 times less error at random, 512 times less with Owen's scramble.
    let gain = integration_error(Scramble::Owen, 64) / integration_error(Scramble::Owen, 4096);
    assert!((200.0..1200.0).contains(&gain), "{gain}");
}

#[test]
fn a_scramble_reads_back_from_its_name_and_says_what_is_allowed() {
    for scramble in Scramble::ALL {
        assert_eq!(scramble.name().parse::<Scramble>().unwrap(), scramble);
    }
    insta::assert_snapshot!("owenn".parse::<Scramble>().unwrap_err(), @r"
    error: `owenn` is no scramble
      help: allowed: owen, burley, lms_shift, none
    ");
}

#[test]
fn limits_are_refused_by_name() {
    assert!(Scramble::Burley.limit(256, 65_536).is_ok());
    assert!(Scramble::Owen.limit(1280, 1 << 30).is_ok());
    assert!(Scramble::Owen.limit(1281, 1).is_err());
    insta::assert_snapshot!(Scramble::Burley.limit(14, 65_537).unwrap_err(), @r"
    error: `burley` has 65536 points, and `65537` are asked for
      help: `owen` goes further
    ");
    insta::assert_snapshot!(Scramble::Burley.limit(257, 1).unwrap_err(), @r"
    error: `burley` has 256 dimensions, and `257` are asked for
      help: `owen` goes further
    ");
}
