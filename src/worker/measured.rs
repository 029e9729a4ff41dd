//! Features of states that are not kept: looked at while the rollout is in memory.
//!
//! A rollout entry then holds, per operator, the rows of each category of states, `rows/<category>/<op>`
//! `[M', T', D]` float64 with `validity` beside, and what each category of trajectories carries,
//! `carry/<category>/<op>/<m>`, from which the next segment goes on and, after the last one, the values
//! follow.

use std::borrow::Cow;
use std::rc::Rc;

use super::Context;
use super::look::Looker;
use crate::artifact::{Looked, RolloutChunk};
use crate::cache::{Dtype, Entry, PartWriter};
use crate::compute::rollout::Outcome;
use crate::error::{Error, Result};
use crate::features::table::{Extraction, decoded};
use crate::features::{Category, Settings, Shape, Stage, Value};
use crate::operator::Operator;

/// What the realizations of one operator carry, category by category.
pub type Carried = Vec<Vec<Vec<f64>>>;

/// What an earlier segment carried.
pub fn carried(
    context: &Context,
    entry: &Entry,
    operator: u64,
    categories: &[&'static dyn Category],
    realizations: usize,
) -> Result<Carried> {
    (0..realizations)
        .map(|m| {
            categories
                .iter()
                .map(|category| match category.stage() {
                    Stage::Timestep => Ok(Vec::new()),
                    Stage::Trajectory => {
                        let name = format!("carry/{}/{operator}/{m}", category.name());
                        Ok(f64_values(&context.array(entry, &name)?))
                    }
                })
                .collect()
        })
        .collect()
}

/// Looks at the states of one operator in one segment, and adds what it saw to the part.
pub fn store(
    context: &Context,
    (recipe, looked): (&RolloutChunk, &Looked),
    looker: &mut Looker,
    operator: &Operator,
    outcome: &Outcome,
    mut before: Carried,
    part: &mut PartWriter,
) -> Result<()> {
    let shape = form(operator, recipe.num_timesteps);
    let (width, length) = (recipe.realizations.len(), recipe.steps.len());
    let mut rows: Vec<Vec<Value>> = vec![Vec::new(); looked.categories.len()];
    before.resize_with(width, Vec::new);
    let mut extractions = Vec::with_capacity(width);
    for before in before {
        let mut extraction = looker.begin(shape);
        extraction.resume(recipe.steps.start as usize, before);
        extractions.push(extraction);
    }
    let state = |m: usize, t: usize| {
        Cow::Borrowed(&outcome.states[(m * length + t) * shape.state()..][..shape.state()])
    };
    looker.look(shape, &mut extractions, length, state)?;
    for (m, extraction) in extractions.into_iter().enumerate() {
        for (at, (numbers, own)) in extraction.carry().into_iter().enumerate() {
            rows[at].extend(own);
            if looked.categories[at].stage() == Stage::Trajectory {
                let name = format!("carry/{}/{}/{m}", looked.categories[at].name(), operator.index);
                let bytes = f64_bytes(&numbers);
                let shape = [numbers.len()];
                part.push(&name, Dtype::F64, &shape, shape[0], 1, &bytes, context.compression)?;
            }
        }
    }
    for (category, rows) in looked.categories.iter().zip(rows) {
        if category.stage() == Stage::Timestep {
            let name = format!("rows/{}/{}", category.name(), operator.index);
            let columns = rows.len() / (width * length);
            let shape = [width, length, columns];
            let numbers: Vec<f64> = rows.iter().map(|v| v.unwrap_or(f64::NAN)).collect();
            let codes: Vec<u8> = rows.iter().map(|v| v.err().map_or(0, |why| why as u8)).collect();
            let (count, level) = (width * length, context.compression);
            part.push(&name, Dtype::F64, &shape, columns, count, &f64_bytes(&numbers), level)?;
            let name = format!("validity/{name}");
            part.push(&name, Dtype::U8, &shape, columns, count, &codes, level)?;
        }
    }
    Ok(())
}

/// The rows of every realization of one operator, category by category, from what was seen.
pub fn rows(
    context: &Context,
    categories: &[&'static dyn Category],
    settings: &Settings,
    (operator, steps): (&Operator, u32),
    blocks: &[Vec<Rc<Entry>>],
) -> Result<Vec<Vec<Vec<Value>>>> {
    let shape = form(operator, steps);
    let mut out = Vec::new();
    for segments in blocks {
        let last = segments.last().expect("a block has segments");
        let (width, _) = extent(last, operator.index)?;
        let mut trajectories: Vec<Vec<Vec<Value>>> = vec![Vec::new(); width];
        let carried = carried(context, last, operator.index, categories, width)?;
        for (own, carried) in trajectories.iter_mut().zip(carried) {
            let mut extraction = Extraction::new(categories, settings, shape);
            extraction.resume(shape.steps, carried);
            own.extend(extraction.finish());
        }
        for (at, category) in categories.iter().enumerate() {
            if category.stage() == Stage::Trajectory {
                continue;
            }
            for entry in segments {
                let name = format!("rows/{}/{}", category.name(), operator.index);
                let numbers = f64_values(&context.array(entry, &name)?);
                let codes = context.array(entry, &format!("validity/{name}"))?;
                let values: Vec<Value> = numbers
                    .iter()
                    .zip(codes)
                    .map(|(number, code)| decoded(*number, code))
                    .collect();
                for (own, rows) in trajectories.iter_mut().zip(values.chunks(values.len() / width))
                {
                    own[at].extend(rows);
                }
            }
        }
        out.extend(trajectories);
    }
    Ok(out)
}

/// Realizations and states of one operator in an entry.
pub fn extent(entry: &Entry, operator: u64) -> Result<(usize, usize)> {
    let valid = entry.piece(&format!("valid/{operator}")).ok_or_else(|| {
        Error::integrity(format!("rollout {}: no states of operator {operator}", entry.key))
    })?;
    Ok((valid.shape[0], valid.shape[1]))
}

/// The form of an operator's trajectories.
pub fn form(operator: &Operator, steps: u32) -> Shape {
    let side = operator.grid as usize;
    let channels = operator.architecture.channels as usize;
    Shape { steps: steps as usize, channels, height: side, width: side }
}

fn f64_bytes(values: &[f64]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

fn f64_values(bytes: &[u8]) -> Vec<f64> {
    let number = |b: &[u8]| f64::from_le_bytes(b.try_into().expect("eight bytes"));
    bytes.chunks_exact(8).map(number).collect()
}
