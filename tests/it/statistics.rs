//! Statistics of features and the cleaning recipe: what they are, and what an edit of them costs.

use std::path::Path;

use serde_json::Value;

use crate::space::{Ran, TestSpace};

/// Sixteen operators with features, eight or so of which train.
fn space(features: &str) -> TestSpace {
    TestSpace::changed(&[
        ("    grid_size: 8\n", "    grid_size: 16\n"),
        ("total_samples: 8\n", "total_samples: 16\n"),
        ("execution:", &format!("features: {{{features}}}\nexecution:")),
        ("dataset:\n", "dataset:\n  storage: {splits: [0.6, 0.2, 0.2]}\n"),
    ])
}

/// Compares what the data set and the file beside it say with `NumPy`.
#[track_caller]
fn checked(space: &TestSpace) -> Value {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let script = repository.join("tests/python/check_statistics.py");
    let files = ["datasets/x.h5", "datasets/x.stats.yaml"].map(AsRef::as_ref);
    let mut python = space.program("python3", &[&[script.as_os_str()], &files[..]].concat());
    let out = Ran::from(python.env("PYTHONPATH", repository.join(".python")).output().unwrap());
    serde_json::from_str(&out.ok().stdout).unwrap()
}

#[test]
fn statistics_and_recipe_are_those_of_numpy() {
    let space = space("exclude: [L2_monotonicity_raw]");
    let built = space.build();
    let outputs = built.0["outputs"].as_array().unwrap();
    assert_eq!(outputs[1]["kind"], "statistics");
    assert!(outputs[1]["path"].as_str().unwrap().ends_with("datasets/x.stats.yaml"));
    let found = checked(&space);
    let widths = ["per_timestep", "per_trajectory", "aggregated"].map(|t| &found[t]["of"]);
    assert_eq!(widths, [56, 97, 291]);
    // Every fate has happened, so that all of them were compared.
    for why in ["missing", "constant", "correlated", "kept"] {
        let count = |table: &Value| table[why].as_u64().unwrap();
        assert!(found.as_object().unwrap().values().map(count).sum::<u64>() > 0, "{why}: {found}");
    }
    let text = space.read("datasets/x.stats.yaml");
    spinlock::yaml::parse(0, text.as_bytes()).unwrap();
    space.run(&["validate", "datasets/x.h5"]).ok();
}

#[test]
fn other_ways_to_clip_are_those_of_numpy_too() {
    let only = "categories: [spatial, temporal]";
    for clip in
        ["clip: quantile, clip_quantile: 0.1, max_missing: 0.0", "clip: none, max_correlation: 0.9"]
    {
        let space = space(&format!("{only}, cleaning: {{{clip}}}"));
        space.build();
        checked(&space);
    }
}

#[test]
fn an_edit_of_the_cleaning_makes_statistics_and_data_set_again() {
    let space = space("categories: [spatial, temporal], cleaning: {clip_mad: 10}");
    space.build();
    let first = space.read("datasets/x.stats.yaml");
    // The default, spelled out or not.
    space.edit(", cleaning: {clip_mad: 10}", "");
    assert_eq!(space.stale(&[]), "");
    space.edit("temporal]", "temporal], cleaning: {clip: quantile}");
    assert_eq!(space.stale(&[]), "statistics 1, dataset 1");
    let built = space.build();
    assert_eq!(built.built(), "statistics 1, dataset 1");
    let second = space.read("datasets/x.stats.yaml");
    assert_ne!(first, second);
    // Who validates and who tests is no matter of statistics, who trains is.
    space.edit("[0.6, 0.2, 0.2]", "[0.6, 0.3, 0.1]");
    assert_eq!(space.stale(&[]), "dataset 1");
    space.edit("[0.6, 0.3, 0.1]", "[0.5, 0.3, 0.2]");
    assert_eq!(space.stale(&[]), "statistics 1, dataset 1");
    space.edit("[0.5, 0.3, 0.2]", "[0.6, 0.2, 0.2]");
    // Back in the cache; a lost file is written again, and one that a person edited stays until it is forced.
    space.build();
    std::fs::remove_file(space.path("datasets/x.stats.yaml")).unwrap();
    space.build().is("", &built_and_cached(&built.0));
    assert_eq!(space.read("datasets/x.stats.yaml"), second);
    space.write("datasets/x.stats.yaml", "{}");
    let said = space.run(&["build", "experiments/x"]).ok();
    assert!(
        said.stderr.contains("x.stats.yaml` was written or changed by somebody else"),
        "{}",
        said.stderr
    );
    assert_eq!(space.read("datasets/x.stats.yaml"), "{}");
    space.build_with(&["--force"]);
    assert_eq!(space.read("datasets/x.stats.yaml"), second);
}

/// All artifacts of a build.
fn built_and_cached(report: &Value) -> String {
    let kinds = report["cached"].as_object().unwrap();
    let all = kinds.iter().map(|(kind, cached)| {
        (kind, cached.as_u64().unwrap() + report["built"][kind].as_u64().unwrap())
    });
    let texts: Vec<String> =
        all.filter(|(_, n)| *n > 0).map(|(kind, n)| format!("{kind} {n}")).collect();
    texts.join(", ")
}

#[test]
fn without_operators_that_train_there_is_nothing_to_say() {
    let space = space("categories: [spatial, operator_sensitivity]");
    space.edit("[0.6, 0.2, 0.2]", "[0.0, 0.5, 0.5]");
    space.build();
    let found = checked(&space);
    assert_eq!(found["aggregated"]["missing"], 30);
    space.run(&["validate", "datasets/x.h5"]).ok();
}

#[test]
fn settings_of_the_cleaning_without_effect_are_refused() {
    for (cleaning, said) in [
        ("clip: none, clip_mad: 3", "it has no effect under `clip: none`"),
        ("clip_quantile: 0.1", "it has no effect under `clip: mad`"),
        ("clip: sigma", "`sigma` is not allowed here"),
        ("max_corelation: 0.9", "did you mean `max_correlation`?"),
        ("clip_mad: 0", "`0` is out of range"),
    ] {
        space(&format!("cleaning: {{{cleaning}}}"))
            .run(&["plan", "experiments/x"])
            .fails(2, &[said]);
    }
}

#[test]
fn a_file_beside_the_data_set_goes_when_nothing_wants_it_and_never_takes_anothers_place() {
    let space = space("categories: [spatial]");
    space.write("datasets/x.stats.yaml", "mine");
    let said = space.run(&["build", "experiments/x"]).ok();
    assert!(
        said.stderr.contains("x.stats.yaml` was written or changed by somebody else"),
        "{}",
        said.stderr
    );
    assert_eq!(space.read("datasets/x.stats.yaml"), "mine");
    std::fs::remove_file(space.path("datasets/x.stats.yaml")).unwrap();

    space.build();
    let edit = |from: &str, to: &str| {
        space.edit(from, to);
        space.build();
        space.path("datasets/x.stats.yaml").exists()
    };
    let section = "features: {categories: [spatial]}\n";
    assert!(space.read("experiments/x.yaml").contains(section));
    assert!(!edit(section, ""), "nobody wants it any more");
    assert!(edit("execution:", "features: {categories: [spatial]}\nexecution:"));
    // What a person made of it is theirs.
    space.write("datasets/x.stats.yaml", "edited");
    assert!(edit(section, ""));
    assert_eq!(space.read("datasets/x.stats.yaml"), "edited");
}
