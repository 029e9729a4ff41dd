//! The series of the channels of a trajectory, and numbers of pairs of them.

use super::NUMBERS;
use crate::features::reduce::Aggregation;
use crate::features::series::Series;
use crate::features::{Definitions, Shape, Undefined, Value};

/// What is known of a channel over time.
pub(super) struct Seen {
    /// Pixels.
    pub area: f64,
    /// Whether all states were finite.
    pub finite: bool,
    /// y.
    pub mean: Vec<f64>,
    /// Variance of the field with divisor n.
    pub variance: Vec<f64>,
    /// `[xx, xy, yy]`: means of products of central differences.
    pub tensor: Vec<[f64; 3]>,
    /// Means of the state before times the central differences.
    pub onward: Vec<[f64; 2]>,
    /// The size of the states, √(max mean u²).
    pub size: f64,
}

impl Seen {
    pub fn of(series: &Series<NUMBERS>, channel: usize, shape: Shape) -> Self {
        let [mean, energy, variance, xx, xy, yy, x, y] =
            std::array::from_fn(|which| series.of(channel, shape.channels, which));
        let finite = mean.iter().all(|v| v.is_finite());
        let size = energy.iter().copied().fold(0.0, f64::max).sqrt();
        let tensor = (0..mean.len()).map(|t| [xx[t], xy[t], yy[t]]).collect();
        let onward = (0..mean.len()).map(|t| [x[t], y[t]]).collect();
        Self { area: shape.area() as f64, finite, mean, variance, tensor, onward, size }
    }

    /// Number of states.
    pub fn steps(&self) -> usize {
        self.mean.len()
    }
}

/// A number for each ordered pair of different channels.
pub(super) struct Directed {
    channels: usize,
    /// `[C, C]`, the diagonal unused.
    values: Vec<Value>,
}

impl Directed {
    /// `f(i, j)` is the number of `i → j`; it is asked for finite channels only.
    pub fn new(seen: &[Seen], f: impl Fn(&Seen, &Seen) -> Value) -> Self {
        let pairs = seen.iter().flat_map(|i| seen.iter().map(move |j| (i, j)));
        let value = |(i, j): (&Seen, &Seen)| {
            if i.finite && j.finite { f(i, j) } else { Err(Undefined::NonFinite) }
        };
        let values = pairs.map(|(i, j)| if std::ptr::eq(i, j) { Ok(0.0) } else { value((i, j)) });
        Self { channels: seen.len(), values: values.collect() }
    }

    pub fn at(&self, i: usize, j: usize) -> Value {
        self.values[i * self.channels + j]
    }

    /// All numbers.
    pub fn all(&self) -> Vec<Value> {
        let n = self.channels;
        (0..n * n).filter(|k| k / n != k % n).map(|k| self.values[k]).collect()
    }

    /// `i → j` less `j → i` for i < j, in size.
    pub fn asymmetries(&self) -> Vec<Value> {
        let pairs = (0..self.channels).flat_map(|j| (0..j).map(move |i| (i, j)));
        pairs.map(|(i, j)| Ok((self.at(i, j)? - self.at(j, i)?).abs())).collect()
    }
}

/// The means of two numbers of each channel, asked for finite channels only; what stands in the way of
/// both is an error.
pub(super) fn over_channels(
    seen: &[Seen],
    definitions: Definitions,
    f: impl Fn(&Seen) -> Result<[Value; 2], Undefined>,
) -> [Value; 2] {
    let of = |u: &Seen| if u.finite { f(u) } else { Err(Undefined::NonFinite) };
    let rows: Vec<[Value; 2]> =
        seen.iter().map(|u| of(u).unwrap_or_else(|reason| [Err(reason); 2])).collect();
    [0, 1].map(|k| {
        let column: Vec<Value> = rows.iter().map(|row| row[k]).collect();
        Aggregation::Mean.of(&column, definitions)
    })
}
