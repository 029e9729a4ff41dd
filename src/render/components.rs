//! Principal components of channels: three numbers that say most of what `C` channels say.
//!
//! Fitted on a stated set, all finite pixels of what shares bounds: their mean and their covariance
//! over channels, the covariance's eigenvectors by cyclic Jacobi rotations (Golub and Van Loan, *Matrix
//! Computations*, §8.5), the largest eigenvalue first. The sign of a vector is that for which its
//! loading of largest magnitude is positive. Sums are merged by the formula of Chan, Golub and `LeVeque` (1979),
//! so far from zero loses nothing; parts must be merged in a fixed order for equal bits.

use super::color::Limits;
use crate::picture::Bounds;

/// Count, mean, and sums of products of deviations of channels, with the extent of each.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    count: f64,
    mean: Vec<f64>,
    /// `[C, C]`.
    products: Vec<f64>,
    /// Least and greatest of each channel.
    extent: Vec<(f64, f64)>,
}

/// The most components that colours can show.
const MOST: usize = 3;
/// Bounds of a component are at least this part of the first one's.
const NEGLIGIBLE: f64 = 0.01;
/// Rotations of all pairs; each squares the error, so far fewer are needed.
const SWEEPS: usize = 50;

/// Directions in the space of channels.
#[derive(Debug, Clone, PartialEq)]
pub struct Basis {
    /// Mean of each channel.
    pub mean: Vec<f64>,
    /// Unit vectors over channels, at most three, the most telling first.
    pub vectors: Vec<Vec<f64>>,
    /// The variance along each as a share of all.
    pub shares: Vec<f64>,
    /// Where the colours of each end.
    pub bounds: Vec<Bounds>,
}

impl Moments {
    /// Nothing yet, of so many channels.
    pub fn new(channels: usize) -> Self {
        Self {
            count: 0.0,
            mean: vec![0.0; channels],
            products: vec![0.0; channels * channels],
            extent: vec![(0.0, 0.0); channels],
        }
    }

    /// Adds the pixels of a field `[C, H, W]` of which every channel is finite.
    pub fn include(&mut self, field: &[f32]) {
        let c = self.mean.len();
        let area = field.len() / c;
        let pixel = |i: usize| (0..c).map(move |k| f64::from(field[k * area + i]));
        let finite: Vec<usize> = (0..area).filter(|i| pixel(*i).all(f64::is_finite)).collect();
        let Some(&first) = finite.first() else { return };
        let mut part = Self::new(c);
        part.count = finite.len() as f64;
        part.extent = pixel(first).map(|v| (v, v)).collect();
        for i in &finite {
            for (k, v) in pixel(*i).enumerate() {
                part.mean[k] += v;
                let (low, high) = part.extent[k];
                part.extent[k] = (low.min(v), high.max(v));
            }
        }
        part.mean.iter_mut().for_each(|sum| *sum /= part.count);
        for i in &finite {
            for a in 0..c {
                let da = f64::from(field[a * area + i]) - part.mean[a];
                for b in a..c {
                    let db = f64::from(field[b * area + i]) - part.mean[b];
                    part.products[a * c + b] += da * db;
                }
            }
        }
        for a in 0..c {
            for b in 0..a {
                part.products[a * c + b] = part.products[b * c + a];
            }
        }
        self.merge(&part);
    }

    /// Adds what another one has seen.
    pub fn merge(&mut self, other: &Self) {
        if other.count == 0.0 {
            return;
        }
        if self.count == 0.0 {
            self.clone_from(other);
            return;
        }
        let c = self.mean.len();
        let total = self.count + other.count;
        let apart: Vec<f64> = other.mean.iter().zip(&self.mean).map(|(b, a)| b - a).collect();
        for a in 0..c {
            for b in 0..c {
                self.products[a * c + b] += other.products[a * c + b]
                    + apart[a] * apart[b] * (self.count * other.count / total);
            }
        }
        for (k, d) in apart.iter().enumerate() {
            self.mean[k] += d * (other.count / total);
            let ((low, high), (l, h)) = (self.extent[k], other.extent[k]);
            self.extent[k] = (low.min(l), high.max(h));
        }
        self.count = total;
    }

    /// The components, with bounds for colours. A component's bounds are the quantiles that a normal
    /// distribution of its mean and variance would have, but no wider than the box of the channels'
    /// extents reaches; that box alone for `minmax`. They are at least as far apart as a hundredth of the
    /// first one's, so that rounding errors do not look like a third component.
    pub fn basis(&self, limits: Limits) -> Basis {
        let c = self.mean.len();
        let over = self.count.max(1.0);
        let covariance: Vec<f64> = self.products.iter().map(|p| p / over).collect();
        let (values, vectors) = eigen(covariance, c);
        let all: f64 = values.iter().sum();
        let shown = c.min(MOST);
        let bounds = (0..shown).map(|k| self.bounds(&vectors[k], values[k].max(0.0), limits));
        let mut bounds: Vec<Bounds> = bounds.collect();
        let least = NEGLIGIBLE * (bounds[0].high - bounds[0].low);
        for bounds in &mut bounds {
            let missing = (least - (bounds.high - bounds.low)).max(0.0);
            (bounds.low, bounds.high) = (bounds.low - missing / 2.0, bounds.high + missing / 2.0);
        }
        Basis {
            bounds,
            mean: self.mean.clone(),
            shares: values[..shown].iter().map(|v| if all > 0.0 { v / all } else { 0.0 }).collect(),
            vectors: vectors.into_iter().take(shown).collect(),
        }
    }

    fn bounds(&self, vector: &[f64], variance: f64, limits: Limits) -> Bounds {
        let mut reach = Bounds { low: 0.0, high: 0.0 };
        for ((v, (low, high)), mean) in vector.iter().zip(&self.extent).zip(&self.mean) {
            let ends = [v * (low - mean), v * (high - mean)];
            reach.low += ends[0].min(ends[1]);
            reach.high += ends[0].max(ends[1]);
        }
        let at = |q: f64| (variance.sqrt() * normal_quantile(q)).clamp(reach.low, reach.high);
        match limits {
            Limits::Quantile(low, high) => Bounds { low: at(low), high: at(high) },
            Limits::MinMax => reach,
            Limits::Fixed(low, high) => Bounds { low, high },
            Limits::Symmetric(q) => Bounds { low: at(q), high: at(1.0 - q) }.symmetric(),
        }
    }

    /// As plain numbers: count; mean, least, greatest and products of each channel.
    pub fn to_numbers(&self, out: &mut Vec<f64>) {
        out.push(self.count);
        out.extend(&self.mean);
        out.extend(self.extent.iter().flat_map(|(low, high)| [low, high]));
        out.extend(&self.products);
    }

    /// Back from [`to_numbers`](Self::to_numbers) for so many channels, taken from the front.
    pub fn from_numbers(channels: usize, numbers: &mut &[f64]) -> Option<Self> {
        let mut take = |count: usize| -> Option<Vec<f64>> {
            let (mine, rest) = numbers.split_at_checked(count)?;
            *numbers = rest;
            Some(mine.to_vec())
        };
        let [count] = take(1)?[..] else { return None };
        let mean = take(channels)?;
        let extent = take(2 * channels)?.as_chunks::<2>().0.iter().map(|[a, b]| (*a, *b)).collect();
        Some(Self { count, mean, extent, products: take(channels * channels)? })
    }
}

/// Below which a share `q` of a standard normal distribution lies, by halving an interval.
fn normal_quantile(q: f64) -> f64 {
    let (mut low, mut high) = (-40.0, 40.0);
    for _ in 0..70 {
        let middle = f64::midpoint(low, high);
        let below = 0.5 * libm::erfc(-middle * std::f64::consts::FRAC_1_SQRT_2);
        if below < q { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

/// Eigenvalues and unit eigenvectors of a symmetric matrix `[n, n]`, the largest value first.
fn eigen(mut a: Vec<f64>, n: usize) -> (Vec<f64>, Vec<Vec<f64>>) {
    let mut v = vec![0.0; n * n];
    (0..n).for_each(|i| v[i * n + i] = 1.0);
    for _ in 0..SWEEPS {
        for p in 0..n {
            for q in p + 1..n {
                if a[p * n + q] != 0.0 {
                    rotate(&mut a, &mut v, n, (p, q));
                }
            }
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|i, j| a[j * n + j].total_cmp(&a[i * n + i]));
    let vectors = order.iter().map(|k| {
        let column: Vec<f64> = (0..n).map(|i| v[i * n + k]).collect();
        let largest =
            column.iter().copied().fold(0.0, |m: f64, x| if x.abs() > m.abs() { x } else { m });
        let sign = if largest < 0.0 { -1.0 } else { 1.0 };
        column.into_iter().map(|x| sign * x).collect()
    });
    (order.iter().map(|k| a[k * n + k]).collect(), vectors.collect())
}

/// The rotation in the plane of `p` and `q` that makes their element zero.
fn rotate(a: &mut [f64], v: &mut [f64], n: usize, (p, q): (usize, usize)) {
    let theta = (a[q * n + q] - a[p * n + p]) / (2.0 * a[p * n + q]);
    let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
    let cos = 1.0 / (t * t + 1.0).sqrt();
    let sin = t * cos;
    for k in 0..n {
        let (x, y) = (a[k * n + p], a[k * n + q]);
        (a[k * n + p], a[k * n + q]) = (cos * x - sin * y, sin * x + cos * y);
    }
    for k in 0..n {
        let (x, y) = (a[p * n + k], a[q * n + k]);
        (a[p * n + k], a[q * n + k]) = (cos * x - sin * y, sin * x + cos * y);
    }
    for k in 0..n {
        let (x, y) = (v[k * n + p], v[k * n + q]);
        (v[k * n + p], v[k * n + q]) = (cos * x - sin * y, sin * x + cos * y);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    /// Four channels `[4, pixels]` made of two independent ones along orthogonal directions, on an
    /// offset.
    fn field(pixels: usize) -> Vec<f32> {
        let mut draws = Stream::new(5, "components", &[]).site(0);
        let mut out = vec![0.0; 4 * pixels];
        for i in 0..pixels {
            let (a, b) = (3.0 * draws.range(-1.0, 1.0), draws.range(-1.0, 1.0));
            for (c, v) in [0.5 * a, -0.5 * a + b, 0.5 * a + b, -0.5 * a].into_iter().enumerate() {
                out[c * pixels + i] = (1000.0 + v) as f32;
            }
        }
        out
    }

    #[test]
    fn the_directions_that_were_put_in_come_out() {
        let field = field(4000);
        let mut moments = Moments::new(4);
        moments.include(&field);
        let basis = moments.basis(Limits::default());
        // Variances: a (unit vector) 9/3; b along (0, 1, 1, 0)/√2, 2/3.
        assert!((basis.shares[0] - 3.0 / (3.0 + 2.0 / 3.0)).abs() < 0.02, "{basis:?}");
        assert!(basis.shares[2].abs() < 1e-6);
        // The third is rounding errors: it stays near the middle.
        let width = |k: usize| basis.bounds[k].high - basis.bounds[k].low;
        assert!((width(2) / width(0) - NEGLIGIBLE).abs() < 1e-9, "{basis:?}");
        let half = std::f64::consts::FRAC_1_SQRT_2;
        for (found, expected) in
            basis.vectors.iter().zip([[0.5, -0.5, 0.5, -0.5], [0.0, half, half, 0.0]])
        {
            let along: f64 = found.iter().zip(expected).map(|(a, b)| a * b).sum();
            assert!((along.abs() - 1.0).abs() < 1e-3, "{found:?}");
            let largest = found.iter().max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap();
            assert!(*largest > 0.0, "{found:?}");
        }
        assert!((basis.mean[0] - 1000.0).abs() < 0.1);
    }

    #[test]
    fn parts_make_the_whole_and_numbers_read_back() {
        let all = field(300);
        let part = |from: usize, to: usize| -> Vec<f32> {
            (0..4).flat_map(|c| all[c * 300 + from..c * 300 + to].to_vec()).collect()
        };
        let (mut whole, mut parts) = (Moments::new(4), Moments::new(4));
        whole.include(&all);
        for (from, to) in [(0, 1), (1, 120), (120, 300)] {
            let mut one = Moments::new(4);
            one.include(&part(from, to));
            parts.merge(&one);
        }
        parts.merge(&Moments::new(4));
        let close = |a: &[f64], b: &[f64]| {
            let mut pairs = a.iter().zip(b);
            pairs.all(|(a, b)| (a - b).abs() <= 1e-9 * (1.0 + a.abs()))
        };
        assert!(close(&whole.products, &parts.products) && close(&whole.mean, &parts.mean));
        assert_eq!((whole.count, &whole.extent), (parts.count, &parts.extent));
        let mut numbers = Vec::new();
        parts.to_numbers(&mut numbers);
        let mut rest = numbers.as_slice();
        assert_eq!(Moments::from_numbers(4, &mut rest), Some(parts));
        assert!(rest.is_empty());
        assert_eq!(Moments::from_numbers(4, &mut &numbers[1..]), None);
    }

    #[test]
    fn pixels_with_anything_not_finite_take_no_part() {
        let mut all = field(100);
        all[7] = f32::NAN;
        all[3 * 100 + 9] = f32::INFINITY;
        let mut moments = Moments::new(4);
        moments.include(&all);
        assert_eq!(moments.count, 98.0);
        moments.include(&[f32::NAN; 4]);
        assert_eq!(moments.count, 98.0);
        let none = Moments::new(2).basis(Limits::default());
        assert_eq!((none.vectors.len(), none.shares), (2, vec![0.0; 2]));
    }

    #[test]
    fn bounds_are_normal_quantiles_within_the_box() {
        // Published: the 99 % quantile of the standard normal distribution is 2.326348.
        assert!((normal_quantile(0.99) - 2.326_347_874).abs() < 1e-8);
        assert!((normal_quantile(0.5)).abs() < 1e-12);
        assert_eq!((normal_quantile(0.0), normal_quantile(1.0)).0, -40.0);
        // Two values, ±1: a normal distribution would reach ±2.3, the box only ±1.
        let mut moments = Moments::new(1);
        moments.include(&[-1.0, 1.0, 1.0, -1.0]);
        let bounds = moments.basis(Limits::default()).bounds[0];
        assert_eq!(bounds, Bounds { low: -1.0, high: 1.0 });
    }
}
