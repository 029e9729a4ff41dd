//! Rollouts.

use spinlock::compute::rollout::{Start, run_blocks};
use spinlock::compute::state::{BEYOND_LIMIT, CONSTANT, NON_FINITE, OK};
use spinlock::compute::weights;
use spinlock::operator::rollout::{Normalize, Rollout, Scope};
use spinlock::operator::{
    Activation, Init, Noise, NoiseLaw, NoiseLocation, Norm, Operator, Policy, Schedule, Topology,
};

use crate::{PLAIN, SEED, bits, deep, input, noise, noisy, relative, run, small, unit};

/// Noise everywhere and dropout: as much as can differ.
fn restless() -> Operator {
    let mut operator = noisy(NoiseLaw::Laplace, NoiseLocation::Hidden);
    operator.architecture.dropout_rate = 0.1;
    operator
}

/// An operator whose output is 0.
fn silent(policy: Policy) -> Operator {
    let mut operator = Operator { policy, ..small() };
    operator.architecture.norm = Norm::None;
    (operator.architecture.init, operator.architecture.weight_gain) = (Init::He, 0.0);
    operator
}

/// An operator that multiplies a state's size at every application.
fn explosive() -> Operator {
    let mut operator = Operator { policy: Policy::Autoregressive, ..small() };
    operator.architecture.norm = Norm::None;
    operator.architecture.activation = Activation::None;
    (operator.architecture.init, operator.architecture.weight_gain) = (Init::He, 3.0);
    operator
}

#[test]
fn a_linear_operator_follows_its_recurrence() {
    let mut operator = Operator { policy: Policy::Residual { dt: 0.05 }, ..small() };
    operator.architecture.norm = Norm::None;
    operator.architecture.activation = Activation::None;
    operator.architecture.kernel_size = 1;
    let drawn = weights::draw(SEED, operator.index, &operator.architecture).tensors;
    // Every layer is affine in the channels of one pixel.
    let apply = |x: Vec<f64>| {
        drawn.chunks_exact(2).fold(x, |x, layer| {
            let (rows, bias) = (&layer[0].values, &layer[1].values);
            let outputs = rows.chunks_exact(x.len()).zip(bias);
            outputs
                .map(|(row, b)| {
                    f64::from(*b) + row.iter().zip(&x).map(|(w, v)| f64::from(*w) * v).sum::<f64>()
                })
                .collect()
        })
    };
    let outcome = run(&operator, 30, 1);
    let start = input(&operator);
    for pixel in [0, 100, 255] {
        let mut x: Vec<f64> = (0..3).map(|c| f64::from(start[c * 256 + pixel])).collect();
        for t in 0..30 {
            for c in 0..3 {
                let got = f64::from(outcome.states[(t * 3 + c) * 256 + pixel]);
                assert!((got - x[c]).abs() < 1e-5 * x[c].abs().max(1.0), "t {t}: {got} {}", x[c]);
            }
            let o = apply(x.clone());
            x.iter_mut().zip(o).for_each(|(x, o)| *x += 0.05 * o);
        }
    }
}

#[test]
fn convex_without_memory_is_autoregressive() {
    let policy = |policy| run(&Operator { policy, ..small() }, 6, 1).states;
    let reference = policy(Policy::Autoregressive);
    assert_eq!(policy(Policy::Convex { alpha: 0.0 }), reference);
    assert!(relative(&policy(Policy::Convex { alpha: 1e-6 }), &reference) < 1e-4);
}

#[test]
fn a_residual_step_of_nothing_keeps_the_state() {
    let operator = silent(Policy::Residual { dt: 0.1 });
    let outcome = run(&operator, 5, 1);
    for state in outcome.states.chunks_exact(3 * 256) {
        assert_eq!(state, input(&operator));
    }
}

#[test]
fn realizations_do_not_depend_on_blocks() {
    same_in_blocks(restless());
    same_in_blocks(deep(restless()));
}

fn same_in_blocks(operator: Operator) {
    let start = input(&operator);
    let unit = unit(&operator, 6, &start);
    let whole = run_blocks(&unit, &[0..10]).unwrap().remove(0);
    let halves = run_blocks(&unit, &[0..5, 5..10]).unwrap();
    assert_eq!(bits(&whole.states), bits(&[&halves[0].states[..], &halves[1].states].concat()));
    let alone = run_blocks(&unit, &[7..8]).unwrap().remove(0);
    let size = alone.states.len();
    assert_eq!(bits(&alone.states), bits(&whole.states[7 * size..8 * size]));
    let columns = |metric: usize| &whole.metrics[(metric * 10 + 7) * 6..][..6];
    for metric in 0..5 {
        assert_eq!(bits(columns(metric)), bits(&alone.metrics[metric * 6..][..6]));
    }
    assert_ne!(bits(&whole.states[..size]), bits(&whole.states[size..2 * size]));
}

#[test]
fn one_application_does_not_depend_on_blocks() {
    let gaussian = noisy(NoiseLaw::Gaussian, NoiseLocation::Features);
    for operator in [restless(), deep(restless()), gaussian, deep(gaussian)] {
        let start = input(&operator);
        let unit = unit(&operator, 1, &start);
        let whole = run_blocks(&unit, &[0..7]).unwrap().remove(0);
        let parts = run_blocks(&unit, &[0..5, 5..7]).unwrap();
        assert_eq!(bits(&whole.states), bits(&[&parts[0].states[..], &parts[1].states].concat()));
        assert_eq!(whole.end, whole.states);
    }
}

#[test]
fn trajectories_do_not_depend_on_segments() {
    same_in_segments(restless());
    same_in_segments(deep(restless()));
}

fn same_in_segments(mut operator: Operator) {
    operator.noise = operator.noise.map(|n| Noise { schedule: Schedule::Annealing, ..n });
    let start = input(&operator);
    let full = unit(&operator, 15, &start);
    let whole = run_blocks(&full, &[0..2, 2..3]).unwrap();
    for segment in [1, 7] {
        let mut before = None;
        for first in (0..15).step_by(segment as usize) {
            let mut part = full.clone();
            part.steps = first..(first + segment).min(15);
            let (states, status): (Vec<f32>, Vec<u8>);
            if let Some(outcomes) = before.take() {
                let outcomes: Vec<spinlock::compute::rollout::Outcome> = outcomes;
                states = outcomes.iter().flat_map(|o| o.end.clone()).collect();
                status = outcomes.iter().flat_map(|o| o.status.clone()).collect();
                part.start = Start::State { states: &states, status: &status };
            }
            let outcomes = run_blocks(&part, &[0..2, 2..3]).unwrap();
            for (got, whole) in outcomes.iter().zip(&whole) {
                let (count, steps) = (got.status.len(), part.steps.len());
                for b in 0..count {
                    for s in 0..steps {
                        let t = first as usize + s;
                        let state = |o: &[f32], row: usize| bits(&o[row * 768..(row + 1) * 768]);
                        let expected = state(&whole.states, b * 15 + t);
                        assert_eq!(state(&got.states, b * steps + s), expected, "t {t}");
                        for metric in 0..5 {
                            let mine = got.metrics[(metric * count + b) * steps + s];
                            let theirs = whole.metrics[(metric * count + b) * 15 + t];
                            assert_eq!(mine.to_bits(), theirs.to_bits(), "t {t} metric {metric}");
                        }
                    }
                }
            }
            before = Some(outcomes);
        }
    }
}

#[test]
fn every_parameter_alone_changes_the_bytes() {
    let mut base = Operator { policy: Policy::Residual { dt: 0.1 }, ..restless() };
    // Wide enough that groups are not single channels.
    base.architecture.base_channels = 20;
    // Large enough for a kernel of 5 two levels below.
    base.grid = 20;
    each_changes_the_bytes(base);
    each_changes_the_bytes(deep(base));
}

fn each_changes_the_bytes(base: Operator) {
    let bytes = |operator: &Operator| bits(&run(operator, 4, 1).states);
    let reference = bytes(&base);
    let mut changes: Vec<(&str, Operator)> = Vec::new();
    let mut change = |name, apply: &dyn Fn(&mut Operator)| {
        let mut operator = base;
        apply(&mut operator);
        changes.push((name, operator));
    };
    change("index", &|o| o.index = 6);
    change("architecture", &|o| {
        o.architecture.topology = match o.architecture.topology {
            Topology::SimpleCnn => Topology::EncoderDecoder,
            Topology::EncoderDecoder => Topology::SimpleCnn,
        };
    });
    change("num_layers", &|o| o.architecture.num_layers = 3);
    change("residual blocks", &|o| o.architecture.num_layers = 4);
    change("base_channels", &|o| o.architecture.base_channels = 9);
    change("kernel_size", &|o| o.architecture.kernel_size = 5);
    for activation in [Activation::Relu, Activation::Silu, Activation::Tanh, Activation::None] {
        change(activation.name(), &|o| o.architecture.activation = activation);
    }
    for norm in [Norm::None, Norm::Batch, Norm::Group, Norm::Layer] {
        change(norm.name(), &|o| o.architecture.norm = norm);
    }
    change("no dropout", &|o| o.architecture.dropout_rate = 0.0);
    change("dropout_rate", &|o| o.architecture.dropout_rate = 0.2);
    change("init", &|o| o.architecture.init = Init::He);
    change("weight_gain", &|o| {
        (o.architecture.norm, o.architecture.weight_gain) = (Norm::Batch, 2.0);
    });
    change("policy", &|o| o.policy = Policy::Convex { alpha: 0.5 });
    change("alpha", &|o| o.policy = Policy::Convex { alpha: 0.6 });
    change("dt", &|o| o.policy = Policy::Residual { dt: 0.2 });
    let noise = |apply: &dyn Fn(&mut Noise), o: &mut Operator| {
        apply(o.noise.as_mut().expect("the base has noise"));
    };
    change("no noise", &|o| o.noise = None);
    for law in [NoiseLaw::Gaussian, NoiseLaw::Multiplicative, NoiseLaw::Dropout] {
        change(law.name(), &|o| noise(&|n| n.law = law, o));
    }
    for location in [NoiseLocation::Features, NoiseLocation::Output, NoiseLocation::Input] {
        change(location.name(), &|o| noise(&|n| n.location = location, o));
    }
    change("noise_scale", &|o| noise(&|n| n.scale = 0.3, o));
    change("annealing", &|o| noise(&|n| n.schedule = Schedule::Annealing, o));
    change("periodic", &|o| noise(&|n| n.schedule = Schedule::Periodic { period: 8 }, o));
    change("period", &|o| noise(&|n| n.schedule = Schedule::Periodic { period: 9 }, o));
    change("correlation", &|o| noise(&|n| n.correlation = 0.2, o));
    let mut seen = std::collections::BTreeMap::from([(reference, "base")]);
    for (name, operator) in &changes {
        if let Some(same) = seen.insert(bytes(operator), name) {
            panic!("`{name}` gives the same bytes as `{same}`");
        }
    }
}

#[test]
fn an_annealed_rollout_depends_on_the_horizon_and_others_do_not() {
    let with = |schedule, num_timesteps| {
        let noise = Noise { schedule, ..noise(NoiseLaw::Gaussian, NoiseLocation::Features) };
        run(&Operator { noise: Some(noise), ..small() }, num_timesteps, 1).states[..4 * 768]
            .to_vec()
    };
    assert_eq!(with(Schedule::Constant, 4), with(Schedule::Constant, 9));
    assert_ne!(with(Schedule::Annealing, 4), with(Schedule::Annealing, 9));
}

#[test]
fn state_0_is_the_processed_input_and_one_application_is_the_bare_output() {
    let rollout = Rollout { normalize: Normalize::ZScore, clamp: Some((-1.0, 1.0)), ..PLAIN };
    let operator = small();
    let start = input(&operator);
    let mut unit = unit(&operator, 2, &start);
    unit.rollout = &rollout;
    let first = &run_blocks(&unit, &[0..1]).unwrap()[0].states[..768];
    assert!(first.iter().all(|x| x.abs() <= 1.0) && first.contains(&1.0));
    unit.num_timesteps = 1;
    unit.steps = 0..1;
    let output = run_blocks(&unit, &[0..1]).unwrap().remove(0);
    assert_eq!(output.states, run(&operator, 1, 1).states);
    assert_eq!(output.valid, [OK]);
}

#[test]
fn a_state_beyond_the_limit_ends_its_realization() {
    let operator = explosive();
    let outcome = run(&operator, 40, 2);
    let failed = outcome.valid.iter().position(|&code| code == BEYOND_LIMIT).unwrap();
    assert!(failed > 1 && failed < 39);
    assert_eq!(outcome.valid[..failed], vec![OK; failed]);
    assert_eq!(outcome.valid[failed..40], vec![BEYOND_LIMIT; 40 - failed]);
    assert_eq!(outcome.status, [BEYOND_LIMIT; 2]);
    assert!(outcome.states[failed * 768..(failed + 1) * 768].iter().any(|x| x.abs() > 1e6));
    assert!(outcome.states[(failed + 1) * 768..40 * 768].iter().all(|x| x.is_nan()));
    assert!(outcome.metrics[..failed].iter().all(|x| x.is_finite()));
    assert!(outcome.metrics[failed..40].iter().all(|x| x.is_nan()));
    assert!(outcome.end.iter().all(|x| x.is_nan()));
}

#[test]
fn storing_as_float16_lowers_the_limit() {
    let operator = explosive();
    let start = input(&operator);
    let mut unit = unit(&operator, 40, &start);
    unit.stored_f16 = true;
    let half = run_blocks(&unit, &[0..1]).unwrap().remove(0);
    let single = run(&operator, 40, 1);
    let first = |valid: &[u8]| valid.iter().position(|&code| code == BEYOND_LIMIT).unwrap();
    assert!(first(&half.valid) < first(&single.valid));
    // Metrics read what is stored, the trajectory goes on in float32.
    assert_ne!(half.metrics[0], single.metrics[0]);
    assert_eq!(half.states[..768], single.states[..768]);
}

#[test]
fn a_value_that_is_not_finite_ends_its_realization() {
    let operator = explosive();
    let start = input(&operator);
    let rollout = Rollout { blowup_limit: f64::INFINITY, ..PLAIN };
    let mut unit = unit(&operator, 200, &start);
    unit.rollout = &rollout;
    let outcome = run_blocks(&unit, &[0..1]).unwrap().remove(0);
    let failed = outcome.valid.iter().position(|&code| code == NON_FINITE).unwrap();
    assert!(failed > 10);
    assert!(outcome.valid[failed..].iter().all(|&code| code == NON_FINITE));
}

#[test]
fn an_input_that_is_not_finite_is_marked_at_once() {
    let operator = small();
    let mut start = input(&operator);
    start[5] = f32::NAN;
    for (num_timesteps, finite) in [(3, 767), (1, 0)] {
        let outcome =
            run_blocks(&unit(&operator, num_timesteps, &start), &[0..2]).unwrap().remove(0);
        assert!(outcome.valid.iter().all(|&code| code == NON_FINITE));
        let first = &outcome.states[..768];
        assert_eq!(first.iter().filter(|x| x.is_finite()).count(), finite);
    }
}

#[test]
fn a_constant_field_is_marked_and_goes_on() {
    let outcome = run(&silent(Policy::Autoregressive), 4, 1);
    assert_eq!(outcome.valid, [OK, CONSTANT, CONSTANT, CONSTANT]);
    assert!(outcome.states[768..].iter().all(|&x| x == 0.0));
}

#[test]
fn statistics_run_over_a_state_or_over_each_channel() {
    let operator = small();
    let start = input(&operator);
    let with = |scope| {
        let rollout = Rollout { normalize: Normalize::MinMax, scope, ..PLAIN };
        let mut unit = unit(&operator, 3, &start);
        unit.rollout = &rollout;
        run_blocks(&unit, &[0..1]).unwrap().remove(0).states
    };
    for state in with(Scope::Channel).chunks_exact(256) {
        assert!(state.contains(&0.0) && state.contains(&1.0));
    }
    for state in with(Scope::State).chunks_exact(768) {
        assert_eq!(state.iter().filter(|&&x| x == 0.0 || x == 1.0).count(), 2);
    }
}
