//! One operator, ready to be applied: its program of stages, run by a backend.
//!
//! The stages before the first random number (the prefix) can run once and the rest (the suffix) any
//! number of times. What a realization is given depends on (step, realization) alone.

use crate::error::Result;
use crate::operator::layers::Stack;
use crate::operator::rollout::Precision;
use crate::operator::step::Conv;
use crate::operator::{NoiseLaw, NoiseLocation, Operator};

use super::account::{Part, done};
use super::device::Device;
use super::fused::Fused;
use super::noise::{Cholesky, Perturbation, Source, site};
use super::ops::Ops;
use super::program::{Stage, program, spent};
use super::random::Place;
use super::weights::draw;

/// One convolution with its values.
#[derive(Debug, Clone)]
pub struct Convolution {
    /// Input channels.
    pub inputs: usize,
    /// Output channels.
    pub outputs: usize,
    /// Kernel side, odd.
    pub kernel: usize,
    /// 1, or 2 to halve the side.
    pub stride: usize,
    /// Side of the grid of its result.
    pub side: usize,
    /// `[outputs, inputs, kernel, kernel]`.
    pub weight: Vec<f32>,
    /// `[outputs]`.
    pub bias: Option<Vec<f32>>,
}

/// What runs stages: it owns the slots.
pub trait Backend {
    /// Fills slot 0 with states `[B][C][n·n]`.
    fn load(&mut self, states: &[f32]) -> Result<()>;
    /// Runs stage `index`. `perturbations` has one entry per realization for a random stage and is
    /// empty for the others.
    fn run(&mut self, index: usize, stage: Stage, perturbations: &[Perturbation]) -> Result<()>;
    /// Lets go of a slot that nothing reads any more.
    fn release(&mut self, slot: usize);
    /// The result of the output stage, `[B][C][n·n]`; B is 1 if nothing random came before.
    fn output(&mut self) -> Result<Vec<f32>>;
    /// States that one launch takes, `None` for any number.
    fn launch(&self) -> Option<usize>;
}

/// When an application happens: fixes its random numbers and the scale of its noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Index of the application, from 0.
    pub step: u32,
    /// T, the horizon.
    pub num_timesteps: u32,
}

/// One operator, ready to be applied.
pub struct Network {
    operator: Operator,
    stages: Vec<Stage>,
    /// Stages before the first random one.
    prefix: usize,
    /// Slots that nothing reads after each stage.
    spent: Vec<Vec<usize>>,
    source: Source,
    /// Set if Gaussian noise on the features is drawn behind the output layer.
    factor: Option<Cholesky>,
    backend: Box<dyn Backend>,
}

impl Network {
    /// Draws the weights of `operator` and prepares them on `device`. On the CPU, float32 runs in
    /// fused passes; half precisions and CUDA run as tensor operations. [`Precision::Auto`] is
    /// float16 on CUDA and float32 on the CPU.
    pub fn new(
        seed: u64,
        operator: &Operator,
        device: Device,
        precision: Precision,
    ) -> Result<Self> {
        if device != Device::Cpu || !matches!(precision, Precision::Auto | Precision::Float32) {
            return Self::as_tensor_operations(seed, operator, device, precision);
        }
        let convs = convolutions(seed, operator);
        let backend = Box::new(Fused::new(operator, &convs)?);
        Ok(Self::with_backend(seed, operator, &convs, backend))
    }

    /// The network as plain tensor operations, which is what the fused passes must agree with.
    pub fn as_tensor_operations(
        seed: u64,
        operator: &Operator,
        device: Device,
        precision: Precision,
    ) -> Result<Self> {
        let convs = convolutions(seed, operator);
        let backend = Box::new(Ops::new(operator, &convs, device, precision)?);
        Ok(Self::with_backend(seed, operator, &convs, backend))
    }

    fn with_backend(
        seed: u64,
        operator: &Operator,
        convs: &[Convolution],
        backend: Box<dyn Backend>,
    ) -> Self {
        let factor = projection(operator, convs);
        let stages = program(operator, factor.is_some());
        let prefix = stages.iter().position(|stage| stage.is_random()).unwrap_or(stages.len());
        let spent = spent(&stages, prefix);
        let source = Source::new(seed, operator);
        done(Part::Weights);
        Self { operator: *operator, stages, prefix, spent, source, factor, backend }
    }

    /// States that one launch takes, `None` for any number.
    pub fn launch(&self) -> Option<usize> {
        self.backend.launch()
    }

    /// `O(x)` for each state of `states` `[B][C][n·n]`, one realization each.
    pub fn apply(&mut self, states: &[f32], at: Moment, realizations: &[u32]) -> Result<Vec<f32>> {
        self.prefix(states)?;
        self.suffix(at, realizations)
    }

    /// Everything before the first random number, on states `[B][C][n·n]` (B = 1 to share it).
    pub fn prefix(&mut self, states: &[f32]) -> Result<()> {
        self.backend.load(states)?;
        done(Part::Other);
        for index in 0..self.prefix {
            self.run(index, &[])?;
        }
        Ok(())
    }

    fn run(&mut self, index: usize, perturbations: &[Perturbation]) -> Result<()> {
        self.backend.run(index, self.stages[index], perturbations)?;
        done(self.stages[index].part());
        for &slot in &self.spent[index] {
            self.backend.release(slot);
        }
        Ok(())
    }

    /// `O(x)` without noise and dropout, from the slots that [`Network::prefix`] left for one state:
    /// `[C][n·n]`. If nothing random comes before the end of the output layer, it is there already.
    pub fn noise_free(&mut self) -> Result<Vec<f32>> {
        for index in self.prefix..self.stages.len() {
            let stage = self.stages[index];
            let nothing = match stage {
                Stage::Noise { channels, .. } | Stage::Dropout { channels, .. } => {
                    vec![Perturbation::Gains(vec![1.0; channels])]
                }
                _ => Vec::new(),
            };
            self.run(index, &nothing)?;
        }
        self.backend.output()
    }

    /// The rest, from the slots that [`Network::prefix`] left: `[B][C][n·n]` with B the number of
    /// realizations.
    pub fn suffix(&mut self, at: Moment, realizations: &[u32]) -> Result<Vec<f32>> {
        let scale = self.operator.noise_scale(at.step, at.num_timesteps);
        let place = |site, realization| Place { site, step: at.step, realization };
        for index in self.prefix..self.stages.len() {
            let stage = self.stages[index];
            let perturbations: Vec<Perturbation> = match stage {
                Stage::Noise { site, channels, side } => realizations
                    .iter()
                    .map(|&m| self.source.perturbation(place(site, m), channels, side, scale))
                    .collect(),
                Stage::Dropout { site, channels } => realizations
                    .iter()
                    .map(|&m| self.source.dropout(place(site, m), channels))
                    .collect(),
                _ => Vec::new(),
            };
            self.run(index, &perturbations)?;
        }
        let mut out = self.backend.output()?;
        done(Part::Other);
        let channels = self.operator.architecture.channels as usize;
        let side = self.operator.grid as usize;
        let state = channels * side.pow(2);
        if out.len() == state && realizations.len() > 1 {
            out = out.repeat(realizations.len());
        }
        let behind = self.operator.noise.is_some_and(|n| n.location == NoiseLocation::Output);
        for (planes, &m) in out.chunks_exact_mut(state).zip(realizations) {
            if let Some(factor) = &self.factor {
                self.source.projected(place(site::FEATURES, m), factor, scale).apply(planes);
            } else if behind {
                let at = place(site::OUTPUT, m);
                self.source.perturbation(at, channels, side, scale).apply(planes);
            }
        }
        done(Part::Noise);
        Ok(out)
    }
}

/// Set if Gaussian noise on the features is drawn behind the output layer.
pub(super) fn projection(operator: &Operator, convs: &[Convolution]) -> Option<Cholesky> {
    let noise = operator.noise?;
    let output = &convs[convs.len() - 1];
    (noise.law == NoiseLaw::Gaussian && noise.location == NoiseLocation::Features)
        .then(|| Cholesky::of_rows(&output.weight, output.outputs))
        .flatten()
}

/// The convolutions of `operator` in order of application, with their values.
pub(super) fn convolutions(seed: u64, operator: &Operator) -> Vec<Convolution> {
    let mut tensors = draw(seed, operator.index, &operator.architecture).tensors.into_iter();
    let mut values = || tensors.next().expect("every convolution has its tensors").values;
    let stack = Stack::new(&operator.architecture);
    let convolution = |conv: Conv| Convolution {
        inputs: conv.inputs as usize,
        outputs: conv.outputs as usize,
        kernel: conv.kernel as usize,
        stride: conv.stride as usize,
        side: (operator.grid >> conv.level) as usize,
        weight: values(),
        bias: conv.bias.then(&mut values),
    };
    stack.convs().map(convolution).collect()
}
