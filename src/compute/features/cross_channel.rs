//! `cross_channel`: products of channels over pixels; beyond `sdf-2.0` histograms of pairs and triples of
//! channels, and cross spectra summed over shells of wave numbers.

use tch::{Kind, Tensor};

use super::batch::Batch;
use super::grid::Grid;
use super::{Look, Numbers, Read, Torch, sum};
use crate::features::cross_channel::{Depth, Measures, Shells, affordable, why_not};
use crate::features::{Measured, Settings, Undefined};

/// Tables on the device.
pub struct CrossChannel {
    channels: usize,
    /// Pairs i ≤ j, row by row.
    all: Lists<2>,
    depth: Option<Tables>,
}

/// What the numbers are of.
pub struct Reader {
    channels: usize,
    /// Pairs i ≤ j.
    all: usize,
    depth: Option<Counts>,
}

/// How many numbers there are of each sort, or why there are none.
struct Counts {
    shells: usize,
    pairs: Result<usize, Undefined>,
    triples: Result<usize, Undefined>,
}

/// Channels that go together: for each place of a tuple, those that stand there.
struct Lists<const K: usize> {
    count: usize,
    places: [Tensor; K],
}

/// For what `sdf-extended` wants besides.
struct Tables {
    /// `[L, R]`: the weight of each wave in its shell.
    shells: Tensor,
    pairs: Result<Bins<2>, Undefined>,
    triples: Result<Bins<3>, Undefined>,
}

/// Histograms of tuples of channels.
struct Bins<const K: usize> {
    of: Lists<K>,
    bins: i64,
}

impl<const K: usize> Lists<K> {
    fn new(grid: &Grid, tuples: &[[usize; K]]) -> Torch<Self> {
        let place = |k: usize| {
            grid.indices(&tuples.iter().map(|tuple| tuple[k] as i64).collect::<Vec<_>>())
        };
        let places: Vec<Tensor> = (0..K).map(place).collect::<Torch<_>>()?;
        let places = places.try_into().expect("one list for each place");
        Ok(Self { count: tuples.len(), places })
    }
}

/// With these settings.
pub fn prepare(grid: &Grid, settings: &Settings) -> Torch<(CrossChannel, Reader)> {
    let channels = grid.shape.channels;
    let row = |i: usize| (i..channels).map(move |j| [i, j]);
    let all: Vec<[usize; 2]> = (0..channels).flat_map(row).collect();
    let mut look = CrossChannel { channels, all: Lists::new(grid, &all)?, depth: None };
    let mut reader = Reader { channels, all: all.len(), depth: None };
    if settings.extended() && channels > 1 {
        let tables = Tables::new(grid, &all, settings.mi_num_bins)?;
        reader.depth = Some(Counts {
            shells: tables.shells.size()[1] as usize,
            pairs: tables.pairs.as_ref().map(|pairs| pairs.of.count).map_err(|reason| *reason),
            triples: tables.triples.as_ref().map(|all| 3 * all.of.count).map_err(|reason| *reason),
        });
        look.depth = Some(tables);
    }
    Ok((look, reader))
}

impl Tables {
    fn new(grid: &Grid, all: &[[usize; 2]], bins: usize) -> Torch<Self> {
        let (c, area) = (grid.shape.channels, grid.shape.area());
        let pairs: Vec<[usize; 2]> = all.iter().copied().filter(|[i, j]| i < j).collect();
        let shells = Shells::new(&grid.waves);
        let (of, weights): (Vec<usize>, Vec<f64>) =
            grid.waves.all().iter().map(|wave| shells.of_modes()[wave.at]).unzip();
        let triples = why_not(c).map_or_else(|| affordable(area, bins, 3), Err);
        let triples = match triples {
            Err(reason) => Err(reason),
            Ok(bins) => {
                let beyond = |[i, j]: [usize; 2]| (j + 1..c).map(move |k| [i, j, k]);
                let tuples: Vec<[usize; 3]> = pairs.iter().copied().flat_map(beyond).collect();
                Ok(Bins { of: Lists::new(grid, &tuples)?, bins: bins as i64 })
            }
        };
        let pairs = match affordable(area, bins, 2) {
            Err(reason) => Err(reason),
            Ok(bins) => Ok(Bins { of: Lists::new(grid, &pairs)?, bins: bins as i64 }),
        };
        let shells = grid.groups(&of, Some(&weights), shells.count())?;
        Ok(Self { shells, pairs, triples })
    }
}

impl Look for CrossChannel {
    fn numbers(&self, batch: &Batch<'_>) -> Torch {
        let count = batch.count();
        if self.channels < 2 {
            return Tensor::f_zeros([count, 0], (Kind::Double, batch.grid.device));
        }
        let flat = batch.values.f_flatten(2, 3)?;
        let centred = flat.f_sub(&batch.moments[0].f_unsqueeze(-1)?)?;
        let products = centred.f_bmm(&centred.f_transpose(1, 2)?)?.f_flatten(1, 2)?;
        let [i, j] = &self.all.places;
        let place = i.f_mul_scalar(self.channels as i64)?.f_add(j)?;
        let mut parts = vec![products.f_index_select(1, &place)?];
        if let Some(tables) = &self.depth {
            parts.push(tables.shells(batch, &self.all)?);
            if let Ok(pairs) = &tables.pairs {
                parts.push(pairs.of_pairs(batch, &flat)?);
            }
            if let Ok(triples) = &tables.triples {
                parts.push(triples.of_triples(batch, &flat)?);
            }
        }
        Tensor::f_cat(&parts, 1)
    }
}

impl Read for Reader {
    fn enter(&self, numbers: &mut Numbers<'_>, into: &mut Measured) {
        if self.channels < 2 {
            return;
        }
        let products = numbers.list(self.all);
        let depth = self.depth.as_ref().map(|counts| {
            let shells = (0..self.all).map(|_| numbers.list(counts.shells)).collect();
            let pairs = counts.pairs.map(|count| numbers.list(count));
            let triples = counts.triples.map(|count| numbers.list(count));
            if into.channels.iter().any(|channel| channel.constant) {
                return Depth::of_a_constant(self.channels);
            }
            Depth { pairs, triples, shells }
        });
        into.cross_channel = Some(Measures { products, depth });
    }
}

impl Tables {
    /// `Σ F_i conj(F_j)` over each shell, `[N, pairs · shells]`; shell 0 has the mode of the mean too.
    fn shells(&self, batch: &Batch<'_>, pairs: &Lists<2>) -> Torch {
        let parts = batch.spectrum()?.modes.f_view_as_real()?;
        let [re, im] = [0, 1].map(|part| batch.in_order(&parts.f_select(-1, part)?));
        let product = |of: &Tensor| -> Torch {
            let [x, y] = [0, 1].map(|side| of.f_index_select(1, &pairs.places[side]));
            x?.f_mul(&y?)
        };
        let sums = product(&re?)?.f_add(&product(&im?)?)?.f_matmul(&self.shells)?;
        let means = product(&batch.moments[0])?.f_mul_scalar(batch.grid.shape.area() as f64)?;
        let mut first = sums.f_narrow(2, 0, 1)?;
        let _ = first.f_add_(&means.f_unsqueeze(-1)?)?;
        sums.f_flatten(1, 2)
    }
}

impl<const K: usize> Bins<K> {
    /// How many pixels there are in each cell, `[N, tuples, bins, …]`, the last channel fastest.
    fn counts(&self, batch: &Batch<'_>, flat: &Tensor) -> Torch {
        let [least, greatest] = &batch.extremes;
        let range = greatest.f_sub(least)?;
        // A constant channel has no bins, and nobody asks for its counts.
        let range = range.f_where_scalarother(&range.f_gt(0.0)?, 1.0)?.f_to_kind(Kind::Double)?;
        let part = flat.f_sub(&least.f_unsqueeze(-1)?)?.f_div(&range.f_unsqueeze(-1)?)?;
        let codes = part.f_mul_scalar(self.bins as f64)?.f_to_kind(Kind::Int64)?;
        let codes = codes.f_clamp_max(self.bins - 1)?;
        let mut cell = codes.f_index_select(1, &self.of.places[0])?;
        for place in &self.of.places[1..] {
            cell = cell.f_mul_scalar(self.bins)?.f_add(&codes.f_index_select(1, place)?)?;
        }
        let (count, tuples) = (batch.count(), self.of.count as i64);
        let cells = self.bins.pow(K as u32);
        let mut counts = Tensor::f_zeros([count, tuples, cells], (Kind::Double, flat.device()))?;
        // Whole numbers, whose sums do not depend on their order.
        let ones = Tensor::f_ones([1, 1, 1], (Kind::Double, flat.device()))?;
        let _ = counts.f_scatter_add_(2, &cell, &ones.f_expand_as(&cell)?)?;
        let shape: Vec<i64> = [count, tuples].into_iter().chain([self.bins; K]).collect();
        counts.f_view(shape.as_slice())
    }
}

impl Bins<2> {
    /// The mutual information of every pair, `[N, pairs]`.
    fn of_pairs(&self, batch: &Batch<'_>, flat: &Tensor) -> Torch {
        let counts = self.counts(batch, flat)?;
        let entropy = |counts: &Tensor| entropy(counts, flat.size()[2]);
        let [x, y] = [3, 2].map(|axis| entropy(&over(&counts, &[axis])?));
        x?.f_add(&y?)?.f_sub(&entropy(&counts)?)
    }
}

impl Bins<3> {
    /// The conditional mutual information of every triple given each of its channels, `[N, triples · 3]`.
    fn of_triples(&self, batch: &Batch<'_>, flat: &Tensor) -> Torch {
        let counts = self.counts(batch, flat)?;
        let entropy = |counts: &Tensor| entropy(counts, flat.size()[2]);
        let joint = entropy(&counts)?;
        let [without_x, without_y, without_z] =
            [2, 3, 4].map(|axis| entropy(&over(&counts, &[axis])?));
        let planes = [without_x?, without_y?, without_z?];
        let all = planes[0].f_add(&planes[1])?.f_add(&planes[2])?;
        let lines = [[3, 4], [2, 4], [2, 3]].map(|axes| entropy(&over(&counts, &axes)?));
        let found = planes.iter().zip(lines).map(|(plane, line)| {
            // H(X, Z) + H(Y, Z): the two planes that hold the axis of Z.
            all.f_sub(plane)?.f_sub(&line?)?.f_sub(&joint)
        });
        Tensor::f_stack(&found.collect::<Torch<Vec<_>>>()?, 2)?.f_flatten(1, 2)
    }
}

fn over(counts: &Tensor, axes: &[i64]) -> Torch {
    counts.f_sum_dim_intlist(axes, false, Kind::Double)
}

/// Entropy of histograms `[N, tuples, …]` of so many pixels, corrected: see `features::cross_channel`.
fn entropy(counts: &Tensor, area: i64) -> Torch {
    let cells = counts.f_flatten(2, -1)?;
    let filled = sum(&cells.f_gt(0.0)?, false)?;
    let plain = sum(&cells.f_div_scalar(area as f64)?.f_special_entr()?, false)?;
    plain.f_add(&filled.f_sub_scalar(1.0)?.f_div_scalar(2.0 * area as f64)?)
}
