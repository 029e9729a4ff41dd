//! Networks.

use spinlock::compute::device::Device;
use spinlock::compute::network::{Moment, Network};
use spinlock::compute::{is_out_of_memory, weights};
use spinlock::operator::rollout::Precision;
use spinlock::operator::{Activation, Architecture, NoiseLaw, NoiseLocation, Norm, Operator};

use crate::{SEED, deep, input, noise, noisy, relative, small};

/// The one application of T = 1.
pub const FIRST: Moment = Moment { step: 0, num_timesteps: 1 };

pub fn both(operator: &Operator) -> (Vec<f32>, Vec<f32>) {
    let x = input(operator);
    let mut fused = Network::new(SEED, operator, Device::Cpu, Precision::Float32).unwrap();
    let mut plain =
        Network::as_tensor_operations(SEED, operator, Device::Cpu, Precision::Float32).unwrap();
    // Twice, so that buffers are used again.
    fused.apply(&x, FIRST, &[1]).unwrap();
    (fused.apply(&x, FIRST, &[2]).unwrap(), plain.apply(&x, FIRST, &[2]).unwrap())
}

fn with(change: impl Fn(&mut Architecture)) -> Operator {
    let mut operator = small();
    change(&mut operator.architecture);
    operator
}

#[test]
fn fused_passes_agree_with_tensor_operations() {
    let mut cases = Vec::new();
    for norm in [Norm::None, Norm::Instance, Norm::Batch, Norm::Group, Norm::Layer] {
        for activation in [
            Activation::Relu,
            Activation::Gelu,
            Activation::Silu,
            Activation::Tanh,
            Activation::None,
        ] {
            cases.push(with(|a| (a.norm, a.activation) = (norm, activation)));
        }
    }
    for (layers, base, kernel, channels) in
        [(1, 5, 1, 1), (3, 33, 5, 3), (4, 20, 3, 3), (5, 8, 7, 2), (4, 40, 1, 3)]
    {
        for norm in [Norm::None, Norm::Group] {
            let mut operator = with(|a| {
                (a.num_layers, a.base_channels, a.kernel_size) = (layers, base, kernel);
                (a.channels, a.norm) = (channels, norm);
            });
            operator.grid = 12;
            cases.push(operator);
        }
    }
    for law in [NoiseLaw::Gaussian, NoiseLaw::Laplace, NoiseLaw::Multiplicative, NoiseLaw::Dropout]
    {
        use NoiseLocation::{Features, Hidden, Input, Output};
        for location in [Features, Output, Input, Hidden] {
            let mut operator = noisy(law, location);
            operator.architecture.num_layers = 4;
            cases.push(operator);
            operator.architecture.dropout_rate = 0.3;
            operator.noise =
                operator.noise.map(|n| spinlock::operator::Noise { correlation: 0.2, ..n });
            cases.push(operator);
        }
    }
    for operator in cases {
        let (fused, plain) = both(&operator);
        let error = relative(&fused, &plain);
        assert!(error < 1e-5, "{error:e} {operator:?}");
    }
}

/// What CUDA does: one launch for a whole block, the prefix shared by broadcasting.
#[test]
fn a_batch_of_tensor_operations_agrees_with_single_launches() {
    use NoiseLocation::{Features, Hidden, Output};
    let x = input(&small());
    let at = Moment { step: 2, num_timesteps: 5 };
    let mut dropped = small();
    dropped.architecture.dropout_rate = 0.3;
    for operator in [
        small(),
        dropped,
        noisy(NoiseLaw::Gaussian, Features),
        noisy(NoiseLaw::Multiplicative, Hidden),
        noisy(NoiseLaw::Dropout, Output),
        deep(dropped),
        deep(noisy(NoiseLaw::Gaussian, Features)),
        deep(noisy(NoiseLaw::Multiplicative, Hidden)),
    ] {
        let mut batch =
            Network::as_tensor_operations(SEED, &operator, Device::Cpu, Precision::Float32)
                .unwrap();
        let mut single = Network::new(SEED, &operator, Device::Cpu, Precision::Float32).unwrap();
        let expected: Vec<f32> = (4..7).flat_map(|m| single.apply(&x, at, &[m]).unwrap()).collect();
        let whole = batch.apply(&x.repeat(3), at, &[4, 5, 6]).unwrap();
        assert!(relative(&whole, &expected) < 1e-5);
        batch.prefix(&x).unwrap();
        for _ in 0..2 {
            let shared = batch.suffix(at, &[4, 5, 6]).unwrap();
            assert!(relative(&shared, &expected) < 1e-5);
        }
    }
}

/// `y[o] = Σ_i W[o,i]∗x[i] + b[o]` on the torus, in 64 bits, straight from the definition.
fn convolve(
    x: &[Vec<f64>],
    side: usize,
    weight: &weights::Tensor,
    bias: Option<&[f32]>,
) -> Vec<Vec<f64>> {
    let [outputs, inputs, k, _] = weight.shape[..] else { panic!("a convolution has four axes") };
    let (inputs, k) = (inputs as usize, k as usize);
    let wrap = |at: usize, tap: usize| (at + tap + side - k / 2) % side;
    let value = |o: usize, y: usize, x_at: usize| {
        let mut sum = bias.map_or(0.0, |b| f64::from(b[o]));
        for (i, plane) in x.iter().enumerate() {
            for ky in 0..k {
                for kx in 0..k {
                    let w = weight.values[((o * inputs + i) * k + ky) * k + kx];
                    sum += f64::from(w) * plane[wrap(y, ky) * side + wrap(x_at, kx)];
                }
            }
        }
        sum
    };
    (0..outputs as usize)
        .map(|o| (0..side * side).map(|p| value(o, p / side, p % side)).collect())
        .collect()
}

#[test]
fn a_residual_stack_is_what_its_definition_says() {
    let operator = with(|a| (a.num_layers, a.base_channels) = (4, 4));
    let drawn = weights::draw(SEED, operator.index, &operator.architecture);
    let tensor = |name: &str| drawn.tensors.iter().find(|t| t.name == name);
    let side = operator.grid as usize;
    let block = |x: &[Vec<f64>], layer: usize| -> Vec<Vec<f64>> {
        let weight = tensor(&format!("{layer}.conv.weight")).unwrap();
        let mut y = convolve(x, side, weight, None);
        for plane in &mut y {
            let n = plane.len() as f64;
            let mean = plane.iter().sum::<f64>() / n;
            let variance = plane.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
            for v in plane {
                let z = (*v - mean) / (variance + 1e-5).sqrt();
                *v = 0.5 * z * (1.0 + libm::erf(z / 2.0_f64.sqrt()));
            }
        }
        y
    };
    let x = input(&operator);
    let mut z: Vec<Vec<f64>> =
        x.chunks_exact(side * side).map(|p| p.iter().map(|&v| f64::from(v)).collect()).collect();
    z = block(&z, 0);
    for layer in [1, 3, 5, 7] {
        let y = block(&block(&z, layer), layer + 1);
        let skip = match tensor(&format!("{}.proj.weight", layer + 1)) {
            Some(projection) => convolve(&z, side, projection, None),
            None => z,
        };
        z = y
            .iter()
            .zip(&skip)
            .map(|(y, s)| y.iter().zip(s).map(|(a, b)| a + b).collect())
            .collect();
    }
    let bias = &tensor("9.conv.bias").unwrap().values;
    let expected: Vec<f32> = convolve(&z, side, tensor("9.conv.weight").unwrap(), Some(bias))
        .into_iter()
        .flatten()
        .map(|v| v as f32)
        .collect();
    let error = relative(&both(&operator).0, &expected);
    assert!(error < 1e-5, "{error:e}");
}

#[test]
fn a_shifted_input_gives_the_shifted_output() {
    let operator = with(|a| a.kernel_size = 5);
    let side = operator.grid as usize;
    let shift = |planes: &[f32]| -> Vec<f32> {
        let at = |p: usize| ((p / side + 3) % side) * side + (p % side + 5) % side;
        planes
            .chunks_exact(side * side)
            .flat_map(|plane| (0..side * side).map(move |p| plane[at(p)]))
            .collect()
    };
    let mut network = Network::new(SEED, &operator, Device::Cpu, Precision::Float32).unwrap();
    let x = input(&operator);
    let y = network.apply(&x, FIRST, &[0]).unwrap();
    let moved = network.apply(&shift(&x), FIRST, &[0]).unwrap();
    assert!(relative(&moved, &shift(&y)) < 1e-5);
}

#[test]
fn half_precisions_run_and_differ_from_float32() {
    let operator = small();
    let x = input(&operator);
    let apply = |precision| {
        let mut network = Network::new(SEED, &operator, Device::Cpu, precision).unwrap();
        network.apply(&x, FIRST, &[0]).unwrap()
    };
    let single = apply(Precision::Float32);
    assert_eq!(single, apply(Precision::Auto));
    for (precision, unit) in [(Precision::Float16, 1e-3), (Precision::Bfloat16, 8e-3)] {
        let error = relative(&apply(precision), &single);
        assert!(error > unit / 100.0 && error < 10.0 * unit, "{precision:?} {error:e}");
    }
}

/// The covariance over realizations and pixels of what noise adds to the output.
fn covariance(operator: &Operator, realizations: u32) -> [[f64; 3]; 3] {
    let quiet = Operator { noise: None, ..*operator };
    let x = input(operator);
    let mut network = Network::new(SEED, operator, Device::Cpu, Precision::Float32).unwrap();
    let mut still = Network::new(SEED, &quiet, Device::Cpu, Precision::Float32).unwrap();
    let base = still.apply(&x, FIRST, &[0]).unwrap();
    network.prefix(&x).unwrap();
    let pixels = (operator.grid as usize).pow(2);
    let mut sums = [[0.0; 3]; 3];
    for m in 0..realizations {
        let y = network.suffix(FIRST, &[m]).unwrap();
        let d: Vec<f64> = y.iter().zip(&base).map(|(a, b)| f64::from(a - b)).collect();
        for i in 0..3 {
            for j in 0..3 {
                sums[i][j] +=
                    (0..pixels).map(|p| d[i * pixels + p] * d[j * pixels + p]).sum::<f64>();
            }
        }
    }
    sums.map(|row| row.map(|sum| sum / (f64::from(realizations) * pixels as f64)))
}

#[test]
fn gaussian_noise_on_the_features_has_covariance_s2_w_wt() {
    let operator = noisy(NoiseLaw::Gaussian, NoiseLocation::Features);
    let drawn = weights::draw(SEED, operator.index, &operator.architecture);
    let rows = &drawn.tensors.iter().find(|t| t.name == "3.conv.weight").unwrap().values;
    let width = rows.len() / 3;
    let exact = |i: usize, j: usize| -> f64 {
        let pairs = rows[i * width..][..width].iter().zip(&rows[j * width..][..width]);
        0.04 * pairs.map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>()
    };
    // Gaussian noise is drawn behind the output layer, Laplace noise in all features: the covariance
    // is the same.
    for law in [NoiseLaw::Gaussian, NoiseLaw::Laplace] {
        let operator = Operator { noise: Some(noise(law, NoiseLocation::Features)), ..operator };
        let measured = covariance(&operator, 400);
        let n = 400.0 * 256.0;
        for i in 0..3 {
            for j in 0..3 {
                // Four standard errors; the fourth moment of Laplace noise at most doubles the variance.
                let error =
                    4.0 * (2.0 * (exact(i, i) * exact(j, j) + exact(i, j).powi(2)) / n).sqrt();
                assert!((measured[i][j] - exact(i, j)).abs() < error, "{law:?} {i} {j}");
            }
        }
    }
}

#[test]
fn fewer_features_than_channels_draw_the_features() {
    // Two features, three channels: W Wᵀ has rank two.
    let mut operator = noisy(NoiseLaw::Gaussian, NoiseLocation::Features);
    (operator.architecture.num_layers, operator.architecture.base_channels) = (1, 2);
    let c = covariance(&operator, 50);
    let minor = |i: usize, j: usize| c[1][i] * c[2][j] - c[1][j] * c[2][i];
    let determinant = c[0][0] * minor(1, 2) - c[0][1] * minor(0, 2) + c[0][2] * minor(0, 1);
    assert!(determinant.abs() < 1e-6 * c[0][0] * c[1][1] * c[2][2], "{determinant:e} {c:?}");
    assert!(c[0][0] > 0.0);
}

#[test]
fn running_out_of_memory_is_recognised() {
    let operator = Operator { grid: 4_000_000, ..small() };
    let mut network = Network::new(SEED, &operator, Device::Cpu, Precision::Float32).unwrap();
    let error = network.prefix(&[]).unwrap_err();
    assert!(is_out_of_memory(&error), "{error}");
    assert!(!is_out_of_memory(&spinlock::error::Error::environment("no device")));
}
