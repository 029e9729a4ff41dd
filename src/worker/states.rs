//! States of a rollout out of the cache.

use super::measured::extent;
use super::{Context, f32_values};
use crate::cache::{Dtype, Entry};
use crate::error::Result;

/// The states of one operator in one block and segment.
pub struct States {
    bytes: Vec<u8>,
    dtype: Dtype,
    /// States along the time axis of the piece, padding included.
    stride: usize,
    /// Numbers of a state.
    size: usize,
    /// Realizations of the block.
    pub realizations: usize,
    /// States of the segment.
    pub steps: usize,
}

impl States {
    /// Reads those of `operator`, each of `size` numbers.
    ///
    /// # Errors
    /// If the entry is damaged or keeps no states.
    pub fn read(context: &Context, entry: &Entry, operator: u64, size: usize) -> Result<Self> {
        let name = format!("fields/{operator}");
        let bytes = context.array(entry, &name)?;
        let piece = entry.piece(&name).expect("it was read just now");
        let (realizations, steps) = extent(entry, operator)?;
        Ok(Self {
            bytes,
            dtype: piece.dtype,
            stride: if piece.shape.len() > 4 { piece.shape[1] } else { 1 },
            size,
            realizations,
            steps,
        })
    }

    /// State `t` of realization `m`, `[C, n, n]`.
    pub fn state(&self, m: usize, t: usize) -> Vec<f32> {
        let bytes = self.size * self.dtype.size();
        let own = &self.bytes[(m * self.stride + t) * bytes..][..bytes];
        match self.dtype {
            Dtype::F16 => own
                .chunks_exact(2)
                .map(|b| half::f16::from_le_bytes([b[0], b[1]]).to_f32())
                .collect(),
            _ => f32_values(own),
        }
    }
}
