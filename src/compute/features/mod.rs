//! Features of states by batched tensor operations: what [`crate::features`] measures of one state after
//! the other on a processor, measured of all states of a unit at once on a device.
//!
//! A file for each category measures what [`Measured`] holds of it, under `standard`, in float64; the
//! extractors of [`crate::features`] go on from these numbers, which are all that comes to the host, once
//! for each slice. `temporal` needs nothing beyond the outlines of channels. What is done with a few
//! numbers of a state, or with series of them, stays on the host: eigenvalues of correlation matrices,
//! QR steps on bidiagonal ones, searches along series.
//!
//! A slice is some consecutive states of all realizations, as many as its temporaries fit 1 GiB; shapes
//! alone decide. Sums run in an order that shapes decide too: no additions into places but of whole
//! numbers.

mod batch;
mod causality;
mod cross_channel;
mod grid;
mod invariant_drift;
mod singular;
mod spatial;
mod spectral;

use std::borrow::Cow;

use rayon::prelude::*;
use tch::{Kind, TchError, Tensor};

use self::batch::Batch;
use self::grid::Grid;
use super::device::Device;
use super::torch;
use crate::error::Result;
use crate::features::measured::Outline;
use crate::features::statistics::Moments;
use crate::features::table::Extraction;
use crate::features::{Category, Measured, Past, Settings, Shape};

type Torch<T = Tensor> = std::result::Result<T, TchError>;

/// Bytes of temporaries of a slice.
const SLICE: usize = 1 << 30;

/// How a category measures: with tables on the device.
trait Look {
    /// Its numbers of each state, `[N, K]`, float64.
    fn numbers(&self, batch: &Batch<'_>) -> Torch;
}

/// How its numbers are read: with nothing but memory of the host, so that states go side by side.
trait Read: Sync {
    /// Takes the numbers of one state, whose channels are known already.
    fn enter(&self, numbers: &mut Numbers<'_>, into: &mut Measured);
}

/// Measures states of one form for some categories on one device.
pub struct Measurer {
    grid: Grid,
    looks: Vec<Box<dyn Look>>,
    readers: Vec<Box<dyn Read>>,
}

impl std::fmt::Debug for Measurer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Measurer({:?})", self.grid.shape)
    }
}

impl Measurer {
    /// Prepares tables on the device.
    ///
    /// # Errors
    /// If libtorch refuses.
    ///
    /// # Panics
    /// Under `compat`, and for a category without a file here.
    pub fn new(
        categories: &[&'static dyn Category],
        settings: &Settings,
        shape: Shape,
        device: Device,
    ) -> Result<Self> {
        assert!(!settings.compat(), "measurements are those of `standard`");
        let grid = torch(Grid::new(shape, device.torch()))?;
        let mut looks: Vec<Box<dyn Look>> = Vec::new();
        let mut readers: Vec<Box<dyn Read>> = Vec::new();
        for category in categories {
            match category.name() {
                "spatial" => {
                    let (look, reader) = torch(spatial::prepare(&grid, settings))?;
                    looks.push(Box::new(look));
                    readers.push(Box::new(reader));
                }
                "spectral" => {
                    let (look, reader) = torch(spectral::prepare(&grid, settings))?;
                    looks.push(Box::new(look));
                    readers.push(Box::new(reader));
                }
                "cross_channel" => {
                    let (look, reader) = torch(cross_channel::prepare(&grid, settings))?;
                    looks.push(Box::new(look));
                    readers.push(Box::new(reader));
                }
                "temporal" => {}
                "causality" => {
                    looks.push(Box::new(causality::Causality));
                    readers.push(Box::new(causality::Causality));
                }
                "invariant_drift" => {
                    let (look, reader) = torch(invariant_drift::prepare(&grid, settings))?;
                    looks.push(Box::new(look));
                    readers.push(Box::new(reader));
                }
                other => panic!("`{other}` is not measured on a device"),
            }
        }
        Ok(Self { grid, looks, readers })
    }

    /// Shows the next `steps` states of each realization to its extraction, of which all have seen the same
    /// number of states. `state` gives state t of realization m, `[C, H, W]` as stored.
    ///
    /// # Errors
    /// If libtorch refuses.
    pub fn look<'s>(
        &self,
        extractions: &mut [Extraction],
        steps: usize,
        state: impl Fn(usize, usize) -> Cow<'s, [f32]>,
    ) -> Result<()> {
        let (shape, count) = (self.grid.shape, extractions.len());
        let slice = slice(shape, count);
        let mut states = Vec::with_capacity(count * slice.min(steps) * shape.state());
        for from in (0..steps).step_by(slice) {
            let length = slice.min(steps - from);
            states.clear();
            for m in 0..count {
                (from..from + length).for_each(|t| states.extend_from_slice(&state(m, t)));
            }
            let pasts: Vec<Past> = extractions.iter().map(Extraction::past).collect();
            let measured = self.measure(&states, &pasts)?;
            let trajectories =
                measured.par_chunks(length).zip(states.par_chunks(length * shape.state()));
            extractions.par_iter_mut().zip(trajectories).for_each(
                |(extraction, (measured, states))| {
                    let last = &states[(length - 1) * shape.state()..];
                    extraction.measured(measured, last);
                },
            );
        }
        Ok(())
    }

    /// What [`Measured`] holds of each of the states `[M', T', C, H, W]`, realization by realization, with
    /// what was before the first state of each.
    fn measure(&self, states: &[f32], pasts: &[Past]) -> Result<Vec<Measured>> {
        let (numbers, columns) = torch(self.numbers(states, pasts))?;
        let (shape, readers) = (self.grid.shape, &self.readers);
        Ok(numbers.par_chunks_exact(columns).map(|row| read(shape, readers, row)).collect())
    }

    /// All numbers, `[N, K]`, and K.
    fn numbers(&self, states: &[f32], pasts: &[Past]) -> Torch<(Vec<f64>, usize)> {
        let states = Tensor::f_from_slice(states)?.f_to_device(self.grid.device)?;
        let batch = Batch::new(&self.grid, &states, pasts)?;
        drop(states);
        let mut parts = vec![outlines(&batch)?];
        for look in &self.looks {
            parts.push(look.numbers(&batch)?);
        }
        let all = Tensor::f_cat(&parts, 1)?.f_to_device(tch::Device::Cpu)?;
        let columns = all.size()[1] as usize;
        let mut numbers = vec![0.0; all.numel()];
        let length = numbers.len();
        all.f_copy_data(&mut numbers, length)?;
        Ok((numbers, columns))
    }
}

/// The numbers of one state.
fn read(shape: Shape, readers: &[Box<dyn Read>], row: &[f64]) -> Measured {
    let mut numbers = Numbers(row);
    let channels = (0..shape.channels)
        .map(|_| {
            let [finite, constant] = numbers.take();
            let (finite, constant) = (finite == 1.0, constant == 1.0);
            Outline { finite, constant, moments: numbers.moments(shape.area()) }
        })
        .collect();
    let mut measured = Measured { channels, ..Measured::default() };
    for reader in readers {
        reader.enter(&mut numbers, &mut measured);
    }
    assert!(numbers.0.is_empty(), "every number is of a category");
    measured
}

/// States of each realization in a slice: by bytes of temporaries, 400 for each number of a state and 64
/// more for each of its pairs and triples of channels.
fn slice(shape: Shape, realizations: usize) -> usize {
    let c = shape.channels;
    let pairs = c * (c + 1) / 2;
    let triples = if c <= 16 { c * c.saturating_sub(1) * c.saturating_sub(2) / 6 } else { 0 };
    let state = shape.area() * (400 * c + 64 * (pairs + triples));
    (SLICE / (state * realizations.max(1))).max(1)
}

/// `[N, C · 6]`: whether finite, whether constant, mean and central moments of each channel.
fn outlines(batch: &Batch<'_>) -> Torch {
    let [mean, second, third, fourth] = &batch.moments;
    columns(&[&batch.finite, &batch.constant, mean, second, third, fourth])
}

/// Numbers of each channel `[N, C]` side by side: `[N, C · K]`, those of a channel together.
fn columns(parts: &[&Tensor]) -> Torch {
    let wide: Vec<Tensor> =
        parts.iter().map(|t| t.f_to_kind(Kind::Double)).collect::<Torch<_>>()?;
    Tensor::f_stack(&wide, 2)?.f_flatten(1, 2)
}

/// Mean over the last axis.
fn mean(values: &Tensor, keep: bool) -> Torch {
    let count = values.size()[values.dim() - 1] as f64;
    sum(values, keep)?.f_div_scalar(count)
}

/// Sum over the last axis.
fn sum(values: &Tensor, keep: bool) -> Torch {
    values.f_sum_dim_intlist([-1_i64].as_slice(), keep, Kind::Double)
}

/// A kept last axis of one number taken away.
fn pixels(values: &Tensor) -> Torch {
    values.f_squeeze_dim(-1)
}

/// The numbers of one state, read from the first to the last.
struct Numbers<'a>(&'a [f64]);

impl Numbers<'_> {
    /// The next ones.
    fn list(&mut self, count: usize) -> Vec<f64> {
        let (own, rest) = self.0.split_at(count);
        self.0 = rest;
        own.to_vec()
    }

    /// The next ones, of a fixed number.
    fn take<const K: usize>(&mut self) -> [f64; K] {
        let (own, rest) = self.0.split_first_chunk().expect("as many as were written");
        self.0 = rest;
        *own
    }

    /// Mean and second to fourth central moment.
    fn moments(&mut self, count: usize) -> Moments {
        let [mean, second, third, fourth] = self.take();
        Moments { count, mean, central: [second, third, fourth] }
    }
}
