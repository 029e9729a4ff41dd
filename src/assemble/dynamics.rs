//! `/metadata/one_step_gain` and `/metadata/collapsed`: which operators do something, and what to tell
//! a person if few do.

use super::Sources;
use super::outputs::Rollout;
use super::stored::values;
use crate::cache::Dtype;
use crate::dataset::{Array, Attribute, Data, Type};
use crate::error::{Error, Result};
use crate::operator::metrics::collapse;

const COLLAPSED: &str = "/metadata/collapsed";

/// Both arrays `[N]`, from the first segments of the first blocks of realizations.
pub fn arrays(sources: &Sources<'_>, rollouts: &[Rollout<'_>]) -> Result<Vec<Array>> {
    let n = sources.plan.expansion.operators.len();
    let mut gains = vec![0; 4 * n];
    let mut codes = vec![collapse::NOT_MEASURED; n];
    let first = |r: &&Rollout<'_>| r.recipe.steps.start == 0 && r.recipe.realizations.start == 0;
    for Rollout { recipe, entry } in rollouts.iter().filter(first) {
        for operator in recipe.operators.iter() {
            let row = operator.index as usize;
            let read = |name: &str, size: usize| {
                let bytes = values(sources.cache, entry, &format!("{name}/{}", operator.index))?;
                if bytes.len() == size {
                    return Ok(bytes);
                }
                Err(Error::integrity(format!("rollout {}: wrong size", entry.key)))
            };
            gains[4 * row..4 * row + 4].copy_from_slice(&read("gain", 4)?);
            if recipe.num_timesteps > 1 {
                codes[row] = read("collapsed", 1)?[0];
            }
        }
    }
    let array = |path: &str, dtype, attributes: &[(&str, &str)], bytes| Array {
        path: path.into(),
        dtype: Type::Number(dtype),
        shape: vec![n],
        chunk: None,
        extensible: vec![0],
        labels: vec!["operator"],
        attributes: attributes
            .iter()
            .map(|(name, text)| ((*name).into(), Attribute::Text((*text).into())))
            .collect(),
        data: Data::Memory(bytes),
    };
    let gain = "std(O(x))/std(x) over channels and pixels, without noise and dropout, x the state that \
                the first application takes; NaN if x is constant or O(x) not finite";
    let ends = "whether x -> O(x), iterated from the same x without noise and dropout, wears the spatial \
                structure away; see docs/data-set.md";
    let meaning = "0 no, 1 yes, 255 not measured (one application, or a constant input)";
    Ok(vec![
        array("/metadata/one_step_gain", Dtype::F32, &[("definition", gain)], gains),
        array(COLLAPSED, Dtype::U8, &[("definition", ends), ("codes", meaning)], codes),
    ])
}

/// What a person should know if more than half of the operators of a data set collapse.
pub fn advice(arrays: &[Array]) -> Option<String> {
    let codes = arrays.iter().find(|array| array.path == COLLAPSED)?;
    let Data::Memory(codes) = &codes.data else { return None };
    let collapsed: usize = codes.iter().map(|code| usize::from(*code == collapse::YES)).sum();
    (2 * collapsed > codes.len()).then(|| {
        format!(
            "{collapsed} of {} operators, iterated without noise, wear their input away to a uniform \
             state, so that their trajectories show little but noise and drift; `init: he`, a larger \
             `weight_gain` or `normalization: instance` give livelier ones",
            codes.len()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_told_if_most_operators_collapse() {
        let array = |codes: &[u8]| Array {
            path: COLLAPSED.into(),
            dtype: Type::Number(Dtype::U8),
            shape: vec![codes.len()],
            chunk: None,
            extensible: vec![0],
            labels: vec!["operator"],
            attributes: Vec::new(),
            data: Data::Memory(codes.to_vec()),
        };
        assert_eq!(advice(&[array(&[1, 0, 1, 0])]), None);
        assert_eq!(advice(&[array(&[255; 4])]), None);
        let said = advice(&[array(&[1, 0, 1])]).unwrap();
        assert!(said.starts_with("2 of 3 operators"), "{said}");
    }
}
