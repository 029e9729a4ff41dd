//! `interference_pattern`: circular waves of several sources, coherent or in part.
//!
//! Source j sends `Uⱼ = w(δⱼ) √(λ/(δⱼ + λ)) e^{i(kδⱼ + φⱼ)}`, k = 2π/λ: an outgoing wave in the plane,
//! of amplitude 1 at its source, with the far field of Hankel's function H₀⁽¹⁾. The window w, a
//! product over the axes of 1 up to a quarter of the side and a cos² taper to 0 at half of it, ends
//! the wave on the border of the periodic cell about its source. `random` sources lie anywhere in a
//! square of half a side with random phases; `slits` lie on a line, evenly spaced and in phase.
//!
//! Partial coherence is that of a Gaussian Schell-model source: phases fluctuate so that the mean of
//! `e^{i(θᵢ − θⱼ)}` is `γᵢⱼ = exp(−|rᵢ − rⱼ|²/2L²)`. A random tilt `θⱼ = g·rⱼ/L`, g standard normal in
//! the plane, does so exactly; it is the light of a distant lamp with a Gaussian profile. The first
//! two channels show the field under one tilt; the third, the mean over all of them,
//! `I = Σᵢⱼ γᵢⱼ Re(Uᵢ Uⱼ*)`, which for L → ∞ is |U|².
//!
//! Channels: Re U, Im U, intensity. Source: Born & Wolf (1999), *Principles of optics*, §§ 7.3, 10.4;
//! Mandel & Wolf (1995), *Optical coherence and quantum optics*, § 5.3 (Schell model).
//!
//! Sites: 16 arrangement, 17 number of sources, 18 wavelength, 19 coherence length, 20 spacing, 21
//! place of the whole, direction, common phase and tilt, 64 + j place and phase of source j.

use std::f64::consts::TAU;

use crate::ic::common::{NORMALIZE_NATURAL, Normalize};
use crate::ic::geometry::nearest_image;
use crate::ic::parameter::{
    ChoiceParameter, CountParameter, LawParameter, LengthParameter, Parameter, bounds, draw,
    draw_count, without_effect,
};
use crate::ic::{Channels, Cost, Drawn, Family, InitialCondition, Request, Tier};
use crate::key::{Manifest, Value};
use crate::node::Law;
use crate::rng::Stream;

/// The family.
pub const FAMILY: Family = Family {
    name: "interference_pattern",
    version: 1,
    tier: Tier::Tier3,
    summary: "circular waves of random sources or a line of slits, coherent or in part",
    formula: "U = Σ w(δⱼ) √(λ/(δⱼ+λ)) e^{i(kδⱼ+φⱼ)}; I = Σ exp(−|rᵢ−rⱼ|²/2L²) Re(Uᵢ Uⱼ*)",
    channels: Channels::Named(&["Re U", "Im U", "mean intensity"]),
    cost: Cost::Cheap,
    references: &[
        "Born & Wolf (1999), Principles of optics, §§ 7.3, 10.4",
        "Mandel & Wolf (1995), Optical coherence and quantum optics, § 5.3",
    ],
    parameters: &[
        Parameter::Choice(&ARRANGEMENT),
        Parameter::Count(&NUM_SOURCES),
        Parameter::Length(&WAVELENGTH),
        Parameter::Law(&COHERENCE_LENGTH),
        Parameter::Length(&SOURCE_SPACING),
        Parameter::Choice(&NORMALIZE_NATURAL),
    ],
    refused: &[],
    parse: |fields| {
        let arrangement = ARRANGEMENT.parse(fields);
        if arrangement == "random" {
            without_effect(fields, &[SOURCE_SPACING.name], "it belongs to slits");
        }
        Box::new(InterferencePattern {
            arrangement,
            num_sources: NUM_SOURCES.parse(fields),
            wavelength: WAVELENGTH.parse(fields),
            coherence_length: COHERENCE_LENGTH.parse(fields),
            source_spacing: SOURCE_SPACING.parse(fields),
            normalize: Normalize::parse_natural(fields),
        })
    },
};

static ARRANGEMENT: ChoiceParameter = ChoiceParameter {
    name: "arrangement",
    allowed: &["any", "random", "slits"],
    default: "any",
    meaning: "where the sources are: anywhere in a square of half a side, or on a line; any: one of \
              the two per sample",
};

static NUM_SOURCES: CountParameter = CountParameter {
    name: "num_sources",
    range: 2..=16,
    default: Law::Uniform(2.0, 6.0),
    meaning: "number of sources",
};

static WAVELENGTH: LengthParameter = LengthParameter {
    name: "wavelength",
    range: 0.005..=0.99,
    default: Law::LogUniform(0.0625, 0.2),
    meaning: "wavelength",
};

static COHERENCE_LENGTH: LawParameter = LawParameter {
    name: "coherence_length",
    range: 0.001..=20.0,
    default: Law::LogUniform(0.1, 2.0),
    meaning: "distance of two sources over which their fringes fade to e^−½ of their contrast, as a \
              fraction of the side",
};

static SOURCE_SPACING: LengthParameter = LengthParameter {
    name: "source_spacing",
    range: 0.005..=0.5,
    default: Law::Uniform(0.06, 0.12),
    meaning: "distance of neighbouring slits",
};

const SITE_ARRANGEMENT: u32 = 16;
const SITE_COUNT: u32 = 17;
const SITE_WAVELENGTH: u32 = 18;
const SITE_COHERENCE: u32 = 19;
const SITE_SPACING: u32 = 20;
const SITE_WHOLE: u32 = 21;
const SITE_SOURCES: u32 = 64;

/// Side of the square in which random sources lie. At most half: so the difference of two places is
/// their distance on the torus too, and γ a covariance.
const SPREAD: f64 = 0.5;
/// The longest line of slits: its ends stay a quarter of a side apart around the torus.
const LONGEST: f64 = 0.75;
/// Pixels that a wavelength needs.
const RESOLVED: f64 = 2.5;

#[derive(Debug)]
struct InterferencePattern {
    arrangement: &'static str,
    num_sources: Law,
    wavelength: Law,
    coherence_length: Law,
    source_spacing: Law,
    normalize: Normalize,
}

/// One source: its place in sides and its phase, fixed and by the tilt.
struct Source {
    place: (f64, f64),
    phase: f64,
    tilt: f64,
}

impl InterferencePattern {
    /// Draws the sources; notes what they share.
    fn sources(
        &self,
        stream: Stream,
        length: f64,
        settings: &mut Vec<(&'static str, Value)>,
    ) -> Vec<Source> {
        let count = draw_count(&self.num_sources, stream, SITE_COUNT);
        let slits = match self.arrangement {
            "any" => stream.site(SITE_ARRANGEMENT).below(2) == 1,
            name => name == "slits",
        };
        let mut draws = stream.site(SITE_WHOLE);
        let middle = (draws.uniform(), draws.uniform());
        let angle = TAU * draws.uniform();
        let common = TAU * draws.uniform();
        let tilt = draws.normal_pair();
        settings.push((ARRANGEMENT.name, if slits { "slits" } else { "random" }.into()));
        settings.push((NUM_SOURCES.name, count.into()));
        let spacing = if slits { draw(&self.source_spacing, stream, SITE_SPACING) } else { 0.0 };
        if slits {
            settings.push((SOURCE_SPACING.name, spacing.into()));
        }
        settings.push(("tilt", vec![tilt.0, tilt.1].into()));
        let (sin, cos) = libm::sincos(angle);
        (0..count)
            .map(|j| {
                let (from_middle, phase) = if slits {
                    let along = (j as f64 - 0.5 * (count - 1) as f64) * spacing;
                    ((along * cos, along * sin), common)
                } else {
                    let mut draws = stream.site(SITE_SOURCES + j as u32);
                    let (x, y) = (draws.uniform() - 0.5, draws.uniform() - 0.5);
                    ((SPREAD * x, SPREAD * y), TAU * draws.uniform())
                };
                Source {
                    place: (middle.0 + from_middle.0, middle.1 + from_middle.1),
                    phase,
                    tilt: (tilt.0 * from_middle.0 + tilt.1 * from_middle.1) / length,
                }
            })
            .collect()
    }
}

/// The window along one axis for every pixel, and the distance in sides to the nearest image.
fn axis(n: usize, center: f64) -> Vec<(f64, f64)> {
    let side = n as f64;
    (0..n)
        .map(|i| {
            let delta = nearest_image(i as f64 - center * side, n) / side;
            let taper = libm::cos(TAU * (delta.abs() - 0.25).max(0.0));
            (delta, taper * taper)
        })
        .collect()
}

/// The wave of one source, without the tilt: real and imaginary part.
fn wave(n: usize, wavelength: f64, source: &Source) -> (Vec<f64>, Vec<f64>) {
    let k = TAU / wavelength;
    let (across, down) = (axis(n, source.place.0), axis(n, source.place.1));
    let (mut re, mut im) = (Vec::with_capacity(n * n), Vec::with_capacity(n * n));
    for (dy, wy) in &down {
        for (dx, wx) in &across {
            let distance = (dx * dx + dy * dy).sqrt();
            let amplitude = wx * wy * (wavelength / (distance + wavelength)).sqrt();
            let (sin, cos) = libm::sincos(k * distance + source.phase);
            re.push(amplitude * cos);
            im.push(amplitude * sin);
        }
    }
    (re, im)
}

impl InitialCondition for InterferencePattern {
    fn describe(&self, m: &mut dyn Manifest) {
        m.param(ARRANGEMENT.name, self.arrangement.into());
        m.param(NUM_SOURCES.name, (&self.num_sources).into());
        m.param(WAVELENGTH.name, (&self.wavelength).into());
        m.param(COHERENCE_LENGTH.name, (&self.coherence_length).into());
        if self.arrangement != "random" {
            m.param(SOURCE_SPACING.name, (&self.source_spacing).into());
        }
        self.normalize.describe(m);
    }

    fn check(&self, grid: usize, _channels: usize) -> Result<(), String> {
        let line = (bounds(&self.num_sources).1 - 1.0) * bounds(&self.source_spacing).1;
        if self.arrangement != "random" && line > LONGEST {
            return Err(format!(
                "a line of slits of up to {line:?} sides meets itself around the torus: lower \
                 `num_sources` or `source_spacing` so that it is at most {LONGEST:?}"
            ));
        }
        let wavelength = bounds(&self.wavelength).0;
        let least = libm::ceil(RESOLVED / wavelength) as usize;
        if grid >= least {
            return Ok(());
        }
        Err(format!(
            "a wavelength of {wavelength:?} needs a grid of at least {least}, not {grid}: raise \
             `wavelength`"
        ))
    }

    fn draw(&self, request: &Request) -> Drawn {
        let (n, stream) = (request.grid, request.stream);
        let wavelength = draw(&self.wavelength, stream, SITE_WAVELENGTH);
        let length = draw(&self.coherence_length, stream, SITE_COHERENCE);
        let mut settings =
            vec![(WAVELENGTH.name, wavelength.into()), (COHERENCE_LENGTH.name, length.into())];
        let sources = self.sources(stream, length, &mut settings);
        let mut noted = Vec::with_capacity(sources.len());
        let (mut re, mut im) = (vec![0.0; n * n], vec![0.0; n * n]);
        let mut intensity = vec![0.0; n * n];
        let mut waves: Vec<(Vec<f64>, Vec<f64>)> = Vec::with_capacity(sources.len());
        for (j, source) in sources.iter().enumerate() {
            let wave = wave(n, wavelength, source);
            let (sin, cos) = libm::sincos(source.tilt);
            for (i, (a, b)) in wave.0.iter().zip(&wave.1).enumerate() {
                re[i] += cos * a - sin * b;
                im[i] += cos * b + sin * a;
                intensity[i] += a * a + b * b;
            }
            for (other, (c, d)) in sources.iter().zip(&waves) {
                let (dx, dy) = (source.place.0 - other.place.0, source.place.1 - other.place.1);
                let gamma = libm::exp(-0.5 * (dx * dx + dy * dy) / (length * length));
                for (i, (a, b)) in wave.0.iter().zip(&wave.1).enumerate() {
                    intensity[i] += 2.0 * gamma * (a * c[i] + b * d[i]);
                }
            }
            noted.push(Value::Map(vec![
                ("x", source.place.0.rem_euclid(1.0).into()),
                ("y", source.place.1.rem_euclid(1.0).into()),
                ("phase", source.phase.into()),
            ]));
            if j + 1 < sources.len() {
                waves.push(wave);
            }
        }
        settings.push(("sources", Value::List(noted)));
        let mut fields = re;
        fields.append(&mut im);
        // A mean of squares; in the darkest places the sum may round to below 0.
        fields.extend(intensity.iter().map(|v| v.max(0.0)));
        fields.truncate(request.channels * n * n);
        self.normalize.finish(fields, settings)
    }
}
