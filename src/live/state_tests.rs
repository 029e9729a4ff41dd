use serde_json::json;

use super::*;

fn fold(events: &[Value]) -> BuildState {
    let mut state = BuildState::default();
    for event in events {
        state.line(event.to_string().as_bytes());
    }
    state
}

fn begun() -> Vec<Value> {
    vec![
        json!({"event": "build_started", "t": 0.5, "experiment": "experiments/x.yaml",
               "profile": "cpu", "to_make": 3, "at": "2026-11-21T10:55:13.250Z", "host": "h",
               "pid": 7, "output": "/p/datasets/x.h5"}),
        json!({"event": "planned", "t": 0.6, "to_make": {"weights": 1, "rollout": 2, "dataset": 1},
               "cached": {"parameters": 4}, "gflop": 10.0}),
        json!({"event": "worker_started", "t": 0.7, "worker": 0, "pid": 8}),
        json!({"event": "worker_started", "t": 0.7, "worker": 1, "pid": 9}),
        json!({"event": "job_started", "t": 1.0, "job": 1, "worker": 0,
               "labels": ["rollout/a", "rollout/b"], "units": [0, 3]}),
        json!({"event": "job_started", "t": 1.0, "job": 2, "worker": 1, "labels": ["weights/a"],
               "units": [0, 1]}),
    ]
}

#[test]
fn a_running_build_is_seen_at_work() {
    let mut events = begun();
    events.push(json!({"event": "job_done", "t": 2.0, "job": 2, "worker": 1, "seconds": 0.9,
                       "gflop": 0.0}));
    events.push(json!({"event": "built", "t": 2.5, "kind": "weights", "label": "weights/a",
                       "key": "k", "digest": "d", "bytes": 100, "gflop": 1.0}));
    let state = fold(&events);
    assert_eq!((state.begun, state.planned, state.last), (0.5, 0.6, 2.5));
    assert_eq!(state.at.unwrap().to_string(), "2026-11-21T10:55:13.25Z");
    assert_eq!(state.stage, Stage::Computing);
    assert_eq!((state.artifacts(), state.cached()), ((1, 4), 4));
    assert_eq!((state.share(), state.bytes, state.busy), (0.1, 100, 0.9));
    let names: Vec<&str> = state.kinds.iter().map(|kind| &*kind.kind).collect();
    assert_eq!(names, ["parameters", "weights", "rollout", "dataset"], "in the order of making");
    let work = state.workers[&0].as_ref().unwrap();
    assert_eq!((&*work.label, work.more, work.units), ("rollout/a", 1, Some((0, 3))));
    assert_eq!((work.since, &state.workers[&1]), (1.0, &None));
    assert!(state.outcome.is_none());
}

#[test]
fn lines_that_are_no_events_change_nothing() {
    let mut state = fold(&begun());
    let before = format!("{state:?}");
    for line in ["", "{", "[1]", "7", "null", "{\"event\":3}", "{\"event\":\"from the future\"}"] {
        state.line(line.as_bytes());
    }
    state.line(&[0xff, 0xfe]);
    assert_eq!(format!("{state:?}"), before);
    // Known events with nothing in them, or with other types.
    for event in ["planned", "job_started", "built", "failed", "assembling", "build_finished"] {
        state.event(&json!({"event": event, "t": "soon", "kind": 3, "labels": 1, "to_make": []}));
    }
    assert_eq!((state.outcome, state.last), (Some(Outcome::Done), 1.0));
}

#[test]
fn each_end_is_told_from_the_others() {
    let end = |event: Value| {
        let mut events = begun();
        events.push(event);
        let state = fold(&events);
        assert!(state.workers.is_empty() && state.stage == Stage::Over);
        state
    };
    let finished = |failed: u64, interrupted: bool| {
        end(json!({"event": "build_finished", "t": 9.0, "built": [0, 1, 0, 2, 0, 0, 0, 1],
                   "made": {"weights": 1, "rollout": 2, "dataset": 1}, "failed": failed,
                   "interrupted": interrupted}))
    };
    let done = finished(0, false);
    assert_eq!((done.outcome.clone(), done.artifacts()), (Some(Outcome::Done), (4, 4)));
    assert_eq!(done.share(), 1.0);
    assert_eq!(finished(2, false).outcome, Some(Outcome::Failed));
    assert_eq!(finished(2, true).outcome, Some(Outcome::Interrupted));
    let stopped = end(json!({"event": "build_stopped", "t": 9.0, "error": "the disk is full"}));
    assert_eq!(stopped.outcome, Some(Outcome::Failed));
    assert_eq!(stopped.error.unwrap(), "the disk is full");
}

#[test]
fn failed_jobs_and_dead_workers_leave_no_work_behind() {
    let mut events = begun();
    events.extend([
        json!({"event": "job_failed", "t": 2.0, "job": 2, "worker": 1}),
        json!({"event": "retry", "t": 2.0, "label": "weights/a", "error": "the fan stopped"}),
        json!({"event": "worker_exited", "t": 3.0, "worker": 0, "last_words": "bye"}),
        json!({"event": "failed", "t": 4.0, "label": "rollout/a", "error": "no memory"}),
        // A late answer to an old job does not end a newer one.
        json!({"event": "job_started", "t": 4.0, "job": 3, "worker": 1, "labels": ["weights/a"]}),
        json!({"event": "job_done", "t": 4.5, "job": 2, "worker": 1, "seconds": 1.0}),
    ]);
    let state = fold(&events);
    assert_eq!(state.workers.keys().collect::<Vec<_>>(), [&1]);
    assert_eq!(state.workers[&1].as_ref().unwrap().job, 3);
    assert_eq!(state.failed, 1);
    assert_eq!(state.failures[0].error, "no memory");
    assert_eq!(state.warnings, ["weights/a: the fan stopped; trying once more"]);
}

#[test]
fn a_second_plan_adds_to_what_was_made() {
    let mut events = begun();
    events.extend([
        json!({"event": "built", "t": 2.0, "kind": "rollout", "label": "rollout/a", "gflop": 6.0}),
        json!({"event": "planned", "t": 3.0, "to_make": {"weights": 1, "rollout": 1, "dataset": 1},
               "cached": {"parameters": 4, "rollout": 1}, "gflop": 4.0}),
        json!({"event": "assembling", "t": 4.0, "done": 5, "total": 10}),
    ]);
    let state = fold(&events);
    assert_eq!((state.artifacts(), state.cached(), state.gflop), ((1, 4), 4, (6.0, 10.0)));
    assert_eq!(state.stage, Stage::Assembling { done: 5, total: 10 });
}

#[test]
fn whatever_a_log_holds_little_is_kept_of_it() {
    let mut state = fold(&begun());
    let long = "x".repeat(100_000);
    for i in 0..20_000_u64 {
        let t = i as f64;
        state.event(&json!({"event": "worker_started", "t": t, "worker": i}));
        state.event(&json!({"event": "built", "t": t, "kind": format!("kind {i}"), "gflop": 1.0}));
    }
    for i in 0..500_u64 {
        state.event(&json!({"event": "failed", "t": 1.0, "label": long, "error": long}));
        state.event(&json!({"event": "warning", "t": 1.0, "message": format!("{i}")}));
    }
    assert!(state.workers.len() <= MOST_WORKERS && state.kinds.len() <= MOST_KINDS);
    assert_eq!((state.failures.len(), state.failed), (MESSAGES, 500));
    assert!(state.failures[0].error.chars().count() <= LONGEST + 1);
    assert_eq!((state.warnings.len(), &*state.warnings[MESSAGES - 1]), (MESSAGES, "499"));
    assert!(state.timeline.samples().len() <= 240);
}
