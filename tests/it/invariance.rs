//! What a data set's digest does not depend on: how work is cut, how many workers there are, in how
//! many steps it grew, what was killed on the way.

use std::fs::{self, File};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::Value;

use crate::space::{BASE_ARTIFACTS, Built, Ran, TestSpace, finish};

/// Digest of the base experiment after these edits, built at once.
#[track_caller]
fn digest(edits: &[(&str, &str)]) -> String {
    TestSpace::changed(edits).build().digest()
}

/// Two clean builds cannot agree by their content alone if the digest did not depend on it.
#[track_caller]
fn differs_from_base(digest: &str) {
    assert_ne!(digest, TestSpace::new().build().digest());
}

#[test]
fn two_clean_builds_are_equal_and_another_seed_is_not() {
    assert_eq!(digest(&[]), digest(&[]));
    differs_from_base(&digest(&[("sampling:\n", "sampling:\n  sobol: {seed: 43}\n")]));
}

#[test]
fn the_number_of_workers_and_threads_does_not_matter() {
    let digest = |options: &[&str]| TestSpace::new().build_with(options).digest();
    let one = digest(&["-j1"]);
    for options in [&["-j2"][..], &["-j5"], &["-j1", "--threads", "2"], &["--threads", "4"]] {
        assert_eq!(digest(options), one, "{options:?}");
    }
}

/// Wide enough for the frequency domain, where threads share a layer.
const WIDE: [(&str, &str); 4] = [
    ("num_layers: 1\n", "num_layers: 2\n    kernel_size: 5\n"),
    ("base_channels: {type: integer, bounds: [2, 4]}", "base_channels: 32"),
    ("grid_size: 8", "grid_size: 24"),
    ("total_samples: 8", "total_samples: 2"),
];

#[test]
fn threads_do_not_matter_in_wide_layers() {
    let digest = |options: &[&str]| TestSpace::changed(&WIDE).build_with(options).digest();
    let one = digest(&["-j1"]);
    for threads in ["2", "4"] {
        assert_eq!(digest(&["-j1", "--threads", threads]), one, "{threads}");
    }
}

#[test]
fn the_environment_does_not_matter() {
    let space = TestSpace::new();
    let mut command = space.command(&["build", "experiments/x", "--json", "-j1"]);
    // Names that oneDNN would listen to: fewer instructions round otherwise.
    command.envs([("ONEDNN_MAX_CPU_ISA", "SSE41"), ("DNNL_MAX_CPU_ISA", "SSE41")]);
    let narrow = Built(finish(command).ok().json());
    assert_eq!(narrow.digest(), TestSpace::new().build().digest());
}

/// A hundred operators under everything that may act by operator.
const MANY: [(&str, &str); 4] = [
    ("total_samples: 8", "total_samples: 100"),
    ("num_timesteps: 8", "num_timesteps: 3"),
    (
        "    noise_type: gaussian\n",
        "    noise_type: [gaussian, laplace, none]\n    noise_schedule: [constant, annealing]\n    spatial_correlation: {type: continuous, bounds: [0.0, 0.2]}\n",
    ),
    (
        "  device: cpu\n",
        "  device: cpu\n  extract_operator_features: true\n  inputs:\n  - {type: gaussian_random_field, weight: 2}\n  - {type: multiscale_grf}\n  - {type: localized}\n",
    ),
];

#[test]
fn the_size_of_chunks_does_not_matter() {
    let space = TestSpace::changed(&MANY);
    let first = space.build();
    for chunk in ["8", "32", "64"] {
        let other = TestSpace::changed(&MANY);
        other.edit("chunk: 4", &format!("chunk: {chunk}"));
        let other = other.build();
        assert_ne!(other.built(), first.built());
        assert_eq!(other.digest(), first.digest(), "chunks of {chunk}");
    }
}

#[test]
fn a_hundred_operators_may_grow_from_sixty() {
    for chunk in ["chunk: 32", "chunk: 7"] {
        let direct = TestSpace::changed(&MANY);
        direct.edit("chunk: 4", chunk);
        let grown = TestSpace::changed(&MANY);
        grown.edits(&[("chunk: 4", chunk), ("total_samples: 100", "total_samples: 60")]);
        grown.build();
        grown.edit("total_samples: 60", "total_samples: 100");
        let grown = grown.build();
        assert!(grown.cached().contains("rollout"), "{}", grown.cached());
        assert_eq!(grown.digest(), direct.build().digest(), "{chunk}");
    }
}

/// Thirteen states under every kind of noise, with dropout before the first random number of others.
const LONG: [(&str, &str); 3] = [
    ("num_realizations: 2", "num_realizations: 5"),
    ("num_timesteps: 8", "num_timesteps: 13"),
    (
        "    noise_type: gaussian\n",
        "    noise_type: [gaussian, laplace, multiplicative, dropout]\n    noise_location: [features, output, input, hidden]\n    noise_schedule: [constant, annealing, periodic]\n    schedule_period: 5\n",
    ),
];

#[test]
fn blocks_of_realizations_and_segments_of_steps_do_not_matter() {
    let mut digests = Vec::new();
    for block in [5, 2] {
        for segment in [1, 7, 13] {
            let space = TestSpace::changed(&LONG);
            space.edit(
                "realization_block: 2, segment: 4",
                &format!("realization_block: {block}, segment: {segment}"),
            );
            digests.push((block, segment, space.build().digest()));
        }
    }
    assert!(digests.iter().all(|d| d.2 == digests[0].2), "{digests:#?}");
    differs_from_base(&digests[0].2);
}

#[test]
fn five_realizations_may_grow_from_three() {
    for block in ["realization_block: 2", "realization_block: 5"] {
        let space = TestSpace::changed(&LONG);
        space.edit("realization_block: 2", block);
        space.edit("num_realizations: 5", "num_realizations: 3");
        space.build();
        space.edit("num_realizations: 3", "num_realizations: 5");
        assert_eq!(space.build().digest(), digest(&LONG), "{block}");
    }
}

#[test]
fn a_long_rollout_may_grow_from_a_short_one() {
    let space = TestSpace::changed(&LONG);
    space.edit("num_timesteps: 13", "num_timesteps: 6");
    space.build();
    space.edit("num_timesteps: 6", "num_timesteps: 13");
    let grown = space.build();
    assert!(grown.cached().contains("rollout"), "{}", grown.cached());
    assert_eq!(grown.digest(), digest(&LONG));
}

#[test]
fn states_do_not_depend_on_whether_other_states_are_stored_in_half() {
    // The rollout itself goes on in float32: the last state of a half-precision data set is the
    // rounded last state of the other.
    let full = TestSpace::new();
    full.build();
    let half =
        TestSpace::changed(&[("  output_path", "  storage: {dtype: float16}\n  output_path")]);
    half.build();
    for index in 0..8 {
        let [a, b] = [&full, &half].map(|space| space.row(index)["last_states"].take());
        for (a, b) in a.as_array().unwrap().iter().zip(b.as_array().unwrap()) {
            let [a, b] = [a, b].map(|state| state["max"].as_f64().unwrap());
            assert!((a - b).abs() <= 1e-3 * a.abs(), "operator {index}: {a} and {b}");
        }
    }
}

/// Long enough to be caught in the act: some sixty jobs.
const BUSY: [(&str, &str); 3] = [
    ("total_samples: 8", "total_samples: 48"),
    ("grid_size: 8", "grid_size: 16"),
    ("num_timesteps: 8", "num_timesteps: 24"),
];

/// A build that runs, in a process group of its own.
struct Running<'a> {
    space: &'a TestSpace,
    child: Child,
}

impl<'a> Running<'a> {
    fn start(space: &'a TestSpace) -> Self {
        let mut command = space.command(&["build", "experiments/x", "-j1", "--json"]);
        command.process_group(0).stdin(Stdio::null());
        command.stdout(File::create(space.path("stdout")).unwrap());
        command.stderr(File::create(space.path("stderr")).unwrap());
        Self { space, child: command.spawn().unwrap() }
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Events of that name so far, from the log of the build.
    fn events(&self, name: &str) -> Vec<Value> {
        let end = format!("-{}.jsonl", self.child.id());
        let Ok(logs) = fs::read_dir(self.space.path("cache/log")) else { return Vec::new() };
        let log = logs.map(|f| f.unwrap().path()).find(|f| f.to_string_lossy().ends_with(&end));
        let text = log.map(|log| fs::read_to_string(log).unwrap()).unwrap_or_default();
        text.lines()
            // The last line may be half written.
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|event| event["event"] == name)
            .collect()
    }

    /// Waits until so many events of that name have happened, and gives them.
    #[track_caller]
    fn wait_for(&mut self, name: &str, count: usize) -> Vec<Value> {
        let begun = Instant::now();
        loop {
            let events = self.events(name);
            if events.len() >= count {
                return events;
            }
            let ended = self.child.try_wait().unwrap();
            let said = || fs::read_to_string(self.space.path("stderr")).unwrap();
            assert!(ended.is_none(), "it ended before {count} times {name}: {}", said());
            assert!(begun.elapsed() < Duration::from_mins(2), "it hangs: {}", said());
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Waits for its end.
    fn end(mut self) -> (Option<i32>, Ran) {
        let status = self.child.wait().unwrap();
        let [stdout, stderr] = ["stdout", "stderr"].map(|name| self.space.read(name));
        (status.signal(), Ran { code: status.code(), stdout, stderr })
    }
}

/// A number from 1 to `most`, another one every time.
fn random(most: usize) -> usize {
    1 + (RandomState::new().build_hasher().finish() as usize) % most
}

#[test]
fn a_build_killed_three_times_goes_on_to_the_same_data_set() {
    let undisturbed = digest(&BUSY);
    let space = TestSpace::changed(&BUSY);
    let moments = [random(12), random(12), random(12)];
    for moment in moments {
        let mut build = Running::start(&space);
        build.wait_for("job_done", moment);
        kill_process_group(build.pid(), Signal::KILL).unwrap();
        assert_eq!(build.end().0, Some(9), "killed after {moments:?} jobs");
    }
    space.run(&["cache", "fsck", "--deep"]).ok();
    assert!(!space.path("datasets/x.h5").exists());
    assert_eq!(space.build().digest(), undisturbed, "killed after {moments:?} jobs");
    space.run(&["cache", "fsck", "--deep"]).ok();
    space.run(&["validate", "datasets/x.h5"]).ok();
}

#[test]
fn a_killed_worker_is_reported_and_costs_nothing_else() {
    let undisturbed = digest(&BUSY);
    let space = TestSpace::changed(&BUSY);
    let mut build = Running::start(&space);
    build.wait_for("job_done", random(12));
    let workers = build.wait_for("worker_started", 1);
    let pid = workers[0]["pid"].as_i64().unwrap() as i32;
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    let (_, ran) = build.end();
    let ran = ran.ok().says(&["warning", "a worker died", "signal: 9 (SIGKILL)"]);
    assert_eq!(crate::space::Built(ran.json()).digest(), undisturbed);
}

/// Interrupts a build with `interrupt`, which gets its process, and goes on.
fn interrupted(interrupt: impl Fn(Pid)) {
    let undisturbed = digest(&BUSY);
    let space = TestSpace::changed(&BUSY);
    let mut build = Running::start(&space);
    build.wait_for("job_done", random(12));
    interrupt(build.pid());
    let (_, ran) = build.end();
    let ran = ran.fails(130, &["interrupted; run the same command again to go on"]);
    assert!(!ran.stderr.contains("worker died"), "{}", ran.stderr);
    assert_eq!(ran.json()["interrupted"], true);
    assert!(!space.path("datasets/x.h5").exists());
    assert!(!space.path("experiments/x.lock").exists());
    space.run(&["cache", "fsck", "--deep"]).ok();
    let again = space.build();
    assert_eq!(again.digest(), undisturbed);
    assert!(!again.cached().is_empty(), "what was finished is kept");
}

#[test]
fn an_interrupted_build_goes_on() {
    interrupted(|pid| kill_process(pid, Signal::INT).unwrap());
}

#[test]
fn ctrl_c_in_a_terminal_which_workers_get_too_is_no_failure_of_workers() {
    interrupted(|pid| kill_process_group(pid, Signal::INT).unwrap());
}

#[test]
fn eight_builds_at_once_compute_nothing_twice() {
    let space = TestSpace::new();
    let command = || space.command(&["build", "experiments/x", "-j1", "--json"]);
    let builds: Vec<Ran> = thread::scope(|scope| {
        let threads: Vec<_> =
            (0..8).map(|_| scope.spawn(|| crate::space::finish(command()))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let builds: Vec<crate::space::Built> = builds
        .into_iter()
        .map(|ran| {
            let ran = ran.ok();
            assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);
            crate::space::Built(ran.json())
        })
        .collect();
    let digest = builds[0].digest();
    let mut sums = builds[0].0["built"].clone();
    for build in &builds[1..] {
        assert_eq!(build.digest(), digest);
        for (kind, sum) in sums.as_object_mut().unwrap() {
            *sum = (crate::space::count(sum) + crate::space::count(&build.0["built"][kind])).into();
        }
    }
    let together = crate::space::Built(serde_json::json!({"built": sums}));
    assert_eq!(together.built(), BASE_ARTIFACTS);
    assert_eq!(digest, TestSpace::new().build().digest());
    space.run(&["cache", "fsck", "--deep"]).ok();
}
