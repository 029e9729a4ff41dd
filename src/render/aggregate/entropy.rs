//! How spread the realizations are over bins.

use super::{Aggregate, Method, Panel, Range};
use crate::render::{Ensemble, Span};

/// `entropy`.
#[derive(Debug)]
pub struct Entropy;

impl Aggregate for Entropy {
    fn name(&self) -> &'static str {
        "entropy"
    }

    fn version(&self) -> u32 {
        1
    }

    fn summary(&self) -> &'static str {
        "normalised entropy of the realizations: 0 where they agree, 1 where they fill all bins"
    }

    fn formula(&self, method: Method) -> &'static str {
        match method {
            Method::Standard => {
                "mean over channels of (−Σ_b p log₂ p + (K − 1) / (2 n ln 2)) / log₂ min(B, n), \
                 clamped to 0..1; B = max(4, ⌈√M⌉) bins on the span of the channel over the clip, K of \
                 them occupied, n finite numbers"
            }
            Method::Compat => {
                "−Σ_b p log₂(p + 1e-10), p = count / (M C + 1e-10), 32 bins on the range of this step, \
                 realizations and channels pooled"
            }
        }
    }

    fn source(&self) -> &'static str {
        "Miller 1955, Note on the bias of information estimates"
    }

    fn unit(&self, method: Method) -> &'static str {
        match method {
            Method::Standard => "",
            Method::Compat => "bit",
        }
    }

    fn range(&self, method: Method) -> Range {
        match method {
            Method::Standard => Range::Fixed(0.0, 1.0),
            Method::Compat => Range::Free,
        }
    }

    fn colormap(&self) -> &'static str {
        "inferno"
    }

    fn panel(&self, ensemble: &Ensemble<'_>, span: &Span, method: Method) -> Panel {
        match method {
            Method::Standard if ensemble.realizations < 2 => {
                Panel::Undefined("needs 2 realizations")
            }
            Method::Standard => Panel::Map(standard(ensemble, span)),
            Method::Compat => Panel::Map(compat(ensemble)),
        }
    }
}

/// A channel with fewer than two finite numbers at a pixel does not count there; NaN if none counts.
fn standard(ensemble: &Ensemble<'_>, span: &Span) -> Vec<f64> {
    let (area, all) = (ensemble.area(), ensemble.realizations);
    let bins = bins(all);
    let score = Score::new(all, bins);
    let (mut sum, mut channels) = (vec![0.0; area], vec![0.0; area]);
    let mut counts = vec![0_u32; area * bins];
    for c in 0..ensemble.channels {
        let Some((lo, hi)) = span.channels[c] else { continue };
        // Without extent everything falls into the first bin.
        let scale = if hi > lo { bins as f64 / (hi - lo) } else { 0.0 };
        counts.fill(0);
        for m in 0..all {
            for (counts, x) in counts.chunks_exact_mut(bins).zip(ensemble.channel(m, c)) {
                // A cast of a negative number gives 0.
                let bin = ((f64::from(*x) - lo) * scale) as usize;
                counts[bin.min(bins - 1)] += u32::from(x.is_finite());
            }
        }
        for ((sum, n), counts) in sum.iter_mut().zip(&mut channels).zip(counts.chunks_exact(bins)) {
            if let Some(value) = score.of(counts) {
                *sum += value;
                *n += 1.0;
            }
        }
    }
    sum.iter().zip(channels).map(|(sum, n): (&f64, f64)| (sum / n).clamp(0.0, 1.0)).collect()
}

/// `max(4, ⌈√M⌉)`.
fn bins(realizations: usize) -> usize {
    let floor = realizations.isqrt();
    (floor + usize::from(floor * floor < realizations)).max(4)
}

/// Normalised entropies, from tables for every possible count.
struct Score {
    bins: usize,
    /// `k log₂ k`.
    weighted: Vec<f64>,
    /// `log₂ k`.
    log2: Vec<f64>,
}

impl Score {
    fn new(realizations: usize, bins: usize) -> Self {
        let log2: Vec<f64> =
            (0..=realizations.max(bins)).map(|k| libm::log2(k.max(1) as f64)).collect();
        let weighted = log2.iter().enumerate().map(|(k, log)| k as f64 * log).collect();
        Self { bins, weighted, log2 }
    }

    /// The share of the largest possible entropy, with the correction of Miller and Madow; `None` of
    /// fewer than two numbers.
    fn of(&self, counts: &[u32]) -> Option<f64> {
        let (mut n, mut occupied, mut sum) = (0, 0, 0.0);
        for count in counts.iter().map(|k| *k as usize) {
            n += count;
            occupied += usize::from(count > 0);
            sum += self.weighted[count];
        }
        if n < 2 {
            return None;
        }
        if occupied == 1 {
            return Some(0.0);
        }
        let (total, more) = (n as f64, (occupied - 1) as f64);
        let bits = self.log2[n] - sum / total + more / (2.0 * total * std::f64::consts::LN_2);
        Some(bits / self.log2[self.bins.min(n)])
    }
}

/// The reference's. A number that is not finite makes the width of the bins so, and everything falls
/// into the first.
fn compat(ensemble: &Ensemble<'_>) -> Vec<f64> {
    const BINS: usize = 32;
    let values = || ensemble.values.iter().map(|v| f64::from(*v));
    let wide = |pick: fn(f64, f64) -> f64| {
        values().reduce(move |a, b| if a.is_nan() || b.is_nan() { f64::NAN } else { pick(a, b) })
    };
    let (lo, hi) = (wide(f64::min).unwrap_or(f64::NAN), wide(f64::max).unwrap_or(f64::NAN));
    let width = (hi - lo + 1e-10) / BINS as f64;
    let n = ensemble.realizations * ensemble.channels;
    let term = |count: usize| {
        let p = count as f64 / (n as f64 + 1e-10);
        -p * libm::log2(p + 1e-10)
    };
    let terms: Vec<f64> = (0..=n).map(term).collect();
    let mut counts = vec![0_u32; ensemble.area() * BINS];
    for field in ensemble.values.chunks_exact(ensemble.area()) {
        for (counts, x) in counts.chunks_exact_mut(BINS).zip(field) {
            // A cast of NaN gives 0.
            let bin = ((f64::from(*x) - lo) / width) as usize;
            counts[bin.min(BINS - 1)] += 1;
        }
    }
    let entropy = |counts: &[u32]| counts.iter().map(|count| terms[*count as usize]).sum();
    counts.chunks_exact(BINS).map(entropy).collect()
}
