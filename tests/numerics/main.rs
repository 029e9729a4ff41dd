//! Kernels on the CPU: closed forms, invariants and sameness, each with its tolerance.
#![expect(clippy::float_cmp, reason = "sameness and fixed points are exact")]
#![expect(clippy::single_range_in_vec_init, reason = "one block of realizations is a list of one")]
#![expect(clippy::needless_range_loop, reason = "indices read like the formulas they check")]

/// Encoder–decoders.
mod architectures;
/// Rollouts that stay on their device agree with the host's.
mod batch;
/// Features by tensors and on the host, side by side.
mod both_ways;
/// One-step gain and collapse: known answers, and that nothing random enters.
mod dynamics;
/// Features measured by tensors agree with the host's.
mod features;
/// Elementary functions keep their stated errors.
mod functions;
/// Operators in any company, order and number of threads.
mod invariance;
/// Our CUDA kernels, on a device that is the processor.
mod kernels;
/// Networks: two backends, symmetries, every parameter counts.
mod networks;
/// Fields of noise, and that no numbers are used twice.
mod noise;
/// Laws of the noise, measured.
mod noise_laws;
/// Each parameter of the vocabulary, where it acts and where it does not.
mod parameters;
/// Against PyTorch, from golden files.
mod pytorch;
/// Rollouts: trajectories, divergence, sameness over blocks and segments.
mod rollouts;
/// Operator sensitivity on maps with known answers.
mod sensitivity;
/// What happens to a state between two applications.
mod states;
/// Weights: the same bytes everywhere, and their laws.
mod weights;
/// What workers take on.
mod workers;

use spinlock::compute::device::{self, Device};
use spinlock::compute::random::{Place, normals};
use spinlock::compute::rollout::{Outcome, Start, Unit, run_blocks};
use spinlock::operator::rollout::{Normalize, Precision, Rollout, Scope};
use spinlock::operator::{
    Activation, Architecture, Init, Noise, NoiseLaw, NoiseLocation, Norm, Operator, Policy,
    Schedule, Topology,
};
use spinlock::rng::Stream;

const SEED: u64 = 11;

const PLAIN: Rollout =
    Rollout { normalize: Normalize::None, scope: Scope::State, clamp: None, blowup_limit: 1e6 };

/// A small operator without noise.
fn small() -> Operator {
    device::init(1);
    Operator {
        index: 5,
        grid: 16,
        architecture: Architecture {
            topology: Topology::SimpleCnn,
            num_layers: 2,
            base_channels: 8,
            kernel_size: 3,
            activation: Activation::Gelu,
            norm: Norm::Instance,
            dropout_rate: 0.0,
            init: Init::Torch,
            weight_gain: 1.0,
            channels: 3,
        },
        noise: None,
        policy: Policy::Convex { alpha: 0.5 },
    }
}

fn noise(law: NoiseLaw, location: NoiseLocation) -> Noise {
    Noise { law, location, scale: 0.2, schedule: Schedule::Constant, correlation: 0.0 }
}

/// [`small`] with noise.
fn noisy(law: NoiseLaw, location: NoiseLocation) -> Operator {
    Operator { noise: Some(noise(law, location)), ..small() }
}

/// `operator` as an encoder–decoder.
fn deep(operator: Operator) -> Operator {
    let topology = Topology::EncoderDecoder;
    Operator { architecture: Architecture { topology, ..operator.architecture }, ..operator }
}

/// A state of independent standard normals for `operator`.
fn input(operator: &Operator) -> Vec<f32> {
    let mut values = vec![0.0; (operator.architecture.channels * operator.grid.pow(2)) as usize];
    normals(Stream::new(3, "input", &[]), Place::default(), &mut values);
    values
}

fn unit<'a>(operator: &'a Operator, num_timesteps: u32, start: &'a [f32]) -> Unit<'a> {
    Unit {
        operator,
        seed: SEED,
        rollout: &PLAIN,
        num_timesteps,
        steps: 0..num_timesteps,
        start: Start::Input(start),
        precision: Precision::Float32,
        stored_f16: false,
        states: true,
        metrics: true,
        device: Device::Cpu,
        realization_block: 5,
    }
}

/// All states of `realizations` realizations in one block.
fn run(operator: &Operator, num_timesteps: u32, realizations: u32) -> Outcome {
    let start = input(operator);
    run_blocks(&unit(operator, num_timesteps, &start), &[0..realizations]).unwrap().remove(0)
}

/// The largest difference over the largest magnitude of `expected`.
fn relative(values: &[f32], expected: &[f32]) -> f64 {
    assert_eq!(values.len(), expected.len());
    let largest = expected.iter().fold(0.0_f32, |m, x| m.max(x.abs()));
    let worst = values.iter().zip(expected).fold(0.0_f32, |m, (a, b)| m.max((a - b).abs()));
    f64::from(worst) / f64::from(largest)
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|x| x.to_bits()).collect()
}
