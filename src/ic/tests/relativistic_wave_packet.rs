//! `relativistic_wave_packet`: positive energy, velocity, contraction.

use std::f64::consts::TAU;

use rayon::prelude::*;
use serde_json::{Value as Json, json};

use super::{Case, make, request, wide};
use crate::ic::fft::Fft;
use crate::ic::spectrum::wave_numbers;
use crate::key::Value;

/// What the tests over the registry need.
pub const CASE: Case = Case {
    name: "relativistic_wave_packet",
    examples: || {
        vec![
            json!({"velocity": 0.5}),
            json!({"sigma": {"uniform": [0.11, 0.12]}}),
            json!({"compton_wavelength": 0.3}),
            json!({"normalize": "unit_std"}),
            json!({"normalize": "unit_max"}),
        ]
    },
    smooth: || vec![json!({})],
    pin: "1 74344a47f3b515f6 8d0ee46dcff6f847",
};

const N: usize = 96;

/// A complex field or its transform, `[N, N]`.
type Complex = (Vec<f64>, Vec<f64>);

/// A sample: its fields, and the settings drawn.
struct Sample {
    fields: Vec<f64>,
    velocity: f64,
    sigma: f64,
    compton: f64,
    direction: f64,
}

fn sample(settings: &Json, i: u64) -> Sample {
    let drawn = make("relativistic_wave_packet", settings).draw(&request(i, N, 3));
    let number = |name| match drawn.settings.iter().find(|(n, _)| *n == name) {
        Some((_, Value::Float(v))) => *v,
        other => panic!("{other:?}"),
    };
    Sample {
        velocity: number("velocity"),
        sigma: number("sigma"),
        compton: number("compton_wavelength"),
        direction: number("direction"),
        fields: wide(&drawn.fields),
    }
}

/// Frequency in units of the mass and wave vector in cycles per side of every mode, first axis kx.
fn frequencies(compton: f64) -> Vec<(f64, f64, f64)> {
    wave_numbers(N)
        .flat_map(|mx| wave_numbers(N).map(move |my| (mx as f64, my as f64)))
        .map(|(x, y)| ((1.0 + compton * compton * (x * x + y * y)).sqrt(), x, y))
        .collect()
}

/// The coefficients of the complex φ of which the channels hold the real parts. A real solution
/// determines its part of positive frequency: `φ̂ = F[Re φ] + i F[Re π]/ω`.
fn positive(sample: &Sample) -> Complex {
    let (mut re, mut im) =
        (sample.fields[..N * N].to_vec(), sample.fields[N * N..2 * N * N].to_vec());
    let fft = Fft::new(N);
    let (mut zero, mut other) = (vec![0.0; N * N], vec![0.0; N * N]);
    fft.forward(&mut re, &mut zero);
    fft.forward(&mut im, &mut other);
    let scale = 1.0 / (N * N) as f64;
    frequencies(sample.compton)
        .iter()
        .enumerate()
        .map(|(k, (omega, ..))| {
            (scale * (re[k] - other[k] / omega), scale * (zero[k] + im[k] / omega))
        })
        .unzip()
}

/// The fields φ and π/m a time later (in sides), from the coefficients of φ.
fn evolve(phi: &Complex, compton: f64, time: f64) -> [Complex; 2] {
    let fft = Fft::new(N);
    let turn = |rate: bool| {
        let (mut re, mut im): Complex = frequencies(compton)
            .iter()
            .enumerate()
            .map(|(k, (omega, ..))| {
                let (sin, cos) = libm::sincos(-omega * TAU / compton * time);
                let (a, b) = (phi.0[k] * cos - phi.1[k] * sin, phi.0[k] * sin + phi.1[k] * cos);
                if rate { (omega * b, -omega * a) } else { (a, b) }
            })
            .unzip();
        fft.inverse(&mut re, &mut im);
        (re, im)
    };
    [turn(false), turn(true)]
}

fn charge([phi, pi]: &[Complex; 2]) -> Vec<f64> {
    (0..N * N).map(|i| phi.1[i] * pi.0[i] - phi.0[i] * pi.1[i]).collect()
}

/// The first moments on the circle: the place of the centroid along x and y, in sides.
fn centroid(density: &[f64]) -> [f64; 2] {
    [true, false].map(|along| {
        let (mut c, mut s) = (0.0, 0.0);
        for (i, value) in density.iter().enumerate() {
            let place = if along { i % N } else { i / N };
            let (sin, cos) = libm::sincos(TAU * place as f64 / N as f64);
            c += value * cos;
            s += value * sin;
        }
        libm::atan2(s, c) / TAU
    })
}

/// The channels are of one solution of positive energy: what Re φ and Re π say of φ gives the charge
/// density, up to its maximum and the rounding to 32 bits; the greatest |φ| is 1 up to the grid.
#[test]
fn the_three_channels_are_of_one_field_of_positive_energy() {
    (0..256).into_par_iter().for_each(|i| {
        let sample = sample(&json!({}), i);
        let phi = positive(&sample);
        let now = evolve(&phi, sample.compton, 0.0);
        let density = charge(&now);
        let greatest = density.iter().copied().fold(0.0, f64::max);
        for (found, kept) in density.iter().zip(&sample.fields[2 * N * N..]) {
            assert!((found / greatest - kept).abs() < 1e-5, "sample {i}: {found} {kept}");
        }
        let size = (0..N * N).map(|k| now[0].0[k].hypot(now[0].1[k])).fold(0.0, f64::max);
        assert!((0.98..1.001).contains(&size), "sample {i}: {size}");
    });
}

/// Evolved exactly, the charge is conserved, and its centroid moves along the direction at
/// `Σ κ|φ̂|²/Σ ω|φ̂|²`, which is v up to the spread of momenta: `⟨κ²⟩` of the spread over `m²`, 3 % for
/// the narrowest packet.
#[test]
fn the_charge_moves_at_the_velocity_asked_for() {
    (0..64).into_par_iter().for_each(|i| {
        let sample = sample(&json!({}), i);
        let phi = positive(&sample);
        let time = 0.02;
        let [before, after] = [0.0, time].map(|t| charge(&evolve(&phi, sample.compton, t)));
        let (q0, q1): (f64, f64) = (before.iter().sum(), after.iter().sum());
        assert!((q1 / q0 - 1.0).abs() < 1e-9, "sample {i}");

        let (mut flow, mut total) = ([0.0; 2], 0.0);
        for (k, (omega, x, y)) in frequencies(sample.compton).iter().enumerate() {
            let power = phi.0[k] * phi.0[k] + phi.1[k] * phi.1[k];
            total += power * omega;
            flow[0] += power * x * sample.compton;
            flow[1] += power * y * sample.compton;
        }
        let (sin, cos) = libm::sincos(sample.direction);
        let (a, b) = (centroid(&before), centroid(&after));
        let moved = [0, 1].map(|d| (b[d] - a[d] + 0.5).rem_euclid(1.0) - 0.5);
        let along = (moved[0] * cos + moved[1] * sin) / time;
        let mean = (flow[0] * cos + flow[1] * sin) / total;
        // Moments on the circle weigh the tails of the packet by a cosine.
        assert!((along / mean - 1.0).abs() < 0.03, "sample {i}: {along} {mean}");
        assert!((mean / sample.velocity - 1.0).abs() < 0.05, "{i}: {mean} {}", sample.velocity);
        let across = (moved[1] * cos - moved[0] * sin) / time;
        assert!(across.abs() < 0.02, "sample {i}: {across}");
    });
}

/// |φ|² is a Gaussian of variance σ²/2 across the motion and σ²/2γ² along it; half a side is five of
/// its standard deviations at the widest, so what is cut off is below the tolerance.
#[test]
fn the_packet_is_contracted_along_its_motion() {
    for i in 0..64 {
        let sample = sample(&json!({}), i);
        let now = evolve(&positive(&sample), sample.compton, 0.0);
        let size: Vec<f64> =
            (0..N * N).map(|k| now[0].0[k].powi(2) + now[0].1[k].powi(2)).collect();
        let [cx, cy] = centroid(&size);
        let (sin, cos) = libm::sincos(sample.direction);
        let (mut along, mut across, mut total) = (0.0, 0.0, 0.0);
        for (k, value) in size.iter().enumerate() {
            let near = |a: f64, c: f64| (a / N as f64 - c + 0.5).rem_euclid(1.0) - 0.5;
            let (x, y) = (near((k % N) as f64, cx), near((k / N) as f64, cy));
            along += value * (x * cos + y * sin).powi(2);
            across += value * (y * cos - x * sin).powi(2);
            total += value;
        }
        let wide = (2.0 * across / total).sqrt();
        assert!((wide / sample.sigma - 1.0).abs() < 0.01, "{i}: {wide} {}", sample.sigma);
        let gamma = (across / along).sqrt();
        let expected = 1.0 / (1.0 - sample.velocity.powi(2)).sqrt();
        assert!((gamma / expected - 1.0).abs() < 0.01, "{i}: {gamma} {expected}");
    }
}

#[test]
fn waves_finer_than_the_grid_are_refused() {
    let message = make("relativistic_wave_packet", &json!({})).check(32, 3).unwrap_err();
    assert_eq!(
        message,
        "packets of velocity 0.9 have waves of up to 24.7 cycles per side, which need a grid of 50, \
         not 32: lower `velocity`, or raise `sigma` and `compton_wavelength`"
    );
}
