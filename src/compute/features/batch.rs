//! States of a unit side by side on a device, and what several categories want of them, computed once
//! when asked: what [`crate::features::Frame`] is to one state.
//!
//! N states of C channels, P = HW pixels, all in float64. A channel that is not finite is replaced by zeros,
//! so that it disturbs nothing; whoever reads its numbers must look at `finite` first.

use std::cell::OnceCell;

use tch::{Kind, Tensor};

use super::grid::Grid;
use super::{Torch, mean, pixels};
use crate::features::Past;

/// Some consecutive states of each of some realizations.
pub struct Batch<'a> {
    /// The form of the fields.
    pub grid: &'a Grid,
    /// M', realizations; the states of one lie together.
    pub realizations: usize,
    /// Of each realization, what was before the first state of the batch.
    pub pasts: &'a [Past],
    /// `[N, C, H, W]`.
    pub values: Tensor,
    /// `[N, C]`: whether all numbers were finite.
    pub finite: Tensor,
    /// `[N, C]`: whether all are equal.
    pub constant: Tensor,
    /// Least and greatest value, `[N, C]`.
    pub extremes: [Tensor; 2],
    /// Mean and second to fourth central moment, each `[N, C]`.
    pub moments: [Tensor; 4],
    /// `[N, C, P]`, float32.
    narrow: Tensor,
    sorted: OnceCell<Tensor>,
    central: OnceCell<[Tensor; 2]>,
    spectrum: OnceCell<Spectrum>,
}

/// The transforms of a batch, less the mean of the fields; exactly zero of constant ones.
pub struct Spectrum {
    /// F, `[N, C, H, W/2 + 1]`, complex and orthonormal.
    pub modes: Tensor,
    /// |F|², of the same shape.
    pub power: Tensor,
    /// |F|² of the waves in their order, `[N, C, L]`.
    pub waves: Tensor,
    /// The same times the modes that each wave stands for.
    pub weighted: Tensor,
}

impl<'a> Batch<'a> {
    /// Of states `[M', T', C, H, W]`, float32, on the device of the grid.
    pub fn new(grid: &'a Grid, states: &Tensor, pasts: &'a [Past]) -> Torch<Self> {
        let shape = grid.shape;
        let (channels, area) = (shape.channels as i64, shape.area() as i64);
        let flat = states.f_reshape([-1, channels, area])?;
        let finite = flat.f_isfinite()?.f_all_dim(-1, false)?;
        let narrow = flat.f_where_scalarother(&finite.f_unsqueeze(-1)?, 0.0)?;
        let narrow = narrow.f_to_kind(Kind::Float)?;
        let (least, greatest) = narrow.f_aminmax(-1, false)?;
        let constant = least.f_eq_tensor(&greatest)?;
        let wide = narrow.f_to_kind(Kind::Double)?;
        let extremes = [least.f_to_kind(Kind::Double)?, greatest.f_to_kind(Kind::Double)?];
        let values = wide.f_view([-1, channels, shape.height as i64, shape.width as i64])?;
        Ok(Self {
            grid,
            realizations: pasts.len(),
            pasts,
            moments: moments(&wide)?,
            values,
            finite,
            constant,
            extremes,
            narrow,
            sorted: OnceCell::new(),
            central: OnceCell::new(),
            spectrum: OnceCell::new(),
        })
    }

    /// N.
    pub fn count(&self) -> i64 {
        self.values.size()[0]
    }

    /// The values of each channel in ascending order, `[N, C, P]`.
    pub fn sorted(&self) -> Torch<&Tensor> {
        // In 32 bits, in which they came: half the work.
        kept(&self.sorted, || self.narrow.f_sort(-1, false)?.0.f_to_kind(Kind::Double))
    }

    /// Central differences along x and y, each `[N, C, H, W]`, periodic.
    pub fn central(&self) -> Torch<&[Tensor; 2]> {
        kept(&self.central, || {
            let along = |dim: i64| -> Torch {
                let (ahead, behind) =
                    (self.values.f_roll([-1], [dim])?, self.values.f_roll([1], [dim])?);
                ahead.f_sub(&behind)?.f_mul_scalar(0.5)
            };
            Ok([along(3)?, along(2)?])
        })
    }

    /// The transforms.
    pub fn spectrum(&self) -> Torch<&Spectrum> {
        kept(&self.spectrum, || {
            let of_fields = |t: &Tensor| t.f_unsqueeze(-1)?.f_unsqueeze(-1);
            let centred = self.values.f_sub(&of_fields(&self.moments[0])?)?;
            let varying = of_fields(&self.constant.f_logical_not()?)?;
            let centred = centred.f_where_scalarother(&varying, 0.0)?.f_to_kind(Kind::Double)?;
            let modes = centred.f_fft_rfft2(None::<&[i64]>, [-2_i64, -1].as_slice(), "ortho")?;
            let parts = modes.f_view_as_real()?;
            let power =
                parts.f_mul(&parts)?.f_sum_dim_intlist([-1_i64].as_slice(), false, Kind::Double)?;
            let waves = self.in_order(&power)?;
            let weighted = waves.f_mul(&self.grid.weight)?;
            Ok(Spectrum { modes, power, waves, weighted })
        })
    }

    /// Modes `[N, C, H, W/2 + 1]` in the order of the waves: `[N, C, L]`.
    pub fn in_order(&self, modes: &Tensor) -> Torch {
        modes.f_flatten(2, 3)?.f_index_select(2, &self.grid.order)
    }

    /// The power of the mode of the mean, mean² n, `[N, C]`.
    pub fn power_of_mean(&self) -> Torch {
        let mean = &self.moments[0];
        mean.f_mul(mean)?.f_mul_scalar(self.grid.shape.area() as f64)
    }
}

/// Mean and second to fourth central moment over the last axis.
pub fn moments(values: &Tensor) -> Torch<[Tensor; 4]> {
    let middle = mean(values, true)?;
    let away = values.f_sub(&middle)?;
    let square = away.f_mul(&away)?;
    let cube = square.f_mul(&away)?;
    let fourth = square.f_mul(&square)?;
    Ok([pixels(&middle)?, mean(&square, false)?, mean(&cube, false)?, mean(&fourth, false)?])
}

/// What a cell holds, or what is made for it.
fn kept<T>(cell: &OnceCell<T>, make: impl FnOnce() -> Torch<T>) -> Torch<&T> {
    if let Some(value) = cell.get() {
        return Ok(value);
    }
    let value = make()?;
    Ok(cell.get_or_init(|| value))
}
