//! `turing_pattern` with two species: saturated, positive, in antiphase, of the wavelength of the theory.

use rayon::prelude::*;
use serde_json::{Value as Json, json};

use super::{correlation, make, parse, request, wide};
use crate::ic::fft::Fft;
use crate::ic::spectrum::wave_numbers;

const N: usize = 128;
const WAVELENGTH: f64 = 0.1;

/// Four samples of four channels on a grid of 128.
fn samples(mut settings: Json) -> Vec<Vec<f64>> {
    settings["wavelength"] = json!(WAVELENGTH);
    let ic = make("turing_pattern", &settings);
    (0..4).into_par_iter().map(|i| wide(&ic.draw(&request(i, N, 4)).fields)).collect()
}

/// The coefficients of a field.
fn transform(field: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let (mut re, mut im) = (field.to_vec(), vec![0.0; field.len()]);
    Fft::new(N).forward(&mut re, &mut im);
    (re, im)
}

/// |m|² of every mode.
fn squares() -> impl Iterator<Item = f64> {
    wave_numbers(N).flat_map(|a| wave_numbers(N).map(move |b| (a * a + b * b) as f64))
}

/// Mean of |m| λ over the power in the first ring.
fn wave_number(field: &[f64]) -> f64 {
    let (re, im) = transform(field);
    let (mut power, mut sum) = (0.0, 0.0);
    for ((a, b), m2) in re.iter().zip(&im).zip(squares()).skip(1) {
        let q = m2.sqrt() * WAVELENGTH;
        if q < 1.45 {
            power += a * a + b * b;
            sum += (a * a + b * b) * q;
        }
    }
    sum / power
}

/// The field times −κ², κ in units in which λ has `units`.
fn laplacian(field: &[f64], units: f64) -> Vec<f64> {
    let (mut re, mut im) = transform(field);
    let unit = std::f64::consts::TAU * WAVELENGTH / units;
    for ((a, b), m2) in re.iter_mut().zip(&mut im).zip(squares()) {
        let factor = -unit * unit * m2 / (N * N) as f64;
        (*a, *b) = (*a * factor, *b * factor);
    }
    Fft::new(N).inverse(&mut re, &mut im);
    re
}

fn rms(values: &[f64]) -> f64 {
    (values.iter().map(|x| x * x).sum::<f64>() / values.len() as f64).sqrt()
}

/// What holds for both: channels two by two of one pattern, never negative, u low where v is high, and
/// the two patterns of a sample strangers.
fn check_species(what: &str, sample: &[f64]) {
    let fields: Vec<&[f64]> = sample.chunks_exact(N * N).collect();
    assert!(sample.iter().all(|x| *x >= 0.0), "{what}");
    for pair in fields.chunks_exact(2) {
        let together = correlation(pair[0], pair[1]);
        assert!(together < -0.95, "{what}: {together}");
    }
    let strangers = correlation(fields[0], fields[2]);
    assert!(strangers.abs() < 0.3, "{what}: {strangers}");
}

/// The regimes have their look, v a skewness of its sign, and stand nearly still: `∂v` by the equation is
/// below 0.02 of the size of the pattern, where the kinetics alone are some 0.05 of it.
#[test]
fn gray_scott_patterns_are_saturated() {
    for (kind, feed, decay, units) in [
        ("spots", 0.035, 0.065, 28.3),
        ("inverse_spots", 0.042, 0.059, 29.8),
        ("stripes", 0.046, 0.065, 26.5),
        ("labyrinth", 0.037, 0.06, 28.3),
    ] {
        let settings = json!({"variant": "gray_scott", "pattern_type": kind});
        for (i, sample) in samples(settings).iter().enumerate() {
            let what = format!("{kind} {i}");
            check_species(&what, sample);
            let (u, v) = (&sample[..N * N], &sample[N * N..2 * N * N]);
            let q = wave_number(v);
            assert!((q - 1.0).abs() < 0.1, "{what}: q {q}");
            let m = super::mean(v);
            let third = super::mean(&v.iter().map(|v| (v - m).powi(3)).collect::<Vec<_>>());
            let skew = third / super::variance(v).powf(1.5);
            let range = match kind {
                "spots" => 0.6..2.0,
                "inverse_spots" => -2.0..-0.5,
                _ => -0.5..0.9,
            };
            assert!(range.contains(&skew), "{what}: skewness {skew}");
            let spread = laplacian(v, units);
            let rate: Vec<f64> = (0..N * N)
                .map(|k| u[k] * v[k] * v[k] - (feed + decay) * v[k] + 0.5 * spread[k])
                .collect();
            let share = rms(&rate) / super::variance(v).sqrt();
            assert!(share < 0.02, "{what}: {share}");
        }
    }
}

/// The dominant wave number is within 10 % of that which linear theory gives the fastest growth, and
/// `∂u` is below 0.02 of the size of the pattern.
#[test]
fn schnakenberg_patterns_have_the_wavelength_of_linear_theory() {
    // Slopes at u = 1, v = 0.9 and the greater eigenvalue, scanned.
    let growth = |q: f64| {
        let (a, d) = (0.8 - q, -1.0 - 10.0 * q);
        0.5 * (a + d) + (0.25 * (a - d) * (a - d) - 1.8).sqrt()
    };
    let fastest = (1..600)
        .map(|i| f64::from(i) / 1000.0)
        .max_by(|a, b| growth(*a).total_cmp(&growth(*b)))
        .unwrap();
    assert!((growth(fastest) - 0.057).abs() < 0.001);
    let units = std::f64::consts::TAU / fastest.sqrt();
    for (i, sample) in samples(json!({"variant": "schnakenberg"})).iter().enumerate() {
        let what = format!("sample {i}");
        check_species(&what, sample);
        let (u, v) = (&sample[..N * N], &sample[N * N..2 * N * N]);
        let q = wave_number(u);
        assert!((q - 1.0).abs() < 0.1, "{what}: q {q}");
        let spread = laplacian(u, units);
        let rate: Vec<f64> =
            (0..N * N).map(|k| 0.1 - u[k] + u[k] * u[k] * v[k] + spread[k]).collect();
        let share = rms(&rate) / super::variance(u).sqrt();
        assert!(share < 0.02, "{what}: {share}");
    }
}

#[test]
fn what_does_not_act_in_a_variant_is_refused() {
    let family = crate::ic::family("turing_pattern").unwrap();
    for (variant, name, value) in [
        ("gray_scott", "perturbation_amplitude", json!(0.1)),
        ("gray_scott", "channel_mode", json!("shared")),
        ("schnakenberg", "pattern_type", json!("spots")),
    ] {
        let (_, faults) = parse(family, &json!({"variant": variant, name: value}));
        let prefix = format!("`{name}` has no effect here: ");
        assert!(faults[0].message.starts_with(&prefix), "{}", faults[0].message);
    }
}

/// The strongest noise and the longest and shortest waves stay bounded.
#[test]
fn the_ends_of_the_settings_are_stable() {
    for wavelength in [1.0 / 32.0, 0.5] {
        for i in 0..2 {
            for settings in [
                json!({"variant": "schnakenberg", "perturbation_amplitude": 0.2,
                       "wavelength": wavelength}),
                json!({"variant": "gray_scott", "wavelength": wavelength}),
            ] {
                let drawn = make("turing_pattern", &settings).draw(&request(i, N, 2));
                let fields = wide(&drawn.fields);
                assert!(fields.iter().all(|x| (0.0..3.0).contains(x)), "{settings}");
                assert!(super::variance(&fields[..N * N]) > 0.001, "{settings}");
            }
        }
    }
}
