//! Granger causality between two series: how much the past of x betters a forecast of y.

use crate::features::statistics::mean;
use crate::features::{Undefined, Value};

/// Fewest states: two equations to each of `1 + 2 order` coefficients.
pub(super) fn fewest(order: usize) -> usize {
    order + 2 * (1 + 2 * order)
}

/// `ln(RSS restricted / RSS full)` of x → y: sums of squared residuals of the least-squares regressions
/// of y on a constant and `order` of its past values, and on those of x besides. Undetermined where the
/// root mean square of what the full one leaves is not above `floor`.
///
/// The regressors are made orthogonal one after another (modified Gram and Schmidt), the pasts of x
/// last, so that one sweep does both; one that depends on those before it adds nothing.
pub(super) fn measure(x: &[f64], y: &[f64], order: usize, floor: f64) -> Value {
    let equations = y.len() - order;
    let past = |series: &[f64], lag: usize| series[order - lag..][..equations].to_vec();
    let own = (1..=order).map(|lag| past(y, lag));
    let other = (1..=order).map(|lag| past(x, lag));
    let mut regressors: Vec<Vec<f64>> = own.chain(other).collect();
    let mut left = past(y, 0);
    // The constant.
    for column in regressors.iter_mut().chain([&mut left]) {
        let middle = mean(column);
        for v in column {
            *v -= middle;
        }
    }
    let sizes: Vec<f64> = regressors.iter().map(|column| dot(column, column)).collect();
    let mut restricted = 0.0;
    for k in 0..2 * order {
        if k == order {
            restricted = dot(&left, &left);
        }
        let (done, rest) = regressors.split_at_mut(k + 1);
        let column = &done[k];
        let size = dot(column, column);
        // Rounding of the states leaves 1e-14 of a regressor that is a sum of others.
        if size <= 1e-12 * sizes[k] {
            continue;
        }
        for other in rest.iter_mut().chain([&mut left]) {
            let share = dot(column, other) / size;
            other.iter_mut().zip(column).for_each(|(v, c)| *v -= share * c);
        }
    }
    let full = dot(&left, &left);
    if full <= equations as f64 * floor * floor {
        return Err(Undefined::Undetermined);
    }
    Ok((restricted / full).ln().max(0.0))
}

/// What the Python reference calls so: the gain of the forecast `(y[t−1] + x[t−1])/2` over `y[t−1]`.
pub(super) fn compat(x: &[f64], y: &[f64], order: usize) -> Value {
    if y.len() <= order {
        return Err(Undefined::ShortSeries);
    }
    let error = |forecast: &dyn Fn(usize) -> f64| {
        let squares = (order..y.len()).map(|t| (y[t] - forecast(t)) * (y[t] - forecast(t)));
        mean(&squares.collect::<Vec<_>>())
    };
    let persistence = error(&|t| y[t - 1]);
    let both = error(&|t| 0.5 * (y[t - 1] + x[t - 1]));
    Ok((persistence - both) / (persistence + 1e-8))
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}
