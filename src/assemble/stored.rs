//! A cached piece as a chunk of the data set: copied as it is where the shapes agree, else decoded,
//! placed and padded.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Sources;
use crate::cache::{Cache, Entry, Piece};
use crate::dataset::{Chunk, Loaded};
use crate::error::{Error, ErrorKind, Result};
use crate::key::Digest;

/// A state in a larger one: the reference's padding, centred, zeros around.
#[derive(Debug, Clone, Copy)]
pub struct Padding {
    /// Side of the states in the cache.
    pub from: usize,
    /// Side of the states in the file.
    pub to: usize,
}

/// Where a cached piece goes.
pub struct Placement {
    /// Its entry.
    pub entry: Arc<Entry>,
    /// Its place among the pieces of the entry.
    pub piece: usize,
    /// Index of its first element in the array.
    pub offset: Vec<usize>,
    /// States along the time axis of the piece that come before this chunk: a piece may cover several.
    pub skip: usize,
    /// Shape of a chunk of the array, without the leading axis of one operator.
    pub unit: Vec<usize>,
    /// Padding of each state, if the file pads.
    pub padding: Option<Padding>,
}

impl Placement {
    fn piece(&self) -> &Piece {
        &self.entry.pieces[self.piece]
    }

    /// The chunk that brings it.
    pub fn chunk(self, sources: &Sources<'_>) -> Chunk {
        let (cache, interrupt) = (Arc::clone(sources.cache), Arc::clone(sources.interrupt));
        let offset = self.offset.clone();
        let load = move || {
            if interrupt.load(Ordering::Relaxed) {
                return Err(Error::new(ErrorKind::Interrupted, "interrupted"));
            }
            self.load(&cache)
        };
        Chunk { offset, load: Box::new(load) }
    }

    /// Its bytes. A damaged entry is set aside.
    fn load(&self, cache: &Cache) -> Result<Loaded> {
        let piece = self.piece();
        let read = if self.padding.is_none() && self.skip == 0 && piece.shape == self.unit {
            cache
                .read_stored(&self.entry, piece)
                .map(|bytes| Loaded::Stored { bytes, encoding: piece.encoding })
        } else {
            self.decoded(cache).map(Loaded::Decoded)
        };
        set_aside(cache, &self.entry, read)
    }

    /// Digests of all valid states of the piece as they lie in the file.
    pub fn leaves(&self, cache: &Cache) -> Result<Vec<Digest>> {
        let piece = self.piece();
        let Some(padding) = self.padding else { return Ok(piece.leaves.clone()) };
        let bytes = set_aside(cache, &self.entry, cache.read(&self.entry, piece))?;
        let state = piece.leaf * piece.dtype.size();
        let mut wide = vec![0; state / (padding.from * padding.from) * padding.to * padding.to];
        Ok((0..piece.leaves.len())
            .map(|i| {
                let at = piece.valid.position(&piece.shape, i) * state;
                padding.place(&bytes[at..at + state], &mut wide, piece.dtype.size());
                Digest::of(&wide)
            })
            .collect())
    }

    /// Its values in the shape of a chunk.
    pub fn decoded(&self, cache: &Cache) -> Result<Vec<u8>> {
        let piece = self.piece();
        let bytes = cache.read(&self.entry, piece)?;
        let state = piece.leaf * piece.dtype.size();
        let wide = self.padding.map_or(state, |p| state / (p.from * p.from) * p.to * p.to);
        let lead = self.unit.len().saturating_sub(3);
        let (have, want) = (&piece.shape[..lead], &self.unit[..lead]);
        let mut out = vec![0; want.iter().product::<usize>() * wide];
        for (i, source) in bytes.chunks_exact(state).enumerate() {
            let Some(place) = place(i, have, want, self.skip) else { continue };
            let target = &mut out[place * wide..(place + 1) * wide];
            match self.padding {
                None => target.copy_from_slice(source),
                Some(padding) => padding.place(source, target, piece.dtype.size()),
            }
        }
        Ok(out)
    }
}

/// The place of the `i`-th state of an array with leading axes `have` in one with axes `want` that
/// begins `skip` states later along the second axis, if it lies within.
fn place(i: usize, have: &[usize], want: &[usize], skip: usize) -> Option<usize> {
    let (mut rest, mut place, mut stride) = (i, 0, 1);
    for (axis, (have, want)) in have.iter().zip(want).enumerate().rev() {
        let mut index = rest % have;
        rest /= have;
        if axis == 1 {
            index = index.checked_sub(skip)?;
        }
        if index >= *want {
            return None;
        }
        place += index * stride;
        stride *= want;
    }
    Some(place)
}

impl Padding {
    /// Puts one state `[C, from, from]` in the middle of zeros `[C, to, to]`.
    fn place(self, source: &[u8], target: &mut [u8], size: usize) {
        let margin = (self.to - self.from) / 2;
        let row = self.from * size;
        for (i, line) in source.chunks_exact(row).enumerate() {
            let (channel, y) = (i / self.from, i % self.from);
            let at = ((channel * self.to + y + margin) * self.to + margin) * size;
            target[at..at + row].copy_from_slice(line);
        }
    }
}

/// Sets an entry aside if reading it found damage.
pub fn set_aside<T>(cache: &Cache, entry: &Entry, read: Result<T>) -> Result<T> {
    match read {
        Err(error) if error.kind == ErrorKind::Integrity => {
            cache.quarantine(&entry.kind, &entry.key, &error.message)?;
            Err(error)
        }
        other => other,
    }
}

/// The place of a piece of that name; an entry without it is set aside.
pub fn find(cache: &Cache, entry: &Entry, name: &str) -> Result<usize> {
    let found = entry
        .pieces
        .binary_search_by(|p| p.name.as_str().cmp(name))
        .map_err(|_| Error::integrity(format!("{} {}: no array `{name}`", entry.kind, entry.key)));
    set_aside(cache, entry, found)
}

/// The values of a piece, verified.
pub fn values(cache: &Cache, entry: &Entry, name: &str) -> Result<Vec<u8>> {
    let piece = &entry.pieces[find(cache, entry, name)?];
    set_aside(cache, entry, cache.read(entry, piece))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_centres_a_state() {
        let padding = Padding { from: 2, to: 5 };
        let mut target = vec![0_u8; 25];
        padding.place(&[1, 2, 3, 4], &mut target, 1);
        assert_eq!(target[5..15], [0, 1, 2, 0, 0, 0, 3, 4, 0, 0]);
        assert_eq!(target.iter().map(|b| u32::from(*b)).sum::<u32>(), 10);
    }

    #[test]
    fn states_keep_their_index_in_another_shape() {
        // State (1, 2) of a 2 × 3 block is state (1, 2) of a 5 × 4 block, and of no 5 × 2 block.
        assert_eq!(place(5, &[2, 3], &[5, 4], 0), Some(6));
        assert_eq!(place(5, &[2, 3], &[5, 2], 0), None);
        // In the chunk that begins two states later it is the first of its realization.
        assert_eq!(place(5, &[2, 3], &[5, 2], 2), Some(2));
        assert_eq!(place(3, &[2, 3], &[5, 2], 2), None);
    }
}
