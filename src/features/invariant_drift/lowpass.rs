//! The low-pass of `invariant_drift`: a separable Gaussian.

/// Pixels that are summed together, in vector registers.
const LANES: usize = 8;

/// A symmetric kernel, the same along both axes.
#[derive(Debug)]
pub struct LowPass {
    /// From the middle outwards; all taps of the symmetric kernel sum to 1.
    taps: Vec<f64>,
    periodic: bool,
    /// A row with its margins.
    padded: Vec<f64>,
    /// The field after the pass along rows.
    half: Vec<f64>,
}

impl LowPass {
    /// Periodic, cut at `4σ`, as image libraries do; `σ` in pixels.
    pub fn periodic(sigma: f64) -> Self {
        Self::new(sigma, (4.0 * sigma + 0.5).floor() as usize, true)
    }

    /// Nine taps whatever σ, zeros outside: the Python reference's.
    pub fn nine_taps(sigma: f64) -> Self {
        Self::new(sigma, 4, false)
    }

    fn new(sigma: f64, radius: usize, periodic: bool) -> Self {
        let mut taps: Vec<f64> =
            (0..=radius).map(|k| (-0.5 * (k as f64 / sigma).powi(2)).exp()).collect();
        let sum = taps[0] + 2.0 * taps[1..].iter().sum::<f64>();
        for tap in &mut taps {
            *tap /= sum;
        }
        Self { taps, periodic, padded: Vec::new(), half: Vec::new() }
    }

    /// From the middle outwards; all taps of the symmetric kernel sum to 1.
    pub fn taps(&self) -> &[f64] {
        &self.taps
    }

    /// `G∗u` of a field with rows of `width`, into `out`.
    ///
    /// What is filtered under the periodic kernel is the difference from the first pixel, so that a
    /// constant field comes back to the bit and its rest is exactly zero.
    pub fn apply(&mut self, field: &[f64], width: usize, out: &mut Vec<f64>) {
        let (radius, height) = (self.taps.len() - 1, field.len() / width);
        let origin = if self.periodic { field[0] } else { 0.0 };
        self.half.clear();
        self.half.resize(field.len(), 0.0);
        self.padded.clear();
        self.padded.resize(width + 2 * radius, 0.0);
        for (row, half) in field.chunks_exact(width).zip(self.half.chunks_exact_mut(width)) {
            for (k, v) in self.padded.iter_mut().enumerate() {
                *v = match k.checked_sub(radius) {
                    Some(j) if j < width => row[j] - origin,
                    _ if self.periodic => row[(k + width * radius - radius) % width] - origin,
                    _ => 0.0,
                };
            }
            let rows: Vec<&[f64]> = (0..=2 * radius).map(|k| &self.padded[k..][..width]).collect();
            accumulate(&self.taps, &rows, half);
        }
        out.clear();
        out.resize(field.len(), origin);
        let outside = vec![0.0; width];
        let row = |at: usize| match at.checked_sub(radius) {
            Some(i) if i < height => &self.half[i * width..][..width],
            _ if self.periodic => {
                &self.half[(at + height * radius - radius) % height * width..][..width]
            }
            _ => &outside[..],
        };
        let rows: Vec<&[f64]> = (0..height + 2 * radius).map(row).collect();
        for (rows, out) in rows.windows(2 * radius + 1).zip(out.chunks_exact_mut(width)) {
            accumulate(&self.taps, rows, out);
        }
    }
}

/// Adds `Σ taps[|k − r|] rows[k]` over k = 0..=2r.
fn accumulate(taps: &[f64], rows: &[&[f64]], out: &mut [f64]) {
    let (radius, whole) = (taps.len() - 1, out.len() / LANES * LANES);
    for at in (0..whole).step_by(LANES) {
        let block = |k: usize| &rows[k][at..at + LANES];
        let mut sums = [0.0; LANES];
        for (sum, v) in sums.iter_mut().zip(block(radius)) {
            *sum = taps[0] * v;
        }
        for (k, tap) in taps.iter().enumerate().skip(1) {
            let (before, after) = (block(radius - k), block(radius + k));
            for lane in 0..LANES {
                sums[lane] += tap * (before[lane] + after[lane]);
            }
        }
        for (out, sum) in out[at..].iter_mut().zip(sums) {
            *out += sum;
        }
    }
    for (at, out) in out.iter_mut().enumerate().skip(whole) {
        let pair = |k: usize| rows[radius - k][at] + rows[radius + k][at];
        let first = taps[0] * rows[radius][at];
        *out += (1..=radius).fold(first, |sum, k| sum + taps[k] * pair(k));
    }
}
