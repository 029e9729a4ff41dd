//! Edits of an experiment too large to expand once for each: found all the same, on some chunks of it.

use std::collections::HashMap;

use super::{Past, Why, why};
use crate::cache::Cache;
use crate::config::{self, Experiment, Request};
use crate::key::Key;
use crate::operator::rollout::Precision;
use crate::plan::{Memory, Plan};
use crate::profile::Profile;

const LARGE: &str = "
parameter_space:
  stochastic:
    noise_type: gaussian
    noise_scale: {type: continuous, bounds: [1.0e-3, 1.0], log_scale: true}
  operator: {grid_size: 16}
sampling: {total_samples: 4200}
simulation:
  num_timesteps: 4
  inputs:
    - {type: gaussian_random_field, weight: 1}
    - {type: power_law_grf, weight: 1}
execution: {chunk: 4}
renders: {film: {operators: [3000], export: [gif]}}
";

/// Why the large experiment, with these settings, is not current after it was built with none.
fn after(sets: &[&str]) -> Why {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("large.yaml"), LARGE).unwrap();
    let load = |sets: &[&str]| -> Experiment {
        config::load(&Request {
            path: "large.yaml".into(),
            root: folder.path().to_owned(),
            sets: sets.iter().map(|s| (*s).to_owned()).collect(),
            ..Request::default()
        })
        .unwrap_or_else(|error| panic!("{error}"))
    };
    let cache = Cache::look(folder.path().join("cache")).unwrap();
    let profile = Profile::named("test", Precision::Float32);
    let plan = |experiment: &Experiment| Plan::new(experiment, &profile, &cache).unwrap();
    let old = load(&[]);
    let known: HashMap<String, Key> =
        plan(&old).graph().iter().map(|(_, node)| (node.label(), node.key)).collect();
    let memory = Memory::new(&old, &profile);
    let now = load(sets);
    let past = Past {
        memory: Some(&memory),
        is_known: true,
        key: &|label| known.get(label).copied(),
        is_quarantined: &|_, _| false,
    };
    why(&plan(&now), &now, &profile, &past, folder.path())
}

/// `group ×count: edits` of those that are not merely gone from the cache, which is empty here.
fn groups(why: &Why) -> Vec<String> {
    let changed = why.groups.iter().filter(|group| group.because != "gone");
    changed
        .map(|g| format!("{} ×{} {}: {}", g.group, g.count, g.because, g.edits.join(", ")))
        .collect()
}

#[test]
fn a_large_experiment_is_tried_in_parts() {
    let why = after(&[
        "parameter_space.stochastic.noise_scale.bounds=[0.01, 1.0]",
        "sampling.total_samples=4203",
        "renders.film.theme=dark",
        "metadata.name=other",
    ]);
    assert!(why.notes[0].starts_with("edits are tried on "), "{:?}", why.notes);
    assert_eq!(why.edits.len(), 3, "{:?}", why.edits);
    let (noise, more) = ("parameter_space.stochastic.noise_scale.bounds", "sampling.total_samples");
    assert_eq!(
        groups(&why),
        [
            format!("parameters/stochastic ×1051 edit: {noise}, {more}"),
            format!("parameters/operator ×1 edit: {more}"),
            format!("weights ×1 edit: {more}"),
            format!("initial_conditions ×1 edit: {more}"),
            format!("rollout ×1051 edit: {noise}, {more}"),
            format!("render/film/tally ×1 input: {noise}"),
            // The picture names the noise beside its operator.
            format!("render/film/frames ×1 edit: {noise}, renders.film.theme"),
            format!("render/film.gif ×1 input: {noise}, renders.film.theme"),
            format!("dataset ×1 edit: {noise}, {more}"),
        ]
    );
}

#[test]
fn an_edit_that_touches_few_operators_is_found_where_they_are() {
    // One operator in a thousand starts from something else.
    let why = after(&["simulation.inputs.0.weight=1.001"]);
    let groups = groups(&why);
    assert!(groups[0].starts_with("initial_conditions ×"), "{groups:?}");
    assert!(groups[0].ends_with(" edit: simulation.inputs.0.weight"), "{groups:?}");
    assert_eq!(why.edits[0].to_string(), "simulation.inputs.0.weight: 1 → 1.001");
}
