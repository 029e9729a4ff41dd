//! What a device can do at most: a large matrix product and a streaming triad, to hold kernels against.
//!
//! Both run through libtorch, on as many threads as it was given. Timing them is the caller's business.

use tch::{Kind, Tensor};

use super::device::Device;
use super::torch;
use crate::error::Result;
use crate::operator::rollout::Precision;

/// `C = A·B` of square matrices.
pub struct Product {
    operands: [Tensor; 2],
    result: Tensor,
}

impl Product {
    /// Matrices of side `side` in `precision`; float32 is computed as such, without TF32.
    pub fn new(device: Device, precision: Precision, side: u32) -> Result<Self> {
        let kind = match precision {
            Precision::Float16 => Kind::Half,
            Precision::Bfloat16 => Kind::BFloat16,
            Precision::Auto | Precision::Float32 => Kind::Float,
        };
        let length = i64::from(side) * i64::from(side);
        let make = || {
            let numbers = Tensor::f_arange(length, (Kind::Float, device.torch()));
            torch(numbers.and_then(|x| x.f_sin()?.f_to_kind(kind)?.f_view([i64::from(side); 2])))
        };
        Ok(Self { operands: [make()?, make()?], result: make()? })
    }

    /// One product: `2·side³` operations.
    pub fn run(&mut self) -> Result<()> {
        let [a, b] = &self.operands;
        torch(a.f_matmul_out(&self.result, b)).map(drop)
    }
}

/// `a = b + w·(c − b)` over float32 arrays: two read, one written, as in the triad of
/// the STREAM benchmark (`McCalpin` 1995).
pub struct Triad {
    arrays: [Tensor; 3],
}

impl Triad {
    /// Arrays of `length` numbers.
    pub fn new(device: Device, length: usize) -> Result<Self> {
        let make = || torch(Tensor::f_ones([length as i64], (Kind::Float, device.torch())));
        Ok(Self { arrays: [make()?, make()?, make()?] })
    }

    /// One pass: `12·length` bytes.
    pub fn run(&mut self) -> Result<()> {
        let [a, b, c] = &self.arrays;
        torch(b.f_lerp_scalar_out(a, c, 0.5)).map(drop)
    }
}
