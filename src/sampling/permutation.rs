//! Random permutations of `0..count` of which any image can be computed alone.
//!
//! A swap-or-not shuffle: in each round a random pivot K pairs every place x with K - x, and a random
//! bit that belongs to the pair says whether the two change places. A round is a bijection whatever
//! `count` is. The law of any two images comes near to that of a uniform permutation by about a factor
//! of two per round: exactly one of two places moves with probability 1/2.
//!
//! Source: V. T. Hoang, B. Morris, P. Rogaway (2012), An enciphering scheme based on a card shuffle.

use super::hash::splitmix;
use crate::rng::Stream;

/// What is left of the difference to a uniform law after them is far below what can be seen.
const ROUNDS: usize = 64;

/// Replaces each place by its image under the permutation of `0..count` that belongs to draw site 0 of
/// `stream`.
///
/// Every place is below `count`, and `count` at most 2⁶³.
pub fn permute(stream: Stream, count: u64, places: &mut [u64]) {
    let mut draws = stream.site(0);
    for _ in 0..ROUNDS {
        let (pivot, key) = (draws.below(count), draws.next_u64());
        for place in &mut *places {
            let wrap = if *place > pivot { count } else { 0 };
            let partner = pivot + wrap - *place;
            let swap = splitmix(key, partner.max(*place)) >> 63 == 1;
            *place = if swap { partner } else { *place };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images(seed: u64, count: u64) -> Vec<u64> {
        let mut places: Vec<u64> = (0..count).collect();
        permute(Stream::new(seed, "permutation", &[]), count, &mut places);
        places
    }

    #[test]
    fn every_place_is_met_once_and_images_do_not_depend_on_what_else_is_asked() {
        for count in [1, 2, 3, 7, 64, 1000] {
            let all = images(5, count);
            let mut sorted = all.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..count).collect::<Vec<_>>());
            for (place, image) in all.iter().enumerate() {
                let mut one = [place as u64];
                permute(Stream::new(5, "permutation", &[]), count, &mut one);
                assert_eq!(one[0], *image);
            }
        }
    }

    /// χ² of counts that should be equal.
    fn chi(counts: &[u32]) -> f64 {
        let expected = f64::from(counts.iter().sum::<u32>()) / counts.len() as f64;
        counts.iter().map(|&c| (f64::from(c) - expected).powi(2) / expected).sum()
    }

    #[test]
    fn all_permutations_of_few_places_are_as_likely() {
        let mut counts = [0_u32; 24];
        for seed in 0..24_000 {
            let images = images(seed, 4);
            // Its number in the factorial system.
            let below =
                |at: usize| images[at + 1..].iter().filter(|&&later| later < images[at]).count();
            counts[below(0) * 6 + below(1) * 2 + below(2)] += 1;
        }
        // 23 degrees of freedom; beyond 49.7 once in a thousand.
        assert!(chi(&counts) < 49.7, "{counts:?}");
    }

    #[test]
    fn images_of_neighbours_are_independent() {
        let (mut image, mut difference) = ([0_u32; 10], [0_u32; 9]);
        for seed in 0..20_000 {
            let images = images(seed, 10);
            image[images[3] as usize] += 1;
            difference[((images[4] + 10 - images[3]) % 10 - 1) as usize] += 1;
        }
        // 9 and 8 degrees of freedom; beyond these once in a thousand.
        assert!(chi(&image) < 27.9, "{image:?}");
        assert!(chi(&difference) < 26.2, "{difference:?}");
    }
}
