//! `spatial`: order statistics from sorted pixels, differences with neighbours, and beyond `sdf-2.0` the
//! autocorrelation, rings of the spectrum, and bidiagonal forms for singular values.

use tch::{Kind, Tensor};

use super::batch::{Batch, moments};
use super::grid::Grid;
use super::singular::bidiagonal;
use super::{Look, Numbers, Read, Torch, columns, mean, pixels};
use crate::features::singular::of_bidiagonal;
use crate::features::spatial::{Measures, Pattern, Rings, wave_rings};
use crate::features::{Measured, Settings};

/// Tables on the device.
pub struct Spatial {
    pattern: Option<Tables>,
}

/// What the numbers are of.
pub struct Reader {
    /// Pixels.
    area: usize,
    /// min(H, W).
    side: usize,
    /// If `sdf-extended` is asked for: rings of pixels, and Σ w of each ring of waves.
    pattern: Option<(usize, Vec<f64>)>,
}

/// For what `sdf-extended` wants besides.
struct Tables {
    /// `[P, R]`: which pixel is in which ring.
    rings: Tensor,
    /// `[L, S]`: which wave is in which ring.
    waves: Tensor,
    /// `[L]`: ρ.
    rho: Tensor,
}

/// With these settings.
pub fn prepare(grid: &Grid, settings: &Settings) -> Torch<(Spatial, Reader)> {
    let (h, w) = (grid.shape.height, grid.shape.width);
    let mut look = Spatial { pattern: None };
    let mut reader = Reader { area: h * w, side: h.min(w), pattern: None };
    if settings.extended() {
        let (tables, rings, modes) = Tables::new(grid)?;
        (look.pattern, reader.pattern) = (Some(tables), Some((rings, modes)));
    }
    Ok((look, reader))
}

impl Tables {
    /// With the number of rings of pixels, and Σ w of each ring of waves.
    fn new(grid: &Grid) -> Torch<(Self, usize, Vec<f64>)> {
        let (h, w) = (grid.shape.height, grid.shape.width);
        let rings = Rings::new(grid.shape);
        // Pixels lie columns first there, and rows first here.
        let of: Vec<usize> = (0..h * w).map(|k| rings.of_pixels()[k % w * h + k / w]).collect();
        let all = grid.waves.all();
        let rho: Vec<f64> = all.iter().map(|wave| wave.rho).collect();
        let (mut ring_of, mut modes) = (Vec::with_capacity(all.len()), Vec::new());
        for (ring, end) in wave_rings(&grid.waves).into_iter().enumerate() {
            modes.push(all[ring_of.len()..end].iter().map(|wave| wave.weight).sum());
            ring_of.resize(end, ring);
        }
        let tables = Self {
            rings: grid.groups(&of, None, rings.count())?,
            waves: grid.groups(&ring_of, None, modes.len())?,
            rho: grid.upload(&rho, &[all.len() as i64])?,
        };
        Ok((tables, rings.count(), modes))
    }
}

impl Look for Spatial {
    fn numbers(&self, batch: &Batch<'_>) -> Torch {
        let flat = |t: &Tensor| t.f_flatten(2, 3);
        let sorted = batch.sorted()?;
        let away = sorted.f_sub(&median(sorted)?)?.f_abs()?;
        let deviation = pixels(&median(&away.f_sort(-1, false)?.0)?)?;
        drop(away);
        let [dx, dy] = batch.central()?;
        let [xx, yy] = [flat(&dx.f_mul(dx)?)?, flat(&dy.f_mul(dy)?)?];
        let gradient = xx.f_add(&yy)?.f_sqrt()?;
        let tensor = [mean(&xx, false)?, mean(&yy, false)?];
        let steepest = gradient.f_amax([-1_i64].as_slice(), true)?;
        let slope = |dim: i64| -> Torch {
            let ahead = batch.values.f_roll([-1], [dim])?;
            mean(&flat(&ahead.f_sub(&batch.values)?)?.f_abs()?, false)
        };
        let laplacian = flat(&laplacian(&batch.values)?)?;
        let bend = moments(&laplacian)?;
        let curvature = mean(&laplacian.f_abs()?, false)?;
        let energy = mean(&laplacian.f_mul(&laplacian)?, false)?;
        let [low, high] = &batch.extremes;
        let [g, slopes] = [moments(&gradient)?, bend];
        let quartiles = [quantile(sorted, 0.25)?, quantile(sorted, 0.75)?];
        let base = columns(&[
            low,
            high,
            &quartiles[0],
            &quartiles[1],
            &deviation,
            &g[0],
            &g[1],
            &g[2],
            &g[3],
            &pixels(&steepest)?,
            &slope(3)?,
            &slope(2)?,
            &tensor[0],
            &tensor[1],
            &slopes[0],
            &slopes[1],
            &slopes[2],
            &slopes[3],
            &curvature,
            &energy,
        ])?;
        let Some(tables) = &self.pattern else { return Ok(base) };
        let small = gradient.f_lt_tensor(&steepest.f_mul_scalar(0.05)?)?;
        let saturated = mean(&small, false)?;
        let all = [
            base,
            saturated,
            tables.correlation(batch)?,
            tables.structure(batch)?,
            singular(batch)?,
        ];
        Tensor::f_cat(&all, 1)
    }
}

impl Read for Reader {
    fn enter(&self, numbers: &mut Numbers<'_>, into: &mut Measured) {
        into.spatial = into.channels.iter().map(|_| self.read(numbers)).collect();
        let Some((rings, modes)) = &self.pattern else { return };
        let count = into.channels.len();
        let saturated = numbers.list(count);
        let axes: Vec<[f64; 2]> = (0..count).map(|_| numbers.take()).collect();
        let correlation: Vec<_> = (0..count).map(|_| numbers.list(*rings)).collect();
        let structure: Vec<Vec<[f64; 2]>> = (0..count)
            .map(|_| {
                let [sums, products] = [(); 2].map(|()| numbers.list(modes.len()));
                sums.into_iter().zip(products).map(|(sum, moment)| [sum, moment]).collect()
            })
            .collect();
        for (c, (measures, outline)) in into.spatial.iter_mut().zip(&into.channels).enumerate() {
            let (diagonal, above) = (numbers.list(self.side), numbers.list(self.side - 1));
            let varies = outline.finite && !outline.constant;
            measures.pattern = Some(Pattern {
                singular: if varies { of_bidiagonal(diagonal, above) } else { None },
                saturated: saturated[c],
                axes: axes[c],
                correlation: correlation[c].clone(),
                structure: structure[c].clone(),
                modes: modes.clone(),
            });
        }
    }
}

impl Reader {
    fn read(&self, numbers: &mut Numbers<'_>) -> Measures {
        let (extremes, quartiles) = (numbers.take(), numbers.take());
        let [deviation] = numbers.take();
        let gradient = numbers.moments(self.area);
        let [steepest] = numbers.take();
        let (slopes, tensor) = (numbers.take(), numbers.take());
        let laplacian = numbers.moments(self.area);
        let [curvature, curvature_energy] = numbers.take();
        Measures {
            extremes,
            quartiles,
            deviation,
            gradient,
            steepest,
            slopes,
            tensor,
            laplacian,
            curvature,
            curvature_energy,
            pattern: None,
        }
    }
}

impl Tables {
    /// Of the autocorrelation R of each channel: mean |R(x, 0)| and mean |R(0, y)|, then sums over rings.
    fn correlation(&self, batch: &Batch<'_>) -> Torch {
        let shape = batch.grid.shape;
        let size = [shape.height as i64, shape.width as i64];
        let power = batch.spectrum()?.power.f_to_kind(Kind::ComplexDouble)?;
        let covariance =
            power.f_fft_irfft2(size.as_slice(), [-2_i64, -1].as_slice(), "backward")?;
        let variance = covariance.f_narrow(2, 0, 1)?.f_narrow(3, 0, 1)?;
        let r = covariance.f_div(&variance)?;
        let across = mean(&r.f_select(2, 0)?.f_abs()?, false)?;
        let down = mean(&r.f_select(3, 0)?.f_abs()?, false)?;
        let rings = r.f_flatten(2, 3)?.f_matmul(&self.rings)?;
        Tensor::f_cat(&[columns(&[&across, &down])?, rings.f_flatten(1, 2)?], 1)
    }

    /// Σ w P and Σ w P ρ over the rings of waves.
    fn structure(&self, batch: &Batch<'_>) -> Torch {
        let weighted = &batch.spectrum()?.weighted;
        let sums = weighted.f_matmul(&self.waves)?;
        let moments = weighted.f_mul(&self.rho)?.f_matmul(&self.waves)?;
        Tensor::f_stack(&[sums, moments], 2)?.f_flatten(1, 3)
    }
}

/// The bidiagonal form of each field less its mean: diagonal, and the line above it.
fn singular(batch: &Batch<'_>) -> Torch {
    let (shape, count) = (batch.grid.shape, batch.count());
    let middle = batch.moments[0].f_unsqueeze(-1)?.f_unsqueeze(-1)?;
    let centred = batch.values.f_sub(&middle)?;
    let matrices = centred.f_view([-1, shape.height as i64, shape.width as i64])?;
    bidiagonal(matrices)?.f_view([count, -1])
}

/// The five-point Laplacian, periodic.
fn laplacian(u: &Tensor) -> Torch {
    let [right, left] = [u.f_roll([-1], [3])?, u.f_roll([1], [3])?];
    let [below, above] = [u.f_roll([-1], [2])?, u.f_roll([1], [2])?];
    let around = right.f_add(&left)?.f_add(&below)?.f_add(&above)?;
    around.f_sub(&u.f_mul_scalar(4.0)?)
}

/// The middle of sorted values, `[N, C, 1]`; of an even number the mean of the two.
fn median(sorted: &Tensor) -> Torch {
    let count = sorted.size()[2];
    let [lower, upper] = [(count - 1) / 2, count / 2].map(|at| sorted.f_narrow(2, at, 1));
    lower?.f_add(&upper?)?.f_mul_scalar(0.5)
}

/// Quantile `p` of sorted values, `[N, C]`; see [`crate::features::statistics::quantile`].
fn quantile(sorted: &Tensor, p: f64) -> Torch {
    let last = sorted.size()[2] - 1;
    let at = p * last as f64;
    let low = sorted.f_select(2, at as i64)?;
    let high = sorted.f_select(2, (at as i64 + 1).min(last))?;
    low.f_add(&high.f_sub(&low)?.f_mul_scalar(at.fract())?)
}
