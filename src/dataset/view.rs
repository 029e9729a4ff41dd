//! A data set looked at from outside, whoever made it: its operators as a table, and what is said of
//! its features.
//!
//! Invariant: what a file does not have, or has in a form that is not known, is left out; the fields
//! themselves are read by [`super::view_fields`].

use std::path::Path;

use hdf5_metno as hdf5;

use super::facts::{Facts, Group, TEXT_COLUMNS};
use super::fields::integers;
use super::file::{Attribute, Type};
use super::hdf::{array, exists, open};
use super::reader::Reader;
use super::row::below;
use super::tables::GROUP;
use super::values::{shown, to_f64};
use crate::error::Result;
use crate::operator::metrics::collapse;

/// An open data set.
pub struct View {
    pub(super) reader: Reader,
    /// For arrays in a form that [`Reader`] leaves out.
    pub(super) file: hdf5::File,
    pub(super) facts: Facts,
    /// Side of each operator's grid.
    pub(super) sides: Option<Vec<i64>>,
    /// Where fields lie.
    pub(super) groups: Vec<Group>,
    /// N.
    pub operators: usize,
}

/// Something that is known of every operator.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// What it is called.
    pub name: String,
    /// What sort of thing it is.
    pub about: About,
    /// An entry for each operator that was asked for.
    pub values: Values,
}

/// What a column is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// Which operator it is, and what was done with it.
    Operator,
    /// How it turned out.
    Result,
    /// A sampled parameter.
    Parameter,
}

/// The entries of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Texts, empty where nothing is known.
    Texts(Vec<String>),
    /// Numbers, NaN where nothing is known.
    Numbers(Vec<f64>),
}

/// A table of statistics of features: names of the columns, then a row for each feature.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureStatistics {
    /// Which table of features: `per_timestep`, …
    pub table: String,
    /// Names of the statistics.
    pub statistics: Vec<String>,
    /// Each feature with its statistics.
    pub features: Vec<(String, Vec<f64>)>,
}

impl View {
    /// Opens a data set.
    ///
    /// # Errors
    /// As [`super::validate()`].
    pub fn open(path: &Path) -> Result<Self> {
        let reader = Reader::open(path)?;
        let file = open(path)?;
        let (mut facts, _) = Facts::read(&reader);
        let mut operators = facts.operators.len();
        let mut groups = std::mem::take(&mut facts.groups);
        let mut sides = facts.grid_sizes.clone();
        if operators == 0 {
            // Another program's: rows are counted by what there is.
            for name in TEXT_COLUMNS {
                if let Ok(texts) = reader.texts(&format!("/metadata/{name}")) {
                    operators = operators.max(texts.len());
                    facts.columns.insert(name, texts);
                }
            }
            let own = |path: &str| exists(&file, path).then(|| path.to_owned());
            let (inputs, outputs) = (own("/inputs/fields"), own("/outputs/fields"));
            for path in inputs.iter().chain(&outputs) {
                let shape = array(&file, path).map(|array| array.shape()).unwrap_or_default();
                // Rows that a file of this length cannot hold are none.
                let rows = shape.first().copied().unwrap_or(0);
                operators = operators.max(if rows as u64 <= reader.bytes { rows } else { 0 });
            }
            groups = vec![Group { grid: None, inputs, outputs, rows: (0..operators).collect() }];
            facts.columns.retain(|_, texts| texts.len() == operators);
            let sizes = "/metadata/grid_sizes";
            sides = exists(&file, sizes).then(|| integers(&file, sizes).ok()).flatten();
            sides = sides.filter(|sides| sides.len() == operators);
        }
        Ok(Self { reader, file, facts, sides, groups, operators })
    }

    /// Index of the operator in a row.
    pub fn operator(&self, row: usize) -> i64 {
        self.facts.operators.get(row).copied().unwrap_or(row as i64)
    }

    /// Side of each operator's grid.
    pub fn sides(&self) -> Option<&[i64]> {
        self.sides.as_deref()
    }

    /// A column of texts in `/metadata`, an entry per operator.
    pub fn texts(&self, name: &str) -> Option<&[String]> {
        self.facts.columns.get(name).map(Vec::as_slice)
    }

    /// Codes of the states of an operator, and how many realizations they are of.
    pub fn codes(&self, row: usize) -> Option<(&[u8], usize)> {
        let (codes, m, t) = self.facts.valid.as_ref()?;
        Some((codes.get(row * m * t..(row + 1) * m * t)?, *m))
    }

    /// What is known of the first `rows` operators.
    pub fn columns(&self, rows: usize) -> Vec<Column> {
        let rows = rows.min(self.operators);
        let mut columns = Vec::new();
        let mut add = |name: &str, about, values| {
            columns.push(Column { name: name.to_owned(), about, values });
        };
        let index = (0..rows).map(|row| self.operator(row) as f64).collect();
        add("operator", About::Operator, Values::Numbers(index));
        let names = [
            ("ic_types", "initial condition"),
            ("evolution_policies", "policy"),
            ("noise_regimes", "noise regime"),
            ("split", "split"),
        ];
        for (name, shown) in names {
            if let Some(texts) = self.texts(name) {
                add(shown, About::Operator, Values::Texts(texts[..rows].to_vec()));
            }
        }
        if let Some(sides) = &self.sides {
            let sides = sides[..rows].iter().map(|side| *side as f64).collect();
            add("grid", About::Operator, Values::Numbers(sides));
        }
        if self.facts.valid.is_some() {
            let bad = |row| {
                let codes = self.codes(row).map_or(&[][..], |(codes, _)| codes);
                codes.iter().filter(|code| **code != 0).count() as f64
            };
            add("bad states", About::Result, Values::Numbers((0..rows).map(bad).collect()));
        }
        if let Some(gains) = &self.facts.gains {
            add("one-step gain", About::Result, Values::Numbers(gains[..rows].to_vec()));
        }
        if let Some(codes) = &self.facts.collapsed {
            let word = |code: &u8| match *code {
                collapse::YES => "yes".to_owned(),
                collapse::NO => "no".to_owned(),
                _ => String::new(),
            };
            let texts = codes[..rows].iter().map(word).collect();
            add("collapses", About::Result, Values::Texts(texts));
        }
        for path in below(&self.reader, "/outputs/metrics/") {
            if let Ok(values) = self.last(path, rows) {
                let name = path.rsplit('/').next().unwrap_or(path).replace('_', " ");
                add(&name, About::Result, Values::Numbers(values));
            }
        }
        columns.extend(self.parameters(rows));
        columns
    }

    /// A metric at the last state, mean over the realizations that have a number there.
    fn last(&self, path: &str, rows: usize) -> Result<Vec<f64>> {
        let blocks = self.reader.blocks(path)?;
        let steps = self.facts.valid.as_ref().map_or(1, |(_, _, t)| (*t).max(1));
        let mut held = None;
        (0..rows.min(blocks.leaves()))
            .map(|row| {
                let values = to_f64(blocks.leaf(row, &mut held)?, blocks.dtype());
                let last = values.iter().skip(steps - 1).step_by(steps);
                let known: Vec<f64> = last.copied().filter(|v| v.is_finite()).collect();
                Ok(known.iter().sum::<f64>() / known.len() as f64)
            })
            .collect()
    }

    /// The values of the sampled parameters, but for those that are columns already; of a file without
    /// values, the coordinates.
    fn parameters(&self, rows: usize) -> Vec<Column> {
        const PARAMS: &str = "/parameters/params";
        let mut columns = Vec::new();
        let column = |name: String, values| Column { name, about: About::Parameter, values };
        if let Some(Attribute::Texts(names)) = self.reader.attribute(PARAMS, "names") {
            for name in
                names.iter().filter(|n| !["update_policy", "grid_size"].contains(&n.as_str()))
            {
                let path = format!("/parameters/values/{name}");
                let Ok(texts) = shown(&self.reader, &path) else { continue };
                let texts: Vec<String> = texts.into_iter().take(rows).collect();
                let is_text = self.reader.stored(&path).is_some_and(|a| a.dtype == Type::Text);
                let numbers =
                    || texts.iter().map(|text| text.parse().unwrap_or(f64::NAN)).collect();
                let values =
                    if is_text { Values::Texts(texts) } else { Values::Numbers(numbers()) };
                columns.push(column(name.replace('_', " "), values));
            }
        } else if exists(&self.file, PARAMS)
            && let Ok(array) = array(&self.file, PARAMS)
            && let [n, d] = *array.shape()
            && n == self.operators
            && n.saturating_mul(d) <= MAX_COORDINATES
            && let Ok(values) = array.read_raw::<f64>()
        {
            for j in 0..d {
                let values = values.iter().skip(j).step_by(d).take(rows).copied().collect();
                columns.push(column(format!("u{j}"), Values::Numbers(values)));
            }
        }
        columns
    }

    /// Statistics of features, where the data set has them.
    pub fn feature_statistics(&self) -> Vec<FeatureStatistics> {
        let prefix = format!("{GROUP}/statistics/");
        let texts = |path: &str, name: &str| match self.reader.attribute(path, name) {
            Some(Attribute::Texts(texts)) => texts.clone(),
            _ => Vec::new(),
        };
        below(&self.reader, &prefix)
            .filter_map(|path| {
                let (names, statistics) = (texts(path, "names"), texts(path, "statistics"));
                let numbers = self.reader.numbers(path).ok()?;
                let fits = !names.is_empty() && numbers.len() == names.len() * statistics.len();
                let rows = numbers.chunks(statistics.len().max(1)).map(<[f64]>::to_vec);
                fits.then(|| FeatureStatistics {
                    table: path[prefix.len()..].to_owned(),
                    features: names.into_iter().zip(rows).collect(),
                    statistics,
                })
            })
            .collect()
    }
}

/// The most coordinates of another program's file that are read.
pub(super) const MAX_COORDINATES: usize = 1 << 24;
