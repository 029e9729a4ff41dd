//! `critical_fluctuation`: an order parameter near or at its critical point.
//!
//! - `gaussian`: a Gaussian field with the power of Ornstein and Zernike as corrected by Fisher,
//!   `S(κ) ∝ (κ² + ξ⁻²)^−(1−η/2)`, zero mean, unit variance over all samples: correlations fall as
//!   `r^−η` up to ξ and exponentially beyond (η = 1/4 is that of the Ising model in the plane, 0 is
//!   mean field).
//! - `ising`: the Ising model itself at its critical temperature, spins ±1 ([`ising`]); not Gaussian,
//!   and with the magnetization that a finite system has. A spin is a pixel: the critical model has no
//!   length of its own, so no grid is finer or coarser than another, and nothing is smoothed unless
//!   asked for. It is a simulation and costs as one, many times the Gaussian field.
//!
//! Channels: independent order parameters.
//!
//! Sites: 16 correlation length, 17 η, 18 smoothing, 64 + c spins of field c, 1024 on the Gaussian
//! fields.

mod ising;

use std::f64::consts::TAU;

use crate::ic::common::{Natural, SITE_FIELDS};
use crate::ic::parameter::{
    ChoiceParameter, LawParameter, Parameter, bounds, draw, without_effect,
};
use crate::ic::simulation::blur;
use crate::ic::spectrum::Spectrum;
use crate::ic::{Channels, Cost, Drawn, Family, InitialCondition, Request, Tier};
use crate::key::{Manifest, Value};
use crate::node::{Fields, Law};

/// The family.
pub const FAMILY: Family = Family {
    name: "critical_fluctuation",
    version: 1,
    tier: Tier::Tier2,
    summary: "order parameter near a critical point, or the Ising model at it",
    formula: "Gaussian field with power S(κ) ∝ (κ² + ξ⁻²)^−(1−η/2), or Ising spins at T = 2/ln(1 + √2)",
    channels: Channels::Scalar("an order parameter"),
    cost: Cost::Moderate,
    references: &[
        "Fisher 1964, J. Math. Phys. 5:944",
        "Onsager 1944, Phys. Rev. 65:117",
        "Swendsen and Wang 1987, Phys. Rev. Lett. 58:86",
    ],
    parameters: &[
        Parameter::Choice(&VARIANT),
        Parameter::Law(&CORRELATION_LENGTH),
        Parameter::Law(&ETA),
        Parameter::Law(&SMOOTHING),
        Natural::PARAMETERS[0],
        Natural::PARAMETERS[1],
    ],
    refused: &[],
    parse: |fields| {
        Box::new(CriticalFluctuation {
            model: Model::parse(fields),
            natural: Natural::parse(fields),
        })
    },
};

static VARIANT: ChoiceParameter = ChoiceParameter {
    name: "variant",
    allowed: &["gaussian", "ising"],
    default: "gaussian",
    meaning: "a Gaussian field with a critical spectrum, or spins of the Ising model at its critical \
              temperature",
};

static CORRELATION_LENGTH: LawParameter = LawParameter {
    name: "correlation_length",
    range: 0.005..=10.0,
    default: Law::LogUniform(0.05, 1.0),
    meaning: "correlation length ξ of the Gaussian field, as a fraction of the side",
};

static ETA: LawParameter = LawParameter {
    name: "eta",
    range: 0.0..=1.0,
    default: Law::Constant(0.25),
    meaning: "critical exponent η of the Gaussian field: 1/4 for Ising in the plane, 0 for mean field",
};

static SMOOTHING: LawParameter = LawParameter {
    name: "smoothing",
    range: 0.0..=0.1,
    default: Law::Constant(0.0),
    meaning: "standard deviation of a Gaussian that smooths the spins, as a fraction of the side; 0 \
              leaves them ±1",
};

const SITE_LENGTH: u32 = 16;
const SITE_ETA: u32 = 17;
const SITE_SMOOTHING: u32 = 18;
const SITE_SPINS: u32 = 64;

#[derive(Debug)]
struct CriticalFluctuation {
    model: Model,
    natural: Natural,
}

#[derive(Debug)]
enum Model {
    Gaussian { length: Law, eta: Law },
    Ising { smoothing: Law },
}

impl Model {
    fn parse(fields: &Fields<'_>) -> Self {
        if VARIANT.parse(fields) == "ising" {
            let (length, eta) = (CORRELATION_LENGTH.name, ETA.name);
            let reason = "at the critical temperature ξ is infinite and η is 1/4";
            let _ = (CORRELATION_LENGTH.parse(fields), ETA.parse(fields));
            without_effect(fields, &[length, eta], reason);
            return Model::Ising { smoothing: SMOOTHING.parse(fields) };
        }
        let _ = SMOOTHING.parse(fields);
        without_effect(fields, &[SMOOTHING.name], "it belongs to `variant: ising`");
        Model::Gaussian { length: CORRELATION_LENGTH.parse(fields), eta: ETA.parse(fields) }
    }
}

impl InitialCondition for CriticalFluctuation {
    fn describe(&self, m: &mut dyn Manifest) {
        match &self.model {
            Model::Gaussian { length, eta } => {
                m.param(VARIANT.name, "gaussian".into());
                m.param(CORRELATION_LENGTH.name, length.into());
                m.param(ETA.name, eta.into());
            }
            Model::Ising { smoothing } => {
                m.param(VARIANT.name, "ising".into());
                m.param(SMOOTHING.name, smoothing.into());
            }
        }
        self.natural.describe(m);
    }

    fn draw(&self, request: &Request) -> Drawn {
        let (n, stream) = (request.grid, request.stream);
        let mut settings: Vec<(&'static str, Value)> = Vec::new();
        match &self.model {
            Model::Gaussian { length, eta } => {
                let length = draw(length, stream, SITE_LENGTH);
                let eta = draw(eta, stream, SITE_ETA);
                settings.push((CORRELATION_LENGTH.name, length.into()));
                settings.push((ETA.name, eta.into()));
                let spectrum = Spectrum::new(n, fisher(length, eta));
                self.natural
                    .draw(request, settings, |count| spectrum.fields(stream, SITE_FIELDS, count))
            }
            Model::Ising { smoothing } => {
                let width = draw(smoothing, stream, SITE_SMOOTHING);
                settings.push((SMOOTHING.name, width.into()));
                self.natural.draw(request, settings, |count| {
                    let mut fields = Vec::with_capacity(count * n * n);
                    for c in 0..count {
                        fields.extend(ising::critical(n, stream.site(SITE_SPINS + c as u32)));
                    }
                    if bounds(smoothing).1 > 0.0 {
                        blur(&mut fields, n, width);
                    }
                    fields
                })
            }
        }
    }
}

/// Power `(κ² + ξ⁻²)^−(1−η/2)` by `|m|²`, κ = 2πm per side, relative to its value at 0.
fn fisher(length: f64, eta: f64) -> impl Fn(f64) -> f64 {
    let factor = TAU * TAU * length * length;
    move |m2| libm::exp((0.5 * eta - 1.0) * libm::log1p(factor * m2))
}
