//! What a larger number of operators would make again.

use std::collections::HashSet;

use super::{Expansion, expand};
use crate::config::Experiment;
use crate::profile::Profile;

/// Artifacts of an experiment that the same experiment with more operators would not use, the data set
/// apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Regrowth {
    /// How many of them.
    pub artifacts: usize,
    /// Of how many.
    pub of: usize,
    /// Work to make as many again.
    pub gflop: f64,
    /// Their bytes before encoding.
    pub bytes: u64,
}

/// What one more chunk of operators would cost beyond itself, where the sampler lays out its points as a
/// whole; nothing is said of samplers whose points stay, or where nothing is sampled.
pub fn regrowth(
    experiment: &Experiment,
    profile: &Profile,
    expansion: &Expansion,
) -> Option<Regrowth> {
    if experiment.space.sampled().next().is_none() && experiment.simulation.inputs.len() < 2 {
        return None;
    }
    let points = experiment.sampling.total_samples + u64::from(experiment.execution.chunk);
    let sampler = experiment.sampling.sampler.resized(points)?;
    let mut more = experiment.clone();
    more.sampling.total_samples = points;
    more.sampling.sampler = sampler;
    let more = expand(&more, profile);
    let keys: HashSet<_> = more.graph.iter().map(|(_, node)| (node.kind.name, node.key)).collect();
    let mut out = Regrowth { artifacts: 0, of: 0, gflop: 0.0, bytes: 0 };
    for (at, node) in expansion.graph.iter() {
        if at == expansion.dataset.node() {
            continue;
        }
        out.of += 1;
        if !keys.contains(&(node.kind.name, node.key)) {
            out.artifacts += 1;
            out.gflop += node.cost.gflop;
            out.bytes += node.cost.bytes;
        }
    }
    Some(out)
}
