//! The parts of a contact map: domains, compartments, the ratio to what is expected.
//!
//! Loci lie on a ring. It does not know settings.

use crate::ic::geometry::nearest_image;
use crate::ic::sampler::poisson;
use crate::rng::Draws;

/// A stretch of the chromosome with more contacts within.
#[derive(Debug)]
pub struct Domain {
    /// Where it starts, in sides.
    pub start: f64,
    /// Its length, in sides.
    pub size: f64,
    /// Logarithm of the enrichment.
    pub strength: f64,
}

impl Domain {
    /// Adds `strength · b(i) b(j)`.
    pub fn add(&self, field: &mut [f64], width: f64) {
        let n = field.len().isqrt();
        let inside: Vec<f64> = stretch(n, self.start, self.size, width);
        for (row, a) in field.chunks_exact_mut(n).zip(&inside) {
            if *a > 0.0 {
                // Products first, so that the map is symmetric to the last bit.
                row.iter_mut().zip(&inside).for_each(|(v, b)| *v += self.strength * (a * b));
            }
        }
    }
}

/// Lognormal sizes of this mean that part 1, at least two: drawn until they fill it, and scaled.
pub fn sizes(mean: f64, spread: f64, draws: &mut Draws) -> Vec<f64> {
    let (mut sizes, mut sum) = (Vec::new(), 0.0);
    while sum < 1.0 || sizes.len() < 2 {
        let size = mean * libm::exp(spread * draws.normal() - 0.5 * spread * spread);
        sizes.push(size);
        sum += size;
    }
    // Without the last one if the rest is nearer to 1.
    let last = sizes[sizes.len() - 1];
    if sizes.len() > 2 && sum - 1.0 > 0.5 * last {
        sizes.pop();
        sum -= last;
    }
    sizes.iter().map(|size| size / sum).collect()
}

/// The step from 0 to 1 and back around the ring of `n` loci: 1 from `start` over `size`, with logistic
/// edges of width `width`; those of adjacent stretches add up to 1.
fn stretch(n: usize, start: f64, size: f64, width: f64) -> Vec<f64> {
    let step = |t: f64| 1.0 / (1.0 + libm::exp(-t / width));
    (0..n)
        .map(|i| {
            // Distance from the middle: both edges are within one turn.
            let t = nearest_image(i as f64 / n as f64 - start - 0.5 * size, 1);
            [-1.0, 0.0, 1.0]
                .iter()
                .map(|turn| step(t + turn + 0.5 * size) - step(t + turn - 0.5 * size))
                .sum()
        })
        .collect()
}

/// The compartments: ±1 with switches at random places, `length` apart in the mean, softened.
pub fn track(n: usize, length: f64, width: f64, mut draws: Draws) -> Vec<f64> {
    let pairs = poisson(&mut draws, 0.5 / length).max(1.0) as usize;
    let sign = if draws.uniform() < 0.5 { -1.0 } else { 1.0 };
    let mut switches: Vec<f64> = (0..2 * pairs).map(|_| draws.uniform()).collect();
    switches.sort_by(f64::total_cmp);
    let mut track = vec![-sign; n];
    for pair in switches.chunks_exact(2) {
        let inside = stretch(n, pair[0], pair[1] - pair[0], width);
        track.iter_mut().zip(inside).for_each(|(e, b)| *e += 2.0 * sign * b);
    }
    track
}

/// Loci between i and j the shorter way round.
pub fn distance(i: usize, j: usize, n: usize) -> usize {
    let apart = i.abs_diff(j);
    apart.min(n - apart)
}

/// Contact frequency over its mean at the same distance.
pub fn over_expected(log_contact: &[f64], n: usize) -> Vec<f64> {
    let mut contacts: Vec<f64> = log_contact.iter().map(|v| libm::exp(*v)).collect();
    let (mut sums, mut counts) = (vec![0.0; n / 2 + 1], vec![0.0; n / 2 + 1]);
    for (i, row) in contacts.chunks_exact(n).enumerate() {
        for (j, value) in row.iter().enumerate() {
            sums[distance(i, j, n)] += value;
            counts[distance(i, j, n)] += 1.0;
        }
    }
    for (i, row) in contacts.chunks_exact_mut(n).enumerate() {
        for (j, value) in row.iter_mut().enumerate() {
            let s = distance(i, j, n);
            *value /= sums[s] / counts[s];
        }
    }
    contacts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    /// The last domain is kept or dropped, and all are scaled: the mean stays within a tenth.
    #[test]
    fn domains_part_the_chromosome() {
        for (mean, spread) in [(0.15, 0.4), (0.03, 0.8), (0.4, 0.0), (0.08, 0.2)] {
            let (mut total, mut count) = (0.0, 0.0);
            for i in 0..1000 {
                let sizes = sizes(mean, spread, &mut Stream::new(2, "sizes", &[i]).site(0));
                assert!(sizes.len() >= 2 && sizes.len() < 900);
                let sum: f64 = sizes.iter().sum();
                assert!((sum - 1.0).abs() < 1e-12);
                total += sum;
                count += sizes.len() as f64;
                let all: Vec<Vec<f64>> = sizes
                    .iter()
                    .scan(0.3, |start, size| {
                        *start += size;
                        Some(stretch(64, *start - size, *size, 0.01))
                    })
                    .collect();
                for x in 0..64 {
                    let covered: f64 = all.iter().map(|b| b[x]).sum();
                    assert!((covered - 1.0).abs() < 1e-9, "{covered}");
                }
            }
            assert!((total / count / mean - 1.0).abs() < if mean > 0.3 { 0.3 } else { 0.1 });
        }
    }

    /// The correlation of a telegraph signal with switches at rate 1/ℓ decays as `exp(−2s/ℓ)`; at s = ℓ/2
    /// it is 1/e. Rounding the switches to pairs changes it little; 2000 signals.
    #[test]
    fn compartments_are_a_telegraph_signal() {
        let (n, length) = (200, 0.1);
        let (mut level, mut correlation) = (0.0, 0.0);
        for i in 0..2000 {
            let e = track(n, length, 0.001, Stream::new(2, "track", &[i]).site(0));
            assert!(e.iter().all(|v| v.abs() < 1.0 + 1e-9));
            level += e.iter().sum::<f64>() / n as f64;
            correlation += (0..n).map(|x| e[x] * e[(x + 10) % n]).sum::<f64>() / n as f64;
        }
        assert!((level / 2000.0).abs() < 0.03);
        assert!((correlation / 2000.0 - (-1.0_f64).exp()).abs() < 0.03, "{}", correlation / 2000.0);
    }
}
