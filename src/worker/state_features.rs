//! Features of states: the categories of one chunk together, so that states are read once and share
//! their transforms.

use std::borrow::Cow;
use std::rc::Rc;

use super::look::Looker;
use super::measured::{self, Seen};
use super::states::States;
use super::{Context, f32_bytes};
use crate::artifact::{Artifact, Handle, RolloutChunk, StateFeatures};
use crate::cache::{Documents, Dtype, Entry, PartWriter};
use crate::error::{Error, Result};
use crate::features::reduce::{Aggregation, over_realizations};
use crate::features::table::{Extraction, coded};
use crate::features::{Category, Stage, Value};
use crate::graph::Node;
use crate::key::Key;
use crate::mark;
use crate::operator::Operator;

/// Writes the parts of `nodes` (categories of one chunk) for the operators at `units`.
pub fn run(context: &mut Context, nodes: &[&Node], units: (usize, usize)) -> Result<()> {
    let recipes: Vec<&StateFeatures> = nodes.iter().filter_map(|n| n.recipe_as()).collect();
    let first = recipes[0];
    let rollouts = |recipe: &StateFeatures| -> Vec<Key> {
        recipe.rollouts.iter().flatten().map(Handle::key).collect()
    };
    let together = |other: &&StateFeatures| {
        other.settings == first.settings && rollouts(other) == rollouts(first)
    };
    if recipes.len() != nodes.len() || !recipes.iter().all(together) {
        return Err(Error::environment("spinlock asks for features together that are no siblings"));
    }
    let operators = first.operators.get(units.0..units.1).ok_or_else(|| {
        Error::environment(format!("{} has no operators {units:?}", nodes[0].label()))
    })?;
    let mut blocks: Vec<Vec<Rc<Entry>>> = Vec::new();
    for segments in &first.rollouts {
        let open = |r: &Handle<RolloutChunk>| context.entry(RolloutChunk::KIND.name, &r.key());
        blocks.push(segments.iter().map(open).collect::<Result<_>>()?);
    }
    let mut parts: Vec<PartWriter> =
        nodes.iter().map(|node| context.part(node, units)).collect::<Result<_>>()?;
    let categories: Vec<&'static dyn Category> = recipes.iter().map(|r| r.category).collect();
    let seen = seen(context, nodes, first, &blocks)?;
    let mut looker = Looker::new(context.device, &categories, &first.settings);
    for operator in operators {
        mark::operator(operator.index);
        let steps = context.experiment.simulation.num_timesteps;
        let rows = measured::rows(context, &categories, &first.settings, (operator, steps), &seen)?;
        let trajectories = match rows {
            Some(rows) => rows,
            None => extract(context, &mut looker, (operator, steps), &blocks)?,
        };
        for (at, (recipe, part)) in recipes.iter().zip(&mut parts).enumerate() {
            let rows: Vec<&[Value]> = trajectories.iter().map(|rows| rows[at].as_slice()).collect();
            store(recipe, operator, &rows, part)?;
        }
    }
    parts.into_iter().try_for_each(|part| part.finish(Documents::new()).map(drop))
}

/// Where it lies what was seen of the states while they were computed, with the realizations of each
/// block: in the rollouts' entries if states are not kept, else, if anywhere, beside these features.
fn seen(
    context: &Context,
    nodes: &[&Node],
    recipe: &StateFeatures,
    blocks: &[Vec<Rc<Entry>>],
) -> Result<Vec<(usize, Vec<Seen>)>> {
    let kept = context.experiment.dataset.trajectories;
    let one = |entry: &Rc<Entry>| {
        if kept {
            Seen::aside(context, nodes, &entry.key)
        } else {
            Ok(Seen::Entry(Rc::clone(entry)))
        }
    };
    let mut out = Vec::new();
    for segments in blocks {
        let (width, _) = measured::extent(&segments[0], recipe.operators[0].index)?;
        out.push((width, segments.iter().map(one).collect::<Result<_>>()?));
    }
    Ok(out)
}

/// The rows of every realization, category by category, from the states.
fn extract(
    context: &Context,
    looker: &mut Looker,
    (operator, steps): (&Operator, u32),
    blocks: &[Vec<Rc<Entry>>],
) -> Result<Vec<Vec<Vec<Value>>>> {
    let shape = measured::form(operator, steps);
    let mut out = Vec::new();
    for segments in blocks {
        let mut running: Vec<Extraction> = Vec::new();
        for entry in segments {
            let states = States::read(context, entry, operator.index, shape.state())?;
            running.resize_with(states.realizations, || looker.begin(shape));
            looker
                .look(shape, &mut running, states.steps, |m, t| Cow::Owned(states.state(m, t)))?;
        }
        out.extend(running.into_iter().map(Extraction::finish));
    }
    Ok(out)
}

/// Adds what the realizations of one operator gave to the part of its category.
fn store(
    recipe: &StateFeatures,
    operator: &Operator,
    rows: &[&[Value]],
    part: &mut PartWriter,
) -> Result<()> {
    let columns = recipe.category.features(&recipe.settings).len();
    let mut table = |name: &str, values: &[Value]| {
        let (numbers, codes) = coded(values);
        let shape = [values.len() / columns, columns];
        let name = format!("{name}/{}", operator.index);
        part.push(&name, Dtype::F32, &shape, columns, shape[0], &f32_bytes(&numbers), None)?;
        let name = format!("validity/{name}");
        part.push(&name, Dtype::U8, &shape, columns, shape[0], &codes, None)
    };
    match recipe.category.stage() {
        Stage::Trajectory => table("values", &rows.concat()),
        Stage::Timestep => {
            let definitions = recipe.settings.definitions;
            for aggregation in [Aggregation::Mean, Aggregation::Std] {
                table(aggregation.name(), &over_realizations(rows, aggregation, definitions))?;
            }
            Ok(())
        }
    }
}
