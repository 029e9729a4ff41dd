//! Rollouts: for each operator, all blocks of realizations that the job names, together.

use std::rc::Rc;

use super::looking::Looking;
use super::{Context, f32_bytes, f32_values, flight};
use crate::artifact::{Artifact, InitialConditions, RolloutChunk, Start};
use crate::cache::{Documents, Dtype, Entry, PartWriter};
use crate::compute::cuda::in_flight::{self, Load};
use crate::compute::device::{self, Device};
use crate::compute::rollout::{self, Outcome, Unit};
use crate::error::{Error, Result};
use crate::graph::Node;
use crate::mark::{self, Doing};
use crate::operator::Operator;
use crate::operator::rollout::Precision;

/// Writes the parts of `nodes` (blocks of one chunk and segment) for the operators at `units`, and puts
/// aside what the features `looks` need of them.
pub fn run(
    context: &mut Context,
    nodes: &[&Node],
    looks: &[&Node],
    units: (usize, usize),
) -> Result<()> {
    let recipes: Vec<&RolloutChunk> = nodes.iter().filter_map(|n| n.recipe_as()).collect();
    let first = recipes[0];
    let together = |other: &&RolloutChunk| {
        let operators = other.operators.iter().map(|o| o.index);
        operators.eq(first.operators.iter().map(|o| o.index)) && other.steps == first.steps
    };
    if recipes.len() != nodes.len()
        || !recipes.iter().all(together)
        || (recipes.len() > 1 && first.steps.start > 0)
    {
        return Err(Error::environment("spinlock asks for rollouts together that are no siblings"));
    }
    let source = match first.start {
        Start::Inputs(inputs) => context.entry(InitialConditions::KIND.name, &inputs.key())?,
        Start::Segment(segment) => context.entry(RolloutChunk::KIND.name, &segment.key())?,
    };
    let operators = first.operators.get(units.0..units.1).ok_or_else(|| {
        Error::environment(format!("{} has no operators {units:?}", nodes[0].label()))
    })?;
    let mut parts: Vec<PartWriter> =
        nodes.iter().map(|node| context.part(node, units)).collect::<Result<_>>()?;
    let starts: Vec<(Vec<f32>, Vec<u8>)> = operators
        .iter()
        .map(|operator| start(context, first, operator, &source))
        .collect::<Result<_>>()?;
    let start = |unit: usize| {
        let (states, status) = &starts[unit];
        match first.start {
            Start::Inputs(_) => rollout::Start::Input(states),
            Start::Segment(_) => rollout::Start::State { states, status },
        }
    };
    let mut looking =
        Looking::prepare(context, (nodes, looks), &recipes, (operators, units), &source)?;
    let take = |unit: usize, outcomes: Vec<Outcome>| {
        mark::operator(operators[unit].index);
        for (at, (outcome, part)) in outcomes.iter().zip(&mut parts).enumerate() {
            store(context, recipes[at], &operators[unit], outcome, part)?;
            if let Some(looking) = &mut looking {
                looking.store(
                    context,
                    (at, recipes[at]),
                    (unit, &operators[unit]),
                    outcome,
                    part,
                )?;
            }
        }
        Ok(())
    };
    context.width = compute_all(context, &recipes, operators, start, take)?;
    // First what is put aside: once the rollouts are reported, somebody may look for it.
    let asides = looking.into_iter().flat_map(|looking| looking.asides).flatten();
    asides.chain(parts).try_for_each(|part| part.finish(Documents::new()).map(drop))
}

/// Computes the blocks of `operators`, each from where `start` says, with as many in flight as the device
/// bears, and gives the outcomes to `take` in order, on the calling thread. Returns how many may be in
/// flight from now on.
pub(super) fn compute_all<'a>(
    context: &Context,
    recipes: &[&RolloutChunk],
    operators: &[Operator],
    start: impl Fn(usize) -> rollout::Start<'a> + Sync,
    take: impl FnMut(usize, Vec<Outcome>) -> Result<()>,
) -> Result<usize> {
    let means = Means::of(context, operators);
    let reached = flight::run(
        operators.len(),
        means.width,
        || device::enter_thread(means.device),
        |unit| {
            let operator = &operators[unit];
            mark::operator(operator.index);
            compute(means, recipes, operator, start(unit)).map_err(|mut error| {
                error.message = format!("operator {}: {}", operator.index, error.message);
                error
            })
        },
        take,
    )?;
    Ok(if reached < means.width.min(operators.len()) { reached } else { context.width })
}

/// What every unit of a job is computed with.
#[derive(Clone, Copy)]
struct Means {
    device: Device,
    precision: Precision,
    realization_block: u32,
    /// Units in flight.
    width: usize,
}

impl Means {
    fn of(context: &Context, operators: &[Operator]) -> Self {
        let realization_block = context.experiment.execution.realization_block;
        let (device, precision) = (context.device, context.precision);
        let width = in_flight(device, precision, realization_block, operators);
        Self { device, precision, realization_block, width: width.min(context.width) }
    }
}

/// Units in flight: on the CPU one, since there is a worker for every core.
fn in_flight(device: Device, precision: Precision, launch: u32, operators: &[Operator]) -> usize {
    let Some(traits) = device::traits(device) else { return 1 };
    let bytes = if precision == Precision::Float32 { 4 } else { 2 };
    let units = operators.iter().map(|o| in_flight::units(traits, Load::of(o, launch, bytes)));
    units.min().unwrap_or(1)
}

/// Where an operator's segment starts: states and their codes.
fn start(
    context: &Context,
    recipe: &RolloutChunk,
    operator: &Operator,
    source: &Rc<Entry>,
) -> Result<(Vec<f32>, Vec<u8>)> {
    let index = operator.index;
    let (states, status) = match recipe.start {
        Start::Inputs(_) => (context.array(source, &format!("fields/{index}"))?, Vec::new()),
        Start::Segment(_) => (
            context.array(source, &format!("end/{index}"))?,
            context.array(source, &format!("status/{index}"))?,
        ),
    };
    Ok((f32_values(&states), status))
}

/// One operator's blocks of one segment, from `start`.
fn compute(
    means: Means,
    recipes: &[&RolloutChunk],
    operator: &Operator,
    start: rollout::Start<'_>,
) -> Result<Vec<Outcome>> {
    let recipe = recipes[0];
    let unit = Unit {
        operator,
        seed: recipe.seed,
        rollout: &recipe.rollout,
        num_timesteps: recipe.num_timesteps,
        steps: recipe.steps.clone(),
        start,
        precision: means.precision,
        stored_f16: recipe.dtype == "float16",
        states: recipe.stored || recipe.looked.is_some(),
        metrics: true,
        device: means.device,
        realization_block: means.realization_block,
    };
    let blocks: Vec<_> = recipes.iter().map(|r| r.realizations.clone()).collect();
    rollout::run_blocks(&unit, &blocks)
}

/// Adds what one operator gave to the part of its artifact.
pub(super) fn store(
    context: &Context,
    recipe: &RolloutChunk,
    operator: &Operator,
    outcome: &Outcome,
    part: &mut PartWriter,
) -> Result<()> {
    mark::doing(Doing::Writing);
    let index = operator.index;
    let (width, length) = (recipe.realizations.len(), recipe.steps.len());
    let side = operator.grid as usize;
    let state = [operator.architecture.channels as usize, side, side];
    let size: usize = state.iter().product();
    if recipe.stored {
        let unit = unit(context, recipe, operator);
        let dtype = if recipe.dtype == "float16" { Dtype::F16 } else { Dtype::F32 };
        let bytes = encode_states(&outcome.states, (width, length), unit, size, dtype);
        let mut shape = vec![unit.0];
        let mut valid = vec![width];
        if recipe.num_timesteps > 1 {
            shape.push(unit.1);
            valid.push(length);
        }
        shape.extend(state);
        let name = format!("fields/{index}");
        part.push(&name, dtype, &shape, size, valid.as_slice(), &bytes, context.compression)?;
    }
    let codes = [width, length];
    part.push(&format!("valid/{index}"), Dtype::U8, &codes, length, width, &outcome.valid, None)?;
    let metrics = f32_bytes(&outcome.metrics);
    let rows = metrics.len() / 4 / length;
    let shape = [rows / width, width, length];
    part.push(&format!("metrics/{index}"), Dtype::F32, &shape, length, rows, &metrics, None)?;
    if let Some(dynamics) = outcome.dynamics {
        let gain = dynamics.gain.to_le_bytes();
        part.push(&format!("gain/{index}"), Dtype::F32, &[1], 1, 1, &gain, None)?;
        if recipe.num_timesteps > 1 {
            let name = format!("collapsed/{index}");
            part.push(&name, Dtype::U8, &[1], 1, 1, &[dynamics.collapsed], None)?;
        }
    }
    if recipe.num_timesteps > 1 {
        // A longer rollout goes on from here, exactly: in full precision, whatever is stored.
        let shape = [width, state[0], state[1], state[2]];
        let end = f32_bytes(&outcome.end);
        part.push(&format!("end/{index}"), Dtype::F32, &shape, size, width, &end, None)?;
        let name = format!("status/{index}");
        part.push(&name, Dtype::U8, &[width], 1, width, &outcome.status, None)?;
    }
    Ok(())
}

/// Realizations and states of a full unit: a later block or segment is stored in the shape of a full
/// one even if it is short, since all chunks of an array have one shape.
fn unit(context: &Context, recipe: &RolloutChunk, operator: &Operator) -> (usize, usize) {
    let execution = &context.experiment.execution;
    let full = |start: u32, length: usize, size: u32| {
        if start == 0 { length } else { length.max(size as usize) }
    };
    (
        full(recipe.realizations.start, recipe.realizations.len(), execution.realization_block),
        full(recipe.steps.start, recipe.steps.len(), execution.segment_for(operator.grid)),
    )
}

/// States `[width, length, size]` as little-endian bytes of `dtype` in a unit of `[unit.0, unit.1]`
/// states, zeros where there is none.
fn encode_states(
    states: &[f32],
    (width, length): (usize, usize),
    unit: (usize, usize),
    size: usize,
    dtype: Dtype,
) -> Vec<u8> {
    let state_bytes = size * dtype.size();
    let mut out = vec![0; unit.0 * unit.1 * state_bytes];
    for m in 0..width {
        for t in 0..length {
            let from = &states[(m * length + t) * size..][..size];
            let to = &mut out[(m * unit.1 + t) * state_bytes..][..state_bytes];
            match dtype {
                Dtype::F16 => {
                    for (to, value) in to.chunks_exact_mut(2).zip(from) {
                        to.copy_from_slice(&half::f16::from_f32(*value).to_le_bytes());
                    }
                }
                _ => {
                    for (to, value) in to.chunks_exact_mut(4).zip(from) {
                        to.copy_from_slice(&value.to_le_bytes());
                    }
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_block_is_filled_up_with_zeros() {
        // Two realizations of two states of one value, in a unit of 3 × 4 states.
        let bytes = encode_states(&[1.0, 2.0, 3.0, 4.0], (2, 2), (3, 4), 1, Dtype::F32);
        let values = f32_values(&bytes);
        assert_eq!(values[..8], [1.0, 2.0, 0.0, 0.0, 3.0, 4.0, 0.0, 0.0]);
        assert_eq!(values.len(), 12);
    }
}
