//! From values of channels and realizations to the columns of tables.
//!
//! Under `standard` a mean or spread is taken over the values that exist, and is undefined if there
//! are none (or fewer than two, for a spread), with the reason of the first. Under `compat` one
//! undefined value makes the result undefined, as NaN does in the Python reference.

use super::statistics::{mean, variance};
use super::{Definitions, Undefined, Value};

/// Added to denominators by the Python reference.
const EPSILON: f64 = 1e-8;

/// How values of realizations become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aggregation {
    /// Mean.
    Mean,
    /// Standard deviation with divisor n − 1.
    Std,
    /// Standard deviation over the size of the mean.
    Cv,
    /// Least.
    Min,
    /// Greatest.
    Max,
}

impl Aggregation {
    /// Every one.
    pub const ALL: [Aggregation; 5] =
        [Aggregation::Mean, Aggregation::Std, Aggregation::Cv, Aggregation::Min, Aggregation::Max];

    /// As in the file and in names of columns.
    pub fn name(self) -> &'static str {
        match self {
            Aggregation::Mean => "mean",
            Aggregation::Std => "std",
            Aggregation::Cv => "cv",
            Aggregation::Min => "min",
            Aggregation::Max => "max",
        }
    }

    /// Of some values. `cv` under `standard` is undefined where the mean is zero to rounding; under
    /// `compat` it is `std / (|mean| + 1e-8)`.
    pub fn of(self, values: &[Value], definitions: Definitions) -> Value {
        let found = existing(values, definitions)?;
        let spread = || {
            if found.len() < 2 {
                return Err(Undefined::FewRealizations);
            }
            Ok(variance(&found).sqrt())
        };
        match self {
            Aggregation::Mean => Ok(mean(&found)),
            Aggregation::Min => Ok(found.iter().copied().fold(f64::INFINITY, f64::min)),
            Aggregation::Max => Ok(found.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
            Aggregation::Std => spread(),
            Aggregation::Cv => {
                let (spread, center) = (spread()?, mean(&found).abs());
                if definitions == Definitions::Compat {
                    return Ok(spread / (center + EPSILON));
                }
                let size = found.iter().fold(0.0, |max: f64, v| max.max(v.abs()));
                super::feature::quotient(spread, center, 1e-12 * size)
            }
        }
    }
}

/// The values to reduce, or why the result does not exist.
fn existing(values: &[Value], definitions: Definitions) -> Result<Vec<f64>, Undefined> {
    let first = values.iter().find_map(|v| v.err());
    let found: Vec<f64> = values.iter().filter_map(|v| v.ok()).collect();
    match first {
        Some(reason) if definitions == Definitions::Compat || found.is_empty() => Err(reason),
        _ => Ok(found),
    }
}

/// The mean over scopes: `[scopes, D]` to `[D]`.
pub fn over_scopes(values: &[Value], columns: usize, definitions: Definitions) -> Vec<Value> {
    (0..columns)
        .map(|column| {
            let own: Vec<Value> = values.iter().skip(column).step_by(columns).copied().collect();
            Aggregation::Mean.of(&own, definitions)
        })
        .collect()
}

/// Every column over realizations, whose rows are alike in form.
pub fn over_realizations(
    rows: &[&[Value]],
    aggregation: Aggregation,
    definitions: Definitions,
) -> Vec<Value> {
    let mut own = Vec::with_capacity(rows.len());
    (0..rows[0].len())
        .map(|at| {
            own.clear();
            own.extend(rows.iter().map(|row| row[at]));
            aggregation.of(&own, definitions)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use Definitions::{Compat, Standard};

    #[test]
    fn two_realizations_have_a_mean_and_a_spread() {
        let values = [Ok(1.0), Ok(3.0)];
        let of = |aggregation: Aggregation| aggregation.of(&values, Standard).unwrap();
        let all = Aggregation::ALL.map(of);
        let root = 2.0_f64.sqrt();
        for (got, want) in all.iter().zip([2.0, root, root / 2.0, 1.0, 3.0]) {
            assert!((got - want).abs() < 1e-15);
        }
    }

    #[test]
    fn one_realization_has_no_spread_and_no_mean_no_relative_one() {
        let few = Err(Undefined::FewRealizations);
        assert_eq!(Aggregation::Std.of(&[Ok(1.0)], Standard), few);
        assert_eq!(Aggregation::Cv.of(&[Ok(1.0)], Compat), few);
        let zero = Aggregation::Cv.of(&[Ok(-1.0), Ok(1.0)], Standard);
        assert_eq!(zero, Err(Undefined::ZeroDenominator));
        let huge = Aggregation::Cv.of(&[Ok(-1.0), Ok(1.0)], Compat).unwrap();
        assert!((huge / 1.414_213_562e8 - 1.0).abs() < 1e-9);
    }

    #[test]
    fn undefined_values_are_left_out_or_poison() {
        let reason = Undefined::ConstantField;
        let values = [Ok(1.0), Err(reason), Ok(3.0)];
        assert_eq!(Aggregation::Mean.of(&values, Standard), Ok(2.0));
        assert_eq!(Aggregation::Mean.of(&values, Compat), Err(reason));
        assert_eq!(Aggregation::Mean.of(&[Err(reason); 2], Standard), Err(reason));
        let rows = [Ok(1.0), Ok(10.0), Ok(3.0), Err(reason)];
        assert_eq!(over_scopes(&rows, 2, Standard), [Ok(2.0), Ok(10.0)]);
    }
}
