//! `coherent_state`: integrals, marginals, the blur from W to Q, negativity of cats only.

use std::f64::consts::{PI, SQRT_2};

use serde_json::json;

use super::settings::faults;
use super::{Case, make, request, wide};
use crate::ic::Drawn;
use crate::ic::fft::Fft;
use crate::ic::spectrum::wave_numbers;
use crate::key::Value;

/// What the registry's tests need.
pub const CASE: Case = Case {
    name: "coherent_state",
    examples: || {
        vec![
            json!({"kind": "coherent"}),
            json!({"alpha": 2}),
            json!({"relative_phase": 3}),
            json!({"kind": "cat", "relative_phase": 0}),
            json!({"extent": 8}),
            json!({"origin": "middle"}),
            json!({"normalize": "unit_std"}),
            json!({"normalize": "unit_max"}),
        ]
    },
    smooth: || vec![json!({})],
    pin: "1 c4f54934d3c4fcb3 4fda8cd3a630d2eb",
};

const EXTENT: f64 = 7.0;

/// Real and imaginary part of α, and ϑ of a cat.
fn state(drawn: &Drawn) -> ((f64, f64), Option<f64>) {
    let Value::List(alpha) = &drawn.settings[1].1 else { panic!("alpha") };
    let [Value::Float(re), Value::Float(im)] = alpha[..] else { panic!("alpha") };
    let theta = drawn.settings.get(3).map(|(_, v)| match v {
        Value::Float(v) => *v,
        _ => panic!("phase"),
    });
    ((re, im), theta)
}

#[test]
fn both_functions_integrate_to_one_and_only_cats_are_negative() {
    let n = 64;
    let cell = (2.0 * EXTENT / n as f64) * (2.0 * EXTENT / n as f64);
    let ic = make("coherent_state", &json!({}));
    let mut cats = 0;
    for i in 0..256 {
        let drawn = ic.draw(&request(i, n, 3));
        let fields = wide(&drawn.fields);
        let (w, rest) = fields.split_at(n * n);
        let (q, root) = rest.split_at(n * n);
        for field in [w, q] {
            // On a torus the trapezoidal rule of such functions is exact; 32 bits remain.
            let integral = field.iter().sum::<f64>() * cell;
            assert!((integral - 1.0).abs() < 1e-5, "{i}: {integral}");
        }
        for (square, v) in q.iter().zip(root) {
            assert!(*square >= 0.0 && (v * v - square).abs() < 1e-6);
        }
        let least = w.iter().copied().fold(f64::INFINITY, f64::min);
        // |W| ≤ 1/π for every state.
        assert!(w.iter().all(|v| v.abs() < 1.0 / PI + 1e-6));
        let (_, theta) = state(&drawn);
        if theta.is_some() {
            cats += 1;
            // The first dark fringe of the smallest cat, |α| = 0.5, is at q²+p² ≈ (π/√2)², where
            // 1/π·e^−4.9 of it is 0.002; the halves fill some of it.
            assert!(least < -1e-6, "{i}: {least} {:?}", state(&drawn));
        } else {
            assert!(least >= 0.0, "{i}: {least}");
        }
    }
    // Three of four, within four standard deviations of 7.
    assert!((164..220).contains(&cats), "{cats}");
}

/// Husimi's function is W convolved with a Gaussian of variance ½ per axis: in Fourier space, times
/// exp(−κ²/4).
#[test]
fn the_second_channel_is_the_blurred_first() {
    let n = 64;
    let ic = make("coherent_state", &json!({"kind": "cat"}));
    for i in 0..64 {
        let fields = wide(&ic.draw(&request(i, n, 3)).fields);
        let (mut re, mut im) = (fields[..n * n].to_vec(), vec![0.0; n * n]);
        let fft = Fft::new(n);
        fft.forward(&mut re, &mut im);
        let waves: Vec<f64> = wave_numbers(n).map(|m| PI * m as f64 / EXTENT).collect();
        for at in 0..n * n {
            let (a, b) = (waves[at / n], waves[at % n]);
            let factor = libm::exp(-0.25 * (a * a + b * b)) / (n * n) as f64;
            re[at] *= factor;
            im[at] *= factor;
        }
        fft.inverse(&mut re, &mut im);
        for (blurred, q) in re.iter().zip(&fields[n * n..]) {
            assert!((blurred - q).abs() < 1e-7, "{i}: {blurred} {q}");
        }
    }
}

/// `∫W dp = |⟨q|Ψ⟩|²`, with `⟨q|α⟩ = π^−¼ exp(−(q−q₀)²/2 + i p₀ q − i q₀ p₀/2)`: an independent way to the
/// fringes and the sign of their phase.
#[test]
fn the_marginal_is_the_density_of_the_wave_function() {
    let n = 64;
    let ic = make("coherent_state", &json!({"origin": "middle"}));
    for i in 0..64 {
        let drawn = ic.draw(&request(i, n, 1));
        let w = wide(&drawn.fields);
        let ((re, im), theta) = state(&drawn);
        let (q0, p0) = (SQRT_2 * re, SQRT_2 * im);
        let wave = |q: f64| {
            let part = |sign: f64, turn: f64| {
                let height = PI.powf(-0.25) * (-0.5 * (q - sign * q0) * (q - sign * q0)).exp();
                let phase = sign * p0 * q - 0.5 * q0 * p0 + turn;
                (height * phase.cos(), height * phase.sin())
            };
            let (a, b) = part(1.0, 0.0);
            let (c, d) = theta.map_or((0.0, 0.0), |theta| part(-1.0, theta));
            (a + c) * (a + c) + (b + d) * (b + d)
        };
        let norm = theta
            .map_or(1.0, |theta| 2.0 * (1.0 + theta.cos() * (-2.0 * (re * re + im * im)).exp()));
        for x in 0..n {
            let q = (x as f64 / n as f64 - 0.5) * 2.0 * EXTENT;
            let sum: f64 = (0..n).map(|y| w[y * n + x]).sum::<f64>() * 2.0 * EXTENT / n as f64;
            // Images beyond the plane add up to e^−12 at its edge.
            assert!((sum - wave(q) / norm).abs() < 2e-5, "{i} {q}: {sum} {}", wave(q) / norm);
        }
    }
}

#[test]
fn a_plane_or_a_grid_too_small_is_refused() {
    assert_eq!(
        faults("coherent_state", &json!({"alpha": 4})),
        ["extent: a phase plane of half width 7.0 is too small for |α| = 4.0 (lower `alpha`, or \
          raise `extent` to 8.2 or more)"]
    );
    assert_eq!(
        make("coherent_state", &json!({})).check(40, 3).unwrap_err(),
        "a phase plane of half width 7.0 with amplitudes up to 2.5 needs a grid of at least 45, not \
         40: lower `extent` or `alpha`"
    );
    make("coherent_state", &json!({})).check(45, 3).unwrap();
}
