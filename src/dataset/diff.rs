//! Compares two data sets: arrays, values of the operators in common, attributes, experiments.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::compare::{columns, leaves};
use super::facts::{DOCUMENTS, Facts};
use super::info::json;
use super::reader::{Reader, Stored};
use super::writer::{DIGEST, KEY};
use crate::error::Result;

/// How two data sets, `a` and `b`, differ.
#[derive(Debug, Serialize)]
pub struct Difference {
    /// Version of this form.
    pub schema: u32,
    /// The files as they were named.
    pub files: [String; 2],
    /// The digests that they say they have.
    pub digests: [Option<String>; 2],
    /// Whether nothing below differs but provenance.
    pub same: bool,
    /// Operators of each.
    pub operators: [usize; 2],
    /// Operators that both have, by index.
    pub common: usize,
    /// Arrays of `a` alone.
    pub removed: Vec<String>,
    /// Arrays of `b` alone.
    pub added: Vec<String>,
    /// Arrays of both that differ in type, shape or values.
    pub changed: Vec<ArrayDifference>,
    /// Attributes that differ: where, `a`'s value, `b`'s value. The experiment and its quality are compared by
    /// path within the JSON (`/metadata@config/simulation/seed`); provenance is left out.
    pub attributes: Vec<AttributeDifference>,
}

/// How an array differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArrayDifference {
    /// Its path.
    pub path: String,
    /// Types.
    pub dtypes: [String; 2],
    /// Shapes.
    pub shapes: [Vec<usize>; 2],
    /// Parts compared (states, rows, or elements of a column); 0 if the shapes allow none.
    pub compared: usize,
    /// Those that differ.
    pub differing: usize,
    /// Those where one has a number and the other has none.
    pub undefined: usize,
    /// `max |a − b|`, over the values where both are numbers; of texts none.
    pub max_abs: Option<f64>,
    /// `max |a − b| / max |b|`.
    pub relative: Option<f64>,
}

/// One attribute, or one value in the experiment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AttributeDifference {
    /// Where: `path@name`, then the path within a JSON text.
    pub path: String,
    /// In `a`; absent if it is not there.
    pub a: Option<Value>,
    /// In `b`.
    pub b: Option<Value>,
}

/// One side of the comparison.
struct Side {
    reader: Reader,
    facts: Facts,
}

/// Compares the data sets at two paths, reading the values of all arrays that both have.
/// # Errors
/// As [`super::validate()`], and [`crate::error::ErrorKind::Integrity`] if values cannot be read.
pub fn diff(a: &Path, b: &Path) -> Result<Difference> {
    let open = |path: &Path| -> Result<Side> {
        let reader = Reader::open(path)?;
        let (facts, _) = Facts::read(&reader);
        Ok(Side { reader, facts })
    };
    let sides = [open(a)?, open(b)?];
    let arrays = |side: &Side| -> BTreeSet<String> {
        let stored = side.reader.objects.iter().filter(|(_, entry)| entry.array.is_some());
        let documents = DOCUMENTS.map(|name| format!("/metadata/{name}"));
        stored.map(|(path, _)| path.clone()).filter(|path| !documents.contains(path)).collect()
    };
    let paths = [arrays(&sides[0]), arrays(&sides[1])];
    let mut changed = Vec::new();
    for path in paths[0].intersection(&paths[1]) {
        changed.extend(array(&sides, path)?);
    }
    let mut attributes = Vec::new();
    compare_attributes(&sides, &mut attributes);
    let only = |i: usize, j: usize| paths[i].difference(&paths[j]).cloned().collect::<Vec<_>>();
    let (removed, added) = (only(0, 1), only(1, 0));
    let known: BTreeSet<i64> = sides[0].facts.operators.iter().copied().collect();
    Ok(Difference {
        schema: 1,
        files: [a, b].map(|path| path.display().to_string()),
        digests: [0, 1].map(|i| sides[i].reader.text("/", DIGEST).map(str::to_owned)),
        same: removed.is_empty() && added.is_empty() && changed.is_empty() && attributes.is_empty(),
        operators: [0, 1].map(|i| sides[i].facts.operators.len()),
        common: sides[1].facts.operators.iter().filter(|o| known.contains(o)).count(),
        removed,
        added,
        changed,
        attributes,
    })
}

/// How an array that both have differs; `None` if it does not.
fn array(sides: &[Side; 2], path: &str) -> Result<Option<ArrayDifference>> {
    let stored = [0, 1].map(|i| sides[i].reader.stored(path).expect("both have it"));
    let readers = [&sides[0].reader, &sides[1].reader];
    let rows = rows_in_common(sides, path, stored);
    let found = if stored[0].shape.len() == 1 {
        columns(readers, path, stored, &rows)?
    } else {
        leaves(readers, path, stored, &rows)?
    };
    let same_form = stored[0].dtype == stored[1].dtype && stored[0].shape == stored[1].shape;
    if same_form && found.differing == 0 && found.compared > 0 {
        return Ok(None);
    }
    if same_form && stored[0].shape.contains(&0) {
        return Ok(None);
    }
    let numbers = found.numbers.then_some(found.max_abs);
    Ok(Some(ArrayDifference {
        path: path.to_owned(),
        dtypes: stored.map(|s| s.dtype.name().to_owned()),
        shapes: stored.map(|s| s.shape.clone()),
        compared: found.compared,
        differing: found.differing,
        undefined: found.undefined,
        max_abs: numbers,
        relative: numbers.filter(|_| found.scale > 0.0).map(|max| max / found.scale),
    }))
}

/// Rows of `a` and `b` that belong to the same operator; to the same index where rows are no operators.
fn rows_in_common(sides: &[Side; 2], path: &str, stored: [&Stored; 2]) -> Vec<(usize, usize)> {
    let operators = [0, 1].map(|i| {
        let facts = &sides[i].facts;
        let group = facts
            .groups
            .iter()
            .find(|g| g.inputs.as_deref() == Some(path) || g.outputs.as_deref() == Some(path));
        let rows = stored[i].shape.first().copied().unwrap_or(0);
        match group {
            Some(group) => group.rows.iter().map(|row| facts.operators[*row]).collect::<Vec<_>>(),
            None if rows == facts.operators.len() => facts.operators.clone(),
            None => (0..rows as i64).collect(),
        }
    });
    let places: BTreeMap<i64, usize> =
        operators[1].iter().enumerate().map(|(row, operator)| (*operator, row)).collect();
    let pair = |(row, operator): (usize, &i64)| Some((row, *places.get(operator)?));
    let inside = |(a, b): &(usize, usize)| {
        stored[0].shape.first().is_some_and(|n| a < n)
            && stored[1].shape.first().is_some_and(|n| b < n)
    };
    operators[0].iter().enumerate().filter_map(pair).filter(inside).collect()
}

fn compare_attributes(sides: &[Side; 2], differences: &mut Vec<AttributeDifference>) {
    let values = |side: &Side| -> BTreeMap<String, Value> {
        let mut values = BTreeMap::new();
        for (path, entry) in &side.reader.objects {
            for (name, value) in &entry.attributes {
                let document = path == "/metadata" && DOCUMENTS.contains(&name.as_str());
                let value = match json(value) {
                    Value::String(text) if document => {
                        serde_json::from_str(&text).unwrap_or(Value::String(text))
                    }
                    value => value,
                };
                values.insert(format!("{path}@{name}"), value);
            }
        }
        values.remove("/metadata@provenance");
        values.remove(&format!("/@{DIGEST}"));
        values.remove(&format!("/@{KEY}"));
        values
    };
    let (a, b) = (values(&sides[0]), values(&sides[1]));
    for path in a.keys().chain(b.keys()).collect::<BTreeSet<_>>() {
        compare_json(path, a.get(path), b.get(path), differences);
    }
}

fn compare_json(
    path: &str,
    a: Option<&Value>,
    b: Option<&Value>,
    differences: &mut Vec<AttributeDifference>,
) {
    match (a, b) {
        (Some(Value::Object(x)), Some(Value::Object(y))) => {
            for name in x.keys().chain(y.keys()).collect::<BTreeSet<_>>() {
                compare_json(&format!("{path}/{name}"), x.get(name), y.get(name), differences);
            }
        }
        (Some(Value::Array(x)), Some(Value::Array(y))) if x.len() == y.len() => {
            for (i, (x, y)) in x.iter().zip(y).enumerate() {
                compare_json(&format!("{path}/{i}"), Some(x), Some(y), differences);
            }
        }
        _ if a == b => {}
        _ => differences.push(AttributeDifference {
            path: path.to_owned(),
            a: a.cloned(),
            b: b.cloned(),
        }),
    }
}
