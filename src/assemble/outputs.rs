//! `/outputs`, `/metadata/valid` and what is known of the operators' dynamics: what the rollouts gave.

use std::sync::Arc;

use rayon::prelude::*;

use super::stored::{Padding, Placement, find, values};
use super::{GridGroup, Sources, dynamics};
use crate::artifact::RolloutChunk;
use crate::cache::{Dtype, Entry};
use crate::config::StoredDtype;
use crate::dataset::{Array, Attribute, Data, Type};
use crate::error::{Error, Result};
use crate::key::Digest;
use crate::operator::metrics::METRICS;

/// `/outputs/[<side>/]fields`, `/outputs/metrics/<name>` `[N, M, T]`, `/metadata/valid`, and the
/// arrays of [`dynamics`].
pub fn arrays(sources: &Sources<'_>, groups: &[GridGroup]) -> Result<Vec<Array>> {
    let rollouts = read(sources)?;
    let mut arrays = tables(sources, &rollouts)?;
    arrays.extend(dynamics::arrays(sources, &rollouts)?);
    if sources.experiment.dataset.trajectories {
        for group in groups {
            arrays.push(fields(sources, group, &rollouts)?);
        }
    }
    Ok(arrays)
}

/// One rollout artifact with its entry.
pub(super) struct Rollout<'a> {
    pub recipe: &'a RolloutChunk,
    pub entry: Arc<Entry>,
}

fn read<'a>(sources: &'a Sources<'_>) -> Result<Vec<Rollout<'a>>> {
    let all: Vec<_> = sources.recipes::<RolloutChunk>().collect();
    all.into_par_iter()
        .map(|(node, recipe)| Ok(Rollout { recipe, entry: sources.entry(node)? }))
        .collect()
}

/// `valid` and the metrics: small, put together in memory.
fn tables(sources: &Sources<'_>, rollouts: &[Rollout<'_>]) -> Result<Vec<Array>> {
    let simulation = &sources.experiment.simulation;
    let (m, t) = (simulation.num_realizations as usize, simulation.num_timesteps as usize);
    let n = sources.plan.expansion.operators.len();
    let mut valid = vec![0_u8; n * m * t];
    let mut metrics = vec![vec![f32::NAN; n * m * t]; METRICS.len()];
    for Rollout { recipe, entry } in rollouts {
        let (block, steps) = (&recipe.realizations, &recipe.steps);
        let (width, length) = (block.len(), steps.len());
        for operator in recipe.operators.iter() {
            let codes = values(sources.cache, entry, &format!("valid/{}", operator.index))?;
            let numbers = values(sources.cache, entry, &format!("metrics/{}", operator.index))?;
            if codes.len() != width * length || numbers.len() != 4 * METRICS.len() * codes.len() {
                return Err(Error::integrity(format!("rollout {}: wrong size", entry.key)));
            }
            for i in 0..width {
                let row = operator.index as usize * m + block.start as usize + i;
                let to = row * t + steps.start as usize;
                valid[to..to + length].copy_from_slice(&codes[i * length..(i + 1) * length]);
                for (k, metric) in metrics.iter_mut().enumerate() {
                    let from = 4 * ((k * width + i) * length);
                    let bytes = &numbers[from..from + 4 * length];
                    for (value, b) in metric[to..to + length].iter_mut().zip(bytes.chunks_exact(4))
                    {
                        *value = f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
                    }
                }
            }
        }
    }
    let table = |path: String, dtype, note: (&str, &str), bytes: Vec<u8>| Array {
        path,
        dtype: Type::Number(dtype),
        shape: vec![n, m, t],
        chunk: None,
        extensible: vec![0, 1, 2],
        labels: vec!["operator", "realization", "time"],
        attributes: vec![(note.0.into(), Attribute::Text(note.1.into()))],
        data: Data::Memory(bytes),
    };
    let codes = "0 valid, 1 non-finite, 2 constant field, 3 beyond the blow-up limit";
    let mut arrays = vec![table("/metadata/valid".into(), Dtype::U8, ("codes", codes), valid)];
    for ((name, definition), values) in METRICS.iter().zip(metrics) {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        let path = format!("/outputs/metrics/{name}");
        arrays.push(table(path, Dtype::F32, ("definition", definition), bytes));
    }
    Ok(arrays)
}

/// The states of one resolution: `[N, M, C, n, n]` when T = 1, `[N, M, T, C, n, n]` otherwise.
fn fields(sources: &Sources<'_>, group: &GridGroup, rollouts: &[Rollout<'_>]) -> Result<Array> {
    let simulation = &sources.experiment.simulation;
    let channels = simulation.channels as usize;
    let (m, t) = (simulation.num_realizations as usize, simulation.num_timesteps as usize);
    let temporal = t > 1;
    let state = [channels, group.side, group.side];
    let unit = unit_shape(sources, group, rollouts, &state, temporal);
    let mut places = Vec::new();
    let mut leaves: Vec<Option<Digest>> = vec![None; group.rows.len() * m * t];
    for Rollout { recipe, entry } in rollouts {
        let (block, steps) = (&recipe.realizations, &recipe.steps);
        for operator in recipe.operators.iter() {
            let Some(row) = group.rows.get(&operator.index) else { continue };
            let from = operator.grid as usize;
            let piece = find(sources.cache, entry, &format!("fields/{}", operator.index))?;
            // In a padded array of several grids a segment may be longer than a chunk.
            let length = if temporal { unit[1] } else { 1 };
            let mut own = (0..steps.len()).step_by(length).map(|skip| {
                let mut offset = vec![*row, block.start as usize];
                if temporal {
                    offset.push(steps.start as usize + skip);
                }
                offset.extend([0, 0, 0]);
                Placement {
                    piece,
                    entry: entry.clone(),
                    offset,
                    skip,
                    unit: unit.clone(),
                    padding: (from != group.side).then_some(Padding { from, to: group.side }),
                }
            });
            let first = own.next().expect("a rollout has a state");
            for (i, digest) in first.leaves(sources.cache)?.into_iter().enumerate() {
                let (realization, step) = (i / steps.len(), i % steps.len());
                let at = (row * m + block.start as usize + realization) * t;
                leaves[at + steps.start as usize + step] = Some(digest);
            }
            places.push(first);
            places.extend(own);
        }
    }
    places.sort_by(|a, b| a.offset.cmp(&b.offset));
    let leaves: Option<Vec<Digest>> = leaves.into_iter().collect();
    let leaves = leaves.ok_or_else(|| Error::integrity("a rollout lacks some of its states"))?;
    let dtype = match sources.experiment.dataset.dtype {
        StoredDtype::Float32 => Dtype::F32,
        StoredDtype::Float16 => Dtype::F16,
    };
    let mut shape = vec![group.rows.len(), m];
    let mut labels = vec!["operator", "realization"];
    if temporal {
        shape.push(t);
        labels.push("time");
    }
    shape.extend(state);
    labels.extend(["channel", "y", "x"]);
    let mut chunk = vec![1];
    chunk.extend(&unit);
    Ok(Array {
        path: format!("/outputs/{}fields", group.prefix),
        dtype: Type::Number(dtype),
        extensible: (0..shape.len() - 3).collect(),
        shape,
        chunk: Some(chunk),
        labels,
        attributes: Vec::new(),
        data: Data::Chunks {
            leaves,
            chunks: places.into_iter().map(|p| p.chunk(sources)).collect(),
        },
    })
}

/// The shape of one unit of this resolution: realizations of a full block, states of a full segment,
/// less where there is only one block or segment.
fn unit_shape(
    sources: &Sources<'_>,
    group: &GridGroup,
    rollouts: &[Rollout<'_>],
    state: &[usize; 3],
    temporal: bool,
) -> Vec<usize> {
    let simulation = &sources.experiment.simulation;
    let execution = &sources.experiment.execution;
    let mut unit = vec![execution.realization_block.min(simulation.num_realizations) as usize];
    if temporal {
        // With several grids in one padded array, chunks are as long as the shortest segment.
        let members = rollouts.iter().flat_map(|r| r.recipe.operators.iter());
        let grids = members.filter(|o| group.rows.contains_key(&o.index)).map(|o| o.grid);
        let segment = grids.map(|grid| execution.segment_for(grid)).min().unwrap_or(1);
        unit.push(segment.min(simulation.num_timesteps) as usize);
    }
    unit.extend(state);
    unit
}
