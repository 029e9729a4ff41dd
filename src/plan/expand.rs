//! From an experiment to its graph of artifacts: pure, fast, without effects.
//!
//! Boundaries of chunks, blocks and segments depend on indices and `execution` alone, so growing N, M
//! or T adds artifacts and changes none that is full. For the same reason chunks are expanded on several
//! threads, some of them at a time, and then put together in their order: nothing depends on how many.

mod measures;
mod renders;

use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use super::cost::{self, Costs};
use crate::artifact::{
    DatasetFile, FeatureTable, Handle, InitialConditions, Input, Looked, Parameters, RolloutChunk,
    Start, StateFeatures, Weights,
};
use crate::config::{self, Experiment, Layout};
use crate::error::Error;
use crate::features;
use crate::graph::{Graph, Placed};
use crate::key::Key;
use crate::operator::Operator;
use crate::profile::Profile;
use crate::render::select::{Choice, Selection};
use crate::space::{Group, INPUT_TYPE_DIMENSION, ParameterId, Setting, Spec, Theta, VOCABULARY};
pub use renders::Exported;
use renders::{Blocks, Rolled};

/// The artifacts of one experiment.
#[derive(Debug)]
pub struct Expansion {
    /// All of them, inputs first.
    pub graph: Graph,
    /// The last one.
    pub dataset: Placed<DatasetFile>,
    /// Every operator, by index.
    pub operators: Vec<Operator>,
    /// Which entry of `simulation.inputs` each operator starts from.
    pub entries: Vec<u32>,
    /// Files that renders are handed out as.
    pub renders: Vec<Exported>,
    /// What turned out to be wrong with renders, each under its path in the file.
    pub faults: Vec<Error>,
}

/// How many operators are expanded at a time, in whole chunks.
const AT_A_TIME: u64 = 2048;

/// Expands `experiment` for the machine that `profile` describes.
pub fn expand(experiment: &Experiment, profile: &Profile) -> Expansion {
    let given = Given::new(experiment, profile);
    let total = experiment.sampling.total_samples;
    let chunk = u64::from(experiment.execution.chunk);
    let size = AT_A_TIME.next_multiple_of(chunk);
    let part = |at: u64| {
        let mut part = Expand::new(&given);
        part.chunks(at * size..((at + 1) * size).min(total));
        part
    };
    let mut all = Expand::new(&given);
    match total.div_ceil(size) {
        // Starting threads takes longer than a part.
        parts @ 0..=2 => (0..parts).for_each(|at| all.append(part(at))),
        parts => {
            // Some at a time: what is put together needs no second place in memory.
            let at_once = 4 * rayon::current_num_threads() as u64;
            for first in (0..parts).step_by(at_once as usize) {
                let range = first..(first + at_once).min(parts);
                let made: Vec<Expand> = range.into_par_iter().map(part).collect();
                for part in made {
                    all.append(part);
                }
            }
        }
    }
    all.finish()
}

/// As [`expand`], but only the chunks of these operators, which must have operator 0 among them; every render
/// shows that one.
pub fn expand_some(experiment: &Experiment, profile: &Profile, operators: &[u64]) -> Expansion {
    let mut experiment = experiment.clone();
    for render in &mut experiment.renders {
        let choice = Choice::Indices(vec![0]);
        render.selection = Selection { choice, policy: None, input: None, grid: None };
    }
    let given = Given::new(&experiment, profile);
    let mut some = Expand::new(&given);
    let total = experiment.sampling.total_samples;
    let size = u64::from(experiment.execution.chunk);
    let mut chunks: Vec<u64> = operators.iter().filter(|o| **o < total).map(|o| o / size).collect();
    chunks.dedup();
    for chunk in chunks {
        some.chunks(chunk * size..((chunk + 1) * size).min(total));
    }
    some.finish()
}

/// What every chunk is expanded from.
struct Given<'a> {
    experiment: &'a Experiment,
    profile: &'a Profile,
    /// Named parameters of each group.
    groups: Vec<(Group, Vec<(ParameterId, Spec)>)>,
    /// Values of everything that is not sampled.
    constants: Theta,
    /// Upper ends of the shares of the initial conditions.
    shares: Vec<f64>,
}

/// The artifacts of some chunks, or of all.
struct Expand<'a> {
    given: &'a Given<'a>,
    experiment: &'a Experiment,
    profile: &'a Profile,
    graph: Graph,
    operators: Vec<Operator>,
    entries: Vec<u32>,
    /// What goes into the data set: label and key.
    members: Vec<(String, Key)>,
    /// Rollouts, if renders look for them.
    rolled: Vec<Rolled>,
    /// Tables of features: of states, and of operators.
    tables: (Vec<Handle<StateFeatures>>, Vec<Handle<FeatureTable>>),
}

impl<'a> Given<'a> {
    fn new(experiment: &'a Experiment, profile: &'a Profile) -> Self {
        let mut constants = [Setting::Int(0); VOCABULARY.len()];
        for (at, value) in constants.iter_mut().enumerate() {
            let id = ParameterId(at);
            // A sampled parameter is filled in per operator; until then its default stands there.
            *value = experiment.space.constant(id).unwrap_or(id.get().default);
        }
        let groups = Group::ALL
            .into_iter()
            .map(|group| {
                let named = experiment.space.named.iter();
                (group, named.filter(|(id, _)| id.get().group == group).cloned().collect())
            })
            .filter(|(_, named): &(_, Vec<_>)| !named.is_empty())
            .collect();
        let mut sum = 0.0;
        let shares = experiment
            .simulation
            .inputs
            .iter()
            .map(|entry| {
                sum += entry.weight;
                sum
            })
            .collect();
        Self { experiment, profile, groups, constants: Theta(constants), shares }
    }
}

impl<'a> Expand<'a> {
    fn new(given: &'a Given<'a>) -> Self {
        Self {
            given,
            experiment: given.experiment,
            profile: given.profile,
            graph: Graph::default(),
            operators: Vec::new(),
            entries: Vec::new(),
            members: Vec::new(),
            rolled: Vec::new(),
            tables: (Vec::new(), Vec::new()),
        }
    }

    /// Adds what was expanded of the chunks that follow.
    fn append(&mut self, other: Self) {
        self.graph.append(other.graph);
        self.operators.extend(other.operators);
        self.entries.extend(other.entries);
        self.members.extend(other.members);
        self.rolled.extend(other.rolled);
        self.tables.0.extend(other.tables.0);
        self.tables.1.extend(other.tables.1);
    }

    /// Expands the chunks of these operators. Coordinates are drawn for all of them at once.
    fn chunks(&mut self, range: Range<u64>) {
        let operators = self.draw(range.clone());
        let choices = match self.experiment.simulation.inputs.len() {
            1 => vec![0.0; operators.len()],
            _ => self.experiment.sampling.sampler.column(INPUT_TYPE_DIMENSION, range),
        };
        let chunk = self.experiment.execution.chunk as usize;
        for (operators, choices) in operators.chunks(chunk).zip(choices.chunks(chunk)) {
            self.chunk(operators, choices);
        }
        self.operators.extend(operators);
    }

    fn chunk(&mut self, operators: &[Operator], choices: &[f64]) {
        let range = operators[0].index..operators[operators.len() - 1].index + 1;
        for (group, specs) in &self.given.groups {
            let cost = cost::table(operators.len(), specs.len());
            let recipe = Parameters {
                group: *group,
                operators: range.clone(),
                sampler: self.experiment.sampling.sampler.clone(),
                specs: specs.clone(),
            };
            let handle = self.graph.add(recipe, cost);
            self.include(handle);
        }
        let seed = self.experiment.sampling.seed;
        let shared: Arc<[Operator]> = operators.into();
        let costs = Costs::of(&shared);
        let weights = self
            .graph
            .add(Weights { operators: shared.clone(), seed, stored: false }, costs.weights(false));
        if self.experiment.dataset.operator_weights {
            let stored = Weights { operators: shared.clone(), seed, stored: true };
            let handle = self.graph.add(stored, costs.weights(true));
            self.include(handle);
        }
        let inputs = self.inputs(&shared, choices);
        self.include(inputs);
        if self.experiment.dataset.operator_features {
            let recipe = FeatureTable {
                operators: shared.clone(),
                weights,
                inputs,
                seed,
                precision: self.profile.precision.name(),
                profile: self.profile.name.clone(),
            };
            let handle = self.graph.add(recipe, costs.features());
            self.tables.1.push(handle);
            self.include(handle);
        }
        self.rollouts(&shared, &costs, weights, inputs);
    }

    /// Makes an artifact a part of the data set.
    fn include<A>(&mut self, artifact: Handle<A>) {
        let at = self.graph.find(&artifact.key()).expect("it was added just now");
        self.members.push((self.graph.node(at).label(), artifact.key()));
    }

    /// Operators: coordinates, mapped to values.
    fn draw(&self, range: Range<u64>) -> Vec<Operator> {
        let mut thetas = vec![self.given.constants; (range.end - range.start) as usize];
        for (id, spec) in self.experiment.space.sampled() {
            let sampler = &self.experiment.sampling.sampler;
            let column = sampler.column(id.get().dimension, range.clone());
            for (theta, u) in thetas.iter_mut().zip(column) {
                theta.0[id.0] = spec.value(u);
            }
        }
        range.zip(&thetas).map(|(index, theta)| Operator::new(index, theta)).collect()
    }

    fn inputs(&mut self, operators: &[Operator], choices: &[f64]) -> Handle<InitialConditions> {
        let simulation = &self.experiment.simulation;
        let shares = &self.given.shares;
        let inputs: Vec<Input> = operators
            .iter()
            .zip(choices)
            .map(|(operator, u)| {
                let entry = shares.partition_point(|end| end <= u).min(shares.len() - 1);
                let chosen = &simulation.inputs[entry];
                self.entries.push(entry as u32);
                Input {
                    operator: operator.index,
                    entry,
                    family: chosen.family,
                    settings: chosen.settings.clone(),
                    grid: operator.grid,
                }
            })
            .collect();
        let cost = cost::inputs(&inputs, simulation.channels);
        let seed = self.experiment.sampling.seed;
        self.graph.add(InitialConditions { inputs, seed, channels: simulation.channels }, cost)
    }

    /// The rollouts of a chunk: operators of one grid and one dependence on the horizon together.
    fn rollouts(
        &mut self,
        operators: &Arc<[Operator]>,
        costs: &Costs,
        weights: Handle<Weights>,
        inputs: Handle<InitialConditions>,
    ) {
        let horizon = self.experiment.simulation.num_timesteps;
        let class = |o: &Operator| (o.grid, o.depends_on_horizon(horizon));
        let mut classes: Vec<(u32, bool)> = operators.iter().map(class).collect();
        classes.sort_unstable();
        classes.dedup();
        let grids = classes.iter().any(|(grid, _)| *grid != classes[0].0);
        let chunk = (operators[0].index, operators[operators.len() - 1].index);
        let single = classes.len() == 1;
        for (grid, annealed) in classes {
            let (members, costs): (Arc<[Operator]>, _) = if single {
                (operators.clone(), costs.clone())
            } else {
                let of = |o: &Operator| class(o) == (grid, annealed);
                let costs = costs.only(operators.iter().map(of));
                (operators.iter().filter(|o| of(o)).copied().collect(), costs)
            };
            let mut group = if grids { format!("/grid{grid}") } else { String::new() };
            if annealed {
                group.push_str("/annealing");
            }
            let start = (weights, inputs);
            let operators = &members;
            self.blocks(&Members { operators, costs: &costs, chunk, group: &group, start, grid });
        }
    }

    fn blocks(&mut self, members: &Members<'_>) {
        let dataset = &self.experiment.dataset;
        let wanted = self.experiment.features.as_ref().filter(|_| !dataset.trajectories);
        let looked = wanted.filter(|wanted| !wanted.categories.is_empty()).map(|wanted| {
            Arc::new(Looked {
                categories: wanted
                    .categories
                    .iter()
                    .filter_map(|n| features::category(n))
                    .collect(),
                settings: wanted.settings.clone(),
            })
        });
        let blocks = self.segments(members, dataset.trajectories, looked.as_ref());
        for (_, handle) in blocks.iter().flatten() {
            self.include(*handle);
        }
        let handles =
            |block: &Vec<(_, Handle<RolloutChunk>)>| block.iter().map(|(_, h)| *h).collect();
        let rollouts: Vec<Vec<Handle<RolloutChunk>>> = blocks.iter().map(handles).collect();
        if !self.experiment.renders.is_empty() {
            let (operators, chunk) = (members.operators.clone(), members.chunk.0);
            self.rolled.push(Rolled { operators, chunk, start: members.start, blocks });
        }
        self.features(members.operators, members.chunk, members.group, &rollouts);
    }

    /// The rollouts of some operators: blocks of realizations, each with its segments.
    fn segments(
        &mut self,
        members: &Members<'_>,
        stored: bool,
        looked: Option<&Arc<Looked>>,
    ) -> Blocks {
        let simulation = &self.experiment.simulation;
        let execution = &self.experiment.execution;
        let mut blocks = Vec::new();
        for realizations in pieces(simulation.num_realizations, execution.realization_block) {
            let mut start = Start::Inputs(members.start.1);
            let mut segments = Vec::new();
            for steps in pieces(simulation.num_timesteps, execution.segment_for(members.grid)) {
                let recipe = RolloutChunk {
                    operators: members.operators.clone(),
                    chunk: members.chunk,
                    group: members.group.to_owned(),
                    realizations: realizations.clone(),
                    steps: steps.clone(),
                    num_timesteps: simulation.num_timesteps,
                    weights: members.start.0,
                    start,
                    seed: self.experiment.sampling.seed,
                    rollout: simulation.rollout,
                    launch: (!self.profile.cuda.is_empty()).then_some(execution.realization_block),
                    precision: self.profile.precision.name(),
                    dtype: self.experiment.dataset.dtype.name(),
                    stored,
                    looked: looked.cloned(),
                    profile: self.profile.name.clone(),
                };
                let cost = members.costs.rollout(&recipe);
                let handle = self.graph.add(recipe, cost);
                segments.push((steps, handle));
                start = Start::Segment(handle);
            }
            blocks.push(segments);
        }
        blocks
    }

    /// The rollouts of one operator of which no other keeps the states.
    fn kept(
        &mut self,
        operator: Operator,
        start: (Handle<Weights>, Handle<InitialConditions>),
    ) -> Blocks {
        let operators: Arc<[Operator]> = [operator].into();
        let (chunk, grid) = ((operator.index, operator.index), operator.grid);
        let costs = &Costs::of(&operators);
        let members = Members { operators: &operators, costs, chunk, group: "/kept", start, grid };
        self.segments(&members, true, None)
    }

    fn finish(mut self) -> Expansion {
        self.statistics();
        let bytes = self.graph.iter().map(|(_, node)| node.cost.bytes).sum();
        let (renders, faults) = self.renders();
        let dataset = &self.experiment.dataset;
        let parts = [
            ("parameters", dataset.parameters),
            ("inputs", dataset.inputs),
            ("outputs", dataset.trajectories),
            ("features", dataset.operator_features),
            ("config", dataset.include_config),
            ("sampling_metrics", dataset.include_sampling_metrics),
            ("timestamps", dataset.include_timestamps),
        ];
        let recipe = DatasetFile {
            config: config::leaves(&config::canonical(self.experiment, self.profile.precision))
                .into_iter()
                .map(|(path, value)| (path, value.to_string()))
                .collect(),
            compression: dataset.compression,
            layout: match dataset.layout {
                Layout::Grouped => "grouped",
                Layout::Padded => "padded",
            },
            splits: dataset.splits,
            parts: parts.iter().filter(|(_, on)| *on).map(|(name, _)| *name).collect(),
            inputs: std::mem::take(&mut self.members),
        };
        let dataset = self.graph.add(recipe, crate::graph::Cost { gflop: 0.0, bytes });
        let dataset = self.graph.placed(dataset);
        let (operators, entries) = (self.operators, self.entries);
        Expansion { graph: self.graph, dataset, operators, entries, renders, faults }
    }
}

/// Operators that are rolled out together.
struct Members<'a> {
    operators: &'a Arc<[Operator]>,
    /// What each of them costs.
    costs: &'a Costs,
    /// First and last operator of the chunk.
    chunk: (u64, u64),
    /// What tells them from others of the chunk.
    group: &'a str,
    /// What they start from.
    start: (Handle<Weights>, Handle<InitialConditions>),
    grid: u32,
}

/// `0..total` in pieces of `size`, the last one perhaps short.
fn pieces(total: u32, size: u32) -> impl Iterator<Item = Range<u32>> {
    (0..total.div_ceil(size)).map(move |i| i * size..((i + 1) * size).min(total))
}
