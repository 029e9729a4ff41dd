//! `turing_pattern`: a saturated pattern of the Swift–Hohenberg equation, the normal form of a
//! finite-wavelength instability.
//!
//! `∂u = r u − (1 + ∇²)² u + g u² − u³`, lengths in units of λ/2π: with `(r, g)` = (0.3, 0) stripes
//! (from noise whose waves run near one random direction) and labyrinths (from isotropic noise),
//! (0.1, 1) hexagons of spots, (0.1, −1) inverse spots, holes in a raised field. The start is Gaussian
//! noise in the modes below two waves per λ, so that it does not know the grid. The equation relaxes
//! to minima of a free energy: after a time of 150 the pattern is saturated, rms 0.42 to 0.46, and
//! still has the defects and grain boundaries that take longer.
//!
//! Channels: independent patterns of the same wavelength and type. u has no unit.
//!
//! Integration: ETD2 with Δt = 2 on a grid of at least 8 points per wavelength. `u` is moved from the
//! linear to the nonlinear part, where it offsets the slope −3u² that would make such steps unstable.
//! Defects end elsewhere than with small steps; rms, skewness and wavelength differ by less than 0.5 %.
//!
//! Sites: 16 wavelength, 17 type, 18 orientation, 19 noise, 1024 on the start.

use std::sync::Arc;

use crate::ic::common::{Natural, SITE_FIELDS};
use crate::ic::etd::Etd2;
use crate::ic::fft::Fft;
use crate::ic::parameter::{
    ChoiceParameter, LawParameter, LengthParameter, Parameter, bounds, draw,
};
use crate::ic::simulation::{in_pairs, resample};
use crate::ic::spectrum::{Spectrum, wave_numbers};
use crate::ic::{Channels, Cost, Drawn, Family, InitialCondition, Request, Tier};
use crate::key::Manifest;
use crate::node::Law;

/// The family.
pub const FAMILY: Family = Family {
    name: "turing_pattern",
    version: 1,
    tier: Tier::Tier1,
    summary: "saturated spots, holes, stripes or labyrinth of the Swift–Hohenberg equation",
    formula: "∂u = r u − (1 + ∇²)² u + g u² − u³ from noise to t = 150",
    channels: Channels::Scalar("a pattern, its wavelength and type common to all"),
    cost: Cost::Integrated,
    references: &[
        "Swift and Hohenberg 1977, Phys. Rev. A 15:319",
        "Cross and Hohenberg 1993, Rev. Mod. Phys. 65:851",
    ],
    parameters: &[
        Parameter::Choice(&PATTERN_TYPE),
        Parameter::Length(&WAVELENGTH),
        Parameter::Law(&PERTURBATION_AMPLITUDE),
        Natural::PARAMETERS[0],
        Natural::PARAMETERS[1],
    ],
    refused: &[],
    parse: |fields| {
        Box::new(TuringPattern {
            pattern_type: PATTERN_TYPE.parse(fields),
            wavelength: WAVELENGTH.parse(fields),
            perturbation_amplitude: PERTURBATION_AMPLITUDE.parse(fields),
            natural: Natural::parse(fields),
        })
    },
};

static PATTERN_TYPE: ChoiceParameter = ChoiceParameter {
    name: "pattern_type",
    allowed: &["spots", "inverse_spots", "stripes", "labyrinth", "mixed"],
    default: "mixed",
    meaning: "the pattern; mixed: one of the four for each sample",
};

static WAVELENGTH: LengthParameter = LengthParameter {
    name: "wavelength",
    range: 1.0 / 32.0..=0.5,
    default: Law::LogUniform(1.0 / 16.0, 0.25),
    meaning: "wavelength λ of the instability",
};

static PERTURBATION_AMPLITUDE: LawParameter = LawParameter {
    name: "perturbation_amplitude",
    range: 0.001..=0.2,
    default: Law::Constant(0.1),
    meaning: "standard deviation of the noise at the start; a pattern itself has 0.45",
};

const SITE_WAVELENGTH: u32 = 16;
const SITE_TYPE: u32 = 17;
const SITE_ORIENTATION: u32 = 18;
const SITE_NOISE: u32 = 19;

/// Of a step, in the time unit of the equation.
const DT: f64 = 2.0;
const STEPS: usize = 75;
/// What is moved to the nonlinear part.
const SHIFT: f64 = 1.0;
/// Points per wavelength of the simulation, at least: the cubic term makes waves up to 3/λ, which
/// these hold.
const POINTS: f64 = 8.0;

#[derive(Debug)]
struct TuringPattern {
    pattern_type: &'static str,
    wavelength: Law,
    perturbation_amplitude: Law,
    natural: Natural,
}

impl InitialCondition for TuringPattern {
    fn describe(&self, m: &mut dyn Manifest) {
        m.param(PATTERN_TYPE.name, self.pattern_type.into());
        m.param(WAVELENGTH.name, (&self.wavelength).into());
        m.param(PERTURBATION_AMPLITUDE.name, (&self.perturbation_amplitude).into());
        self.natural.describe(m);
    }

    fn check(&self, grid: usize, _channels: usize) -> Result<(), String> {
        let (least, n) = (bounds(&self.wavelength).0, grid as f64);
        if least * n >= 3.0 {
            return Ok(());
        }
        Err(format!(
            "patterns of wavelength {least:?} need 3 pixels a wave, and a grid of {grid} has {:?}: \
             raise `wavelength` to {:?} or more",
            least * n,
            3.0 / n
        ))
    }

    fn draw(&self, request: &Request) -> Drawn {
        let stream = request.stream;
        let wavelength = draw(&self.wavelength, stream, SITE_WAVELENGTH);
        let kind = match self.pattern_type {
            "mixed" => PATTERN_TYPE.allowed[stream.site(SITE_TYPE).below(4) as usize],
            kind => kind,
        };
        let noise = draw(&self.perturbation_amplitude, stream, SITE_NOISE);
        let mut settings = vec![
            (PATTERN_TYPE.name, kind.into()),
            (WAVELENGTH.name, wavelength.into()),
            (PERTURBATION_AMPLITUDE.name, noise.into()),
        ];
        let mut system = System::new(kind, wavelength);
        if kind == "stripes" {
            let angle = std::f64::consts::PI * stream.site(SITE_ORIENTATION).uniform();
            settings.push(("orientation", angle.into()));
            system.align(angle);
        }
        self.natural.draw(request, settings, |count| {
            let (n, reach) = (system.n, 2.0 / wavelength);
            let spectrum = Spectrum::new(n, |m2| f64::from(m2 < reach * reach));
            let mut fields = spectrum.fields(stream, SITE_FIELDS, count);
            for u in &mut fields {
                *u *= noise;
            }
            in_pairs(&mut fields, n * n, |re, im| system.run(re, im));
            resample(fields, n, request.grid)
        })
    }
}

/// The equation on its grid.
struct System {
    n: usize,
    /// Of u² in the equation.
    quadratic: f64,
    fft: Arc<Fft>,
    stepper: Etd2,
    /// Weight of each mode of the start, `[n, n]`, if some direction is preferred.
    weights: Option<Vec<f64>>,
}

impl System {
    fn new(kind: &str, wavelength: f64) -> Self {
        let (growth, quadratic) = match kind {
            "spots" => (0.1, 1.0),
            "inverse_spots" => (0.1, -1.0),
            _ => (0.3, 0.0),
        };
        let mut n = 16;
        while (n as f64) * wavelength < POINTS {
            n *= 2;
        }
        let stepper = Etd2::new(n, DT, |m2| {
            let stray = 1.0 - m2 * wavelength * wavelength;
            (growth - SHIFT - stray * stray, 0.0)
        });
        Self { n, quadratic, fft: Fft::new(n), stepper, weights: None }
    }

    /// Lets the waves of the start run near `angle`: amplitudes times cos¹⁶ of the angle to it, the
    /// power kept on average over the angles.
    fn align(&mut self, angle: f64) {
        // Mean of cos³² over the circle: 32!/(2³² 16!²).
        const MEAN: f64 = 601_080_390.0 / 4_294_967_296.0;
        let (sin, cos) = libm::sincos(angle);
        let factor = 1.0 / MEAN.sqrt();
        let mut weights = Vec::with_capacity(self.n * self.n);
        for mx in wave_numbers(self.n) {
            for my in wave_numbers(self.n) {
                let along = mx as f64 * cos + my as f64 * sin;
                let mut power = along * along / ((mx * mx + my * my) as f64).max(1.0);
                for _ in 0..3 {
                    power *= power;
                }
                weights.push(factor * power);
            }
        }
        self.weights = Some(weights);
    }

    /// From the start to the end, two fields at a time.
    fn run(&mut self, re: &mut Vec<f64>, im: &mut Vec<f64>) {
        let (n, g) = (self.n, self.quadratic);
        // The transforms have no factor; it goes along with the nonlinear part.
        let factor = 1.0 / (n * n) as f64;
        let (mut u, mut v) = (re.clone(), im.clone());
        self.fft.forward(&mut u, &mut v);
        u.iter_mut().chain(&mut v).for_each(|x| *x *= factor);
        if let Some(weights) = &self.weights {
            for ((u, v), w) in u.iter_mut().zip(&mut v).zip(weights) {
                *u *= w;
                *v *= w;
            }
        }
        self.stepper.restart();
        for _ in 0..STEPS {
            re.copy_from_slice(&u);
            im.copy_from_slice(&v);
            self.fft.inverse(re, im);
            for x in re.iter_mut().chain(im.iter_mut()) {
                *x *= factor * (SHIFT + *x * (g - *x));
            }
            self.fft.forward(re, im);
            self.stepper.step(&mut u, &mut v, re, im);
        }
        re.copy_from_slice(&u);
        im.copy_from_slice(&v);
        self.fft.inverse(re, im);
    }
}
