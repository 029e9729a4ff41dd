//! What an operator gives depends on nothing around it: neighbours, order, threads, segments.

use std::thread;

use spinlock::compute::device;
use spinlock::compute::rollout::{Outcome, Start, run_blocks};
use spinlock::operator::{
    Activation, Architecture, Init, Noise, NoiseLaw, NoiseLocation, Norm, Operator, Policy,
    Schedule, Topology,
};

use crate::{input, unit};

const T: u32 = 9;

/// One of `all` by turns: `speed` operators share each.
fn pick<T: Copy>(all: &[T], index: usize, speed: usize) -> T {
    all[index / speed % all.len()]
}

/// Thirty-two operators that differ in as much as they can; every eighth is wide.
fn operators() -> Vec<Operator> {
    use NoiseLaw::{Dropout, Gaussian, Laplace, Multiplicative};
    use NoiseLocation::{Features, Hidden, Input, Output};
    let activations = [Activation::Gelu, Activation::Relu, Activation::Silu, Activation::Tanh];
    let norms = [Norm::Instance, Norm::Group, Norm::None, Norm::Layer, Norm::Batch];
    let schedules = [Schedule::Constant, Schedule::Annealing, Schedule::Periodic { period: 5 }];
    (0..32)
        .map(|i| {
            let wide = i % 8 == 7;
            let noise = Noise {
                law: pick(&[Gaussian, Laplace, Multiplicative, Dropout], i, 1),
                location: pick(&[Features, Output, Hidden, Input], i, 4),
                scale: 0.1,
                schedule: pick(&schedules, i, 1),
                correlation: if i % 3 == 1 { 0.2 } else { 0.0 },
            };
            Operator {
                index: 100 + i as u64,
                grid: if wide { 32 } else { pick(&[8, 12, 16, 9], i, 1) },
                architecture: Architecture {
                    topology: if wide && i > 16 {
                        Topology::EncoderDecoder
                    } else {
                        Topology::SimpleCnn
                    },
                    num_layers: if wide { 2 } else { pick(&[1, 2, 3, 4], i, 2) },
                    base_channels: if wide { 32 } else { 2 + i as u32 },
                    kernel_size: if wide { pick(&[5, 7], i, 8) } else { pick(&[3, 5, 7, 1], i, 3) },
                    activation: pick(&activations, i, 1),
                    norm: pick(&norms, i, 1),
                    dropout_rate: if i % 5 == 2 { 0.1 } else { 0.0 },
                    init: pick(&[Init::Torch, Init::He], i, 3),
                    weight_gain: 0.9,
                    channels: 3,
                },
                noise: (i % 7 != 6).then_some(noise),
                policy: match i % 3 {
                    0 => Policy::Autoregressive,
                    1 => Policy::Residual { dt: 0.05 },
                    _ => Policy::Convex { alpha: 0.4 },
                },
            }
        })
        .collect()
}

/// Everything that three realizations of an operator give, in segments of this many states: per
/// realization and state the bits of the state, its code and its metrics.
fn rollout(operator: &Operator, segment: u32) -> Vec<(Vec<u32>, u8, Vec<u32>)> {
    let start = input(operator);
    let size = start.len();
    let mut out = vec![Vec::new(); 3];
    let mut before: Option<(Vec<f32>, Vec<u8>)> = None;
    for first in (0..T).step_by(segment as usize) {
        let mut part = unit(operator, T, &start);
        part.steps = first..(first + segment).min(T);
        if let Some((states, status)) = &before {
            part.start = Start::State { states, status };
        }
        let outcomes = run_blocks(&part, &[0..2, 2..3]).unwrap();
        let mut end = (Vec::new(), Vec::new());
        let mut realization = 0;
        for Outcome { states, end: last, status, valid, metrics, dynamics: _ } in outcomes {
            let (count, steps) = (status.len(), part.steps.len());
            for b in 0..count {
                for row in b * steps..(b + 1) * steps {
                    let bits = |values: &[f32]| values.iter().map(|x| x.to_bits()).collect();
                    let metrics: Vec<f32> =
                        (0..5).map(|metric| metrics[metric * count * steps + row]).collect();
                    let state = &states[row * size..(row + 1) * size];
                    out[realization].push((bits(state), valid[row], bits(&metrics)));
                }
                realization += 1;
            }
            end.0.extend(last);
            end.1.extend(status);
        }
        before = Some(end);
    }
    out.into_iter().flatten().collect()
}

fn hash(operator: &Operator, segment: u32) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for (state, code, metrics) in rollout(operator, segment) {
        hasher.update(&[code]);
        for word in state.iter().chain(&metrics) {
            hasher.update(&word.to_le_bytes());
        }
    }
    hasher.finalize()
}

/// The operators at these places, one after the other, in a thread of its own with this many threads
/// for each operation.
fn run(operators: &[Operator], places: &[usize], threads: u32, segment: u32) -> Vec<blake3::Hash> {
    let chosen: Vec<Operator> = places.iter().map(|&place| operators[place]).collect();
    let all = move || {
        device::init(threads);
        chosen.iter().map(|operator| hash(operator, segment)).collect()
    };
    thread::spawn(all).join().unwrap()
}

#[test]
fn operators_give_the_same_bytes_in_any_company_order_segments_and_number_of_threads() {
    let operators = operators();
    let places: Vec<usize> = (0..operators.len()).collect();
    let expected = run(&operators, &places, 1, T);
    let distinct: std::collections::BTreeSet<_> =
        expected.iter().map(|hash| *hash.as_bytes()).collect();
    assert_eq!(distinct.len(), operators.len());
    let check = |what: &str, places: &[usize], got: Vec<blake3::Hash>| {
        for (&place, got) in places.iter().zip(got) {
            assert_eq!(got, expected[place], "{what}: {:?}", operators[place]);
        }
    };
    for &place in &places {
        check("alone", &[place], run(&operators, &[place], 1, T));
    }
    for pair in places.chunks(2) {
        // Side by side, and the second before the first.
        thread::scope(|scope| {
            for &place in pair {
                let operators = &operators;
                let expected = expected[place];
                scope.spawn(move || {
                    assert_eq!(
                        run(operators, &[place], 1, T),
                        [expected],
                        "{:?}",
                        operators[place]
                    );
                });
            }
        });
        let turned = [pair[1], pair[0]];
        check("in pairs", &turned, run(&operators, &turned, 1, T));
    }
    let permuted: Vec<usize> = places.iter().map(|place| (place * 13 + 5) % places.len()).collect();
    check("permuted", &permuted, run(&operators, &permuted, 1, T));
    for threads in [2, 4] {
        check(&format!("{threads} threads"), &places, run(&operators, &places, threads, T));
    }
    for segment in [1, 7] {
        check(&format!("segments of {segment}"), &places, run(&operators, &places, 1, segment));
    }
}
