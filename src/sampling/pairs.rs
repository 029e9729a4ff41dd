//! The one pass over all pairs of points: kernel sums of four discrepancies and nearest neighbours.
//!
//! Per pair and dimension the four kernels share `|x_i - x_j|`. Points lie in tiles of 64, and a task
//! takes the points of one tile against its own and all later tiles. Every pair goes through the same
//! IEEE operations whatever the width of the machine's vectors, and everything is added in a fixed
//! order: the result has the same bits on any number of threads and on any processor. This module
//! knows the kernels, not what the sums are for.

#![expect(
    clippy::inline_always,
    reason = "code must end up in the function that is compiled for the vectors of the processor"
)]

use rayon::prelude::*;

use super::sum::pairwise;

/// Points per tile: so few that two tiles of 14 dimensions stay in the first cache, and a multiple of
/// the points that are taken side by side.
const TILE: usize = 64;

/// Most dimensions: beyond them a product may leave the range of a double.
pub const MAX_DIMENSIONS: usize = 256;

/// What the pass gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Pairs {
    /// `Σ_{i<j}` of the kernels of the discrepancies: centred, wrap-around, mixture, L2-star.
    pub kernels: [f64; 4],
    /// Squared Euclidean distance of each point to its nearest neighbour.
    pub nearest: Vec<f64>,
}

/// One number for each point of a tile.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Lanes([f64; TILE]);

impl Lanes {
    const fn all(x: f64) -> Self {
        Self([x; TILE])
    }
}

/// One dimension of one tile.
#[derive(Clone, Copy)]
struct Cell {
    /// `x`
    x: Lanes,
    /// `1 + |x - 1/2|`
    centre: Lanes,
    /// `1 - x`
    rest: Lanes,
}

struct Tiles {
    points: usize,
    dimensions: usize,
    /// `[tile][dimension]`; lanes beyond the last point hold zeros that no sum takes.
    cells: Vec<Cell>,
}

impl Tiles {
    fn new(columns: &[&[f64]]) -> Self {
        let (points, dimensions) = (columns[0].len(), columns.len());
        let zero = Lanes::all(0.0);
        let empty = Cell { x: zero, centre: zero, rest: zero };
        let mut cells = vec![empty; points.div_ceil(TILE) * dimensions];
        for (k, column) in columns.iter().enumerate() {
            for (i, &x) in column.iter().enumerate() {
                let (cell, lane) = (&mut cells[i / TILE * dimensions + k], i % TILE);
                cell.x.0[lane] = x;
                cell.centre.0[lane] = 1.0 + (x - 0.5).abs();
                cell.rest.0[lane] = 1.0 - x;
            }
        }
        Self { points, dimensions, cells }
    }

    fn tile(&self, tile: usize) -> &[Cell] {
        &self.cells[tile * self.dimensions..(tile + 1) * self.dimensions]
    }
}

/// Sums over all pairs of the points with these columns (one per dimension, all of one length).
///
/// # Panics
/// If there is no column, or more than 256.
pub fn pairs(columns: &[&[f64]]) -> Pairs {
    pairs_by(block_functions()[0], columns)
}

fn pairs_by(block: BlockFunction, columns: &[&[f64]]) -> Pairs {
    assert!((1..=MAX_DIMENSIONS).contains(&columns.len()), "dimensions out of range");
    let tiles = Tiles::new(columns);
    let count = tiles.points.div_ceil(TILE);
    let blocks: Vec<Block> = (0..count).into_par_iter().map(|own| block(&tiles, own)).collect();

    let mut nearest = vec![f64::INFINITY; tiles.points];
    for (own, block) in blocks.iter().enumerate() {
        for (all, one) in nearest[own * TILE..].iter_mut().zip(&block.nearest) {
            *all = less(*one, *all);
        }
    }
    let mut kernels = std::array::from_fn(|kernel| {
        let block =
            |own: usize| pairwise(blocks[own].sums.len(), &|tile| blocks[own].sums[tile][kernel]);
        pairwise(blocks.len(), &block)
    });
    // The products of factors 2 and 4 times too large; powers of two divide exactly.
    kernels[0] *= libm::ldexp(1.0, -(tiles.dimensions as i32));
    kernels[2] *= libm::ldexp(1.0, -2 * tiles.dimensions as i32);
    Pairs { kernels, nearest }
}

/// What one task gives.
struct Block {
    /// Kernel sums against each tile from its own on.
    sums: Vec<[f64; 4]>,
    /// Squared distance to the nearest neighbour met, from its own first point on.
    nearest: Vec<f64>,
}

type BlockFunction = fn(&Tiles, usize) -> Block;

/// The points of the tile `own` against all points after them, `W` of them side by side.
#[inline(always)]
fn block<const W: usize>(tiles: &Tiles, own: usize) -> Block {
    let first = own * TILE;
    let count = tiles.points.div_ceil(TILE) - own;
    let mut sums = Vec::with_capacity(count);
    let mut nearest = vec![f64::INFINITY; tiles.points - first];
    let mut closest = [[f64::INFINITY; W]; TILE];
    for tile in own..own + count {
        let start = tile * TILE;
        let to = (tiles.points - start).min(TILE);
        let mut lanes = [[0.0; TILE]; 4];
        for at in (0..to).step_by(W) {
            let mut met = [f64::INFINITY; W];
            let mut sum = [[0.0; W]; 4];
            let last = (tiles.points - first).min(TILE);
            for (i, closest) in closest[..last].iter_mut().enumerate() {
                // Each pair once, and none with what is beyond the last point.
                let from = if tile == own { (i + 1).saturating_sub(at) } else { 0 };
                let end = to - at;
                if from >= W {
                    break;
                }
                let mut pair = products::<W>(tiles.tile(own), i, tiles.tile(tile), at);
                if from > 0 || end < W {
                    for l in (0..W).filter(|l| *l < from || *l >= end) {
                        pair.kernels.iter_mut().for_each(|kernel| kernel[l] = 0.0);
                        pair.distance[l] = f64::INFINITY;
                    }
                }
                for (sum, kernel) in sum.iter_mut().zip(&pair.kernels) {
                    add(sum, kernel);
                }
                for l in 0..W {
                    met[l] = less(pair.distance[l], met[l]);
                    closest[l] = less(pair.distance[l], closest[l]);
                }
            }
            for kernel in 0..4 {
                lanes[kernel][at..at + W].copy_from_slice(&sum[kernel]);
            }
            let all = &mut nearest[start - first + at..];
            for (all, met) in all.iter_mut().zip(met) {
                *all = less(met, *all);
            }
        }
        sums.push(std::array::from_fn(|kernel| pairwise(to, &|lane| lanes[kernel][lane])));
    }
    for (nearest, closest) in nearest.iter_mut().zip(&closest) {
        *nearest = closest.iter().copied().fold(*nearest, less);
    }
    Block { sums, nearest }
}

/// What belongs to the pairs of one point with others: kernels and squared distances.
struct PairLanes<const W: usize> {
    kernels: [[f64; W]; 4],
    distance: [f64; W],
}

/// Kernels and squared distances between one point and `W` of a tile from `at` on. The factors of the
/// centred kernel come out doubled and those of the mixture quadrupled, which saves multiplications.
#[inline(always)]
fn products<const W: usize>(
    mine: &[Cell],
    lane: usize,
    theirs: &[Cell],
    at: usize,
) -> PairLanes<W> {
    let [mut centred, mut wrap, mut mixture, mut star] = [[1.0; W]; 4];
    let mut distance = [0.0; W];
    for (a, b) in mine.iter().zip(theirs) {
        let (x, centre, rest) = (a.x.0[lane], a.centre.0[lane], a.rest.0[lane]);
        let their = |lanes: &Lanes| -> [f64; W] { std::array::from_fn(|l| lanes.0[at + l]) };
        let (xs, centres, rests) = (their(&b.x), their(&b.centre), their(&b.rest));
        for l in 0..W {
            let gap = (x - xs[l]).abs();
            distance[l] = gap.mul_add(gap, distance[l]);
            // 3/2 - |Δ| (1 - |Δ|)
            let less_one = gap - 1.0;
            wrap[l] *= gap.mul_add(less_one, 1.5);
            // 2 (1 + |z|/2 + |z'|/2 - |Δ|/2)
            let double = centre + centres[l] - gap;
            centred[l] *= double;
            // 4 (15/8 - |z|/4 - |z'|/4 - 3|Δ|/4 + Δ²/2) = 2 ((|Δ| - 1)² + 15/4) - double
            mixture[l] *= less_one.mul_add(less_one, 3.75).mul_add(2.0, -double);
            // 1 - max(x, x')
            star[l] *= less(rest, rests[l]);
        }
    }
    PairLanes { kernels: [centred, wrap, mixture, star], distance }
}

#[inline(always)]
fn add(sums: &mut [f64], terms: &[f64]) {
    for (sum, term) in sums.iter_mut().zip(terms) {
        *sum += term;
    }
}

/// The smaller one; unlike `f64::min` one instruction, as it need not mind NaN.
#[inline(always)]
fn less(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

/// The same code for each width of vectors that this processor has, the widest first. Fused
/// multiplications are asked for by name, so that the bits do not depend on the choice; a processor
/// without them computes them slowly.
fn block_functions() -> Vec<BlockFunction> {
    let mut functions: Vec<BlockFunction> = Vec::new();
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f")]
        fn wide(tiles: &Tiles, own: usize) -> Block {
            block::<16>(tiles, own)
        }
        #[target_feature(enable = "avx2,fma")]
        fn middle(tiles: &Tiles, own: usize) -> Block {
            block::<8>(tiles, own)
        }
        #[expect(unsafe_code, reason = "a call is safe where the processor has the feature")]
        if is_x86_feature_detected!("avx512f") {
            functions.push(|tiles, own| unsafe { wide(tiles, own) });
        }
        #[expect(unsafe_code, reason = "a call is safe where the processor has the feature")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            functions.push(|tiles, own| unsafe { middle(tiles, own) });
        }
    }
    functions.push(block::<8>);
    functions
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    fn random(points: usize, dimensions: u64) -> Vec<Vec<f64>> {
        let column = |k| {
            let mut draws = Stream::new(5, "pairs", &[k]).site(0);
            (0..points).map(|_| draws.uniform()).collect()
        };
        (0..dimensions).map(column).collect()
    }

    #[test]
    fn bits_depend_neither_on_threads_nor_on_vector_width() {
        let columns = random(1003, 6);
        let columns: Vec<_> = columns.iter().map(Vec::as_slice).collect();
        let reference = pairs_by(block::<8>, &columns);
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            for function in block_functions() {
                assert_eq!(pool.install(|| pairs_by(function, &columns)), reference);
            }
        }
    }

    #[test]
    fn nearest_neighbours_are_those_of_the_plain_definition() {
        for points in [2, 9, 64, 65, 131, 300] {
            let columns = random(points, 3);
            let columns: Vec<_> = columns.iter().map(Vec::as_slice).collect();
            let square = |i: usize, j: usize| {
                columns.iter().fold(0.0, |sum, x| (x[i] - x[j]).mul_add(x[i] - x[j], sum))
            };
            let plain: Vec<f64> = (0..points)
                .map(|i| {
                    let others = (0..points).filter(|&j| j != i);
                    others.map(|j| square(i, j)).fold(f64::INFINITY, f64::min)
                })
                .collect();
            assert_eq!(pairs(&columns).nearest, plain);
        }
    }
}
