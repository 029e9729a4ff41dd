//! What programs say to each other, and what they leave for others to read.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use crate::config;
use crate::error::Error;
use crate::exec::protocol::{Failure, Hello, Job, Reply, part_name, part_units};
use crate::live::BuildState;
use crate::plan::explain;
use crate::report::{collect, log};
use crate::serve;

/// The resolved experiment as a worker gets it.
pub fn snapshot(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let root = Path::new("/nonexistent/project");
    if let Ok(experiment) = config::from_snapshot(text, root) {
        let again = config::snapshot(&experiment).to_string();
        assert!(
            config::from_snapshot(&again, root).is_ok(),
            "its own snapshot is refused: {again}"
        );
    }
}

/// A line of any sort: each is tried as each message.
pub fn lines(bytes: &[u8]) {
    for line in bytes.split(|byte| *byte == b'\n').take(64) {
        let Ok(line) = std::str::from_utf8(line) else { continue };
        same::<Hello>(line);
        same::<Job>(line);
        if let Ok(Reply::Done { parts, .. }) = serde_json::from_str(line) {
            for name in parts {
                if let Some(units) = part_units(&name) {
                    assert_eq!(part_units(&part_name(units)), Some(units));
                }
            }
        }
        if let Ok(Reply::Failed { error, .. }) = serde_json::from_str(line) {
            let error = Error::from(error);
            let _ = (error.to_string(), Failure::from(&error));
        }
        same::<Reply>(line);
    }
}

/// What is understood is understood the same when it is said again.
fn same<T: serde::Serialize + serde::de::DeserializeOwned>(line: &str) {
    let Ok(message) = serde_json::from_str::<T>(line) else { return };
    let text = serde_json::to_string(&message).expect("plain values");
    let again: T = match serde_json::from_str(&text) {
        Ok(again) => again,
        Err(error) => panic!("{error} in {text}"),
    };
    assert_eq!(serde_json::to_string(&again).expect("plain values"), text);
}

/// A lock file, as a report reads it.
pub fn lock_file(bytes: &[u8]) {
    let _ = collect::locked_in(bytes, "cpu");
}

/// An event log, as `status`, `serve` and `report` read it.
pub fn events(bytes: &[u8]) {
    let mut state = BuildState::default();
    bytes.split(|byte| *byte == b'\n').for_each(|line| state.line(line));
    let share = state.share();
    assert!((0.0..=1.0).contains(&share), "{share} of the work is done");
    let _ = (state.artifacts(), state.cached());
    let _ = log::read_from(bytes, "20261121T192130Z-1".to_owned());
}

/// What a browser sends. Nothing but a question of this machine for a page that there is gets one.
pub fn request(bytes: &[u8]) {
    let state: Arc<serve::State> = Arc::new(|| Ok("{}".to_owned()));
    if serve::status_of(bytes, &*state) == Some(200) {
        let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
        assert!(text.contains(":7345"), "a stranger got an answer: {text:?}");
        // Blank lines may stand before the first one.
        let start = text.trim_start();
        assert!(start.starts_with("get ") || start.starts_with("head "), "{text:?}");
    }
}

/// Two recipes, as `explain` compares them.
pub fn recipes(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (before, now) = text.split_once("\n\n").unwrap_or((&text, ""));
    let _ = explain::comparable(before, now);
    for line in explain::differences(before, now) {
        let _ = line.to_string();
        assert_ne!(line.before, line.now, "no difference: {line}");
    }
    assert!(explain::differences(now, now).is_empty() || has_twins(now), "{now:?}");
    let _: Value = serde_json::to_value(explain::differences(before, now)).expect("plain values");
}

/// Whether a field stands there twice: then the first one counts.
fn has_twins(text: &str) -> bool {
    let field = |line| explain::split(line).0;
    let fields = || text.lines().map(field);
    fields().enumerate().any(|(at, field)| fields().take(at).any(|other| other == field))
}
