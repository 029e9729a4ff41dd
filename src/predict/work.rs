//! What a plan has to do, in the terms that builds are measured in.

use std::collections::BTreeMap;

use crate::artifact::{Artifact, RolloutChunk, StateFeatures, is_portable};
use crate::graph::Node;
use crate::operator::Operator;
use crate::plan::{Output, Plan, cost};
use crate::profile::Profile;

/// How many workers compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Workers {
    /// Workers that compute rollouts and what follows: one per processor, or one per CUDA device.
    pub main: usize,
    /// Beside CUDA devices, workers on processors, for what is the same on every machine.
    pub beside: usize,
}

/// How many workers on the processors stand beside each device: more than enough to draw inputs as
/// fast as it takes them, few enough to leave memory for its states.
const BESIDE: usize = 8;

impl Workers {
    /// Those of a build with so many jobs, as asked for.
    pub fn new(profile: &Profile, jobs: Option<usize>) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        if profile.cuda.is_empty() {
            return Self { main: jobs.unwrap_or(processors), beside: 0 };
        }
        // A device is one worker; more jobs than devices would only share it. Beside them, the
        // processors draw what the devices need next.
        let jobs = jobs.unwrap_or(usize::MAX).max(1);
        let main = profile.cuda.len().min(jobs);
        let free = processors.saturating_sub(main).max(1);
        Self { main, beside: free.min(BESIDE * main).min(jobs) }
    }
}

/// Artifacts that are measured together: those of a kind. Rollouts of which features are taken while they
/// are in memory are one pool with these.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Pool {
    /// Rough GFLOP; of what the plan gives none, GB before encoding.
    pub work: f64,
    /// Pieces that may be done at the same time.
    pub pieces: usize,
    /// Bytes before encoding.
    pub raw: u64,
    /// Whether workers on processors do it beside CUDA devices.
    pub portable: bool,
}

/// What is to be done.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Work {
    /// The experiment file.
    pub experiment: String,
    /// By name.
    pub pools: BTreeMap<String, Pool>,
    /// Bytes of the data set before encoding, if it is to be assembled.
    pub assemble: Option<u64>,
    /// Whether rollouts and features are one pool.
    together: bool,
}

impl Work {
    /// What is to be made of a plan. `only_some` leaves the data set out.
    pub fn new(experiment: &str, plan: &Plan, to_make: &[usize], only_some: bool) -> Self {
        let nodes = || to_make.iter().map(|at| plan.graph().node(*at));
        let has = |kind: &str| nodes().any(|node| node.kind.name == kind);
        let together = has(RolloutChunk::KIND.name) && has(StateFeatures::KIND.name);
        let assembles = !only_some && matches!(plan.output, Output::Assemble(_));
        let dataset = plan.graph().node(plan.expansion.dataset.node()).cost.bytes;
        let mut out = Self {
            experiment: experiment.to_owned(),
            pools: BTreeMap::new(),
            assemble: assembles.then_some(dataset),
            together,
        };
        for node in nodes() {
            let name = out.pool(node.kind.name).to_owned();
            let pool = out.pools.entry(name).or_default();
            pool.work += cost::amount(&node.cost, node.cost.gflop);
            pool.pieces += pieces(node);
            pool.raw += node.cost.bytes;
            pool.portable = is_portable(node.kind.name);
        }
        out
    }

    /// So much computing, and nothing else.
    pub fn computing(experiment: &str, gflop: f64, bytes: u64) -> Self {
        let pool = Pool { work: gflop, pieces: usize::MAX, raw: bytes, portable: false };
        let pools = BTreeMap::from([(RolloutChunk::KIND.name.to_owned(), pool)]);
        Self { experiment: experiment.to_owned(), pools, ..Self::default() }
    }

    /// Whether there is nothing to do that could be measured.
    pub fn is_empty(&self) -> bool {
        self.pools.is_empty() && self.assemble.is_none()
    }

    /// The pool of a kind.
    pub fn pool<'a>(&self, kind: &'a str) -> &'a str {
        let merged = [RolloutChunk::KIND.name, StateFeatures::KIND.name];
        if self.together && merged.contains(&kind) { "rollout+features" } else { kind }
    }
}

/// How many workers can make an artifact at the same time.
fn pieces(node: &Node) -> usize {
    let rollout = node.recipe_as::<RolloutChunk>().map(|recipe| &*recipe.operators);
    let operators = rollout.or_else(|| node.recipe_as::<StateFeatures>().map(|r| &*r.operators));
    operators.map_or(1, <[Operator]>::len)
}
