//! The noise of one operator as tensors: what [`crate::compute::noise`] draws, for consecutive
//! realizations at once and on their device.

use std::sync::Arc;

use tch::{Kind, Tensor};

use crate::compute::cuda::kernels::{Kernels, Law};
use crate::compute::device::Device;
use crate::compute::noise::{Cholesky, amplitude, normal_to_laplace};
use crate::compute::ops::Drawn;
use crate::compute::random::{Place, dropout_gains, laplaces, normals};
use crate::compute::torch;
use crate::error::Result;
use crate::operator::{Noise, NoiseLaw, Operator};
use crate::rng::Stream;

/// What fills tensors with random numbers. Both give the same numbers.
#[derive(Debug, Clone)]
pub enum Generator {
    /// [`crate::compute::random`], on the host.
    Host,
    /// Our kernels, on the device.
    Kernels(Arc<Kernels>),
}

impl Generator {
    /// The generator for tensors on `device`.
    ///
    /// # Errors
    /// If the kernels cannot be made ready.
    pub fn of(device: Device) -> Result<Self> {
        match device {
            Device::Cpu => Ok(Self::Host),
            Device::Cuda(index) => Ok(Self::Kernels(Kernels::of(index)?)),
        }
    }

    /// `[rows, length]`: row `r` holds the numbers of realization `at.realization + r`, scaled, plus
    /// `offset` unless it is 0.
    fn draw(
        &self,
        options: (Kind, tch::Device),
        stream: Stream,
        at: Place,
        (rows, length): (usize, usize),
        law: Law,
        (scale, offset): (f32, f32),
    ) -> Result<Tensor> {
        match self {
            Self::Kernels(kernels) => {
                let mut out = torch(Tensor::f_empty([rows as i64, length as i64], options))?;
                kernels.draw(&mut out, stream, at, law, (scale, offset))?;
                Ok(out)
            }
            Self::Host => {
                let mut values = vec![0.0; rows * length];
                for (row, values) in (0..).zip(values.chunks_exact_mut(length)) {
                    let at = Place { realization: at.realization.wrapping_add(row), ..at };
                    match law {
                        Law::Laplace => laplaces(stream, at, values),
                        _ => normals(stream, at, values),
                    }
                    for x in values {
                        *x *= scale;
                        *x = if offset == 0.0 { *x } else { offset + *x };
                    }
                }
                upload(&values, rows, options)
            }
        }
    }

    /// `[rows, channels]`: gains of a dropout.
    fn gains(
        &self,
        options: (Kind, tch::Device),
        stream: Stream,
        at: Place,
        (rows, channels): (usize, usize),
        p: f64,
    ) -> Result<Tensor> {
        match self {
            Self::Kernels(kernels) => {
                let mut out = torch(Tensor::f_empty([rows as i64, channels as i64], options))?;
                kernels.gains(&mut out, stream, at, p)?;
                Ok(out)
            }
            Self::Host => {
                let mut values = vec![0.0; rows * channels];
                for (row, values) in (0..).zip(values.chunks_exact_mut(channels)) {
                    let at = Place { realization: at.realization.wrapping_add(row), ..at };
                    dropout_gains(stream, at, p, values);
                }
                upload(&values, rows, options)
            }
        }
    }

    /// Standard normals `[rows, length]` to Laplace variates.
    fn laplace_of(&self, mut values: Tensor) -> Result<Tensor> {
        match self {
            Self::Kernels(kernels) => {
                kernels.normal_to_laplace(&mut values)?;
                Ok(values)
            }
            Self::Host => {
                let rows = values.size()[0] as usize;
                let options = (Kind::Float, values.device());
                let mut host = vec![0.0; values.numel()];
                let length = host.len();
                torch(values.f_copy_data(&mut host, length))?;
                normal_to_laplace(&mut host);
                upload(&host, rows, options)
            }
        }
    }
}

fn upload(values: &[f32], rows: usize, options: (Kind, tch::Device)) -> Result<Tensor> {
    let tensor = torch(Tensor::f_from_slice(values).and_then(|t| t.f_view([rows as i64, -1])))?;
    torch(tensor.f_to_device(options.1))
}

/// The random numbers of one operator.
pub struct BatchSource {
    stream: Stream,
    noise: Option<Noise>,
    dropout_rate: f64,
    /// Of the full grid.
    side: usize,
    options: (Kind, tch::Device),
    generator: Generator,
    /// For correlated noise: `A/n`, `[n, n]`, for each side n at which the network works.
    amplitudes: Vec<Tensor>,
}

impl BatchSource {
    /// The noise of `operator` in the experiment with this seed, on `device`.
    pub fn new(
        seed: u64,
        operator: &Operator,
        device: Device,
        generator: Generator,
    ) -> Result<Self> {
        let side = operator.grid as usize;
        let options = (Kind::Float, device.torch());
        let amplitudes = match operator.noise {
            Some(Noise { correlation, .. }) if correlation > 0.0 => {
                let sides = (0..=operator.architecture.topology.depth()).map(|level| side >> level);
                sides
                    .map(|side| upload(&amplitude(side, correlation), side, options))
                    .collect::<Result<_>>()?
            }
            _ => Vec::new(),
        };
        Ok(Self {
            stream: Stream::new(seed, "noise", &[operator.index]),
            noise: operator.noise,
            dropout_rate: operator.architecture.dropout_rate,
            side,
            options,
            generator,
            amplitudes,
        })
    }

    /// The noise block's action on `channels` planes of this side, of `rows` realizations from
    /// `at.realization` on.
    ///
    /// # Panics
    /// If the operator has no noise.
    pub(crate) fn perturbation(
        &self,
        at: Place,
        (rows, channels, side): (usize, usize, usize),
        scale: f64,
    ) -> Result<Drawn> {
        let law = self.noise.expect("a noise stage belongs to an operator with noise").law;
        let narrow = scale as f32;
        Ok(match law {
            NoiseLaw::Gaussian | NoiseLaw::Laplace => {
                Drawn::Add(self.field(law, at, (rows, channels, side), (narrow, 0.0))?)
            }
            NoiseLaw::Multiplicative => {
                Drawn::Multiply(self.field(law, at, (rows, channels, side), (narrow, 1.0))?)
            }
            NoiseLaw::Dropout => self.gains(at, (rows, channels), scale.min(0.95))?,
        })
    }

    /// Monte-Carlo channel dropout after a convolution layer.
    pub(crate) fn dropout(&self, at: Place, shape: (usize, usize)) -> Result<Drawn> {
        self.gains(at, shape, self.dropout_rate)
    }

    /// What a random stage does if nothing random acts.
    pub(crate) fn nothing(&self, channels: usize) -> Result<Drawn> {
        torch(Tensor::f_ones([1, channels as i64, 1, 1], self.options)).map(Drawn::Multiply)
    }

    fn gains(&self, at: Place, (rows, channels): (usize, usize), p: f64) -> Result<Drawn> {
        let gains = self.generator.gains(self.options, self.stream, at, (rows, channels), p)?;
        torch(gains.f_view([rows as i64, channels as i64, 1, 1])).map(Drawn::Multiply)
    }

    /// Gaussian noise on the features as it appears behind the output layer, as
    /// [`crate::compute::noise::Source::projected`]. `columns`: those of the factor.
    pub(crate) fn projected(
        &self,
        at: Place,
        rows: usize,
        columns: &[Tensor],
        scale: f64,
    ) -> Result<Drawn> {
        let shape = (rows, columns.len(), self.side);
        let eta = self.field(NoiseLaw::Gaussian, at, shape, (scale as f32, 0.0))?;
        // Column by column, so that no library chooses an order of summation.
        let mut out: Option<Tensor> = None;
        for (index, column) in (0..).zip(columns) {
            let term = torch(eta.f_narrow(1, index, 1).and_then(|eta| eta.f_mul(column)))?;
            out = Some(match out {
                Some(sum) => torch(sum.f_add(&term))?,
                None => term,
            });
        }
        Ok(Drawn::Add(out.expect("an operator has channels")))
    }

    /// The columns of a factor, each `[1, C, 1, 1]`.
    pub(crate) fn columns(&self, factor: &Cholesky) -> Result<Vec<Tensor>> {
        let (lower, size) = factor.rows();
        (0..size)
            .map(|column| {
                let values: Vec<f32> =
                    (0..size).map(|row| lower[row * size + column] as f32).collect();
                torch(upload(&values, 1, self.options)?.f_view([1, size as i64, 1, 1]))
            })
            .collect()
    }

    /// `[rows, channels, side, side]` independent fields of mean 0 and variance 1 with the operator's
    /// correlation, scaled, plus `offset` unless it is 0.
    fn field(
        &self,
        law: NoiseLaw,
        at: Place,
        (rows, channels, side): (usize, usize, usize),
        (scale, offset): (f32, f32),
    ) -> Result<Tensor> {
        let pixels = side * side;
        let shape = [rows as i64, -1, side as i64, side as i64];
        let draw = |planes: usize, law, transform| {
            let size = (rows, planes * pixels);
            self.generator.draw(self.options, self.stream, at, size, law, transform)
        };
        let fits = |amplitude: &&Tensor| amplitude.size()[0] == side as i64;
        if self.amplitudes.is_empty() {
            let law = if law == NoiseLaw::Laplace { Law::Laplace } else { Law::Normal };
            return torch(draw(channels, law, (scale, offset))?.f_view(shape));
        }
        let amplitude =
            self.amplitudes.iter().find(fits).expect("there is a spectrum for each side");
        let pairs = channels.div_ceil(2);
        let white = draw(2 * pairs, Law::Normal, (1.0, 0.0))?;
        let mut field = Self::shape(&white, amplitude, pairs as i64)?;
        if law == NoiseLaw::Laplace {
            field = self.generator.laplace_of(field)?;
        }
        torch(field.f_view(shape).and_then(|field| {
            let field = field.f_narrow(1, 0, channels as i64)?.f_mul_scalar(f64::from(scale))?;
            if offset == 0.0 { Ok(field) } else { field.f_add_scalar(f64::from(offset)) }
        }))
    }

    /// Correlated fields `[rows, 2·pairs·n²]` of white noise: pairs of planes as interleaved complex
    /// numbers, shaped by `amplitude` and one inverse transform without a factor. The field is
    /// transposed, as it is on the host.
    fn shape(white: &Tensor, amplitude: &Tensor, pairs: i64) -> Result<Tensor> {
        let (rows, side) = (white.size()[0], amplitude.size()[0]);
        torch(white.f_view([rows, pairs, side, side, 2]).and_then(|white| {
            let shaped = white.f_mul(&amplitude.f_unsqueeze(-1)?)?.f_view_as_complex()?;
            let field = shaped.f_fft_ifft2(None::<i64>, [-2_i64, -1].as_slice(), "forward")?;
            let planes = field.f_view_as_real()?.f_permute([0, 1, 4, 3, 2])?;
            planes.f_reshape([rows, -1])
        }))
    }
}
