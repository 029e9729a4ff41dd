//! `bz_reaction`: spirals, targets or turbulence of an oscillating medium.
//!
//! The Belousov–Zhabotinsky reaction near the onset of oscillation is described by the complex
//! Ginzburg–Landau equation, here in the frame of the uniform oscillation:
//! `∂A = (1 + ib) ∇²A + (1 + ic)(1 − |A|²) A + i s(r) A`.
//!
//! - `spiral`: b = 0, c = 1.5, from vortex pairs of opposite charge; each spiral keeps its charge
//!   unless more than four pairs crowd a domain of a few wavelengths.
//! - `target`: the same medium with pacemakers, Gaussian spots where s > 0 makes the oscillation run
//!   ahead; from cones of phase about them.
//! - `turbulent`: b from 1 to 2, c = −1.2, from noise: beyond the Benjamin–Feir line 1 + bc = 0 waves
//!   break and vortices come and go in pairs.
//!
//! Wavelength and domain: spirals choose a wavelength of 14 units of the equation, which is also the
//! mean over the spectrum of the turbulence; the pacemakers are as strong as waves of 18 units need,
//! which are stable (Eckhaus: `κ² < (1 + bc)/(3 + bc + 2c²)`). So `wavelength` sets the side of the
//! domain.
//!
//! Channels: Re A, Im A, |A|; a uniform oscillation has |A| = 1.
//!
//! Integration: ETD2 with Δt = 1/3, at least one point per unit: what the finest modes hold is below
//! 10⁻⁵ of the power. Spirals run until waves have crossed the domain, a time of 0.625 sides at a
//! group velocity of 1.35; targets for 30, until cores and shocks have their shape; turbulence for 50,
//! when nothing is left of the start.
//!
//! Sites: 16 wavelength, 17 number of pairs or pacemakers, 18 their places, 19 phase, 20 phases
//! of the pacemakers, 21 b, 1024 noise.

mod start;

use std::f64::consts::TAU;

use crate::ic::common::{NORMALIZE_NATURAL, Normalize, SITE_FIELDS};
use crate::ic::etd::Etd2;
use crate::ic::fft::Fft;
use crate::ic::geometry::{add_product, bump};
use crate::ic::parameter::{
    ChoiceParameter, CountParameter, LengthParameter, Parameter, bounds, draw, draw_count,
    without_effect,
};
use crate::ic::simulation::resample;
use crate::ic::{Channels, Cost, Drawn, Family, InitialCondition, Refused, Request, Tier};
use crate::key::{Manifest, Value};
use crate::node::Law;

/// The family.
pub const FAMILY: Family = Family {
    name: "bz_reaction",
    version: 1,
    tier: Tier::Tier2,
    summary: "spirals, targets or turbulence of an oscillating reaction",
    formula: "∂A = A + (1 + ib) ∇²A − (1 + ic) |A|² A",
    channels: Channels::Named(&["real part", "imaginary part", "modulus"]),
    cost: Cost::Integrated,
    references: &[
        "Kuramoto 1984, Chemical Oscillations, Waves, and Turbulence",
        "Aranson and Kramer 2002, Rev. Mod. Phys. 74:99",
        "Cox and Matthews 2002, J. Comput. Phys. 176:430",
    ],
    parameters: &[
        Parameter::Choice(&PATTERN_TYPE),
        Parameter::Length(&WAVELENGTH),
        Parameter::Count(&NUM_PAIRS),
        Parameter::Count(&NUM_PACEMAKERS),
        Parameter::Choice(&NORMALIZE_NATURAL),
    ],
    refused: &[
        Refused {
            name: "num_spirals",
            why: "on a torus the charges sum to zero, so spirals come in pairs",
            instead: "write `num_pairs`, half the number of spirals",
        },
        Refused {
            name: "phase_offset",
            why: "the channels are real and imaginary part, a quarter turn apart",
            instead: "leave it out",
        },
    ],
    parse: |fields| {
        let pattern = PATTERN_TYPE.parse(fields);
        let (pairs, pacemakers) = (NUM_PAIRS.parse(fields), NUM_PACEMAKERS.parse(fields));
        let count = match pattern {
            "spiral" => Some((NUM_PAIRS.name, pairs)),
            "target" => Some((NUM_PACEMAKERS.name, pacemakers)),
            _ => None,
        };
        for (name, owner) in [(NUM_PAIRS.name, "spiral"), (NUM_PACEMAKERS.name, "target")] {
            if pattern != owner {
                without_effect(fields, &[name], &format!("it belongs to `pattern_type: {owner}`"));
            }
        }
        Box::new(BzReaction {
            pattern,
            wavelength: WAVELENGTH.parse(fields),
            count,
            normalize: Normalize::parse_natural(fields),
        })
    },
};

static PATTERN_TYPE: ChoiceParameter = ChoiceParameter {
    name: "pattern_type",
    allowed: &["spiral", "target", "turbulent"],
    default: "spiral",
    meaning: "pairs of spirals, waves from pacemakers, or defect turbulence",
};

static WAVELENGTH: LengthParameter = LengthParameter {
    name: "wavelength",
    range: 0.08..=0.4,
    default: Law::LogUniform(0.12, 0.3),
    meaning: "wavelength, of turbulence in the mean",
};

static NUM_PAIRS: CountParameter = CountParameter {
    name: "num_pairs",
    range: 1..=8,
    default: Law::Uniform(1.0, 4.0),
    meaning: "number of pairs of spirals, one turning left, one right",
};

static NUM_PACEMAKERS: CountParameter = CountParameter {
    name: "num_pacemakers",
    range: 1..=16,
    default: Law::Uniform(1.0, 4.0),
    meaning: "number of pacemakers",
};

const SITE_WAVELENGTH: u32 = 16;
const SITE_COUNT: u32 = 17;
const SITE_PLACES: u32 = 18;
const SITE_PHASE: u32 = 19;
const SITE_OFFSETS: u32 = 20;
const SITE_DISPERSION: u32 = 21;

/// The wavelength in units of the equation, of targets, and of the rest.
const TARGET: f64 = 18.0;
const UNITS: f64 = 14.0;
/// Of a step, in the time unit of the equation.
const DT: f64 = 1.0 / 3.0;
/// Steps in which waves cross the domain, per unit of its side.
const CROSSING: f64 = 1.875;
/// Steps in which cores and shocks of targets take their shape.
const SHAPING: usize = 90;
/// Steps in which turbulence forgets its start.
const MIXING: usize = 150;
/// Radius of a vortex at the start, of a pacemaker, and covariance length of noise, in units.
const CORE: f64 = 1.5;
const PACEMAKER: f64 = 3.0;
/// How much faster the middle of a pacemaker turns: the ground state of `−∇² − c s(r)`, which is the
/// pacemaker by the Hopf–Cole transform of the phase, lies at `−(cκ)²` with a wavelength of 18.1.
const STRENGTH: f64 = 0.38;
const GRAIN: f64 = 3.0;

#[derive(Debug)]
struct BzReaction {
    pattern: &'static str,
    wavelength: Law,
    /// Of pairs or pacemakers, with its name.
    count: Option<(&'static str, Law)>,
    normalize: Normalize,
}

impl InitialCondition for BzReaction {
    fn describe(&self, m: &mut dyn Manifest) {
        m.param(PATTERN_TYPE.name, self.pattern.into());
        m.param(WAVELENGTH.name, (&self.wavelength).into());
        if let Some((name, count)) = &self.count {
            m.param(name, count.into());
        }
        self.normalize.describe(m);
    }

    fn check(&self, grid: usize, _channels: usize) -> Result<(), String> {
        let (least, n) = (bounds(&self.wavelength).0, grid as f64);
        if least * n >= 4.0 {
            return Ok(());
        }
        Err(format!(
            "waves of length {least:?} need 4 pixels, and have {:?} on a grid of {grid}: raise \
             `wavelength` to {:?} or more",
            least * n,
            4.0 / n
        ))
    }

    fn draw(&self, request: &Request) -> Drawn {
        let stream = request.stream;
        let wavelength = draw(&self.wavelength, stream, SITE_WAVELENGTH);
        let side = if self.pattern == "target" { TARGET } else { UNITS } / wavelength;
        let n = points(side);
        let phase = TAU * stream.site(SITE_PHASE).uniform();
        let mut settings: Vec<(&'static str, Value)> =
            vec![(PATTERN_TYPE.name, self.pattern.into()), (WAVELENGTH.name, wavelength.into())];
        let mut places = Vec::new();
        if let Some((name, law)) = &self.count {
            let count = draw_count(law, stream, SITE_COUNT);
            settings.push((name, count.into()));
            let count = if *name == NUM_PAIRS.name { 2 * count } else { count };
            places = start::places(count, &mut stream.site(SITE_PLACES));
            let noted = places.iter().map(|p| Value::from(vec![p.0, p.1]));
            settings.push(("places", Value::List(noted.collect())));
        }

        let (mut re, mut im) = match self.pattern {
            "spiral" => {
                let start = start::vortices(n, &places, CORE / side, phase);
                let steps = libm::ceil(CROSSING * side) as usize;
                Medium { side, b: 0.0, c: 1.5, ahead: None }.run(start, steps)
            }
            "target" => {
                let mut draws = stream.site(SITE_OFFSETS);
                let offsets: Vec<f64> = places.iter().map(|_| TAU * draws.uniform()).collect();
                let start = start::targets(n, &places, &offsets, wavelength, phase);
                let mut ahead = vec![0.0; n * n];
                let (scale, width) = (n as f64, PACEMAKER * n as f64 / side);
                for (x, y) in &places {
                    let (across, down) = (bump(n, x * scale, width), bump(n, y * scale, width));
                    add_product(&mut ahead, &across, &down, STRENGTH);
                }
                Medium { side, b: 0.0, c: 1.5, ahead: Some(ahead) }.run(start, SHAPING)
            }
            _ => {
                let b = stream.site(SITE_DISPERSION).range(1.0, 2.0);
                settings.push(("b", b.into()));
                let start = start::noise(n, GRAIN / side, stream, SITE_FIELDS);
                Medium { side, b, c: -1.2, ahead: None }.run(start, MIXING)
            }
        };
        re.append(&mut im);
        let mut fields = resample(re, n, request.grid);
        if request.channels > 2 {
            let (re, im) = fields.split_at(request.grid * request.grid);
            let modulus: Vec<f64> =
                re.iter().zip(im).map(|(a, b)| (a * a + b * b).sqrt()).collect();
            fields.extend(modulus);
        }
        fields.truncate(request.channels * request.grid * request.grid);
        self.normalize.finish(fields, settings)
    }
}

/// The side of the grid for a domain: the least 2ᵏ or 3 · 2ᵏ with one point per unit.
fn points(side: f64) -> usize {
    let least = libm::ceil(side) as usize;
    let power = least.next_power_of_two();
    if power / 4 * 3 >= least { power / 4 * 3 } else { power }
}

/// The equation on its domain.
struct Medium {
    /// In units of the equation.
    side: f64,
    b: f64,
    c: f64,
    /// How much faster than the rest the medium turns, `[n, n]`.
    ahead: Option<Vec<f64>>,
}

impl Medium {
    /// From the start to the end, real and imaginary part `[n, n]`.
    fn run(&self, (mut re, mut im): (Vec<f64>, Vec<f64>), steps: usize) -> (Vec<f64>, Vec<f64>) {
        let n = re.len().isqrt();
        let fft = Fft::new(n);
        let unit = TAU / self.side;
        let mut stepper = Etd2::new(n, DT, |m2| (-unit * unit * m2, -self.b * unit * unit * m2));
        let factor = 1.0 / (n * n) as f64;
        let (mut u, mut v) = (re.clone(), im.clone());
        fft.forward(&mut u, &mut v);
        for x in u.iter_mut().chain(&mut v) {
            *x *= factor;
        }
        for _ in 0..steps {
            for (i, (a, b)) in re.iter_mut().zip(&mut im).enumerate() {
                let rest = factor * (1.0 - *a * *a - *b * *b);
                let turn = self.c * rest + self.ahead.as_ref().map_or(0.0, |s| factor * s[i]);
                (*a, *b) = (rest * *a - turn * *b, rest * *b + turn * *a);
            }
            fft.forward(&mut re, &mut im);
            stepper.step(&mut u, &mut v, &mut re, &mut im);
            re.copy_from_slice(&u);
            im.copy_from_slice(&v);
            fft.inverse(&mut re, &mut im);
        }
        (re, im)
    }
}
