//! The variants with two species that react and diffuse: Gray–Scott and Schnakenberg.
//!
//! Channels: u and v by turns. The first two are one pattern, the third and the fourth those of a fresh
//! draw, and so on. Concentrations in the units of the equations, never negative: what the way to the
//! grid asked for overshoots below 0 is cut off.
//!
//! Sites: those of the family; 1024 on the starts, one for each draw.

use super::{
    PATTERN_TYPE, PERTURBATION_AMPLITUDE, SITE_NOISE, SITE_TYPE, SITE_WAVELENGTH, VARIANT,
    WAVELENGTH, check_waves, gray_scott, schnakenberg,
};
use crate::ic::common::{CHANNEL_MODE, Normalize};
use crate::ic::parameter::{draw, without_effect};
use crate::ic::simulation::resample;
use crate::ic::{Drawn, InitialCondition, Request};
use crate::key::{Manifest, Value};
use crate::node::{Fields, Law};

#[derive(Debug)]
struct TwoSpecies {
    equation: Equation,
    wavelength: Law,
    normalize: Normalize,
}

#[derive(Debug)]
enum Equation {
    /// With `pattern_type`.
    GrayScott(&'static str),
    /// With `perturbation_amplitude`.
    Schnakenberg(Law),
}

impl Equation {
    fn name(&self) -> &'static str {
        match self {
            Equation::GrayScott(_) => gray_scott::NAME,
            Equation::Schnakenberg(_) => schnakenberg::NAME,
        }
    }
}

/// Reads the settings of a variant.
pub fn parse(fields: &Fields<'_>, variant: &str) -> Box<dyn InitialCondition> {
    without_effect(fields, &[CHANNEL_MODE.name], "the channels are the two species");
    let equation = if variant == gray_scott::NAME {
        let reason = "`variant: gray_scott` starts from drops";
        without_effect(fields, &[PERTURBATION_AMPLITUDE.name], reason);
        Equation::GrayScott(PATTERN_TYPE.parse(fields))
    } else {
        let reason = "spots and stripes coexist in `variant: schnakenberg`";
        without_effect(fields, &[PATTERN_TYPE.name], reason);
        Equation::Schnakenberg(PERTURBATION_AMPLITUDE.parse(fields))
    };
    Box::new(TwoSpecies {
        equation,
        wavelength: WAVELENGTH.parse(fields),
        normalize: Normalize::parse_natural(fields),
    })
}

impl InitialCondition for TwoSpecies {
    fn describe(&self, m: &mut dyn Manifest) {
        m.param(VARIANT.name, self.equation.name().into());
        match &self.equation {
            Equation::GrayScott(kind) => m.param(PATTERN_TYPE.name, (*kind).into()),
            Equation::Schnakenberg(noise) => m.param(PERTURBATION_AMPLITUDE.name, noise.into()),
        }
        m.param(WAVELENGTH.name, (&self.wavelength).into());
        self.normalize.describe(m);
    }

    fn check(&self, grid: usize, _channels: usize) -> Result<(), String> {
        check_waves(&self.wavelength, grid)
    }

    fn draw(&self, request: &Request) -> Drawn {
        let stream = request.stream;
        let wavelength = draw(&self.wavelength, stream, SITE_WAVELENGTH);
        let mut settings: Vec<(&'static str, Value)> =
            vec![(VARIANT.name, self.equation.name().into()), (WAVELENGTH.name, wavelength.into())];
        let count = request.channels.div_ceil(2);
        let (fields, n) = match &self.equation {
            Equation::GrayScott(kind) => {
                let kind = match *kind {
                    "mixed" => PATTERN_TYPE.allowed[stream.site(SITE_TYPE).below(4) as usize],
                    kind => kind,
                };
                settings.push((PATTERN_TYPE.name, kind.into()));
                gray_scott::patterns(kind, wavelength, stream, count)
            }
            Equation::Schnakenberg(noise) => {
                let noise = draw(noise, stream, SITE_NOISE);
                settings.push((PERTURBATION_AMPLITUDE.name, noise.into()));
                schnakenberg::patterns(noise, wavelength, stream, count)
            }
        };
        let mut fields = resample(fields, n, request.grid);
        fields.truncate(request.channels * request.grid * request.grid);
        for x in &mut fields {
            *x = x.max(0.0);
        }
        self.normalize.finish(fields, settings)
    }
}
