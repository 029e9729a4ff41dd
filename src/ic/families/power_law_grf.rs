//! `power_law_grf`: Gaussian field with power `κ^−β`, scale-free (a fractional Brownian field of
//! Hurst exponent H has β = 2H + 2); zero mean.
//!
//! Sites: 16 exponent, 1024 on the fields.

use crate::ic::common::{SITE_FIELDS, Scalar};
use crate::ic::parameter::{LawParameter, Parameter, draw};
use crate::ic::spectrum::Spectrum;
use crate::ic::{Channels, Cost, Drawn, Family, InitialCondition, Request, Tier};
use crate::key::Manifest;
use crate::node::Law;

/// The family.
pub const FAMILY: Family = Family {
    name: "power_law_grf",
    version: 1,
    tier: Tier::Baseline,
    summary: "Gaussian field with a power-law spectrum: long-range correlation",
    formula: "Gaussian field with power S(κ) ∝ κ^−β",
    channels: Channels::Scalar("a fractional Brownian field, β = 2H + 2"),
    cost: Cost::Cheap,
    references: &["Mandelbrot and Van Ness 1968, SIAM Review 10:422"],
    parameters: &[
        Parameter::Law(&BETA),
        Scalar::PARAMETERS[0],
        Scalar::PARAMETERS[1],
        Scalar::PARAMETERS[2],
    ],
    refused: &[],
    parse: |fields| {
        Box::new(PowerLawGrf { beta: BETA.parse(fields), scalar: Scalar::parse(fields) })
    },
};

static BETA: LawParameter = LawParameter {
    name: "beta",
    range: 0.0..=8.0,
    default: Law::Uniform(1.0, 4.0),
    meaning: "exponent of the power spectrum: power ∝ κ^−beta; 0 is white noise",
};

const SITE_BETA: u32 = 16;

#[derive(Debug)]
struct PowerLawGrf {
    beta: Law,
    scalar: Scalar,
}

impl InitialCondition for PowerLawGrf {
    fn describe(&self, m: &mut dyn Manifest) {
        m.param(BETA.name, (&self.beta).into());
        self.scalar.describe(m);
    }

    fn draw(&self, request: &Request) -> Drawn {
        let beta = draw(&self.beta, request.stream, SITE_BETA);
        let spectrum = Spectrum::new(request.grid, |m2| libm::exp(-0.5 * beta * libm::log(m2)));
        self.scalar.draw(request, vec![(BETA.name, beta.into())], |count| {
            spectrum.fields(request.stream, SITE_FIELDS, count)
        })
    }
}
