//! Transfer entropy between two series: what `x[t]` says about `y[t+1]` beyond `y[t]`, in
//! nats.

use crate::features::series::range;
use crate::features::statistics::mean;

/// How often the source is shifted.
const SHIFTS: usize = 19;

/// Transfer entropy x → y of symbols of equal counts, less its mean over the source shifted circularly
/// by `q/20` of the series: shifted, a source keeps its own order and says nothing about y, so that what
/// is left there is the bias of the estimate (Marschinski and Kantz 2002, with shifts for shuffles).
pub(super) fn effective(x: &[f64], y: &[f64], bins: usize) -> f64 {
    let (source, target) = (ranked(x, bins), ranked(y, bins));
    let transitions = y.len() - 1;
    let mut counts = Counts::new(bins);
    let mut shifted =
        |shift: usize| counts.transfer(&target, |t| source[(t + shift) % transitions]);
    let surrogates: Vec<f64> =
        (1..=SHIFTS).map(|q| shifted(q * transitions / (SHIFTS + 1))).collect();
    shifted(0) - mean(&surrogates)
}

/// The same of bins of equal width, as the Python reference means it: no correction, and a last bin for
/// the maximum alone, which rounding to 32 bits puts there.
pub(super) fn compat(x: &[f64], y: &[f64], bins: usize) -> f64 {
    let source = spaced(x, bins);
    Counts::new(bins).transfer(&spaced(y, bins), |t| source[t])
}

/// Bins of equal counts; equal values share the one of their mean rank.
fn ranked(y: &[f64], bins: usize) -> Vec<usize> {
    let mut sorted = y.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let rank = |v: &f64| {
        let (below, upto) = (sorted.partition_point(|s| s < v), sorted.partition_point(|s| s <= v));
        // Twice the mean rank of the ties, counted from their middle: below T, above 0.
        (below + upto) * bins / (2 * y.len())
    };
    y.iter().map(rank).collect()
}

fn spaced(y: &[f64], bins: usize) -> Vec<usize> {
    let least = y.iter().copied().fold(f64::INFINITY, f64::min);
    let width = range(y) as f32 + 1e-8;
    let bin = |v: &f64| ((bins - 1) as f32 * (v - least) as f32 / width) as usize;
    y.iter().map(|v| bin(v).min(bins - 1)).collect()
}

/// How often each `(y[t+1], y[t], x[t])` occurs.
struct Counts {
    bins: usize,
    cells: Vec<u32>,
}

impl Counts {
    fn new(bins: usize) -> Self {
        Self { bins, cells: vec![0; bins * bins * bins] }
    }

    /// `Σ p(y', y, x) ln [p(y', y, x) p(y) / (p(y, x) p(y', y))]` of relative frequencies.
    fn transfer(&mut self, target: &[usize], source: impl Fn(usize) -> usize) -> f64 {
        let b = self.bins;
        self.cells.fill(0);
        for (t, pair) in target.windows(2).enumerate() {
            self.cells[(pair[0] * b + source(t)) * b + pair[1]] += 1;
        }
        let mut sum = 0.0;
        for now in self.cells.chunks_exact(b * b) {
            let after = |next: usize| now.iter().skip(next).step_by(b).sum::<u32>();
            let after: Vec<u32> = (0..b).map(after).collect();
            let total: u32 = after.iter().sum();
            for with in now.chunks_exact(b) {
                let both: u32 = with.iter().sum();
                for (count, after) in with.iter().zip(&after).filter(|(count, _)| **count > 0) {
                    let odds = f64::from(*count) * f64::from(total);
                    sum += f64::from(*count) * (odds / (f64::from(both) * f64::from(*after))).ln();
                }
            }
        }
        sum / (target.len() - 1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_counts_and_ties_in_the_middle() {
        assert_eq!(ranked(&[5.0, -1.0, 3.0, 9.0, 4.0, 0.0], 3), [2, 0, 1, 2, 1, 0]);
        assert_eq!(ranked(&[0.0, 1.0, 1.0, 0.0], 3), [0, 2, 2, 0]);
        assert_eq!(ranked(&[2.0; 4], 3), [1; 4]);
    }

    #[test]
    fn the_reference_keeps_a_bin_for_the_maximum() {
        let y: Vec<f64> = (0..9).map(|k| 0.125 * f64::from(k)).collect();
        assert_eq!(spaced(&y, 3), [0, 0, 0, 0, 1, 1, 1, 1, 2]);
        assert_eq!(spaced(&[1.0; 3], 3), [0; 3]);
    }
}
