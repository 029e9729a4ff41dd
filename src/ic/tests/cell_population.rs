//! `cell_population`: the mass of the densities is that of the cells, and what cannot be packed is said.

use serde_json::{Value as Json, json};

use super::{Case, make, mean, request, variance, wide};
use crate::key::Value;

pub const CASE: Case = Case {
    name: "cell_population",
    examples: || {
        vec![
            json!({"num_cells": 20}),
            json!({"cell_radius": 0}),
            json!({"kernel_width": 0.05}),
            json!({"amplitude_spread": 0}),
            json!({"clustering_strength": 0}),
            json!({"clustering_strength": {"uniform": [0.9, 1]}}),
            json!({"cells_per_cluster": 40}),
            json!({"cluster_width": 0.03}),
            json!({"process": "log_gaussian_cox"}),
            json!({"process": "log_gaussian_cox", "log_intensity_std": 2}),
            json!({"process": "log_gaussian_cox", "intensity_length": 0.3}),
            json!({"normalize": "unit_std"}),
            json!({"normalize": "unit_max"}),
        ]
    },
    smooth: || vec![json!({}), json!({"process": "log_gaussian_cox"})],
    pin: "1 687fa1c1bdc96c6d e04681c57a8e4511",
};

fn number(value: &Value) -> f64 {
    match value {
        Value::Int(v) => *v as f64,
        Value::Float(v) => *v,
        _ => panic!("{value} is no number"),
    }
}

/// With equal amplitudes the integral of all channels is the number of cells times that of a kernel,
/// 2π h²; the sum over pixels is exact to `exp(−2π²h²n²)`, below 10⁻⁴ for h ≥ 0.012 on a grid of 64.
#[test]
fn every_cell_that_was_asked_for_is_there() {
    for settings in [
        json!({"amplitude_spread": 0}),
        json!({"amplitude_spread": 0, "clustering_strength": 1, "num_cells": 160, "cluster_width": 0.01}),
        json!({"amplitude_spread": 0, "process": "log_gaussian_cox"}),
    ] {
        let ic = make("cell_population", &settings);
        ic.check(64, 3).unwrap();
        for i in 0..256 {
            let drawn = ic.draw(&request(i, 64, 3));
            let noted = |name| number(&drawn.settings.iter().find(|(n, _)| *n == name).unwrap().1);
            let width = noted("kernel_width");
            let kernel = std::f64::consts::TAU * width * width;
            let cells = mean(&wide(&drawn.fields)) * 3.0 / kernel;
            assert!((cells / noted("num_cells") - 1.0).abs() < 1e-3, "{settings} {i}: {cells}");
        }
    }
}

/// Amplitudes: of one cell a type, the logarithm of the height has variance 2 · 0.3², 256 draws, four
/// standard errors of a variance.
#[test]
fn amplitudes_are_lognormal() {
    let ic = make("cell_population", &json!({"num_cells": 3, "kernel_width": 0.04}));
    let logs: Vec<f64> = (0..256)
        .flat_map(|i| {
            let fields = wide(&ic.draw(&request(i, 64, 3)).fields);
            let kernel = std::f64::consts::TAU * 0.04 * 0.04;
            fields.chunks_exact(4096).map(|f| (mean(f) / kernel).ln()).collect::<Vec<_>>()
        })
        .collect();
    let error = 4.0 * (2.0 / logs.len() as f64).sqrt();
    assert!((variance(&logs) / 0.18 - 1.0).abs() < error, "{}", variance(&logs));
    assert!(mean(&logs).abs() < 4.0 * (0.18 / logs.len() as f64).sqrt(), "{}", mean(&logs));
}

#[test]
fn what_cannot_be_packed_is_said() {
    let says = |settings: Json, grid, channels| {
        make("cell_population", &settings).check(grid, channels).unwrap_err()
    };
    assert_eq!(
        says(json!({"num_cells": 200, "cell_radius": 0.03}), 64, 3),
        "200 cells of radius 0.03 cover 0.57 of the plane, and random packing is sure to find room for \
         0.3 only: lower `num_cells` or `cell_radius`"
    );
    assert_eq!(
        says(json!({"num_cells": {"uniform": [2, 9]}}), 64, 3),
        "`num_cells` 2.0 leaves some of 3 channels empty: give at least 3"
    );
    assert_eq!(
        says(json!({"kernel_width": 0.001}), 64, 3),
        "bumps of width 0.001 are lost between the pixels of a grid of 64: raise `kernel_width` to \
         0.003125 or more"
    );
}
