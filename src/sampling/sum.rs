//! Sums in a fixed order with a small rounding error.

/// Terms that are added one after the other at the leaves of the tree.
const LEAF: usize = 64;

/// `Σ term(i)` over `0..count` by pairwise summation: the error grows with `log count`.
pub fn pairwise(count: usize, term: &impl Fn(usize) -> f64) -> f64 {
    tree(0, count, term)
}

fn tree(start: usize, end: usize, term: &impl Fn(usize) -> f64) -> f64 {
    if end - start <= LEAF {
        return (start..end).fold(0.0, |sum, i| sum + term(i));
    }
    let middle = start + (end - start) / 2;
    tree(start, middle, term) + tree(middle, end, term)
}
