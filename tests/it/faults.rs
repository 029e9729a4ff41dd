//! What goes wrong outside the program: missing or dying workers, disks, damaged and foreign files.
//! Each ends in a message that says what to do, and leaves the cache whole.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::space::{
    BASE, BASE_ARTIFACTS, Built, Ran, SPINLOCK, TestSpace, damage, files, finish, worker,
};

/// Builds with another worker program.
pub fn build_with_worker(space: &TestSpace, worker: &Path, args: &[&str]) -> Ran {
    let mut command = space.command(&[&["build", "experiments/x", "--json"], args].concat());
    command.env("SPINLOCK_WORKER", worker);
    finish(command)
}

#[test]
fn without_a_worker_a_build_says_how_to_get_one() {
    let space = TestSpace::new();
    let alone = space.path("alone/spinlock");
    fs::create_dir(space.path("alone")).unwrap();
    finish(space.program("cp", &[SPINLOCK, alone.to_str().unwrap()])).ok();
    let build = |args: &[&str]| finish(space.program(&alone, args));
    build(&["build", "experiments/x"])
        .fails(3, &["no `spinlock-worker` at", "alone/spinlock-worker", "make build"]);
    assert!(!space.path("datasets").exists());
    // What needs no worker works.
    build(&["plan", "experiments/x"]).ok();
    build(&["cache", "fsck"]).ok();
    // And with everything made, so does a build.
    space.build();
    build(&["build", "experiments/x"]).ok().says(&["up to date"]);
}

#[test]
fn a_worker_named_wrongly_is_said_to_be_missing() {
    let space = TestSpace::new();
    build_with_worker(&space, Path::new("/nowhere/spinlock-worker"), &[])
        .fails(3, &["no `spinlock-worker` at `/nowhere/spinlock-worker`", "make build"]);
}

#[test]
fn a_worker_without_libtorch_says_how_to_get_it() {
    let space = TestSpace::new();
    let broken = space.script(
        "worker.sh",
        "#!/bin/sh\necho 'spinlock-worker: error while loading shared libraries: libtorch_cpu.so: \
         cannot open shared object file: No such file or directory' >&2\nexit 127\n",
    );
    build_with_worker(&space, &broken, &[]).fails(
        3,
        &["spinlock-worker cannot start", "exit status: 127", "libtorch_cpu.so", "make build"],
    );
    space.run(&["cache", "fsck"]).ok();
    space.build().is(BASE_ARTIFACTS, "");
}

#[test]
fn a_worker_that_is_no_program_is_said_to_be_none() {
    let space = TestSpace::new();
    space.write("worker.txt", "not a program");
    build_with_worker(&space, &space.path("worker.txt"), &[])
        .fails(3, &["cannot start", "worker.txt", "make build"]);
}

/// A worker that fails whenever it is given the operator at `unit` of the rollout with this key; in
/// all else the real one.
pub fn failing_worker(space: &TestSpace, key: &str, unit: u32) -> PathBuf {
    let text = format!(
        r#"#!/bin/bash
set -o pipefail
{{
  while IFS= read -r line; do
    if [[ $line == *{key}* && $line =~ \"units\":\[([0-9]+),([0-9]+)\] ]] &&
       (( BASH_REMATCH[1] <= {unit} && {unit} < BASH_REMATCH[2] )); then
      echo "the fan stopped" >&2
      exit 5
    fi
    printf '%s\n' "$line"
  done
}} | '{}'
"#,
        worker().display()
    );
    space.script("worker.sh", &text)
}

/// The key of the artifact with this label.
pub fn key(space: &TestSpace, label: &str) -> String {
    let plan = space.json(&["plan", "experiments/x", "--json"]);
    let nodes = plan["nodes"].as_array().unwrap();
    let node = nodes.iter().find(|node| node["label"] == label);
    node.unwrap_or_else(|| panic!("no {label}"))["key"].as_str().unwrap().to_owned()
}

#[test]
fn an_operator_that_fails_twice_ends_the_build_and_is_named() {
    let space = TestSpace::new();
    let label = "rollout/ops4-7/m0-1/t0-3";
    let broken = failing_worker(&space, &key(&space, label), 2);
    let ran = build_with_worker(&space, &broken, &["-j1"]);
    let ran = ran.fails(1, &["the fan stopped", "trying once more", label]);
    let failed = &ran.json()["failed"];
    assert_eq!(failed[0]["label"], label);
    let error = failed[0]["error"].as_str().unwrap();
    assert!(error.contains("a worker died") && error.contains("exit status: 5"), "{error}");
    assert!(error.contains("operator 6"), "{error}");
    assert!(!space.path("datasets/x.h5").exists());
    assert!(!space.path("experiments/x.lock").exists());
    space.run(&["cache", "fsck"]).ok();
    // With a sound worker it goes on, to the same data set.
    assert_eq!(space.build().digest(), TestSpace::new().build().digest());
}

#[test]
fn with_keep_going_everything_else_is_made() {
    let space = TestSpace::new();
    let label = "rollout/ops4-7/m0-1/t0-3";
    let broken = failing_worker(&space, &key(&space, label), 0);
    let ran = build_with_worker(&space, &broken, &["-j1", "-k"]).fails(1, &[label]);
    let report = Built(ran.json());
    assert_eq!(report.0["failed"].as_array().unwrap().len(), 1);
    // The segment after the failed one cannot be made either, nor the data set.
    report.is("parameters 8, weights 2, initial_conditions 2, rollout 2", "");
    space
        .build()
        .is("rollout 2, dataset 1", "parameters 8, weights 2, initial_conditions 2, rollout 2");
}

#[test]
fn a_worker_that_keeps_dying_ends_the_build() {
    let space = TestSpace::new();
    // Ready, and dead at the first job, whatever it is.
    let dying = space.script(
        "worker.sh",
        "#!/bin/sh\nread -r hello\necho '\"ready\"'\nread -r job\necho 'cannot go on' >&2\nexit 9\n",
    );
    let ran = build_with_worker(&space, &dying, &["-j1", "-k"]);
    assert!(matches!(ran.code, Some(1 | 3)), "{ran:?}");
    ran.says(&["a worker died", "cannot go on"]);
    space.run(&["cache", "fsck"]).ok();
}

/// Whether this process may do anything to files, so that modes alone protect nothing.
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[test]
fn a_cache_that_cannot_be_written_ends_the_build_with_advice() {
    use std::os::unix::fs::PermissionsExt;
    let space = TestSpace::new();
    space.build_with(&["-j1", "--only", "weights"]);
    let folders: Vec<PathBuf> = walkdir::WalkDir::new(space.path("cache"))
        .into_iter()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().is_dir())
        .map(walkdir::DirEntry::into_path)
        .collect();
    let protect = |mode| {
        for folder in &folders {
            fs::set_permissions(folder, fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    protect(0o555);
    let args = ["build", "experiments/x", "-j1"];
    let ran = if is_root() {
        // Modes bind a root that may not override them.
        let bound = ["--bounding-set", "-dac_override", "--inh-caps", "-dac_override", SPINLOCK];
        finish(space.program("setpriv", &[&bound[..], &args].concat()))
    } else {
        space.run(&args)
    };
    protect(0o755);
    ran.fails(3, &["cache", "permission denied", "help:", "check the owner and mode"]);
    assert!(!space.path("datasets/x.h5").exists());
    space.run(&["cache", "fsck"]).ok();
    let cached = "weights 2";
    space.build().is("parameters 8, initial_conditions 2, rollout 4, dataset 1", cached);
}

/// Runs a script with mounts of its own, which vanish with it. `None` if this person may not mount.
fn with_mounts(space: &TestSpace, script: &str) -> Option<Ran> {
    let flags = if is_root() { "-m" } else { "-rm" };
    let ran = finish(space.program("unshare", &[flags, "sh", "-c", "exit 0"]));
    if ran.code != Some(0) {
        assert!(!is_root(), "this test needs mounts of its own: {}", ran.stderr);
        eprintln!("not checked, mounts of its own are refused to this user: {}", ran.stderr);
        return None;
    }
    Some(finish(space.program("unshare", &[flags, "sh", "-euc", script, "sh", SPINLOCK])))
}

/// A script that mounts a disk of `size` on `folder` and runs commands, each with its exit code and
/// output in files of its number.
fn on_a_disk(folder: &str, size: &str, steps: &[&str]) -> String {
    let mut script = format!("mkdir -p {folder}\nmount -t tmpfs -o size={size} tmpfs {folder}\n");
    for (i, step) in steps.iter().enumerate() {
        let line = if step.starts_with("mount") {
            writeln!(script, "{step}")
        } else {
            let files = format!(">{i}.out 2>{i}.err || code=$?; echo $code >{i}.code");
            writeln!(script, "code=0; \"$1\" {step} {files}")
        };
        line.expect("a text can be written to");
    }
    script
}

/// What a step did.
fn step(space: &TestSpace, number: usize) -> Ran {
    Ran {
        code: Some(space.read(&format!("{number}.code")).trim().parse().unwrap()),
        stdout: space.read(&format!("{number}.out")),
        stderr: space.read(&format!("{number}.err")),
    }
}

const BUILD: &str = "build experiments/x -j1 --json";

#[test]
fn a_full_disk_ends_the_build_and_leaves_the_cache_whole() {
    let space = TestSpace::changed(&[("grid_size: 8", "grid_size: 16")]);
    let steps = [
        BUILD,
        "build experiments/x -j1 --json --force",
        "cache fsck --deep",
        "mount -o remount,size=64m cache",
        BUILD,
        "cache fsck --deep",
    ];
    let Some(ran) = with_mounts(&space, &on_a_disk("cache", "200k", &steps)) else { return };
    ran.ok();
    // Refused at first, since it cannot fit; and full, if it is tried all the same.
    step(&space, 0).fails(3, &["are needed under", "cache", "are free", "--force"]);
    step(&space, 1).fails(3, &["no space left on device", "spinlock cache gc"]);
    step(&space, 2).ok();
    let built = Built(step(&space, 4).ok().json());
    let direct = TestSpace::changed(&[("grid_size: 8", "grid_size: 16")]).build();
    assert_eq!(built.digest(), direct.digest());
    step(&space, 5).ok();
}

#[test]
fn a_full_disk_under_the_data_set_leaves_no_half_file() {
    let space = TestSpace::changed(&[("grid_size: 8", "grid_size: 16")]);
    let steps = [
        "build experiments/x -j1 --json --force",
        "cache fsck --deep",
        "mount -o remount,size=64m datasets",
        BUILD,
    ];
    let script = on_a_disk("datasets", "64k", &steps) + "ls -A datasets > list\n";
    let Some(ran) = with_mounts(&space, &script) else { return };
    ran.ok();
    step(&space, 0).fails(3, &["datasets/x.h5", "no space left on device", "free some space"]);
    step(&space, 1).ok();
    let built = Built(step(&space, 3).ok().json());
    built.is("dataset 1", "parameters 8, weights 2, initial_conditions 2, rollout 4");
    assert_eq!(space.read("list"), "x.h5\nx.report.html\n");
}

#[test]
fn what_cannot_fit_on_the_disk_is_not_begun() {
    // 27 petabytes, planned in a moment: one operator and one segment.
    let space = TestSpace::changed(&[
        ("total_samples: 8", "total_samples: 1"),
        ("grid_size: 8", "grid_size: 1024"),
        ("channels: 2", "channels: 64"),
        ("num_realizations: 2", "num_realizations: 1000"),
        ("num_timesteps: 8", "num_timesteps: 100000"),
        ("realization_block: 2, segment: 4", "realization_block: 1000, segment: 100000"),
    ]);
    space
        .run(&["build", "experiments/x"])
        .fails(3, &["PB are needed under", "are free", "spinlock cache gc", "--force"]);
    assert!(!space.path("datasets").exists() && !space.path("cache/objects").exists());
}

/// Damages the payload of the first entry of a kind.
fn damage_payload(space: &TestSpace, kind: &str) {
    damage(&space.find(&format!("cache/objects/{kind}"), &["part-0.bin"]), 100);
}

#[test]
fn damaged_states_are_made_again_when_the_data_set_needs_them() {
    let space = TestSpace::new();
    let digest = space.build().digest();
    damage_payload(&space, "rollout");
    fs::remove_file(space.path("datasets/x.h5")).unwrap();
    let ran = space.run(&["build", "experiments/x", "-j1", "--json"]).ok();
    let again = Built(ran.says(&["warning", "rollout", "it is rebuilt"]).json());
    assert_eq!(again.built(), "rollout 1, dataset 1");
    assert_eq!(again.digest(), digest);
    assert!(!files(&space.path("cache/quarantine")).is_empty(), "set aside, not removed");
    space.run(&["cache", "fsck", "--deep"]).ok();
    space.run(&["validate", "datasets/x.h5"]).ok();
}

#[test]
fn damaged_inputs_are_made_again_when_a_worker_needs_them() {
    let edit =
        ("[0.01, 0.1], log_scale: true}\n  operator", "[0.01, 0.2], log_scale: true}\n  operator");
    let space = TestSpace::new();
    space.build();
    damage_payload(&space, "initial_conditions");
    space.edit(edit.0, edit.1);
    let ran = space.run(&["build", "experiments/x", "-j1", "--json"]).ok();
    let again = Built(ran.says(&["warning", "initial_conditions", "it is rebuilt"]).json());
    assert_eq!(again.built(), "parameters 2, initial_conditions 1, rollout 4, dataset 1");
    assert_eq!(again.digest(), TestSpace::changed(&[edit]).build().digest());
}

#[test]
fn fsck_finds_a_flipped_bit_in_every_file_of_the_cache() {
    let space = TestSpace::new();
    let digest = space.build().digest();
    let entries: Vec<_> = files(&space.path("cache/objects"));
    assert_eq!(entries.len(), 17 + 2 * (2 + 4), "entry.json, and for arrays two files more");
    for file in &entries {
        let length = fs::metadata(file).unwrap().len() as usize;
        damage(file, length / 2);
    }
    let report = space.run(&["cache", "fsck", "--json"]).fails(4, &["17 damaged", "next build"]);
    assert_eq!(report.json()["damaged"].as_array().unwrap().len(), 17);
    let report: Value = space.json(&["cache", "fsck", "--json"]);
    assert_eq!(report["entries"], 0);
    space.build().is(BASE_ARTIFACTS, "");
    assert_eq!(space.build().digest(), digest);
}

#[test]
fn a_foreign_file_is_not_overwritten() {
    let space = TestSpace::new();
    space.write("datasets/x.h5", "a thesis");
    space
        .run(&["build", "experiments/x"])
        .fails(2, &["datasets/x.h5", "was not written by spinlock", "--force"]);
    assert_eq!(space.read("datasets/x.h5"), "a thesis");
    assert!(!space.path("cache/objects").exists(), "nothing is computed in vain");
    space.build_with(&["--force", "-j1"]).is(BASE_ARTIFACTS, "");
    space.run(&["validate", "datasets/x.h5"]).ok();
}

#[test]
fn two_experiments_with_one_output_are_refused() {
    let space = TestSpace::new();
    space.write("experiments/y.yaml", BASE.replace("total_samples: 8", "total_samples: 4"));
    let both = ["experiments/x.yaml", "experiments/y.yaml", "datasets/x.h5", "dataset.output_path"];
    // In one command, and one after the other.
    space.run(&["build", "experiments/x", "experiments/y"]).fails(2, &both);
    assert!(!space.path("datasets").exists());
    let digest = space.build().digest();
    space.run(&["build", "experiments/y"]).fails(2, &both);
    assert_eq!(space.build().digest(), digest);
    // Unless the first one is gone.
    fs::remove_file(space.path("experiments/x.yaml")).unwrap();
    space.run(&["build", "experiments/y", "-j1"]).ok();
}
