//! Which operators train, which validate, which test.

use crate::rng::Stream;

/// Names of the splits, in the order of their shares.
pub const SPLITS: [&str; 3] = ["train", "validation", "test"];

/// The split of an operator: from its identity alone, so that it stays as N grows.
pub fn split(seed: u64, operator: u64, shares: &[f64; 3]) -> &'static str {
    let u = Stream::new(seed, "split", &[operator]).site(0).uniform();
    let mut end = 0.0;
    for (name, share) in SPLITS.iter().zip(shares) {
        end += share;
        if u < end {
            return name;
        }
    }
    SPLITS.iter().zip(shares).rev().find(|(_, share)| **share > 0.0).map_or("train", |(n, _)| n)
}

/// What decides which operators train: all of them, or the first share.
pub fn train_share(shares: &[f64; 3]) -> f64 {
    if shares[1..] == [0.0; 2] { 1.0 } else { shares[0] }
}

/// Whether an operator trains, under this [`train_share`].
pub fn trains(seed: u64, operator: u64, share: f64) -> bool {
    split(seed, operator, &[share, 1.0 - share, 0.0]) == SPLITS[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_that_trains_alone_decides_who_does() {
        for shares in [[0.8, 0.1, 0.1], [0.8, 0.0, 0.2], [1.0, 0.0, 0.0], [0.0, 0.5, 0.5]] {
            let share = train_share(&shares);
            let (mut train, all) = (0, 5000);
            for operator in 0..all {
                let is = split(7, operator, &shares) == "train";
                assert_eq!(is, trains(7, operator, share), "{operator} {shares:?}");
                train += u32::from(is);
            }
            // Within five standard deviations of a binomial law.
            let (n, p) = (f64::from(all as u32), shares[0]);
            assert!((f64::from(train) - n * p).abs() <= 5.0 * (n * p * (1.0 - p)).sqrt());
        }
    }
}
