//! A data set as plain data: what the writer writes and the digest is taken of.
//!
//! Invariant: after [`File::check`] every array's data fit its shape, so writing can fail only for
//! reasons of the machine or of what a chunk loads. Knows neither HDF5 nor experiments.

use std::collections::BTreeSet;
use std::fmt;

use crate::cache::{Dtype, Encoding};
use crate::error::{Error, Result};
use crate::key::{Digest, Key};

/// The type of the elements of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Type {
    /// Numbers, little-endian.
    Number(Dtype),
    /// Texts of any length, UTF-8 without NUL.
    Text,
}

impl Type {
    /// The name in reports and in the digest: that of numpy, or `text`.
    pub fn name(self) -> &'static str {
        match self {
            Type::Number(dtype) => dtype.name(),
            Type::Text => "text",
        }
    }
}

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub enum Attribute {
    /// One text.
    Text(String),
    /// A list of texts.
    Texts(Vec<String>),
    /// A whole number.
    Int(i64),
    /// A real number.
    Float(f64),
    /// Real numbers in an array of some shape, in C order.
    Floats {
        /// Its shape.
        shape: Vec<usize>,
        /// Its values.
        values: Vec<f64>,
    },
}

/// An array of a data set.
#[derive(Debug)]
pub struct Array {
    /// Absolute path, for instance `/outputs/fields`.
    pub path: String,
    /// Type of the elements.
    pub dtype: Type,
    /// Shape; empty for a single value.
    pub shape: Vec<usize>,
    /// Shape of an HDF5 chunk. `None` stores the array in one run, or in chunks of whole rows of
    /// about a mebibyte if an axis is extensible. May exceed the shape along extensible axes.
    pub chunk: Option<Vec<usize>>,
    /// Axes whose maximal length is unlimited.
    pub extensible: Vec<usize>,
    /// A name per axis (`operator`, `realization`, `time`, `channel`, `y`, `x`), or none at all.
    pub labels: Vec<&'static str>,
    /// Attributes of the array.
    pub attributes: Vec<(String, Attribute)>,
    /// The values.
    pub data: Data,
}

/// Where the values of an array come from.
pub enum Data {
    /// Little-endian elements in C order.
    Memory(Vec<u8>),
    /// Texts in C order.
    Texts(Vec<String>),
    /// Chunks loaded one after another while the file is written.
    Chunks {
        /// BLAKE3 of the little-endian bytes of each leaf of the array, in C order.
        leaves: Vec<Digest>,
        /// Every chunk of the array, in any order; they are written in this order.
        chunks: Vec<Chunk>,
    },
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Data::Memory(bytes) => write!(f, "Memory({} bytes)", bytes.len()),
            Data::Texts(texts) => write!(f, "Texts({})", texts.len()),
            Data::Chunks { chunks, .. } => write!(f, "Chunks({})", chunks.len()),
        }
    }
}

/// One chunk of an array.
pub struct Chunk {
    /// Index of its first element; a multiple of the shape of a chunk along every axis.
    pub offset: Vec<usize>,
    /// Brings its bytes; runs on any thread, possibly beside others.
    pub load: Box<dyn Fn() -> Result<Loaded> + Send + Sync>,
}

/// The bytes of a chunk, always of the full shape of a chunk: what lies outside the array is padding.
#[derive(Debug)]
pub enum Loaded {
    /// As an entry of the cache has them; whoever loads them has verified them.
    Stored {
        /// The encoded bytes.
        bytes: Vec<u8>,
        /// How they are encoded.
        encoding: Encoding,
    },
    /// Little-endian elements in C order.
    Decoded(Vec<u8>),
}

/// A data set.
#[derive(Debug)]
pub struct File {
    /// The key of the artifact.
    pub key: Key,
    /// Its arrays; the groups follow from their paths.
    pub arrays: Vec<Array>,
    /// Attributes of groups: path, name, value.
    pub attributes: Vec<(String, String, Attribute)>,
    /// Dimension scales: path of an array, axis, path of the 1-D array that is its scale.
    pub scales: Vec<(String, usize, String)>,
    /// Deflate level of chunked arrays of numbers, 1 to 9; `None` stores them as they are.
    pub compression: Option<u8>,
}

/// The first axis of a leaf: a leaf is all elements that share the indices before it.
///
/// A leaf is one state `[C, H, W]` of an array called `fields`, one row (all that belongs to one
/// index of axis 0) of any other array of two or more axes, and the whole of an array of texts or of
/// at most one axis.
pub fn leaf_axis(path: &str, dtype: Type, rank: usize) -> usize {
    if dtype == Type::Text || rank < 2 {
        0
    } else if path.ends_with("/fields") && rank > 3 {
        rank - 3
    } else {
        1
    }
}

impl Array {
    /// See [`leaf_axis`].
    pub fn leaf_axis(&self) -> usize {
        leaf_axis(&self.path, self.dtype, self.shape.len())
    }

    /// The shape of the chunks that the array is stored in; `None` for one run.
    pub fn stored_chunk(&self) -> Option<Vec<usize>> {
        if self.shape.contains(&0) || self.shape.is_empty() {
            return None;
        }
        if self.chunk.is_some() || self.extensible.is_empty() {
            return self.chunk.clone();
        }
        let size = match self.dtype {
            Type::Number(dtype) => dtype.size(),
            Type::Text => 16, // length and place in the heap
        };
        let row = self.shape[1..].iter().product::<usize>() * size;
        let mut chunk = self.shape.clone();
        chunk[0] = ((1 << 20) / row).clamp(1, self.shape[0]);
        Some(chunk)
    }

    /// Whether everything said about the array fits together; says what does not.
    fn check(&self) -> Result<(), String> {
        let rank = self.shape.len();
        let elements: usize = self.shape.iter().product();
        if !self.path.starts_with('/') || self.path.split('/').skip(1).any(str::is_empty) {
            return Err("the path is not absolute".into());
        }
        if !self.labels.is_empty() && self.labels.len() != rank {
            return Err(format!("{} labels for {rank} axes", self.labels.len()));
        }
        if self.extensible.iter().any(|axis| *axis >= rank) {
            return Err(format!("extensible axes {:?} of {rank}", self.extensible));
        }
        if let Some(chunk) = &self.chunk {
            let fits = |(axis, length): (usize, &usize)| {
                *length > 0 && (*length <= self.shape[axis] || self.extensible.contains(&axis))
            };
            if chunk.len() != rank || !chunk.iter().enumerate().all(fits) {
                return Err(format!("chunks {chunk:?} of an array {:?}", self.shape));
            }
        }
        match (&self.data, self.dtype) {
            (Data::Memory(bytes), Type::Number(dtype))
                if bytes.len() == elements * dtype.size() =>
            {
                Ok(())
            }
            (Data::Texts(texts), Type::Text) if texts.len() == elements => {
                match texts.iter().find(|t| t.contains('\0')) {
                    Some(text) => Err(format!("the text {text:?} holds a NUL")),
                    None => Ok(()),
                }
            }
            (Data::Chunks { leaves, chunks }, Type::Number(_)) => self.check_chunks(leaves, chunks),
            (data, dtype) => Err(format!("{data:?} for {elements} elements of {}", dtype.name())),
        }
    }

    /// Whether there is a digest per leaf, and each chunk once.
    fn check_chunks(&self, leaves: &[Digest], chunks: &[Chunk]) -> Result<(), String> {
        let Some(chunk) = self.chunk.as_ref().filter(|_| !self.shape.contains(&0)) else {
            return Err("chunks are given, but not their shape".into());
        };
        let expected: usize = self.shape[..self.leaf_axis()].iter().product();
        if leaves.len() != expected {
            return Err(format!("{} leaf digests for {expected} leaves", leaves.len()));
        }
        let count: usize = self.shape.iter().zip(chunk).map(|(n, c)| n.div_ceil(*c)).product();
        let offsets: BTreeSet<&[usize]> = chunks.iter().map(|c| c.offset.as_slice()).collect();
        let on_grid = |offset: &&[usize]| {
            offset.len() == chunk.len()
                && (0..chunk.len()).all(|i| offset[i] % chunk[i] == 0 && offset[i] < self.shape[i])
        };
        if chunks.len() != count || offsets.len() != count || !offsets.iter().all(on_grid) {
            return Err(format!("{} chunks given, {count} expected, each once", chunks.len()));
        }
        Ok(())
    }
}

impl File {
    /// Checks that all parts fit together, which they do unless the program is at fault.
    /// # Errors
    /// [`crate::error::ErrorKind::Artifact`] that names the array.
    pub fn check(&self) -> Result<()> {
        let mut paths = BTreeSet::new();
        for array in &self.arrays {
            let doubt = array.check().err();
            let twice = (!paths.insert(&array.path)).then(|| "the path is taken".to_owned());
            if let Some(reason) = doubt.or(twice) {
                return Err(Error::artifact(format!("array `{}`: {reason}", array.path)));
            }
        }
        for (array, axis, scale) in &self.scales {
            let rank = self.arrays.iter().find(|a| a.path == *array).map(|a| a.shape.len());
            if !paths.contains(scale) || rank.is_none_or(|rank| *axis >= rank) {
                return Err(Error::artifact(format!(
                    "`{scale}` cannot be the scale of axis {axis} of `{array}`"
                )));
            }
        }
        Ok(())
    }
}
