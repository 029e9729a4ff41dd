//! Stages on numbers that can be checked by hand, in both backends.

use super::device::{self, Device};
use super::fused::Fused;
use super::network::{Backend, Convolution};
use super::ops::Ops;
use super::program::Stage;
use crate::operator::rollout::Precision;
use crate::operator::{Activation, Architecture, Init, Norm, Operator, Policy, Topology};

/// One channel on a 4×4 grid, with kernels of this side; nothing but the convolutions acts.
fn bare(kernel_size: u32) -> Operator {
    device::init(1);
    Operator {
        index: 0,
        grid: 4,
        architecture: Architecture {
            topology: Topology::EncoderDecoder,
            num_layers: 1,
            base_channels: 1,
            kernel_size,
            activation: Activation::None,
            norm: Norm::None,
            dropout_rate: 0.0,
            init: Init::Torch,
            weight_gain: 1.0,
            channels: 1,
        },
        noise: None,
        policy: Policy::Autoregressive,
    }
}

fn convolution(
    inputs: usize,
    kernel: usize,
    stride: usize,
    weight: &[f32],
    bias: f32,
) -> Convolution {
    let (weight, bias) = (weight.to_vec(), Some(vec![bias]));
    // One channel: too narrow for the frequency domain whatever the side.
    Convolution { inputs, outputs: 1, kernel, stride, side: 4, weight, bias }
}

/// What the stages make of 0, 1, … 15, the same in both backends.
fn run(kernel: u32, convs: &[Convolution], stages: &[Stage]) -> Vec<f32> {
    let operator = bare(kernel);
    let fused: Box<dyn Backend> = Box::new(Fused::new(&operator, convs).unwrap());
    let ops = Ops::new(&operator, convs, Device::Cpu, Precision::Float32).unwrap();
    let x: Vec<f32> = (0_u8..16).map(f32::from).collect();
    let [a, b] = [fused, Box::new(ops)].map(|mut backend: Box<dyn Backend>| {
        backend.load(&x).unwrap();
        for (index, stage) in stages.iter().enumerate() {
            backend.run(index, *stage, &[]).unwrap();
        }
        backend.output().unwrap()
    });
    assert_eq!(a, b);
    a
}

const IDENTITY: [f32; 1] = [1.0];

#[test]
fn a_convolution_of_stride_2_is_centred_on_even_pixels() {
    let taps: Vec<f32> = (1_u8..10).map(f32::from).collect();
    let convs = [convolution(1, 3, 2, &taps, 0.0), convolution(1, 1, 1, &IDENTITY, 0.0)];
    let stages = [Stage::Layer { conv: 0 }, Stage::Output { conv: 1 }];
    // The first: rows 3, 0, 1 and columns 3, 0, 1 of the grid around pixel (0, 0),
    // 1·15 + 2·12 + 3·13 + 4·3 + 5·0 + 6·1 + 7·7 + 8·4 + 9·5.
    assert_eq!(run(3, &convs, &stages), [222.0, 264.0, 486.0, 528.0]);
}

#[test]
fn a_1x1_convolution_of_stride_2_takes_every_other_pixel() {
    let convs = [convolution(1, 1, 2, &[2.0], 1.0), convolution(1, 1, 1, &IDENTITY, 0.0)];
    let stages = [Stage::Layer { conv: 0 }, Stage::Output { conv: 1 }];
    assert_eq!(run(1, &convs, &stages), [1.0, 5.0, 17.0, 21.0]);
}

#[test]
fn upsampling_repeats_pixels_and_appends_the_skip() {
    // Every other pixel of 0, 1, … 15 is 0, 2, 8, 10; the output adds a thousand times the skip.
    let convs = [convolution(1, 1, 2, &IDENTITY, 0.0), convolution(2, 1, 1, &[1.0, 1000.0], 0.5)];
    let stages = [Stage::Layer { conv: 0 }, Stage::Upsample { slot: 0 }, Stage::Output { conv: 1 }];
    let up = [0, 0, 2, 2, 0, 0, 2, 2, 8, 8, 10, 10, 8, 8, 10, 10];
    let expected: Vec<f32> =
        up.iter().zip(0..).map(|(&up, skip)| (up + 1000 * skip) as f32 + 0.5).collect();
    assert_eq!(run(1, &convs, &stages), expected);
}
