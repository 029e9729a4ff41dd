//! `composite`: an ordered background common to the channels, plus noise in each: symmetry breaking.
//!
//! Backgrounds: `waves`, one plane wave; `grid`, a product of two waves along the axes; `radial`,
//! rings `sin(2πqδ/n + φ)` about a random centre with a cos² taper to 0 at δ = n/2. Wave vectors are
//! integer. The noise is a Gaussian field whose standard deviation is `noise_level` times that of the
//! background.
//!
//! Sites: 16 background (frequency, angle, two phases, centre), 17 noise level, 18 noise length,
//! 1024 on the noise.

use std::f64::consts::{PI, TAU};

use crate::ic::common::{NORMALIZE, Normalize, SITE_FIELDS, deviation};
use crate::ic::geometry::{
    add_plane_wave, add_product, add_radial, check_waves, wave, wave_vector,
};
use crate::ic::parameter::{ChoiceParameter, LawParameter, Parameter, bounds, draw};
use crate::ic::spectrum::{Spectrum, gaussian};
use crate::ic::{Channels, Cost, Drawn, Family, InitialCondition, Request, Tier};
use crate::key::{Manifest, Value};
use crate::node::Law;
use crate::rng::Draws;

/// The family.
pub const FAMILY: Family = Family {
    name: "composite",
    version: 1,
    tier: Tier::Baseline,
    summary: "ordered background (waves, grid, rings) plus Gaussian noise",
    formula: "b(r) + a·sd(b)·g(r), b a wave, a product of waves, or rings",
    channels: Channels::Scalar("one background, independent noise"),
    cost: Cost::Cheap,
    references: &[],
    parameters: &[
        Parameter::Choice(&PATTERN),
        Parameter::Law(&FREQUENCY),
        Parameter::Law(&NOISE_LEVEL),
        Parameter::Law(&GRF_LENGTH_SCALE),
        Parameter::Choice(&NORMALIZE),
    ],
    refused: &[],
    parse: |fields| {
        let pattern = PATTERN.parse(fields);
        let frequency = if pattern == "grid" { &GRID_FREQUENCY } else { &FREQUENCY.default };
        Box::new(Composite {
            pattern,
            frequency: FREQUENCY.parse_or(fields, frequency),
            noise_level: NOISE_LEVEL.parse(fields),
            grf_length_scale: GRF_LENGTH_SCALE.parse(fields),
            normalize: Normalize::parse(fields),
        })
    },
};

static PATTERN: ChoiceParameter = ChoiceParameter {
    name: "pattern",
    allowed: &["waves", "grid", "radial"],
    default: "waves",
    meaning: "the background",
};

static FREQUENCY: LawParameter = LawParameter {
    name: "frequency",
    range: 1.0..=1e5,
    default: Law::Uniform(2.0, 6.0),
    meaning: "cycles per side of the background, rounded to an integer wave vector except for \
              radial; 3 to 6 by default for grid",
};

static GRID_FREQUENCY: Law = Law::Uniform(3.0, 6.0);

static NOISE_LEVEL: LawParameter = LawParameter {
    name: "noise_level",
    range: 0.0..=100.0,
    default: Law::LogUniform(0.01, 0.5),
    meaning: "standard deviation of the noise relative to that of the background",
};

static GRF_LENGTH_SCALE: LawParameter = LawParameter {
    name: "grf_length_scale",
    range: 0.001..=1.0,
    default: Law::Constant(0.03),
    meaning: "covariance length of the noise, as a fraction of the side",
};

const SITE_BACKGROUND: u32 = 16;
const SITE_NOISE_LEVEL: u32 = 17;
const SITE_NOISE_LENGTH: u32 = 18;

#[derive(Debug)]
struct Composite {
    pattern: &'static str,
    frequency: Law,
    noise_level: Law,
    grf_length_scale: Law,
    normalize: Normalize,
}

/// What is drawn for the background, in this order, whatever the pattern.
struct Background {
    frequency: f64,
    angle: f64,
    phases: (f64, f64),
    center: (f64, f64),
}

impl Background {
    fn draw(frequency: &Law, mut draws: Draws) -> Self {
        Self {
            frequency: frequency.at(draws.uniform()),
            angle: TAU * draws.uniform(),
            phases: (TAU * draws.uniform(), TAU * draws.uniform()),
            center: (draws.uniform(), draws.uniform()),
        }
    }

    /// The field `[n, n]`; notes what was drawn for it.
    fn field(
        &self,
        pattern: &str,
        n: usize,
        settings: &mut Vec<(&'static str, Value)>,
    ) -> Vec<f64> {
        let mut field = vec![0.0; n * n];
        match pattern {
            "grid" => {
                let m = libm::round(self.frequency) as i64;
                let (across, down) = (wave(n, m, self.phases.0).0, wave(n, m, self.phases.1).0);
                add_product(&mut field, &across, &down, 1.0);
                settings.push(("mode", vec![m, m].into()));
                settings.push(("phase", vec![self.phases.0, self.phases.1].into()));
            }
            "radial" => {
                let side = n as f64;
                let center = (self.center.0 * side, self.center.1 * side);
                add_radial(&mut field, n, center, |distance| {
                    let part = distance / side;
                    if part >= 0.5 {
                        return 0.0;
                    }
                    let taper = libm::cos(PI * part);
                    taper * taper * libm::sin(TAU * self.frequency * part + self.phases.0)
                });
                settings.push((FREQUENCY.name, self.frequency.into()));
                settings.push(("phase", self.phases.0.into()));
                settings.push(("center", vec![self.center.0, self.center.1].into()));
            }
            _ => {
                let m = wave_vector(self.frequency, self.angle);
                add_plane_wave(&mut field, n, m, self.phases.0, 1.0);
                settings.push(("mode", vec![m.0, m.1].into()));
                settings.push(("phase", self.phases.0.into()));
            }
        }
        field
    }
}

impl InitialCondition for Composite {
    fn describe(&self, m: &mut dyn Manifest) {
        m.param(PATTERN.name, self.pattern.into());
        m.param(FREQUENCY.name, (&self.frequency).into());
        m.param(NOISE_LEVEL.name, (&self.noise_level).into());
        if bounds(&self.noise_level).1 > 0.0 {
            m.param(GRF_LENGTH_SCALE.name, (&self.grf_length_scale).into());
        }
        self.normalize.describe(m);
    }

    fn check(&self, grid: usize, _channels: usize) -> Result<(), String> {
        check_waves(bounds(&self.frequency).1, grid)
    }

    fn draw(&self, request: &Request) -> Drawn {
        let (n, stream) = (request.grid, request.stream);
        let mut settings = Vec::new();
        let background = Background::draw(&self.frequency, stream.site(SITE_BACKGROUND));
        let base = background.field(self.pattern, n, &mut settings);
        let level = draw(&self.noise_level, stream, SITE_NOISE_LEVEL);
        settings.push((NOISE_LEVEL.name, level.into()));
        let mut fields = base.repeat(request.channels);
        if level > 0.0 {
            let length = draw(&self.grf_length_scale, stream, SITE_NOISE_LENGTH);
            settings.push((GRF_LENGTH_SCALE.name, length.into()));
            let amplitude = level * deviation(&base);
            let noise =
                Spectrum::new(n, gaussian(length)).fields(stream, SITE_FIELDS, request.channels);
            fields.iter_mut().zip(&noise).for_each(|(value, g)| *value += amplitude * g);
        }
        self.normalize.finish(fields, settings)
    }
}
