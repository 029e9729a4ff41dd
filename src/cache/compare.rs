//! In what two entries of one key differ.

use serde::Serialize;

use super::encoding::Dtype;
use super::entry::Entry;
use super::{Cache, Piece};
use crate::error::Result;

/// How the content of one entry differs from that of another.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Difference {
    /// The first array that differs, in the order of names.
    pub array: Option<String>,
    /// The first leaf of it that does.
    pub leaf: Option<usize>,
    /// Leaves that differ, of all arrays that both have.
    pub leaves: usize,
    /// Leaves of all arrays that both have.
    pub of: usize,
    /// Arrays that only one of them has, or that are of another type or shape.
    pub unlike: Vec<String>,
    /// Documents that differ.
    pub documents: Vec<String>,
    /// Largest difference of two real numbers, if any differ.
    pub max_abs: Option<f64>,
    /// Largest difference of two real numbers, as a share of the larger one.
    pub max_rel: Option<f64>,
    /// Numbers that are finite in one of them only.
    pub undefined: usize,
}

impl Difference {
    /// Adds numbers in which two arrays differ, little-endian.
    pub fn numbers(&mut self, a: &[u8], b: &[u8], dtype: Dtype) {
        let (Some(a), Some(b)) = (reals(a, dtype), reals(b, dtype)) else { return };
        for (x, y) in a.iter().zip(&b).filter(|(x, y)| x.to_bits() != y.to_bits()) {
            if x.is_finite() && y.is_finite() {
                let by = (x - y).abs();
                let share = by / x.abs().max(y.abs()).max(f64::MIN_POSITIVE);
                self.max_abs = Some(self.max_abs.unwrap_or(0.0).max(by));
                self.max_rel = Some(self.max_rel.unwrap_or(0.0).max(share));
            } else if x.is_finite() != y.is_finite() {
                self.undefined += 1;
            }
        }
    }
}

/// Real numbers out of their bytes; `None` for other types.
fn reals(bytes: &[u8], dtype: Dtype) -> Option<Vec<f64>> {
    Some(match dtype {
        Dtype::F32 => {
            bytes.as_chunks().0.iter().map(|b| f64::from(f32::from_le_bytes(*b))).collect()
        }
        Dtype::F64 => bytes.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b)).collect(),
        Dtype::F16 => {
            bytes.as_chunks().0.iter().map(|b| half::f16::from_le_bytes(*b).to_f64()).collect()
        }
        Dtype::U8 | Dtype::I64 => return None,
    })
}

/// In what the entry `b` of one cache differs from the entry `a` of another; `None` if their digests
/// agree. Arrays that differ are read.
///
/// # Errors
/// If one of them is damaged.
pub fn compare(
    (cache_a, a): (&Cache, &Entry),
    (cache_b, b): (&Cache, &Entry),
) -> Result<Option<Difference>> {
    if a.digest == b.digest {
        return Ok(None);
    }
    let mut found = Difference::default();
    for piece in &a.pieces {
        let Some(other) = b.piece(&piece.name).filter(|other| alike(piece, other)) else {
            found.unlike.push(piece.name.clone());
            continue;
        };
        found.of += piece.leaves.len();
        let differing: Vec<usize> =
            (0..piece.leaves.len()).filter(|i| piece.leaves[*i] != other.leaves[*i]).collect();
        let Some(first) = differing.first() else { continue };
        found.leaves += differing.len();
        if found.array.is_none() {
            (found.array, found.leaf) = (Some(piece.name.clone()), Some(*first));
        }
        let (x, y) = (cache_a.read(a, piece)?, cache_b.read(b, other)?);
        let length = piece.leaf * piece.dtype.size();
        for leaf in differing {
            let at = |piece: &Piece| piece.valid.position(&piece.shape, leaf) * length;
            let (i, j) = (at(piece), at(other));
            found.numbers(&x[i..i + length], &y[j..j + length], piece.dtype);
        }
    }
    let only_there = b.pieces.iter().filter(|piece| a.piece(&piece.name).is_none());
    found.unlike.extend(only_there.map(|piece| piece.name.clone()));
    let names = a.documents.keys().chain(b.documents.keys());
    let mut names: Vec<&String> =
        names.filter(|name| a.documents.get(*name) != b.documents.get(*name)).collect();
    names.sort();
    names.dedup();
    found.documents = names.into_iter().cloned().collect();
    Ok(Some(found))
}

/// Whether the leaves of two arrays can be compared one by one.
fn alike(a: &Piece, b: &Piece) -> bool {
    (a.dtype, a.leaf, &a.valid) == (b.dtype, b.leaf, &b.valid) && a.leaves.len() == b.leaves.len()
}
