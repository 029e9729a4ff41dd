//! The accepted definitions, over the whole plane of modes without the mean of the field.

use super::{HARMONICS, ROWS};
use crate::features::waves::{Wave, Waves};
use crate::features::{Undefined, Value};

/// What is measured of a channel: sums over the waves of [`Waves`], with P their power and w the modes
/// that each stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct Measures {
    /// Of each band.
    pub bands: Vec<Band>,
    /// Of the whole, if the field is not constant.
    pub shape: Option<Shape>,
}

/// One band of wave numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    /// Σ w.
    pub modes: f64,
    /// Σ w P.
    pub sum: f64,
    /// max P.
    pub most: f64,
    /// `Σ w (P − Σ w P/Σ w)²`.
    pub squares: f64,
}

/// The power spectrum of a field that is not constant.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// Σ w P, which is Σ (u − mean)².
    pub total: f64,
    /// Σ w P |fx| and Σ w P |fy|.
    pub along: [f64; 2],
    /// `Σ w P fx²`, `Σ w P fy²`, and `Σ w P fx fy` without Nyquist modes.
    pub tensor: [f64; 3],
    /// `Σ w P (ρ − Σ w P ρ/Σ w P)²`.
    pub spread: f64,
    /// Σ w P over ρ < 1/16, up to 1/8, and beyond.
    pub parts: [f64; 3],
    /// `Σ w ln(P/mean P + 1e-12)`.
    pub logs: f64,
    /// The least ρ with 85 % of Σ w P at or below it.
    pub rolloff: f64,
    /// The strongest wave, see [`Waves::strongest`].
    pub strongest: Wave,
    /// Its P.
    pub own: f64,
    /// The power of its pair, and of those of its multiples up to the Nyquist frequency: from the second
    /// on, as many as are wanted.
    pub pairs: Vec<f64>,
}

impl Measures {
    /// From `P[a, b]` of the half plane; of a constant field without its shape.
    pub fn of(waves: &Waves, power: &[f64], count: usize, constant: bool, harmonics: bool) -> Self {
        if constant {
            let none = vec![0.0; power.len()];
            return Self { bands: bands(waves, &none, count), shape: None };
        }
        let shape = Spectrum::new(waves, power).shape(harmonics);
        Self { bands: bands(waves, power, count), shape: Some(shape) }
    }
}

/// The power spectrum of a field that is not constant, while it is measured.
struct Spectrum<'a> {
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

    fn shape(&self, harmonics: bool) -> Shape {
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
        let part = |range: &[f64]| range.iter().sum::<f64>();
        let strongest = self.strongest;
        Shape {
            total: self.total,
            along: [x, y],
            tensor: [xx, yy, xy],
            spread,
            parts: [
                part(&self.weighted[..low]),
                part(&self.weighted[low..mid]),
                part(&self.weighted[mid..]),
            ],
            logs: self.logs(),
            rolloff: self.rolloff(),
            strongest,
            own: self.power[strongest.at],
            pairs: self.pairs(harmonics),
        }
    }

    fn logs(&self) -> f64 {
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
        self.waves.all().chunks(8).map(product).sum()
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

    fn pairs(&self, harmonics: bool) -> Vec<f64> {
        let power = |at| self.waves.of_pair(self.power, at);
        let multiple = |times| self.waves.harmonic(&self.strongest, times).map(power);
        let others = (2..).take_while(|_| harmonics).map_while(multiple);
        std::iter::once(power(self.strongest.at)).chain(others).collect()
    }
}

impl Shape {
    /// Dominant wave, centroids, spread, ratios, flatness, rolloff, anisotropy, of a field of so many
    /// pixels.
    pub fn values(&self, pixels: usize) -> [Value; ROWS.len()] {
        let peak = &self.strongest;
        let sine = (self.pairs[0] / self.own).max(1.0);
        let [x, y] = self.along;
        let [xx, yy, xy] = self.tensor;
        let modes = (pixels - 1) as f64;
        [
            peak.fx,
            peak.fy,
            sine * (self.own / pixels as f64).sqrt(),
            x / self.total,
            y / self.total,
            (self.spread / self.total).sqrt(),
            self.parts[0] / self.total,
            self.parts[1] / self.total,
            self.parts[2] / self.total,
            (self.logs / modes).exp() / (1.0 + 1e-12),
            self.rolloff,
            (xx - yy).hypot(2.0 * xy) / (xx + yy),
        ]
        .map(Ok)
    }

    /// Power at the multiples of the strongest wave.
    pub fn harmonics(&self) -> [Value; HARMONICS.len()] {
        let first = self.pairs[0];
        let ratio =
            |at: usize| self.pairs.get(at).map(|p| p / first).ok_or(Undefined::Undetermined);
        let (second, third) = (ratio(1), ratio(2));
        let all: f64 = (1..).map_while(|at| ratio(at).ok()).sum();
        [second, third, second.map(|_| all.sqrt()), Ok(first / self.total)]
    }
}

impl Band {
    /// Mean, maximum and standard deviation of P.
    pub fn values(&self) -> [Value; 3] {
        let modes = self.modes;
        let some = |least: f64, value| {
            if modes >= least { Ok(value) } else { Err(Undefined::Undetermined) }
        };
        let spread = (self.squares / (modes - 1.0)).sqrt();
        [some(1.0, self.sum / modes), some(1.0, self.most), some(2.0, spread)]
    }
}

/// The bands, from the power of the modes of the half plane.
fn bands(waves: &Waves, power: &[f64], count: usize) -> Vec<Band> {
    let of = |waves: &[Wave]| {
        let (mut modes, mut sum, mut most) = (0.0, 0.0, 0.0_f64);
        for wave in waves {
            let p = power[wave.at];
            modes += wave.weight;
            sum += wave.weight * p;
            most = most.max(p);
        }
        let mean = sum / modes;
        let squares = waves.iter().map(|w| w.weight * (power[w.at] - mean).powi(2)).sum();
        Band { modes, sum, most, squares }
    };
    edges(waves, count).windows(2).map(|band| of(&waves.all()[band[0]..band[1]])).collect()
}

/// Where the bands begin among the waves, and the end of the last.
pub fn edges(waves: &Waves, count: usize) -> Vec<usize> {
    let side = waves.height.min(waves.width) as f64;
    let longest = waves.all().last().map_or(0.5, |wave| wave.rho * side);
    let (start, end) = (0.5_f64.sqrt(), longest.sqrt());
    let inner = (1..count).map(|q| {
        let root = start + (end - start) * q as f64 / count as f64;
        waves.below(root * root / side)
    });
    std::iter::once(0).chain(inner).chain([waves.all().len()]).collect()
}
