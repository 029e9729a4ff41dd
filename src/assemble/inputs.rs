//! `/inputs`: one initial condition per operator; and the features that come from the operator alone.

use rayon::prelude::*;

use super::stored::{Padding, Placement, find, values};
use super::{GridGroup, Sources};
use crate::artifact::{FeatureTable, InitialConditions};
use crate::cache::Dtype;
use crate::dataset::{Array, Attribute, Data, Type};
use crate::error::Result;
use crate::key::Digest;

/// `/inputs/[<side>/]fields` `[N, C, n, n]` float32.
pub fn arrays(sources: &Sources<'_>, groups: &[GridGroup]) -> Result<Vec<Array>> {
    let channels = sources.experiment.simulation.channels as usize;
    let mut places: Vec<Vec<Placement>> = groups.iter().map(|_| Vec::new()).collect();
    for (node, recipe) in sources.recipes::<InitialConditions>() {
        let entry = sources.entry(node)?;
        for input in &recipe.inputs {
            let at = groups.iter().position(|g| g.rows.contains_key(&input.operator));
            let at = at.expect("every operator has a row");
            let from = input.grid as usize;
            let group = &groups[at];
            places[at].push(Placement {
                piece: find(sources.cache, &entry, &format!("fields/{}", input.operator))?,
                entry: entry.clone(),
                offset: vec![group.rows[&input.operator], 0, 0, 0],
                skip: 0,
                unit: vec![channels, group.side, group.side],
                padding: (from != group.side).then_some(Padding { from, to: group.side }),
            });
        }
    }
    groups
        .iter()
        .zip(places)
        .map(|(group, mut places)| {
            places.sort_by_key(|p| p.offset[0]);
            let leaves: Result<Vec<Vec<Digest>>> =
                places.par_iter().map(|place| place.leaves(sources.cache)).collect();
            Ok(Array {
                path: format!("/inputs/{}fields", group.prefix),
                dtype: Type::Number(Dtype::F32),
                shape: vec![places.len(), channels, group.side, group.side],
                chunk: Some(vec![1, channels, group.side, group.side]),
                extensible: vec![0],
                labels: vec!["operator", "channel", "y", "x"],
                attributes: Vec::new(),
                data: Data::Chunks {
                    leaves: leaves?.concat(),
                    chunks: places.into_iter().map(|p| p.chunk(sources)).collect(),
                },
            })
        })
        .collect()
}

/// `/features/sdf/operator_sensitivity/{values,validity}` `[N, 10]`.
pub fn features(sources: &Sources<'_>) -> Result<Vec<Array>> {
    let names = crate::operator::sensitivity::NAMES;
    let (mut numbers, mut validity) = (Vec::new(), Vec::new());
    for (node, recipe) in sources.recipes::<FeatureTable>() {
        let entry = sources.entry(node)?;
        for operator in recipe.operators.iter() {
            let name = |array: &str| format!("{array}/{}", operator.index);
            numbers.extend(values(sources.cache, &entry, &name("values"))?);
            validity.extend(values(
                sources.cache,
                &entry,
                &format!("validity/{}", name("values")),
            )?);
        }
    }
    let array = |name: &str, dtype, bytes: Vec<u8>| Array {
        path: format!("/features/sdf/{}/{name}", FeatureTable::CATEGORY),
        dtype: Type::Number(dtype),
        shape: vec![sources.plan.expansion.operators.len(), names.len()],
        chunk: None,
        extensible: vec![0],
        labels: vec!["operator", "feature"],
        attributes: vec![(
            "names".into(),
            Attribute::Texts(names.iter().map(|n| (*n).to_owned()).collect()),
        )],
        data: Data::Memory(bytes),
    };
    Ok(vec![array("values", Dtype::F32, numbers), array("validity", Dtype::U8, validity)])
}
