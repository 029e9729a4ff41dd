//! Statistics of one column of a table, over the values that are there.
//!
//! NaN marks a value that is not there (undefined, or not requested) and is counted, never averaged.
//! Sums run in order, in 64 bits: the same bytes on every machine.

use super::statistics::{mean, median};

/// Names of the statistics, in the order of [`Summary::numbers`].
pub const STATISTICS: [&str; 8] =
    ["count", "nan_count", "mean", "std", "min", "max", "median", "mad"];

/// What is said of a column. NaN where it does not exist: all but the counts of no values, and `std` of
/// one value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// Values that are there.
    pub count: usize,
    /// Values that are not.
    pub nan_count: usize,
    /// Mean.
    pub mean: f64,
    /// Standard deviation with divisor n − 1.
    pub std: f64,
    /// Least.
    pub min: f64,
    /// Greatest.
    pub max: f64,
    /// Median; of an even count the mean of the two middle values.
    pub median: f64,
    /// Median absolute deviation from the median, not scaled to a normal law.
    pub mad: f64,
}

impl Summary {
    /// Of these values, which it puts in another order.
    pub fn of(values: &[f32]) -> Self {
        let mut own = present(values);
        let (count, nan_count) = (own.len(), values.len() - own.len());
        if own.is_empty() {
            let [mean, std, min, max, median, mad] = [f64::NAN; 6];
            return Self { count, nan_count, mean, std, min, max, median, mad };
        }
        let (mean, std) = mean_and_std(&own);
        let min = own.iter().copied().fold(f64::INFINITY, f64::min);
        let max = own.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let middle = median(&mut own);
        for v in &mut own {
            *v = (*v - middle).abs();
        }
        let mad = median(&mut own);
        Self { count, nan_count, mean, std, min, max, median: middle, mad }
    }

    /// All of them, in the order of [`STATISTICS`].
    pub fn numbers(&self) -> [f64; 8] {
        [
            self.count as f64,
            self.nan_count as f64,
            self.mean,
            self.std,
            self.min,
            self.max,
            self.median,
            self.mad,
        ]
    }
}

/// The values of a column that are there.
pub fn present(values: &[f32]) -> Vec<f64> {
    values.iter().filter(|v| !v.is_nan()).map(|v| f64::from(*v)).collect()
}

/// Mean and standard deviation with divisor n − 1 by the corrected two-pass algorithm: what rounding
/// left in the sum of deviations is taken out of both (Chan, Golub and `LeVeque` 1983).
pub fn mean_and_std(values: &[f64]) -> (f64, f64) {
    let (n, first) = (values.len() as f64, mean(values));
    let (mut left, mut squares) = (0.0, 0.0);
    for v in values {
        let d = v - first;
        left += d;
        squares += d * d;
    }
    (first + left / n, ((squares - left * left / n).max(0.0) / (n - 1.0)).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_said_by_hand() {
        let s = Summary::of(&[4.0, f32::NAN, 1.0, 2.0, 9.0, f32::NAN]);
        // Sorted 1 2 4 9: median 3, deviations 2 1 1 6, their median 1.5; squares 9 + 4 + 0 + 25.
        assert_eq!(s.numbers(), [4.0, 2.0, 4.0, (38.0_f64 / 3.0).sqrt(), 1.0, 9.0, 3.0, 1.5]);
    }

    #[test]
    fn of_no_value_there_is_no_statistic_and_of_one_no_spread() {
        let none = Summary::of(&[f32::NAN; 3]);
        assert_eq!((none.count, none.nan_count), (0, 3));
        assert!(none.numbers()[2..].iter().all(|v| v.is_nan()));
        let one = Summary::of(&[2.5]);
        assert!(one.std.is_nan());
        assert_eq!((one.mean, one.min, one.max, one.median, one.mad), (2.5, 2.5, 2.5, 2.5, 0.0));
    }

    #[test]
    fn a_small_spread_about_a_large_mean_is_not_lost() {
        // Whole numbers about 2²³, exact in float32: a variance of E(x²) − E(x)² keeps few digits here.
        let values: Vec<f32> = (0..10_000).map(|k| 8_388_608.0 + (k % 5) as f32).collect();
        let s = Summary::of(&values);
        assert_eq!(s.mean, 8_388_610.0);
        assert!((s.std - (2.0_f64 * 10_000.0 / 9_999.0).sqrt()).abs() < 1e-13);
    }
}
