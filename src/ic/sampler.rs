//! Draws from the gamma and the Poisson law, the same bits on every machine.
//!
//! Rejection methods with `libm` alone; each call takes as many numbers as it needs from its reader, so
//! a reader belongs to one sequence of draws. It does not know what is counted.

use crate::rng::Draws;

/// A gamma variate of this shape (positive) and scale 1: mean and variance `shape`.
///
/// Marsaglia and Tsang 2000, "A simple method for generating gamma variables", *ACM Trans. Math. Softw.*
/// 26; below shape 1 a variate of shape + 1 times `U^(1/shape)`.
pub fn gamma(draws: &mut Draws, shape: f64) -> f64 {
    if shape < 1.0 {
        let part = libm::exp(libm::log(draws.uniform()) / shape);
        return part * gamma(draws, shape + 1.0);
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = draws.normal();
        let root = 1.0 + c * x;
        if root <= 0.0 {
            continue;
        }
        let v = root * root * root;
        let u = draws.uniform();
        let square = x * x;
        // The first test, a squeeze, settles nearly all.
        if u < 1.0 - 0.0331 * square * square
            || libm::log(u) < 0.5 * square + d * (1.0 - v + libm::log(v))
        {
            return d * v;
        }
    }
}

/// Below this mean counts go by multiplication, above it by rejection.
const FEW: f64 = 10.0;

/// A Poisson count of this mean, which is not negative and at most 10¹¹.
///
/// Small means: uniforms are multiplied until their product falls below `exp(−mean)` (Knuth 1969). Large
/// ones: the transformed rejection PTRS of Hörmann 1993, "The transformed rejection method for
/// generating Poisson random variables", *Insurance: Mathematics and Economics* 12.
pub fn poisson(draws: &mut Draws, mean: f64) -> f64 {
    if mean < FEW {
        let least = libm::exp(-mean);
        let (mut count, mut product) = (0.0, draws.uniform());
        while product > least {
            count += 1.0;
            product *= draws.uniform();
        }
        return count;
    }
    let b = 0.931 + 2.53 * mean.sqrt();
    let a = -0.059 + 0.02483 * b;
    let inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
    let v_r = 0.9277 - 3.6224 / (b - 2.0);
    loop {
        let u = draws.uniform() - 0.5;
        let v = draws.uniform();
        let us = 0.5 - u.abs();
        let k = ((2.0 * a / us + b) * u + mean + 0.43).floor();
        if us >= 0.07 && v <= v_r {
            return k;
        }
        if k < 0.0 || (us < 0.013 && v > us) {
            continue;
        }
        let hat = libm::log(v * inverse_alpha / (a / (us * us) + b));
        if hat <= k * libm::log(mean) - mean - libm::lgamma(k + 1.0) {
            return k;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    /// Mean, variance, third central moment of some draws.
    fn moments(count: u32, mut draw: impl FnMut() -> f64) -> (f64, f64, f64) {
        let values: Vec<f64> = (0..count).map(|_| draw()).collect();
        let n = f64::from(count);
        let mean = values.iter().sum::<f64>() / n;
        let central = |p| values.iter().map(|v| (v - mean).powi(p)).sum::<f64>() / n;
        (mean, central(2), central(3))
    }

    /// The central moments of a gamma law are k, k, 2k; four standard errors from its higher moments
    /// (fourth 3k² + 6k, sixth 15k³ + 130k² + 120k).
    #[test]
    fn gamma_variates_have_their_moments() {
        for (i, k) in [0.2, 0.7, 1.0, 2.5, 40.0].into_iter().enumerate() {
            let mut draws = Stream::new(3, "gamma", &[i as u64]).site(0);
            let n = 400_000;
            let (mean, variance, third) = moments(n, || gamma(&mut draws, k));
            let error = |v: f64| 4.0 * (v / f64::from(n)).sqrt();
            assert!((mean - k).abs() < error(k), "{k}: {mean}");
            assert!((variance - k).abs() < error(2.0 * k * k + 6.0 * k), "{k}: {variance}");
            let sixth = 15.0 * k * k * k + 130.0 * k * k + 120.0 * k;
            assert!((third - 2.0 * k).abs() < error(sixth), "{k}: {third}");
        }
    }

    /// Every count is as frequent as the law says, to four standard errors; on both sides of the change
    /// of method.
    #[test]
    fn poisson_counts_have_their_frequencies() {
        for (i, mean) in [0.3_f64, 4.0, 9.9, 10.1, 30.0, 200.0].into_iter().enumerate() {
            let mut draws = Stream::new(3, "poisson", &[i as u64]).site(0);
            let n = 400_000;
            let mut counts = vec![0.0; 1000];
            for _ in 0..n {
                counts[poisson(&mut draws, mean) as usize] += 1.0;
            }
            let mut log_factorial = 0.0;
            for (k, found) in counts.iter().enumerate() {
                log_factorial += (k.max(1) as f64).ln();
                let p = (k as f64 * mean.ln() - mean - log_factorial).exp();
                let want = p * f64::from(n);
                assert!(
                    (found - want).abs() < 4.5 * want.sqrt() + 5.0,
                    "{mean} {k}: {found} {want}"
                );
            }
        }
        let mut draws = Stream::new(3, "poisson", &[99]).site(0);
        assert_eq!(poisson(&mut draws, 0.0), 0.0);
    }
}
