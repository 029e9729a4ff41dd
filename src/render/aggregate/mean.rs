//! The mean of the realizations.

use super::{Aggregate, Method, Panel, Range, moments};
use crate::render::{Ensemble, Span};

/// `mean`.
#[derive(Debug)]
pub struct Mean;

impl Aggregate for Mean {
    fn name(&self) -> &'static str {
        "mean"
    }

    fn version(&self) -> u32 {
        1
    }

    fn summary(&self) -> &'static str {
        "mean of the realizations, a field of its own"
    }

    fn formula(&self, method: Method) -> &'static str {
        match method {
            Method::Standard => "μ(c) = Σ_m x(m, c) / n over the n finite numbers of a pixel",
            Method::Compat => "μ(c) = Σ_m x(m, c) / M",
        }
    }

    fn source(&self) -> &'static str {
        "elementary"
    }

    fn unit(&self, _: Method) -> &'static str {
        ""
    }

    fn range(&self, _: Method) -> Range {
        Range::Free
    }

    fn colormap(&self) -> &'static str {
        "viridis"
    }

    fn panel(&self, ensemble: &Ensemble<'_>, _: &Span, method: Method) -> Panel {
        let channel = |c| moments::mean(ensemble, c, method).0;
        Panel::Field((0..ensemble.channels).flat_map(channel).collect())
    }
}
