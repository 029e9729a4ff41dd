//! Rollouts that stay on their device, run on the processor and compared with the host's way.

use std::cell::RefCell;
use std::ops::Range;

use spinlock::compute::account::{Part, listen};
use spinlock::compute::batch::noise::Generator;
use spinlock::compute::batch::{self, Means};
use spinlock::compute::dynamics::Dynamics;
use spinlock::compute::layout::Layout;
use spinlock::compute::network::Network;
use spinlock::compute::rollout::{Outcome, Start, Unit, run_blocks_on};
use spinlock::compute::state::{BEYOND_LIMIT, CONSTANT, NON_FINITE, OK};
use spinlock::operator::metrics::collapse;
use spinlock::operator::rollout::{Normalize, Precision, Rollout, Scope};
use spinlock::operator::{
    Activation, Init, Noise, NoiseLaw, NoiseLocation, Norm, Operator, Policy, Schedule,
};

use crate::{PLAIN, SEED, bits, deep, input, noise, noisy, relative, small, unit};

fn on_device(unit: &Unit, blocks: &[Range<u32>], layout: Layout) -> Vec<Outcome> {
    batch::run_blocks(unit, blocks, Means { generator: Generator::Host, layout }).unwrap()
}

fn on_host(unit: &Unit, blocks: &[Range<u32>]) -> Vec<Outcome> {
    let network = Network::as_tensor_operations(SEED, unit.operator, unit.device, unit.precision);
    run_blocks_on(&mut network.unwrap(), unit, blocks).unwrap()
}

/// NaN must meet NaN; other values must be close to those of the same state or metric.
fn close(got: &[f32], expected: &[f32], tolerance: f64, what: &str) {
    assert_eq!(got.len(), expected.len(), "{what}");
    let scale = expected.iter().filter(|x| x.is_finite()).fold(0.0_f32, |m, x| m.max(x.abs()));
    for (i, (a, b)) in got.iter().zip(expected).enumerate() {
        let same = a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
        let near = f64::from((a - b).abs()) <= tolerance * f64::from(scale);
        assert!(same || near, "{what} {i}: {a} {b} of {scale}");
    }
}

/// `tolerance`: of the states, relative to the largest.
fn agree(got: &[Outcome], expected: &[Outcome], tolerance: f64, what: &str) {
    assert_eq!(got.len(), expected.len());
    for (got, expected) in got.iter().zip(expected) {
        assert_eq!(got.valid, expected.valid, "{what}");
        assert_eq!(got.status, expected.status, "{what}");
        assert_eq!(got.dynamics.is_some(), expected.dynamics.is_some(), "{what}");
        if let (Some(got), Some(expected)) = (got.dynamics, expected.dynamics) {
            assert_eq!(got.collapsed, expected.collapsed, "{what}");
            close(&[got.gain], &[expected.gain], 1e-5, &format!("{what}: gain"));
        }
        close(&got.states, &expected.states, tolerance, &format!("{what}: state"));
        close(&got.end, &expected.end, tolerance, &format!("{what}: end"));
        let rows = expected.valid.len();
        for (metric, (got, expected)) in
            got.metrics.chunks_exact(rows).zip(expected.metrics.chunks_exact(rows)).enumerate()
        {
            // One value that changes its bin moves the entropy by more than rounding does.
            let tolerance = if metric == 1 { 1e-3 } else { tolerance.max(1e-5) };
            close(got, expected, tolerance, &format!("{what}: metric {metric}"));
        }
    }
}

fn compare(operator: &Operator, change: impl Fn(&mut Unit), blocks: &[Range<u32>], what: &str) {
    let start = input(operator);
    let mut unit = unit(operator, 5, &start);
    change(&mut unit);
    let expected = on_host(&unit, blocks);
    // The host applies the network to one state at a time. libtorch's last bits depend on the width
    // of a launch, and a rollout carries them on.
    for (width, tolerance) in [(1, 1e-6), (5, 2e-5)] {
        unit.realization_block = width;
        agree(&on_device(&unit, blocks, Layout::PLAIN), &expected, tolerance, what);
    }
}

#[test]
fn policies_and_post_processing_are_those_of_the_host() {
    let policies =
        [Policy::Autoregressive, Policy::Residual { dt: 0.1 }, Policy::Convex { alpha: 0.3 }];
    for policy in policies {
        let operator = Operator { policy, ..noisy(NoiseLaw::Gaussian, NoiseLocation::Output) };
        for normalize in [Normalize::None, Normalize::MinMax, Normalize::ZScore] {
            for (scope, clamp) in [(Scope::State, None), (Scope::Channel, Some((-0.7, 0.9)))] {
                let rollout = Rollout { normalize, scope, clamp, blowup_limit: 1e6 };
                let what = format!("{policy:?} {rollout:?}");
                // Longer-lived than the unit that borrows it.
                let rollout: &'static Rollout = Box::leak(Box::new(rollout));
                compare(&operator, |unit| unit.rollout = rollout, &[0..5], &what);
            }
        }
    }
}

#[test]
fn every_law_and_location_of_noise_is_that_of_the_host() {
    for law in [NoiseLaw::Gaussian, NoiseLaw::Laplace, NoiseLaw::Multiplicative, NoiseLaw::Dropout]
    {
        for location in [
            NoiseLocation::Features,
            NoiseLocation::Output,
            NoiseLocation::Input,
            NoiseLocation::Hidden,
        ] {
            for correlation in [0.0, 0.2] {
                let settings = Noise {
                    correlation,
                    schedule: Schedule::Periodic { period: 3 },
                    ..noise(law, location)
                };
                let mut operator = Operator { noise: Some(settings), ..small() };
                operator.architecture.dropout_rate = if correlation > 0.0 { 0.1 } else { 0.0 };
                let what = format!("{law:?} {location:?} {correlation}");
                compare(&operator, |_| (), &[0..2, 2..7], &what);
                compare(&operator, |u| (u.num_timesteps, u.steps) = (1, 0..1), &[0..7], &what);
            }
        }
    }
}

#[test]
fn an_operator_without_noise_is_that_of_the_host() {
    compare(&small(), |_| (), &[0..3], "no noise");
    compare(&small(), |unit| unit.metrics = false, &[0..3], "no metrics");
    compare(&small(), |unit| unit.states = false, &[0..3, 3..7], "no states");
    compare(&small(), |unit| unit.stored_f16 = true, &[0..3], "stored as float16");
}

#[test]
fn an_encoder_decoder_is_that_of_the_host() {
    use NoiseLocation::{Features, Hidden, Output};
    for norm in [Norm::None, Norm::Batch, Norm::Instance, Norm::Group, Norm::Layer] {
        for (law, location) in [
            (NoiseLaw::Gaussian, Hidden),
            (NoiseLaw::Laplace, Hidden),
            (NoiseLaw::Multiplicative, Hidden),
            (NoiseLaw::Gaussian, Features),
            (NoiseLaw::Gaussian, Output),
        ] {
            let settings = Noise { correlation: 0.2, ..noise(law, location) };
            let mut operator = deep(Operator { noise: Some(settings), ..small() });
            (operator.architecture.norm, operator.architecture.dropout_rate) = (norm, 0.1);
            let short = |unit: &mut Unit| (unit.num_timesteps, unit.steps) = (3, 0..3);
            compare(&operator, short, &[0..2, 2..7], &format!("{norm:?} {law:?} {location:?}"));
        }
    }
}

/// What [`Layout::TENSOR_CORES`] and [`Layout::PLAIN`] give, with the host's, for one realization.
fn dynamics(operator: &Operator, num_timesteps: u32) -> [Dynamics; 3] {
    let start = input(operator);
    let unit = unit(operator, num_timesteps, &start);
    let of = |outcomes: Vec<Outcome>| outcomes[0].dynamics.unwrap();
    [
        of(on_device(&unit, &[0..1], Layout::TENSOR_CORES)),
        of(on_device(&unit, &[0..1], Layout::PLAIN)),
        of(on_host(&unit, &[0..1])),
    ]
}

#[test]
fn gain_and_collapse_are_those_of_the_host() {
    for (norm, init, weight_gain, code) in [
        (Norm::None, Init::Torch, 0.1, collapse::YES),
        (Norm::Instance, Init::Torch, 1.0, collapse::NO),
        (Norm::Group, Init::He, 1.0, collapse::NO),
    ] {
        for shape in [|o: Operator| o, deep] {
            for noisy in [None, Some(noise(NoiseLaw::Laplace, NoiseLocation::Hidden))] {
                let mut operator = shape(Operator { noise: noisy, ..small() });
                let a = &mut operator.architecture;
                (a.norm, a.init, a.weight_gain) = (norm, init, weight_gain);
                a.base_channels = 11;
                a.dropout_rate = if noisy.is_some() { 0.3 } else { 0.0 };
                for (num_timesteps, code) in [(2, code), (1, collapse::NOT_MEASURED)] {
                    let all = dynamics(&operator, num_timesteps);
                    for got in all {
                        assert_eq!(got.collapsed, code, "{operator:?}");
                        let error = got.gain / all[2].gain - 1.0;
                        assert!(got.gain > 0.0 && error.abs() < 1e-4, "{operator:?} {all:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn gain_and_collapse_come_with_the_first_block_of_the_first_segment() {
    let operator = noisy(NoiseLaw::Laplace, NoiseLocation::Hidden);
    let start = input(&operator);
    let mut unit = unit(&operator, 6, &start);
    let of = |unit: &Unit, blocks: &[Range<u32>]| -> Vec<Option<Dynamics>> {
        on_device(unit, blocks, Layout::PLAIN).into_iter().map(|o| o.dynamics).collect()
    };
    let expected = of(&unit, &[0..1])[0];
    assert!(expected.is_some());
    unit.steps = 0..2;
    assert_eq!(of(&unit, &[5..10, 0..5]), [None, expected]);
    unit.steps = 3..6;
    unit.start = Start::State { states: &start, status: &[OK] };
    assert_eq!(of(&unit, &[0..1]), [None]);
}

thread_local! {
    static HEARD: RefCell<Vec<Part>> = const { RefCell::new(Vec::new()) };
}

#[test]
fn a_listener_hears_of_every_sort_of_work() {
    let operator = deep(noisy(NoiseLaw::Gaussian, NoiseLocation::Output));
    let start = input(&operator);
    let unit = unit(&operator, 5, &start);
    let expected = on_device(&unit, &[0..2], Layout::PLAIN);
    listen(Some(|part| HEARD.with_borrow_mut(|heard| heard.push(part))));
    let got = on_device(&unit, &[0..2], Layout::PLAIN);
    listen(None);
    assert_eq!(bits(&got[0].states), bits(&expected[0].states));
    let count = |part| HEARD.with_borrow(|heard| heard.iter().filter(|p| **p == part).count());
    assert_eq!((count(Part::Weights), count(Part::Encode)), (1, 0));
    // Four applications of nine layers, and those of the dynamics without noise.
    assert!(count(Part::Convolutions) >= 4 * 9 && count(Part::Normalise) >= 4 * 8);
    assert_eq!(count(Part::Noise), 4);
    // Five states and the piece that they come back in.
    assert_eq!(count(Part::State), 6);
    assert!(count(Part::Other) > 0);
}

/// An operator that multiplies a state's size at every application, at a rate that noise changes.
fn explosive() -> Operator {
    let mut operator = Operator {
        policy: Policy::Autoregressive,
        ..noisy(NoiseLaw::Multiplicative, NoiseLocation::Output)
    };
    operator.architecture.norm = Norm::None;
    operator.architecture.activation = Activation::None;
    (operator.architecture.init, operator.architecture.weight_gain) = (Init::He, 3.0);
    operator
}

#[test]
fn realizations_end_where_they_end_on_the_host() {
    let operator = explosive();
    let far: &'static Rollout = Box::leak(Box::new(Rollout { blowup_limit: f64::MAX, ..PLAIN }));
    let start = input(&operator);
    for (rollout, stored_f16, code) in
        [(&PLAIN, false, BEYOND_LIMIT), (far, false, NON_FINITE), (far, true, BEYOND_LIMIT)]
    {
        let mut unit = unit(&operator, 60, &start);
        (unit.rollout, unit.stored_f16) = (rollout, stored_f16);
        let (got, expected) = (on_device(&unit, &[0..4], Layout::PLAIN), on_host(&unit, &[0..4]));
        assert!(expected[0].status.iter().all(|&status| status == code));
        assert_eq!(got[0].valid, expected[0].valid);
        assert_eq!(got[0].status, expected[0].status);
        assert!(got[0].end.iter().all(|x| x.is_nan()));
        for (got, expected) in got[0].states.chunks(768).zip(expected[0].states.chunks(768)) {
            // Which of the values overflow in the last state depends on the order of summation.
            assert_eq!(got.iter().all(|x| x.is_nan()), expected.iter().all(|x| x.is_nan()));
            if expected.iter().all(|x| x.is_finite()) {
                assert!(relative(got, expected) < 1e-4);
            }
        }
        for (got, expected) in got[0].metrics.iter().zip(&expected[0].metrics) {
            assert_eq!(got.is_nan(), expected.is_nan(), "{got} {expected}");
        }
    }
}

#[test]
fn a_constant_state_has_its_code_and_no_entropy() {
    let mut operator = small();
    operator.architecture.norm = Norm::None;
    (operator.architecture.init, operator.architecture.weight_gain) = (Init::He, 0.0);
    operator.policy = Policy::Autoregressive;
    let start = input(&operator);
    let unit = unit(&operator, 4, &start);
    let (got, expected) = (on_device(&unit, &[0..2], Layout::PLAIN), on_host(&unit, &[0..2]));
    assert_eq!(expected[0].valid[..4], [OK, CONSTANT, CONSTANT, CONSTANT]);
    agree(&got, &expected, 1e-6, "constant");
    assert_eq!(got[0].metrics[8 + 1], 0.0);
}

#[test]
fn a_start_that_is_not_finite_has_no_further_states() {
    let operator = small();
    let mut start = input(&operator);
    start[7] = f32::NAN;
    let rollout = Rollout { normalize: Normalize::MinMax, ..PLAIN };
    let mut unit = unit(&operator, 20, &start);
    unit.rollout = &rollout;
    agree(&on_device(&unit, &[0..2], Layout::PLAIN), &on_host(&unit, &[0..2]), 1e-6, "NaN");
}

#[test]
fn bytes_do_not_depend_on_blocks_or_segments() {
    let mut operator = noisy(NoiseLaw::Laplace, NoiseLocation::Hidden);
    operator.architecture.dropout_rate = 0.1;
    let start = input(&operator);
    let full = unit(&operator, 40, &start);
    let whole = on_device(&full, &[0..7], Layout::PLAIN).remove(0);
    let halves = on_device(&full, &[0..5, 5..7], Layout::PLAIN);
    assert_eq!(bits(&whole.states), bits(&[&halves[0].states[..], &halves[1].states].concat()));
    assert_eq!(bits(&whole.end), bits(&[&halves[0].end[..], &halves[1].end].concat()));
    let mut before: Option<Outcome> = None;
    for steps in [0..1, 1..18, 18..40] {
        let mut part = full.clone();
        part.steps = steps.clone();
        if let Some(before) = &before {
            part.start = Start::State { states: &before.end, status: &before.status };
        }
        let got = on_device(&part, &[0..7], Layout::PLAIN).remove(0);
        for b in 0..7 {
            for (s, t) in steps.clone().enumerate() {
                let (mine, theirs) = (b * steps.len() + s, b * 40 + t as usize);
                let state = |o: &Outcome, row: usize| bits(&o.states[row * 768..(row + 1) * 768]);
                assert_eq!(state(&got, mine), state(&whole, theirs), "state {t}");
                for metric in 0..5 {
                    let a = got.metrics[metric * 7 * steps.len() + mine];
                    let b = whole.metrics[metric * 7 * 40 + theirs];
                    assert_eq!(a.to_bits(), b.to_bits(), "state {t} metric {metric}");
                }
            }
        }
        before = Some(got);
    }
}

#[test]
fn further_segments_of_ended_realizations_are_those_of_the_host() {
    let operator = small();
    let start = [input(&operator), input(&operator)].concat();
    let mut unit = unit(&operator, 40, &start);
    unit.steps = 37..40;
    for status in &[[OK, BEYOND_LIMIT], [NON_FINITE, BEYOND_LIMIT]] {
        unit.start = Start::State { states: &start, status };
        agree(&on_device(&unit, &[0..2], Layout::PLAIN), &on_host(&unit, &[0..2]), 2e-5, "ended");
    }
}

#[test]
fn the_layout_of_tensor_cores_changes_nothing_but_rounding() {
    for norm in [Norm::None, Norm::Batch, Norm::Instance, Norm::Group, Norm::Layer] {
        for (num_layers, base_channels) in [(2, 8), (2, 12), (4, 5), (1, 33), (0, 11)] {
            for kernel_size in [1, 5] {
                let mut operator = noisy(NoiseLaw::Multiplicative, NoiseLocation::Hidden);
                let (num_layers, kernel_size) = if num_layers == 0 {
                    operator = deep(operator);
                    (2, 3)
                } else {
                    (num_layers, kernel_size)
                };
                let a = &mut operator.architecture;
                (a.norm, a.num_layers, a.base_channels) = (norm, num_layers, base_channels);
                (a.kernel_size, a.dropout_rate) = (kernel_size, 0.2);
                let start = input(&operator);
                let unit = unit(&operator, 2, &start);
                let plain = on_device(&unit, &[0..3], Layout::PLAIN);
                for layout in [
                    Layout::TENSOR_CORES,
                    Layout { multiple: 8, channels_last: false },
                    Layout { multiple: 1, channels_last: true },
                ] {
                    let got = on_device(&unit, &[0..3], layout);
                    let error = relative(&got[0].states, &plain[0].states);
                    assert!(error < 1e-5, "{norm:?} {num_layers} {base_channels} {error:e}");
                    assert_eq!(got[0].valid, plain[0].valid);
                }
            }
        }
    }
}

#[test]
fn half_precisions_keep_their_distance_in_every_layout() {
    let operator = noisy(NoiseLaw::Gaussian, NoiseLocation::Features);
    let start = input(&operator);
    let run = |precision, layout| {
        let mut unit = unit(&operator, 1, &start);
        unit.precision = precision;
        on_device(&unit, &[0..2], layout).remove(0).states
    };
    let single = run(Precision::Float32, Layout::PLAIN);
    for (precision, cell) in [(Precision::Float16, 1e-3), (Precision::Bfloat16, 8e-3)] {
        let error = relative(&run(precision, Layout::TENSOR_CORES), &single);
        assert!(error > cell / 100.0 && error < 10.0 * cell, "{precision:?} {error:e}");
    }
}
