//! Series in time: what categories of trajectories keep of every state, and what several ask of one.

use super::measured::Outline;
use super::statistics::mean;

/// What single numbers of 32 bits do not resolve, relative to their size: a series that moves by no
/// more than this times the size of the states does not move.
pub const RESOLUTION: f64 = 1.0 / 16_777_216.0;

/// Fewest states for which a nearest neighbour in time means anything.
pub const FEWEST_FOR_ANALOGUES: usize = 20;

/// Values of a delay vector `(y[t], y[t+1], y[t+2])`.
pub const EMBEDDING: usize = 3;

/// K numbers of each channel of each state so far, `[T, C, K]`.
///
/// It is a list of numbers and nothing else, so that an extraction may stop after one state and go on
/// elsewhere from the next.
#[derive(Debug, Clone, Default)]
pub struct Series<const K: usize> {
    /// `[T, C, K]`.
    pub values: Vec<f64>,
}

impl<const K: usize> Series<K> {
    /// Appends the numbers of the next channel, or of the first channel of the next state.
    pub fn push(&mut self, numbers: [f64; K]) {
        self.values.extend(numbers);
    }

    /// Number `which` of `channel` among `channels`, over time.
    pub fn of(&self, channel: usize, channels: usize, which: usize) -> Vec<f64> {
        self.values[channel * K..].iter().skip(which).step_by(channels * K).copied().collect()
    }
}

/// Mean, mean square and variance (divisor n) of a field; NaN where it is not finite. The variance of a
/// constant field is 0 to the bit.
pub fn observe(u: &Outline) -> [f64; 3] {
    if !u.finite {
        return [f64::NAN; 3];
    }
    let m = u.moments;
    let variance = if u.constant { 0.0 } else { m.central[0] };
    [m.mean, variance + m.mean * m.mean, variance]
}

/// Greatest less least value.
pub fn range(y: &[f64]) -> f64 {
    let greatest = y.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    greatest - y.iter().copied().fold(f64::INFINITY, f64::min)
}

/// What is left of `y[t]` without its least-squares line.
pub fn residuals(y: &[f64]) -> Vec<f64> {
    weighted_residuals(y, &vec![1.0; y.len()])
}

/// What is left of `y[t]` without the line that is closest to it with these weights.
pub fn weighted_residuals(y: &[f64], weights: &[f64]) -> Vec<f64> {
    let total: f64 = weights.iter().sum();
    let weighted = |f: &dyn Fn(usize) -> f64| {
        weights.iter().enumerate().map(|(t, w)| w * f(t)).sum::<f64>() / total
    };
    let (middle, level) = (weighted(&|t| t as f64), weighted(&|t| y[t]));
    let away = |t: usize| t as f64 - middle;
    let spread = weighted(&|t| away(t) * away(t));
    let slope = weighted(&|t| away(t) * (y[t] - level)) / spread;
    y.iter().enumerate().map(|(t, v)| v - level - slope * away(t)).collect()
}

/// Where the autocorrelation falls below 1/e, by linear interpolation between lags; nothing if it does
/// not up to `longest`. `r(l) = Σ (y[t] − ȳ)(y[t+l] − ȳ) / Σ (y[t] − ȳ)²`; the series is not constant.
pub fn decay_time(y: &[f64], longest: usize) -> Option<f64> {
    let middle = mean(y);
    let away: Vec<f64> = y.iter().map(|v| v - middle).collect();
    let product = |lag: usize| away.iter().zip(&away[lag..]).map(|(a, b)| a * b).sum::<f64>();
    let (variance, level) = (product(0), (-1.0_f64).exp());
    let mut before = 1.0;
    for lag in 1..=longest.min(y.len() - 1) {
        let here = product(lag) / variance;
        if here < level {
            return Some((lag - 1) as f64 + (before - level) / (before - here));
        }
        before = here;
    }
    None
}

/// Neighbours in time no farther than this are not independent (Theiler 1986): the decay time in whole
/// steps, at least 1 and at most a quarter of the series.
pub fn theiler_window(y: &[f64]) -> usize {
    let longest = y.len() / 4;
    decay_time(y, longest).map_or(longest, |time| time.ceil() as usize).max(1)
}

/// The distance between the delay vectors at `s` and `t`.
pub fn distance(y: &[f64], s: usize, t: usize) -> f64 {
    let squares = (0..EMBEDDING).map(|k| (y[s + k] - y[t + k]) * (y[s + k] - y[t + k]));
    squares.sum::<f64>().sqrt()
}

/// Of each of the first `count` delay vectors the nearest other one of them that is more than `window`
/// steps away in time and farther than `beyond`; the earliest of several.
pub fn analogues(y: &[f64], count: usize, window: usize, beyond: f64) -> Vec<Option<usize>> {
    let nearest = |t: usize| {
        let (mut best, mut least) = (None, f64::INFINITY);
        let early = 0..t.saturating_sub(window).min(count);
        let late = (t + window + 1).min(count)..count;
        for s in early.chain(late) {
            let d = distance(y, s, t);
            if d > beyond && d < least {
                (best, least) = (Some(s), d);
            }
        }
        best
    };
    (0..count).map(nearest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_leaves_nothing_and_weights_do_not_matter_to_it() {
        let y: Vec<f64> = (0..9).map(|t| 3.0 - 0.5 * f64::from(t)).collect();
        let weights: Vec<f64> = (0..9).map(|t| 1.0 + f64::from(t * t)).collect();
        for left in [residuals(&y), weighted_residuals(&y, &weights)] {
            assert!(left.iter().all(|v| v.abs() < 1e-14), "{left:?}");
        }
        let left = weighted_residuals(&[0.0, 1.0, 0.0, 2.0], &[1.0, 3.0, 3.0, 1.0]);
        let moment: f64 = left.iter().zip([1.0, 3.0, 3.0, 1.0]).map(|(r, w)| r * w).sum();
        assert!(moment.abs() < 1e-14);
    }

    /// 1, 0, −1, 0 twice: r(1) = 0 from r(0) = 1, so that 1/e lies at 1 − 1/e.
    #[test]
    fn the_decay_time_lies_between_lags() {
        let y = [1.0, 0.0, -1.0, 0.0, 1.0, 0.0, -1.0, 0.0];
        let time = decay_time(&y, 20).unwrap();
        assert!((time - (1.0 - (-1.0_f64).exp())).abs() < 1e-15);
        assert_eq!(theiler_window(&y), 1);
        let slow: Vec<f64> = (0..50).map(|t| (0.05 * f64::from(t)).cos()).collect();
        assert_eq!(decay_time(&slow, 3), None);
    }

    #[test]
    fn an_analogue_is_near_in_value_and_far_in_time() {
        let y = [0.0, 1.0, 2.0, 0.0, 1.0, 2.0, 0.0, 1.0, 2.0, 0.5, 1.0, 2.0];
        let found = analogues(&y, 10, 2, -1.0);
        assert_eq!((found[0], found[6], found[9]), (Some(3), Some(0), Some(0)));
        assert_eq!(analogues(&y, 10, 2, 0.1)[0], Some(9));
        assert_eq!(analogues(&y, 3, 2, -1.0), [None; 3]);
    }

    #[test]
    fn numbers_come_back_by_channel() {
        let mut series = Series::<2>::default();
        for k in 0..6 {
            series.push([f64::from(k), -f64::from(k)]);
        }
        assert_eq!(series.of(1, 2, 0), [1.0, 3.0, 5.0]);
        assert_eq!(series.of(0, 2, 1), [0.0, -2.0, -4.0]);
    }
}
