//! `multiscale_grf`: Gaussian fields of several lengths, each with an equal share of the variance.
//!
//! The sum of independent Gaussian fields is the Gaussian field of the summed spectra, so one field
//! is drawn. It is low-pass at every length; to isolate a band there is `band_limited`.
//!
//! Sites: 1024 on the fields.

use super::gaussian_random_field::LENGTH_SCALE;
use crate::ic::common::{SITE_FIELDS, Scalar};
use crate::ic::parameter::{OtherParameter, Parameter};
use crate::ic::spectrum::{Spectrum, gaussian};
use crate::ic::{Channels, Cost, Drawn, Family, InitialCondition, Request, Tier};
use crate::key::Manifest;

/// The family.
pub const FAMILY: Family = Family {
    name: "multiscale_grf",
    version: 1,
    tier: Tier::Baseline,
    summary: "sum of Gaussian fields over several covariance lengths",
    formula: "k^−½ Σ gᵢ, gᵢ with covariance exp(−r²/2ℓᵢ²)",
    channels: Channels::Scalar("a sum of Gaussian fields"),
    cost: Cost::Cheap,
    references: &[],
    parameters: &[
        Parameter::Other(&SCALES),
        Scalar::PARAMETERS[0],
        Scalar::PARAMETERS[1],
        Scalar::PARAMETERS[2],
    ],
    refused: &[],
    parse: |fields| {
        let scales = fields.numbers(SCALES.name, LENGTH_SCALE.range.clone());
        Box::new(MultiscaleGrf {
            scales: scales.unwrap_or_else(|| DEFAULT_SCALES.to_vec()),
            scalar: Scalar::parse(fields),
        })
    },
};

const DEFAULT_SCALES: [f64; 5] = [0.02, 0.05, 0.1, 0.2, 0.4];

static SCALES: OtherParameter = OtherParameter {
    name: "scales",
    allowed: "list of numbers, 0.001 to 1.0, at least one",
    default: "[0.02, 0.05, 0.1, 0.2, 0.4]",
    meaning: "covariance lengths, as fractions of the side",
};

#[derive(Debug)]
struct MultiscaleGrf {
    scales: Vec<f64>,
    scalar: Scalar,
}

impl InitialCondition for MultiscaleGrf {
    fn describe(&self, m: &mut dyn Manifest) {
        m.param(SCALES.name, self.scales.clone().into());
        self.scalar.describe(m);
    }

    fn draw(&self, request: &Request) -> Drawn {
        let parts: Vec<Spectrum> =
            self.scales.iter().map(|l| Spectrum::new(request.grid, gaussian(*l))).collect();
        let spectrum = Spectrum::mean(&parts);
        self.scalar
            .draw(request, Vec::new(), |count| spectrum.fields(request.stream, SITE_FIELDS, count))
    }
}
