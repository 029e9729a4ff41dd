//! One-step gain and collapse, which nothing random enters.

use spinlock::compute::dynamics::Dynamics;
use spinlock::compute::rollout::{Start, run_blocks};
use spinlock::compute::weights;
use spinlock::operator::metrics::collapse;
use spinlock::operator::rollout::{Normalize, Rollout};
use spinlock::operator::{Activation, Init, NoiseLaw, NoiseLocation, Norm, Operator, Policy};

use crate::{PLAIN, SEED, input, noise, run, small, unit};

fn of(operator: &Operator, num_timesteps: u32) -> Dynamics {
    run(operator, num_timesteps, 1).dynamics.unwrap()
}

/// [`small`] without normalisation, with this gain of its weights.
fn plain(init: Init, weight_gain: f64) -> Operator {
    let mut operator = small();
    operator.architecture.norm = Norm::None;
    (operator.architecture.init, operator.architecture.weight_gain) = (init, weight_gain);
    operator
}

fn deviation(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.iter().map(|x| (x - mean).powi(2)).sum::<f64>().sqrt()
}

#[test]
fn the_gain_of_a_linear_network_follows_from_its_weights() {
    for init in [Init::Torch, Init::He] {
        let mut operator = plain(init, 1.0);
        operator.architecture.activation = Activation::None;
        operator.architecture.kernel_size = 1;
        let drawn = weights::draw(SEED, operator.index, &operator.architecture).tensors;
        let start: Vec<f64> = input(&operator).iter().map(|x| f64::from(*x)).collect();
        // Every layer is affine in the channels of one pixel.
        let output: Vec<f64> = (0..256)
            .flat_map(|pixel| {
                let x: Vec<f64> = (0..3).map(|c| start[c * 256 + pixel]).collect();
                drawn.chunks_exact(2).fold(x, |x, layer| {
                    let rows = layer[0].values.chunks_exact(x.len()).zip(&layer[1].values);
                    rows.map(|(row, b)| {
                        let sum: f64 = row.iter().zip(&x).map(|(w, v)| f64::from(*w) * v).sum();
                        sum + f64::from(*b)
                    })
                    .collect()
                })
            })
            .collect();
        let expected = deviation(&output) / deviation(&start);
        let got = f64::from(of(&operator, 1).gain);
        assert!((got / expected - 1.0).abs() < 1e-5, "{}: {got} {expected}", init.name());
    }
}

#[test]
fn small_weights_collapse_and_normalised_or_expanding_ones_do_not() {
    let code = |operator: &Operator| of(operator, 2).collapsed;
    assert_eq!(code(&plain(Init::Torch, 0.1)), collapse::YES);
    assert_eq!(code(&plain(Init::He, 0.0)), collapse::YES);
    assert_eq!(of(&plain(Init::He, 0.0), 2).gain, 0.0);
    assert_eq!(code(&small()), collapse::NO);
    let mut expanding = plain(Init::He, 3.0);
    expanding.architecture.activation = Activation::None;
    assert_eq!(code(&expanding), collapse::NO);
    assert!(of(&expanding, 2).gain > 3.0);
    // What is iterated is the operator, whatever the policy makes of it.
    for policy in [Policy::Autoregressive, Policy::Residual { dt: 0.01 }] {
        assert_eq!(code(&Operator { policy, ..plain(Init::Torch, 0.1) }), collapse::YES);
    }
}

#[test]
fn a_large_input_to_a_normalised_operator_is_no_collapse() {
    let operator = small();
    let start: Vec<f32> = input(&operator).iter().map(|x| 1e5 * x).collect();
    let outcome = run_blocks(&unit(&operator, 2, &start), &[0..1]).unwrap().remove(0);
    let dynamics = outcome.dynamics.unwrap();
    assert!(dynamics.gain < 1e-3, "{dynamics:?}");
    assert_eq!(dynamics.collapsed, collapse::NO);
}

#[test]
fn noise_and_dropout_do_not_act() {
    use NoiseLocation::{Features, Hidden, Input, Output};
    // More channels than features, so that noise on the features is drawn there.
    let narrow =
        |o: &mut Operator| (o.architecture.channels, o.architecture.base_channels) = (5, 1);
    for narrow in [Some(narrow), None] {
        let mut still = small();
        still.architecture.norm = Norm::Layer;
        if let Some(narrow) = narrow {
            narrow(&mut still);
        }
        let expected = of(&still, 3);
        assert!(expected.gain > 0.0);
        for location in [Features, Output, Input, Hidden] {
            for law in [NoiseLaw::Gaussian, NoiseLaw::Multiplicative, NoiseLaw::Dropout] {
                for dropout_rate in [0.0, 0.4] {
                    let mut operator = Operator { noise: Some(noise(law, location)), ..still };
                    operator.architecture.dropout_rate = dropout_rate;
                    assert_eq!(of(&operator, 3), expected, "{} {}", law.name(), location.name());
                }
            }
        }
    }
}

#[test]
fn they_come_with_the_first_block_of_the_first_segment() {
    let operator = Operator {
        noise: Some(noise(NoiseLaw::Laplace, NoiseLocation::Hidden)),
        ..plain(Init::He, 1.0)
    };
    let start = input(&operator);
    let whole = unit(&operator, 6, &start);
    let expected = run_blocks(&whole, &[0..1]).unwrap()[0].dynamics;
    assert!(expected.is_some());
    for steps in [0..1, 0..2, 0..6] {
        let mut part = whole.clone();
        part.steps = steps;
        let outcomes = run_blocks(&part, &[5..10, 0..5]).unwrap();
        assert_eq!((outcomes[0].dynamics, outcomes[1].dynamics), (None, expected));
        assert!(run_blocks(&part, &[5..10]).unwrap()[0].dynamics.is_none());
    }
    let mut later = whole.clone();
    later.steps = 3..6;
    later.start = Start::State { states: &start, status: &[0] };
    assert!(run_blocks(&later, &[0..1]).unwrap()[0].dynamics.is_none());
    // A longer horizon changes nothing; one application is not iterated.
    assert_eq!(Some(of(&operator, 2)), expected);
    let once = Dynamics { collapsed: collapse::NOT_MEASURED, ..expected.unwrap() };
    assert_eq!(of(&operator, 1), once);
}

#[test]
fn the_measure_does_not_touch_the_trajectory() {
    // Blocks that come with a measure and blocks that do not share an operator's first application.
    let mut operator = small();
    operator.noise = Some(noise(NoiseLaw::Gaussian, NoiseLocation::Features));
    let start = input(&operator);
    let unit = unit(&operator, 4, &start);
    let with = run_blocks(&unit, &[0..2, 2..4]).unwrap().remove(1);
    let without = run_blocks(&unit, &[2..4]).unwrap().remove(0);
    assert_eq!(with.states, without.states);
}

#[test]
fn the_input_is_the_state_after_normalising() {
    let operator = plain(Init::Torch, 1.0);
    let start: Vec<f32> = input(&operator).iter().map(|x| 7.0 * x + 3.0).collect();
    let rollout = Rollout { normalize: Normalize::ZScore, ..PLAIN };
    let mut unit = unit(&operator, 2, &start);
    unit.rollout = &rollout;
    let first = run_blocks(&unit, &[0..1]).unwrap().remove(0);
    let by_hand = run_blocks(&crate::unit(&operator, 2, &first.states[..768]), &[0..1]).unwrap();
    assert_eq!(first.dynamics, by_hand[0].dynamics);
    // One application takes the input as it is.
    unit.num_timesteps = 1;
    unit.steps = 0..1;
    assert_ne!(
        run_blocks(&unit, &[0..1]).unwrap()[0].dynamics.unwrap().gain,
        first.dynamics.unwrap().gain
    );
}

#[test]
fn a_constant_input_has_no_gain() {
    let operator = small();
    let flat = vec![1.5; 768];
    let dynamics = run_blocks(&unit(&operator, 2, &flat), &[0..1]).unwrap()[0].dynamics.unwrap();
    assert!(dynamics.gain.is_nan());
    assert_eq!(dynamics.collapsed, collapse::NOT_MEASURED);
}
