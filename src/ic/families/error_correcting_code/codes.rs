//! The codes: bits in cells of a square, and parity checks on them.
//!
//! A code is its list of checks; a codeword is any word that satisfies all of them, so one way of
//! drawing codewords ([`Code::codeword`]) serves every code. It knows neither errors nor pixels.

use crate::rng::{Draws, Stream};

/// Which code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Every bit in so many copies; a check between each copy and the next, around.
    Repetition(usize),
    /// Hamming's (7, 4) code: check k holds the places 1 to 7 whose number has bit k.
    Hamming,
    /// Squares of 7 × 7 bits of which each row and each column is a word of Hamming's code.
    ProductHamming,
    /// Gallager's regular code: every bit in 3 checks, every check on 6 bits.
    Ldpc,
    /// Bits on the edges of a periodic square lattice, a check at each vertex.
    Toric,
}

impl Kind {
    /// As in the file.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Repetition(_) => "repetition",
            Kind::Hamming => "hamming",
            Kind::ProductHamming => "product_hamming",
            Kind::Ldpc => "ldpc",
            Kind::Toric => "toric",
        }
    }

    /// The number of cells per side nearest to `target` that the code fills without rest.
    pub fn cells(self, target: f64) -> usize {
        let (unit, least) = match self {
            Kind::Repetition(copies) => (copies, copies),
            Kind::Hamming | Kind::ProductHamming => (7, 7),
            Kind::Ldpc => (6, 6),
            Kind::Toric => (2, 4),
        };
        (unit * libm::round(target / unit as f64) as usize).max(least)
    }

    /// Whether the code has a geometry of its own; the others are interleaved.
    pub fn is_planar(self) -> bool {
        matches!(self, Kind::ProductHamming | Kind::Toric)
    }
}

/// A code on `side × side` cells.
#[derive(Debug)]
pub struct Code {
    /// Cell of each bit, numbered row by row; a cell holds at most one.
    pub cells: Vec<usize>,
    /// The bits of each check.
    pub checks: Vec<Vec<usize>>,
    /// Cell of each check, where checks have places of their own.
    pub check_cells: Option<Vec<usize>>,
}

impl Code {
    /// Builds a code. Gallager's takes sites `site` and `site + 1` of the stream.
    ///
    /// - `side`: cells per side, from [`Kind::cells`]
    /// - `order`: the cell of each bit, for codes that are not planar
    pub fn new(kind: Kind, side: usize, order: Vec<usize>, stream: Stream, site: u32) -> Self {
        let bits = side * side;
        let plain = |checks| Self { cells: order, checks, check_cells: None };
        match kind {
            Kind::Repetition(copies) => plain(
                (0..bits)
                    .map(|bit| {
                        let word = bit - bit % copies;
                        vec![bit, word + (bit + 1 - word) % copies]
                    })
                    .collect(),
            ),
            Kind::Hamming => {
                plain((0..bits / 7).flat_map(|word| hamming(|place| 7 * word + place)).collect())
            }
            Kind::Ldpc => plain(gallager(bits, stream, site)),
            Kind::ProductHamming => {
                let lines = (0..side).flat_map(|line| (0..side / 7).map(move |part| (line, part)));
                let checks = lines.flat_map(|(line, part)| {
                    let row = hamming(|place| line * side + 7 * part + place);
                    let column = hamming(|place| (7 * part + place) * side + line);
                    row.into_iter().chain(column)
                });
                Self { cells: (0..bits).collect(), checks: checks.collect(), check_cells: None }
            }
            Kind::Toric => toric(side),
        }
    }

    /// A codeword, each as likely: the free bits are drawn, the others follow from the checks.
    pub fn codeword(&self, mut draws: Draws) -> Vec<bool> {
        let bits = self.cells.len();
        let mut rows: Vec<Vec<u64>> = self
            .checks
            .iter()
            .map(|check| {
                let mut row = vec![0; bits.div_ceil(64)];
                // Exclusive or: a bit named twice cancels.
                for bit in check {
                    row[bit / 64] ^= 1 << (bit % 64);
                }
                row
            })
            .collect();
        let has = |row: &[u64], bit: usize| row[bit / 64] >> (bit % 64) & 1 == 1;
        // Gauss and Jordan over two elements: afterwards row k has its first bit at pivots[k], and no
        // other row has that bit.
        let mut pivots = Vec::new();
        for bit in 0..bits {
            let done = pivots.len();
            let Some(found) = (done..rows.len()).find(|k| has(&rows[*k], bit)) else { continue };
            rows.swap(done, found);
            let pivot = std::mem::take(&mut rows[done]);
            for row in rows.iter_mut().filter(|row| !row.is_empty() && has(row, bit)) {
                row.iter_mut().zip(&pivot).for_each(|(a, b)| *a ^= b);
            }
            rows[done] = pivot;
            pivots.push(bit);
        }
        let mut word = vec![0_u64; bits.div_ceil(64)];
        let mut fixed = pivots.iter().copied().peekable();
        for bit in 0..bits {
            let drawn = draws.next_u32() & 1;
            if fixed.next_if_eq(&bit).is_none() {
                word[bit / 64] |= u64::from(drawn) << (bit % 64);
            }
        }
        for (row, pivot) in rows.iter().zip(&pivots) {
            let odd = row.iter().zip(&word).fold(0, |sum, (a, b)| sum ^ (a & b)).count_ones() & 1;
            word[pivot / 64] |= u64::from(odd) << (pivot % 64);
        }
        (0..bits).map(|bit| has(&word, bit)).collect()
    }

    /// Whether each check is violated by a word.
    pub fn syndrome(&self, word: &[bool]) -> Vec<bool> {
        let odd = |check: &Vec<usize>| check.iter().fold(false, |sum, bit| sum ^ word[*bit]);
        self.checks.iter().map(odd).collect()
    }
}

/// The three checks of a word of Hamming's code with its bits at `bit(0)` to `bit(6)`.
fn hamming(bit: impl Fn(usize) -> usize) -> [Vec<usize>; 3] {
    [1, 2, 4].map(|mask| (0..7).filter(|place| (place + 1) & mask != 0).map(&bit).collect())
}

/// Gallager's construction: three partitions of the bits into checks of six, the first in order, the
/// others at random.
fn gallager(bits: usize, stream: Stream, site: u32) -> Vec<Vec<usize>> {
    let partitions = [
        (0..bits).collect(),
        shuffled(bits, stream.site(site)),
        shuffled(bits, stream.site(site + 1)),
    ];
    partitions
        .iter()
        .flat_map(|order: &Vec<usize>| order.chunks_exact(6).map(<[_]>::to_vec))
        .collect()
}

/// Vertices at the cells with both coordinates even, edges at those with one odd.
fn toric(side: usize) -> Code {
    let size = side / 2;
    // Bit of the edge to the right of, and below, vertex (x, y) of the lattice.
    let right = |x: usize, y: usize| 2 * (y % size * size + x % size);
    let below = |x: usize, y: usize| right(x, y) + 1;
    let vertices = || (0..size).flat_map(|y| (0..size).map(move |x| (x, y)));
    let cell = |x: usize, y: usize| y * side + x;
    Code {
        cells: vertices()
            .flat_map(|(x, y)| [cell(2 * x + 1, 2 * y), cell(2 * x, 2 * y + 1)])
            .collect(),
        checks: vertices()
            .map(|(x, y)| {
                vec![right(x, y), right(x + size - 1, y), below(x, y), below(x, y + size - 1)]
            })
            .collect(),
        check_cells: Some(vertices().map(|(x, y)| cell(2 * x, 2 * y)).collect()),
    }
}

/// The numbers below `count` in random order.
pub fn shuffled(count: usize, mut draws: Draws) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    for i in (1..count).rev() {
        order.swap(i, draws.below(i as u64 + 1) as usize);
    }
    order
}
