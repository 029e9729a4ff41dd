//! Fourier transforms of the channels of a state.
//!
//! `F[a, b] = (HW)^−½ Σ u[i, j] exp(−2πi (a i/H + b j/W))`, a = 0..H, b = 0..W/2: the half plane that a
//! real field determines. Two channels are transformed as the parts of one complex field.

use std::sync::{Arc, OnceLock};

use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};

use super::frame::Channel;
use super::waves::Waves;

/// Transforms along rows and columns of one form of field.
pub struct Plans {
    rows: Arc<dyn Fft<f64>>,
    columns: Arc<dyn Fft<f64>>,
    waves: OnceLock<Waves>,
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
        let (rows, columns) = (planner.plan_fft_forward(width), planner.plan_fft_forward(height));
        Self { rows, columns, waves: OnceLock::new() }
    }

    /// The wave vectors of such fields.
    pub fn waves(&self) -> &Waves {
        self.waves.get_or_init(|| Waves::new(self.columns.len(), self.rows.len()))
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
    /// The transforms of these channels, which have one form. The mean is taken out before and put back
    /// after, so that it costs the other modes no digits; a channel that is not finite counts as zero.
    pub fn new(channels: &[Channel], plans: &Plans) -> Self {
        let (h, w) = (channels[0].height, channels[0].width);
        let half = w / 2 + 1;
        let root = ((h * w) as f64).sqrt();
        let mut modes = Vec::with_capacity(channels.len() * half * h);
        for pair in channels.chunks(2) {
            let (first, second) = (Part::of(&pair[0]), pair.get(1).map(Part::of));
            let field = match &second {
                None => first.values().map(|v| Complex::new(v, 0.0)).collect(),
                Some(second) => {
                    first.values().zip(second.values()).map(|(v, s)| Complex::new(v, s)).collect()
                }
            };
            let z = plans.transform(field);
            // Z = F + i G with F, G of real fields: F(k) = (Z(k) + conj Z(−k))/2.
            let scale = 0.5 / root;
            let mut all = |part: &Part<'_>, sign: f64, turn: Complex<f64>| {
                let turn = turn * part.unit;
                let start = modes.len();
                for b in 0..half {
                    let (here, there) = (&z[b * h..][..h], &z[(w - b) % w * h..][..h]);
                    let opposite = there[..1].iter().chain(there[1..].iter().rev());
                    let both = here.iter().zip(opposite);
                    modes.extend(both.map(|(k, minus)| (k + minus.conj() * sign) * turn));
                }
                modes[start] = Complex::new(part.mean * root, 0.0);
            };
            all(&first, 1.0, Complex::new(scale, 0.0));
            if let Some(second) = &second {
                all(second, -1.0, Complex::new(0.0, -scale));
            }
        }
        Self { height: h, width: w, modes }
    }

    /// `|F[a, b]|²` of a channel, in the order of [`Spectra::modes`].
    pub fn power(&self, channel: usize) -> Vec<f64> {
        self.modes(channel).iter().map(Complex::norm_sqr).collect()
    }

    /// The autocovariance of each channel, `C(x, y) = (1/n) Σ u'[i, j] u'[i + y, j + x]` with
    /// u' = u − mean, periodic: `[W, H]`, columns first.
    pub fn autocovariances(&self, plans: &Plans) -> Vec<Vec<f64>> {
        let (h, w) = (self.height, self.width);
        let channels = self.modes.len() / (self.half() * h);
        let scale = 1.0 / (h * w) as f64;
        // The power spectrum is real and even, and so is its transform: two go as one complex field.
        let power = |channel: usize| {
            let mut power = if channel < channels { self.power(channel) } else { Vec::new() };
            if let Some(mean) = power.first_mut() {
                *mean = 0.0;
            }
            move |a: usize, b: usize| {
                let at = if 2 * b <= w { b * h + a } else { (w - b) * h + (h - a) % h };
                power.get(at).map_or(0.0, |p| p * scale)
            }
        };
        let mut found = Vec::with_capacity(channels);
        for channel in (0..channels).step_by(2) {
            let (first, second) = (power(channel), power(channel + 1));
            let mode = |a, b| Complex::new(first(a, b), second(a, b));
            let field = (0..h).flat_map(|a| (0..w).map(move |b| (a, b)));
            let z = plans.transform(field.map(|(a, b)| mode(a, b)).collect());
            found.push(z.iter().map(|c| c.re).collect());
            if channel + 1 < channels {
                found.push(z.iter().map(|c| c.im).collect());
            }
        }
        found
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
}

/// One channel of a transform: its values less their mean in units of their spread, so that the other
/// takes no digits from it; or zeros where it is not finite.
struct Part<'a> {
    values: &'a [f64],
    finite: bool,
    mean: f64,
    /// The power of two below the standard deviation.
    unit: f64,
}

impl<'a> Part<'a> {
    fn of(channel: &'a Channel) -> Self {
        let (values, finite) = (&channel.values[..], channel.finite);
        if !finite {
            return Self { values, finite, mean: 0.0, unit: 1.0 };
        }
        let moments = channel.moments();
        let spread = moments.central[0].sqrt();
        let exponent = f64::from_bits(spread.to_bits() & f64::INFINITY.to_bits());
        let unit = if exponent > 0.0 { exponent } else { 1.0 };
        Self { values, finite, mean: moments.mean, unit }
    }

    fn values(&self) -> impl Iterator<Item = f64> {
        let scale = 1.0 / self.unit;
        self.values.iter().map(move |v| if self.finite { (v - self.mean) * scale } else { 0.0 })
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
    /// Row `a` and column `b` of the half plane of a field `[h, w]`.
    pub fn new(a: usize, b: usize, h: usize, w: usize) -> Self {
        let row = if 2 * a < h { a as f64 } else { a as f64 - h as f64 };
        let alone = b == 0 || 2 * b == w;
        Self {
            a,
            b,
            fy: row / h as f64,
            fx: b as f64 / w as f64,
            weight: if alone { 1.0 } else { 2.0 },
        }
    }

    /// Cycles per pixel.
    pub fn rho(&self) -> f64 {
        (self.fx * self.fx + self.fy * self.fy).sqrt()
    }
}
