//! What `info` says of a data set's dynamics: the one-step gains, and how many operators collapse to a
//! uniform state when nothing random acts.

use std::collections::BTreeMap;

use serde::Serialize;

use super::facts::Facts;
use super::reader::Reader;
use super::values::shown;
use crate::operator::metrics::collapse;

/// A gain below this leaves next to nothing of the input after one application.
pub(super) const LOW_GAIN: f64 = 0.1;
/// Parameters by which operators are counted, where the data set names their values.
const BY: [&str; 2] = ["normalization", "activation"];

/// The dynamics of all operators.
#[derive(Debug, PartialEq, Serialize)]
pub struct Dynamics {
    /// Of all operators.
    #[serde(flatten)]
    pub all: Collapse,
    /// Smallest gain, 5 %, 25 %, 50 %, 75 %, 95 % quantile and largest; absent if none is defined.
    pub gain_quantiles: Option<[f64; 7]>,
    /// Operators with a gain below 0.1.
    pub low_gain: usize,
    /// Parameter → value → the operators that have it.
    pub by: BTreeMap<&'static str, BTreeMap<String, Collapse>>,
}

/// How many of some operators collapse.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Collapse {
    /// How many there are.
    pub operators: usize,
    /// Of how many it was measured: not with one application or a constant input.
    pub measured: usize,
    /// How many do.
    pub collapsed: usize,
}

impl Collapse {
    pub(super) fn count(codes: impl Iterator<Item = u8>) -> Self {
        let mut out = Self { operators: 0, measured: 0, collapsed: 0 };
        for code in codes {
            out.operators += 1;
            out.measured += usize::from(code != collapse::NOT_MEASURED);
            out.collapsed += usize::from(code == collapse::YES);
        }
        out
    }
}

/// Counts; `None` if the columns cannot be read.
pub(super) fn dynamics(reader: &Reader, facts: &Facts) -> Option<Dynamics> {
    let (gains, codes) = (facts.gains.as_ref()?, facts.collapsed.as_ref()?);
    let mut by = BTreeMap::new();
    for name in BY {
        let path = format!("/parameters/values/{name}");
        let Ok(values) = shown(reader, &path) else { continue };
        let mut members: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for (value, code) in values.into_iter().zip(codes) {
            members.entry(value).or_default().push(*code);
        }
        let counted =
            members.into_iter().map(|(value, codes)| (value, Collapse::count(codes.into_iter())));
        by.insert(name, counted.collect());
    }
    let mut sorted: Vec<f64> = gains.iter().copied().filter(|g| g.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    Some(Dynamics {
        all: Collapse::count(codes.iter().copied()),
        gain_quantiles: (!sorted.is_empty())
            .then(|| [0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0].map(|share| quantile(&sorted, share))),
        low_gain: sorted.iter().filter(|gain| **gain < LOW_GAIN).count(),
        by,
    })
}

/// The quantile of sorted values, between two of them by linear interpolation.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = share * (sorted.len() - 1) as f64;
    let (low, high) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    low + (high - low) * at.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_values() {
        let values = [1.0, 2.0, 4.0, 8.0, 16.0];
        assert_eq!([0.0, 0.5, 1.0].map(|q| quantile(&values, q)), [1.0, 4.0, 16.0]);
        assert_eq!(quantile(&values, 0.125), 1.5);
        assert_eq!(quantile(&[3.0], 0.95), 3.0);
    }
}
