//! `heavy_tailed`: extreme values on a smooth background: Tukey's *h* transform of a unit Gaussian
//! field g, `X = g exp(h g²/2) (1 − 2h)^¾` (Tukey 1977; Goerg 2015).
//!
//! Unit variance; kurtosis `3 (1 − 2h)³ (1 − 4h)^−5/2`: 5.5 at h = 0.1, 36 at 0.2.
//!
//! Sites: 16 length, 17 tail, 1024 on the fields.

use super::gaussian_random_field::LENGTH_SCALE;
use crate::ic::common::{SITE_FIELDS, Scalar};
use crate::ic::parameter::{LawParameter, Parameter, draw};
use crate::ic::spectrum::{Spectrum, gaussian};
use crate::ic::{Channels, Cost, Drawn, Family, InitialCondition, Refused, Request, Tier};
use crate::key::Manifest;
use crate::node::Law;

/// The family.
pub const FAMILY: Family = Family {
    name: "heavy_tailed",
    version: 1,
    tier: Tier::Baseline,
    summary: "Tukey h transform of a Gaussian field: extreme values",
    formula: "g·exp(h g²/2)·(1−2h)^¾, g a Gaussian field",
    channels: Channels::Scalar("a field of kurtosis 3(1−2h)³(1−4h)^−5/2"),
    cost: Cost::Cheap,
    references: &[
        "Tukey 1977, Exploratory Data Analysis",
        "Goerg 2015, Scientific World Journal 2015:909231",
    ],
    parameters: &[
        Parameter::Law(&H),
        Parameter::Law(&LENGTH),
        Scalar::PARAMETERS[0],
        Scalar::PARAMETERS[1],
        Scalar::PARAMETERS[2],
    ],
    refused: &[Refused {
        name: "alpha",
        why: "`alpha` never made tails: it was the exponent of a power spectrum",
        instead: "for heavy tails set `h` (0 to 0.24); for long-range correlation use the type \
                  `power_law_grf` with its `beta`",
    }],
    parse: |fields| {
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
