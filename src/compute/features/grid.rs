//! What depends on the form of fields alone: the order of their waves, and tables on a device.

use tch::{Kind, Tensor};

use super::Torch;
use crate::features::Shape;
use crate::features::waves::Waves;

/// The form of fields, and where they are looked at.
#[derive(Debug)]
pub struct Grid {
    /// The form of the trajectories.
    pub shape: Shape,
    /// Where tensors live.
    pub device: tch::Device,
    /// The waves of such fields; L of them.
    pub waves: Waves,
    /// Where each wave lies among the modes `[H, W/2 + 1]`, row by row: `[L]`.
    pub order: Tensor,
    /// How many modes each stands for, `[L]`.
    pub weight: Tensor,
}

impl Grid {
    /// Of such trajectories.
    pub fn new(shape: Shape, device: tch::Device) -> Torch<Self> {
        let waves = Waves::new(shape.height, shape.width);
        let (h, half) = (shape.height, shape.width / 2 + 1);
        // Modes lie columns first there, and rows first here.
        let order: Vec<i64> =
            waves.all().iter().map(|wave| (wave.at % h * half + wave.at / h) as i64).collect();
        let weight: Vec<f64> = waves.all().iter().map(|wave| wave.weight).collect();
        let order = Tensor::f_from_slice(&order)?.f_to_device(device)?;
        let weight = Tensor::f_from_slice(&weight)?.f_to_device(device)?;
        Ok(Self { shape, device, waves, order, weight })
    }

    /// Numbers on the device, in this shape.
    pub fn upload(&self, values: &[f64], shape: &[i64]) -> Torch {
        Tensor::f_from_slice(values)?.f_view(shape)?.f_to_device(self.device)
    }

    /// Indices on the device.
    pub fn indices(&self, values: &[i64]) -> Torch {
        Tensor::f_from_slice(values)?.f_to_device(self.device)
    }

    /// `[K, count]`: the weight of each of K things in the column of its group, zero elsewhere. A product
    /// with it sums over groups, always in the same order, which additions into places would not.
    pub fn groups(&self, of: &[usize], weights: Option<&[f64]>, count: usize) -> Torch {
        let of: Vec<i64> = of.iter().map(|group| *group as i64).collect();
        let columns = Tensor::f_arange(count as i64, (Kind::Int64, self.device))?;
        let member = self.indices(&of)?.f_unsqueeze(1)?.f_eq_tensor(&columns)?;
        let member = member.f_to_kind(Kind::Double)?;
        match weights {
            None => Ok(member),
            Some(weights) => member.f_mul(&self.upload(weights, &[weights.len() as i64, 1])?),
        }
    }
}
