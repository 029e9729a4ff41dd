//! Tests of `morphogen_gradient`.

use std::f64::consts::TAU;

use serde_json::{Value as Json, json};

use super::{Case, make, mean, request, wide};
use crate::ic::fft::Fft;
use crate::ic::geometry::{add_product, bump, nearest_image};
use crate::ic::spectrum::wave_numbers;
use crate::key::Value;

/// The case.
pub const CASE: Case = Case {
    name: "morphogen_gradient",
    examples: || {
        vec![
            json!({"gradient_type": "power_law"}),
            json!({"gradient_type": "sigmoidal"}),
            json!({"gradient_type": "sigmoidal", "threshold": 0.5}),
            json!({"gradient_type": "sigmoidal", "hill_coefficient": 3}),
            json!({"num_sources": 3}),
            json!({"num_sources": {"uniform": [5, 8]}}),
            json!({"decay_length": 0.1}),
            json!({"source_width": 0.05}),
            json!({"noise_level": 0.2}),
            json!({"noise_level": 0}),
            json!({"cell_size": 0.05}),
            json!({"channel_mode": "shared"}),
            json!({"channel_mode": "mixed"}),
            json!({"normalize": "unit_std"}),
            // The maximum is 1 already where nothing is mixed.
            json!({"normalize": "unit_max", "channel_mode": "mixed"}),
        ]
    },
    // Half a pixel of a grid of 64 is wider than a source by default.
    smooth: || {
        vec![
            json!({}),
            json!({"gradient_type": "sigmoidal"}),
            json!({"gradient_type": "power_law"}),
        ]
    },
    pin: "1 2e71c408cb7d09ed 5058cd259ef079ee",
};

/// A field, and what was drawn for it: a value by name, and x, y, strength of the sources.
struct Sample {
    field: Vec<f64>,
    noted: Vec<(&'static str, Value)>,
}

impl Sample {
    fn new(settings: &Json, sample: u64, n: usize) -> Self {
        let drawn = make("morphogen_gradient", settings).draw(&request(sample, n, 1));
        let list = drawn.settings.iter().find(|(name, _)| *name == "gradients").unwrap();
        let Value::List(fields) = &list.1 else { panic!() };
        let Value::Map(noted) = &fields[0] else { panic!() };
        Self { field: wide(&drawn.fields), noted: noted.clone() }
    }

    fn number(&self, name: &str) -> f64 {
        let (_, Value::Float(v)) = self.noted.iter().find(|(n, _)| *n == name).unwrap() else {
            panic!()
        };
        *v
    }

    fn sources(&self) -> Vec<[f64; 3]> {
        let list = self.noted.iter().find(|(name, _)| *name == "sources").unwrap();
        let Value::List(sources) = &list.1 else { panic!() };
        let number = |v: &Value| if let Value::Float(v) = v { *v } else { panic!() };
        sources
            .iter()
            .map(|s| {
                let Value::Map(s) = s else { panic!() };
                [number(&s[0].1), number(&s[1].1), number(&s[2].1)]
            })
            .collect()
    }
}

/// `c − λ²∇²c`, taken from the field by its transform, is the sum of the sources times one number.
#[test]
fn the_concentration_is_steady() {
    let n = 64;
    for i in 0..64 {
        let sample = Sample::new(&json!({"noise_level": 0, "source_width": 0.03}), i, n);
        let length = sample.number("decay_length");
        assert!((0.08..0.4).contains(&length));
        let mut want = vec![0.0; n * n];
        for [x, y, strength] in sample.sources() {
            let (across, down) = (bump(n, x * 64.0, 1.92), bump(n, y * 64.0, 1.92));
            add_product(&mut want, &across, &down, strength);
        }
        let fft = Fft::new(n);
        let (mut re, mut im) = (sample.field.clone(), vec![0.0; n * n]);
        fft.forward(&mut re, &mut im);
        let vectors = wave_numbers(n).flat_map(|mx| wave_numbers(n).map(move |my| (mx, my)));
        for (k, (mx, my)) in vectors.enumerate() {
            let factor = 1.0 + TAU * TAU * length * length * (mx * mx + my * my) as f64;
            re[k] *= factor / 4096.0;
            im[k] *= factor / 4096.0;
        }
        fft.inverse(&mut re, &mut im);
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
        let unit = dot(&re, &want) / dot(&want, &want);
        // Fields are rounded to 32 bits, and the operator makes that up to (2π·45·λ)² times greater:
        // 8e-5 of a concentration of 1 for λ = 0.08, where the source is 7, and so in proportion.
        for (got, want) in re.iter().zip(&want) {
            assert!((got / unit - want).abs() < 1e-4, "{i}: {} {want}", got / unit);
        }
    }
}

/// `K₀(x) = ∫ exp(−x cosh t) dt` from 0 on, by the rule of the trapezium.
fn bessel_k0(x: f64) -> f64 {
    let h = 0.02;
    (0..400)
        .map(|i| if i == 0 { 0.5 } else { 1.0 } * libm::exp(-x * libm::cosh(h * f64::from(i))))
        .sum::<f64>()
        * h
}

#[test]
fn far_from_a_source_it_falls_off_like_a_bessel_function() {
    let n = 128;
    for i in 0..8 {
        let settings = json!({"noise_level": 0, "num_sources": 1, "decay_length": 0.08});
        let sample = Sample::new(&settings, i, n);
        let [x, y, _] = sample.sources()[0];
        let mut ratios = Vec::new();
        for py in (0..n).step_by(3) {
            for px in (0..n).step_by(3) {
                let dx = nearest_image(px as f64 / 128.0 - x, 1);
                let dy = nearest_image(py as f64 / 128.0 - y, 1);
                if dx * dx + dy * dy < 0.08 * 0.08 {
                    continue;
                }
                // The images two sides away and farther are below e^(−1.5/0.08).
                let images = (-1..=1).flat_map(|a| (-1..=1).map(move |b| (a, b)));
                let want: f64 = images
                    .map(|(a, b)| libm::hypot(dx + f64::from(a), dy + f64::from(b)))
                    .map(|r| bessel_k0(r / 0.08))
                    .sum();
                ratios.push(sample.field[py * n + px] / want);
            }
        }
        let middle = mean(&ratios);
        for ratio in &ratios {
            assert!((ratio / middle - 1.0).abs() < 2e-4, "{i}: {ratio} {middle}");
        }
    }
}

#[test]
fn noise_has_the_variance_of_counting() {
    let (mut ratios, a) = (Vec::new(), 0.05);
    for i in 0..256 {
        let noisy = Sample::new(&json!({"noise_level": a}), i, 64).field;
        let clean = Sample::new(&json!({"noise_level": 0}), i, 64).field;
        // Both are divided by their own maximum: the factor between them comes first.
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
        let unit = dot(&noisy, &clean) / dot(&clean, &clean);
        let parts: Vec<f64> = noisy
            .iter()
            .zip(&clean)
            .filter(|(_, c)| **c > 0.1)
            .map(|(v, c)| (v / unit - c) * (v / unit - c) / (a * a * c))
            .collect();
        ratios.push(mean(&parts));
        assert!(noisy.iter().all(|v| *v >= 0.0));
    }
    // A cell is 1.28 pixels wide: some 100 independent places and more in each of 256 fields, that is
    // 1 % from chance; the square adds a²/8c, at most 0.3 %, and the factor takes some out.
    assert!((mean(&ratios) - 1.0).abs() < 0.03, "{}", mean(&ratios));
}

/// Half of the full answer where the concentration is the threshold, by Hill's curve around it.
#[test]
fn the_answer_to_the_concentration_is_that_of_hill() {
    for i in 0..256 {
        let clean = Sample::new(&json!({"noise_level": 0}), i, 64).field;
        let settings = json!({"noise_level": 0, "gradient_type": "sigmoidal"});
        let answer = Sample::new(&settings, i, 64);
        let (k, h) = (answer.number("threshold"), answer.number("hill_coefficient"));
        let full = 1.0 + libm::pow(k, h);
        for (c, got) in clean.iter().zip(&answer.field) {
            let want = full * libm::pow(*c, h) / (libm::pow(k, h) + libm::pow(*c, h));
            assert!((got - want).abs() < 2e-6, "{i}: {c} {got} {want}");
        }
    }
}

#[test]
fn decay_that_the_morphogen_enhances_leaves_a_power_law() {
    let n = 128;
    for i in 0..256 {
        let settings = json!({
            "noise_level": 0, "num_sources": 1, "gradient_type": "power_law", "decay_length": 0.02
        });
        let sample = Sample::new(&settings, i, n);
        let [x, y, _] = sample.sources()[0];
        let products: Vec<f64> = [(6.0, 0.0), (0.0, -12.0), (9.0, 9.0)]
            .into_iter()
            .map(|(a, b)| {
                let pixel = |at: f64, by: f64| (at * 128.0 + by).round().rem_euclid(128.0);
                let (px, py) = (pixel(x, a), pixel(y, b));
                let dx = nearest_image(px / 128.0 - x, 1);
                let dy = nearest_image(py / 128.0 - y, 1);
                let fall = 1.0 + libm::hypot(dx, dy) / 0.02;
                sample.field[py as usize * n + px as usize] * fall * fall
            })
            .collect();
        // At 13 pixels the chord is (0.1π)²/6 = 1.6 % short of the distance, which counts twice.
        for product in &products[1..] {
            assert!((product / products[0] - 1.0).abs() < 0.04, "{i}: {products:?}");
        }
    }
}
