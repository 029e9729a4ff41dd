//! Random linear matrix scramble with a digital shift.
//!
//! A random lower-triangular binary matrix with a unit diagonal multiplies the digits of every
//! coordinate of a dimension, and a random number is added digit by digit without carry. It is linear,
//! so it acts on the direction numbers once. A scrambled net is a net; each point alone is uniform;
//! the variance of integrals is Owen's, but the joint law of the points is poorer than his.
//!
//! Source: J. Matoušek (1998), On the L2-discrepancy for anchored boxes.

use super::joe_kuo::BITS;
use crate::rng::Stream;

/// Scrambled direction numbers and the shift of one dimension, from draw site 0 of its stream.
pub fn scramble(stream: Stream, directions: &[u64; BITS]) -> ([u64; BITS], u64) {
    let mut draws = stream.site(0);
    let mut rows = [0_u64; BITS];
    for (b, row) in rows.iter_mut().enumerate() {
        // Digit b, most significant first, sees itself and random ones of the digits above it.
        let own = 1 << (BITS - 1 - b);
        let above = (1 << BITS) - 2 * own;
        *row = own | draws.next_u64() & above;
    }
    let product =
        |v: u64| rows.iter().fold(0, |out, row| out << 1 | u64::from((row & v).count_ones() % 2));
    (directions.map(product), draws.next_u64() >> (64 - BITS))
}
