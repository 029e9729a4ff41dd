//! `localized`: a few Gaussian bumps `exp(−δ²/2σ²)` on zero, to probe how local an operator is.
//!
//! Places and widths are common to the channels; the amplitudes, N(0, 2²), follow `channel_mode`.
//!
//! Sites: 16 count, 64 + j place and width of bump j, 512 + c amplitudes of field c.

use crate::ic::common::{CHANNEL_MODE, ChannelMode, NORMALIZE, Normalize};
use crate::ic::geometry::{add_product, bump, check_bumps};
use crate::ic::parameter::{
    CountParameter, LawParameter, OtherParameter, Parameter, REFERENCE_GRID, bounds, draw_count,
    without_effect,
};
use crate::ic::{Channels, Cost, Drawn, Family, InitialCondition, Request, Tier};
use crate::key::{Manifest, Value};
use crate::node::{Fields, Law};

/// The family.
pub const FAMILY: Family = Family {
    name: "localized",
    version: 1,
    tier: Tier::Baseline,
    summary: "a few Gaussian bumps at random places",
    formula: "Σ aⱼ exp(−δⱼ²/2σⱼ²), aⱼ ~ N(0, 2²)",
    channels: Channels::Scalar("the same places, other amplitudes"),
    cost: Cost::Cheap,
    references: &[],
    parameters: &[
        Parameter::Count(&NUM_BLOBS),
        Parameter::Law(&WIDTH),
        Parameter::Other(&MIN_WIDTH),
        Parameter::Other(&MAX_WIDTH),
        Parameter::Choice(&CHANNEL_MODE),
        Parameter::Choice(&NORMALIZE),
    ],
    refused: &[],
    parse: |fields| {
        Box::new(Localized {
            num_blobs: NUM_BLOBS.parse(fields),
            width: width(fields),
            channel_mode: ChannelMode::parse(fields),
            normalize: Normalize::parse(fields),
        })
    },
};

static NUM_BLOBS: CountParameter = CountParameter {
    name: "num_blobs",
    range: 1..=256,
    default: Law::Uniform(1.0, 8.0),
    meaning: "number of bumps",
};

static WIDTH: LawParameter = LawParameter {
    name: "width",
    range: 0.001..=0.25,
    default: Law::Uniform(0.04, 0.12),
    meaning: "standard deviation of a bump, drawn for each, as a fraction of the side",
};

static MIN_WIDTH: OtherParameter = OtherParameter {
    name: "min_width",
    allowed: "number, 0.128 to 32.0",
    default: "5.0 if max_width is given",
    meaning: "least width in pixels of a grid of 128, as in the Python reference; instead of `width`",
};

static MAX_WIDTH: OtherParameter = OtherParameter {
    name: "max_width",
    allowed: "number, 0.128 to 32.0",
    default: "15.0 if min_width is given",
    meaning: "greatest width in pixels of a grid of 128, as in the Python reference",
};

const SITE_COUNT: u32 = 16;
const SITE_PLACES: u32 = 64;
const SITE_AMPLITUDES: u32 = 512;
const AMPLITUDE: f64 = 2.0;

/// Reads `width`, or the two widths in pixels of the Python reference.
fn width(fields: &Fields<'_>) -> Law {
    let pixels = WIDTH.range.start() * REFERENCE_GRID..=WIDTH.range.end() * REFERENCE_GRID;
    let least = fields.optional_float(MIN_WIDTH.name, pixels.clone());
    let greatest = fields.optional_float(MAX_WIDTH.name, pixels);
    let law = WIDTH.parse(fields);
    if least.is_none() && greatest.is_none() {
        return law;
    }
    without_effect(fields, &[WIDTH.name], "`min_width` and `max_width` set the widths");
    let (least, greatest) = (least.unwrap_or(5.0), greatest.unwrap_or(15.0));
    if least > greatest {
        fields.fault(
            MIN_WIDTH.name,
            format!("`min_width` {least:?} is above `max_width` {greatest:?}"),
            Some("exchange the two".into()),
        );
        return law;
    }
    Law::Uniform(least / REFERENCE_GRID, greatest / REFERENCE_GRID)
}

#[derive(Debug)]
struct Localized {
    num_blobs: Law,
    width: Law,
    channel_mode: ChannelMode,
    normalize: Normalize,
}

impl InitialCondition for Localized {
    fn describe(&self, m: &mut dyn Manifest) {
        m.param(NUM_BLOBS.name, (&self.num_blobs).into());
        m.param(WIDTH.name, (&self.width).into());
        self.channel_mode.describe(m);
        self.normalize.describe(m);
    }

    fn check(&self, grid: usize, _channels: usize) -> Result<(), String> {
        check_bumps(bounds(&self.width).0, grid)
    }

    fn draw(&self, request: &Request) -> Drawn {
        let (n, side) = (request.grid, request.grid as f64);
        let count = draw_count(&self.num_blobs, request.stream, SITE_COUNT);
        let mut blobs = Vec::with_capacity(count);
        let mut noted = Vec::with_capacity(count);
        for j in 0..count {
            let mut draws = request.stream.site(SITE_PLACES + j as u32);
            let (x, y) = (draws.uniform(), draws.uniform());
            let width = self.width.at(draws.uniform());
            let sigma = width * side;
            blobs.push((bump(n, x * side, sigma), bump(n, y * side, sigma)));
            noted.push(Value::Map(vec![("x", x.into()), ("y", y.into()), ("width", width.into())]));
        }
        let fields = self.channel_mode.channels(request, |fields| {
            let mut out = vec![0.0; fields * n * n];
            for (c, field) in out.chunks_exact_mut(n * n).enumerate() {
                let mut draws = request.stream.site(SITE_AMPLITUDES + c as u32);
                for (across, down) in &blobs {
                    add_product(field, across, down, AMPLITUDE * draws.normal());
                }
            }
            out
        });
        let settings = vec![(NUM_BLOBS.name, count.into()), ("blobs", Value::List(noted))];
        self.normalize.finish(fields, settings)
    }
}
