//! `quantum_wave_packet`: a superposition of Gaussian packets of least uncertainty.
//!
//! `Ψ = Σⱼ cⱼ exp(−δⱼ²/4σⱼ² + i kⱼ·δⱼ)`, δⱼ the vector from the centre of packet j, summed over its
//! periodic images, so that nothing happens at the border; cⱼ complex normal. A packet has standard
//! deviation σ in position and 1/2σ in momentum per axis (ħ = 1), the least that Heisenberg's
//! inequality allows; where packets overlap, Ψ interferes. The whole is divided by max |Ψ|.
//!
//! Channels: Re Ψ, Im Ψ, |Ψ|². Source: Cohen-Tannoudji, Diu, Laloë (1977), *Quantum mechanics*,
//! complement G I.
//!
//! Sites: 16 count, 64 + j everything about packet j: x, y, σ, |k|, direction, amplitude.

use std::f64::consts::{PI, TAU};

use crate::ic::common::{NORMALIZE_NATURAL, Normalize};
use crate::ic::geometry::packet;
use crate::ic::parameter::{
    CountParameter, LawParameter, LengthParameter, Parameter, bounds, draw_count,
};
use crate::ic::{Channels, Cost, Drawn, Family, InitialCondition, Refused, Request, Tier};
use crate::key::{Manifest, Value};
use crate::node::Law;

/// The family.
pub const FAMILY: Family = Family {
    name: "quantum_wave_packet",
    version: 1,
    tier: Tier::Tier1,
    summary: "interfering Gaussian wave packets of least uncertainty",
    formula: "Ψ = Σ cⱼ exp(−δⱼ²/4σⱼ² + i kⱼ·δⱼ)",
    channels: Channels::Named(&["Re Ψ", "Im Ψ", "|Ψ|²"]),
    cost: Cost::Cheap,
    references: &["Cohen-Tannoudji, Diu, Laloë (1977), Quantum mechanics, complement G I"],
    parameters: &[
        Parameter::Count(&NUM_PACKETS),
        Parameter::Length(&SIGMA),
        Parameter::Law(&MOMENTUM),
        Parameter::Choice(&NORMALIZE_NATURAL),
    ],
    refused: &[Refused {
        name: "momentum_range",
        why: "it was in radians per pixel, another momentum on every grid",
        instead: "give `momentum` in radians per side; the reference's [0.1, 0.5] at 128 pixels is \
                  {uniform: [12.8, 64]}",
    }],
    parse: |fields| {
        Box::new(QuantumWavePacket {
            num_packets: NUM_PACKETS.parse(fields),
            sigma: SIGMA.parse(fields),
            momentum: MOMENTUM.parse(fields),
            normalize: Normalize::parse_natural(fields),
        })
    },
};

static NUM_PACKETS: CountParameter = CountParameter {
    name: "num_packets",
    range: 1..=64,
    default: Law::Uniform(1.0, 3.0),
    meaning: "number of packets",
};

static SIGMA: LengthParameter = LengthParameter {
    name: "sigma",
    range: 0.005..=0.25,
    default: Law::Uniform(0.04, 0.1),
    meaning: "standard deviation of the position in a packet per axis, drawn for each",
};

static MOMENTUM: LawParameter = LawParameter {
    name: "momentum",
    range: 0.0..=1e5,
    default: Law::Uniform(12.8, 64.0),
    meaning: "mean wave number |k| of a packet, drawn for each, in radians per side",
};

const SITE_COUNT: u32 = 16;
const SITE_PACKETS: u32 = 64;

/// How many standard deviations of momentum the grid must hold beyond the mean.
const SPREAD: f64 = 3.0;

#[derive(Debug)]
struct QuantumWavePacket {
    num_packets: Law,
    sigma: Law,
    momentum: Law,
    normalize: Normalize,
}

impl InitialCondition for QuantumWavePacket {
    fn describe(&self, m: &mut dyn Manifest) {
        m.param(NUM_PACKETS.name, (&self.num_packets).into());
        m.param(SIGMA.name, (&self.sigma).into());
        m.param(MOMENTUM.name, (&self.momentum).into());
        self.normalize.describe(m);
    }

    fn check(&self, grid: usize, _channels: usize) -> Result<(), String> {
        let (momentum, sigma) = (bounds(&self.momentum).1, bounds(&self.sigma).0);
        let least = libm::ceil((momentum + SPREAD * 0.5 / sigma) / PI) as usize;
        if grid >= least {
            return Ok(());
        }
        Err(format!(
            "packets of momentum up to {momentum:?} and width {sigma:?} need a grid of at least \
             {least}, not {grid}: lower `momentum` or raise `sigma`"
        ))
    }

    fn draw(&self, request: &Request) -> Drawn {
        let n = request.grid;
        let count = draw_count(&self.num_packets, request.stream, SITE_COUNT);
        let (mut re, mut im) = (vec![0.0; n * n], vec![0.0; n * n]);
        let mut noted = Vec::with_capacity(count);
        for j in 0..count {
            let mut draws = request.stream.site(SITE_PACKETS + j as u32);
            let (x, y) = (draws.uniform(), draws.uniform());
            let sigma = self.sigma.at(draws.uniform());
            let momentum = self.momentum.at(draws.uniform());
            let (sin, cos) = libm::sincos(TAU * draws.uniform());
            let (kx, ky) = (momentum * cos, momentum * sin);
            let (c_re, c_im) = draws.normal_pair();
            // exp(−δ²/4σ²) is a bump of width √2 σ.
            let width = std::f64::consts::SQRT_2 * sigma;
            let (across, down) = (packet(n, x, width, kx), packet(n, y, width, ky));
            for (row, (a, b)) in down.0.iter().zip(&down.1).enumerate() {
                let (f_re, f_im) = (c_re * a - c_im * b, c_re * b + c_im * a);
                let re = &mut re[row * n..][..n];
                let im = &mut im[row * n..][..n];
                for (i, (a, b)) in across.0.iter().zip(&across.1).enumerate() {
                    re[i] += f_re * a - f_im * b;
                    im[i] += f_re * b + f_im * a;
                }
            }
            noted.push(Value::Map(vec![
                ("x", x.into()),
                ("y", y.into()),
                (SIGMA.name, sigma.into()),
                (MOMENTUM.name, vec![kx, ky].into()),
                ("amplitude", vec![c_re, c_im].into()),
            ]));
        }
        let square = |(a, b): (&f64, &f64)| a * a + b * b;
        let most = re.iter().zip(&im).map(square).fold(0.0, f64::max).sqrt();
        let scale = 1.0 / most;
        let mut fields: Vec<f64> = re.iter().chain(&im).map(|v| v * scale).collect();
        let (re, im) = fields.split_at(n * n);
        let density: Vec<f64> = re.iter().zip(im).map(square).collect();
        fields.extend(density);
        fields.truncate(request.channels * n * n);
        let settings = vec![(NUM_PACKETS.name, count.into()), ("packets", Value::List(noted))];
        self.normalize.finish(fields, settings)
    }
}
