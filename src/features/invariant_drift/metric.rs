//! What is said of the series `I[t]` of an invariant.

use crate::features::feature::quotient;
use crate::features::statistics::variance;
use crate::features::{Undefined, Value};

/// Changes and values below this part of the size of a series are rounding: states have 24 bits.
const DEAD_BAND: f64 = 1e-6;

/// Mean drift, drift variance, ratio of last to first, monotonicity, of a series of two or more.
///
/// `size` is what a value is small against, at each time: the value itself where it cannot cancel.
pub fn metrics(series: &[f64], size: &[f64], compat: bool) -> [Value; 4] {
    if series.len() < 2 {
        return [Err(Undefined::SingleStep); 4];
    }
    let steps: Vec<f64> = series.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let (first, last) = (series[0], series[series.len() - 1]);
    let count = steps.len() as f64;
    let spread = if steps.len() < 2 { Err(Undefined::ShortSeries) } else { Ok(variance(&steps)) };
    let (ratio, band) = if compat {
        (Ok(last / (first + 1e-8)), 0.0)
    } else {
        let band = DEAD_BAND * size.iter().copied().fold(0.0, f64::max);
        (quotient(last, first, DEAD_BAND * size[0]), band)
    };
    let up = steps.iter().filter(|step| **step > band).count() as f64;
    let down = steps.iter().filter(|step| **step < -band).count() as f64;
    [Ok((last - first) / count), spread, ratio, Ok((up - down) / count)]
}
