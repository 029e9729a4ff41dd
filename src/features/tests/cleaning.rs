//! The cleaning recipe on columns whose fate is plain.

use super::super::cleaning::{Cleaning, Clip, Fate, Scaling, recipe};
use super::super::summary::{Summary, mean_and_std};

const NAN: f32 = f32::NAN;

fn fates(columns: &[Vec<f32>], settings: &Cleaning) -> Vec<Fate> {
    let summaries: Vec<Summary> = columns.iter().map(|c| Summary::of(c)).collect();
    recipe(columns, &summaries, settings)
}

fn kept(fate: Fate) -> Scaling {
    let Fate::Kept(scaling) = fate else { panic!("{fate:?}") };
    scaling
}

/// A column without pattern: the fractions of k·√p, which no two primes share.
fn noise(p: f64, rows: u32) -> Vec<f32> {
    (1..=rows).map(|k| (f64::from(k) * p.sqrt()).fract() as f32).collect()
}

#[test]
fn a_column_that_says_nothing_is_left_out() {
    let nearly: Vec<f32> = (0..100).map(|k| 1000.0 + if k % 2 == 0 { 0.0 } else { 5e-4 }).collect();
    let differs: Vec<f32> =
        (0..100).map(|k| 1000.0 + if k % 2 == 0 { 0.0 } else { 0.01 }).collect();
    let half = |there: usize| (0..100).map(|k| if k < there { k as f32 } else { NAN }).collect();
    let columns = [
        vec![2.0; 100],
        vec![0.0; 100],
        nearly,
        differs,
        vec![NAN; 100],
        half(49),
        half(50),
        half(1),
    ];
    let found = fates(&columns, &Cleaning::default());
    assert_eq!(found[..3], [Fate::Constant; 3]);
    kept(found[3]);
    assert_eq!(found[4..6], [Fate::Missing; 2]);
    kept(found[6]);
    assert_eq!(found[7], Fate::Missing);
    // One value alone is constant where so few are allowed.
    let few = Cleaning { max_missing: 1.0, ..Cleaning::default() };
    assert_eq!(fates(&columns[7..], &few), [Fate::Constant]);
    assert_eq!(fates(&[Vec::new()], &few), [Fate::Missing]);
}

#[test]
fn a_column_that_repeats_an_earlier_one_is_left_out() {
    let first = noise(2.0, 500);
    let turned: Vec<f32> = first.iter().map(|v| 3.0 - 7.0 * v).collect();
    let other = noise(3.0, 500);
    let near: Vec<f32> = other.iter().zip(&first).map(|(a, b)| a + 0.05 * b).collect();
    let columns = [first, turned, other.clone(), near, other];
    let found = fates(&columns, &Cleaning::default());
    let with = |fate: Fate| match fate {
        Fate::Correlated { with, r } => Some((with, r)),
        _ => None,
    };
    let (which, r) = with(found[1]).unwrap();
    assert_eq!(which, 0);
    assert!((r + 1.0).abs() < 1e-6);
    kept(found[2]);
    assert_eq!(with(found[3]).unwrap().0, 2);
    let (which, r) = with(found[4]).unwrap();
    assert_eq!(which, 2);
    assert!((r - 1.0).abs() < 1e-14);
    // What is left out takes no other with it: the last is compared with what is kept.
    let strict = Cleaning { max_correlation: 1.0, ..Cleaning::default() };
    kept(fates(&columns, &strict)[3]);
}

#[test]
fn rows_that_either_lacks_do_not_count_for_their_correlation() {
    let (mut a, mut b) = (noise(5.0, 300), noise(5.0, 300));
    for k in 0..100 {
        a[k] = NAN;
        // Where the first is missing, the second goes its own way.
        b[k] = 1.0 - b[k];
        b[299 - k] = NAN;
    }
    let found = fates(&[a, b], &Cleaning::default());
    assert!(matches!(found[1], Fate::Correlated { with: 0, r } if r > 1.0 - 1e-12), "{found:?}");
    // Without a row in common there is no correlation.
    let (front, back): (Vec<f32>, Vec<f32>) =
        (0..10).map(|k| if k < 5 { (k as f32, NAN) } else { (NAN, k as f32) }).unzip();
    let apart = fates(&[front, back], &Cleaning::default());
    assert!(apart.iter().all(|fate| matches!(fate, Fate::Kept(_))), "{apart:?}");
}

#[test]
fn one_outlier_neither_widens_the_scale_nor_makes_two_columns_alike() {
    let (mut a, mut b) = (noise(2.0, 400), noise(3.0, 400));
    (a[7], b[7]) = (1e9, 1e9);
    let columns = [a, b];
    let found = fates(&columns, &Cleaning::default());
    let scalings = [kept(found[0]), kept(found[1])];
    for scaling in scalings {
        // Uniform on (0, 1): median ½, MAD ¼.
        assert!((scaling.low + 2.0).abs() < 0.2 && (scaling.high - 3.0).abs() < 0.2);
        assert!((scaling.std - 0.3).abs() < 0.1);
    }
    let open = Cleaning { clip: Clip::None, ..Cleaning::default() };
    assert!(matches!(fates(&columns, &open)[1], Fate::Correlated { with: 0, .. }));
}

#[test]
fn where_most_values_are_equal_the_mean_deviation_bounds_the_others() {
    let mut column = vec![3.0; 100];
    (column[4], column[5]) = (4.0, 3.5);
    let own = kept(fates(&[column], &Cleaning::default())[0]);
    let reach = 10.0 * 0.845_347_539_395_149_3 * 1.5 / 100.0;
    assert!((own.high - 3.0 - reach).abs() < 1e-12 && (own.low - 3.0 + reach).abs() < 1e-12);
}

#[test]
fn quantiles_clip_both_ends_and_may_leave_nothing() {
    let column: Vec<f32> = (0..=1000).map(|k| k as f32).collect();
    let settings = Cleaning { clip: Clip::Quantile(0.01), ..Cleaning::default() };
    let own = kept(fates(&[column], &settings)[0]);
    assert!((own.low - 10.0).abs() < 1e-9 && (own.high - 990.0).abs() < 1e-9);
    let clipped: Vec<f64> = (0..=1000).map(|k| f64::from(k).clamp(own.low, own.high)).collect();
    assert_eq!((own.mean, own.std), mean_and_std(&clipped));
    let mut rare = vec![0.0; 1000];
    rare[3] = 1.0;
    assert_eq!(fates(&[rare], &settings), [Fate::Constant]);
}
