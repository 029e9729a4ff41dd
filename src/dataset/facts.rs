//! What the arrays of a data set mean: its operators, their columns of metadata, where their fields lie.
//!
//! Invariant: every column has an entry per operator, and every row named here exists; what does not
//! fit is left out and said.

use std::collections::BTreeMap;

use super::file::Type;
use super::reader::Reader;
use super::values::to_f64;
use crate::cache::Dtype;
use crate::error::{Error, Result};

/// Columns of texts in `/metadata`, one entry per operator.
pub(super) const TEXT_COLUMNS: [&str; 6] =
    ["ic_types", "ic_families", "evolution_policies", "rollout_policies", "noise_regimes", "split"];

/// The JSON texts in `/metadata`.
pub(super) const DOCUMENTS: [&str; 3] = ["config", "sampling_metrics", "provenance"];

/// What a data set is about.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// Index of each operator.
    pub operators: Vec<i64>,
    /// [`TEXT_COLUMNS`].
    pub columns: BTreeMap<&'static str, Vec<String>>,
    pub grid_sizes: Option<Vec<i64>>,
    /// Codes `[N, M, T]`, with M and T.
    pub valid: Option<(Vec<u8>, usize, usize)>,
    /// One-step gains.
    pub gains: Option<Vec<f64>>,
    /// Codes of collapse.
    pub collapsed: Option<Vec<u8>>,
    /// Where fields lie.
    pub groups: Vec<Group>,
}

/// Operators whose fields lie together.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Group {
    /// Side of the grid, where there are several.
    pub grid: Option<i64>,
    pub inputs: Option<String>,
    pub outputs: Option<String>,
    /// The operator (by its place in [`Facts::operators`]) of each row.
    pub rows: Vec<usize>,
}

impl Facts {
    /// Reads them; also returns what is missing or does not fit.
    pub fn read(reader: &Reader) -> (Self, Vec<String>) {
        let mut faults = Vec::new();
        let mut facts = Self::default();
        let mut note = |result: Result<()>| {
            if let Err(error) = result {
                faults.push(error.message);
            }
        };
        note(integers(reader, "/metadata/operator").map(|v| facts.operators = v));
        let n = facts.operators.len();
        for name in TEXT_COLUMNS {
            let path = format!("/metadata/{name}");
            let column = reader.texts(&path).and_then(|c| fits(&path, c, n));
            note(column.map(|c| drop(facts.columns.insert(name, c))));
        }
        let sizes = column(reader, "/metadata/grid_sizes", n);
        note(sizes.map(|c| facts.grid_sizes = Some(c)));
        note(valid(reader, n).map(|v| facts.valid = Some(v)));
        let gains = bytes(reader, "/metadata/one_step_gain", Dtype::F32, n);
        note(gains.map(|b| facts.gains = Some(to_f64(&b, Dtype::F32))));
        let codes = bytes(reader, "/metadata/collapsed", Dtype::U8, n);
        note(codes.map(|b| facts.collapsed = Some(b)));
        note(groups(reader, n).map(|g| facts.groups = g));
        (facts, faults)
    }

    /// How often each value of a column occurs, or of any other list of names.
    pub fn count<T: ToString>(values: &[T]) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for value in values {
            *counts.entry(value.to_string()).or_insert(0) += 1;
        }
        counts
    }
}

/// A small array of whole numbers.
pub(super) fn integers(reader: &Reader, path: &str) -> Result<Vec<i64>> {
    let blocks = reader.blocks(path)?;
    if blocks.dtype() != Dtype::I64 {
        return Err(Error::integrity(format!("`{path}` is not of type int64")));
    }
    Ok(blocks.all()?.as_chunks().0.iter().map(|b| i64::from_le_bytes(*b)).collect())
}

fn column(reader: &Reader, path: &str, n: usize) -> Result<Vec<i64>> {
    fits(path, integers(reader, path)?, n)
}

fn fits<T>(path: &str, values: Vec<T>, n: usize) -> Result<Vec<T>> {
    if values.len() == n {
        return Ok(values);
    }
    Err(Error::integrity(format!("`{path}` has {} rows for {n} operators", values.len())))
}

/// The bytes of a column of this type.
fn bytes(reader: &Reader, path: &str, dtype: Dtype, n: usize) -> Result<Vec<u8>> {
    let blocks = reader.blocks(path)?;
    let shape = reader.stored(path).map_or(&[][..], |a| &a.shape);
    if blocks.dtype() == dtype && shape == [n] {
        return blocks.all();
    }
    let name = Type::Number(dtype).name();
    Err(Error::integrity(format!("`{path}` is no {name} array [{n}]")))
}

fn valid(reader: &Reader, n: usize) -> Result<(Vec<u8>, usize, usize)> {
    let path = "/metadata/valid";
    let blocks = reader.blocks(path)?;
    let shape = reader.stored(path).map_or(&[][..], |a| &a.shape);
    match *shape {
        [rows, m, t] if rows == n && blocks.dtype() == Dtype::U8 => Ok((blocks.all()?, m, t)),
        _ => Err(Error::integrity(format!("`{path}` is no uint8 array [{n}, M, T]"))),
    }
}

/// Groups of fields; an error if operators have no place in them.
fn groups(reader: &Reader, n: usize) -> Result<Vec<Group>> {
    let path = |root: &str, name: &str| {
        Some(format!("/{root}{name}/fields")).filter(|path| reader.stored(path).is_some())
    };
    if reader.stored("/metadata/grid_group").is_none() {
        let (inputs, outputs) = (path("inputs", ""), path("outputs", ""));
        return Ok(vec![Group { grid: None, inputs, outputs, rows: (0..n).collect() }]);
    }
    let grids = column(reader, "/metadata/grid_group", n)?;
    let rows = column(reader, "/metadata/row", n)?;
    let mut members: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    for (operator, (grid, row)) in grids.iter().zip(&rows).enumerate() {
        let group = members.entry(*grid).or_default();
        if *row != group.len() as i64 {
            return Err(Error::integrity(format!(
                "`/metadata/row` has {row} for row {operator}, where {} follows",
                group.len()
            )));
        }
        group.push(operator);
    }
    let group = |(grid, rows): (i64, Vec<usize>)| {
        let name = format!("/{grid}");
        let (inputs, outputs) = (path("inputs", &name), path("outputs", &name));
        Group { grid: Some(grid), inputs, outputs, rows }
    };
    Ok(members.into_iter().map(group).collect())
}
