//! `turing_pattern`: wavelength, amplitude and skewness of saturated patterns, and that they solve the
//! equation.

use rayon::prelude::*;
use serde_json::json;

use super::{Case, make, mean, request, variance, wide};
use crate::ic::fft::Fft;
use crate::ic::spectrum::wave_numbers;

/// What the tests over the registry need.
pub const CASE: Case = Case {
    name: "turing_pattern",
    examples: || {
        vec![
            json!({"pattern_type": "spots"}),
            json!({"pattern_type": "inverse_spots"}),
            json!({"pattern_type": "stripes"}),
            json!({"pattern_type": "labyrinth"}),
            json!({"wavelength": 0.2}),
            json!({"perturbation_amplitude": {"uniform": [0.01, 0.02]}}),
            json!({"channel_mode": "shared"}),
            json!({"channel_mode": "mixed"}),
            json!({"normalize": "unit_std"}),
            json!({"normalize": "unit_max"}),
        ]
    },
    smooth: || vec![json!({})],
    pin: "1 96bba214abc4f28f 57bcf1db89f86430",
};

const WAVELENGTH: f64 = 1.0 / 12.0;
const N: usize = 128;

/// Sixteen samples of one pattern on a grid of 128.
fn samples(kind: &str) -> Vec<Vec<f64>> {
    let ic = make("turing_pattern", &json!({"pattern_type": kind, "wavelength": WAVELENGTH}));
    (0..16).into_par_iter().map(|i| wide(&ic.draw(&request(i, N, 1)).fields)).collect()
}

/// Coefficients of the field, and of a function of it.
fn transform(field: &[f64], other: impl Fn(f64) -> f64) -> [(Vec<f64>, Vec<f64>); 2] {
    [field.to_vec(), field.iter().map(|u| other(*u)).collect()].map(|mut re: Vec<f64>| {
        let mut im = vec![0.0; re.len()];
        Fft::new(N).forward(&mut re, &mut im);
        let factor = 1.0 / re.len() as f64;
        re.iter_mut().chain(&mut im).for_each(|v| *v *= factor);
        (re, im)
    })
}

/// The wave numbers `q² = |m|² λ²` of all modes.
fn squares() -> Vec<f64> {
    wave_numbers(N)
        .flat_map(|a| wave_numbers(N).map(move |b| (a * a + b * b) as f64))
        .map(|m2| m2 * WAVELENGTH * WAVELENGTH)
        .collect()
}

/// Wavelength, amplitude and skewness as verified for the equation at these parameters: stripes have
/// amplitude 2√(r/3) = 0.63, rms 0.45, less at defects; hexagons have sharp peaks on a low field.
#[test]
fn patterns_are_saturated_and_have_the_wavelength_asked_for() {
    let q2 = squares();
    for (kind, skew) in
        [("spots", 0.8), ("inverse_spots", -0.8), ("stripes", 0.0), ("labyrinth", 0.0)]
    {
        for (i, field) in samples(kind).iter().enumerate() {
            let what = format!("{kind} {i}");
            let [(re, im), _] = transform(field, |u| u);
            let (mut power, mut sum) = (0.0, 0.0);
            for ((a, b), q2) in re.iter().zip(&im).zip(&q2).skip(1) {
                // The ring of the instability, without the harmonics.
                if *q2 < 2.0 {
                    power += a * a + b * b;
                    sum += (a * a + b * b) * q2.sqrt();
                }
            }
            assert!((sum / power - 1.0).abs() < 0.04, "{what}: q {}", sum / power);
            let rms = mean(&field.iter().map(|u| u * u).collect::<Vec<_>>()).sqrt();
            assert!((0.41..0.47).contains(&rms), "{what}: rms {rms}");
            let (m, sd) = (mean(field), variance(field).sqrt());
            let third = mean(&field.iter().map(|u| (u - m).powi(3)).collect::<Vec<_>>());
            let found = third / sd.powi(3);
            assert!((found - skew).abs() < 0.1, "{what}: skewness {found}");
        }
    }
}

/// `r u − (1 + ∇²)² u + g u² − u³` is small against its parts, of rms 0.1: what is left is the slow
/// motion of defects. Noise with the same spectrum leaves 0.1.
#[test]
fn patterns_nearly_solve_the_stationary_equation() {
    let q2 = squares();
    for (kind, r, g) in [("spots", 0.1, 1.0), ("inverse_spots", 0.1, -1.0), ("stripes", 0.3, 0.0)] {
        for (i, field) in samples(kind).iter().enumerate() {
            let [u, f] = transform(field, |u| g * u * u - u * u * u);
            let mut rest = 0.0;
            for (k, q2) in q2.iter().enumerate() {
                let linear = r - (1.0 - q2) * (1.0 - q2);
                let (a, b) = (linear * u.0[k] + f.0[k], linear * u.1[k] + f.1[k]);
                rest += a * a + b * b;
            }
            assert!(rest.sqrt() < 0.01, "{kind} {i}: {}", rest.sqrt());
        }
    }
}

/// In stripes most of the power runs along one direction, in labyrinths it does not: the length of
/// `Σ P e^{2iθ} / Σ P`.
#[test]
fn stripes_have_a_direction_and_labyrinths_have_none() {
    let order = |kind: &str| {
        let all: Vec<f64> = samples(kind)
            .iter()
            .map(|field| {
                let [(re, im), _] = transform(field, |u| u);
                let (mut power, mut c, mut s) = (0.0, 0.0, 0.0);
                for (i, a) in wave_numbers(N).enumerate() {
                    for (j, b) in wave_numbers(N).enumerate().skip(usize::from(i == 0)) {
                        let p = re[i * N + j].powi(2) + im[i * N + j].powi(2);
                        power += p;
                        c += p * (a * a - b * b) as f64 / (a * a + b * b) as f64;
                        s += p * (2 * a * b) as f64 / (a * a + b * b) as f64;
                    }
                }
                c.hypot(s) / power
            })
            .collect();
        mean(&all)
    };
    let (stripes, labyrinth) = (order("stripes"), order("labyrinth"));
    assert!(stripes > 0.8 && labyrinth < 0.5, "{stripes} {labyrinth}");
}

#[test]
fn a_grid_too_coarse_for_the_waves_is_refused() {
    let message = make("turing_pattern", &json!({})).check(40, 1).unwrap_err();
    assert_eq!(
        message,
        "patterns of wavelength 0.0625 need 3 pixels a wave, and a grid of 40 has 2.5: raise \
         `wavelength` to 0.075 or more"
    );
}

/// The steps are stable from the strongest noise that is allowed, in every pattern.
#[test]
fn the_strongest_noise_leads_to_the_same_patterns() {
    for kind in ["spots", "inverse_spots", "stripes", "labyrinth"] {
        let settings =
            json!({"pattern_type": kind, "wavelength": WAVELENGTH, "perturbation_amplitude": 0.2});
        let ic = make("turing_pattern", &settings);
        (0..8).into_par_iter().for_each(|i| {
            let fields = wide(&ic.draw(&request(i, N, 2)).fields);
            let rms = mean(&fields.iter().map(|u| u * u).collect::<Vec<_>>()).sqrt();
            assert!((0.41..0.47).contains(&rms), "{kind} {i}: rms {rms}");
        });
    }
}
