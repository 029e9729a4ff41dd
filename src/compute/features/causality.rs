//! `causality`: products of central differences with each other and with the state before.

use tch::{Kind, Tensor};

use super::batch::Batch;
use super::{Look, Numbers, Read, Torch, columns, mean};
use crate::features::Measured;

/// What the category measures.
pub struct Causality;

impl Look for Causality {
    fn numbers(&self, batch: &Batch<'_>) -> Torch {
        let [dx, dy] = batch.central()?;
        let before = before(batch)?;
        let product = |a: &Tensor, b: &Tensor| mean(&a.f_mul(b)?.f_flatten(2, 3)?, false);
        columns(&[
            &product(dx, dx)?,
            &product(dx, dy)?,
            &product(dy, dy)?,
            &product(&before, dx)?,
            &product(&before, dy)?,
        ])
    }
}

impl Read for Causality {
    fn enter(&self, numbers: &mut Numbers<'_>, into: &mut Measured) {
        into.flow = into.channels.iter().map(|_| numbers.take()).collect();
    }
}

/// The state before each state, `[N, C, H, W]`; zeros before the first of a trajectory.
fn before(batch: &Batch<'_>) -> Torch {
    let (shape, count) = (batch.grid.shape, batch.realizations as i64);
    let [c, h, w] = [shape.channels, shape.height, shape.width].map(|n| n as i64);
    let own = batch.values.f_view([count, -1, c, h, w])?;
    let first = if batch.pasts.iter().any(|past| past.before.is_empty()) {
        Tensor::f_zeros([count, 1, c, h, w], (Kind::Double, batch.grid.device))?
    } else {
        let all: Vec<f64> =
            batch.pasts.iter().flat_map(|past| past.before.iter().copied()).collect();
        batch.grid.upload(&all, &[count, 1, c, h, w])?
    };
    let earlier = own.f_narrow(1, 0, own.size()[1] - 1)?;
    Tensor::f_cat(&[first, earlier], 1)?.f_view([-1, c, h, w])
}
