//! `causality`: the analytic vectors, what is undefined, and what must not change.

use std::f64::consts::TAU;

use super::golden::{LONG, noise, rollout_of};
use super::{Rows, close, moved, rows, settings, uniform, value};
use crate::features::{Definitions, Settings, Shape, Undefined, Value};

fn follow(definitions: Definitions, series: &[Vec<f64>]) -> Rows {
    let (shape, states) = uniform(series);
    rows("causality", &settings(definitions), shape, &states)
}

fn of(rows: &Rows, name: &str) -> Value {
    value(rows, &format!("causality_{name}"))
}

/// An impulse at 1 in x and at 2 in y.
fn impulses() -> [Vec<f64>; 2] {
    [1, 2].map(|at| (0..8).map(|t| f64::from(u8::from(t == at))).collect())
}

/// 0, 1, 2, 3 twice.
fn saw() -> Vec<f64> {
    (0..8).map(|t| f64::from(t % 4)).collect()
}

/// cos(2π (j − t)/8) for five states, in two channels.
fn travelling() -> (Shape, Vec<f32>) {
    let shape = Shape { steps: 5, channels: 2, height: 8, width: 8 };
    let at = |k: usize| {
        let (t, j) = (k / shape.state(), k % 8);
        (TAU * (j as f64 - t as f64) / 8.0).cos() as f32
    };
    (shape, (0..5 * shape.state()).map(at).collect())
}

/// `features.md` of the Python reference's description.
#[test]
fn compat_gives_the_analytic_vectors() {
    let found = follow(Definitions::Compat, &impulses());
    for (lag, wanted) in [(1, 1.0), (2, 1.0 / 6.0), (3, 0.0)] {
        close(of(&found, &format!("lag_corr_asymmetry_max_lag{lag}")), wanted, 1e-6, "impulses");
        assert_eq!(of(&found, &format!("lag_corr_asymmetry_mean_lag{lag}")), Ok(0.0));
    }
    close(of(&found, "time_irreversibility"), 0.0, 1e-12, "impulses");
    close(of(&found, "spatial_flow_magnitude"), 1e-4, 1e-9, "uniform fields");
    close(of(&found, "granger_score_mean"), 0.625, 1e-6, "¾ and ½");
    close(of(&found, "granger_score_max"), 0.75, 1e-6, "x → y");
    close(of(&found, "granger_score_asymmetry"), 0.25 / 2.0_f64.sqrt(), 1e-6, "spread of both");
    for lag in [1, 2] {
        close(of(&found, &format!("pred_error_ratio_lag{lag}")), 1.0, 1e-6, "by construction");
        assert_eq!(of(&found, &format!("pred_error_diff_lag{lag}")), Ok(0.0));
    }
    let found = follow(Definitions::Compat, &[saw(), saw()]);
    close(of(&found, "time_irreversibility"), -6.0, 1e-6, "saw");
    close(of(&found, "time_asymmetry_index"), -4.2, 1e-6, "saw");
    let (shape, states) = travelling();
    let found = rows("causality", &settings(Definitions::Compat), shape, &states);
    close(of(&found, "spatial_flow_magnitude"), 0.696_058_3, 1e-6, "κ sin(π/4)");
    // The other component is nothing, over which 1e-8 stands.
    close(of(&found, "spatial_flow_anisotropy"), 0.696_058_3e8, 1e-4, "no flow along y");
}

#[test]
fn standard_gives_closed_forms() {
    // r_xy(1) = 1, r_yx(1) = −1/6; beyond, what is left of one of them is constant.
    let found = follow(Definitions::Standard, &impulses());
    for kind in ["mean", "max"] {
        let name = |lag: usize| format!("lag_corr_asymmetry_{kind}_lag{lag}");
        close(of(&found, &name(1)), 7.0 / 6.0, 1e-12, "impulses");
        assert_eq!(of(&found, &name(2)), Err(Undefined::ConstantSeries));
    }
    let found = follow(Definitions::Standard, &[saw()]);
    close(of(&found, "time_irreversibility"), -3.0, 1e-12, "mean d³ = −21/7");
    // mean d² = 15/7.
    close(of(&found, "time_asymmetry_index"), -3.0 / (15.0_f64 / 7.0).powf(1.5), 1e-12, "saw");
    let (shape, states) = travelling();
    let found = rows("causality", &settings(Definitions::Standard), shape, &states);
    close(of(&found, "spatial_flow_magnitude"), 1.0, 1e-6, "a pixel per step");
    close(of(&found, "spatial_flow_anisotropy"), 1.0, 1e-6, "along x");
}

/// A field that moves by a pixel per step has that velocity whatever its form, also if it fades.
#[test]
fn flow_is_the_velocity_of_a_pattern() {
    let shape = Shape { steps: 6, channels: 1, height: 16, width: 24 };
    let first = &rollout_of(Shape { steps: 1, ..shape }, 7);
    let run = |di: usize, dj: usize, fade: f64| {
        let state = |t: usize| {
            let (_, moved) = moved(shape, first, (16, 24), |i, j| {
                ((i + t * (16 - di)) % 16, (j + t * (24 - dj)) % 24)
            });
            moved.into_iter().map(move |v| (f64::from(v) * fade.powi(t as i32)) as f32)
        };
        let states: Vec<f32> = (0..shape.steps).flat_map(state).collect();
        rows("causality", &settings(Definitions::Standard), shape, &states)
    };
    for (di, dj, speed, anisotropy) in [(0, 1, 1.0, 1.0), (1, 0, 1.0, -1.0), (15, 0, 1.0, -1.0)] {
        let found = run(di, dj, 1.0);
        close(of(&found, "spatial_flow_magnitude"), speed, 1e-6, "one pixel");
        close(of(&found, "spatial_flow_anisotropy"), anisotropy, 1e-6, "one axis");
        // 2 f/(1 + f²) of the speed.
        let found = run(di, dj, 0.8);
        close(of(&found, "spatial_flow_magnitude"), speed * 1.6 / 1.64, 1e-6, "fading");
    }
    let still = run(0, 0, 0.9);
    close(of(&still, "spatial_flow_magnitude"), 0.0, 1e-6, "it fades in place");
    assert_eq!(of(&still, "spatial_flow_anisotropy"), Err(Undefined::ZeroDenominator));
}

#[test]
fn what_is_not_there_has_a_reason() {
    use Undefined::{
        ConstantField, ConstantSeries, FewChannels, NonFinite, ShortSeries, SingleStep,
    };
    use Undefined::{Undetermined, ZeroDenominator};
    let standard = |series: &[Vec<f64>]| follow(Definitions::Standard, series);
    let compat = |series: &[Vec<f64>]| follow(Definitions::Compat, series);
    let random = |k: usize, n: usize| (k..k + n).map(noise).collect::<Vec<_>>();
    let pairs = ["lag_corr", "transfer", "granger"];
    let of_pairs = |name: &str| pairs.iter().any(|p| name.starts_with(&format!("causality_{p}")));

    for (name, v) in standard(&[random(0, 40)]) {
        let flow = name.contains("flow");
        assert_eq!(
            v.err(),
            if of_pairs(&name) { Some(FewChannels) } else { flow.then_some(ConstantField) },
            "{name}"
        );
    }
    assert!(compat(&[random(0, 40)]).iter().all(|(_, v)| *v == Err(FewChannels)));
    for definitions in [Definitions::Standard, Definitions::Compat] {
        let found = follow(definitions, &[vec![1.0], vec![2.0]]);
        assert!(found.iter().all(|(_, v)| *v == Err(SingleStep)));
    }

    // A channel that is lost loses its pairs, under compat everything.
    let mut lost = [random(0, 40), random(100, 40), random(200, 40)];
    let whole = standard(&lost[..2]);
    lost[2][17] = f64::NAN;
    let found = standard(&lost);
    for ((name, want), (_, got)) in whole.iter().zip(&found) {
        assert_eq!(got.ok(), want.ok(), "{name}");
    }
    assert!(compat(&lost).iter().all(|(_, v)| *v == Err(NonFinite)));
    assert!(
        standard(&lost[1..]).iter().filter(|(n, _)| of_pairs(n)).all(|(_, v)| *v == Err(NonFinite))
    );

    // Lengths: the first that is enough, and the one before.
    let short = |n: usize, name: &str| of(&standard(&[random(0, n), random(100, n)]), name);
    for (name, fewest) in [
        ("lag_corr_asymmetry_mean_lag1", 4),
        ("lag_corr_asymmetry_max_lag3", 6),
        ("pred_error_ratio_lag1", 20),
        ("pred_error_diff_lag2", 20),
        ("time_asymmetry_index", 3),
        ("transfer_entropy_mean", 28),
        ("granger_score_asymmetry", 12),
    ] {
        assert_eq!(short(fewest - 1, name), Err(ShortSeries), "{name}");
        assert!(short(fewest, name).is_ok(), "{name}");
    }
    assert!(short(2, "time_irreversibility").is_ok());
    let short = |n: usize, name: &str| of(&compat(&[random(0, n), random(100, n)]), name);
    for (name, fewest) in [
        ("lag_corr_asymmetry_mean_lag1", 3),
        ("lag_corr_asymmetry_max_lag3", 5),
        ("pred_error_ratio_lag2", 3),
        ("granger_score_mean", 3),
    ] {
        assert_eq!(short(fewest - 1, name), Err(ShortSeries), "{name}");
        assert!(short(fewest, name).is_ok(), "{name}");
    }

    // Nothing moves.
    let still = standard(&[vec![1.0; 40], vec![2.0; 40]]);
    for (name, v) in &still {
        match name.as_str() {
            "causality_time_irreversibility" => assert_eq!(*v, Ok(0.0)),
            name if name.contains("flow") => assert_eq!(*v, Err(ConstantField)),
            name => assert_eq!(*v, Err(ConstantSeries), "{name}"),
        }
    }
    // What repeats exactly is predicted exactly, both ways.
    let repeat = (0..40).map(|t| f64::from(t % 5)).collect();
    let found = standard(&[repeat]);
    assert_eq!(of(&found, "pred_error_ratio_lag1"), Err(ZeroDenominator));
    assert_eq!(of(&found, "pred_error_diff_lag1"), Ok(0.0));
    // Each follows the other exactly: there is no error to compare with.
    let turn = |phase: f64| (0..40).map(|t| (0.7 * f64::from(t) + phase).cos()).collect::<Vec<_>>();
    let found = standard(&[turn(0.0), turn(1.0)]);
    assert_eq!(of(&found, "granger_score_mean"), Err(Undetermined));
}

#[test]
fn invariances_hold() {
    let states = rollout_of(LONG, 3);
    let n = LONG.height;
    let odd = "causality_spatial_flow_anisotropy";
    let same = |a: &Rows, b: &Rows, but: &[&str], tolerance: f64| {
        for ((name, want), (_, got)) in a.iter().zip(b) {
            if !but.contains(&name.as_str()) {
                close(*got, want.unwrap(), tolerance, name);
            }
        }
    };
    for definitions in [Definitions::Standard, Definitions::Compat] {
        let of = |states: &[f32]| rows("causality", &settings(definitions), LONG, states);
        let plain = of(&states);
        let shifted = moved(LONG, &states, (n, n), |i, j| ((i + 3) % n, (j + 5) % n)).1;
        same(&plain, &of(&shifted), &[], 1e-9);
        let rotated: Vec<f32> = states
            .chunks_exact(LONG.state())
            .flat_map(|state| state[LONG.area()..].iter().chain(&state[..LONG.area()]).copied())
            .collect();
        same(&plain, &of(&rotated), &[], 1e-9);
        // x and y change places: the anisotropy changes sign, and is bounded for that.
        for from in [|i: usize, j: usize| (j, i), |i: usize, j: usize| (j, 7 - i)] {
            let turned = of(&moved(LONG, &states, (n, n), from).1);
            same(&plain, &turned, &[odd], 1e-9);
            if definitions == Definitions::Standard {
                close(value(&turned, odd), -value(&plain, odd).unwrap(), 1e-9, odd);
            }
        }
    }
    let of = |states: &[f32]| rows("causality", &settings(Definitions::Standard), LONG, states);
    let plain = of(&states);
    let cube = "causality_time_irreversibility";
    let scaled = of(&states.iter().map(|v| 4.0 * v).collect::<Vec<_>>());
    same(&plain, &scaled, &[cube], 1e-9);
    close(value(&scaled, cube), 64.0 * value(&plain, cube).unwrap(), 1e-9, cube);
    // An offset of 2 rounds the states to 1e-7.
    let lifted = of(&states.iter().map(|v| v + 2.0).collect::<Vec<_>>());
    same(&plain, &lifted, &[], 1e-4);
    // The other way in time: what is odd changes sign, the ratio of errors is the inverse.
    let shape = Shape { channels: 1, ..LONG };
    let one: Vec<f32> =
        states.chunks_exact(LONG.state()).flat_map(|state| state[..LONG.area()].to_vec()).collect();
    let back: Vec<f32> = one.chunks_exact(LONG.area()).rev().flat_map(<[f32]>::to_vec).collect();
    let standard = settings(Definitions::Standard);
    let [ahead, back] = [one, back].map(|states| rows("causality", &standard, shape, &states));
    for name in ["pred_error_diff_lag1", "time_irreversibility", "time_asymmetry_index"] {
        let name = format!("causality_{name}");
        close(value(&back, &name), -value(&ahead, &name).unwrap(), 1e-9, &name);
    }
    let ratio = "causality_pred_error_ratio_lag2";
    close(value(&back, ratio), 1.0 / value(&ahead, ratio).unwrap(), 1e-9, ratio);
    for name in ["causality_spatial_flow_magnitude", odd] {
        close(value(&back, name), value(&ahead, name).unwrap(), 1e-9, name);
    }
}

/// The settings say how many columns there are, and the sets which.
#[test]
fn lags_and_sets_are_those_of_the_settings() {
    let names = |settings: &Settings| {
        let features = crate::features::category("causality").unwrap().features(settings);
        features.into_iter().map(|f| f.name).collect::<Vec<_>>()
    };
    let plain = names(&Settings::default());
    assert_eq!(plain.len(), 14);
    assert_eq!(plain[1], "causality_lag_corr_asymmetry_max_lag1");
    assert_eq!(plain[8], "causality_pred_error_ratio_lag2");
    let lags = Settings { max_lag_correlation: 1, max_lag_prediction: 4, ..Settings::default() };
    assert_eq!(names(&lags).len(), 2 + 8 + 4);
    assert_eq!(names(&settings(Definitions::Compat)).len(), 20);
}
