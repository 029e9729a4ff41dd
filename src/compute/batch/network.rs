//! One operator, ready to be applied to whole launches that stay on their device.

use tch::{Kind, Tensor};

use super::Means;
use super::noise::BatchSource;
use crate::compute::account::{Part, done};
use crate::compute::device::Device;
use crate::compute::network::{Backend, Moment, convolutions, projection};
use crate::compute::noise::site;
use crate::compute::ops::{Drawn, Ops};
use crate::compute::program::{Stage, program, spent};
use crate::compute::random::Place;
use crate::compute::torch;
use crate::error::Result;
use crate::operator::{NoiseLocation, Operator};

/// [`crate::compute::network::Network`] on tensors.
pub struct BatchNetwork {
    operator: Operator,
    stages: Vec<Stage>,
    prefix: usize,
    spent: Vec<Vec<usize>>,
    source: BatchSource,
    /// Columns of the factor, if Gaussian noise on the features is drawn behind the output layer.
    columns: Option<Vec<Tensor>>,
    ops: Ops,
}

impl BatchNetwork {
    /// Draws the weights of `operator` and brings them to `device` in the type `kind`.
    ///
    /// # Errors
    /// If libtorch refuses.
    pub fn new(
        seed: u64,
        operator: &Operator,
        device: Device,
        kind: Kind,
        means: Means,
    ) -> Result<Self> {
        let convs = convolutions(seed, operator);
        let factor = projection(operator, &convs);
        let stages = program(operator, factor.is_some());
        let prefix = stages.iter().position(|stage| stage.is_random()).unwrap_or(stages.len());
        let source = BatchSource::new(seed, operator, device, means.generator)?;
        let columns = factor.map(|factor| source.columns(&factor)).transpose()?;
        let ops = Ops::with_layout(operator, &convs, device, kind, means.layout)?;
        let spent = spent(&stages, prefix);
        done(Part::Weights);
        Ok(Self { operator: *operator, stages, prefix, spent, source, columns, ops })
    }

    /// Everything before the first random number, on states `[B, C, n, n]` (B = 1 to share it).
    pub fn prefix(&mut self, states: &Tensor) -> Result<()> {
        self.ops.load_tensor(states)?;
        done(Part::Other);
        for index in 0..self.prefix {
            self.run(index, None)?;
        }
        Ok(())
    }

    fn run(&mut self, index: usize, drawn: Option<&Drawn>) -> Result<()> {
        self.ops.run_stage(index, self.stages[index], drawn)?;
        done(self.stages[index].part());
        for &slot in &self.spent[index] {
            self.ops.release(slot);
        }
        Ok(())
    }

    /// The rest, from what [`BatchNetwork::prefix`] left, for `rows` realizations from `first` on:
    /// `[rows, C, n, n]`.
    pub fn suffix(&mut self, at: Moment, first: u32, rows: usize) -> Result<Tensor> {
        let scale = self.operator.noise_scale(at.step, at.num_timesteps);
        let place = |site| Place { site, step: at.step, realization: first };
        for index in self.prefix..self.stages.len() {
            let drawn = match self.stages[index] {
                Stage::Noise { site, channels, side } => {
                    Some(self.source.perturbation(place(site), (rows, channels, side), scale)?)
                }
                Stage::Dropout { site, channels } => {
                    Some(self.source.dropout(place(site), (rows, channels))?)
                }
                _ => None,
            };
            self.run(index, drawn.as_ref())?;
        }
        let out = self.ops.result()?;
        done(Part::Other);
        let channels = self.operator.architecture.channels as usize;
        let behind = self.operator.noise.is_some_and(|n| n.location == NoiseLocation::Output);
        let drawn = if let Some(columns) = &self.columns {
            self.source.projected(place(site::FEATURES), rows, columns, scale)?
        } else if behind {
            let shape = (rows, channels, self.operator.grid as usize);
            self.source.perturbation(place(site::OUTPUT), shape, scale)?
        } else {
            let side = i64::from(self.operator.grid);
            return torch(out.f_expand([rows as i64, channels as i64, side, side], false));
        };
        let out = match &drawn {
            Drawn::Add(field) => torch(out.f_add(field)),
            Drawn::Multiply(field) => torch(out.f_mul(field)),
        };
        done(Part::Noise);
        out
    }

    /// `O(x)` without noise and dropout, from what [`BatchNetwork::prefix`] left for one state:
    /// `[1, C, n, n]`.
    pub fn noise_free(&mut self) -> Result<Tensor> {
        for index in self.prefix..self.stages.len() {
            let nothing = match self.stages[index] {
                Stage::Noise { channels, .. } | Stage::Dropout { channels, .. } => {
                    Some(self.source.nothing(channels)?)
                }
                _ => None,
            };
            self.run(index, nothing.as_ref())?;
        }
        self.ops.result()
    }
}
