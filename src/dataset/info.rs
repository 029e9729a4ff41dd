//! What a data set is: its arrays, counts, quality, provenance; and all that is known of one operator.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::dynamics::{Dynamics, dynamics};
use super::facts::{DOCUMENTS, Facts};
use super::file::Attribute;
use super::reader::{Reader, Stored};
use super::writer::{DIGEST, GENERATOR, KEY};
use crate::error::Result;

/// A data set at a glance.
#[derive(Debug, Serialize)]
pub struct Info {
    /// Version of this form.
    pub schema: u32,
    /// The file as it was named.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// The digest it says it has; `validate` recomputes it.
    pub digest: Option<String>,
    /// The key of the artifact.
    pub key: Option<String>,
    /// Program and version that wrote it.
    pub generator: Option<String>,
    /// N.
    pub operators: usize,
    /// M.
    pub realizations: usize,
    /// T.
    pub steps: usize,
    /// C.
    pub channels: usize,
    /// How many operators have each type, family, policy, regime, split and grid: column → value → count.
    pub counts: BTreeMap<String, BTreeMap<String, usize>>,
    /// Codes of states.
    pub states: States,
    /// Operators with a state that is not sound.
    pub operators_with_bad_states: usize,
    /// One-step gains, and how many operators collapse.
    pub dynamics: Option<Dynamics>,
    /// Every array.
    pub arrays: Vec<ArrayInfo>,
    /// Attributes by path; the three JSON texts of `/metadata` stand below instead.
    pub attributes: BTreeMap<String, BTreeMap<String, Value>>,
    /// Quality of the sample.
    pub sampling_metrics: Value,
    /// Where it comes from: version, git commit, profile, host, times.
    pub provenance: Value,
    /// The canonical experiment.
    pub config: Value,
    /// What could not be read.
    pub problems: Vec<String>,
}

/// How many states have each code.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct States {
    /// Code 0.
    pub sound: u64,
    /// Code 1.
    pub non_finite: u64,
    /// Code 2.
    pub constant: u64,
    /// Code 3.
    pub too_large: u64,
}

impl States {
    pub(super) fn count(codes: &[u8]) -> Self {
        let mut states = Self::default();
        for code in codes {
            match code {
                0 => states.sound += 1,
                1 => states.non_finite += 1,
                2 => states.constant += 1,
                3 => states.too_large += 1,
                // `validate` names the codes that do not exist.
                _ => {}
            }
        }
        states
    }
}

/// One array.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArrayInfo {
    /// Absolute path.
    pub path: String,
    /// Type of the elements, as numpy has it, or `text`.
    pub dtype: String,
    /// Shape.
    pub shape: Vec<usize>,
    /// Names of the axes.
    pub labels: Vec<String>,
    /// Shape of a chunk.
    pub chunk: Option<Vec<usize>>,
    /// Bytes in the file; of texts, their places only.
    pub stored: u64,
    /// Bytes of the values divided by those in the file.
    pub ratio: Option<f64>,
}

/// Describes the data set at `path`; reads metadata only, not the fields.
/// # Errors
/// As [`super::validate()`].
pub fn info(path: &Path) -> Result<Info> {
    let reader = Reader::open(path)?;
    let (facts, mut problems) = Facts::read(&reader);
    problems.extend(reader.problems.iter().map(|(path, reason)| format!("`{path}`: {reason}")));
    let mut counts: BTreeMap<String, BTreeMap<String, usize>> = facts
        .columns
        .iter()
        .map(|(name, values)| ((*name).to_owned(), Facts::count(values)))
        .collect();
    if let Some(sizes) = &facts.grid_sizes {
        counts.insert("grid_sizes".into(), Facts::count(sizes));
    }
    let (codes, m, t) = facts.valid.as_ref().map_or((&[][..], 0, 0), |(c, m, t)| (c, *m, *t));
    let bad = codes.chunks((m * t).max(1)).filter(|c| c.iter().any(|code| *code != 0)).count();
    let channels = reader
        .objects
        .iter()
        .filter(|(path, _)| path.ends_with("/fields"))
        .find_map(|(_, entry)| {
            let shape = &entry.array.as_ref()?.shape;
            shape.len().checked_sub(3).map(|axis| shape[axis])
        })
        .unwrap_or(0);
    let document = |name: &str| {
        let text = reader.text("/metadata", name).unwrap_or("null");
        serde_json::from_str(text).unwrap_or(Value::String(text.to_owned()))
    };
    let root = |name: &str| reader.text("/", name).map(str::to_owned);
    Ok(Info {
        schema: 1,
        file: path.display().to_string(),
        bytes: reader.bytes,
        digest: root(DIGEST),
        key: root(KEY),
        generator: root(GENERATOR),
        operators: facts.operators.len(),
        realizations: m,
        steps: t,
        channels,
        counts,
        states: States::count(codes),
        operators_with_bad_states: bad,
        dynamics: dynamics(&reader, &facts),
        arrays: reader
            .objects
            .iter()
            .filter_map(|(path, entry)| Some(array_info(path, entry.array.as_ref()?)))
            .collect(),
        attributes: attributes(&reader),
        sampling_metrics: document("sampling_metrics"),
        provenance: document("provenance"),
        config: document("config"),
        problems,
    })
}

fn array_info(path: &str, array: &Stored) -> ArrayInfo {
    ArrayInfo {
        path: path.to_owned(),
        dtype: array.dtype.name().to_owned(),
        shape: array.shape.clone(),
        labels: array.labels.clone(),
        chunk: array.chunk.clone(),
        stored: array.file_bytes,
        ratio: (array.file_bytes > 0).then(|| array.plain() as f64 / array.file_bytes as f64),
    }
}

fn attributes(reader: &Reader) -> BTreeMap<String, BTreeMap<String, Value>> {
    let shown = |path: &str, name: &str| match path {
        "/" => ![DIGEST, KEY, GENERATOR].contains(&name),
        "/metadata" => !DOCUMENTS.contains(&name),
        _ => true,
    };
    reader
        .objects
        .iter()
        .map(|(path, entry)| {
            let values = entry.attributes.iter().filter(|(name, _)| shown(path, name));
            (path.clone(), values.map(|(name, value)| (name.clone(), json(value))).collect())
        })
        .filter(|(_, values): &(String, BTreeMap<String, Value>)| !values.is_empty())
        .collect()
}

/// An attribute as JSON; an array of several axes as nested lists.
pub(super) fn json(value: &Attribute) -> Value {
    fn nest(shape: &[usize], values: &[f64]) -> Value {
        match shape {
            [] | [_] => values.into(),
            [n, rest @ ..] => {
                let length = (values.len() / (*n).max(1)).max(1);
                values.chunks(length).map(|part| nest(rest, part)).collect()
            }
        }
    }
    match value {
        Attribute::Text(text) => text.as_str().into(),
        Attribute::Texts(texts) => texts.as_slice().into(),
        Attribute::Int(number) => (*number).into(),
        Attribute::Float(number) => (*number).into(),
        Attribute::Floats { shape, values } => nest(shape, values),
    }
}
