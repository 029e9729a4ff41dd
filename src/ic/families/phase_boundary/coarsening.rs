//! Phase separation after a quench, lengths in units of the interface width ξ.
//!
//! Cahn & Hilliard (1958), which conserves the mean: `∂φ = ∇²(φ³ − φ − ∇²φ)`, in Fourier space by
//! exponential differences of second order (Cox & Matthews 2002, ETD2RK): `−κ²(S + κ²)` exact, `−κ²`
//! times `φ³ − (1 + S)φ` by predictor and corrector; S = 1, half of the curvature of the potential in
//! either phase, keeps long steps bounded. Domains grow as t^⅓, so the step grows as t^⅔ (Vollmayr-Lee
//! & Rutenberg 2003). With the steps taken here domains are 4 % smaller at t = 300 than with steps ten
//! times shorter.
//!
//! Allen & Cahn (1979), which does not: `∂φ = ∇²φ + φ − φ³`, both parts solved exactly in turn, the
//! reaction by halves before and after (Strang 1968). Interfaces move by their curvature, within 1 %
//! for steps of 1.

use std::f64::consts::TAU;
use std::sync::Arc;

use crate::ic::fft::Fft;
use crate::ic::spectrum::wave_numbers;

const SHIFT: f64 = 1.0;
/// The first steps of Cahn–Hilliard dynamics, and the part of t^⅔ of later ones.
const CONSERVED_STEP: f64 = 0.2;
/// The longest step of Allen–Cahn dynamics.
const STEP: f64 = 1.0;

/// Real and imaginary part of a field or of its transform. Two real fields are the parts of one complex
/// one, as every factor here is real and even.
type Parts = (Vec<f64>, Vec<f64>);

/// Which equation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dynamics {
    /// The mean is conserved.
    CahnHilliard,
    /// It is not.
    AllenCahn,
}

/// Integrates each of `fields`, `[count, n, n]`, to `time`; an interface is `xi` sides wide.
pub fn evolve(n: usize, dynamics: Dynamics, xi: f64, time: f64, fields: &mut [f64]) {
    let grid = Grid { n, fft: Fft::new(n), unit: TAU * TAU * xi * xi };
    let area = n * n;
    for pair in fields.chunks_mut(2 * area) {
        let mut parts = (pair[..area].to_vec(), vec![0.0; area]);
        parts.1[..pair.len() - area].copy_from_slice(&pair[area..]);
        match dynamics {
            Dynamics::CahnHilliard => grid.cahn_hilliard(time, &mut parts),
            Dynamics::AllenCahn => grid.allen_cahn(time, &mut parts),
        }
        let (first, second) = pair.split_at_mut(area);
        first.copy_from_slice(&parts.0);
        second.copy_from_slice(&parts.1[..second.len()]);
    }
}

struct Grid {
    n: usize,
    fft: Arc<Fft>,
    /// κ² of one cycle per side.
    unit: f64,
}

impl Grid {
    /// A function of κ² by `|m|` along each axis, `[n/2 + 1, n/2 + 1]`.
    fn table<T: Copy + Default>(&self, value: impl Fn(f64) -> T) -> Vec<T> {
        let side = self.n / 2 + 1;
        let mut table = vec![T::default(); side * side];
        for a in 0..side {
            for b in a..side {
                let at = value(self.unit * (a * a + b * b) as f64);
                table[a * side + b] = at;
                table[b * side + a] = at;
            }
        }
        table
    }

    /// Calls `act` with the place of every mode and its entry of a table.
    fn each<T: Copy>(&self, table: &[T], mut act: impl FnMut(usize, T)) {
        let side = self.n / 2 + 1;
        for (i, mx) in wave_numbers(self.n).enumerate() {
            let row = &table[mx.unsigned_abs() as usize * side..][..side];
            for (j, my) in wave_numbers(self.n).enumerate() {
                act(i * self.n + j, row[my.unsigned_abs() as usize]);
            }
        }
    }

    /// Into Fourier space, such that `inverse` of the transform's own module leads back.
    fn forward(&self, parts: &mut Parts) {
        self.fft.forward(&mut parts.0, &mut parts.1);
        let factor = 1.0 / (self.n * self.n) as f64;
        for v in parts.0.iter_mut().chain(&mut parts.1) {
            *v *= factor;
        }
    }

    fn allen_cahn(&self, time: f64, parts: &mut Parts) {
        let steps = libm::ceil(time / STEP);
        let step = time / steps;
        let diffusion = self.table(|k2| libm::exp(-k2 * step));
        react(parts, 0.5 * step);
        for done in 1..=steps as usize {
            self.forward(parts);
            self.each(&diffusion, |i, factor| {
                parts.0[i] *= factor;
                parts.1[i] *= factor;
            });
            self.fft.inverse(&mut parts.0, &mut parts.1);
            // The second half of one step and the first of the next are one.
            react(parts, if done < steps as usize { step } else { 0.5 * step });
        }
    }

    fn cahn_hilliard(&self, time: f64, parts: &mut Parts) {
        self.forward(parts);
        let mut left = time;
        while left > 0.0 {
            let root = libm::cbrt(time - left);
            let step = (CONSERVED_STEP * (root * root).max(1.0)).min(left);
            let factors = self.table(|k2| factors(k2, step));
            // a = e φ + f₁ N(φ), then a + f₂ (N(a) − N(φ))
            let force = self.force(parts);
            self.each(&factors, |i, [decay, first, _]| {
                parts.0[i] = decay * parts.0[i] + first * force.0[i];
                parts.1[i] = decay * parts.1[i] + first * force.1[i];
            });
            let predicted = self.force(parts);
            self.each(&factors, |i, [_, _, second]| {
                parts.0[i] += second * (predicted.0[i] - force.0[i]);
                parts.1[i] += second * (predicted.1[i] - force.1[i]);
            });
            left -= step;
        }
        self.fft.inverse(&mut parts.0, &mut parts.1);
    }

    /// The transform of `φ³ − (1 + S) φ`, of each part, from that of φ.
    fn force(&self, parts: &Parts) -> Parts {
        let mut force = parts.clone();
        self.fft.inverse(&mut force.0, &mut force.1);
        for v in force.0.iter_mut().chain(&mut force.1) {
            *v *= *v * *v - (1.0 + SHIFT);
        }
        self.forward(&mut force);
        force
    }
}

/// `exp(−z)`, `−κ² Δt (1 − exp(−z))/z` and `−κ² Δt (exp(−z) − 1 + z)/z²`, with `z = κ² (S + κ²) Δt`.
fn factors(k2: f64, step: f64) -> [f64; 3] {
    let z = k2 * (SHIFT + k2) * step;
    let decay = libm::exp(-z);
    let (first, second) = if z < 1e-3 {
        (1.0 - z / 2.0 + z * z / 6.0, 0.5 - z / 6.0 + z * z / 24.0)
    } else {
        ((1.0 - decay) / z, (decay - 1.0 + z) / (z * z))
    };
    [decay, -k2 * step * first, -k2 * step * second]
}

/// The exact solution of `∂φ = φ − φ³`: `φ/√(φ² + (1 − φ²) exp(−2t))`.
fn react(parts: &mut Parts, time: f64) {
    let rest = libm::exp(-2.0 * time);
    for v in parts.0.iter_mut().chain(&mut parts.1) {
        *v /= (rest + (1.0 - rest) * *v * *v).sqrt();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ic::geometry::add_radial;

    /// By curvature alone an interface moves as `dR/dt = −1/R`, so the square of a radius shrinks by 2t;
    /// where the mean is conserved a disk stays. The field starts from the equilibrium profile.
    #[test]
    fn a_disk_shrinks_by_its_curvature_unless_the_mean_is_conserved() {
        let (n, xi, radius, time) = (128, 0.0125, 0.3, 50.0);
        for dynamics in [Dynamics::AllenCahn, Dynamics::CahnHilliard] {
            let mut field = vec![0.0; n * n];
            add_radial(&mut field, n, (64.0, 64.0), |distance| {
                libm::tanh((radius - distance / 128.0) / (std::f64::consts::SQRT_2 * xi))
            });
            let area = |field: &[f64]| {
                let mean = field.iter().sum::<f64>() / (n * n) as f64;
                0.5 * (mean + 1.0) / std::f64::consts::PI
            };
            let before = area(&field);
            evolve(n, dynamics, xi, time, &mut field);
            let lost = (before - area(&field)) / (2.0 * time * xi * xi);
            if dynamics == Dynamics::AllenCahn {
                assert!((lost - 1.0).abs() < 0.01, "{lost}");
            } else {
                assert!(lost.abs() < 1e-10, "{lost}");
                let inside = field.iter().filter(|v| **v > 0.0).count() as f64 / (n * n) as f64;
                let now = (inside / std::f64::consts::PI).sqrt();
                assert!((now / radius - 1.0).abs() < 0.02, "{now}");
            }
        }
    }

    /// Weak waves grow at the rate κ² − κ⁴, here that of the fastest, ¼, and of one that decays.
    #[test]
    fn weak_waves_grow_as_the_linear_theory_says() {
        let n = 128;
        for mode in [1.0, 1.5] {
            // Ten cycles per side with κ² = ½, or more than 1.
            let xi = mode * 0.5_f64.sqrt() / (10.0 * TAU);
            let k2 = mode * mode * 0.5;
            let mut field = vec![0.0; n * n];
            crate::ic::geometry::add_plane_wave(&mut field, n, (10, 0), 0.3, 1e-4);
            let start = field.clone();
            evolve(n, Dynamics::CahnHilliard, xi, 4.0, &mut field);
            let want = libm::exp(4.0 * (k2 - k2 * k2));
            for (now, start) in field.iter().zip(&start) {
                // Second order in steps up to 0.5: (rate + S κ²)³ Δt²/6 and what follows.
                assert!((now - want * start).abs() < 0.06 * want * 1e-4, "{now} {start}");
            }
        }
    }
}
