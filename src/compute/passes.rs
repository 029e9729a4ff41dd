//! Passes of the fused backend over channel-last memory.
//!
//! A [`Frame`] is a buffer `[n + 2p, n + 2p, channels]` whose inner part is the field. These loops
//! know nothing of operators; each is compiled for three instruction sets by [`vectorised!`].

#![expect(clippy::inline_always, reason = "bodies must be compiled for each instruction set")]

use crate::operator::Activation;

use super::noise::Perturbation;
use super::simd::{erf, exp, tanh, vectorised};

/// Shape of a bordered buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// Side of the field, n.
    pub side: usize,
    /// Width of the border, p.
    pub pad: usize,
    /// Channels.
    pub channels: usize,
}

impl Frame {
    /// Values in a row of the buffer, the border included.
    fn stride(self) -> usize {
        (self.side + 2 * self.pad) * self.channels
    }

    /// Where row `y` of the field begins, from −p on.
    fn row(self, y: usize) -> std::ops::Range<usize> {
        let start = (y + self.pad) * self.stride() + self.pad * self.channels;
        start..start + self.side * self.channels
    }
}

/// Per-channel values repeated over a few neighbouring pixels, so that inner loops are long whatever
/// the number of channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tile {
    channels: usize,
    pixels: usize,
}

impl Tile {
    /// The largest tile of at most 1,024 values, at least a pixel, that divides a row of `side`.
    pub fn new(channels: usize, side: usize) -> Self {
        let fits = |pixels: &usize| side.is_multiple_of(*pixels) && pixels * channels <= 1024;
        let pixels = (1..=side).rev().find(fits).unwrap_or(1);
        Self { channels, pixels }
    }

    /// `values` (one per channel) for every pixel of the tile.
    pub fn repeat(self, values: &[f32]) -> Vec<f32> {
        values.repeat(self.pixels)
    }

    fn len(self) -> usize {
        self.channels * self.pixels
    }
}

/// Mean of each channel of `x` `[pixels][channels]`, and the sum of squares around it.
pub fn moments(x: &[f32], tile: Tile) -> (Vec<f64>, Vec<f64>) {
    let pixels = (x.len() / tile.channels) as f64;
    let mut means = vec![0.0; tile.channels];
    channel_sums(x, tile, &mut means);
    for mean in &mut means {
        *mean /= pixels;
    }
    let centre: Vec<f32> = means.iter().map(|&mean| mean as f32).collect();
    let mut squares = vec![0.0; tile.channels];
    channel_squares(x, tile, &tile.repeat(&centre), &mut squares);
    // The squares were taken around the rounded mean.
    for ((square, mean), centre) in squares.iter_mut().zip(&means).zip(&centre) {
        *square -= pixels * (mean - f64::from(*centre)).powi(2);
    }
    (means, squares)
}

/// Tiles summed in 32 bits before they go into the 64-bit totals.
const RUN: usize = 16;

vectorised! {
    fn channel_sums(x: &[f32], tile: Tile, totals: &mut [f64]) {
        let mut partial = vec![0.0_f32; tile.len()];
        for run in x.chunks(RUN * tile.len()) {
            partial.fill(0.0);
            for values in run.chunks_exact(tile.len()) {
                for (sum, value) in partial.iter_mut().zip(values) {
                    *sum += value;
                }
            }
            for pixel in partial.chunks_exact(tile.channels) {
                for (total, value) in totals.iter_mut().zip(pixel) {
                    *total += f64::from(*value);
                }
            }
        }
    }
}

vectorised! {
    fn channel_squares(x: &[f32], tile: Tile, centre: &[f32], totals: &mut [f64]) {
        let mut partial = vec![0.0_f32; tile.len()];
        for run in x.chunks(RUN * tile.len()) {
            partial.fill(0.0);
            for values in run.chunks_exact(tile.len()) {
                for ((sum, value), centre) in partial.iter_mut().zip(values).zip(centre) {
                    let d = value - centre;
                    *sum += d * d;
                }
            }
            for pixel in partial.chunks_exact(tile.channels) {
                for (total, value) in totals.iter_mut().zip(pixel) {
                    *total += f64::from(*value);
                }
            }
        }
    }
}

#[inline(always)]
fn map_rows(
    x: &[f32],
    out: &mut [f32],
    frame: Frame,
    shift: &[f32],
    factor: &[f32],
    function: impl Fn(f32) -> f32,
) {
    for (y, row) in x.chunks_exact(frame.side * frame.channels).enumerate() {
        let out = &mut out[frame.row(y)];
        for (row, out) in row.chunks_exact(shift.len()).zip(out.chunks_exact_mut(shift.len())) {
            for (((out, x), shift), factor) in out.iter_mut().zip(row).zip(shift).zip(factor) {
                *out = function((x - shift) * factor);
            }
        }
    }
}

vectorised! {
    /// `out = activation((x − shift)·factor)` from `x` `[n·n][channels]` into the inner part of a
    /// frame; `shift` and `factor` are tiles.
    pub fn normalise_activate(
        x: &[f32],
        out: &mut [f32],
        frame: Frame,
        shift: &[f32],
        factor: &[f32],
        activation: Activation,
    ) {
        match activation {
            // Not `max`, which would turn NaN into 0.
            Activation::Relu => map_rows(x, out, frame, shift, factor, #[inline(always)] |v| {
                if v < 0.0 { 0.0 } else { v }
            }),
            Activation::Gelu => map_rows(x, out, frame, shift, factor, #[inline(always)] |v| {
                0.5 * v * (1.0 + erf(v * std::f32::consts::FRAC_1_SQRT_2))
            }),
            Activation::Silu => map_rows(x, out, frame, shift, factor, #[inline(always)] |v| {
                v / (1.0 + exp(-v))
            }),
            Activation::Tanh => map_rows(x, out, frame, shift, factor, tanh),
            Activation::None => map_rows(x, out, frame, shift, factor, #[inline(always)] |v| v),
        }
    }
}

/// Fills the border with the pixels of the opposite side.
pub fn wrap(frame: Frame, buffer: &mut [f32]) {
    let Frame { side, pad, channels } = frame;
    let edge = pad * channels;
    for y in 0..side {
        let row = frame.row(y);
        buffer.copy_within(row.end - edge..row.end, row.start - edge);
        buffer.copy_within(row.start..row.start + edge, row.end);
    }
    let stride = frame.stride();
    buffer.copy_within(side * stride..(side + pad) * stride, 0);
    buffer.copy_within(pad * stride..2 * pad * stride, (side + pad) * stride);
}

/// Planes `[channels][n·n]` into the inner part of a frame.
pub fn load_planes(frame: Frame, planes: &[f32], out: &mut [f32]) {
    for (c, plane) in planes.chunks_exact(frame.side * frame.side).enumerate() {
        for (y, row) in plane.chunks_exact(frame.side).enumerate() {
            let pixels = out[frame.row(y)].chunks_exact_mut(frame.channels);
            for (pixel, value) in pixels.zip(row) {
                pixel[c] = *value;
            }
        }
    }
}

/// Lets noise act on the inner part of a frame.
pub fn perturb(frame: Frame, buffer: &mut [f32], perturbation: &Perturbation) {
    match perturbation {
        Perturbation::Add(planes) => combine(frame, buffer, planes, |x, v| x + v),
        Perturbation::Multiply(planes) => combine(frame, buffer, planes, |x, v| x * v),
        Perturbation::Gains(gains) => {
            for pixel in buffer.chunks_exact_mut(frame.channels) {
                pixel.iter_mut().zip(gains).for_each(|(x, gain)| *x *= gain);
            }
        }
    }
}

fn combine(frame: Frame, buffer: &mut [f32], planes: &[f32], act: impl Fn(f32, f32) -> f32) {
    let pixels = frame.side * frame.side;
    for y in 0..frame.side {
        let row = &mut buffer[frame.row(y)];
        // A cache line of channels at a time, so that each line is brought in once.
        for first in (0..frame.channels).step_by(LANES) {
            let last = (first + LANES).min(frame.channels);
            for (x, pixel) in row.chunks_exact_mut(frame.channels).enumerate() {
                for (c, value) in pixel[first..last].iter_mut().enumerate() {
                    *value = act(*value, planes[(first + c) * pixels + y * frame.side + x]);
                }
            }
        }
    }
}

/// Repeats every pixel of `coarse` 2×2, and appends the channels of `skip`, which has twice the side,
/// into the inner part of a frame with the channels of both.
pub fn upsample(coarse: (Frame, &[f32]), skip: (Frame, &[f32]), out: &mut [f32]) {
    let ((low, coarse), (high, skip)) = (coarse, skip);
    let frame = Frame { channels: low.channels + high.channels, ..high };
    for y in 0..high.side {
        let coarse = coarse[low.row(y / 2)].chunks_exact(low.channels);
        // The same pixel twice.
        let repeated = coarse.flat_map(|pixel| [pixel; 2]);
        let skip = skip[high.row(y)].chunks_exact(high.channels);
        let pixels = out[frame.row(y)].chunks_exact_mut(frame.channels);
        for ((out, coarse), skip) in pixels.zip(repeated).zip(skip) {
            let (first, second) = out.split_at_mut(low.channels);
            first.copy_from_slice(coarse);
            second.copy_from_slice(skip);
        }
    }
}

vectorised! {
    /// `out = a + b`.
    pub fn sum(a: &[f32], b: &[f32], out: &mut [f32]) {
        for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
            *out = a + b;
        }
    }
}

const LANES: usize = 16;

vectorised! {
    /// A 1×1 convolution from the inner part of a frame to planes: `out[o] = Σ_c W[o][c]·x[c] + b[o]`.
    pub fn project(frame: Frame, buffer: &[f32], weights: &[f32], bias: &[f32], out: &mut [f32]) {
        let pixels = frame.side * frame.side;
        for y in 0..frame.side {
            for (x, pixel) in buffer[frame.row(y)].chunks_exact(frame.channels).enumerate() {
                let rows = weights.chunks_exact(frame.channels).zip(bias);
                for (o, (row, bias)) in rows.enumerate() {
                    let mut lanes = [0.0_f32; LANES];
                    let (a, b) = (pixel.chunks_exact(LANES), row.chunks_exact(LANES));
                    let rest: f32 = a.remainder().iter().zip(b.remainder()).map(|(a, b)| a * b).sum();
                    for (a, b) in a.zip(b) {
                        for lane in 0..LANES {
                            lanes[lane] += a[lane] * b[lane];
                        }
                    }
                    let mut width = LANES / 2;
                    while width > 0 {
                        for lane in 0..width {
                            lanes[lane] += lanes[lane + width];
                        }
                        width /= 2;
                    }
                    out[o * pixels + y * frame.side + x] = lanes[0] + rest + bias;
                }
            }
        }
    }
}
