//! Every parameter of the vocabulary, as an experiment names it: where it acts, changing it alone
//! changes the bytes of the rollouts; where it does not, it changes neither them nor a key.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};
use spinlock::artifact::{InitialConditions, RolloutChunk, Weights};
use spinlock::compute::device::{self, Device};
use spinlock::compute::rollout::{Start, Unit, run_blocks};
use spinlock::config;
use spinlock::ic::Request;
use spinlock::operator::rollout::Precision;
use spinlock::plan::expand;
use spinlock::profile::Profile;
use spinlock::rng::Stream;
use spinlock::space::{ParameterId, VOCABULARY};

/// What of an experiment one parameter might change.
struct Made {
    /// Keys of weights and rollouts.
    keys: BTreeSet<String>,
    /// Hash of states, codes and metrics.
    bytes: blake3::Hash,
}

/// Rolls out an experiment with these values: parameters, and `T`, the number of states.
fn made(values: &BTreeMap<&str, Value>) -> Made {
    device::init(1);
    let mut groups = serde_json::Map::new();
    for (name, value) in values.iter().filter(|(name, _)| **name != "T") {
        let group = ParameterId::named(name).unwrap().get().group.name();
        let group = groups.entry(group).or_insert_with(|| json!({}));
        group[name] = value.clone();
    }
    for group in ["architecture", "stochastic", "operator", "evolution"] {
        groups.entry(group).or_insert_with(|| json!({}));
    }
    let snapshot = json!({
        "name": "x",
        "file": "x",
        "insist": false,
        "overridden": false,
        "document": {
            "parameter_space": groups,
            "sampling": {"total_samples": 1},
            "simulation": {"device": "cpu", "num_realizations": 2, "num_timesteps": values["T"]},
        },
    });
    let experiment = config::from_snapshot(&snapshot.to_string(), Path::new("/")).unwrap();
    let profile = Profile::cpu(Precision::Float32).unwrap();
    let graph = expand(&experiment, &profile).graph;
    let mut out = Made { keys: BTreeSet::new(), bytes: blake3::hash(&[]) };
    let mut input = Vec::new();
    let mut hasher = blake3::Hasher::new();
    for (_, node) in graph.iter() {
        if let Some(recipe) = node.recipe_as::<InitialConditions>() {
            let stream = Stream::new(recipe.seed, "ic", &[0]);
            let (grid, channels) = (recipe.inputs[0].grid as usize, recipe.channels as usize);
            input = recipe.inputs[0].settings.draw(&Request { stream, grid, channels }).fields;
        } else if let Some(recipe) = node.recipe_as::<RolloutChunk>() {
            out.keys.insert(node.key.to_string());
            let unit = Unit {
                operator: &recipe.operators[0],
                seed: recipe.seed,
                rollout: &recipe.rollout,
                num_timesteps: recipe.num_timesteps,
                steps: recipe.steps.clone(),
                start: Start::Input(&input),
                precision: Precision::Float32,
                stored_f16: false,
                states: true,
                metrics: true,
                device: Device::Cpu,
                realization_block: 5,
            };
            let outcome =
                run_blocks(&unit, std::slice::from_ref(&recipe.realizations)).unwrap().remove(0);
            for value in outcome.states.iter().chain(&outcome.metrics) {
                hasher.update(&value.to_le_bytes());
            }
            hasher.update(&outcome.valid);
        } else if node.recipe_as::<Weights>().is_some() {
            out.keys.insert(node.key.to_string());
        }
    }
    assert!(out.keys.len() >= 2 && !input.is_empty());
    out.bytes = hasher.finalize();
    out
}

/// A parameter in one situation: what else the experiment says, and two values.
type Case = (&'static str, &'static str, [Value; 2]);

/// Situations in which a parameter acts. Besides what a case names, an experiment has small sizes,
/// four states and nothing else.
fn acting() -> Vec<Case> {
    const NOISE: &str = "noise_type=gaussian noise_scale=0.1";
    const PERIODIC: &str = "noise_type=gaussian noise_scale=0.1 noise_schedule=periodic";
    const DROPOUT: &str = "noise_type=dropout noise_scale=0.3";
    vec![
        ("architecture", "grid_size=16", [json!("simple_cnn"), json!("encoder_decoder")]),
        ("num_layers", "", [json!(1), json!(2)]),
        ("num_layers", "", [json!(3), json!(4)]),
        ("base_channels", "", [json!(3), json!(4)]),
        ("kernel_size", "", [json!(3), json!(5)]),
        ("activation", "", [json!("gelu"), json!("relu")]),
        ("activation", "", [json!("silu"), json!("tanh")]),
        ("activation", "", [json!("none"), json!("tanh")]),
        ("dropout_rate", "", [json!(0.0), json!(0.2)]),
        ("dropout_rate", "", [json!(0.2), json!(0.5)]),
        ("init", "", [json!("torch"), json!("he")]),
        ("weight_gain", "normalization=none", [json!(1.0), json!(1.5)]),
        ("weight_gain", "", [json!(1.0), json!(1.5)]),
        ("noise_type", "noise_scale=0.1", [json!("none"), json!("gaussian")]),
        ("noise_type", "noise_scale=0.1", [json!("gaussian"), json!("laplace")]),
        ("noise_type", "noise_scale=0.1", [json!("multiplicative"), json!("dropout")]),
        ("noise_scale", "noise_type=gaussian", [json!(0.1), json!(0.2)]),
        ("noise_scale", "noise_type=dropout T=12", [json!(0.1), json!(0.5)]),
        ("noise_scale", "noise_type=gaussian T=1", [json!(0.1), json!(0.2)]),
        ("noise_location", NOISE, [json!("features"), json!("output")]),
        ("noise_location", NOISE, [json!("input"), json!("hidden")]),
        ("noise_location", DROPOUT, [json!("input"), json!("hidden")]),
        ("noise_schedule", NOISE, [json!("constant"), json!("annealing")]),
        ("noise_schedule", NOISE, [json!("constant"), json!("periodic")]),
        ("schedule_period", PERIODIC, [json!(5), json!(6)]),
        ("spatial_correlation", NOISE, [json!(0.0), json!(0.1)]),
        ("spatial_correlation", NOISE, [json!(0.1), json!(0.2)]),
        ("normalization", "", [json!("none"), json!("instance")]),
        ("normalization", "", [json!("batch"), json!("group")]),
        ("normalization", "", [json!("layer"), json!("instance")]),
        ("grid_size", "", [json!(8), json!(9)]),
        ("channels", "", [json!(2), json!(3)]),
        ("update_policy", "", [json!("autoregressive"), json!("residual")]),
        ("update_policy", "", [json!("residual"), json!("convex")]),
        ("alpha", "update_policy=convex", [json!(0.3), json!(0.4)]),
        ("update_policy", NOISE, [json!("residual"), json!("euler_maruyama")]),
        ("dt", "update_policy=residual", [json!(0.01), json!(0.02)]),
        ("dt", "update_policy=euler_maruyama", [json!(0.01), json!(0.02)]),
    ]
}

/// Situations in which a parameter has nothing to act on.
fn idle() -> Vec<Case> {
    const NOISE: &str = "noise_type=gaussian noise_scale=0.1";
    const NONE: &str = "noise_type=none noise_scale=0.1";
    const DROPOUT: &str = "noise_type=dropout noise_scale=0.3";
    let mut cases = vec![
        ("noise_scale", "noise_type=none", [json!(0.1), json!(0.2)]),
        ("noise_location", NONE, [json!("features"), json!("hidden")]),
        ("noise_schedule", NONE, [json!("constant"), json!("annealing")]),
        (
            "noise_schedule",
            "noise_type=gaussian noise_scale=0.1 T=1",
            [json!("constant"), json!("annealing")],
        ),
        ("schedule_period", NONE, [json!(5), json!(6)]),
        ("schedule_period", NOISE, [json!(5), json!(6)]),
        (
            "schedule_period",
            "noise_type=gaussian noise_scale=0.1 noise_schedule=annealing",
            [json!(5), json!(6)],
        ),
        ("spatial_correlation", NONE, [json!(0.0), json!(0.2)]),
        ("spatial_correlation", DROPOUT, [json!(0.0), json!(0.2)]),
        ("update_policy", "T=1", [json!("autoregressive"), json!("residual")]),
        ("update_policy", "T=1", [json!("residual"), json!("convex")]),
    ];
    for situation in
        ["update_policy=residual", "update_policy=autoregressive", "update_policy=convex T=1"]
    {
        cases.push(("alpha", situation, [json!(0.3), json!(0.4)]));
    }
    for situation in
        ["update_policy=convex", "update_policy=autoregressive", "update_policy=residual T=1"]
    {
        cases.push(("dt", situation, [json!(0.01), json!(0.02)]));
    }
    cases
}

/// Both sides of a case.
fn sides((name, situation, sides): &Case) -> [Made; 2] {
    let mut values = BTreeMap::from([
        ("num_layers", json!(2)),
        ("base_channels", json!(6)),
        ("kernel_size", json!(3)),
        ("grid_size", json!(8)),
        ("channels", json!(2)),
        ("T", json!(4)),
    ]);
    for pair in situation.split_whitespace() {
        let (name, value) = pair.split_once('=').unwrap();
        values.insert(name, serde_json::from_str(value).unwrap_or(json!(value)));
    }
    sides.each_ref().map(|value| {
        values.insert(name, value.clone());
        made(&values)
    })
}

#[test]
fn every_parameter_alone_changes_keys_and_bytes_where_it_acts() {
    let cases = acting();
    for case in &cases {
        let [a, b] = sides(case);
        assert_ne!(a.keys, b.keys, "the keys under {case:?}");
        assert_ne!(a.bytes, b.bytes, "the bytes under {case:?}");
    }
    let covered: BTreeSet<&str> = cases.iter().map(|(name, ..)| *name).collect();
    let vocabulary: BTreeSet<&str> = VOCABULARY.iter().map(|parameter| parameter.name).collect();
    assert_eq!(covered, vocabulary, "each parameter of the vocabulary needs a case here");
}

#[test]
fn no_parameter_changes_a_key_or_a_byte_where_it_does_not_act() {
    for case in idle() {
        let [a, b] = sides(&case);
        assert_eq!(a.keys, b.keys, "the keys under {case:?}");
        assert_eq!(a.bytes, b.bytes, "the bytes under {case:?}");
    }
}

#[test]
fn parameters_that_depend_on_others_say_so_and_are_tested_where_those_are_not() {
    // What acts always; everything else needs a situation in which it is idle.
    let always = [
        "architecture",
        "num_layers",
        "base_channels",
        "kernel_size",
        "activation",
        "dropout_rate",
        "init",
        "weight_gain",
        "noise_type",
        "normalization",
        "grid_size",
        "channels",
    ];
    let idle: BTreeSet<&str> = idle().iter().map(|(name, ..)| *name).collect();
    let named: BTreeSet<&str> = always.into_iter().chain(idle).collect();
    assert_eq!(named, VOCABULARY.iter().map(|parameter| parameter.name).collect());
}
