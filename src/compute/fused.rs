//! The float32 backend of the CPU: convolutions by libtorch, or in the frequency domain where that is
//! cheaper; everything between them in few passes.
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
use super::passes::{self, Frame, Tile};
use super::program::Stage;
use super::spectral::{self, Spectral};
use super::torch;

/// One operator on the CPU.
pub struct Fused {
    norm: Norm,
    activation: Activation,
    /// Of the full grid.
    side: usize,
    pad: usize,
    channels: usize,
    convs: Vec<Prepared>,
    slots: Vec<Option<Slot>>,
    /// Buffers that no slot needs.
    free: Vec<Slot>,
    /// Memory for results of convolutions in the frequency domain, and for what comes up on the way.
    field: Vec<f32>,
    scratch: spectral::Scratch,
    output: Vec<f32>,
}

/// A convolution with its weights as its way of computing takes them.
struct Prepared {
    outputs: usize,
    stride: usize,
    way: Way,
}

enum Way {
    /// The direct sum by libtorch; the weights lie channel-last in memory.
    Direct { weight: Tensor, bias: Option<Tensor> },
    /// Tiles in the frequency domain.
    Spectral(Spectral),
    /// The 1×1 output layer, in a pass of its own.
    Rows { weight: Vec<f32>, bias: Vec<f32> },
}

/// The result of a convolution, `[n, n, channels]`, or `[n + 2p, n + 2p, channels]` of a 1×1 kernel in a
/// stack of larger ones.
enum Field {
    Tensor(Tensor),
    Buffer(Vec<f32>),
}

impl Field {
    fn values(&self) -> &[f32] {
        match self {
            Field::Tensor(tensor) => values(tensor),
            Field::Buffer(buffer) => buffer,
        }
    }
}

/// A buffer `[n + 2p, n + 2p, channels]`, with n the side of its level.
struct Slot {
    frame: Frame,
    buffer: Tensor,
    /// The buffer with [`spectral::SLACK`] values behind it.
    slack: Tensor,
    /// The same memory as `[1, channels, n + 2p, n + 2p]`.
    view: Tensor,
    /// Whether the border holds the opposite side's pixels.
    wrapped: bool,
}

impl Slot {
    fn new(frame: Frame) -> Result<Self> {
        let side = (frame.side + 2 * frame.pad) as i64;
        let shape = [1, side, side, frame.channels as i64];
        let length: i64 = shape.iter().product();
        let all = [length + spectral::SLACK as i64];
        let slack = torch(Tensor::f_zeros(all, (Kind::Float, tch::Device::Cpu)))?;
        let buffer = torch(slack.f_narrow(0, 0, length).and_then(|t| t.f_view(shape)))?;
        let view = torch(buffer.f_permute([0, 3, 1, 2]))?;
        Ok(Self { frame, buffer, slack, view, wrapped: false })
    }

    fn values(&self) -> &[f32] {
        values(&self.buffer)
    }

    /// Fills the border, unless it is filled.
    fn wrap(&mut self) {
        if !self.wrapped {
            passes::wrap(self.frame, self.values_mut());
            self.wrapped = true;
        }
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

/// A convolution as libtorch takes it.
fn direct(conv: &Convolution) -> Result<Way> {
    let kernel = conv.kernel as i64;
    let shape = [conv.outputs as i64, conv.inputs as i64, kernel, kernel];
    let weight = torch(Tensor::f_from_slice(&conv.weight).and_then(|t| {
        t.f_view(shape)?.f_permute([0, 2, 3, 1])?.f_contiguous()?.f_permute([0, 3, 1, 2])
    }))?;
    let bias = conv.bias.as_ref().map(|bias| torch(Tensor::f_from_slice(bias))).transpose()?;
    Ok(Way::Direct { weight, bias })
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
        let mut budget = spectral::BUDGET;
        let mut prepare = |(index, conv): (usize, &Convolution)| -> Result<Prepared> {
            let &Convolution { inputs, outputs, kernel, stride, side, .. } = conv;
            let way = if index + 1 == convs.len() {
                let bias = conv.bias.clone().unwrap_or_default();
                Way::Rows { weight: conv.weight.clone(), bias }
            } else {
                let shape = spectral::Shape { inputs, outputs, kernel, side };
                match spectral::tile_side(shape, budget).filter(|_| stride == 1) {
                    Some(tile) => {
                        budget -= spectral::spectrum_len(shape, tile);
                        let bias = conv.bias.as_deref();
                        Way::Spectral(Spectral::new(shape, tile, &conv.weight, bias))
                    }
                    None => direct(conv)?,
                }
            };
            Ok(Prepared { outputs, stride, way })
        };
        Ok(Self {
            norm: architecture.norm,
            activation: architecture.activation,
            side: operator.grid as usize,
            pad: architecture.kernel_size as usize / 2,
            channels: architecture.channels as usize,
            convs: convs.iter().enumerate().map(&mut prepare).collect::<Result<_>>()?,
            slots: Vec::new(),
            free: Vec::new(),
            field: Vec::new(),
            scratch: spectral::Scratch::default(),
            output: Vec::new(),
        })
    }

    fn frame(&self, side: usize, channels: usize) -> Frame {
        Frame { side, pad: self.pad, channels }
    }

    /// The slot `index` of this shape, taken out so that others can be read meanwhile.
    fn take(&mut self, index: usize, frame: Frame) -> Result<Slot> {
        if self.slots.len() <= index {
            self.slots.resize_with(index + 1, || None);
        }
        if let Some(slot) = self.slots[index].take() {
            return Ok(slot);
        }
        match self.free.iter().position(|slot| slot.frame == frame) {
            Some(free) => Ok(self.free.swap_remove(free)),
            None => Slot::new(frame),
        }
    }

    fn slot(&self, index: usize) -> &Slot {
        self.slots[index].as_ref().expect("stages run in order")
    }

    /// The result of a convolution of slot `index`; its memory comes back by [`Fused::reclaim`].
    fn convolve(&mut self, index: usize, conv: usize) -> Result<Field> {
        let slot = self.slots[index].as_mut().expect("stages run in order");
        slot.wrap();
        let Prepared { outputs, stride, way } = &self.convs[conv];
        match way {
            Way::Direct { weight, bias } => {
                // Called by its name: `conv2d` takes a slower way for small inputs.
                let y = slot.view.f_mkldnn_convolution(
                    weight,
                    bias.as_ref(),
                    [0, 0],
                    [*stride as i64; 2],
                    [1, 1],
                    1,
                );
                let y = torch(y.and_then(|y| y.f_permute([0, 2, 3, 1])?.f_contiguous()))?;
                done(Part::Convolutions);
                Ok(Field::Tensor(y))
            }
            Way::Spectral(spectral) => {
                let mut field = std::mem::take(&mut self.field);
                field.resize(slot.frame.side * slot.frame.side * outputs, 0.0);
                let threads = tch::get_num_threads().max(1) as usize;
                spectral.convolve(values(&slot.slack), &mut self.scratch, threads, &mut field);
                done(Part::Convolutions);
                Ok(Field::Buffer(field))
            }
            Way::Rows { .. } => unreachable!("the output layer is a stage of its own"),
        }
    }

    /// Takes the memory of a result back, for the next one.
    fn reclaim(&mut self, field: Field) {
        if let Field::Buffer(buffer) = field {
            self.field = buffer;
        }
    }

    /// Mean and 1/√(variance + ε) of each channel, by the norm of this operator.
    fn statistics(&self, x: &[f32], Frame { side, channels, .. }: Frame) -> (Vec<f32>, Vec<f32>) {
        let Some(groups) = norm_groups(self.norm, channels as u32) else {
            let factor = if self.norm == Norm::Batch { 1.0 / (1.0 + EPSILON).sqrt() } else { 1.0 };
            return (vec![0.0; channels], vec![factor as f32; channels]);
        };
        let pixels = (x.len() / channels) as f64;
        let (means, variances) = passes::moments(x, Tile::new(channels, side));
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
        let frame = self.frame(self.side, self.channels);
        let mut slot = self.take(0, frame)?;
        passes::load_planes(frame, states, slot.values_mut());
        self.slots[0] = Some(slot);
        Ok(())
    }

    fn run(&mut self, index: usize, stage: Stage, perturbations: &[Perturbation]) -> Result<()> {
        let input = self.slot(index).frame;
        match stage {
            Stage::Layer { conv } => {
                let Prepared { outputs, stride, .. } = self.convs[conv];
                let y = self.convolve(index, conv)?;
                let frame = self.frame(input.side / stride, outputs);
                let (shift, factor) = self.statistics(y.values(), frame);
                let mut out = self.take(index + 1, frame)?;
                let tile = Tile::new(outputs, frame.side);
                passes::normalise_activate(
                    y.values(),
                    out.values_mut(),
                    frame,
                    &tile.repeat(&shift),
                    &tile.repeat(&factor),
                    self.activation,
                );
                self.reclaim(y);
                self.slots[index + 1] = Some(out);
            }
            Stage::Noise { .. } | Stage::Dropout { .. } => {
                let mut out = self.take(index + 1, input)?;
                out.values_mut().copy_from_slice(self.slot(index).values());
                passes::perturb(input, out.values_mut(), &perturbations[0]);
                self.slots[index + 1] = Some(out);
            }
            Stage::Skip { slot, projection } => {
                let mut out = self.take(index + 1, input)?;
                let projected = projection.map(|conv| self.convolve(slot, conv)).transpose()?;
                let skip =
                    projected.as_ref().map_or_else(|| self.slot(slot).values(), Field::values);
                passes::sum(self.slot(index).values(), skip, out.values_mut());
                if let Some(projected) = projected {
                    self.reclaim(projected);
                }
                self.slots[index + 1] = Some(out);
            }
            Stage::Upsample { slot } => {
                let high = self.slot(slot).frame;
                let mut out =
                    self.take(index + 1, self.frame(high.side, input.channels + high.channels))?;
                let (coarse, skip) = (self.slot(index).values(), self.slot(slot).values());
                passes::upsample((input, coarse), (high, skip), out.values_mut());
                self.slots[index + 1] = Some(out);
            }
            Stage::Output { conv } => {
                let Prepared { outputs, way: Way::Rows { weight, bias }, .. } = &self.convs[conv]
                else {
                    unreachable!("the output layer is prepared as rows");
                };
                let mut output = std::mem::take(&mut self.output);
                output.resize(outputs * input.side * input.side, 0.0);
                passes::project(input, self.slot(index).values(), weight, bias, &mut output);
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
