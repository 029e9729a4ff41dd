//! Direction numbers of the Sobol sequence.
//!
//! The table holds, for each dimension from the second on, a primitive polynomial over GF(2) and the
//! initial numbers `m_1 … m_s` of "new-joe-kuo-6", whose two-dimensional projections were optimised;
//! the recurrence extends them to 53 bits. `tests/golden/sampling.py` writes the table. This module
//! knows neither scrambling nor points.
//!
//! Source: S. Joe and F. Y. Kuo (2008), Constructing Sobol' sequences with better two-dimensional
//! projections, SIAM Journal on Scientific Computing 30, 2635–2654.

/// Dimensions in the table, the first (van der Corput) included.
pub const DIMENSIONS: u32 = 1280;

/// Binary digits of a coordinate and of an index.
pub const BITS: usize = 53;

/// Highest degree among the polynomials.
const DEGREE: usize = 14;

/// Bytes per dimension: the polynomial and `DEGREE` initial numbers, 16-bit little-endian.
const RECORD: usize = 2 * (1 + DEGREE);

static TABLE: &[u8; (DIMENSIONS as usize - 1) * RECORD] = include_bytes!("joe_kuo.bin");

/// Direction numbers of one dimension: bit `k` of an index contributes entry `k`, a 53-bit fraction
/// whose most significant digit is bit 52.
///
/// With `m_k = 2 a_1 m_{k-1} ⊕ 4 a_2 m_{k-2} ⊕ … ⊕ 2^s m_{k-s} ⊕ m_{k-s}`, entry `k - 1` is
/// `m_k 2^(53-k)`.
///
/// # Panics
/// If `dimension` is not below [`DIMENSIONS`].
pub fn directions(dimension: u32) -> [u64; BITS] {
    assert!(dimension < DIMENSIONS, "dimension {dimension} is beyond the table");
    let mut v = [0_u64; BITS];
    let Some(row) = (dimension as usize).checked_sub(1) else {
        for (k, v) in v.iter_mut().enumerate() {
            *v = 1 << (BITS - 1 - k);
        }
        return v;
    };
    let record = &TABLE[row * RECORD..(row + 1) * RECORD];
    let word = |i: usize| u64::from(u16::from_le_bytes([record[2 * i], record[2 * i + 1]]));
    let polynomial = word(0);
    let degree = polynomial.ilog2() as usize;
    for k in 0..BITS {
        v[k] = if k < degree {
            word(1 + k) << (BITS - 1 - k)
        } else {
            // In the fraction's scale the factor 2^j of the recurrence is already there.
            (1..degree)
                .filter(|j| polynomial >> (degree - j) & 1 == 1)
                .fold(v[k - degree] ^ v[k - degree] >> degree, |sum, j| sum ^ v[k - j])
        };
    }
    v
}
