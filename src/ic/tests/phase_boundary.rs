//! Tests of `phase_boundary`.

use std::f64::consts::{SQRT_2, TAU};

use serde_json::{Value as Json, json};

use super::{Case, make, mean, request, variance, wide};
use crate::ic::Drawn;
use crate::ic::fft::Fft;
use crate::ic::spectrum::wave_numbers;
use crate::key::Value;

/// The case.
pub const CASE: Case = Case {
    name: "phase_boundary",
    examples: || {
        vec![
            json!({"geometry": "band"}),
            json!({"geometry": "droplets"}),
            json!({"geometry": "regions"}),
            json!({"interface_width": 0.02}),
            json!({"fraction": 0.5}),
            json!({"interface_angle": 0.5}),
            json!({"geometry": "band", "interface_angle": 0.5}),
            json!({"geometry": "band", "roughness": 0}),
            json!({"roughness": 0.01}),
            json!({"num_droplets": 9}),
            json!({"geometry": "droplets", "num_droplets": 2}),
            json!({"length_scale": 0.06}),
            json!({"geometry": "regions", "length_scale": 0.06}),
            json!({"variant": "coarsening"}),
            json!({"variant": "coarsening", "time": 5}),
            json!({"variant": "coarsening", "composition": 0.4, "time": 10}),
            json!({"variant": "coarsening", "dynamics": "allen_cahn"}),
            json!({"variant": "coarsening", "interface_width": 0.02, "time": 10}),
            json!({"fluctuation_amplitude": 0}),
            json!({"channel_mode": "shared"}),
            json!({"channel_mode": "mixed"}),
            json!({"normalize": "unit_std"}),
            json!({"normalize": "unit_max"}),
        ]
    },
    smooth: || {
        vec![
            json!({}),
            json!({"geometry": "band"}),
            json!({"variant": "coarsening", "fluctuation_amplitude": 0, "time": 60}),
            json!({"variant": "coarsening", "dynamics": "allen_cahn", "time": 10}),
        ]
    },
    pin: "1 ef7b8b490931ead1 3a5f4516a2001708",
};

fn draw(settings: &Json, sample: u64, n: usize, channels: usize) -> Drawn {
    make("phase_boundary", settings).draw(&request(sample, n, channels))
}

/// A number noted for field c.
fn noted(drawn: &Drawn, c: usize, name: &str) -> f64 {
    let list = drawn.settings.iter().find(|(name, _)| *name == "phases").unwrap();
    let Value::List(fields) = &list.1 else { panic!() };
    let Value::Map(map) = &fields[c] else { panic!() };
    let Value::Float(v) = map.iter().find(|(n, _)| *n == name).unwrap().1 else { panic!() };
    v
}

#[test]
fn both_phases_have_their_part() {
    for (geometry, most) in [("band", 0.05), ("droplets", 0.02), ("regions", 0.001)] {
        for i in 0..256 {
            let settings = json!({"geometry": geometry, "fluctuation_amplitude": 0});
            let drawn = draw(&settings, i, 64, 1);
            let above = drawn.fields.iter().filter(|v| **v > 0.0).count() as f64 / 4096.0;
            let fraction = noted(&drawn, 0, "fraction");
            assert!((0.25..0.75).contains(&fraction));
            // A band falls between columns and has two random edges, circles a few pixels of edge.
            assert!((above - fraction).abs() < most, "{geometry} {i}: {above} {fraction}");
            assert!(drawn.fields.iter().all(|v| v.abs() <= 1.0));
        }
    }
}

/// `√2 ξ |∇ artanh φ| = 1` across the interface, so from −0.8 to 0.8 it is `2√2 artanh 0.8 ξ` wide.
#[test]
fn interfaces_are_as_wide_as_declared() {
    let n = 128;
    for (geometry, tolerance) in [("band", 0.06), ("droplets", 0.03), ("regions", 0.08)] {
        let mut ratios = Vec::new();
        for i in 0..64 {
            let settings = json!({
                "geometry": geometry, "fluctuation_amplitude": 0, "interface_width": 0.02
            });
            let f = wide(&draw(&settings, i, n, 1).fields);
            let d: Vec<f64> = f.iter().map(|v| 0.02 * SQRT_2 * libm::atanh(*v)).collect();
            let mut slopes = Vec::new();
            for y in 0..n {
                for x in 0..n {
                    if f[y * n + x].abs() < 0.8 {
                        let dx = d[y * n + (x + 1) % n] - d[y * n + (x + n - 1) % n];
                        let dy = d[(y + 1) % n * n + x] - d[(y + n - 1) % n * n + x];
                        slopes.push(64.0 * libm::hypot(dx, dy));
                    }
                }
            }
            ratios.push(mean(&slopes));
        }
        // Half of the samples: in the others droplets may touch, where there is no slope.
        ratios.sort_by(f64::total_cmp);
        assert!((ratios[32] - 1.0).abs() < tolerance, "{geometry}: {}", ratios[32]);
    }
}

/// Edges found where the field passes 0, their transform averaged: 1/j², the sum as declared, nothing
/// beyond the wavelength 2πξ.
#[test]
fn capillary_waves_have_their_spectrum() {
    let (n, rms, xi) = (128, 0.02, 0.012);
    let settings = json!({
        "geometry": "band", "fluctuation_amplitude": 0, "interface_width": xi, "roughness": rms,
        "interface_angle": 0, "fraction": 0.5
    });
    let last = (1.0 / (TAU * xi)) as usize;
    let mut power = vec![0.0; n / 2];
    for i in 0..256 {
        let f = wide(&draw(&settings, i, n, 1).fields);
        // Two edges in each row: where φ rises, and where it falls.
        for rising in [true, false] {
            let mut at = Vec::new();
            for row in f.chunks_exact(n) {
                let x = (0..n)
                    .find(|x| {
                        let (a, b) = (row[*x], row[(x + 1) % n]);
                        if rising { a <= 0.0 && b > 0.0 } else { a >= 0.0 && b < 0.0 }
                    })
                    .unwrap();
                let (a, b) = (libm::atanh(row[x]), libm::atanh(row[(x + 1) % n]));
                at.push((x as f64 + a / (a - b)) / n as f64);
            }
            let first = at[0];
            let at: Vec<f64> = at
                .iter()
                .map(|x| first + crate::ic::geometry::nearest_image(x - first, 1))
                .collect();
            for (j, power) in power.iter_mut().enumerate() {
                let (mut re, mut im) = (0.0, 0.0);
                for (y, x) in at.iter().enumerate() {
                    let (sin, cos) = libm::sincos(TAU * (j * y) as f64 / n as f64);
                    re += x * cos;
                    im += x * sin;
                }
                // The variance of the displacement in this mode, both signs.
                *power += 2.0 * (re * re + im * im) / (n * n) as f64 / 512.0;
            }
        }
    }
    let sum: f64 = power[1..].iter().sum();
    // The first modes carry it: 60 % in the first alone, which is known to 1/√512 = 4 %.
    assert!((sum / (rms * rms) - 1.0).abs() < 0.12, "{sum}");
    for j in 2..=last {
        let ratio = power[j] * (j * j) as f64 / power[1];
        // Each of 512 edges gives an exponential variable: 3 standard errors of the ratio, 6 %.
        assert!((0.8..1.22).contains(&ratio), "{j}: {ratio}");
    }
    for j in last + 2..n / 2 {
        assert!(power[j] < 0.02 * power[last], "{j}: {} {}", power[j], power[last]);
    }
}

#[test]
fn fluctuations_have_the_declared_variance() {
    for settings in [json!({}), json!({"variant": "coarsening", "time": 1})] {
        let mut ratios = Vec::new();
        for i in 0..256 {
            let (mut with, mut without) = (settings.clone(), settings.clone());
            with["fluctuation_amplitude"] = json!(0.2);
            without["fluctuation_amplitude"] = json!(0);
            let n = if i < 16 { 64 } else { 32 };
            let with = wide(&draw(&with, i, n, 1).fields);
            let without = wide(&draw(&without, i, n, 1).fields);
            let noise: Vec<f64> = with.iter().zip(&without).map(|(a, b)| a - b).collect();
            ratios.push(variance(&noise) / 0.04);
        }
        // Hundreds of independent places in each of 256 fields.
        assert!((mean(&ratios) - 1.0).abs() < 0.02, "{}", mean(&ratios));
    }
}

/// `2π ∫S/∫κS`, the length of domains by the first moment of the structure factor, in sides.
fn domain_length(fields: &[f64], n: usize) -> f64 {
    let (mut power, mut moment) = (0.0, 0.0);
    for field in fields.chunks_exact(n * n) {
        let (mut re, mut im) = (field.to_vec(), vec![0.0; n * n]);
        Fft::new(n).forward(&mut re, &mut im);
        let vectors = wave_numbers(n).flat_map(|mx| wave_numbers(n).map(move |my| (mx, my)));
        for (i, (mx, my)) in vectors.enumerate().skip(1) {
            let p = re[i] * re[i] + im[i] * im[i];
            power += p;
            moment += p * libm::hypot(mx as f64, my as f64);
        }
    }
    power / moment
}

/// The exponents come to ⅓ and ½ from below, as domains begin with the wavelength of the first
/// instability: about ¼ is found at the times and in the fields that a test can afford.
#[test]
fn domains_grow_and_their_mean_stays() {
    for (dynamics, times, least, most) in
        [("cahn_hilliard", [60, 480], 0.2, 0.36), ("allen_cahn", [4, 32], 0.18, 0.55)]
    {
        let mut lengths = Vec::new();
        for time in times {
            let mut settings = json!({
                "variant": "coarsening", "dynamics": dynamics, "time": time, "interface_width": 0.008,
                "fluctuation_amplitude": 0
            });
            if dynamics == "cahn_hilliard" {
                settings["composition"] = json!({"uniform": [-0.2, 0.2]});
            }
            let mut fields = Vec::new();
            for i in 0..2 {
                let drawn = draw(&settings, i, 64, 2);
                let sample = wide(&drawn.fields);
                for (c, field) in sample.chunks_exact(4096).enumerate() {
                    if dynamics == "cahn_hilliard" {
                        let composition = noted(&drawn, c, "composition");
                        // What is left is the rounding to 32 bits.
                        assert!((mean(field) - composition).abs() < 1e-8, "{i} {c}");
                    }
                    assert!(field.iter().all(|v| v.abs() < 1.3));
                }
                fields.extend(sample);
            }
            lengths.push(domain_length(&fields, 64));
        }
        let exponent =
            libm::log(lengths[1] / lengths[0]) / libm::log(times[1] as f64 / times[0] as f64);
        assert!((least..most).contains(&exponent), "{dynamics}: {lengths:?} {exponent}");
    }
}

/// Phases of `φ³ − φ = 0` after long enough, and the interface between them: the middle of droplets and
/// bands is at ±1 within what curvature shifts it.
#[test]
fn coarsened_phases_are_in_equilibrium() {
    for dynamics in ["cahn_hilliard", "allen_cahn"] {
        let time = if dynamics == "allen_cahn" { 20 } else { 300 };
        let settings = json!({
            "variant": "coarsening", "dynamics": dynamics, "time": time, "interface_width": 0.012,
            "fluctuation_amplitude": 0
        });
        for i in 0..2 {
            let field = wide(&draw(&settings, i, 128, 1).fields);
            let bulk: Vec<f64> =
                field.iter().map(|v| v.abs()).filter(|v| (0.85..1.3).contains(v)).collect();
            // Most of the area is bulk, and there |φ| is 1 up to what the radius of domains, about 8 ξ,
            // adds: σ/R over the slope 2 of the force, σ = 2√2/3.
            assert!(bulk.len() > field.len() / 2, "{dynamics} {i}: {}", bulk.len());
            assert!((mean(&bulk) - 1.0).abs() < 0.06, "{dynamics} {i}: {}", mean(&bulk));
        }
    }
}

#[test]
fn a_grid_too_coarse_for_domains_is_refused() {
    let settings = json!({"variant": "coarsening", "interface_width": 0.005});
    let ic = make("phase_boundary", &settings);
    assert_eq!(
        ic.check(64, 1).unwrap_err(),
        "interfaces of width 0.005 are too thin for the grid of 128 on which domains grow: raise \
         `interface_width` to 0.0078125 or more"
    );
    ic.check(256, 1).unwrap();
}
