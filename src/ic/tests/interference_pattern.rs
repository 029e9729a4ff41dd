//! `interference_pattern`: fringe spacing, visibility, the coherent limit, the mean over phases.

use serde_json::json;

use super::{Case, make, request, wide};
use crate::ic::Drawn;
use crate::key::Value;

/// What the registry's tests need.
pub const CASE: Case = Case {
    name: "interference_pattern",
    examples: || {
        vec![
            json!({"arrangement": "random"}),
            json!({"arrangement": "slits"}),
            json!({"arrangement": "slits", "source_spacing": 0.1}),
            json!({"source_spacing": 0.1}),
            json!({"num_sources": 7}),
            json!({"wavelength": 0.1}),
            json!({"coherence_length": 0.2}),
            json!({"normalize": "unit_std"}),
            json!({"normalize": "unit_max"}),
        ]
    },
    smooth: || vec![json!({})],
    pin: "1 fc2432f4afca1269 6993cef3cd227dd7",
};

/// Places of the sources in sides.
fn places(drawn: &Drawn) -> Vec<(f64, f64)> {
    let (_, Value::List(sources)) = drawn.settings.last().unwrap() else { panic!("sources") };
    let place = |source: &Value| match source {
        Value::Map(entries) => match entries[..] {
            [(_, Value::Float(x)), (_, Value::Float(y)), _] => (x, y),
            _ => panic!("{entries:?}"),
        },
        _ => panic!("{source:?}"),
    };
    sources.iter().map(place).collect()
}

/// A field between its pixels, linear in each square of four.
fn between(field: &[f64], n: usize, (x, y): (f64, f64)) -> f64 {
    let (x, y) = ((x * n as f64).rem_euclid(n as f64), (y * n as f64).rem_euclid(n as f64));
    let (i, j) = (x as usize, y as usize);
    let (a, b) = (x - i as f64, y - j as f64);
    let at = |i: usize, j: usize| field[j % n * n + i % n];
    (1.0 - b) * ((1.0 - a) * at(i, j) + a * at(i + 1, j))
        + b * ((1.0 - a) * at(i, j + 1) + a * at(i + 1, j + 1))
}

/// Between two slits in phase: a bright fringe in the middle, the next λ/2 from it, and contrast
/// `exp(−d²/2L²)`.
#[test]
fn two_slits_have_fringes_half_a_wavelength_apart_with_the_contrast_of_their_coherence() {
    let (n, spacing, wavelength) = (512, 0.3, 0.16);
    for length in [0.15, 0.3, 20.0] {
        let settings = json!({
            "arrangement": "slits", "num_sources": 2, "source_spacing": spacing,
            "wavelength": wavelength, "coherence_length": length,
        });
        let ic = make("interference_pattern", &settings);
        for i in 0..4 {
            let drawn = ic.draw(&request(i, n, 3));
            let intensity = &wide(&drawn.fields)[2 * n * n..];
            let [a, b] = places(&drawn)[..] else { panic!("two slits") };
            let image = |d: f64| d - d.round();
            let (dx, dy) = (image(b.0 - a.0), image(b.1 - a.1));
            let along: Vec<f64> = (-250..=250)
                .map(|s| {
                    let part = 0.5 + f64::from(s) * 0.001 / spacing;
                    between(intensity, n, (a.0 + part * dx, a.1 + part * dy))
                })
                .collect();
            // Extremes in steps of 0.001, the middle at 250; fringes λ/2 = 80 steps apart.
            let best = |from: usize, sign: f64| {
                (from - 25..=from + 25)
                    .max_by(|p, q| (sign * along[*p]).total_cmp(&(sign * along[*q])))
            };
            let (middle, next, dark) =
                (best(250, 1.0).unwrap(), best(330, 1.0).unwrap(), best(290, -1.0).unwrap());
            // Half a pixel of 1/512 is one step; the decay of the waves moves faint fringes inwards.
            assert!(middle.abs_diff(250) <= 2, "{length} {i}: {middle}");
            if length > 0.2 {
                assert!(next.abs_diff(330) <= 5, "{length} {i}: {next}");
                assert!(dark.abs_diff(290) <= 5, "{length} {i}: {dark}");
            }
            // The dark fringe of exact waves: amplitudes λ/(δ + λ) at δ = d/2 ± λ/4.
            let square = |offset: f64| wavelength / (0.5 * spacing + offset + wavelength);
            let gamma = libm::exp(-0.5 * spacing * spacing / (length * length));
            let (p, q) = (square(0.04), square(-0.04));
            let (bright, dim) =
                (2.0 * square(0.0) * (1.0 + gamma), p + q - 2.0 * gamma * (p * q).sqrt());
            let want = (bright - dim) / (bright + dim);
            let got = (along[250] - along[290]) / (along[250] + along[290]);
            // Linear interpolation loses up to (2π/0.08/512)²/8 = 0.003 of a fringe.
            assert!((got - want).abs() < 0.006, "{length} {i}: {got} {want}");
        }
    }
}

/// For a long coherence the third channel is |U|². The phase between two sources, at most 0.71 sides
/// apart, is off by `|g|·0.71/L` under the tilt g, and `1 − γ` is `(0.71/L)²/2`; both waves are at most 1.
#[test]
fn coherent_light_has_the_intensity_of_its_field() {
    let n = 64;
    let ic = make("interference_pattern", &json!({"coherence_length": 20, "num_sources": 2}));
    for i in 0..256 {
        let drawn = ic.draw(&request(i, n, 3));
        let fields = wide(&drawn.fields);
        let tilt = drawn.settings.iter().find(|(name, _)| *name == "tilt").unwrap();
        let Value::List(g) = &tilt.1 else { panic!("tilt") };
        let [Value::Float(gx), Value::Float(gy)] = g[..] else { panic!("tilt") };
        let off = 0.71 / 20.0;
        let most = 2.0 * (off * gx.hypot(gy) + 0.5 * off * off) + 1e-5;
        for at in 0..n * n {
            let (re, im, intensity) = (fields[at], fields[n * n + at], fields[2 * n * n + at]);
            assert!((re * re + im * im - intensity).abs() < most, "{i}");
        }
    }
}

/// Over many draws the intensity of the field under one tilt is the third channel on average, and is
/// not the third channel in any one.
#[test]
fn the_third_channel_is_the_mean_over_the_tilts() {
    let n = 40;
    let ic = make("interference_pattern", &json!({"coherence_length": 0.2}));
    let (mut sum, mut squares, mut below) = (0.0, 0.0, 0);
    let count = 1000;
    for i in 0..count {
        let drawn = ic.draw(&request(i, n, 3));
        let fields = wide(&drawn.fields);
        let place = places(&drawn)[0];
        // Half a wavelength or so beside the first source.
        let (x, y) = (place.0 * n as f64 + 3.0, place.1 * n as f64);
        let at = y as usize % n * n + x as usize % n;
        let (re, im, intensity) = (fields[at], fields[n * n + at], fields[2 * n * n + at]);
        let apart = re * re + im * im - intensity;
        sum += apart;
        squares += apart * apart;
        below += u32::from(fields[2 * n * n..].iter().any(|v| *v < 0.0));
    }
    // Four standard errors.
    assert!(sum.abs() < 4.0 * squares.sqrt(), "{sum} {squares}");
    assert!(squares / count as f64 > 0.01, "{squares}");
    assert_eq!(below, 0, "an intensity is never negative");
}

#[test]
fn what_cannot_be_drawn_is_refused() {
    let says = |settings, grid| make("interference_pattern", &settings).check(grid, 3).unwrap_err();
    assert_eq!(
        says(json!({}), 39),
        "a wavelength of 0.0625 needs a grid of at least 40, not 39: raise `wavelength`"
    );
    assert_eq!(
        says(json!({"arrangement": "slits", "num_sources": 6, "source_spacing": 0.16}), 64),
        "a line of slits of up to 0.8 sides meets itself around the torus: lower `num_sources` or \
         `source_spacing` so that it is at most 0.75"
    );
}
