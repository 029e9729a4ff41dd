//! The Gray–Scott model: `∂u = −u v² + F (1 − u) + ∇²u`, `∂v = u v² − (F + k) v + ½∇²v`.
//!
//! A substrate u is fed and eaten by v, which makes more of itself and decays. The patterns lie in the
//! stationary regimes that Pearson found in the plane of F and k (Pearson 1993, Science 261:189), by
//! `(F, k)`: spots (0.035, 0.065), which multiply by division until they fill the plane; stripes, worms
//! that grow at their ends (0.046, 0.065); labyrinth (0.037, 0.06); inverse spots, holes in a full
//! plane (0.042, 0.059). u is low where v is high.
//!
//! Start: u = 1, v = 0, and drops of u = ½, v = ¼ on a quarter of the plane. After a time of 2000 the pattern
//! fills the plane and moves by less than 0.02 of its size in a unit of time.
//!
//! Integration: explicit Euler with Δt = 2 and nine-point diffusion, 9 points a wavelength. The
//! kinetics keep both signs while v < 0.7, which it is: it stays below 0.5.

use crate::ic::common::SITE_FIELDS;
use crate::ic::spectrum::{Spectrum, gaussian};
use crate::ic::stencil::diffuse;
use crate::rng::Stream;

/// The name of the variant.
pub const NAME: &str = "gray_scott";

/// How much slower than u v diffuses.
const RATIO: f64 = 0.5;
const DT: f64 = 2.0;
const STEPS: usize = 1000;
/// Points per wavelength, at least.
const POINTS: f64 = 9.0;
/// The covariance length of the field that gives the drops, in wavelengths, and the level above which
/// they lie, in standard deviations.
const DROP: f64 = 0.4;
const LEVEL: f64 = 0.6;

/// u and v of `count` patterns, `[count, 2, n, n]`, and n.
pub fn patterns(kind: &str, wavelength: f64, stream: Stream, count: usize) -> (Vec<f64>, usize) {
    // Feed, decay, and the wavelength that results in units of the equation.
    let (feed, decay, units) = match kind {
        "spots" => (0.035, 0.065, 28.3),
        "inverse_spots" => (0.042, 0.059, 29.8),
        "stripes" => (0.046, 0.065, 26.5),
        _ => (0.037, 0.06, 28.3),
    };
    let n = libm::ceil(POINTS / wavelength) as usize;
    let spacing = units / (wavelength * n as f64);
    let rate = DT / (spacing * spacing);
    let drops = Spectrum::new(n, gaussian(DROP * wavelength)).fields(stream, SITE_FIELDS, count);
    let mut out = Vec::with_capacity(2 * drops.len());
    let mut old = Vec::new();
    for drops in drops.chunks_exact(n * n) {
        let mut v: Vec<f64> = drops.iter().map(|g| if *g > LEVEL { 0.25 } else { 0.0 }).collect();
        let mut u: Vec<f64> = v.iter().map(|v| 1.0 - 2.0 * v).collect();
        for _ in 0..STEPS {
            for (u, v) in u.iter_mut().zip(&mut v) {
                let eaten = *u * *v * *v;
                *u += DT * (feed * (1.0 - *u) - eaten);
                *v += DT * (eaten - (feed + decay) * *v);
            }
            diffuse(&mut u, n, rate, &mut old);
            diffuse(&mut v, n, RATIO * rate, &mut old);
        }
        out.append(&mut u);
        out.append(&mut v);
    }
    (out, n)
}
