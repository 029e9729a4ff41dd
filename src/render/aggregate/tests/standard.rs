//! The accepted definitions against closed forms.

use std::f64::consts::TAU;

use super::golden::random;
use super::*;
use crate::picture;

/// Numbers made place by place, `[M, C, H, W]`.
fn made(shape: [usize; 4], value: impl Fn([usize; 4]) -> f64) -> Vec<f32> {
    let [all, channels, h, w] = shape;
    let place = |k: usize| [k / (channels * h * w), k / (h * w) % channels, k / w % h, k % w];
    (0..all * channels * h * w).map(|k| value(place(k)) as f32).collect()
}

#[track_caller]
fn everywhere(got: &[f64], want: f64, slack: f64) {
    for v in got {
        assert!((v - want).abs() <= slack, "{v} for {want}");
    }
}

#[test]
fn each_has_what_documents_and_pictures_need() {
    let names: Vec<&str> = AGGREGATES.iter().map(|a| a.name()).collect();
    let all = "mean variance stddev envelope overlay entropy pca ssim spectral";
    assert_eq!(names.join(" "), all);
    for a in AGGREGATES {
        assert!(picture::colormap(a.colormap()).is_some(), "{} {}", a.name(), a.colormap());
        assert!(a.version() > 0 && !a.summary().is_empty() && !a.source().is_empty());
        for method in [Method::Standard, Method::Compat] {
            let (formula, unit) = (a.formula(method), a.unit(method));
            assert!(!formula.is_empty() && !formula.contains('\n'), "{}: {formula}", a.name());
            let style = picture::text::Style::regular(12.0, [0, 0, 0]);
            assert!(unit.chars().all(|c| style.has(c)), "{}: {unit}", a.name());
        }
    }
    assert!(aggregate("median").is_none());
}

/// Two realizations ±d about their mean: s² = 2 d², the width of the band is 2 d.
#[test]
fn two_realizations_have_closed_forms() {
    let d = [0.25, 0.5];
    let values = made([2, 2, 3, 5], |[m, c, ..]| 7.0 + if m == 0 { d[c] } else { -d[c] });
    let ensemble = Ensemble::new([2, 3, 5], &values);
    everywhere(&numbers("mean", &ensemble), 7.0, 0.0);
    everywhere(&numbers("variance", &ensemble), 2.0 * (0.0625 + 0.25), 1e-15);
    everywhere(&numbers("stddev", &ensemble), 0.625_f64.sqrt(), 1e-15);
    everywhere(&numbers("envelope", &ensemble), 1.25_f64.sqrt(), 1e-15);
    everywhere(&numbers("entropy", &ensemble), 1.0, 0.0);
}

#[test]
fn the_standard_deviation_is_the_root_of_the_variance_and_below_the_envelope() {
    let values = random([9, 3, 8, 11], 5);
    let ensemble = Ensemble::new([3, 8, 11], &values);
    let variance = numbers("variance", &ensemble);
    let deviation = numbers("stddev", &ensemble);
    let envelope = numbers("envelope", &ensemble);
    for ((v, s), e) in variance.iter().zip(deviation).zip(envelope) {
        assert!((s * s - v).abs() < 1e-15 * v.max(1.0) && s < e, "{v} {s} {e}");
    }
}

/// A common offset of 2²⁰ takes nothing from deviations that floats can still hold.
#[test]
fn a_large_offset_does_no_harm() {
    let small = made([5, 2, 12, 12], |[m, c, i, j]| ((m * 7 + c * 3 + i * 5 + j) % 16) as f64);
    let large: Vec<f32> = small.iter().map(|v| v + 1_048_576.0).collect();
    let ensembles = [&small, &large].map(|values| Ensemble::new([2, 12, 12], values));
    for name in ["variance", "stddev", "envelope", "entropy", "pca", "spectral"] {
        let [small, large] = ensembles.map(|ensemble| numbers(name, &ensemble));
        for (a, b) in small.iter().zip(large) {
            assert!((a - b).abs() < 1e-9, "{name}: {a} {b}");
        }
    }
}

#[test]
fn the_overlay_of_one_channel_is_the_median() {
    let values = random([7, 1, 9, 10], 3);
    let got = numbers("overlay", &Ensemble::new([1, 9, 10], &values));
    for (p, got) in got.iter().enumerate() {
        let mut column: Vec<f32> = values.iter().skip(p).step_by(90).copied().collect();
        column.sort_by(f32::total_cmp);
        assert_eq!(*got, f64::from(column[3]), "{p}");
    }
}

#[test]
fn the_overlay_ignores_an_outlier_and_shows_the_first_of_two() {
    let values = made([5, 3, 4, 4], |[m, c, ..]| {
        [[0.0, 1.0, 2.0, 1.0, 1e6][m], [3.0, 5.0, 3.0, 5.0, 1e6][m], 0.5][c]
    });
    let got = numbers("overlay", &Ensemble::new([3, 4, 4], &values));
    everywhere(&got[..16], 1.0, 0.0);
    everywhere(&got[16..32], 5.0, 0.0);
    let two = random([2, 3, 5, 5], 1);
    let got = numbers("overlay", &Ensemble::new([3, 5, 5], &two));
    assert!(got.iter().zip(&two).all(|(got, first)| *got == f64::from(*first)));
}

#[test]
fn the_overlay_does_not_depend_on_the_units_of_channels() {
    let values = random([9, 2, 10, 10], 2);
    let other: Vec<f32> = values
        .iter()
        .enumerate()
        .map(|(k, v)| if k / 100 % 2 == 0 { *v } else { v * 64.0 })
        .collect();
    let got = numbers("overlay", &Ensemble::new([2, 10, 10], &values));
    let scaled = numbers("overlay", &Ensemble::new([2, 10, 10], &other));
    assert_eq!(got[..100], scaled[..100]);
}

/// M = 16 over 4 bins: none, two, and all of them in equal parts.
#[test]
fn entropy_goes_from_none_to_one() {
    let bins = |p: usize, m: usize| [0, m % 2 * 3, m % 4][p];
    let values = made([16, 1, 1, 3], |[m, _, _, p]| bins(p, m) as f64);
    let got = numbers("entropy", &Ensemble::new([1, 1, 3], &values));
    // One bit and the correction for two bins, of two bits.
    let half = 0.5 + 1.0 / (64.0 * std::f64::consts::LN_2);
    assert_eq!((got[0], got[2]), (0.0, 1.0));
    assert!((got[1] - half).abs() < 1e-15, "{} for {half}", got[1]);
}

/// What is spread over the step may be one value against the clip.
#[test]
fn entropy_is_measured_on_the_span_of_the_clip() {
    let values = random([10, 2, 6, 6], 4);
    let ensemble = Ensemble::new([2, 6, 6], &values);
    let span = Span { channels: vec![Some((-1e6, 1e6 - 10.0)); 2] };
    let got = panel("entropy", &ensemble, &span, Method::Standard);
    assert_eq!(got, Panel::Map(vec![0.0; 36]));
    let own = numbers("entropy", &ensemble);
    assert!(own.iter().sum::<f64>() > 0.25 * 36.0, "{own:?}");
}

/// x(m) = μ + a(m) φ with channels (φ, −φ): one mode, red from 0 to 1 by φ / max |φ|.
#[test]
fn an_ensemble_of_rank_one_has_one_mode() {
    let phi = |i: usize, j: usize| (i as f64 - 1.0) * (j as f64 + 1.0) / 16.0;
    let values = made([6, 2, 4, 5], |[m, c, i, j]| {
        let sign = if c == 0 { -1.0 } else { 1.0 };
        f64::from((i + j) as u32) + sign * (m as f64 - 2.0) * phi(i, j)
    });
    let ensemble = Ensemble::new([2, 4, 5], &values);
    let panel = panel("pca", &ensemble, &Span::of(&ensemble), Method::Standard);
    let Panel::Rgb(rgb, Some(label)) = panel else { panic!("{panel:?}") };
    assert_eq!(label, "100 %, 0 %, 0 %");
    for (p, red) in rgb[..20].iter().enumerate() {
        let want = 0.5 + 0.5 * phi(p / 5, p % 5) / phi(3, 4);
        assert!((red - want).abs() < 1e-14, "{p}: {red} for {want}");
    }
    everywhere(&rgb[20..], 0.5, 1e-7);
}

/// Two modes of known variance, in channels of their own.
#[test]
fn modes_are_as_vivid_as_they_are_strong() {
    // Coefficients (3, −3, 0, 0) and (0, 0, 1, −1): variances 18/3 and 2/3 per unit.
    let values = made([4, 2, 1, 2], |[m, c, _, j]| match (c, j) {
        (0, 0) => [3.0, -3.0, 0.0, 0.0][m],
        (1, 1) => [0.0, 0.0, 1.0, -1.0][m],
        _ => 0.0,
    });
    let ensemble = Ensemble::new([2, 1, 2], &values);
    let panel = panel("pca", &ensemble, &Span::of(&ensemble), Method::Standard);
    let Panel::Rgb(rgb, Some(label)) = panel else { panic!("{panel:?}") };
    assert_eq!(label, "90 %, 10 %, 0 %");
    for (got, want) in rgb.iter().zip([1.0, 0.5, 0.5, 0.5 + 0.5 / 3.0, 0.5, 0.5]) {
        assert!((got - want).abs() < 1e-14, "{got} for {want}");
    }
}

#[test]
fn two_realizations_have_one_mode() {
    let values = random([2, 3, 6, 6], 8);
    let ensemble = Ensemble::new([3, 6, 6], &values);
    let panel = panel("pca", &ensemble, &Span::of(&ensemble), Method::Standard);
    let Panel::Rgb(rgb, Some(label)) = panel else { panic!("{panel:?}") };
    assert_eq!(label, "100 %");
    everywhere(&rgb[36..], 0.5, 0.0);
    assert!(rgb[..36].contains(&1.0));
}

#[test]
fn identical_fields_are_similar_to_one() {
    let one = random([1, 3, 12, 13], 6);
    let values = one.repeat(4);
    everywhere(&numbers("ssim", &Ensemble::new([3, 12, 13], &values)), 1.0, 1e-14);
}

/// Fields without structure differ by their levels alone: `(2 x y + C1) / (x² + y² + C1)`.
#[test]
fn similarity_of_flat_fields_is_that_of_their_levels() {
    let values = made([2, 1, 7, 6], |[m, ..]| 1.0 + 2.0 * m as f64);
    let of = |x: f64, y: f64| (2.0 * x * y + 4e-4) / (x * x + y * y + 4e-4);
    let got = numbers("ssim", &Ensemble::new([1, 7, 6], &values));
    everywhere(&got, 0.5 * (of(1.0, 2.0) + of(3.0, 2.0)), 1e-12);
}

/// Fields ±f about their mean 0 have no structure in common with it: both factors are those of 0.
#[test]
fn opposite_fields_are_not_similar_to_their_mean() {
    let wave = |i: usize, j: usize| if (i + j).is_multiple_of(2) { 1.0 } else { -1.0 };
    let values = made([2, 1, 24, 24], |[m, _, i, j]| wave(i, j) * if m == 0 { 1.0 } else { -1.0 });
    let got = numbers("ssim", &Ensemble::new([1, 24, 24], &values));
    let [c1, c2] = [4e-4, 3.6e-3];
    // In the middle the window sees mean 0 and variance 1, but for its tail.
    let want = c1 / (0.0 + c1) * c2 / (1.0 + c2);
    let middle = got[12 * 24 + 12];
    assert!((middle - want).abs() < 1e-4, "{middle} for {want}");
}

/// `A cos(2π (k x / W + l y / H) + φ)`: the mean of the window is ½ along each axis, so the peaks at ±(k, l)
/// have the power `(A/2 · ¼)²`.
#[test]
fn a_plane_wave_has_its_peak_in_its_place_and_at_its_level() {
    for (h, w, k, l) in [(32, 32, 5, 3), (24, 15, 4, 6), (9, 16, 3, 2)] {
        let (amplitude, offset) = (3.0, 40.0);
        let values = made([3, 2, h, w], |[m, c, i, j]| {
            let phase = (k * j) as f64 / w as f64 + (l * i) as f64 / h as f64;
            let size = if c == 0 { amplitude } else { 0.0 };
            offset + size * libm::cos(TAU * phase + m as f64)
        });
        let got = numbers("spectral", &Ensemble::new([2, h, w], &values));
        let level = 10.0 * libm::log10((amplitude / 8.0) * (amplitude / 8.0));
        for (y, x) in [(h / 2 + l, w / 2 + k), (h / 2 - l, w / 2 - k)] {
            let peak = got[y * w + x];
            assert!((peak - level).abs() < 1e-5, "{h} × {w}: {peak} for {level}");
        }
        let largest = got.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        assert!((largest - level).abs() < 1e-5, "{h} × {w}: {largest}");
    }
}

/// Unlike the reference's, which takes the mean over channels first.
#[test]
fn opposite_channels_do_not_cancel_in_the_spectrum() {
    let sign = |c: usize| if c == 0 { 1.0 } else { -1.0 };
    let values =
        made([2, 2, 16, 16], |[.., c, _, j]| sign(c) * libm::cos(TAU * 4.0 * j as f64 / 16.0));
    let got = numbers("spectral", &Ensemble::new([2, 16, 16], &values));
    let level = 10.0 * libm::log10(2.0 / 64.0);
    assert!((got[8 * 16 + 12] - level).abs() < 1e-5, "{} for {level}", got[8 * 16 + 12]);
}
