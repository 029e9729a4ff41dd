//! The backend of plain tensor operations: CUDA, half precisions, and the yardstick of the fused one.
//!
//! Activations are float32 `[B, channels, n, n]`; only the convolutions run in the precision asked
//! for. A stage that nothing random came before has B = 1 and broadcasts.

use tch::{Kind, Tensor};

use crate::error::Result;
use crate::operator::layers::norm_groups;
use crate::operator::rollout::Precision;
use crate::operator::{Activation, Architecture, Operator};

use super::account::{Part, done};
use super::device::Device;
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
    /// Weights, bias, stride.
    convs: Vec<(Tensor, Option<Tensor>, i64)>,
    slots: Vec<Option<Tensor>>,
}

impl Ops {
    /// Brings the weights to `device` in the type of `precision`.
    pub fn new(
        operator: &Operator,
        convs: &[Convolution],
        device: Device,
        precision: Precision,
    ) -> Result<Self> {
        let kind = match (precision, device) {
            (Precision::Float32, _) | (Precision::Auto, Device::Cpu) => Kind::Float,
            (Precision::Float16, _) | (Precision::Auto, Device::Cuda(_)) => Kind::Half,
            (Precision::Bfloat16, _) => Kind::BFloat16,
        };
        let place = |values: &[f32], shape: &[i64]| -> Result<Tensor> {
            let tensor = torch(Tensor::f_from_slice(values))?;
            torch(tensor.f_view(shape).and_then(|t| t.f_to_device(device.torch())?.f_to_kind(kind)))
        };
        let convs = convs
            .iter()
            .map(|conv| {
                let (outputs, kernel) = (conv.outputs as i64, conv.kernel as i64);
                let shape = [outputs, conv.inputs as i64, kernel, kernel];
                let bias = conv.bias.as_ref().map(|bias| place(bias, &[outputs])).transpose()?;
                Ok((place(&conv.weight, &shape)?, bias, conv.stride as i64))
            })
            .collect::<Result<_>>()?;
        Ok(Self {
            architecture: operator.architecture,
            side: i64::from(operator.grid),
            device,
            kind,
            convs,
            slots: Vec::new(),
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
        let (weight, bias, stride) = &self.convs[conv];
        let pad = weight.size()[3] / 2;
        let mut x = torch(x.f_to_kind(self.kind))?;
        if pad > 0 {
            x = torch(x.f_pad([pad; 4], "circular", None))?;
        }
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

    /// Pixels of `x` `[B, c, n, n]` repeated 2×2, and the channels of `skip` `[B or 1, d, 2n, 2n]`.
    fn upsample(x: &Tensor, skip: &Tensor) -> Result<Tensor> {
        let side = 2 * x.size()[3];
        let y = torch(x.f_upsample_nearest2d([side, side], None, None))?;
        let skip = torch(skip.f_expand([x.size()[0], -1, -1, -1], false))?;
        torch(Tensor::f_cat(&[y, skip], 1))
    }

    fn normalise(&self, x: Tensor) -> Result<Tensor> {
        let channels = x.size()[1];
        match norm_groups(self.architecture.norm, channels as u32) {
            Some(groups) => torch(x.f_group_norm(
                i64::from(groups),
                None::<&Tensor>,
                None::<&Tensor>,
                EPSILON,
                true,
            )),
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

    fn perturb(&self, x: &Tensor, perturbations: &[Perturbation]) -> Result<Tensor> {
        let shape = x.size();
        let batch = perturbations.len() as i64;
        let mut values = Vec::new();
        for perturbation in perturbations {
            let (Perturbation::Add(part)
            | Perturbation::Multiply(part)
            | Perturbation::Gains(part)) = perturbation;
            values.extend_from_slice(part);
        }
        let full = [batch, shape[1], shape[2], shape[3]];
        match &perturbations[0] {
            Perturbation::Add(_) => torch(x.f_add(&self.upload(&values, &full)?)),
            Perturbation::Multiply(_) => torch(x.f_mul(&self.upload(&values, &full)?)),
            Perturbation::Gains(_) => {
                torch(x.f_mul(&self.upload(&values, &[batch, shape[1], 1, 1])?))
            }
        }
    }
}

impl Backend for Ops {
    fn load(&mut self, states: &[f32]) -> Result<()> {
        let channels = i64::from(self.architecture.channels);
        let tensor = self.upload(states, &[-1, channels, self.side, self.side])?;
        self.slots.clear();
        self.slots.push(Some(tensor));
        Ok(())
    }

    fn run(&mut self, index: usize, stage: Stage, perturbations: &[Perturbation]) -> Result<()> {
        let x = self.slot(index);
        let y = match stage {
            Stage::Noise { .. } | Stage::Dropout { .. } => self.perturb(x, perturbations)?,
            Stage::Layer { conv } => {
                let y = self.convolve(x, conv)?;
                self.activate(self.normalise(y)?)?
            }
            Stage::Skip { slot, projection } => {
                let skip = self.slot(slot);
                match projection {
                    Some(conv) => torch(x.f_add(&self.convolve(skip, conv)?))?,
                    None => torch(x.f_add(skip))?,
                }
            }
            Stage::Upsample { slot } => Self::upsample(x, self.slot(slot))?,
            Stage::Output { conv } => self.convolve(x, conv)?,
        };
        self.slots.truncate(index + 1);
        self.slots.push(Some(y));
        Ok(())
    }

    fn release(&mut self, slot: usize) {
        self.slots[slot] = None;
    }

    fn output(&mut self) -> Result<Vec<f32>> {
        let y = self.slot(self.slots.len() - 1);
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
