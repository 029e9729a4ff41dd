//! How the bytes of an array are stored: as they are, or shuffled and deflated.
//!
//! [`Encoding::ShuffleDeflate`] is exactly what HDF5's filters `shuffle` and `deflate` read, so that
//! an encoded piece is copied into a data set as it is. Byte `j` of element `i` of `n` goes to
//! position `j·n + i`; the result is one zlib stream (RFC 1950).
//! Invariant: decoding what was encoded gives the same bytes. An encoding never enters a digest.

use std::borrow::Cow;

use libdeflater::{CompressionLvl, Compressor, Decompressor};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// How much of an array tells whether deflating it pays.
const PROBE: usize = 64 << 10;

/// The type of the numbers in an array; always little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Dtype {
    /// 32-bit real number.
    #[serde(rename = "float32")]
    F32,
    /// 64-bit real number.
    #[serde(rename = "float64")]
    F64,
    /// 16-bit real number (IEEE 754 binary16).
    #[serde(rename = "float16")]
    F16,
    /// Byte.
    #[serde(rename = "uint8")]
    U8,
    /// 64-bit whole number with sign.
    #[serde(rename = "int64")]
    I64,
}

impl Dtype {
    /// Bytes per element.
    pub fn size(self) -> usize {
        match self {
            Dtype::U8 => 1,
            Dtype::F16 => 2,
            Dtype::F32 => 4,
            Dtype::F64 | Dtype::I64 => 8,
        }
    }

    /// The name, as numpy has it.
    pub fn name(self) -> &'static str {
        match self {
            Dtype::F32 => "float32",
            Dtype::F64 => "float64",
            Dtype::F16 => "float16",
            Dtype::U8 => "uint8",
            Dtype::I64 => "int64",
        }
    }
}

/// How an array is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// Little-endian elements in C order.
    Raw,
    /// A zlib stream of the byte-shuffled elements.
    ShuffleDeflate {
        /// 1 (fast) to 9 (small).
        level: u8,
    },
}

/// Encodes arrays one after another; keeps the compressor's tables between them.
pub struct Encoder {
    level: u8,
    compressor: Compressor,
}

impl Encoder {
    /// An encoder of a deflate level from 1 to 9.
    /// # Errors
    /// [`crate::error::ErrorKind::Usage`] for another level.
    pub fn new(level: u8) -> Result<Self> {
        let known = (1..=9).contains(&level).then(|| CompressionLvl::new(i32::from(level)));
        match known {
            Some(Ok(libdeflate_level)) => {
                Ok(Self { level, compressor: Compressor::new(libdeflate_level) })
            }
            _ => Err(Error::usage(format!("`{level}` is no deflate level"))
                .help("allowed: whole numbers from 1 to 9")),
        }
    }

    /// The deflate level.
    pub fn level(&self) -> u8 {
        self.level
    }

    /// Shuffles and deflates, always.
    pub fn deflate(&mut self, bytes: &[u8], dtype: Dtype) -> Vec<u8> {
        let shuffled = shuffle(bytes, dtype.size());
        let mut out = vec![0; self.compressor.zlib_compress_bound(shuffled.len())];
        let length = self
            .compressor
            .zlib_compress(&shuffled, &mut out)
            .expect("the bound leaves room for any input");
        out.truncate(length);
        out
    }

    /// Encodes if it pays: if the first 64 KiB shrink by at least 5 %, and the whole shrinks at all.
    pub fn encode<'a>(&mut self, bytes: &'a [u8], dtype: Dtype) -> (Cow<'a, [u8]>, Encoding) {
        let probe = &bytes[..bytes.len().min(PROBE) / dtype.size() * dtype.size()];
        let deflated = self.deflate(probe, dtype);
        if deflated.len() * 20 > probe.len() * 19 || probe.is_empty() {
            return (Cow::Borrowed(bytes), Encoding::Raw);
        }
        let whole = if probe.len() == bytes.len() { deflated } else { self.deflate(bytes, dtype) };
        if whole.len() >= bytes.len() {
            return (Cow::Borrowed(bytes), Encoding::Raw);
        }
        (Cow::Owned(whole), Encoding::ShuffleDeflate { level: self.level })
    }
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder").field("level", &self.level).finish_non_exhaustive()
    }
}

/// The `elements` elements that `bytes` encode.
/// # Errors
/// [`crate::error::ErrorKind::Integrity`] if they encode anything else.
pub fn decode(
    bytes: Vec<u8>,
    dtype: Dtype,
    elements: usize,
    encoding: Encoding,
) -> Result<Vec<u8>> {
    let length = elements * dtype.size();
    match encoding {
        Encoding::Raw if bytes.len() == length => Ok(bytes),
        Encoding::Raw => {
            Err(Error::integrity(format!("{} bytes stored, {length} expected", bytes.len())))
        }
        Encoding::ShuffleDeflate { .. } => {
            let mut out = vec![0; length];
            match Decompressor::new().zlib_decompress(&bytes, &mut out) {
                Ok(found) if found == length => Ok(unshuffle(out, dtype.size())),
                Ok(found) => Err(Error::integrity(format!(
                    "the zlib stream holds {found} bytes, {length} expected"
                ))),
                Err(e) => Err(Error::integrity(format!("the zlib stream is damaged: {e}"))),
            }
        }
    }
}

/// The same array under another encoding; `to` is obeyed even where it saves nothing.
/// # Errors
/// As [`decode`] and [`Encoder::new`].
pub fn transcode(
    bytes: Vec<u8>,
    dtype: Dtype,
    elements: usize,
    from: Encoding,
    to: Encoding,
) -> Result<Vec<u8>> {
    if from == to {
        return Ok(bytes);
    }
    let decoded = decode(bytes, dtype, elements, from)?;
    match to {
        Encoding::Raw => Ok(decoded),
        Encoding::ShuffleDeflate { level } => Ok(Encoder::new(level)?.deflate(&decoded, dtype)),
    }
}

/// Elements moved at a time, so that they stay in the first-level cache for all their bytes.
const BLOCK: usize = 2048;

/// All first bytes of the elements, then all second bytes, and so on. `size` divides the length.
fn shuffle(bytes: &[u8], size: usize) -> Cow<'_, [u8]> {
    fn planes<const S: usize>(bytes: &[u8]) -> Vec<u8> {
        let mut out = vec![0; bytes.len()];
        let elements = bytes.as_chunks::<S>().0;
        for (b, block) in elements.chunks(BLOCK).enumerate() {
            for j in 0..S {
                let plane = &mut out[j * elements.len() + b * BLOCK..][..block.len()];
                for (to, element) in plane.iter_mut().zip(block) {
                    *to = element[j];
                }
            }
        }
        out
    }
    match size {
        1 => Cow::Borrowed(bytes),
        2 => Cow::Owned(planes::<2>(bytes)),
        4 => Cow::Owned(planes::<4>(bytes)),
        _ => Cow::Owned(planes::<8>(bytes)),
    }
}

/// Undoes [`shuffle`].
fn unshuffle(bytes: Vec<u8>, size: usize) -> Vec<u8> {
    fn elements<const S: usize>(bytes: &[u8]) -> Vec<u8> {
        let mut out = vec![0; bytes.len()];
        let elements = out.as_chunks_mut::<S>().0;
        let length = elements.len();
        for (b, block) in elements.chunks_mut(BLOCK).enumerate() {
            for j in 0..S {
                let plane = &bytes[j * length + b * BLOCK..][..block.len()];
                for (element, from) in block.iter_mut().zip(plane) {
                    element[j] = *from;
                }
            }
        }
        out
    }
    match size {
        1 => bytes,
        2 => elements::<2>(&bytes),
        4 => elements::<4>(&bytes),
        _ => elements::<8>(&bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By definition: byte `j` of element `i` of `n` goes to `j·n + i`.
    #[test]
    fn a_shuffle_of_any_length_is_what_its_definition_says() {
        for size in [1, 2, 4, 8] {
            for n in [0, 1, 7, BLOCK - 1, BLOCK, 2 * BLOCK + 3] {
                let bytes: Vec<u8> = (0..n * size).map(|i| (i * 31 % 251) as u8).collect();
                let shuffled = shuffle(&bytes, size).into_owned();
                for (at, byte) in bytes.iter().enumerate() {
                    assert_eq!(shuffled[at % size * n + at / size], *byte);
                }
                assert_eq!(unshuffle(shuffled, size), bytes);
            }
        }
    }

    const ALL: [Dtype; 5] = [Dtype::F32, Dtype::F64, Dtype::F16, Dtype::U8, Dtype::I64];

    /// A slow ramp with a little structure: its high bytes repeat.
    fn ramp(elements: usize, dtype: Dtype) -> Vec<u8> {
        (0..elements)
            .flat_map(|i| ((i / 3) as u64).to_le_bytes()[..dtype.size()].to_vec())
            .collect()
    }

    #[test]
    fn every_type_comes_back_from_every_encoding() {
        for dtype in ALL {
            for elements in [0, 1, 5, 100_000] {
                let bytes = ramp(elements, dtype);
                for to in [Encoding::Raw, Encoding::ShuffleDeflate { level: 4 }] {
                    let stored =
                        transcode(bytes.clone(), dtype, elements, Encoding::Raw, to).unwrap();
                    let back = transcode(stored, dtype, elements, to, Encoding::Raw).unwrap();
                    assert_eq!(back, bytes, "{dtype:?} {elements} {to:?}");
                }
            }
        }
    }

    #[test]
    fn the_zlib_stream_holds_the_bytes_in_the_order_that_hdf5_defines() {
        // float16 elements 0x0102, 0x0304, 0x0506, little-endian: low bytes first, then high bytes.
        let bytes = [0x02, 0x01, 0x04, 0x03, 0x06, 0x05];
        let stored = Encoder::new(1).unwrap().deflate(&bytes, Dtype::F16);
        assert_eq!(stored[0] & 0x0f, 8, "RFC 1950: method deflate");
        assert_eq!(u16::from_be_bytes([stored[0], stored[1]]) % 31, 0, "RFC 1950: header check");
        let mut inflated = [0; 6];
        Decompressor::new().zlib_decompress(&stored, &mut inflated).unwrap();
        assert_eq!(inflated, [0x02, 0x04, 0x06, 0x01, 0x03, 0x05]);
    }

    #[test]
    fn what_does_not_shrink_is_stored_as_it_is() {
        let mut state = 1_u64;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        })
        .take(200_000)
        .collect();
        let mut encoder = Encoder::new(4).unwrap();
        assert_eq!(encoder.encode(&noise, Dtype::F32).1, Encoding::Raw);
        assert_eq!(encoder.encode(&[], Dtype::F32).1, Encoding::Raw);
        let zeros = vec![0; 200_000];
        let (stored, encoding) = encoder.encode(&zeros, Dtype::F32);
        assert_eq!(encoding, Encoding::ShuffleDeflate { level: 4 });
        assert!(stored.len() < 1_000);
    }

    #[test]
    fn a_damaged_stream_or_a_wrong_length_is_an_integrity_error() {
        let encoding = Encoding::ShuffleDeflate { level: 4 };
        let stored = Encoder::new(4).unwrap().deflate(&ramp(1_000, Dtype::F32), Dtype::F32);
        for elements in [999, 1_001] {
            assert!(decode(stored.clone(), Dtype::F32, elements, encoding).is_err());
        }
        let mut cut = stored;
        cut.pop();
        let error = decode(cut, Dtype::F32, 1_000, encoding).unwrap_err();
        assert_eq!(error.kind, crate::error::ErrorKind::Integrity);
        assert!(decode(vec![0; 7], Dtype::F32, 2, Encoding::Raw).is_err());
        assert!(Encoder::new(0).is_err() && Encoder::new(10).is_err());
    }
}
