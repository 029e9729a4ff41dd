//! Which artifacts are made once more.
//!
//! Chosen by a hash of seed and key: a seed names its sample, and another seed covers others.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::graph::Graph;

/// The share without one given.
const USUAL: f64 = 0.05;
/// Without a share given: no more work than this, in rough GFLOP, beside the first of each kind.
const MOST_GFLOP: f64 = 20_000.0;

/// How much is to be checked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// Of the artifacts of each kind, above 0 and at most 1; `None`: what is sensible.
    pub fraction: Option<f64>,
    /// Which of them; `None`: others each time.
    pub seed: Option<u32>,
}

impl FromStr for Share {
    type Err = String;

    /// `0.05`, `5%`, `some`; with the seed of an earlier check `5%@3f2a91c0`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            "a share is above 0 and at most 1, or in percent, perhaps with the seed of an earlier \
             check: `0.1`, `5%`, `5%@3f2a91c0`"
                .to_owned()
        };
        let (share, seed) = match text.split_once('@') {
            Some((share, seed)) => {
                (share, Some(u32::from_str_radix(seed, 16).map_err(|_| wrong())?))
            }
            None => (text, None),
        };
        if share == "some" {
            return Ok(Self { fraction: None, seed });
        }
        let number = |text: &str| text.trim().parse::<f64>().map_err(|_| wrong());
        let fraction = match share.strip_suffix('%') {
            Some(percent) => number(percent)? / 100.0,
            None => number(share)?,
        };
        if !(fraction > 0.0 && fraction <= 1.0) {
            return Err(wrong());
        }
        Ok(Self { fraction: Some(fraction), seed })
    }
}

impl Share {
    /// Whether everything is meant.
    pub fn is_all(&self) -> bool {
        self.fraction == Some(1.0)
    }

    /// How to ask for the same sample again.
    pub fn again(&self, seed: u32) -> String {
        let share = match self.fraction {
            None => "some".to_owned(),
            Some(fraction) => format!("{}%", fraction * 100.0),
        };
        format!("{share}@{seed:08x}")
    }

    /// The artifacts to check among `candidates`, inputs first: of each kind at least one.
    pub fn choose(&self, graph: &Graph, candidates: &[usize], seed: u32) -> Vec<usize> {
        let mut by_kind: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for at in candidates {
            by_kind.entry(graph.node(*at).kind.name).or_default().push(*at);
        }
        let (mut chosen, mut spent) = (Vec::new(), 0.0);
        for mut nodes in by_kind.into_values() {
            nodes.sort_by_cached_key(|at| order(seed, &graph.node(*at).key.0));
            let share = self.fraction.unwrap_or(USUAL);
            let count = ((nodes.len() as f64 * share).ceil() as usize).max(1);
            for (i, at) in nodes.into_iter().take(count).enumerate() {
                let gflop = graph.node(at).cost.gflop;
                if i > 0 && self.fraction.is_none() && spent + gflop > MOST_GFLOP {
                    continue;
                }
                spent += gflop;
                chosen.push(at);
            }
        }
        chosen.sort_unstable();
        chosen
    }
}

/// The place of something under a seed: the same for the same, and as if drawn.
pub fn order(seed: u32, identity: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("spinlock 2026 sample of a check v1");
    hasher.update(&seed.to_le_bytes()).update(identity);
    *hasher.finalize().as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_read_as_people_write_them() {
        let share = |text: &str| text.parse::<Share>();
        assert_eq!(share("0.25"), Ok(Share { fraction: Some(0.25), seed: None }));
        assert_eq!(share("5%"), Ok(Share { fraction: Some(0.05), seed: None }));
        assert!(share("1").unwrap().is_all() && share("100%").unwrap().is_all());
        assert_eq!(share("some@ff"), Ok(Share { fraction: None, seed: Some(255) }));
        for text in ["0", "1.5", "-1%", "101%", "nan", "", "5%@", "5%@xyz", "all"] {
            assert!(share(text).is_err(), "{text}");
        }
        let again = share("5%").unwrap().again(0x3f2a);
        assert_eq!(share(&again), Ok(Share { fraction: Some(0.05), seed: Some(0x3f2a) }));
    }
}
