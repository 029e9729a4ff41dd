//! Symmetric α-stable fields: a Gaussian moving average of independent α-stable noise.
//!
//! Noise: Z with characteristic function `exp(−|t|^α)`, by the transform of Chambers, Mallows and Stuck
//! (1976, *J. Am. Stat. Assoc.* 71, 340), one at each site of a lattice of M × M. Field:
//! `X(r) = Σ_j w(r − r_j) Z_j / s`, which is stable with the same α, and of unit scale for
//! `s = (Σ_j |w(r − r_j)|^α)^(1/α)` (Samorodnitsky and Taqqu 1994, §3). w is the Gaussian of standard
//! deviation `σ = ℓ/√2` sides, which gives the covariance length ℓ at α = 2; on the torus, band-limited
//! to what both lattice and grid can hold. It does not know any setting.

use std::f64::consts::{FRAC_1_SQRT_2, PI, TAU};

use crate::ic::fft::Fft;
use crate::ic::simulation::{SIDE, side};
use crate::ic::spectrum::wave_numbers;
use crate::rng::{Draws, Stream};

/// Sites of the lattice per σ. The kernel then is below 2·10⁻⁵ where the waves of the lattice end, and
/// s the same between the sites as on them.
const SITES_PER_SIGMA: f64 = 1.5;

/// A moving average on a grid.
pub struct Stable {
    alpha: f64,
    grid: usize,
    lattice: usize,
    /// Multiplier of wave number `|m|`, a factor for each axis.
    multiplier: Vec<f64>,
}

impl Stable {
    /// For α in (1, 2] and the length ℓ, a fraction of the side. The lattice depends on ℓ alone, and so
    /// does the sample, unless ℓ asks for more than `max(grid, 128)` sites.
    pub fn new(alpha: f64, length: f64, grid: usize) -> Self {
        let sigma = length * FRAC_1_SQRT_2;
        let sites = libm::ceil(SITES_PER_SIGMA / sigma) as usize;
        let lattice = sites.next_multiple_of(8).clamp(SIDE / 8, side(grid));
        let rate = 2.0 * PI * PI * sigma * sigma;
        let ends = lattice.min(grid);
        let mut multiplier: Vec<f64> = (0..ends.div_ceil(2))
            .map(|m| libm::exp(-rate * (m * m) as f64) / lattice as f64)
            .collect();
        let scale = scale(&multiplier, lattice, alpha);
        for a in &mut multiplier {
            *a /= scale;
        }
        Self { alpha, grid, lattice, multiplier }
    }

    /// `count` independent fields, `[count, n, n]`. Takes sites `site`, `site + 1`, … of the stream, one
    /// for each.
    pub fn fields(&self, stream: Stream, site: u32, count: usize) -> Vec<f64> {
        let (m, n) = (self.lattice, self.grid);
        let (forward, inverse) = (Fft::new(m), Fft::new(n));
        let noise = |k: usize| -> Vec<f64> {
            if k == count {
                return vec![0.0; m * m];
            }
            let mut draws = stream.site(site + k as u32);
            (0..m * m).map(|_| variate(self.alpha, &mut draws)).collect()
        };
        let kept = |k: i64| self.multiplier.get(k.unsigned_abs() as usize).copied();
        let place = |k: i64, n: usize| k.rem_euclid(n as i64) as usize;
        let mut out = Vec::with_capacity(count * n * n);
        for first in (0..count).step_by(2) {
            let (mut re, mut im) = (noise(first), noise(first + 1));
            forward.forward(&mut re, &mut im);
            let (mut to_re, mut to_im) = (vec![0.0; n * n], vec![0.0; n * n]);
            for kx in wave_numbers(m) {
                let Some(a) = kept(kx) else { continue };
                for ky in wave_numbers(m) {
                    let Some(b) = kept(ky) else { continue };
                    let from = place(kx, m) * m + place(ky, m);
                    let to = place(kx, n) * n + place(ky, n);
                    to_re[to] = a * b * re[from];
                    to_im[to] = a * b * im[from];
                }
            }
            inverse.inverse(&mut to_re, &mut to_im);
            out.extend_from_slice(&to_re);
            if first + 1 < count {
                out.extend_from_slice(&to_im);
            }
        }
        out
    }
}

/// `(Σ |w|^α)^(1/α)` of the kernel along one axis; that of the plane is its square.
fn scale(multiplier: &[f64], lattice: usize, alpha: f64) -> f64 {
    let cosines: Vec<f64> =
        (0..lattice).map(|k| libm::cos(TAU * k as f64 / lattice as f64)).collect();
    let sum: f64 = (0..lattice)
        .map(|x| {
            let waves = multiplier.iter().enumerate().skip(1);
            let sum: f64 = waves.map(|(m, a)| a * cosines[m * x % lattice]).sum();
            libm::pow((multiplier[0] + 2.0 * sum).abs(), alpha)
        })
        .sum();
    libm::pow(sum, 1.0 / alpha)
}

/// A symmetric α-stable number of unit scale,
/// `sin(αV) cos(V)^(−1/α) (cos((α − 1)V) / W)^((1 − α)/α)`, V uniform in (−π/2, π/2), W exponential.
pub fn variate(alpha: f64, draws: &mut Draws) -> f64 {
    let v = PI * (draws.uniform() - 0.5);
    let w = -libm::log(draws.uniform());
    let power =
        (1.0 - alpha) * libm::log(libm::cos((alpha - 1.0) * v) / w) - libm::log(libm::cos(v));
    libm::sin(alpha * v) * libm::exp(power / alpha)
}
