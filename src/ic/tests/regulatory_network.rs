//! `regulatory_network`: states that satisfy the kinetics, domains of a toggle switch, oscillations.

use rayon::prelude::*;
use serde_json::{Value as Json, json};

use super::{Case, correlation, make, mean, request, variance, wide};

pub const CASE: Case = Case {
    name: "regulatory_network",
    examples: || {
        vec![
            json!({"network_topology": "random"}),
            json!({"network_topology": "hub"}),
            json!({"network_topology": "toggle_switch"}),
            json!({"network_topology": "repressilator"}),
            json!({"network_topology": "toggle_switch", "initial_length": 0.2}),
            json!({"network_size": 6}),
            json!({"connection_probability": 0.6}),
            json!({"activation_fraction": 0.9}),
            json!({"spatial_decay": 0.25}),
            json!({"production": 20}),
            json!({"hill_exponent": {"choice": [2, 4]}}),
            json!({"diffusion_length": 0.1}),
            json!({"normalize": "unit_std"}),
            json!({"normalize": "unit_max"}),
        ]
    },
    smooth: || {
        ["scale_free", "toggle_switch", "repressilator"]
            .map(|name| json!({"network_topology": name}))
            .to_vec()
    },
    pin: "1 d576abf08167dd8b 0c7aba12506d29ea",
};

fn draw(settings: &Json, sample: u64, channels: usize) -> Vec<Vec<f64>> {
    let drawn = make("regulatory_network", settings).draw(&request(sample, 48, channels));
    wide(&drawn.fields).chunks_exact(48 * 48).map(<[f64]>::to_vec).collect()
}

/// The plane is parted: two genes exclude each other in every sample, most places are in one of the two
/// steady states `x = s/(1 + y^h)`, `y = s/(1 + x^h)`, and neither is preferred: the part of one varies
/// by some 0.25, so a mean of 64 by 0.03.
#[test]
fn a_toggle_switch_parts_the_plane() {
    let settings = json!({
        "network_topology": "toggle_switch", "production": 8, "hill_exponent": 3,
        "diffusion_length": 0.02
    });
    let (mut high, mut low) = (8.0_f64, 0.0_f64);
    for _ in 0..100 {
        (high, low) = (8.0 / (1.0 + low.powi(3)), 8.0 / (1.0 + high.powi(3)));
    }
    let parts: Vec<[f64; 2]> = (0..64)
        .into_par_iter()
        .map(|i| {
            let x = draw(&settings, i, 2);
            assert!(correlation(&x[0], &x[1]) < -0.9, "{i}");
            [0, 1].map(|k| {
                let settled = x[k].iter().zip(&x[1 - k]).filter(|(a, b)| {
                    (*a - high).abs() < 0.1 * high && (*b - low).abs() < 0.1 * high
                });
                settled.count() as f64 / x[0].len() as f64
            })
        })
        .collect();
    let (one, other) = (
        mean(&parts.iter().map(|p| p[0]).collect::<Vec<_>>()),
        mean(&parts.iter().map(|p| p[1]).collect::<Vec<_>>()),
    );
    assert!(one + other > 0.6, "{one} {other}");
    assert!((one - other).abs() < 0.17, "{one} {other}");
}

/// The phase of the repressilator varies in space and the three genes are alike: they exclude each other
/// in pairs, and each swings between values well apart.
#[test]
fn a_repressilator_has_three_phases() {
    let settings = json!({"network_topology": "repressilator", "hill_exponent": 4});
    let pairs: Vec<f64> = (0..32)
        .into_par_iter()
        .flat_map_iter(|i| {
            let x = draw(&settings, i, 3);
            for field in &x {
                let greatest = field.iter().copied().fold(0.0, f64::max);
                let least = field.iter().copied().fold(f64::INFINITY, f64::min);
                assert!(greatest > 2.0 && least < 0.6 * greatest, "{i}: {least} to {greatest}");
            }
            [(0, 1), (1, 2), (2, 0)].map(|(a, b)| correlation(&x[a], &x[b]))
        })
        .collect();
    assert!(mean(&pairs) < -0.3, "{}", mean(&pairs));
}

/// A channel is the sum over its group, whatever the number of channels.
#[test]
fn genes_fall_into_groups() {
    for i in 0..4 {
        let (one, three) = (draw(&json!({}), i, 1), draw(&json!({}), i, 3));
        assert!(variance(&one[0]) > 0.0);
        for (at, whole) in one[0].iter().enumerate() {
            let sum: f64 = three.iter().map(|group| group[at]).sum();
            assert!((sum - whole).abs() < 1e-5 * whole.abs().max(1.0));
        }
    }
}

#[test]
fn circuits_that_do_nothing_are_refused() {
    let says = |settings: Json, channels| {
        make("regulatory_network", &settings).check(64, channels).unwrap_err()
    };
    assert_eq!(
        says(json!({"network_topology": "repressilator", "hill_exponent": 2}), 3),
        "`repressilator` does nothing at `production` 5.0 and `hill_exponent` 2: the slope at equal \
         amounts is 1.39, and must be well above 2.00; raise either"
    );
    assert!(
        says(json!({"network_topology": "toggle_switch", "production": 1.5}), 3)
            .starts_with("`toggle_switch` does nothing at `production` 1.5")
    );
    assert_eq!(
        says(json!({"network_topology": "toggle_switch"}), 4),
        "a circuit has 3 genes, and the experiment asks for 4 channels"
    );
    assert_eq!(
        says(json!({"network_size": 3}), 4),
        "`network_size` 3 leaves some of 4 channels without a gene: give at least 4"
    );
}
