//! Numbers out of little-endian bytes, and columns as a person reads them.

use half::f16;

use super::facts::integers;
use super::file::Type;
use super::reader::Reader;
use crate::cache::Dtype;
use crate::error::Result;

/// The numbers as `f64`, exactly but for whole numbers beyond 2⁵³.
pub(super) fn to_f64(bytes: &[u8], dtype: Dtype) -> Vec<f64> {
    fn each<const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> f64) -> Vec<f64> {
        bytes.as_chunks().0.iter().map(|b| number(*b)).collect()
    }
    match dtype {
        Dtype::F16 => each(bytes, |b| f16::from_le_bytes(b).to_f64()),
        Dtype::F32 => each(bytes, |b| f64::from(f32::from_le_bytes(b))),
        Dtype::F64 => each(bytes, f64::from_le_bytes),
        Dtype::U8 => each(bytes, |b: [u8; 1]| f64::from(b[0])),
        Dtype::I64 => each(bytes, |b| i64::from_le_bytes(b) as f64),
    }
}

/// What there is to know of a state at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Glance {
    /// Every number is finite.
    pub finite: bool,
    /// Every number is the same.
    pub constant: bool,
    /// Every number is zero.
    pub zero: bool,
}

/// Looks at the numbers of a state.
pub(super) fn glance(bytes: &[u8], dtype: Dtype) -> Glance {
    let size = dtype.size();
    let finite = match dtype {
        Dtype::U8 | Dtype::I64 => true,
        // A number is not finite exactly if all bits of its exponent are set.
        Dtype::F16 => bytes.as_chunks().0.iter().all(|b| u16::from_le_bytes(*b) & 0x7c00 != 0x7c00),
        Dtype::F32 => {
            bytes.as_chunks().0.iter().all(|b| u32::from_le_bytes(*b) & 0x7f80_0000 != 0x7f80_0000)
        }
        Dtype::F64 => bytes.as_chunks().0.iter().all(|b| f64::from_le_bytes(*b).is_finite()),
    };
    let constant = bytes.get(size..).is_none_or(|rest| rest == &bytes[..bytes.len() - size]);
    let zero = constant && to_f64(&bytes[..size.min(bytes.len())], dtype).iter().all(|v| *v == 0.0);
    Glance { finite, constant, zero }
}

/// A column of values, each as a text: whole numbers, shortest exact decimals, texts.
pub(super) fn shown(reader: &Reader, path: &str) -> Result<Vec<String>> {
    let blocks = match reader.stored(path) {
        Some(array) if array.dtype == Type::Text => return reader.texts(path),
        _ => reader.blocks(path)?,
    };
    if blocks.dtype() == Dtype::I64 {
        return Ok(integers(reader, path)?.iter().map(i64::to_string).collect());
    }
    Ok(reader.numbers(path)?.iter().map(|v| format!("{v:?}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn f32s(values: &[f32]) -> Vec<u8> {
        values.iter().flat_map(|v| v.to_le_bytes()).collect()
    }

    #[test]
    fn a_glance_sees_what_is_wrong_with_a_state() {
        let see = |values: &[f32]| {
            let g = glance(&f32s(values), Dtype::F32);
            (g.finite, g.constant, g.zero)
        };
        assert_eq!(see(&[1.0, 2.0, 3.0]), (true, false, false));
        assert_eq!(see(&[1.0, f32::NAN, 3.0]), (false, false, false));
        assert_eq!(see(&[1.0, f32::NEG_INFINITY]), (false, false, false));
        assert_eq!(see(&[2.5; 9]), (true, true, false));
        assert_eq!(see(&[-0.0; 9]), (true, true, true));
        let halves: Vec<u8> =
            [f16::from_f32(1.0), f16::INFINITY].iter().flat_map(|v| v.to_le_bytes()).collect();
        assert!(!glance(&halves, Dtype::F16).finite);
        assert_eq!(to_f64(&halves, Dtype::F16), [1.0, f64::INFINITY]);
    }
}
