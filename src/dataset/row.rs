//! All that a data set says of one operator.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::facts::{Facts, Group};
use super::file::{Attribute, Type, leaf_axis};
use super::info::States;
use super::reader::Reader;
use super::values::{shown, to_f64};
use crate::error::{Error, Result};
use crate::operator::metrics::collapse;

/// One operator.
#[derive(Debug, Serialize)]
pub struct Row {
    /// Version of this form.
    pub schema: u32,
    /// The file as it was named.
    pub file: String,
    /// Index of the operator.
    pub operator: i64,
    /// Its columns in `/metadata`.
    pub metadata: BTreeMap<String, String>,
    /// Value of every parameter.
    pub parameters: BTreeMap<String, String>,
    /// Unit coordinates of the sampled ones.
    pub coordinates: BTreeMap<String, f64>,
    /// Its one-step gain without noise; absent where it is not defined.
    pub one_step_gain: Option<f64>,
    /// Whether it collapses to a uniform state without noise; absent where that was not measured.
    pub collapsed: Option<bool>,
    /// Codes of its states.
    pub states: States,
    /// Per realization, the first state that is not sound.
    pub first_bad_state: Vec<Option<usize>>,
    /// Its initial condition.
    pub input: Option<Summary>,
    /// Per realization, its last state.
    pub last_states: Vec<Summary>,
    /// Metrics: name → per realization, the values over the states.
    pub metrics: BTreeMap<String, Vec<Vec<f64>>>,
    /// Features: category → name → value; absent where undefined. Of arrays with more than one axis
    /// per operator, the numbers in order.
    pub features: BTreeMap<String, BTreeMap<String, Option<f64>>>,
}

/// A field in four numbers. All are NaN if one of its is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Summary {
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
    /// Mean.
    pub mean: f64,
    /// Standard deviation (of the population).
    pub std: f64,
}

impl Summary {
    fn of(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
        let known = |v: f64| if mean.is_nan() { f64::NAN } else { v };
        Self {
            min: known(values.iter().copied().fold(f64::INFINITY, f64::min)),
            max: known(values.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
            mean,
            std: variance.sqrt(),
        }
    }
}

/// Describes operator `operator` of the data set at `path`.
/// # Errors
/// [`crate::error::ErrorKind::Usage`] if there is no such operator; else as [`super::validate()`].
pub fn row(path: &Path, operator: i64) -> Result<Row> {
    let reader = Reader::open(path)?;
    let (facts, _) = Facts::read(&reader);
    let Some(i) = facts.operators.iter().position(|o| *o == operator) else {
        let last = facts.operators.len() as i64 - 1;
        return Err(Error::usage(format!("the data set has no operator `{operator}`"))
            .help(format!("operators are numbered from 0 to {last}")));
    };
    let mut metadata: BTreeMap<String, String> = facts
        .columns
        .iter()
        .map(|(name, values)| ((*name).to_owned(), values[i].clone()))
        .collect();
    if let Some(sizes) = &facts.grid_sizes {
        metadata.insert("grid_size".into(), sizes[i].to_string());
    }
    let (codes, m, t) = facts.valid.as_ref().map_or((&[][..], 0, 0), |(c, m, t)| (c, *m, *t));
    let codes = codes.get(i * m * t..(i + 1) * m * t).unwrap_or(&[]);
    let group = facts
        .groups
        .iter()
        .find_map(|g| Some((g, g.rows.iter().position(|operator| *operator == i)?)));
    let mut parameters = BTreeMap::new();
    for path in below(&reader, "/parameters/values/") {
        let values = shown(&reader, path)?;
        let value = values.get(i).cloned().unwrap_or_default();
        parameters.insert(path.rsplit('/').next().unwrap_or(path).to_owned(), value);
    }
    Ok(Row {
        schema: 1,
        file: path.display().to_string(),
        operator,
        metadata,
        parameters,
        coordinates: named(&reader, "/parameters/params", i)?
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect(),
        one_step_gain: facts.gains.as_ref().map(|gains| gains[i]).filter(|gain| gain.is_finite()),
        collapsed: facts.collapsed.as_ref().and_then(|codes| match codes[i] {
            collapse::NO => Some(false),
            collapse::YES => Some(true),
            _ => None,
        }),
        states: States::count(codes),
        first_bad_state: codes
            .chunks(t.max(1))
            .map(|states| states.iter().position(|code| *code != 0))
            .collect(),
        input: match group.and_then(|(g, row)| Some((g.inputs.as_ref()?, row))) {
            Some((path, row)) => Some(Summary::of(&leaf(&reader, path, row)?)),
            None => None,
        },
        last_states: last_states(&reader, group, m, t)?,
        metrics: metrics(&reader, i, t)?,
        features: features(&reader, i)?,
    })
}

/// The paths of the arrays below a group.
pub(super) fn below<'r>(reader: &'r Reader, prefix: &'r str) -> impl Iterator<Item = &'r str> {
    let arrays = reader.objects.iter().filter(|(_, entry)| entry.array.is_some());
    arrays.map(|(path, _)| path.as_str()).filter(move |path| path.starts_with(prefix))
}

fn leaf(reader: &Reader, path: &str, number: usize) -> Result<Vec<f64>> {
    let blocks = reader.blocks(path)?;
    if number >= blocks.leaves() {
        return Err(Error::integrity(format!("`{path}` has no row for the operator")));
    }
    if blocks.count() == 0 {
        // Rows without columns: no parameter is sampled.
        return Ok(Vec::new());
    }
    Ok(to_f64(blocks.leaf(number, &mut None)?, blocks.dtype()))
}

fn last_states(
    reader: &Reader,
    group: Option<(&Group, usize)>,
    m: usize,
    t: usize,
) -> Result<Vec<Summary>> {
    let Some((path, row)) = group.and_then(|(g, row)| Some((g.outputs.as_ref()?, row))) else {
        return Ok(Vec::new());
    };
    let last = |r: usize| Ok(Summary::of(&leaf(reader, path, (row * m + r) * t + t - 1)?));
    if t == 0 { Ok(Vec::new()) } else { (0..m).map(last).collect() }
}

fn metrics(reader: &Reader, i: usize, t: usize) -> Result<BTreeMap<String, Vec<Vec<f64>>>> {
    let mut metrics = BTreeMap::new();
    for path in below(reader, "/outputs/metrics/") {
        let values = leaf(reader, path, i)?;
        let name = path.rsplit('/').next().unwrap_or(path).to_owned();
        metrics.insert(name, values.chunks(t.max(1)).map(<[f64]>::to_vec).collect());
    }
    Ok(metrics)
}

type Named = Vec<(String, Option<f64>)>;

/// A row of an array by the names of its columns.
fn named(reader: &Reader, path: &str, i: usize) -> Result<Named> {
    let values = leaf(reader, path, i)?;
    let names = match reader.attribute(path, "names") {
        Some(Attribute::Texts(names)) if names.len() == values.len() => names.clone(),
        _ => (0..values.len()).map(|j| j.to_string()).collect(),
    };
    Ok(names.into_iter().zip(values.into_iter().map(Some)).collect())
}

fn features(reader: &Reader, i: usize) -> Result<BTreeMap<String, BTreeMap<String, Option<f64>>>> {
    let mut features = BTreeMap::new();
    for path in below(reader, "/features/sdf/") {
        let Some((category, "values")) = path.rsplit_once('/') else { continue };
        let array = reader.stored(path).expect("`below` lists arrays");
        if array.dtype == Type::Text || leaf_axis(path, array.dtype, array.shape.len()) != 1 {
            continue;
        }
        let mut row = named(reader, path, i)?;
        let validity = format!("{category}/validity");
        if reader.stored(&validity).is_some() {
            // Codes, as in `/metadata/valid`: 0 is sound.
            for (value, code) in row.iter_mut().zip(leaf(reader, &validity, i)?) {
                value.1 = value.1.filter(|_| code == 0.0);
            }
        }
        let name = category.trim_start_matches("/features/sdf/").to_owned();
        features.insert(name, row.into_iter().collect());
    }
    Ok(features)
}
