//! Total variance over the realizations.

use super::{Aggregate, Method, Panel, Range, moments};
use crate::render::{Ensemble, Span};

/// `variance`.
#[derive(Debug)]
pub struct Variance;

impl Aggregate for Variance {
    fn name(&self) -> &'static str {
        "variance"
    }

    fn version(&self) -> u32 {
        1
    }

    fn summary(&self) -> &'static str {
        "total variance over the realizations, the trace of the covariance of the channels"
    }

    fn formula(&self, method: Method) -> &'static str {
        match method {
            Method::Standard => {
                "Σ_c s²(c), s²(c) = Σ_m (x − μ)² / (n − 1) over the n finite numbers of a pixel"
            }
            Method::Compat => "√(Σ_c s²(c)²), s²(c) = Σ_m (x − μ)² / (M − 1)",
        }
    }

    fn source(&self) -> &'static str {
        "elementary"
    }

    fn unit(&self, _: Method) -> &'static str {
        "u²"
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
        let map = match method {
            Method::Standard => moments::over_channels(ensemble, method, |v| v),
            Method::Compat => moments::over_channels(ensemble, method, |v| v * v)
                .map(|sum| sum.into_iter().map(f64::sqrt).collect()),
        };
        map.map_or_else(Panel::Undefined, Panel::Map)
    }
}
