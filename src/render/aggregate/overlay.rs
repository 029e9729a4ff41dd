//! One picture for all realizations.

use super::{Aggregate, Method, Panel, Range, moments};
use crate::render::{Ensemble, Span};

/// `overlay`.
#[derive(Debug)]
pub struct Overlay;

impl Aggregate for Overlay {
    fn name(&self) -> &'static str {
        "overlay"
    }

    fn version(&self) -> u32 {
        1
    }

    fn summary(&self) -> &'static str {
        "at each pixel the values of the most central realization there, the medoid"
    }

    fn formula(&self, method: Method) -> &'static str {
        match method {
            Method::Standard => {
                "x(a), a = argmin_a Σ_b √(Σ_c ((x(a, c) − x(b, c)) / L(c))²) over finite \
                 realizations, L the span of the channel over the clip; the first of equals"
            }
            Method::Compat => {
                "Σ_m (x(m) − q01) / (q99 − q01) / M, quantiles of all numbers together"
            }
        }
    }

    fn source(&self) -> &'static str {
        "Kaufman & Rousseeuw 1990, Finding Groups in Data, ch. 2"
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

    fn panel(&self, ensemble: &Ensemble<'_>, span: &Span, method: Method) -> Panel {
        match method {
            Method::Standard => Panel::Field(medoid(ensemble, span)),
            Method::Compat => compat(ensemble),
        }
    }
}

/// Pixels that are compared at a time.
const BLOCK: usize = 64;

/// Sums of distances that differ by less, relatively, are equal: the two middle ones of an even number
/// of values always are, but for rounding.
const EQUAL: f64 = 1e-9;

/// The values of the medoid of each pixel, `[C, H, W]`.
///
/// The medoid is the realization with the least sum of distances to the others; distances are
/// Euclidean, with each channel in parts of its span, so that no unit outweighs another. Of one channel
/// it is the median. Unlike the mean it is a state that occurred, and keeps its contrast. A realization
/// with a number that is not finite does not take part at that pixel; if none does, all channels are
/// NaN.
fn medoid(ensemble: &Ensemble<'_>, span: &Span) -> Vec<f64> {
    let (area, all, channels) = (ensemble.area(), ensemble.realizations, ensemble.channels);
    // A channel without extent cannot tell realizations apart.
    let scale = |c: usize| match span.channels[c] {
        Some((lo, hi)) if hi > lo => 1.0 / (hi - lo),
        _ => 0.0,
    };
    let scales: Vec<f64> = (0..channels).map(scale).collect();
    let mut out = vec![f64::NAN; channels * area];
    let mut scaled = vec![[0.0; BLOCK]; all * channels];
    let mut takes_part = vec![[0.0; BLOCK]; all];
    let mut sums = vec![[0.0; BLOCK]; all];
    for from in (0..area).step_by(BLOCK) {
        let width = BLOCK.min(area - from);
        takes_part.fill([1.0; BLOCK]);
        sums.fill([0.0; BLOCK]);
        for (k, row) in scaled.iter_mut().enumerate() {
            let (m, c) = (k / channels, k % channels);
            let values = &ensemble.channel(m, c)[from..][..width];
            for ((to, here), x) in row.iter_mut().zip(&mut takes_part[m]).zip(values) {
                let finite = x.is_finite();
                *to = if finite { f64::from(*x) * scales[c] } else { 0.0 };
                *here = if finite { *here } else { 0.0 };
            }
        }
        for a in 0..all {
            for b in a + 1..all {
                let distance = apart(&scaled[a * channels..], &scaled[b * channels..], channels);
                for p in 0..BLOCK {
                    sums[a][p] += distance[p] * takes_part[b][p];
                    sums[b][p] += distance[p] * takes_part[a][p];
                }
            }
        }
        for p in 0..width {
            let central = (0..all).filter(|m| takes_part[*m][p] > 0.0).reduce(|best, m| {
                if sums[m][p] < sums[best][p] * (1.0 - EQUAL) { m } else { best }
            });
            if let Some(m) = central {
                for c in 0..channels {
                    out[c * area + from + p] = f64::from(ensemble.channel(m, c)[from + p]);
                }
            }
        }
    }
    out
}

/// Euclidean distances of two realizations at the pixels of a block.
fn apart(a: &[[f64; BLOCK]], b: &[[f64; BLOCK]], channels: usize) -> [f64; BLOCK] {
    let mut squares = [0.0; BLOCK];
    for (a, b) in a.iter().zip(b).take(channels) {
        for p in 0..BLOCK {
            let difference = a[p] - b[p];
            squares[p] += difference * difference;
        }
    }
    squares.map(f64::sqrt)
}

/// The reference's: an affine map of the mean, since the map of each realization is the same.
fn compat(ensemble: &Ensemble<'_>) -> Panel {
    if ensemble.channels != 3 {
        return Panel::Undefined("needs 3 channels");
    }
    let mut values = ensemble.values.to_vec();
    if values.is_empty() || values.iter().any(|v| v.is_nan()) {
        return Panel::Undefined("not finite");
    }
    let (lo, hi) = (quantile(&mut values, 0.01), quantile(&mut values, 0.99));
    if !(lo.is_finite() && hi.is_finite()) {
        return Panel::Undefined("not finite");
    }
    let flat = (hi - lo).abs() < 1e-8;
    let color = |mean: f64| if flat { 0.0 } else { ((mean - lo) / (hi - lo)).clamp(0.0, 1.0) };
    let channel = |c| moments::mean(ensemble, c, Method::Compat).0.into_iter().map(color);
    Panel::Rgb((0..3).flat_map(channel).collect(), None)
}

/// The quantile at position `q (n − 1)` of the sorted numbers, linear between neighbours. The numbers
/// change places.
fn quantile(values: &mut [f32], q: f64) -> f64 {
    let position = q * (values.len() - 1) as f64;
    let (_, at, above) = values.select_nth_unstable_by(position.floor() as usize, f32::total_cmp);
    let at = f64::from(*at);
    let next = above.iter().copied().min_by(f32::total_cmp).map_or(at, f64::from);
    at + (next - at) * (position - position.floor())
}
