//! `thermal_gradient`: a temperature field between a cold and a hot end, with thermal fluctuations.
//!
//! `cosine`: `T = T₀ + ΔT s^β` with `s = ½(1 − cos(2π m·r/n + φ))`, m = (1, 0), (0, 1) or (1, ±1): the
//! slowest mode of heat conduction on the torus, raised to a power. `triangle`: the same with a
//! triangle wave, the steady state of conduction between a hot and a cold line. `reservoirs`: a hot
//! and a cold Gaussian spot in a medium that loses heat, `(1 − λ²∇²) T = sources`, from T₀ to T₀ + ΔT.
//! Added: a Gaussian field with standard deviation `a ΔT`.
//!
//! The field is the temperature in the unit of `temperature_range`; every field has its own
//! direction, phase, exponent, places and fluctuations.
//!
//! Sites: 16 length of the fluctuations, 64 + c everything else about field c, 1024 on fluctuations.

use std::f64::consts::TAU;

use crate::ic::common::{ChannelMode, NORMALIZE_NATURAL, Normalize, SITE_FIELDS};
use crate::ic::interface::along;
use crate::ic::parameter::{
    ChoiceParameter, LawParameter, LengthParameter, OtherParameter, Parameter, bounds, draw,
    without_effect,
};
use crate::ic::screened::{Problem, Source, check_sources, solve};
use crate::ic::spectrum::{Spectrum, gaussian};
use crate::ic::{Channels, Cost, Drawn, Family, InitialCondition, Request, Tier};
use crate::key::{Manifest, Value};
use crate::node::{Fields, Law};
use crate::rng::{Draws, Stream};

/// The family.
pub const FAMILY: Family = Family {
    name: "thermal_gradient",
    version: 1,
    tier: Tier::Tier1,
    summary: "temperature between cold and hot, with fluctuations",
    formula: "T₀ + ΔT (s^β + a g), s = ½(1 − cos(2πm·r/n + φ)), or (1 − λ²∇²)T = sources",
    channels: Channels::Scalar("temperature"),
    cost: Cost::Cheap,
    references: &["Carslaw & Jaeger 1959, Conduction of Heat in Solids"],
    parameters: &[
        Parameter::Choice(&VARIANT),
        Parameter::Choice(&GRADIENT_DIRECTION),
        Parameter::Other(&TEMPERATURE_RANGE),
        Parameter::Law(&BETA),
        Parameter::Law(&SCREENING_LENGTH),
        Parameter::Law(&SOURCE_WIDTH),
        Parameter::Law(&THERMAL_NOISE_AMPLITUDE),
        Parameter::Length(&THERMAL_LENGTH_SCALE),
        Parameter::Choice(&crate::ic::common::CHANNEL_MODE),
        Parameter::Choice(&NORMALIZE_NATURAL),
    ],
    refused: &[],
    parse: |fields| {
        let profile = Profile::parse(fields);
        let noise = match profile {
            Profile::Wave { .. } => &THERMAL_NOISE_AMPLITUDE.default,
            Profile::Reservoirs { .. } => &RESERVOIR_NOISE,
        };
        Box::new(ThermalGradient {
            profile,
            range: range(fields),
            noise: THERMAL_NOISE_AMPLITUDE.parse_or(fields, noise),
            noise_length: THERMAL_LENGTH_SCALE.parse(fields),
            channel_mode: ChannelMode::parse(fields),
            normalize: Normalize::parse_natural(fields),
        })
    },
};

static VARIANT: ChoiceParameter = ChoiceParameter {
    name: "variant",
    allowed: &["cosine", "triangle", "reservoirs"],
    default: "cosine",
    meaning: "a cosine or a triangle wave, or a hot and a cold spot in a medium that loses heat",
};

static GRADIENT_DIRECTION: ChoiceParameter = ChoiceParameter {
    name: "gradient_direction",
    allowed: &["x", "y", "diagonal", "random"],
    default: "random",
    meaning: "direction of the wave; diagonal is either of two, random any of the four",
};

static TEMPERATURE_RANGE: OtherParameter = OtherParameter {
    name: "temperature_range",
    allowed: "[low, high], -1e6 to 1e6",
    default: "[0.0, 1.0]",
    meaning: "temperature of the cold and of the hot end, without fluctuations",
};

static BETA: LawParameter = LawParameter {
    name: "beta",
    range: 0.1..=10.0,
    default: Law::LogUniform(0.5, 2.0),
    meaning: "exponent of the wave: below 1 more is hot, above 1 more is cold",
};

static SCREENING_LENGTH: LawParameter = LawParameter {
    name: "screening_length",
    range: 0.01..=10.0,
    default: Law::Uniform(0.15, 0.5),
    meaning: "λ, how far heat gets before it is lost, as a fraction of the side; for reservoirs",
};

static SOURCE_WIDTH: LawParameter = LawParameter {
    name: "source_width",
    range: 0.005..=0.2,
    default: Law::Uniform(0.06, 0.12),
    meaning: "standard deviation of a spot, as a fraction of the side; for reservoirs",
};

static THERMAL_NOISE_AMPLITUDE: LawParameter = LawParameter {
    name: "thermal_noise_amplitude",
    range: 0.0..=10.0,
    default: Law::Uniform(0.02, 0.2),
    meaning: "a, standard deviation of the fluctuations relative to the range of temperature; \
              0.01 to 0.08 by default for reservoirs",
};

/// Spots cover less of the field than a wave, and drown earlier.
static RESERVOIR_NOISE: Law = Law::Uniform(0.01, 0.08);

static THERMAL_LENGTH_SCALE: LengthParameter = LengthParameter {
    name: "thermal_length_scale",
    range: 0.001..=0.99,
    default: Law::Constant(0.04),
    meaning: "covariance length of the fluctuations",
};

const SITE_NOISE_LENGTH: u32 = 16;
const SITE_FIELD: u32 = 64;

/// Reads `temperature_range`, of which the ends must differ.
fn range(fields: &Fields<'_>) -> (f64, f64) {
    let range = fields.pair(TEMPERATURE_RANGE.name, -1e6..=1e6).unwrap_or((0.0, 1.0));
    if range.0 == range.1 {
        let message = "both ends are the same: there is no gradient";
        let help = "give a hot end above the cold one";
        fields.fault(TEMPERATURE_RANGE.name, message, Some(help.into()));
    }
    range
}

/// What was drawn for a field.
type Noted = Vec<(&'static str, Value)>;

/// The mean temperature in units of its range, from 0 to 1.
#[derive(Debug)]
enum Profile {
    Wave { triangle: bool, direction: &'static str, beta: Law },
    Reservoirs { length: Law, width: Law },
}

impl Profile {
    fn parse(fields: &Fields<'_>) -> Self {
        let variant = VARIANT.parse(fields);
        if variant == "reservoirs" {
            let names = [GRADIENT_DIRECTION.name, BETA.name];
            without_effect(fields, &names, "it belongs to the waves, not to `reservoirs`");
            let (length, width) = (SCREENING_LENGTH.parse(fields), SOURCE_WIDTH.parse(fields));
            return Profile::Reservoirs { length, width };
        }
        let names = [SCREENING_LENGTH.name, SOURCE_WIDTH.name];
        without_effect(fields, &names, "it belongs to `variant: reservoirs`");
        Profile::Wave {
            triangle: variant == "triangle",
            direction: GRADIENT_DIRECTION.parse(fields),
            beta: BETA.parse(fields),
        }
    }

    fn describe(&self, m: &mut dyn Manifest) {
        match self {
            Profile::Wave { triangle, direction, beta } => {
                m.param(VARIANT.name, (if *triangle { "triangle" } else { "cosine" }).into());
                m.param(GRADIENT_DIRECTION.name, (*direction).into());
                m.param(BETA.name, beta.into());
            }
            Profile::Reservoirs { length, width } => {
                m.param(VARIANT.name, "reservoirs".into());
                m.param(SCREENING_LENGTH.name, length.into());
                m.param(SOURCE_WIDTH.name, width.into());
            }
        }
    }

    /// `count` fields from 0 to 1, `[count, n, n]`, and what was drawn for each.
    fn draw(&self, n: usize, draws: &mut [Draws]) -> (Vec<f64>, Vec<Noted>) {
        match self {
            Profile::Wave { triangle, direction, beta } => {
                let mut out = Vec::with_capacity(draws.len() * n * n);
                let mut noted = Vec::with_capacity(draws.len());
                for draws in draws {
                    let m = wave_vector(direction, draws.uniform());
                    let (phase, beta) = (draws.uniform(), beta.at(draws.uniform()));
                    out.extend(along(n, m, |part| {
                        let turn = (part + phase).fract();
                        let s = if *triangle {
                            1.0 - (2.0 * turn - 1.0).abs()
                        } else {
                            0.5 - 0.5 * libm::cos(TAU * turn)
                        };
                        libm::pow(s, beta)
                    }));
                    noted.push(vec![
                        ("mode", vec![m.0, m.1].into()),
                        ("phase", (TAU * phase).into()),
                        (BETA.name, beta.into()),
                    ]);
                }
                (out, noted)
            }
            Profile::Reservoirs { length, width } => {
                let (mut problems, mut noted) = (Vec::new(), Vec::new());
                for draws in draws {
                    let (x, y) = (draws.uniform(), draws.uniform());
                    // Far enough from each other to be two, on a torus without borders.
                    let (apart, angle) = (draws.range(0.3, 0.5), TAU * draws.uniform());
                    let (sin, cos) = libm::sincos(angle);
                    let cold =
                        ((x + apart * cos).rem_euclid(1.0), (y + apart * sin).rem_euclid(1.0));
                    let (length, width) = (length.at(draws.uniform()), width.at(draws.uniform()));
                    noted.push(vec![
                        ("hot", vec![x, y].into()),
                        ("cold", vec![cold.0, cold.1].into()),
                        (SCREENING_LENGTH.name, length.into()),
                        (SOURCE_WIDTH.name, width.into()),
                    ]);
                    let sources = vec![
                        Source { x, y, strength: 1.0 },
                        Source { x: cold.0, y: cold.1, strength: -1.0 },
                    ];
                    problems.push(Problem { length, width, sources });
                }
                let mut fields = solve(n, &problems);
                for field in fields.chunks_exact_mut(n * n) {
                    let low = field.iter().copied().fold(f64::INFINITY, f64::min);
                    let high = field.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                    for v in field {
                        *v = (*v - low) / (high - low);
                    }
                }
                (fields, noted)
            }
        }
    }
}

/// The wave vector of a direction, by `u` in (0, 1) where several are meant.
fn wave_vector(direction: &str, u: f64) -> (i64, i64) {
    const ALL: [(i64, i64); 4] = [(1, 0), (0, 1), (1, 1), (1, -1)];
    match direction {
        "x" => ALL[0],
        "y" => ALL[1],
        "diagonal" => ALL[2 + usize::from(u >= 0.5)],
        _ => ALL[(4.0 * u) as usize],
    }
}

#[derive(Debug)]
struct ThermalGradient {
    profile: Profile,
    range: (f64, f64),
    noise: Law,
    noise_length: Law,
    channel_mode: ChannelMode,
    normalize: Normalize,
}

impl ThermalGradient {
    /// `count` temperature fields `[count, n, n]`; notes what was drawn.
    fn fields(&self, stream: Stream, n: usize, count: usize, settings: &mut Noted) -> Vec<f64> {
        let mut draws: Vec<Draws> =
            (0..count).map(|c| stream.site(SITE_FIELD + c as u32)).collect();
        let amplitudes: Vec<f64> =
            draws.iter_mut().map(|draws| self.noise.at(draws.uniform())).collect();
        let (mut fields, profiles) = self.profile.draw(n, &mut draws);
        if bounds(&self.noise).1 > 0.0 {
            let length = draw(&self.noise_length, stream, SITE_NOISE_LENGTH);
            settings.push((THERMAL_LENGTH_SCALE.name, length.into()));
            let noise = Spectrum::new(n, gaussian(length)).fields(stream, SITE_FIELDS, count);
            let noise = noise.chunks_exact(n * n).zip(&amplitudes);
            for (field, (noise, a)) in fields.chunks_exact_mut(n * n).zip(noise) {
                field.iter_mut().zip(noise).for_each(|(v, g)| *v += a * g);
            }
        }
        let (low, high) = self.range;
        for v in &mut fields {
            *v = low + (high - low) * *v;
        }
        let noted = profiles.into_iter().zip(amplitudes).map(|(mut profile, amplitude)| {
            profile.push((THERMAL_NOISE_AMPLITUDE.name, amplitude.into()));
            Value::Map(profile)
        });
        settings.push(("gradients", Value::List(noted.collect())));
        fields
    }
}

impl InitialCondition for ThermalGradient {
    fn describe(&self, m: &mut dyn Manifest) {
        self.profile.describe(m);
        m.param(TEMPERATURE_RANGE.name, vec![self.range.0, self.range.1].into());
        m.param(THERMAL_NOISE_AMPLITUDE.name, (&self.noise).into());
        if bounds(&self.noise).1 > 0.0 {
            m.param(THERMAL_LENGTH_SCALE.name, (&self.noise_length).into());
        }
        self.channel_mode.describe(m);
        self.normalize.describe(m);
    }

    fn check(&self, grid: usize, _channels: usize) -> Result<(), String> {
        match &self.profile {
            Profile::Wave { .. } => Ok(()),
            Profile::Reservoirs { width, .. } => check_sources(bounds(width).0, grid),
        }
    }

    fn draw(&self, request: &Request) -> Drawn {
        let mut settings = Vec::new();
        let fields = self.channel_mode.channels(request, |count| {
            self.fields(request.stream, request.grid, count, &mut settings)
        });
        self.normalize.finish(fields, settings)
    }
}
