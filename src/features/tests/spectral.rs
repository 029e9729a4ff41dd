//! `spectral`: the analytic vectors, closed forms, invariances, what is undefined.

use std::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

use super::invariance::{self, Change};
use super::{close, field, rows, settings, single, value};
use crate::features::spectrum::Plans;
use crate::features::{Definitions, Frame, Settings, Shape, Undefined, Value};

const FIELDS: [&str; 7] = ["K", "R", "X1", "X2", "Y2", "G", "B"];

/// A value that the description does not give.
const NONE: f64 = f64::NAN;

/// `features.md` of the Python reference's description: N = 8, the fields above and D.
const COMPAT: [(&str, [f64; 8]); 22] = [
    ("fft_power_scale_0_mean", [0.0, 36.418_28, 16.0 / 3.0, 0.0, 0.0, 0.0, 0.0, 1.0 / 64.0]),
    ("fft_power_scale_0_max", [0.0, 109.254_84, 16.0, 0.0, 0.0, 0.0, 0.0, 1.0 / 64.0]),
    ("fft_power_scale_0_std", [0.0, 17.274_71, 2.529_822_1, 0.0, 0.0, 0.0, 0.0, 0.004_167_9]),
    ("fft_power_scale_1_mean", [0.0, 0.0, 0.0, 0.0, 0.0, 8.0, 0.0, 1.0 / 64.0]),
    (
        "fft_power_scale_2_mean",
        [0.0, 32.0 / 9.0, 0.0, 16.0 / 9.0, 32.0 / 9.0, 0.0, 0.0, 1.0 / 64.0],
    ),
    ("fft_power_scale_3_mean", [0.0, 2.171_572_9, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0 / 64.0]),
    ("fft_power_scale_4_mean", [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0 / 64.0]),
    ("dominant_freq_x", [0.0, 0.0, 0.125, 0.25, 0.0, 0.125, 0.5, NONE]),
    ("dominant_freq_y", [0.0, 0.0, 0.0, 0.0, 0.25, 0.875, 0.5, NONE]),
    ("dominant_freq_magnitude", [256.0, 784.0, 16.0, 16.0, 16.0, 16.0, 64.0, 1.0 / 64.0]),
    ("spectral_centroid_x", [0.0, 0.038_214_9, 0.125, 0.25, 0.0, 0.125, 0.5, 0.25]),
    ("spectral_centroid_y", [0.0, 0.0, 0.0, 0.0, 0.0, -0.125, -0.5, -0.0625]),
    ("spectral_bandwidth", [1e-4, 0.096_507_7, 1e-4, 1e-4, 0.25, 1e-4, 1e-4, 0.336_572_8]),
    ("low_freq_ratio", [1.0, 0.983_333_3, 1.0, 1.0, 1.0, 1.0, 0.0, 0.65]),
    ("mid_freq_ratio", [0.0, 0.016_666_7, 0.0, 0.0, 0.0, 0.0, 1.0, 0.35]),
    ("high_freq_ratio", [0.0; 8]),
    ("spectral_rolloff", [0.0, 0.025, 0.0, 0.0, 0.025, 0.0, 0.0, 33.0 / 40.0]),
    ("spectral_flatness", [3.19e-11, NONE, 4.765e-10, 4.765e-10, NONE, NONE, NONE, 1.0]),
    ("spectral_anisotropy", [1.0; 8]),
    ("fundamental_purity", [1.0, 0.816_666_7, 1.0, 1.0, 0.5, 1.0, 1.0, 0.025]),
    ("harmonic_ratio_2f", [1.0, 1.0, NONE, NONE, NONE, NONE, NONE, NONE]),
    ("total_harmonic_distortion", [SQRT_2, SQRT_2, NONE, NONE, NONE, NONE, NONE, NONE]),
];

/// Values of a state by name.
pub fn of(definitions: Definitions, n: usize, states: &[f32]) -> impl Fn(&str) -> Value + use<> {
    let rows = rows("spectral", &settings(definitions), single(n), states);
    move |name| value(&rows, name)
}

/// Accepted values of a named field.
pub fn standard(n: usize, name: &str) -> impl Fn(&str) -> Value + use<> {
    of(Definitions::Standard, n, &field(name, n))
}

fn compat(n: usize, name: &str) -> impl Fn(&str) -> Value + use<> {
    of(Definitions::Compat, n, &field(name, n))
}

#[test]
fn compat_gives_the_analytic_vectors() {
    for (at, name) in FIELDS.into_iter().chain(["D"]).enumerate() {
        let got = compat(8, name);
        for (feature, wanted) in COMPAT {
            if wanted[at].is_nan() {
                continue;
            }
            let tolerance = match feature {
                // Given to three and four digits; the floor of `close` is not for these.
                "spectral_flatness" => {
                    let relative = got(feature).unwrap() / wanted[at];
                    assert!((relative - 1.0).abs() < 0.01, "{feature} of {name}: {relative}");
                    continue;
                }
                // A root of 1e-8 and of what the rounding of the field adds.
                "spectral_bandwidth" => 1e-5,
                _ => 2e-6,
            };
            close(got(feature), wanted[at], tolerance, &format!("{feature} of {name}"));
        }
    }
}

/// 32 bits decide whether the corner mode is in the last band: it is for N = 16, not for N = 8.
#[test]
fn compat_puts_the_corner_where_the_reference_has_it() {
    for (n, kept) in [(4, true), (8, false), (16, true), (32, false), (64, true), (128, false)] {
        let most = compat(n, "B")("fft_power_scale_4_max");
        close(most, if kept { (n * n) as f64 } else { 0.0 }, 1e-12, &format!("{n}"));
    }
    let board = compat(16, "B");
    close(board("fft_power_scale_4_mean"), 256.0 / 38.0, 1e-6, "mean");
    close(board("fft_power_scale_4_std"), 21.333_333, 1e-6, "std");
}

#[test]
fn compat_ratios_are_constant_from_sixteen_on() {
    for name in FIELDS {
        let got = compat(16, name);
        for (feature, want) in
            [("low_freq_ratio", 1.0), ("mid_freq_ratio", 0.0), ("high_freq_ratio", 0.0)]
        {
            close(got(feature), want, 1e-6, &format!("{feature} of {name}"));
        }
    }
}

#[test]
fn compat_of_zeros_is_what_the_reference_gives() {
    let got = of(Definitions::Compat, 8, &[0.0; 64]);
    for (feature, want) in [
        ("low_freq_ratio", 0.0),
        ("spectral_anisotropy", 0.0),
        ("spectral_flatness", 1.0),
        ("spectral_rolloff", 0.0),
        ("dominant_freq_magnitude", 0.0),
        ("spectral_bandwidth", 1e-4),
        ("total_harmonic_distortion", 0.0),
    ] {
        close(got(feature), want, 1e-9, feature);
    }
}

/// `features.md`, the recommended definitions at N = 16.
#[test]
fn standard_gives_the_recommended_vectors() {
    const FIELDS: [&str; 7] = ["R", "X1", "X2", "Y2", "G", "B", "D"];
    let d = 0.088_388_3;
    let wanted = [
        ("spectral_bandwidth", [0.101_997, 0.0, 0.0, 0.0, 0.0, 0.0, 0.142_313]),
        ("low_freq_ratio", [0.0; 7]),
        ("mid_freq_ratio", [0.618_215, 1.0, 0.0, 0.0, 1.0, 0.0, 0.031_373]),
        ("high_freq_ratio", [0.381_785, 0.0, 1.0, 1.0, 0.0, 1.0, 0.968_627]),
        ("spectral_rolloff", [0.1875, 0.0625, 0.125, 0.125, d, FRAC_1_SQRT_2, 0.534_0]),
        ("spectral_anisotropy", [1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0]),
        // On one axis, or on the diagonal, the centroids are those of ρ or its parts.
        ("spectral_centroid_x", [0.122_337, 0.0625, 0.125, 0.0, 0.0625, 0.5, NONE]),
        ("spectral_centroid_y", [0.0, 0.0, 0.0, 0.125, 0.0625, 0.5, NONE]),
        ("dominant_freq_x", [0.0625, 0.0625, 0.125, 0.0, 0.0625, 0.5, 0.0]),
        // A wave down the falling diagonal; of a white spectrum the longest wave with the least fx.
        ("dominant_freq_y", [0.0, 0.0, 0.0, 0.125, -0.0625, 0.5, 0.0625]),
        // A cosine has the amplitude 1, and so has the checkerboard. The ramp's longest wave has
        // |Σ j exp(−2πi j/16)| = 8/sin(π/16), twice that over 16 for the amplitude. A delta: 2/n.
        ("dominant_freq_magnitude", [5.125_831, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0 / 256.0]),
        ("fundamental_purity", [NONE, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0 / 255.0]),
    ];
    for (at, name) in FIELDS.into_iter().enumerate() {
        let got = standard(16, name);
        for (feature, wanted) in wanted {
            if !wanted[at].is_nan() {
                close(got(feature), wanted[at], 1e-5, &format!("{feature} of {name}"));
            }
        }
    }
    // A delta is white; one wave is as far from it as the floor allows: of 255 modes two have all.
    close(standard(16, "D")("spectral_flatness"), 1.0, 1e-12, "white");
    assert!(standard(16, "X1")("spectral_flatness").unwrap() < 1e-11);
    // The centroid of |fx| of a delta: the mean over 255 modes of (0, 1, 2, … 8, … 1)/16, 16 rows.
    close(standard(16, "D")("spectral_centroid_x"), 64.0 * 16.0 / 16.0 / 255.0, 1e-9, "delta");
}

/// Bands hold modes of the whole plane: X1 has all its power in the four modes of κ = 1 at N = 8.
#[test]
fn standard_bands_are_of_the_whole_plane() {
    for (name, band) in [("X1", 0), ("X2", 2), ("Y2", 2)] {
        let got = standard(8, name);
        // κ = 2: eight modes of κ = 2, √5 are in no other band; with κ² = 8 twelve and four.
        let modes = [4.0, 4.0, 16.0][band];
        let mean = 32.0 / modes;
        close(got(&format!("fft_power_scale_{band}_mean")), mean, 1e-6, name);
        close(got(&format!("fft_power_scale_{band}_max")), 16.0, 1e-6, name);
        let squares = 2.0 * (16.0_f64 - mean).powi(2) + (modes - 2.0) * mean * mean;
        let spread = (squares / (modes - 1.0)).sqrt();
        close(got(&format!("fft_power_scale_{band}_std")), spread, 1e-6, name);
    }
    // The corner is in the last band for every N.
    for n in [4, 8, 16, 32] {
        close(standard(n, "B")("fft_power_scale_4_max"), (n * n) as f64, 1e-9, "corner");
    }
}

/// `Σ over bands of mean × modes` is `Σ (u − mean)²`, for every form of field: no mode is in no band.
#[test]
fn bands_hold_the_whole_variance() {
    for (height, width) in [(8, 8), (16, 24), (7, 5), (4, 20), (9, 4)] {
        let shape = Shape { steps: 1, channels: 1, height, width };
        let states = &super::golden::rollout(3)[..shape.area()];
        let settings = Settings { num_fft_scales: 1, ..settings(Definitions::Standard) };
        let rows = rows("spectral", &settings, shape, states);
        let spatial = super::rows("spatial", &settings, shape, states);
        let variance = value(&spatial, "spatial_variance").unwrap();
        close(value(&rows, "fft_power_scale_0_mean"), variance, 1e-12, "Parseval");
    }
}

#[test]
fn what_has_no_value_says_why() {
    let flat = standard(8, "K");
    let names =
        super::super::category("spectral").unwrap().features(&settings(Definitions::Standard));
    for name in names.into_iter().map(|feature| feature.name) {
        let want =
            if name.starts_with("fft_power") { Ok(0.0) } else { Err(Undefined::ConstantField) };
        assert_eq!(flat(&name), want, "{name}");
    }
    // Of N = 4 the first band, κ < 0.88, has no mode.
    let small = standard(4, "X1");
    for part in ["mean", "max", "std"] {
        let name = format!("fft_power_scale_0_{part}");
        assert_eq!(small(&name), Err(Undefined::Undetermined), "{name}");
        close(compat(4, "X1")(&name), 0.0, 1e-12, &name);
    }
    // A single pair of rows: the last band of a 2 × 1 field has one mode and no spread.
    let shape = Shape { steps: 1, channels: 1, height: 2, width: 1 };
    let one = Settings { num_fft_scales: 1, ..settings(Definitions::Standard) };
    let rows = rows("spectral", &one, shape, &[0.0, 1.0]);
    close(value(&rows, "fft_power_scale_0_mean"), 0.5, 1e-12, "one mode");
    assert_eq!(value(&rows, "fft_power_scale_0_std"), Err(Undefined::Undetermined));
}

/// A channel that is not finite takes nothing from the others.
#[test]
fn channels_are_apart() {
    let shape = Shape { steps: 1, channels: 2, ..single(8) };
    let alone = standard(8, "G");
    for bad in [f32::NAN, f32::INFINITY, 1e30] {
        let other: Vec<f32> = field("D", 8).iter().map(|v| v * bad).collect();
        let states = [other, field("G", 8)].concat();
        let mut values = Vec::new();
        let plans = Plans::new(8, 8);
        let category = super::super::category("spectral").unwrap();
        let settings = settings(Definitions::Standard);
        let frame = Frame::new(shape, 0, &states, &plans);
        category.begin(&settings, shape).frame(&frame, &mut values);
        let names = category.features(&settings).into_iter().map(|feature| feature.name);
        let second = &values[values.len() / 2..];
        for (name, got) in names.zip(second) {
            match alone(&name) {
                Ok(want) => close(*got, want, 1e-9, &name),
                Err(why) => assert_eq!(*got, Err(why), "{name}"),
            }
        }
        let lost = values[0] == Err(Undefined::NonFinite);
        assert_eq!(lost, !bad.is_finite());
    }
}

/// Features that change with a change of the field, and how; all others do not.
#[test]
fn standard_features_change_as_they_must_and_no_more() {
    let swapped = |name: &str| {
        match name {
            "dominant_freq_x" => "dominant_freq_y",
            "dominant_freq_y" => "dominant_freq_x",
            "spectral_centroid_x" => "spectral_centroid_y",
            "spectral_centroid_y" => "spectral_centroid_x",
            _ => name,
        }
        .to_owned()
    };
    invariance::check("spectral", &Change::Shift(5, 11), |name, v| (name.to_owned(), v));
    // The sign of a wave vector is that with fx ≥ 0: a turn may change it, its size it keeps.
    invariance::check("spectral", &Change::Transposition, |name, v| (swapped(name), v));
    invariance::check("spectral", &Change::QuarterTurn, |name, v| (swapped(name), v));
    invariance::check("spectral", &Change::Channels, |name, v| (name.to_owned(), v));
    let scaled = |name: &str, v: f64| {
        let v = match name {
            _ if name.starts_with("fft_power") => 9.0 * v,
            "dominant_freq_magnitude" => 3.0 * v,
            _ => v,
        };
        (name.to_owned(), v)
    };
    invariance::check("spectral", &Change::Affine(-3.0, 100.0), scaled);
}
