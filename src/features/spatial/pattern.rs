//! What `sdf-extended` adds to `spatial`: singular values of the field as a matrix, the distribution of
//! its gradient, its correlation lengths.

use super::correlation::{Correlation, Rings, longest, ring_peak, ring_sums};
use super::{Measures, Row};
use crate::features::feature::quotient;
use crate::features::measured::Outline;
use crate::features::singular::singular_values;
use crate::features::statistics::Moments;
use crate::features::waves::Waves;
use crate::features::{Channel, Undefined, Value};

/// Added to denominators by the Python reference.
const EPSILON: f64 = 1e-8;

const FLAT: &str = "a constant field";
const UNGRADED: &str = "no central difference anywhere";

/// In the order of the columns; as [`super::ROWS`].
pub const ROWS: [Row; 8] = [
    (
        "effective_rank",
        "exp(−Σ q ln q), q = S/Σ S, S the singular values of u − mean u, H × W",
        Some("Σ S²/(S₁² + 1e-8), S those of u: the stable rank"),
        FLAT,
        "Roy and Vetterli 2007",
    ),
    (
        "participation_ratio",
        "1/Σ p², p = S²/Σ S²",
        Some("S those of u"),
        FLAT,
        "the inverse participation ratio of the modes",
    ),
    (
        "explained_variance_90",
        "the least number of modes with Σ p ≥ 0.9",
        Some("S those of u"),
        FLAT,
        "Jolliffe 2002",
    ),
    (
        "gradient_saturation_ratio",
        "part of the pixels with g < max g/20",
        Some("0 where max g = 0"),
        UNGRADED,
        "",
    ),
    (
        "gradient_flatness",
        "excess kurtosis of g, m₄/m₂² − 3",
        Some("mean(z⁴) − 3, z = (g − mean)/(s + 1e-8)"),
        "a gradient of the same size everywhere",
        "Joanes and Gill 1998, g₂",
    ),
    (
        "coherence_length",
        "the least r with R(r) = 1/e, R the autocorrelation of u − mean u averaged over rings one pixel \
         wide, linear between them",
        Some("the least |r| of a pixel with R < 1/e, R that of u, or max(H, W)/2"),
        FLAT,
        "",
    ),
    (
        "correlation_anisotropy",
        "(A − B)/(A + B), A = mean |R(x, 0)|, B = mean |R(0, y)|",
        Some("A/(B + 1e-8), R that of u"),
        FLAT,
        "",
    ),
    (
        "structure_factor_peak",
        "ρ, cycles per pixel, at the maximum of P averaged over rings of ρ min(H, W) one wide: the mean over \
         that ring, weighted by P",
        Some("1/(ρ* + 1e-8), a length, at the greatest P with ρ > 0.01"),
        FLAT,
        "the circularly averaged structure factor",
    ),
];

/// What the values of a finite channel follow from.
pub struct Look<'a> {
    /// The channel.
    pub channel: &'a Channel,
    /// Its gradient magnitude.
    pub gradient: &'a [f64],
    /// Its autocovariance, as [`crate::features::Frame::autocovariances`] gives it.
    pub covariance: &'a [f64],
    /// Its power spectrum, as [`crate::features::spectrum::Spectra::power`] gives it.
    pub power: &'a [f64],
    /// The wave vectors of the power.
    pub waves: &'a Waves,
}

/// What is measured of a finite channel besides [`super::Measures`].
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    /// The singular values of u − mean u, in descending order; none of a constant field, or if they were
    /// not found.
    pub singular: Option<Vec<f64>>,
    /// Part of the pixels with g < max g/20.
    pub saturated: f64,
    /// mean |R(x, 0)| and mean |R(0, y)|.
    pub axes: [f64; 2],
    /// Sums of R over the rings of [`Rings`].
    pub correlation: Vec<f64>,
    /// Σ w P and Σ w P ρ over the rings of `wave_rings`, w the modes that a wave stands for.
    pub structure: Vec<[f64; 2]>,
    /// Σ w of those rings.
    pub modes: Vec<f64>,
}

impl Look<'_> {
    /// What the accepted definitions follow from.
    pub fn measure(&self, steepest: f64, rings: &Rings) -> Pattern {
        let u = self.channel;
        let saturated = self.saturated(steepest);
        if u.is_constant() {
            let (correlation, structure, modes) = (Vec::new(), Vec::new(), Vec::new());
            let axes = [f64::NAN; 2];
            return Pattern { singular: None, saturated, axes, correlation, structure, modes };
        }
        let mean = u.moments().mean;
        let centred: Vec<f64> = u.values.iter().map(|v| v - mean).collect();
        let correlation = Correlation::standard(u.height, u.width, self.covariance);
        let (across, down) = correlation.axes();
        let (modes, structure) = ring_sums(self.waves, self.power);
        Pattern {
            singular: singular_values(u.height, u.width, &centred),
            saturated,
            axes: [across, down],
            correlation: correlation.over_rings(rings),
            structure,
            modes,
        }
    }

    /// The definitions of the Python reference.
    pub fn compat(&self) -> [Value; ROWS.len()] {
        let u = self.channel;
        let [rank, modes, ninety] = match singular_values(u.height, u.width, &u.values) {
            None => [Err(Undefined::Undetermined); 3],
            Some(s) => {
                let p = shares(&s, EPSILON);
                let stable = s.iter().map(|s| s * s).sum::<f64>() / (s[0] * s[0] + EPSILON);
                [Ok(stable), quotient(1.0, mean_share(&p), 0.0), Ok(reaching(&p, 0.9))]
            }
        };
        let gradient = Moments::of(self.gradient);
        let s = gradient.variance().sqrt() + EPSILON;
        let mean = u.moments().mean;
        let correlation = Correlation::compat(u.height, u.width, self.covariance, mean);
        let (across, down) = correlation.axes();
        [
            rank,
            modes,
            ninety,
            Ok(self.saturated(self.steepest())),
            Ok(gradient.central[2] / s.powi(4) - 3.0),
            Ok(correlation.first()),
            Ok(across / (down + EPSILON)),
            Ok(longest(self.waves, self.power)),
        ]
    }

    fn steepest(&self) -> f64 {
        self.gradient.iter().copied().fold(0.0, f64::max)
    }

    /// Part of the pixels with a gradient below a twentieth of the steepest.
    fn saturated(&self, steepest: f64) -> f64 {
        let count = self.gradient.iter().filter(|g| **g < 0.05 * steepest).count();
        count as f64 / self.gradient.len() as f64
    }
}

impl Pattern {
    /// The accepted definitions.
    pub fn values(&self, outline: &Outline, of: &Measures, rings: &Rings) -> [Value; ROWS.len()] {
        let (saturated, flatness) = self.gradients(of);
        if outline.constant {
            let flat = Err(Undefined::ConstantField);
            return [flat, flat, flat, saturated, flatness, flat, flat, flat];
        }
        let [rank, modes, ninety] = match &self.singular {
            None => [Err(Undefined::Undetermined); 3],
            Some(s) => {
                let p = shares(s, 0.0);
                let ninety = reaching(&p, 0.9 * (1.0 - 1e-12));
                [Ok(effective_rank(s)), Ok(1.0 / mean_share(&p)), Ok(ninety)]
            }
        };
        let [across, down] = self.axes;
        [
            rank,
            modes,
            ninety,
            saturated,
            flatness,
            Ok(rings.decay(&self.correlation)),
            Ok((across - down) / (across + down)),
            Ok(ring_peak(&self.modes, &self.structure)),
        ]
    }

    /// Part of the pixels of small gradient, and the excess kurtosis of the gradient.
    fn gradients(&self, of: &Measures) -> (Value, Value) {
        if of.steepest == 0.0 {
            return (Err(Undefined::ZeroDenominator), Err(Undefined::ZeroDenominator));
        }
        let [m2, _, m4] = of.gradient.central;
        // A spread of rounding alone is none.
        let floor = (1e-12 * of.steepest).powi(4);
        (Ok(self.saturated), quotient(m4, m2 * m2, floor).map(|v| v - 3.0))
    }
}

/// `exp(−Σ q ln q)`, q the parts of the sum.
fn effective_rank(s: &[f64]) -> f64 {
    let sum: f64 = s.iter().sum();
    let parts = s.iter().map(|s| s / sum).filter(|q| *q > 0.0);
    parts.map(|q| -q * q.ln()).sum::<f64>().exp()
}

/// p = S²/(Σ S² + ε).
fn shares(s: &[f64], epsilon: f64) -> Vec<f64> {
    let sum = s.iter().map(|s| s * s).sum::<f64>() + epsilon;
    s.iter().map(|s| s * s / sum).collect()
}

/// Σ p², the mean of p under p.
fn mean_share(p: &[f64]) -> f64 {
    p.iter().map(|p| p * p).sum()
}

/// One more than the number of modes before which less than `level` is reached.
fn reaching(p: &[f64], level: f64) -> f64 {
    let mut sum = 0.0;
    let short = p.iter().take_while(|p| {
        sum += **p;
        sum < level
    });
    1.0 + short.count() as f64
}
