//! Single operators of a data set as they were stored, for whoever makes them once more.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::blocks::Blocks;
use super::facts::Facts;
use super::reader::Reader;
use super::row::below;
use super::values::shown;
use crate::cache::Dtype;
use crate::error::{Error, Result};

/// An open data set of ours.
pub struct Recorded {
    reader: Reader,
    facts: Facts,
    /// `/metadata/config`: the canonical experiment.
    pub config: Value,
    /// `/metadata/provenance`, or null.
    pub provenance: Value,
}

/// The states of one operator, little-endian, without padding.
pub struct Stored {
    /// Their type.
    pub dtype: Dtype,
    /// Each of them: of the first realization first.
    pub states: Vec<Vec<u8>>,
}

impl Recorded {
    /// Opens the data set at `path`.
    ///
    /// # Errors
    /// Usage, if it does not say which experiment it is of; as for any reading otherwise.
    pub fn open(path: &Path) -> Result<Self> {
        let reader = Reader::open(path)?;
        let (facts, _) = Facts::read(&reader);
        let document = |name: &str| -> Option<Value> {
            let text = reader.texts(&format!("/metadata/{name}")).ok()?;
            serde_json::from_str(text.first()?).ok()
        };
        let Some(config) = document("config") else {
            return Err(Error::usage(format!(
                "`{}` does not say which experiment it is of: it has no `/metadata/config`",
                path.display()
            ))
            .help("only data sets of spinlock, with `dataset.metadata.include_config`, can be replayed"));
        };
        let provenance = document("provenance").unwrap_or_default();
        Ok(Self { reader, facts, config, provenance })
    }

    /// Whether states are stored in 16 bits.
    pub fn half(&self) -> bool {
        let paths = self.facts.groups.iter().filter_map(|group| group.outputs.as_ref());
        let mut arrays = paths.filter_map(|path| self.reader.stored(path));
        match arrays.next() {
            Some(array) => array.dtype == super::file::Type::Number(Dtype::F16),
            // Without states, as the experiment was written.
            None => self.provenance["experiment"]["dataset"]["storage"]["dtype"] == "float16",
        }
    }

    /// Index of the operator of each row.
    pub fn operators(&self) -> &[i64] {
        &self.facts.operators
    }

    /// The values of the parameters of a row, as text.
    ///
    /// # Errors
    /// If the file is damaged.
    pub fn parameters(&self, row: usize) -> Result<BTreeMap<String, String>> {
        let mut found = BTreeMap::new();
        for path in below(&self.reader, "/parameters/values/") {
            if let Some(value) = shown(&self.reader, path)?.into_iter().nth(row) {
                found.insert(path.rsplit('/').next().unwrap_or(path).to_owned(), value);
            }
        }
        Ok(found)
    }

    /// The input of a row whose grid has this side; `None` if inputs are not stored.
    ///
    /// # Errors
    /// If the file is damaged.
    pub fn input(&self, row: usize, side: usize) -> Result<Option<Vec<u8>>> {
        let place = self.facts.groups.iter().find_map(|group| {
            Some((group.inputs.as_ref()?, group.rows.iter().position(|own| *own == row)?))
        });
        let Some((path, at)) = place else { return Ok(None) };
        Ok(self.leaves(path, at..at + 1, side)?.states.pop())
    }

    /// The states of a row whose grid has this side; `None` if they are not stored.
    ///
    /// # Errors
    /// If the file is damaged.
    pub fn states(&self, row: usize, side: usize) -> Result<Option<Stored>> {
        let place = self.facts.groups.iter().find_map(|group| {
            Some((group.outputs.as_ref()?, group.rows.iter().position(|own| *own == row)?))
        });
        let Some((path, at)) = place else { return Ok(None) };
        let per = self.facts.valid.as_ref().map_or(1, |(_, m, t)| m * t);
        self.leaves(path, at * per..(at + 1) * per, side).map(Some)
    }

    /// The codes of the states of a row.
    pub fn codes(&self, row: usize) -> Option<&[u8]> {
        let (codes, m, t) = self.facts.valid.as_ref()?;
        codes.get(row * m * t..(row + 1) * m * t)
    }

    /// Some leaves of an array of states, cut out of the middle if they are padded.
    fn leaves(&self, path: &str, range: std::ops::Range<usize>, side: usize) -> Result<Stored> {
        let blocks: Blocks<'_> = self.reader.blocks(path)?;
        let stored = self.reader.stored(path).map(|array| array.shape.as_slice());
        let width = stored.and_then(|shape| shape.last()).copied().unwrap_or(side);
        if range.end > blocks.leaves() || side > width {
            return Err(Error::integrity(format!("`{path}` lacks states of the operator")));
        }
        let (mut held, mut states) = (None, Vec::new());
        let dtype = blocks.dtype();
        for number in range {
            states.push(cut(blocks.leaf(number, &mut held)?, width, side, dtype.size()));
        }
        Ok(Stored { dtype, states })
    }
}

/// The middle of each plane `[width, width]`.
fn cut(plane: &[u8], width: usize, side: usize, size: usize) -> Vec<u8> {
    if width == side {
        return plane.to_vec();
    }
    let margin = (width - side) / 2;
    let rows = plane.chunks_exact(width * size).enumerate();
    let inside = rows.filter(|(i, _)| (margin..margin + side).contains(&(i % width)));
    inside.flat_map(|(_, row)| &row[margin * size..(margin + side) * size]).copied().collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn padding_is_cut_off_each_channel() {
        let mut padded = vec![0_u8; 2 * 25];
        for channel in 0..2 {
            for (i, at) in [6, 7, 11, 12].into_iter().enumerate() {
                padded[channel * 25 + at] = (channel * 4 + i) as u8 + 1;
            }
        }
        assert_eq!(super::cut(&padded, 5, 2, 1), [1, 2, 3, 4, 5, 6, 7, 8]);
    }
}
