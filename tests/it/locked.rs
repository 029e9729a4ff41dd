//! `build --locked`: outputs come out as the lock file says, or the build fails.

use serde_json::Value;

use crate::space::TestSpace;

fn locked(space: &TestSpace, more: &[&str]) -> crate::space::Ran {
    space.run(&[&["build", "experiments/x", "-j1", "--locked"], more].concat())
}

/// The lock file, changed.
fn relock(space: &TestSpace, change: impl FnOnce(&mut Value)) {
    let mut lock: Value = serde_json::from_str(&space.read("experiments/x.lock")).unwrap();
    change(&mut lock);
    space.write("experiments/x.lock", serde_json::to_string_pretty(&lock).unwrap());
}

#[test]
fn without_a_lock_file_nothing_is_built() {
    let space = TestSpace::new();
    locked(&space, &[]).fails(5, &["no lock file `experiments/x.lock`", "without --locked"]);
    assert!(!space.path("cache").exists() && !space.path("datasets").exists());
}

#[test]
fn what_comes_out_as_locked_succeeds_and_leaves_the_lock_file_alone() {
    let space = TestSpace::new();
    let first = space.build().digest();
    let lock = space.read("experiments/x.lock");
    locked(&space, &[]).ok();
    locked(&space, &["-n"]).ok();
    // From nothing, too; and if it was written in another style.
    std::fs::remove_dir_all(space.path("cache")).unwrap();
    std::fs::remove_file(space.path("datasets/x.h5")).unwrap();
    space.write("experiments/x.lock", lock.replace("  ", " "));
    assert_eq!(space.build_with(&["-j1", "--locked"]).digest(), first);
    assert_eq!(space.read("experiments/x.lock"), lock.replace("  ", " "));
}

#[test]
fn another_experiment_is_refused_before_any_work_with_what_differs() {
    let space = TestSpace::new();
    space.build();
    let before = space.content();
    let changed: [&[&str]; 3] = [
        &["--set", "simulation.num_realizations=3"],
        &["--set", "simulation.num_realizations=3", "-n"],
        &["--set", "parameter_space.evolution.alpha.bounds=[0.2, 0.9]"],
    ];
    for more in changed {
        let ran = locked(&space, more).fails(5, &["holds another experiment", "→"]);
        if more.len() == 3 {
            ran.says(&["simulation.num_realizations: 2 → 3"]);
        }
    }
    assert_eq!(space.content(), before);
    // A value that is what it is already is no change.
    locked(&space, &["--set", "simulation.num_realizations=2"]).ok();
}

#[test]
fn outputs_that_differ_are_named_with_both_digests() {
    let space = TestSpace::new();
    let digest = space.build().digest();
    let other = "0".repeat(64);
    relock(&space, |lock| {
        for outputs in lock["outputs"].as_object_mut().unwrap().values_mut() {
            outputs["datasets/x.h5"] = other.as_str().into();
        }
    });
    let lock = space.read("experiments/x.lock");
    locked(&space, &[]).fails(5, &["datasets/x.h5", &other, &digest]);
    // It need not be built to be known.
    locked(&space, &["-n"]).fails(5, &["datasets/x.h5", &other, &digest]);
    assert_eq!(space.read("experiments/x.lock"), lock);
}

#[test]
fn storage_is_no_part_of_the_experiment_but_of_the_outputs() {
    let space = TestSpace::new();
    space.build();
    space.edit("dataset:\n", "dataset:\n  storage: {splits: [0.5, 0.25, 0.25]}\n");
    locked(&space, &["--force"]).fails(5, &["datasets/x.h5: locked", "splits"]);
}

#[test]
fn a_data_set_elsewhere_is_compared_with_the_one_that_was() {
    let space = TestSpace::new();
    space.build();
    space.edit("datasets/x.h5", "elsewhere/y.h5");
    locked(&space, &[]).ok();
    assert!(space.path("elsewhere/y.h5").is_file());
}

#[test]
fn another_profile_cannot_be_compared_and_says_so() {
    let space = TestSpace::new();
    space.build();
    relock(&space, |lock| {
        let outputs = lock["outputs"].as_object_mut().unwrap();
        let own = outputs.values().next().unwrap().clone();
        outputs.clear();
        outputs.insert("cuda sm 9.0 x132".into(), own);
    });
    locked(&space, &[]).fails(5, &["no outputs of the profile", "cannot be compared", "sm 9.0"]);
}

#[test]
fn a_lock_file_that_is_none_or_damaged_is_said_to_be() {
    let space = TestSpace::new();
    space.build();
    let lock = space.read("experiments/x.lock");
    space.write("experiments/x.lock", &lock[..lock.len() / 2]);
    locked(&space, &[]).fails(4, &["`", "x.lock` is damaged", "version control"]);
    space.write("experiments/x.lock", format!("<<<<<<< ours\n{lock}"));
    locked(&space, &[]).fails(4, &["is damaged"]);
    space.write("experiments/x.lock", "{\"version\": 3}");
    locked(&space, &[]).fails(2, &["is no lock file of spinlock"]);
    space.write("experiments/x.lock", lock.replace("\"schema\": 1", "\"schema\": 7"));
    locked(&space, &[]).fails(2, &["has the schema 7"]);
    space.write("experiments/x.lock", lock.replace("\"outputs\"", "\"output\""));
    locked(&space, &[]).fails(4, &["no `outputs`"]);
}
