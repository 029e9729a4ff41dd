//! One state of a trajectory, and what several categories want of it, computed once when asked.
//!
//! A channel is a field `u[i, j]` with i the row (y) and j the column (x), periodic in both; its pixel
//! is the unit of length. It does not know any feature.

use std::cell::OnceCell;

use super::measured::Outline;
use super::spectrum::{Plans, Spectra};
use super::statistics::Moments;
use super::waves::Waves;

/// The form of a trajectory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// T, states.
    pub steps: usize,
    /// C.
    pub channels: usize,
    /// H, rows.
    pub height: usize,
    /// W, columns.
    pub width: usize,
}

impl Shape {
    /// Pixels of a channel.
    pub fn area(self) -> usize {
        self.height * self.width
    }

    /// Numbers of a state.
    pub fn state(self) -> usize {
        self.channels * self.area()
    }
}

/// One state.
#[derive(Debug)]
pub struct Frame<'a> {
    shape: Shape,
    /// Position in the trajectory, from 0.
    step: usize,
    channels: Vec<Channel>,
    plans: &'a Plans,
    spectra: OnceCell<Spectra>,
}

impl<'a> Frame<'a> {
    /// A state `[C, H, W]`, number `step` of its trajectory.
    pub fn new(shape: Shape, step: usize, values: &[f32], plans: &'a Plans) -> Self {
        assert_eq!(values.len(), shape.state(), "a state has C × H × W numbers");
        let channels =
            values.chunks_exact(shape.area()).map(|field| Channel::new(shape, field)).collect();
        Self { shape, step, channels, plans, spectra: OnceCell::new() }
    }

    /// The form of the trajectory.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Position in the trajectory, from 0.
    pub fn step(&self) -> usize {
        self.step
    }

    /// The channels, in order.
    pub fn channels(&self) -> &[Channel] {
        &self.channels
    }

    /// Whether all numbers are finite.
    pub fn is_finite(&self) -> bool {
        self.channels.iter().all(|channel| channel.finite)
    }

    /// The Fourier transforms of all channels; zero where one is not finite.
    pub fn spectra(&self) -> &Spectra {
        self.spectra.get_or_init(|| Spectra::new(&self.channels, self.plans))
    }

    /// The wave vectors of its transforms.
    pub fn waves(&self) -> &Waves {
        self.plans.waves()
    }

    /// The autocovariance of each channel, `[W, H]`; see [`Spectra::autocovariances`].
    pub fn autocovariances(&self) -> Vec<Vec<f64>> {
        self.spectra().autocovariances(self.plans)
    }
}

/// One channel of a state.
#[derive(Debug)]
pub struct Channel {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// `[H, W]`.
    pub values: Vec<f64>,
    /// Whether all numbers are finite.
    pub finite: bool,
    moments: OnceCell<Moments>,
    sorted: OnceCell<Vec<f64>>,
    central: OnceCell<[Vec<f64>; 2]>,
}

impl Channel {
    fn new(shape: Shape, field: &[f32]) -> Self {
        Self::of(shape.height, shape.width, field.iter().map(|v| f64::from(*v)).collect())
    }

    /// A field `[H, W]` that was computed.
    pub fn of(height: usize, width: usize, values: Vec<f64>) -> Self {
        let finite = values.iter().all(|v| v.is_finite());
        let (moments, sorted, central) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        Self { height, width, values, finite, moments, sorted, central }
    }

    /// Mean and central moments.
    pub fn moments(&self) -> &Moments {
        self.moments.get_or_init(|| Moments::of(&self.values))
    }

    /// What every category wants to know of it.
    pub fn outline(&self) -> Outline {
        let constant = self.is_constant();
        Outline { finite: self.finite, constant, moments: *self.moments() }
    }

    /// The values in ascending order.
    pub fn sorted(&self) -> &[f64] {
        self.sorted.get_or_init(|| {
            let mut sorted = self.values.clone();
            sorted.sort_unstable_by(f64::total_cmp);
            sorted
        })
    }

    /// Whether all values are equal.
    pub fn is_constant(&self) -> bool {
        self.values.iter().all(|v| *v == self.values[0])
    }

    /// Central differences along x and y, periodic: `(u[i, j+1] − u[i, j−1])/2` and
    /// `(u[i+1, j] − u[i−1, j])/2`.
    pub fn central(&self) -> &[Vec<f64>; 2] {
        self.central.get_or_init(|| {
            let along = |dx: usize, dy: usize| {
                let (ahead, behind) =
                    (self.shifted(dx, dy), self.shifted(self.width - dx, self.height - dy));
                ahead.zip(behind).map(|(a, b)| 0.5 * (a - b)).collect()
            };
            [along(1, 0), along(0, 1)]
        })
    }

    /// Forward differences along x and y, periodic: `u[i, j+1] − u[i, j]` and `u[i+1, j] − u[i, j]`.
    pub fn forward(&self) -> [Vec<f64>; 2] {
        let along =
            |dx, dy| self.shifted(dx, dy).zip(&self.values).map(|(a, b)| a - b).collect::<Vec<_>>();
        [along(1, 0), along(0, 1)]
    }

    /// The five-point Laplacian, periodic, per square pixel.
    pub fn laplacian(&self) -> Vec<f64> {
        let (h, w) = (self.height, self.width);
        let across = self.shifted(1, 0).zip(self.shifted(w - 1, 0));
        let down = self.shifted(0, 1).zip(self.shifted(0, h - 1));
        across
            .zip(down)
            .zip(&self.values)
            .map(|(((right, left), (below, above)), here)| {
                right + left + below + above - 4.0 * here
            })
            .collect()
    }

    /// `u[i + dy, j + dx]` for every pixel, row by row, periodic.
    pub fn shifted(&self, dx: usize, dy: usize) -> impl Iterator<Item = f64> {
        let (h, w) = (self.height, self.width);
        let (dx, dy) = (dx % w, dy % h);
        (0..h).flat_map(move |i| {
            let row = &self.values[(i + dy) % h * w..][..w];
            row[dx..].iter().chain(&row[..dx]).copied()
        })
    }
}
