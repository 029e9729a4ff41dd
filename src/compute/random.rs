//! Slices of random numbers from a [`Stream`], sixteen Philox blocks at a time.
//!
//! Element `e` of a draw comes from block `16·(e/64) + e mod 16`, word `(e mod 64)/16`: a pure
//! function of its index, so a prefix of a longer draw is the same numbers. Nothing here knows what
//! the numbers are for.

#![expect(clippy::inline_always, reason = "bodies must be compiled for each instruction set")]

use super::simd::{ln, ln64, sin_cos_turns, sin_cos_turns64, vectorised};
use crate::rng::{Counter, Stream, philox4x32};

const LANES: usize = 16;
const GROUP: usize = 4 * LANES;
const CELL: f32 = 1.0 / 16_777_216.0;
const CELL64: f64 = 1.0 / 16_777_216.0;

/// Where in a stream a slice of numbers lies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    /// Which of the draws of a computation.
    pub site: u32,
    /// Application of the operator, from 0.
    pub step: u32,
    /// Realization, from 0.
    pub realization: u32,
}

#[inline(always)]
fn words(stream: Stream, at: Place, group: usize) -> [[u32; LANES]; 4] {
    let key = stream.key_words();
    let mut out = [[0; LANES]; 4];
    for lane in 0..LANES {
        let block = (group * LANES + lane) as u32;
        let words = philox4x32([block, at.site, at.step, at.realization], key);
        for (word, row) in words.into_iter().zip(&mut out) {
            row[lane] = word;
        }
    }
    out
}

/// Uniform in (0, 1): the centres of 2²⁴ equal cells.
#[inline(always)]
fn uniform(word: u32) -> f32 {
    ((word >> 8) as f32 + 0.5) * CELL
}

#[inline(always)]
fn uniform64(word: u32) -> f64 {
    (f64::from(word >> 8) + 0.5) * CELL64
}

#[inline(always)]
fn fill(out: &mut [f32], mut group_of: impl FnMut(usize) -> [[f32; LANES]; 4]) {
    for (group, chunk) in out.chunks_mut(GROUP).enumerate() {
        let values = group_of(group);
        if let Ok(chunk) = <&mut [f32; GROUP]>::try_from(&mut *chunk) {
            for (row, values) in chunk.chunks_exact_mut(LANES).zip(&values) {
                row.copy_from_slice(values);
            }
        } else {
            chunk.copy_from_slice(&values.as_flattened()[..chunk.len()]);
        }
    }
}

vectorised! {
    /// Independent standard normals, by Box and Muller's transform of 24-bit uniforms (largest
    /// magnitude 5.9), error 1e-6.
    pub fn normals(stream: Stream, at: Place, out: &mut [f32]) {
        fill(out, #[inline(always)] |group| {
            let words = words(stream, at, group);
            let mut values = [[0.0; LANES]; 4];
            for pair in [0, 2] {
                for lane in 0..LANES {
                    let radius = (-2.0 * ln(uniform(words[pair][lane]))).sqrt();
                    let (sin, cos) = sin_cos_turns(uniform(words[pair + 1][lane]));
                    values[pair][lane] = radius * cos;
                    values[pair + 1][lane] = radius * sin;
                }
            }
            values
        });
    }
}

vectorised! {
    /// Independent Laplace variates of mean 0 and variance 1: `±ln(u)/√2`, error 1e-6.
    pub fn laplaces(stream: Stream, at: Place, out: &mut [f32]) {
        fill(out, #[inline(always)] |group| {
            let words = words(stream, at, group);
            let mut values = [[0.0; LANES]; 4];
            for (row, words) in values.iter_mut().zip(&words) {
                for (value, &word) in row.iter_mut().zip(words) {
                    // The sign bit is none of the 24 that make the magnitude.
                    let magnitude = -ln(uniform(word)) * std::f32::consts::FRAC_1_SQRT_2;
                    *value = f32::from_bits(magnitude.to_bits() ^ (word & 1) << 31);
                }
            }
            values
        });
    }
}

vectorised! {
    /// Uniform in `(−bound, bound)`, computed in 64 bits and rounded once; the same bytes on every
    /// machine.
    pub fn portable_uniforms(stream: Stream, site: u32, bound: f64, out: &mut [f32]) {
        let at = Place { site, ..Place::default() };
        fill(out, #[inline(always)] |group| {
            words(stream, at, group).map(
                #[inline(always)]
                |row| {
                    row.map(
                        #[inline(always)]
                        |word| ((2.0 * uniform64(word) - 1.0) * bound) as f32,
                    )
                },
            )
        });
    }
}

vectorised! {
    /// Normal with standard deviation `sigma`, computed in 64 bits and rounded once; the same bytes
    /// on every machine.
    pub fn portable_normals(stream: Stream, site: u32, sigma: f64, out: &mut [f32]) {
        let at = Place { site, ..Place::default() };
        fill(out, #[inline(always)] |group| {
            let words = words(stream, at, group);
            let mut values = [[0.0; LANES]; 4];
            for pair in [0, 2] {
                for lane in 0..LANES {
                    let radius = sigma * (-2.0 * ln64(uniform64(words[pair][lane]))).sqrt();
                    let (sin, cos) = sin_cos_turns64(uniform64(words[pair + 1][lane]));
                    values[pair][lane] = (radius * cos) as f32;
                    values[pair + 1][lane] = (radius * sin) as f32;
                }
            }
            values
        });
    }
}

/// Gains of a channel dropout with probability `p`: 0, or `1/(1−p)` for the survivors. One draw
/// per channel.
pub fn dropout_gains(stream: Stream, at: Place, p: f64, gains: &mut [f32]) {
    let kept = (1.0 / (1.0 - p)) as f32;
    for (channel, gain) in gains.iter_mut().enumerate() {
        let counter = Counter {
            block: channel as u32,
            site: at.site,
            step: at.step,
            realization: at.realization,
        };
        *gain = if uniform64(stream.block(counter)[0]) < p { 0.0 } else { kept };
    }
}
