//! `heavy_tailed`: extreme values on a smooth background: Tukey's *h* transform of a unit Gaussian
//! field g, `X = g exp(h g²/2) (1 − 2h)^¾` (Tukey 1977; Goerg 2015).
//!
//! Unit variance; kurtosis `3 (1 − 2h)³ (1 − 4h)^−5/2`: 5.5 at h = 0.1, 36 at 0.2.
//!
//! Sites: 16 length, 17 tail, 1024 on the fields.

use super::common::{SITE_FIELDS, Scalar};
use super::gaussian_random_field::LENGTH_SCALE;
use super::parameter::{LawParameter, OtherParameter, Parameter, draw};
use super::spectrum::{Spectrum, gaussian};
use super::{Drawn, Family, InitialCondition, Request};
use crate::key::Manifest;
use crate::node::Law;

/// The family.
pub const FAMILY: Family = Family {
    name: "heavy_tailed",
    version: 1,
    summary: "Tukey h transform of a Gaussian field: extreme values",
    parameters: &[
        Parameter::Law(&H),
        Parameter::Law(&LENGTH),
        Parameter::Other(&ALPHA),
        Scalar::PARAMETERS[0],
        Scalar::PARAMETERS[1],
        Scalar::PARAMETERS[2],
    ],
    parse: |fields| {
        if fields.get(ALPHA.name).is_some() {
            fields.fault(
                ALPHA.name,
                "`alpha` never made tails: it was the exponent of a power spectrum",
                Some(
                    "for heavy tails set `h` (0 to 0.24); for long-range correlation use the type \
                     `power_law_grf` with its `beta`"
                        .into(),
                ),
            );
        }
        Box::new(HeavyTailed {
            length_scale: LENGTH.parse(fields),
            h: H.parse(fields),
            scalar: Scalar::parse(fields),
        })
    },
};

static H: LawParameter = LawParameter {
    name: "h",
    // The kurtosis is infinite from ¼ on.
    range: 0.0..=0.24,
    default: Law::Uniform(0.05, 0.2),
    meaning: "weight of the tails: 0 is Gaussian",
};

static LENGTH: LawParameter = LawParameter {
    name: LENGTH_SCALE.name,
    range: 0.001..=1.0,
    default: Law::LogUniform(0.02, 0.1),
    meaning: "covariance length of the Gaussian field beneath, as a fraction of the side",
};

static ALPHA: OtherParameter = OtherParameter {
    name: "alpha",
    allowed: "nothing: refused",
    default: "-",
    meaning: "in the Python reference the exponent of a power spectrum; use `h`, or the type \
              `power_law_grf`",
};

const SITE_LENGTH: u32 = 16;
const SITE_H: u32 = 17;

#[derive(Debug)]
struct HeavyTailed {
    length_scale: Law,
    h: Law,
    scalar: Scalar,
}

impl InitialCondition for HeavyTailed {
    fn describe(&self, m: &mut dyn Manifest) {
        m.param(LENGTH.name, (&self.length_scale).into());
        m.param(H.name, (&self.h).into());
        self.scalar.describe(m);
    }

    fn draw(&self, request: &Request) -> Drawn {
        let length = draw(&self.length_scale, request.stream, SITE_LENGTH);
        let h = draw(&self.h, request.stream, SITE_H);
        let settings = vec![(LENGTH.name, length.into()), (H.name, h.into())];
        let spectrum = Spectrum::new(request.grid, gaussian(length));
        self.scalar.draw(request, settings, |count| {
            let mut fields = spectrum.fields(request.stream, SITE_FIELDS, count);
            let unit = libm::pow(1.0 - 2.0 * h, 0.75);
            for g in &mut fields {
                *g *= unit * libm::exp(0.5 * h * *g * *g);
            }
            fields
        })
    }
}
