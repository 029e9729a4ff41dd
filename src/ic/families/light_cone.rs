//! `light_cone`: waves that a few events sent out, each still inside its light cone.
//!
//! Klein–Gordon field, `∂²φ/∂t² = ∇²φ − m²φ`, c = 1. Event j released the bump `±(1 − δ²/r₀²)³`, zero
//! beyond r₀ and at rest, a time tⱼ ago; its wave fills the disk of radius r₀ + tⱼ and nothing else,
//! with a sharp front and, in two dimensions, a wake behind it. Every mode is evolved exactly,
//! `φ̂ = φ̂₀ cos ωt`, `π̂ = −ω φ̂₀ sin ωt`, `ω² = κ² + m²`, from the transform of the bump,
//! `2π r₀² · 48 J₄(x)/x⁴`, `x = κ r₀`: no grid enters but the one that shows the sum.
//!
//! Channels, in units of the height and the radius of the bump: φ; its rate of change π = ∂φ/∂t; the
//! energy density `½(π² + |∇φ|² + m²φ²)`.
//!
//! Sites: 16 number of cones, 17 mass, 18 radius of the sources, 64 + j place, age and sign of event j.

use std::f64::consts::TAU;

use crate::ic::common::{NORMALIZE_NATURAL, Normalize};
use crate::ic::fft::Fft;
use crate::ic::parameter::{
    CountParameter, LawParameter, LengthParameter, Parameter, bounds, draw, draw_count,
};
use crate::ic::spectrum::wave_numbers;
use crate::ic::{Channels, Cost, Drawn, Family, InitialCondition, Refused, Request, Tier};
use crate::key::{Manifest, Value};
use crate::node::Law;

/// The family.
pub const FAMILY: Family = Family {
    name: "light_cone",
    version: 1,
    tier: Tier::Tier2,
    summary: "waves of a few events inside their light cones",
    formula: "φ̂ = Σ ±φ̂₀ cos(ωtⱼ) e^(−iκ·rⱼ), π = ∂φ/∂t, e = ½(π² + |∇φ|² + m²φ²)",
    channels: Channels::Named(&["field", "rate", "energy density"]),
    cost: Cost::Cheap,
    references: &[
        "Courant and Hilbert 1962, Methods of Mathematical Physics II, ch. VI",
        "Sneddon 1951, Fourier Transforms, §8 (the transform of the bump)",
    ],
    parameters: &[
        Parameter::Count(&NUM_CONES),
        Parameter::Length(&CONE_RADIUS),
        Parameter::Law(&SOURCE_RADIUS),
        Parameter::Law(&MASS),
        Parameter::Choice(&NORMALIZE_NATURAL),
    ],
    refused: &[
        Refused {
            name: "smoothing",
            why: "the edge of a cone is the front of a wave, as wide as its source",
            instead: "write `source_radius`, a fraction of the side",
        },
        Refused {
            name: "interior_length_scale",
            why: "inside a cone is the wake of a wave, not noise",
            instead: "write `mass` for its wavelength, and `source_radius` for its front",
        },
    ],
    parse: |fields| {
        Box::new(LightCone {
            num_cones: NUM_CONES.parse(fields),
            cone_radius: CONE_RADIUS.parse(fields),
            source_radius: SOURCE_RADIUS.parse(fields),
            mass: MASS.parse(fields),
            normalize: Normalize::parse_natural(fields),
        })
    },
};

static NUM_CONES: CountParameter = CountParameter {
    name: "num_cones",
    range: 1..=64,
    default: Law::Uniform(1.0, 3.0),
    meaning: "number of events",
};

static CONE_RADIUS: LengthParameter = LengthParameter {
    name: "cone_radius",
    range: 0.0..=0.99,
    default: Law::Uniform(0.08, 0.3),
    meaning: "how far light has come since the event, drawn for each",
};

static SOURCE_RADIUS: LawParameter = LawParameter {
    name: "source_radius",
    range: 0.01..=0.25,
    default: Law::Uniform(0.05, 0.08),
    meaning: "radius of the bumps, as a fraction of the side",
};

static MASS: LawParameter = LawParameter {
    name: "mass",
    range: 0.0..=64.0,
    default: Law::Uniform(0.0, 5.0),
    meaning: "mass m/2π, in cycles per side: the inverse of the Compton wavelength",
};

const SITE_COUNT: u32 = 16;
const SITE_MASS: u32 = 17;
const SITE_RADIUS: u32 = 18;
const SITE_EVENTS: u32 = 64;

/// The least radius of a source in pixels: the transform of the bump is down to 0.09 of its greatest
/// value at the finest wave of the grid.
const LEAST: f64 = 2.0;

#[derive(Debug)]
struct LightCone {
    num_cones: Law,
    cone_radius: Law,
    source_radius: Law,
    mass: Law,
    normalize: Normalize,
}

/// Where and how long ago.
struct Event {
    x: f64,
    y: f64,
    age: f64,
    sign: f64,
}

/// Transforms of φ and π, each as real and imaginary part, `[n, n]`, first axis `kx`.
struct Modes {
    field: (Vec<f64>, Vec<f64>),
    rate: (Vec<f64>, Vec<f64>),
}

impl InitialCondition for LightCone {
    fn describe(&self, m: &mut dyn Manifest) {
        m.param(NUM_CONES.name, (&self.num_cones).into());
        m.param(CONE_RADIUS.name, (&self.cone_radius).into());
        m.param(SOURCE_RADIUS.name, (&self.source_radius).into());
        m.param(MASS.name, (&self.mass).into());
        self.normalize.describe(m);
    }

    fn check(&self, grid: usize, _channels: usize) -> Result<(), String> {
        let (least, n) = (bounds(&self.source_radius).0, grid as f64);
        if least * n >= LEAST {
            return Ok(());
        }
        Err(format!(
            "sources of radius {least:?} need {LEAST:?} pixels, and have {:?} on a grid of {grid}: \
             raise `source_radius` to {:?} or more",
            least * n,
            LEAST / n
        ))
    }

    fn draw(&self, request: &Request) -> Drawn {
        let (n, stream) = (request.grid, request.stream);
        let mass = draw(&self.mass, stream, SITE_MASS);
        let radius = draw(&self.source_radius, stream, SITE_RADIUS);
        let events: Vec<Event> = (0..draw_count(&self.num_cones, stream, SITE_COUNT))
            .map(|j| {
                let mut draws = stream.site(SITE_EVENTS + j as u32);
                Event {
                    x: draws.uniform(),
                    y: draws.uniform(),
                    age: self.cone_radius.at(draws.uniform()),
                    sign: if draws.below(2) == 0 { 1.0 } else { -1.0 },
                }
            })
            .collect();
        let modes = modes(n, &events, radius, TAU * mass);
        let fft = Fft::new(n);

        // φ and π are the parts of one complex field.
        let (mut re, mut im): (Vec<f64>, Vec<f64>) = (0..n * n)
            .map(|i| (modes.field.0[i] - modes.rate.1[i], modes.field.1[i] + modes.rate.0[i]))
            .unzip();
        fft.inverse(&mut re, &mut im);
        let mut fields = [re, im].concat();
        if request.channels > 2 {
            let (x, y) = gradient(n, &modes.field, radius, &fft);
            let gap = (TAU * mass * radius) * (TAU * mass * radius);
            let energy = (0..n * n).map(|i| {
                let (field, rate) = (fields[i], fields[n * n + i]);
                0.5 * (rate * rate + x[i] * x[i] + y[i] * y[i] + gap * field * field)
            });
            let energy: Vec<f64> = energy.collect();
            fields.extend(energy);
        }
        fields.truncate(request.channels * n * n);

        let noted = events.iter().map(|e| {
            let (x, y) = (("x", e.x.into()), ("y", e.y.into()));
            Value::Map(vec![x, y, (CONE_RADIUS.name, e.age.into()), ("sign", e.sign.into())])
        });
        let settings = vec![
            (NUM_CONES.name, events.len().into()),
            (MASS.name, mass.into()),
            (SOURCE_RADIUS.name, radius.into()),
            ("cones", Value::List(noted.collect())),
        ];
        self.normalize.finish(fields, settings)
    }
}

/// The transforms of φ and of `radius · ∂φ/∂t` for events of this radius and a mass in radians per
/// side. The mode at half of an even side, which has no partner of the opposite sign, is left out.
fn modes(n: usize, events: &[Event], radius: f64, mass: f64) -> Modes {
    let side = n.div_ceil(2);
    let zeros = || (vec![0.0; n * n], vec![0.0; n * n]);
    let mut modes = Modes { field: zeros(), rate: zeros() };
    // Bump and frequency by (|kx|, |ky|).
    let mut table = vec![(0.0, 0.0); side * side];
    for a in 0..side {
        for b in a..side {
            let k = TAU * ((a * a + b * b) as f64).sqrt();
            let entry = (bump(k * radius) * radius * radius, (k * k + mass * mass).sqrt());
            table[a * side + b] = entry;
            table[b * side + a] = entry;
        }
    }
    let mut parts = vec![(0.0, 0.0); side * side];
    for event in events {
        for (part, (bump, omega)) in parts.iter_mut().zip(&table) {
            let (sin, cos) = libm::sincos(omega * event.age);
            let size = event.sign * bump;
            *part = (size * cos, -size * omega * radius * sin);
        }
        let turns = |shift: f64| -> Vec<(f64, f64)> {
            wave_numbers(n).map(|m| libm::sincos(-TAU * m as f64 * shift)).collect()
        };
        let (across, down) = (turns(event.x), turns(event.y));
        for (i, mx) in wave_numbers(n).enumerate() {
            for (j, my) in wave_numbers(n).enumerate() {
                let (a, b) = (mx.unsigned_abs() as usize, my.unsigned_abs() as usize);
                if a >= side || b >= side {
                    continue;
                }
                let ((sx, cx), (sy, cy)) = (across[i], down[j]);
                let (cos, sin) = (cx * cy - sx * sy, sx * cy + cx * sy);
                let (field, rate) = parts[a * side + b];
                let at = i * n + j;
                modes.field.0[at] += field * cos;
                modes.field.1[at] += field * sin;
                modes.rate.0[at] += rate * cos;
                modes.rate.1[at] += rate * sin;
            }
        }
    }
    modes
}

/// The transform of `(1 − δ²)³` on the unit disk at wave number `x`: `2π · 2³ · 3! · J₄(x)/x⁴`.
fn bump(x: f64) -> f64 {
    // J₄(x)/x⁴ = (1 − x²/20 + …)/384; below 10⁻³ the next term is 10⁻¹⁵.
    let ratio =
        if x < 1e-3 { (1.0 - x * x / 20.0) / 384.0 } else { libm::jn(4, x) / (x * x * x * x) };
    TAU * 48.0 * ratio
}

/// `radius · ∇φ`, both components `[n, n]`, in one transform.
fn gradient(
    n: usize,
    field: &(Vec<f64>, Vec<f64>),
    radius: f64,
    fft: &Fft,
) -> (Vec<f64>, Vec<f64>) {
    let (mut x, mut y) = (vec![0.0; n * n], vec![0.0; n * n]);
    for (i, mx) in wave_numbers(n).enumerate() {
        for (j, my) in wave_numbers(n).enumerate() {
            let at = i * n + j;
            let (kx, ky) = (TAU * radius * mx as f64, TAU * radius * my as f64);
            // iκ φ̂ for each component, and the second times i.
            x[at] = -kx * field.1[at] - ky * field.0[at];
            y[at] = kx * field.0[at] - ky * field.1[at];
        }
    }
    fft.inverse(&mut x, &mut y);
    (x, y)
}
