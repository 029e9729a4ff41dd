//! The backend of plain tensor operations: CUDA, half precisions, and the yardstick of the fused one.
//!
//! Activations are float32 `[B, channels, n, n]`; only the convolutions run in the precision asked
//! for. A stage that nothing random came before has B = 1 and broadcasts. How tensors lie in memory is a
//! [`Layout`]; channels that only fill one up are 0 at every stage.

use tch::{Kind, Tensor};

use crate::error::Result;
use crate::operator::layers::norm_groups;
use crate::operator::rollout::Precision;
use crate::operator::{Activation, Architecture, Operator};

use super::account::{Part, done};
use super::device::Device;
use super::layout::Layout;
use super::network::{Backend, Convolution};
use super::noise::Perturbation;
use super::program::Stage;
use super::torch;

/// ε of the norms.
pub(super) const EPSILON: f64 = 1e-5;

/// No choice of algorithms by timing, only such as give the same bits every time, and no rounding of
/// float32 to 11 bits, which libtorch would do by default.
const BENCHMARK: bool = false;
const DETERMINISTIC: bool = true;
const TF32: bool = false;

/// Tensors of one operator on a device.
pub struct Ops {
    architecture: Architecture,
    side: i64,
    device: Device,
    kind: Kind,
    layout: Layout,
    convs: Vec<Placed>,
    slots: Vec<Option<Tensor>>,
    /// Channels of each slot without those that fill up.
    widths: Vec<i64>,
}

/// A convolution on the device.
struct Placed {
    /// Channels without those that fill up.
    outputs: i64,
    stride: i64,
    weight: Tensor,
    bias: Option<Tensor>,
}

/// What a random stage does, ready on the device.
pub(crate) enum Drawn {
    /// Added.
    Add(Tensor),
    /// Multiplied.
    Multiply(Tensor),
}

impl Ops {
    /// Brings the weights to `device` in the type of `precision`.
    pub fn new(
        operator: &Operator,
        convs: &[Convolution],
        device: Device,
        precision: Precision,
    ) -> Result<Self> {
        let kind = kind(precision, device);
        Self::with_layout(operator, convs, device, kind, Layout::of(device, kind))
    }

    /// The same with a layout of one's choice.
    pub fn with_layout(
        operator: &Operator,
        convs: &[Convolution],
        device: Device,
        kind: Kind,
        layout: Layout,
    ) -> Result<Self> {
        let place = |values: &[f32], shape: &[i64]| -> Result<Tensor> {
            let tensor = torch(Tensor::f_from_slice(values))?;
            torch(tensor.f_view(shape).and_then(|t| t.f_to_device(device.torch())?.f_to_kind(kind)))
        };
        let convs = convs
            .iter()
            .map(|conv| {
                let (outputs, kernel) = (conv.outputs as i64, conv.kernel as i64);
                let shape = [outputs, conv.inputs as i64, kernel, kernel];
                let weight = layout.weight(&place(&conv.weight, &shape)?)?;
                let bias = conv.bias.as_ref().map(|bias| layout.bias(&place(bias, &[outputs])?));
                let stride = conv.stride as i64;
                Ok(Placed { outputs, stride, weight, bias: bias.transpose()? })
            })
            .collect::<Result<_>>()?;
        Ok(Self {
            architecture: operator.architecture,
            side: i64::from(operator.grid),
            device,
            kind,
            layout,
            convs,
            slots: Vec::new(),
            widths: Vec::new(),
        })
    }

    fn slot(&self, index: usize) -> &Tensor {
        self.slots[index].as_ref().expect("a slot is released after its last reader")
    }

    fn upload(&self, values: &[f32], shape: &[i64]) -> Result<Tensor> {
        let tensor = torch(Tensor::f_from_slice(values).and_then(|t| t.f_view(shape)))?;
        torch(tensor.f_to_device(self.device.torch()))
    }

    /// Convolution with circular padding, in the precision asked for.
    fn convolve(&self, x: &Tensor, conv: usize) -> Result<Tensor> {
        let Placed { weight, bias, stride, .. } = &self.convs[conv];
        let pad = weight.size()[3] / 2;
        let x = self.layout.wrap(torch(x.f_to_kind(self.kind))?, pad)?;
        let y = torch(x.f_internal_convolution(
            weight,
            bias.as_ref(),
            [*stride; 2],
            [0, 0],
            [1, 1],
            false,
            [0, 0],
            1,
            BENCHMARK,
            DETERMINISTIC,
            true,
            TF32,
        ))?;
        let y = torch(y.f_to_kind(Kind::Float));
        done(Part::Convolutions);
        y
    }

    /// Pixels of `x` `[B, c, n, n]` repeated 2×2, and the channels of `skip` `[B or 1, d, 2n, 2n]`; each
    /// with its channels without those that fill up.
    fn upsample(&self, (x, c): (&Tensor, i64), (skip, d): (&Tensor, i64)) -> Result<Tensor> {
        let side = 2 * x.size()[3];
        let y = torch(x.f_upsample_nearest2d([side, side], None, None))?;
        let skip = torch(skip.f_expand([x.size()[0], -1, -1, -1], false))?;
        self.layout.append((&y, c), (&skip, d))
    }

    /// The norm after convolution `conv`, with float32 statistics that no filling channel enters.
    fn normalise(&self, x: Tensor, conv: usize) -> Result<Tensor> {
        let channels = self.convs[conv].outputs;
        match norm_groups(self.architecture.norm, channels as u32) {
            Some(groups) => self.layout.group_norm(&x, channels, i64::from(groups), EPSILON),
            None if self.architecture.norm == crate::operator::Norm::Batch => {
                torch(x.f_mul_scalar(1.0 / (1.0 + EPSILON).sqrt()))
            }
            None => Ok(x),
        }
    }

    fn activate(&self, x: Tensor) -> Result<Tensor> {
        torch(match self.architecture.activation {
            Activation::Relu => x.f_relu(),
            Activation::Gelu => x.f_gelu("none"),
            Activation::Silu => x.f_silu(),
            Activation::Tanh => x.f_tanh(),
            Activation::None => Ok(x),
        })
    }

    /// Perturbations drawn on the host, brought to the device.
    fn bring(
        &self,
        (channels, side): (i64, i64),
        perturbations: &[Perturbation],
    ) -> Result<Option<Drawn>> {
        let Some(first) = perturbations.first() else { return Ok(None) };
        let batch = perturbations.len() as i64;
        let mut values = Vec::new();
        for perturbation in perturbations {
            let (Perturbation::Add(part)
            | Perturbation::Multiply(part)
            | Perturbation::Gains(part)) = perturbation;
            values.extend_from_slice(part);
        }
        let full = [batch, channels, side, side];
        Ok(Some(match first {
            Perturbation::Add(_) => Drawn::Add(self.upload(&values, &full)?),
            Perturbation::Multiply(_) => Drawn::Multiply(self.upload(&values, &full)?),
            Perturbation::Gains(_) => {
                Drawn::Multiply(self.upload(&values, &[batch, channels, 1, 1])?)
            }
        }))
    }

    /// Fills slot 0 with float32 states `[B, C, n, n]` that lie on the device.
    pub(super) fn load_tensor(&mut self, states: &Tensor) -> Result<()> {
        let states = self.layout.place(states)?;
        self.slots = vec![Some(states)];
        self.widths = vec![i64::from(self.architecture.channels)];
        Ok(())
    }

    /// Runs stage `index`; `drawn` belongs to a random stage.
    pub(super) fn run_stage(
        &mut self,
        index: usize,
        stage: Stage,
        drawn: Option<&Drawn>,
    ) -> Result<()> {
        let x = self.slot(index);
        let mut width = self.widths[index];
        let y = match stage {
            Stage::Noise { .. } | Stage::Dropout { .. } => match drawn {
                Some(Drawn::Add(v)) => torch(x.f_add(&Layout::widen(v, x.size()[1])?))?,
                Some(Drawn::Multiply(v)) => torch(x.f_mul(&Layout::widen(v, x.size()[1])?))?,
                None => unreachable!("a random stage is given its numbers"),
            },
            Stage::Layer { conv } => {
                width = self.convs[conv].outputs;
                let y = self.convolve(x, conv)?;
                self.activate(self.normalise(y, conv)?)?
            }
            Stage::Skip { slot, projection } => {
                let skip = self.slot(slot);
                match projection {
                    Some(conv) => torch(x.f_add(&self.convolve(skip, conv)?))?,
                    None => torch(x.f_add(skip))?,
                }
            }
            Stage::Upsample { slot } => {
                let own = width;
                width += self.widths[slot];
                self.upsample((x, own), (self.slot(slot), self.widths[slot]))?
            }
            Stage::Output { conv } => {
                width = self.convs[conv].outputs;
                self.convolve(x, conv)?
            }
        };
        self.slots.truncate(index + 1);
        self.slots.push(Some(y));
        self.widths.truncate(index + 1);
        self.widths.push(width);
        Ok(())
    }

    /// The result of the output stage, float32 `[B, C, n, n]`, without channels that fill up.
    pub(super) fn result(&self) -> Result<Tensor> {
        let y = self.slot(self.slots.len() - 1);
        Layout::cut(y, i64::from(self.architecture.channels))
    }
}

/// The type in which convolutions of this precision run.
pub(super) fn kind(precision: Precision, device: Device) -> Kind {
    match (precision, device) {
        (Precision::Float32, _) | (Precision::Auto, Device::Cpu) => Kind::Float,
        (Precision::Float16, _) | (Precision::Auto, Device::Cuda(_)) => Kind::Half,
        (Precision::Bfloat16, _) => Kind::BFloat16,
    }
}

impl Backend for Ops {
    fn load(&mut self, states: &[f32]) -> Result<()> {
        let channels = i64::from(self.architecture.channels);
        let tensor = self.upload(states, &[-1, channels, self.side, self.side])?;
        self.load_tensor(&tensor)
    }

    fn run(&mut self, index: usize, stage: Stage, perturbations: &[Perturbation]) -> Result<()> {
        let drawn = match stage {
            Stage::Noise { channels, side, .. } => {
                self.bring((channels as i64, side as i64), perturbations)?
            }
            Stage::Dropout { channels, .. } => self.bring((channels as i64, 1), perturbations)?,
            _ => None,
        };
        self.run_stage(index, stage, drawn.as_ref())
    }

    fn release(&mut self, slot: usize) {
        self.slots[slot] = None;
    }

    fn output(&mut self) -> Result<Vec<f32>> {
        let y = self.result()?;
        let y = torch(y.f_to_device(tch::Device::Cpu).and_then(|t| t.f_contiguous()))?;
        let mut out = vec![0.0; y.numel()];
        let length = out.len();
        torch(y.f_copy_data(&mut out, length))?;
        Ok(out)
    }

    fn launch(&self) -> Option<usize> {
        // On the CPU a batch of one is the constant launch; CUDA takes a whole block.
        (self.device == Device::Cpu).then_some(1)
    }
}
