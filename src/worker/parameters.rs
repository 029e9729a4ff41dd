//! Parameter sets: unit coordinates and their values.

use serde_json::{Map, Value, json};

use super::{Context, WHOLE};
use crate::artifact::Parameters;
use crate::cache::Documents;
use crate::error::Result;
use crate::graph::Node;
use crate::mark;

/// Writes the document `parameters`.
pub fn run(context: &Context, node: &Node, recipe: &Parameters) -> Result<()> {
    let (mut unit, mut values) = (Map::new(), Map::new());
    for (id, spec) in &recipe.specs {
        mark::tick();
        let name = id.get().name;
        let count = (recipe.operators.end - recipe.operators.start) as usize;
        let settings: Vec<Value> = if let Some(fixed) = spec.fixed() {
            vec![fixed.into(); count]
        } else {
            let column = recipe.sampler.column(id.get().dimension, recipe.operators.clone());
            let settings = column.iter().map(|u| spec.value(*u).into()).collect();
            unit.insert(name.to_owned(), json!(column));
            settings
        };
        values.insert(name.to_owned(), Value::Array(settings));
    }
    let first = recipe.operators.start;
    let document = json!({"first": first, "unit": unit, "values": values});
    context
        .part(node, WHOLE)?
        .finish(Documents::from([("parameters".to_owned(), document)]))
        .map(drop)
}
