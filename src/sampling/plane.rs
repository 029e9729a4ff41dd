//! Squared centred L2 discrepancy of every projection to two dimensions, in `O(N log N)` for each.
//!
//! With `z = x - 1/2` a factor of the kernel is `1 + min(|z|, |z'|)` for points on one side of the
//! centre and 1 else. So its product over two dimensions is 1, the two minima, and their product, which
//! only pairs in one quadrant have. The sum of minima over all pairs follows from an order by `|z|`;
//! that of the products from going through the points by falling `|z|` in one dimension while a
//! Fenwick tree holds those met by `|z|` in the other. Same bits on any number of threads.

use rayon::prelude::*;

use super::discrepancy::KERNELS;
use super::projection::index_pairs;
use super::sum::pairwise;

/// One dimension of the points.
struct Axis<'a> {
    column: &'a [f64],
    /// Places of the points: those below the centre, then the others, each by falling `|z|`.
    order: Vec<u32>,
    /// How many lie below the centre.
    below: usize,
    /// Of each point, its place among those of its side by rising `|z|`, from 1 on.
    rank: Vec<u32>,
    /// `Σ_i Σ_j min(|z_i|, |z_j|)` over pairs on one side.
    minima: f64,
}

impl<'a> Axis<'a> {
    fn new(column: &'a [f64]) -> Self {
        let mut order: Vec<u32> = (0..column.len() as u32).collect();
        let z = |i: u32| column[i as usize] - 0.5;
        // Below the centre z rises from -1/2 on; above it falls.
        order.sort_unstable_by(|&a, &b| {
            let side = (z(a) >= 0.0).cmp(&(z(b) >= 0.0));
            side.then_with(|| z(b).abs().total_cmp(&z(a).abs())).then(a.cmp(&b))
        });
        let below = order.partition_point(|&i| z(i) < 0.0);
        let mut rank = vec![0; column.len()];
        let mut minima = 0.0;
        for side in [&order[..below], &order[below..]] {
            for (met, &i) in side.iter().enumerate() {
                rank[i as usize] = (side.len() - met) as u32;
            }
            // A point is the minimum of its pairs with those before it, twice, and of that with itself.
            minima += pairwise(side.len(), &|met| z(side[met]).abs() * (2 * met + 1) as f64);
        }
        Self { column, order, below, rank, minima }
    }
}

/// Sums over the points met so far on one side of the second dimension, by rank.
#[derive(Clone, Copy, Default)]
struct Met {
    /// Σ of `|z|`.
    sum: f64,
    /// Number of points.
    count: f64,
}

/// `Σ_i Σ_j min(|z_i|, |z_j|) min(|w_i|, |w_j|)` over pairs in one quadrant.
fn products(first: &Axis<'_>, second: &Axis<'_>) -> f64 {
    let (below, points) = (second.below, second.column.len());
    let mut sum = 0.0;
    let mut trees = [vec![Met::default(); below + 1], vec![Met::default(); points - below + 1]];
    for side in [&first.order[..first.below], &first.order[first.below..]] {
        for tree in &mut trees {
            tree.fill(Met::default());
        }
        let mut all = [0.0; 2];
        let terms: Vec<f64> = side
            .iter()
            .map(|&i| {
                let i = i as usize;
                let w = second.column[i] - 0.5;
                let (half, w) = (usize::from(w >= 0.0), w.abs());
                let tree = &mut trees[half];
                let mut nearer = Met::default();
                let mut at = second.rank[i] as usize;
                while at > 0 {
                    nearer.sum += tree[at].sum;
                    nearer.count += tree[at].count;
                    at &= at - 1;
                }
                at = second.rank[i] as usize;
                while at < tree.len() {
                    tree[at].sum += w;
                    tree[at].count += 1.0;
                    at += at & at.wrapping_neg();
                }
                let farther = all[half] - nearer.count;
                all[half] += 1.0;
                (first.column[i] - 0.5).abs() * (2.0 * (nearer.sum + farther * w) + w)
            })
            .collect();
        sum += pairwise(terms.len(), &|at| terms[at]);
    }
    sum
}

/// The squared discrepancy of each pair of columns, in the order of [`index_pairs`]; there is at least
/// one point.
pub fn planes(columns: &[&[f64]]) -> Vec<f64> {
    let axes: Vec<Axis<'_>> = columns.par_iter().map(|column| Axis::new(column)).collect();
    let all: Vec<(usize, usize)> = index_pairs(columns.len()).collect();
    all.into_par_iter()
        .map(|(a, b)| {
            let (first, second) = (&axes[a], &axes[b]);
            let n = first.column.len() as f64;
            let kernels = n * n + first.minima + second.minima + products(first, second);
            // Rounding may take a value of nearly zero below it.
            KERNELS[0].of_double_sum(&[first.column, second.column], kernels).max(0.0)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::pairs::pairs;
    use super::*;
    use crate::rng::Stream;

    #[test]
    fn planes_have_the_discrepancy_of_the_sum_over_all_pairs() {
        for points in [1, 2, 5, 64, 301] {
            let mut draws = Stream::new(2, "plane", &[points]).site(0);
            let mut column = || -> Vec<f64> { (0..points).map(|_| draws.uniform()).collect() };
            let mut columns = [column(), column(), column(), column()];
            // All on one side; and equal numbers, some of them in the centre.
            columns[2].iter_mut().for_each(|x| *x *= 0.4);
            columns[3].iter_mut().for_each(|x| *x = (*x * 4.0).floor() / 4.0);
            let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
            for ((a, b), value) in index_pairs(4).zip(planes(&columns)) {
                let two = [columns[a], columns[b]];
                let plain = KERNELS[0].squared(&two, pairs(&two).kernels[0]);
                assert!((value - plain).abs() < 1e-13, "{points} points: {value}, {plain}");
            }
        }
    }
}
