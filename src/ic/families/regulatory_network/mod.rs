//! `regulatory_network`: products of genes that regulate each other, in space.
//!
//! Every gene is read in a territory of its own and its product spreads and decays,
//! `∂x_i/∂t = s w_i H_i(x) − x_i + L² ∇²x_i`, with Hill kinetics H between the genes of a random
//! network ([`kinetics`], [`network`]); time in lifetimes of the products, amounts in units of the
//! threshold at which they act, lengths in sides. Territories are Gaussian patches. The state shown is
//! that at t = 20: a steady one for most networks.
//!
//! Two circuits are read everywhere, from random smooth beginnings: `toggle_switch`, two genes that
//! repress each other and part the plane between them, with a reporter (Gardner, Cantor and Collins
//! 2000, *Nature* 403, 339); and `repressilator`, three genes that repress each other in turn and
//! oscillate with a phase that varies in space (Elowitz and Leibler 2000, *Nature* 403, 335).
//!
//! With C channels the genes of a network fall into C groups, gene i into group i mod C, and a channel is
//! the sum over its group; of a circuit the first C genes are shown. It is integrated on a grid of 48 with
//! Δt = 0.1, whose error stays below 0.01, and brought to the grid asked for by Fourier truncation or
//! padding.
//!
//! Sites: 16 number of genes, 17 production, 18 exponent, 19 width of territories, 20 diffusion length,
//! 21 edges, 22 density of edges, 23 part of activation, 24 length of the beginnings, 64 + i place and
//! first amount of gene i, 1024 on the beginnings of circuits.

mod kinetics;
mod network;

use crate::ic::common::{NORMALIZE_NATURAL, Normalize, SITE_FIELDS};
use crate::ic::geometry::{add_product, bump};
use crate::ic::parameter::{
    ChoiceParameter, CountParameter, LawParameter, Parameter, bounds, draw, draw_count,
    without_effect,
};
use crate::ic::simulation::resample;
use crate::ic::spectrum::{Spectrum, gaussian};
use crate::ic::{Channels, Cost, Drawn, Family, InitialCondition, Request, Tier};
use crate::key::{Manifest, Value};
use crate::node::{Fields, Law};
use crate::rng::Stream;
use kinetics::Kinetics;
use network::Network;

/// The family.
pub const FAMILY: Family = Family {
    name: "regulatory_network",
    version: 1,
    tier: Tier::Tier4,
    summary: "gene regulation in space: Hill kinetics on random networks, diffusion",
    formula: "∂xᵢ/∂t = s wᵢ Hᵢ(x) − xᵢ + L²∇²xᵢ",
    channels: Channels::Scalar("sum over one group of genes in each; of circuits one gene"),
    cost: Cost::Integrated,
    references: &[
        "Barabási and Albert 1999, Science 286, 509",
        "Bintu et al. 2005, Curr. Opin. Genet. Dev. 15, 116",
        "Gardner, Cantor and Collins 2000, Nature 403, 339",
        "Elowitz and Leibler 2000, Nature 403, 335",
    ],
    parameters: &[
        Parameter::Choice(&NETWORK_TOPOLOGY),
        Parameter::Count(&NETWORK_SIZE),
        Parameter::Law(&CONNECTION_PROBABILITY),
        Parameter::Law(&ACTIVATION_FRACTION),
        Parameter::Law(&SPATIAL_DECAY),
        Parameter::Law(&INITIAL_LENGTH),
        Parameter::Law(&PRODUCTION),
        Parameter::Count(&HILL_EXPONENT),
        Parameter::Law(&DIFFUSION_LENGTH),
        Parameter::Choice(&NORMALIZE_NATURAL),
    ],
    refused: &[],
    parse: |fields| Box::new(RegulatoryNetwork::parse(fields)),
};

static NETWORK_TOPOLOGY: ChoiceParameter = ChoiceParameter {
    name: "network_topology",
    allowed: &["scale_free", "random", "hub", "toggle_switch", "repressilator"],
    default: "scale_free",
    meaning: "preferential attachment, every pair as likely, one gene with all others; or a circuit",
};

static NETWORK_SIZE: CountParameter = CountParameter {
    name: "network_size",
    range: 2..=32,
    default: Law::Uniform(5.0, 20.0),
    meaning: "number of genes; circuits have three",
};

static CONNECTION_PROBABILITY: LawParameter = LawParameter {
    name: "connection_probability",
    range: 0.0..=1.0,
    default: Law::Constant(0.3),
    meaning: "density p of edges; random: the probability of each ordered pair; scale_free: each gene \
              is tied to p (size − 1)/2 earlier ones, rounded, at least 1",
};

static ACTIVATION_FRACTION: LawParameter = LawParameter {
    name: "activation_fraction",
    range: 0.0..=1.0,
    default: Law::Constant(0.5),
    meaning: "probability that an edge activates and does not repress; not for circuits",
};

static SPATIAL_DECAY: LawParameter = LawParameter {
    name: "spatial_decay",
    range: 0.05..=0.4,
    default: Law::Uniform(0.1, 0.2),
    meaning: "standard deviation of a territory, as a fraction of the side; not for circuits",
};

static INITIAL_LENGTH: LawParameter = LawParameter {
    name: "initial_length",
    range: 0.05..=0.5,
    default: Law::Constant(0.1),
    meaning: "covariance length of the first amounts, as a fraction of the side; circuits only",
};

static PRODUCTION: LawParameter = LawParameter {
    name: "production",
    // The steepest Hill function has a slope of about s; times the step it stays below 2.78, where the
    // Runge–Kutta method turns unstable.
    range: 1.0..=20.0,
    default: Law::Uniform(5.0, 10.0),
    meaning: "s, greatest production in thresholds per lifetime",
};

static HILL_EXPONENT: CountParameter = CountParameter {
    name: "hill_exponent",
    range: 2..=4,
    default: Law::Uniform(2.0, 4.0),
    meaning: "exponent of the Hill functions; repressilator: from 3 by default",
};

static DIFFUSION_LENGTH: LawParameter = LawParameter {
    name: "diffusion_length",
    range: 0.015..=0.2,
    default: Law::Uniform(0.02, 0.04),
    meaning: "L, how far a product spreads in its lifetime, as a fraction of the side",
};

const SITE_SIZE: u32 = 16;
const SITE_PRODUCTION: u32 = 17;
const SITE_EXPONENT: u32 = 18;
const SITE_TERRITORY: u32 = 19;
const SITE_DIFFUSION: u32 = 20;
const SITE_EDGES: u32 = 21;
const SITE_DENSITY: u32 = 22;
const SITE_ACTIVATION: u32 = 23;
const SITE_INITIAL: u32 = 24;
const SITE_GENES: u32 = 64;

/// Side of the grid of the simulation: territories, diffusion lengths and beginnings of the ranges above
/// are smooth on it.
const SIDE: usize = 48;
const STEP: f64 = 0.1;
const STEPS: usize = 200;
/// Standard deviation of the logarithm of the first amounts of circuits.
const BEGINNING: f64 = 0.5;

#[derive(Debug)]
struct RegulatoryNetwork {
    topology: Topology,
    production: Law,
    exponent: Law,
    diffusion_length: Law,
    normalize: Normalize,
}

#[derive(Debug)]
enum Topology {
    /// Genes with territories.
    Graph { kind: Graph, size: Law, activation: Law, territory: Law },
    /// Three genes everywhere.
    Circuit { kind: Circuit, initial_length: Law },
}

#[derive(Debug)]
enum Graph {
    ScaleFree(Law),
    Random(Law),
    Hub,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Circuit {
    ToggleSwitch,
    Repressilator,
}

impl Circuit {
    fn name(self) -> &'static str {
        match self {
            Circuit::ToggleSwitch => "toggle_switch",
            Circuit::Repressilator => "repressilator",
        }
    }

    /// The slope of the Hill function at the fixed point with equal amounts above which the circuit
    /// does what it is there for: two genes leave it for two states, three begin to oscillate.
    fn critical_slope(self) -> f64 {
        match self {
            Circuit::ToggleSwitch => 1.0,
            Circuit::Repressilator => 2.0,
        }
    }
}

/// `h x^h/(1 + x^h)` where `x (1 + x^h) = s`: the slope, in logarithms, of mutual repression at equal
/// amounts. It grows with s and, above x = 1, with h.
fn slope(production: f64, exponent: f64) -> f64 {
    let power = |x: f64| libm::pow(x, exponent);
    let (mut low, mut high) = (0.0, production);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if middle * (1.0 + power(middle)) < production {
            low = middle;
        } else {
            high = middle;
        }
    }
    exponent * power(low) / (1.0 + power(low))
}

impl RegulatoryNetwork {
    fn parse(fields: &Fields<'_>) -> Self {
        let (size, density) = (NETWORK_SIZE.parse(fields), CONNECTION_PROBABILITY.parse(fields));
        let activation = ACTIVATION_FRACTION.parse(fields);
        let territory = SPATIAL_DECAY.parse(fields);
        let initial_length = INITIAL_LENGTH.parse(fields);
        let name = NETWORK_TOPOLOGY.parse(fields);
        let circuit = [Circuit::ToggleSwitch, Circuit::Repressilator]
            .into_iter()
            .find(|circuit| circuit.name() == name);
        let topology = if let Some(kind) = circuit {
            let graphs = [
                NETWORK_SIZE.name,
                CONNECTION_PROBABILITY.name,
                ACTIVATION_FRACTION.name,
                SPATIAL_DECAY.name,
            ];
            without_effect(fields, &graphs, "a circuit has three genes that are read everywhere");
            Topology::Circuit { kind, initial_length }
        } else {
            without_effect(fields, &[INITIAL_LENGTH.name], "only circuits begin everywhere");
            let kind = match name {
                "random" => Graph::Random(density),
                "hub" => {
                    let reason = "a hub is tied to every gene";
                    without_effect(fields, &[CONNECTION_PROBABILITY.name], reason);
                    Graph::Hub
                }
                _ => Graph::ScaleFree(density),
            };
            Topology::Graph { kind, size, activation, territory }
        };
        // Three genes with exponent 2 never oscillate.
        let least = if circuit == Some(Circuit::Repressilator) { 3.0 } else { 2.0 };
        let exponent = HILL_EXPONENT.parse_or(fields, &Law::Uniform(least, 4.0));
        Self {
            topology,
            production: PRODUCTION.parse(fields),
            exponent,
            diffusion_length: DIFFUSION_LENGTH.parse(fields),
            normalize: Normalize::parse_natural(fields),
        }
    }
}

impl Topology {
    fn describe(&self, m: &mut dyn Manifest) {
        match self {
            Topology::Graph { kind, size, activation, territory } => {
                let (name, density) = match kind {
                    Graph::ScaleFree(density) => ("scale_free", Some(density)),
                    Graph::Random(density) => ("random", Some(density)),
                    Graph::Hub => ("hub", None),
                };
                m.param(NETWORK_TOPOLOGY.name, name.into());
                m.param(NETWORK_SIZE.name, size.into());
                if let Some(density) = density {
                    m.param(CONNECTION_PROBABILITY.name, density.into());
                }
                m.param(ACTIVATION_FRACTION.name, activation.into());
                m.param(SPATIAL_DECAY.name, territory.into());
            }
            Topology::Circuit { kind, initial_length } => {
                m.param(NETWORK_TOPOLOGY.name, kind.name().into());
                m.param(INITIAL_LENGTH.name, initial_length.into());
            }
        }
    }

    /// The network, the territories and the first amounts `[genes, SIDE, SIDE]`; notes what was drawn.
    fn begin(
        &self,
        production: f64,
        stream: Stream,
        settings: &mut Vec<(&'static str, Value)>,
    ) -> (Network, Vec<f64>, Vec<f64>) {
        match self {
            Topology::Graph { kind, size, activation, territory } => {
                let size = draw_count(size, stream, SITE_SIZE);
                let activation = draw(activation, stream, SITE_ACTIVATION);
                let width = draw(territory, stream, SITE_TERRITORY);
                settings.extend([
                    (NETWORK_SIZE.name, size.into()),
                    (ACTIVATION_FRACTION.name, activation.into()),
                    (SPATIAL_DECAY.name, width.into()),
                ]);
                let network = kind.network(size, activation, stream, settings);
                let (mut territories, mut amounts) = (Vec::new(), Vec::new());
                for i in 0..size {
                    let mut draws = stream.site(SITE_GENES + i as u32);
                    let side = SIDE as f64;
                    let (x, y) = (side * draws.uniform(), side * draws.uniform());
                    let amount = production * draws.uniform();
                    let (across, down) = (bump(SIDE, x, width * side), bump(SIDE, y, width * side));
                    let mut patch = vec![0.0; SIDE * SIDE];
                    add_product(&mut patch, &across, &down, 1.0);
                    amounts.extend(patch.iter().map(|w| amount * w));
                    territories.extend(patch);
                }
                (network, territories, amounts)
            }
            Topology::Circuit { kind, initial_length } => {
                let length = draw(initial_length, stream, SITE_INITIAL);
                settings.push((INITIAL_LENGTH.name, length.into()));
                let network = match kind {
                    Circuit::ToggleSwitch => Network::toggle_switch(),
                    Circuit::Repressilator => Network::repressilator(),
                };
                let mut amounts = Spectrum::new(SIDE, gaussian(length)).fields(
                    stream,
                    SITE_FIELDS,
                    network.genes.len(),
                );
                for x in &mut amounts {
                    *x = libm::exp(BEGINNING * *x);
                }
                (network, vec![1.0; amounts.len()], amounts)
            }
        }
    }
}

impl Graph {
    fn network(
        &self,
        size: usize,
        activation: f64,
        stream: Stream,
        settings: &mut Vec<(&'static str, Value)>,
    ) -> Network {
        let mut draws = stream.site(SITE_EDGES);
        let density = |law| draw(law, stream, SITE_DENSITY);
        let network = match self {
            Graph::ScaleFree(law) => {
                let ties = libm::round(density(law) * (size - 1) as f64 / 2.0).max(1.0) as usize;
                Network::scale_free(size, ties, activation, &mut draws)
            }
            Graph::Random(law) => Network::random(size, density(law), activation, &mut draws),
            Graph::Hub => Network::hub(size, activation, &mut draws),
        };
        settings.push(("num_edges", network.edges().into()));
        network
    }
}

impl InitialCondition for RegulatoryNetwork {
    fn describe(&self, m: &mut dyn Manifest) {
        self.topology.describe(m);
        m.param(PRODUCTION.name, (&self.production).into());
        m.param(HILL_EXPONENT.name, (&self.exponent).into());
        m.param(DIFFUSION_LENGTH.name, (&self.diffusion_length).into());
        self.normalize.describe(m);
    }

    fn check(&self, _grid: usize, channels: usize) -> Result<(), String> {
        match &self.topology {
            Topology::Graph { size, .. } => {
                let least = bounds(size).0;
                if least < channels as f64 {
                    return Err(format!(
                        "`network_size` {least} leaves some of {channels} channels without a gene: \
                         give at least {channels}"
                    ));
                }
            }
            Topology::Circuit { kind, .. } => {
                if channels > 3 {
                    return Err(format!(
                        "a circuit has 3 genes, and the experiment asks for {channels} channels"
                    ));
                }
                let (s, h) = (bounds(&self.production).0, bounds(&self.exponent).0);
                let (found, needed) = (slope(s, h), kind.critical_slope());
                if found < 1.05 * needed {
                    return Err(format!(
                        "`{}` does nothing at `production` {s:?} and `hill_exponent` {h}: the slope \
                         at equal amounts is {found:.2}, and must be well above {needed:.2}; raise \
                         either",
                        kind.name()
                    ));
                }
            }
        }
        Ok(())
    }

    fn draw(&self, request: &Request) -> Drawn {
        let (stream, channels) = (request.stream, request.channels);
        let production = draw(&self.production, stream, SITE_PRODUCTION);
        let exponent = draw_count(&self.exponent, stream, SITE_EXPONENT);
        let diffusion_length = draw(&self.diffusion_length, stream, SITE_DIFFUSION);
        let mut settings = vec![
            (PRODUCTION.name, production.into()),
            (HILL_EXPONENT.name, exponent.into()),
            (DIFFUSION_LENGTH.name, diffusion_length.into()),
        ];
        let (network, territories, mut amounts) =
            self.topology.begin(production, stream, &mut settings);
        let kinetics = Kinetics { network: &network, production, exponent, diffusion_length };
        kinetics.integrate(&mut amounts, &territories, STEP, STEPS);
        let area = SIDE * SIDE;
        let mut groups = vec![0.0; channels * area];
        let shown = match self.topology {
            Topology::Graph { .. } => network.genes.len(),
            Topology::Circuit { .. } => channels,
        };
        for (i, gene) in amounts.chunks_exact(area).take(shown).enumerate() {
            let group = &mut groups[i % channels * area..][..area];
            group.iter_mut().zip(gene).for_each(|(sum, x)| *sum += x);
        }
        self.normalize.finish(resample(groups, SIDE, request.grid), settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At t = 20 most networks change by less than a hundredth of themselves in a lifetime, that is,
    /// their state satisfies `s w H(x) − x + L²∇²x = 0`; feedback through a repressor may oscillate.
    #[test]
    fn most_networks_are_steady_in_the_end() {
        let topology = Topology::Graph {
            kind: Graph::ScaleFree(CONNECTION_PROBABILITY.default.clone()),
            size: NETWORK_SIZE.default.clone(),
            activation: ACTIVATION_FRACTION.default.clone(),
            territory: SPATIAL_DECAY.default.clone(),
        };
        let steady = (0..16).filter(|i| {
            let stream = Stream::new(1, "steady", &[*i]);
            let (network, territories, mut x) = topology.begin(8.0, stream, &mut Vec::new());
            let kinetics = Kinetics {
                network: &network,
                production: 8.0,
                exponent: 3,
                diffusion_length: 0.03,
            };
            kinetics.integrate(&mut x, &territories, STEP, STEPS);
            let before = x.clone();
            kinetics.integrate(&mut x, &territories, STEP, 1);
            let size: f64 = x.iter().map(|v| v * v).sum();
            let change: f64 = x.iter().zip(&before).map(|(a, b)| (a - b) * (a - b)).sum();
            (change / size).sqrt() / STEP < 0.01
        });
        let steady = steady.count();
        assert!(steady >= 14, "{steady} of 16");
    }

    /// The slope at which two repressors part and three oscillate, by the closed forms: h = 2 and x = 1
    /// at s = 2; h = 3 and x³ = 2 at s = 3 · 2^(1/3).
    #[test]
    fn circuits_have_their_critical_points() {
        assert!((slope(2.0, 2.0) - 1.0).abs() < 1e-12);
        assert!((slope(3.0 * libm::cbrt(2.0), 3.0) - 2.0).abs() < 1e-12);
    }
}
