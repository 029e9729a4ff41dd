//! The noise of one operator: what is drawn at each site, and how it acts on a field.
//!
//! Noise inside a network acts on the grid of its level, and its correlation is a fraction of the side
//! of that grid. Every number comes from the stream ("noise", operator index) at (element, site, step,
//! realization): no two draws share a counter, and a realization can be computed alone. Fields are
//! planes `[channels][n·n]`, whatever layout the network works in.

use std::f64::consts::{PI, SQRT_2, TAU};
use std::sync::Arc;

use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};

use crate::operator::{Noise, NoiseLaw, Operator};
use crate::rng::Stream;

use super::random::{Place, dropout_gains, laplaces, normals};
use super::simd::{neg_ln_erfc, vectorised};

/// Draw sites: one number per place where random numbers enter an operator.
pub mod site {
    /// Noise after the last block.
    pub const FEATURES: u32 = 1;
    /// Noise after the output layer.
    pub const OUTPUT: u32 = 2;
    /// Noise before the input block.
    pub const INPUT: u32 = 3;
    /// Noise after block `j`: this plus `j`.
    pub const HIDDEN: u32 = 0x100;
    /// Channel dropout after convolution layer `l`: this plus `l`.
    pub const DROPOUT: u32 = 0x200;
}

/// What noise does to the planes of one realization.
#[derive(Debug, Clone, PartialEq)]
pub enum Perturbation {
    /// Added: `[channels][n·n]`.
    Add(Vec<f32>),
    /// Multiplied: `[channels][n·n]`.
    Multiply(Vec<f32>),
    /// One factor per channel.
    Gains(Vec<f32>),
}

impl Perturbation {
    /// Acts on planes `[channels][n·n]`.
    pub fn apply(&self, planes: &mut [f32]) {
        match self {
            Perturbation::Add(field) => planes.iter_mut().zip(field).for_each(|(x, v)| *x += v),
            Perturbation::Multiply(field) => {
                planes.iter_mut().zip(field).for_each(|(x, v)| *x *= v);
            }
            Perturbation::Gains(gains) => {
                let pixels = planes.len() / gains.len();
                for (plane, gain) in planes.chunks_exact_mut(pixels).zip(gains) {
                    for x in plane {
                        *x *= gain;
                    }
                }
            }
        }
    }
}

/// The random numbers of one operator.
pub struct Source {
    stream: Stream,
    noise: Option<Noise>,
    dropout_rate: f64,
    /// Of the full grid.
    side: usize,
    /// For correlated noise, one for each side at which the network works.
    spectra: Vec<Spectrum>,
}

impl Source {
    /// The noise of `operator` in the experiment with this seed.
    pub fn new(seed: u64, operator: &Operator) -> Self {
        let side = operator.grid as usize;
        let spectra = match operator.noise {
            Some(Noise { correlation, .. }) if correlation > 0.0 => {
                let levels = 0..=operator.architecture.topology.depth();
                levels.map(|level| Spectrum::new(side >> level, correlation)).collect()
            }
            _ => Vec::new(),
        };
        Self {
            stream: Stream::new(seed, "noise", &[operator.index]),
            noise: operator.noise,
            dropout_rate: operator.architecture.dropout_rate,
            side,
            spectra,
        }
    }

    /// The noise block's action on `channels` planes of this side. `scale` is the noise scale at this step,
    /// the schedule included. A dropout probability is bounded by 0.95, where a periodic schedule
    /// would exceed it.
    ///
    /// # Panics
    /// If the operator has no noise: the network has a noise stage only if it has.
    pub fn perturbation(
        &self,
        at: Place,
        channels: usize,
        side: usize,
        scale: f64,
    ) -> Perturbation {
        let law = self.noise.expect("a noise stage belongs to an operator with noise").law;
        match law {
            NoiseLaw::Gaussian | NoiseLaw::Laplace => {
                let mut field = self.field(law, at, channels, side);
                let scale = scale as f32;
                for x in &mut field {
                    *x *= scale;
                }
                Perturbation::Add(field)
            }
            NoiseLaw::Multiplicative => {
                let mut field = self.field(law, at, channels, side);
                let scale = scale as f32;
                for x in &mut field {
                    *x = 1.0 + scale * *x;
                }
                Perturbation::Multiply(field)
            }
            NoiseLaw::Dropout => {
                let mut gains = vec![0.0; channels];
                dropout_gains(self.stream, at, scale.min(0.95), &mut gains);
                Perturbation::Gains(gains)
            }
        }
    }

    /// Monte-Carlo channel dropout after a convolution layer.
    pub fn dropout(&self, at: Place, channels: usize) -> Perturbation {
        let mut gains = vec![0.0; channels];
        dropout_gains(self.stream, at, self.dropout_rate, &mut gains);
        Perturbation::Gains(gains)
    }

    /// Gaussian noise on the features as it appears behind the output layer `W`: `scale·L·η` with
    /// `L Lᵀ = W Wᵀ` and one unit-variance field `η` per output channel.
    ///
    /// The output layer is linear, so `W(z + s·ξ) + b = (W z + b) + s·W ξ`, and `W ξ` is Gaussian
    /// with covariance `W Wᵀ ⊗ spatial kernel`: equal in law to drawing all features, for a
    /// fraction of the random numbers.
    pub fn projected(&self, at: Place, factor: &Cholesky, scale: f64) -> Perturbation {
        let eta = self.field(NoiseLaw::Gaussian, at, factor.size, self.side);
        let pixels = self.side * self.side;
        let mut out = vec![0.0; eta.len()];
        for (row, plane) in out.chunks_exact_mut(pixels).enumerate() {
            for (column, eta) in eta.chunks_exact(pixels).take(row + 1).enumerate() {
                let weight = (factor.lower[row * factor.size + column] * scale) as f32;
                plane.iter_mut().zip(eta).for_each(|(x, v)| *x += weight * v);
            }
        }
        Perturbation::Add(out)
    }

    /// `channels` independent fields of this side, of mean 0 and variance 1, with the operator's
    /// correlation, whose length is a fraction of the side.
    pub fn field(&self, law: NoiseLaw, at: Place, channels: usize, side: usize) -> Vec<f32> {
        let pixels = side * side;
        let length = channels * pixels;
        if self.spectra.is_empty() {
            let mut out = vec![0.0; length];
            match law {
                NoiseLaw::Laplace => laplaces(self.stream, at, &mut out),
                _ => normals(self.stream, at, &mut out),
            }
            return out;
        }
        let spectrum = self.spectra.iter().find(|spectrum| spectrum.side == side);
        let spectrum = spectrum.expect("there is one for every side of the network");
        let mut white = vec![0.0; channels.div_ceil(2) * 2 * pixels];
        normals(self.stream, at, &mut white);
        let mut out = spectrum.shape(&white, length);
        if law == NoiseLaw::Laplace {
            normal_to_laplace(&mut out);
        }
        out
    }
}

vectorised! {
    /// The Gaussian copula `F⁻¹(Φ(g))` of the Laplace law with variance 1, in place:
    /// `±(−ln erfc(|g|/√2))/√2`, accurate in the tails.
    fn normal_to_laplace(values: &mut [f32]) {
        for value in values {
            let magnitude = neg_ln_erfc(value.abs() * std::f32::consts::FRAC_1_SQRT_2);
            *value = (magnitude * std::f32::consts::FRAC_1_SQRT_2).copysign(*value);
        }
    }
}

/// Lower Cholesky factor of `W Wᵀ`.
#[derive(Debug, Clone, PartialEq)]
pub struct Cholesky {
    size: usize,
    lower: Vec<f64>,
}

impl Cholesky {
    /// Factors `W Wᵀ` for `W` with `size` rows; `None` if it is not of full rank to 10 digits (fewer
    /// features than channels, or zero weights): then the features themselves must be drawn.
    pub fn of_rows(weights: &[f32], size: usize) -> Option<Self> {
        let columns = weights.len() / size;
        let row = |i: usize| &weights[i * columns..(i + 1) * columns];
        let dot = |a: &[f32], b: &[f32]| -> f64 {
            a.iter().zip(b).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum()
        };
        let mut lower = vec![0.0; size * size];
        for i in 0..size {
            let own = dot(row(i), row(i));
            for j in 0..=i {
                let done: f64 = (0..j).map(|k| lower[i * size + k] * lower[j * size + k]).sum();
                let rest = dot(row(i), row(j)) - done;
                if i == j {
                    if rest <= 1e-10 * own {
                        return None;
                    }
                    lower[i * size + i] = rest.sqrt();
                } else {
                    lower[i * size + j] = rest / lower[j * size + j];
                }
            }
        }
        Some(Self { size, lower })
    }
}

/// Spectral synthesis of Gaussian fields with covariance `exp(−r²/(2ℓ²))`, `ℓ = ρn/(π√2)` pixels.
///
/// Complex white noise with amplitude `A(κ) ∝ exp(−κ²ℓ²/4)`, `(1/n²) Σ A² = 1`, goes through one
/// inverse transform; real and imaginary part are two independent fields of unit variance. The
/// variance is set analytically, never from the sample.
struct Spectrum {
    side: usize,
    /// `A/n`, row-major.
    amplitude: Vec<f32>,
    fft: Arc<dyn Fft<f32>>,
}

impl Spectrum {
    fn new(side: usize, correlation: f64) -> Self {
        let n = side as f64;
        let length = correlation * n / (PI * SQRT_2);
        let axis: Vec<f64> = (0..side)
            .map(|i| {
                let frequency = i.min(side - i) as f64;
                let kappa = TAU * frequency / n;
                libm::exp(-kappa * kappa * length * length / 4.0)
            })
            .collect();
        // The sum over the square is the square of the sum over one axis; A/n has Σ (A/n)² = 1.
        let norm: f64 = axis.iter().map(|a| a * a).sum();
        let amplitude =
            axis.iter().flat_map(|y| axis.iter().map(move |x| (x * y / norm) as f32)).collect();
        Self { side, amplitude, fft: FftPlanner::new().plan_fft_inverse(side) }
    }

    /// Shapes `white` (pairs of planes as interleaved complex numbers) into `length` values.
    fn shape(&self, white: &[f32], length: usize) -> Vec<f32> {
        let (n, pixels) = (self.side, self.side * self.side);
        let mut out = vec![0.0; white.len()];
        let mut field = vec![Complex::default(); pixels];
        let mut turned = vec![Complex::default(); pixels];
        let mut scratch = vec![Complex::default(); self.fft.get_inplace_scratch_len()];
        for (white, out) in white.chunks_exact(2 * pixels).zip(out.chunks_exact_mut(2 * pixels)) {
            for ((value, pair), a) in
                field.iter_mut().zip(white.chunks_exact(2)).zip(&self.amplitude)
            {
                *value = Complex::new(pair[0] * a, pair[1] * a);
            }
            self.fft.process_with_scratch(&mut field, &mut scratch);
            for (y, row) in field.chunks_exact(n).enumerate() {
                for (x, &value) in row.iter().enumerate() {
                    turned[x * n + y] = value;
                }
            }
            // The field stays transposed: its law is symmetric.
            self.fft.process_with_scratch(&mut turned, &mut scratch);
            let (first, second) = out.split_at_mut(pixels);
            for ((value, re), im) in turned.iter().zip(first).zip(second) {
                (*re, *im) = (value.re, value.im);
            }
        }
        out.truncate(length);
        out
    }
}
