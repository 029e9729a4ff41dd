//! Settings of coarsening, and the fields after it.

use super::coarsening::{Dynamics, evolve};
use crate::ic::parameter::{
    ChoiceParameter, LawParameter, Parameter, bounds, draw, without_effect,
};
use crate::ic::simulation::{resample, side};
use crate::ic::spectrum::{Spectrum, gaussian};
use crate::key::{Manifest, Value};
use crate::node::{Fields, Law};
use crate::rng::Stream;

static DYNAMICS: ChoiceParameter = ChoiceParameter {
    name: "dynamics",
    allowed: &["cahn_hilliard", "allen_cahn"],
    default: "cahn_hilliard",
    meaning: "whether the mean is conserved; for coarsening",
};

static TIME: LawParameter = LawParameter {
    name: "time",
    range: 1.0..=10000.0,
    default: Law::LogUniform(30.0, 300.0),
    meaning: "time since the quench, in the unit in which mobility and ξ are 1; 5 to 50 by default for \
              allen_cahn; for coarsening",
};

static ALLEN_CAHN_TIME: Law = Law::LogUniform(5.0, 50.0);

static COMPOSITION: LawParameter = LawParameter {
    name: "composition",
    range: -0.5..=0.5,
    default: Law::Uniform(-0.3, 0.3),
    meaning: "mean of the order parameter; for cahn_hilliard",
};

const SITE_TIME: u32 = 18;
const SITE_FIELD: u32 = 64;
const SITE_START: u32 = 2048;
/// Standard deviation of the noise from which domains grow.
const START: f64 = 0.1;

/// From noise to some time after a quench.
#[derive(Debug)]
pub struct Quench {
    dynamics: Dynamics,
    time: Law,
    composition: Law,
}

impl Quench {
    /// The settings it reads, for the list of the family.
    pub const PARAMETERS: [Parameter; 3] =
        [Parameter::Choice(&DYNAMICS), Parameter::Law(&TIME), Parameter::Law(&COMPOSITION)];

    /// Reads them.
    pub fn parse(fields: &Fields<'_>) -> Self {
        let (dynamics, time) = match DYNAMICS.parse(fields) {
            "allen_cahn" => {
                let reason = "`dynamics: allen_cahn` does not conserve the mean, and starts from 0";
                without_effect(fields, &[COMPOSITION.name], reason);
                (Dynamics::AllenCahn, &ALLEN_CAHN_TIME)
            }
            _ => (Dynamics::CahnHilliard, &TIME.default),
        };
        let time = TIME.parse_or(fields, time);
        Self { dynamics, time, composition: COMPOSITION.parse(fields) }
    }

    /// Describes those that act.
    pub fn describe(&self, m: &mut dyn Manifest) {
        m.param(TIME.name, (&self.time).into());
        match self.dynamics {
            Dynamics::CahnHilliard => {
                m.param(DYNAMICS.name, "cahn_hilliard".into());
                m.param(COMPOSITION.name, (&self.composition).into());
            }
            Dynamics::AllenCahn => m.param(DYNAMICS.name, "allen_cahn".into()),
        }
    }

    /// Refuses interfaces of `width` sides that are too thin for the grid of the simulation.
    pub fn check(width: &Law, grid: usize) -> Result<(), String> {
        let (least, needed) = (bounds(width).0, 1.0 / side(grid) as f64);
        if least >= needed {
            return Ok(());
        }
        Err(format!(
            "interfaces of width {least:?} are too thin for the grid of {} on which domains grow: raise \
             `interface_width` to {needed:?} or more",
            side(grid)
        ))
    }

    /// `count` fields `[count, n, n]` with interfaces of width `xi` sides; notes the time. And what was
    /// drawn for each.
    pub fn fields(
        &self,
        stream: Stream,
        (n, count): (usize, usize),
        xi: f64,
        settings: &mut Vec<(&'static str, Value)>,
    ) -> (Vec<f64>, Vec<Value>) {
        let from = side(n);
        let time = draw(&self.time, stream, SITE_TIME);
        settings.push((TIME.name, time.into()));
        let mut fields = Spectrum::new(from, gaussian(xi)).fields(stream, SITE_START, count);
        let mut noted = Vec::with_capacity(count);
        for (c, field) in fields.chunks_exact_mut(from * from).enumerate() {
            let mean = match self.dynamics {
                Dynamics::CahnHilliard => draw(&self.composition, stream, SITE_FIELD + c as u32),
                Dynamics::AllenCahn => 0.0,
            };
            noted.push(Value::Map(vec![(COMPOSITION.name, mean.into())]));
            for v in field {
                *v = mean + START * *v;
            }
        }
        evolve(from, self.dynamics, xi, time, &mut fields);
        (resample(fields, from, n), noted)
    }
}
