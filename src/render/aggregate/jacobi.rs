//! Eigenvalues and eigenvectors of small symmetric matrices.

/// Sweeps after which it stops in any case; five to ten are usual.
const SWEEPS: usize = 40;

/// Eigenvalues in descending order, and their unit eigenvectors one after the other, `[n, n]`, of the
/// symmetric matrix `a`, `[n, n]`, of finite numbers.
///
/// Cyclic Jacobi rotations (Golub & Van Loan 2013, *Matrix Computations*, §8.5.3): a few lines, accurate,
/// and made of `+ − × ÷ √` in one order, so the same bits on every machine.
pub fn eigen(n: usize, mut a: Vec<f64>) -> (Vec<f64>, Vec<f64>) {
    assert_eq!(a.len(), n * n, "a square matrix");
    let mut vectors = vec![0.0; n * n];
    for k in 0..n {
        vectors[k * n + k] = 1.0;
    }
    let size = a.iter().map(|v| v * v).sum::<f64>().sqrt();
    let nothing = 1e-3 * f64::EPSILON * size;
    for _ in 0..SWEEPS {
        let mut rotated = false;
        for p in 0..n {
            for q in p + 1..n {
                if a[p * n + q].abs() <= nothing {
                    continue;
                }
                rotated = true;
                let (c, s) = rotation(a[p * n + p], a[q * n + q], a[p * n + q]);
                rotate_rows(&mut a, n, (p, q), (c, s));
                for row in a.chunks_exact_mut(n) {
                    (row[p], row[q]) = (c * row[p] - s * row[q], s * row[p] + c * row[q]);
                }
                (a[p * n + q], a[q * n + p]) = (0.0, 0.0);
                rotate_rows(&mut vectors, n, (p, q), (c, s));
            }
        }
        if !rotated {
            break;
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|i, j| a[j * n + j].total_cmp(&a[i * n + i]));
    let values = order.iter().map(|k| a[k * n + k]).collect();
    (values, order.iter().flat_map(|k| &vectors[k * n..][..n]).copied().collect())
}

/// `(cos, sin)` of the smaller angle that makes the matrix `[[pp, pq], [pq, qq]]` diagonal.
fn rotation(pp: f64, qq: f64, pq: f64) -> (f64, f64) {
    let ratio = (qq - pp) / (2.0 * pq);
    let tangent = 1.0_f64.copysign(ratio) / (ratio.abs() + (ratio * ratio + 1.0).sqrt());
    let cosine = 1.0 / (tangent * tangent + 1.0).sqrt();
    (cosine, tangent * cosine)
}

/// Turns rows `p` and `q`, `p < q`, of `[n, n]`.
fn rotate_rows(a: &mut [f64], n: usize, (p, q): (usize, usize), (c, s): (f64, f64)) {
    let (above, below) = a.split_at_mut(q * n);
    for (x, y) in above[p * n..][..n].iter_mut().zip(&mut below[..n]) {
        (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
    }
}

#[cfg(test)]
mod tests {
    use super::eigen;

    /// `2 − 2 cos(kπ/(n + 1))` with vectors `√(2/(n+1)) sin(jkπ/(n + 1))`, up to sign.
    #[test]
    fn the_matrix_of_second_differences_has_its_closed_form() {
        let n = 20;
        let entry = |k: usize| match (k / n).abs_diff(k % n) {
            0 => 2.0,
            1 => -1.0,
            _ => 0.0,
        };
        let (values, vectors) = eigen(n, (0..n * n).map(entry).collect());
        let angle = |j: usize, k: usize| std::f64::consts::PI * (j * k) as f64 / (n + 1) as f64;
        for (value, k) in values.iter().zip((1..=n).rev()) {
            assert!((value - (2.0 - 2.0 * libm::cos(angle(1, k)))).abs() < 1e-14, "{k}: {value}");
            let vector = &vectors[(n - k) * n..][..n];
            let wanted = |j: usize| (2.0 / (n + 1) as f64).sqrt() * libm::sin(angle(j + 1, k));
            let sign = vector[0].signum();
            for (j, v) in vector.iter().enumerate() {
                assert!((sign * v - wanted(j)).abs() < 1e-13, "{k}, {j}: {v}");
            }
        }
    }

    #[test]
    fn a_diagonal_matrix_is_sorted_only() {
        let (values, vectors) = eigen(3, vec![1.0, 0.0, 0.0, 0.0, 3.0, 0.0, 0.0, 0.0, 2.0]);
        assert_eq!(values, [3.0, 2.0, 1.0]);
        assert_eq!(vectors, [0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
        assert_eq!(eigen(2, vec![0.0; 4]).0, [0.0, 0.0]);
    }
}
