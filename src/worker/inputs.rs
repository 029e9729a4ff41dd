//! Initial conditions: one keyed stream per operator.

use serde_json::{Map, Value as Json, json};

use super::{Context, WHOLE, f32_bytes};
use crate::artifact::InitialConditions;
use crate::cache::{Documents, Dtype};
use crate::error::Result;
use crate::graph::Node;
use crate::ic::Request;
use crate::key::Value;
use crate::mark;
use crate::rng::Stream;

/// Writes the pieces `fields/<operator>` and the document `settings`.
pub fn run(context: &Context, node: &Node, recipe: &InitialConditions) -> Result<()> {
    let channels = recipe.channels as usize;
    let mut part = context.part(node, WHOLE)?;
    let mut settings = Map::new();
    for input in &recipe.inputs {
        mark::operator(input.operator);
        let grid = input.grid as usize;
        let stream = Stream::new(recipe.seed, "ic", &[input.operator]);
        let drawn = input.settings.draw(&Request { stream, grid, channels });
        part.push(
            &format!("fields/{}", input.operator),
            Dtype::F32,
            &[channels, grid, grid],
            drawn.fields.len(),
            1,
            &f32_bytes(&drawn.fields),
            context.compression,
        )?;
        let mut values: Map<String, Json> =
            drawn.settings.iter().map(|(name, value)| ((*name).to_owned(), json(value))).collect();
        values.insert("family".into(), input.family.name.into());
        values.insert("stream".into(), json!(format!("{:016x}", stream.key())));
        settings.insert(input.operator.to_string(), Json::Object(values));
    }
    part.finish(Documents::from([("settings".to_owned(), Json::Object(settings))])).map(drop)
}

fn json(value: &Value) -> Json {
    match value {
        Value::Absent => Json::Null,
        Value::Bool(v) => json!(v),
        Value::Int(v) => json!(v),
        Value::Float(v) => json!(v),
        Value::Text(v) => json!(v),
        Value::List(items) => items.iter().map(json).collect(),
        Value::Map(items) => {
            Json::Object(items.iter().map(|(name, v)| ((*name).to_owned(), json(v))).collect())
        }
    }
}
