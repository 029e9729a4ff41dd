//! `shock_front`: a band of compressed gas between two shocks, the shock tube of Sod on a torus.
//!
//! A band of driver gas has burst into a gas at rest on both sides: from the middle outward driver,
//! rarefaction, contact, shocked gas, shock, gas at rest, the exact solution of either side until they
//! meet ([`gas`]). `classical`: Euler's equations, with Rankine–Hugoniot jumps. `relativistic`: those of
//! special relativity, on Taub's adiabat. Shock and contact are `½(1 + tanh(d/w))`. The gas at rest has
//! density fluctuations `exp(a g − ½a²)` at constant pressure, of covariance length 0.03 of the side.
//!
//! Channels: density, velocity along the normal of the band (outward in both directions from the
//! middle), pressure. Units, classical: density ρ and pressure p of the gas at rest, velocity √(p/ρ).
//! Relativistic: density ρ of the gas at rest, velocity c, pressure ρc².
//!
//! Sites: 16 Mach number, γ, temperature, contact, angle, position, width, elapsed part and a; 1024
//! fluctuations.

mod gas;

use std::f64::consts::TAU;

use gas::{State, Tube};

use crate::ic::common::{NORMALIZE_NATURAL, Normalize, SITE_FIELDS};
use crate::ic::geometry::nearest_image;
use crate::ic::interface::{along, direction, length};
use crate::ic::parameter::{
    ChoiceParameter, LawParameter, LengthParameter, Parameter, without_effect,
};
use crate::ic::spectrum::{Spectrum, gaussian};
use crate::ic::{Channels, Cost, Drawn, Family, InitialCondition, Refused, Request, Tier};
use crate::key::{Manifest, Value};
use crate::node::Law;

/// The family.
pub const FAMILY: Family = Family {
    name: "shock_front",
    version: 1,
    tier: Tier::Tier3,
    summary: "a band of gas between two shocks, with contacts and rarefactions",
    formula: "ρ₂/ρ₁ = (γ+1)M²/((γ−1)M²+2), p₂/p₁ = 1 + 2γ(M²−1)/(γ+1), or [h²] = (h₁/ρ₁ + h₂/ρ₂)[p]",
    channels: Channels::Named(&["density", "normal velocity", "pressure"]),
    cost: Cost::Cheap,
    references: &[
        "Sod 1978, J. Comput. Phys. 27, 1",
        "Taub 1948, Phys. Rev. 74, 328",
        "Königl 1980, Phys. Fluids 23, 1083",
        "Martí & Müller 2003, Living Rev. Relativ. 6, 7",
    ],
    parameters: &[
        Parameter::Choice(&VARIANT),
        Parameter::Law(&MACH_NUMBER),
        Parameter::Law(&GAMMA),
        Parameter::Law(&TEMPERATURE),
        Parameter::Law(&CONTACT_RATIO),
        Parameter::Law(&SHOCK_ANGLE),
        Parameter::Law(&SHOCK_POSITION),
        Parameter::Length(&SHOCK_WIDTH),
        Parameter::Law(&ELAPSED),
        Parameter::Law(&FLUCTUATION_AMPLITUDE),
        Parameter::Choice(&NORMALIZE_NATURAL),
    ],
    refused: &[Refused {
        name: "amplitude_ratio",
        why: "the jump of density, velocity and pressure follows from the strength of the shock",
        instead: "use `mach_number`",
    }],
    parse: |fields| {
        let relativistic = VARIANT.parse(fields) == "relativistic";
        if !relativistic {
            without_effect(fields, &[TEMPERATURE.name], "it belongs to `variant: relativistic`");
        }
        let gamma = if relativistic { &RELATIVISTIC_GAMMA } else { &GAMMA.default };
        Box::new(ShockFront {
            relativistic,
            mach: MACH_NUMBER.parse(fields),
            gamma: GAMMA.parse_or(fields, gamma),
            temperature: TEMPERATURE.parse(fields),
            contact_ratio: CONTACT_RATIO.parse(fields),
            angle: SHOCK_ANGLE.parse(fields),
            position: SHOCK_POSITION.parse(fields),
            width: SHOCK_WIDTH.parse(fields),
            elapsed: ELAPSED.parse(fields),
            fluctuations: FLUCTUATION_AMPLITUDE.parse(fields),
            normalize: Normalize::parse_natural(fields),
        })
    },
};

static VARIANT: ChoiceParameter = ChoiceParameter {
    name: "variant",
    allowed: &["classical", "relativistic"],
    default: "classical",
    meaning: "Euler's equations or those of special relativity",
};

static MACH_NUMBER: LawParameter = LawParameter {
    name: "mach_number",
    range: 1.01..=20.0,
    default: Law::Uniform(1.1, 5.0),
    meaning: "speed of the shock over that of sound in the gas at rest; relativistic: the ratio of their \
              four-velocities",
};

static GAMMA: LawParameter = LawParameter {
    name: "gamma",
    range: 1.1..=2.0,
    default: Law::Constant(1.4),
    meaning: "γ, ratio of specific heats; 4/3 by default for relativistic",
};

static RELATIVISTIC_GAMMA: Law = Law::Constant(4.0 / 3.0);

static TEMPERATURE: LawParameter = LawParameter {
    name: "temperature",
    range: 0.0001..=100.0,
    default: Law::LogUniform(0.01, 1.0),
    meaning: "p/ρc² of the gas at rest; for relativistic",
};

static CONTACT_RATIO: LawParameter = LawParameter {
    name: "contact_ratio",
    range: 0.1..=5.0,
    default: Law::LogUniform(0.3, 2.0),
    meaning: "density on the inner over that on the outer side of the contact",
};

static SHOCK_ANGLE: LawParameter = LawParameter {
    name: "shock_angle",
    range: -10.0..=10.0,
    default: Law::Uniform(0.0, TAU),
    meaning: "direction of the normal in radians, taken to the nearest of the 8 directions (1, 0), \
              (1, 1), …",
};

static SHOCK_POSITION: LawParameter = LawParameter {
    name: "shock_position",
    range: 0.0..=1.0,
    default: Law::Uniform(0.0, 1.0),
    meaning: "place of the middle of the band along its normal, as a part of its period",
};

static SHOCK_WIDTH: LengthParameter = LengthParameter {
    name: "shock_width",
    range: 0.0005..=0.1,
    default: Law::Uniform(0.01, 0.03),
    meaning: "w, half-width of shock and contact",
};

static ELAPSED: LawParameter = LawParameter {
    name: "elapsed",
    range: 0.05..=0.95,
    default: Law::Uniform(0.4, 0.8),
    meaning: "time since the burst over that at which the waves of both sides meet",
};

static FLUCTUATION_AMPLITUDE: LawParameter = LawParameter {
    name: "fluctuation_amplitude",
    range: 0.0..=1.0,
    default: Law::Constant(0.05),
    meaning: "a, relative standard deviation of the density of the gas at rest",
};

const SITE_DRAWS: u32 = 16;
/// Covariance length of the fluctuations, in sides.
const FLUCTUATION_LENGTH: f64 = 0.03;

#[derive(Debug)]
struct ShockFront {
    relativistic: bool,
    mach: Law,
    gamma: Law,
    temperature: Law,
    contact_ratio: Law,
    angle: Law,
    position: Law,
    width: Law,
    elapsed: Law,
    fluctuations: Law,
    normalize: Normalize,
}

/// The double tube along its normal; lengths in sides from the middle of the band.
struct Band {
    tube: Tube,
    /// From one band to the next.
    period: f64,
    width: f64,
    /// Where the gases met.
    diaphragm: f64,
    time: f64,
}

impl Band {
    /// The band in which both the driver and the gas at rest would be used up at the same time, when
    /// `elapsed` of that time has passed.
    fn new(tube: Tube, period: f64, width: f64, elapsed: f64) -> Self {
        let diaphragm = 0.5 * period * tube.driver_sound / (tube.driver_sound + tube.shock_speed);
        let time = elapsed * diaphragm / tube.driver_sound;
        Self { tube, period, width, diaphragm, time }
    }

    fn at(&self, speed: f64) -> f64 {
        self.diaphragm + speed * self.time
    }

    /// The state at `part` of a period from the middle, from −½ to ½; and how much of it is gas at rest,
    /// from 0 to 1.
    fn state(&self, part: f64) -> (State, f64) {
        let Tube { rest, shocked, expanded, .. } = self.tube;
        let x = part.abs() * self.period;
        let behind = self.tube.behind_contact((x - self.diaphragm) / self.time);
        let past = |place: f64, x: f64| 1.0 / (1.0 + libm::exp(-2.0 * (x - place) / self.width));
        let contact = past(self.at(shocked.velocity), x);
        // The shock of this side, and that of the next band, which comes the other way.
        let shock = self.at(self.tube.shock_speed);
        let (own, other) = (past(shock, x), past(shock, self.period - x));
        let mix = |of: fn(&State) -> f64, mirror: f64| {
            of(&behind)
                + (of(&shocked) - of(&expanded)) * contact
                + (of(&rest) - of(&shocked)) * own
                + (mirror * of(&shocked) - of(&rest)) * (1.0 - other)
        };
        let state = State {
            density: mix(|s| s.density, 1.0),
            velocity: mix(|s| s.velocity, -1.0) * 1.0_f64.copysign(part),
            pressure: mix(|s| s.pressure, 1.0),
        };
        (state, own * other)
    }
}

impl InitialCondition for ShockFront {
    fn describe(&self, m: &mut dyn Manifest) {
        let variant = if self.relativistic { "relativistic" } else { "classical" };
        m.param(VARIANT.name, variant.into());
        m.param(MACH_NUMBER.name, (&self.mach).into());
        m.param(GAMMA.name, (&self.gamma).into());
        if self.relativistic {
            m.param(TEMPERATURE.name, (&self.temperature).into());
        }
        m.param(CONTACT_RATIO.name, (&self.contact_ratio).into());
        m.param(SHOCK_ANGLE.name, (&self.angle).into());
        m.param(SHOCK_POSITION.name, (&self.position).into());
        m.param(SHOCK_WIDTH.name, (&self.width).into());
        m.param(ELAPSED.name, (&self.elapsed).into());
        m.param(FLUCTUATION_AMPLITUDE.name, (&self.fluctuations).into());
        self.normalize.describe(m);
    }

    fn draw(&self, request: &Request) -> Drawn {
        let (n, stream) = (request.grid, request.stream);
        let mut draws = stream.site(SITE_DRAWS);
        let mut next = |law: &Law| law.at(draws.uniform());
        let (mach, gamma) = (next(&self.mach), next(&self.gamma));
        let (temperature, contact_ratio) = (next(&self.temperature), next(&self.contact_ratio));
        let (angle, position) = (next(&self.angle), next(&self.position));
        let (width, elapsed) = (next(&self.width), next(&self.elapsed));
        let a = next(&self.fluctuations);
        let mut settings = vec![(MACH_NUMBER.name, mach.into()), (GAMMA.name, gamma.into())];
        let tube = if self.relativistic {
            settings.push((TEMPERATURE.name, temperature.into()));
            Tube::relativistic(gamma, temperature, mach, contact_ratio)
        } else {
            Tube::classical(gamma, mach, contact_ratio)
        };
        let m = direction(angle, 2);
        let band = Band::new(tube, 1.0 / length(m), width, elapsed);
        let places = [-tube.driver_sound, tube.tail_speed, tube.shocked.velocity, tube.shock_speed]
            .map(|speed| band.at(speed));
        settings.extend::<[(&'static str, Value); 9]>([
            (CONTACT_RATIO.name, contact_ratio.into()),
            ("direction", vec![m.0, m.1].into()),
            (SHOCK_POSITION.name, position.into()),
            (SHOCK_WIDTH.name, width.into()),
            ("diaphragm", band.diaphragm.into()),
            ("time", band.time.into()),
            ("shock_speed", tube.shock_speed.into()),
            // Head and tail of the rarefaction, contact, shock, from the middle of the band.
            ("places", places.to_vec().into()),
            (FLUCTUATION_AMPLITUDE.name, a.into()),
        ]);
        let states: Vec<(State, f64)> =
            (0..n).map(|i| band.state(nearest_image(i as f64 / n as f64 - position, 1))).collect();
        let spread = |of: fn(&(State, f64)) -> f64| {
            along(n, m, |part| of(&states[libm::round(part * n as f64) as usize]))
        };
        let mut fields = spread(|(state, _)| state.density);
        if a > 0.0 {
            let noise =
                Spectrum::new(n, gaussian(FLUCTUATION_LENGTH)).fields(stream, SITE_FIELDS, 1);
            let at_rest = spread(|(_, rest)| *rest);
            for ((v, g), rest) in fields.iter_mut().zip(&noise).zip(&at_rest) {
                *v *= 1.0 + rest * libm::expm1(a * g - 0.5 * a * a);
            }
        }
        if request.channels > 1 {
            fields.extend(spread(|(state, _)| state.velocity));
        }
        if request.channels > 2 {
            fields.extend(spread(|(state, _)| state.pressure));
        }
        self.normalize.finish(fields, settings)
    }
}
