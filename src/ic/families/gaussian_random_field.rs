//! `gaussian_random_field`: a stationary Gaussian process, the neutral probe.
//!
//! Spectral (circulant) synthesis, exact on the torus, zero mean. The squared-exponential kernel has
//! covariance `v exp(−r²/2ℓ²)`; the Matérn kernel has power `(2ν/ℓ² + κ²)^−(ν+1)`. The only place
//! that knows these settings; `mixed` borrows them.
//!
//! Sites: 16 length, 17 smoothness, 1024 on the fields.

use crate::ic::common::{SITE_FIELDS, Scalar};
use crate::ic::parameter::{ChoiceParameter, LawParameter, Parameter, draw, without_effect};
use crate::ic::spectrum::{Spectrum, gaussian, matern};
use crate::ic::{Channels, Cost, Drawn, Family, InitialCondition, Request, Tier};
use crate::key::{Manifest, Value};
use crate::node::{Fields, Law};
use crate::rng::Stream;

/// The family.
pub const FAMILY: Family = Family {
    name: "gaussian_random_field",
    version: 1,
    tier: Tier::Baseline,
    summary: "stationary Gaussian field with a Gaussian or Matérn covariance",
    formula: "Σ A(m) W(m) exp(2πi m·r/n), covariance exp(−r²/2ℓ²) or Matérn of order ν",
    channels: Channels::Scalar("a stationary Gaussian field of zero mean"),
    cost: Cost::Cheap,
    references: &[
        "Rasmussen and Williams 2006, Gaussian Processes for Machine Learning, §4.2",
        "Dietrich and Newsam 1997, SIAM J. Sci. Comput. 18:1088 (synthesis on the torus)",
    ],
    parameters: &[
        Parameter::Choice(&KERNEL),
        Parameter::Law(&LENGTH_SCALE),
        Parameter::Law(&NU),
        Scalar::PARAMETERS[0],
        Scalar::PARAMETERS[1],
        Scalar::PARAMETERS[2],
    ],
    refused: &[],
    parse: |fields| {
        Box::new(GaussianRandomField {
            covariance: Covariance::parse(fields),
            scalar: Scalar::parse(fields),
        })
    },
};

/// Shape of the covariance.
pub static KERNEL: ChoiceParameter = ChoiceParameter {
    name: "kernel",
    allowed: &["gaussian", "matern"],
    default: "gaussian",
    meaning: "shape of the covariance",
};

/// Covariance length.
pub static LENGTH_SCALE: LawParameter = LawParameter {
    name: "length_scale",
    range: 0.001..=1.0,
    default: Law::LogUniform(0.02, 0.2),
    meaning: "covariance length, as a fraction of the side",
};

/// Smoothness of the Matérn kernel.
pub static NU: LawParameter = LawParameter {
    name: "nu",
    range: 0.1..=10.0,
    default: Law::Constant(1.5),
    meaning: "smoothness of the matern kernel; usual: 0.5, 1.5, 2.5",
};

const SITE_LENGTH: u32 = 16;
const SITE_NU: u32 = 17;

/// A covariance whose length, and smoothness if any, is drawn once per sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Covariance {
    length_scale: Law,
    /// The smoothness of the Matérn kernel; none: the squared exponential.
    nu: Option<Law>,
}

impl Covariance {
    /// Reads `kernel`, `length_scale` and `nu`.
    pub fn parse(fields: &Fields<'_>) -> Self {
        let nu = if KERNEL.parse(fields) == "matern" {
            Some(NU.parse(fields))
        } else {
            without_effect(fields, &[NU.name], "it belongs to `kernel: matern`");
            None
        };
        Self { length_scale: LENGTH_SCALE.parse(fields), nu }
    }

    /// Describes them.
    pub fn describe(&self, m: &mut dyn Manifest) {
        m.param(KERNEL.name, if self.nu.is_some() { "matern" } else { "gaussian" }.into());
        m.param(LENGTH_SCALE.name, (&self.length_scale).into());
        if let Some(nu) = &self.nu {
            m.param(NU.name, nu.into());
        }
    }

    /// The spectrum of this sample, unit variance; notes what was drawn.
    pub fn spectrum(
        &self,
        stream: Stream,
        grid: usize,
        settings: &mut Vec<(&'static str, Value)>,
    ) -> Spectrum {
        let length = draw(&self.length_scale, stream, SITE_LENGTH);
        settings.push((LENGTH_SCALE.name, length.into()));
        match &self.nu {
            None => Spectrum::new(grid, gaussian(length)),
            Some(nu) => {
                let nu = draw(nu, stream, SITE_NU);
                settings.push((NU.name, nu.into()));
                Spectrum::new(grid, matern(length, nu))
            }
        }
    }
}

#[derive(Debug)]
struct GaussianRandomField {
    covariance: Covariance,
    scalar: Scalar,
}

impl InitialCondition for GaussianRandomField {
    fn describe(&self, m: &mut dyn Manifest) {
        self.covariance.describe(m);
        self.scalar.describe(m);
    }

    fn draw(&self, request: &Request) -> Drawn {
        let mut settings = Vec::new();
        let spectrum = self.covariance.spectrum(request.stream, request.grid, &mut settings);
        self.scalar
            .draw(request, settings, |count| spectrum.fields(request.stream, SITE_FIELDS, count))
    }
}
