//! The values of an array of numbers, straight from the file, leaf by leaf and side by side.
//!
//! A *block* is what is read at once: the chunks that hold some whole leaves. HDF5 says where they lie;
//! the bytes are read and decoded here, without its lock, so that all cores check a file. Invariant:
//! no place or size from the file is used before it is checked against the file's length.

use std::collections::BTreeMap;
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use hdf5_metno::plist::dataset_create::Layout;
use rayon::prelude::*;

use super::chunks::{copy_box, grid};
use super::file::{Type, leaf_axis};
use super::hdf::read_error;
use super::reader::Stored;
use super::writer::BOTH_FILTERS;
use crate::cache::{Dtype, Encoding, decode};
use crate::error::{Error, Result};

/// The largest block; arrays written by this program stay far below it.
const MAX_BLOCK: usize = 4 << 30;
/// How much of an array that lies in one run is read at once, at least one leaf.
const RUN: usize = 4 << 20;

/// Where the values of an array lie.
pub(super) struct Blocks<'a> {
    file: &'a File,
    path: &'a str,
    dtype: Dtype,
    shape: &'a [usize],
    leaf_axis: usize,
    chunk: Vec<usize>,
    source: Source,
    filtered: bool,
    /// Offsets of the blocks along the axes before a leaf.
    leads: Vec<Vec<usize>>,
    /// Offsets of the chunks of a block along the axes of a leaf.
    trails: Vec<Vec<usize>>,
}

enum Source {
    /// In one run from this place.
    Run(u64),
    /// In chunks: offset → place, size, filters left out.
    Chunks(BTreeMap<Vec<usize>, (u64, u64, u32)>),
}

impl<'a> Blocks<'a> {
    /// Finds the values of `array`. `length` is that of the file.
    /// # Errors
    /// [`crate::error::ErrorKind::Integrity`] if parts are missing, or lie where none can be.
    pub fn new(file: &'a File, length: u64, path: &'a str, array: &'a Stored) -> Result<Self> {
        let fail = |reason: &str| Err(Error::integrity(format!("`{path}`: {reason}")));
        let Type::Number(dtype) = array.dtype else { return fail("holds no numbers") };
        let shape = array.shape.as_slice();
        let leaf_axis = leaf_axis(path, array.dtype, shape.len());
        let mut blocks = Self {
            file,
            path,
            dtype,
            shape,
            leaf_axis,
            chunk: shape.to_vec(),
            source: Source::Run(0),
            filtered: array.filtered,
            leads: Vec::new(),
            trails: Vec::new(),
        };
        if shape.contains(&0) {
            return Ok(blocks);
        }
        match (&array.chunk, array.handle.layout()) {
            (Some(chunk), Layout::Chunked) => {
                if chunk.len() != shape.len() || chunk.contains(&0) {
                    return fail("its chunks have no shape");
                }
                blocks.chunk.clone_from(chunk);
                blocks.source = Source::Chunks(chunks(array, chunk, path, length)?);
            }
            (None, Layout::Contiguous) => {
                let Some(place) = array.handle.offset() else { return fail("has no values") };
                if place.checked_add(array.plain()).is_none_or(|end| end > length) {
                    return fail("its values lie beyond the end of the file");
                }
                blocks.source = Source::Run(place);
                if leaf_axis > 0 {
                    let row = shape[1..].iter().product::<usize>() * dtype.size();
                    blocks.chunk[0] = (RUN / row).clamp(1, shape[0]);
                }
            }
            _ => return fail("its values are stored in a way that this program does not write"),
        }
        let size = blocks.block_shape().iter().try_fold(dtype.size(), |n, i| n.checked_mul(*i));
        if size.is_none_or(|size| size > MAX_BLOCK) {
            return fail("its chunks are too large");
        }
        blocks.leads = grid(&shape[..leaf_axis], &blocks.chunk[..leaf_axis]);
        blocks.trails = grid(&shape[leaf_axis..], &blocks.chunk[leaf_axis..]);
        Ok(blocks)
    }

    /// Type of the elements.
    pub fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// How many leaves the array has.
    pub fn leaves(&self) -> usize {
        self.shape[..self.leaf_axis].iter().product()
    }

    /// Bytes of a leaf.
    pub fn leaf_bytes(&self) -> usize {
        self.shape[self.leaf_axis..].iter().product::<usize>() * self.dtype.size()
    }

    /// Bytes of a whole block, decoded.
    pub fn block_bytes(&self) -> usize {
        self.block_shape().iter().product::<usize>() * self.dtype.size()
    }

    /// How many blocks the array has.
    pub fn count(&self) -> usize {
        self.leads.len()
    }

    fn block_shape(&self) -> Vec<usize> {
        [&self.chunk[..self.leaf_axis], &self.shape[self.leaf_axis..]].concat()
    }

    /// The decoded bytes of a block.
    pub fn read(&self, block: usize) -> Result<Vec<u8>> {
        let lead = &self.leads[block];
        let size = self.dtype.size();
        if let Source::Run(place) = self.source {
            let rows: usize = self.shape.iter().skip(1).product::<usize>() * size;
            let first = lead.first().copied().unwrap_or(0);
            let count = match self.leaf_axis {
                0 => self.shape.first().copied().unwrap_or(1),
                _ => self.chunk[0].min(self.shape[0] - first),
            };
            let mut bytes = vec![0; count * rows];
            self.bytes_at(place + (first * rows) as u64, &mut bytes)?;
            return Ok(bytes);
        }
        if let [trail] = self.trails.as_slice()
            && self.chunk[self.leaf_axis..] == self.shape[self.leaf_axis..]
        {
            return self.chunk(&[lead.as_slice(), trail].concat());
        }
        let shape = self.block_shape();
        let mut bytes = vec![0; shape.iter().product::<usize>() * size];
        let zero = vec![0; shape.len()];
        for trail in &self.trails {
            let chunk = self.chunk(&[lead.as_slice(), trail].concat())?;
            let to = [&zero[..self.leaf_axis], trail].concat();
            copy_box(&chunk, &self.chunk, &zero, &mut bytes, &shape, &to, &self.chunk, size);
        }
        Ok(bytes)
    }

    fn chunk(&self, offset: &[usize]) -> Result<Vec<u8>> {
        let Source::Chunks(places) = &self.source else { unreachable!("a run has no chunks") };
        let (place, length, skipped) = places[offset];
        let encoding = match (self.filtered, skipped) {
            (false, _) | (true, BOTH_FILTERS) => Encoding::Raw,
            (true, 0) => Encoding::ShuffleDeflate { level: 1 }, // any: the stream tells
            (true, _) => return Err(self.at(offset, "was written with one filter of two")),
        };
        let mut bytes = vec![0; length as usize];
        self.bytes_at(place, &mut bytes)?;
        let elements = self.chunk.iter().product();
        decode(bytes, self.dtype, elements, encoding).map_err(|e| self.at(offset, &e.message))
    }

    fn bytes_at(&self, place: u64, bytes: &mut [u8]) -> Result<()> {
        self.file
            .read_exact_at(bytes, place)
            .map_err(|error| Error::integrity(format!("`{}`: cannot be read: {error}", self.path)))
    }

    fn at(&self, offset: &[usize], reason: &str) -> Error {
        Error::integrity(format!("`{}`: the chunk at {offset:?}: {reason}", self.path))
    }

    /// The leaves in a block: their number in the array, and where their bytes lie in the block.
    pub fn leaves_in(&self, block: usize) -> Vec<(usize, Range<usize>)> {
        let lead = &self.leads[block];
        let length = self.leaf_bytes();
        let extent: Vec<usize> = (0..self.leaf_axis)
            .map(|axis| self.chunk[axis].min(self.shape[axis] - lead[axis]))
            .collect();
        grid(&extent, &vec![1; extent.len()])
            .into_iter()
            .map(|index| {
                let (mut leaf, mut place) = (0, 0);
                for axis in 0..self.leaf_axis {
                    leaf = leaf * self.shape[axis] + lead[axis] + index[axis];
                    place = place * self.chunk[axis] + index[axis];
                }
                (leaf, place * length..(place + 1) * length)
            })
            .collect()
    }

    /// The block that holds a leaf, and where the bytes of the leaf lie in it.
    pub fn place_of(&self, leaf: usize) -> (usize, Range<usize>) {
        let mut index = vec![0; self.leaf_axis];
        let mut rest = leaf;
        for axis in (0..self.leaf_axis).rev() {
            index[axis] = rest % self.shape[axis];
            rest /= self.shape[axis];
        }
        let (mut block, mut place) = (0, 0);
        for ((i, length), step) in index.iter().zip(self.shape).zip(&self.chunk) {
            block = block * length.div_ceil(*step) + i / step;
            place = place * step + i % step;
        }
        let length = self.leaf_bytes();
        (block, place * length..(place + 1) * length)
    }

    /// Calls `visit` with the number and the bytes of every leaf, on all cores, in any order, and
    /// `progress` with the bytes decoded; returns what is wrong with the blocks that cannot be read.
    pub fn each(
        &self,
        visit: &(dyn Fn(usize, &[u8]) + Sync),
        progress: &(dyn Fn(u64) + Sync),
    ) -> Vec<Error> {
        let one = |block| match self.read(block) {
            Ok(bytes) => {
                for (leaf, range) in self.leaves_in(block) {
                    visit(leaf, &bytes[range]);
                }
                progress(bytes.len() as u64);
                None
            }
            Err(error) => Some(error),
        };
        (0..self.count()).into_par_iter().filter_map(one).collect()
    }

    /// One leaf, with the block that holds it; `held` keeps the block for the next call.
    pub fn leaf<'h>(
        &self,
        leaf: usize,
        held: &'h mut Option<(usize, Vec<u8>)>,
    ) -> Result<&'h [u8]> {
        let (block, range) = self.place_of(leaf);
        if held.as_ref().is_none_or(|(number, _)| *number != block) {
            *held = Some((block, self.read(block)?));
        }
        let (_, bytes) = held.as_ref().expect("it was just filled");
        Ok(&bytes[range])
    }

    /// All values in C order; for arrays that fit into memory.
    pub fn all(&self) -> Result<Vec<u8>> {
        let length = self.leaf_bytes();
        let mut all = vec![0; self.leaves() * length];
        for block in 0..self.count() {
            let bytes = self.read(block)?;
            for (leaf, range) in self.leaves_in(block) {
                all[leaf * length..(leaf + 1) * length].copy_from_slice(&bytes[range]);
            }
        }
        Ok(all)
    }
}

/// Where the chunks of an array lie, each once.
fn chunks(
    array: &Stored,
    chunk: &[usize],
    path: &str,
    length: u64,
) -> Result<BTreeMap<Vec<usize>, (u64, u64, u32)>> {
    let expected = array
        .shape
        .iter()
        .zip(chunk)
        .try_fold(1_usize, |n, (axis, step)| n.checked_mul(axis.div_ceil(*step)));
    let mut places = BTreeMap::new();
    let mut wrong = false;
    let visited = array.handle.chunks_visit(|info| {
        let offset: Vec<usize> = info.offset.iter().map(|i| *i as usize).collect();
        let inside = info.addr.checked_add(info.size).is_some_and(|end| end <= length)
            && offset.iter().zip(chunk).all(|(i, step)| i % step == 0)
            && offset.iter().zip(&array.shape).all(|(i, axis)| i < axis);
        wrong |= !inside;
        wrong |= places.insert(offset, (info.addr, info.size, info.filter_mask)).is_some();
        i32::from(wrong)
    });
    visited.map_err(|e| read_error(&format!("the chunks of `{path}`"), &e))?;
    if wrong || Some(places.len()) != expected {
        return Err(Error::integrity(format!("`{path}`: chunks are missing or misplaced")));
    }
    Ok(places)
}
