//! How channels are correlated over the pixels of a state.

use crate::features::measured::Outline;
use crate::features::statistics::{sum_of_pairs, variance};
use crate::features::{Channel, Undefined, Value};

/// Least eigenvalue of a correlation matrix of C channels that is not rounding, over C: states have
/// 24 bits.
const RESOLUTION: f64 = f32::EPSILON as f64;

/// `Σ (u_i − mean u_i)(u_j − mean u_j)` over pixels, for i ≤ j, row by row.
pub fn products(channels: &[Channel]) -> Vec<f64> {
    let mut products = Vec::new();
    for (i, x) in channels.iter().enumerate() {
        for y in &channels[i..] {
            let (mx, my) = (x.moments().mean, y.moments().mean);
            products.push(sum_of_pairs(&x.values, &y.values, |a, b| (a - mx) * (b - my)));
        }
    }
    products
}

/// The features of the correlation matrix R, `top` eigenvalues first, from [`products`].
///
/// R has a diagonal of 1; for the Python reference of `(n − 1)/n`, with 1e-8 added to the standard
/// deviations.
pub fn features(channels: &[Outline], products: &[f64], top: usize, compat: bool) -> Vec<Value> {
    let c = channels.len();
    let total: f64 = channels.iter().map(|channel| channel.moments.variance()).sum();
    if !compat && channels.iter().any(|channel| channel.constant) {
        let mut values = vec![Err(Undefined::ConstantField); top + 7];
        values[top] = Ok(total);
        values[..top].iter_mut().skip(c).for_each(|v| *v = Err(Undefined::FewChannels));
        if c == 2 {
            values[top + 6] = Err(Undefined::FewChannels);
        }
        return values;
    }
    let r = matrix(channels, products, compat);
    let eigenvalues = eigenvalues(r.clone(), c);
    let mut values: Vec<Value> =
        (0..top).map(|k| eigenvalues.get(k).copied().ok_or(Undefined::FewChannels)).collect();
    let (sum, squares) =
        (eigenvalues.iter().sum::<f64>(), eigenvalues.iter().map(|l| l * l).sum::<f64>());
    let (greatest, least) = (eigenvalues[0], eigenvalues[c - 1]);
    if compat {
        let participation = sum * sum / (squares + 1e-8);
        values.extend([Ok(sum), Ok(greatest / (least + 1e-8)), Ok(participation)]);
    } else {
        let condition = (greatest / least.max(c as f64 * RESOLUTION)).log10();
        values.extend([Ok(total), Ok(condition), Ok(sum * sum / squares)]);
    }
    let pairs: Vec<f64> =
        (0..c).flat_map(|i| (i + 1..c).map(move |j| (i, j))).map(|(i, j)| r[i * c + j]).collect();
    let spread =
        if pairs.len() < 2 { Err(Undefined::FewChannels) } else { Ok(variance(&pairs).sqrt()) };
    values.extend([
        Ok(pairs.iter().sum::<f64>() / pairs.len() as f64),
        Ok(pairs.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
        Ok(pairs.iter().copied().fold(f64::INFINITY, f64::min)),
        spread,
    ]);
    values
}

/// R, `[C, C]`.
fn matrix(channels: &[Outline], products: &[f64], compat: bool) -> Vec<f64> {
    let c = channels.len();
    let scale = |channel: &Outline| {
        let moments = channel.moments;
        if compat { moments.variance().sqrt() + 1e-8 } else { moments.central[0].sqrt() }
    };
    let mut r = vec![0.0; c * c];
    let mut sums = products.iter();
    for (i, x) in channels.iter().enumerate() {
        for ((j, y), sum) in channels.iter().enumerate().skip(i).zip(&mut sums) {
            let mut correlation = sum / x.moments.count as f64 / (scale(x) * scale(y));
            if !compat {
                correlation = if i == j { 1.0 } else { correlation.clamp(-1.0, 1.0) };
            }
            r[i * c + j] = correlation;
            r[j * c + i] = correlation;
        }
    }
    r
}

/// The eigenvalues of a symmetric matrix `[c, c]`, the greatest first, by cyclic Jacobi rotations
/// (Golub and Van Loan 2013, *Matrix Computations*, §8.5).
fn eigenvalues(mut a: Vec<f64>, c: usize) -> Vec<f64> {
    let size: f64 = a.iter().map(|v| v * v).sum();
    for _sweep in 0..60 {
        let off: f64 = (0..c)
            .flat_map(|p| (p + 1..c).map(move |q| (p, q)))
            .map(|(p, q)| a[p * c + q] * a[p * c + q])
            .sum();
        if off <= 1e-32 * size {
            break;
        }
        for p in 0..c {
            for q in p + 1..c {
                rotate(&mut a, c, p, q);
            }
        }
    }
    let mut values: Vec<f64> = (0..c).map(|k| a[k * c + k]).collect();
    values.sort_unstable_by(|a, b| b.total_cmp(a));
    values
}

/// One rotation in the plane (p, q), which makes `a[p, q]` zero.
fn rotate(a: &mut [f64], c: usize, p: usize, q: usize) {
    let apq = a[p * c + q];
    if apq == 0.0 {
        return;
    }
    let tau = (a[q * c + q] - a[p * c + p]) / (2.0 * apq);
    let t = 1.0_f64.copysign(tau) / (tau.abs() + tau.hypot(1.0));
    let cos = 1.0 / t.hypot(1.0);
    let sin = t * cos;
    for k in 0..c {
        let (akp, akq) = (a[k * c + p], a[k * c + q]);
        a[k * c + p] = cos * akp - sin * akq;
        a[k * c + q] = sin * akp + cos * akq;
    }
    for k in 0..c {
        let (apk, aqk) = (a[p * c + k], a[q * c + k]);
        a[p * c + k] = cos * apk - sin * aqk;
        a[q * c + k] = sin * apk + cos * aqk;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eigenvalues_of_a_chain_are_those_of_the_discrete_laplacian() {
        // Tridiagonal (−1, 2, −1) of order n: 2 − 2 cos(kπ/(n + 1)).
        let n = 7;
        let at = |i: usize, j: usize| match i.abs_diff(j) {
            0 => 2.0,
            1 => -1.0,
            _ => 0.0,
        };
        let matrix = (0..n * n).map(|k| at(k / n, k % n)).collect();
        for (k, got) in eigenvalues(matrix, n).into_iter().rev().enumerate() {
            let angle = (k + 1) as f64 * std::f64::consts::PI / (n + 1) as f64;
            assert!((got - (2.0 - 2.0 * angle.cos())).abs() < 1e-14, "{got}");
        }
    }

    #[test]
    fn a_matrix_of_rank_one_has_one_eigenvalue() {
        let values = eigenvalues(vec![1.0; 25], 5);
        assert!((values[0] - 5.0).abs() < 1e-14);
        assert!(values[1..].iter().all(|v| v.abs() < 1e-14), "{values:?}");
    }
}
