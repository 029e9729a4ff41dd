//! Against `NumPy`, `SciPy` and scikit-image: panels of random ensembles, from a golden file that
//! `tests/golden/aggregates.py` wrote from the definitions.

use serde_json::Value as Json;

use super::panel;
use crate::render::{AGGREGATES, Ensemble, Method, Panel, Span};

const GOLDEN: &str = include_str!("../../../../tests/golden/aggregates.json");

/// As in the script.
const STRIDE: usize = 7;

/// Number `k` of white noise, uniform in [−1, 1).
pub fn noise(k: usize) -> f64 {
    let mut z = (k as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^= z >> 31;
    (z >> 40) as f64 / 8_388_608.0 - 1.0
}

/// `[M, C, H, W]`, to the bit `ensemble` of the script.
pub fn random([all, channels, h, w]: [usize; 4], start: usize) -> Vec<f32> {
    let (area, field) = (h * w, channels * h * w);
    let own = |k: usize| noise(start + k);
    let mut x: Vec<f64> = (0..all * field).map(|k| 0.5 * own(k) + own(k % field)).collect();
    for (stride, side) in [(1, w), (w, h)] {
        let from = x.clone();
        for (k, v) in x.iter_mut().enumerate() {
            let place = k / stride % side;
            let line = k - place * stride;
            let (before, after) = ((place + side - 1) % side, (place + 1) % side);
            *v =
                0.25 * (from[line + before * stride] + from[line + after * stride]) + 0.5 * from[k];
        }
    }
    let level = |k: usize| (k / area % channels) as f64;
    x.iter().enumerate().map(|(k, v)| ((1.0 + level(k)) * v + 0.5 * level(k)) as f32).collect()
}

#[test]
fn panels_agree_with_numpy_scipy_and_scikit_image() {
    let golden: Json = serde_json::from_str(GOLDEN).unwrap();
    let mut compared = 0;
    for (name, case) in golden.as_object().unwrap() {
        let shape: [usize; 4] = serde_json::from_value(case["shape"].clone()).unwrap();
        let [_, channels, h, w] = shape;
        let mut values = random(shape, 0);
        if name == "gaps" {
            let at = |m: usize, c: usize, i: usize, j: usize| ((m * channels + c) * h + i) * w + j;
            values[at(1, 0, 5, 6)] = f32::NAN;
            values[at(4, 2, 11, 3)] = f32::INFINITY;
            values[at(4, 1, 15, 13)] = f32::NEG_INFINITY;
        }
        let other = random(shape, values.len());
        let ensemble = Ensemble::new([channels, h, w], &values);
        let mut span = Span::of(&ensemble);
        span.include(&Ensemble::new([channels, h, w], &other));
        for (method, of) in [(Method::Standard, "standard"), (Method::Compat, "compat")] {
            let Some(panels) = case[of].as_object() else { continue };
            assert_eq!(panels.len(), AGGREGATES.len());
            for (aggregate, wanted) in panels {
                let what = format!("{aggregate} of {name} under {of}");
                let got = match panel(aggregate, &ensemble, &span, method) {
                    Panel::Map(got) | Panel::Field(got) | Panel::Rgb(got, _) => got,
                    Panel::Undefined(why) => {
                        assert!(wanted.is_null(), "{what}: {why}");
                        continue;
                    }
                };
                let wanted = wanted.as_array().unwrap();
                assert_eq!(got.len().div_ceil(STRIDE), wanted.len(), "{what}");
                for (got, wanted) in got.iter().step_by(STRIDE).zip(wanted) {
                    match wanted.as_f64() {
                        None => assert!(got.is_nan(), "{what}: {got} for none"),
                        Some(want) => {
                            let slack = 1e-9 * want.abs().max(1.0);
                            assert!((got - want).abs() <= slack, "{what}: {got} for {want}");
                        }
                    }
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 1900, "{compared}");
}
