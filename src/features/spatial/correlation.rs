//! Lengths of correlation and of structure.

use crate::features::waves::Waves;

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

    /// The distance at which the mean of R over rings of one pixel's width falls to 1/e, linear between
    /// rings, each at the mean distance of its pixels. R of a field without its mean sums to nothing,
    /// so that it falls somewhere.
    pub fn decay(&self) -> f64 {
        let count = self.height.max(self.width) + 1;
        let mut rings = vec![(0_u32, 0.0, 0.0); count];
        for (squared, r) in self.pixels() {
            let distance = (squared as f64).sqrt();
            let (pixels, distances, sum) = &mut rings[(distance + 0.5) as usize];
            *pixels += 1;
            *distances += distance;
            *sum += r;
        }
        let level = (-1.0_f64).exp();
        let mut before = (0.0, 1.0);
        for (pixels, distances, sum) in rings.into_iter().skip(1).filter(|ring| ring.0 > 0) {
            let here = (distances / f64::from(pixels), sum / f64::from(pixels));
            if here.1 <= level {
                let part = (before.1 - level) / (before.1 - here.1);
                return before.0 + part * (here.0 - before.0);
            }
            before = here;
        }
        before.0
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
        self.values.chunks_exact(h).enumerate().flat_map(move |(j, column)| {
            let x = j.min(w - j);
            column.iter().enumerate().map(move |(i, r)| (x * x + i.min(h - i).pow(2), *r))
        })
    }
}

/// ρ at the maximum of P averaged over rings of `ρ min(H, W)` of width one, as the mean over the ring
/// weighted by P; the least of equals.
pub fn ring_peak(waves: &Waves, power: &[f64]) -> f64 {
    let side = waves.height.min(waves.width) as f64;
    let mut best = (0.0, 0.0);
    let mut rest = waves.all();
    while let Some(first) = rest.first() {
        let ring = (first.rho * side).round().max(1.0);
        let end = rest.partition_point(|wave| (wave.rho * side).round().max(1.0) == ring);
        let (mut modes, mut sum, mut moment) = (0.0, 0.0, 0.0);
        for wave in &rest[..end] {
            let p = wave.weight * power[wave.at];
            modes += wave.weight;
            sum += p;
            moment += p * wave.rho;
        }
        if sum / modes > best.0 * (1.0 + 1e-9) {
            best = (sum / modes, moment / sum);
        }
        rest = &rest[end..];
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
