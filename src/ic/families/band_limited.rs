//! `band_limited`: Gaussian field with power in one band of wave numbers and exactly none outside.
//!
//! The amplitude is 1 for `|m|` from m₁ to m₂ cycles per side, with a cosine taper over 0.9 m₁…m₁ and
//! m₂…1.1 m₂. Named bands: low 1–4, mid 7–12, high 16–n/3; their tapers do not touch for n ≥ 64.
//!
//! Sites: 16 band, 17 and 18 its ends, 1024 on the fields.

use crate::ic::common::{SITE_FIELDS, Scalar};
use crate::ic::parameter::{
    ChoiceParameter, LawParameter, Parameter, bounds, draw, without_effect,
};
use crate::ic::spectrum::Spectrum;
use crate::ic::{Channels, Cost, Drawn, Family, InitialCondition, Request, Tier};
use crate::key::Manifest;
use crate::node::{Fields, Law};

/// The family.
pub const FAMILY: Family = Family {
    name: "band_limited",
    version: 1,
    tier: Tier::Baseline,
    summary: "Gaussian field confined to a band of wave numbers",
    formula: "Σ W(m) exp(2πi m·r/n) over m₁ ≤ |m| ≤ m₂, cosine taper outside",
    channels: Channels::Scalar("a Gaussian field of one octave or so"),
    cost: Cost::Cheap,
    references: &[],
    parameters: &[
        Parameter::Choice(&BAND),
        Parameter::Law(&MIN_CYCLES),
        Parameter::Law(&MAX_CYCLES),
        Scalar::PARAMETERS[0],
        Scalar::PARAMETERS[1],
        Scalar::PARAMETERS[2],
    ],
    refused: &[],
    parse: |fields| {
        Box::new(BandLimited { band: Band::parse(fields), scalar: Scalar::parse(fields) })
    },
};

const NAMES: [&str; 3] = ["low", "mid", "high"];

static BAND: ChoiceParameter = ChoiceParameter {
    name: "band",
    allowed: &["any", "low", "mid", "high"],
    default: "any",
    meaning: "cycles per side: low 1 to 4, mid 7 to 12, high 16 to a third of the grid; any: one of \
              the three per sample",
};

static MIN_CYCLES: LawParameter = LawParameter {
    name: "min_cycles",
    range: 1.0..=1e5,
    default: Law::Constant(7.0),
    meaning: "lower end of a band of your own, in cycles per side; with `max_cycles`, instead of \
              `band`",
};

static MAX_CYCLES: LawParameter = LawParameter {
    name: "max_cycles",
    range: 2.0..=1e5,
    default: Law::Constant(12.0),
    meaning: "upper end of a band of your own, at least one cycle above the lower",
};

const SITE_BAND: u32 = 16;
const SITE_MIN: u32 = 17;
const SITE_MAX: u32 = 18;

/// Width of the taper relative to the end of the band.
const TAPER: f64 = 0.1;

#[derive(Debug)]
struct BandLimited {
    band: Band,
    scalar: Scalar,
}

#[derive(Debug)]
enum Band {
    /// One of the three, drawn.
    Any,
    /// One of the three, by its place in [`NAMES`].
    Named(usize),
    /// Between two ends.
    Own(Law, Law),
}

impl Band {
    fn parse(fields: &Fields<'_>) -> Self {
        let named = match BAND.parse(fields) {
            "any" => Band::Any,
            name => Band::Named(NAMES.iter().position(|n| *n == name).unwrap_or(0)),
        };
        match (MIN_CYCLES.optional(fields), MAX_CYCLES.optional(fields)) {
            (None, None) => named,
            (Some(low), Some(high)) => {
                without_effect(fields, &[BAND.name], "`min_cycles` and `max_cycles` set the band");
                if bounds(&low).1 + 1.0 > bounds(&high).0 {
                    fields.fault(
                        MAX_CYCLES.name,
                        "`max_cycles` must be at least one cycle above `min_cycles`",
                        Some("a narrower band may hold no wave vector at all".into()),
                    );
                }
                Band::Own(low, high)
            }
            (low, _) => {
                let missing = if low.is_some() { MAX_CYCLES.name } else { MIN_CYCLES.name };
                fields.fault(
                    missing,
                    format!("`{missing}` is missing: a band has two ends"),
                    Some("give both ends, or `band: low | mid | high`".into()),
                );
                named
            }
        }
    }
}

/// The ends of a named band on a grid.
fn ends(name: usize, grid: usize) -> (f64, f64) {
    [(1.0, 4.0), (7.0, 12.0), (16.0, grid as f64 / 3.0)][name]
}

/// The amplitude at `m` cycles per side.
fn taper(m: f64, low: f64, high: f64) -> f64 {
    let outside = if m < low {
        (low - m) / (TAPER * low)
    } else if m > high {
        (m - high) / (TAPER * high)
    } else {
        return 1.0;
    };
    if outside >= 1.0 { 0.0 } else { 0.5 + 0.5 * libm::cos(std::f64::consts::PI * outside) }
}

impl InitialCondition for BandLimited {
    fn describe(&self, m: &mut dyn Manifest) {
        match &self.band {
            Band::Any => m.param(BAND.name, "any".into()),
            Band::Named(name) => m.param(BAND.name, NAMES[*name].into()),
            Band::Own(low, high) => {
                m.param(MIN_CYCLES.name, low.into());
                m.param(MAX_CYCLES.name, high.into());
            }
        }
        self.scalar.describe(m);
    }

    fn check(&self, grid: usize, _channels: usize) -> Result<(), String> {
        let (what, least, todo) = match &self.band {
            Band::Named(0) => {
                ("the band `low`".to_owned(), 9, "give `min_cycles` and `max_cycles` instead")
            }
            Band::Named(1) => ("the band `mid`".to_owned(), 27, "choose a lower `band`"),
            Band::Any | Band::Named(_) => {
                ("the band `high`".to_owned(), 48, "choose a lower `band`")
            }
            Band::Own(_, high) => {
                let high = bounds(high).1;
                let least = libm::ceil(2.0 * (1.0 + TAPER) * high) as usize;
                (format!("a band up to {high:?} cycles"), least, "lower `max_cycles`")
            }
        };
        if grid >= least {
            return Ok(());
        }
        Err(format!("{what} with its taper needs a grid of at least {least}, not {grid}: {todo}"))
    }

    fn draw(&self, request: &Request) -> Drawn {
        let mut settings = Vec::new();
        let mut named = |name: usize| {
            settings.push((BAND.name, NAMES[name].into()));
            ends(name, request.grid)
        };
        let (low, high) = match &self.band {
            Band::Any => named(request.stream.site(SITE_BAND).below(3) as usize),
            Band::Named(name) => named(*name),
            Band::Own(low, high) => {
                (draw(low, request.stream, SITE_MIN), draw(high, request.stream, SITE_MAX))
            }
        };
        settings.push((MIN_CYCLES.name, low.into()));
        settings.push((MAX_CYCLES.name, high.into()));
        let spectrum = Spectrum::new(request.grid, |m2| {
            let amplitude = taper(m2.sqrt(), low, high);
            amplitude * amplitude
        });
        self.scalar
            .draw(request, settings, |count| spectrum.fields(request.stream, SITE_FIELDS, count))
    }
}
