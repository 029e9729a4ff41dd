//! Expression in space and time: Hill kinetics, decay, diffusion.
//!
//! `∂x_i/∂t = s w_i H_i(x) − x_i + L² ∇²x_i`, time in lifetimes of the products, x in units of the
//! threshold at which they act. With `u = x^h`, activators that compete for one site and repressors that
//! each block it (Bintu et al. 2005, *Curr. Opin. Genet. Dev.* 15, 116):
//! `H = (leak + Σ u_a)/(1 + Σ u_a) · Π 1/(1 + u_r)`, the first factor 1 without activators.
//!
//! Strang splitting, of second order: half a step of diffusion, a step of reaction by the classical
//! Runge–Kutta method, half a step of diffusion; neighbouring halves are taken together. Diffusion is
//! exact in Fourier space.

use std::f64::consts::TAU;
use std::sync::Arc;

use super::network::Network;
use crate::ic::fft::Fft;
use crate::ic::simulation::in_pairs;
use crate::ic::spectrum::wave_numbers;

/// Production of a gene with activators when none is there, relative to the greatest.
pub const LEAK: f64 = 0.05;
/// Pixels that react together; all that a step needs of them stays in the nearest cache.
const BLOCK: usize = 64;

/// The equations of a network on a square torus.
#[derive(Debug)]
pub struct Kinetics<'a> {
    /// Who regulates whom.
    pub network: &'a Network,
    /// The greatest production s.
    pub production: f64,
    /// The exponent h: 2, 3 or 4.
    pub exponent: usize,
    /// The diffusion length L in sides; 0 leaves diffusion out.
    pub diffusion_length: f64,
}

impl Kinetics<'_> {
    /// Integrates over `steps` of `dt`, in place.
    ///
    /// - `x`: products, `[genes, n, n]`;
    /// - `territories`: w, of the same shape.
    pub fn integrate(&self, x: &mut [f64], territories: &[f64], dt: f64, steps: usize) {
        let area = x.len() / self.network.genes.len();
        let diffusion = |dt| Diffusion::new(area.isqrt(), self.diffusion_length, dt);
        let (half, whole) = (diffusion(0.5 * dt), diffusion(dt));
        half.step(x);
        for step in 1..=steps {
            self.react(x, territories, dt);
            if step < steps { whole.step(x) } else { half.step(x) }
        }
    }

    /// One step of the reactions, at every pixel alone.
    fn react(&self, x: &mut [f64], territories: &[f64], dt: f64) {
        let genes = self.network.genes.len();
        let area = x.len() / genes;
        let mut blocks = vec![0.0; 6 * genes * BLOCK];
        let (old, rest) = blocks.split_at_mut(genes * BLOCK);
        let (here, rest) = rest.split_at_mut(genes * BLOCK);
        let (rate, rest) = rest.split_at_mut(genes * BLOCK);
        let (sum, rest) = rest.split_at_mut(genes * BLOCK);
        let (powers, w) = rest.split_at_mut(genes * BLOCK);
        for start in (0..area).step_by(BLOCK) {
            let width = BLOCK.min(area - start);
            for i in 0..genes {
                let from = i * area + start;
                old[i * BLOCK..][..width].copy_from_slice(&x[from..][..width]);
                w[i * BLOCK..][..width].copy_from_slice(&territories[from..][..width]);
            }
            here.copy_from_slice(old);
            sum.copy_from_slice(old);
            for (part, next) in [(1.0, 0.5), (2.0, 0.5), (2.0, 1.0), (1.0, 0.0)] {
                self.rates(here, w, powers, rate);
                let (part, next) = (part * dt / 6.0, next * dt);
                for i in 0..genes * BLOCK {
                    sum[i] += part * rate[i];
                    here[i] = old[i] + next * rate[i];
                }
            }
            for i in 0..genes {
                x[i * area + start..][..width].copy_from_slice(&sum[i * BLOCK..][..width]);
            }
        }
    }

    /// `s w H(x) − x`, `[genes, BLOCK]`; `powers` is scratch.
    fn rates(&self, x: &[f64], w: &[f64], powers: &mut [f64], rate: &mut [f64]) {
        for (u, x) in powers.iter_mut().zip(x) {
            // Diffusion leaves errors of either sign where there is nothing.
            let x = x.max(0.0);
            *u = match self.exponent {
                2 => x * x,
                3 => x * x * x,
                _ => (x * x) * (x * x),
            };
        }
        let of = |gene: usize| -> &[f64; BLOCK] {
            powers[gene * BLOCK..][..BLOCK].try_into().expect("a block is that long")
        };
        for (i, gene) in self.network.genes.iter().enumerate() {
            let (mut above, mut below) = ([1.0; BLOCK], [1.0; BLOCK]);
            if !gene.activators.is_empty() {
                above = [LEAK; BLOCK];
                for a in &gene.activators {
                    let u = of(*a);
                    for k in 0..BLOCK {
                        above[k] += u[k];
                        below[k] += u[k];
                    }
                }
            }
            for r in &gene.repressors {
                let u = of(*r);
                for k in 0..BLOCK {
                    below[k] *= 1.0 + u[k];
                }
            }
            let at = i * BLOCK;
            let (x, w) = (&x[at..][..BLOCK], &w[at..][..BLOCK]);
            for (k, rate) in rate[at..][..BLOCK].iter_mut().enumerate() {
                *rate = self.production * w[k] * above[k] / below[k] - x[k];
            }
        }
    }
}

/// Diffusion over a time dt on the torus, with length L and unit time: modes decay at the rate
/// `4π²L²|m|²`.
struct Diffusion {
    fft: Arc<Fft>,
    /// The decay of every mode, with the factor of the transform back; none without diffusion.
    decay: Vec<f64>,
}

impl Diffusion {
    fn new(n: usize, length: f64, dt: f64) -> Self {
        let rate = (TAU * length) * (TAU * length) * dt;
        let scale = 1.0 / (n * n) as f64;
        let mode = |m2: i64| scale * libm::exp(-rate * m2 as f64);
        let decay = if length == 0.0 {
            Vec::new()
        } else {
            wave_numbers(n)
                .flat_map(|a| wave_numbers(n).map(move |b| mode(a * a + b * b)))
                .collect()
        };
        Self { fft: Fft::new(n), decay }
    }

    fn step(&self, fields: &mut [f64]) {
        if self.decay.is_empty() {
            return;
        }
        in_pairs(fields, self.decay.len(), |re, im| {
            self.fft.forward(re, im);
            for (part, (re, im)) in self.decay.iter().zip(re.iter_mut().zip(im.iter_mut())) {
                *re *= part;
                *im *= part;
            }
            self.fft.inverse(re, im);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAU_PER_CELL: f64 = TAU / 16.0;

    /// A network on a grid of 16, from products that vary in space.
    fn run(network: &Network, s: f64, h: usize, length: f64, dt: f64, time: f64) -> Vec<f64> {
        let kinetics = Kinetics { network, production: s, exponent: h, diffusion_length: length };
        // Another phase for each gene.
        let wave = |i: usize| {
            1.5 + libm::sin(TAU_PER_CELL * (i % 16 + 3 * (i / 16)) as f64 + 2.0 * (i / 256) as f64)
        };
        let mut x: Vec<f64> = (0..network.genes.len() * 256).map(wave).collect();
        let territories = vec![1.0; x.len()];
        kinetics.integrate(&mut x, &territories, dt, (time / dt).round() as usize);
        x
    }

    /// The error falls with the square of the step, up to where it is as small as rounding.
    #[test]
    fn the_splitting_is_of_second_order() {
        let network = Network::repressilator();
        let best = run(&network, 8.0, 3, 0.05, 0.0125, 5.0);
        let error = |dt| {
            let found = run(&network, 8.0, 3, 0.05, dt, 5.0);
            found.iter().zip(&best).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
        };
        let (coarse, fine) = (error(0.1), error(0.05));
        assert!(coarse < 0.01, "{coarse}");
        assert!(coarse / fine > 3.5 && coarse / fine < 5.0, "{coarse} {fine}");
    }

    /// Without edges the equation is linear: a mode of the territory grows to `s ŵ/(1 + λ)` as
    /// `1 − exp(−(1 + λ)t)`, λ = 4π²L²|m|². The splitting turns `1/(1 + λ)` into
    /// `(1 − e^−dt) e^(−λ dt/2)/(1 − e^(−(1 + λ)dt))`.
    #[test]
    fn a_gene_alone_spreads_from_its_territory() {
        let network = Network { genes: vec![super::super::network::Gene::default()] };
        let kinetics =
            Kinetics { network: &network, production: 3.0, exponent: 2, diffusion_length: 0.1 };
        let cosine = |i: usize| libm::cos(TAU_PER_CELL * (2 * (i % 16)) as f64);
        let territory: Vec<f64> = (0..256).map(|i| 1.0 + cosine(i)).collect();
        let mut x = vec![0.0; 256];
        kinetics.integrate(&mut x, &territory, 0.1, 300);
        let lambda = 0.04 * TAU * TAU;
        for (i, found) in x.iter().enumerate() {
            let want = 3.0 * (1.0 + cosine(i) / (1.0 + lambda));
            assert!((found - want).abs() < 3.0 * 0.1 * 0.1 * lambda / 8.0, "{i}: {found} {want}");
        }
    }

    /// Two steady states, exchanged by exchanging the genes; both satisfy the kinetics.
    #[test]
    fn a_toggle_switch_is_bistable() {
        let network = Network::toggle_switch();
        for h in [2, 3, 4] {
            let kinetics =
                Kinetics { network: &network, production: 5.0, exponent: h, diffusion_length: 0.0 };
            let settle = |a: f64, b: f64| {
                let mut x = vec![a, b, 1.0];
                kinetics.integrate(&mut x, &[1.0; 3], 0.1, 1000);
                x
            };
            let (one, other) = (settle(1.1, 1.0), settle(1.0, 1.1));
            assert!(one[0] > 4.0 && one[1] < 0.5, "{h}: {one:?}");
            assert!((one[0] - other[1]).abs() < 1e-9 && (one[1] - other[0]).abs() < 1e-9);
            for x in [one, other] {
                let power = |v: f64| v.powi(h as i32);
                assert!((x[0] - 5.0 / (1.0 + power(x[1]))).abs() < 1e-9);
                assert!((x[1] - 5.0 / (1.0 + power(x[0]))).abs() < 1e-9);
                assert!((x[2] - 5.0 * (LEAK + power(x[0])) / (1.0 + power(x[0]))).abs() < 1e-9);
            }
        }
    }

    /// It oscillates for h = 3 and not for h = 2 (the slope of the Hill function at the fixed point must
    /// pass 2, which h = 2 never does); its genes take turns by a third of the period.
    #[test]
    fn a_repressilator_oscillates() {
        let network = Network::repressilator();
        let trace = |h: usize| -> Vec<[f64; 3]> {
            let kinetics = Kinetics {
                network: &network,
                production: 10.0,
                exponent: h,
                diffusion_length: 0.0,
            };
            let mut x = vec![1.5, 1.6, 1.7];
            kinetics.integrate(&mut x, &[1.0; 3], 0.1, 2000);
            (0..400)
                .map(|_| {
                    kinetics.integrate(&mut x, &[1.0; 3], 0.1, 1);
                    [x[0], x[1], x[2]]
                })
                .collect()
        };
        let swing = |trace: &[[f64; 3]]| {
            let all = trace.iter().map(|x| x[0]);
            all.clone().fold(0.0, f64::max) - all.fold(f64::INFINITY, f64::min)
        };
        assert!(swing(&trace(2)) < 1e-6);
        let oscillation = trace(3);
        assert!(swing(&oscillation) > 1.0, "{}", swing(&oscillation));
        // Peaks of the genes, in steps; interpolation is not needed for a third of a period.
        let peaks = |i: usize| -> Vec<usize> {
            (1..399)
                .filter(|t| {
                    let v = |t: usize| oscillation[t][i];
                    v(*t) > v(t - 1) && v(*t) >= v(t + 1)
                })
                .collect()
        };
        let (first, second) = (peaks(0), peaks(1));
        let period = (first[first.len() - 1] - first[0]) as f64 / (first.len() - 1) as f64;
        let after = second.iter().find(|t| **t > first[0]).unwrap() - first[0];
        let part = after as f64 / period;
        // Gene 1 peaks a third of a turn before or after gene 0.
        assert!((part - 1.0 / 3.0).abs() < 0.05 || (part - 2.0 / 3.0).abs() < 0.05, "{part}");
    }
}
