//! Means and variances over realizations, pixel by pixel.
//!
//! Under `standard` a number that is not finite is left out; under `compat` every number counts.

use super::Method;
use crate::render::Ensemble;

/// Mean of channel `c` over the realizations, `[H, W]`, NaN where there is no number; and how many
/// numbers each pixel has.
pub fn mean(ensemble: &Ensemble<'_>, c: usize, method: Method) -> (Vec<f64>, Vec<f64>) {
    let (mut mean, mut count) = (vec![0.0; ensemble.area()], vec![0.0; ensemble.area()]);
    for m in 0..ensemble.realizations {
        for ((sum, n), x) in mean.iter_mut().zip(&mut count).zip(ensemble.channel(m, c)) {
            let taken = method.takes(*x);
            *sum += if taken { f64::from(*x) } else { 0.0 };
            *n += f64::from(u8::from(taken));
        }
    }
    for (sum, n) in mean.iter_mut().zip(&count) {
        *sum /= n;
    }
    (mean, count)
}

/// Unbiased variance of channel `c` over the realizations, `Σ_m (x − μ)² / (n − 1)`, `[H, W]`, NaN where
/// there are fewer than two numbers. Two passes, so that a large common offset does no harm.
pub fn variance(ensemble: &Ensemble<'_>, c: usize, method: Method) -> Vec<f64> {
    let (mean, count) = mean(ensemble, c, method);
    let mut squares = vec![0.0; mean.len()];
    for m in 0..ensemble.realizations {
        for ((sum, mean), x) in squares.iter_mut().zip(&mean).zip(ensemble.channel(m, c)) {
            let apart = f64::from(*x) - mean;
            *sum += if method.takes(*x) { apart * apart } else { 0.0 };
        }
    }
    for (sum, n) in squares.iter_mut().zip(&count) {
        *sum = if *n < 2.0 { f64::NAN } else { *sum / (n - 1.0) };
    }
    squares
}

/// `Σ_c f(v(c))` of the variances of the channels, or why there is none.
pub fn over_channels(
    ensemble: &Ensemble<'_>,
    method: Method,
    f: impl Fn(f64) -> f64,
) -> Result<Vec<f64>, &'static str> {
    if ensemble.realizations < 2 {
        return Err("needs 2 realizations");
    }
    let mut total = vec![0.0; ensemble.area()];
    for c in 0..ensemble.channels {
        for (sum, v) in total.iter_mut().zip(variance(ensemble, c, method)) {
            *sum += f(v);
        }
    }
    if method == Method::Compat && total.iter().any(|v| v.is_nan()) {
        return Err("not finite");
    }
    Ok(total)
}
