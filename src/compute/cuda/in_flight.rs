//! How many units share a device: a rule of sizes alone, never of time.
//!
//! One unit seldom fills a large GPU, and while a small kernel runs the host has not yet prepared the
//! next one; units on streams of their own fill both gaps. Too many push each other's activations out of the second-level
//! cache. Results do not depend on the number: a unit's shapes are its own.

use crate::operator::Operator;
use crate::operator::layers::Stack;
use crate::operator::step::Conv;

/// What the rule must know of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traits {
    /// Streaming multiprocessors.
    pub multiprocessors: u32,
    /// Bytes of second-level cache.
    pub l2: u64,
    /// Bytes of memory.
    pub memory: u64,
}

/// What the rule must know of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Thread blocks of its largest convolution.
    pub tiles: u64,
    /// Bytes that its widest layer reads and writes.
    pub working_set: u64,
    /// Bytes of everything that it holds at once, roughly and from above.
    pub memory: u64,
}

/// Output values of one thread block of a convolution on tensor cores: 128 pixels by 64 channels.
const TILE: (u64, u64) = (128, 64);
/// Waves of thread blocks that keep a device busy while others start and end.
const WAVES: u64 = 2;
/// Bytes that a device moves while a host thread prepares a launch: some microseconds at terabytes per
/// second.
const LAUNCH: u64 = 16 << 20;
/// However little cache is left: one unit computes while the host prepares the next launch of another.
const LEAST: u64 = 2;
/// Streams of libtorch's pool, and threads of the host that only launch.
const MOST: u64 = 16;
/// Share of the memory that units may hold. What is left is for libtorch's cache of freed blocks and the
/// workspaces of convolutions: where one does not fit, libtorch takes another algorithm without a word,
/// and with it other last bits.
const MEMORY_SHARE: u64 = 2;

impl Load {
    /// The load of a unit with launches of `launch` realizations of `operator`, its convolutions in
    /// values of `bytes` bytes.
    pub fn of(operator: &Operator, launch: u32, bytes: u64) -> Self {
        let full = u64::from(operator.grid).pow(2) * u64::from(launch);
        let stack = Stack::new(&operator.architecture);
        let at = |conv: &Conv| full >> (2 * conv.level);
        let tiles =
            |conv: &Conv| at(conv).div_ceil(TILE.0) * u64::from(conv.outputs).div_ceil(TILE.1);
        // A convolution with stride 2 reads four times the pixels that it writes.
        let moved = |conv: &Conv| {
            let read = at(conv) * u64::from(conv.stride).pow(2) * u64::from(conv.inputs.max(8));
            read + at(conv) * u64::from(conv.outputs.max(8))
        };
        let widest = stack.convs().map(|c| moved(&c)).max().unwrap_or(0);
        let weights = stack.convs().map(Conv::weights).sum::<u64>() * bytes;
        Self {
            tiles: stack.convs().map(|c| tiles(&c)).max().unwrap_or(0),
            working_set: widest * bytes,
            // Float32 activations, their half copies with margins, skips of some levels, and the
            // states of a piece.
            memory: weights + widest * 8 * 4 + full * 32 * 64,
        }
    }
}

/// Units of this load to keep in flight: as many as fill the device and keep it from waiting for
/// launches, unless their activations no longer fit its cache together; never fewer than 2, unless the
/// memory is too small for 2.
pub fn units(device: Traits, load: Load) -> usize {
    let filling = (WAVES * u64::from(device.multiprocessors)).div_ceil(load.tiles.max(1));
    let launching = LAUNCH.div_ceil(load.working_set.max(1));
    let fitting = device.l2 / load.working_set.max(1);
    let holding = device.memory / MEMORY_SHARE / load.memory.max(1);
    filling.max(launching).min(fitting).clamp(LEAST, MOST).min(holding).max(1) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::{Activation, Architecture, Init, Norm, Policy, Topology};

    const H200: Traits = Traits { multiprocessors: 132, l2: 50 << 20, memory: 141 << 30 };

    fn operator(num_layers: u32, base_channels: u32, grid: u32) -> Operator {
        Operator {
            index: 0,
            grid,
            architecture: Architecture {
                topology: Topology::SimpleCnn,
                num_layers,
                base_channels,
                kernel_size: 3,
                activation: Activation::Gelu,
                norm: Norm::Instance,
                dropout_rate: 0.0,
                init: Init::Torch,
                weight_gain: 1.0,
                channels: 3,
            },
            noise: None,
            policy: Policy::Autoregressive,
        }
    }

    #[test]
    fn small_units_fly_in_flocks_and_large_ones_in_pairs() {
        let units = |l, b, n| units(H200, Load::of(&operator(l, b, n), 5, 2));
        assert_eq!(units(4, 64, 128), 2);
        assert_eq!(units(2, 16, 16), 16);
        // 5 · 64² pixels by 32 + 64 channels of 2 bytes are a fifth of what a launch takes.
        assert_eq!(units(2, 32, 64), 5);
        // 5 · 96² pixels in 360 tiles are more than two waves.
        assert_eq!(units(2, 64, 96), 2);
    }

    #[test]
    fn more_units_never_need_more_cache_or_memory_than_there_is() {
        let load = Load { tiles: 1, working_set: 10, memory: 100 };
        let with = |l2, memory| units(Traits { l2, memory, ..H200 }, load);
        assert_eq!(with(1000, 10_000), 16);
        assert_eq!(with(70, 10_000), 7);
        assert_eq!(with(10, 10_000), 2);
        assert_eq!(with(1000, 600), 3);
        assert_eq!(with(1000, 100), 1);
        // Thread blocks decide where launches do not.
        let large = Load { tiles: 40, working_set: 12 << 20, memory: 1 };
        assert_eq!(units(Traits { l2: 1 << 30, ..H200 }, large), 7);
    }
}
