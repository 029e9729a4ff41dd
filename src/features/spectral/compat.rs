//! The definitions of the Python reference: the half plane, each mode once, the mean of the field
//! included. Sums are in 64 bits; where its 32 bits decide to which band a mode belongs they are
//! repeated here.

use super::{HARMONICS, ROWS};
use crate::features::spectrum::Mode;
use crate::features::statistics::Moments;
use crate::features::{Shape, Value};

/// Added to denominators.
const EPSILON: f64 = 1e-8;

/// The modes of the half plane, and the band of each.
pub struct Plane {
    height: usize,
    width: usize,
    /// As in [`crate::features::spectrum::Spectra::modes`].
    modes: Vec<Mode>,
    /// The band of each mode, or the number of bands for none.
    band: Vec<usize>,
    bands: usize,
}

impl Plane {
    /// Of fields of this form, with so many bands.
    pub fn new(shape: Shape, bands: usize) -> Self {
        let (h, w) = (shape.height, shape.width);
        let modes: Vec<Mode> =
            (0..=w / 2).flat_map(|b| (0..h).map(move |a| Mode::new(a, b, h, w))).collect();
        let side = h.min(w) as f32;
        let length = |mode: &Mode| {
            let (fx, fy) = (mode.fx as f32, mode.fy as f32);
            (fx * fx + fy * fy).sqrt() * side
        };
        let lengths: Vec<f32> = modes.iter().map(length).collect();
        let edges = edges(lengths.iter().copied().fold(0.0, f32::max), bands);
        let band = |length: &f32| {
            edges.windows(2).position(|e| e[0] <= *length && *length < e[1]).unwrap_or(bands)
        };
        let band = lengths.iter().map(band).collect();
        Self { height: h, width: w, modes, band, bands }
    }

    /// Mean, maximum and standard deviation of the power masked by each band.
    pub fn bands(&self, power: &[f64], values: &mut Vec<Value>) {
        // One place more, for the modes in no band.
        let mut sums = vec![(0.0, 0.0, 0.0_f64, 0.0); self.bands + 1];
        for (p, band) in power.iter().zip(&self.band) {
            let (count, sum, most, squares) = &mut sums[*band];
            *count += 1.0;
            *sum += p;
            *most = most.max(*p);
            *squares += p * p;
        }
        let n = power.len() as f64;
        for (count, sum, most, squares) in &sums[..self.bands] {
            // Outside of the band there are zeros: their part of the squares about the mean is known.
            let variance = (squares - sum * sum / n).max(0.0) / (n - 1.0);
            values.extend([sum / (count + EPSILON), *most, variance.sqrt()].map(Ok));
        }
    }

    /// Strongest mode, centroids, spread, ratios, flatness, compactness, one.
    pub fn shape(&self, power: &[f64]) -> [Value; ROWS.len()] {
        let total: f64 = power.iter().sum();
        let part = |f: &dyn Fn(&Mode) -> f64| {
            self.modes.iter().zip(power).map(|(mode, p)| p * f(mode)).sum::<f64>()
                / (total + EPSILON)
        };
        let (x, y) = (part(&|mode| mode.fx), part(&|mode| mode.fy));
        let away = part(&|mode| (mode.fx - x).powi(2) + (mode.fy - y).powi(2));
        let side = self.height.min(self.width) as f64;
        let ratio = |from: f64, to: f64| {
            part(&|mode| f64::from(u8::from((from * side..to * side).contains(&mode.rho()))))
        };
        let peak = self.strongest(power);
        [
            self.modes[peak].b as f64 / self.width as f64,
            self.modes[peak].a as f64 / self.height as f64,
            power[peak],
            x,
            y,
            (away + EPSILON).sqrt(),
            ratio(0.0, 1.0 / 16.0),
            ratio(1.0 / 16.0, 1.0 / 8.0),
            ratio(1.0 / 8.0, f64::INFINITY),
            flatness(power),
            compactness(power, total),
            part(&|_| 1.0),
        ]
        .map(Ok)
    }

    /// Power near the multiples of the strongest mode.
    pub fn harmonics(&self, power: &[f64]) -> [Value; HARMONICS.len()] {
        let peak = self.strongest(power);
        let (rho, own) = (self.modes[peak].rho(), power[peak]);
        let ratio = |times: f64| {
            let (center, reach) = (times * rho, 0.1 * times * rho);
            let near = |mode: &Mode| (mode.rho() - center).abs() <= reach * (1.0 + 1e-9);
            let (mut count, mut sum) = (0_u32, 0.0);
            for (_, p) in self.modes.iter().zip(power).filter(|(mode, _)| near(mode)) {
                count += 1;
                sum += p;
            }
            sum / f64::from(count.max(1)) / (own + EPSILON)
        };
        let (second, third) = (ratio(2.0), ratio(3.0));
        let purity = own / (power.iter().sum::<f64>() + EPSILON);
        [second, third, second.hypot(third), purity].map(Ok)
    }

    /// Where the first of the strongest modes lies, row by row. In 32 bits a wave and its conjugate are
    /// equal; here they are to that.
    fn strongest(&self, power: &[f64]) -> usize {
        let most = power.iter().copied().fold(0.0, f64::max);
        let equal = (0..power.len()).filter(|at| power[*at] >= most * (1.0 - 1e-6));
        equal.min_by_key(|at| (self.modes[*at].a, self.modes[*at].b)).expect("a mode")
    }
}

/// The edges of the bands in 32 bits: squares of evenly spaced roots, counted from the nearer end.
fn edges(longest: f32, bands: usize) -> Vec<f32> {
    let (start, end) = (0.5_f32.sqrt(), longest.sqrt());
    let step = (end - start) / bands as f32;
    let root = |q: usize| {
        if q < bands.div_ceil(2) {
            start + step * q as f32
        } else {
            end - step * (bands - q) as f32
        }
    };
    (0..=bands).map(|q| root(q) * root(q)).collect()
}

fn flatness(power: &[f64]) -> f64 {
    let logs: Vec<f64> = power.iter().map(|p| (p + 1e-10).ln()).collect();
    Moments::of(&logs).mean.exp() / (Moments::of(power).mean + 1e-10)
}

/// Modes, strongest first, before 85 % of the power are reached, over their number.
fn compactness(power: &[f64], total: f64) -> f64 {
    let mut sorted = power.to_vec();
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    let mut sum = 0.0;
    let reached = |p: &f64| {
        sum += p;
        sum >= 0.85 * total * (1.0 - 1e-9)
    };
    sorted.iter().position(reached).unwrap_or(0) as f64 / power.len() as f64
}
