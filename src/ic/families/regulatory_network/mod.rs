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
mod topology;

use crate::ic::common::{NORMALIZE_NATURAL, Normalize};
use crate::ic::parameter::{CountParameter, LawParameter, Parameter, bounds, draw, draw_count};
use crate::ic::simulation::resample;
use crate::ic::{Channels, Cost, Drawn, Family, InitialCondition, Request, Tier};
use crate::key::Manifest;
use crate::node::{Fields, Law};
use kinetics::Kinetics;
use topology::{
    ACTIVATION_FRACTION, CONNECTION_PROBABILITY, INITIAL_LENGTH, NETWORK_SIZE, NETWORK_TOPOLOGY,
    SIDE, SPATIAL_DECAY, Topology,
};

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

const SITE_PRODUCTION: u32 = 17;
const SITE_EXPONENT: u32 = 18;
const SITE_DIFFUSION: u32 = 20;

const STEP: f64 = 0.1;
const STEPS: usize = 200;

#[derive(Debug)]
struct RegulatoryNetwork {
    topology: Topology,
    production: Law,
    exponent: Law,
    diffusion_length: Law,
    normalize: Normalize,
}

impl RegulatoryNetwork {
    fn parse(fields: &Fields<'_>) -> Self {
        let topology = Topology::parse(fields);
        // Three genes with exponent 2 never oscillate.
        let least = if topology.is_repressilator() { 3.0 } else { 2.0 };
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

impl InitialCondition for RegulatoryNetwork {
    fn describe(&self, m: &mut dyn Manifest) {
        self.topology.describe(m);
        m.param(PRODUCTION.name, (&self.production).into());
        m.param(HILL_EXPONENT.name, (&self.exponent).into());
        m.param(DIFFUSION_LENGTH.name, (&self.diffusion_length).into());
        self.normalize.describe(m);
    }

    fn check(&self, _grid: usize, channels: usize) -> Result<(), String> {
        let (s, h) = (bounds(&self.production).0, bounds(&self.exponent).0);
        self.topology.check(channels, s, h)
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
        let shown = self.topology.shown(network.genes.len(), channels);
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
    use crate::rng::Stream;

    /// At t = 20 most networks change by less than a hundredth of themselves in a lifetime, that is,
    /// their state satisfies `s w H(x) − x + L²∇²x = 0`; feedback through a repressor may oscillate.
    #[test]
    fn most_networks_are_steady_in_the_end() {
        let faults = crate::node::Faults::default();
        let topology = Topology::parse(&Fields::new(None, "", &faults));
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
}
