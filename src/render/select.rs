//! Which operators a render shows: a few of many, by rule.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::rng::Stream;

/// What a choice needs to know of an operator.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Its index.
    pub index: u64,
    /// Its update policy.
    pub policy: Cow<'static, str>,
    /// Type of its initial condition.
    pub input: Cow<'static, str>,
    /// Side of its grid.
    pub grid: u32,
    /// Its place in parameter space: the sampled dimensions as coordinates in 0 to 1.
    pub point: Vec<f64>,
}

/// A choice of diverse operators looks at no more than so many, which fill parameter space well enough.
pub const FEW: usize = 1 << 14;

/// How to choose.
#[derive(Debug, Clone, PartialEq)]
pub enum Choice {
    /// These, in this order.
    Indices(Vec<u64>),
    /// The first so many.
    First(usize),
    /// So many that lie far apart in parameter space: the one next to the middle of all, then again
    /// and again the one farthest from those chosen (Gonzalez 1985), among [`FEW`] that are evenly spaced by
    /// index if there are more. In ascending order of index.
    Diverse(usize),
    /// So many at random without replacement, by a seed. In ascending order of index.
    Random(usize, u64),
}

/// A choice among those that a filter leaves.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// How to choose.
    pub choice: Choice,
    /// Only operators with this update policy.
    pub policy: Option<String>,
    /// Only operators with this type of initial condition.
    pub input: Option<String>,
    /// Only operators on this grid. All that are chosen have one grid in any case: if none is named,
    /// that of most of those that are left, or the larger of two as frequent.
    pub grid: Option<u32>,
}

impl Selection {
    /// The chosen indices. Fewer than asked for if there are not more.
    ///
    /// # Errors
    /// In words, if an index is not among the candidates, chosen ones have several grids, or the filter
    /// leaves none.
    pub fn of(&self, candidates: &[Candidate]) -> Result<Vec<u64>, String> {
        let fits = |c: &&Candidate| {
            self.policy.as_ref().is_none_or(|policy| *policy == c.policy)
                && self.input.as_ref().is_none_or(|input| *input == c.input)
                && self.grid.is_none_or(|grid| grid == c.grid)
        };
        let mut left: Vec<&Candidate> = candidates.iter().filter(fits).collect();
        if left.is_empty() {
            return Err(format!("no operator {}", self.condition()));
        }
        if let Choice::Indices(indices) = &self.choice {
            left.retain(|c| indices.contains(&c.index));
            if let Some(other) = left.iter().find(|c| c.grid != left[0].grid) {
                let (one, other) = (left[0], other);
                return Err(format!(
                    "operators {} and {} have grids of {} and {}, and a render shows one grid",
                    one.index, other.index, one.grid, other.grid
                ));
            }
        } else {
            let grid = usual_grid(&left);
            left.retain(|c| c.grid == grid);
        }
        match &self.choice {
            Choice::Indices(indices) => {
                let missing = indices.iter().find(|i| !left.iter().any(|c| c.index == **i));
                match missing {
                    None => Ok(indices.clone()),
                    Some(i) if candidates.iter().any(|c| c.index == *i) => {
                        Err(format!("operator {i} is not one that {}", self.condition()))
                    }
                    Some(i) => {
                        Err(format!("there is no operator {i}; there are {}", candidates.len()))
                    }
                }
            }
            Choice::First(count) => Ok(left.iter().take(*count).map(|c| c.index).collect()),
            Choice::Diverse(count) => Ok(diverse(&left, *count)),
            Choice::Random(count, seed) => Ok(random(&left, *count, *seed)),
        }
    }

    fn condition(&self) -> String {
        let policy = self.policy.as_ref().map(|policy| format!("has the policy `{policy}`"));
        let input = self.input.as_ref().map(|input| format!("starts from `{input}`"));
        let grid = self.grid.map(|grid| format!("has a grid of {grid}"));
        let all: Vec<String> = policy.into_iter().chain(input).chain(grid).collect();
        if all.is_empty() { "is there".to_owned() } else { all.join(" and ") }
    }
}

/// The grid of most of them; of two as frequent, the larger.
fn usual_grid(candidates: &[&Candidate]) -> u32 {
    let mut counts = BTreeMap::new();
    for candidate in candidates {
        *counts.entry(candidate.grid).or_insert(0) += 1;
    }
    counts.into_iter().max_by_key(|(grid, count)| (*count, *grid)).map_or(0, |(grid, _)| grid)
}

fn diverse(all: &[&Candidate], count: usize) -> Vec<u64> {
    let candidates: Vec<&Candidate> =
        all.iter().step_by(all.len().div_ceil(FEW)).copied().collect();
    let dimensions = candidates[0].point.len();
    let mean: Vec<f64> = (0..dimensions)
        .map(|d| candidates.iter().map(|c| c.point[d]).sum::<f64>() / candidates.len() as f64)
        .collect();
    let squared =
        |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum() };
    // Ties go to the lowest index, so that the choice is one.
    let largest = |values: &[f64]| {
        (0..values.len()).reduce(|best, i| if values[i] > values[best] { i } else { best })
    };
    let off: Vec<f64> = candidates.iter().map(|c| -squared(&c.point, &mean)).collect();
    let middle = largest(&off).expect("there is one");
    let mut nearest = vec![f64::INFINITY; candidates.len()];
    let mut chosen = Vec::new();
    let mut next = middle;
    while chosen.len() < count.min(candidates.len()) {
        chosen.push(candidates[next].index);
        for (nearest, candidate) in nearest.iter_mut().zip(&candidates) {
            *nearest = nearest.min(squared(&candidate.point, &candidates[next].point));
        }
        // Points that coincide are all at distance 0: a chosen one must not win among them.
        nearest[next] = -1.0;
        next = largest(&nearest).expect("there is one");
    }
    chosen.sort_unstable();
    chosen
}

/// Those with the smallest of independent random numbers, one for each operator by its index: removing
/// an operator moves no other into or out of the choice, but into its place.
fn random(candidates: &[&Candidate], count: usize, seed: u64) -> Vec<u64> {
    let number = |c: &&Candidate| Stream::new(seed, "render", &[c.index]).site(0).next_u32();
    let mut order: Vec<(u32, u64)> = candidates.iter().map(|c| (number(c), c.index)).collect();
    order.sort_unstable();
    let mut chosen: Vec<u64> = order.into_iter().take(count).map(|(_, index)| index).collect();
    chosen.sort_unstable();
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(n: u64) -> Vec<Candidate> {
        let candidate = |index: u64| Candidate {
            index,
            policy: if index.is_multiple_of(2) { "convex" } else { "residual" }.into(),
            input: "localized".into(),
            grid: if index == 8 { 128 } else { 64 },
            point: vec![index as f64 / n as f64],
        };
        (0..n).map(candidate).collect()
    }

    fn select(choice: Choice, policy: Option<&str>, n: u64) -> Result<Vec<u64>, String> {
        let policy = policy.map(str::to_owned);
        Selection { choice, policy, input: None, grid: None }.of(&line(n))
    }

    #[test]
    fn diverse_operators_are_the_middle_the_ends_and_then_the_gaps() {
        assert_eq!(select(Choice::Diverse(1), None, 8), Ok(vec![3]));
        assert_eq!(select(Choice::Diverse(3), None, 8), Ok(vec![0, 3, 7]));
        assert_eq!(select(Choice::Diverse(4), None, 8), Ok(vec![0, 3, 5, 7]));
        assert_eq!(select(Choice::Diverse(99), None, 3), Ok(vec![0, 1, 2]));
    }

    #[test]
    fn operators_that_coincide_are_chosen_once() {
        let mut candidates = line(4);
        for candidate in &mut candidates {
            candidate.point = vec![0.5, 0.5];
        }
        let selection =
            Selection { choice: Choice::Diverse(3), policy: None, input: None, grid: None };
        assert_eq!(selection.of(&candidates), Ok(vec![0, 1, 2]));
    }

    #[test]
    fn random_operators_are_different_and_the_same_again() {
        let chosen = select(Choice::Random(20, 7), None, 100).unwrap();
        assert_eq!(chosen.len(), 20);
        assert!(chosen.is_sorted_by(|a, b| a < b));
        assert_eq!(select(Choice::Random(20, 7), None, 100).unwrap(), chosen);
        assert_ne!(select(Choice::Random(20, 8), None, 100).unwrap(), chosen);
    }

    #[test]
    fn filters_come_first_and_indices_must_pass_them() {
        assert_eq!(select(Choice::First(2), Some("residual"), 9), Ok(vec![1, 3]));
        assert_eq!(select(Choice::Indices(vec![3, 1]), Some("residual"), 9), Ok(vec![3, 1]));
        let odd = select(Choice::Indices(vec![2]), Some("residual"), 9).unwrap_err();
        assert_eq!(odd, "operator 2 is not one that has the policy `residual`");
        let none = select(Choice::Indices(vec![9]), None, 9).unwrap_err();
        assert_eq!(none, "there is no operator 9; there are 9");
        let none = select(Choice::First(2), Some("autoregressive"), 9).unwrap_err();
        assert_eq!(none, "no operator has the policy `autoregressive`");
    }

    #[test]
    fn a_choice_has_one_grid() {
        assert_eq!(select(Choice::First(99), None, 12).unwrap().len(), 11);
        let mixed = select(Choice::Indices(vec![7, 8]), None, 12).unwrap_err();
        assert_eq!(
            mixed,
            "operators 7 and 8 have grids of 64 and 128, and a render shows one grid"
        );
        let selection = |grid| Selection {
            choice: Choice::First(9),
            policy: None,
            input: None,
            grid: Some(grid),
        };
        assert_eq!(selection(128).of(&line(12)), Ok(vec![8]));
        assert_eq!(selection(32).of(&line(12)).unwrap_err(), "no operator has a grid of 32");
    }
}
