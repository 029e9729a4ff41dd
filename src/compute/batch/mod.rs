//! A unit of computing that stays on its device: what [`super::rollout`] does on the host, one
//! realization after the other, as batched tensor operations on whole launches.
//!
//! States come back to the host once per piece of several steps, with everything that is decided or
//! measured about them; between two pieces the device never waits for the host. It runs on the CPU too,
//! where it is tested against the host's way.
//!
//! Launches and pieces always have the same shapes, filled up and cut afterwards: a realization has the
//! same bytes for any number of realizations, any blocks and any segments.

pub mod network;
pub mod noise;
mod state;

use std::ops::Range;

use tch::{Kind, Tensor};

use self::network::BatchNetwork;
use self::noise::Generator;
use self::state::Measured;
use super::account::{self, done};
use super::device::Device;
use super::dynamics::Dynamics;
use super::layout::Layout;
use super::network::Moment;
use super::rollout::{self, Outcome, Start, Unit};
use super::{ops, state as host, torch};
use crate::error::Result;
use crate::mark::{self, Doing};

/// How a batch is computed, apart from what.
#[derive(Debug, Clone)]
pub struct Means {
    /// Where random numbers come from.
    pub generator: Generator,
    /// How tensors lie in memory.
    pub layout: Layout,
}

impl Means {
    /// The means of the unit's device: on CUDA our own kernels, and the layout of tensor cores for half
    /// precisions.
    ///
    /// # Errors
    /// If the kernels cannot be made ready.
    pub fn of(unit: &Unit) -> Result<Self> {
        let layout = Layout::of(unit.device, ops::kind(unit.precision, unit.device));
        Ok(Self { generator: Generator::of(unit.device)?, layout })
    }
}

/// Steps of a piece at most, and values of the states in one.
const PIECE: (usize, usize) = (16, 1 << 21);

/// Computes `blocks` of realizations of one operator, as [`super::rollout::run_blocks`].
///
/// # Errors
/// If libtorch or the device refuses.
///
/// # Panics
/// If the start does not fit the segment.
pub fn run_blocks(unit: &Unit, blocks: &[Range<u32>], means: Means) -> Result<Vec<Outcome>> {
    let kind = ops::kind(unit.precision, unit.device);
    let network = BatchNetwork::new(unit.seed, unit.operator, unit.device, kind, means)?;
    let mut flight = Flight::new(unit, network);
    let mut parts = match unit.start {
        Start::Input(input) => flight.first(input, blocks)?,
        Start::State { states, status } => flight.further(states, status, blocks)?,
    };
    let mut outcomes: Vec<Outcome> = blocks.iter().map(|block| unit.outcome(block.len())).collect();
    for part in &mut parts {
        flight.finish(part)?;
        let outcome = &mut outcomes[part.block];
        part.copy_to(outcome, unit, blocks[part.block].len(), flight.size);
    }
    if let Start::Input(input) = unit.start
        && blocks.iter().any(|block| block.start == 0)
    {
        let dynamics = flight.dynamics(input)?;
        for (outcome, _) in outcomes.iter_mut().zip(blocks).filter(|(_, block)| block.start == 0) {
            outcome.dynamics = Some(dynamics);
        }
    }
    Ok(outcomes)
}

/// The part of a block that one launch computes.
struct Part {
    /// Which block, and the first realization within it.
    block: usize,
    offset: usize,
    /// The first realization.
    first: u32,
    /// Realizations, without those that fill the launch up.
    count: usize,
    /// Index of the next state.
    stored: u32,
    /// `[launch, C, n, n]`, the newest state.
    current: Tensor,
    /// The state before the pending ones.
    before: Option<Tensor>,
    /// States not yet brought back.
    pending: Vec<Tensor>,
    /// What came back, as in [`Outcome`], with `count` realizations.
    outcome: Outcome,
    status: Vec<u8>,
    /// Which realizations had ended before the segment, and before the newest state that came back.
    began_ended: Vec<bool>,
    ended: Vec<bool>,
}

/// One unit on its way.
struct Flight<'a> {
    unit: &'a Unit<'a>,
    network: BatchNetwork,
    launch: usize,
    piece: usize,
    /// Values of a state.
    size: usize,
    /// Page-locked memory, into which a device copies at full speed; ordinary memory on the CPU.
    landing: Option<Tensor>,
}

impl<'a> Flight<'a> {
    fn new(unit: &'a Unit<'a>, network: BatchNetwork) -> Self {
        let launch = unit.realization_block.max(1) as usize;
        let size = unit.state_size();
        // Fixed by shapes alone: the last bits of a sum may depend on how many there are beside it.
        let piece = match unit.num_timesteps {
            1 => 1,
            _ => (PIECE.1 / (launch * size)).clamp(1, PIECE.0),
        };
        Self { unit, network, launch, piece, size, landing: None }
    }

    fn upload(&self, states: &[f32]) -> Result<Tensor> {
        let side = i64::from(self.unit.operator.grid);
        let channels = i64::from(self.unit.operator.architecture.channels);
        let shape = [-1, channels, side, side];
        let tensor = torch(Tensor::f_from_slice(states).and_then(|t| t.f_view(shape)))?;
        torch(tensor.f_to_device(self.unit.device.torch()))
    }

    fn part(&self, block: usize, offset: usize, range: &Range<u32>, current: Tensor) -> Part {
        let first = range.start + offset as u32;
        let count = self.launch.min(range.len() - offset);
        Part {
            block,
            offset,
            first,
            count,
            stored: self.unit.steps.start,
            current,
            before: None,
            pending: Vec::new(),
            outcome: self.unit.outcome(count),
            status: vec![host::OK; count],
            began_ended: vec![false; count],
            ended: vec![false; count],
        }
    }

    /// The parts of a segment that begins at state 0, up to their first application, for which all
    /// share what comes before the first random number.
    fn first(&mut self, input: &[f32], blocks: &[Range<u32>]) -> Result<Vec<Part>> {
        let unit = self.unit;
        assert_eq!((unit.steps.start, input.len()), (0, self.size), "an input starts at state 0");
        let once = unit.num_timesteps == 1;
        let mut first = input.to_vec();
        if !once {
            host::post_process(unit.rollout, unit.pixels(), &mut first);
        }
        let applied = once || unit.steps.end > 1 && !host::is_terminal(unit.code(&first));
        let one = self.upload(&first)?;
        let side = i64::from(unit.operator.grid);
        let state = torch(one.f_expand([self.launch as i64, -1, side, side], false))?;
        if applied {
            // A segment that begins at state 1 makes its first application in a full launch; so must
            // this one. A single application is never cut into segments.
            self.network.prefix(if once { &one } else { &state })?;
        }
        let mut parts = Vec::new();
        for (index, block) in blocks.iter().enumerate() {
            for offset in (0..block.len()).step_by(self.launch) {
                let mut part = self.part(index, offset, block, state.shallow_clone());
                if !once {
                    self.record(&mut part, state.shallow_clone())?;
                }
                if applied {
                    let output = self.network.suffix(self.moment(0), part.first, self.launch)?;
                    if once {
                        self.record(&mut part, output)?;
                    } else {
                        self.advance(&mut part, &output)?;
                    }
                }
                parts.push(part);
            }
        }
        Ok(parts)
    }

    /// What the operator makes of spatial structure, as the host measures it: one state at a time.
    fn dynamics(&mut self, input: &[f32]) -> Result<Dynamics> {
        let unit = self.unit;
        let mut first = input.to_vec();
        if unit.num_timesteps > 1 {
            host::post_process(unit.rollout, unit.pixels(), &mut first);
        }
        let output = self.noise_free(&first)?;
        rollout::measure(unit, &first, output, |state| self.noise_free(state))
    }

    /// `O(x)` of one state without noise and dropout.
    fn noise_free(&mut self, state: &[f32]) -> Result<Vec<f32>> {
        let state = self.upload(state)?;
        self.network.prefix(&state)?;
        let output = self.network.noise_free()?;
        self.land(&output)
    }

    /// The parts of a later segment.
    fn further(
        &mut self,
        states: &[f32],
        status: &[u8],
        blocks: &[Range<u32>],
    ) -> Result<Vec<Part>> {
        let total: usize = blocks.iter().map(ExactSizeIterator::len).sum();
        let fits = (states.len(), status.len()) == (total * self.size, total);
        assert!(fits, "one start state per realization");
        let mut parts = Vec::new();
        let mut at = 0;
        for (index, block) in blocks.iter().enumerate() {
            for offset in (0..block.len()).step_by(self.launch) {
                let count = self.launch.min(block.len() - offset);
                let mut start = states[at * self.size..(at + count) * self.size].to_vec();
                start.resize(self.launch * self.size, 0.0);
                let mut part = self.part(index, offset, block, self.upload(&start)?);
                part.before = Some(part.current.shallow_clone());
                part.status.copy_from_slice(&status[at..at + count]);
                part.began_ended =
                    part.status.iter().map(|&code| host::is_terminal(code)).collect();
                at += count;
                parts.push(part);
            }
        }
        Ok(parts)
    }

    fn moment(&self, step: u32) -> Moment {
        Moment { step, num_timesteps: self.unit.num_timesteps }
    }

    /// Takes `part` to the end of the segment.
    fn finish(&mut self, part: &mut Part) -> Result<()> {
        while part.stored < self.unit.steps.end && !part.is_over() {
            let at = self.moment(part.stored - 1);
            self.network.prefix(&part.current)?;
            let output = self.network.suffix(at, part.first, self.launch)?;
            self.advance(part, &output)?;
        }
        self.bring_back(part)?;
        if part.stored < self.unit.steps.end {
            // Every realization has ended: nothing more is known of it than that.
            part.skip_to(self.unit);
        }
        let end = self.land(&part.current)?;
        for ((to, from), ended) in part
            .outcome
            .end
            .chunks_exact_mut(self.size)
            .zip(end.chunks_exact(self.size))
            .zip(&part.ended)
        {
            if !ended {
                to.copy_from_slice(from);
            }
        }
        Ok(())
    }

    /// From the operator's output to the next state.
    fn advance(&mut self, part: &mut Part, output: &Tensor) -> Result<()> {
        let unit = self.unit;
        let next = state::update(unit.operator.policy, &part.current, output)?;
        let next = state::post_process(unit.rollout, &next)?;
        self.record(part, next)
    }

    fn record(&mut self, part: &mut Part, state: Tensor) -> Result<()> {
        part.pending.push(state.shallow_clone());
        part.current = state;
        part.stored += 1;
        mark::at(Doing::Step, part.stored.into(), self.unit.num_timesteps.into());
        done(account::Part::State);
        if part.pending.len() == self.piece { self.bring_back(part) } else { Ok(()) }
    }

    /// Measures the pending states, brings them to the host and enters them.
    fn bring_back(&mut self, part: &mut Part) -> Result<()> {
        let length = part.pending.len();
        if length == 0 {
            return Ok(());
        }
        let mut pending = std::mem::take(&mut part.pending);
        let before = part.before.replace(pending[length - 1].shallow_clone());
        let last = pending[length - 1].shallow_clone();
        pending.resize_with(self.piece, || last.shallow_clone());
        let states = torch(Tensor::f_stack(&pending, 0))?;
        let measured = state::measure(&states, before.as_ref(), self.unit)?;
        let measured = self.land(&measured)?;
        let measured = Measured::of(&measured, self.piece, self.launch);
        let has_previous = before.is_some();
        part.enter(self.unit, length, &measured, has_previous);
        done(account::Part::State);
        if self.unit.states {
            let values = self.land(&torch(states.f_narrow(0, 0, length as i64))?)?;
            part.enter_states(self.unit, &values, self.launch, self.size);
        }
        done(account::Part::Other);
        Ok(())
    }

    /// Copies a float32 tensor to the host.
    fn land(&mut self, tensor: &Tensor) -> Result<Vec<f32>> {
        let length = tensor.numel();
        if self.landing.as_ref().is_none_or(|landing| landing.numel() < length) {
            self.landing = Some(landing(length, self.unit.device)?);
        }
        let landing = self.landing.as_ref().expect("made above");
        let flat = torch(tensor.f_contiguous().and_then(|t| t.f_view([-1])))?;
        let mut place = torch(landing.f_narrow(0, 0, length as i64))?;
        torch(place.f_copy_(&flat))?;
        let mut values = vec![0.0; length];
        torch(place.f_copy_data(&mut values, length))?;
        Ok(values)
    }
}

fn landing(length: usize, device: Device) -> Result<Tensor> {
    let plain = torch(Tensor::f_empty([length as i64], (Kind::Float, tch::Device::Cpu)))?;
    match device {
        Device::Cpu => Ok(plain),
        Device::Cuda(_) => torch(plain.f_pin_memory(device.torch())),
    }
}

impl Part {
    fn is_over(&self) -> bool {
        self.status.iter().all(|&code| host::is_terminal(code))
    }

    /// Where the newest `length` states stand in a row of the outcome.
    fn column(&self, unit: &Unit, length: usize) -> usize {
        (self.stored - unit.steps.start) as usize - length
    }

    /// Enters codes and metrics of the newest `length` states.
    fn enter(&mut self, unit: &Unit, length: usize, measured: &Measured, has_previous: bool) {
        let (steps, first) = (unit.steps.len(), self.column(unit, length));
        for s in 0..length {
            for (b, status) in self.status.iter_mut().enumerate() {
                let row = b * steps + first + s;
                self.ended[b] = host::is_terminal(*status);
                if !self.ended[b] {
                    *status = measured.code(unit, s, b);
                    if unit.metrics && !host::is_terminal(*status) {
                        let values = measured.metrics(s, b, has_previous || s > 0);
                        for (metric, value) in values.into_iter().enumerate() {
                            let at = metric * self.count * steps + row;
                            self.outcome.metrics[at] = value;
                        }
                    }
                }
                self.outcome.valid[row] = *status;
            }
        }
    }

    /// Enters the newest states themselves, `[length, launch, C, n, n]`, up to the one in which a
    /// realization ends. Their codes are entered already.
    fn enter_states(&mut self, unit: &Unit, values: &[f32], launch: usize, size: usize) {
        let steps = unit.steps.len();
        let first = self.column(unit, values.len() / (launch * size));
        for (s, states) in values.chunks_exact(launch * size).enumerate() {
            for (b, state) in states.chunks_exact(size).take(self.count).enumerate() {
                let row = b * steps + first + s;
                let ended = match first + s {
                    0 => self.began_ended[b],
                    _ => host::is_terminal(self.outcome.valid[row - 1]),
                };
                if !ended {
                    self.outcome.states[row * size..(row + 1) * size].copy_from_slice(state);
                }
            }
        }
    }

    /// Every realization has ended: the rest is their codes.
    fn skip_to(&mut self, unit: &Unit) {
        let (steps, done) = (unit.steps.len(), (self.stored - unit.steps.start) as usize);
        for (b, &status) in self.status.iter().enumerate() {
            self.outcome.valid[b * steps + done..(b + 1) * steps].fill(status);
        }
        self.ended.fill(true);
        self.stored = unit.steps.end;
    }

    /// Copies what came back into the outcome of its whole block of `count` realizations.
    fn copy_to(&mut self, whole: &mut Outcome, unit: &Unit, count: usize, size: usize) {
        self.outcome.status.clone_from(&self.status);
        let (part, steps) = (&mut self.outcome, unit.steps.len());
        if count == self.count {
            std::mem::swap(whole, part);
            return;
        }
        let copy = |to: &mut [f32], from: &[f32], at: usize| {
            to[at..at + from.len()].copy_from_slice(from);
        };
        if unit.states {
            copy(&mut whole.states, &part.states, self.offset * steps * size);
        }
        copy(&mut whole.end, &part.end, self.offset * size);
        whole.status[self.offset..][..self.count].copy_from_slice(&part.status);
        whole.valid[self.offset * steps..][..self.count * steps].copy_from_slice(&part.valid);
        let rows = part.metrics.chunks_exact(self.count * steps);
        for (metric, rows) in rows.enumerate() {
            copy(&mut whole.metrics, rows, (metric * count + self.offset) * steps);
        }
    }
}
