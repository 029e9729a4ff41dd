//! `relativistic_wave_packet`: a massive particle in motion, as a packet of the Klein–Gordon equation
//! with positive energy.
//!
//! `∂²φ/∂t² = ∇²φ − m²φ`, c = 1. At rest the packet would be a Gaussian of width σ; at velocity v along
//! x' it is contracted by `γ = 1/√(1 − v²)` and carries the wave of its momentum, `k = γmv`:
//! `φ = exp(−(γ²x'² + y'²)/2σ²) e^(ikx')`. Positive energy: `π = ∂φ/∂t` is `−iω φ̂` mode by mode,
//! `ω² = κ² + m²`, so the packet moves and does not fall apart into two. Modes are those of the
//! continuum, so the field is periodic and the same on every grid.
//!
//! Channels: Re φ, with 1 for the greatest |φ|; Re π in units of m; the density of charge
//! `Im(φ π*)`, with 1 for its greatest value.
//!
//! Sites: 16 velocity, 17 width, 18 Compton wavelength, 19 place, direction and phase.

use std::f64::consts::{PI, TAU};

use crate::ic::common::{NORMALIZE_NATURAL, Normalize, divide};
use crate::ic::fft::Fft;
use crate::ic::parameter::{LawParameter, LengthParameter, Parameter, bounds, draw};
use crate::ic::spectrum::wave_numbers;
use crate::ic::{Channels, Cost, Drawn, Family, InitialCondition, Refused, Request, Tier};
use crate::key::Manifest;
use crate::node::Law;

/// The family.
pub const FAMILY: Family = Family {
    name: "relativistic_wave_packet",
    version: 1,
    tier: Tier::Tier4,
    summary: "Klein–Gordon packet of positive energy, contracted along its motion",
    formula: "φ = exp(−(γ²x'² + y'²)/2σ²) e^(iγmvx'), π̂ = −i √(κ² + m²) φ̂, ρ = Im(φ π*)",
    channels: Channels::Named(&["field", "rate", "charge density"]),
    cost: Cost::Cheap,
    references: &["Greiner 2000, Relativistic Quantum Mechanics, ch. 1"],
    parameters: &[
        Parameter::Law(&VELOCITY),
        Parameter::Length(&SIGMA),
        Parameter::Law(&COMPTON_WAVELENGTH),
        Parameter::Choice(&NORMALIZE_NATURAL),
    ],
    refused: &[Refused {
        name: "wavenumber_range",
        why: "the wave number of a particle follows from its velocity and mass",
        instead: "write `velocity` and `compton_wavelength`",
    }],
    parse: |fields| {
        Box::new(RelativisticWavePacket {
            velocity: VELOCITY.parse(fields),
            sigma: SIGMA.parse(fields),
            compton_wavelength: COMPTON_WAVELENGTH.parse(fields),
            normalize: Normalize::parse_natural(fields),
        })
    },
};

static VELOCITY: LawParameter = LawParameter {
    name: "velocity",
    range: 0.0..=0.99,
    default: Law::Uniform(0.1, 0.9),
    meaning: "velocity, as a fraction of that of light",
};

static SIGMA: LengthParameter = LengthParameter {
    name: "sigma",
    range: 0.02..=0.25,
    default: Law::Uniform(0.1, 0.14),
    meaning: "width σ of the packet across its motion",
};

static COMPTON_WAVELENGTH: LawParameter = LawParameter {
    name: "compton_wavelength",
    range: 0.01..=10.0,
    default: Law::Constant(0.15),
    meaning: "Compton wavelength 2π/m, as a fraction of the side",
};

const SITE_VELOCITY: u32 = 16;
const SITE_SIGMA: u32 = 17;
const SITE_COMPTON: u32 = 18;
const SITE_MOTION: u32 = 19;

#[derive(Debug)]
struct RelativisticWavePacket {
    velocity: Law,
    sigma: Law,
    compton_wavelength: Law,
    normalize: Normalize,
}

impl InitialCondition for RelativisticWavePacket {
    fn describe(&self, m: &mut dyn Manifest) {
        m.param(VELOCITY.name, (&self.velocity).into());
        m.param(SIGMA.name, (&self.sigma).into());
        m.param(COMPTON_WAVELENGTH.name, (&self.compton_wavelength).into());
        self.normalize.describe(m);
    }

    /// The greatest wave number of all draws, and three widths of the packet's spectrum beyond it
    /// (where it is down to 1 %), must be on the grid.
    fn check(&self, grid: usize, _channels: usize) -> Result<(), String> {
        let velocity = bounds(&self.velocity).1;
        let gamma = 1.0 / (1.0 - velocity * velocity).sqrt();
        let carrier = gamma * velocity / bounds(&self.compton_wavelength).0;
        let reach = carrier + 3.0 * gamma / (TAU * bounds(&self.sigma).0);
        let least = libm::ceil(2.0 * reach);
        if grid as f64 >= least {
            return Ok(());
        }
        Err(format!(
            "packets of velocity {velocity:?} have waves of up to {reach:.1} cycles per side, which \
             need a grid of {least}, not {grid}: lower `velocity`, or raise `sigma` and \
             `compton_wavelength`"
        ))
    }

    fn draw(&self, request: &Request) -> Drawn {
        let (n, stream) = (request.grid, request.stream);
        let velocity = draw(&self.velocity, stream, SITE_VELOCITY);
        let sigma = draw(&self.sigma, stream, SITE_SIGMA);
        let compton = draw(&self.compton_wavelength, stream, SITE_COMPTON);
        let mut draws = stream.site(SITE_MOTION);
        let (x, y) = (draws.uniform(), draws.uniform());
        let (angle, phase) = (TAU * draws.uniform(), TAU * draws.uniform());
        let packet = Packet { velocity, sigma, compton, center: (x, y), angle, phase };

        let [mut field, mut rate] = packet.modes(n);
        let fft = Fft::new(n);
        fft.inverse(&mut field.0, &mut field.1);
        fft.inverse(&mut rate.0, &mut rate.1);
        let mut charge: Vec<f64> =
            (0..n * n).map(|i| field.1[i] * rate.0[i] - field.0[i] * rate.1[i]).collect();
        let greatest = charge.iter().copied().fold(0.0, f64::max);
        divide(&mut charge, greatest);

        let mut fields = [field.0, rate.0, charge].concat();
        fields.truncate(request.channels * n * n);
        let settings = vec![
            (VELOCITY.name, velocity.into()),
            (SIGMA.name, sigma.into()),
            (COMPTON_WAVELENGTH.name, compton.into()),
            ("place", vec![x, y].into()),
            ("direction", angle.into()),
            ("phase", phase.into()),
        ];
        self.normalize.finish(fields, settings)
    }
}

/// One packet; lengths in sides.
struct Packet {
    velocity: f64,
    sigma: f64,
    compton: f64,
    center: (f64, f64),
    angle: f64,
    phase: f64,
}

impl Packet {
    /// The Fourier coefficients of φ and of π/m, each as real and imaginary part, `[n, n]`, first axis
    /// `kx`: `2πσ²/γ · exp(−½ (σ²(κ∥ − k)²/γ² + σ²κ⊥²))`, turned to place and phase.
    fn modes(&self, n: usize) -> [(Vec<f64>, Vec<f64>); 2] {
        let gamma = 1.0 / (1.0 - self.velocity * self.velocity).sqrt();
        let (sin, cos) = libm::sincos(self.angle);
        let carrier = gamma * self.velocity / self.compton;
        let (along, across) = (self.sigma / gamma, self.sigma);
        let size = TAU * along * across;
        let turns = |shift: f64, phase: f64| -> Vec<(f64, f64)> {
            wave_numbers(n).map(|m| libm::sincos(phase - TAU * m as f64 * shift)).collect()
        };
        let (right, down) = (turns(self.center.0, self.phase), turns(self.center.1, 0.0));
        let empty = || (Vec::with_capacity(n * n), Vec::with_capacity(n * n));
        let (mut field, mut rate) = (empty(), empty());
        for (mx, (sx, cx)) in wave_numbers(n).zip(&right) {
            for (my, (sy, cy)) in wave_numbers(n).zip(&down) {
                let (kx, ky) = (mx as f64, my as f64);
                let a = along * (kx * cos + ky * sin - carrier);
                let b = across * (ky * cos - kx * sin);
                let height = size * libm::exp(-2.0 * PI * PI * (a * a + b * b));
                // ω/m
                let energy = (1.0 + self.compton * self.compton * (kx * kx + ky * ky)).sqrt();
                let (re, im) = (height * (cx * cy - sx * sy), height * (sx * cy + cx * sy));
                field.0.push(re);
                field.1.push(im);
                rate.0.push(energy * im);
                rate.1.push(-energy * re);
            }
        }
        [field, rate]
    }
}
