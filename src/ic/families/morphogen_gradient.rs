//! `morphogen_gradient`: the concentration of a morphogen that spreads from sources and decays, as
//! cells count it and answer to it.
//!
//! `exponential`: the steady state of `∂c = D∇²c − kc + s`, that is `(1 − λ²∇²) c = s` with
//! λ = √(D/k) and Gaussian sources: `K₀(r/λ)` around a source in the plane, and an exponential only
//! in one dimension. `sigmoidal`: the answer `c^h/(K^h + c^h)` to it (Hill). `power_law`: decay that
//! the morphogen itself enhances, `∂c = D∇²c − kc²`, whose steady state falls off as a power:
//! `(1 + r/r₀)⁻²` for each source, r₀ = λ (Eldar et al. 2003; far off it is exact in one and in two
//! dimensions). There r is the chord `√(sin² πx + sin² πy)/π`, which is smooth on the torus.
//!
//! Concentrations are relative to the greatest one. Cells count molecules, so c has noise with
//! standard deviation `a√c`, made as `(√c + ½ a g)²` with g a Gaussian field as wide as a cell, which
//! stays positive; the answer is to the noisy c. The result is divided by its maximum. Every field has
//! its own sources, lengths and noise.
//!
//! Sites: 16 cell size, 64 + c decay length, noise, width, threshold, coefficient and sources of field c,
//! 512 + c number of its sources, 1024 on the noise.

use std::f64::consts::PI;

use crate::ic::common::{
    CHANNEL_MODE, ChannelMode, NORMALIZE_NATURAL, Normalize, SITE_FIELDS, divide,
};
use crate::ic::geometry::nearest_image;
use crate::ic::parameter::{
    ChoiceParameter, CountParameter, LawParameter, LengthParameter, Parameter, bounds, draw,
    draw_count, without_effect,
};
use crate::ic::screened::{Problem, Source, check_sources, solve};
use crate::ic::spectrum::{Spectrum, gaussian};
use crate::ic::{Channels, Cost, Drawn, Family, InitialCondition, Request, Tier};
use crate::key::{Manifest, Value};
use crate::node::{Fields, Law};
use crate::rng::Draws;

/// The family.
pub const FAMILY: Family = Family {
    name: "morphogen_gradient",
    version: 1,
    tier: Tier::Tier1,
    summary: "a morphogen that spreads from sources and decays, and the answer of cells",
    formula: "(1 − λ²∇²)c = Σ sources; c, c^h/(K^h + c^h), or Σ Cⱼ(1 + rⱼ/λ)⁻²; noise a√c",
    channels: Channels::Scalar("concentration or answer"),
    cost: Cost::Cheap,
    references: &[
        "Wolpert 1969, J. Theor. Biol. 25, 1",
        "Eldar, Rosin, Shilo & Barkai 2003, Dev. Cell 5, 635",
        "Gregor, Tank, Wieschaus & Bialek 2007, Cell 130, 153",
    ],
    parameters: &[
        Parameter::Choice(&GRADIENT_TYPE),
        Parameter::Count(&NUM_SOURCES),
        Parameter::Length(&DECAY_LENGTH),
        Parameter::Law(&SOURCE_WIDTH),
        Parameter::Law(&THRESHOLD),
        Parameter::Law(&HILL_COEFFICIENT),
        Parameter::Law(&NOISE_LEVEL),
        Parameter::Law(&CELL_SIZE),
        Parameter::Choice(&CHANNEL_MODE),
        Parameter::Choice(&NORMALIZE_NATURAL),
    ],
    refused: &[],
    parse: |fields| {
        Box::new(MorphogenGradient {
            readout: Readout::parse(fields),
            num_sources: NUM_SOURCES.parse(fields),
            decay_length: DECAY_LENGTH.parse(fields),
            noise_level: NOISE_LEVEL.parse(fields),
            cell_size: CELL_SIZE.parse(fields),
            channel_mode: ChannelMode::parse(fields),
            normalize: Normalize::parse_natural(fields),
        })
    },
};

static GRADIENT_TYPE: ChoiceParameter = ChoiceParameter {
    name: "gradient_type",
    allowed: &["exponential", "power_law", "sigmoidal"],
    default: "exponential",
    meaning: "concentration under linear decay, concentration under decay that it enhances itself, \
              or the answer of cells to the first",
};

static NUM_SOURCES: CountParameter = CountParameter {
    name: "num_sources",
    range: 1..=64,
    default: Law::Uniform(1.0, 4.0),
    meaning: "number of sources, each with a strength from 0.5 to 1",
};

static DECAY_LENGTH: LengthParameter = LengthParameter {
    name: "decay_length",
    range: 0.01..=0.99,
    default: Law::Uniform(0.08, 0.4),
    meaning: "λ, how far the morphogen gets before it decays",
};

static SOURCE_WIDTH: LawParameter = LawParameter {
    name: "source_width",
    range: 0.001..=0.25,
    default: Law::Constant(0.015),
    meaning: "standard deviation of a source, as a fraction of the side; not for power_law",
};

static THRESHOLD: LawParameter = LawParameter {
    name: "threshold",
    range: 0.001..=1.0,
    default: Law::Uniform(0.15, 0.6),
    meaning: "K, the concentration of half an answer relative to the greatest; for sigmoidal",
};

static HILL_COEFFICIENT: LawParameter = LawParameter {
    name: "hill_coefficient",
    range: 1.0..=20.0,
    default: Law::Uniform(2.0, 8.0),
    meaning: "h, how steep the answer is; for sigmoidal",
};

static NOISE_LEVEL: LawParameter = LawParameter {
    name: "noise_level",
    range: 0.0..=1.0,
    default: Law::Constant(0.05),
    meaning: "a, relative standard deviation of the greatest concentration from counting molecules; \
              a√c elsewhere",
};

static CELL_SIZE: LawParameter = LawParameter {
    name: "cell_size",
    range: 0.001..=0.25,
    default: Law::Constant(0.02),
    meaning: "covariance length of the noise, as a fraction of the side",
};

const SITE_CELL_SIZE: u32 = 16;
const SITE_FIELD: u32 = 64;
const SITE_COUNT: u32 = 512;

/// From sources to the result.
#[derive(Debug)]
enum Readout {
    Exponential { width: Law },
    PowerLaw,
    Sigmoidal { width: Law, threshold: Law, coefficient: Law },
}

impl Readout {
    fn parse(fields: &Fields<'_>) -> Self {
        let hill = [THRESHOLD.name, HILL_COEFFICIENT.name];
        match GRADIENT_TYPE.parse(fields) {
            "sigmoidal" => Readout::Sigmoidal {
                width: SOURCE_WIDTH.parse(fields),
                threshold: THRESHOLD.parse(fields),
                coefficient: HILL_COEFFICIENT.parse(fields),
            },
            "power_law" => {
                without_effect(fields, &[SOURCE_WIDTH.name], "sources of `power_law` are points");
                without_effect(fields, &hill, "it belongs to `gradient_type: sigmoidal`");
                Readout::PowerLaw
            }
            _ => {
                without_effect(fields, &hill, "it belongs to `gradient_type: sigmoidal`");
                Readout::Exponential { width: SOURCE_WIDTH.parse(fields) }
            }
        }
    }

    fn describe(&self, m: &mut dyn Manifest) {
        match self {
            Readout::Exponential { width } => {
                m.param(GRADIENT_TYPE.name, "exponential".into());
                m.param(SOURCE_WIDTH.name, width.into());
            }
            Readout::PowerLaw => m.param(GRADIENT_TYPE.name, "power_law".into()),
            Readout::Sigmoidal { width, threshold, coefficient } => {
                m.param(GRADIENT_TYPE.name, "sigmoidal".into());
                m.param(SOURCE_WIDTH.name, width.into());
                m.param(THRESHOLD.name, threshold.into());
                m.param(HILL_COEFFICIENT.name, coefficient.into());
            }
        }
    }

    fn width(&self) -> Option<&Law> {
        match self {
            Readout::Exponential { width } | Readout::Sigmoidal { width, .. } => Some(width),
            Readout::PowerLaw => None,
        }
    }
}

/// What is drawn for a field.
struct Gradient {
    /// Decay length, source width and sources; the power law takes no width.
    problem: Problem,
    noise: f64,
    /// Threshold and coefficient.
    hill: Option<(f64, f64)>,
}

#[derive(Debug)]
struct MorphogenGradient {
    readout: Readout,
    num_sources: Law,
    decay_length: Law,
    noise_level: Law,
    cell_size: Law,
    channel_mode: ChannelMode,
    normalize: Normalize,
}

impl MorphogenGradient {
    /// Draws in one order, whatever the type; notes what acts.
    fn gradient(&self, count: usize, mut draws: Draws) -> (Gradient, Value) {
        let length = self.decay_length.at(draws.uniform());
        let noise = self.noise_level.at(draws.uniform());
        let (u_width, u_threshold, u_coefficient) =
            (draws.uniform(), draws.uniform(), draws.uniform());
        let sources: Vec<Source> = (0..count)
            .map(|_| Source {
                x: draws.uniform(),
                y: draws.uniform(),
                strength: draws.range(0.5, 1.0),
            })
            .collect();
        let places = sources.iter().map(|s| {
            Value::Map(vec![("x", s.x.into()), ("y", s.y.into()), ("strength", s.strength.into())])
        });
        let mut noted = vec![
            (DECAY_LENGTH.name, length.into()),
            (NOISE_LEVEL.name, noise.into()),
            ("sources", Value::List(places.collect())),
        ];
        let width = self.readout.width().map_or(0.0, |law| law.at(u_width));
        if width > 0.0 {
            noted.push((SOURCE_WIDTH.name, width.into()));
        }
        let mut hill = None;
        if let Readout::Sigmoidal { threshold, coefficient, .. } = &self.readout {
            let (threshold, coefficient) =
                (threshold.at(u_threshold), coefficient.at(u_coefficient));
            noted.push((THRESHOLD.name, threshold.into()));
            noted.push((HILL_COEFFICIENT.name, coefficient.into()));
            hill = Some((threshold, coefficient));
        }
        let problem = Problem { length, width, sources };
        (Gradient { problem, noise, hill }, Value::Map(noted))
    }

    /// `count` fields `[count, n, n]`; notes what was drawn.
    fn fields(
        &self,
        request: &Request,
        count: usize,
        settings: &mut Vec<(&'static str, Value)>,
    ) -> Vec<f64> {
        let (n, stream) = (request.grid, request.stream);
        let (gradients, noted): (Vec<Gradient>, Vec<Value>) = (0..count as u32)
            .map(|c| {
                let sources = draw_count(&self.num_sources, stream, SITE_COUNT + c);
                self.gradient(sources, stream.site(SITE_FIELD + c))
            })
            .unzip();
        let problems: Vec<Problem> = gradients.iter().map(|g| g.problem.clone()).collect();
        let mut fields = match self.readout {
            Readout::PowerLaw => problems.iter().flat_map(|p| power_law(n, p)).collect(),
            _ => solve(n, &problems),
        };
        let noise = (bounds(&self.noise_level).1 > 0.0).then(|| {
            let size = draw(&self.cell_size, stream, SITE_CELL_SIZE);
            settings.push((CELL_SIZE.name, size.into()));
            Spectrum::new(n, gaussian(size)).fields(stream, SITE_FIELDS, count)
        });
        for (c, (field, gradient)) in fields.chunks_exact_mut(n * n).zip(&gradients).enumerate() {
            divide_by_maximum(field);
            for (i, v) in field.iter_mut().enumerate() {
                // What the grid cuts off a narrow source may leave a trace below zero.
                let mut root = v.max(0.0).sqrt();
                if let Some(noise) = &noise {
                    root += 0.5 * gradient.noise * noise[c * n * n + i];
                }
                *v = root * root;
                if let Some((threshold, coefficient)) = gradient.hill {
                    *v = hill(*v / threshold, coefficient);
                }
            }
            divide_by_maximum(field);
        }
        settings.push(("gradients", Value::List(noted)));
        fields
    }
}

fn divide_by_maximum(field: &mut [f64]) {
    divide(field, field.iter().copied().fold(0.0, f64::max));
}

/// `x^h/(1 + x^h)`; 0 at 0.
fn hill(x: f64, coefficient: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-coefficient * libm::log(x)))
}

/// `Σ Cⱼ (1 + rⱼ/λ)⁻²` with r the chord on the torus.
fn power_law(n: usize, problem: &Problem) -> Vec<f64> {
    let mut field = vec![0.0; n * n];
    for source in &problem.sources {
        let squares = |at: f64| -> Vec<f64> {
            (0..n)
                .map(|i| libm::sin(PI * nearest_image(i as f64 / n as f64 - at, 1)) / PI)
                .map(|chord| chord * chord)
                .collect()
        };
        let (across, down) = (squares(source.x), squares(source.y));
        for (row, y2) in field.chunks_exact_mut(n).zip(&down) {
            for (v, x2) in row.iter_mut().zip(&across) {
                let fall = 1.0 + (x2 + y2).sqrt() / problem.length;
                *v += source.strength / (fall * fall);
            }
        }
    }
    field
}

impl InitialCondition for MorphogenGradient {
    fn describe(&self, m: &mut dyn Manifest) {
        self.readout.describe(m);
        m.param(NUM_SOURCES.name, (&self.num_sources).into());
        m.param(DECAY_LENGTH.name, (&self.decay_length).into());
        m.param(NOISE_LEVEL.name, (&self.noise_level).into());
        if bounds(&self.noise_level).1 > 0.0 {
            m.param(CELL_SIZE.name, (&self.cell_size).into());
        }
        self.channel_mode.describe(m);
        self.normalize.describe(m);
    }

    fn check(&self, grid: usize, _channels: usize) -> Result<(), String> {
        self.readout.width().map_or(Ok(()), |law| check_sources(bounds(law).0, grid))
    }

    fn draw(&self, request: &Request) -> Drawn {
        let mut settings = Vec::new();
        let fields =
            self.channel_mode.channels(request, |count| self.fields(request, count, &mut settings));
        self.normalize.finish(fields, settings)
    }
}
