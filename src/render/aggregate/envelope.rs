//! How far the realizations reach.

use super::{Aggregate, Method, Panel, Range};
use crate::render::{Ensemble, Span};

/// `envelope`.
#[derive(Debug)]
pub struct Envelope;

impl Aggregate for Envelope {
    fn name(&self) -> &'static str {
        "envelope"
    }

    fn version(&self) -> u32 {
        1
    }

    fn summary(&self) -> &'static str {
        "width of the band that holds all realizations; it grows with their number"
    }

    fn formula(&self, method: Method) -> &'static str {
        match method {
            Method::Standard => "√(Σ_c r²(c)), r(c) = max_m x − min_m x over finite numbers",
            Method::Compat => "√(Σ_c r²(c)), r(c) = max_m x − min_m x",
        }
    }

    fn source(&self) -> &'static str {
        "elementary"
    }

    fn unit(&self, _: Method) -> &'static str {
        ""
    }

    fn range(&self, method: Method) -> Range {
        match method {
            Method::Standard => Range::FromZero,
            Method::Compat => Range::Free,
        }
    }

    fn colormap(&self) -> &'static str {
        "viridis"
    }

    fn panel(&self, ensemble: &Ensemble<'_>, _: &Span, method: Method) -> Panel {
        if method == Method::Compat && ensemble.values.iter().any(|v| v.is_nan()) {
            return Panel::Undefined("not finite");
        }
        let mut total = vec![0.0; ensemble.area()];
        for c in 0..ensemble.channels {
            for (sum, r) in total.iter_mut().zip(reach(ensemble, c, method)) {
                *sum += r * r;
            }
        }
        if method == Method::Compat && total.iter().any(|v| v.is_nan()) {
            return Panel::Undefined("not finite");
        }
        Panel::Map(total.into_iter().map(f64::sqrt).collect())
    }
}

/// `max − min` of channel `c` over the realizations, `[H, W]`, NaN where there is no number. NaN never
/// counts: it is no number under `standard`, and `compat` does not get here with one.
fn reach(ensemble: &Ensemble<'_>, c: usize, method: Method) -> impl Iterator<Item = f64> {
    let area = ensemble.area();
    let (mut least, mut largest) = (vec![f32::INFINITY; area], vec![f32::NEG_INFINITY; area]);
    for m in 0..ensemble.realizations {
        for ((lo, hi), x) in least.iter_mut().zip(&mut largest).zip(ensemble.channel(m, c)) {
            let (below, above) =
                if method.takes(*x) { (*x, *x) } else { (f32::INFINITY, f32::NEG_INFINITY) };
            *lo = if below < *lo { below } else { *lo };
            *hi = if above > *hi { above } else { *hi };
        }
    }
    least.into_iter().zip(largest).map(|(lo, hi)| {
        // Nothing came between the infinities that they began with.
        if lo > hi { f64::NAN } else { f64::from(hi) - f64::from(lo) }
    })
}
