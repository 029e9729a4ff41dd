//! How activations and weights of the tensor backend lie in memory.
//!
//! Tensor cores take half-precision channels in groups of 8, innermost in memory ("Tensor Layouts In
//! Memory: NCHW vs NHWC" in NVIDIA's guide to convolutional layers): on CUDA half precisions are laid
//! out so, with zeros for the missing channels. A filling channel has zero weights in and out and is 0
//! after every stage, so the results are those of the plain layout up to rounding.

use tch::{Kind, Tensor};

use crate::error::Result;

use super::device::Device;
use super::torch;

/// A layout of tensors `[B, channels, n, n]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Channels are filled up to a multiple of this.
    pub multiple: i64,
    /// Whether channels are innermost in memory.
    pub channels_last: bool,
}

impl Layout {
    /// Planes one after the other, nothing filled up.
    pub const PLAIN: Self = Self { multiple: 1, channels_last: false };
    /// What tensor cores take.
    pub const TENSOR_CORES: Self = Self { multiple: 8, channels_last: true };

    /// The layout for convolutions of type `kind` on `device`.
    pub fn of(device: Device, kind: Kind) -> Self {
        match device {
            Device::Cuda(_) if kind != Kind::Float => Self::TENSOR_CORES,
            _ => Self::PLAIN,
        }
    }

    fn full(self, channels: i64) -> i64 {
        (channels as u64).next_multiple_of(self.multiple as u64) as i64
    }

    /// `x` with zeros up to `channels` channels.
    pub(super) fn widen(x: &Tensor, channels: i64) -> Result<Tensor> {
        let missing = channels - x.size()[1];
        if missing == 0 {
            return Ok(x.shallow_clone());
        }
        torch(x.f_constant_pad_nd([0, 0, 0, 0, 0, missing]))
    }

    /// The first `channels` channels of `x`, planes one after the other.
    pub(super) fn cut(x: &Tensor, channels: i64) -> Result<Tensor> {
        torch(x.f_narrow(1, 0, channels).and_then(|x| x.f_contiguous()))
    }

    /// The first channels of `x`, then those of `y`, filled up again; each with their number.
    pub(super) fn append(self, (x, c): (&Tensor, i64), (y, d): (&Tensor, i64)) -> Result<Tensor> {
        let both =
            torch(x.f_narrow(1, 0, c).and_then(|x| Tensor::f_cat(&[x, y.f_narrow(1, 0, d)?], 1)))?;
        Self::widen(&both, self.full(c + d))
    }

    /// Brings states `[B, C, n, n]` into this layout.
    pub(super) fn place(self, x: &Tensor) -> Result<Tensor> {
        self.turn(&Self::widen(x, self.full(x.size()[1]))?)
    }

    /// Brings a convolution's weight `[outputs, inputs, k, k]` into this layout.
    pub(super) fn weight(self, weight: &Tensor) -> Result<Tensor> {
        let [outputs, inputs] = [weight.size()[0], weight.size()[1]];
        let missing = [self.full(inputs) - inputs, self.full(outputs) - outputs];
        let filled = if missing == [0, 0] {
            weight.shallow_clone()
        } else {
            torch(weight.f_constant_pad_nd([0, 0, 0, 0, 0, missing[0], 0, missing[1]]))?
        };
        self.turn(&filled)
    }

    /// Fills up a bias `[outputs]`.
    pub(super) fn bias(self, bias: &Tensor) -> Result<Tensor> {
        let missing = self.full(bias.size()[0]) - bias.size()[0];
        torch(bias.f_constant_pad_nd([0, missing]))
    }

    fn turn(self, x: &Tensor) -> Result<Tensor> {
        if !self.channels_last {
            return Ok(x.shallow_clone());
        }
        torch(x.f_permute([0, 2, 3, 1]).and_then(|x| x.f_contiguous()?.f_permute([0, 3, 1, 2])))
    }

    /// `x` on the torus with a margin of `pad` pixels.
    pub(super) fn wrap(self, x: Tensor, pad: i64) -> Result<Tensor> {
        if pad == 0 {
            return Ok(x);
        }
        if !self.channels_last {
            return torch(x.f_pad([pad; 4], "circular", None));
        }
        // libtorch's circular padding would lay the planes one after the other; `cat` keeps the order.
        [3, 2].into_iter().try_fold(x, |x, axis| {
            let side = x.size()[axis as usize];
            let last = torch(x.f_narrow(axis, side - pad, pad))?;
            let first = torch(x.f_narrow(axis, 0, pad))?;
            torch(Tensor::f_cat(&[&last, &x, &first], axis))
        })
    }

    /// Over each of `groups` groups of the first `channels` channels: mean 0 and variance 1,
    /// `(x − mean)/√(variance + ε)` with the biased variance, in float32. Filling channels stay 0.
    pub(super) fn group_norm(
        self,
        x: &Tensor,
        channels: i64,
        groups: i64,
        epsilon: f64,
    ) -> Result<Tensor> {
        if self == Self::PLAIN {
            return torch(x.f_group_norm(groups, None::<&Tensor>, None::<&Tensor>, epsilon, true));
        }
        let size = x.size();
        // A filling channel that is a group by itself is (0 − 0)/√ε.
        let alone = groups == channels;
        let (real, groups) = if alone { (size[1], size[1]) } else { (channels, groups) };
        let grouped = torch(
            x.f_narrow(1, 0, real)
                .and_then(|x| x.f_view([size[0], groups, real / groups, size[2], size[3]])),
        )?;
        // libtorch's own norm on CUDA would first lay the planes one after the other.
        let (variance, mean) =
            torch(grouped.f_var_mean_correction([2_i64, 3, 4].as_slice(), 0, true))?;
        let normed = torch(grouped.f_sub(&mean).and_then(|x| {
            let inverse = variance.f_add_scalar(epsilon)?.f_rsqrt()?;
            x.f_mul(&inverse)?.f_reshape([size[0], real, size[2], size[3]])
        }))?;
        Self::widen(&normed, size[1])
    }
}
