//! Features of states on a device against those of the host.

use std::time::Instant;

use spinlock::compute::device;
use spinlock::features::{CATEGORIES, Settings, Shape};

use crate::GPU;
use crate::both_ways::{by_tensors, check, check_bits, on_host, settings, trajectories};

#[test]
#[ignore = "needs a CUDA device"]
fn features_agree_with_the_host() {
    device::init(1);
    for (steps, channels, height, width) in [
        (1, 1, 16, 16),
        (7, 1, 16, 16),
        (7, 2, 17, 24),
        (7, 3, 24, 17),
        (3, 5, 32, 32),
        (70, 2, 8, 8),
        (3, 3, 64, 64),
        (2, 3, 128, 128),
    ] {
        let shape = Shape { steps, channels, height, width };
        let states = trajectories(shape, 2);
        check(GPU, &settings(), shape, &states, &[steps, 3]);
        check(GPU, &Settings::default(), shape, &states, &[steps]);
    }
    let shape = Shape { steps: 7, channels: 3, height: 12, width: 16 };
    let whole = trajectories(shape, 2);
    let (state, area) = (shape.state(), shape.area());
    let mut states = whole.clone();
    states.chunks_exact_mut(state).for_each(|state| state[area..2 * area].fill(0.3));
    states[3 * state + 5] = f32::NAN;
    states[4 * state..7 * state].fill(f32::NAN);
    check(GPU, &settings(), shape, &states, &[7, 2]);
    let mut states = whole;
    for (t, state) in states.chunks_exact_mut(state).enumerate() {
        let scale = 10_f32.powi(t as i32 % 7);
        for v in state {
            *v *= scale;
        }
    }
    check(GPU, &settings(), shape, &states, &[7, 2]);
}

#[test]
#[ignore = "needs a CUDA device"]
fn features_have_the_same_bits_alone_and_every_time() {
    device::init(1);
    for (realizations, channels, side) in [(5, 3, 64), (1, 1, 16)] {
        let shape = Shape { steps: 9, channels, height: side, width: side };
        let states = trajectories(shape, realizations);
        (0..3).for_each(|_| check_bits(GPU, shape, &states));
    }
}

#[test]
#[ignore = "needs a CUDA device"]
fn speed_of_features() {
    device::init(1);
    println!("grid  set           states/s on the device  on one core of the host  ratio");
    for side in [64, 128] {
        for settings in [Settings::default(), settings()] {
            let shape = Shape { steps: 64, channels: 3, height: side, width: side };
            let states = trajectories(shape, 5);
            let device = || by_tensors(GPU, CATEGORIES, &settings, shape, &states, 64);
            // Once for the libraries to load.
            device();
            let start = Instant::now();
            device();
            let device = 320.0 / start.elapsed().as_secs_f64();
            let short = Shape { steps: 8, ..shape };
            let start = Instant::now();
            on_host(&settings, short, &states[..8 * short.state()], 8);
            let host = 8.0 / start.elapsed().as_secs_f64();
            println!(
                "{side:>4}  {:12}  {device:>22.0}  {host:>23.1}  {:>5.0}",
                settings.set.name(),
                device / host
            );
        }
    }
}
