//! The accepted definitions.

use super::seen::{Directed, Seen, over_channels};
use super::{granger, transfer};
use crate::features::feature::quotient;
use crate::features::reduce::Aggregation;
use crate::features::series::{
    EMBEDDING, FEWEST_FOR_ANALOGUES, RESOLUTION, analogues, range, theiler_window,
};
use crate::features::statistics::{Moments, mean};
use crate::features::{Definitions, Settings, Undefined, Value};

/// All features, in the order of the columns.
pub(super) fn values(settings: &Settings, seen: &[Seen], values: &mut Vec<Value>) {
    let steps = seen[0].steps();
    let reduce = |how: Aggregation, of: &[Value]| match of {
        [] => Err(Undefined::FewChannels),
        _ => how.of(of, Definitions::Standard),
    };
    // Of pairs, once the trajectory has so many states.
    let pairs = |fewest: usize, f: &dyn Fn(&Seen, &Seen) -> Value| {
        Directed::new(seen, |i, j| {
            enough(steps, fewest)?;
            moves(i)?;
            moves(j)?;
            f(i, j)
        })
    };
    let each = |fewest: usize, f: &dyn Fn(&Seen) -> Result<[Value; 2], Undefined>| {
        over_channels(seen, Definitions::Standard, |u| enough(steps, fewest).and_then(|()| f(u)))
    };
    for lag in 1..=settings.max_lag_correlation {
        let lagged = pairs(lag + 3, &|i, j| lagged(i, j, lag)).asymmetries();
        values.push(reduce(Aggregation::Mean, &lagged));
        values.push(reduce(Aggregation::Max, &lagged));
    }
    for lag in 1..=settings.max_lag_prediction {
        values.extend(each(FEWEST_FOR_ANALOGUES, &|u| {
            moves(u)?;
            let back: Vec<f64> = u.mean.iter().rev().copied().collect();
            let (f, b) = (prediction_error(&u.mean, lag), prediction_error(&back, lag));
            let ratio = quotient(f, b, RESOLUTION * u.size);
            Ok([ratio, Ok((f - b) / Moments::of(&u.mean).central[0].sqrt())])
        }));
    }
    values.extend(each(2, &|u| {
        let steps: Vec<f64> = u.mean.windows(2).map(|w| w[1] - w[0]).collect();
        let power = |k: i32| mean(&steps.iter().map(|d| d.powi(k)).collect::<Vec<_>>());
        let (square, cube) = (power(2), power(3));
        let index = enough(u.steps(), 3).and_then(|()| moves(u));
        Ok([Ok(cube), index.map(|()| cube / (square * square.sqrt()))])
    }));
    values.extend(each(2, &|u| {
        let flow = flow(u)?;
        let along = |k: usize| mean(&flow.iter().map(|v| v[k] * v[k]).collect::<Vec<_>>());
        let speeds = flow.iter().map(|[x, y]| (x * x + y * y).sqrt()).collect::<Vec<_>>();
        // A millionth of a pixel per step is no flow.
        let anisotropy = quotient(along(0) - along(1), along(0) + along(1), 1e-12);
        Ok([Ok(mean(&speeds)), anisotropy])
    }));
    if settings.extended() {
        let bins = settings.transfer_entropy_num_bins;
        let order = settings.granger_ar_order;
        let transfer =
            pairs(bins.pow(3) + 1, &|x, y| Ok(transfer::effective(&x.mean, &y.mean, bins)));
        let granger = pairs(granger::fewest(order), &|x, y| {
            let floor = RESOLUTION * y.size;
            granger::measure(&x.mean, &y.mean, order, floor)
        });
        for directed in [transfer, granger] {
            let all = directed.all();
            values.push(reduce(Aggregation::Mean, &all));
            values.push(reduce(Aggregation::Max, &all));
            values.push(reduce(Aggregation::Mean, &directed.asymmetries()));
        }
    }
}

fn enough(steps: usize, fewest: usize) -> Result<(), Undefined> {
    match steps {
        1 => Err(Undefined::SingleStep),
        _ if steps < fewest => Err(Undefined::ShortSeries),
        _ => Ok(()),
    }
}

fn moves(u: &Seen) -> Result<(), Undefined> {
    if range(&u.mean) > RESOLUTION * u.size { Ok(()) } else { Err(Undefined::ConstantSeries) }
}

/// Pearson's correlation of `y_i[t]` and `y_j[t+lag]` over the states that have both.
fn lagged(i: &Seen, j: &Seen, lag: usize) -> Value {
    let (x, y) = (&i.mean[..i.steps() - lag], &j.mean[lag..]);
    if range(x) <= RESOLUTION * i.size || range(y) <= RESOLUTION * j.size {
        return Err(Undefined::ConstantSeries);
    }
    let (mx, my) = (Moments::of(x), Moments::of(y));
    let product = x.iter().zip(y).map(|(a, b)| (a - mx.mean) * (b - my.mean)).sum::<f64>();
    Ok(product / (x.len() as f64 * (mx.central[0] * my.central[0]).sqrt()))
}

/// Mean error of the forecast of `y[t + lag]` by what followed the nearest past. The first delay vector
/// has a neighbour at any rate: the window is a quarter of the series at most.
fn prediction_error(y: &[f64], lag: usize) -> f64 {
    let ahead = EMBEDDING - 1 + lag;
    let found = analogues(y, y.len() - ahead, theiler_window(y), -1.0);
    let pairs = found.iter().enumerate().filter_map(|(t, s)| s.map(|s| (t, s)));
    mean(&pairs.map(|(t, s)| (y[t + ahead] - y[s + ahead]).abs()).collect::<Vec<_>>())
}

/// The velocity of every step that has a gradient, in pixels per step.
///
/// The normal equations are `J v = Σ u ∇u'`, J the mean of the structure tensors of u and u': the sums
/// of `u ∇u` vanish on a torus, and `Σ u' ∇u = −Σ u ∇u'`.
fn flow(u: &Seen) -> Result<Vec<[f64; 2]>, Undefined> {
    let floor = RESOLUTION * RESOLUTION * u.size * u.size;
    let velocity = |t: usize| {
        let [xx, xy, yy] =
            std::array::from_fn(|k| f64::midpoint(u.tensor[t][k], u.tensor[t + 1][k]));
        let [x, y] = u.onward[t + 1];
        let split = ((xx - yy) * (xx - yy) + 4.0 * xy * xy).sqrt();
        let (large, small) = (f64::midpoint(xx + yy, split), 0.5 * (xx + yy - split));
        if large <= floor {
            return None;
        }
        if small > 1e-9 * large {
            let determinant = xx * yy - xy * xy;
            return Some([(yy * x - xy * y) / determinant, (xx * y - xy * x) / determinant]);
        }
        // One direction: the velocity along it.
        let angle = 0.5 * (2.0 * xy).atan2(xx - yy);
        let (sin, cos) = angle.sin_cos();
        let along = (x * cos + y * sin) / large;
        Some([along * cos, along * sin])
    };
    let found: Vec<_> = (0..u.steps() - 1).filter_map(velocity).collect();
    if found.is_empty() { Err(Undefined::ConstantField) } else { Ok(found) }
}
