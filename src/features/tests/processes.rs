//! `temporal` and `causality` on processes of which theory says what they are.

use std::f64::consts::{LN_2, TAU};

use super::golden::noise;
use super::{Rows, close, rows, settings, uniform, value};
use crate::features::{Definitions, Value};

/// The standard `temporal` features of uniform fields that follow a series.
fn trajectory(y: impl Iterator<Item = f64>) -> Rows {
    let (shape, states) = uniform(&[y.collect()]);
    rows("temporal", &settings(Definitions::Standard), shape, &states)
}

/// The `causality` features of uniform fields that follow these series.
fn channels(definitions: Definitions, series: &[Vec<f64>]) -> Rows {
    let (shape, states) = uniform(series);
    rows("causality", &settings(definitions), shape, &states)
}

fn causal(rows: &Rows, name: &str) -> Value {
    value(rows, &format!("causality_{name}"))
}

/// A sinusoid on a line: its frequency, where the reference sees the trend alone; its amplitude.
#[test]
fn a_sinusoid_on_a_trend_is_found() {
    let energy = |t: usize| 5.0 + 0.04 * t as f64 + (TAU * 0.073 * t as f64).sin();
    let y: Vec<f64> = (0..200).map(|t| energy(t).sqrt()).collect();
    let (shape, states) = uniform(std::slice::from_ref(&y));
    let compat = rows("temporal", &settings(Definitions::Compat), shape, &states);
    assert_eq!(value(&compat, "temporal_freq_dominant"), Ok(1.0 / 200.0));
    let found = trajectory(y.into_iter());
    // Hann's sidelobes leave 1e-4 of the frequency, the line 1 % of the amplitude.
    close(value(&found, "temporal_freq_dominant"), 0.073, 1e-4, "frequency");
    close(value(&found, "oscillation_period"), 1.0 / 0.073, 1e-3, "period");
    close(value(&found, "oscillation_amplitude"), 1.0, 0.02, "amplitude");
    assert!(value(&found, "trend_strength").unwrap() > 0.8);
    // cos²(ω/2) is the smoothness of a sinusoid, and neighbours of one neither part nor meet.
    let turn = TAU * 0.073;
    let pure = trajectory((0..400).map(|t| (turn * f64::from(t)).sin()));
    close(value(&pure, "trajectory_smoothness"), (0.5 * turn).cos().powi(2), 1e-2, "smoothness");
    close(value(&pure, "lyapunov_approx"), 0.0, 0.05, "no divergence");
    close(value(&pure, "regime_switches"), 400.0 * 2.0 * 0.073, 0.02, "two to a period");
}

/// y[t+1] = φ y[t] + noise: r(l) = φ^l, steps correlate by −(1 − φ)/2. White noise is φ = 0. Tolerances
/// are some three standard errors of 5000 states.
#[test]
fn autoregressions_have_their_memory() {
    for phi in [0.0, 0.5, 0.8] {
        let next = |y: &mut f64, k: usize| {
            *y = phi * *y + noise(k);
            Some(*y)
        };
        let found = trajectory((0..5000).scan(0.0, next));
        let level = (-1.0_f64).exp();
        let lag = (1..100).find(|l| f64::powi(phi, *l) < level).unwrap();
        let (before, after) = (f64::powi(phi, lag - 1), f64::powi(phi, lag));
        let time = f64::from(lag - 1) + (before - level) / (before - after);
        close(value(&found, "autocorr_decay_time"), time, 0.1, "memory");
        close(value(&found, "trajectory_smoothness"), (1.0 + phi) / 4.0, 0.05, "smoothness");
        close(value(&found, "trend_strength"), 0.0, 0.02, "no trend");
        let variance = 1.0 / (3.0 * (1.0 - phi * phi));
        close(value(&found, "detrended_variance"), variance, 0.06, "variance");
        if phi == 0.0 {
            // Above s/2 with probability ½ − 1/(4 √3), below with the same: half of those change side.
            let share = 0.5 - 0.25 / 3.0_f64.sqrt();
            close(value(&found, "regime_switches"), 5000.0 * share, 0.06, "switches of noise");
        }
    }
}

#[test]
fn neighbours_part_as_the_lyapunov_exponent_says() {
    let logistic = |x: &mut f64, _: usize| {
        *x = 4.0 * *x * (1.0 - *x);
        Some(*x)
    };
    for steps in [100, 500] {
        let found = trajectory((0..steps).scan(0.3, logistic));
        close(value(&found, "lyapunov_approx"), LN_2, 0.05, "logistic map, ln 2");
    }
    let found = trajectory((0..60).map(|t| 0.9_f64.powi(t)));
    close(value(&found, "lyapunov_approx"), 0.9_f64.ln(), 0.01, "decay by 0.9");
}

/// x is white, y[t+1] = ½ y[t] + g x[t] + noise of the variance of x: y alone is an autoregression whose
/// noise is 1 + g² times that, so that Geweke's measure is ln(1 + g²) one way and 0 the other. Two
/// coefficients in 4000 leave 5e-4 by chance.
#[test]
fn granger_sees_the_driver_of_an_autoregression() {
    let gain = 0.8;
    let x: Vec<f64> = (0..4000).map(noise).collect();
    let next = |y: &mut f64, t: usize| {
        let now = *y;
        *y = 0.5 * now + gain * noise(t) + noise(1_000_000 + t);
        Some(now)
    };
    let y = (0..4000).scan(0.0, next).collect();
    let found = channels(Definitions::Standard, &[x, y]);
    let measure = (1.0 + gain * gain).ln();
    close(causal(&found, "granger_score_max"), measure, 0.05, "x → y");
    close(causal(&found, "granger_score_mean"), 0.5 * measure, 0.05, "nothing back");
    close(causal(&found, "granger_score_asymmetry"), measure, 0.05, "one way");
    // A Gaussian of that correlation would carry ½ ln(1 + g²) nats; three bins see a part of it.
    let most = causal(&found, "transfer_entropy_max").unwrap();
    assert!(most > 0.25 * 0.5 * measure && most < 0.5 * measure, "{most}");
    close(causal(&found, "transfer_entropy_mean"), 0.5 * most, 0.05, "nothing back");
}

/// x[t+1] = f(x[t]), y[t+1] = f((1 − ε) y[t] + ε x[t]), f(z) = 3.8 z (1 − z): information goes one way.
/// Swapped channels swap the direction and leave the features.
#[test]
fn coupled_logistic_maps_have_one_direction() {
    let map = |z: f64| 3.8 * z * (1.0 - z);
    let run = |coupling: f64| {
        let (mut x, mut y) = (0.3, 0.61);
        let mut series = [Vec::new(), Vec::new()];
        for _ in 0..2100 {
            (x, y) = (map(x), map((1.0 - coupling) * y + coupling * x));
            series[0].push(x);
            series[1].push(y);
        }
        series.map(|s| s[100..].to_vec())
    };
    for (coupling, measure) in [0.1, 0.2, 0.3]
        .into_iter()
        .flat_map(|coupling| ["transfer_entropy", "granger_score"].map(|m| (coupling, m)))
    {
        let found = channels(Definitions::Standard, &run(coupling));
        let [mean, max, asymmetry] = ["mean", "max", "asymmetry"]
            .map(|k| causal(&found, &format!("{measure}_{k}")).unwrap());
        let other = 2.0 * mean - max;
        assert!(max > 0.04 && other.abs() < 0.1 * max, "{measure}: {max} and {other}");
        assert!((asymmetry - (max - other)).abs() < 1e-12, "{measure}");
    }
    let driven = run(0.2);
    let found = channels(Definitions::Standard, &driven);
    let swapped = channels(Definitions::Standard, &[driven[1].clone(), driven[0].clone()]);
    for ((name, a), (_, b)) in found.iter().zip(&swapped).filter(|((_, a), _)| a.is_ok()) {
        close(*b, a.unwrap(), 1e-9, name);
    }
    // Without coupling there is nothing to see.
    let alone = channels(Definitions::Standard, &run(0.0));
    for measure in ["transfer_entropy_max", "granger_score_max"] {
        assert!(causal(&alone, measure).unwrap() < 0.02, "{measure}");
    }
    // A map forgets where it came from: forward it is predicted, backward it is not.
    assert!(causal(&found, "pred_error_ratio_lag1").unwrap() < 0.3);
    assert!(causal(&found, "pred_error_diff_lag1").unwrap() < -0.2);
}

/// A fair coin repeated a step later: one bit, one way.
#[test]
fn a_coin_and_its_echo() {
    let coin: Vec<f64> = (0..4000).map(|t| f64::from(u8::from(noise(t) > 0.0))).collect();
    let echo = [vec![0.0], coin[..3999].to_vec()].concat();
    for definitions in [Definitions::Standard, Definitions::Compat] {
        let found = channels(definitions, &[coin.clone(), echo.clone()]);
        close(causal(&found, "transfer_entropy_max"), LN_2, 2e-3, "x → y");
        close(causal(&found, "transfer_entropy_mean"), 0.5 * LN_2, 2e-3, "nothing back");
        let difference =
            if definitions == Definitions::Compat { LN_2 / 2.0_f64.sqrt() } else { LN_2 };
        close(causal(&found, "transfer_entropy_asymmetry"), difference, 2e-3, "spread of two");
        if definitions == Definitions::Standard {
            // The echo leaves no error at all; the coin's own past says nothing.
            close(causal(&found, "granger_score_max"), 0.0, 5e-3, "y → x is left");
        }
    }
}

/// A reversible process has no direction of time, white or not.
#[test]
fn autoregressions_are_reversible() {
    for phi in [0.0, 0.8] {
        let next = |y: &mut f64, k: usize| {
            *y = phi * *y + noise(k);
            Some(*y)
        };
        let series = [0, 10_000].map(|k| (k..k + 2000).scan(0.0, next).collect());
        let found = channels(Definitions::Standard, &series);
        for lag in [1, 2] {
            close(causal(&found, &format!("pred_error_ratio_lag{lag}")), 1.0, 0.05, "errors");
            close(causal(&found, &format!("pred_error_diff_lag{lag}")), 0.0, 0.5, "errors");
            let most = causal(&found, &format!("lag_corr_asymmetry_max_lag{lag}")).unwrap();
            assert!(most < 0.2, "independent channels: {most}");
        }
        close(causal(&found, "time_asymmetry_index"), 0.0, 1.0, "symmetric steps");
        close(causal(&found, "transfer_entropy_max"), 0.0, 0.05, "no transfer");
        close(causal(&found, "granger_score_max"), 0.0, 0.05, "no transfer");
    }
}
