//! The excitable variant: spirals of the Barkley model, a cartoon of the Oregonator away from the onset
//! of oscillation.
//!
//! `∂u = u (1 − u) (u − (v + b)/a)/ε + ∇²u`, `∂v = u − v`, with a = 0.75, b = 0.06, ε = 0.02 (Barkley 1991,
//! Physica D 49:61). The rest state u = v = 0 is stable; an excitation above the threshold travels
//! as a pulse, u = 1 in it, v rising in it and falling behind it.
//!
//! Start: crossed fields. With the vortices A of the oscillatory medium, u is 1 where Re A > 0 and v is
//! a/2 where Im A > 0, so the ends of the waves lie at the vortices, in pairs of opposite sense, and no net
//! charge is left on the torus. Ends that lie too near to each other annihilate.
//!
//! Channels: u, v, and u − v, which is the rate of v; u and v lie within 0 and 1.
//!
//! Integration: Barkley's semi-implicit kinetics, then nine-point diffusion, both of which keep
//! 0 ≤ u ≤ 1 at any step. What the way to the grid asked for overshoots at the fronts is cut off.

use std::f64::consts::TAU;

use super::{
    CORE, NUM_PAIRS, SITE_COUNT, SITE_PHASE, SITE_PLACES, SITE_WAVELENGTH, VARIANT, WAVELENGTH,
    check_waves, start,
};
use crate::ic::common::Normalize;
use crate::ic::parameter::{draw, draw_count, without_effect};
use crate::ic::simulation::resample;
use crate::ic::stencil::{MOST, diffuse};
use crate::ic::{Drawn, InitialCondition, Request};
use crate::key::{Manifest, Value};
use crate::node::{Fields, Law};

/// The name of the variant.
pub const NAME: &str = "barkley";

/// Of the kinetics.
const A: f64 = 0.75;
const B: f64 = 0.06;
const EPSILON: f64 = 0.02;
/// The wavelength that spirals choose, in units of the equation: 19.9 in their arms.
const UNITS: f64 = 20.0;
/// Distance of grid points, at most: the fronts are about 1 unit wide.
const SPACING: f64 = 0.6;
/// Time per unit of the side: at a speed of (1 − 2b/a)/√(2ε) = 4.2 waves cross 1.26 sides, and ends
/// curl up.
const CROSSING: f64 = 0.3;

#[derive(Debug)]
pub struct Barkley {
    wavelength: Law,
    num_pairs: Law,
    normalize: Normalize,
}

/// Reads the settings of the variant.
pub fn parse(fields: &Fields<'_>) -> Box<dyn InitialCondition> {
    let other = ["pattern_type", "num_pacemakers"];
    without_effect(fields, &other, "`variant: barkley` draws pairs of spirals");
    Box::new(Barkley {
        wavelength: WAVELENGTH.parse(fields),
        num_pairs: NUM_PAIRS.parse(fields),
        normalize: Normalize::parse_natural(fields),
    })
}

impl InitialCondition for Barkley {
    fn describe(&self, m: &mut dyn Manifest) {
        m.param(VARIANT.name, NAME.into());
        m.param(WAVELENGTH.name, (&self.wavelength).into());
        m.param(NUM_PAIRS.name, (&self.num_pairs).into());
        self.normalize.describe(m);
    }

    fn check(&self, grid: usize, _channels: usize) -> Result<(), String> {
        check_waves(&self.wavelength, grid)
    }

    fn draw(&self, request: &Request) -> Drawn {
        let stream = request.stream;
        let wavelength = draw(&self.wavelength, stream, SITE_WAVELENGTH);
        let pairs = draw_count(&self.num_pairs, stream, SITE_COUNT);
        let places = start::places(2 * pairs, &mut stream.site(SITE_PLACES));
        let phase = TAU * stream.site(SITE_PHASE).uniform();
        let noted = places.iter().map(|p| Value::from(vec![p.0, p.1]));
        let settings: Vec<(&'static str, Value)> = vec![
            (VARIANT.name, NAME.into()),
            (WAVELENGTH.name, wavelength.into()),
            (NUM_PAIRS.name, pairs.into()),
            ("places", Value::List(noted.collect())),
        ];

        let side = UNITS / wavelength;
        let n = libm::ceil(side / SPACING) as usize;
        let (re, im) = start::vortices(n, &places, CORE / side, phase);
        let mut u: Vec<f64> = re.iter().map(|re| f64::from(*re > 0.0)).collect();
        let v: Vec<f64> = im.iter().map(|im| if *im > 0.0 { A / 2.0 } else { 0.0 }).collect();
        u.extend(v);
        run(&mut u, n, side, CROSSING * side);
        let mut fields = resample(u, n, request.grid);
        for x in &mut fields {
            *x = x.clamp(0.0, 1.0);
        }
        if request.channels > 2 {
            let (u, v) = fields.split_at(request.grid * request.grid);
            let rate: Vec<f64> = u.iter().zip(v).map(|(u, v)| u - v).collect();
            fields.extend(rate);
        }
        fields.truncate(request.channels * request.grid * request.grid);
        self.normalize.finish(fields, settings)
    }
}

/// Lets `[u, v]`, `[2, n, n]`, on a domain of `side` units turn for a time.
fn run(fields: &mut [f64], n: usize, side: f64, time: f64) {
    let spacing = side / n as f64;
    let dt = MOST * spacing * spacing;
    let steps = libm::ceil(time / dt) as usize;
    let (u, v) = fields.split_at_mut(n * n);
    let mut old = Vec::new();
    for _ in 0..steps {
        for (u, v) in u.iter_mut().zip(v.iter_mut()) {
            let now = *u;
            // Of the factors of the cubic the one that keeps the bounds is taken at the new time.
            let over = dt / EPSILON * (now - (*v + B) / A);
            let (above, below) = (over * now, 1.0 - over * (1.0 - now));
            *u = if over < 0.0 { now / below } else { (now + above) / (1.0 + above) };
            *v += dt * (now - *v);
        }
        diffuse(u, n, MOST, &mut old);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pair of spirals turns in a time of 20 units over a speed of 2 to 4.2: other places are excited
    /// soon, and within 10 the same ones again. u and v stay within 0 and 1.
    #[test]
    fn spirals_turn() {
        let (n, side) = (160, 96.0);
        let (re, im) = start::vortices(n, &[(0.25, 0.5), (0.75, 0.5)], CORE / side, 0.3);
        let mut fields: Vec<f64> = re.iter().map(|re| f64::from(*re > 0.0)).collect();
        fields.extend(im.iter().map(|im| if *im > 0.0 { A / 2.0 } else { 0.0 }));
        run(&mut fields, n, side, CROSSING * side);
        let before = fields.clone();
        let excited: usize = before[..n * n].iter().filter(|u| **u > 0.5).count();
        assert!(excited > n * n / 12, "{excited}");
        let kept: Vec<f64> = (0..40)
            .map(|_| {
                run(&mut fields, n, side, 0.2);
                assert!(fields.iter().all(|x| (-1e-12..=1.0 + 1e-12).contains(x)));
                let both = (0..n * n).filter(|k| before[*k] > 0.5 && fields[*k] > 0.5).count();
                both as f64 / excited as f64
            })
            .collect();
        let gone = kept.iter().position(|share| *share < 0.05);
        let back = kept.iter().rposition(|share| *share > 0.5);
        assert!(gone.is_some() && gone < back, "{kept:?}");
    }
}
