//! `structured`: geometric probes: disks, stripes and bumps, each in one channel.
//!
//! Disk: centre uniform, amplitude N(0, 2²), logistic edge of one pixel. Stripe: plane wave with an
//! integer wave vector and a random phase, amplitude 1 or N(0, 1). Blob: `exp(−δ²/2σ²)`, amplitude
//! N(0, 3²). The first C structures go to C different channels, so that none is empty; the others go
//! anywhere. `mixed` borrows [`Structures`].
//!
//! Sites: 16 count, 17 order of the channels, 64 + j everything about structure j: type, channel, x,
//! y, size, angle, phase, amplitude.

mod kinds;

use std::f64::consts::TAU;

use kinds::{Kind, Kinds, STRUCTURE_TYPES, STRUCTURE_WEIGHTS};

use crate::ic::common::{NORMALIZE, Normalize};
use crate::ic::geometry::{
    add_plane_wave, add_product, add_radial, bump, check_bumps, check_waves, disk, wave_vector,
};
use crate::ic::parameter::{
    ChoiceParameter, CountParameter, LawParameter, Parameter, bounds, draw_count, without_effect,
};
use crate::ic::sampler::shuffled;
use crate::ic::{Channels, Cost, Drawn, Family, InitialCondition, Request, Tier};
use crate::key::{Manifest, Value};
use crate::node::{Fields, Law};
use crate::rng::Stream;

/// The family.
pub const FAMILY: Family = Family {
    name: "structured",
    version: 1,
    tier: Tier::Baseline,
    summary: "disks, stripes and bumps",
    formula: "Σ aⱼ Sⱼ(r), S a disk 1/(1+exp(δ−R)), a stripe sin(2πm·r/n+φ), or a bump exp(−δ²/2σ²)",
    channels: Channels::Scalar("some of the structures"),
    cost: Cost::Cheap,
    references: &[],
    parameters: &[
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
        Box::new(Structured {
            structures: Structures::parse(fields),
            normalize: Normalize::parse(fields),
        })
    },
};

static NUM_STRUCTURES: CountParameter = CountParameter {
    name: "num_structures",
    range: 1..=256,
    default: Law::Constant(5.0),
    meaning: "number of structures, at least one for each channel",
};

static RADIUS: LawParameter = LawParameter {
    name: "radius",
    range: 0.001..=0.5,
    default: Law::Uniform(0.02, 0.2),
    meaning: "radius of a circle, drawn for each, as a fraction of the side",
};

static WIDTH: LawParameter = LawParameter {
    name: "width",
    range: 0.001..=0.25,
    default: Law::Uniform(0.02, 0.15),
    meaning: "standard deviation of a blob, drawn for each, as a fraction of the side",
};

static FREQUENCY: LawParameter = LawParameter {
    name: "frequency",
    range: 1.0..=1e5,
    default: Law::Uniform(1.0, 6.0),
    meaning: "cycles per side of a stripe, drawn for each, rounded to an integer wave vector",
};

static STRIPE_AMPLITUDE: ChoiceParameter = ChoiceParameter {
    name: "stripe_amplitude",
    allowed: &["one", "normal"],
    default: "one",
    meaning: "amplitude of a stripe: 1, or drawn from N(0, 1)",
};

const SITE_COUNT: u32 = 16;
const SITE_ORDER: u32 = 17;
const SITE_STRUCTURES: u32 = 64;

/// The settings of the structures.
#[derive(Debug, Clone)]
pub struct Structures {
    count: Law,
    kinds: Kinds,
    radius: Law,
    width: Law,
    frequency: Law,
    normal_stripes: bool,
}

impl Structures {
    /// The settings it reads, for the list of a family.
    pub const PARAMETERS: [Parameter; 7] = [
        Parameter::Count(&NUM_STRUCTURES),
        Parameter::Other(&STRUCTURE_TYPES),
        Parameter::Other(&STRUCTURE_WEIGHTS),
        Parameter::Law(&RADIUS),
        Parameter::Law(&WIDTH),
        Parameter::Law(&FREQUENCY),
        Parameter::Choice(&STRIPE_AMPLITUDE),
    ];

    /// Reads them.
    pub fn parse(fields: &Fields<'_>) -> Self {
        let read = Self {
            kinds: Kinds::parse(fields),
            count: NUM_STRUCTURES.parse(fields),
            radius: RADIUS.parse(fields),
            width: WIDTH.parse(fields),
            frequency: FREQUENCY.parse(fields),
            normal_stripes: STRIPE_AMPLITUDE.parse(fields) == "normal",
        };
        for (kind, names) in [
            (Kind::Circle, &[RADIUS.name][..]),
            (Kind::Stripe, &[FREQUENCY.name, STRIPE_AMPLITUDE.name]),
            (Kind::Blob, &[WIDTH.name]),
        ] {
            if !read.kinds.has(kind) {
                let reason = format!("`structure_types` has no {}", kind.name());
                without_effect(fields, names, &reason);
            }
        }
        read
    }

    /// Describes them: of each type only what it uses.
    pub fn describe(&self, m: &mut dyn Manifest) {
        m.param(NUM_STRUCTURES.name, (&self.count).into());
        self.kinds.describe(m);
        if self.kinds.has(Kind::Circle) {
            m.param(RADIUS.name, (&self.radius).into());
        }
        if self.kinds.has(Kind::Stripe) {
            let amplitude = if self.normal_stripes { "normal" } else { "one" };
            m.param(FREQUENCY.name, (&self.frequency).into());
            m.param(STRIPE_AMPLITUDE.name, amplitude.into());
        }
        if self.kinds.has(Kind::Blob) {
            m.param(WIDTH.name, (&self.width).into());
        }
    }

    /// Refuses fewer structures than channels, and stripes or blobs too fine for the grid.
    pub fn check(&self, grid: usize, channels: usize) -> Result<(), String> {
        let least = bounds(&self.count).0;
        if least < channels as f64 {
            return Err(format!(
                "`num_structures` {least:?} leaves some of {channels} channels empty: give at least \
                 {channels}"
            ));
        }
        if self.kinds.has(Kind::Stripe) {
            check_waves(bounds(&self.frequency).1, grid)?;
        }
        if self.kinds.has(Kind::Blob) { check_bumps(bounds(&self.width).0, grid) } else { Ok(()) }
    }

    /// The fields `[C, n, n]`; notes what was drawn.
    pub fn fields(
        &self,
        stream: Stream,
        n: usize,
        channels: usize,
        settings: &mut Vec<(&'static str, Value)>,
    ) -> Vec<f64> {
        let count = draw_count(&self.count, stream, SITE_COUNT);
        let order = shuffled(channels, stream.site(SITE_ORDER));
        let mut fields = vec![0.0; channels * n * n];
        let mut noted = Vec::with_capacity(count);
        for j in 0..count {
            let mut draws = stream.site(SITE_STRUCTURES + j as u32);
            let kind = self.kinds.choose(draws.uniform());
            let anywhere = draws.below(channels as u64) as usize;
            let channel = order.get(j).copied().unwrap_or(anywhere);
            let (x, y) = (draws.uniform(), draws.uniform());
            let (size, angle, phase) =
                (draws.uniform(), TAU * draws.uniform(), TAU * draws.uniform());
            let normal = draws.normal();
            let side = n as f64;
            let field = &mut fields[channel * n * n..][..n * n];
            let mut note = vec![("type", kind.name().into()), ("channel", channel.into())];
            let amplitude = match kind {
                Kind::Circle => {
                    let (radius, amplitude) = (self.radius.at(size), 2.0 * normal);
                    let edge = disk(radius * side);
                    add_radial(field, n, (x * side, y * side), |d| amplitude * edge(d));
                    note.extend([("x", x.into()), ("y", y.into()), ("radius", radius.into())]);
                    amplitude
                }
                Kind::Stripe => {
                    let m = wave_vector(self.frequency.at(size), angle);
                    let amplitude = if self.normal_stripes { normal } else { 1.0 };
                    add_plane_wave(field, n, m, phase, amplitude);
                    note.extend([("mode", vec![m.0, m.1].into()), ("phase", phase.into())]);
                    amplitude
                }
                Kind::Blob => {
                    let (width, amplitude) = (self.width.at(size), 3.0 * normal);
                    let sigma = width * side;
                    let (across, down) = (bump(n, x * side, sigma), bump(n, y * side, sigma));
                    add_product(field, &across, &down, amplitude);
                    note.extend([("x", x.into()), ("y", y.into()), ("width", width.into())]);
                    amplitude
                }
            };
            note.push(("amplitude", amplitude.into()));
            noted.push(Value::Map(note));
        }
        settings.push((NUM_STRUCTURES.name, count.into()));
        settings.push(("structures", Value::List(noted)));
        fields
    }
}

#[derive(Debug)]
struct Structured {
    structures: Structures,
    normalize: Normalize,
}

impl InitialCondition for Structured {
    fn describe(&self, m: &mut dyn Manifest) {
        self.structures.describe(m);
        self.normalize.describe(m);
    }

    fn check(&self, grid: usize, channels: usize) -> Result<(), String> {
        self.structures.check(grid, channels)
    }

    fn draw(&self, request: &Request) -> Drawn {
        let mut settings = Vec::new();
        let fields =
            self.structures.fields(request.stream, request.grid, request.channels, &mut settings);
        self.normalize.finish(fields, settings)
    }
}
