//! `spectral`: sums over the power of waves, which lie in order of their length, so that bands are
//! stretches of them.

use tch::{Kind, Tensor};

use super::batch::Batch;
use super::grid::Grid;
use super::{Look, Numbers, Read, Torch, columns, pixels, sum};
use crate::features::spectral::{Band, Measures, Spectrum, edges};
use crate::features::waves::{Wave, Waves};
use crate::features::{Measured, Settings};

/// Weights of [`Spectral::sums`].
const SUMS: usize = 6;

/// Tables on the device.
pub struct Spectral {
    /// L.
    length: usize,
    /// Where the bands begin among the waves, and the end of the last.
    edges: Vec<usize>,
    /// How many waves have ρ < 1/16 and ρ < 1/8.
    parts: [usize; 2],
    /// `[L]`: ρ.
    rho: Tensor,
    /// `[L, 6]`: |fx|, |fy|, ρ, fx², fy², and fx fy without Nyquist modes.
    sums: Tensor,
    /// `[L]`: how many modes have the power of a wave, itself or with its conjugate.
    pair: Tensor,
    /// `[L, R]`: the multiples of each wave, and −1 where there are no more.
    multiples: Option<Tensor>,
}

/// What the numbers are of.
pub struct Reader {
    waves: Vec<Wave>,
    edges: Vec<usize>,
    /// Multiples of a wave in each row, if they are wanted.
    longest: Option<usize>,
}

/// With these settings.
pub fn prepare(grid: &Grid, settings: &Settings) -> Torch<(Spectral, Reader)> {
    let waves = grid.waves.all();
    let length = waves.len() as i64;
    let rho: Vec<f64> = waves.iter().map(|wave| wave.rho).collect();
    let of_wave = |wave: &Wave| -> [f64; SUMS] {
        let (fx, fy) = (wave.fx, wave.fy);
        let both = if wave.is_nyquist() { 0.0 } else { fx * fy };
        [fx, fy.abs(), wave.rho, fx * fx, fy * fy, both]
    };
    let sums: Vec<f64> = waves.iter().flat_map(of_wave).collect();
    let ones = vec![1.0; (grid.waves.width / 2 + 1) * grid.waves.height];
    let pair: Vec<f64> = waves.iter().map(|w| grid.waves.of_pair(&ones, w.at)).collect();
    let multiples = if settings.extended() { Some(multiples(grid)?) } else { None };
    let edges = edges(&grid.waves, settings.num_fft_scales);
    let longest = multiples.as_ref().map(|rows| rows.size()[1] as usize);
    let reader = Reader { waves: waves.to_vec(), edges: edges.clone(), longest };
    let look = Spectral {
        length: waves.len(),
        edges,
        parts: [1.0 / 16.0, 1.0 / 8.0].map(|rho| grid.waves.below(rho)),
        rho: grid.upload(&rho, &[length])?,
        sums: grid.upload(&sums, &[length, SUMS as i64])?,
        pair: grid.upload(&pair, &[length])?,
        multiples,
    };
    Ok((look, reader))
}

/// The places of the multiples of every wave among the waves, as [`Waves::harmonic`] has them.
fn multiples(grid: &Grid) -> Torch {
    let waves: &Waves = &grid.waves;
    let mut places = vec![0; (waves.width / 2 + 1) * waves.height];
    for (place, wave) in waves.all().iter().enumerate() {
        places[wave.at] = place as i64;
    }
    let of = |wave: &Wave| -> Vec<i64> {
        (2..).map_while(|times| waves.harmonic(wave, times)).map(|at| places[at]).collect()
    };
    let rows: Vec<Vec<i64>> = waves.all().iter().map(of).collect();
    // One more, so that every row has an end.
    let longest = rows.iter().map(Vec::len).max().unwrap_or(0) + 1;
    let filled: Vec<i64> = rows
        .into_iter()
        .flat_map(|mut row| {
            row.resize(longest, -1);
            row
        })
        .collect();
    grid.indices(&filled)?.f_view([-1, longest as i64])
}

impl Look for Spectral {
    fn numbers(&self, batch: &Batch<'_>) -> Torch {
        let spectrum = batch.spectrum()?;
        let (power, weighted) = (&spectrum.waves, &spectrum.weighted);
        let mut parts = Vec::new();
        for edges in self.edges.windows(2) {
            parts.extend(band(batch, edges[0], edges[1])?);
        }
        let total = sum(weighted, true)?;
        let moments = weighted.f_matmul(&self.sums)?;
        let centroid = moments.f_narrow(2, 2, 1)?.f_div(&total)?;
        let away = self.rho.f_sub(&centroid)?;
        let spread = sum(&weighted.f_mul(&away)?.f_mul(&away)?, false)?;
        let [low, mid] = self.parts;
        let modes = (batch.grid.shape.area() - 1) as f64;
        let relative = power.f_div(&total.f_div_scalar(modes)?)?.f_add_scalar(1e-12)?;
        let logs = sum(&relative.f_log()?.f_mul(&batch.grid.weight)?, false)?;
        // The sums grow, so that those which are short of the level are the first ones.
        let enough = total.f_mul_scalar(0.85)?.f_mul_scalar(1.0 - 1e-12)?;
        let short = weighted.f_cumsum(-1, Kind::Double)?.f_lt_tensor(&enough)?;
        let rolloff = sum(&short, false)?;
        let strongest = strongest(power)?;
        let own = power.f_gather(2, &strongest, false)?;
        let pair = own.f_mul(&self.pair.f_take(&strongest)?)?;
        parts.push(pixels(&total)?);
        for k in [0, 1, 3, 4, 5] {
            parts.push(moments.f_select(2, k)?);
        }
        parts.push(spread);
        for (from, to) in [(0, low), (low, mid), (mid, self.length)] {
            parts.push(sum(&weighted.f_narrow(2, from as i64, (to - from) as i64)?, false)?);
        }
        parts.extend([logs, rolloff, pixels(&strongest)?, pixels(&own)?, pixels(&pair)?]);
        let base = columns(&parts.iter().collect::<Vec<_>>())?;
        let Some(multiples) = &self.multiples else { return Ok(base) };
        let (count, channels) = (batch.count(), batch.grid.shape.channels as i64);
        let at = multiples.f_index_select(0, &strongest.f_flatten(0, -1)?)?;
        let at = at.f_view([count, channels, -1])?;
        let place = at.f_clamp_min(0)?;
        let pairs = power.f_gather(2, &place, false)?.f_mul(&self.pair.f_take(&place)?)?;
        let pairs = pairs.f_where_scalarother(&at.f_ge(0)?, -1.0)?.f_to_kind(Kind::Double)?;
        Tensor::f_cat(&[base, pairs.f_flatten(1, 2)?], 1)
    }
}

impl Read for Reader {
    fn enter(&self, numbers: &mut Numbers<'_>, into: &mut Measured) {
        let mut own: Vec<Measures> =
            into.channels.iter().map(|outline| self.read(numbers, outline.constant)).collect();
        if let Some(longest) = self.longest {
            for measures in &mut own {
                let pairs = numbers.list(longest).into_iter().take_while(|p| *p >= 0.0);
                if let Some(shape) = &mut measures.shape {
                    shape.pairs.extend(pairs);
                }
            }
        }
        into.spectral = own;
    }
}

/// Sum, maximum and squares about the mean of the power of a stretch of waves.
fn band(batch: &Batch<'_>, from: usize, to: usize) -> Torch<[Tensor; 3]> {
    let spectrum = batch.spectrum()?;
    let (from, length) = (from as i64, (to - from) as i64);
    if length == 0 {
        let zeros = || batch.moments[0].f_zeros_like();
        return Ok([zeros()?, zeros()?, zeros()?]);
    }
    let own = |t: &Tensor| t.f_narrow(-1, from, length);
    let (power, weight) = (own(&spectrum.waves)?, own(&batch.grid.weight)?);
    let total = sum(&own(&spectrum.weighted)?, true)?;
    let away = power.f_sub(&total.f_div(&weight.f_sum(Kind::Double)?)?)?;
    let squares = sum(&away.f_mul(&away)?.f_mul(&weight)?, false)?;
    Ok([pixels(&total)?, power.f_amax([-1_i64].as_slice(), false)?, squares])
}

impl Reader {
    /// What [`Look::numbers`] has of a channel, without the multiples.
    fn read(&self, numbers: &mut Numbers<'_>, constant: bool) -> Measures {
        let bands = self.edges.windows(2).map(|band| {
            let [sum, most, squares] = numbers.take();
            let modes = self.waves[band[0]..band[1]].iter().map(|wave| wave.weight).sum();
            Band { modes, sum, most, squares }
        });
        let bands = bands.collect();
        let [total, x, y, xx, yy, xy, spread] = numbers.take();
        let parts = numbers.take();
        let [logs, rolloff, strongest, own, pair] = numbers.take();
        let wave = |at: f64| self.waves[(at as usize).min(self.waves.len() - 1)];
        let shape = Spectrum {
            total,
            along: [x, y],
            tensor: [xx, yy, xy],
            spread,
            parts,
            logs,
            rolloff: wave(rolloff).rho,
            strongest: wave(strongest),
            own,
            pairs: vec![pair],
        };
        Measures { bands, shape: (!constant).then_some(shape) }
    }
}

/// The place of the strongest wave, `[N, C, 1]`: of waves that are equal to rounding the first.
fn strongest(power: &Tensor) -> Torch {
    let most = power.f_amax([-1_i64].as_slice(), true)?;
    let equal = power.f_ge_tensor(&most.f_mul_scalar(1.0 - 1e-9)?)?;
    let length = power.size()[2];
    let places = Tensor::f_arange(length, (Kind::Int64, power.device()))?;
    let places = places.f_expand_as(power)?;
    let others = places.f_full_like(length - 1)?;
    places.f_where_self(&equal, &others)?.f_amin([-1_i64].as_slice(), true)
}
