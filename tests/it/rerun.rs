//! `rerun`: a lock file alone is enough to build its data set again.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use spinlock::config::{self, Rebuild, Request};
use spinlock::operator::rollout::Precision;

use crate::space::TestSpace;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every experiment that is shipped.
fn shipped() -> Vec<std::path::PathBuf> {
    let mut found: Vec<_> = ["experiments", "experiments/bench"]
        .iter()
        .flat_map(|folder| fs::read_dir(root().join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "yaml"))
        .collect();
    found.sort();
    assert!(found.len() >= 12, "{found:?}");
    found
}

#[test]
fn every_shipped_experiment_reads_back_from_what_is_recorded_of_it() {
    for path in shipped() {
        let request = Request { path: path.clone(), root: root().to_owned(), ..Request::default() };
        let one = config::load(&request).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        for precision in [one.simulation.precision, Precision::Float32] {
            let form = config::canonical(&one, precision);
            let text = form.to_string();
            // The lock file's.
            let recorded: Value =
                serde_json::from_str(&config::recorded(&one).to_string()).unwrap();
            let two = config::from_recorded(&recorded, root(), &Rebuild::default())
                .unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            assert_eq!(config::canonical(&two, precision).to_string(), text, "{}", path.display());
            assert_eq!(two.dataset, one.dataset, "{}", path.display());
            assert_eq!(config::recorded(&two), recorded);
            // The data set's.
            let read: Value = serde_json::from_str(&text).unwrap();
            let three = config::from_canonical(&read, &json!({}), root())
                .unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            let own = three.simulation.precision;
            assert_eq!(config::canonical(&three, own).to_string(), text, "{}", path.display());
        }
    }
}

#[test]
fn features_in_every_form_read_back_from_the_canonical_experiment() {
    let space = TestSpace::new();
    for features in [
        "{}",
        "{set: sdf-1.0}",
        "{definitions: compat}",
        "{categories: [operator_sensitivity]}",
        "{categories: [spectral, causality], spectral: {num_fft_scales: 3}, exclude: [], \
          realization_aggregation: [mean], cleaning: {clip: quantile, clip_quantile: 0.01}}",
    ] {
        let request = Request {
            path: space.path("experiments/x.yaml"),
            root: space.root().to_owned(),
            sets: vec![format!("features={features}")],
            ..Request::default()
        };
        let one = config::load(&request).unwrap_or_else(|e| panic!("{features}: {e}"));
        let form = config::canonical(&one, Precision::Float32);
        let two = config::from_canonical(&form, &json!({}), space.root())
            .unwrap_or_else(|e| panic!("{features}: {e}"));
        assert_eq!(config::canonical(&two, Precision::Float32), form);
    }
}

#[test]
fn a_lock_file_builds_its_data_set_again_without_its_experiment() {
    let space =
        TestSpace::changed(&[("dataset:\n", "features: {categories: [spatial]}\ndataset:\n")]);
    let digest = space.build().digest();
    let lock = space.read("experiments/x.lock");
    fs::remove_file(space.path("experiments/x.yaml")).unwrap();
    fs::remove_dir_all(space.path("cache")).unwrap();
    fs::remove_dir_all(space.path("datasets")).unwrap();
    let out = space.json(&["rerun", "experiments/x.lock", "-j1", "--json"]);
    assert_eq!(out["outputs"][0]["digest"], digest.as_str());
    assert_eq!(out["reproduced"], true);
    assert_eq!(space.read("experiments/x.lock"), lock);
    let ran = space.run(&["rerun", "experiments/x.lock", "-j1", "--output", "elsewhere/y.h5"]);
    ran.ok().says(&["elsewhere/y.h5", "reproduced"]);
    assert!(space.path("elsewhere/y.stats.yaml").is_file());
}

#[test]
fn what_is_built_is_what_was_locked_and_not_what_the_file_says_now() {
    let space = TestSpace::new();
    let first = space.build().digest();
    fs::copy(space.path("experiments/x.lock"), space.path("old.lock")).unwrap();
    space.edit("total_samples: 8", "total_samples: 5");
    let second = space.build().digest();
    assert_ne!(first, second);
    // The newer data set lies at the path now, and stays.
    space.run(&["rerun", "old.lock"]).fails(2, &["another data set", "--output", "--force"]);
    let out = space.json(&["rerun", "old.lock", "-o", "old.h5", "-j1", "--json"]);
    assert_eq!(
        (&out["outputs"][0]["digest"], &out["reproduced"]),
        (&first.as_str().into(), &true.into())
    );
    // The experiment of today is as current as before.
    space.build().is("", "parameters 8, weights 2, initial_conditions 2, rollout 4, dataset 1");
    space.write("datasets/x.h5", "something else");
    space.run(&["rerun", "old.lock"]).fails(2, &["not written by spinlock"]);
    space.run(&["rerun", "old.lock", "--force", "-j1"]).ok().says(&["reproduced"]);
}

#[test]
fn what_comes_out_otherwise_or_means_something_else_ends_with_5() {
    let space = TestSpace::new();
    let digest = space.build().digest();
    let lock = space.read("experiments/x.lock");
    space.write("wrong.lock", lock.replace(&digest, &"1".repeat(64)));
    space.run(&["rerun", "wrong.lock", "-j1"]).fails(5, &["datasets/x.h5", &digest, "1111"]);
    let mut other: Value = serde_json::from_str(&lock).unwrap();
    other["resolved"]["document"]["simulation"]["num_realizations"] = 3.into();
    space.write("other.lock", other.to_string());
    space
        .run(&["rerun", "other.lock"])
        .fails(5, &["means something else here", "simulation.num_realizations: 2 → 3"]);
}

#[test]
fn an_unknown_profile_is_built_with_a_note() {
    let space = TestSpace::new();
    space.build();
    let mut lock: Value = serde_json::from_str(&space.read("experiments/x.lock")).unwrap();
    let own = lock["outputs"].as_object().unwrap().values().next().unwrap().clone();
    lock["outputs"] = json!({"cuda sm 9.0 x132": own});
    space.write("there.lock", lock.to_string());
    let ran = space.run(&["rerun", "there.lock", "-j1", "--json"]).ok();
    assert_eq!(ran.json()["reproduced"], Value::Null);
    ran.says(&["nothing to compare", "sm 9.0"]);
}

#[test]
fn lock_files_that_cannot_be_built_say_why() {
    let space = TestSpace::new();
    space.build();
    space.run(&["rerun", "no.lock"]).fails(2, &["no lock file `no.lock`"]);
    let lock = space.read("experiments/x.lock");
    let mut old: Value = serde_json::from_str(&lock).unwrap();
    old.as_object_mut().unwrap().remove("resolved");
    space.write("old.lock", old.to_string());
    space.run(&["rerun", "old.lock"]).fails(2, &["does not hold the experiment", "0.1.0"]);
    // A lock file of somebody else writes nothing outside the project.
    let mut evil: Value = serde_json::from_str(&lock).unwrap();
    evil["resolved"]["document"]["dataset"]["output_path"] = "/tmp/spinlock-evil.h5".into();
    space.write("evil.lock", evil.to_string());
    space.run(&["rerun", "evil.lock"]).fails(2, &["dataset.output_path"]);
    assert!(!Path::new("/tmp/spinlock-evil.h5").exists());
}
