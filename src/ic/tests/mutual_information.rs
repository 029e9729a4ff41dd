//! `mutual_information`: what two channels share is what was asked for.

use serde_json::json;

use super::{Case, make, request, wide};

/// What the registry's tests need.
pub const CASE: Case = Case {
    name: "mutual_information",
    examples: || {
        vec![
            json!({"correlation_pattern": "local"}),
            json!({"correlation_pattern": "long_range"}),
            json!({"correlation_pattern": "hierarchical"}),
            json!({"correlation_pattern": "local", "latent_length_scale": 0.05}),
            json!({"mutual_information": 1}),
            json!({"num_channels_correlated": 2}),
            json!({"normalize": "unit_std"}),
            json!({"normalize": "unit_max"}),
        ]
    },
    smooth: || {
        vec![
            json!({"correlation_pattern": "long_range"}),
            json!({"correlation_pattern": "local", "latent_length_scale": 0.05}),
        ]
    },
    pin: "1 cea8d3f3ae806368 e87329c8d05ba39b",
};

/// Over samples, at pixels, the second moments of three channels: variances, then products of the
/// pairs 01, 02, 12.
fn moments(settings: &serde_json::Value, n: usize, count: u64) -> ([f64; 3], [f64; 3]) {
    let ic = make("mutual_information", settings);
    let (mut squares, mut products) = ([0.0; 3], [0.0; 3]);
    for i in 0..count {
        let fields = wide(&ic.draw(&request(i, n, 3)).fields);
        let channel: Vec<&[f64]> = fields.chunks_exact(n * n).collect();
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
        for c in 0..3 {
            let scale = 1.0 / (count as usize * n * n) as f64;
            squares[c] += dot(channel[c], channel[c]) * scale;
            products[c] += dot(channel[[0, 0, 1][c]], channel[[1, 2, 2][c]]) * scale;
        }
    }
    (squares, products)
}

/// The fields are jointly normal, so two channels share `−½ log₂(1−ρ²)` bits at a pixel, ρ their
/// correlation over the samples.
#[test]
fn two_channels_share_the_bits_asked_for() {
    // Independent pixels of a field: the reciprocal of the squared covariance over the area, 1/πℓ²
    // for one length, and 1/ΣP(m)² over the spectrum in general.
    for (pattern, count, independent) in
        [("local", 64, 790.0), ("long_range", 800, 14.5), ("hierarchical", 600, 25.0)]
    {
        for bits in [0.02, 0.3, 2.0] {
            let settings = json!({"correlation_pattern": pattern, "mutual_information": bits});
            let (squares, products) = moments(&settings, 48, count);
            let rho = (1.0 - f64::exp2(-2.0 * bits)).sqrt();
            let error = 1.0 / (count as f64 * independent).sqrt();
            for c in 0..3 {
                // Four standard errors; a variance has √2 of the error of a product.
                assert!((squares[c] - 1.0).abs() < 6.0 * error, "{pattern} {bits}: {squares:?}");
                let (a, b) = ([0, 0, 1][c], [1, 2, 2][c]);
                let found = products[c] / (squares[a] * squares[b]).sqrt();
                // A correlation has the standard error (1 − ρ²)/√N, and dI/dρ = ρ/((1−ρ²) ln 2).
                let most = 4.0 * (1.0 - rho * rho) * error;
                assert!((found - rho).abs() < most, "{pattern} {bits}: {found} {rho}");
                let information = -0.5 * (1.0 - found * found).log2();
                // The second term is the curvature, which counts where ρ is small.
                let most = 4.0 * rho * error / std::f64::consts::LN_2 + 20.0 * error * error;
                assert!((information - bits).abs() < most, "{pattern} {bits}: {information}");
            }
        }
    }
}

#[test]
fn channels_beyond_the_count_share_nothing() {
    let settings = json!({
        "correlation_pattern": "local", "mutual_information": 2, "num_channels_correlated": 2,
    });
    let (_, products) = moments(&settings, 48, 64);
    let error = 1.0 / (64.0_f64 * 790.0).sqrt();
    assert!(products[0] > 0.9, "{products:?}");
    assert!(products[1].abs() < 4.0 * error && products[2].abs() < 4.0 * error, "{products:?}");
}

/// Samples differ in the bits they share, and say so.
#[test]
fn the_bits_are_recorded_with_the_correlation() {
    let ic = make("mutual_information", &json!({}));
    for i in 0..256 {
        let settings = ic.draw(&request(i, 16, 2)).settings;
        let number = |name: &str| {
            let text = settings.iter().find(|(n, _)| *n == name).unwrap().1.to_string();
            text.parse::<f64>().unwrap()
        };
        let (bits, rho) = (number("mutual_information"), number("correlation"));
        assert!((0.02..=2.0).contains(&bits));
        assert!((-0.5 * (1.0 - rho * rho).log2() - bits).abs() < 1e-12);
    }
}

#[test]
fn more_correlated_channels_than_there_are_is_refused() {
    let ic = make("mutual_information", &json!({"num_channels_correlated": 4}));
    assert_eq!(
        ic.check(64, 3).unwrap_err(),
        "`num_channels_correlated` is 4, and the experiment has 3 channels: leave it out or lower it"
    );
    ic.check(64, 4).unwrap();
}
