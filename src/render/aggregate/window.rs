//! The Gaussian window of structural similarity.

/// Pixels on each side of the centre: 11 in all.
const RADIUS: usize = 5;

/// Standard deviation in pixels.
const SIGMA: f64 = 1.5;

/// Weighted means over 11 × 11 pixels, `w(i) w(j)` with `w(i) ∝ exp(−i² / (2 · 1.5²))` and sum 1. Beyond
/// the border the field is mirrored with its last pixel repeated (`d c b a | a b c d | d c b a`), as often
/// as needed.
#[derive(Debug)]
pub struct Window {
    width: usize,
    weights: [f64; RADIUS + 1],
    /// Which row stands at each place from `RADIUS` before the first on.
    rows: Vec<usize>,
    columns: Vec<usize>,
    /// A row with what is mirrored on both sides.
    line: Vec<f64>,
    /// The field after the pass along rows.
    across: Vec<f64>,
}

impl Window {
    /// For fields `[height, width]`.
    pub fn new(height: usize, width: usize) -> Self {
        let half: [f64; RADIUS + 1] =
            std::array::from_fn(|i| libm::exp(-((i * i) as f64) / (2.0 * SIGMA * SIGMA)));
        let sum = half[0] + 2.0 * half[1..].iter().sum::<f64>();
        Self {
            width,
            weights: half.map(|w| w / sum),
            rows: mirrored(height),
            columns: mirrored(width),
            line: vec![0.0; width + 2 * RADIUS],
            across: vec![0.0; height * width],
        }
    }

    /// The weighted means of a field around every pixel, `[height, width]`.
    pub fn mean(&mut self, field: &[f64], out: &mut [f64]) {
        let (w, width) = (self.weights, self.width);
        let lines = field.chunks_exact(width).zip(self.across.chunks_exact_mut(width));
        for (from, to) in lines {
            for (value, column) in self.line.iter_mut().zip(&self.columns) {
                *value = from[*column];
            }
            let shifted: [&[f64]; 2 * RADIUS + 1] =
                std::array::from_fn(|k| &self.line[k..][..width]);
            weigh(w, shifted, to);
        }
        for (i, to) in out.chunks_exact_mut(width).enumerate() {
            let row = |k: usize| &self.across[self.rows[i + k] * width..][..width];
            weigh(w, std::array::from_fn(row), to);
        }
    }
}

/// `to = Σ_k w(|k|) rows(k)`, from the centre outwards.
fn weigh(w: [f64; RADIUS + 1], rows: [&[f64]; 2 * RADIUS + 1], to: &mut [f64]) {
    let rows = rows.map(|row| &row[..to.len()]);
    for j in 0..to.len() {
        let mut sum = w[0] * rows[RADIUS][j];
        for k in 1..=RADIUS {
            sum += w[k] * (rows[RADIUS - k][j] + rows[RADIUS + k][j]);
        }
        to[j] = sum;
    }
}

/// The places from `RADIUS` before the first to `RADIUS` after the last of `n`, mirrored into them.
fn mirrored(n: usize) -> Vec<usize> {
    // The pattern of n places and their mirror image repeats after 2 n; `RADIUS` periods keep it positive.
    let place = |k: usize| (k + 2 * n * RADIUS - RADIUS) % (2 * n);
    (0..n + 2 * RADIUS).map(place).map(|k| if k < n { k } else { 2 * n - 1 - k }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn borders_are_mirrored_with_the_last_pixel_repeated() {
        assert_eq!(mirrored(1), [0; 11]);
        assert_eq!(mirrored(3), [1, 2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0, 1]);
    }

    #[test]
    fn a_point_becomes_the_window_and_its_sum_is_one() {
        let (h, w) = (13, 17);
        let mut field = vec![0.0; h * w];
        field[6 * w + 8] = 1.0;
        let mut out = field.clone();
        Window::new(h, w).mean(&field, &mut out);
        let gauss = |i: usize, j: usize| {
            let square = i.abs_diff(6).pow(2) + j.abs_diff(8).pow(2);
            (-(square as f64) / (2.0 * SIGMA * SIGMA)).exp()
        };
        for (p, got) in out.iter().enumerate() {
            let (i, j) = (p / w, p % w);
            let inside = i.abs_diff(6) <= RADIUS && j.abs_diff(8) <= RADIUS;
            let want = if inside { out[6 * w + 8] * gauss(i, j) } else { 0.0 };
            assert!((got - want).abs() < 1e-17, "{i}, {j}: {got} for {want}");
        }
        assert!((out.iter().sum::<f64>() - 1.0).abs() < 1e-14);
    }
}
