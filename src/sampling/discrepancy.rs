//! Four L2 discrepancies of a point set in the unit cube, with what random points would give.
//!
//! Each is `D² = A - 2/N Σ_i f(x_i) + 1/N² Σ_i Σ_j K(x_i, x_j)` with a kernel `K` that is a product
//! over the dimensions, its marginal `f(x) = ∫ K(x, y) dy` and its mean `A = ∫ f`. For N independent
//! uniform points the double sum has N terms `K(x, x)` and N(N-1) of mean A, so that
//! `E D² = (E K(x, x) - A) / N`, exactly. This module does not judge the values.
//!
//! Sources: Hickernell (1998), A generalized discrepancy and quadrature error bound (centred,
//! wrap-around); Zhou, Fang, Ning (2013), Mixture discrepancy for quasi-random point sets; Warnock
//! (1972), Computational investigations of low-discrepancy point sets (L2-star).

use super::sum::pairwise;

/// The discrepancies, in the order of [`super::pairs::Pairs::kernels`].
pub const KERNELS: [Kernel; 4] = [
    // K = 1 + |z|/2 + |z'|/2 - |x - x'|/2 with z = x - 1/2
    Kernel {
        mean: 13.0 / 12.0,
        mean_diagonal: 5.0 / 4.0,
        diagonal: |x| 1.0 + (x - 0.5).abs(),
        marginal: |x| 1.0 + 0.5 * (x - 0.5).abs() - 0.5 * (x - 0.5) * (x - 0.5),
    },
    // K = 3/2 - |x - x'| (1 - |x - x'|)
    Kernel {
        mean: 4.0 / 3.0,
        mean_diagonal: 3.0 / 2.0,
        diagonal: |_| 1.5,
        marginal: |_| 4.0 / 3.0,
    },
    // K = 15/8 - |z|/4 - |z'|/4 - 3 |x - x'|/4 + (x - x')²/2
    Kernel {
        mean: 19.0 / 12.0,
        mean_diagonal: 7.0 / 4.0,
        diagonal: |x| 15.0 / 8.0 - 0.5 * (x - 0.5).abs(),
        marginal: |x| 5.0 / 3.0 - 0.25 * (x - 0.5).abs() - 0.25 * (x - 0.5) * (x - 0.5),
    },
    // K = 1 - max(x, x')
    Kernel {
        mean: 1.0 / 3.0,
        mean_diagonal: 1.0 / 2.0,
        diagonal: |x| 1.0 - x,
        marginal: |x| 0.5 * (1.0 - x * x),
    },
];

/// One dimension of the kernel of a discrepancy.
#[derive(Debug)]
pub struct Kernel {
    /// `∫∫ K(x, y) dx dy`
    mean: f64,
    /// `∫ K(x, x) dx`
    mean_diagonal: f64,
    /// `K(x, x)`
    diagonal: fn(f64) -> f64,
    /// `∫ K(x, y) dy`
    marginal: fn(f64) -> f64,
}

impl Kernel {
    /// The squared discrepancy of the points with these columns, given `Σ_{i<j} K(x_i, x_j)`.
    pub fn squared(&self, columns: &[&[f64]], pairs: f64) -> f64 {
        let points = columns[0].len();
        let diagonal = pairwise(points, &|i| product(self.diagonal, columns, i));
        self.of_double_sum(columns, 2.0 * pairs + diagonal)
    }

    /// The same, given `Σ_i Σ_j K(x_i, x_j)`.
    pub fn of_double_sum(&self, columns: &[&[f64]], kernels: f64) -> f64 {
        let points = columns[0].len();
        let single = pairwise(points, &|i| product(self.marginal, columns, i));
        let n = points as f64;
        power(self.mean, columns.len()) - 2.0 * single / n + kernels / (n * n)
    }

    /// The mean of [`Kernel::squared`] over independent uniform points.
    pub fn expected(&self, dimensions: usize, points: usize) -> f64 {
        (power(self.mean_diagonal, dimensions) - power(self.mean, dimensions)) / points as f64
    }
}

/// The product of a factor over the dimensions of point `i`.
fn product(factor: fn(f64) -> f64, columns: &[&[f64]], i: usize) -> f64 {
    columns.iter().fold(1.0, |product, column| product * factor(column[i]))
}

/// By repeated multiplication: the same bits everywhere, which `powi` does not promise.
fn power(base: f64, exponent: usize) -> f64 {
    (0..exponent).fold(1.0, |power, _| power * base)
}

#[cfg(test)]
mod tests {
    use super::super::pairs::pairs;
    use super::super::plane::planes;
    use super::*;
    use crate::rng::Stream;

    fn squared(columns: &[Vec<f64>]) -> [f64; 4] {
        let columns: Vec<_> = columns.iter().map(Vec::as_slice).collect();
        let sums = pairs(&columns).kernels;
        std::array::from_fn(|k| KERNELS[k].squared(&columns, sums[k]))
    }

    /// Values of `scipy.stats.qmc.discrepancy`; `tests/golden/sampling.py` wrote them.
    #[test]
    fn discrepancies_are_those_of_scipy() {
        let golden: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/golden/sampling.json")).unwrap();
        for case in golden["discrepancies"].as_array().unwrap() {
            let columns: Vec<Vec<f64>> = serde_json::from_value(case["columns"].clone()).unwrap();
            let names = ["centred", "wrap_around", "mixture", "l2_star"];
            for (name, value) in names.into_iter().zip(squared(&columns)) {
                let expected = case[name].as_f64().unwrap();
                let error = (value - expected).abs() / expected.max(1.0);
                assert!(error < 1e-12, "{name}: {value} against {expected}");
            }
            let columns: Vec<_> = columns.iter().map(Vec::as_slice).collect();
            let expected: Vec<f64> = serde_json::from_value(case["planes"].clone()).unwrap();
            let values = planes(&columns);
            assert_eq!(values.len(), expected.len());
            for (value, expected) in values.iter().zip(expected) {
                assert!((value - expected).abs() < 1e-12, "plane: {value} against {expected}");
            }
        }
    }

    #[test]
    fn random_points_have_the_expected_discrepancies() {
        for (points, dimensions, sets) in [(24, 3, 2000_u32), (50, 8, 2000), (5, 1, 20_000)] {
            let mut draws = Stream::new(3, "discrepancy", &[dimensions]).site(0);
            let mut sums = [[0.0; 2]; 4];
            for _ in 0..sets {
                let columns: Vec<Vec<f64>> = (0..dimensions)
                    .map(|_| (0..points).map(|_| draws.uniform()).collect())
                    .collect();
                for (k, value) in squared(&columns).into_iter().enumerate() {
                    let ratio = value / KERNELS[k].expected(dimensions as usize, points);
                    sums[k][0] += ratio;
                    sums[k][1] += ratio * ratio;
                }
            }
            for [sum, squares] in sums {
                let mean = sum / f64::from(sets);
                let error = ((squares / f64::from(sets) - mean * mean) / f64::from(sets)).sqrt();
                assert!(error < 0.02 && (mean - 1.0).abs() < 4.0 * error, "{mean} ± {error}");
            }
        }
    }
}
