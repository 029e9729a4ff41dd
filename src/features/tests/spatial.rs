//! `spatial`: the analytic vectors, under both definitions.

use std::f64::consts::{FRAC_1_SQRT_2, SQRT_2, TAU};

use super::invariance::{self, Change};
use super::{close, field, rows, settings, single, value};
use crate::features::{Definitions, Undefined, Value};

/// `features.md` of the Python reference's description: N = 8, fields K R X1 X2 B D.
const COMPAT: [(&str, [f64; 6]); 19] = [
    ("spatial_mean", [2.0, 3.5, 0.0, 0.0, 0.0, 1.0 / 64.0]),
    ("spatial_variance", [0.0, 16.0 / 3.0, 0.507_936_5, 0.507_936_5, 1.015_873_0, 1.0 / 64.0]),
    ("spatial_std", [0.0, 2.309_401_1, 0.712_696_6, 0.712_696_6, 1.007_905_3, 0.125]),
    ("spatial_skewness", [0.0, 0.0, 0.0, 0.0, 0.0, 7.628_905]),
    ("spatial_kurtosis", [-3.0, -1.292_724_6, -1.546_508_8, -1.062_011_7, -2.031_005_9, 57.093_00]),
    ("spatial_min", [2.0, 0.0, -1.0, -1.0, -1.0, 0.0]),
    ("spatial_max", [2.0, 7.0, 1.0, 1.0, 1.0, 1.0]),
    ("spatial_range", [0.0, 7.0, 2.0, 2.0, 2.0, 1.0]),
    ("spatial_iqr", [0.0, 3.5, SQRT_2, 0.5, 2.0, 0.0]),
    ("spatial_mad", [0.0, 2.0, FRAC_1_SQRT_2, 0.0, 0.0, 0.0]),
    ("gradient_magnitude_mean", [0.0, 1.5, 0.426_776_7, 0.5, 0.0, 1.0 / 32.0]),
    ("gradient_magnitude_std", [0.0, 0.872_871_6, 0.262_562_0, 0.503_952_6, 0.0, 0.121_987_5]),
    ("gradient_magnitude_max", [0.0, 3.0, FRAC_1_SQRT_2, 1.0, 0.0, 0.5]),
    ("gradient_x_mean", [0.0; 6]),
    ("gradient_y_mean", [0.0; 6]),
    ("gradient_anisotropy", [0.0, 1.5e8, 4.267_767e7, 5e7, 0.0, 1.0]),
    ("laplacian_mean", [0.0; 6]),
    ("laplacian_std", [0.0, 4.031_621_0, 0.417_487_9, 1.425_393_3, 8.063_242_0, 0.563_436_1]),
    ("laplacian_energy", [0.0, 16.0, 0.171_572_9, 2.0, 64.0, 0.3125]),
];

const FIELDS: [&str; 6] = ["K", "R", "X1", "X2", "B", "D"];

#[test]
fn compat_gives_the_analytic_vectors() {
    for (at, name) in FIELDS.iter().enumerate() {
        // X1 and X2 hold cosines rounded to 32 bits: medians between equal values move by that much.
        let rows = rows("spatial", &settings(Definitions::Compat), single(8), &field(name, 8));
        for (feature, wanted) in COMPAT {
            let tolerance = if feature == "gradient_anisotropy" { 1e-3 } else { 2e-6 };
            close(value(&rows, feature), wanted[at], tolerance, &format!("{feature} of {name}"));
        }
    }
}

/// Closed forms of the accepted definitions.
#[test]
fn standard_gives_closed_forms() {
    let of = |name: &str| {
        let rows = rows("spatial", &settings(Definitions::Standard), single(8), &field(name, 8));
        move |feature: &str| value(&rows, feature)
    };
    let (constant, wave, fine, board, delta) = (of("K"), of("X1"), of("X2"), of("B"), of("D"));
    for feature in ["spatial_skewness", "spatial_kurtosis"] {
        assert_eq!(constant(feature), Err(Undefined::ConstantField));
    }
    assert_eq!(constant("gradient_anisotropy"), Err(Undefined::ZeroDenominator));
    // A cosine: m₄/m₂² = 3/2. A two-valued field: 1. A delta among n: (n − 1) + 1/(n − 1) − 1.
    close(wave("spatial_kurtosis"), -1.5, 1e-6, "wave");
    close(board("spatial_kurtosis"), -2.0, 1e-12, "board");
    close(delta("spatial_kurtosis"), 63.0 + 1.0 / 63.0 - 1.0 - 3.0, 1e-12, "delta");
    close(delta("spatial_skewness"), 62.0 / 63.0_f64.sqrt(), 1e-12, "delta");
    close(fine("spatial_mad"), 0.5, 1e-6, "mid-point medians");
    close(board("spatial_mad"), 1.0, 1e-12, "mid-point medians");
    close(wave("gradient_anisotropy"), 1.0, 1e-12, "along x alone");
    close(delta("gradient_anisotropy"), 0.0, 1e-12, "both ways alike");
    close(board("gradient_x_mean"), 2.0, 1e-12, "the board changes at every pixel");
    close(fine("gradient_x_mean"), 1.0, 1e-6, "steps of one");
    close(fine("gradient_y_mean"), 0.0, 1e-12, "nothing along y");
    close(board("laplacian_mean"), 8.0, 1e-12, "the board");
}

/// The same for what `sdf-extended` adds: fields K R X1 X2 Y2 G B D.
const EXTENDED: [(&str, [f64; 8]); 8] = [
    ("effective_rank", [1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 1.0, 1.0]),
    ("participation_ratio", [1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 1.0, 1.0]),
    ("explained_variance_90", [1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 1.0, 1.0]),
    ("gradient_saturation_ratio", [0.0, 0.0, 0.25, 0.5, 0.5, 0.25, 0.0, 0.9375]),
    (
        "gradient_flatness",
        [-3.0, -0.739_014, -0.927_040, -2.031_006, -2.031_006, -0.927_040, -3.0, 10.630_51],
    ),
    ("coherence_length", [4.0, 4.0, 2.0, 1.0, 1.0, SQRT_2, 1.0, 1.0]),
    ("correlation_anisotropy", [1.0, 0.7, 0.603_553_4, 0.5, 2.0, 1.0, 1.0, 1.0]),
    // Of a delta all waves are equal: the longest is taken.
    ("structure_factor_peak", [1e8, 8.0, 8.0, 4.0, 4.0, 5.656_854, SQRT_2, 8.0]),
];

const ALL_FIELDS: [&str; 8] = ["K", "R", "X1", "X2", "Y2", "G", "B", "D"];

fn of(definitions: Definitions, n: usize, states: &[f32]) -> impl Fn(&str) -> Value + use<> {
    let rows = rows("spatial", &settings(definitions), single(n), states);
    move |feature| value(&rows, feature)
}

#[test]
fn compat_gives_the_extended_vectors() {
    for (at, name) in ALL_FIELDS.iter().enumerate() {
        let got = of(Definitions::Compat, 8, &field(name, 8));
        for (feature, wanted) in EXTENDED {
            close(got(feature), wanted[at], 2e-6, &format!("{feature} of {name}"));
        }
    }
    // The reference divides by nothing here.
    let zeros = of(Definitions::Compat, 8, &[0.0; 64]);
    assert_eq!(zeros("participation_ratio"), Err(Undefined::ZeroDenominator));
    for (feature, want) in [("effective_rank", 0.0), ("coherence_length", 0.0)] {
        close(zeros(feature), want, 1e-12, feature);
    }
}

/// `cos x cos y + a cos 2x cos 2y`, two modes of singular values 1 : |a|, on any offset.
fn two_modes(n: usize, a: f64, offset: f64) -> Vec<f32> {
    let wave = |k: usize, x: usize| libm::cos(TAU * (k * x) as f64 / n as f64);
    let at = |i, j| offset + wave(1, i) * wave(1, j) + a * wave(2, i) * wave(2, j);
    (0..n * n).map(|k| at(k / n, k % n) as f32).collect()
}

#[test]
fn standard_ranks_count_modes_of_the_field_without_its_mean() {
    for offset in [0.0, 10.0] {
        let got = of(Definitions::Standard, 16, &two_modes(16, 0.5, offset));
        // q = 2/3, 1/3: exp(ln 3 − (2/3) ln 2); p = 4/5, 1/5. 32 bits leave noise of 1e-6 in 16 values.
        close(got("effective_rank"), 3.0 / 2.0_f64.powf(2.0 / 3.0), 1e-4, "effective rank");
        close(got("participation_ratio"), 1.0 / 0.68, 1e-6, "participation ratio");
        close(got("explained_variance_90"), 2.0, 0.0, "modes");
        let got = of(Definitions::Standard, 16, &two_modes(16, 0.25, offset));
        close(got("explained_variance_90"), 1.0, 0.0, "16/17 are in one");
    }
    let diagonal = of(Definitions::Standard, 8, &field("G", 8));
    close(diagonal("effective_rank"), 2.0, 1e-5, "two equal modes");
}

#[test]
fn standard_gradients_and_structure_have_closed_forms() {
    let standard = |name: &str| of(Definitions::Standard, 8, &field(name, 8));
    close(standard("X1")("gradient_saturation_ratio"), 0.25, 0.0, "two crests of eight");
    // Two values with parts p and 1 − p have kurtosis 1/(p (1 − p)) − 3, less 3.
    close(standard("X2")("gradient_flatness"), 4.0 - 6.0, 1e-6, "half");
    close(standard("D")("gradient_flatness"), 256.0 / 15.0 - 6.0, 1e-12, "a sixteenth");
    let peaks =
        [("X1", 0.125), ("X2", 0.25), ("Y2", 0.25), ("G", SQRT_2 / 8.0), ("B", FRAC_1_SQRT_2)];
    for (name, rho) in peaks {
        close(standard(name)("structure_factor_peak"), rho, 1e-6, name);
    }
    // White: the first ring, four waves of 1/8 and four of √2/8.
    close(standard("D")("structure_factor_peak"), (1.0 + SQRT_2) / 16.0, 1e-9, "delta");
    let along = 0.603_553_4;
    for (name, want) in [("X1", (along - 1.0) / (along + 1.0)), ("Y2", 1.0 / 3.0), ("G", 0.0)] {
        close(standard(name)("correlation_anisotropy"), want, 1e-6, name);
    }
}

/// A delta has R = −1/63 beyond 0; the first ring lies at (1 + √2)/2. Averaged over directions the
/// correlation of a plane wave of length λ is J₀(2πr/λ), which is 1/e at 2πr/λ = 1.7520.
#[test]
fn standard_coherence_length_is_of_the_average_over_directions() {
    let level = (-1.0_f64).exp();
    let delta = of(Definitions::Standard, 8, &field("D", 8))("coherence_length");
    close(delta, (1.0 - level) / (1.0 + 1.0 / 63.0) * (1.0 + SQRT_2) / 2.0, 1e-9, "delta");
    let lengths = [("X2", 64.0), ("Y2", 64.0), ("X1", 128.0), ("G", 128.0 / SQRT_2)];
    for (name, wave) in lengths {
        let got = of(Definitions::Standard, 128, &field(name, 128))("coherence_length");
        close(got, 1.7520 / TAU * wave, 0.005, name);
    }
}

#[test]
fn extended_features_without_a_value_say_why() {
    let flat = of(Definitions::Standard, 8, &field("K", 8));
    let board = of(Definitions::Standard, 8, &field("B", 8));
    for (name, _) in EXTENDED {
        let gradient = name.starts_with("gradient");
        let why = if gradient { Undefined::ZeroDenominator } else { Undefined::ConstantField };
        assert_eq!(flat(name), Err(why), "{name}");
        if gradient {
            assert_eq!(board(name), Err(why), "{name}");
        }
    }
    // 0 0 1 1: a central difference of ½ everywhere, which has no shape.
    let even: Vec<f32> = (0..64).map(|k| [0.0, 0.0, 1.0, 1.0][k % 4]).collect();
    let even = of(Definitions::Standard, 8, &even);
    assert_eq!(even("gradient_flatness"), Err(Undefined::ZeroDenominator));
    close(even("gradient_saturation_ratio"), 0.0, 0.0, "nowhere flat");
}

#[test]
fn standard_features_change_as_they_must_and_no_more() {
    let own = |name: &str, v| (name.to_owned(), v);
    let turned = |name: &str, v: f64| match name {
        "gradient_x_mean" => ("gradient_y_mean".to_owned(), v),
        "gradient_y_mean" => ("gradient_x_mean".to_owned(), v),
        "gradient_anisotropy" | "correlation_anisotropy" => (name.to_owned(), -v),
        _ => own(name, v),
    };
    invariance::check("spatial", &Change::Shift(3, 10), own);
    invariance::check("spatial", &Change::Channels, own);
    invariance::check("spatial", &Change::Transposition, turned);
    invariance::check("spatial", &Change::QuarterTurn, turned);
    let scaled = |name: &str, v: f64| {
        let factor = match name {
            "spatial_variance" | "laplacian_energy" => 4.0,
            "spatial_mean" | "spatial_min" | "spatial_max" => return own(name, 2.0 * v + 8.0),
            "spatial_skewness" | "spatial_kurtosis" | "gradient_anisotropy" => 1.0,
            _ if EXTENDED.iter().any(|(extended, _)| *extended == name) => 1.0,
            _ => 2.0,
        };
        own(name, factor * v)
    };
    invariance::check("spatial", &Change::Affine(2.0, 8.0), scaled);
}
