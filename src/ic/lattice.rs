//! From a lattice to a coarser grid, for fields with edges.
//!
//! A field of particles or spins has jumps, and Fourier truncation ([`super::simulation::resample`])
//! would ring at them. A coarse pixel here is the mean over the area that it covers, so an occupied
//! fraction stays between 0 and 1. It does not know what lives on the lattice.

/// Fields `[count, from, from]` as area means on a grid of side `to`, `[count, to, to]`; `to` is at most
/// `from`. Equal sides: unchanged.
pub fn area_means(fields: Vec<f64>, from: usize, to: usize) -> Vec<f64> {
    assert!(to <= from, "area means go to a coarser grid");
    if from == to {
        return fields;
    }
    let mut out = Vec::with_capacity(fields.len() / (from * from) * to * to);
    for field in fields.chunks_exact(from * from) {
        let mut rows = vec![0.0; to * from];
        for (row, parts) in rows.chunks_exact_mut(from).zip(covers(from, to)) {
            for (y, weight) in parts {
                for (sum, value) in row.iter_mut().zip(&field[y * from..][..from]) {
                    *sum += weight * value;
                }
            }
        }
        let across: Vec<Vec<(usize, f64)>> = covers(from, to).collect();
        for row in rows.chunks_exact(from) {
            out.extend(
                across
                    .iter()
                    .map(|parts| parts.iter().map(|(x, weight)| weight * row[*x]).sum::<f64>()),
            );
        }
    }
    out
}

/// The fine pixels under each coarse one with the part of it that each fills.
fn covers(from: usize, to: usize) -> impl Iterator<Item = Vec<(usize, f64)>> {
    (0..to).map(move |i| {
        // In units of 1/to of a fine pixel, so that everything is whole.
        let (start, end) = (i * from, (i + 1) * from);
        (start / to..end.div_ceil(to))
            .map(|j| {
                let length = end.min((j + 1) * to) - start.max(j * to);
                (j, length as f64 / from as f64)
            })
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_the_area_counts_once() {
        for (from, to) in [(128, 64), (128, 50), (128, 63), (7, 3)] {
            let ramp: Vec<f64> = (0..2 * from * from).map(|i| (i % 97) as f64).collect();
            let total: f64 = ramp.iter().sum();
            let means = area_means(ramp, from, to);
            assert_eq!(means.len(), 2 * to * to);
            let part = (from * from) as f64 / (to * to) as f64;
            assert!((means.iter().sum::<f64>() * part / total - 1.0).abs() < 1e-12, "{from} {to}");
        }
        assert_eq!(
            area_means(vec![1.0; 25], 5, 2).iter().map(|v| (v - 1.0).abs()).fold(0.0, f64::max),
            0.0
        );
    }

    #[test]
    fn a_pixel_is_the_mean_of_what_it_covers() {
        let field: Vec<f64> = (0..9).map(f64::from).collect();
        // The first of two covers pixel 0 and half of pixel 1, in both directions.
        let want = (0.0 + 0.5 * 1.0 + 0.5 * (3.0 + 0.5 * 4.0)) / 2.25;
        assert!((area_means(field, 3, 2)[0] - want).abs() < 1e-14);
    }
}
