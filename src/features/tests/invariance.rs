//! How features change with the field.

use super::{golden, rows, settings, value};
use crate::features::{Definitions, Shape};

/// A change of the states of a trajectory `(T, C, N, N)`.
#[derive(Debug)]
pub enum Change {
    /// By rows and columns, on the torus.
    Shift(usize, usize),
    /// Rows become columns.
    Transposition,
    /// By 90 degrees.
    QuarterTurn,
    /// In reverse order.
    Channels,
    /// `a u + b`.
    Affine(f64, f64),
}

impl Change {
    pub fn of(&self, shape: Shape, states: &[f32]) -> Vec<f32> {
        let (n, area) = (shape.width, shape.area());
        let from = |at: &dyn Fn(usize, usize) -> (usize, usize)| -> Vec<f32> {
            let pixel = |k: usize| {
                let (i, j) = at(k % area / n, k % n);
                states[k / area * area + i * n + j]
            };
            (0..states.len()).map(pixel).collect()
        };
        match *self {
            Change::Shift(down, across) => from(&|i, j| ((i + down) % n, (j + across) % n)),
            Change::Transposition => from(&|i, j| (j, i)),
            Change::QuarterTurn => from(&|i, j| (j, n - 1 - i)),
            Change::Channels => {
                let reversed =
                    |state: &[f32]| state.chunks(area).rev().flatten().copied().collect();
                states.chunks(shape.state()).flat_map(|s| -> Vec<f32> { reversed(s) }).collect()
            }
            Change::Affine(a, b) => states.iter().map(|v| (a * f64::from(*v) + b) as f32).collect(),
        }
    }
}

/// Checks, under `standard`, that the value of every feature of the first state (or of the trajectory) is,
/// after the change, that of the feature that `wanted` names, with what it makes of the value. Of wave
/// vectors the sign is left open where axes are exchanged: the conjugate is as good. One channel, so
/// that means over channels hide nothing, or three to exchange.
#[track_caller]
pub fn check(category: &str, change: &Change, wanted: impl Fn(&str, f64) -> (String, f64)) {
    let channels = if matches!(change, Change::Channels) { 3 } else { 1 };
    let shape = Shape { steps: 3, channels, height: 16, width: 16 };
    let turned = matches!(change, Change::Transposition | Change::QuarterTurn);
    let settings = settings(Definitions::Standard);
    // After an affine change to 32 bits, values have lost what the offset took: about 2^-24 of 100.
    let tolerance = if matches!(change, Change::Affine(..)) { 1e-4 } else { 1e-9 };
    for r in [0, 7, 19, 31, 44] {
        let states = &golden::rollout(r)[..shape.steps * shape.state()];
        let before = rows(category, &settings, shape, states);
        let after = rows(category, &settings, shape, &change.of(shape, states));
        for (name, got) in &after {
            let source = wanted(name, 0.0).0;
            match value(&before, &source) {
                Err(why) => assert_eq!(*got, Err(why), "{name} after {change:?}"),
                Ok(v) => {
                    let want = wanted(name, v).1;
                    let got = got.unwrap_or_else(|why| panic!("{name}: {}", why.name()));
                    let open = turned && name.starts_with("dominant_freq");
                    let (got, want) = if open { (got.abs(), want.abs()) } else { (got, want) };
                    let size = want.abs().max(1e-3);
                    assert!(
                        (got - want).abs() <= tolerance * size,
                        "{name} after {change:?}: {got} for {want}"
                    );
                }
            }
        }
    }
}
