//! `cache gc` around builds: what it keeps because of them, and what it never takes from one that runs.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::space::{Ran, TestSpace, count, worker};

/// Everything that only the last builds would keep goes.
const GC: [&str; 5] = ["cache", "gc", "--keep-builds", "0", "--json"];

/// Four segments in place of two.
const LONGER: (&str, &str) = ("num_timesteps: 8", "num_timesteps: 16");

/// Kinds of what was removed, each once.
fn removed(report: &Value) -> Vec<&str> {
    let mut kinds: Vec<&str> =
        report["removed"].as_array().unwrap().iter().map(|r| r["kind"].as_str().unwrap()).collect();
    kinds.dedup();
    kinds
}

fn forget_lock(space: &TestSpace) {
    std::fs::remove_file(space.path("experiments/x.lock")).unwrap();
}

fn start(space: &TestSpace, args: &[&str], worker: Option<&Path>) -> Child {
    let mut command = space.command(args);
    if let Some(worker) = worker {
        command.env("SPINLOCK_WORKER", worker);
    }
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn end(child: Child) -> Ran {
    Ran::from(child.wait_with_output().unwrap())
}

#[track_caller]
fn wait_for(what: impl Fn() -> bool) {
    let start = Instant::now();
    while !what() {
        assert!(start.elapsed() < Duration::from_mins(1), "it does not come");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_build_that_waits_for_its_workers_keeps_what_it_planned_with() {
    let space = TestSpace::new();
    space.build();
    forget_lock(&space);
    space.edit(LONGER.0, LONGER.1);
    // A worker that begins when it is told to.
    let gate = format!(
        "#!/bin/sh\nwhile [ ! -e '{}' ]; do sleep 0.02; done\nexec '{}' \"$@\"\n",
        space.path("go").display(),
        worker().display()
    );
    let slow = space.script("slow", &gate);
    let build = start(&space, &["build", "experiments/x", "-j1", "--json"], Some(&slow));
    let logs = || crate::space::files(&space.path("cache/log"));
    wait_for(|| {
        logs().iter().filter(|path| path.extension().is_some_and(|e| e == "jsonl")).count() == 2
    });
    let report = space.json(&GC);
    // The data set of before is nobody's, and all else is needed.
    assert_eq!(removed(&report), ["dataset"]);
    assert_eq!(count(&report["by_kind"]["rollout"]["running"]["entries"]), 4);
    assert_eq!(report["roots_dropped"].as_array().unwrap().len(), 1);
    space.write("go", "");
    let built = crate::space::Built(end(build).ok().json());
    built.is("rollout 4, dataset 1", "parameters 8, weights 2, initial_conditions 2, rollout 4");
}

#[test]
fn what_a_killed_build_needed_goes_with_it() {
    let space = TestSpace::new();
    space.build();
    forget_lock(&space);
    space.edit(LONGER.0, LONGER.1);
    let never = space.script("never", "#!/bin/sh\nexec sleep 60\n");
    let mut build = start(&space, &["build", "experiments/x", "-j1"], Some(&never));
    let root = || crate::space::files(&space.path("cache/roots")).len();
    wait_for(|| root() == 2);
    build.kill().unwrap();
    end(build);
    assert_eq!(count(&space.json(&GC)["kept"]), 0);
}

#[test]
fn builds_beside_a_gc_that_takes_all_it_may_make_nothing_twice() {
    let space = TestSpace::new();
    let text = space.read("experiments/x.yaml");
    for n in 1..=4 {
        let other = text
            .replace("total_samples: 8", &format!("total_samples: 8\n  sobol: {{seed: {n}}}"))
            .replace("datasets/x.h5", &format!("datasets/{n}.h5"));
        space.write(&format!("experiments/{n}.yaml"), &other);
        space.run(&["build", &format!("experiments/{n}"), "-j1"]).ok();
        std::fs::remove_file(space.path(&format!("experiments/{n}.lock"))).unwrap();
        space.write(&format!("experiments/{n}.yaml"), other.replace(LONGER.0, LONGER.1));
    }
    let mut builds: Vec<Child> = (1..=4)
        .map(|n| start(&space, &["build", &format!("experiments/{n}"), "-j1", "--json"], None))
        .collect();
    let mut runs = 0;
    while builds.iter_mut().any(|build| build.try_wait().unwrap().is_none()) {
        space.run(&GC).ok();
        runs += 1;
    }
    assert!(runs > 1);
    for build in builds {
        let ran = end(build).ok();
        assert!(!ran.stderr.contains("rebuilt"), "{}", ran.stderr);
        assert_eq!(ran.json()["failed"].as_array().unwrap().len(), 0);
    }
    // Their lock files keep what they made, and it is whole.
    space.run(&GC).ok();
    assert_eq!(
        space.json(&["cache", "fsck", "--deep", "--json"])["damaged"],
        serde_json::json!([])
    );
    for n in 1..=4 {
        space.run(&["plan", &format!("experiments/{n}")]).ok();
        let again = space.run(&["build", &format!("experiments/{n}"), "--json"]).ok().json();
        assert!(again["built"].as_object().unwrap().values().all(|made| made == 0), "{again}");
    }
}

#[test]
fn the_last_builds_are_those_of_one_experiment_too() {
    let space = TestSpace::new();
    space.build();
    space.build_with(&["--set", "sampling.sobol.seed=7"]);
    forget_lock(&space);
    let keep = |builds: &str| space.json(&["cache", "gc", "--keep-builds", builds, "--json"]);
    assert_eq!(removed(&keep("2")), [""; 0]);
    // The second build wrote over the file of the first one.
    assert_eq!(space.stale(&[]), "dataset 1");
    let report = keep("1");
    assert_eq!(count(&report["only_newest_builds"]["entries"]), 17);
    // The parameters of a group without a sampled one do not depend on the seed.
    assert_eq!(report["removed"].as_array().unwrap().len(), 15);
    assert_eq!(space.stale(&["--set", "sampling.sobol.seed=7"]), "");
}

#[test]
fn going_back_to_an_earlier_state_keeps_that_one() {
    let space = TestSpace::new();
    space.build();
    space.edit(LONGER.0, LONGER.1);
    space.build();
    space.edit(LONGER.1, LONGER.0);
    // The data set of before was overwritten, and is copied or assembled.
    space.build();
    space.run(&GC).ok();
    assert_eq!(space.stale(&[]), "");
    space.edit(LONGER.0, LONGER.1);
    assert_eq!(space.stale(&[]), "rollout 4, dataset 1");
}

#[test]
fn kinds_are_named_and_reasons_are_said() {
    let space = TestSpace::new();
    space.build();
    let report = space.run(&["cache", "gc", "-n", "--keep-builds", "0"]).ok().stdout;
    assert!(report.contains("lock files") && report.contains("deleting the lock file"), "{report}");
    forget_lock(&space);
    let only = space.json(&[&GC[..], &["--kind", "rollout", "-n"]].concat());
    assert_eq!(removed(&only), ["rollout"]);
    assert_eq!(count(&only["by_kind"]["weights"]["spared"]["entries"]), 2);
    space.run(&["cache", "gc", "--kind", "rollouts"]).fails(2, &["rollouts"]);
    let all = space.run(&["cache", "gc", "-n", "--keep-builds", "0"]).ok().stdout;
    assert!(all.contains("would go") && all.contains("would remove 17 entries"), "{all}");
}
