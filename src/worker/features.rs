//! Feature tables: the response of each operator to changes of its input.

use super::{Context, WHOLE, f32_bytes, f32_values};
use crate::artifact::{Artifact, FeatureTable, InitialConditions};
use crate::cache::{Documents, Dtype};
use crate::compute::sensitivity::sensitivity;
use crate::error::Result;
use crate::graph::Node;

/// A feature is defined.
const DEFINED: u8 = 0;
/// It is not: the operator's output at the input itself is zero or not finite.
const UNDEFINED: u8 = 1;

/// Writes the pieces `values/<operator>` and `validity/<operator>`.
pub fn run(context: &mut Context, node: &Node, recipe: &FeatureTable) -> Result<()> {
    let inputs = context.entry(InitialConditions::KIND.name, &recipe.inputs.key())?;
    let mut part = context.part(node, WHOLE)?;
    for operator in recipe.operators.iter() {
        let name = format!("fields/{}", operator.index);
        let input = f32_values(&context.array(&inputs, &name)?);
        let (device, precision) = (context.device, context.precision);
        let values = sensitivity(operator, recipe.seed, &input, device, precision)?;
        let validity = values.map(|v| if v.is_finite() { DEFINED } else { UNDEFINED });
        let shape = [values.len()];
        let name = |array: &str| format!("{array}/{}", operator.index);
        part.push(&name("values"), Dtype::F32, &shape, 10, 1, &f32_bytes(&values), None)?;
        part.push(&name("validity"), Dtype::U8, &shape, 10, 1, &validity, None)?;
    }
    part.finish(Documents::new()).map(drop)
}
