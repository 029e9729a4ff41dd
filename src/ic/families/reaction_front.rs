//! `reaction_front`: fronts of a reaction that invades what is around it.
//!
//! The field is the concentration u of the product, 1 where the reaction has been and 0 where it has
//! not, as a function of the signed distance d to the front, positive inside. `bistable`:
//! `½(1 + tanh(d/δ))`, the front of `∂u = ∇²u + u(1 − u)(u − a)` for any a. `kpp`:
//! `(1 + exp(−d/δ))⁻²`, the front of `∂u = ∇²u + u(1 − u)` at the speed 5/√6, δ = √6 (Ablowitz &
//! Zeppetella 1979): steep behind, with a long foot ahead.
//!
//! What has reacted is a set of bands or of disks, grown at one speed from lines or points that
//! ignited one after the other, or where a Gaussian field is high; in any case the part of the torus
//! called `fraction`. Every field has its own shape, width and places.
//!
//! Sites: 64 + c shape, direction, fraction, width, correlation length and places of field c, 512 + c
//! number of its fronts, 1024 + c its Gaussian field.

use std::f64::consts::TAU;

use crate::ic::common::{CHANNEL_MODE, ChannelMode, NORMALIZE_NATURAL, Normalize, SITE_FIELDS};
use crate::ic::interface::{Nucleus, bands, direction, disks, level_set, threshold};
use crate::ic::parameter::{
    ChoiceParameter, CountParameter, LawParameter, LengthParameter, Parameter, draw_count,
    without_effect,
};
use crate::ic::spectrum::{Spectrum, gaussian};
use crate::ic::{Channels, Cost, Drawn, Family, InitialCondition, Request, Tier};
use crate::key::{Manifest, Value};
use crate::node::Law;

/// The family.
pub const FAMILY: Family = Family {
    name: "reaction_front",
    version: 1,
    tier: Tier::Tier1,
    summary: "fronts of a reaction around bands, disks or irregular regions",
    formula: "½(1 + tanh(d/δ)) or (1 + exp(−d/δ))⁻², d the distance behind the front",
    channels: Channels::Scalar("concentration of the product"),
    cost: Cost::Cheap,
    references: &[
        "Fisher 1937, Ann. Eugen. 7, 355",
        "Ablowitz & Zeppetella 1979, Bull. Math. Biol. 41, 835",
    ],
    parameters: &[
        Parameter::Choice(&FRONT_SHAPE),
        Parameter::Choice(&PROFILE),
        Parameter::Length(&FRONT_WIDTH),
        Parameter::Count(&NUM_FRONTS),
        Parameter::Law(&FRACTION),
        Parameter::Law(&LENGTH_SCALE),
        Parameter::Choice(&CHANNEL_MODE),
        Parameter::Choice(&NORMALIZE_NATURAL),
    ],
    refused: &[],
    parse: |fields| {
        let shape = FRONT_SHAPE.parse(fields);
        if shape == "irregular" {
            let reason = "the regions of `irregular` are as many as come";
            without_effect(fields, &[NUM_FRONTS.name], reason);
        } else if shape != "random" {
            let reason = "it belongs to `front_shape: irregular`";
            without_effect(fields, &[LENGTH_SCALE.name], reason);
        }
        Box::new(ReactionFront {
            shape,
            kpp: PROFILE.parse(fields) == "kpp",
            width: FRONT_WIDTH.parse(fields),
            num_fronts: NUM_FRONTS.parse(fields),
            fraction: FRACTION.parse(fields),
            length_scale: LENGTH_SCALE.parse(fields),
            channel_mode: ChannelMode::parse(fields),
            normalize: Normalize::parse_natural(fields),
        })
    },
};

static FRONT_SHAPE: ChoiceParameter = ChoiceParameter {
    name: "front_shape",
    allowed: &["planar", "circular", "irregular", "random"],
    default: "random",
    meaning: "bands, disks, regions where a Gaussian field is high, or any of the three for each field",
};

static PROFILE: ChoiceParameter = ChoiceParameter {
    name: "profile",
    allowed: &["bistable", "kpp"],
    default: "bistable",
    meaning: "the front between two stable states, or into an unstable one",
};

static FRONT_WIDTH: LengthParameter = LengthParameter {
    name: "front_width",
    range: 0.001..=0.2,
    default: Law::Uniform(0.015, 0.04),
    meaning: "δ",
};

static NUM_FRONTS: CountParameter = CountParameter {
    name: "num_fronts",
    range: 1..=64,
    default: Law::Uniform(1.0, 2.0),
    meaning: "number of bands or disks, which may have grown together; not for irregular",
};

static FRACTION: LawParameter = LawParameter {
    name: "fraction",
    range: 0.1..=0.9,
    default: Law::Uniform(0.2, 0.8),
    meaning: "part of the area behind the front",
};

static LENGTH_SCALE: LawParameter = LawParameter {
    name: "length_scale",
    range: 0.02..=0.5,
    default: Law::Constant(0.12),
    meaning: "covariance length of the Gaussian field, as a fraction of the side; for irregular",
};

const SITE_FIELD: u32 = 64;
const SITE_COUNT: u32 = 512;
/// By how much later than another a front may have started, as a radius in sides.
const DELAY: f64 = 0.15;

#[derive(Debug)]
struct ReactionFront {
    shape: &'static str,
    kpp: bool,
    width: Law,
    num_fronts: Law,
    fraction: Law,
    length_scale: Law,
    channel_mode: ChannelMode,
    normalize: Normalize,
}

impl ReactionFront {
    /// Field number c, `[n, n]`, and what was drawn for it.
    fn field(&self, request: &Request, c: u32) -> (Vec<f64>, Value) {
        let (n, stream) = (request.grid, request.stream);
        let mut draws = stream.site(SITE_FIELD + c);
        // The same draws in the same order, whatever the shape.
        let (u_shape, u_angle) = (draws.uniform(), draws.uniform());
        let fraction = self.fraction.at(draws.uniform());
        let width = self.width.at(draws.uniform());
        let u_length = draws.uniform();
        let count = draw_count(&self.num_fronts, stream, SITE_COUNT + c);
        let nuclei: Vec<Nucleus> = (0..count)
            .map(|_| Nucleus {
                x: draws.uniform(),
                y: draws.uniform(),
                delay: draws.range(0.0, DELAY),
            })
            .collect();
        let shape = match self.shape {
            "random" => ["planar", "circular", "irregular"][(3.0 * u_shape) as usize],
            shape => shape,
        };
        let mut noted = vec![
            (FRONT_SHAPE.name, shape.into()),
            (FRACTION.name, fraction.into()),
            (FRONT_WIDTH.name, width.into()),
        ];
        if shape != "irregular" {
            noted.push((NUM_FRONTS.name, count.into()));
        }
        let distance = match shape {
            "planar" => {
                let m = direction(TAU * u_angle, 5);
                noted.push(("direction", vec![m.0, m.1].into()));
                bands(n, m, &nuclei, fraction)
            }
            "circular" => disks(n, &nuclei, fraction),
            _ => {
                let length = self.length_scale.at(u_length);
                noted.push((LENGTH_SCALE.name, length.into()));
                let g = Spectrum::new(n, gaussian(length)).fields(stream, SITE_FIELDS + c, 1);
                level_set(n, &g, threshold(&g, fraction))
            }
        };
        let field = distance.into_iter().map(|d| profile(d / width, self.kpp)).collect();
        (field, Value::Map(noted))
    }
}

/// The concentration at a distance in units of δ.
fn profile(d: f64, kpp: bool) -> f64 {
    if kpp {
        let logistic = 1.0 / (1.0 + libm::exp(-d));
        logistic * logistic
    } else {
        // ½(1 + tanh d)
        1.0 / (1.0 + libm::exp(-2.0 * d))
    }
}

impl InitialCondition for ReactionFront {
    fn describe(&self, m: &mut dyn Manifest) {
        m.param(FRONT_SHAPE.name, self.shape.into());
        m.param(PROFILE.name, (if self.kpp { "kpp" } else { "bistable" }).into());
        m.param(FRONT_WIDTH.name, (&self.width).into());
        m.param(FRACTION.name, (&self.fraction).into());
        if self.shape != "irregular" {
            m.param(NUM_FRONTS.name, (&self.num_fronts).into());
        }
        if self.shape == "irregular" || self.shape == "random" {
            m.param(LENGTH_SCALE.name, (&self.length_scale).into());
        }
        self.channel_mode.describe(m);
        self.normalize.describe(m);
    }

    fn draw(&self, request: &Request) -> Drawn {
        let mut noted = Vec::new();
        let fields = self.channel_mode.channels(request, |count| {
            let mut fields = Vec::with_capacity(count * request.grid * request.grid);
            for c in 0..count as u32 {
                let (field, drawn) = self.field(request, c);
                fields.extend(field);
                noted.push(drawn);
            }
            fields
        });
        self.normalize.finish(fields, vec![("fronts", Value::List(noted))])
    }
}
