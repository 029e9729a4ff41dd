//! Against `NumPy` and `SciPy`: the categories on 50 random rollouts, from golden files that
//! `tests/golden/features_*.py` wrote from the definitions.

use serde_json::Value as Json;

use super::rows;
use crate::features::{Definitions, Set, Settings, Shape, Undefined};

/// As `tests/golden/features_states.py` says.
pub const SHAPE: Shape = Shape { steps: 7, channels: 3, height: 16, width: 24 };

/// A longer trajectory of smaller states, for what needs time.
pub const LONG: Shape = Shape { steps: 64, channels: 3, height: 8, width: 8 };

/// Number `k` of white noise, uniform in [−1, 1).
pub fn noise(k: usize) -> f64 {
    let mut z = (k as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^= z >> 31;
    (z >> 40) as f64 / 8_388_608.0 - 1.0
}

/// The states of rollout `r`, to the bit those of `features_states.py`.
pub fn rollout(r: usize) -> Vec<f32> {
    rollout_of(SHAPE, r)
}

/// The same with another form.
pub fn rollout_of(shape: Shape, r: usize) -> Vec<f32> {
    let Shape { steps, height: h, width: w, .. } = shape;
    let (area, state) = (shape.area(), shape.state());
    let start = r * steps * state;
    let mut u: Vec<f64> = (0..state).map(|k| noise(start + k)).collect();
    for t in 1..steps {
        for k in 0..state {
            let before = u[(t - 1) * state + k];
            let mut next = 0.625 * before + 0.75 * noise(start + t * state + k);
            if (area..2 * area).contains(&k) {
                next += 0.5 * u[(t - 1) * state + k - area];
            }
            u.push(next);
        }
    }
    for (along, other) in [((0, 1), w), ((1, 0), h)] {
        let from = u.clone();
        for (k, v) in u.iter_mut().enumerate() {
            let (field, i, j) = (k / area * area, k % area / w, k % w);
            let at = |di: usize, dj: usize| from[field + (i + di) % h * w + (j + dj) % w];
            let (di, dj) = along;
            let (before, after) = (at(di * (other - 1), dj * (other - 1)), at(di, dj));
            *v = 0.25 * (before + after) + 0.5 * from[k];
        }
    }
    let (scale, offset) = (0.5 + r as f64 * 0.03125, r as f64 * 0.0625);
    u.into_iter().map(|v| (scale * v + offset) as f32).collect()
}

/// Compares a category with its golden file, `{"definitions": {feature: [per rollout: number, or
/// null]}}`: the values of the first state, or of the trajectory. `tolerance` is relative, with a floor
/// of `1e-3` times the largest size of the feature over the rollouts.
#[track_caller]
pub fn agree(category: &str, text: &str, tolerance: f64) {
    agree_of(category, SHAPE, &serde_json::from_str(text).unwrap(), tolerance);
}

/// The same on rollouts of another form.
#[track_caller]
pub fn agree_of(category: &str, shape: Shape, golden: &Json, tolerance: f64) {
    let mut compared = 0;
    for definitions in [Definitions::Standard, Definitions::Compat] {
        let features = golden[definitions.name()].as_object().unwrap();
        let settings = Settings { definitions, set: Set::Extended, ..Settings::default() };
        let count = features.values().next().unwrap().as_array().unwrap().len();
        for r in 0..count {
            for (name, got) in rows(category, &settings, shape, &rollout_of(shape, r)) {
                let what = format!("{name} of {r} under {}", definitions.name());
                let wanted = features.get(&name).unwrap_or_else(|| panic!("{name} is not golden"));
                let all = wanted.as_array().unwrap();
                let size =
                    all.iter().filter_map(Json::as_f64).fold(0.0, |m: f64, v| m.max(v.abs()));
                match all[r].as_f64() {
                    None => assert!(got.is_err(), "{what}: {got:?} for none"),
                    Some(want) => {
                        let got = got.unwrap_or_else(|why: Undefined| panic!("{what}: {why:?}"));
                        let slack = tolerance * want.abs().max(1e-3 * size).max(1e-9);
                        assert!((got - want).abs() <= slack, "{what}: {got} for {want}");
                    }
                }
                compared += 1;
            }
        }
    }
    assert!(compared > 0);
}

#[test]
fn spatial_agrees_with_numpy() {
    agree("spatial", include_str!("../../../tests/golden/features_spatial.json"), 1e-6);
}

#[test]
fn cross_channel_agrees_with_numpy() {
    agree("cross_channel", include_str!("../../../tests/golden/features_cross_channel.json"), 1e-6);
}

#[test]
fn invariant_drift_agrees_with_numpy() {
    let text = include_str!("../../../tests/golden/features_invariant_drift.json");
    agree("invariant_drift", text, 1e-6);
}

#[test]
fn spectral_agrees_with_numpy() {
    agree("spectral", include_str!("../../../tests/golden/features_spectral.json"), 1e-6);
}

/// Short rollouts, of which much is undefined, and long ones.
#[track_caller]
fn agree_in_time(category: &str, text: &str) {
    let golden: Json = serde_json::from_str(text).unwrap();
    agree_of(category, SHAPE, &golden["short"], 1e-6);
    agree_of(category, LONG, &golden["long"], 1e-6);
}

#[test]
fn temporal_agrees_with_numpy() {
    agree_in_time("temporal", include_str!("../../../tests/golden/features_temporal.json"));
}

#[test]
fn causality_agrees_with_numpy() {
    agree_in_time("causality", include_str!("../../../tests/golden/features_causality.json"));
}
