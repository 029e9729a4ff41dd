//! Fourier transforms of the channels of a state.
//!
//! `F[a, b] = (HW)^−½ Σ u[i, j] exp(−2πi (a i/H + b j/W))`, a = 0..H, b = 0..W/2: the half plane that a
//! real field determines. Two channels are transformed as the parts of one complex field.

use std::sync::Arc;

use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};

use super::frame::Channel;

/// Transforms along rows and columns of one form of field.
pub struct Plans {
    rows: Arc<dyn Fft<f64>>,
    columns: Arc<dyn Fft<f64>>,
}

impl std::fmt::Debug for Plans {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Plans({} × {})", self.columns.len(), self.rows.len())
    }
}

impl Plans {
    /// For fields `[height, width]`.
    pub fn new(height: usize, width: usize) -> Self {
        let mut planner = FftPlanner::new();
        Self { rows: planner.plan_fft_forward(width), columns: planner.plan_fft_forward(height) }
    }

    /// The forward transform of `[H, W]`, without a factor; the result is `[W, H]`: columns first.
    fn transform(&self, mut field: Vec<Complex<f64>>) -> Vec<Complex<f64>> {
        self.rows.process(&mut field);
        let (h, w) = (self.columns.len(), self.rows.len());
        let mut turned = vec![Complex::default(); h * w];
        for (i, row) in field.chunks_exact(w).enumerate() {
            for (j, v) in row.iter().enumerate() {
                turned[j * h + i] = *v;
            }
        }
        self.columns.process(&mut turned);
        turned
    }
}

/// The transforms of all channels of a state.
#[derive(Debug)]
pub struct Spectra {
    /// Rows H.
    pub height: usize,
    /// Columns W of the field.
    pub width: usize,
    /// `[C, W/2 + 1, H]`: `F[a, b]` of channel c lies at `(c (W/2 + 1) + b) H + a`.
    modes: Vec<Complex<f64>>,
}

impl Spectra {
    /// The transforms of these channels, which have one form.
    pub fn new(channels: &[Channel], plans: &Plans) -> Self {
        let (h, w) = (channels[0].height, channels[0].width);
        let half = w / 2 + 1;
        let scale = 1.0 / ((h * w) as f64).sqrt();
        let mut modes = Vec::with_capacity(channels.len() * half * h);
        for pair in channels.chunks(2) {
            let second = pair.get(1).map(|channel| &channel.values);
            let field = (0..h * w)
                .map(|k| Complex::new(pair[0].values[k], second.map_or(0.0, |values| values[k])))
                .collect();
            let z = plans.transform(field);
            // Z = F + i G with F, G of real fields: F(k) = (Z(k) + conj Z(−k))/2.
            let both = |b: usize, a: usize| (z[b * h + a], z[(w - b) % w * h + (h - a) % h].conj());
            let all = |part: &dyn Fn(Complex<f64>, Complex<f64>) -> Complex<f64>| {
                (0..half)
                    .flat_map(|b| (0..h).map(move |a| (b, a)))
                    .map(|(b, a)| {
                        let (plus, minus) = both(b, a);
                        part(plus, minus) * (0.5 * scale)
                    })
                    .collect::<Vec<_>>()
            };
            modes.extend(all(&|plus, minus| plus + minus));
            if second.is_some() {
                modes.extend(all(&|plus, minus| (plus - minus) * Complex::new(0.0, -1.0)));
            }
        }
        Self { height: h, width: w, modes }
    }

    /// Columns of the half plane: W/2 + 1.
    pub fn half(&self) -> usize {
        self.width / 2 + 1
    }

    /// `F[a, b]` of a channel for every b, and for every a of it.
    pub fn modes(&self, channel: usize) -> &[Complex<f64>] {
        let size = self.half() * self.height;
        &self.modes[channel * size..][..size]
    }

    /// The modes of the half plane in the order of [`Spectra::modes`].
    pub fn vectors(&self) -> impl Iterator<Item = Mode> {
        let (h, w) = (self.height, self.width);
        (0..self.half()).flat_map(move |b| (0..h).map(move |a| Mode::new(a, b, h, w)))
    }
}

/// One mode of the half plane.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mode {
    /// Row index, 0..H.
    pub a: usize,
    /// Column index, 0..W/2 + 1.
    pub b: usize,
    /// Cycles per pixel along y, in −½..½ with −½ for the middle of an even H.
    pub fy: f64,
    /// Cycles per pixel along x, in 0..=½.
    pub fx: f64,
    /// How many modes of the whole plane it stands for: 1 or 2.
    pub weight: f64,
}

impl Mode {
    fn new(a: usize, b: usize, h: usize, w: usize) -> Self {
        let fy = if 2 * a < h { a as f64 / h as f64 } else { a as f64 / h as f64 - 1.0 };
        let alone = b == 0 || 2 * b == w;
        Self { a, b, fy, fx: b as f64 / w as f64, weight: if alone { 1.0 } else { 2.0 } }
    }

    /// Cycles per pixel.
    pub fn rho(&self) -> f64 {
        (self.fx * self.fx + self.fy * self.fy).sqrt()
    }

    /// Whether it is the mean.
    pub fn is_mean(&self) -> bool {
        self.a == 0 && self.b == 0
    }
}
