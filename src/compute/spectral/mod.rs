//! Convolutions in the frequency domain, for the wide layers of the CPU.
//!
//! The field is cut into overlapping tiles of side t = 8 or 16, each of which gives m = t − k + 1 pixels
//! a side of the result (overlap–save; Oppenheim and Schafer, *Discrete-Time Signal Processing*, §8.7).
//! In the frequency domain a k×k convolution of C to C' channels is one small matrix product per
//! frequency, over all tiles at once. With Gauss's three multiplications it takes `3(t/2 − 1)(t + 2) + 4`
//! real multiply–adds for m² pixels and a pair of channels, where the direct sum takes k²m²:
//!
//! | k | t | multiply–adds per pixel | direct |
//! |---|---|---|---|
//! | 3 | 8 | 2.6 | 9 |
//! | 5 | 16 | 2.7 | 25 |
//! | 7 | 16 | 3.8 | 49 |
//!
//! The error is that of the transforms, about 5e-7 of the largest value, whatever the kernel.
//!
//! | file | what |
//! |---|---|
//! | `mod` | when it pays, the prepared weights, the convolution |
//! | `tiles` | a tile to its spectrum and back |
//! | `dft` | transforms of 8 and 16 points |
//! | `product` | matrix products |
//! | `lanes` | vector registers |

mod dft;
mod lanes;
mod product;
mod tiles;

use std::ops::Range;

use lanes::{Lanes, for_widest_lanes};
use product::{Rows, panel, panel_registers};
use tiles::{Pixels, Slot, Slots, slot, slots};

/// Shape of a convolution with circular padding on a square grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Input channels.
    pub inputs: usize,
    /// Output channels.
    pub outputs: usize,
    /// Kernel side k, odd.
    pub kernel: usize,
    /// Grid side n.
    pub side: usize,
}

/// Channels are worked on in groups of so many, as far as costs go. A constant, not what the processor
/// has, so that the choice is the same everywhere.
const GROUP: usize = 16;

/// Values that may be read behind the last pixel of a field: its last channels are loaded in whole
/// registers.
pub const SLACK: usize = GROUP;

/// Largest spectrum of the weights of one operator, in values (512 MiB).
pub const BUDGET: usize = 1 << 27;

/// Side of the tiles that `shape` is convolved with, if that is cheaper than the direct sum and the
/// spectrum of its weights has at most `budget` values. A function of shapes alone.
///
/// Costs are in multiply–adds. The factors are measured (`docs/benchmarks.md`): a transform takes about
/// as long as 40 or 60 of them per value of the tile, bringing in a weight's spectrum as long as 8 per
/// value, and the direct sum of few channels runs at part of its speed.
pub fn tile_side(shape: Shape, budget: usize) -> Option<usize> {
    let Shape { inputs, outputs, kernel, side } = shape;
    let (wide_in, wide_out) = (inputs.next_multiple_of(GROUP), outputs.next_multiple_of(GROUP));
    let direct = side * side * kernel * kernel * wide_in * wide_out;
    let cost = |tile: usize, transform: usize| {
        let kept = (tile + 1).checked_sub(kernel).filter(|kept| (2..=side).contains(kept))?;
        let spectrum = slots(tile) * wide_in * wide_out;
        let tiles = side.div_ceil(kept).pow(2);
        let products = tiles * slots(tile) * inputs * wide_out;
        let transforms = tiles * tile * tile * (wide_in + wide_out) * transform;
        (spectrum <= budget).then_some((products + transforms + 8 * spectrum, tile))
    };
    let best = [cost(8, 40), cost(16, 60)].into_iter().flatten().min();
    best.filter(|(cost, _)| kernel > 1 && 10 * cost < 9 * direct).map(|(_, tile)| tile)
}

/// Values that the spectrum of the weights takes.
pub fn spectrum_len(shape: Shape, tile: usize) -> usize {
    slots(tile) * shape.inputs.next_multiple_of(GROUP) * shape.outputs.next_multiple_of(GROUP)
}

/// A convolution prepared for tiles of one side.
pub struct Spectral {
    shape: Shape,
    tile: usize,
    /// First row (and column) of each tile; the last one overlaps the one before it where tiles do not
    /// fit.
    starts: Vec<usize>,
    /// Spectra of the kernels, `[slot][panel][inputs][registers of the panel]`.
    weights: Vec<f32>,
    /// One per output channel, filled up to whole registers.
    bias: Vec<f32>,
}

/// Memory for spectra, shared by all convolutions of an operator.
#[derive(Default)]
pub struct Scratch {
    inputs: Vec<f32>,
    products: Vec<f32>,
}

impl Spectral {
    /// Prepares `weight` `[outputs, inputs, k, k]` and `bias` `[outputs]`.
    pub fn new(shape: Shape, tile: usize, weight: &[f32], bias: Option<&[f32]>) -> Self {
        let kept = tile + 1 - shape.kernel;
        let last = shape.side - kept;
        let starts = (0..shape.side.div_ceil(kept)).map(|i| (i * kept).min(last)).collect();
        let mut padded = bias.map_or_else(|| vec![0.0; shape.outputs], <[f32]>::to_vec);
        padded.resize(shape.outputs.next_multiple_of(GROUP), 0.0);
        let mut weights = Vec::new();
        transform_weights(shape, tile, weight, &mut weights);
        Self { shape, tile, starts, weights, bias: padded }
    }

    /// The convolution of a field with a circular border of ⌊k/2⌋ pixels, `[n + k − 1, n + k − 1, inputs]`
    /// and [`SLACK`] values behind it, into `out` `[n, n, outputs]`, on so many threads.
    ///
    /// # Panics
    /// If a size is wrong.
    pub fn convolve(&self, field: &[f32], scratch: &mut Scratch, threads: usize, out: &mut [f32]) {
        let Shape { inputs, outputs, kernel, side } = self.shape;
        assert_eq!(field.len(), (side + kernel - 1).pow(2) * inputs + SLACK, "a field with slack");
        assert_eq!(out.len(), side * side * outputs, "room for the result");
        let (tiles, slots) = (self.starts.len().pow(2), slots(self.tile));
        // Room for whole registers of any width.
        let [depth, width] = [inputs, outputs].map(|channels| channels.next_multiple_of(GROUP));
        let bytes = |values: usize| values * size_of::<f32>();
        let block =
            tiles_at_a_time(tiles, bytes(slots * (depth + width)), bytes(self.weights.len()));
        scratch.inputs.resize(slots * block * depth, 0.0);
        scratch.products.resize(slots * block * width, 0.0);
        for first in (0..tiles).step_by(block) {
            let round = Round { plan: self, first, rows: block.min(tiles - first), depth, width };
            to_spectra(&round, field, &mut scratch.inputs);
            // Slots are independent, and most of the work.
            let share = slots.div_ceil(threads.max(1));
            let inputs = scratch.inputs.chunks(share * round.rows * depth);
            let products = scratch.products.chunks_mut(share * round.rows * width);
            let shares = (0..slots).step_by(share).zip(inputs.zip(products));
            if threads <= 1 {
                shares.for_each(|(slot, (inputs, products))| {
                    multiply(&round, slot, inputs, products);
                });
            } else {
                rayon::scope(|scope| {
                    for (slot, (inputs, products)) in shares {
                        let round = &round;
                        scope.spawn(move |_| multiply(round, slot, inputs, products));
                    }
                });
            }
            to_fields(&round, &scratch.products, out);
        }
    }

    /// First row and column of a tile.
    fn corner(&self, tile: usize) -> (usize, usize) {
        (self.starts[tile / self.starts.len()], self.starts[tile % self.starts.len()])
    }
}

/// Tiles whose spectra are in memory at the same time: inputs `[slot][rows][depth]`, products
/// `[slot][rows][width]`.
struct Round<'a> {
    plan: &'a Spectral,
    /// The first tile.
    first: usize,
    /// How many.
    rows: usize,
    depth: usize,
    width: usize,
}

/// Output channels of a panel and where it begins: whole registers of `count` lanes, as many as
/// `registers` each but for the last one.
fn panels(outputs: usize, count: usize, registers: usize) -> impl Iterator<Item = (usize, usize)> {
    let all = outputs.div_ceil(count);
    (0..all).step_by(registers).map(move |first| (first * count, registers.min(all - first)))
}

for_widest_lanes! {
    fn transform_weights(shape: Shape, tile: usize, weight: &[f32], out: &mut Vec<f32>) = weights_with
}

#[expect(unsafe_code, reason = "registers need unchecked places")]
#[expect(clippy::inline_always, reason = "the body must be compiled for each instruction set")]
#[inline(always)]
unsafe fn weights_with<V: Lanes>(shape: Shape, tile: usize, weight: &[f32], out: &mut Vec<f32>) {
    let Shape { inputs, outputs, kernel, .. } = shape;
    let width = outputs.next_multiple_of(V::COUNT);
    let count = slots(tile);
    *out = vec![0.0; count * inputs * width];
    // Both transforms together multiply by t².
    let scale = 1.0 / (tile * tile) as f32;
    let mut taps = vec![0.0; tile * tile * V::COUNT];
    let mut spectrum = vec![0.0; count * V::COUNT];
    for (start, registers) in panels(outputs, V::COUNT, panel_registers::<V>()) {
        for register in 0..registers {
            let first = start + register * V::COUNT;
            for input in 0..inputs {
                for (lane, output) in (first..outputs).take(V::COUNT).enumerate() {
                    // A tap at j acts on the pixel j steps further: its place is −j, modulo t.
                    let values = &weight[(output * inputs + input) * kernel * kernel..];
                    for (y, row) in values.chunks_exact(kernel).take(kernel).enumerate() {
                        for (x, value) in row.iter().enumerate() {
                            let place = (tile - y) % tile * tile + (tile - x) % tile;
                            taps[place * V::COUNT + lane] = value * scale;
                        }
                    }
                }
                let pixels =
                    Pixels { first: taps.as_ptr(), down: tile * V::COUNT, right: V::COUNT };
                let slots = Slots { first: spectrum.as_mut_ptr(), stride: V::COUNT };
                // SAFETY: the caller says that the processor has the instructions; `taps` has a register
                // for each pixel and `spectrum` one for each slot.
                unsafe { forward::<V>(tile, pixels, 1..tile + 1 - kernel, slots) };
                for index in 0..count {
                    let part = |slot: usize| &spectrum[slot * V::COUNT..][..V::COUNT];
                    let at = index * inputs * width
                        + start * inputs
                        + (input * registers + register) * V::COUNT;
                    let to = &mut out[at..][..V::COUNT];
                    match slot(tile, index) {
                        Slot::Real => to.copy_from_slice(part(index)),
                        Slot::Sum => to.copy_from_slice(part(index + 1)),
                        Slot::Re => {
                            for ((to, d), c) in to.iter_mut().zip(part(index + 1)).zip(part(index))
                            {
                                *to = d - c;
                            }
                        }
                        Slot::Im => to.copy_from_slice(part(index - 2)),
                    }
                }
            }
            // Lanes behind the last output must stay zero.
            taps.fill(0.0);
        }
    }
}

#[expect(unsafe_code, reason = "registers need unchecked places")]
#[expect(clippy::inline_always, reason = "the body must be compiled for each instruction set")]
#[inline(always)]
unsafe fn forward<V: Lanes>(tile: usize, pixels: Pixels, zero: Range<usize>, out: Slots) {
    // SAFETY: the caller's promise.
    unsafe {
        if tile == 8 {
            tiles::forward8::<V>(pixels, zero, out);
        } else {
            tiles::forward16::<V>(pixels, zero, out);
        }
    }
}

/// Tiles whose spectra are worked on at a time; the result does not depend on it. Each round brings in the
/// whole spectrum of the weights: where a third-level cache holds that, what counts is that the tiles'
/// spectra stay in the second level, else that rounds are few.
fn tiles_at_a_time(tiles: usize, tile_bytes: usize, weight_bytes: usize) -> usize {
    const MIB: usize = 1 << 20;
    let bytes = if weight_bytes <= 8 * MIB { MIB } else { weight_bytes / 3 };
    // Rounds of about one size.
    tiles.div_ceil(tiles.div_ceil((bytes / tile_bytes).max(6)))
}

for_widest_lanes! {
    /// Spectra of the tiles of a round.
    fn to_spectra(round: &Round<'_>, field: &[f32], out: &mut [f32]) = to_spectra_with
}

#[expect(unsafe_code, reason = "registers need unchecked places")]
#[expect(clippy::inline_always, reason = "the body must be compiled for each instruction set")]
#[inline(always)]
unsafe fn to_spectra_with<V: Lanes>(round: &Round<'_>, field: &[f32], out: &mut [f32]) {
    let &Round { plan, first, rows, depth, .. } = round;
    let Shape { inputs, kernel, side, .. } = plan.shape;
    let down = (side + kernel - 1) * inputs;
    for channel in (0..inputs).step_by(V::COUNT) {
        for row in 0..rows {
            let (y, x) = plan.corner(first + row);
            let pixels = field[y * down + x * inputs + channel..].as_ptr();
            let pixels = Pixels { first: pixels, down, right: inputs };
            let out = out[row * depth + channel..].as_mut_ptr();
            let slots = Slots { first: out, stride: rows * depth };
            // SAFETY: the caller says that the processor has the instructions. A tile ends within the
            // border, behind the field's last channel there is slack for a register, and `out` has
            // whole registers for each slot and row.
            unsafe { forward::<V>(plan.tile, pixels, 0..0, slots) };
        }
    }
}

for_widest_lanes! {
    /// Products with the weights for a share of the slots, from `slot` on.
    fn multiply(round: &Round<'_>, slot: usize, inputs: &[f32], out: &mut [f32]) = multiply_with
}

#[expect(unsafe_code, reason = "registers need unchecked places")]
#[expect(clippy::inline_always, reason = "the body must be compiled for each instruction set")]
#[inline(always)]
unsafe fn multiply_with<V: Lanes>(round: &Round<'_>, slot: usize, inputs: &[f32], out: &mut [f32]) {
    let &Round { plan, rows, depth, width, .. } = round;
    let Shape { inputs: sums, outputs, .. } = plan.shape;
    let spectrum = sums * outputs.next_multiple_of(V::COUNT);
    let shares = inputs.chunks_exact(rows * depth).zip(out.chunks_exact_mut(rows * width));
    for ((inputs, out), weights) in shares.zip(plan.weights.chunks_exact(spectrum).skip(slot)) {
        for (start, registers) in panels(outputs, V::COUNT, panel_registers::<V>()) {
            let c = (out[start..].as_mut_ptr(), width);
            let rows = Rows { count: rows, depth: sums, a: (inputs.as_ptr(), depth), c };
            // SAFETY: the caller says that the processor has the instructions; the panel lies in
            // `weights`, and both slices hold the rows of one slot in whole registers.
            unsafe { panel::<V>(rows, weights[start * sums..].as_ptr(), registers) };
        }
    }
}

for_widest_lanes! {
    /// Pixels of the tiles of a round.
    fn to_fields(round: &Round<'_>, products: &[f32], out: &mut [f32]) = to_fields_with
}

#[expect(unsafe_code, reason = "registers need unchecked places")]
#[expect(clippy::inline_always, reason = "the body must be compiled for each instruction set")]
#[inline(always)]
unsafe fn to_fields_with<V: Lanes>(round: &Round<'_>, products: &[f32], out: &mut [f32]) {
    let &Round { plan, first, rows, width, .. } = round;
    let Shape { outputs, kernel, side, .. } = plan.shape;
    let kept = plan.tile + 1 - kernel;
    for group in (0..outputs).step_by(V::COUNT) {
        // The last register overlaps the one before it, unless there are too few channels.
        let channel = group.min(outputs.saturating_sub(V::COUNT));
        let lanes = outputs.min(V::COUNT);
        for row in 0..rows {
            let (y, x) = plan.corner(first + row);
            let corner = (y * side + x) * outputs + channel;
            let from = products[row * width + channel..].as_ptr();
            let products = Slots { first: from.cast_mut(), stride: rows * width };
            // SAFETY: the caller says that the processor has the instructions; `bias` and `products`, which
            // is only read, have whole registers; the closure writes as many lanes as its slice has, or
            // to an array that has room for any register.
            unsafe {
                let bias = V::load(plan.bias[channel..].as_ptr());
                let write = |y: usize, x: usize, value: V| {
                    let to = &mut out[corner + (y * side + x) * outputs..][..lanes];
                    if lanes == V::COUNT {
                        (value + bias).store(to.as_mut_ptr());
                    } else {
                        let mut all = [0.0; GROUP];
                        (value + bias).store(all.as_mut_ptr());
                        to.copy_from_slice(&all[..lanes]);
                    }
                };
                if plan.tile == 8 {
                    tiles::inverse8(products, kept, write);
                } else {
                    tiles::inverse16(products, kept, write);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
