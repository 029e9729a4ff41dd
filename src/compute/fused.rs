//! The float32 backend of the CPU: convolutions by libtorch, everything between them in few passes.
//!
//! Activations lie channel-last in buffers with a circular border of ⌊k/2⌋ pixels, ready for the next
//! convolution: normalisation and activation read a convolution's result once and write straight
//! into the next buffer. One realization at a time, so the shapes of a launch never change. Buffers
//! that are not needed any more serve later stages.

use tch::{Kind, Tensor};

use crate::error::Result;
use crate::operator::layers::norm_groups;
use crate::operator::{Activation, Norm, Operator};

use super::account::{Part, done};
use super::network::{Backend, Convolution};
use super::noise::Perturbation;
use super::ops::EPSILON;
use super::passes::{self, Tile};
use super::program::Stage;
use super::torch;

/// One operator on the CPU.
pub struct Fused {
    norm: Norm,
    activation: Activation,
    side: usize,
    pad: usize,
    channels: usize,
    convs: Vec<Prepared>,
    slots: Vec<Option<Slot>>,
    /// Buffers that no slot needs.
    free: Vec<Slot>,
    output: Vec<f32>,
}

/// A convolution with its weights as libtorch takes them.
struct Prepared {
    outputs: usize,
    /// Channel-last in memory.
    weight: Tensor,
    bias: Option<Tensor>,
    /// The output layer runs outside libtorch.
    rows: Vec<f32>,
    offsets: Vec<f32>,
}

/// A buffer `[n + 2p, n + 2p, channels]`.
struct Slot {
    channels: usize,
    buffer: Tensor,
    /// The same memory as `[1, channels, n + 2p, n + 2p]`.
    view: Tensor,
    /// Whether the border holds the opposite side's pixels.
    wrapped: bool,
}

impl Slot {
    fn new(channels: usize, side: usize) -> Result<Self> {
        let shape = [1, side as i64, side as i64, channels as i64];
        let buffer = torch(Tensor::f_zeros(shape, (Kind::Float, tch::Device::Cpu)))?;
        let view = torch(buffer.f_permute([0, 3, 1, 2]))?;
        Ok(Self { channels, buffer, view, wrapped: false })
    }

    fn values(&self) -> &[f32] {
        values(&self.buffer)
    }

    fn values_mut(&mut self) -> &mut [f32] {
        self.wrapped = false;
        let (pointer, length) = (self.buffer.data_ptr().cast::<f32>(), self.buffer.numel());
        #[expect(unsafe_code, reason = "writes into the memory of a tensor that this slot owns")]
        // SAFETY: the tensor is contiguous float32 on the CPU and owned by this slot; libtorch
        // touches its memory only during calls, and `&mut self` rules those out here.
        unsafe {
            std::slice::from_raw_parts_mut(pointer, length)
        }
    }
}

/// The memory of a contiguous float32 tensor on the CPU.
fn values(tensor: &Tensor) -> &[f32] {
    debug_assert!(tensor.is_contiguous() && tensor.kind() == Kind::Float);
    #[expect(unsafe_code, reason = "reads the memory of a tensor without copying it")]
    // SAFETY: contiguous float32 on the CPU; the borrow keeps the tensor alive and unchanged.
    unsafe {
        std::slice::from_raw_parts(tensor.data_ptr().cast::<f32>(), tensor.numel())
    }
}

impl Fused {
    /// Prepares the weights.
    pub fn new(operator: &Operator, convs: &[Convolution]) -> Result<Self> {
        let architecture = &operator.architecture;
        let prepare = |(index, conv): (usize, &Convolution)| -> Result<Prepared> {
            let kernel = conv.kernel as i64;
            let shape = [conv.outputs as i64, conv.inputs as i64, kernel, kernel];
            let weight = torch(Tensor::f_from_slice(&conv.weight).and_then(|t| {
                t.f_view(shape)?.f_permute([0, 2, 3, 1])?.f_contiguous()?.f_permute([0, 3, 1, 2])
            }))?;
            let bias =
                conv.bias.as_ref().map(|bias| torch(Tensor::f_from_slice(bias))).transpose()?;
            let last = index + 1 == convs.len();
            Ok(Prepared {
                outputs: conv.outputs,
                weight,
                bias,
                rows: if last { conv.weight.clone() } else { Vec::new() },
                offsets: conv.bias.clone().unwrap_or_default(),
            })
        };
        Ok(Self {
            norm: architecture.norm,
            activation: architecture.activation,
            side: operator.grid as usize,
            pad: architecture.kernel_size as usize / 2,
            channels: architecture.channels as usize,
            convs: convs.iter().enumerate().map(prepare).collect::<Result<_>>()?,
            slots: Vec::new(),
            free: Vec::new(),
            output: Vec::new(),
        })
    }

    fn frame(&self, channels: usize) -> passes::Frame {
        passes::Frame { side: self.side, pad: self.pad, channels }
    }

    /// The slot `index` with `channels` channels, taken out so that others can be read meanwhile.
    fn take(&mut self, index: usize, channels: usize) -> Result<Slot> {
        if self.slots.len() <= index {
            self.slots.resize_with(index + 1, || None);
        }
        if let Some(slot) = self.slots[index].take() {
            return Ok(slot);
        }
        match self.free.iter().position(|slot| slot.channels == channels) {
            Some(free) => Ok(self.free.swap_remove(free)),
            None => Slot::new(channels, self.side + 2 * self.pad),
        }
    }

    fn slot(&self, index: usize) -> &Slot {
        self.slots[index].as_ref().expect("stages run in order")
    }

    /// The result of a convolution, channel-last: over the field, or over the bordered buffer for
    /// a 1×1 kernel in a stack of larger ones.
    fn convolve(&mut self, index: usize, conv: usize) -> Result<Tensor> {
        let frame = self.frame(self.slot(index).channels);
        let slot = self.slots[index].as_mut().expect("stages run in order");
        if !slot.wrapped {
            passes::wrap(frame, slot.values_mut());
            slot.wrapped = true;
        }
        let Prepared { weight, bias, .. } = &self.convs[conv];
        // Called by its name: `conv2d` takes a slower way for small inputs.
        let y = slot.view.f_mkldnn_convolution(weight, bias.as_ref(), [0, 0], [1, 1], [1, 1], 1);
        let y = torch(y.and_then(|y| y.f_permute([0, 2, 3, 1])?.f_contiguous()));
        done(Part::Convolutions);
        y
    }

    /// Mean and 1/√(variance + ε) of each channel, by the norm of this operator.
    fn statistics(&self, x: &[f32], channels: usize) -> (Vec<f32>, Vec<f32>) {
        let Some(groups) = norm_groups(self.norm, channels as u32) else {
            let factor = if self.norm == Norm::Batch { 1.0 / (1.0 + EPSILON).sqrt() } else { 1.0 };
            return (vec![0.0; channels], vec![factor as f32; channels]);
        };
        let pixels = (x.len() / channels) as f64;
        let (means, variances) = passes::moments(x, Tile::new(channels, self.side));
        let width = channels / groups as usize;
        let (mut shift, mut factor) = (Vec::with_capacity(channels), Vec::with_capacity(channels));
        for (means, squares) in means.chunks(width).zip(variances.chunks(width)) {
            let mean = means.iter().sum::<f64>() / width as f64;
            let spread: f64 = means.iter().map(|m| (m - mean) * (m - mean)).sum();
            let within: f64 = squares.iter().map(|square| square / pixels).sum();
            let variance = (within + spread) / width as f64;
            shift.extend(std::iter::repeat_n(mean as f32, width));
            factor.extend(std::iter::repeat_n((1.0 / (variance + EPSILON).sqrt()) as f32, width));
        }
        (shift, factor)
    }
}

impl Backend for Fused {
    fn load(&mut self, states: &[f32]) -> Result<()> {
        let frame = self.frame(self.channels);
        let mut slot = self.take(0, self.channels)?;
        passes::load_planes(frame, states, slot.values_mut());
        self.slots[0] = Some(slot);
        Ok(())
    }

    fn run(&mut self, index: usize, stage: Stage, perturbations: &[Perturbation]) -> Result<()> {
        match stage {
            Stage::Layer { conv } => {
                let channels = self.convs[conv].outputs;
                let y = self.convolve(index, conv)?;
                let (shift, factor) = self.statistics(values(&y), channels);
                let mut out = self.take(index + 1, channels)?;
                let tile = Tile::new(channels, self.side);
                passes::normalise_activate(
                    values(&y),
                    out.values_mut(),
                    self.frame(channels),
                    &tile.repeat(&shift),
                    &tile.repeat(&factor),
                    self.activation,
                );
                self.slots[index + 1] = Some(out);
            }
            Stage::Noise { channels, .. } | Stage::Dropout { channels, .. } => {
                let mut out = self.take(index + 1, channels)?;
                let frame = self.frame(channels);
                out.values_mut().copy_from_slice(self.slot(index).values());
                passes::perturb(frame, out.values_mut(), &perturbations[0]);
                self.slots[index + 1] = Some(out);
            }
            Stage::Skip { slot, projection } => {
                let mut out = self.take(index + 1, self.slot(index).channels)?;
                let projected = projection.map(|conv| self.convolve(slot, conv)).transpose()?;
                let skip = projected.as_ref().map_or_else(|| self.slot(slot).values(), values);
                passes::sum(self.slot(index).values(), skip, out.values_mut());
                self.slots[index + 1] = Some(out);
            }
            Stage::Output { conv } => {
                let frame = self.frame(self.slot(index).channels);
                let Prepared { outputs, rows, offsets, .. } = &self.convs[conv];
                let mut output = std::mem::take(&mut self.output);
                output.resize(outputs * self.side * self.side, 0.0);
                passes::project(frame, self.slot(index).values(), rows, offsets, &mut output);
                self.output = output;
            }
        }
        Ok(())
    }

    fn release(&mut self, slot: usize) {
        self.free.extend(self.slots[slot].take());
    }

    fn output(&mut self) -> Result<Vec<f32>> {
        Ok(self.output.clone())
    }

    fn launch(&self) -> Option<usize> {
        Some(1)
    }
}
