//! `spatial`: the analytic vectors, under both definitions.

use std::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

use super::{close, field, rows, settings, single, value};
use crate::features::{Definitions, Undefined};

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
