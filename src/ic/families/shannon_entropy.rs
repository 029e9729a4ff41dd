//! `shannon_entropy`: a pattern under noise of prescribed entropy per pixel.
//!
//! `binary`: the pattern is the sign of a Gaussian field; every pixel is flipped with the probability
//! p(x) ≤ ½ for which `H_b(p) = −p log₂ p − (1−p) log₂(1−p) = h(x)`, so that, the pattern known, a pixel
//! holds exactly h(x) bits. No equation is solved: `H_b` increases up to ½, so a uniform u is below p(x)
//! just when u < ½ and `H_b(u) < h(x)`. `gaussian`: the pattern is a Gaussian field g of unit variance,
//! and a pixel is g + s N(0, 1) with `s = 2^h/√(2πe)`, whose differential entropy is h(x) bits.
//!
//! The map h lies in `entropy_range`. `gradient`: a ramp up and down along one of four lattice
//! directions; `patchy`: a Gaussian field g through `1/(1 + exp(−1.702 g))`, which is nearly uniform;
//! `random`: uniform in every pixel on its own.
//!
//! Channels: noisy pattern, h in bits, pattern. The noise belongs to the pixels of the grid; map and
//! pattern are the same on every grid. Source: Shannon (1948), Bell System Technical Journal 27, 379,
//! §§ 6, 20; Cover & Thomas (2006), *Elements of information theory*, §§ 2.1, 8.1.
//!
//! Sites: 16 kind of map, 17 patch size, 18 length of the pattern, 19 direction and phase of the
//! ramp, 20 noise, 21 random map, 22 smoothing, 1024 pattern, 1025 patches.

use crate::ic::common::{NORMALIZE_NATURAL, Normalize, SITE_FIELDS};
use crate::ic::parameter::{
    ChoiceParameter, LawParameter, LengthParameter, OtherParameter, Parameter, bounds, draw,
    without_effect,
};
use crate::ic::simulation::blur;
use crate::ic::spectrum::{Spectrum, gaussian};
use crate::ic::{Channels, Cost, Drawn, Family, InitialCondition, Request, Tier};
use crate::key::{Manifest, Value};
use crate::node::{Fields, Law};
use crate::rng::Stream;

/// The family.
pub const FAMILY: Family = Family {
    name: "shannon_entropy",
    version: 1,
    tier: Tier::Tier2,
    summary: "pattern under noise of prescribed entropy per pixel",
    formula: "sign(g) flipped with p(x), −p log₂ p − (1−p) log₂(1−p) = h(x)",
    channels: Channels::Named(&["noisy pattern", "entropy h, bits per pixel", "pattern"]),
    cost: Cost::Cheap,
    references: &[
        "Shannon (1948), A mathematical theory of communication",
        "Cover & Thomas (2006), Elements of information theory, §§ 2.1, 8.1",
    ],
    parameters: &[
        Parameter::Choice(&VARIANT),
        Parameter::Choice(&ENTROPY_PATTERN),
        Parameter::Other(&ENTROPY_RANGE),
        Parameter::Length(&PATCH_SIZE),
        Parameter::Law(&LENGTH_SCALE),
        Parameter::Law(&SMOOTHING),
        Parameter::Choice(&NORMALIZE_NATURAL),
    ],
    refused: &[],
    parse: |fields| {
        let variant = VARIANT.parse(fields);
        let pattern = ENTROPY_PATTERN.parse(fields);
        if matches!(pattern, "gradient" | "random") {
            without_effect(fields, &[PATCH_SIZE.name], "it belongs to `entropy_pattern: patchy`");
        }
        Box::new(ShannonEntropy {
            variant,
            pattern,
            range: entropy_range(fields, variant),
            patch_size: PATCH_SIZE.parse(fields),
            length_scale: LENGTH_SCALE.parse(fields),
            smoothing: SMOOTHING.parse(fields),
            normalize: Normalize::parse_natural(fields),
        })
    },
};

static VARIANT: ChoiceParameter = ChoiceParameter {
    name: "variant",
    allowed: &["binary", "gaussian"],
    default: "binary",
    meaning: "flips of ±1, or normal noise on a Gaussian field",
};

static ENTROPY_PATTERN: ChoiceParameter = ChoiceParameter {
    name: "entropy_pattern",
    allowed: &["any", "gradient", "patchy", "random"],
    default: "any",
    meaning: "how the entropy varies: ramp up and down, smooth patches, pixel by pixel; any: gradient \
              or patchy per sample",
};

static ENTROPY_RANGE: OtherParameter = OtherParameter {
    name: "entropy_range",
    allowed: "[low, high], from 0.0 to 1.0 if binary, -10.0 to 10.0 if gaussian",
    default: "[0.0, 1.0] if binary, [-2.0, 2.0] if gaussian",
    meaning: "least and greatest entropy of a pixel whose pattern is known, in bits",
};

static PATCH_SIZE: LengthParameter = LengthParameter {
    name: "patch_size",
    range: 0.005..=0.99,
    default: Law::LogUniform(0.05, 0.15),
    meaning: "covariance length of the patches of entropy",
};

static LENGTH_SCALE: LawParameter = LawParameter {
    name: "length_scale",
    range: 0.005..=1.0,
    default: Law::Constant(0.1),
    meaning: "covariance length of the pattern, as a fraction of the side",
};

static SMOOTHING: LawParameter = LawParameter {
    name: "smoothing",
    range: 0.0..=0.5,
    default: Law::Constant(0.0),
    meaning: "standard deviation of a Gaussian blur of the noisy pattern, as a fraction of the side; \
              above 0 the entropies are no longer those of the map",
};

const SITE_PATTERN: u32 = 16;
const SITE_PATCH: u32 = 17;
const SITE_LENGTH: u32 = 18;
const SITE_RAMP: u32 = 19;
const SITE_NOISE: u32 = 20;
const SITE_RANDOM: u32 = 21;
const SITE_SMOOTHING: u32 = 22;

/// The logistic function nearest to the normal distribution function has this rate (Camilli 1994).
const LOGISTIC_RATE: f64 = 1.702;

/// Reads the ends of the entropy; they must differ.
fn entropy_range(fields: &Fields<'_>, variant: &str) -> (f64, f64) {
    let (allowed, default) = match variant {
        "gaussian" => (-10.0..=10.0, (-2.0, 2.0)),
        _ => (0.0..=1.0, (0.0, 1.0)),
    };
    let (low, high) = fields.pair(ENTROPY_RANGE.name, allowed).unwrap_or(default);
    if low == high {
        fields.fault(
            ENTROPY_RANGE.name,
            "the ends are equal, so the entropy would not vary",
            Some("give a low and a higher end".into()),
        );
    }
    (low, high)
}

#[derive(Debug)]
struct ShannonEntropy {
    variant: &'static str,
    pattern: &'static str,
    range: (f64, f64),
    patch_size: Law,
    length_scale: Law,
    smoothing: Law,
    normalize: Normalize,
}

/// The entropy of a coin with probability `p`, in bits.
fn binary_entropy(p: f64) -> f64 {
    -p * libm::log2(p) - (1.0 - p) * libm::log2(1.0 - p)
}

/// From 0 up to 1 and down again along one of four directions, with period one side.
fn ramp(stream: Stream, n: usize) -> Vec<f64> {
    let mut draws = stream.site(SITE_RAMP);
    let (mx, my) = [(1, 0), (0, 1), (1, 1), (1, -1)][draws.below(4) as usize];
    let phase = draws.uniform();
    let n = n as i64;
    let pixels = (0..n).flat_map(|y| (0..n).map(move |x| (mx * x + my * y).rem_euclid(n)));
    pixels
        .map(|along| {
            let turn = (along as f64 / n as f64 + phase).rem_euclid(1.0);
            1.0 - (2.0 * turn - 1.0).abs()
        })
        .collect()
}

impl ShannonEntropy {
    /// The map h in bits; notes what was drawn for it.
    fn map(&self, stream: Stream, n: usize, settings: &mut Vec<(&'static str, Value)>) -> Vec<f64> {
        let pattern = match self.pattern {
            "any" => ["gradient", "patchy"][stream.site(SITE_PATTERN).below(2) as usize],
            name => name,
        };
        settings.push((ENTROPY_PATTERN.name, pattern.into()));
        let mut map = match pattern {
            "patchy" => {
                let size = draw(&self.patch_size, stream, SITE_PATCH);
                settings.push((PATCH_SIZE.name, size.into()));
                let mut field = Spectrum::new(n, gaussian(size)).fields(stream, SITE_FIELDS + 1, 1);
                for v in &mut field {
                    *v = 1.0 / (1.0 + libm::exp(-LOGISTIC_RATE * *v));
                }
                field
            }
            "gradient" => ramp(stream, n),
            _ => {
                let mut draws = stream.site(SITE_RANDOM);
                (0..n * n).map(|_| draws.uniform()).collect()
            }
        };
        let (low, high) = self.range;
        for v in &mut map {
            *v = low + (high - low) * *v;
        }
        map
    }
}

impl InitialCondition for ShannonEntropy {
    fn describe(&self, m: &mut dyn Manifest) {
        m.param(VARIANT.name, self.variant.into());
        m.param(ENTROPY_PATTERN.name, self.pattern.into());
        m.param(ENTROPY_RANGE.name, vec![self.range.0, self.range.1].into());
        if matches!(self.pattern, "any" | "patchy") {
            m.param(PATCH_SIZE.name, (&self.patch_size).into());
        }
        m.param(LENGTH_SCALE.name, (&self.length_scale).into());
        m.param(SMOOTHING.name, (&self.smoothing).into());
        self.normalize.describe(m);
    }

    fn draw(&self, request: &Request) -> Drawn {
        let (n, stream) = (request.grid, request.stream);
        let mut settings = Vec::new();
        let map = self.map(stream, n, &mut settings);
        let length = draw(&self.length_scale, stream, SITE_LENGTH);
        settings.push((LENGTH_SCALE.name, length.into()));
        let mut pattern = Spectrum::new(n, gaussian(length)).fields(stream, SITE_FIELDS, 1);
        let mut draws = stream.site(SITE_NOISE);
        let mut noisy = Vec::with_capacity(request.channels * n * n);
        if self.variant == "gaussian" {
            // 2πe, of which the root is the deviation at h = 0.
            let unit = 1.0 / (std::f64::consts::TAU * std::f64::consts::E).sqrt();
            for (g, h) in pattern.iter().zip(&map) {
                noisy.push(g + unit * libm::exp2(*h) * draws.normal());
            }
        } else {
            for (g, h) in pattern.iter_mut().zip(&map) {
                *g = if *g < 0.0 { -1.0 } else { 1.0 };
                let u = draws.uniform();
                noisy.push(if u < 0.5 && binary_entropy(u) < *h { -*g } else { *g });
            }
        }
        if bounds(&self.smoothing).1 > 0.0 {
            let length = draw(&self.smoothing, stream, SITE_SMOOTHING);
            settings.push((SMOOTHING.name, length.into()));
            blur(&mut noisy, n, length);
        }
        noisy.extend(&map);
        noisy.extend(&pattern);
        noisy.truncate(request.channels * n * n);
        self.normalize.finish(noisy, settings)
    }
}
