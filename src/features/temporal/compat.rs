//! As the Python reference has it.

use rustfft::FftPlanner;
use rustfft::num_complex::Complex;

use super::{Observed, ROWS};
use crate::features::series::{range, residuals};
use crate::features::statistics::{mean, slope, variance};
use crate::features::{Undefined, Value};

const EPSILON: f64 = 1e-8;

/// All features of two states or more.
pub(super) fn values(observed: &Observed) -> [Value; ROWS.len()] {
    let y = &observed.mean;
    let n = observed.area;
    let energy: Vec<f64> = observed.energy.iter().map(|e| e * n).collect();
    let growth = |series: &[f64], scale: f64| {
        slope(&series.iter().map(|v| (scale * v + EPSILON).ln()).collect::<Vec<_>>())
    };
    // The variance with divisor n − 1 of one pixel is none.
    let spread = if n > 1.0 {
        Ok(growth(&observed.variance, n / (n - 1.0)))
    } else {
        Err(Undefined::ConstantField)
    };
    let steps: Vec<f64> = y.windows(2).map(|w| w[1] - w[0]).collect();
    let bends = |series: &[f64]| {
        series.windows(3).map(|w| (w[2] - 2.0 * w[1] + w[0]).abs()).collect::<Vec<_>>()
    };
    let frequency = dominant(&energy);
    let sign = |d: f64| if d == 0.0 { 0.0 } else { d.signum() };
    let left = residuals(y);
    let squares = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>();
    let total = variance(y) * (y.len() - 1) as f64;
    let bent = bends(&energy);
    [
        Ok(growth(&energy, 1.0)),
        if bent.is_empty() { Err(Undefined::ShortSeries) } else { Ok(mean(&bent)) },
        spread,
        Ok(frequency),
        Ok(range(&energy)),
        Ok(1.0 / (frequency + EPSILON)),
        Ok(decay_lag(y, observed.longest) as f64),
        Ok(mean(&steps.iter().map(|d| (d.abs() + EPSILON).ln()).collect::<Vec<_>>())),
        Ok(bends(y).iter().sum()),
        Ok(steps.windows(2).filter(|w| sign(w[0]) != sign(w[1])).count() as f64),
        Ok((y[y.len() - 1].abs() + EPSILON) / (y[0].abs() + EPSILON)),
        Ok((1.0 - squares(&left) / (total + EPSILON)).clamp(0.0, 1.0)),
        Ok(variance(&left)),
    ]
}

/// `k/T` at the first maximum of the periodogram over k ≥ 1; 1/T of a constant series.
fn dominant(energy: &[f64]) -> f64 {
    let (steps, middle) = (energy.len(), mean(energy));
    if range(energy) == 0.0 {
        return 1.0 / steps as f64;
    }
    let mut modes: Vec<_> = energy.iter().map(|e| Complex::new(e - middle, 0.0)).collect();
    FftPlanner::new().plan_fft_forward(steps).process(&mut modes);
    let mut best = 1;
    for k in 2..=steps / 2 {
        if modes[k].norm_sqr() > modes[best].norm_sqr() {
            best = k;
        }
    }
    best as f64 / steps as f64
}

/// The least lag below `longest` with `r < 1/e`, else `longest`; r is 0 from lag T on.
fn decay_lag(y: &[f64], longest: usize) -> usize {
    let middle = mean(y);
    let away: Vec<f64> = y.iter().map(|v| v - middle).collect();
    let product =
        |lag: usize| away.iter().zip(away.iter().skip(lag)).map(|(a, b)| a * b).sum::<f64>();
    let level = (product(0) + EPSILON) * (-1.0_f64).exp();
    (0..longest).find(|lag| product(*lag) < level).unwrap_or(longest)
}
