//! Features that are taken of states while the rollout is in memory.
//!
//! What was seen is, per operator, the rows of each category of states, `rows/<category>/<op>`
//! `[M', T', D]` float64 with `validity` beside, and what each category of trajectories carries,
//! `carry/<category>/<op>/<m>`, from which the next segment goes on and, after the last one, the values
//! follow. Of states that are not kept, this is a part of the rollout's entry, and the only source. Of
//! states that are kept, it is a shortcut: a part in the staging folder of the features that are made
//! next, which goes when they are published, and without which they read the states.

use std::borrow::Cow;
use std::rc::Rc;

use super::look::Looker;
use super::{Context, f64_bytes, f64_values};
use crate::artifact::{Artifact, Looked, RolloutChunk, StateFeatures};
use crate::cache::{Dtype, Entry, Part, PartWriter};
use crate::compute::rollout::Outcome;
use crate::error::{Error, Result};
use crate::features::table::{Extraction, decoded};
use crate::features::{Category, Settings, Shape, Stage, Value};
use crate::graph::Node;
use crate::key::Key;
use crate::operator::Operator;

/// Where it lies what was seen of one rollout.
pub enum Seen {
    /// In its entry.
    Entry(Rc<Entry>),
    /// In parts beside the features to come, category by category: each in the staging folder of its own
    /// artifact, whose key names the version and the settings that it was taken with.
    Aside(Vec<Vec<Part>>),
}

impl Seen {
    /// What was put aside of the rollout under `rollout` for these features, a category each.
    pub fn aside(context: &Context, features: &[&Node], rollout: &Key) -> Result<Self> {
        let prefix = format!("{}u", aside_name(rollout));
        let parts = features
            .iter()
            .map(|node| context.cache.parts_called(StateFeatures::KIND.name, &node.key, &prefix));
        Ok(Self::Aside(parts.collect::<Result<_>>()?))
    }

    /// An array of a category, by its place; `None` if it was not put aside.
    fn array(&self, context: &Context, category: usize, name: &str) -> Result<Option<Vec<u8>>> {
        match self {
            Self::Entry(entry) => context.array(entry, name).map(Some),
            Self::Aside(parts) => {
                let mut pieces = parts[category]
                    .iter()
                    .flat_map(|part| part.pieces.iter().map(move |piece| (part, piece)));
                let found = pieces.find(|(_, piece)| piece.name == name);
                Ok(found.and_then(|(part, piece)| context.cache.read_part(part, piece)))
            }
        }
    }
}

/// How the names of the parts begin that are put aside of a rollout.
pub fn aside_name(rollout: &Key) -> String {
    format!("seen-{rollout}-")
}

/// What the realizations of one operator carry, category by category.
pub type Carried = Vec<Vec<Vec<f64>>>;

/// What an earlier segment carried; `None` if it was not put aside.
pub fn carried(
    context: &Context,
    seen: &Seen,
    operator: u64,
    categories: &[&'static dyn Category],
    realizations: usize,
) -> Result<Option<Carried>> {
    let mut out = Carried::new();
    for m in 0..realizations {
        let mut own = Vec::new();
        for (at, category) in categories.iter().enumerate() {
            own.push(match category.stage() {
                Stage::Timestep => Vec::new(),
                Stage::Trajectory => {
                    let name = format!("carry/{}/{operator}/{m}", category.name());
                    let Some(bytes) = seen.array(context, at, &name)? else { return Ok(None) };
                    f64_values(&bytes)
                }
            });
        }
        out.push(own);
    }
    Ok(Some(out))
}

/// Looks at the states of one operator in one segment, and adds what it saw to `parts`: one for each
/// category, or one for all.
pub fn store(
    context: &Context,
    (recipe, looked): (&RolloutChunk, &Looked),
    looker: &mut Looker,
    operator: &Operator,
    outcome: &Outcome,
    mut before: Carried,
    parts: &mut [PartWriter],
) -> Result<()> {
    let last = parts.len() - 1;
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
                let (part, level) = (&mut parts[at.min(last)], context.compression);
                part.push(&name, Dtype::F64, &shape, shape[0], 1, &bytes, level)?;
            }
        }
    }
    for (at, (category, rows)) in looked.categories.iter().zip(rows).enumerate() {
        if category.stage() == Stage::Timestep {
            let part = &mut parts[at.min(last)];
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

/// The rows of every realization of one operator, category by category, from what was seen of its
/// blocks of so many realizations; `None` if some of it was not put aside.
pub fn rows(
    context: &Context,
    categories: &[&'static dyn Category],
    settings: &Settings,
    (operator, steps): (&Operator, u32),
    blocks: &[(usize, Vec<Seen>)],
) -> Result<Option<Vec<Vec<Vec<Value>>>>> {
    let shape = form(operator, steps);
    let mut out = Vec::new();
    for (width, segments) in blocks {
        let mut trajectories: Vec<Vec<Vec<Value>>> = vec![Vec::new(); *width];
        let last = segments.last().expect("a block has segments");
        let Some(carried) = carried(context, last, operator.index, categories, *width)? else {
            return Ok(None);
        };
        for (own, carried) in trajectories.iter_mut().zip(carried) {
            let mut extraction = Extraction::new(categories, settings, shape);
            extraction.resume(shape.steps, carried);
            own.extend(extraction.finish());
        }
        for (at, category) in categories.iter().enumerate() {
            if category.stage() == Stage::Trajectory {
                continue;
            }
            for seen in segments {
                let name = format!("rows/{}/{}", category.name(), operator.index);
                let numbers = seen.array(context, at, &name)?;
                let codes = seen.array(context, at, &format!("validity/{name}"))?;
                let (Some(numbers), Some(codes)) = (numbers, codes) else { return Ok(None) };
                let values: Vec<Value> = f64_values(&numbers)
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
    Ok(Some(out))
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
