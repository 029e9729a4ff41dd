//! The settings of the network: its kind and size, where its genes are read, how it begins.

use super::network::Network;
use crate::ic::common::SITE_FIELDS;
use crate::ic::geometry::{add_product, bump};
use crate::ic::parameter::{
    ChoiceParameter, CountParameter, LawParameter, bounds, draw, draw_count, without_effect,
};
use crate::ic::spectrum::{Spectrum, gaussian};
use crate::key::{Manifest, Value};
use crate::node::{Fields, Law};
use crate::rng::Stream;

/// What kind of network.
pub static NETWORK_TOPOLOGY: ChoiceParameter = ChoiceParameter {
    name: "network_topology",
    allowed: &["scale_free", "random", "hub", "toggle_switch", "repressilator"],
    default: "scale_free",
    meaning: "preferential attachment, every pair as likely, one gene with all others; or a circuit",
};

/// How many genes.
pub static NETWORK_SIZE: CountParameter = CountParameter {
    name: "network_size",
    range: 2..=32,
    default: Law::Uniform(5.0, 20.0),
    meaning: "number of genes; circuits have three",
};

/// How many edges.
pub static CONNECTION_PROBABILITY: LawParameter = LawParameter {
    name: "connection_probability",
    range: 0.0..=1.0,
    default: Law::Constant(0.3),
    meaning: "density p of edges; random: the probability of each ordered pair; scale_free: each gene \
              is tied to p (size − 1)/2 earlier ones, rounded, at least 1",
};

/// How many of them activate.
pub static ACTIVATION_FRACTION: LawParameter = LawParameter {
    name: "activation_fraction",
    range: 0.0..=1.0,
    default: Law::Constant(0.5),
    meaning: "probability that an edge activates and does not repress; not for circuits",
};

/// How wide territories are.
pub static SPATIAL_DECAY: LawParameter = LawParameter {
    name: "spatial_decay",
    range: 0.05..=0.4,
    default: Law::Uniform(0.1, 0.2),
    meaning: "standard deviation of a territory, as a fraction of the side; not for circuits",
};

/// How smoothly circuits begin.
pub static INITIAL_LENGTH: LawParameter = LawParameter {
    name: "initial_length",
    range: 0.05..=0.5,
    default: Law::Constant(0.1),
    meaning: "covariance length of the first amounts, as a fraction of the side; circuits only",
};

const SITE_SIZE: u32 = 16;
const SITE_TERRITORY: u32 = 19;
const SITE_EDGES: u32 = 21;
const SITE_DENSITY: u32 = 22;
const SITE_ACTIVATION: u32 = 23;
const SITE_INITIAL: u32 = 24;
const SITE_GENES: u32 = 64;

/// Side of the grid of the simulation: territories, diffusion lengths and beginnings of the ranges above
/// are smooth on it.
pub const SIDE: usize = 48;
/// Standard deviation of the logarithm of the first amounts of circuits.
const BEGINNING: f64 = 0.5;

/// The network of a sample, and where its genes are read.
#[derive(Debug)]
pub enum Topology {
    /// Genes with territories.
    Graph { kind: Graph, size: Law, activation: Law, territory: Law },
    /// Three genes everywhere.
    Circuit { kind: Circuit, initial_length: Law },
}

/// A random graph, with its density.
#[derive(Debug)]
pub enum Graph {
    ScaleFree(Law),
    Random(Law),
    Hub,
}

/// A circuit of three genes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Circuit {
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

impl Topology {
    /// Reads its settings.
    pub fn parse(fields: &Fields<'_>) -> Self {
        let (size, density) = (NETWORK_SIZE.parse(fields), CONNECTION_PROBABILITY.parse(fields));
        let activation = ACTIVATION_FRACTION.parse(fields);
        let territory = SPATIAL_DECAY.parse(fields);
        let initial_length = INITIAL_LENGTH.parse(fields);
        let name = NETWORK_TOPOLOGY.parse(fields);
        let circuit = [Circuit::ToggleSwitch, Circuit::Repressilator]
            .into_iter()
            .find(|circuit| circuit.name() == name);
        if let Some(kind) = circuit {
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
        }
    }

    /// Whether it is the circuit that needs steep Hill functions.
    pub fn is_repressilator(&self) -> bool {
        matches!(self, Topology::Circuit { kind: Circuit::Repressilator, .. })
    }

    /// How many of its genes are shown: all, or of a circuit one in each channel.
    pub fn shown(&self, genes: usize, channels: usize) -> usize {
        match self {
            Topology::Graph { .. } => genes,
            Topology::Circuit { .. } => channels,
        }
    }

    /// Refuses channels without a gene, and circuits that do nothing at the least production `s` and
    /// exponent `h`.
    pub fn check(&self, channels: usize, s: f64, h: f64) -> Result<(), String> {
        match self {
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

    /// Describes what acts.
    pub fn describe(&self, m: &mut dyn Manifest) {
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
    pub fn begin(
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The slope at which two repressors part and three oscillate, by the closed forms: h = 2 and x = 1
    /// at s = 2; h = 3 and x³ = 2 at s = 3 · 2^(1/3).
    #[test]
    fn circuits_have_their_critical_points() {
        assert!((slope(2.0, 2.0) - 1.0).abs() < 1e-12);
        assert!((slope(3.0 * libm::cbrt(2.0), 3.0) - 2.0).abs() < 1e-12);
    }
}
