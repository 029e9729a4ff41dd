//! The accepted definitions, over the whole plane of modes without the mean of the field.

use super::{HARMONICS, ROWS};
use crate::features::waves::{Wave, Waves};
use crate::features::{Undefined, Value};

/// The power spectrum of a field that is not constant.
pub struct Spectrum<'a> {
    waves: &'a Waves,
    /// P of the modes of the half plane, as they lie.
    power: &'a [f64],
    /// P of the waves and of what they stand for, in their order.
    weighted: Vec<f64>,
    /// Its sum, Σ (u − mean)².
    total: f64,
    strongest: Wave,
}

impl<'a> Spectrum<'a> {
    /// From `P[a, b]` of the half plane.
    pub fn new(waves: &'a Waves, power: &'a [f64]) -> Self {
        let weighted: Vec<f64> =
            waves.all().iter().map(|wave| wave.weight * power[wave.at]).collect();
        let total = weighted.iter().sum();
        Self { waves, power, weighted, total, strongest: waves.strongest(power) }
    }

    /// Dominant wave, centroids, spread, ratios, flatness, rolloff, anisotropy.
    pub fn shape(&self) -> [Value; ROWS.len()] {
        let waves = self.waves.all();
        let (mut x, mut y, mut rho) = (0.0, 0.0, 0.0);
        let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
        for (wave, p) in waves.iter().zip(&self.weighted) {
            x += p * wave.fx;
            y += p * wave.fy.abs();
            rho += p * wave.rho;
            xx += p * wave.fx * wave.fx;
            yy += p * wave.fy * wave.fy;
            xy += if wave.is_nyquist() { 0.0 } else { p * wave.fx * wave.fy };
        }
        let centroid = rho / self.total;
        let spread: f64 =
            waves.iter().zip(&self.weighted).map(|(w, p)| p * (w.rho - centroid).powi(2)).sum();
        let (low, mid) = (self.waves.below(1.0 / 16.0), self.waves.below(1.0 / 8.0));
        let part = |range: &[f64]| range.iter().sum::<f64>() / self.total;
        let area = (self.waves.height * self.waves.width) as f64;
        let peak = self.strongest;
        let own = self.power[peak.at];
        let sine = (self.waves.of_pair(self.power, peak.at) / own).max(1.0);
        [
            peak.fx,
            peak.fy,
            sine * (own / area).sqrt(),
            x / self.total,
            y / self.total,
            (spread / self.total).sqrt(),
            part(&self.weighted[..low]),
            part(&self.weighted[low..mid]),
            part(&self.weighted[mid..]),
            self.flatness(),
            self.rolloff(),
            (xx - yy).hypot(2.0 * xy) / (xx + yy),
        ]
        .map(Ok)
    }

    fn flatness(&self) -> f64 {
        let modes = (self.waves.height * self.waves.width - 1) as f64;
        let mean = self.total / modes;
        // Relative to the mean, from 1e-12 to the number of modes: the product of eight of their squares
        // is a number, and one logarithm serves them all.
        let product = |waves: &[Wave]| {
            let relative = |wave: &Wave| {
                let p = self.power[wave.at] / mean + 1e-12;
                if wave.weight == 2.0 { p * p } else { p }
            };
            waves.iter().map(relative).product::<f64>().ln()
        };
        let logs: f64 = self.waves.all().chunks(8).map(product).sum();
        (logs / modes).exp() / (1.0 + 1e-12)
    }

    fn rolloff(&self) -> f64 {
        let enough = 0.85 * self.total * (1.0 - 1e-12);
        let mut sum = 0.0;
        let reached = |p: &f64| {
            sum += p;
            sum >= enough
        };
        let at = self.weighted.iter().position(reached).expect("the whole is more than 85 %");
        self.waves.all()[at].rho
    }

    /// Power at the multiples of the strongest wave.
    pub fn harmonics(&self) -> [Value; HARMONICS.len()] {
        let power = |at| self.waves.of_pair(self.power, at);
        let first = power(self.strongest.at);
        let ratio = |times| {
            let at = self.waves.harmonic(&self.strongest, times);
            at.map(|at| power(at) / first).ok_or(Undefined::Undetermined)
        };
        let (second, third) = (ratio(2), ratio(3));
        let all: f64 = (2..).map_while(|times| ratio(times).ok()).sum();
        [second, third, second.map(|_| all.sqrt()), Ok(first / self.total)]
    }
}

/// Mean, maximum and standard deviation of P, of the modes of the half plane, in each band.
pub fn bands(waves: &Waves, power: &[f64], count: usize, values: &mut Vec<Value>) {
    for band in edges(waves, count).windows(2) {
        let waves = &waves.all()[band[0]..band[1]];
        let (mut modes, mut sum, mut most) = (0.0, 0.0, 0.0_f64);
        for wave in waves {
            let p = power[wave.at];
            modes += wave.weight;
            sum += wave.weight * p;
            most = most.max(p);
        }
        let mean = sum / modes;
        let squares: f64 = waves.iter().map(|w| w.weight * (power[w.at] - mean).powi(2)).sum();
        let spread = (squares / (modes - 1.0)).sqrt();
        let some = |least: f64, value| {
            if modes >= least { Ok(value) } else { Err(Undefined::Undetermined) }
        };
        values.extend([some(1.0, mean), some(1.0, most), some(2.0, spread)]);
    }
}

/// Where the bands begin among the waves, and the end of the last.
fn edges(waves: &Waves, count: usize) -> Vec<usize> {
    let side = waves.height.min(waves.width) as f64;
    let longest = waves.all().last().map_or(0.5, |wave| wave.rho * side);
    let (start, end) = (0.5_f64.sqrt(), longest.sqrt());
    let inner = (1..count).map(|q| {
        let root = start + (end - start) * q as f64 / count as f64;
        waves.below(root * root / side)
    });
    std::iter::once(0).chain(inner).chain([waves.all().len()]).collect()
}
