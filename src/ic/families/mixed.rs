//! `mixed`: `√w · gaussian_random_field + √(1−w) · structured`, each part of unit variance in this
//! sample, so that w is the share of the first in the power.
//!
//! It takes the settings of both parts; each part draws from a stream of its own.
//!
//! Sites: 16 weight; streams `gaussian_random_field` and `structured` derived from the sample's.

use super::gaussian_random_field::{Covariance, KERNEL, LENGTH_SCALE, NU};
use super::structured::Structures;
use crate::ic::common::{NORMALIZE, Normalize, SITE_FIELDS, deviation, divide};
use crate::ic::parameter::{LawParameter, Parameter, bounds, draw};
use crate::ic::{Channels, Cost, Drawn, Family, InitialCondition, Request, Tier};
use crate::key::Manifest;
use crate::node::Law;
use crate::rng::Stream;

/// The family.
pub const FAMILY: Family = Family {
    name: "mixed",
    version: 1,
    tier: Tier::Baseline,
    summary: "weighted sum of a Gaussian field and structures",
    formula: "√w·g/sd(g) + √(1−w)·s/sd(s), g a gaussian_random_field, s structured",
    channels: Channels::Scalar("a weighted sum of both"),
    cost: Cost::Cheap,
    references: &[],
    parameters: &[
        Parameter::Law(&WEIGHT),
        Parameter::Choice(&KERNEL),
        Parameter::Law(&LENGTH_SCALE),
        Parameter::Law(&NU),
        Structures::PARAMETERS[0],
        Structures::PARAMETERS[1],
        Structures::PARAMETERS[2],
        Structures::PARAMETERS[3],
        Structures::PARAMETERS[4],
        Structures::PARAMETERS[5],
        Structures::PARAMETERS[6],
        Parameter::Choice(&NORMALIZE),
    ],
    refused: &[],
    parse: |fields| {
        Box::new(Mixed {
            weight: WEIGHT.parse(fields),
            covariance: Covariance::parse(fields),
            structures: Structures::parse(fields),
            normalize: Normalize::parse(fields),
        })
    },
};

static WEIGHT: LawParameter = LawParameter {
    name: "weight",
    range: 0.0..=1.0,
    default: Law::Uniform(0.0, 1.0),
    meaning: "share of the Gaussian field in the power; the rest is structures",
};

const SITE_WEIGHT: u32 = 16;

#[derive(Debug)]
struct Mixed {
    weight: Law,
    covariance: Covariance,
    structures: Structures,
    normalize: Normalize,
}

impl InitialCondition for Mixed {
    fn describe(&self, m: &mut dyn Manifest) {
        m.param(WEIGHT.name, (&self.weight).into());
        let (least, most) = bounds(&self.weight);
        if most > 0.0 {
            self.covariance.describe(m);
        }
        if least < 1.0 {
            self.structures.describe(m);
        }
        self.normalize.describe(m);
    }

    fn check(&self, grid: usize, channels: usize) -> Result<(), String> {
        if bounds(&self.weight).0 < 1.0 { self.structures.check(grid, channels) } else { Ok(()) }
    }

    fn draw(&self, request: &Request) -> Drawn {
        let (n, channels) = (request.grid, request.channels);
        let weight = draw(&self.weight, request.stream, SITE_WEIGHT);
        let mut settings = vec![(WEIGHT.name, weight.into())];
        let mut fields = vec![0.0; channels * n * n];
        let mut add = |mut part: Vec<f64>, share: f64| {
            let size = deviation(&part);
            divide(&mut part, size);
            let factor = share.sqrt();
            fields.iter_mut().zip(&part).for_each(|(value, p)| *value += factor * p);
        };
        if weight > 0.0 {
            let stream = part(request.stream, "gaussian_random_field");
            let spectrum = self.covariance.spectrum(stream, n, &mut settings);
            add(spectrum.fields(stream, SITE_FIELDS, channels), weight);
        }
        if weight < 1.0 {
            let stream = part(request.stream, "structured");
            add(self.structures.fields(stream, n, channels, &mut settings), 1.0 - weight);
        }
        self.normalize.finish(fields, settings)
    }
}

/// The stream of one part.
fn part(stream: Stream, name: &str) -> Stream {
    Stream::new(stream.key(), name, &[])
}
