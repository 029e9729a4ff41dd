//! `build --watch`: what a save sets off, and what it does not.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::space::{Built, TestSpace};
use crate::status::{Started, patient_worker, until};

/// A watching build, with what it says line by line.
struct Watching {
    build: Started,
    lines: Receiver<String>,
    /// Answers of builds, one on each line.
    answers: Receiver<String>,
}

fn listen(stream: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

impl Watching {
    fn new(space: &TestSpace) -> Self {
        Self::with(space, None)
    }

    fn with(space: &TestSpace, worker: Option<&Path>) -> Self {
        let args = ["build", "experiments/x", "-j1", "--watch", "--json"];
        let mut command = space.command(&args);
        worker.map(|worker| command.env("SPINLOCK_WORKER", worker));
        let mut build = Started::new(command);
        let lines = listen(build.0.stderr.take().unwrap());
        let answers = listen(build.0.stdout.take().unwrap());
        Self { build, lines, answers }
    }

    /// Waits until it says this; gives that line.
    #[track_caller]
    fn says(&self, text: &str) -> String {
        let end = Instant::now() + Duration::from_mins(1);
        let mut said = Vec::new();
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) if line.contains(text) => return line,
                Ok(line) => said.push(line),
                Err(why) => panic!("waited in vain for `{text}` after {said:#?}: {why}"),
            }
        }
    }

    /// Waits for the end of a build, and until it waits for saves again.
    #[track_caller]
    fn built(&self) -> Built {
        self.says("watching ");
        let line = self.answers.recv_timeout(Duration::from_secs(1)).expect("an answer");
        let answer: Value = serde_json::from_str(&line).expect("one answer on one line");
        assert_eq!(answer["schema"], 1);
        Built(answer)
    }

    /// Ends it as Ctrl-C does.
    fn interrupt(mut self) -> Option<i32> {
        self.build.signal(Signal::INT);
        until("it ends", &mut || !self.build.is_running());
        self.build.0.wait().unwrap().code()
    }
}

const ALL: &str = "parameters 8, weights 2, initial_conditions 2, rollout 4, dataset 1";

#[test]
fn a_save_builds_again_what_it_changed_and_ctrl_c_ends() {
    let space = TestSpace::new();
    let watching = Watching::new(&space);
    watching.built().is(ALL, "");
    // As editors do it: beside, and renamed.
    let text = space.read("experiments/x.yaml").replace("[0.1, 0.9]", "[0.2, 0.9]");
    space.write("experiments/.x.yaml.swp", text);
    std::fs::rename(space.path("experiments/.x.yaml.swp"), space.path("experiments/x.yaml"))
        .unwrap();
    assert_eq!(watching.says("saved"), "saved: experiments/x.yaml");
    watching
        .built()
        .is("parameters 2, rollout 4, dataset 1", "parameters 6, weights 2, initial_conditions 2");
    // Its own lock file and strangers are no saves.
    space.write("experiments/other.yaml", "x: 1");
    std::thread::sleep(Duration::from_millis(600));
    assert!(watching.lines.try_recv().is_err());
    assert_eq!(watching.interrupt(), Some(130));
    space.build().is("", ALL);
}

#[test]
fn a_fragment_is_watched_too_also_one_that_is_not_there_yet() {
    let space = TestSpace::new();
    space.write("configs/more.yaml", "sampling: {total_samples: 8}\n");
    space.edit("sampling:\n  total_samples: 8\n", "extends: [../configs/more.yaml]\n");
    let watching = Watching::new(&space);
    let line = watching.says("watching ");
    assert_eq!(line, "watching experiments/x.yaml and 1 fragment; Ctrl-C ends");
    space.write("configs/more.yaml", "sampling: {total_samples: 4}\n");
    assert_eq!(watching.says("saved"), "saved: configs/more.yaml");
    watching.says("watching ");
    assert_eq!(space.json(&["info", "datasets/x.h5", "--json"])["operators"], 4);
    space.edit("more.yaml]", "more.yaml, ../configs/late.yaml]");
    watching.says("there is no file `../configs/late.yaml`");
    watching.says("watching ");
    space.write("configs/late.yaml", "sampling: {total_samples: 5}\n");
    watching.says("saved: ");
    let line = watching.says("watching ");
    assert_eq!(line, "watching experiments/x.yaml and 2 fragments; Ctrl-C ends");
    assert_eq!(space.json(&["info", "datasets/x.h5", "--json"])["operators"], 5);
    assert_eq!(watching.interrupt(), Some(130));
}

#[test]
fn a_broken_file_is_told_once_and_the_next_save_is_awaited() {
    let space = TestSpace::new();
    space.edit("num_layers: 1", "num_layers: one");
    let mut watching = Watching::new(&space);
    watching.says("num_layers");
    watching.says("watching ");
    std::thread::sleep(Duration::from_millis(2500));
    assert!(watching.lines.try_recv().is_err(), "once");
    assert!(watching.build.is_running());
    assert!(!space.path("datasets").exists());
    space.edit("num_layers: one", "num_layers: 1");
    watching.built().is(ALL, "");
    // Gone for a while.
    std::fs::rename(space.path("experiments/x.yaml"), space.path("x.yaml")).unwrap();
    watching.says("there is no experiment `experiments/x`");
    watching.says("watching ");
    std::fs::rename(space.path("x.yaml"), space.path("experiments/x.yaml")).unwrap();
    watching.built().is("", ALL);
    assert_eq!(watching.interrupt(), Some(130));
}

#[test]
fn what_no_save_can_mend_ends_it_at_once() {
    let space = TestSpace::new();
    let wait = |args: &[&str]| space.run(&[&["build", "--watch"], args].concat());
    wait(&["experiments/none"]).fails(2, &["there is no experiment `experiments/none`"]);
    wait(&["experiments/x", "--set", "sampling.nothing=1"]).fails(2, &["--set", "nothing"]);
    wait(&["experiments/x", "-n"]).fails(2, &["--dry-run", "--watch"]);
}

#[test]
fn a_save_during_a_build_ends_it_after_its_jobs_and_builds_the_new_one() {
    let space = TestSpace::new();
    let watching = Watching::with(&space, Some(&patient_worker(&space)));
    until("the build is at work", &mut || space.path("waiting").exists());
    // An edit that changes no key lets it go on.
    space.edit("parameter_space:", "# why\nparameter_space:");
    watching.says("saved: experiments/x.yaml; nothing else is to be built");
    space.edit("num_layers: 1", "num_layers: one");
    watching.says("saved: experiments/x.yaml; the build goes on without it");
    watching.says("num_layers");
    space.edit("num_layers: one", "num_layers: 1");
    watching.says("nothing else is to be built");
    space.edit("num_timesteps: 8", "num_timesteps: 4");
    watching.says("saved: experiments/x.yaml; builds it anew after the jobs at hand");
    space.write("go", "");
    watching.says("watching ");
    let answers: Vec<Value> =
        watching.answers.try_iter().map(|line| serde_json::from_str(&line).unwrap()).collect();
    assert_eq!(answers.len(), 2, "{answers:?}");
    assert_eq!(answers[0]["interrupted"], true);
    let [first, second] = [0, 1].map(|at| Built(answers[at].clone()));
    // The job at hand came through, and what was made is not made again.
    first.is("weights 2, initial_conditions 2", "");
    second.is("parameters 8, rollout 2, dataset 1", "weights 2, initial_conditions 2");
    assert_eq!(second.0["interrupted"], false);
    let info = space.json(&["info", "datasets/x.h5", "--json"]);
    assert_eq!(info["steps"], 4);
    assert_eq!(watching.interrupt(), Some(130));
    let past = &space.json(&["status", "--json"])["past"];
    assert_eq!((&past[0]["state"], &past[1]["state"]), (&json!("done"), &json!("interrupted")));
}
