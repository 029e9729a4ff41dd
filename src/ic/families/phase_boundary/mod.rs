//! `phase_boundary`: two phases φ = ±1 and the interfaces between them, drawn or grown.
//!
//! `interface`: `tanh(d/√2 ξ)`, the equilibrium of `∂φ = ∇²φ + φ − φ³` in units of ξ, with d the signed
//! distance to the edge of a band roughened by capillary waves ([`capillary`]), of droplets, or of the
//! regions where a Gaussian field is high; the phase +1 covers `fraction`. `coarsening`: what
//! Cahn–Hilliard or Allen–Cahn dynamics makes out of weak noise in `time` ([`coarsening`]), with
//! interfaces of the same form. Added: fluctuations of the bulk, a Gaussian field of covariance length
//! ξ and standard deviation a.
//!
//! The field is the order parameter. A sample has one ξ, a and time, every field its own shape or noise.
//!
//! Sites: 16 ξ, 17 a, 18 time, 64 + c geometry, direction, fraction, roughness, correlation length,
//! composition and places of field c, 256 + c its edges, 512 + c its number of droplets, 1024 on
//! fluctuations, 2048 on the start of coarsening, 3072 + c the Gaussian field of field c.

mod capillary;
mod coarsening;
mod quench;
mod shapes;

use quench::Quench;
use shapes::Shapes;

use crate::ic::common::{CHANNEL_MODE, ChannelMode, NORMALIZE_NATURAL, Normalize, SITE_FIELDS};
use crate::ic::parameter::{
    ChoiceParameter, LawParameter, LengthParameter, Parameter, draw, without_effect,
};
use crate::ic::spectrum::{Spectrum, gaussian};
use crate::ic::{Channels, Cost, Drawn, Family, InitialCondition, Request, Tier};
use crate::key::{Manifest, Value};
use crate::node::{Fields, Law};

/// The family.
pub const FAMILY: Family = Family {
    name: "phase_boundary",
    version: 1,
    tier: Tier::Tier2,
    summary: "two phases: rough bands, droplets, regions, or coarsening domains",
    formula: "tanh(d/√2 ξ) + a g, d the distance to the interface, or ∂φ = ∇²(φ³ − φ − ∇²φ)",
    channels: Channels::Scalar("order parameter"),
    cost: Cost::Moderate,
    references: &[
        "Cahn & Hilliard 1958, J. Chem. Phys. 28, 258",
        "Allen & Cahn 1979, Acta Metall. 27, 1085",
        "Buff, Lovett & Stillinger 1965, Phys. Rev. Lett. 15, 621",
    ],
    parameters: &[
        Parameter::Choice(&VARIANT),
        Parameter::Length(&INTERFACE_WIDTH),
        Shapes::PARAMETERS[0],
        Shapes::PARAMETERS[1],
        Shapes::PARAMETERS[2],
        Shapes::PARAMETERS[3],
        Shapes::PARAMETERS[4],
        Shapes::PARAMETERS[5],
        Quench::PARAMETERS[0],
        Quench::PARAMETERS[1],
        Quench::PARAMETERS[2],
        Parameter::Law(&FLUCTUATION_AMPLITUDE),
        Parameter::Choice(&CHANNEL_MODE),
        Parameter::Choice(&NORMALIZE_NATURAL),
    ],
    refused: &[],
    parse: |fields| {
        let form = Form::parse(fields);
        let width = match form {
            Form::Interface(_) => &INTERFACE_WIDTH.default,
            Form::Coarsening(_) => &COARSENING_WIDTH,
        };
        Box::new(PhaseBoundary {
            form,
            width: INTERFACE_WIDTH.parse_or(fields, width),
            fluctuations: FLUCTUATION_AMPLITUDE.parse(fields),
            channel_mode: ChannelMode::parse(fields),
            normalize: Normalize::parse_natural(fields),
        })
    },
};

static VARIANT: ChoiceParameter = ChoiceParameter {
    name: "variant",
    allowed: &["interface", "coarsening"],
    default: "interface",
    meaning: "interfaces of a chosen geometry, or domains some time after a quench",
};

static INTERFACE_WIDTH: LengthParameter = LengthParameter {
    name: "interface_width",
    range: 0.002..=0.2,
    default: Law::Uniform(0.01, 0.04),
    meaning: "ξ; 0.01 to 0.016 by default, and at least 1/128, for \
              coarsening",
};

/// Thin enough for many domains, wide enough for a grid of 128.
static COARSENING_WIDTH: Law = Law::Uniform(0.01, 0.016);

static FLUCTUATION_AMPLITUDE: LawParameter = LawParameter {
    name: "fluctuation_amplitude",
    range: 0.0..=10.0,
    default: Law::Constant(0.1),
    meaning: "a, standard deviation of the fluctuations",
};

const SITE_WIDTH: u32 = 16;
const SITE_FLUCTUATIONS: u32 = 17;

/// Where the interfaces come from.
#[derive(Debug)]
enum Form {
    Interface(Shapes),
    Coarsening(Quench),
}

impl Form {
    fn parse(fields: &Fields<'_>) -> Self {
        let variant = VARIANT.parse(fields);
        if variant == "coarsening" {
            let names = Shapes::PARAMETERS.map(Parameter::name);
            without_effect(fields, &names, "it belongs to `variant: interface`");
            Form::Coarsening(Quench::parse(fields))
        } else {
            let names = Quench::PARAMETERS.map(Parameter::name);
            without_effect(fields, &names, "it belongs to `variant: coarsening`");
            Form::Interface(Shapes::parse(fields))
        }
    }
}

#[derive(Debug)]
struct PhaseBoundary {
    form: Form,
    width: Law,
    fluctuations: Law,
    channel_mode: ChannelMode,
    normalize: Normalize,
}

impl InitialCondition for PhaseBoundary {
    fn describe(&self, m: &mut dyn Manifest) {
        match &self.form {
            Form::Interface(shapes) => {
                m.param(VARIANT.name, "interface".into());
                shapes.describe(m);
            }
            Form::Coarsening(quench) => {
                m.param(VARIANT.name, "coarsening".into());
                quench.describe(m);
            }
        }
        m.param(INTERFACE_WIDTH.name, (&self.width).into());
        m.param(FLUCTUATION_AMPLITUDE.name, (&self.fluctuations).into());
        self.channel_mode.describe(m);
        self.normalize.describe(m);
    }

    fn check(&self, grid: usize, _channels: usize) -> Result<(), String> {
        match &self.form {
            Form::Interface(_) => Ok(()),
            Form::Coarsening(_) => Quench::check(&self.width, grid),
        }
    }

    fn draw(&self, request: &Request) -> Drawn {
        let (n, stream) = (request.grid, request.stream);
        let xi = draw(&self.width, stream, SITE_WIDTH);
        let a = draw(&self.fluctuations, stream, SITE_FLUCTUATIONS);
        let mut settings =
            vec![(INTERFACE_WIDTH.name, xi.into()), (FLUCTUATION_AMPLITUDE.name, a.into())];
        let fields = self.channel_mode.channels(request, |count| {
            let (mut fields, noted) = match &self.form {
                Form::Interface(shapes) => {
                    let each = (0..count as u32).map(|c| shapes.field(stream, n, c, xi));
                    let (fields, noted): (Vec<Vec<f64>>, Vec<Value>) = each.unzip();
                    (fields.concat(), noted)
                }
                Form::Coarsening(quench) => quench.fields(stream, (n, count), xi, &mut settings),
            };
            settings.push(("phases", Value::List(noted)));
            if a > 0.0 {
                let noise = Spectrum::new(n, gaussian(xi)).fields(stream, SITE_FIELDS, count);
                fields.iter_mut().zip(&noise).for_each(|(v, g)| *v += a * g);
            }
            fields
        });
        self.normalize.finish(fields, settings)
    }
}
