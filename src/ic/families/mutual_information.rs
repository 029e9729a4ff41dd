//! `mutual_information`: Gaussian channels that share a given number of bits per pixel.
//!
//! `Xᶜ = √ρ z + √(1−ρ) eᶜ` with the latent field z and the eᶜ independent Gaussian fields of one
//! spectrum and unit variance: every channel has that spectrum, any two of them the correlation ρ at
//! a pixel, and therefore the mutual information `I = −½ log₂(1 − ρ²)` bits. I is given, and
//! `ρ = √(1 − 2^{−2I})`. Channels beyond `num_channels_correlated` are independent of all others.
//!
//! `local`: covariance length 0.02 of the side; `long_range`: 0.15; `hierarchical`: the mean of the
//! spectra of five lengths from 0.02 to 0.4. Source: Cover & Thomas (2006), *Elements of information
//! theory*, § 8.5.
//!
//! Sites: 16 pattern, 17 bits, 18 covariance length, 1024 on the fields: z, then eᶜ channel by
//! channel.

use crate::ic::common::{NORMALIZE_NATURAL, Normalize, SITE_FIELDS};
use crate::ic::parameter::{
    ChoiceParameter, LawParameter, OtherParameter, Parameter, draw, without_effect,
};
use crate::ic::spectrum::{Spectrum, gaussian};
use crate::ic::{Channels, Cost, Drawn, Family, InitialCondition, Refused, Request, Tier};
use crate::key::Manifest;
use crate::node::Law;

/// The family.
pub const FAMILY: Family = Family {
    name: "mutual_information",
    version: 1,
    tier: Tier::Tier4,
    summary: "Gaussian channels that share a given number of bits per pixel",
    formula: "√ρ z + √(1−ρ) eᶜ, ρ = √(1 − 2^−2I)",
    channels: Channels::Scalar("a common field and one of its own"),
    cost: Cost::Cheap,
    references: &["Cover & Thomas (2006), Elements of information theory, § 8.5"],
    parameters: &[
        Parameter::Choice(&CORRELATION_PATTERN),
        Parameter::Law(&MUTUAL_INFORMATION),
        Parameter::Law(&LATENT_LENGTH_SCALE),
        Parameter::Other(&NUM_CHANNELS_CORRELATED),
        Parameter::Choice(&NORMALIZE_NATURAL),
    ],
    refused: &[Refused {
        name: "local_noise_scale",
        why: "the shared bits say how much of a channel is its own",
        instead: "give `mutual_information` in bits per pixel",
    }],
    parse: |fields| {
        let pattern = CORRELATION_PATTERN.parse(fields);
        let length =
            if pattern == "long_range" { &LONG_RANGE } else { &LATENT_LENGTH_SCALE.default };
        let length = LATENT_LENGTH_SCALE.parse_or(fields, length);
        if matches!(pattern, "any" | "hierarchical") {
            let reason = "it belongs to `correlation_pattern: local` and `long_range`";
            without_effect(fields, &[LATENT_LENGTH_SCALE.name], reason);
        }
        Box::new(MutualInformation {
            pattern,
            bits: MUTUAL_INFORMATION.parse(fields),
            length,
            correlated: fields.optional_int(NUM_CHANNELS_CORRELATED.name, 2..=64),
            normalize: Normalize::parse_natural(fields),
        })
    },
};

static CORRELATION_PATTERN: ChoiceParameter = ChoiceParameter {
    name: "correlation_pattern",
    allowed: &["any", "local", "long_range", "hierarchical"],
    default: "any",
    meaning: "lengths of the fields; any: one of the three per sample",
};

static MUTUAL_INFORMATION: LawParameter = LawParameter {
    name: "mutual_information",
    range: 0.0..=10.0,
    default: Law::LogUniform(0.02, 2.0),
    meaning: "bits per pixel that two correlated channels share",
};

static LATENT_LENGTH_SCALE: LawParameter = LawParameter {
    name: "latent_length_scale",
    range: 0.001..=1.0,
    default: LOCAL,
    meaning: "covariance length of all fields, as a fraction of the side; 0.15 by default for \
              long_range",
};

const LOCAL: Law = Law::Constant(0.02);
static LONG_RANGE: Law = Law::Constant(0.15);

static NUM_CHANNELS_CORRELATED: OtherParameter = OtherParameter {
    name: "num_channels_correlated",
    allowed: "whole number, 2 to 64",
    default: "every channel",
    meaning: "how many of the first channels share the latent field",
};

const SITE_PATTERN: u32 = 16;
const SITE_BITS: u32 = 17;
const SITE_LENGTH: u32 = 18;

/// Covariance lengths of the hierarchy, as fractions of the side.
const HIERARCHY: [f64; 5] = [0.02, 0.05, 0.1, 0.2, 0.4];

#[derive(Debug)]
struct MutualInformation {
    pattern: &'static str,
    bits: Law,
    /// For `local` and `long_range`.
    length: Law,
    /// How many of the first channels; none: all.
    correlated: Option<i64>,
    normalize: Normalize,
}

impl InitialCondition for MutualInformation {
    fn describe(&self, m: &mut dyn Manifest) {
        m.param(CORRELATION_PATTERN.name, self.pattern.into());
        m.param(MUTUAL_INFORMATION.name, (&self.bits).into());
        if matches!(self.pattern, "local" | "long_range") {
            m.param(LATENT_LENGTH_SCALE.name, (&self.length).into());
        }
        if let Some(count) = self.correlated {
            m.param(NUM_CHANNELS_CORRELATED.name, count.into());
        }
        self.normalize.describe(m);
    }

    fn check(&self, _grid: usize, channels: usize) -> Result<(), String> {
        match self.correlated {
            Some(count) if count as usize > channels => Err(format!(
                "`num_channels_correlated` is {count}, and the experiment has {channels} channels: \
                 leave it out or lower it"
            )),
            _ => Ok(()),
        }
    }

    fn draw(&self, request: &Request) -> Drawn {
        let (n, stream) = (request.grid, request.stream);
        let pattern = match self.pattern {
            "any" => {
                let kinds = &CORRELATION_PATTERN.allowed[1..];
                kinds[stream.site(SITE_PATTERN).below(kinds.len() as u64) as usize]
            }
            name => name,
        };
        let mut settings = vec![(CORRELATION_PATTERN.name, pattern.into())];
        let spectrum = if pattern == "hierarchical" {
            Spectrum::mean(&HIERARCHY.map(|length| Spectrum::new(n, gaussian(length))))
        } else {
            let length = match (self.pattern, pattern) {
                ("any", "local") => &LOCAL,
                ("any", _) => &LONG_RANGE,
                _ => &self.length,
            };
            let length = draw(length, stream, SITE_LENGTH);
            settings.push((LATENT_LENGTH_SCALE.name, length.into()));
            Spectrum::new(n, gaussian(length))
        };
        let bits = draw(&self.bits, stream, SITE_BITS);
        let rho = (-libm::expm1(-2.0 * std::f64::consts::LN_2 * bits)).sqrt();
        settings.push((MUTUAL_INFORMATION.name, bits.into()));
        settings.push(("correlation", rho.into()));
        let mut drawn = spectrum.fields(stream, SITE_FIELDS, 1 + request.channels);
        let mut fields = drawn.split_off(n * n);
        let correlated = self.correlated.map_or(request.channels, |count| count as usize);
        let (shared, own) = (rho.sqrt(), (1.0 - rho).sqrt());
        for field in fields.chunks_exact_mut(n * n).take(correlated) {
            field.iter_mut().zip(&drawn).for_each(|(e, z)| *e = shared * z + own * *e);
        }
        self.normalize.finish(fields, settings)
    }
}
