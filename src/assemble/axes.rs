//! Dimension scales: what the indices along an axis stand for.

use std::collections::BTreeMap;

use super::{GridGroup, Sources};
use crate::cache::Dtype;
use crate::dataset::{Array, Data, Type};

const FOLDER: &str = "/metadata/axes";
const OPERATOR: &str = "/metadata/operator";

/// Adds the scales to `arrays` and says which array's axis has which scale.
pub fn add(
    sources: &Sources<'_>,
    groups: &[GridGroup],
    arrays: &mut Vec<Array>,
) -> Vec<(String, usize, String)> {
    let simulation = &sources.experiment.simulation;
    let mut scales: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    let count = |n: usize| (0..n as i64).collect::<Vec<i64>>();
    scales.insert("realization".into(), count(simulation.num_realizations as usize));
    scales.insert("time".into(), count(simulation.num_timesteps as usize));
    scales.insert("channel".into(), count(simulation.channels as usize));
    for group in groups {
        let of = |axis: &str| format!("{}{axis}", group.prefix);
        scales.insert(of("x"), count(group.side));
        scales.insert(of("y"), count(group.side));
        if !group.prefix.is_empty() {
            let operators = group.rows.keys().map(|index| *index as i64).collect();
            scales.insert(of("operator"), operators);
        }
    }
    let mut uses = Vec::new();
    for array in arrays.iter() {
        let prefix = groups
            .iter()
            .map(|g| g.prefix.as_str())
            .find(|p| !p.is_empty() && array.path.contains(&format!("/{p}")))
            .unwrap_or("");
        for (axis, label) in array.labels.iter().enumerate() {
            let own = format!("{prefix}{label}");
            let scale = if scales.contains_key(&own) {
                format!("{FOLDER}/{own}")
            } else if scales.contains_key(*label) {
                format!("{FOLDER}/{label}")
            } else if *label == "operator" && array.path != OPERATOR {
                // Of all operators, this array says which they are.
                OPERATOR.to_owned()
            } else {
                continue;
            };
            if matches!(array.dtype, Type::Number(_)) {
                uses.push((array.path.clone(), axis, scale));
            }
        }
    }
    for (name, values) in scales {
        arrays.push(Array {
            path: format!("{FOLDER}/{name}"),
            dtype: Type::Number(Dtype::I64),
            shape: vec![values.len()],
            chunk: None,
            extensible: vec![0],
            labels: Vec::new(),
            attributes: Vec::new(),
            data: Data::Memory(values.iter().flat_map(|v| v.to_le_bytes()).collect()),
        });
    }
    uses
}
