//! One array inside an entry: its shape, its leaves, and where its bytes lie.
//!
//! A *leaf* is the unit that is verified, one state `[C,H,W]` or one row. Padding, which brings a
//! short unit to the shape of a full one, is stored but belongs to no leaf, so no digest depends on
//! it. Knows nothing of what the numbers mean.

use serde::{Deserialize, Serialize};

use super::encoding::{Dtype, Encoding};
use crate::key::Digest;

/// Deflate cannot shrink by more than this factor: an array that claims to is not what it claims.
const MAX_RATIO: u64 = 1100;

/// Which leaves of an array are data; the others are padding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Valid {
    /// The first so many, in C order.
    First(usize),
    /// Those whose index along each leading axis is below the extent given; the axes after these
    /// make up a leaf. A unit of 5 × 64 states of which 3 × 6 are data is `Box([3, 6])`.
    Box(Vec<usize>),
}

impl Valid {
    /// How many leaves are data.
    pub fn count(&self) -> usize {
        match self {
            Valid::First(count) => *count,
            // Checked against the shape before it is used; what does not fit is too many.
            Valid::Box(extents) => extents.iter().fold(1_usize, |n, i| n.saturating_mul(*i)),
        }
    }

    /// Where the `i`-th leaf of data stands among all leaves of an array of this shape.
    pub fn position(&self, shape: &[usize], i: usize) -> usize {
        let Valid::Box(extents) = self else { return i };
        let (mut rest, mut position, mut stride) = (i, 0, 1);
        for (extent, length) in extents.iter().zip(shape).rev() {
            position += rest % extent * stride;
            rest /= extent;
            stride *= length;
        }
        position
    }
}

impl From<usize> for Valid {
    fn from(count: usize) -> Self {
        Valid::First(count)
    }
}

impl From<&[usize]> for Valid {
    fn from(extents: &[usize]) -> Self {
        Valid::Box(extents.to_vec())
    }
}

impl<const N: usize> From<[usize; N]> for Valid {
    fn from(extents: [usize; N]) -> Self {
        Valid::Box(extents.to_vec())
    }
}

/// One array of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// Unique within the entry, for instance `fields/32`.
    pub name: String,
    /// The type of the elements.
    pub dtype: Dtype,
    /// The shape of the array that was encoded, padding included, in C order.
    pub shape: Vec<usize>,
    /// Elements per leaf; a leaf is that many elements in a row.
    pub leaf: usize,
    /// Which leaves are data.
    pub valid: Valid,
    /// BLAKE3 of the little-endian bytes of each leaf of data, in C order. Stored beside
    /// `entry.json`, not in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leaves: Vec<Digest>,
    /// The payload file, in the folder of the entry.
    pub file: String,
    /// Where the stored bytes begin in it.
    pub offset: u64,
    /// How many bytes are stored.
    pub bytes: u64,
    /// How they are stored.
    pub encoding: Encoding,
    /// BLAKE3 of the stored bytes.
    pub stored: Digest,
}

impl Piece {
    /// Elements of the array, padding included.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }

    /// Bytes of the decoded array, padding included.
    pub fn decoded_bytes(&self) -> usize {
        self.elements() * self.dtype.size()
    }

    /// Whether every element is data, so that the leaves cover all bytes.
    pub fn is_full(&self) -> bool {
        self.leaves.len() * self.leaf == self.elements()
    }

    /// Whether the numbers above fit each other; says what does not.
    pub(super) fn check(&self) -> Result<(), String> {
        check_shape(self.dtype, &self.shape, self.leaf, &self.valid)?;
        let decoded = self.decoded_bytes() as u64;
        let fits = match self.encoding {
            Encoding::Raw => self.bytes == decoded,
            Encoding::ShuffleDeflate { .. } => decoded <= self.bytes.saturating_mul(MAX_RATIO),
        };
        if !fits {
            return Err(format!("{decoded} bytes of values in {} bytes", self.bytes));
        }
        if self.leaves.len() != self.valid.count() {
            return Err(format!("{} leaf digests for {:?}", self.leaves.len(), self.valid));
        }
        Ok(())
    }

    /// Whether decoded bytes are those that were put in; says which leaf is not.
    pub(super) fn verify(&self, decoded: &[u8]) -> Result<(), String> {
        let length = self.leaf * self.dtype.size();
        for (i, digest) in self.leaves.iter().enumerate() {
            let at = self.valid.position(&self.shape, i) * length;
            let leaf = decoded.get(at..at + length);
            if leaf.map(Digest::of).as_ref() != Some(digest) {
                return Err(format!("leaf {i} of `{}` is not what was written", self.name));
            }
        }
        Ok(())
    }
}

/// Whether an array can have this shape and these leaves; says why not.
pub(super) fn check_shape(
    dtype: Dtype,
    shape: &[usize],
    leaf: usize,
    valid: &Valid,
) -> Result<(), String> {
    let elements = shape.iter().try_fold(1_usize, |n, axis| n.checked_mul(*axis));
    let Some(elements) = elements.filter(|n| n.checked_mul(dtype.size()).is_some()) else {
        return Err(format!("the shape {shape:?} is too large"));
    };
    if leaf == 0 || elements % leaf != 0 || leaf.checked_mul(dtype.size()).is_none() {
        return Err(format!("leaves of {leaf} elements do not divide the shape {shape:?}"));
    }
    let fits = match valid {
        Valid::First(count) => *count <= elements / leaf,
        Valid::Box(extents) => {
            extents.len() <= shape.len()
                && extents.iter().zip(shape).all(|(extent, axis)| extent <= axis)
                && shape[extents.len()..].iter().try_fold(1_usize, |n, i| n.checked_mul(*i))
                    == Some(leaf)
        }
    };
    if fits {
        Ok(())
    } else {
        Err(format!("{valid:?} does not fit leaves of {leaf} elements in the shape {shape:?}"))
    }
}

/// The digest of each leaf of data in the decoded bytes of an array.
pub(super) fn hash_leaves(
    bytes: &[u8],
    dtype: Dtype,
    shape: &[usize],
    leaf: usize,
    valid: &Valid,
) -> Vec<Digest> {
    let length = leaf * dtype.size();
    (0..valid.count())
        .map(|i| {
            let at = valid.position(shape, i) * length;
            Digest::of(&bytes[at..at + length])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_of_data_skips_the_padding_inside_the_array() {
        let valid = Valid::from([2, 3]);
        let at: Vec<usize> = (0..valid.count()).map(|i| valid.position(&[4, 5, 7], i)).collect();
        assert_eq!(at, [0, 1, 2, 5, 6, 7]);
    }

    #[test]
    fn leaves_that_do_not_fit_are_refused() {
        let check =
            |shape: &[usize], leaf, valid: Valid| check_shape(Dtype::F32, shape, leaf, &valid);
        assert!(check(&[4, 6], 6, 4.into()).is_ok());
        assert!(check(&[4, 6], 6, [4].into()).is_ok());
        assert!(check(&[0, 6], 6, 0.into()).is_ok());
        assert!(check(&[4, 6], 6, 5.into()).is_err());
        assert!(check(&[4, 6], 5, 1.into()).is_err());
        assert!(check(&[4, 6], 0, 0.into()).is_err());
        assert!(check(&[4, 6], 6, [5].into()).is_err());
        assert!(check(&[4, 6], 6, [4, 6].into()).is_err());
        assert!(check(&[usize::MAX, 2], 1, 0.into()).is_err());
        assert!(check(&[usize::MAX / 2], 1, 0.into()).is_err());
    }
}
