//! `heavy_tailed`: extreme values on a smooth background, in one of three ways (`variant`).
//!
//! - `tukey_h`: Tukey's *h* transform of a unit Gaussian field g, `X = g exp(h g²/2) (1 − 2h)^¾` (Tukey
//!   1977; Goerg 2015). Unit variance; kurtosis `3 (1 − 2h)³ (1 − 4h)^−5/2`: 5.5 at h = 0.1, 36 at 0.2.
//! - `student_t`: a Gaussian copula, `X = F⁻¹(Φ(g)) √((ν − 2)/ν)` with F the distribution of Student's
//!   *t* with ν degrees of freedom. Unit variance; kurtosis `3 + 6/(ν − 4)` above ν = 4, infinite below.
//! - `alpha_stable`: a Gaussian moving average of symmetric α-stable noise, of unit scale: characteristic
//!   function `exp(−|t|^α)` at each pixel. Its tails fall as `|x|^−α` and it has no variance below
//!   α = 2, where it is Gaussian with variance 2: single bumps stand out. Its mean is not taken out.
//!
//! Sites: 16 length, 17 weight of the tails (h, ν, α), 1024 on the fields.

mod stable;
mod student;

use super::gaussian_random_field::LENGTH_SCALE;
use crate::ic::common::{Natural, SITE_FIELDS, Scalar, VARIANCE};
use crate::ic::parameter::{ChoiceParameter, LawParameter, Parameter, draw, without_effect};
use crate::ic::spectrum::{Spectrum, gaussian};
use crate::ic::{Channels, Cost, Drawn, Family, InitialCondition, Refused, Request, Tier};
use crate::key::Manifest;
use crate::node::{Fields, Law};
use stable::Stable;
use student::Copula;

/// The family.
pub const FAMILY: Family = Family {
    name: "heavy_tailed",
    version: 1,
    tier: Tier::Baseline,
    summary: "extreme values: Tukey h transform of a Gaussian field, Student t, or α-stable",
    formula: "g·exp(h g²/2)·(1−2h)^¾, g a Gaussian field",
    channels: Channels::Scalar("a field of kurtosis 3(1−2h)³(1−4h)^−5/2"),
    cost: Cost::Cheap,
    references: &[
        "Tukey 1977, Exploratory Data Analysis",
        "Goerg 2015, Scientific World Journal 2015:909231",
        "Chambers, Mallows and Stuck 1976, J. Am. Stat. Assoc. 71, 340",
        "Samorodnitsky and Taqqu 1994, Stable Non-Gaussian Random Processes",
    ],
    parameters: &[
        Parameter::Choice(&VARIANT),
        Parameter::Law(&H),
        Parameter::Law(&DEGREES_OF_FREEDOM),
        Parameter::Law(&STABILITY),
        Parameter::Law(&LENGTH),
        Scalar::PARAMETERS[0],
        Scalar::PARAMETERS[1],
        Scalar::PARAMETERS[2],
    ],
    refused: &[Refused {
        name: "alpha",
        why: "`alpha` never made tails: it was the exponent of a power spectrum",
        instead: "for heavy tails set `h` (0 to 0.24), or the index `stability` of `variant: \
                  alpha_stable`; for long-range correlation use the type `power_law_grf` with its \
                  `beta`",
    }],
    parse: |fields| Box::new(HeavyTailed::parse(fields)),
};

static VARIANT: ChoiceParameter = ChoiceParameter {
    name: "variant",
    allowed: &["tukey_h", "student_t", "alpha_stable"],
    default: "tukey_h",
    meaning: "where the tails come from: Tukey's transform, a Gaussian copula with Student's t, or a \
              moving average of α-stable noise",
};

static H: LawParameter = LawParameter {
    name: "h",
    // The kurtosis is infinite from ¼ on.
    range: 0.0..=0.24,
    default: Law::Uniform(0.05, 0.2),
    meaning: "weight of the tails: 0 is Gaussian; `variant: tukey_h` only",
};

static DEGREES_OF_FREEDOM: LawParameter = LawParameter {
    name: "degrees_of_freedom",
    // The variance is infinite up to 2.
    range: 2.05..=100.0,
    default: Law::LogUniform(2.5, 10.0),
    meaning: "ν of Student's t: fewer make heavier tails, many are Gaussian; `variant: student_t` only",
};

static STABILITY: LawParameter = LawParameter {
    name: "stability",
    range: 1.05..=2.0,
    default: Law::Uniform(1.3, 1.9),
    meaning: "index α of the stable law: less makes heavier tails, 2 is Gaussian; `variant: \
              alpha_stable` only",
};

static LENGTH: LawParameter = LawParameter {
    name: LENGTH_SCALE.name,
    range: 0.001..=1.0,
    default: Law::LogUniform(0.02, 0.1),
    meaning: "covariance length of the Gaussian field beneath, as a fraction of the side",
};

const SITE_LENGTH: u32 = 16;
const SITE_TAIL: u32 = 17;

#[derive(Debug)]
struct HeavyTailed {
    length_scale: Law,
    tails: Tails,
}

/// Where the tails come from, and the amplitude: a variance may be declared only where there is one.
#[derive(Debug)]
enum Tails {
    TukeyH { h: Law, scalar: Scalar },
    StudentT { degrees: Law, scalar: Scalar },
    AlphaStable { stability: Law, natural: Natural },
}

impl HeavyTailed {
    fn parse(fields: &Fields<'_>) -> Self {
        let variant = VARIANT.parse(fields);
        for (name, owner) in [
            (H.name, "tukey_h"),
            (DEGREES_OF_FREEDOM.name, "student_t"),
            (STABILITY.name, "alpha_stable"),
        ] {
            if owner != variant {
                let reason = format!("it belongs to `variant: {owner}`");
                without_effect(fields, &[name], &reason);
            }
        }
        let tails = match variant {
            "student_t" => Tails::StudentT {
                degrees: DEGREES_OF_FREEDOM.parse(fields),
                scalar: Scalar::parse(fields),
            },
            "alpha_stable" => {
                without_effect(fields, &[VARIANCE.name], "an α-stable field has no variance");
                Tails::AlphaStable {
                    stability: STABILITY.parse(fields),
                    natural: Natural::parse_unit(fields),
                }
            }
            _ => Tails::TukeyH { h: H.parse(fields), scalar: Scalar::parse(fields) },
        };
        Self { length_scale: LENGTH.parse(fields), tails }
    }
}

impl InitialCondition for HeavyTailed {
    fn describe(&self, m: &mut dyn Manifest) {
        m.param(LENGTH.name, (&self.length_scale).into());
        match &self.tails {
            // The default is not named: its keys are older than the choice.
            Tails::TukeyH { h, scalar } => {
                m.param(H.name, h.into());
                scalar.describe(m);
            }
            Tails::StudentT { degrees, scalar } => {
                m.param(VARIANT.name, "student_t".into());
                m.param(DEGREES_OF_FREEDOM.name, degrees.into());
                scalar.describe(m);
            }
            Tails::AlphaStable { stability, natural } => {
                m.param(VARIANT.name, "alpha_stable".into());
                m.param(STABILITY.name, stability.into());
                natural.describe(m);
            }
        }
    }

    fn draw(&self, request: &Request) -> Drawn {
        let length = draw(&self.length_scale, request.stream, SITE_LENGTH);
        let tail = |law: &Law| draw(law, request.stream, SITE_TAIL);
        let noted = |name, value: f64| vec![(LENGTH.name, length.into()), (name, value.into())];
        let gaussian = |count| {
            let spectrum = Spectrum::new(request.grid, gaussian(length));
            spectrum.fields(request.stream, SITE_FIELDS, count)
        };
        match &self.tails {
            Tails::TukeyH { h, scalar } => {
                let h = tail(h);
                scalar.draw(request, noted(H.name, h), |count| {
                    let unit = libm::pow(1.0 - 2.0 * h, 0.75);
                    let mut fields = gaussian(count);
                    for g in &mut fields {
                        *g *= unit * libm::exp(0.5 * h * *g * *g);
                    }
                    fields
                })
            }
            Tails::StudentT { degrees, scalar } => {
                let nu = tail(degrees);
                scalar.draw(request, noted(DEGREES_OF_FREEDOM.name, nu), |count| {
                    let (copula, unit) = (Copula::new(nu), ((nu - 2.0) / nu).sqrt());
                    let mut fields = gaussian(count);
                    for g in &mut fields {
                        *g = unit * copula.at(*g);
                    }
                    fields
                })
            }
            Tails::AlphaStable { stability, natural } => {
                let alpha = tail(stability);
                natural.draw(request, noted(STABILITY.name, alpha), |count| {
                    let average = Stable::new(alpha, length, request.grid);
                    average.fields(request.stream, SITE_FIELDS, count)
                })
            }
        }
    }
}
