//! Feature tables: the response of each operator to changes of its input.

use super::{Context, WHOLE, f32_bytes, f32_values};
use crate::artifact::{Artifact, FeatureTable, InitialConditions};
use crate::cache::{Documents, Dtype};
use crate::compute::sensitivity::sensitivity;
use crate::error::Result;
use crate::features::table::coded;
use crate::graph::Node;
use crate::mark;

/// Writes the pieces `values/<operator>` and `validity/values/<operator>`.
pub fn run(context: &mut Context, node: &Node, recipe: &FeatureTable) -> Result<()> {
    let inputs = context.entry(InitialConditions::KIND.name, &recipe.inputs.key())?;
    let mut part = context.part(node, WHOLE)?;
    for operator in recipe.operators.iter() {
        mark::operator(operator.index);
        let name = format!("fields/{}", operator.index);
        let input = f32_values(&context.array(&inputs, &name)?);
        let (device, precision) = (context.device, context.precision);
        let (values, codes) =
            coded(&sensitivity(operator, recipe.seed, &input, device, precision)?);
        let (count, name) = (values.len(), format!("values/{}", operator.index));
        part.push(&name, Dtype::F32, &[count], count, 1, &f32_bytes(&values), None)?;
        let name = format!("validity/{name}");
        part.push(&name, Dtype::U8, &[count], count, 1, &codes, None)?;
    }
    part.finish(Documents::new()).map(drop)
}
