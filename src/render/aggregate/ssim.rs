//! Structural similarity of the realizations.

use super::window::Window;
use super::{Aggregate, Method, Panel, Range, moments};
use crate::render::{Ensemble, Span};

/// `ssim`.
#[derive(Debug)]
pub struct Ssim;

impl Aggregate for Ssim {
    fn name(&self) -> &'static str {
        "ssim"
    }

    fn version(&self) -> u32 {
        1
    }

    fn summary(&self) -> &'static str {
        "structural similarity of the realizations to their mean: 1 where they agree"
    }

    fn formula(&self, method: Method) -> &'static str {
        match method {
            Method::Standard => {
                "mean over m and c of (2 m_x m_y + C1) (2 s_xy + C2) / ((m_x² + m_y² + C1) \
                 (s_x² + s_y² + C2)), x = x(m, c), y = μ(c), moments in a Gaussian window of 11 × 11 pixels, \
                 σ = 1.5; C1 = (0.01 L)², C2 = (0.03 L)², L the span of the channel over the clip"
            }
            Method::Compat => {
                "mean over pairs of (2 m_a m_b + 1e-4) (2 s_ab + 9e-4) / ((m_a² + m_b² + 1e-4) \
                 (v_a + v_b + 9e-4)), moments over the channels of a pixel, s by C, v by C − 1"
            }
        }
    }

    fn source(&self) -> &'static str {
        "Wang, Bovik, Sheikh & Simoncelli 2004, Image quality assessment, IEEE TIP 13"
    }

    fn unit(&self, _: Method) -> &'static str {
        ""
    }

    fn range(&self, method: Method) -> Range {
        match method {
            Method::Standard => Range::Fixed(0.0, 1.0),
            Method::Compat => Range::Free,
        }
    }

    fn colormap(&self) -> &'static str {
        "viridis"
    }

    fn panel(&self, ensemble: &Ensemble<'_>, span: &Span, method: Method) -> Panel {
        match method {
            Method::Standard if ensemble.realizations < 2 => {
                Panel::Undefined("needs 2 realizations")
            }
            Method::Standard => Panel::Map(standard(ensemble, span)),
            Method::Compat => compat(ensemble),
        }
    }
}

/// A realization does not count within reach of a number that is not finite; a pixel where fewer than
/// two count, in every channel, is NaN.
fn standard(ensemble: &Ensemble<'_>, span: &Span) -> Vec<f64> {
    let area = ensemble.area();
    let (mut total, mut channels) = (vec![0.0; area], vec![0.0; area]);
    let mut comparison = Comparison::new(ensemble.height, ensemble.width);
    for c in 0..ensemble.channels {
        let Some((lo, hi)) = span.channels[c] else { continue };
        let mean = moments::mean(ensemble, c, Method::Standard).0;
        comparison.refer_to(&mean, lo, hi);
        for m in 0..ensemble.realizations {
            comparison.add(ensemble.channel(m, c));
        }
        let sums = comparison.sum.iter().zip(&comparison.count);
        for ((total, channels), (sum, count)) in total.iter_mut().zip(&mut channels).zip(sums) {
            if *count >= 2.0 {
                *total += sum / count;
                *channels += 1.0;
            }
        }
    }
    total.iter().zip(channels).map(|(sum, n): (&f64, f64)| sum / n).collect()
}

/// Sums similarities of fields to one reference, pixel by pixel.
struct Comparison {
    window: Window,
    /// C1 and C2.
    constants: (f64, f64),
    /// Subtracted from all fields, so that squares do not lose the digits of small deviations.
    offset: f64,
    /// The reference without the offset, its local mean, and its local variance.
    reference: [Vec<f64>; 3],
    /// A field without the offset; then its square, and its product with the reference.
    field: Vec<f64>,
    products: Vec<f64>,
    /// Local means of the field, its square, and its product with the reference.
    means: [Vec<f64>; 3],
    /// Sum of the similarities, and how many there are.
    sum: Vec<f64>,
    count: Vec<f64>,
}

impl Comparison {
    fn new(height: usize, width: usize) -> Self {
        let zero = || vec![0.0; height * width];
        Self {
            window: Window::new(height, width),
            constants: (0.0, 0.0),
            offset: 0.0,
            reference: [zero(), zero(), zero()],
            field: zero(),
            products: zero(),
            means: [zero(), zero(), zero()],
            sum: zero(),
            count: zero(),
        }
    }

    /// Starts again with another reference, of fields that span `lo` to `hi`.
    fn refer_to(&mut self, reference: &[f64], lo: f64, hi: f64) {
        let (first, second) = (0.01 * (hi - lo), 0.03 * (hi - lo));
        self.constants = (first * first, second * second);
        self.offset = 0.5 * (lo + hi);
        let [own, mean, variance] = &mut self.reference;
        for (own, y) in own.iter_mut().zip(reference) {
            *own = y - self.offset;
        }
        self.window.mean(own, mean);
        multiply(own, own, &mut self.products);
        self.window.mean(&self.products, variance);
        for (square, mean) in variance.iter_mut().zip(mean) {
            *square -= *mean * *mean;
        }
        self.sum.fill(0.0);
        self.count.fill(0.0);
    }

    /// Adds the similarity of a field to the reference.
    fn add(&mut self, field: &[f32]) {
        for (own, x) in self.field.iter_mut().zip(field) {
            *own = f64::from(*x) - self.offset;
        }
        let [mean, square, product] = &mut self.means;
        self.window.mean(&self.field, mean);
        multiply(&self.field, &self.field, &mut self.products);
        self.window.mean(&self.products, square);
        multiply(&self.field, &self.reference[0], &mut self.products);
        self.window.mean(&self.products, product);
        let (c1, c2) = self.constants;
        let [_, reference, variance] = &self.reference;
        for p in 0..field.len() {
            let (x, y) = (mean[p], reference[p]);
            let (own, both) = (square[p] - x * x, product[p] - x * y);
            let (x, y) = (x + self.offset, y + self.offset);
            let above = (2.0 * x * y + c1) * (2.0 * both + c2);
            let below = (x * x + y * y + c1) * (own + variance[p] + c2);
            // Nothing differs in a channel without extent.
            let value = if below == 0.0 { 1.0 } else { above / below };
            let finite = value.is_finite();
            self.sum[p] += if finite { value } else { 0.0 };
            self.count[p] += f64::from(u8::from(finite));
        }
    }
}

/// `out = x y`.
fn multiply(x: &[f64], y: &[f64], out: &mut [f64]) {
    for ((out, x), y) in out.iter_mut().zip(x).zip(y) {
        *out = x * y;
    }
}

/// The reference's: statistics over the channels of one pixel, pair by pair.
fn compat(ensemble: &Ensemble<'_>) -> Panel {
    const C1: f64 = 1e-4;
    const C2: f64 = 9e-4;
    let (area, all, channels) = (ensemble.area(), ensemble.realizations, ensemble.channels);
    if all < 2 {
        return Panel::Map(vec![0.0; area]);
    }
    if channels < 2 {
        return Panel::Undefined("needs 2 channels");
    }
    if ensemble.values.iter().any(|v| !v.is_finite()) {
        return Panel::Undefined("not finite");
    }
    let (mut means, mut variances) = (vec![0.0; all], vec![0.0; all]);
    let mut apart = vec![0.0; all * channels];
    let pairs = (all * (all - 1) / 2) as f64;
    let similarity = |p: usize| {
        for (m, apart) in apart.chunks_exact_mut(channels).enumerate() {
            for (c, x) in apart.iter_mut().enumerate() {
                *x = f64::from(ensemble.channel(m, c)[p]);
            }
            means[m] = apart.iter().sum::<f64>() / channels as f64;
            for x in apart.iter_mut() {
                *x -= means[m];
            }
            variances[m] = apart.iter().map(|x| x * x).sum::<f64>() / (channels - 1) as f64;
        }
        let mut sum = 0.0;
        for a in 0..all {
            for b in a + 1..all {
                let (x, y) = (&apart[a * channels..][..channels], &apart[b * channels..]);
                let both = x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>() / channels as f64;
                sum += (2.0 * means[a] * means[b] + C1) * (2.0 * both + C2)
                    / ((means[a] * means[a] + means[b] * means[b] + C1)
                        * (variances[a] + variances[b] + C2));
            }
        }
        sum / pairs
    };
    Panel::Map((0..area).map(similarity).collect())
}
