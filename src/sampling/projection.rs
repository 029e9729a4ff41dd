//! One- and two-dimensional measures of a point set: correlation of columns, coverage of bins.
//!
//! Everything is exact for any number of points: the cost is linear in it. Not judged here.

use super::sum::pairwise;

/// Bins of one axis for [`coverage_1d`].
const BINS_1D: usize = 32;
/// Bins of each axis for [`coverage_2d`].
const BINS_2D: usize = 8;

/// Every pair of `0..count`, in the order of the rows of a triangle.
pub fn index_pairs(count: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..count).flat_map(move |a| (a + 1..count).map(move |b| (a, b)))
}

/// `|r|` of each pair of columns, Pearson's; a column without variance correlates with none.
pub fn correlations(columns: &[Vec<f64>]) -> Vec<f64> {
    let centred: Vec<Vec<f64>> = columns
        .iter()
        .map(|column| {
            let mean = pairwise(column.len(), &|i| column[i]) / column.len() as f64;
            column.iter().map(|x| x - mean).collect()
        })
        .collect();
    let dot = |a: &[f64], b: &[f64]| pairwise(a.len(), &|i| a[i] * b[i]);
    let norms: Vec<f64> = centred.iter().map(|x| dot(x, x).sqrt()).collect();
    index_pairs(columns.len())
        .map(|(a, b)| {
            let scale = norms[a] * norms[b];
            if scale > 0.0 { (dot(&centred[a], &centred[b]) / scale).abs() } else { 0.0 }
        })
        .collect()
}

/// χ² against uniform of each column over 32 bins, divided by its 31 degrees of freedom; random
/// points have mean 1.
pub fn coverage_1d(columns: &[Vec<f64>]) -> Vec<f64> {
    columns
        .iter()
        .map(|column| {
            let mut counts = [0_u32; BINS_1D];
            for &x in column {
                counts[bin(x, BINS_1D)] += 1;
            }
            chi_squared(&counts)
        })
        .collect()
}

/// χ² against uniform of each pair of columns over 8 × 8 bins, divided by its 63 degrees of freedom;
/// random points have mean 1.
pub fn coverage_2d(columns: &[Vec<f64>]) -> Vec<f64> {
    let bins: Vec<Vec<u8>> = columns
        .iter()
        .map(|column| column.iter().map(|&x| bin(x, BINS_2D) as u8).collect())
        .collect();
    index_pairs(columns.len())
        .map(|(a, b)| {
            let mut counts = [0_u32; BINS_2D * BINS_2D];
            for (&a, &b) in bins[a].iter().zip(&bins[b]) {
                counts[usize::from(a) * BINS_2D + usize::from(b)] += 1;
            }
            chi_squared(&counts)
        })
        .collect()
}

fn bin(x: f64, bins: usize) -> usize {
    ((x * bins as f64) as usize).min(bins - 1)
}

fn chi_squared(counts: &[u32]) -> f64 {
    let total: u64 = counts.iter().map(|&count| u64::from(count)).sum();
    let expected = total as f64 / counts.len() as f64;
    let sum = pairwise(counts.len(), &|i| (f64::from(counts[i]) - expected).powi(2));
    sum / expected / (counts.len() - 1) as f64
}
