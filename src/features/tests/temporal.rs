//! `temporal`: the analytic vectors, what is undefined, and what must not change.

use std::f64::consts::LN_2;

use super::golden::{LONG, rollout_of};
use super::{Rows, close, field, moved, rows, settings, uniform, value};
use crate::features::{Definitions, Settings, Shape, Undefined, Value};

/// `features.md` of the Python reference's description: `u = a[t] (1 + cos(2π 2j/8))`, N = T = 8,
/// series A B C D.
const COMPAT: [(&str, [f64; 4]); 13] = [
    ("energy_growth_rate", [-2.0 * LN_2, 0.550_535_5, -0.090_930_6, 0.0]),
    ("energy_growth_accel", [11.997_07, 192.0, 448.0, 0.0]),
    ("variance_growth_rate", [-1.386_26, 0.550_535_5, -0.090_930_6, 0.0]),
    ("temporal_freq_dominant", [0.125, 0.125, 0.25, 0.125]),
    ("oscillation_amplitude", [95.994_141, 6048.0, 768.0, 0.0]),
    ("oscillation_period", [8.0, 8.0, 4.0, 8.0]),
    ("autocorr_decay_time", [2.0, 2.0, 1.0, 0.0]),
    ("lyapunov_approx", [-4.0 * LN_2, 0.0, 0.0, -18.420_681]),
    ("trajectory_smoothness", [0.492_187_5, 0.0, 6.0, 0.0]),
    ("regime_switches", [0.0, 0.0, 3.0, 0.0]),
    ("final_to_initial_ratio", [1.0 / 128.0, 8.0, 2.0 / 3.0, 1.0]),
    ("trend_strength", [0.723_249_3, 1.0, 2.0 / 21.0, 1.0]),
    ("detrended_variance", [0.033_099_8, 0.0, (4.0 - 8.0 / 21.0) / 7.0, 0.0]),
];

fn amplitude(series: char, t: i32) -> f64 {
    match series {
        'A' => 0.5_f64.powi(t),
        'B' => f64::from(1 + t),
        'C' => [3.0, 2.0, 1.0, 2.0][t as usize % 4],
        _ => 1.0,
    }
}

fn vector(series: char, definitions: Definitions) -> Rows {
    let shape = Shape { steps: 8, channels: 1, height: 8, width: 8 };
    let wave = field("X2", 8);
    let state =
        |t: i32| wave.iter().map(move |v| (amplitude(series, t) * f64::from(1.0 + v)) as f32);
    rows("temporal", &settings(definitions), shape, &(0..8).flat_map(state).collect::<Vec<_>>())
}

/// The standard features of uniform fields that follow a series.
fn follow(y: impl Iterator<Item = f64>) -> Rows {
    let (shape, states) = uniform(&[y.collect()]);
    rows("temporal", &settings(Definitions::Standard), shape, &states)
}

#[test]
fn compat_gives_the_analytic_vectors() {
    for (at, series) in ['A', 'B', 'C', 'D'].into_iter().enumerate() {
        let rows = vector(series, Definitions::Compat);
        for (feature, wanted) in COMPAT {
            // The epsilons, and as many digits as are given.
            close(value(&rows, feature), wanted[at], 1e-5, &format!("{feature} of {series}"));
        }
    }
}

/// Closed forms. With s = t − 7/2, the parabola's part of eight points is s² − 21/4 = 7, 1, −3, −5 and
/// back, with sum of squares 168; E = (3/2) a².
#[test]
fn standard_gives_closed_forms() {
    let of = |series| {
        let rows = vector(series, Definitions::Standard);
        move |feature: &str| value(&rows, feature)
    };
    let (decay, ramp, wave, flat) = (of('A'), of('B'), of('C'), of('D'));
    let ln = f64::ln;
    close(decay("energy_growth_rate"), -2.0 * LN_2, 1e-12, "4^−t");
    close(decay("variance_growth_rate"), -2.0 * LN_2, 1e-12, "4^−t, nothing added");
    close(decay("energy_growth_accel"), 0.0, 1e-12, "ln E is a line");
    let bend = 7.0 * ln(8.0) + ln(14.0) - 3.0 * ln(18.0) - 5.0 * ln(20.0);
    close(ramp("energy_growth_accel"), bend / 42.0, 1e-12, "2 ln(1 + t)");
    close(wave("energy_growth_accel"), ln(3.0) / 21.0, 1e-12, "2 ln (3, 2, 1, 2, …)");
    // E = (3/2)(1 + t)² leaves 3/2 of the parabola's part.
    close(ramp("oscillation_amplitude"), 94.5_f64.sqrt(), 1e-12, "√(2 (9/4) 168/8)");
    close(flat("oscillation_amplitude"), 0.0, 1e-12, "nothing moves");
    // r = 1, 5/8, 23/84 of a ramp, 1, 0 of the wave.
    let level = (-1.0_f64).exp();
    let crossing = 1.0 + (0.625 - level) / (0.625 - 23.0 / 84.0);
    close(ramp("autocorr_decay_time"), crossing, 1e-12, "a ramp");
    close(wave("autocorr_decay_time"), 1.0 - level, 1e-12, "the wave");
    // Steps that halve: 2 · ½/(1 + ¼) = 4/5. Steps −−++−−+: as many products of either sign.
    close(decay("trajectory_smoothness"), 0.9, 1e-12, "halving");
    close(ramp("trajectory_smoothness"), 1.0, 1e-12, "a line");
    close(wave("trajectory_smoothness"), 0.5, 1e-12, "the wave");
    for (rows, switches) in [(&decay as &dyn Fn(&str) -> Value, 1.0), (&ramp, 1.0), (&flat, 0.0)] {
        assert_eq!(rows("regime_switches"), Ok(switches));
    }
    assert_eq!(wave("regime_switches"), Ok(3.0), "3 | 1 | 3 | 1");
    close(decay("final_to_initial_ratio"), 0.25_f64.powi(7), 1e-12, "energy");
    close(wave("final_to_initial_ratio"), 4.0 / 9.0, 1e-12, "energy");
    close(ramp("trend_strength"), 1.0, 1e-12, "a line");
    close(wave("trend_strength"), 2.0 / 21.0, 1e-12, "R²");
    close(wave("detrended_variance"), (4.0 - 8.0 / 21.0) / 6.0, 1e-12, "divisor T − 2");
    close(wave("temporal_freq_dominant"), 0.25, 0.05, "a period of four, in eight states");
    let (f, period) =
        (wave("temporal_freq_dominant").unwrap(), wave("oscillation_period").unwrap());
    assert_eq!(1.0 / f, period);
}

#[test]
fn what_is_not_there_has_a_reason() {
    use Undefined::{
        ConstantField, ConstantSeries, NonFinite, ShortSeries, SingleStep, Undetermined,
    };
    let all = |rows: &Rows, reason| rows.iter().all(|(_, v)| *v == Err(reason));
    for definitions in [Definitions::Standard, Definitions::Compat] {
        let of = |y: &[f64]| {
            let (shape, states) = uniform(&[y.to_vec()]);
            rows("temporal", &settings(definitions), shape, &states)
        };
        assert!(all(&of(&[1.0]), SingleStep));
        assert!(all(&of(&[1.0, 2.0, f64::NAN, 4.0]), NonFinite));
        assert!(all(&of(&[f64::INFINITY, 2.0]), NonFinite));
        assert_eq!(value(&of(&[1.0, 2.0]), "energy_growth_accel"), Err(ShortSeries));
    }
    let two = follow([1.0, 2.0].into_iter());
    let short = ["energy_growth_accel", "temporal_freq_dominant", "oscillation_amplitude"];
    let shorter = ["oscillation_period", "autocorr_decay_time", "lyapunov_approx"];
    let shortest =
        ["trajectory_smoothness", "regime_switches", "trend_strength", "detrended_variance"];
    for feature in short.iter().chain(&shorter).chain(&shortest) {
        assert_eq!(value(&two, feature), Err(ShortSeries), "{feature}");
    }
    close(value(&two, "energy_growth_rate"), 2.0 * LN_2, 1e-12, "two states have a slope");
    assert_eq!(value(&follow((0..3).map(f64::from)), "temporal_freq_dominant"), Err(ShortSeries));
    assert_eq!(value(&follow((0..19).map(f64::from)), "lyapunov_approx"), Err(ShortSeries));

    let still = follow([1.5; 30].into_iter());
    for feature in ["temporal_freq_dominant", "oscillation_period", "autocorr_decay_time"] {
        assert_eq!(value(&still, feature), Err(ConstantSeries), "{feature}");
    }
    for feature in ["lyapunov_approx", "trajectory_smoothness", "trend_strength"] {
        assert_eq!(value(&still, feature), Err(ConstantSeries), "{feature}");
    }
    assert_eq!(value(&still, "detrended_variance"), Ok(0.0));
    assert_eq!(value(&still, "variance_growth_rate"), Err(ConstantField));
    // An energy on a line has no frequency either.
    let line = follow((0..30).map(|t| f64::from(4 + t).sqrt()));
    assert_eq!(value(&line, "temporal_freq_dominant"), Err(ConstantSeries));
    // Rounding of the states is no motion.
    let shaken = follow((0..30).map(|t| if t % 3 == 0 { 1.0 } else { 1.0 - 2.0_f64.powi(-24) }));
    assert_eq!(value(&shaken, "trend_strength"), Err(ConstantSeries));

    let woken = follow((0..30).map(f64::from));
    assert_eq!(value(&woken, "energy_growth_rate"), Err(ConstantField));
    assert_eq!(value(&woken, "energy_growth_accel"), Err(ConstantField));
    assert_eq!(value(&woken, "final_to_initial_ratio"), Err(Undefined::ZeroDenominator));

    // A slow wave forgets later than the longest lag; a single impulse has no neighbours that part.
    let (shape, states) = uniform(&[(0..50).map(|t| (0.05 * f64::from(t)).cos()).collect()]);
    let hasty = Settings { autocorr_max_lag: 3, ..settings(Definitions::Standard) };
    let found = rows("temporal", &hasty, shape, &states);
    assert_eq!(value(&found, "autocorr_decay_time"), Err(Undetermined));
    let impulse = follow((0..30).map(|t| if t == 0 { 1.0 } else { 0.0 }));
    assert_eq!(value(&impulse, "lyapunov_approx"), Err(Undetermined));
}

/// Space does not matter, nor the order of channels; a factor and an offset do as the formulas say.
#[test]
fn invariances_hold() {
    let states = rollout_of(LONG, 3);
    let same = |a: &Rows, b: &Rows, but: &[&str], tolerance: f64| {
        for ((name, want), (_, got)) in a.iter().zip(b) {
            if !but.contains(&name.as_str()) {
                close(*got, want.unwrap(), tolerance, name);
            }
        }
    };
    let n = LONG.height;
    // A maximum is found to the root of rounding.
    for definitions in [Definitions::Standard, Definitions::Compat] {
        let of = |states: &[f32]| rows("temporal", &settings(definitions), LONG, states);
        let plain = of(&states);
        let turns: [&dyn Fn(usize, usize) -> (usize, usize); 3] =
            [&|i, j| ((i + 3) % n, (j + 5) % n), &|i, j| (j, i), &|i, j| (j, n - 1 - i)];
        for from in turns {
            same(&plain, &of(&moved(LONG, &states, (n, n), from).1), &[], 1e-7);
        }
        let rotated: Vec<f32> = states
            .chunks_exact(LONG.state())
            .flat_map(|state| state[LONG.area()..].iter().chain(&state[..LONG.area()]).copied())
            .collect();
        same(&plain, &of(&rotated), &[], 1e-7);
    }
    let of = |states: &[f32]| rows("temporal", &settings(Definitions::Standard), LONG, states);
    let plain = of(&states);
    let scaled = of(&states.iter().map(|v| -4.0 * v).collect::<Vec<_>>());
    let squares = ["oscillation_amplitude", "detrended_variance"];
    same(&plain, &scaled, &squares, 1e-7);
    for name in squares {
        close(value(&scaled, name), 16.0 * value(&plain, name).unwrap(), 1e-9, name);
    }
    // An offset of 2 rounds the states to 1e-7.
    let lifted = of(&states.iter().map(|v| v + 2.0).collect::<Vec<_>>());
    let energies = [
        "energy_growth_rate",
        "energy_growth_accel",
        "temporal_freq_dominant",
        "oscillation_amplitude",
        "oscillation_period",
        "final_to_initial_ratio",
    ];
    same(&plain, &lifted, &energies, 1e-5);
}
