//! Stationary Gaussian fields on the torus from their power spectrum.
//!
//! A field is `Σ A(m) W(m) exp(2πi m·r/n)` over the integer wave vectors of the grid, with W complex
//! white noise; its real and its imaginary part are two independent fields with covariance
//! `Σ A² cos(2π m·r/n)`, exact on the torus. Invariant: the number that belongs to a wave vector
//! depends on the stream, the site and the vector alone, never on the grid, so a smooth field drawn
//! at n = 64 and at n = 128 is the same field at two resolutions. It does not know any family.

use super::fft::Fft;
use crate::rng::{Counter, Stream};

/// Modes with less than this part of the greatest power are left out: together they stay below the
/// rounding of the 32-bit result.
const NEGLIGIBLE: f64 = 1e-24;

/// An isotropic power spectrum on a grid, scaled to unit variance, the mean left out.
#[derive(Debug, Clone)]
pub struct Spectrum {
    n: usize,
    /// Power of a mode by `(|mx|, |my|)`, `[n/2 + 1, n/2 + 1]`; sums to 1 over all modes.
    power: Vec<f64>,
}

impl Spectrum {
    /// The spectrum with power proportional to `power(|m|²)`, `m` in cycles per side; unit variance.
    ///
    /// `power` must be finite, not negative, and positive for some mode of the grid.
    pub fn new(n: usize, power: impl Fn(f64) -> f64) -> Self {
        let side = n / 2 + 1;
        let mut table = vec![0.0; side * side];
        for a in 0..side {
            for b in a.max(1)..side {
                let p = power((a * a + b * b) as f64);
                table[a * side + b] = p;
                table[b * side + a] = p;
            }
        }
        let mut spectrum = Self { n, power: table };
        spectrum.scale();
        spectrum
    }

    /// The spectrum of the sum of independent fields of equal variance; unit variance.
    pub fn mean(spectra: &[Spectrum]) -> Self {
        let mut sum = spectra[0].clone();
        for other in &spectra[1..] {
            sum.power.iter_mut().zip(&other.power).for_each(|(a, b)| *a += b);
        }
        sum.scale();
        sum
    }

    fn scale(&mut self) {
        let greatest = self.power.iter().copied().fold(0.0, f64::max);
        assert!(greatest > 0.0, "some mode of the grid has power");
        let side = self.n / 2 + 1;
        let mut total = 0.0;
        for mx in wave_numbers(self.n) {
            for my in wave_numbers(self.n) {
                total += self.power[index(side, mx, my)];
            }
        }
        for p in &mut self.power {
            *p = if *p < NEGLIGIBLE * greatest { 0.0 } else { *p / total };
        }
    }

    /// `count` independent fields of unit variance, `[count, n, n]`. Takes sites `site`,
    /// `site + 1`, … of the stream: one for every two fields.
    pub fn fields(&self, stream: Stream, site: u32, count: usize) -> Vec<f64> {
        let (n, side) = (self.n, self.n / 2 + 1);
        let amplitude: Vec<f64> = self.power.iter().map(|p| p.sqrt()).collect();
        let fft = Fft::new(n);
        let mut out = Vec::with_capacity(count * n * n);
        for pair in 0..count.div_ceil(2) {
            let (mut re, mut im) = (vec![0.0; n * n], vec![0.0; n * n]);
            let site = site + pair as u32;
            for (i, mx) in wave_numbers(n).enumerate() {
                for (j, my) in wave_numbers(n).enumerate() {
                    let a = amplitude[index(side, mx, my)];
                    if a > 0.0 {
                        let (x, y) = noise(stream, site, mx, my);
                        re[i * n + j] = a * x;
                        im[i * n + j] = a * y;
                    }
                }
            }
            fft.inverse(&mut re, &mut im);
            out.extend_from_slice(&re);
            if 2 * pair + 1 < count {
                out.extend_from_slice(&im);
            }
        }
        out
    }
}

/// The wave numbers of a grid in the order of its transform: 0, 1, …, −2, −1.
pub fn wave_numbers(n: usize) -> impl Iterator<Item = i64> {
    let n = n as i64;
    (0..n).map(move |i| if 2 * i < n { i } else { i - n })
}

fn index(side: usize, mx: i64, my: i64) -> usize {
    mx.unsigned_abs() as usize * side + my.unsigned_abs() as usize
}

/// Two standard normals that belong to the wave vector `(mx, my)`.
fn noise(stream: Stream, site: u32, mx: i64, my: i64) -> (f64, f64) {
    let [a, b, c, d] = stream.block(Counter { block: number(mx, my), site, ..Counter::default() });
    let uniform = |low: u32, high: u32| {
        let bits = u64::from(low) | u64::from(high) << 32;
        ((bits >> 11) as f64 + 0.5) * (1.0 / 9_007_199_254_740_992.0)
    };
    let radius = (-2.0 * libm::log(uniform(a, b))).sqrt();
    let (sin, cos) = libm::sincos(std::f64::consts::TAU * uniform(c, d));
    (radius * cos, radius * sin)
}

/// Numbers the integer vectors square ring by square ring, so that no grid changes the order.
fn number(mx: i64, my: i64) -> u32 {
    let r = mx.abs().max(my.abs());
    let place = if my.abs() == r {
        i64::from(my < 0) * (2 * r + 1) + mx + r
    } else {
        2 * (2 * r + 1) + i64::from(mx < 0) * (2 * r - 1) + my + r - 1
    };
    let inside = if r == 0 { 0 } else { (2 * r - 1) * (2 * r - 1) };
    (inside + place) as u32
}

/// Power of the Gaussian covariance `exp(−r²/2ℓ²)`, ℓ = `length` sides: `exp(−2π²λ²|m|²)`.
pub fn gaussian(length: f64) -> impl Fn(f64) -> f64 {
    let rate = 2.0 * std::f64::consts::PI * std::f64::consts::PI * length * length;
    move |m2| libm::exp(-rate * m2)
}

/// Power of the Matérn covariance in the plane with range `length` sides and smoothness `nu`:
/// `(2ν/ℓ² + κ²)^−(ν+1)` (Whittle 1954), here relative to its value at 0.
pub fn matern(length: f64, nu: f64) -> impl Fn(f64) -> f64 {
    let tau = std::f64::consts::TAU;
    let factor = tau * tau * length * length / (2.0 * nu);
    move |m2| libm::exp(-(nu + 1.0) * libm::log1p(factor * m2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wave_vector_has_its_own_number() {
        let all: std::collections::BTreeSet<u32> =
            (-8..=8).flat_map(|mx| (-8..=8).map(move |my| number(mx, my))).collect();
        assert_eq!(all.len(), 17 * 17);
        assert_eq!(all.last(), Some(&(17 * 17 - 1)));
    }

    #[test]
    fn a_smooth_field_is_the_same_at_two_resolutions() {
        let stream = Stream::new(3, "test", &[]);
        let at = |n| Spectrum::new(n, gaussian(0.1)).fields(stream, 0, 1);
        let (coarse, fine) = (at(48), at(96));
        for y in 0..48 {
            for x in 0..48 {
                assert!((coarse[y * 48 + x] - fine[2 * y * 96 + 2 * x]).abs() < 1e-9);
            }
        }
    }
}
