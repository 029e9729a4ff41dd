//! The power spectrum of the realizations.

use std::sync::Arc;

use super::{Aggregate, Method, Panel, Range};
use crate::ic::fft::Fft;
use crate::render::{Ensemble, Span};

/// `spectral`.
#[derive(Debug)]
pub struct Spectral;

impl Aggregate for Spectral {
    fn name(&self) -> &'static str {
        "spectral"
    }

    fn version(&self) -> u32 {
        1
    }

    fn summary(&self) -> &'static str {
        "power spectrum, mean over the realizations, wavenumber 0 in the centre"
    }

    fn formula(&self, method: Method) -> &'static str {
        match method {
            Method::Standard => {
                "10 log₁₀ max(P, 1e-30), P = mean over m of Σ_c |F(h (x(m, c) − its mean))|² / (H W)², F the \
                 Fourier sum, h the Hann window of both axes"
            }
            Method::Compat => "log₁₀(P + 1e-10), P = mean over m of |F(Σ_c x(m, c) / C)|²",
        }
    }

    fn source(&self) -> &'static str {
        "Harris 1978, On the use of windows for harmonic analysis, Proc. IEEE 66"
    }

    fn unit(&self, method: Method) -> &'static str {
        match method {
            Method::Standard => "dB",
            Method::Compat => "log₁₀",
        }
    }

    fn range(&self, method: Method) -> Range {
        match method {
            Method::Standard => Range::Below(80.0),
            Method::Compat => Range::Free,
        }
    }

    fn colormap(&self) -> &'static str {
        "magma"
    }

    fn panel(&self, ensemble: &Ensemble<'_>, _: &Span, method: Method) -> Panel {
        match method {
            Method::Standard => standard(ensemble),
            Method::Compat => compat(ensemble),
        }
    }
}

/// Power below which a level says nothing: −300 dB, far below the rounding of any field of order 1.
const NOTHING: f64 = 1e-30;

/// Without the realizations that have a number that is not finite.
fn standard(ensemble: &Ensemble<'_>) -> Panel {
    let (height, width) = (ensemble.height, ensemble.width);
    let finite = |m: &usize| ensemble.field(*m).iter().all(|v| v.is_finite());
    let kept: Vec<usize> = (0..ensemble.realizations).filter(finite).collect();
    if kept.is_empty() {
        return Panel::Undefined("needs a finite realization");
    }
    let (down, across) = (hann(height), hann(width));
    let mut power = Power::new(height, width);
    for m in &kept {
        for c in 0..ensemble.channels {
            let field = ensemble.channel(*m, c);
            let mean = field.iter().map(|v| f64::from(*v)).sum::<f64>() / field.len() as f64;
            power.add(|to| {
                let rows = to.chunks_exact_mut(width).zip(field.chunks_exact(width));
                for ((to, from), high) in rows.zip(&down) {
                    for ((to, x), wide) in to.iter_mut().zip(from).zip(&across) {
                        *to = (f64::from(*x) - mean) * (high * wide);
                    }
                }
            });
        }
    }
    let area = ensemble.area() as f64;
    let scale = 1.0 / (area * area * kept.len() as f64);
    let level = |p: f64| 10.0 * libm::log10((p * scale).max(NOTHING));
    Panel::Map(power.centred().into_iter().map(level).collect())
}

/// The reference's.
fn compat(ensemble: &Ensemble<'_>) -> Panel {
    if ensemble.values.is_empty() || ensemble.values.iter().any(|v| !v.is_finite()) {
        return Panel::Undefined("not finite");
    }
    let mut power = Power::new(ensemble.height, ensemble.width);
    for m in 0..ensemble.realizations {
        power.add(|to| {
            to.fill(0.0);
            for c in 0..ensemble.channels {
                for (sum, x) in to.iter_mut().zip(ensemble.channel(m, c)) {
                    *sum += f64::from(*x) / ensemble.channels as f64;
                }
            }
        });
    }
    let level = |p: f64| libm::log10(p / ensemble.realizations as f64 + 1e-10);
    Panel::Map(power.centred().into_iter().map(level).collect())
}

/// The periodic Hann window of `n` places, `½ − ½ cos(2πi/n)`; of one place it is 1.
fn hann(n: usize) -> Vec<f64> {
    if n == 1 {
        return vec![1.0];
    }
    let turn = std::f64::consts::TAU / n as f64;
    (0..n).map(|i| 0.5 - 0.5 * libm::cos(turn * i as f64)).collect()
}

/// The sum of `|F(f)|²` over real fields f.
///
/// Two fields go through one complex transform, Z = F(f) + i F(g). What is wanted is even in the
/// wavenumber k, and `|F(f)|² + |F(g)|² = ½ (|Z(k)|² + |Z(−k)|²)`; so sums of |Z|² are enough, and are
/// made even at the end.
struct Power {
    height: usize,
    width: usize,
    columns: Arc<Fft>,
    rows: Arc<Fft>,
    /// Two fields, and space to transpose them.
    pair: [Vec<f64>; 2],
    spare: Vec<f64>,
    /// Whether the first of the pair waits for a second.
    waits: bool,
    /// Σ |Z|², `[W, H]`.
    sum: Vec<f64>,
}

impl Power {
    fn new(height: usize, width: usize) -> Self {
        let zero = || vec![0.0; height * width];
        let (columns, rows) = (Fft::new(height), Fft::new(width));
        let pair = [zero(), zero()];
        Self { height, width, columns, rows, pair, spare: zero(), waits: false, sum: zero() }
    }

    /// Adds the field `[H, W]` that `fill` writes over whatever is there.
    fn add(&mut self, fill: impl FnOnce(&mut [f64])) {
        fill(&mut self.pair[usize::from(self.waits)]);
        if self.waits {
            self.transform();
        }
        self.waits = !self.waits;
    }

    fn transform(&mut self) {
        let [re, im] = &mut self.pair;
        self.columns.columns(re, im);
        for part in [&mut *re, &mut *im] {
            transpose(part, self.width, &mut self.spare);
            std::mem::swap(part, &mut self.spare);
        }
        self.rows.columns(re, im);
        for ((sum, re), im) in self.sum.iter_mut().zip(re).zip(im) {
            *sum += *re * *re + *im * *im;
        }
    }

    /// The sum, `[H, W]`, with wavenumber 0 at `(⌊H/2⌋, ⌊W/2⌋)`.
    fn centred(mut self) -> Vec<f64> {
        if self.waits {
            self.pair[1].fill(0.0);
            self.transform();
        }
        let (h, w) = (self.height, self.width);
        let mut out = vec![0.0; h * w];
        for kx in 0..w {
            for ky in 0..h {
                let mirror = self.sum[(w - kx) % w * h + (h - ky) % h];
                let to = (ky + h / 2) % h * w + (kx + w / 2) % w;
                out[to] = 0.5 * (self.sum[kx * h + ky] + mirror);
            }
        }
        out
    }
}

/// `to[j, i] = from[i, j]` of `from`, `[H, W]`, in tiles that stay in the cache.
fn transpose(from: &[f64], width: usize, to: &mut [f64]) {
    const TILE: usize = 8;
    let height = from.len() / width;
    for i0 in (0..height).step_by(TILE) {
        for j0 in (0..width).step_by(TILE) {
            for i in i0..(i0 + TILE).min(height) {
                for j in j0..(j0 + TILE).min(width) {
                    to[j * height + i] = from[i * width + j];
                }
            }
        }
    }
}
