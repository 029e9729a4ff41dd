//! Diffusion on a periodic grid by differences, for media with fronts that a spectrum would ring at.
//!
//! Nine points: `∇²u ≈ [4 Σ edges + Σ corners − 20 u]/6h²`, whose error of second order is the same in
//! every direction, so that it does not turn or square a wave (Patra and Karttunen 2006, Numer. Methods
//! Partial Differ. Equ. 22:936). It does not know any equation.

/// The greatest `rate` at which a step is a mean of neighbours with no negative weight: what lies in
/// an interval stays there.
pub const MOST: f64 = 0.3;

/// One explicit step of `∂u = D∇²u` on `[n, n]`, `rate = D Δt/h²` up to [`MOST`]. `old` is working space.
pub fn diffuse(u: &mut [f64], n: usize, rate: f64, old: &mut Vec<f64>) {
    // Rows that begin with their last point and end with their first have neighbours everywhere.
    let width = n + 2;
    old.clear();
    for row in u.chunks_exact(n) {
        old.push(row[n - 1]);
        old.extend_from_slice(row);
        old.push(row[0]);
    }
    let (edge, corner, center) = (rate * 4.0 / 6.0, rate / 6.0, 1.0 - rate * 20.0 / 6.0);
    for (i, to) in u.chunks_exact_mut(n).enumerate() {
        let row = |i: usize| &old[i * width..(i + 1) * width];
        let (above, here, below) = (row((i + n - 1) % n), row(i), row((i + 1) % n));
        let (a0, a1, a2) = (&above[..n], &above[1..=n], &above[2..]);
        let (h0, h1, h2) = (&here[..n], &here[1..=n], &here[2..]);
        let (b0, b1, b2) = (&below[..n], &below[1..=n], &below[2..]);
        for j in 0..n {
            to[j] = center * h1[j]
                + edge * ((a1[j] + b1[j]) + (h0[j] + h2[j]))
                + corner * ((a0[j] + a2[j]) + (b0[j] + b2[j]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    /// A plane wave is multiplied by `1 + rate [4 (2 cos p + 2 cos q) + 4 cos p cos q − 20]/6`, which is
    /// `1 − rate k² (1 − k²/12)` up to the order k⁶, whatever its direction.
    #[test]
    fn waves_decay_by_the_symbol_of_the_stencil() {
        let n = 24;
        for (mx, my) in [(3, 0), (0, 3), (2, 2), (-1, 3)] {
            let (p, q) = (TAU * f64::from(mx) / 24.0, TAU * f64::from(my) / 24.0);
            let phase = |k: usize| p * (k % n) as f64 + q * (k / n) as f64;
            let start: Vec<f64> = (0..n * n).map(|k| phase(k).cos()).collect();
            let mut u = start.clone();
            diffuse(&mut u, n, MOST, &mut Vec::new());
            let k2 = p * p + q * q;
            let factor = 1.0 - MOST * k2 * (1.0 - k2 / 12.0);
            for (a, b) in u.iter().zip(&start) {
                // The next term is below k⁶/360.
                assert!((a - factor * b).abs() < k2.powi(3) / 360.0, "{mx} {my}: {a} {b}");
            }
        }
    }

    #[test]
    fn the_sum_and_the_bounds_are_kept() {
        let mut u: Vec<f64> = (0..100).map(|k| f64::from(k * k % 7 > 3)).collect();
        let sum: f64 = u.iter().sum();
        diffuse(&mut u, 10, MOST, &mut Vec::new());
        assert!((u.iter().sum::<f64>() - sum).abs() < 1e-12);
        assert!(u.iter().all(|v| (0.0..=1.0).contains(v)));
    }
}
