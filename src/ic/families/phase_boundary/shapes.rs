//! Interfaces of a chosen geometry: their settings, and the distance to them.

use std::f64::consts::{SQRT_2, TAU};

use super::capillary::{Edge, band};
use crate::ic::interface::{Nucleus, direction, disks, length, level_set, threshold};
use crate::ic::parameter::{
    ChoiceParameter, CountParameter, LawParameter, Parameter, draw_count, without_effect,
};
use crate::ic::spectrum::{Spectrum, gaussian};
use crate::key::{Manifest, Value};
use crate::node::{Fields, Law};
use crate::rng::Stream;

static GEOMETRY: ChoiceParameter = ChoiceParameter {
    name: "geometry",
    allowed: &["band", "droplets", "regions", "random"],
    default: "random",
    meaning: "a band, droplets, regions where a Gaussian field is high, or any of the three for each \
              field",
};

static FRACTION: LawParameter = LawParameter {
    name: "fraction",
    range: 0.1..=0.9,
    default: Law::Uniform(0.25, 0.75),
    meaning: "part of the area in the phase +1; not for coarsening",
};

static INTERFACE_ANGLE: LawParameter = LawParameter {
    name: "interface_angle",
    range: -10.0..=10.0,
    default: Law::Uniform(0.0, TAU),
    meaning: "direction of the normal of a band in radians, taken to the nearest of the 16 directions \
              (1, 0), (2, 1), (1, 1), …",
};

static ROUGHNESS: LawParameter = LawParameter {
    name: "roughness",
    range: 0.0..=0.2,
    default: Law::Uniform(0.0, 0.05),
    meaning: "standard deviation of the edges of a band by capillary waves, as a fraction of the side; \
              at most a quarter of the thickness of either phase",
};

static NUM_DROPLETS: CountParameter = CountParameter {
    name: "num_droplets",
    range: 1..=64,
    default: Law::Uniform(1.0, 6.0),
    meaning: "number of droplets, which may have merged",
};

static LENGTH_SCALE: LawParameter = LawParameter {
    name: "length_scale",
    range: 0.02..=0.5,
    default: Law::Constant(0.12),
    meaning: "covariance length of the Gaussian field of regions, as a fraction of the side",
};

const SITE_FIELD: u32 = 64;
const SITE_EDGES: u32 = 256;
const SITE_COUNT: u32 = 512;
const SITE_REGIONS: u32 = 3072;
/// By how much the radii of droplets differ at most, in sides.
const DELAY: f64 = 0.1;

/// Bands, droplets and regions.
#[derive(Debug)]
pub struct Shapes {
    geometry: &'static str,
    fraction: Law,
    angle: Law,
    roughness: Law,
    num_droplets: Law,
    length_scale: Law,
}

impl Shapes {
    /// The settings it reads, for the list of the family.
    pub const PARAMETERS: [Parameter; 6] = [
        Parameter::Choice(&GEOMETRY),
        Parameter::Law(&FRACTION),
        Parameter::Law(&INTERFACE_ANGLE),
        Parameter::Law(&ROUGHNESS),
        Parameter::Count(&NUM_DROPLETS),
        Parameter::Law(&LENGTH_SCALE),
    ];

    /// Reads them.
    pub fn parse(fields: &Fields<'_>) -> Self {
        let geometry = GEOMETRY.parse(fields);
        let has = |name: &str| geometry == name || geometry == "random";
        if !has("band") {
            let names = [INTERFACE_ANGLE.name, ROUGHNESS.name];
            without_effect(fields, &names, "it belongs to `geometry: band`");
        }
        if !has("droplets") {
            without_effect(fields, &[NUM_DROPLETS.name], "it belongs to `geometry: droplets`");
        }
        if !has("regions") {
            without_effect(fields, &[LENGTH_SCALE.name], "it belongs to `geometry: regions`");
        }
        Self {
            geometry,
            fraction: FRACTION.parse(fields),
            angle: INTERFACE_ANGLE.parse(fields),
            roughness: ROUGHNESS.parse(fields),
            num_droplets: NUM_DROPLETS.parse(fields),
            length_scale: LENGTH_SCALE.parse(fields),
        }
    }

    /// Describes those that act.
    pub fn describe(&self, m: &mut dyn Manifest) {
        let has = |name: &str| self.geometry == name || self.geometry == "random";
        m.param(GEOMETRY.name, self.geometry.into());
        m.param(FRACTION.name, (&self.fraction).into());
        if has("band") {
            m.param(INTERFACE_ANGLE.name, (&self.angle).into());
            m.param(ROUGHNESS.name, (&self.roughness).into());
        }
        if has("droplets") {
            m.param(NUM_DROPLETS.name, (&self.num_droplets).into());
        }
        if has("regions") {
            m.param(LENGTH_SCALE.name, (&self.length_scale).into());
        }
    }

    /// `tanh(d/√2 ξ)` of field c, `[n, n]`, ξ in sides; and what was drawn for it.
    pub fn field(&self, stream: Stream, n: usize, c: u32, xi: f64) -> (Vec<f64>, Value) {
        // The same draws in the same order, whatever the geometry.
        let mut draws = stream.site(SITE_FIELD + c);
        let u_geometry = draws.uniform();
        let geometry = match self.geometry {
            "random" => ["band", "droplets", "regions"][(3.0 * u_geometry) as usize],
            geometry => geometry,
        };
        let fraction = self.fraction.at(draws.uniform());
        let (angle, center) = (self.angle.at(draws.uniform()), draws.uniform());
        let roughness = self.roughness.at(draws.uniform());
        let correlation = self.length_scale.at(draws.uniform());
        let mut noted = vec![(GEOMETRY.name, geometry.into()), (FRACTION.name, fraction.into())];
        let distance = match geometry {
            "band" => {
                let m = direction(angle, 5);
                let thinner = fraction.min(1.0 - fraction) / length(m);
                let rms = roughness.min(0.25 * thinner);
                let mut draws = stream.site(SITE_EDGES + c);
                let edges = [(); 2].map(|()| Edge::draw(m, rms, xi, &mut draws));
                noted.push(("direction", vec![m.0, m.1].into()));
                noted.push((ROUGHNESS.name, rms.into()));
                band(n, m, center, fraction, &edges)
            }
            "droplets" => {
                let count = draw_count(&self.num_droplets, stream, SITE_COUNT + c);
                let nuclei: Vec<Nucleus> = (0..count)
                    .map(|_| Nucleus {
                        x: draws.uniform(),
                        y: draws.uniform(),
                        delay: draws.range(0.0, DELAY),
                    })
                    .collect();
                noted.push((NUM_DROPLETS.name, count.into()));
                disks(n, &nuclei, fraction)
            }
            _ => {
                let g = Spectrum::new(n, gaussian(correlation)).fields(stream, SITE_REGIONS + c, 1);
                noted.push((LENGTH_SCALE.name, correlation.into()));
                level_set(n, &g, threshold(&g, fraction))
            }
        };
        // tanh x = 2/(1 + exp(−2x)) − 1
        let rate = -SQRT_2 / xi;
        let profile = |d: f64| 2.0 / (1.0 + libm::exp(rate * d)) - 1.0;
        (distance.into_iter().map(profile).collect(), Value::Map(noted))
    }
}
