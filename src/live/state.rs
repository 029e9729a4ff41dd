//! One build as its events tell it.
//!
//! Invariant: a state is a fold over the lines of a log; lines that are no events, unknown events and
//! missing fields change nothing else. Every list is bounded.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;
use serde_json::Value;

use super::timeline::{Sample, Timeline};
use crate::artifact::{Artifact, DatasetFile, KINDS};
use crate::exec::progress::Expected;

/// Most failures, and most warnings, that are kept; all are counted.
const MESSAGES: usize = 50;
/// Most kinds that are kept.
const MOST_KINDS: usize = 64;
/// Most workers that are kept.
const MOST_WORKERS: usize = 4096;
/// Longest text that is kept.
const LONGEST: usize = 2000;

/// What a build is at.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum Stage {
    /// Planning, starting workers.
    #[default]
    Starting,
    /// Workers make artifacts.
    Computing,
    /// No more work is handed out.
    Stopping,
    /// The data set is written.
    Assembling {
        /// Bytes so far.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
    /// The data set is copied from where it lies.
    Copying,
    /// Nothing more is done.
    Over,
}

/// How a build ended, if it said so.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// All that was asked for is there.
    Done,
    /// Some artifacts could not be made, or the machine failed the build.
    Failed,
    /// Ctrl-C, or an edit while it watched its file.
    Interrupted,
}

/// Artifacts of one kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Kind {
    /// Its name.
    pub kind: String,
    /// Made so far, by this build or by another one meanwhile.
    pub made: u64,
    /// To be made in all.
    pub to_make: u64,
    /// There before.
    pub cached: u64,
}

/// What a worker is at.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Work {
    /// Label of the artifact, the first if they are several.
    pub label: String,
    /// Further artifacts.
    pub more: usize,
    /// Positions of the operators within it: from, to.
    pub units: Option<(u64, u64)>,
    /// When it began, in seconds since the program started.
    #[serde(skip)]
    pub since: f64,
    #[serde(skip)]
    job: u64,
}

/// Something that was said about an artifact.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Message {
    /// Its label.
    pub label: String,
    /// What.
    pub error: String,
}

/// One build.
#[derive(Debug, Clone, Default)]
pub struct BuildState {
    /// Its experiment file.
    pub experiment: String,
    /// Its numerics profile.
    pub profile: String,
    /// The machine it runs on.
    pub host: String,
    /// Its process.
    pub pid: Option<u64>,
    /// Where its data set is to lie.
    pub output: String,
    /// When the log was begun.
    pub at: Option<jiff::Timestamp>,
    /// Seconds from the start of the program to the beginning of the log.
    pub begun: f64,
    /// Seconds from the start of the program to the beginning of the work.
    pub planned: f64,
    /// Seconds from the start of the program to the last event.
    pub last: f64,
    /// What it is at.
    pub stage: Stage,
    /// Artifacts by kind, in the order of making.
    pub kinds: Vec<Kind>,
    /// Estimated work: done, and in all, in rough GFLOP.
    pub gflop: (f64, f64),
    /// Bytes that were put into the cache.
    pub bytes: u64,
    /// Seconds that workers spent on jobs that came through.
    pub busy: f64,
    /// Workers that are there, and what each is at.
    pub workers: BTreeMap<u64, Option<Work>>,
    /// What could not be made: the first ones.
    pub failures: Vec<Message>,
    /// How much could not be made.
    pub failed: u64,
    /// What was tried once more, and what else it warned of: the last ones.
    pub warnings: VecDeque<String>,
    /// The error that ended it.
    pub error: Option<String>,
    /// How it ended, if it said so.
    pub outcome: Option<Outcome>,
    /// What it was expected to take, for the time that is left.
    pub expected: Option<Expected>,
    /// The same in full, as the log has it.
    pub predicted: Option<Value>,
    /// What it took of that.
    pub took: Option<Value>,
    /// How the work went on.
    pub timeline: Timeline,
}

impl BuildState {
    /// Takes one line of the log.
    pub fn line(&mut self, line: &[u8]) {
        if let Ok(event) = serde_json::from_slice::<Value>(line) {
            self.event(&event);
        }
    }

    /// Takes one event.
    pub fn event(&mut self, event: &Value) {
        let Some(name) = event["event"].as_str() else { return };
        let t = event["t"].as_f64().filter(|t| t.is_finite()).unwrap_or(self.last);
        self.last = t.max(self.last);
        self.advance(event);
        match name {
            "build_started" => {
                self.begun = t;
                self.planned = t;
                self.experiment = text(&event["experiment"]);
                self.profile = text(&event["profile"]);
                self.host = text(&event["host"]);
                self.output = text(&event["output"]);
                self.pid = event["pid"].as_u64();
                self.at = event["at"].as_str().and_then(|at| at.parse().ok());
            }
            "planned" => self.plan(event, t),
            "worker_started" => {
                self.stage = Stage::Computing;
                if let Some(worker) = event["worker"].as_u64()
                    && self.workers.len() < MOST_WORKERS
                {
                    self.workers.insert(worker, None);
                }
            }
            "worker_exited" => {
                if let Some(worker) = event["worker"].as_u64() {
                    self.workers.remove(&worker);
                }
            }
            "job_started" => self.job_started(event, t),
            "job_done" | "job_failed" => {
                self.busy += event["seconds"].as_f64().unwrap_or(0.0);
                self.job_over(event);
            }
            "built" => {
                self.bytes = self.bytes.saturating_add(event["bytes"].as_u64().unwrap_or(0));
                self.made(event, t);
            }
            "found" => self.made(event, t),
            "progressed" => self.progressed(event),
            "retry" => {
                let what = format!("{}: {}", text(&event["label"]), text(&event["error"]));
                self.warn(&format!("{what}; trying once more"));
            }
            "warning" => self.warn(&text(&event["message"])),
            "failed" => {
                self.failed += 1;
                if self.failures.len() < MESSAGES {
                    let (label, error) = (text(&event["label"]), text(&event["error"]));
                    self.failures.push(Message { label, error });
                }
            }
            "stopping" => self.stage = Stage::Stopping,
            "copying" => self.stage = Stage::Copying,
            "assembling" => {
                self.workers.clear();
                let number = |name: &str| event[name].as_u64().unwrap_or(0);
                self.stage = Stage::Assembling { done: number("done"), total: number("total") };
            }
            "assembled" => {
                if let Some(kind) = self.kind(DatasetFile::KIND.name) {
                    kind.made = kind.made.saturating_add(1);
                }
            }
            "build_stopped" => {
                self.error = Some(text(&event["error"]));
                self.end(Outcome::Failed);
            }
            "build_finished" => self.finished(event),
            _ => {}
        }
    }

    /// The share of the estimated work that is done.
    pub fn share(&self) -> f64 {
        match (self.gflop, &self.outcome) {
            (_, Some(Outcome::Done)) => 1.0,
            ((done, total), _) if total > 0.0 => (done / total).clamp(0.0, 1.0),
            _ => 0.0,
        }
    }

    /// Artifacts made, and to be made in all.
    pub fn artifacts(&self) -> (u64, u64) {
        self.kinds.iter().fold((0, 0), |(made, to_make), kind| {
            (made.saturating_add(kind.made), to_make.saturating_add(kind.to_make.max(kind.made)))
        })
    }

    /// Artifacts that were there before.
    pub fn cached(&self) -> u64 {
        self.kinds.iter().fold(0, |all, kind| all.saturating_add(kind.cached))
    }

    fn kind(&mut self, name: &str) -> Option<&mut Kind> {
        if let Some(at) = self.kinds.iter().position(|kind| kind.kind == name) {
            return Some(&mut self.kinds[at]);
        }
        if self.kinds.len() >= MOST_KINDS {
            return None;
        }
        // Known ones in the order of making, others behind.
        let order = |name: &str| KINDS.iter().position(|kind| kind.name == name);
        let place = order(name).unwrap_or(usize::MAX);
        let before = |kind: &Kind| order(&kind.kind).is_none_or(|other| other > place);
        let at = self.kinds.iter().position(before).unwrap_or(self.kinds.len());
        let new = Kind { kind: shortened(name), made: 0, to_make: 0, cached: 0 };
        self.kinds.insert(at, new);
        self.kinds.get_mut(at)
    }

    /// A plan: the first, or one after damage was found.
    fn plan(&mut self, event: &Value, t: f64) {
        self.planned = t;
        let predicted = &event["predicted"];
        let number = |name: &str| predicted[name].as_f64().filter(|s| s.is_finite() && *s >= 0.0);
        self.expected = number("compute_s")
            .zip(number("after_s"))
            .map(|(compute, after)| Expected { compute, after });
        self.predicted = predicted.is_object().then(|| predicted.clone());
        self.gflop.1 = self.gflop.0 + event["gflop"].as_f64().unwrap_or(0.0);
        for kind in &mut self.kinds {
            kind.to_make = kind.made;
        }
        for (name, count) in event["to_make"].as_object().into_iter().flatten() {
            if let Some(kind) = self.kind(name) {
                kind.to_make = kind.made.saturating_add(count.as_u64().unwrap_or(0));
            }
        }
        for (name, count) in event["cached"].as_object().into_iter().flatten() {
            if let Some(kind) = self.kind(name) {
                kind.cached = count.as_u64().unwrap_or(0).saturating_sub(kind.made);
            }
        }
    }

    fn advance(&mut self, event: &Value) {
        if event["event"] != "planned"
            && let Some(gflop) = event["gflop"].as_f64().filter(|gflop| *gflop > 0.0)
        {
            self.gflop.0 += gflop;
            self.sample();
        }
    }

    fn sample(&mut self) {
        let made = self.artifacts().0;
        self.timeline.push(Sample { t: self.last, gflop: self.gflop.0, made });
    }

    fn made(&mut self, event: &Value, t: f64) {
        self.last = t.max(self.last);
        if let Some(kind) = event["kind"].as_str().and_then(|name| self.kind(name)) {
            kind.made = kind.made.saturating_add(1);
        }
        self.sample();
    }

    fn job_started(&mut self, event: &Value, since: f64) {
        let (Some(worker), Some(job)) = (event["worker"].as_u64(), event["job"].as_u64()) else {
            return;
        };
        let labels = event["labels"].as_array().map_or(&[][..], Vec::as_slice);
        let units = || Some((event["units"][0].as_u64()?, event["units"][1].as_u64()?));
        let work = Work {
            label: labels.first().map(text).unwrap_or_default(),
            more: labels.len().saturating_sub(1),
            units: units(),
            since,
            job,
        };
        if let Some(slot) = self.workers.get_mut(&worker) {
            *slot = Some(work);
        }
    }

    /// What a long log says of many artifacts at once.
    fn progressed(&mut self, event: &Value) {
        for counts in ["made", "found"] {
            for (name, count) in event[counts].as_object().into_iter().flatten() {
                if let Some(kind) = self.kind(name) {
                    kind.made += count.as_u64().unwrap_or(0);
                }
            }
        }
        self.bytes += event["bytes"].as_u64().unwrap_or(0);
        self.busy += event["seconds"].as_f64().unwrap_or(0.0);
        self.failed += event["others"]["failed"].as_u64().unwrap_or(0);
        self.workers.values_mut().for_each(|work| *work = None);
        for work in event["working"].as_array().into_iter().flatten() {
            self.job_started(work, self.last);
        }
        self.sample();
    }

    fn job_over(&mut self, event: &Value) {
        let Some(slot) = event["worker"].as_u64().and_then(|w| self.workers.get_mut(&w)) else {
            return;
        };
        if slot.as_ref().is_some_and(|work| event["job"].as_u64() == Some(work.job)) {
            *slot = None;
        }
    }

    fn warn(&mut self, message: &str) {
        if self.warnings.len() == MESSAGES {
            self.warnings.pop_front();
        }
        self.warnings.push_back(shortened(message));
    }

    fn finished(&mut self, event: &Value) {
        let failed = event["failed"].as_u64().unwrap_or(0);
        self.failed = self.failed.max(failed);
        self.took = event["took"].is_object().then(|| event["took"].clone());
        for (name, count) in event["made"].as_object().into_iter().flatten() {
            if let Some(kind) = self.kind(name) {
                kind.made = kind.made.max(count.as_u64().unwrap_or(0));
                kind.to_make = kind.to_make.max(kind.made);
            }
        }
        self.end(if event["interrupted"] == true {
            Outcome::Interrupted
        } else if failed > 0 {
            Outcome::Failed
        } else {
            Outcome::Done
        });
    }

    fn end(&mut self, outcome: Outcome) {
        self.outcome = Some(outcome);
        self.stage = Stage::Over;
        self.workers.clear();
    }
}

fn text(value: &Value) -> String {
    shortened(value.as_str().unwrap_or_default())
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
