//! `quantum_wave_packet`: norm, uncertainty, momentum, consistency of the channels.

use std::f64::consts::{PI, TAU};

use serde_json::json;

use super::{Case, make, request, wide};
use crate::ic::Drawn;
use crate::ic::fft::Fft;
use crate::ic::geometry::nearest_image;
use crate::ic::spectrum::wave_numbers;
use crate::key::Value;

/// What the registry's tests need.
pub const CASE: Case = Case {
    name: "quantum_wave_packet",
    examples: || {
        vec![
            json!({"num_packets": 5}),
            json!({"sigma": 0.05}),
            json!({"sigma": {"log_uniform": [0.03, 0.05]}}),
            json!({"momentum": 0}),
            json!({"momentum": {"choice": [20, 30]}}),
            json!({"normalize": "unit_std"}),
        ]
    },
    smooth: || vec![json!({})],
    pin: "1 34f5454f5f0ea5d7 560e9ec936acb8cc",
};

fn number(value: &Value) -> f64 {
    match value {
        Value::Float(v) => *v,
        other => panic!("{other:?}"),
    }
}

/// The numbers called `name` of packet `j`.
fn of_packet(drawn: &Drawn, j: usize, name: &str) -> Vec<f64> {
    let Value::List(packets) = &drawn.settings[1].1 else { panic!("packets") };
    let Value::Map(packet) = &packets[j] else { panic!("packet {j}") };
    match &packet.iter().find(|(n, _)| *n == name).unwrap().1 {
        Value::List(items) => items.iter().map(number).collect(),
        value => vec![number(value)],
    }
}

#[test]
fn the_third_channel_is_the_density_of_the_first_two() {
    let ic = make("quantum_wave_packet", &json!({"num_packets": 3}));
    for i in 0..256 {
        let drawn = wide(&ic.draw(&request(i, 48, 3)).fields);
        let (re, rest) = drawn.split_at(48 * 48);
        let (im, density) = rest.split_at(48 * 48);
        let mut most = 0.0_f64;
        for ((a, b), d) in re.iter().zip(im).zip(density) {
            // Three roundings to 32 bits.
            assert!((a * a + b * b - d).abs() < 3e-7);
            most = most.max(*d);
        }
        assert!((most - 1.0).abs() < 1e-6);
    }
}

/// One packet has σx = σ, σp = 1/2σ on each axis, its momentum is k, and ∫|Ψ|² = 2πσ² where the
/// greatest |Ψ| is 1.
#[test]
fn a_packet_has_the_least_uncertainty() {
    let n = 64;
    let ic =
        make("quantum_wave_packet", &json!({"num_packets": 1, "sigma": {"uniform": [0.04, 0.08]}}));
    for i in 0..256 {
        let drawn = ic.draw(&request(i, n, 3));
        let fields = wide(&drawn.fields);
        let (mut re, mut im) = (fields[..n * n].to_vec(), fields[n * n..2 * n * n].to_vec());
        let density = &fields[2 * n * n..];
        let sigma = of_packet(&drawn, 0, "sigma")[0];
        let center = [of_packet(&drawn, 0, "x")[0], of_packet(&drawn, 0, "y")[0]];
        let k = of_packet(&drawn, 0, "momentum");

        let total: f64 = density.iter().sum();
        let norm = total / (n * n) as f64;
        // The greatest value on the grid may lie up to 0.7 pixels from the centre: the square of
        // exp(−0.5/(4·(0.04·64)²)) is 0.96.
        let ratio = norm / (TAU * sigma * sigma);
        assert!((0.9999..1.05).contains(&ratio), "{i}: norm {ratio}");

        Fft::new(n).forward(&mut re, &mut im);
        let power: Vec<f64> = re.iter().zip(&im).map(|(a, b)| a * a + b * b).collect();
        let all: f64 = power.iter().sum();
        let waves: Vec<f64> = wave_numbers(n).map(|m| TAU * m as f64).collect();
        for axis in 0..2 {
            let mut spread = 0.0;
            for (at, d) in density.iter().enumerate() {
                let place = [at % n, at / n][axis] as f64 - center[axis] * n as f64;
                let delta = nearest_image(place, n) / n as f64;
                spread += delta * delta * d / total;
            }
            let (mut mean, mut square) = (0.0, 0.0);
            for (at, p) in power.iter().enumerate() {
                // The transform has kx first. Momenta are read in the cell about k.
                let wave = waves[[at / n, at % n][axis]];
                let side = TAU * n as f64;
                let near = k[axis] + nearest_image((wave - k[axis]) / side * n as f64, n) * TAU;
                mean += near * p / all;
                square += near * near * p / all;
            }
            let momentum = (square - mean * mean).sqrt();
            // At σ = 0.08 a Gaussian cut at half a side has lost less than 1e-9 of its second
            // moment; roundings to 32 bits remain.
            assert!((spread.sqrt() / sigma - 1.0).abs() < 1e-4, "{i}: {spread} {sigma}");
            assert!((mean - k[axis]).abs() < 1e-3, "{i}: {mean} {k:?}");
            assert!((spread.sqrt() * momentum - 0.5).abs() < 1e-4, "{i}: {momentum}");
        }
    }
}

/// The recorded packets give the fields back: amplitudes are added, then squared, so that packets
/// that meet interfere.
#[test]
fn amplitudes_are_added_and_then_squared() {
    let n = 48;
    let settings = json!({"num_packets": 2, "sigma": {"uniform": [0.04, 0.06]}, "momentum": 30});
    let ic = make("quantum_wave_packet", &settings);
    let mut met = 0;
    for i in 0..256 {
        let drawn = ic.draw(&request(i, n, 3));
        let fields = wide(&drawn.fields);
        let (mut re, mut im) = (vec![0.0; n * n], vec![0.0; n * n]);
        let mut densities = vec![0.0; n * n];
        for j in 0..2 {
            let get = |name: &str| of_packet(&drawn, j, name);
            let (x, y, sigma, k, c) =
                (get("x")[0], get("y")[0], get("sigma")[0], get("momentum"), get("amplitude"));
            for at in 0..n * n {
                let side = n as f64;
                let dx = nearest_image((at % n) as f64 - x * side, n) / side;
                let dy = nearest_image((at / n) as f64 - y * side, n) / side;
                let height = (-(dx * dx + dy * dy) / (4.0 * sigma * sigma)).exp();
                let (sin, cos) = (k[0] * dx + k[1] * dy).sin_cos();
                let (a, b) = (c[0] * cos - c[1] * sin, c[0] * sin + c[1] * cos);
                re[at] += height * a;
                im[at] += height * b;
                densities[at] += height * height * (a * a + b * b);
            }
        }
        let density: Vec<f64> = re.iter().zip(&im).map(|(a, b)| a * a + b * b).collect();
        let most = density.iter().copied().fold(0.0, f64::max);
        for at in 0..n * n {
            // At half a side a packet of σ = 0.06 is down to e^−17; with c of up to 4, 1e-6.
            let scale = most.sqrt();
            assert!((re[at] / scale - fields[at]).abs() < 1e-5, "{i}");
            assert!((im[at] / scale - fields[n * n + at]).abs() < 1e-5, "{i}");
            assert!((density[at] / most - fields[2 * n * n + at]).abs() < 1e-5, "{i}");
        }
        let apart = density.iter().zip(&densities).any(|(a, b)| (a - b).abs() > 0.1 * most);
        met += u32::from(apart);
    }
    // Packets meet where they are within 0.2 sides or so: one pair in eight.
    assert!(met > 16, "{met}");
}

#[test]
fn a_grid_too_coarse_for_the_momenta_is_refused() {
    let ic = make("quantum_wave_packet", &json!({"momentum": 50, "sigma": 0.1}));
    let least = ((50.0 + 3.0 * 0.5 / 0.1) / PI).ceil() as usize;
    assert_eq!(
        ic.check(least - 1, 3).unwrap_err(),
        "packets of momentum up to 50.0 and width 0.1 need a grid of at least 21, not 20: lower \
         `momentum` or raise `sigma`"
    );
    ic.check(least, 3).unwrap();
}
