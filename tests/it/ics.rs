//! Types of initial conditions in whole experiments: how often each is drawn, and that a larger
//! experiment draws the same ones again.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value, json};
use spinlock::artifact::InitialConditions;
use spinlock::config::{self, Request};
use spinlock::ic::FAMILIES;
use spinlock::operator::rollout::Precision;
use spinlock::plan::expand;
use spinlock::profile::Profile;

use crate::space::TestSpace;

/// All families, the first of them three times as often, and one twice under names of its own.
fn weights() -> Map<String, Value> {
    let mut weights: Map<String, Value> =
        FAMILIES.iter().map(|f| (f.name.to_owned(), json!(1))).collect();
    weights[FAMILIES[0].name] = json!(3);
    weights.insert("localized_v0".into(), json!(2));
    weights.insert("localized_v1".into(), json!(0.5));
    weights
}

#[test]
fn a_build_of_every_type_has_them_as_often_as_their_weights_say() {
    let inputs = json!({
        "method": "sampled", "ic_type_weights": weights(), "localized_v0": {"num_blobs": 2},
    });
    let text = json!({
        "parameter_space": {
            "architecture": {"num_layers": 1, "base_channels": 4, "kernel_size": 3},
            "operator": {"grid_size": 64}
        },
        "sampling": {"total_samples": 256},
        "simulation": {"device": "cpu", "num_realizations": 1, "input_generation": inputs},
        "dataset": {"output_path": "datasets/x.h5"},
    });
    let space = TestSpace::with(&text.to_string());
    space.build_with(&[]);
    space.write("weights.json", Value::Object(weights()).to_string());
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let script = repository.join("tests/python/check_types.py");
    let mut python = space.program(
        "python3",
        &[script.as_os_str(), "datasets/x.h5".as_ref(), "weights.json".as_ref()],
    );
    let checked = python.env("PYTHONPATH", repository.join(".python")).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    assert!(String::from_utf8_lossy(&checked.stdout).starts_with("256 operators"));
}

/// The recipe line of the initial condition of each operator of a shipped experiment.
fn drawn(experiment: &str, operators: u64) -> Vec<String> {
    let request = Request {
        path: experiment.into(),
        root: env!("CARGO_MANIFEST_DIR").into(),
        sets: vec![format!("sampling.total_samples={operators}")],
        ..Request::default()
    };
    let experiment = config::load(&request).unwrap_or_else(|error| panic!("{error}"));
    let graph = expand(&experiment, &Profile::named("test", Precision::Float32)).graph;
    let mut families = BTreeMap::new();
    for (_, node) in graph.iter() {
        let Some(recipe) = node.recipe_as::<InitialConditions>() else { continue };
        for input in &recipe.inputs {
            families.insert(input.operator, format!("{} {}", input.family.name, input.grid));
        }
    }
    families.into_values().collect()
}

#[test]
fn shares_are_exact_to_a_few_and_growing_moves_nobody() {
    let weight = |family: &str| if family == "dla_cluster" { 0.040 } else { 0.048 };
    let (few, many) = (
        drawn("experiments/domain_ics_all_21", 1000),
        drawn("experiments/domain_ics_all_21", 3000),
    );
    assert_eq!(few[..], many[..1000]);
    for all in [&few[..], &many] {
        let n = all.len() as f64;
        let families: Vec<&str> = FAMILIES
            .iter()
            .map(|f| f.name)
            .filter(|name| all[0..].iter().any(|i| i.starts_with(name)))
            .collect();
        assert_eq!(families.len(), 21);
        for family in families {
            let count = all.iter().filter(|i| i.starts_with(family)).count() as f64;
            assert!(
                (count - n * weight(family)).abs() <= 2.0 + n.log2(),
                "{family}: {count} of {n}"
            );
        }
    }
}
