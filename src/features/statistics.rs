//! Statistics of plain lists of numbers. Sums run in order, in 64 bits.

/// Mean and central moments `m_k = (1/n) Σ (x − mean)^k`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments {
    /// Number of values.
    pub count: usize,
    /// Mean.
    pub mean: f64,
    /// Second to fourth central moment.
    pub central: [f64; 3],
}

impl Moments {
    /// Of these values, in two passes.
    pub fn of(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let mut sums = [0.0; 3];
        for v in values {
            let d = v - mean;
            let d2 = d * d;
            sums[0] += d2;
            sums[1] += d2 * d;
            sums[2] += d2 * d2;
        }
        Self { count: values.len(), mean, central: sums.map(|s| s / n) }
    }

    /// Variance with divisor n − 1; NaN for one value.
    pub fn variance(&self) -> f64 {
        let n = self.count as f64;
        self.central[0] * n / (n - 1.0)
    }
}

/// Mean; NaN of nothing.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Variance with divisor n − 1; NaN for one value.
pub fn variance(values: &[f64]) -> f64 {
    Moments::of(values).variance()
}

/// Quantile `p` of sorted values by linear interpolation at position `p (n − 1)` (Hyndman and Fan
/// 1996, type 7).
pub fn quantile(sorted: &[f64], p: f64) -> f64 {
    let at = p * (sorted.len() - 1) as f64;
    let (low, part) = (at.floor() as usize, at.fract());
    let high = (low + 1).min(sorted.len() - 1);
    sorted[low] + part * (sorted[high] - sorted[low])
}

/// The middle of some values, of an even count the mean of the two middle ones; in linear time.
pub fn median(values: &mut [f64]) -> f64 {
    let upper = values.len() / 2;
    let even = values.len().is_multiple_of(2);
    let (below, middle, _) = values.select_nth_unstable_by(upper, f64::total_cmp);
    let middle = *middle;
    if !even {
        return middle;
    }
    let lower = below.iter().copied().max_by(f64::total_cmp).expect("an even count has a half");
    f64::midpoint(lower, middle)
}

/// The lower median, element `(n − 1)/2` of the sorted values, as `PyTorch` has it.
pub fn lower_median(values: &mut [f64]) -> f64 {
    let at = (values.len() - 1) / 2;
    *values.select_nth_unstable_by(at, f64::total_cmp).1
}

/// Slope of the least-squares line through `(t, y[t])`, t = 0, 1, …
pub fn slope(y: &[f64]) -> f64 {
    let middle = 0.5 * (y.len() - 1) as f64;
    let mean = mean(y);
    let (mut top, mut bottom) = (0.0, 0.0);
    for (t, v) in y.iter().enumerate() {
        let s = t as f64 - middle;
        top += s * (v - mean);
        bottom += s * s;
    }
    top / bottom
}

/// `Σ f(x)` in eight interleaved sums, so that it runs in vector registers; the order is fixed.
pub fn sum_of(values: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    sum_of_pairs(values, values, |a, _| f(a))
}

/// `Σ f(x, y)` over the pairs of two lists of one length, as [`sum_of`].
pub fn sum_of_pairs(x: &[f64], y: &[f64], f: impl Fn(f64, f64) -> f64) -> f64 {
    let (mut sums, (x, y)) = ([0.0; 8], (x.chunks_exact(8), y.chunks_exact(8)));
    let rest: f64 = x.remainder().iter().zip(y.remainder()).map(|(a, b)| f(*a, *b)).sum();
    for (x, y) in x.zip(y) {
        for lane in 0..8 {
            sums[lane] += f(x[lane], y[lane]);
        }
    }
    sums.iter().sum::<f64>() + rest
}

/// The least and the greatest of some numbers, none of them NaN; infinite of nothing.
pub fn extremes(values: &[f64]) -> (f64, f64) {
    let smaller = |a: f64, b: f64| if b < a { b } else { a };
    let greater = |a: f64, b: f64| if b > a { b } else { a };
    let (mut least, mut greatest) = ([f64::INFINITY; 8], [f64::NEG_INFINITY; 8]);
    let chunks = values.chunks_exact(8);
    for (lane, v) in chunks.remainder().iter().enumerate() {
        (least[lane], greatest[lane]) = (*v, *v);
    }
    for chunk in chunks {
        for lane in 0..8 {
            least[lane] = smaller(least[lane], chunk[lane]);
            greatest[lane] = greater(greatest[lane], chunk[lane]);
        }
    }
    (
        least.into_iter().fold(f64::INFINITY, smaller),
        greatest.into_iter().fold(f64::NEG_INFINITY, greater),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_quantiles_of_small_lists() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&mut [4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(lower_median(&mut [4.0, 1.0, 2.0, 3.0]), 2.0);
        assert_eq!(quantile(&[0.0, 1.0, 2.0, 4.0], 0.75), 2.5);
        assert_eq!(quantile(&[7.0], 0.3), 7.0);
    }

    #[test]
    fn a_line_has_its_slope_and_moments_are_those_of_the_definition() {
        assert!((slope(&[1.0, 3.0, 5.0, 7.0]) - 2.0).abs() < 1e-15);
        let m = Moments::of(&[0.0, 0.0, 0.0, 4.0]);
        assert_eq!((m.mean, m.central, m.variance()), (1.0, [3.0, 6.0, 21.0], 4.0));
    }

    #[test]
    fn interleaved_sums_and_extremes_miss_nothing() {
        let (x, y): (Vec<f64>, Vec<f64>) = (0..21).map(|k| (f64::from(k), 2.0)).unzip();
        assert_eq!(sum_of(&x, |v| v * v), 2870.0);
        assert_eq!(sum_of_pairs(&x, &y, |a, b| a * b), 420.0);
        assert_eq!(extremes(&x), (0.0, 20.0));
        assert_eq!(extremes(&x[16..20]), (16.0, 19.0));
    }
}
