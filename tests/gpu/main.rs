//! What only a CUDA device can show. Everything here is ignored without being asked for: `make test-gpu`
//! asks, on a machine with a device (docs/development.md).

#![expect(clippy::single_range_in_vec_init, reason = "one block of realizations is a list of one")]

#[path = "../numerics/both_ways.rs"]
mod both_ways;
mod features;

use std::ops::Range;
use std::time::Instant;

use spinlock::compute::batch::noise::Generator;
use spinlock::compute::batch::{self, Means};
use spinlock::compute::cuda::in_flight::{self, Load};
use spinlock::compute::cuda::kernels::{Kernels, Law};
use spinlock::compute::device::{self, Device};
use spinlock::compute::is_out_of_memory;
use spinlock::compute::layout::Layout;
use spinlock::compute::noise::normal_to_laplace;
use spinlock::compute::random::{Place, dropout_gains, laplaces, normals};
use spinlock::compute::rollout::{Outcome, Start, Unit, run_blocks};
use spinlock::operator::layers::Stack;
use spinlock::operator::rollout::{Normalize, Precision, Rollout, Scope};
use spinlock::operator::step::Conv;
use spinlock::operator::{
    Activation, Architecture, Init, Noise, NoiseLaw, NoiseLocation, Norm, Operator, Policy,
    Schedule, Topology,
};
use spinlock::rng::{Counter, Stream};
use spinlock::worker::flight;
use tch::{Kind, Tensor};

const GPU: Device = Device::Cuda(0);

const PLAIN: Rollout =
    Rollout { normalize: Normalize::None, scope: Scope::State, clamp: None, blowup_limit: 1e6 };

fn operator(index: u64, num_layers: u32, base_channels: u32, grid: u32) -> Operator {
    device::init(1);
    Operator {
        index,
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
        noise: Some(noise(NoiseLaw::Gaussian, NoiseLocation::Features)),
        policy: Policy::Convex { alpha: 0.5 },
    }
}

fn noise(law: NoiseLaw, location: NoiseLocation) -> Noise {
    Noise { law, location, scale: 0.1, schedule: Schedule::Constant, correlation: 0.0 }
}

fn input(operator: &Operator) -> Vec<f32> {
    let mut values = vec![0.0; (operator.architecture.channels * operator.grid.pow(2)) as usize];
    normals(Stream::new(3, "input", &[operator.index]), Place::default(), &mut values);
    values
}

fn unit<'a>(operator: &'a Operator, num_timesteps: u32, start: &'a [f32]) -> Unit<'a> {
    Unit {
        operator,
        seed: 11,
        rollout: &PLAIN,
        num_timesteps,
        steps: 0..num_timesteps,
        start: Start::Input(start),
        precision: Precision::Float32,
        stored_f16: false,
        states: true,
        metrics: true,
        device: GPU,
        realization_block: 5,
    }
}

fn relative(values: &[f32], expected: &[f32]) -> f64 {
    assert_eq!(values.len(), expected.len());
    let largest = expected.iter().fold(0.0_f32, |m, x| m.max(x.abs()));
    let worst = values.iter().zip(expected).fold(0.0_f32, |m, (a, b)| m.max((a - b).abs()));
    f64::from(worst) / f64::from(largest)
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|x| x.to_bits()).collect()
}

fn host(tensor: &Tensor) -> Vec<f32> {
    let tensor = tensor.to_device(tch::Device::Cpu).contiguous();
    let mut out = vec![0.0; tensor.numel()];
    let length = out.len();
    tensor.copy_data(&mut out, length);
    out
}

#[test]
#[ignore = "needs a CUDA device"]
fn the_device_draws_the_integers_and_the_bits_of_the_host() {
    device::init(1);
    let kernels = Kernels::of(0).unwrap();
    let at = Place { site: 0x103, step: 17, realization: 5 };
    let stream = Stream::new(9, "noise", &[3]);
    for length in [1, 63, 64, 65, 1000, 32 * 128 * 128] {
        let empty = || {
            let options = (Kind::Float, tch::Device::Cuda(0));
            Tensor::full([3, length as i64], f64::NAN, options)
        };
        for law in [Law::Words, Law::Normal, Law::Laplace] {
            let mut out = empty();
            kernels.draw(&mut out, stream, at, law, (1.0, 0.0)).unwrap();
            for (row, got) in (0..).zip(host(&out).chunks_exact(length)) {
                let at = Place { realization: at.realization + row, ..at };
                let mut expected = vec![0.0; length];
                match law {
                    Law::Words => {
                        for (e, x) in expected.iter_mut().enumerate() {
                            let block = (16 * (e / 64) + e % 16) as u32;
                            let Place { site, step, realization } = at;
                            let words = stream.block(Counter { block, site, step, realization });
                            *x = f32::from_bits(words[e % 64 / 16]);
                        }
                    }
                    Law::Normal => normals(stream, at, &mut expected),
                    Law::Laplace => laplaces(stream, at, &mut expected),
                }
                assert_eq!(bits(got), bits(&expected), "{law:?} row {row} of {length}");
            }
        }
        let mut out = empty();
        kernels.gains(&mut out, stream, at, 0.3).unwrap();
        let mut expected = vec![0.0; length];
        dropout_gains(stream, at, 0.3, &mut expected);
        assert_eq!(bits(&host(&out)[..length]), bits(&expected));
        kernels.draw(&mut out, stream, at, Law::Normal, (1.0, 0.0)).unwrap();
        let mut expected = host(&out);
        normal_to_laplace(&mut expected);
        kernels.normal_to_laplace(&mut out).unwrap();
        assert_eq!(bits(&host(&out)), bits(&expected));
    }
}

#[test]
#[ignore = "needs a CUDA device"]
fn one_step_in_float32_agrees_with_the_cpu() {
    for (topology, num_layers, base_channels) in [
        (Topology::SimpleCnn, 1, 8),
        (Topology::SimpleCnn, 2, 12),
        (Topology::SimpleCnn, 4, 16),
        (Topology::EncoderDecoder, 2, 12),
    ] {
        for (norm, activation) in [
            (Norm::Instance, Activation::Gelu),
            (Norm::Group, Activation::Silu),
            (Norm::Layer, Activation::Tanh),
            (Norm::None, Activation::Relu),
        ] {
            for law in [NoiseLaw::Gaussian, NoiseLaw::Laplace, NoiseLaw::Multiplicative] {
                for location in
                    [NoiseLocation::Features, NoiseLocation::Output, NoiseLocation::Hidden]
                {
                    for correlation in [0.0, 0.2] {
                        let mut operator = operator(4, num_layers, base_channels, 64);
                        let a = &mut operator.architecture;
                        (a.norm, a.activation, a.dropout_rate) = (norm, activation, 0.1);
                        a.topology = topology;
                        operator.noise = Some(Noise { correlation, ..noise(law, location) });
                        let start = input(&operator);
                        let unit = unit(&operator, 2, &start);
                        let cpu = Unit { device: Device::Cpu, ..unit.clone() };
                        let expected = run_blocks(&cpu, &[0..3]).unwrap().remove(0);
                        let plain = run_blocks(&unit, &[0..3]).unwrap().remove(0);
                        let means = Means {
                            generator: Generator::of(GPU).unwrap(),
                            layout: Layout::TENSOR_CORES,
                        };
                        let last = batch::run_blocks(&unit, &[0..3], means).unwrap().remove(0);
                        let half = Unit { precision: Precision::Float16, ..unit.clone() };
                        let half = run_blocks(&half, &[0..3]).unwrap().remove(0);
                        for (got, tolerance) in [(&plain, 1e-4), (&last, 1e-4), (&half, 3e-2)] {
                            let error = relative(&got.states, &expected.states);
                            assert!(error < tolerance, "{operator:?}: {error:e}");
                            assert_eq!(got.valid, expected.valid);
                            let (got, expected) =
                                (got.dynamics.unwrap(), expected.dynamics.unwrap());
                            let error = f64::from((got.gain / expected.gain - 1.0).abs());
                            assert!(error < tolerance, "{operator:?}: {got:?} {expected:?}");
                            assert_eq!(got.collapsed, expected.collapsed, "{operator:?}");
                        }
                    }
                }
            }
        }
    }
}

/// Rolls out `count` operators with `width` units in flight.
fn fly(
    count: u64,
    width: usize,
    num_timesteps: u32,
    what: impl Fn(u64) -> Operator,
) -> Vec<Outcome> {
    let operators: Vec<Operator> = (0..count).map(what).collect();
    let starts: Vec<Vec<f32>> = operators.iter().map(input).collect();
    let mut out = Vec::new();
    let work = |i: usize| {
        let unit = Unit {
            precision: Precision::Float16,
            ..unit(&operators[i], num_timesteps, &starts[i])
        };
        let blocks: [Range<u32>; 2] = [0..5, 5..7];
        run_blocks(&unit, &blocks)
    };
    let enter = || device::enter_thread(GPU);
    flight::run(operators.len(), width, enter, work, |_, outcomes| {
        out.extend(outcomes);
        Ok(())
    })
    .unwrap();
    out
}

#[test]
#[ignore = "needs a CUDA device"]
fn bytes_do_not_depend_on_how_many_units_are_in_flight() {
    let what = |index: u64| operator(index, 1 + index as u32 % 4, 8 + 5 * index as u32, 64);
    let digest = |width| {
        let outcomes = fly(10, width, 20, what);
        let all: Vec<_> = outcomes
            .iter()
            .map(|o| (bits(&o.states), bits(&o.end), bits(&o.metrics), o.valid.clone()))
            .collect();
        blake3::hash(format!("{all:?}").as_bytes())
    };
    let alone = digest(1);
    for width in [1, 2, 8, 8] {
        assert_eq!(digest(width), alone, "{width} in flight");
    }
}

#[test]
#[ignore = "needs a CUDA device"]
fn threads_have_streams_of_their_own() {
    device::init(1);
    let kernels = Kernels::of(0).unwrap();
    let mine = kernels.streams().current(0).unwrap() as usize;
    let others: std::collections::BTreeSet<usize> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    device::enter_thread(GPU).unwrap();
                    kernels.streams().current(0).unwrap() as usize
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(others.len(), 8);
    assert!(!others.contains(&mine));
}

#[test]
#[ignore = "needs a CUDA device"]
fn a_device_without_memory_is_recognised_and_serves_on() {
    let operator = operator(0, 2, 32, 64);
    // One layer of a launch would be 2 TB.
    let mut large = Operator { grid: 4096, ..operator };
    large.architecture.base_channels = 512;
    let start = input(&large);
    let unit_of_large = Unit { realization_block: 64, ..unit(&large, 2, &start) };
    let error = run_blocks(&unit_of_large, &[0..1]).unwrap_err();
    assert!(is_out_of_memory(&error), "{error}");
    let start = input(&operator);
    run_blocks(&unit(&operator, 2, &start), &[0..1]).unwrap();
}

/// Dense float16 operations and bytes per second of an H200 by its data sheet.
const H200: (f64, f64) = (989e12, 4.8e12);

/// The most realization-steps per second that `operator` allows: its multiplications and additions, and
/// every activation written and read once as float16.
fn roofline(operator: &Operator) -> f64 {
    let stack = Stack::new(&operator.architecture);
    let pixels = f64::from(operator.grid).powi(2);
    let moved =
        |c: Conv| f64::from(c.inputs * c.stride.pow(2) + c.outputs) / 4_f64.powi(c.level as i32);
    let values: f64 = stack.convs().map(moved).sum();
    let arithmetic = 2.0 * stack.macs_per_pixel() * pixels / H200.0;
    1.0 / arithmetic.max(2.0 * values * pixels / H200.1)
}

#[test]
#[ignore = "needs a CUDA device"]
fn speed() {
    let traits = device::traits(GPU).unwrap();
    println!("{traits:?}; roofline of an H200");
    println!("L  b   grid  in flight  realization-steps/s  share of the roofline  target");
    for (num_layers, base_channels, grid, steps, target) in
        [(4, 64, 128, 33, 4_600), (2, 32, 64, 257, 200_000), (3, 32, 128, 65, 25_000)]
    {
        let make = |index| operator(index, num_layers, base_channels, grid);
        let rule = in_flight::units(traits, Load::of(&make(0), 5, 2));
        let mut widths = vec![1, 2, 4, 8, 16];
        widths.push(rule);
        widths.sort_unstable();
        widths.dedup();
        for width in widths {
            let run = |count: u64| {
                let operators: Vec<Operator> = (0..count).map(make).collect();
                let starts: Vec<Vec<f32>> = operators.iter().map(input).collect();
                let work = |i: usize| {
                    let unit = Unit {
                        precision: Precision::Float16,
                        states: false,
                        ..unit(&operators[i], steps, &starts[i])
                    };
                    run_blocks(&unit, &[0..5])
                };
                let enter = || device::enter_thread(GPU);
                let start = Instant::now();
                flight::run(operators.len(), width, enter, work, |_, _| Ok(())).unwrap();
                start.elapsed().as_secs_f64()
            };
            // Once for the libraries to load and to choose their kernels.
            run(width as u64);
            let count = (4 * width as u64).max(16);
            let rate = count as f64 * 5.0 * f64::from(steps - 1) / run(count);
            let share = rate / roofline(&make(0));
            let mark = if width == rule { "*" } else { "" };
            println!(
                "{num_layers}  {base_channels}  {grid:>4}  {width:>8}{mark:1}  {rate:>19.0}  \
                 {share:>21.3}  {target}"
            );
        }
    }
}
