//! Owen's nested uniform scrambling, by a keyed hash.
//!
//! Digit `b` of a coordinate is flipped or not by a random bit that belongs to the `b` more
//! significant digits: one bit for each node of the binary tree of prefixes, all of them independent.
//! Every elementary interval keeps its number of points, so a scrambled net is a net, and each point
//! alone is uniform. All 53 digits are nested, so the order of the sequence plays no part and nothing
//! wears out beyond some number of points.
//!
//! The bits are not stored. The tree is cut into subtrees of six levels, which have 63 nodes, and a
//! 64-bit hash of the subtree's root gives all of their bits: nine hashes make a coordinate.
//!
//! Source: A. B. Owen (1995), Randomly permuted (t,m,s)-nets and (t,s)-sequences.

use super::hash::splitmix;
use super::joe_kuo::BITS;

/// Levels of a subtree: as many as have their nodes counted by the bits of one hash.
const LEVELS: usize = 6;
const SUBTREES: usize = BITS.div_ceil(LEVELS);
/// Digits in nine whole subtrees; those beyond 53 are zeros whose flips are dropped.
const DIGITS: usize = SUBTREES * LEVELS;

/// Flips the digits of a 53-bit fraction under a key that belongs to its dimension.
#[inline]
pub fn scramble(key: u64, fraction: u64) -> u64 {
    let digits = fraction << (DIGITS - BITS);
    let mut flips = 0_u64;
    for subtree in 0..SUBTREES {
        let above = subtree * LEVELS;
        // The leading one tells prefixes of different lengths apart, as in a heap.
        let root = 1 << above | digits >> (DIGITS - above);
        let hash = splitmix(key, root);
        let here = digits >> (DIGITS - above - LEVELS) & ((1 << LEVELS) - 1);
        let path = 1 << LEVELS | here;
        for level in 0..LEVELS {
            let node = path >> (LEVELS - level);
            flips = flips << 1 | (hash >> node & 1);
        }
    }
    fraction ^ flips >> (DIGITS - BITS)
}
