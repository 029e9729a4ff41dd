//! The main ways in which the realizations differ.

use super::jacobi::eigen;
use super::{Aggregate, Method, Panel, Range};
use crate::render::{Ensemble, Span};

/// `pca`.
#[derive(Debug)]
pub struct Pca;

impl Aggregate for Pca {
    fn name(&self) -> &'static str {
        "pca"
    }

    fn version(&self) -> u32 {
        1
    }

    fn summary(&self) -> &'static str {
        "the three main modes of variation over the realizations as red, green and blue, with their \
         shares of the variance"
    }

    fn formula(&self, method: Method) -> &'static str {
        match method {
            Method::Standard => {
                "½ + ½ a(k) / max |a|, a(k) = Σ_c d(c) l(k, c), loadings l(k) = v(k) σ(k) / √(M − 1) \
                 of the modes v(k) of x − μ, d the channel direction of largest Σ a², the largest |a(k)| \
                 positive; grey is 0"
            }
            Method::Compat => "√(Σ_c v(k, c)²) of the modes v(k) of x − μ, each from min to max",
        }
    }

    fn source(&self) -> &'static str {
        "Sirovich 1987, Turbulence and the dynamics of coherent structures I (method of snapshots)"
    }

    fn unit(&self, _: Method) -> &'static str {
        ""
    }

    fn range(&self, _: Method) -> Range {
        Range::Fixed(0.0, 1.0)
    }

    fn colormap(&self) -> &'static str {
        "viridis"
    }

    fn panel(&self, ensemble: &Ensemble<'_>, _: &Span, method: Method) -> Panel {
        match method {
            Method::Standard => standard(ensemble),
            Method::Compat => compat(ensemble),
        }
        .unwrap_or_else(Panel::Undefined)
    }
}

/// Modes that are shown: as many as there are colours.
const SHOWN: usize = 3;

/// Loadings with their sign, all on one scale, so that a mode is as vivid as it is strong. Without the
/// realizations that have a number that is not finite; of two realizations there is one mode.
fn standard(ensemble: &Ensemble<'_>) -> Result<Panel, &'static str> {
    let finite = |m: &usize| ensemble.field(*m).iter().all(|v| v.is_finite());
    let kept: Vec<usize> = (0..ensemble.realizations).filter(finite).collect();
    if kept.len() < 2 {
        return Err("needs 2 finite realizations");
    }
    let modes = Modes::new(ensemble, kept);
    let total: f64 = modes.values.iter().map(|v| v.max(0.0)).sum();
    if total == 0.0 {
        return Err("realizations do not differ");
    }
    let shown = SHOWN.min(modes.values.len() - 1);
    let maps: Vec<Vec<f64>> =
        (0..shown).map(|k| signed(&modes.loadings(k), ensemble.channels)).collect();
    let largest = maps.iter().flatten().fold(0.0, |m: f64, v| m.max(v.abs()));
    let mut rgb = vec![0.5; SHOWN * ensemble.area()];
    for (to, a) in rgb.iter_mut().zip(maps.iter().flatten()) {
        *to += 0.5 * a / largest;
    }
    let share = |v: &f64| format!("{:.0} %", 100.0 * v.max(0.0) / total);
    let shares: Vec<String> = modes.values[..shown].iter().map(share).collect();
    Ok(Panel::Rgb(rgb, Some(shares.join(", "))))
}

/// A mode `[C, H, W]` as one number per pixel: its part along one direction in the space of channels,
/// the principal one, so that opposite channels do not cancel. The largest is positive.
fn signed(mode: &[f64], channels: usize) -> Vec<f64> {
    let area = mode.len() / channels;
    let channel = |c: usize| &mode[c * area..][..area];
    let products = (0..channels * channels)
        .map(|k| dot(channel(k / channels), channel(k % channels)))
        .collect();
    let (_, directions) = eigen(channels, products);
    let mut map = vec![0.0; area];
    for (c, along) in directions.iter().take(channels).enumerate() {
        for (sum, v) in map.iter_mut().zip(channel(c)) {
            *sum += along * v;
        }
    }
    let largest = map.iter().fold(0.0, |m: f64, v| if v.abs() > m.abs() { *v } else { m });
    if largest < 0.0 {
        for v in &mut map {
            *v = -*v;
        }
    }
    map
}

/// The reference's; a mode without variance, whose direction is rounding noise there, is black.
fn compat(ensemble: &Ensemble<'_>) -> Result<Panel, &'static str> {
    let maps = sizes(ensemble)?;
    let scaled = maps.iter().flat_map(|map| {
        let lo = map.iter().copied().fold(f64::INFINITY, f64::min);
        let hi = map.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let flat = hi - lo < 1e-8;
        map.iter().map(move |v| if flat { 0.0 } else { (v - lo) / (hi - lo) })
    });
    Ok(Panel::Rgb(scaled.collect(), None))
}

/// Norms over the channels of the first three unit modes, `[H, W]` each, before they are scaled.
pub(super) fn sizes(ensemble: &Ensemble<'_>) -> Result<[Vec<f64>; SHOWN], &'static str> {
    if ensemble.realizations < SHOWN {
        return Err("needs 3 realizations");
    }
    let area = ensemble.area();
    if ensemble.channels * area < SHOWN {
        return Err("needs 3 numbers");
    }
    if ensemble.values.iter().any(|v| !v.is_finite()) {
        return Err("not finite");
    }
    let modes = Modes::new(ensemble, (0..ensemble.realizations).collect());
    Ok(std::array::from_fn(|k| {
        if modes.values[k] <= 1e-14 * modes.values[0] {
            return vec![0.0; area];
        }
        let mode = modes.loadings(k);
        let length = dot(&mode, &mode);
        let mut sum = vec![0.0; area];
        for channel in mode.chunks_exact(area) {
            for (sum, v) in sum.iter_mut().zip(channel) {
                *sum += v * v;
            }
        }
        sum.into_iter().map(|v| (v / length).sqrt()).collect()
    }))
}

/// Principal components by the method of snapshots: the eigenvectors u of the M × M matrix of scalar
/// products of the centred fields X give the modes, `σ(k) v(k) = Xᵀ u(k)`.
struct Modes<'a> {
    ensemble: &'a Ensemble<'a>,
    kept: Vec<usize>,
    /// Mean of the kept realizations, `[C, H, W]`.
    mean: Vec<f64>,
    /// `σ² / (n − 1)`, the variances of the modes, descending.
    values: Vec<f64>,
    /// u, one after the other.
    vectors: Vec<f64>,
}

/// Numbers of a field that are multiplied at a time, so that all realizations of them stay in the cache.
const BLOCK: usize = 256;

impl<'a> Modes<'a> {
    /// Of at least two realizations without numbers that are not finite.
    fn new(ensemble: &'a Ensemble<'a>, kept: Vec<usize>) -> Self {
        let (n, size) = (kept.len(), ensemble.channels * ensemble.area());
        let mut mean = vec![0.0; size];
        for m in &kept {
            for (sum, x) in mean.iter_mut().zip(ensemble.field(*m)) {
                *sum += f64::from(*x);
            }
        }
        for sum in &mut mean {
            *sum /= n as f64;
        }
        let mut products = vec![0.0; n * n];
        let mut centred = vec![[0.0; BLOCK]; n];
        for from in (0..size).step_by(BLOCK) {
            let width = BLOCK.min(size - from);
            for (row, m) in centred.iter_mut().zip(&kept) {
                let values = &ensemble.field(*m)[from..][..width];
                for ((to, x), mean) in row.iter_mut().zip(values).zip(&mean[from..]) {
                    *to = f64::from(*x) - mean;
                }
            }
            for i in 0..n {
                for j in i..n {
                    products[i * n + j] += dot(&centred[i][..width], &centred[j][..width]);
                }
            }
        }
        for i in 0..n {
            for j in i..n {
                products[i * n + j] /= (n - 1) as f64;
                products[j * n + i] = products[i * n + j];
            }
        }
        let (values, vectors) = eigen(n, products);
        Self { ensemble, kept, mean, values, vectors }
    }

    /// `Xᵀ u(k) / √(n − 1)`, `[C, H, W]`: the unit mode times the deviation along it, so that the
    /// squares of all modes add up to the variance of each number.
    fn loadings(&self, k: usize) -> Vec<f64> {
        let n = self.kept.len();
        let scale = 1.0 / ((n - 1) as f64).sqrt();
        let mut out = vec![0.0; self.mean.len()];
        for (m, u) in self.kept.iter().zip(&self.vectors[k * n..]) {
            let weight = u * scale;
            for ((sum, x), mean) in out.iter_mut().zip(self.ensemble.field(*m)).zip(&self.mean) {
                *sum += weight * (f64::from(*x) - mean);
            }
        }
        out
    }
}

/// The scalar product, in eight sums that a processor takes at once.
fn dot(x: &[f64], y: &[f64]) -> f64 {
    let (xs, ys) = (x.chunks_exact(8), y.chunks_exact(8));
    let rest: f64 = xs.remainder().iter().zip(ys.remainder()).map(|(x, y)| x * y).sum();
    let mut sums = [0.0; 8];
    for (x, y) in xs.zip(ys) {
        for k in 0..8 {
            sums[k] += x[k] * y[k];
        }
    }
    sums.iter().sum::<f64>() + rest
}
