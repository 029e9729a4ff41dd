//! As the Python reference has it.

use super::seen::{Directed, Seen, over_channels};
use super::{granger, transfer};
use crate::features::reduce::Aggregation;
use crate::features::statistics::{mean, variance};
use crate::features::{Definitions, Settings, Undefined, Value};

const EPSILON: f64 = 1e-8;

/// All features, in the order of the columns.
pub(super) fn values(settings: &Settings, seen: &[Seen], values: &mut Vec<Value>) {
    // Nothing at all of a single channel or state, not even what a channel has alone.
    let none = if seen.len() < 2 {
        Some(Undefined::FewChannels)
    } else {
        (seen[0].steps() < 2).then_some(Undefined::SingleStep)
    };
    let each = |f: &dyn Fn(&Seen) -> Result<[Value; 2], Undefined>| match none {
        Some(reason) => [Err(reason); 2],
        None => over_channels(seen, Definitions::Compat, f),
    };
    let pairs = |f: &dyn Fn(&Seen, &Seen) -> Value| {
        Directed::new(seen, |i, j| none.map_or_else(|| f(i, j), Err))
    };
    let reduce = |how: Aggregation, of: &[Value]| match none {
        Some(reason) => Err(reason),
        None => how.of(of, Definitions::Compat),
    };
    for lag in 1..=settings.max_lag_correlation {
        let lagged = pairs(&|i, j| lagged(&i.mean, &j.mean, lag)).asymmetries();
        let greatest = reduce(Aggregation::Max, &lagged);
        // Each pair counts once with either sign.
        values.extend([greatest.map(|_| 0.0), greatest]);
    }
    for lag in 1..=settings.max_lag_prediction {
        values.extend(each(&|u| {
            let error = persistence(&u.mean, lag)?;
            Ok([Ok(error / (error + EPSILON)), Ok(0.0)])
        }));
    }
    values.extend(each(&|u| {
        let cubes: Vec<f64> = u.mean.windows(2).map(|w| (w[1] - w[0]).powi(3)).collect();
        let odd = 2.0 * mean(&cubes);
        Ok([Ok(odd), Ok(odd / (variance(&u.mean) + EPSILON))])
    }));
    values.extend(each(&|u| {
        let magnitude = flow(u, |x, y| (x * x + y * y + EPSILON).sqrt());
        Ok([Ok(magnitude), Ok(flow(u, |x, y| x.abs() / (y.abs() + EPSILON)))])
    }));
    if settings.extended() {
        let bins = settings.transfer_entropy_num_bins;
        let order = settings.granger_ar_order;
        let transfer = pairs(&|x, y| Ok(transfer::compat(&x.mean, &y.mean, bins)));
        let granger = pairs(&|x, y| granger::compat(&x.mean, &y.mean, order));
        for directed in [transfer.all(), granger.all()] {
            let how = [Aggregation::Mean, Aggregation::Max, Aggregation::Std];
            values.extend(how.map(|how| reduce(how, &directed)));
        }
    }
}

/// Their correlation with divisor n above and n − 1 below.
fn correlation(x: &[f64], y: &[f64]) -> f64 {
    let (mx, my) = (mean(x), mean(y));
    let product = x.iter().zip(y).map(|(a, b)| (a - mx) * (b - my)).sum::<f64>() / x.len() as f64;
    product / ((variance(x).sqrt() + EPSILON) * (variance(y).sqrt() + EPSILON))
}

fn lagged(x: &[f64], y: &[f64], lag: usize) -> Value {
    if x.len() < lag + 2 {
        return Err(Undefined::ShortSeries);
    }
    Ok(correlation(&x[..x.len() - lag], &y[lag..]))
}

/// Mean error of the forecast that nothing changes.
fn persistence(y: &[f64], lag: usize) -> Value {
    if y.len() <= lag {
        return Err(Undefined::ShortSeries);
    }
    Ok(mean(&y.iter().zip(&y[lag..]).map(|(a, b)| (b - a).abs()).collect::<Vec<_>>()))
}

/// Mean over time of a function of the correlations F over pixels of the central differences of a
/// state with the state after. On a torus `Σ Du u' = −Σ u Du'`.
fn flow(u: &Seen, f: impl Fn(f64, f64) -> f64) -> f64 {
    let unbiased = u.area / (u.area - 1.0);
    let std = |square: f64| (square * unbiased).sqrt() + EPSILON;
    let at = |t: usize| {
        let [xx, _, yy] = u.tensor[t];
        let after = std(u.variance[t + 1]);
        let [x, y] = u.onward[t + 1];
        f(-x / (std(xx) * after), -y / (std(yy) * after))
    };
    mean(&(0..u.steps() - 1).map(at).collect::<Vec<_>>())
}
