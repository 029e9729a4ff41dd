//! A unit of computing: one operator, one segment of steps, blocks of realizations.
//!
//! A launch always has the same shapes: one realization on the CPU, a whole block on CUDA, filled up
//! where the block is short and cut after it. So realization `m` has the same bytes for any number of
//! realizations, any blocks and any segments.

use std::ops::Range;

use crate::error::Result;
use crate::mark::{self, Doing};
use crate::operator::Operator;
use crate::operator::metrics::{METRICS, collapse};
use crate::operator::rollout::{Precision, Rollout};

use super::account::{Part, done};
use super::batch::{self, Means};
use super::device::Device;
use super::dynamics::{self, Dynamics};
use super::network::{Moment, Network};
use super::state;

/// What to compute.
#[derive(Debug, Clone)]
pub struct Unit<'a> {
    /// The operator.
    pub operator: &'a Operator,
    /// The experiment seed.
    pub seed: u64,
    /// Post-processing and the limit.
    pub rollout: &'a Rollout,
    /// T: 1 is one application of the operator to the input; from 2 on, T states of which the
    /// first is the input after post-processing.
    pub num_timesteps: u32,
    /// The stored states of this segment; within `0..T`.
    pub steps: Range<u32>,
    /// Where it starts.
    pub start: Start<'a>,
    /// Of the convolutions.
    pub precision: Precision,
    /// Whether states are stored as float16: metrics read them so, and 65,504 is a limit.
    pub stored_f16: bool,
    /// Whether the states are wanted, and not only the last.
    pub states: bool,
    /// Whether metrics are computed.
    pub metrics: bool,
    /// Where to compute.
    pub device: Device,
    /// Realizations in a full block: the size of a launch on CUDA.
    pub realization_block: u32,
}

/// What a segment starts from.
#[derive(Debug, Clone, Copy)]
pub enum Start<'a> {
    /// The input `[C,H,W]`, for a segment that begins at state 0.
    Input(&'a [f32]),
    /// The state before the segment's first, of all realizations of all blocks in order.
    State {
        /// `[B,C,H,W]`, the end states of the segment before.
        states: &'a [f32],
        /// Their codes.
        status: &'a [u8],
    },
}

/// What one block of realizations gives; B realizations, S states.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// `[B,S,C,H,W]`, float32: not yet in the storage type; empty if not asked for.
    pub states: Vec<f32>,
    /// `[B,C,H,W]`, the last state: what the next segment starts from.
    pub end: Vec<f32>,
    /// `[B]`, the code of the last state.
    pub status: Vec<u8>,
    /// `[B,S]`, the code of every state.
    pub valid: Vec<u8>,
    /// `[5,B,S]`, in the order of [`METRICS`]; NaN where there is no finite state within the
    /// limit; empty if not asked for.
    pub metrics: Vec<f32>,
    /// Of the operator itself, with the block of realization 0 in the segment of state 0: there is
    /// one such block for every operator, whatever is added later.
    pub dynamics: Option<Dynamics>,
}

/// Computes `blocks` of realizations of one operator. They share what comes before the first random
/// number of the first application.
///
/// The state in which a realization diverges is kept as it is; later ones are NaN with its code.
///
/// # Errors
/// If libtorch refuses, which in practice means memory ([`super::is_out_of_memory`]).
///
/// # Panics
/// If the start does not fit the segment: an input for one that begins later, or states and codes
/// of another number of realizations.
pub fn run_blocks(unit: &Unit, blocks: &[Range<u32>]) -> Result<Vec<Outcome>> {
    if unit.device != Device::Cpu {
        return batch::run_blocks(unit, blocks, Means::of(unit)?);
    }
    let mut network = Network::new(unit.seed, unit.operator, unit.device, unit.precision)?;
    run_blocks_on(&mut network, unit, blocks)
}

/// [`run_blocks`] on the host, by a network of one's choice.
///
/// # Errors
/// As [`run_blocks`].
///
/// # Panics
/// As [`run_blocks`].
pub fn run_blocks_on(
    network: &mut Network,
    unit: &Unit,
    blocks: &[Range<u32>],
) -> Result<Vec<Outcome>> {
    let size = state_size(unit.operator);
    let mut runs = Vec::with_capacity(blocks.len());
    match unit.start {
        Start::Input(input) => {
            assert_eq!((unit.steps.start, input.len()), (0, size), "an input starts at state 0");
            let once = unit.num_timesteps == 1;
            let mut first = input.to_vec();
            if !once {
                state::post_process(unit.rollout, pixels(unit.operator), &mut first);
            }
            let measured = blocks.iter().any(|block| block.start == 0);
            if once || measured || unit.steps.end > 1 && !state::is_terminal(unit.code(&first)) {
                network.prefix(&first)?;
            }
            let noise_free = if measured { Some(network.noise_free()?) } else { None };
            // The first application of every block comes before any second one: it reads the prefix.
            for block in blocks {
                let mut run = Run::new(unit, block.clone());
                run.current = first.repeat(block.len());
                if once {
                    let output = run.output(network, 0, true)?;
                    run.record(output);
                } else {
                    run.record(run.current.clone());
                    if unit.steps.end > 1 {
                        let output = run.output(network, 0, true)?;
                        run.advance(output);
                    }
                }
                runs.push(run);
            }
            if let Some(output) = noise_free {
                let dynamics = measure(unit, &first, output, |state| {
                    network.prefix(state)?;
                    network.noise_free()
                })?;
                let of_first = runs.iter_mut().filter(|run| run.block.start == 0);
                of_first.for_each(|run| run.outcome.dynamics = Some(dynamics));
            }
        }
        Start::State { states, status } => {
            let mut rest = (states, status);
            for block in blocks {
                let mut run = Run::new(unit, block.clone());
                let (states, after) = rest.0.split_at(block.len() * size);
                let (status, codes) = rest.1.split_at(block.len());
                (run.current, run.status) = (states.to_vec(), status.to_vec());
                rest = (after, codes);
                runs.push(run);
            }
            assert!(rest.0.is_empty() && rest.1.is_empty(), "one start state per realization");
        }
    }
    for run in &mut runs {
        while run.stored < unit.steps.end {
            let output = run.output(network, run.stored - 1, false)?;
            run.advance(output);
        }
    }
    Ok(runs.into_iter().map(Run::finish).collect())
}

/// The [`Dynamics`] of the operator at the state that its first application takes; with one
/// application nothing is iterated. `output` is what that makes of it without noise.
pub(super) fn measure(
    unit: &Unit,
    input: &[f32],
    output: Vec<f32>,
    noise_free: impl FnMut(&[f32]) -> Result<Vec<f32>>,
) -> Result<Dynamics> {
    let gain = dynamics::gain(input, &output);
    let collapsed = if unit.num_timesteps == 1 {
        collapse::NOT_MEASURED
    } else {
        dynamics::collapses(input, output, pixels(unit.operator), noise_free)?
    };
    Ok(Dynamics { gain, collapsed })
}

fn pixels(operator: &Operator) -> usize {
    (operator.grid as usize).pow(2)
}

fn state_size(operator: &Operator) -> usize {
    operator.architecture.channels as usize * pixels(operator)
}

impl Unit<'_> {
    /// Pixels of a plane.
    pub(super) fn pixels(&self) -> usize {
        pixels(self.operator)
    }

    /// Values of a state.
    pub(super) fn state_size(&self) -> usize {
        state_size(self.operator)
    }

    /// An outcome of `count` realizations in which nothing is entered yet.
    pub(super) fn outcome(&self, count: usize) -> Outcome {
        let steps = self.steps.len();
        let metrics = if self.metrics { METRICS.len() * count * steps } else { 0 };
        let states = if self.states { count * steps * self.state_size() } else { 0 };
        Outcome {
            states: vec![f32::NAN; states],
            end: vec![f32::NAN; count * self.state_size()],
            status: vec![state::OK; count],
            valid: vec![state::OK; count * steps],
            metrics: vec![f32::NAN; metrics],
            dynamics: None,
        }
    }

    /// The code of a state.
    pub(super) fn code(&self, state: &[f32]) -> u8 {
        state::check(self.rollout, self.stored_f16, pixels(self.operator), state)
    }
}

/// One block on its way.
struct Run<'a> {
    unit: &'a Unit<'a>,
    block: Range<u32>,
    /// Global index of the next state to store.
    stored: u32,
    /// `[B,C,H,W]`.
    current: Vec<f32>,
    status: Vec<u8>,
    outcome: Outcome,
}

impl<'a> Run<'a> {
    fn new(unit: &'a Unit<'a>, block: Range<u32>) -> Self {
        let count = block.len();
        let outcome = unit.outcome(count);
        let status = vec![state::OK; count];
        Self { unit, block, stored: unit.steps.start, current: Vec::new(), status, outcome }
    }

    /// `O(x)` of every realization at application `step`: from its own state, or from the prefix that
    /// the network has run for all. A short launch is filled up and cut.
    fn output(&self, network: &mut Network, step: u32, shared: bool) -> Result<Vec<f32>> {
        let at = Moment { step, num_timesteps: self.unit.num_timesteps };
        let size = state_size(self.unit.operator);
        let launch = network.launch().unwrap_or(self.unit.realization_block as usize).max(1);
        let mut output = Vec::with_capacity(self.current.len());
        for (index, status) in self.status.chunks(launch).enumerate() {
            let first = index * launch;
            let current = &self.current[first * size..(first + status.len()) * size];
            if status.iter().all(|&code| state::is_terminal(code)) {
                output.extend_from_slice(current);
                continue;
            }
            let realizations: Vec<u32> = (self.block.start + first as u32..).take(launch).collect();
            let part = if shared {
                network.suffix(at, &realizations)?
            } else {
                let mut states = current.to_vec();
                states.resize(launch * size, 0.0);
                network.apply(&states, at, &realizations)?
            };
            output.extend_from_slice(&part[..current.len()]);
        }
        Ok(output)
    }

    /// From the operator's output to the next state, and stores it.
    fn advance(&mut self, mut output: Vec<f32>) {
        let operator = self.unit.operator;
        let size = state_size(operator);
        for (old, new) in self.current.chunks_exact(size).zip(output.chunks_exact_mut(size)) {
            state::update(operator.policy, old, new);
            state::post_process(self.unit.rollout, pixels(operator), new);
        }
        self.record(output);
    }

    /// Stores `states` as the next ones: codes, metrics, and NaN after divergence.
    fn record(&mut self, mut states: Vec<f32>) {
        let unit = self.unit;
        let size = state_size(unit.operator);
        let (count, steps) = (self.block.len(), unit.steps.len());
        let column = (self.stored - unit.steps.start) as usize;
        for (b, new) in states.chunks_exact_mut(size).enumerate() {
            let row = b * steps + column;
            if state::is_terminal(self.status[b]) {
                new.fill(f32::NAN);
            } else {
                self.status[b] = unit.code(new);
                if unit.states {
                    self.outcome.states[row * size..(row + 1) * size].copy_from_slice(new);
                }
                if unit.metrics && !state::is_terminal(self.status[b]) {
                    let old = (self.stored > 0).then(|| &self.current[b * size..(b + 1) * size]);
                    let old = old.map(|old| state::as_stored(old, unit.stored_f16));
                    let values =
                        state::metrics(&state::as_stored(new, unit.stored_f16), old.as_deref());
                    for (metric, value) in values.into_iter().enumerate() {
                        self.outcome.metrics[(metric * count + b) * steps + column] = value;
                    }
                }
            }
            self.outcome.valid[row] = self.status[b];
        }
        self.current = states;
        self.stored += 1;
        mark::at(Doing::Step, self.stored.into(), unit.num_timesteps.into());
        done(Part::State);
    }

    fn finish(self) -> Outcome {
        Outcome { end: self.current, status: self.status, ..self.outcome }
    }
}
