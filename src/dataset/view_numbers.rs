//! Tables of numbers of a data set, made small: coordinates, metrics, features.
//!
//! Rows are reduced as they are read, so that no table is ever in memory. Invariant: what is decoded is
//! bounded by [`Share::bytes`], whatever the file holds.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde_json::Value;

use super::blocks::Blocks;
use super::file::{Attribute, Type};
use super::hdf::array;
use super::parameters::{choices, numeric};
use super::row::below;
use super::tables::GROUP;
use super::values::to_f64;
use super::view::{MAX_COORDINATES, View};
use super::view_fields::spread;
use crate::error::Result;
use crate::space::Setting;

const PARAMS: &str = "/parameters/params";
const METRICS: &str = "/outputs/metrics/";

/// How much of a table to read.
#[derive(Debug, Clone, Copy)]
pub struct Share {
    /// Rows, at most.
    pub rows: usize,
    /// Bytes to decode, at most.
    pub bytes: u64,
}

/// Some rows of a table, each reduced.
#[derive(Debug, Clone, PartialEq)]
pub struct Portion {
    /// Which rows, in order.
    pub rows: Vec<usize>,
    /// What became of each.
    pub values: Vec<Vec<f64>>,
}

/// What values a sampled parameter can have.
#[derive(Debug, Clone, PartialEq)]
pub enum Range {
    /// Real numbers.
    Continuous {
        /// Low end.
        low: f64,
        /// High end.
        high: f64,
        /// Whether they are uniform in their logarithm.
        log: bool,
    },
    /// Whole numbers from a low to a high end.
    Whole(f64, f64),
    /// One of these; values are places in this list.
    Choice(Vec<String>),
}

/// A sampled parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Dimension {
    /// Its name.
    pub name: String,
    /// What values it can have.
    pub range: Range,
    /// One for each row, NaN where it is unknown.
    pub values: Vec<f64>,
}

impl View {
    /// Some rows of the array at `path`, evenly spread over all, each as `reduce` makes it of its numbers;
    /// none if there is no such table with a row for each operator in a form that is known and fits.
    ///
    /// # Errors
    /// If values cannot be read.
    pub fn portion(
        &self,
        path: &str,
        share: &Share,
        reduce: &(dyn Fn(&[f64]) -> Vec<f64> + Sync),
    ) -> Result<Option<Portion>> {
        let Some(array) = self.reader.stored(path) else { return Ok(None) };
        let is_table = array.shape.len() >= 2 && array.shape[0] == self.operators;
        if !is_table || array.shape.contains(&0) || array.dtype == Type::Text {
            return Ok(None);
        }
        let blocks = self.reader.blocks(path)?;
        if blocks.block_bytes() as u64 > share.bytes {
            return Ok(None);
        }
        let wanted = wanted(&blocks, share);
        let read = |(block, rows): (usize, Vec<usize>)| -> Result<Vec<(usize, Vec<f64>)>> {
            let bytes = blocks.read(block)?;
            let row = |row: usize| {
                let numbers = to_f64(&bytes[blocks.place_of(row).1], blocks.dtype());
                (row, reduce(&numbers))
            };
            Ok(rows.into_iter().map(row).collect())
        };
        let parts = wanted.into_par_iter().map(read).collect::<Result<Vec<_>>>()?;
        let (rows, values) = parts.into_iter().flatten().unzip();
        Ok(Some(Portion { rows, values }))
    }

    /// The shape of an array; empty if there is none that is known.
    pub fn shape(&self, path: &str) -> &[usize] {
        self.reader.stored(path).map_or(&[], |array| &array.shape)
    }

    /// Names of the columns of a table.
    pub fn names(&self, path: &str) -> &[String] {
        match self.reader.attribute(path, "names") {
            Some(Attribute::Texts(names)) => names,
            _ => &[],
        }
    }

    /// The metrics of states, each with its path.
    pub fn metrics(&self) -> Vec<(String, String)> {
        let name = |path: &str| (path[METRICS.len()..].to_owned(), path.to_owned());
        below(&self.reader, METRICS).map(name).collect()
    }

    /// The path of a table of features: `per_timestep` or `per_trajectory`.
    pub fn features(&self, table: &str) -> String {
        format!("{GROUP}/{table}/features")
    }

    /// What the data set says of its features: category → feature → what it is; null if it says nothing.
    pub fn feature_registry(&self) -> Value {
        let text = self.reader.text(GROUP, "feature_registry").unwrap_or_default();
        serde_json::from_str(text).unwrap_or_default()
    }

    /// The sampled parameters of some rows, evenly spread over all: which rows, and the parameters. Of a
    /// file that does not say what its coordinates mean, the coordinates.
    ///
    /// # Errors
    /// If values cannot be read.
    pub fn dimensions(&self, share: &Share) -> Result<(Vec<usize>, Vec<Dimension>)> {
        let names = self.names(PARAMS);
        let known = self.portion(PARAMS, share, &<[f64]>::to_vec)?;
        let Some(Portion { rows, values }) = known.or_else(|| self.coordinates(share)) else {
            return Ok((Vec::new(), Vec::new()));
        };
        let columns = values.first().map_or(0, Vec::len);
        let column = |j: usize| values.iter().map(move |row| row[j]);
        let dimension = |j: usize| match names.get(j) {
            Some(name) => self.dimension(j, name, column(j)),
            None => plain(j, column(j).collect()),
        };
        Ok((rows, (0..columns).map(dimension).collect()))
    }

    /// The coordinates of another program's file.
    fn coordinates(&self, share: &Share) -> Option<Portion> {
        let array = array(&self.file, PARAMS).ok()?;
        let [n, d] = *array.shape() else { return None };
        if n != self.operators || d == 0 || n.saturating_mul(d) > MAX_COORDINATES {
            return None;
        }
        let values = array.read_raw::<f64>().ok()?;
        let rows = spread(n, share.rows.min(n));
        let row = |row: &usize| values[row * d..(row + 1) * d].to_vec();
        Some(Portion { values: rows.iter().map(row).collect(), rows })
    }

    /// Coordinate `j` as the attributes explain it, or as it is.
    fn dimension(
        &self,
        j: usize,
        name: &str,
        coordinates: impl Iterator<Item = f64> + Clone,
    ) -> Dimension {
        let text = |attribute: &str| match self.reader.attribute(PARAMS, attribute) {
            Some(Attribute::Texts(texts)) => texts.get(j).map_or("", String::as_str),
            _ => "",
        };
        let [low, high] = match self.reader.attribute(PARAMS, "bounds") {
            Some(Attribute::Floats { values, .. }) if values.len() > 2 * j + 1 => {
                [values[2 * j], values[2 * j + 1]]
            }
            _ => [f64::NAN; 2],
        };
        let (kind, log) = (text("kinds"), text("scales") == "log");
        let inside = coordinates.clone().map(|u| (0.0..1.0).contains(&u).then_some(u));
        let (range, values): (Range, Vec<f64>) = if kind == "choice" {
            let Some(list) = choices(text("choices")) else {
                return plain(j, coordinates.collect());
            };
            let place = |u: f64| ((u * list.len() as f64) as usize).min(list.len() - 1) as f64;
            let values = inside.map(|u| u.map_or(f64::NAN, place)).collect();
            (Range::Choice(list), values)
        } else if let Some(spec) = numeric(kind, low, high, log) {
            let value = |u: f64| match spec.value(u) {
                Setting::Int(v) => v as f64,
                Setting::Float(v) => v,
                Setting::Name(_) => f64::NAN,
            };
            let range = match kind {
                "integer" => Range::Whole(low, high),
                _ => Range::Continuous { low, high, log },
            };
            (range, inside.map(|u| u.map_or(f64::NAN, value)).collect())
        } else {
            return plain(j, coordinates.collect());
        };
        Dimension { name: name.to_owned(), range, values }
    }
}

/// A coordinate of which nothing is known.
fn plain(j: usize, values: Vec<f64>) -> Dimension {
    let is_unit = values.iter().all(|v| (0.0..=1.0).contains(v));
    let ends = values.iter().filter(|v| v.is_finite());
    let (low, high) =
        ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (v.min(a), v.max(b)));
    let [low, high] = if is_unit || low > high { [0.0, 1.0] } else { [low, high] };
    Dimension { name: format!("u{j}"), range: Range::Continuous { low, high, log: false }, values }
}

/// The rows to read, by the block that they lie in. Whole blocks, evenly spread, as many as may be
/// decoded; of their rows, evenly spread again, as many as are asked for.
fn wanted(blocks: &Blocks<'_>, share: &Share) -> Vec<(usize, Vec<usize>)> {
    let fit = share.bytes / (blocks.block_bytes() as u64).max(1);
    let count = usize::try_from(fit).unwrap_or(usize::MAX).clamp(1, blocks.count().max(1));
    let leaves = |block: usize| blocks.leaves_in(block).into_iter().map(|(row, _)| row);
    let rows: Vec<usize> = spread(blocks.count(), count).into_iter().flat_map(leaves).collect();
    let mut out: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for at in spread(rows.len(), share.rows.min(rows.len())) {
        out.entry(blocks.place_of(rows[at]).0).or_default().push(rows[at]);
    }
    out.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::tests::{FORMS, write_to};
    use super::*;

    const ALL: Share = Share { rows: 100, bytes: 1 << 20 };

    fn opened(folder: &Path) -> View {
        let target = folder.join("x.h5");
        write_to(&target, FORMS[5]);
        View::open(&target).unwrap()
    }

    #[test]
    fn a_portion_is_spread_over_the_rows_and_never_larger_than_allowed() {
        let folder = tempfile::tempdir().unwrap();
        let view = opened(folder.path());
        let (_, path) = view.metrics().swap_remove(0);
        let [n, m, t] = *view.shape(&path) else { panic!("[N, M, T]") };
        let all = view.portion(&path, &ALL, &<[f64]>::to_vec).unwrap().unwrap();
        assert_eq!((all.rows.clone(), all.values[0].len()), ((0..n).collect(), m * t));
        assert_eq!(all.values.concat(), view.reader.numbers(&path).unwrap());
        let few = Share { rows: 3, ..ALL };
        let some = view.portion(&path, &few, &|row| vec![row[1]]).unwrap().unwrap();
        assert_eq!(some.rows, [0, 3, 6]);
        assert_eq!(some.values, [0, 3, 6].map(|row| vec![all.values[row][1]]));
        // A block that is too large is not read; no table, no portion.
        let none = |path: &str, share: &Share| {
            view.portion(path, share, &<[f64]>::to_vec).unwrap().is_none()
        };
        assert!(none(&path, &Share { bytes: 8, ..ALL }));
        assert!(none("/metadata/operator", &ALL) && none("/metadata/split", &ALL));
        assert!(none("/outputs/metrics/none", &ALL));
    }

    #[test]
    fn coordinates_become_the_values_that_the_file_has() {
        let folder = tempfile::tempdir().unwrap();
        let view = opened(folder.path());
        let (rows, dimensions) = view.dimensions(&ALL).unwrap();
        assert_eq!((rows, dimensions.len()), ((0..7).collect(), view.names(PARAMS).len()));
        let mut kinds = [0; 3];
        for of in &dimensions {
            let path = format!("/parameters/values/{}", of.name);
            match &of.range {
                Range::Choice(names) => {
                    let texts: Vec<&String> =
                        of.values.iter().map(|v| &names[*v as usize]).collect();
                    let own = super::super::values::shown(&view.reader, &path).unwrap();
                    assert_eq!(texts, own.iter().collect::<Vec<_>>(), "{}", of.name);
                    kinds[0] += 1;
                }
                Range::Continuous { low, high, .. } | Range::Whole(low, high) => {
                    assert_eq!(of.values, view.reader.numbers(&path).unwrap(), "{}", of.name);
                    assert!(of.values.iter().all(|v| (*low..=*high).contains(v)));
                    kinds[usize::from(matches!(of.range, Range::Whole(..))) + 1] += 1;
                }
            }
        }
        assert!(kinds.iter().all(|n| *n > 0), "{kinds:?}");
    }

    #[test]
    fn coordinates_without_a_meaning_are_shown_as_they_are() {
        let unit = plain(3, vec![0.25, 1.0]);
        assert_eq!(unit.name, "u3");
        assert_eq!(unit.range, Range::Continuous { low: 0.0, high: 1.0, log: false });
        let other = plain(0, vec![-2.0, f64::NAN, 5.0]).range;
        assert_eq!(other, Range::Continuous { low: -2.0, high: 5.0, log: false });
        let none = plain(0, vec![f64::NAN]).range;
        assert_eq!(none, Range::Continuous { low: 0.0, high: 1.0, log: false });
    }
}
