//! `/features/sdf`: the feature tables out of the cache.

use std::collections::BTreeMap;
use std::path::Path;

use super::Sources;
use super::stored::values;
use crate::artifact::{FeatureTable, StateFeatures};
use crate::cache::Entry;
use crate::config::experiment::Features;
use crate::dataset::{Array, Attribute, Tables};
use crate::error::Result;
use crate::features::table::decoded;
use crate::features::{Stage, Value};
use crate::graph::Node;

/// The tables of states, and what the group says of itself.
pub fn add(
    sources: &Sources<'_>,
    wanted: &Features,
    arrays: &mut Vec<Array>,
    attributes: &mut Vec<(String, String, Attribute)>,
) -> Result<()> {
    let simulation = &sources.experiment.simulation;
    let operators = &sources.plan.expansion.operators;
    let (m, t) = (simulation.num_realizations as usize, simulation.num_timesteps as usize);
    let folder = sources.experiment.dataset.path.parent().unwrap_or(Path::new("."));
    let tables = Tables::new(wanted, [operators.len(), m, t], folder)?;
    let sensitivity = if wanted.sensitivity { sensitivity(sources)? } else { BTreeMap::new() };
    let finish = |index: u64, mut rows| {
        if let Some(own) = sensitivity.get(&index) {
            tables.put_sensitivity(&mut rows, own);
        }
        tables.put(index as usize, rows)
    };
    // The categories of the same operators together.
    let mut chunks: BTreeMap<u64, Vec<(&Node, &StateFeatures)>> = BTreeMap::new();
    for (node, recipe) in sources.recipes::<StateFeatures>() {
        let first = recipe.operators.first().map_or(0, |operator| operator.index);
        chunks.entry(first).or_default().push((node, recipe));
    }
    if chunks.is_empty() {
        operators.iter().try_for_each(|operator| finish(operator.index, tables.rows()))?;
    }
    for chunk in chunks.values() {
        let mut entries = Vec::new();
        for (node, recipe) in chunk {
            entries.push((sources.entry(node)?, *recipe));
        }
        for operator in chunk[0].1.operators.iter() {
            let mut rows = tables.rows();
            for (entry, recipe) in &entries {
                let read = |table: &str| read(sources, entry, table, operator.index);
                let name = recipe.category.name();
                match recipe.category.stage() {
                    Stage::Timestep => {
                        tables.put_steps(&mut rows, name, &read("mean")?, &read("std")?);
                    }
                    Stage::Trajectory => tables.put_paths(&mut rows, name, &read("values")?),
                }
            }
            finish(operator.index, rows)?;
        }
    }
    let (own, about) = tables.finish()?;
    arrays.extend(own);
    attributes.extend(about);
    Ok(())
}

/// The values of one operator in a table of an entry.
fn read(sources: &Sources<'_>, entry: &Entry, table: &str, operator: u64) -> Result<Vec<Value>> {
    let numbers = values(sources.cache, entry, &format!("{table}/{operator}"))?;
    let codes = values(sources.cache, entry, &format!("validity/{table}/{operator}"))?;
    let pairs = numbers.as_chunks().0.iter().zip(codes);
    Ok(pairs.map(|(number, code)| decoded(f64::from(f32::from_le_bytes(*number)), code)).collect())
}

/// The values of every operator itself.
fn sensitivity(sources: &Sources<'_>) -> Result<BTreeMap<u64, Vec<Value>>> {
    let mut out = BTreeMap::new();
    for (node, recipe) in sources.recipes::<FeatureTable>() {
        let entry = sources.entry(node)?;
        for operator in recipe.operators.iter() {
            out.insert(operator.index, read(sources, &entry, "values", operator.index)?);
        }
    }
    Ok(out)
}
