//! The low-pass of `invariant_drift`: a separable Gaussian.

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
            accumulate(&self.taps, half, |k| &self.padded[k..][..width]);
        }
        out.clear();
        out.resize(field.len(), origin);
        let outside = vec![0.0; width];
        for (i, out) in out.chunks_exact_mut(width).enumerate() {
            let row = |k: usize| match (i + k).checked_sub(radius) {
                Some(at) if at < height => &self.half[at * width..][..width],
                _ if self.periodic => {
                    &self.half[(i + k + height * radius - radius) % height * width..][..width]
                }
                _ => &outside[..],
            };
            accumulate(&self.taps, out, row);
        }
    }
}

/// Adds `Σ taps[|k − r|] row(k)` over k = 0..=2r.
fn accumulate<'a>(taps: &[f64], out: &mut [f64], row: impl Fn(usize) -> &'a [f64]) {
    let radius = taps.len() - 1;
    for (out, v) in out.iter_mut().zip(row(radius)) {
        *out += taps[0] * v;
    }
    for (k, tap) in taps.iter().enumerate().skip(1) {
        let (before, after) = (row(radius - k), row(radius + k));
        for ((out, a), b) in out.iter_mut().zip(before).zip(after) {
            *out += tap * (a + b);
        }
    }
}
