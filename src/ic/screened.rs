//! Steady diffusion with decay on the torus: `(1 − λ²∇²) c = s` with Gaussian sources.
//!
//! Lengths are in sides. In Fourier space `ĉ(m) = ŝ(m)/(1 + λ²κ²)`, κ = 2π|m|, and the transform of a
//! source of unit mass is known, so the solution is exact on the modes of the grid. Around a point
//! source in the plane it is `K₀(r/λ)/2πλ²`, not an exponential. It does not know what diffuses.

use std::f64::consts::{PI, TAU};

use super::fft::Fft;
use super::spectrum::wave_numbers;

/// What produces c: `strength` per unit of time, spread as `exp(−δ²/2w²)/2πw²`.
#[derive(Debug, Clone, Copy)]
pub struct Source {
    /// Place, in sides.
    pub x: f64,
    /// Place, in sides.
    pub y: f64,
    /// Mass; may be negative.
    pub strength: f64,
}

/// One equation: its sources, of one width, and its length.
#[derive(Debug, Clone)]
pub struct Problem {
    /// λ, how far c gets before it decays, in sides.
    pub length: f64,
    /// w, the standard deviation of every source, in sides.
    pub width: f64,
    /// The sources.
    pub sources: Vec<Source>,
}

/// The solutions `[problems, n, n]`, two with each transform.
pub fn solve(n: usize, problems: &[Problem]) -> Vec<f64> {
    let fft = Fft::new(n);
    let mut out = Vec::with_capacity(problems.len() * n * n);
    for pair in problems.chunks(2) {
        let (mut re, mut im) = (vec![0.0; n * n], vec![0.0; n * n]);
        pair[0].add(n, &mut re, &mut im, 1.0);
        if let Some(second) = pair.get(1) {
            // The second solution is the imaginary part: its transform is turned by i.
            second.add(n, &mut im, &mut re, -1.0);
        }
        fft.inverse(&mut re, &mut im);
        out.extend_from_slice(&re);
        if pair.len() == 2 {
            out.extend_from_slice(&im);
        }
    }
    out
}

impl Problem {
    /// Adds the transform of the solution: its real part to `real`, `sign` times its imaginary part
    /// to `imaginary`.
    fn add(&self, n: usize, real: &mut [f64], imaginary: &mut [f64], sign: f64) {
        let rate = -2.0 * PI * PI * self.width * self.width;
        let screening = TAU * TAU * self.length * self.length;
        let axis = |at: f64, strength: f64| -> Vec<(f64, f64)> {
            wave_numbers(n)
                .map(|m| {
                    // The mode at half of the side has no partner of the opposite sign.
                    if 2 * m.unsigned_abs() as usize == n {
                        return (0.0, 0.0);
                    }
                    let m = m as f64;
                    let (sin, cos) = libm::sincos(-TAU * m * at);
                    let size = strength * libm::exp(rate * m * m);
                    (size * cos, size * sin)
                })
                .collect()
        };
        let axes: Vec<_> =
            self.sources.iter().map(|s| (axis(s.x, s.strength), axis(s.y, 1.0))).collect();
        let squares: Vec<f64> = wave_numbers(n).map(|m| screening * (m * m) as f64).collect();
        for (i, kx2) in squares.iter().enumerate() {
            for (j, ky2) in squares.iter().enumerate() {
                let (mut re, mut im) = (0.0, 0.0);
                for (x, y) in &axes {
                    let ((a, b), (c, d)) = (x[i], y[j]);
                    re += a * c - b * d;
                    im += a * d + b * c;
                }
                let factor = 1.0 / (1.0 + kx2 + ky2);
                real[i * n + j] += factor * re;
                imaginary[i * n + j] += sign * factor * im;
            }
        }
    }
}

/// Refuses a grid that cannot hold sources of width `least` sides.
///
/// At 0.4 pixels a source has lost half of its transform at the last mode of the grid, and what the
/// grid cuts off the solution is below a hundredth of it for λ above a few pixels.
pub fn check_sources(least: f64, grid: usize) -> Result<(), String> {
    let needed = libm::ceil(0.4 / least) as usize;
    if grid >= needed {
        return Ok(());
    }
    Err(format!(
        "sources of width {least:?} need a grid of at least {needed}, not {grid}: raise `source_width`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ic::geometry::{add_product, bump};

    fn problem(length: f64, x: f64) -> Problem {
        let sources =
            vec![Source { x, y: 0.3, strength: 1.0 }, Source { x: 0.9, y: 0.95, strength: -0.7 }];
        Problem { length, width: 0.04, sources }
    }

    /// `c − λ²∇²c` by differences of eighth order is the sum of the sources, for each of three.
    #[test]
    fn the_equation_is_satisfied() {
        let n = 96;
        let problems = [problem(0.1, 0.2), problem(0.3, 0.5), problem(0.2, 0.75)];
        let solutions = solve(n, &problems);
        for (p, c) in problems.iter().zip(solutions.chunks_exact(n * n)) {
            let mut want = vec![0.0; n * n];
            let (side, w) = (n as f64, p.width * n as f64);
            for s in &p.sources {
                let height = s.strength / (TAU * p.width * p.width);
                add_product(&mut want, &bump(n, s.x * side, w), &bump(n, s.y * side, w), height);
            }
            let at = |y: usize, x: usize| c[(y % n) * n + x % n];
            for y in 0..n {
                for x in 0..n {
                    let mut laplacian = -2.0 * 205.0 / 72.0 * at(y, x);
                    for (k, weight) in
                        [1.6, -0.2, 8.0 / 315.0, -1.0 / 560.0].into_iter().enumerate()
                    {
                        let k = k + 1;
                        laplacian += weight
                            * (at(y + k, x) + at(y + n - k, x) + at(y, x + k) + at(y, x + n - k));
                    }
                    let got = at(y, x) - p.length * p.length * side * side * laplacian;
                    // The differences of a Gaussian 3.84 pixels wide are off by 945/3150 · 3.84⁻⁸.
                    let height = 1.0 / (TAU * p.width * p.width);
                    assert!((got - want[y * n + x]).abs() < 2e-5 * height, "{x} {y}");
                }
            }
        }
    }
}
