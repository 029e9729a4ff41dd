//! The event log of a build (`cache/log/<build>.jsonl`, one JSON object per line) and its trace
//! (`<build>.trace.json`, in the Trace Event Format that Perfetto and `chrome://tracing` open).
//!
//! Every event has `event` (its name) and `t` (seconds since the start). The events and their fields
//! are listed in `docs/events.md`. Nothing here enters a key or a digest.
//!
//! Invariant: the log is locked by its writer from before its first line until the build is over, and
//! the kernel gives the lock back if the writer dies. So a log without a last event and without a lock
//! is that of a build that died. Neither file grows without a bound, and neither does the memory for them.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::{Value, json};

use super::old_logs;
use super::spans::Spans;
use super::summary::Summary;
use crate::cache::Documents;
use crate::effect;
use crate::error::{IoContext, Result};

/// Up to this length a log says everything.
const DETAILED: u64 = 64 << 20;
/// Up to this length it also names what went wrong; afterwards that is counted too.
const LONGEST: u64 = 2 * DETAILED;
/// Least time between two summaries, in seconds, and least share of the time so far.
const EVERY: (f64, f64) = (1.0, 1e-3);

/// The log of one build.
pub struct EventLog {
    id: String,
    /// When the log was begun.
    at: jiff::Timestamp,
    path: PathBuf,
    sink: Option<BufWriter<File>>,
    start: Instant,
    jobs: u64,
    spans: Spans,
    /// Bytes written.
    length: u64,
    /// Up to which length everything is said, and up to which what went wrong.
    limits: (u64, u64),
    summary: Summary,
    /// When the last summary was written.
    summed: f64,
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
        // With this one.
        old_logs::remove(folder, old_logs::KEPT);
        Ok(Self {
            id,
            at: now,
            path,
            sink: Some(BufWriter::new(file)),
            start,
            jobs: 0,
            spans: Spans::default(),
            length: 0,
            limits: (DETAILED, LONGEST),
            summary: Summary::default(),
            summed: 0.0,
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
    /// build: the build will say so itself if it cannot write either. In a log that has become long, what is
    /// said of each job and artifact is summed up.
    pub fn event(&mut self, name: &str, fields: Value) {
        let limit = match name {
            "job_started" | "job_done" | "built" | "found" => self.limits.0,
            "job_failed" | "retry" | "failed" | "warning" | "part_refused" | "worker_started"
            | "worker_exited" | "worker_stalled" => self.limits.1,
            // Few, and needed.
            _ => u64::MAX,
        };
        if self.length > limit {
            self.summary.take(name, &fields);
            let now = self.start.elapsed().as_secs_f64();
            if now - self.summed >= EVERY.0.max(now * EVERY.1) {
                self.sum_up();
            }
            return;
        }
        match name {
            "job_started" => self.summary.begin(&fields),
            "job_done" | "job_failed" | "worker_exited" => self.summary.end(&fields),
            // Whoever reads of a turn of the build knows all that was before.
            _ if limit == u64::MAX => self.sum_up(),
            _ => {}
        }
        self.write(name, fields);
    }

    /// Writes what was left out since the last time.
    fn sum_up(&mut self) {
        self.summed = self.start.elapsed().as_secs_f64();
        if let Some(fields) = self.summary.fields() {
            self.write("progressed", fields);
        }
    }

    fn write(&mut self, name: &str, fields: Value) {
        let Some(sink) = &mut self.sink else { return };
        let mut line = serde_json::Map::new();
        line.insert("event".into(), name.into());
        line.insert("t".into(), self.start.elapsed().as_secs_f64().into());
        if let Value::Object(fields) = fields {
            line.extend(fields);
        }
        let mut text = Value::Object(line).to_string();
        text.push('\n');
        self.length += text.len() as u64;
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
        self.spans.push(row, label, kind, start, start + since.elapsed().as_secs_f64());
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
        let path = self.path.with_extension("trace.json");
        // Nobody else's: its name is that of the log.
        let new = OpenOptions::new().write(true).create_new(true).clone();
        let file = effect::open_as("exec.trace.create", &new, &path).io("write", &path)?;
        let mut to = BufWriter::new(file);
        self.spans.write(&mut to).and_then(|()| to.flush()).io("write", &path)
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn names(log: &EventLog) -> Vec<String> {
        let text = fs::read_to_string(&log.path).unwrap();
        let events = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        events.map(|event| event["event"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_long_log_sums_up_and_still_says_how_it_ended_and_how_much_was_made() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = EventLog::create(folder.path(), Instant::now(), "cpu").unwrap();
        log.limits = (2000, 4000);
        log.event("build_started", json!({}));
        for number in 0..1000_u32 {
            let job = json!({"job": number, "worker": number % 2, "labels": ["weights/ops0-31"]});
            log.event("job_started", job);
            let done = json!({"job": number, "worker": number % 2, "seconds": 0.5, "gflop": 0.0});
            log.event("job_done", done);
            log.event("built", json!({"kind": "weights", "bytes": 3, "gflop": 2.0}));
            log.event("retry", json!({"label": "weights/ops0-31", "error": "x"}));
        }
        log.event("build_finished", json!({}));
        let length = fs::metadata(&log.path).unwrap().len();
        assert!((2000..6000).contains(&length), "{length}");
        let names = names(&log);
        assert_eq!(names[0], "build_started");
        assert_eq!(names[names.len() - 2..], ["progressed", "build_finished"]);
        let text = fs::read_to_string(&log.path).unwrap();
        let (mut made, mut gflop, mut seconds) = (0, 0.0, 0.0);
        for line in text.lines() {
            let event: Value = serde_json::from_str(line).unwrap();
            gflop += event["gflop"].as_f64().unwrap_or(0.0);
            seconds += event["seconds"].as_f64().unwrap_or(0.0);
            made += u64::from(event["event"] == "built");
            made += event["made"]["weights"].as_u64().unwrap_or(0);
        }
        assert_eq!((made, gflop, seconds), (1000, 2000.0, 500.0));
    }

    #[test]
    fn a_short_log_says_everything() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = EventLog::create(folder.path(), Instant::now(), "cpu").unwrap();
        for name in ["build_started", "job_started", "job_done", "built", "build_finished"] {
            log.event(name, json!({"worker": 0}));
        }
        let expected = ["build_started", "job_started", "job_done", "built", "build_finished"];
        assert_eq!(names(&log), expected);
    }
}
