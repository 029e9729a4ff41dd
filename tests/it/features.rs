//! Features as artifacts: what they are in the data set, and what an edit of them costs.

use std::path::Path;

use crate::space::{TestSpace, files};

/// A small experiment with features, on a grid that they can be told apart on.
fn space() -> TestSpace {
    TestSpace::changed(&[
        ("    grid_size: 8\n", "    grid_size: 16\n"),
        ("execution:", "features: {exclude: [L2_monotonicity_raw]}\nexecution:"),
    ])
}

/// A digest of all tables.
fn tables(space: &TestSpace) -> String {
    let script = "import h5py, hashlib, numpy as np\n\
        f = h5py.File('datasets/x.h5'); h = hashlib.sha256()\n\
        f['features'].visititems(lambda n, o: h.update(np.asarray(o[()]).tobytes()) if hasattr(o, 'shape') else None)\n\
        print(h.hexdigest())";
    let mut python = space.program("python3", &["-c", script]);
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let out = python.env("PYTHONPATH", repository.join(".python")).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

#[test]
fn tables_are_those_of_numpy() {
    let space = space();
    space.build();
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let script = repository.join("tests/python/check_features.py");
    let mut python = space.program("python3", &[script.as_os_str(), "datasets/x.h5".as_ref()]);
    let checked = python.env("PYTHONPATH", repository.join(".python")).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    assert_eq!(String::from_utf8_lossy(&checked.stdout).trim(), "56 + 97 columns, 291 aggregated");
    space.run(&["validate", "datasets/x.h5"]).ok();
}

#[test]
fn an_edit_of_a_category_makes_that_category_again() {
    let space = space();
    space.build();
    assert_eq!(space.stale(&[]), "");
    // Two chunks.
    space.edit("{exclude: ", "{temporal: {autocorr_max_lag: 5}, exclude: ");
    assert_eq!(space.stale(&[]), "features 2, statistics 1, dataset 1");
    space.build();
    space.edit("{temporal: {autocorr_max_lag: 5}, ", "{categories: [spatial], ");
    assert_eq!(space.stale(&[]), "statistics 1, dataset 1");
    space.build();
    // A category more: that one alone, from the rollouts in the cache.
    space.edit("[spatial]", "[spatial, invariant_drift, causality]");
    assert_eq!(space.stale(&[]), "statistics 1, dataset 1");
    space.edit("exclude: [L2_monotonicity_raw]", "set: sdf-extended");
    assert_eq!(space.stale(&[]), "features 6, statistics 1, dataset 1");
    // A longer rollout: segments that are there stay.
    space.edit("num_timesteps: 8", "num_timesteps: 12");
    assert_eq!(space.stale(&[]), "rollout 2, features 6, statistics 1, dataset 1");
}

#[test]
fn features_do_not_depend_on_chunks_or_workers() {
    let digest = |edits: &[(&str, &str)], args: &[&str]| {
        let space = space();
        space.edits(edits);
        space.build_with(args);
        tables(&space)
    };
    let plain = digest(&[], &["-j1"]);
    assert_eq!(plain, digest(&[("chunk: 4", "chunk: 3")], &["-j2"]));
    assert_eq!(
        plain,
        digest(
            &[("realization_block: 2", "realization_block: 1"), ("segment: 4", "segment: 3")],
            &["-j1"]
        )
    );
}

#[test]
fn what_features_cannot_be_is_said() {
    let space = TestSpace::changed(&[(
        "execution:",
        "features: {categories: [spatail], exclude: [spatial_mode], set: sdf-3.0}\nexecution:",
    )]);
    let said = space.run(&["plan", "experiments/x"]);
    assert_eq!(said.code, Some(2));
    for text in [
        "there is no category `spatail`",
        "did you mean `spatial`?",
        "there is no feature `spatial_mode`",
        "`sdf-3.0` is not allowed here",
    ] {
        assert!(said.stderr.contains(text), "{text}\n{}", said.stderr);
    }
}

/// What is taken of states while they are in memory is what is taken of stored ones.
#[test]
fn states_need_not_be_kept() {
    let kept = space();
    kept.build();
    let dropped = space();
    dropped.edit("dataset:\n", "dataset:\n  storage: {store_trajectories: false}\n");
    dropped.build();
    assert_eq!(tables(&kept), tables(&dropped));
    // Nothing but the rollouts has the features then.
    dropped.edit("exclude: [L2_monotonicity_raw]", "temporal: {autocorr_max_lag: 5}");
    assert_eq!(dropped.stale(&[]), "rollout 4, features 12, statistics 1, dataset 1");
}

/// The lines of the newest event log that begin jobs of rollouts: what each looked at.
fn looks(space: &TestSpace) -> Vec<Vec<String>> {
    let logs = files(&space.path("cache/log"));
    let log = logs.iter().filter(|p| p.extension().is_some_and(|e| e == "jsonl")).max().unwrap();
    let text = std::fs::read_to_string(log).unwrap();
    let events = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let rollouts = events.filter(|event| {
        event["event"] == "job_started"
            && event["labels"][0].as_str().unwrap().starts_with("rollout/")
    });
    let names = |event: serde_json::Value| serde_json::from_value(event["looks"].clone()).unwrap();
    rollouts.map(names).collect()
}

/// Taken of states in memory or read from the cache, features are the same, and nothing stays behind.
#[test]
fn features_are_taken_while_the_rollout_is_in_memory() {
    let together = space();
    together.build();
    let all = ["spatial", "spectral", "cross_channel", "temporal", "causality", "invariant_drift"];
    assert!(looks(&together).iter().all(|looks| *looks == all), "{:?}", looks(&together));
    let aside = |space: &TestSpace| files(&space.path("cache/staging")).len();
    assert_eq!(aside(&together), 0);

    let apart = space();
    apart.build_with(&["--only", "rollout"]);
    assert!(looks(&apart).iter().all(Vec::is_empty), "{:?}", looks(&apart));
    apart.build();
    assert_eq!(looks(&apart), Vec::<Vec<String>>::new());
    assert_eq!(tables(&together), tables(&apart));

    // A new segment goes on from one that nobody looks at any more: then the states are read.
    together.edit("num_timesteps: 8", "num_timesteps: 12");
    together.build();
    let fresh = space();
    fresh.edit("num_timesteps: 8", "num_timesteps: 12");
    fresh.build();
    assert_eq!(tables(&together), tables(&fresh));
    assert_eq!(aside(&together), 0);
}

/// What was put aside for one category is never taken for another whose settings changed meanwhile.
#[test]
fn what_was_seen_belongs_to_its_settings() {
    let edited = space();
    edited.edit(
        "{exclude: [L2_monotonicity_raw]}",
        "{set: sdf-extended, categories: [spatial, cross_channel]}",
    );
    edited.build();
    // As if the build had been cut off after the rollouts: what was seen lies there again.
    let features = edited.path("cache/objects/features");
    let staged = edited.path("cache/staging/features");
    std::fs::remove_dir_all(&features).unwrap();
    std::fs::remove_dir_all(edited.path("cache/objects/rollout")).unwrap();
    let mut command = edited.command(&["build", "experiments/x", "-j1"]);
    let mut child = command
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let seen = || files(&staged).iter().filter(|p| p.to_string_lossy().contains("seen-")).count();
    while child.try_wait().unwrap().is_none() && !(staged.exists() && seen() > 4) {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    let _ = child.kill();
    child.wait().unwrap();
    edited.edit(
        "categories: [spatial, cross_channel]",
        "categories: [spatial, cross_channel], cross_channel: {mi_num_bins: 8}",
    );
    edited.build();
    let fresh = space();
    fresh.edit(
        "{exclude: [L2_monotonicity_raw]}",
        "{set: sdf-extended, categories: [spatial, cross_channel], cross_channel: {mi_num_bins: 8}}",
    );
    fresh.build();
    assert_eq!(tables(&edited), tables(&fresh));
}
