//! What is seen of builds from outside: running, past, and outputs that are out of date.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::space::{Ran, TestSpace, count, worker};

/// A worker that gets its first jobs, and the fourth only when the file `go` is there.
pub fn patient_worker(space: &TestSpace) -> std::path::PathBuf {
    let text = format!(
        r#"#!/bin/bash
{{
  while IFS= read -r line; do
    if [[ $line == *'"keys"'* ]]; then
      jobs=$((jobs + 1))
      if (( jobs == 4 )); then
        touch '{0}/waiting'
        while [[ -d '{0}' && ! -e '{0}/go' ]]; do sleep 0.02; done
      fi
    fi
    printf '%s\n' "$line"
  done
}} | '{1}'
"#,
        space.root().display(),
        worker().display()
    );
    space.script("worker.sh", &text)
}

/// Waits until something holds.
#[track_caller]
pub fn until(what: &str, holds: &mut dyn FnMut() -> bool) {
    let end = Instant::now() + Duration::from_mins(1);
    while !holds() {
        assert!(Instant::now() < end, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A program that is ended with its test.
pub struct Started(pub Child);

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Started {
    /// Starts a program, its output kept.
    pub fn new(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Self(command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}")))
    }

    /// Sends a signal.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let id = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(id, signal).unwrap();
    }

    /// Whether it is still there.
    pub fn is_running(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }

    /// Waits for its end.
    pub fn end(mut self) -> Ran {
        use std::io::Read;
        let mut text = [String::new(), String::new()];
        // Little is said, so that no pipe fills up meanwhile.
        until("the program ends", &mut || !self.is_running());
        self.0.stdout.take().map(|mut out| out.read_to_string(&mut text[0]));
        self.0.stderr.take().map(|mut out| out.read_to_string(&mut text[1]));
        let code = self.0.wait().unwrap().code();
        let [stdout, stderr] = text;
        Ran { code, stdout, stderr }
    }

    /// Its first line on standard output.
    pub fn first_line(&mut self) -> String {
        let mut line = String::new();
        let out = self.0.stdout.as_mut().unwrap();
        BufReader::with_capacity(1, out).read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }
}

/// A build that stands still in the middle of its rollouts, until `go` is written.
pub fn waiting_build(space: &TestSpace) -> Started {
    let mut command = space.command(&["build", "experiments/x", "-j1"]);
    command.env("SPINLOCK_WORKER", patient_worker(space));
    let build = Started::new(command);
    until("the build is at work", &mut || space.path("waiting").exists());
    until("something is made", &mut || count(&status(space)["running"][0]["made"]) > 0);
    build
}

fn status(space: &TestSpace) -> Value {
    space.json(&["status", "--json"])
}

fn states(status: &Value) -> Vec<&str> {
    let past = status["past"].as_array().unwrap();
    past.iter().map(|build| build["state"].as_str().unwrap()).collect()
}

#[test]
fn where_nothing_was_built_there_is_nothing_to_see() {
    let space = TestSpace::new();
    let nothing = status(&space);
    assert_eq!(
        (&nothing["running"], &nothing["past"], &nothing["outputs"]),
        (&json!([]), &json!([]), &json!([]))
    );
    assert!(space.run(&["status"]).ok().stdout.contains("no build is running"));
    assert!(space.run(&["status", "--follow"]).ok().stderr.contains("no build is running"));
    assert!(!space.path("cache").exists(), "looking makes nothing");
}

#[test]
fn a_running_build_is_seen_at_work_and_then_as_done() {
    let space = TestSpace::new();
    let build = waiting_build(&space);
    let seen = status(&space);
    let running = &seen["running"][0];
    assert_eq!(running["state"], "running");
    assert_eq!(running["experiment"], "experiments/x.yaml");
    assert_eq!(running["pid"], build.0.id());
    assert_eq!(running["to_make"], 17);
    let made = count(&running["made"]);
    assert!((1..17).contains(&made), "{running}");
    assert_eq!(running["stage"]["name"], "computing");
    let share = running["share"].as_f64().unwrap();
    assert!((0.0..1.0).contains(&share), "{share}");
    let work = &running["workers"][0]["work"];
    assert!(work["label"].as_str().unwrap().contains("/ops"), "{running}");
    let kinds = running["kinds"].as_array().unwrap();
    let by_kind: u64 = kinds.iter().map(|kind| count(&kind["made"])).sum();
    assert_eq!(by_kind, made);
    assert_eq!(seen["outputs"][0]["state"], "missing");
    let text = space.run(&["status"]).ok().stdout;
    for part in ["running  experiments/x.yaml", "worker 0", "parameters", "missing"] {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
    space.write("go", "");
    build.end().ok();
    let seen = status(&space);
    assert_eq!((&seen["running"], states(&seen)), (&json!([]), vec!["done"]));
    assert_eq!((&seen["past"][0]["made"], &seen["past"][0]["to_make"]), (&json!(17), &json!(17)));
    assert_eq!(seen["outputs"][0]["state"], "current");
    assert_eq!(seen["outputs"][0]["path"], "datasets/x.h5");
    let text = space.run(&["status"]).ok().stdout;
    assert!(text.contains("done") && text.contains("built 17 in"), "{text}");
    // Nothing to do leaves no trace.
    space.build();
    assert_eq!(states(&status(&space)), ["done"]);
}

#[test]
fn a_build_that_is_killed_is_told_from_one_that_runs_and_one_that_is_interrupted() {
    use rustix::process::Signal;
    let space = TestSpace::new();
    let build = waiting_build(&space);
    build.signal(Signal::KILL);
    assert_eq!(build.end().code, None);
    let seen = status(&space);
    assert_eq!((&seen["running"], states(&seen)), (&json!([]), vec!["died"]));
    let died = &seen["past"][0];
    assert!(count(&died["made"]) < count(&died["to_make"]), "{died}");
    let text = space.run(&["status"]).ok().stdout;
    assert!(text.contains("died") && text.contains(" of 17 in "), "{text}");
    space.write("go", "");
    std::thread::sleep(Duration::from_millis(300));
    for file in ["go", "waiting"] {
        std::fs::remove_file(space.path(file)).unwrap();
    }
    let build = waiting_build(&space);
    build.signal(Signal::INT);
    space.write("go", "");
    assert_eq!(build.end().code, Some(130));
    assert_eq!(states(&status(&space)), ["interrupted", "died"]);
    space.build();
    assert_eq!(states(&status(&space)), ["done", "interrupted", "died"]);
    assert_eq!(states(&space.json(&["status", "--json", "--past", "1"])), ["done"]);
}

#[test]
fn a_failed_build_says_what_failed() {
    let space = TestSpace::new();
    let broken = space.script("worker.sh", "#!/bin/sh\necho 'no library' >&2\nexit 127\n");
    let mut command = space.command(&["build", "experiments/x"]);
    command.env("SPINLOCK_WORKER", broken);
    crate::space::finish(command).fails(3, &["cannot start"]);
    let seen = status(&space);
    assert_eq!(states(&seen), ["failed"]);
    let error = seen["past"][0]["error"].as_str().unwrap();
    assert!(error.contains("spinlock-worker cannot start"), "{error}");
    assert!(space.run(&["status"]).ok().stdout.contains("no library"));
}

#[test]
fn following_goes_on_until_the_build_ends() {
    let space = TestSpace::new();
    let build = waiting_build(&space);
    let follow =
        |args: &[&str]| Started::new(space.command(&[&["status", "--follow"], args].concat()));
    let (mut lines, mut json) = (follow(&[]), follow(&["--json"]));
    let first: Value = serde_json::from_str(&json.first_line()).unwrap();
    assert_eq!((&first["schema"], &first["running"][0]["state"]), (&json!(1), &json!("running")));
    std::thread::sleep(Duration::from_millis(400));
    assert!(lines.is_running() && json.is_running());
    space.write("go", "");
    build.end().ok();
    let lines = lines.end().ok();
    assert!(lines.stdout.is_empty(), "{}", lines.stdout);
    let lines: Vec<&str> = lines.stderr.lines().collect();
    assert!(lines[0].starts_with("experiments/x.yaml: "), "{lines:?}");
    assert!(lines[0].contains(" %") && lines[0].contains(" after "), "{lines:?}");
    assert!(lines.last().unwrap().starts_with("done"), "{lines:?}");
    assert!(lines.len() <= 3, "at most a line every 30 s: {lines:?}");
    let json = json.end().ok();
    let last: Value = serde_json::from_str(json.stdout.lines().last().unwrap()).unwrap();
    assert_eq!((&last["running"], &last["past"][0]["state"]), (&json!([]), &json!("done")));
    assert_eq!(last["outputs"][0]["state"], "current");
}

#[test]
fn outputs_that_are_out_of_date_are_named_with_what_they_take() {
    let space = TestSpace::new();
    space.build();
    let output = |space: &TestSpace| status(space)["outputs"][0].clone();
    assert_eq!(output(&space)["state"], "current");
    space.edit("[0.1, 0.9]", "[0.2, 0.9]");
    let stale = output(&space);
    assert_eq!((&stale["state"], &stale["stale"]), (&json!("out_of_date"), &json!(7)));
    assert_eq!(
        (&stale["artifacts"], &stale["reason"]),
        (&json!(17), &json!("the experiment changed"))
    );
    let text = space.run(&["status"]).ok().stdout;
    assert!(text.contains("out of date  datasets/x.h5  (experiments/x.yaml)"), "{text}");
    assert!(text.contains("the experiment changed: 7 of 17 artifacts to make"), "{text}");
    space.edit("[0.2, 0.9]", "[0.1, 0.9]");
    assert_eq!(output(&space)["state"], "current");
    std::fs::remove_file(space.path("datasets/x.h5")).unwrap();
    let gone = output(&space);
    assert_eq!((&gone["state"], &gone["reason"]), (&json!("missing"), &json!("the file is gone")));
    space.edit("num_layers: 1", "num_layers: one");
    let broken = output(&space);
    assert_eq!(broken["state"], "broken");
    let reason = broken["reason"].as_str().unwrap();
    assert!(reason.contains("num_layers") && reason.contains("experiments/x.yaml:3"), "{reason}");
    // An experiment that is gone has no output any more.
    std::fs::remove_file(space.path("experiments/x.yaml")).unwrap();
    assert_eq!(status(&space)["outputs"], json!([]));
}

#[test]
fn two_builds_within_a_second_have_a_log_each() {
    let space = TestSpace::new();
    let text = space.read("experiments/x.yaml").replace("x.h5", "y.h5");
    let text = text.replace("total_samples: 8", "total_samples: 4");
    space.write("experiments/y.yaml", text);
    space.run(&["build", "experiments/x", "experiments/y", "-j1"]).ok();
    let seen = status(&space);
    assert_eq!(states(&seen), ["done", "done"]);
    let names: Vec<&str> = seen["past"]
        .as_array()
        .unwrap()
        .iter()
        .map(|b| b["experiment"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["experiments/y.yaml", "experiments/x.yaml"]);
}
