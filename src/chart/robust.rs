//! Order statistics of numbers of which some may be missing.

/// The finite numbers in order.
pub fn sorted(values: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut kept: Vec<f64> = values.into_iter().filter(|v| v.is_finite()).collect();
    kept.sort_unstable_by(f64::total_cmp);
    kept
}

/// The quantile `q` of ordered numbers by linear interpolation at `q (count − 1)`; NaN if there are none.
pub fn quantile(sorted: &[f64], q: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let at = q * last as f64;
    let (below, part) = (at.floor() as usize, at.fract());
    let (a, b) = (sorted[below], sorted[(below + 1).min(last)]);
    // Not a + part (b − a), which is not finite where the difference is not.
    a * (1.0 - part) + b * part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate_between_what_is_finite() {
        let values = sorted([3.0, f64::NAN, 1.0, 2.0, f64::INFINITY, 4.0]);
        assert_eq!(values, [1.0, 2.0, 3.0, 4.0]);
        assert_eq!([0.0, 0.5, 1.0].map(|q| quantile(&values, q)), [1.0, 2.5, 4.0]);
        assert_eq!(quantile(&[7.0], 0.3), 7.0);
        assert!(quantile(&[], 0.5).is_nan());
        assert_eq!(quantile(&[-f64::MAX, f64::MAX], 0.5), 0.0);
    }
}
