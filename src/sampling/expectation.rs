//! What two extremes are for independent uniform points, whose expectations have no closed form.
//!
//! Those of the discrepancies do: [`super::discrepancy`].

/// Intervals of an integral; even.
const STEPS: usize = 2000;

/// Mean of the largest of `pairs` absolute correlations between columns of `points` numbers.
///
/// The correlation of two independent columns is `sin θ` with density `∝ cos^(N-3) θ`, exactly for
/// normal columns and nearly so for uniform ones (its variance is `1/(N-1)` for both). Correlations of
/// different pairs count as independent. So `E = ∫ (1 - F(θ)^P) cos θ dθ` over `0..π/2`, with F the law
/// of `|θ|`. Within 2 % of simulations from N = 8 on.
pub fn max_correlation(pairs: usize, points: usize) -> f64 {
    if points < 3 {
        // Two points lie on a line.
        return 1.0;
    }
    // Beyond twelve standard deviations nothing is left.
    let end = (12.0 / libm::sqrt(points as f64 - 2.0)).min(std::f64::consts::FRAC_PI_2);
    let step = end / STEPS as f64;
    let density = |i: usize| libm::pow(libm::cos(i as f64 * step), points as f64 - 3.0);
    let mut law = vec![0.0; STEPS + 1];
    for i in 1..=STEPS {
        law[i] = law[i - 1] + 0.5 * (density(i - 1) + density(i));
    }
    let total = law[STEPS];
    simpson(step, |i| (1.0 - libm::pow(law[i] / total, pairs as f64)) * libm::cos(i as f64 * step))
}

/// Mean smallest distance between `points` points in the unit cube of `dimensions` dimensions.
///
/// A difference of two uniform numbers has density `1 - |t|`, so that two points are nearer than
/// `r <= 1` with probability `P(r) = Σ_m (-1)^m C(d, m) π^((d-m)/2) r^(d+m) / Γ(1 + (d+m)/2)`: the
/// integral of `Π (1 - |t_k|)` over the ball. The `N(N-1)/2` pairs count as independent, so
/// `E = ∫ (1 - P(r))^(N(N-1)/2) dr`. Absent where distances beyond 1 matter, or below two points.
/// Within 2 % of simulations from N = 24 on.
pub fn min_distance(dimensions: usize, points: usize) -> Option<f64> {
    if points < 2 || dimensions == 0 {
        return None;
    }
    let d = dimensions as f64;
    let log_pi = libm::log(std::f64::consts::PI);
    let coefficient = |m: usize| {
        let m = m as f64;
        let choose = libm::lgamma(d + 1.0) - libm::lgamma(m + 1.0) - libm::lgamma(d - m + 1.0);
        libm::exp(choose + 0.5 * (d - m) * log_pi - libm::lgamma(1.0 + 0.5 * (d + m)))
    };
    let coefficients: Vec<f64> = (0..=dimensions).map(coefficient).collect();
    let nearer = |r: f64| {
        let sum = coefficients.iter().rev().fold(0.0, |sum, coefficient| coefficient - r * sum);
        (sum * libm::pow(r, d)).clamp(0.0, 1.0)
    };
    let pairs = 0.5 * points as f64 * (points as f64 - 1.0);
    let none_nearer = |r: f64| libm::exp(pairs * libm::log1p(-nearer(r)));
    if pairs * nearer(1.0) < 10.0 {
        return None;
    }
    // Where practically no set has all its distances beyond.
    let (mut low, mut end) = (0.0, 1.0);
    for _ in 0..100 {
        let middle = 0.5 * (low + end);
        let side = if none_nearer(middle) < 1e-16 { &mut end } else { &mut low };
        *side = middle;
    }
    let step = end / STEPS as f64;
    Some(simpson(step, |i| none_nearer(i as f64 * step)))
}

/// `∫ f` by Simpson's rule over [`STEPS`] intervals, given its values at their ends.
fn simpson(step: f64, value: impl Fn(usize) -> f64) -> f64 {
    let weight = |i: usize| match i {
        0 | STEPS => 1.0,
        _ if i % 2 == 1 => 4.0,
        _ => 2.0,
    };
    (0..=STEPS).fold(0.0, |sum, i| sum + weight(i) * value(i)) * step / 3.0
}

#[cfg(test)]
mod tests {
    use super::super::pairs::pairs;
    use super::super::projection::correlations;
    use super::*;
    use crate::rng::Stream;

    /// Mean of `measure` over so many sets of random points, with its standard error.
    fn mean(
        sets: u32,
        (dimensions, points): (usize, usize),
        measure: impl Fn(&[Vec<f64>]) -> f64,
    ) -> (f64, f64) {
        let mut draws = Stream::new(4, "expectation", &[dimensions as u64, points as u64]).site(0);
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..sets {
            let columns: Vec<Vec<f64>> =
                (0..dimensions).map(|_| (0..points).map(|_| draws.uniform()).collect()).collect();
            let value = measure(&columns);
            sum += value;
            squares += value * value;
        }
        let mean = sum / f64::from(sets);
        (mean, ((squares / f64::from(sets) - mean * mean) / f64::from(sets)).sqrt())
    }

    /// Within 4 standard errors and the 2 % that the approximations may be off.
    #[track_caller]
    fn agrees((mean, error): (f64, f64), expected: f64) {
        assert!(error < 0.02 * mean, "{mean} ± {error}");
        assert!(
            (mean - expected).abs() < 4.0 * error + 0.02 * mean,
            "{mean} ± {error}, {expected}"
        );
    }

    #[test]
    fn random_points_have_the_expected_largest_correlation() {
        for (dimensions, points) in [(2, 8), (3, 20), (8, 64), (14, 200)] {
            let largest =
                |columns: &[Vec<f64>]| correlations(columns).into_iter().fold(0.0, f64::max);
            let pairs = dimensions * (dimensions - 1) / 2;
            agrees(mean(2000, (dimensions, points), largest), max_correlation(pairs, points));
        }
        assert!((max_correlation(3, 2) - 1.0).abs() < 1e-15);
        // Three points: θ is uniform, and so is its expectation known.
        assert!((max_correlation(1, 3) - std::f64::consts::FRAC_2_PI).abs() < 1e-6);
    }

    #[test]
    fn random_points_have_the_expected_smallest_distance() {
        for (dimensions, points) in [(1, 30), (2, 40), (3, 24), (5, 50), (8, 100), (14, 300)] {
            let smallest = |columns: &[Vec<f64>]| {
                let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
                pairs(&columns).nearest.into_iter().fold(f64::INFINITY, f64::min).sqrt()
            };
            let expected = min_distance(dimensions, points).unwrap();
            let sets = if dimensions < 3 { 8000 } else { 2000 };
            agrees(mean(sets, (dimensions, points), smallest), expected);
        }
        // The least of the gaps between N points on a line is 1/(N² - 1) on average.
        assert!((min_distance(1, 1000).unwrap() * 999_999.0 - 1.0).abs() < 0.01);
        assert_eq!(min_distance(20, 20), None);
        assert_eq!(min_distance(3, 1), None);
    }
}
