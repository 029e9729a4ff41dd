//! `validate --replay`: operators of a data set computed again, from the file alone.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::check::lie;
use crate::faults::key;
use crate::space::{Ran, TestSpace};

/// Replays the data set in an empty project: nothing but the file is there.
fn replay(file: &Path, count: usize) -> Ran {
    let alone = TestSpace::new();
    fs::remove_file(alone.path("experiments/x.yaml")).unwrap();
    fs::copy(file, alone.path("alone.h5")).unwrap();
    alone.run(&["validate", "alone.h5", "--json", "--replay", &count.to_string()])
}

fn operators(ran: &Ran) -> Vec<Value> {
    ran.json()["replay"]["operators"].as_array().unwrap().clone()
}

#[test]
fn every_operator_comes_out_as_the_file_has_it() {
    let space = TestSpace::new();
    space.build();
    let ran = replay(&space.path("datasets/x.h5"), 8).ok();
    assert_eq!(ran.json()["replay"]["comparable"], true);
    let all = operators(&ran);
    assert_eq!(all.len(), 8);
    for one in all {
        // Two realizations of eight states.
        assert_eq!((&one["equal"], &one["states"]), (&true.into(), &16.into()), "{one}");
        assert_eq!(one["input_differs"], false);
    }
    let some = operators(&replay(&space.path("datasets/x.h5"), 3).ok());
    assert_eq!(some.len(), 3);
    assert_eq!(some, operators(&replay(&space.path("datasets/x.h5"), 3).ok()));
}

#[test]
fn padded_grids_half_precision_and_features_replay_too() {
    let space = TestSpace::changed(&[
        ("grid_size: 8", "grid_size: [8, 16]"),
        ("num_timesteps: 8", "num_timesteps: 1"),
        ("num_realizations: 2", "num_realizations: 7"),
        (
            "dataset:\n",
            "features: {categories: [spatial]}\ndataset:\n  storage: {layout: padded, dtype: float16}\n",
        ),
    ]);
    space.build();
    for one in operators(&replay(&space.path("datasets/x.h5"), 5).ok()) {
        assert_eq!((&one["equal"], &one["states"]), (&true.into(), &7.into()), "{one}");
        assert_eq!(one["input_differs"], false);
    }
}

#[test]
fn a_data_set_without_states_is_compared_by_its_codes_and_inputs() {
    let space =
        TestSpace::changed(&[("dataset:\n", "dataset:\n  storage: {store_trajectories: false}\n")]);
    space.build();
    for one in operators(&replay(&space.path("datasets/x.h5"), 2).ok()) {
        assert_eq!((&one["equal"], &one["states"]), (&true.into(), &0.into()), "{one}");
    }
}

#[test]
fn a_state_that_does_not_follow_from_the_experiment_is_named() {
    let space = TestSpace::new();
    space.build_with(&["-j1", "--only", "rollout"]);
    lie(
        &space,
        "rollout",
        &key(&space, "rollout/ops4-7/m0-1/t0-3"),
        "fields/5",
        (4 + 1) * 128 + 9,
        2.0,
    );
    // The file itself is sound: it says what its entries say.
    space.build();
    space.run(&["validate", "datasets/x.h5"]).ok();
    let ran = replay(&space.path("datasets/x.h5"), 8);
    let ran = ran.fails(5, &["1 of 8 operators", "operator 5, realization 1, state 1", "2.000e0"]);
    let wrong: Vec<Value> =
        operators(&ran).into_iter().filter(|one| one["equal"] == false).collect();
    assert_eq!(wrong.len(), 1);
    assert_eq!((&wrong[0]["operator"], &wrong[0]["difference"]["leaves"]), (&5.into(), &1.into()));
}

#[test]
fn a_damaged_file_is_not_replayed() {
    let space = TestSpace::new();
    space.build();
    let file = space.path("datasets/x.h5");
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    assert_eq!(replay(&file, 2).code, Some(4));
    space.run(&["validate", "datasets/x.h5", "--replay", "0"]).fails(2, &["--replay"]);
}
