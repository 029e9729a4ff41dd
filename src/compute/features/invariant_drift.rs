//! `invariant_drift`: norms and energies of fields, of their low-pass and of the rest, entropies over the
//! bins of the first state, and energies of bands of wave numbers.

use tch::{Kind, Tensor};

use super::batch::Batch;
use super::grid::Grid;
use super::{Look, Numbers, Read, Torch, columns, mean, sum};
use crate::features::invariant_drift::{Bins, Energy, LowPass, Measures, Weights};
use crate::features::{Measured, Settings};

/// Tables on the device.
pub struct InvariantDrift {
    /// Raw, lowpass, highpass: how many of them.
    scales: usize,
    /// Bins of the entropy.
    bins: usize,
    /// The low-pass along y and along x, `[H, H]` and `[W, W]`, symmetric.
    lowpass: [Tensor; 2],
    /// `[L, 5]`: what a wave adds to an [`Energy`], times its power.
    energy: Option<Tensor>,
}

/// What the numbers are of.
pub struct Reader {
    scales: usize,
    bins: usize,
    /// Whether there are energies.
    extended: bool,
}

/// With these settings.
pub fn prepare(grid: &Grid, settings: &Settings) -> Torch<(InvariantDrift, Reader)> {
    let taps = LowPass::periodic(settings.gaussian_sigma);
    let (h, w) = (grid.shape.height, grid.shape.width);
    let (scales, bins) = (settings.num_scales, settings.entropy_num_bins);
    let extended = settings.extended();
    let mut look = InvariantDrift {
        scales,
        bins,
        lowpass: [circulant(grid, taps.taps(), h)?, circulant(grid, taps.taps(), w)?],
        energy: None,
    };
    if extended {
        let weights = Weights::new(&grid.waves, false);
        let waves = grid.waves.all();
        let rows: Vec<f64> =
            waves.iter().flat_map(|wave| weights.of_modes()[wave.at].numbers()).collect();
        look.energy = Some(grid.upload(&rows, &[waves.len() as i64, 5])?);
    }
    Ok((look, Reader { scales, bins, extended }))
}

impl InvariantDrift {
    /// The field at every scale, `[N, C, H, W]` each.
    fn fields(&self, batch: &Batch<'_>) -> Torch<Vec<Tensor>> {
        let raw = batch.values.shallow_clone();
        if self.scales == 1 {
            return Ok(vec![raw]);
        }
        // The difference from the first pixel is filtered, so that a constant field comes back.
        let origin = raw.f_narrow(2, 0, 1)?.f_narrow(3, 0, 1)?;
        let [down, across] = &self.lowpass;
        let half = raw.f_sub(&origin)?.f_matmul(across)?.f_transpose(2, 3)?;
        let low = half.f_matmul(down)?.f_transpose(2, 3)?.f_add(&origin)?.f_contiguous()?;
        let mut fields = vec![raw, low];
        if self.scales == 3 {
            fields.push(fields[0].f_sub(&fields[1])?);
        }
        Ok(fields)
    }
}

/// The matrix of a symmetric periodic filter on rows of `size` pixels.
fn circulant(grid: &Grid, taps: &[f64], size: usize) -> Torch {
    let mut row = vec![0.0; size];
    for (at, tap) in taps.iter().enumerate() {
        row[at % size] += tap;
        if at > 0 {
            row[(size - at % size) % size] += tap;
        }
    }
    let matrix: Vec<f64> =
        (0..size * size).map(|k| row[(k % size + size - k / size) % size]).collect();
    grid.upload(&matrix, &[size as i64, size as i64])
}

impl Look for InvariantDrift {
    fn numbers(&self, batch: &Batch<'_>) -> Torch {
        let mut parts = Vec::new();
        for (scale, field) in self.fields(batch)?.iter().enumerate() {
            let flat = field.f_flatten(2, 3)?;
            let own = if scale == 0 { None } else { Some(flat.f_sort(-1, false)?.0) };
            let sorted = if let Some(own) = &own { own } else { batch.sorted()? };
            let limits = limits(batch, scale, sorted)?;
            parts.extend(norms(field, &flat)?);
            parts.push(entropy(sorted, &limits, self.bins)?);
            parts.extend(limits);
        }
        let base = columns(&parts.iter().collect::<Vec<_>>())?;
        let Some(weights) = &self.energy else { return Ok(base) };
        let energy = batch.spectrum()?.waves.f_matmul(weights)?;
        // The mean adds to the whole power alone.
        let mut whole = energy.f_select(2, 4)?;
        let _ = whole.f_add_(&batch.power_of_mean()?)?;
        Tensor::f_cat(&[base, energy.f_flatten(1, 2)?], 1)
    }
}

impl Read for Reader {
    fn enter(&self, numbers: &mut Numbers<'_>, into: &mut Measured) {
        let mut scale = || {
            let [l1, linf, tv, mass, square, gradient, entropy, least, greatest] = numbers.take();
            let bins = Bins::between(least, greatest, self.bins);
            let entropy = if bins.is_some() { entropy } else { 0.0 };
            ([l1, square.sqrt(), linf, entropy, tv, mass, square, gradient], bins)
        };
        let mut channel = || (0..self.scales).map(|_| scale()).collect();
        into.drift =
            into.channels.iter().map(|_| Measures { scales: channel(), energy: None }).collect();
        if self.extended {
            for measures in &mut into.drift {
                measures.energy = Some(Energy::of(numbers.take()));
            }
        }
    }
}

/// Of each field: mean |v|, max |v|, mean |∇v|, mean v, mean v², mean |∇v|², with forward differences.
fn norms(field: &Tensor, flat: &Tensor) -> Torch<[Tensor; 6]> {
    let size = flat.f_abs()?;
    let square = |dim: i64| -> Torch {
        let step = field.f_roll([-1], [dim])?.f_sub(field)?;
        step.f_mul(&step)
    };
    let gradient = square(3)?.f_add(&square(2)?)?.f_flatten(2, 3)?;
    Ok([
        mean(&size, false)?,
        size.f_amax([-1_i64].as_slice(), false)?,
        mean(&gradient.f_sqrt()?, false)?,
        mean(flat, false)?,
        mean(&flat.f_mul(flat)?, false)?,
        mean(&gradient, false)?,
    ])
}

/// The least and the greatest value of the first state of each trajectory, for each of its states and
/// channels, `[N, C]`; twice 0 where there are no bins.
fn limits(batch: &Batch<'_>, scale: usize, sorted: &Tensor) -> Torch<[Tensor; 2]> {
    let (count, channels) = (batch.realizations as i64, batch.grid.shape.channels as i64);
    let begins = batch.pasts.iter().all(|past| past.steps == 0);
    let area = sorted.size()[2];
    let side = |k: usize| -> Torch {
        let first = if begins {
            let at = if k == 0 { 0 } else { area - 1 };
            sorted.f_select(2, at)?.f_view([count, -1, channels])?.f_narrow(1, 0, 1)?
        } else {
            let of = |bins: &Vec<Option<Bins>>| bins[scale].map_or(0.0, |bins| bins.limits()[k]);
            let all: Vec<f64> =
                batch.pasts.iter().flat_map(|past| past.bins.iter().map(of)).collect();
            batch.grid.upload(&all, &[count, 1, channels])?
        };
        first.f_expand([count, batch.count() / count, channels], false)?.f_reshape([-1, channels])
    };
    Ok([side(0)?, side(1)?])
}

/// Shannon entropy of sorted values `[N, C, P]` over bins of equal width between limits `[N, C]`, and on
/// without end; see [`Bins::entropy`]. However many bins there are, each is a run of pixels here.
fn entropy(sorted: &Tensor, limits: &[Tensor; 2], bins: usize) -> Torch {
    let [least, greatest] = [limits[0].f_unsqueeze(-1)?, limits[1].f_unsqueeze(-1)?];
    let (area, device) = (sorted.size()[2], sorted.device());
    let range = greatest.f_sub(&least)?;
    let range = range.f_where_scalarother(&range.f_gt(0.0)?, 1.0)?.f_to_kind(Kind::Double)?;
    let place = sorted.f_sub(&least)?.f_div(&range)?.f_mul_scalar(bins as f64)?;
    let inner = sorted.f_ne_tensor(&greatest)?;
    let place = place.f_where_scalarother(&inner, bins as f64 - 0.5)?.f_to_kind(Kind::Double)?;
    let bin = place.f_floor()?;
    let bin = bin.f_minimum(&bin.f_narrow(2, area - 1, 1)?)?;
    let changes = bin.f_narrow(2, 1, area - 1)?.f_ne_tensor(&bin.f_narrow(2, 0, area - 1)?)?;
    let options = (Kind::Double, device);
    // Where each run ends, and 0 within runs; then how far behind the end before it lies.
    let places = Tensor::f_arange_start(1, area, options)?;
    let inside = places.f_mul(&changes.f_to_kind(Kind::Double)?)?;
    let size = sorted.size();
    let edge = |value: f64| Tensor::f_full([size[0], size[1], 1], value, options);
    let ends = Tensor::f_cat(&[inside.shallow_clone(), edge(area as f64)?], 2)?;
    let before = Tensor::f_cat(&[edge(0.0)?, inside.f_cummax(2)?.0], 2)?;
    let counts = ends.f_sub(&before)?;
    let counts = counts.f_where_scalarother(&ends.f_gt(0.0)?, 0.0)?.f_to_kind(Kind::Double)?;
    sum(&counts.f_div_scalar(area as f64)?.f_special_entr()?, false)
}
