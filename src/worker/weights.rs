//! Weights: drawn, counted and hashed; kept only where the experiment asks for them.

use serde_json::{Map, json};

use super::{Context, WHOLE, f32_bytes};
use crate::artifact::Weights;
use crate::cache::{Documents, Dtype};
use crate::compute::weights::draw;
use crate::error::{Error, Result};
use crate::graph::Node;
use crate::mark::{self, Doing};

/// Name of the file in an entry, and of the one array in it.
const FILE: &str = "weights.safetensors";

/// Writes the document `weights`, and `weights.safetensors` if asked for.
pub fn run(context: &Context, node: &Node, recipe: &Weights) -> Result<()> {
    let mut operators = Map::new();
    let mut tensors = Vec::new();
    for operator in recipe.operators.iter() {
        mark::operator(operator.index);
        let weights = draw(recipe.seed, operator.index, &operator.architecture);
        let count: usize = weights.tensors.iter().map(|t| t.values.len()).sum();
        operators.insert(
            operator.index.to_string(),
            json!({
                "stream": format!("{:016x}", weights.stream),
                "weights": count,
                "digest": weights.digest(),
            }),
        );
        if recipe.stored {
            tensors.extend(weights.named_for_storage(operator.index));
        }
    }
    mark::doing(Doing::Writing);
    let mut part = context.part(node, WHOLE)?;
    if recipe.stored {
        let bytes: Vec<Vec<u8>> = tensors.iter().map(|t| f32_bytes(&t.values)).collect();
        let views: Result<Vec<_>, _> = tensors
            .iter()
            .zip(&bytes)
            .map(|(tensor, bytes)| {
                let shape = tensor.shape.iter().map(|side| *side as usize).collect();
                safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape, bytes)
                    .map(|view| (tensor.name.as_str(), view))
            })
            .collect();
        let file = views
            .and_then(|views| safetensors::serialize(views, None))
            .map_err(|e| Error::artifact(format!("{}: {e}", node.label())))?;
        part.call(FILE);
        part.push(FILE, Dtype::U8, &[file.len()], file.len(), 1, &file, None)?;
    }
    part.finish(Documents::from([("weights".to_owned(), operators.into())])).map(drop)
}
