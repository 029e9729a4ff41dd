//! `build --check`: what was made is made once more, and compared.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;
use spinlock::cache::{Cache, Part, PartWriter, Pending};
use spinlock::key::Key;

use crate::faults::key;
use crate::space::{TestSpace, count, files};

/// Every kind of artifact: renders, weights that are stored, features.
const ALL: [(&str, &str); 1] = [(
    "dataset:\n",
    "features: {categories: [spatial, temporal, operator_sensitivity]}\n\
     renders:\n  r: {operators: [1, 5], export: [png]}\n\
     dataset:\n  data_to_store: [operator_parameters, operator_outputs, input_data, operator_weights]\n",
)];

/// Puts another content under a key, in the way that a build would have: one number of one array is moved by
/// `by`.
pub fn lie(space: &TestSpace, kind: &str, key: &str, array: &str, at: usize, by: f32) {
    let cache = Cache::open(space.path("cache")).unwrap();
    let key: Key = key.parse().unwrap();
    let entry = cache.entry(kind, &key).unwrap();
    let folder = space.path(&format!("cache/objects/{kind}/{}/{key}", &key.to_string()[..2]));
    let mut writer = PartWriter::create(&cache, kind, &key, "all").unwrap();
    for piece in &entry.pieces {
        let mut bytes = cache.read(&entry, piece).unwrap();
        if piece.name == array {
            let slot = &mut bytes[4 * at..4 * at + 4];
            let value = f32::from_le_bytes(slot.try_into().unwrap()) + by;
            slot.copy_from_slice(&value.to_le_bytes());
        }
        let valid = piece.valid.clone();
        writer
            .push(&piece.name, piece.dtype, &piece.shape, piece.leaf, valid, &bytes, None)
            .unwrap();
    }
    writer.finish(entry.documents.clone()).unwrap();
    let parts: Vec<Part> = cache.complete_parts(kind, &key).unwrap();
    fs::remove_dir_all(folder).unwrap();
    let notes = BTreeMap::new();
    let pending = Pending { kind: kind.into(), key, recipe: entry.recipe.clone(), parts, notes };
    cache.publish_batch(vec![pending]).unwrap();
}

fn checked(built: &Value) -> u64 {
    built["checked"].as_object().unwrap().values().map(count).sum()
}

/// No scratch cache is left.
fn is_clean(space: &TestSpace) -> bool {
    fs::read_dir(space.path("cache/check")).is_ok_and(|mut left| left.next().is_none())
}

#[test]
fn all_that_was_made_comes_out_the_same_the_data_set_included() {
    let space = TestSpace::changed(&ALL);
    let before = space.build();
    let entries = files(&space.path("cache/objects"));
    let again = space.build_with(&["-j1", "--check=1"]);
    assert_eq!(again.built(), "");
    let built: u64 = before.0["built"].as_object().unwrap().values().map(count).sum();
    assert_eq!(checked(&again.0), built, "{}", again.0);
    assert_eq!(again.0["checked"], before.0["built"]);
    assert_eq!(again.0["differing"], serde_json::json!([]));
    assert!(again.0["stages"]["check"].as_f64().unwrap() > 0.0);
    assert_eq!(files(&space.path("cache/objects")), entries);
    assert!(is_clean(&space));
}

#[test]
fn states_that_are_not_kept_are_checked_with_what_was_seen_of_them() {
    let space = TestSpace::changed(&[(
        "dataset:\n",
        "features: {categories: [spatial, temporal]}\ndataset:\n  storage: {store_trajectories: false}\n",
    )]);
    let again = space.build_with(&["-j2", "--check=1"]);
    assert_eq!(again.0["checked"], again.0["built"]);
    assert_eq!(again.0["differing"], serde_json::json!([]));
}

#[test]
fn a_sample_has_one_of_each_kind_and_can_be_asked_for_again() {
    let space = TestSpace::changed(&ALL);
    space.build();
    let first = space.build_with(&["-j1", "--check"]);
    for (kind, all) in first.0["cached"].as_object().unwrap() {
        let some = count(&first.0["checked"][kind]);
        assert!(some >= 1 && some < count(all) || kind == "dataset" || count(all) <= 1, "{kind}");
    }
    assert_eq!(first.0["checked"]["dataset"], 0);
    let sample = first.0["check"]["samples"][0].as_str().unwrap();
    let label = |built: &Value| built["check"]["samples"][0].as_str().unwrap().to_owned();
    let same = space.build_with(&["-j1", &format!("--check={sample}")]);
    assert_eq!(label(&same.0), sample);
    let other = space.build_with(&["-j1", "--check=30%"]);
    assert_ne!(label(&other.0)[4..], sample[5..]);
    for share in ["0", "2", "many", "5%@zz"] {
        space.run(&["build", "experiments/x", &format!("--check={share}")]).fails(2, &["a share"]);
    }
    // The log of a check alone is none of a build.
    let status = space.json(&["status", "--json"]);
    assert_eq!(
        status["past"].as_array().or(status["builds"].as_array()).unwrap().len(),
        1,
        "{status}"
    );
    assert_eq!(files(&space.path("cache/log/checks")).len(), 3);
}

#[test]
fn a_state_that_is_not_what_it_should_be_is_found_and_both_are_kept() {
    let space = TestSpace::new();
    space.build();
    let label = "rollout/ops4-7/m0-1/t0-3";
    let wrong = key(&space, label);
    // One state is 2 × 8 × 8 numbers; realization 1 begins after 4 states.
    lie(&space, "rollout", &wrong, "fields/6", (4 + 2) * 128 + 5, 0.5);
    let ran = space.run(&["build", "experiments/x", "-j1", "--check=1", "--json"]);
    let ran = ran.fails(
        5,
        &[label, "operator 6, realization 1, state 2", "1 of ", "5.000e-1", "came out otherwise"],
    );
    let differing = &ran.json()["differing"];
    let own = &differing[0];
    assert_eq!((&own["label"], &own["key"]), (&label.into(), &wrong.as_str().into()));
    assert_ne!(own["first"], own["again"]);
    assert!((own["difference"]["max_abs"].as_f64().unwrap() - 0.5).abs() < 1e-6);
    assert_eq!(own["difference"]["leaves"], 1);
    // Nothing is changed: the first content stays, and the other can be looked at.
    let kept = Path::new(own["kept"].as_str().unwrap());
    assert!(kept.join("entry.json").is_file());
    let again = space.run(&["build", "experiments/x", "-j1", "--check=1"]).code;
    assert_eq!(again, Some(5));
    space.run(&["cache", "gc"]).ok();
    assert!(!kept.exists());
    assert!(is_clean(&space));
}

#[test]
fn what_follows_from_an_input_that_differs_is_said_to_follow() {
    let space = TestSpace::new();
    space.build_with(&["-j1", "--only", "initial_conditions"]);
    let wrong = key(&space, "initial_conditions/ops0-3");
    lie(&space, "initial_conditions", &wrong, "fields/2", 7, 0.25);
    space.build();
    let ran = space.run(&["build", "experiments/x", "-j1", "--check=1", "--json"]);
    let differing =
        ran.fails(5, &["initial_conditions/ops0-3: operator 2"]).json()["differing"].clone();
    let labels: Vec<&str> =
        differing.as_array().unwrap().iter().map(|one| one["label"].as_str().unwrap()).collect();
    assert_eq!(labels[0], "initial_conditions/ops0-3");
    assert_eq!(differing[0]["because"], Value::Null);
    let rollout = &differing.as_array().unwrap()
        [labels.iter().position(|l| l.starts_with("rollout/ops0-3")).unwrap()];
    assert_eq!(rollout["because"], "initial_conditions/ops0-3");
    assert!(!labels.iter().any(|label| label.contains("ops4-7")), "{labels:?}");
}

#[test]
fn a_data_set_that_was_assembled_from_a_lie_is_found_by_a_check_of_all() {
    let space = TestSpace::new();
    let sound = space.build().digest();
    lie(
        &space,
        "initial_conditions",
        &key(&space, "initial_conditions/ops0-3"),
        "fields/2",
        7,
        0.25,
    );
    // The file is of the sound content; what is in the cache is not any more.
    let ran = space.run(&["build", "experiments/x", "-j1", "--check=1", "--json"]).fails(5, &[]);
    let out = ran.json();
    let last = out["differing"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["kind"], &last["first"]), (&"dataset".into(), &sound.as_str().into()));
    assert!(Path::new(last["kept"].as_str().unwrap()).is_file());
    assert_eq!(space.json(&["validate", "datasets/x.h5", "--json"])["digest"], sound.as_str());
}
