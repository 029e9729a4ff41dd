//! Faults on purpose: `tests/soak` in its short form, and what its campaigns have found.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use crate::space::{SPINLOCK, TestSpace, damage, files, finish, worker};

const POINTS: &str = "SPINLOCK_FAILPOINTS";

#[test]
fn the_short_campaigns_of_faults_keep_every_promise() {
    worker();
    let space = TestSpace::new();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/soak/run.py");
    let mut command = space.program("python3", &[script.as_os_str()]);
    command.args(["--short", "--spinlock", SPINLOCK, "--folder", "."]);
    let ran = finish(command).ok();
    for campaign in ["clock", "points", "flips", "disk", "kill", "crowd"] {
        assert!(ran.stdout.lines().any(|line| line.starts_with(campaign)), "{}", ran.stdout);
    }
}

#[test]
fn failpoints_that_cannot_be_understood_are_refused() {
    let space = TestSpace::new();
    let ask = |points: &str| {
        let mut command = space.command(&["plan", "experiments/x"]);
        command.env(POINTS, points);
        finish(command)
    };
    ask("cache.record.red=kill").fails(2, &[POINTS, "no site is called `cache.record.red`"]);
    ask("cache.record.read=explode").fails(2, &[POINTS, "`explode` is no action", "kill-group"]);
    ask("worker.reply.write=kill,").ok();
}

#[test]
fn a_failpoint_reaches_the_worker() {
    let space = TestSpace::new();
    let mut command = space.command(&["build", "experiments/x", "-j1"]);
    command.env(POINTS, "cache.part.write=short@3");
    // The worker says it, with half of an array on the disk.
    finish(command).fails(3, &["no space left on device", "spinlock cache gc"]);
    space.run(&["cache", "fsck"]).ok();
    assert_eq!(space.build().digest(), TestSpace::new().build().digest());
}

#[test]
fn an_entry_that_gc_takes_away_under_fsck_is_not_damaged() {
    let space = TestSpace::new();
    space.build();
    fs::remove_file(space.path("experiments/x.lock")).unwrap();
    let hits = space.path("hits");
    let mut command = space.command(&["cache", "fsck"]);
    // It has read what the entry says of itself, and waits before it reads the payload.
    command.env(POINTS, format!("list:{},cache.payload.open=delay:2000@1", hits.display()));
    let fsck = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while !fs::read_to_string(&hits).is_ok_and(|text| text.contains("cache.payload.open")) {
        thread::sleep(Duration::from_millis(5));
    }
    space.run(&["cache", "gc", "--keep-builds", "0"]).ok();
    assert!(files(&space.path("cache/objects")).is_empty());
    let ended = fsck.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{}{said}", String::from_utf8_lossy(&ended.stdout));
}

#[test]
fn damage_in_a_cache_that_cannot_be_written_is_damage() {
    let space = TestSpace::new();
    space.build();
    let part = space.find("cache/objects/rollout", &["part-0.bin"]);
    damage(&part, 100);
    let mut command = space.command(&["cache", "fsck", "--json"]);
    command.env(POINTS, "cache.root.write=error:EROFS,cache.quarantine.*=error:EROFS");
    let ran = finish(command).fails(4, &["1 damaged", "cannot be written"]);
    assert_eq!(ran.json()["damaged"][0]["quarantined"], serde_json::Value::Null);
    assert!(part.exists());
    // Where it can be written, it is set aside.
    space.run(&["cache", "fsck"]).fails(4, &["set aside"]);
    assert!(!part.exists());
}

#[test]
fn what_is_left_beside_outputs_by_a_killed_build_is_written_over() {
    let mut left = Vec::new();
    // At the lock file, and at the report.
    for hit in ["@2", "@3"] {
        let space = TestSpace::new();
        let hidden = || -> Vec<PathBuf> {
            let found = ["experiments", "datasets"].map(|folder| files(&space.path(folder)));
            let is_half = |path: &PathBuf| path.extension().is_some_and(|end| end == "tmp");
            found.concat().into_iter().filter(is_half).collect()
        };
        let mut command = space.command(&["build", "experiments/x", "-j1"]);
        command.env(POINTS, format!("output.file.rename=kill-group{hit}")).process_group(0);
        assert_eq!(finish(command).code, None, "killed");
        left.extend(hidden());
        fs::remove_file(space.path("datasets/x.h5")).unwrap();
        space.build();
        assert_eq!(hidden(), Vec::<PathBuf>::new());
    }
    assert_eq!(left.len(), 2, "{left:?}");
}
