//! Everything that is seen, for programs: `status --json`, and the page of `serve`.

use std::path::Path;

use serde_json::{Value, json};

use super::{Build, Builds, OutputState};

/// The builds and outputs of the project at `root`. `outputs` is none as long as they are not known.
pub fn overview(
    root: &Path,
    builds: &Builds,
    outputs: Option<&[OutputState]>,
    now: jiff::Timestamp,
) -> Value {
    let running: Vec<Value> = builds.running().map(|build| build.to_json(now, true)).collect();
    let past: Vec<Value> = builds.past().map(|build: &Build| build.to_json(now, false)).collect();
    json!({
        "schema": 1,
        "project": root,
        "now": now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "running": running,
        "past": past,
        "outputs": outputs,
    })
}
