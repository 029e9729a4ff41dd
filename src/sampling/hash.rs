//! One keyed hash, for what needs many random bits at computed places and little else.

/// Number `counter` of the `SplitMix64` generator that starts at `key`.
///
/// Source: G. L. Steele, D. Lea, C. H. Flood (2014), Fast splittable pseudorandom number generators.
#[inline]
pub fn splitmix(key: u64, counter: u64) -> u64 {
    let mut z = key.wrapping_add(counter.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ z >> 31
}
