//! The event log of a build (`cache/log/<build>.jsonl`, one JSON object per line) and its trace
//! (`<build>.trace.json`, in the Trace Event Format that Perfetto and `chrome://tracing` open).
//!
//! Every event has `event` (its name) and `t` (seconds since the start). The events and their fields
//! are listed in `docs/events.md`. Nothing here enters a key or a digest.
//!
//! Invariant: the log is locked by its writer from before its first line until the build is over, and
//! the kernel gives the lock back if the writer dies. So a log without a last event and without a lock
//! is that of a build that died.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::{Value, json};

use crate::cache::Documents;
use crate::effect;
use crate::error::{IoContext, Result};

/// One stretch of work of one worker.
struct Span {
    row: usize,
    label: String,
    kind: &'static str,
    start: f64,
    seconds: f64,
}

/// The log of one build.
pub struct EventLog {
    id: String,
    /// When the log was begun.
    at: jiff::Timestamp,
    path: PathBuf,
    sink: Option<BufWriter<File>>,
    start: Instant,
    jobs: u64,
    spans: Vec<Span>,
    host: String,
    when: String,
    profile: String,
}

impl EventLog {
    /// Starts the log of a build under `folder`.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn create(folder: &Path, start: Instant, profile: &str) -> Result<Self> {
        effect::create_folder("exec.log.folder", folder).io("create", folder)?;
        let now = timestamp();
        let (id, path, file) = fresh(folder, now)?;
        // Waits at most for somebody who looks whether it is locked.
        effect::lock("exec.log.lock", &file).io("lock", &path)?;
        Ok(Self {
            id,
            at: now,
            path,
            sink: Some(BufWriter::new(file)),
            start,
            jobs: 0,
            spans: Vec::new(),
            host: host(),
            when: now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            profile: profile.to_owned(),
        })
    }

    /// When the log was begun: the moment of its first event.
    pub fn at(&self) -> String {
        self.at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
    }

    /// Name of the build.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Appends an event. A log that can no longer be written (a full disk) stops the log, not the
    /// build: the build will say so itself if it cannot write either.
    pub fn event(&mut self, name: &str, fields: Value) {
        let Some(sink) = &mut self.sink else { return };
        let mut line = serde_json::Map::new();
        line.insert("event".into(), name.into());
        line.insert("t".into(), self.start.elapsed().as_secs_f64().into());
        if let Value::Object(fields) = fields {
            line.extend(fields);
        }
        let mut text = Value::Object(line).to_string();
        text.push('\n');
        if effect::write_all("exec.log.write", sink, text.as_bytes())
            .and_then(|()| sink.flush())
            .is_err()
        {
            self.sink = None;
        }
    }

    /// The number of the next job.
    pub fn next_job(&mut self) -> u64 {
        self.jobs += 1;
        self.jobs
    }

    /// Remembers a stretch of work for the trace: row `row`, from `since` to now.
    pub fn span(&mut self, row: usize, label: &str, kind: &'static str, since: Instant) {
        let start = since.duration_since(self.start).as_secs_f64();
        let seconds = since.elapsed().as_secs_f64();
        self.spans.push(Span { row, label: label.to_owned(), kind, start, seconds });
    }

    /// How an artifact came about, for its entry.
    pub fn notes(&self, seconds: f64) -> Documents {
        [
            ("build", json!(self.id)),
            ("created", json!(self.when)),
            ("host", json!(self.host)),
            ("profile", json!(self.profile)),
            ("seconds", json!(seconds)),
            ("version", json!(env!("CARGO_PKG_VERSION"))),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }

    /// Writes the trace beside the log.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write_trace(&self) -> Result<()> {
        let micros = |seconds: f64| (seconds * 1e6).round();
        let events: Vec<Value> = self
            .spans
            .iter()
            .map(|s| {
                json!({"name": s.label, "cat": s.kind, "ph": "X", "pid": 1, "tid": s.row,
                       "ts": micros(s.start), "dur": micros(s.seconds)})
            })
            .collect();
        let path = self.path.with_extension("trace.json");
        let text = json!({"displayTimeUnit": "ms", "traceEvents": events}).to_string();
        // Nobody else's: its name is that of the log.
        let new = OpenOptions::new().write(true).create_new(true).clone();
        let file = effect::open_as("exec.trace.create", &new, &path);
        file.and_then(|mut file| effect::write_all("exec.trace.write", &mut file, text.as_bytes()))
            .io("write", &path)
    }
}

/// A new log file: one process may begin several builds within a second.
fn fresh(folder: &Path, now: jiff::Timestamp) -> Result<(String, PathBuf, File)> {
    let first = format!("{}-{}", now.strftime("%Y%m%dT%H%M%SZ"), std::process::id());
    let mut id = first.clone();
    for number in 2_u32.. {
        let path = folder.join(format!("{id}.jsonl"));
        let how = File::options().create_new(true).append(true).clone();
        match effect::open_as("exec.log.create", &how, &path) {
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
                id = format!("{first}-{number}");
            }
            opened => return opened.io("write", &path).map(|file| (id, path, file)),
        }
    }
    unreachable!("some number is free")
}

/// The time of the clock; the beginning of time where it is beyond what can be written.
pub fn timestamp() -> jiff::Timestamp {
    let now = effect::now("exec.log.clock");
    jiff::Timestamp::try_from(now).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

/// Name of this machine.
pub fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
