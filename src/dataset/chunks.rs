//! The chunks of an array on their way into the file: loaded and encoded side by side, written in
//! order.
//!
//! Invariant: at most three batches are in memory at once, one being loaded, one waiting, one being
//! written; a batch holds chunks of about 64 MiB, or a single chunk. Knows nothing of HDF5.

use std::sync::mpsc::sync_channel;

use rayon::prelude::*;

use super::file::{Array, Chunk, Data, Loaded, Type};
use crate::cache::{Dtype, Encoder, Encoding, transcode};
use crate::error::{Error, Result};

/// Decoded bytes of the chunks of a batch.
const BATCH: usize = 64 << 20;

/// Brings every chunk of `array`, encoded as `compression` asks, to `write`, in order.
pub(super) fn each_encoded(
    array: &Array,
    chunk_shape: &[usize],
    compression: Option<u8>,
    write: &mut dyn FnMut(&[usize], &[u8], Encoding) -> Result<()>,
) -> Result<()> {
    let Type::Number(dtype) = array.dtype else {
        return Err(Error::artifact(format!("`{}`: texts are not written in chunks", array.path)));
    };
    let elements: usize = chunk_shape.iter().product();
    let batch = (BATCH / (elements * dtype.size()).max(1)).max(1);
    let load = |chunk: &Chunk| -> Result<(Vec<usize>, Vec<u8>, Encoding)> {
        let (bytes, encoding) = prepare((chunk.load)()?, dtype, elements, compression)?;
        Ok((chunk.offset.clone(), bytes, encoding))
    };
    let cut = |offset: &Vec<usize>| -> Result<(Vec<usize>, Vec<u8>, Encoding)> {
        let Data::Memory(bytes) = &array.data else { unreachable!("only memory is cut") };
        let cut = Loaded::Decoded(cut(bytes, dtype.size(), &array.shape, chunk_shape, offset));
        let (bytes, encoding) = prepare(cut, dtype, elements, compression)?;
        Ok((offset.clone(), bytes, encoding))
    };
    let offsets = grid(&array.shape, chunk_shape);
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel(1);
        scope.spawn(move || {
            // A failed send means that writing failed: there is nobody left to tell.
            let _ = match &array.data {
                Data::Chunks { chunks, .. } => chunks.chunks(batch).try_for_each(|part| {
                    sender.send(part.par_iter().map(load).collect::<Result<Vec<_>>>())
                }),
                _ => offsets.chunks(batch).try_for_each(|part| {
                    sender.send(part.par_iter().map(cut).collect::<Result<Vec<_>>>())
                }),
            };
        });
        // By value: an early return drops the receiver, so that the loader stops.
        for part in receiver {
            for (offset, bytes, encoding) in part? {
                write(&offset, &bytes, encoding)?;
            }
        }
        Ok(())
    })
}

/// The offsets of all chunks of an array, in C order.
pub(super) fn grid(shape: &[usize], chunk: &[usize]) -> Vec<Vec<usize>> {
    let mut offsets = vec![Vec::new()];
    for (length, step) in shape.iter().zip(chunk) {
        offsets = offsets
            .iter()
            .flat_map(|head| {
                (0..*length).step_by(*step).map(move |i| [head.as_slice(), &[i]].concat())
            })
            .collect();
    }
    offsets
}

/// Brings a chunk to the encoding asked for. Where nothing is asked of a chunk but compression that
/// does not pay, it stays as it is.
fn prepare(
    loaded: Loaded,
    dtype: Dtype,
    elements: usize,
    compression: Option<u8>,
) -> Result<(Vec<u8>, Encoding)> {
    let bytes = match (loaded, compression) {
        (Loaded::Stored { bytes, encoding }, None) => {
            return Ok((
                transcode(bytes, dtype, elements, encoding, Encoding::Raw)?,
                Encoding::Raw,
            ));
        }
        (
            Loaded::Stored { bytes, encoding: from @ Encoding::ShuffleDeflate { .. } },
            Some(level),
        ) => {
            let to = Encoding::ShuffleDeflate { level };
            return Ok((transcode(bytes, dtype, elements, from, to)?, to));
        }
        (Loaded::Stored { bytes, encoding: Encoding::Raw } | Loaded::Decoded(bytes), _) => bytes,
    };
    if bytes.len() != elements * dtype.size() {
        return Err(Error::artifact(format!(
            "a chunk of {elements} elements of {} came with {} bytes",
            dtype.name(),
            bytes.len()
        )));
    }
    let Some(level) = compression else { return Ok((bytes, Encoding::Raw)) };
    let (encoded, encoding) = {
        let mut encoder = Encoder::new(level)?;
        let (encoded, encoding) = encoder.encode(&bytes, dtype);
        (
            matches!(encoding, Encoding::ShuffleDeflate { .. }).then(|| encoded.into_owned()),
            encoding,
        )
    };
    Ok((encoded.unwrap_or(bytes), encoding))
}

/// One chunk out of a whole array, zeros where it leaves the array.
fn cut(bytes: &[u8], size: usize, shape: &[usize], chunk: &[usize], offset: &[usize]) -> Vec<u8> {
    let mut out = vec![0; chunk.iter().product::<usize>() * size];
    copy_box(bytes, shape, offset, &mut out, chunk, &vec![0; chunk.len()], chunk, size);
    out
}

/// Copies a box of at most `extent` elements between two arrays in C order, as far as it lies inside
/// both: from index `from_at` of an array of shape `from_shape` to index `to_at` of one of `to_shape`.
#[expect(clippy::too_many_arguments, reason = "two arrays with shape and place, and what to copy")]
pub(super) fn copy_box(
    from: &[u8],
    from_shape: &[usize],
    from_at: &[usize],
    to: &mut [u8],
    to_shape: &[usize],
    to_at: &[usize],
    extent: &[usize],
    size: usize,
) {
    let rank = extent.len();
    let count: Vec<usize> = (0..rank)
        .map(|i| extent[i].min(from_shape[i] - from_at[i]).min(to_shape[i] - to_at[i]))
        .collect();
    let Some(run) = count.last().map(|n| n * size) else {
        to[..size].copy_from_slice(&from[..size]);
        return;
    };
    let place = |shape: &[usize], at: &[usize], index: &[usize]| {
        (0..rank).fold(0, |place, i| place * shape[i] + at[i] + index[i]) * size
    };
    let rows: usize = count[..rank - 1].iter().product();
    let mut index = vec![0; rank];
    for _ in 0..rows {
        let (a, b) = (place(from_shape, from_at, &index), place(to_shape, to_at, &index));
        to[b..b + run].copy_from_slice(&from[a..a + run]);
        for i in (0..rank - 1).rev() {
            index[i] += 1;
            if index[i] < count[i] {
                break;
            }
            index[i] = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_at_the_edge_is_padded_with_zeros() {
        let bytes: Vec<u8> = (1..=15).collect(); // 3 × 5
        assert_eq!(cut(&bytes, 1, &[3, 5], &[2, 3], &[2, 3]), [14, 15, 0, 0, 0, 0]);
        assert_eq!(cut(&bytes, 1, &[3, 5], &[2, 3], &[0, 0]), [1, 2, 3, 6, 7, 8]);
        assert_eq!(grid(&[3, 5], &[2, 3]), [[0, 0], [0, 3], [2, 0], [2, 3]]);
    }

    #[test]
    fn a_chunk_keeps_its_encoding_unless_another_is_asked_for() {
        let encoded = |level| {
            let bytes = Encoder::new(level).unwrap().deflate(&[7; 4000], Dtype::F32);
            Loaded::Stored { bytes, encoding: Encoding::ShuffleDeflate { level } }
        };
        let prepared = |loaded, asked| prepare(loaded, Dtype::F32, 1000, asked).unwrap();
        let (bytes, encoding) = prepared(encoded(4), Some(4));
        assert_eq!(encoding, Encoding::ShuffleDeflate { level: 4 });
        assert!(bytes.len() < 100);
        assert_eq!(prepared(encoded(4), None), (vec![7; 4000], Encoding::Raw));
        assert_eq!(prepared(encoded(1), Some(9)).1, Encoding::ShuffleDeflate { level: 9 });
        let raw = || Loaded::Stored { bytes: vec![7; 4000], encoding: Encoding::Raw };
        assert_eq!(prepared(raw(), None), (vec![7; 4000], Encoding::Raw));
        assert_eq!(prepared(raw(), Some(1)).1, Encoding::ShuffleDeflate { level: 1 });
        assert!(prepare(Loaded::Decoded(vec![0; 3999]), Dtype::F32, 1000, None).is_err());
    }
}
