//! Lengths of correlation and of structure.

use crate::features::Shape;
use crate::features::waves::{Wave, Waves};

/// Added to denominators by the Python reference.
const EPSILON: f64 = 1e-8;

/// The autocorrelation R of a field `[H, W]`.
pub struct Correlation {
    height: usize,
    width: usize,
    /// `[W, H]`, R(0) = 1.
    values: Vec<f64>,
}

impl Correlation {
    /// From the autocovariance of a field that is not constant.
    pub fn standard(height: usize, width: usize, covariance: &[f64]) -> Self {
        let values = covariance.iter().map(|c| c / covariance[0]).collect();
        Self { height, width, values }
    }

    /// That of the field with its mean: `Σ u u'/(Σ u² + 1e-8)`.
    pub fn compat(height: usize, width: usize, covariance: &[f64], mean: f64) -> Self {
        let (n, offset) = ((height * width) as f64, mean * mean);
        let scale = n / (n * (covariance[0] + offset) + EPSILON);
        let values = covariance.iter().map(|c| (c + offset) * scale).collect();
        Self { height, width, values }
    }

    /// Mean |R(x, 0)| and mean |R(0, y)|.
    pub fn axes(&self) -> (f64, f64) {
        let (h, w) = (self.height, self.width);
        let across: f64 = self.values.iter().step_by(h).map(|r| r.abs()).sum();
        let down: f64 = self.values[..h].iter().map(|r| r.abs()).sum();
        (across / w as f64, down / h as f64)
    }

    /// Sums of R over the rings.
    pub fn over_rings(&self, rings: &Rings) -> Vec<f64> {
        let mut sums = vec![0.0; rings.pixels.len()];
        for (ring, r) in rings.of.iter().zip(&self.values) {
            sums[*ring] += r;
        }
        sums
    }

    /// The least distance of a pixel with R below 1/e, or half the longer side.
    pub fn first(&self) -> f64 {
        let level = (-1.0_f64).exp();
        let below = self.pixels().filter(|(_, r)| *r < level).map(|(squared, _)| squared);
        below
            .min()
            .map_or(self.height.max(self.width) as f64 / 2.0, |squared| (squared as f64).sqrt())
    }

    /// The squared distance and R of every pixel; the shorter way round.
    fn pixels(&self) -> impl Iterator<Item = (usize, f64)> {
        let (h, w) = (self.height, self.width);
        self.values.iter().enumerate().map(move |(k, r)| (squared(k % h, k / h, h, w), *r))
    }
}

/// The pixels of an autocorrelation in rings about the middle, one pixel wide.
#[derive(Debug)]
pub struct Rings {
    /// The ring of each pixel, `[W, H]`.
    of: Vec<usize>,
    /// How many pixels each has.
    pixels: Vec<u32>,
    /// The sum of their distances.
    distances: Vec<f64>,
}

/// The ring of a pixel at this squared distance.
pub fn ring_of(squared: usize) -> usize {
    ((squared as f64).sqrt() + 0.5) as usize
}

impl Rings {
    /// Of fields of this form.
    pub fn new(shape: Shape) -> Self {
        let (h, w) = (shape.height, shape.width);
        let count = h.max(w) + 1;
        let (mut pixels, mut distances) = (vec![0; count], vec![0.0; count]);
        let squares: Vec<usize> = (0..h * w).map(|k| squared(k % h, k / h, h, w)).collect();
        for square in &squares {
            pixels[ring_of(*square)] += 1;
            distances[ring_of(*square)] += (*square as f64).sqrt();
        }
        Self { of: squares.into_iter().map(ring_of).collect(), pixels, distances }
    }

    /// The ring of each pixel, `[W, H]`: columns first.
    pub fn of_pixels(&self) -> &[usize] {
        &self.of
    }

    /// How many rings there are, the empty ones too.
    pub fn count(&self) -> usize {
        self.pixels.len()
    }

    /// The distance at which the mean of R over rings of one pixel's width falls to 1/e, linear between
    /// rings, each at the mean distance of its pixels, from sums of R. R of a field without its mean
    /// sums to nothing, so that it falls somewhere.
    pub fn decay(&self, sums: &[f64]) -> f64 {
        let level = (-1.0_f64).exp();
        let mut before = (0.0, 1.0);
        let rings = self.pixels.iter().zip(&self.distances).zip(sums);
        for ((pixels, distances), sum) in rings.skip(1).filter(|((pixels, _), _)| **pixels > 0) {
            let here = (distances / f64::from(*pixels), sum / f64::from(*pixels));
            if here.1 <= level {
                let part = (before.1 - level) / (before.1 - here.1);
                return before.0 + part * (here.0 - before.0);
            }
            before = here;
        }
        before.0
    }
}

/// The squared distance of pixel (i, j) from (0, 0), the shorter way round.
fn squared(i: usize, j: usize, h: usize, w: usize) -> usize {
    j.min(w - j).pow(2) + i.min(h - i).pow(2)
}

/// The waves in rings of `ρ min(H, W)` of width one: where each ring ends among the waves.
pub fn wave_rings(waves: &Waves) -> Vec<usize> {
    let side = waves.height.min(waves.width) as f64;
    let ring = |wave: &Wave| (wave.rho * side).round().max(1.0);
    let (all, mut ends) = (waves.all(), vec![0]);
    while let Some(first) = all.get(ends[ends.len() - 1]) {
        ends.push(all.partition_point(|wave| ring(wave) <= ring(first)));
    }
    ends.split_off(1)
}

/// Of each ring of [`wave_rings`]: Σ w, w the modes that a wave stands for; and `[Σ w P, Σ w P ρ]`.
pub fn ring_sums(waves: &Waves, power: &[f64]) -> (Vec<f64>, Vec<[f64; 2]>) {
    let mut start = 0;
    let rings = wave_rings(waves).into_iter().map(|end| {
        let (mut modes, mut sum, mut moment) = (0.0, 0.0, 0.0);
        for wave in &waves.all()[start..end] {
            let p = wave.weight * power[wave.at];
            modes += wave.weight;
            sum += p;
            moment += p * wave.rho;
        }
        start = end;
        (modes, [sum, moment])
    });
    rings.unzip()
}

/// ρ at the maximum of P averaged over rings, as the mean over the ring weighted by P; the least of
/// equals. From [`ring_sums`].
pub fn ring_peak(modes: &[f64], sums: &[[f64; 2]]) -> f64 {
    let mut best = (0.0, 0.0);
    for (modes, [sum, moment]) in modes.iter().zip(sums) {
        if sum / modes > best.0 * (1.0 + 1e-9) {
            best = (sum / modes, moment / sum);
        }
    }
    best.1
}

/// `1/(ρ* + 1e-8)` at the strongest wave with ρ > 0.01; ρ* = 0 without power.
pub fn longest(waves: &Waves, power: &[f64]) -> f64 {
    let seen = || waves.all().iter().filter(|wave| wave.rho > 0.01);
    let most = seen().fold(0.0, |most: f64, wave| most.max(power[wave.at]));
    let strong = seen().find(|wave| most > 0.0 && power[wave.at] >= most * (1.0 - 1e-6));
    1.0 / (strong.map_or(0.0, |wave| wave.rho) + EPSILON)
}
