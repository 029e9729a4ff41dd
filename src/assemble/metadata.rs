//! `/metadata`: what each row is, and what the whole file is.

use serde_json::Value;

use super::{GridGroup, Sources};
use crate::artifact::InitialConditions;
use crate::cache::Dtype;
use crate::config;
use crate::dataset::{Array, Attribute, Data, Type};
use crate::error::Result;
use crate::operator::Operator;
use crate::sampling::{Quality, split};

/// Adds the arrays and attributes of `/metadata`.
pub fn add(
    sources: &Sources<'_>,
    groups: &[GridGroup],
    (provenance, quality): (&Value, &Quality),
    arrays: &mut Vec<Array>,
    attributes: &mut Vec<(String, String, Attribute)>,
) -> Result<()> {
    let experiment = sources.experiment;
    let operators = &sources.plan.expansion.operators;
    let entries = &sources.plan.expansion.entries;
    let inputs = &experiment.simulation.inputs;
    let entry = |row: usize| &inputs[entries[row] as usize];
    let policy = |row: usize| operators[row].policy.name().to_owned();
    let by_row = |of: &dyn Fn(usize) -> String| (0..operators.len()).map(of).collect::<Vec<_>>();

    arrays.push(texts("ic_types", by_row(&|row| entry(row).name.clone())));
    arrays.push(texts("ic_families", by_row(&|row| entry(row).family.name.to_owned())));
    arrays.push(texts("ic_settings", drawn(sources)?));
    arrays.push(texts("evolution_policies", by_row(&policy)));
    arrays.push(texts("rollout_policies", by_row(&policy)));
    arrays.push(texts("noise_regimes", by_row(&|row| operators[row].noise_regime().to_owned())));
    let seed = experiment.sampling.seed;
    let shares = &experiment.dataset.splits;
    arrays
        .push(texts("split", by_row(&|row| split(seed, operators[row].index, shares).to_owned())));
    arrays.push(numbers("grid_sizes", operators.iter().map(|o| i64::from(o.grid))));
    arrays.push(numbers("operator", operators.iter().map(|o| o.index as i64)));
    if groups.len() > 1 {
        let group = |o: &Operator| groups.iter().find(|g| g.rows.contains_key(&o.index));
        arrays.push(numbers("grid_group", operators.iter().map(|o| i64::from(o.grid))));
        let row = |o: &Operator| group(o).map_or(0, |g| g.rows[&o.index]) as i64;
        arrays.push(numbers("row", operators.iter().map(row)));
    }

    let dataset = &experiment.dataset;
    let mut document = |name: &str, value: &Value| {
        let text = value.to_string();
        arrays.push(Array {
            path: format!("/metadata/{name}"),
            dtype: Type::Text,
            shape: Vec::new(),
            chunk: None,
            extensible: Vec::new(),
            labels: Vec::new(),
            attributes: Vec::new(),
            data: Data::Texts(vec![text.clone()]),
        });
        attributes.push(("/metadata".into(), name.into(), Attribute::Text(text)));
    };
    if dataset.include_config {
        document("config", &config::canonical(experiment, sources.profile.precision));
    }
    if dataset.include_sampling_metrics {
        document("sampling_metrics", &serde_json::to_value(quality).expect("plain numbers"));
    }
    document("provenance", provenance);
    let simulation = &experiment.simulation;
    for (name, value) in [
        ("num_operators", operators.len() as i64),
        ("num_realizations", i64::from(simulation.num_realizations)),
        ("num_timesteps", i64::from(simulation.num_timesteps)),
        ("num_channels", i64::from(simulation.channels)),
    ] {
        attributes.push(("/metadata".into(), name.into(), Attribute::Int(value)));
    }
    Ok(())
}

/// What was drawn for each initial condition, as compact JSON.
fn drawn(sources: &Sources<'_>) -> Result<Vec<String>> {
    let mut out = Vec::new();
    for (node, recipe) in sources.recipes::<InitialConditions>() {
        let entry = sources.entry(node)?;
        let settings = sources.document(&entry, "settings")?;
        out.extend(recipe.inputs.iter().map(|i| settings[i.operator.to_string()].to_string()));
    }
    Ok(out)
}

fn texts(name: &str, values: Vec<String>) -> Array {
    row_array(name, values.len(), Type::Text, Data::Texts(values))
}

fn numbers(name: &str, values: impl Iterator<Item = i64>) -> Array {
    let bytes: Vec<u8> = values.flat_map(i64::to_le_bytes).collect();
    row_array(name, bytes.len() / 8, Type::Number(Dtype::I64), Data::Memory(bytes))
}

fn row_array(name: &str, rows: usize, dtype: Type, data: Data) -> Array {
    Array {
        path: format!("/metadata/{name}"),
        dtype,
        shape: vec![rows],
        chunk: None,
        extensible: vec![0],
        labels: vec!["operator"],
        attributes: Vec::new(),
        data,
    }
}
