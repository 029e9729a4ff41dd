//! Features measured by tensors against those of the host.

use spinlock::compute::device::{self, Device};
use spinlock::features::{Settings, Shape};

use crate::both_ways::{settings, trajectories};

fn check(settings: &Settings, shape: Shape, states: &[f32], segments: &[usize]) {
    device::init(1);
    crate::both_ways::check(Device::Cpu, settings, shape, states, segments);
}

#[test]
fn tensors_measure_what_the_host_measures() {
    for (steps, channels, height, width) in [
        (1, 1, 16, 16),
        (7, 1, 16, 16),
        (7, 2, 17, 24),
        (7, 3, 24, 17),
        (1, 3, 9, 9),
        (3, 5, 32, 32),
    ] {
        let shape = Shape { steps, channels, height, width };
        let states = trajectories(shape, 2);
        check(&settings(), shape, &states, &[steps, 3, 1]);
        check(&Settings::default(), shape, &states, &[steps]);
    }
    let shape = Shape { steps: 4, channels: 2, height: 12, width: 10 };
    let small = Settings { num_scales: 1, mi_num_bins: 8, gaussian_sigma: 4.0, ..settings() };
    check(&small, shape, &trajectories(shape, 3), &[4, 3]);
}

#[test]
fn channels_that_are_constant_or_not_finite() {
    let shape = Shape { steps: 7, channels: 3, height: 12, width: 16 };
    let whole = trajectories(shape, 2);
    let (state, area) = (shape.state(), shape.area());
    let mut states = whole.clone();
    states.chunks_exact_mut(state).for_each(|state| state[area..2 * area].fill(0.3));
    check(&settings(), shape, &states, &[7, 2]);
    let mut states = whole.clone();
    states[..state].fill(-1.5);
    check(&settings(), shape, &states, &[7, 2]);
    let mut states = whole.clone();
    states[3 * state + 5] = f32::NAN;
    states[4 * state..7 * state].fill(f32::NAN);
    check(&settings(), shape, &states, &[7, 2]);
    check(&settings(), shape, &vec![f32::NAN; whole.len()], &[7]);
    check(&settings(), shape, &vec![0.0; whole.len()], &[7, 2]);
    let mut states = whole;
    for (t, state) in states.chunks_exact_mut(state).enumerate() {
        let scale = 10_f32.powi(t as i32 % 7);
        for v in state {
            *v *= scale;
        }
    }
    check(&settings(), shape, &states, &[7, 2]);
}

/// Long trajectories, for what needs series; and more states than one slice holds.
#[test]
fn long_trajectories_in_more_than_one_slice() {
    let shape = Shape { steps: 70, channels: 2, height: 8, width: 8 };
    check(&settings(), shape, &trajectories(shape, 2), &[70, 32]);
    let shape = Shape { steps: 5, channels: 2, height: 512, width: 320 };
    check(&Settings::default(), shape, &trajectories(shape, 2), &[5]);
}

/// Adding a category to an experiment that is built computes that one alone, under the key that it would
/// have had with the others.
#[test]
fn a_category_has_the_same_bits_alone_and_with_the_others() {
    device::init(1);
    let shape = Shape { steps: 5, channels: 3, height: 16, width: 12 };
    crate::both_ways::check_bits(Device::Cpu, shape, &trajectories(shape, 2));
}
