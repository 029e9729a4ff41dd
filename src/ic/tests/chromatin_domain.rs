//! `chromatin_domain`: symmetric maps with the declared decay, and as many contacts as expected.

use serde_json::{Value as Json, json};

use super::{Case, make, mean, request, wide};
use crate::key::Value;

pub const CASE: Case = Case {
    name: "chromatin_domain",
    examples: || {
        vec![
            json!({"decay_exponent": 1}),
            json!({"domain_size": 0.08}),
            json!({"domain_size_spread": 0.1}),
            json!({"domain_strength": {"uniform": [0.3, 0.5]}}),
            json!({"domain_strength": 0}),
            json!({"nesting": 0}),
            json!({"boundary_sharpness": 0.03}),
            json!({"compartment_strength": 0}),
            json!({"compartment_size": 0.3}),
            json!({"normalize": "unit_std"}),
            json!({"normalize": "unit_max"}),
        ]
    },
    smooth: || vec![json!({})],
    pin: "1 38a86b0a873e0d6e acfc76ac508aa67b",
};

/// Means of a field over all pairs at each genomic distance.
fn diagonals(field: &[f64], n: usize) -> Vec<f64> {
    (0..=n / 2)
        .map(|s| mean(&(0..n).map(|i| field[i * n + (i + s) % n]).collect::<Vec<_>>()))
        .collect()
}

/// Each sample with its exponent.
fn samples(settings: &Json, n: usize, channels: usize, count: u64) -> Vec<(Vec<f64>, f64)> {
    let ic = make("chromatin_domain", settings);
    ic.check(n, channels).unwrap();
    (0..count)
        .map(|i| {
            let drawn = ic.draw(&request(i, n, channels));
            let Value::Float(decay) = drawn.settings[0].1 else { panic!("the exponent is first") };
            (wide(&drawn.fields), decay)
        })
        .collect()
}

#[test]
fn maps_are_symmetric() {
    for (fields, _) in samples(&json!({}), 63, 3, 256) {
        for field in fields.chunks_exact(63 * 63) {
            for i in 0..63 {
                for j in 0..i {
                    assert_eq!(field[i * 63 + j], field[j * 63 + i]);
                }
            }
        }
    }
}

/// Slope of the mean logarithm over `ln(1 + s)`, s in bins of 1/128.
fn slope(means: &[f64], n: usize, from: usize) -> f64 {
    let points: Vec<(f64, f64)> =
        (from..means.len()).map(|s| ((128.0 * s as f64 / n as f64).ln_1p(), means[s])).collect();
    let mx = mean(&points.iter().map(|p| p.0).collect::<Vec<_>>());
    let my = mean(&points.iter().map(|p| p.1).collect::<Vec<_>>());
    points.iter().map(|p| (p.0 - mx) * (p.1 - my)).sum::<f64>()
        / points.iter().map(|p| (p.0 - mx).powi(2)).sum::<f64>()
}

/// Without domains and compartments the decay is all there is. With small domains it still is beyond
/// them: those of mean 0.03, of spread 0.4, with softened edges, end before a quarter of the side. With
/// the defaults domains add contacts at short distances, which makes the whole steeper in the mean.
#[test]
fn the_decay_exponent_comes_back_from_the_diagonals() {
    let alone = json!({"domain_strength": 0, "compartment_strength": 0});
    for n in [64, 50, 128] {
        for (fields, decay) in samples(&alone, n, 1, 64) {
            assert!((slope(&diagonals(&fields, n), n, 0) + decay).abs() < 1e-5, "{n} {decay}");
        }
    }
    let domains = json!({"domain_size": 0.03, "compartment_strength": 0});
    for (fields, decay) in samples(&domains, 64, 1, 256) {
        let found = slope(&diagonals(&fields, 64), 64, 16);
        assert!((found + decay).abs() < 1e-4, "{found} {decay}");
    }
    let steeper: Vec<f64> = samples(&json!({}), 64, 1, 256)
        .iter()
        .map(|(fields, decay)| -slope(&diagonals(fields, 64), 64, 0) - decay)
        .collect();
    assert!(mean(&steeper) > 0.0 && mean(&steeper) < 0.5, "{}", mean(&steeper));
}

/// Observed over expected has mean 1 at every distance, to the rounding to 32 bits; within domains and
/// like compartments it is above 1.
#[test]
fn contacts_are_as_expected_at_every_distance() {
    for n in [64, 63] {
        let (mut like, mut unlike) = (Vec::new(), Vec::new());
        for (fields, _) in samples(&json!({"compartment_strength": 0.5}), n, 3, 256) {
            let (ratio, compartments) = (&fields[n * n..2 * n * n], &fields[2 * n * n..]);
            for (s, found) in diagonals(ratio, n).iter().enumerate() {
                assert!((found - 1.0).abs() < 1e-6, "{n} {s}: {found}");
            }
            for (r, c) in ratio.iter().zip(compartments) {
                assert!(c.abs() < 1.0 + 1e-6);
                if *c > 0.9 {
                    like.push(*r);
                } else if *c < -0.9 {
                    unlike.push(*r);
                }
            }
        }
        // exp(ε) and exp(−ε) over their mean cosh(ε) for as many of each: e^2ε = 2.7 apart at ε = 0.5;
        // fewer unlike pairs at short distances, where domains are, shift both.
        let apart = mean(&like) / mean(&unlike);
        assert!(apart > 2.0 && apart < 3.4, "{apart}");
    }
}

#[test]
fn a_map_without_anything_is_refused() {
    let ic = make("chromatin_domain", &json!({"domain_strength": 0, "compartment_strength": 0}));
    assert!(ic.check(64, 1).is_ok());
    assert_eq!(
        ic.check(64, 2).unwrap_err(),
        "without domains and compartments every contact is as expected: give `domain_strength` or \
         `compartment_strength` above 0"
    );
}
