//! Total standard deviation over the realizations.

use super::{Aggregate, Method, Panel, Range, moments};
use crate::render::{Ensemble, Span};

/// `stddev`.
#[derive(Debug)]
pub struct Stddev;

impl Aggregate for Stddev {
    fn name(&self) -> &'static str {
        "stddev"
    }

    fn version(&self) -> u32 {
        1
    }

    fn summary(&self) -> &'static str {
        "total standard deviation over the realizations, the root of the total variance"
    }

    fn formula(&self, method: Method) -> &'static str {
        match method {
            Method::Standard => {
                "√(Σ_c s²(c)), s²(c) = Σ_m (x − μ)² / (n − 1) over the n finite numbers of a pixel"
            }
            Method::Compat => "√(Σ_c s²(c)), s²(c) = Σ_m (x − μ)² / (M − 1)",
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
        match moments::over_channels(ensemble, method, |v| v) {
            Ok(total) => Panel::Map(total.into_iter().map(f64::sqrt).collect()),
            Err(why) => Panel::Undefined(why),
        }
    }
}
