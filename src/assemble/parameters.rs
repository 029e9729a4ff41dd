//! `/parameters`: unit coordinates of the sampled dimensions, and every named value.

use serde_json::Value;

use super::Sources;
use crate::artifact::Parameters;
use crate::cache::Dtype;
use crate::dataset::{Array, Attribute, Data, Type};
use crate::error::{Error, Result};
use crate::sampling::{self, Discrete, Quality};
use crate::space::{ParameterId, Setting, Spec};

/// A named parameter with its columns over all operators.
struct Column {
    id: ParameterId,
    spec: Spec,
    /// Empty if it is fixed.
    unit: Vec<f64>,
    values: Vec<Value>,
}

fn columns(sources: &Sources<'_>) -> Result<Vec<Column>> {
    let named = &sources.experiment.space.named;
    let mut columns: Vec<Column> = named
        .iter()
        .map(|(id, spec)| Column {
            id: *id,
            spec: spec.clone(),
            unit: Vec::new(),
            values: Vec::new(),
        })
        .collect();
    for (node, recipe) in sources.recipes::<Parameters>() {
        let entry = sources.entry(node)?;
        let document = sources.document(&entry, "parameters")?;
        for (id, _) in &recipe.specs {
            let name = id.get().name;
            let column = columns.iter_mut().find(|c| c.id == *id).expect("named above");
            let values = document["values"][name].as_array();
            let values = values.ok_or_else(|| {
                Error::integrity(format!("{}: no values of `{name}`", node.label()))
            })?;
            column.values.extend(values.iter().cloned());
            if let Some(unit) = document["unit"][name].as_array() {
                column.unit.extend(unit.iter().filter_map(Value::as_f64));
            }
        }
    }
    Ok(columns)
}

/// `/parameters/params` `[N, P]` and `/parameters/values/<name>` `[N]`.
pub fn arrays(sources: &Sources<'_>) -> Result<Vec<Array>> {
    let columns = columns(sources)?;
    let rows = sources.plan.expansion.operators.len();
    let sampled: Vec<&Column> = columns.iter().filter(|c| c.spec.fixed().is_none()).collect();
    let params = (0..rows).flat_map(|row| sampled.iter().map(move |c| c.unit[row].to_le_bytes()));
    let mut arrays = vec![Array {
        path: "/parameters/params".into(),
        dtype: Type::Number(Dtype::F64),
        shape: vec![rows, sampled.len()],
        chunk: None,
        extensible: vec![0],
        labels: vec!["operator", "parameter"],
        attributes: vec![
            ("names".into(), texts(&sampled, |c| c.id.get().name.to_owned())),
            ("groups".into(), texts(&sampled, |c| c.id.get().group.name().to_owned())),
            ("kinds".into(), texts(&sampled, |c| kind(&c.spec).to_owned())),
            (
                "bounds".into(),
                Attribute::Floats {
                    shape: vec![sampled.len(), 2],
                    values: sampled.iter().flat_map(|c| bounds(&c.spec)).collect(),
                },
            ),
            ("scales".into(), texts(&sampled, |c| scale(&c.spec).to_owned())),
            ("choices".into(), texts(&sampled, |c| choices(&c.spec))),
        ],
        data: Data::Memory(params.flatten().collect()),
    }];
    for column in &columns {
        arrays.push(values(column, rows));
    }
    Ok(arrays)
}

fn texts(columns: &[&Column], of: impl Fn(&Column) -> String) -> Attribute {
    Attribute::Texts(columns.iter().map(|c| of(c)).collect())
}

fn kind(spec: &Spec) -> &'static str {
    match spec {
        Spec::Integer(..) => "integer",
        Spec::Continuous { .. } => "continuous",
        Spec::Choice(_) => "choice",
    }
}

fn scale(spec: &Spec) -> &'static str {
    match spec {
        Spec::Continuous { log: true, .. } => "log",
        Spec::Continuous { .. } | Spec::Integer(..) => "linear",
        Spec::Choice(_) => "choice",
    }
}

/// Low and high end; of a choice of numbers the least and the greatest, of names their count.
fn bounds(spec: &Spec) -> [f64; 2] {
    match spec {
        Spec::Integer(lo, hi) => [*lo as f64, *hi as f64],
        Spec::Continuous { lo, hi, .. } => [*lo, *hi],
        Spec::Choice(choices) => {
            let numbers: Option<Vec<f64>> = choices.iter().map(|c| c.number()).collect();
            match numbers {
                Some(numbers) => [
                    numbers.iter().copied().fold(f64::INFINITY, f64::min),
                    numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max),
                ],
                None => [0.0, choices.len() as f64 - 1.0],
            }
        }
    }
}

/// The choices as a JSON list; an empty text for other kinds.
fn choices(spec: &Spec) -> String {
    match spec {
        Spec::Choice(choices) => {
            Value::Array(choices.iter().map(|c| (*c).into()).collect()).to_string()
        }
        _ => String::new(),
    }
}

fn values(column: &Column, rows: usize) -> Array {
    let name = column.id.get().name;
    let (dtype, data) = match column.values.first() {
        Some(Value::String(_)) => {
            let texts = column.values.iter().map(|v| v.as_str().unwrap_or_default().to_owned());
            (Type::Text, Data::Texts(texts.collect()))
        }
        Some(Value::Number(number)) if number.is_i64() && whole(&column.spec) => {
            let ints = column.values.iter().flat_map(|v| v.as_i64().unwrap_or(0).to_le_bytes());
            (Type::Number(Dtype::I64), Data::Memory(ints.collect()))
        }
        _ => {
            let reals =
                column.values.iter().flat_map(|v| v.as_f64().unwrap_or(f64::NAN).to_le_bytes());
            (Type::Number(Dtype::F64), Data::Memory(reals.collect()))
        }
    };
    let sampled = i64::from(column.spec.fixed().is_none());
    Array {
        path: format!("/parameters/values/{name}"),
        dtype,
        shape: vec![rows],
        chunk: None,
        extensible: vec![0],
        labels: vec!["operator"],
        attributes: vec![
            ("kind".into(), Attribute::Text(kind(&column.spec).into())),
            ("group".into(), Attribute::Text(column.id.get().group.name().into())),
            ("sampled".into(), Attribute::Int(sampled)),
        ],
        data,
    }
}

/// Whether all values of a spec are whole numbers.
fn whole(spec: &Spec) -> bool {
    match spec {
        Spec::Integer(..) => true,
        Spec::Continuous { .. } => false,
        Spec::Choice(choices) => choices.iter().all(|c| matches!(c, Setting::Int(_))),
    }
}

/// How good the sample is.
///
/// # Errors
/// Of kind integrity if an entry is damaged.
pub fn quality(sources: &Sources<'_>) -> Result<Quality> {
    let columns = columns(sources)?;
    let sampled: Vec<&Column> = columns.iter().filter(|c| c.spec.fixed().is_none()).collect();
    let names: Vec<&str> = sampled.iter().map(|c| c.id.get().name).collect();
    let units: Vec<Vec<f64>> = sampled.iter().map(|c| c.unit.clone()).collect();
    // The level of a discrete value is the cell that its coordinate lies in.
    let levels: Vec<(usize, Vec<u32>, &str)> = sampled
        .iter()
        .filter_map(|c| {
            let count = c.spec.levels()?;
            let index = |u: &f64| ((u * count as f64) as u32).min(count as u32 - 1);
            Some((count, c.unit.iter().map(index).collect(), c.id.get().name))
        })
        .collect();
    let discrete: Vec<Discrete<'_>> = levels
        .iter()
        .map(|(levels, index, name)| Discrete { name, levels: *levels, index })
        .collect();
    Ok(sampling::assess(&units, &names, &discrete))
}
