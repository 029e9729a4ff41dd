//! How heavy artifacts are, from shapes alone: for the order of work, for progress and for estimates.

use crate::artifact::{
    Input, Picture, RenderFile, RenderFrames, RenderTally, RolloutChunk, StateFeatures,
};
use crate::config::Experiment;
use crate::config::experiment::Features;
use crate::features::{self, Stage};
use crate::graph::Cost;
use crate::ic::{self, simulation};
use crate::operator::layers::Stack;
use crate::operator::{NoiseLaw, NoiseLocation, Operator, sensitivity};

/// A table of `rows` × `columns` numbers.
pub fn table(rows: usize, columns: usize) -> Cost {
    Cost { gflop: 0.0, bytes: (rows * columns * 16) as u64 }
}

/// What is asked of some operators again and again, worked out once.
#[derive(Debug, Clone)]
pub struct Costs(Vec<Known>);

/// One operator.
#[derive(Debug, Clone, Copy)]
struct Known {
    /// Number of weights.
    weights: u64,
    /// As [`application`].
    application: f64,
    /// As [`noise`].
    noise: f64,
}

impl Known {
    fn of(operator: &Operator) -> Self {
        let stack = Stack::new(&operator.architecture);
        Self {
            weights: stack.weights(),
            application: application_of(&stack, operator),
            noise: noise(&stack, operator),
        }
    }
}

impl Costs {
    /// Of these operators.
    pub fn of(operators: &[Operator]) -> Self {
        Self(operators.iter().map(Known::of).collect())
    }

    /// Of some of the operators: those that are marked.
    #[must_use]
    pub fn only(&self, marked: impl Iterator<Item = bool>) -> Self {
        Self(self.0.iter().zip(marked).filter(|(_, marked)| *marked).map(|(c, _)| *c).collect())
    }

    /// Drawing and hashing every weight: about twenty operations each.
    pub fn weights(&self, stored: bool) -> Cost {
        let count: u64 = self.0.iter().map(|o| o.weights).sum();
        Cost { gflop: count as f64 * 20e-9, bytes: if stored { count * 4 } else { 100 } }
    }

    /// Ten evaluations of the network.
    pub fn features(&self) -> Cost {
        Cost {
            gflop: self.0.iter().map(|o| 10.0 * o.application).sum(),
            bytes: 50 * self.0.len() as u64,
        }
    }

    /// The cost of a rollout of these operators.
    pub fn rollout(&self, recipe: &RolloutChunk) -> Cost {
        let realizations = u64::from(recipe.realizations.end - recipe.realizations.start);
        let states = u64::from(recipe.steps.end - recipe.steps.start) * realizations;
        let width = if recipe.dtype == "float16" { 2 } else { 4 };
        let mut cost = Cost::default();
        for (operator, known) in recipe.operators.iter().zip(&self.0) {
            let state = u64::from(operator.architecture.channels) * u64::from(operator.grid).pow(2);
            cost.gflop += unit_of(recipe, operator, known);
            cost.bytes += states * (21 + if recipe.stored { state * width } else { 0 });
            if recipe.num_timesteps > 1 {
                // The end states, from which a longer rollout goes on.
                cost.bytes += realizations * state * 4;
            }
        }
        cost
    }
}

/// A transform and a few passes per field, some dozens of them, or a simulation on a grid of its own:
/// counted as what the same time would do in convolutions.
pub fn inputs(inputs: &[Input], channels: u32) -> Cost {
    let mut cost = Cost::default();
    for input in inputs {
        let values = u64::from(input.grid).pow(2) * u64::from(channels);
        let simulated = (simulation::side(input.grid as usize) as f64).powi(2);
        cost.bytes += values * 4;
        cost.gflop += match input.family.cost {
            ic::Cost::Cheap => values as f64 * 3e-6,
            ic::Cost::Moderate => values as f64 * 30e-6,
            ic::Cost::Integrated => simulated * 600e-6,
        };
    }
    cost
}

/// Some transforms, a sort and a dozen passes over each field: about 300 ns a value and category,
/// counted as what the same time would do in convolutions.
pub fn state_features(recipe: &StateFeatures, states: u32) -> Cost {
    let columns = recipe.category.features(&recipe.settings).len() as u64;
    let mut cost = Cost::default();
    for operator in recipe.operators.iter() {
        let values = operator.architecture.channels as u64 * u64::from(operator.grid).pow(2);
        cost.gflop += (values * u64::from(states)) as f64 * 30e-6;
        cost.bytes += columns * u64::from(states) * 5;
    }
    cost
}

/// Reading and selecting in every column, and the correlations of every pair: about 100 ns a value and
/// 2 ns a pair and row, counted as what the same time would do in convolutions.
pub fn statistics(experiment: &Experiment, wanted: &Features) -> Cost {
    let simulation = &experiment.simulation;
    let operators = experiment.sampling.total_samples as f64 * experiment.dataset.splits[0];
    let width = |stage: Stage| -> f64 {
        let own = wanted.categories.iter().filter_map(|name| features::category(name));
        own.filter(|c| c.stage() == stage).map(|c| c.features(&wanted.settings).len() as f64).sum()
    };
    let paths = width(Stage::Trajectory)
        + if wanted.sensitivity { sensitivity::NAMES.len() as f64 } else { 0.0 };
    let mut cost = Cost::default();
    for (rows, columns) in [
        (f64::from(simulation.num_timesteps), width(Stage::Timestep)),
        (f64::from(simulation.num_realizations), paths),
        (1.0, paths * wanted.aggregation.len() as f64),
    ] {
        cost.gflop += operators * rows * columns * (10e-6 + 0.1e-6 * columns);
        cost.bytes += (columns * 500.0) as u64;
    }
    cost
}

/// How much of an artifact is done with so many GFLOP of it, in a measure that every artifact has: GB before
/// encoding where the cost counts no operations.
pub fn amount(cost: &Cost, gflop: f64) -> f64 {
    if cost.gflop > 0.0 { gflop } else { cost.bytes as f64 * 1e-9 }
}

/// Convolutions of one application, multiply and add apart.
pub fn application(operator: &Operator) -> f64 {
    application_of(&Stack::new(&operator.architecture), operator)
}

fn application_of(stack: &Stack, operator: &Operator) -> f64 {
    2e-9 * stack.macs_per_pixel() * f64::from(operator.grid).powi(2)
}

/// Whether every realization shares the whole network at the first application: the first random
/// number enters after the last block.
fn shares_prefix(operator: &Operator) -> bool {
    let late = |location| matches!(location, NoiseLocation::Features | NoiseLocation::Output);
    operator.architecture.dropout_rate == 0.0
        && operator.noise.is_none_or(|noise| late(noise.location))
}

/// Operations per noise value: generator, transform to the law, and for correlated fields the
/// Fourier transform.
fn noise(stack: &Stack, operator: &Operator) -> f64 {
    let Some(noise) = operator.noise else { return 0.0 };
    // Gaussian noise on the features is drawn behind the output layer.
    let location = match (noise.location, noise.law) {
        (NoiseLocation::Features, NoiseLaw::Gaussian) => NoiseLocation::Output,
        (location, _) => location,
    };
    let values: u64 = stack
        .noise(location)
        .map(|shape| u64::from(shape.channels) * u64::from(shape.side(operator.grid)).pow(2))
        .sum();
    let per_value = if noise.correlation > 0.0 { 600e-9 } else { 300e-9 };
    values as f64 * per_value
}

/// The cost of one operator in a rollout.
pub fn unit(recipe: &RolloutChunk, operator: &Operator) -> f64 {
    unit_of(recipe, operator, &Known::of(operator))
}

fn unit_of(recipe: &RolloutChunk, operator: &Operator, known: &Known) -> f64 {
    let realizations = f64::from(recipe.realizations.end - recipe.realizations.start);
    let states = recipe.steps.end - recipe.steps.start;
    let applications = match recipe.num_timesteps {
        1 => 1,
        _ if recipe.steps.start == 0 => states - 1,
        _ => states,
    };
    let mut networks = f64::from(applications) * realizations;
    if recipe.steps.start == 0 && applications > 0 && shares_prefix(operator) {
        // The first application runs once, with the first block.
        networks -= realizations;
        networks += if recipe.realizations.start == 0 { 1.0 } else { 0.0 };
    }
    if recipe.steps.start == 0 && recipe.realizations.start == 0 {
        // The measure of the dynamics: `O(x)` without noise, unless that is what all realizations share,
        // and where there is an iteration, mostly one application more.
        let shared = shares_prefix(operator) && applications > 0;
        networks += f64::from(u32::from(!shared) + u32::from(recipe.num_timesteps > 1));
    }
    networks * known.application + f64::from(applications) * realizations * known.noise
}

/// Counted as what the same time would do in convolutions: about 20 ns for each number that an aggregate
/// reads, 5 ns for each pixel that is painted, 100 ns for each that is encoded.
fn seconds(gflop_seconds: f64) -> f64 {
    100.0 * gflop_seconds
}

/// Numbers of all realizations of one operator at so many steps, read by each column.
fn looked_at(picture: &Picture, steps: usize) -> f64 {
    let shape = &picture.shape;
    let field = (shape.channels * shape.height * shape.width) as f64;
    field * shape.realizations as f64 * (steps * picture.spec.columns.len().max(1)) as f64
}

/// Pixels of a frame, about.
fn pixels(picture: &Picture) -> f64 {
    let (shape, spec) = (&picture.shape, &picture.spec);
    let cells = picture.rows.len() * spec.columns.len() * spec.drawn().len() / spec.frames().max(1);
    let zoom = spec.zoom(shape).factor();
    (shape.height * shape.width * cells) as f64 * zoom * zoom * 1.2
}

/// The cost of what is measured for a render.
pub fn render_tally(recipe: &RenderTally) -> Cost {
    let steps = recipe.picture.spec.drawn().len();
    Cost { gflop: seconds(25e-9 * looked_at(&recipe.picture, steps)), bytes: 1 << 18 }
}

/// The cost of frames.
pub fn render_frames(recipe: &RenderFrames) -> Cost {
    let picture = &recipe.picture;
    let read = looked_at(picture, recipe.steps().len()) * picture.rows.len() as f64;
    let painted = pixels(picture) * recipe.frames.len() as f64;
    Cost { gflop: seconds(20e-9 * read + 5e-9 * painted), bytes: (painted * 3.0) as u64 }
}

/// The cost of a file.
pub fn render_file(recipe: &RenderFile) -> Cost {
    let painted = pixels(&recipe.picture) * recipe.numbers.len() as f64;
    Cost { gflop: seconds(100e-9 * painted), bytes: painted as u64 }
}
