//! The accepted definitions.

use rustfft::FftPlanner;
use rustfft::num_complex::Complex;

use super::{Observed, ROWS};
use crate::features::feature::quotient;
use crate::features::series::{
    EMBEDDING, FEWEST_FOR_ANALOGUES, RESOLUTION, analogues, decay_time, distance, range, residuals,
    theiler_window, weighted_residuals,
};
use crate::features::statistics::{mean, slope};
use crate::features::{Undefined, Value};

/// All features of two states or more.
pub(super) fn values(observed: &Observed) -> [Value; ROWS.len()] {
    let Observed { mean: y, energy, variance, .. } = observed;
    let n = observed.area;
    let greatest = energy.iter().copied().fold(0.0, f64::max);
    let floor = RESOLUTION * greatest.sqrt();
    let logs = |series: &[f64], scale: f64| {
        if series.iter().all(|v| *v > 0.0) {
            Ok(series.iter().map(|v| (v * scale).ln()).collect::<Vec<_>>())
        } else {
            Err(Undefined::ConstantField)
        }
    };
    let log_energy = logs(energy, 1.0);
    let enough = |fewest: usize| {
        if y.len() < fewest { Err(Undefined::ShortSeries) } else { Ok(()) }
    };
    let moves = |fewest: usize| {
        enough(fewest)?;
        if range(y) > floor { Ok(()) } else { Err(Undefined::ConstantSeries) }
    };
    // A square moves by twice what its root does.
    let frequency = enough(4).and_then(|()| dominant(energy, 2.0 * RESOLUTION * greatest));
    let left = || sum_of_squares(&residuals(y));
    [
        log_energy.as_ref().map(|logs| slope(logs)).map_err(|e| *e),
        enough(3).and(log_energy.as_ref().map(|logs| acceleration(logs)).map_err(|e| *e)),
        logs(variance, n / (n - 1.0)).map(|logs| slope(&logs)),
        frequency,
        enough(3).map(|()| (2.0 * sum_of_squares(&residuals(energy)) / y.len() as f64).sqrt()),
        frequency.map(|f| 1.0 / f),
        moves(3).and_then(|()| decay_time(y, observed.longest).ok_or(Undefined::Undetermined)),
        moves(FEWEST_FOR_ANALOGUES).and_then(|()| lyapunov(y, floor)),
        moves(3).map(|()| smoothness(y)),
        enough(3).map(|()| switches(y, floor)),
        quotient(energy[y.len() - 1], energy[0], 0.0),
        moves(3).map(|()| {
            let middle = mean(y);
            1.0 - left() / y.iter().map(|v| (v - middle) * (v - middle)).sum::<f64>()
        }),
        enough(3).map(|()| left() / (y.len() - 2) as f64),
    ]
}

fn sum_of_squares(values: &[f64]) -> f64 {
    values.iter().map(|v| v * v).sum()
}

/// Twice the leading coefficient of the least-squares parabola.
fn acceleration(y: &[f64]) -> f64 {
    let middle = 0.5 * (y.len() - 1) as f64;
    let square = |t: usize| (t as f64 - middle) * (t as f64 - middle);
    let level = (0..y.len()).map(square).sum::<f64>() / y.len() as f64;
    let (mut top, mut bottom) = (0.0, 0.0);
    for (t, v) in y.iter().enumerate() {
        // What of t² is neither constant nor linear.
        let bend = square(t) - level;
        top += bend * v;
        bottom += bend * bend;
    }
    2.0 * top / bottom
}

/// Frequency of the greatest periodogram, in cycles per step. Eight places to a cycle per trajectory
/// find a peak to within a half percent of its power; the peaks that are so near the greatest are then
/// climbed.
fn dominant(energy: &[f64], floor: f64) -> Value {
    let steps = energy.len();
    let weights: Vec<f64> = (0..steps)
        .map(|t| (std::f64::consts::PI * (t as f64 + 0.5) / steps as f64).sin().powi(2))
        .collect();
    let left = weighted_residuals(energy, &weights);
    if left.iter().all(|r| r.abs() <= floor) {
        return Err(Undefined::ConstantSeries);
    }
    let tapered: Vec<f64> = left.iter().zip(&weights).map(|(r, w)| r * w).collect();
    let (fine, first) = (8 * steps, 8);
    let mut modes = vec![Complex::default(); fine];
    for (mode, v) in modes.iter_mut().zip(&tapered) {
        mode.re = *v;
    }
    FftPlanner::new().plan_fft_forward(fine).process(&mut modes);
    let power: Vec<f64> = modes[first..=fine / 2].iter().map(Complex::norm_sqr).collect();
    let greatest = power.iter().copied().fold(0.0, f64::max);
    let exact = |f: f64| {
        let turn = std::f64::consts::TAU * f;
        let wave = |(t, v): (usize, &f64)| Complex::from_polar(*v, -turn * t as f64);
        tapered.iter().enumerate().map(wave).sum::<Complex<f64>>().norm_sqr()
    };
    let (mut best, mut most) = (0.0, 0.0);
    for (k, here) in power.iter().enumerate() {
        let around = [k.saturating_sub(1), (k + 1).min(power.len() - 1)];
        if *here < 0.98 * greatest || around.iter().any(|j| power[*j] > *here) {
            continue;
        }
        let [low, high] = around.map(|j| (first + j) as f64 / fine as f64);
        let f = argmax(exact, low, high);
        let peak = exact(f);
        if peak > most {
            (best, most) = (f, peak);
        }
    }
    Ok(best)
}

/// Where a function with one maximum between two places has it, by golden section (Kiefer 1953), to the
/// root of rounding.
fn argmax(f: impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    let golden = 0.5 * (5.0_f64.sqrt() - 1.0);
    let (mut a, mut b) = (high - golden * (high - low), low + golden * (high - low));
    let (mut at_a, mut at_b) = (f(a), f(b));
    while high - low > 1e-9 * high {
        if at_a < at_b {
            (low, a, at_a) = (a, b, at_b);
            b = low + golden * (high - low);
            at_b = f(b);
        } else {
            (high, b, at_b) = (b, a, at_a);
            a = high - golden * (high - low);
            at_a = f(a);
        }
    }
    0.5 * (low + high)
}

/// How fast neighbours of the delay embedding part, per step.
fn lyapunov(y: &[f64], floor: f64) -> Value {
    const FOLLOWED: usize = 4;
    const FEWEST_PAIRS: usize = 10;
    let count = y.len() - (EMBEDDING - 1) - FOLLOWED;
    let mut parting = [0.0; FOLLOWED + 1];
    let mut pairs = 0;
    for (i, j) in analogues(y, count, theiler_window(y), floor).into_iter().enumerate() {
        let Some(j) = j else { continue };
        let apart: [f64; FOLLOWED + 1] = std::array::from_fn(|k| distance(y, i + k, j + k));
        if apart.iter().all(|d| *d > floor) {
            parting.iter_mut().zip(apart).for_each(|(sum, d)| *sum += d.ln());
            pairs += 1;
        }
    }
    if pairs < FEWEST_PAIRS {
        return Err(Undefined::Undetermined);
    }
    Ok(slope(&parting) / f64::from(pairs as u32))
}

/// `½ (1 + ρ)`, ρ the correlation of a step with the next.
fn smoothness(y: &[f64]) -> f64 {
    let (mut top, mut bottom) = (0.0, 0.0);
    for w in y.windows(3) {
        let (a, b) = (w[1] - w[0], w[2] - w[1]);
        top += 2.0 * a * b;
        bottom += a * a + b * b;
    }
    0.5 * (1.0 + top / bottom)
}

/// Passages between high and low, with hysteresis.
fn switches(y: &[f64], floor: f64) -> f64 {
    let middle = mean(y);
    let away: Vec<f64> = y.iter().map(|v| v - middle).collect();
    let band = 0.5 * (sum_of_squares(&away) / y.len() as f64).sqrt();
    let decided = away.iter().filter(|v| v.abs() > band.max(floor));
    let high: Vec<bool> = decided.map(|v| *v > 0.0).collect();
    high.windows(2).filter(|w| w[0] != w[1]).count() as f64
}
