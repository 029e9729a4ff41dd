use std::fs::File;
use std::io::Write;

use super::*;

struct Space {
    _folder: tempfile::TempDir,
    cache: Cache,
}

impl Space {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("log")).unwrap();
        let cache = Cache::look(folder.path()).unwrap();
        Self { _folder: folder, cache }
    }

    fn log(&self, id: &str) -> File {
        let path = self.cache.root().join("log").join(format!("{id}.jsonl"));
        File::options().create(true).append(true).open(path).unwrap()
    }
}

fn started(experiment: &str) -> String {
    let at = "2026-11-21T10:55:13Z";
    let event = json!({"event": "build_started", "t": 0.5, "experiment": experiment, "at": at});
    format!(
        "{event}\n{{\"event\":\"planned\",\"t\":1,\"to_make\":{{\"weights\":2}},\"gflop\":8}}\n"
    )
}

const FINISHED: &str =
    "{\"event\":\"build_finished\",\"t\":9,\"failed\":0,\"made\":{\"weights\":2}}\n";

fn names(builds: &Builds) -> Vec<(String, &'static str)> {
    builds.all().map(|build| (build.state.experiment.clone(), build.name())).collect()
}

#[test]
fn a_locked_log_is_that_of_a_running_build_until_its_holder_is_gone() {
    let space = Space::new();
    let mut builds = Builds::new(&space.cache, 10);
    builds.refresh().unwrap();
    assert!(names(&builds).is_empty());
    let mut log = space.log("1");
    builds.refresh().unwrap();
    assert!(names(&builds).is_empty(), "not begun yet");
    log.lock().unwrap();
    builds.refresh().unwrap();
    assert!(names(&builds).is_empty(), "not a line yet");
    log.write_all(started("x").as_bytes()).unwrap();
    builds.refresh().unwrap();
    assert_eq!(names(&builds), [("x".to_owned(), "running")]);
    log.write_all(b"{\"event\":\"built\",\"t\":5,\"kind\":\"weights\",\"gflop\":4}\n{\"even")
        .unwrap();
    builds.refresh().unwrap();
    let build = builds.running().next().unwrap();
    assert_eq!((build.state.artifacts(), build.state.share()), ((1, 2), 0.5));
    let now = build.state.at.unwrap() + jiff::SignedDuration::from_millis(8500);
    assert_eq!(build.elapsed(now), 9.0);
    assert_eq!((build.left(now), build.rate(now)), (None, Some(0.5)), "no worker yet");
    drop(log);
    builds.refresh().unwrap();
    assert_eq!(names(&builds), [("x".to_owned(), "died")]);
    assert_eq!((builds.ended(), builds.running().count()), (1, 0));
}

#[test]
fn a_build_that_said_how_it_ended_is_over_whoever_holds_its_log() {
    let space = Space::new();
    let mut log = space.log("1");
    log.lock().unwrap();
    log.write_all(started("x").as_bytes()).unwrap();
    let mut builds = Builds::new(&space.cache, 10);
    builds.refresh().unwrap();
    log.write_all(FINISHED.as_bytes()).unwrap();
    builds.refresh().unwrap();
    assert_eq!(names(&builds), [("x".to_owned(), "done")]);
    // Also for one who comes later.
    let mut later = Builds::new(&space.cache, 10);
    later.refresh().unwrap();
    assert_eq!(names(&later), [("x".to_owned(), "done")]);
}

#[test]
fn only_the_newest_past_builds_are_read() {
    let space = Space::new();
    for i in 1..=5 {
        let text = started(&format!("x{i}")) + FINISHED;
        space.log(&format!("{i}")).write_all(text.as_bytes()).unwrap();
    }
    let mut builds = Builds::new(&space.cache, 2);
    builds.refresh().unwrap();
    let two: Vec<String> = names(&builds).into_iter().map(|(name, _)| name).collect();
    assert_eq!((two, builds.ended()), (vec!["x5".to_owned(), "x4".to_owned()], 5));
    fs::remove_file(space.cache.root().join("log/5.jsonl")).unwrap();
    builds.refresh().unwrap();
    let two: Vec<String> = names(&builds).into_iter().map(|(name, _)| name).collect();
    assert_eq!(two, ["x4", "x3"]);
}

#[test]
fn of_a_long_log_the_beginning_and_the_end_say_all() {
    let space = Space::new();
    let line = "{\"event\":\"worker_started\",\"t\":2,\"worker\":1}\n".repeat(20_000);
    let text = started("x") + &line + FINISHED;
    assert!(text.len() as u64 > WHOLE);
    space.log("1").write_all(text.as_bytes()).unwrap();
    let built = "{\"event\":\"built\",\"t\":2,\"kind\":\"weights\"}\n";
    let text = started("y") + &line + built + &line;
    space.log("2").write_all(text.as_bytes()).unwrap();
    let mut builds = Builds::new(&space.cache, 10);
    builds.refresh().unwrap();
    let all: Vec<_> = builds.past().map(|b| (b.name(), b.state.artifacts())).collect();
    assert_eq!(all, [("died", (1, 2)), ("done", (2, 2))]);
}
