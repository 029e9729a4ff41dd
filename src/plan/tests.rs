//! Keys are a contract: pinned per kind, and moved by what acts and by nothing else.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Expansion, expand};
use crate::artifact::KINDS;
use crate::config::{self, Experiment, Request};
use crate::operator::rollout::Precision;
use crate::profile::Profile;

const TINY: &str = "
parameter_space:
  architecture:
    num_layers: [1, 2]
    base_channels: {type: integer, bounds: [4, 8]}
  stochastic:
    noise_type: [gaussian, laplace]
    noise_scale: {type: continuous, bounds: [1.0e-3, 1.0], log_scale: true}
    noise_schedule: [constant, annealing, periodic]
    schedule_period: {type: integer, bounds: [5, 9]}
  operator: {grid_size: 16}
  evolution:
    update_policy: [autoregressive, residual, convex]
    alpha: {type: continuous, bounds: [0.1, 0.9]}
    dt: {type: continuous, bounds: [0.01, 0.1]}
sampling: {total_samples: 10, sobol: {seed: 7}}
simulation: {num_realizations: 3, num_timesteps: 6, extract_operator_features: true}
execution: {chunk: 4, realization_block: 2, segment: 4}
";

fn experiment(text: &str, sets: &[&str]) -> Experiment {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tiny.yaml"), text).unwrap();
    config::load(&Request {
        path: "tiny.yaml".into(),
        root: folder.path().to_owned(),
        sets: sets.iter().map(|s| (*s).to_owned()).collect(),
        ..Request::default()
    })
    .unwrap_or_else(|error| panic!("{error}"))
}

fn expansion(sets: &[&str]) -> Expansion {
    let profile = Profile {
        name: "test".into(),
        precision: Precision::Float32,
        cuda: Vec::new(),
        encoder: None,
    };
    expand(&experiment(TINY, sets), &profile)
}

fn keys(sets: &[&str]) -> BTreeMap<String, String> {
    let expansion = expansion(sets);
    expansion.graph.iter().map(|(_, node)| (node.label(), node.key.to_string())).collect()
}

/// Labels whose keys differ, the data set apart.
fn moved(sets: &[&str]) -> Vec<String> {
    let (before, after) = (keys(&[]), keys(sets));
    after
        .into_iter()
        .filter(|(label, key)| label != "dataset" && before.get(label) != Some(key))
        .map(|(label, _)| label)
        .collect()
}

/// A changed key here means that every cache in the world is stale for that kind: raise the version
/// of the kind if its content changes meaning, and pin the new key.
#[test]
fn one_key_of_each_kind_is_pinned() {
    let expansion = expansion(&[]);
    let mut first = BTreeMap::new();
    for (_, node) in expansion.graph.iter() {
        first.entry(node.kind.name).or_insert_with(|| node.key.to_string()[..16].to_owned());
    }
    insta::assert_debug_snapshot!(first);
}

/// As above, of what there is with a section `features`.
#[test]
fn keys_of_features_and_statistics_are_pinned() {
    let expansion =
        expansion(&["features={categories: [spatial, temporal, operator_sensitivity]}"]);
    let named = ["features/ops0-3/spatial", "features/ops0-3/temporal", "statistics"];
    let mut found = BTreeMap::new();
    for (_, node) in expansion.graph.iter() {
        if named.contains(&node.label().as_str()) {
            found.insert(node.label(), node.key.to_string()[..16].to_owned());
        }
    }
    insta::assert_debug_snapshot!(found);
}

/// Settings of the cleaning are no matter of features, nor are those of them that do not act.
#[test]
fn settings_of_the_cleaning_move_the_statistics_alone() {
    let with = |more: &str| keys(&[&format!("features={{categories: [spatial]{more}}}")]);
    let base = with("");
    for (more, moves) in [
        (", cleaning: {clip_mad: 10}", false),
        (", cleaning: {clip_mad: 5}", true),
        (", cleaning: {clip: quantile}", true),
        (", cleaning: {max_missing: 0}", true),
        (", cleaning: {max_correlation: 0.9}", true),
        (", cleaning: {constant_tolerance: 0}", true),
        (", realization_aggregation: [mean]", true),
    ] {
        let other = with(more);
        let moved: Vec<&String> = base.keys().filter(|l| base[*l] != other[*l]).collect();
        let want: &[&str] = if moves { &["dataset", "statistics"] } else { &[] };
        assert_eq!(moved, want, "{more}");
    }
}

#[test]
fn every_edge_leads_from_an_earlier_to_a_later_kind() {
    let expansion = expansion(&[]);
    let graph = &expansion.graph;
    let rank = |at: usize| KINDS.iter().position(|k| *k == graph.node(at).kind).unwrap();
    for at in 0..graph.len() {
        assert!(graph.inputs(at).all(|input| input < at && rank(input) <= rank(at)));
    }
    let labels: Vec<String> = graph.iter().map(|(_, node)| node.label()).collect();
    let distinct: std::collections::BTreeSet<&String> = labels.iter().collect();
    assert_eq!(distinct.len(), labels.len(), "labels are unique");
}

#[test]
fn what_does_not_act_moves_no_key() {
    for set in [
        "metadata.name=other",
        "metadata.description=words",
        "dataset.output_path=elsewhere/x.h5",
        "simulation.device=cpu",
        "dataset.storage.compression_level=9",
        "sampling.batch_size=3",
    ] {
        assert_eq!(moved(&[set]), [] as [&str; 0], "{set}");
    }
}

#[test]
fn at_one_application_policy_and_schedule_are_idle() {
    let once = "simulation.num_timesteps=1";
    let base = keys(&[once]);
    for set in [
        "parameter_space.evolution.alpha.bounds=[0.2, 0.8]",
        "parameter_space.evolution.update_policy=[convex, residual]",
        "parameter_space.stochastic.schedule_period.bounds=[50, 60]",
        "parameter_space.stochastic.noise_schedule=[constant, periodic]",
    ] {
        let other = keys(&[once, set]);
        let rollouts = |keys: &BTreeMap<String, String>| -> Vec<String> {
            keys.iter().filter(|(l, _)| l.starts_with("rollout")).map(|(_, k)| k.clone()).collect()
        };
        assert_eq!(rollouts(&base), rollouts(&other), "{set}");
    }
}

#[test]
fn a_bound_moves_only_the_operators_it_acts_on() {
    // Every operator's alpha moves, but only convex operators use it: a chunk without one keeps its
    // rollouts.
    let expansion = expansion(&["parameter_space.evolution.update_policy=residual"]);
    let residual = keys(&["parameter_space.evolution.update_policy=residual"]);
    let other = keys(&[
        "parameter_space.evolution.update_policy=residual",
        "parameter_space.evolution.alpha.bounds=[0.3, 0.4]",
    ]);
    assert_eq!(expansion.operators.len(), 10);
    let rollouts = |keys: &BTreeMap<String, String>| -> Vec<(String, String)> {
        keys.clone().into_iter().filter(|(l, _)| l.starts_with("rollout")).collect()
    };
    assert_eq!(rollouts(&residual), rollouts(&other));
}

#[test]
fn features_of_an_operator_move_with_all_that_acts_in_it() {
    let features =
        |labels: Vec<String>| labels.iter().filter(|l| l.starts_with("features")).count();
    for set in [
        "parameter_space.stochastic.noise_scale.bounds=[2.0e-3, 1.0]",
        "parameter_space.stochastic.noise_location=output",
        "parameter_space.architecture.dropout_rate=0.1",
        "parameter_space.architecture.activation=tanh",
    ] {
        assert_eq!(features(moved(&[set])), 3, "{set}");
    }
    assert_eq!(features(moved(&["parameter_space.evolution.dt.bounds=[0.02, 0.1]"])), 0);
    let with = |precision| {
        let profile = Profile { name: "test".into(), precision, cuda: Vec::new(), encoder: None };
        let expansion = expand(&experiment(TINY, &[]), &profile);
        let nodes = expansion.graph.iter();
        nodes.filter(|(_, n)| n.kind.name == "features").map(|(_, n)| n.key).collect::<Vec<_>>()
    };
    assert_ne!(with(Precision::Float32), with(Precision::Bfloat16));
}

#[test]
fn on_cuda_the_width_of_a_launch_is_part_of_the_key() {
    let rollouts = |cuda: Vec<u32>, block: &str| {
        let profile =
            Profile { name: "test".into(), precision: Precision::Float32, cuda, encoder: None };
        let one = experiment(TINY, &["simulation.num_realizations=2", block]);
        let expansion = expand(&one, &profile);
        let nodes = expansion.graph.iter();
        nodes.filter(|(_, n)| n.kind.name == "rollout").map(|(_, n)| n.key).collect::<Vec<_>>()
    };
    let (two, five) = ("execution.realization_block=2", "execution.realization_block=5");
    assert_eq!(rollouts(vec![], two), rollouts(vec![], five));
    assert_ne!(rollouts(vec![0], two), rollouts(vec![0], five));
}

#[test]
fn growing_n_m_and_t_moves_no_full_artifact() {
    let full = |label: &str| !label.contains("ops8-9") && !label.contains("/annealing");
    let grown: Vec<String> =
        moved(&["sampling.total_samples=14"]).into_iter().filter(|l| full(l)).collect();
    assert!(grown.iter().all(|l| l.contains("ops8-11") || l.contains("ops12-13")), "{grown:?}");

    let more = moved(&["simulation.num_realizations=5"]);
    assert!(more.iter().all(|l| l.contains("/m2-3/") || l.contains("/m4-4/")), "{more:?}");

    let longer: Vec<String> = moved(&["simulation.num_timesteps=12"])
        .into_iter()
        .filter(|l| !l.contains("/annealing"))
        .collect();
    assert!(longer.iter().all(|l| l.contains("/t4-7") || l.contains("/t8-11")), "{longer:?}");
    assert!(!longer.is_empty());
}

#[test]
fn adding_removing_or_fixing_a_parameter_moves_no_other_value() {
    let values = |sets: &[&str]| -> Vec<(u32, f64)> {
        let operators = expansion(sets).operators;
        operators
            .iter()
            .map(|o| (o.architecture.base_channels, o.noise.map_or(0.0, |n| n.scale)))
            .collect()
    };
    let base = values(&[]);
    for set in [
        "parameter_space.architecture.num_layers=2",
        "parameter_space.architecture.kernel_size=[3, 5]",
        "parameter_space.evolution.dt=0.05",
        "sampling.total_samples=10",
    ] {
        assert_eq!(values(&[set]), base, "{set}");
    }
}

#[test]
fn the_worker_plans_the_same_keys_from_the_snapshot() {
    let one = experiment(TINY, &["sampling.total_samples=6"]);
    let text = config::snapshot(&one).to_string();
    let two = config::from_snapshot(&text, Path::new("/")).unwrap();
    let profile = Profile {
        name: "test".into(),
        precision: Precision::Float32,
        cuda: Vec::new(),
        encoder: None,
    };
    let list = |experiment: &Experiment| -> Vec<_> {
        expand(experiment, &profile).graph.iter().map(|(_, node)| node.key).collect()
    };
    assert_eq!(list(&one), list(&two));
}

#[test]
fn a_recipe_of_parameters_holds_what_acts_of_its_sampler() {
    let lines = |sets: &[&str]| -> String {
        let expansion = expansion(sets);
        let (_, node) =
            expansion.graph.iter().find(|(_, n)| n.label().ends_with("evolution")).unwrap();
        let text = node.recipe_text();
        let lines = text.lines().filter(|line| {
            ["sampler", "scramble", "points", "seed"].iter().any(|name| line.contains(name))
        });
        lines.map(str::trim).collect::<Vec<_>>().join(", ")
    };
    let all = [
        &["sampling.strategy=sobol"][..],
        &["sampling.sobol.scramble=false"],
        &["sampling.strategy=latin_hypercube"],
        &["sampling.strategy=halton"],
        &["sampling.strategy=halton", "sampling.sobol.scramble=false"],
        &["sampling.strategy=uniform"],
    ]
    .map(lines);
    insta::assert_snapshot!(all.join("\n"), @r"
    sampler: sobol, scramble: owen, seed: 7
    sampler: sobol, scramble: none
    sampler: latin_hypercube, points: 10, seed: 7
    sampler: halton, scramble: true, seed: 7
    sampler: halton, scramble: false
    sampler: uniform, seed: 7
    ");
}

#[test]
fn choices_and_whole_numbers_are_balanced_at_powers_of_two() {
    use crate::sampling::{Scramble, Settings, method};
    use crate::space::{Setting, Spec};
    let names = ["relu", "gelu", "silu", "tanh"].map(Setting::Name);
    let specs = [
        (2, Spec::Choice(names[..2].to_vec())),
        (4, Spec::Choice(names.to_vec())),
        (4, Spec::Integer(3, 6)),
        (8, Spec::Integer(0, 7)),
    ];
    for scramble in Scramble::ALL {
        let settings = Settings { seed: 5, points: 64, scramble };
        let sampler = (method("sobol").unwrap().make)(&settings);
        for points in [8, 16, 64, 1024] {
            for dimension in 0..20 {
                let column = sampler.column(dimension, 0..points);
                for (levels, spec) in &specs {
                    let mut counts = BTreeMap::new();
                    for u in &column {
                        *counts.entry(format!("{:?}", spec.value(*u))).or_insert(0) += 1;
                    }
                    assert!(counts.values().all(|count| count * levels == points), "{counts:?}");
                }
            }
        }
    }
}
