//! The event log of a build, read back. What it does not say stays empty; a line that is none, as the
//! last one of a build that was killed may be, is passed over.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::model::{Build, End, OutputFile};

/// What a log says.
#[derive(Debug, Default)]
pub struct Log {
    /// The build as a whole.
    pub build: Build,
    /// Artifacts made, by key: bytes.
    pub built: HashMap<String, u64>,
    /// Labels of artifacts given up.
    pub failed: HashSet<String>,
    /// Seconds of workers, by label.
    pub seconds: HashMap<String, f64>,
    /// Files written.
    pub outputs: Vec<OutputFile>,
    /// What the build wanted the person to know.
    pub notes: Vec<String>,
    /// Whether the data set was assembled.
    pub has_dataset: bool,
    /// What workers did: each job that ended.
    pub work: Vec<Work>,
    /// When artifacts other than the data set were in the cache.
    pub finished: Vec<f64>,
    /// How many artifacts of each kind it made, the data set among them.
    pub made: BTreeMap<String, u64>,
    /// How many of each kind were there, or came from another build.
    pub cached: BTreeMap<String, u64>,
    /// The estimated cost of what was made, by kind.
    pub gflop: BTreeMap<String, f64>,
    /// Seconds of workers in jobs that are not in `work`, by kind: the log sums them up.
    pub busy: BTreeMap<String, f64>,
    /// Whether the log sums up what it says of many artifacts, so that not all of them are named.
    pub summed: bool,
}

/// A job.
#[derive(Debug, Clone, PartialEq)]
pub struct Work {
    /// Which worker.
    pub worker: u64,
    /// Of which kind.
    pub kind: String,
    /// When it began.
    pub start: f64,
    /// When it was done.
    pub end: f64,
    /// What the worker itself spent.
    pub seconds: f64,
}

/// How many logs are looked at, newest first, to find those of an experiment.
const LOGS: usize = 400;
/// The newest log of a build of this experiment under the cache.
pub fn newest(cache: &Path, experiment: &Path) -> Option<PathBuf> {
    logs(cache, experiment).next()
}

/// The logs of builds of this experiment, newest first.
pub(super) fn logs(cache: &Path, experiment: &Path) -> impl Iterator<Item = PathBuf> {
    let folder = fs::read_dir(cache.join("log")).into_iter().flatten();
    let mut logs: Vec<PathBuf> = folder
        .filter_map(|entry| Some(entry.ok()?.path()))
        // A pipe would wait for whoever writes to it.
        .filter(|path| path.extension().is_some_and(|e| e == "jsonl") && path.is_file())
        .collect();
    // Their names begin with the time.
    logs.sort();
    let experiment = experiment.to_owned();
    let is_of = move |path: &PathBuf| {
        let mut line = String::new();
        let read = File::open(path).and_then(|file| BufReader::new(file).read_line(&mut line));
        let Ok(event) = serde_json::from_str::<Value>(&line) else { return false };
        read.is_ok()
            && event["event"] == "build_started"
            && event["experiment"].as_str().is_some_and(|named| Path::new(named) == experiment)
    };
    logs.into_iter().rev().take(LOGS).filter(is_of)
}

/// Counts by name.
pub(super) fn counts_of(counts: &Value) -> impl Iterator<Item = (&String, u64)> {
    counts.as_object().into_iter().flatten().filter_map(|(name, n)| Some((name, n.as_u64()?)))
}

/// Reads a log; none if it cannot be read at all.
pub fn read(path: &Path) -> Option<Log> {
    let id = path.file_stem()?.to_string_lossy().into_owned();
    Some(read_from(BufReader::new(File::open(path).ok()?), id))
}

/// Reads the log of the build `id`.
pub(crate) fn read_from(text: impl BufRead, id: String) -> Log {
    let mut log = Log::default();
    log.build.when = moment(&id);
    log.build.id = id;
    let mut jobs: HashMap<u64, (f64, Vec<String>)> = HashMap::new();
    for line in text.lines() {
        let Ok(line) = line else { break };
        let Ok(event) = serde_json::from_str::<Value>(&line) else { continue };
        let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        let number = |name: &str| event[name].as_f64().unwrap_or(0.0);
        let now = number("t");
        log.build.wall = log.build.wall.max(now);
        match event["event"].as_str().unwrap_or_default() {
            "build_started" => log.build.profile = text("profile"),
            "worker_started" => log.build.workers += 1,
            "retry" => log.build.retries += 1,
            "failed" => {
                log.failed.insert(text("label"));
                log.build.failed.push((text("label"), text("error")));
            }
            // Of several plans the first: the others follow on damage that was found.
            "planned" if log.cached.is_empty() => {
                log.cached = counts_of(&event["cached"]).map(|(k, n)| (k.clone(), n)).collect();
            }
            "built" => {
                log.built.insert(text("key"), event["bytes"].as_u64().unwrap_or(0));
                log.finished.push(now);
                *log.made.entry(text("kind")).or_default() += 1;
                *log.gflop.entry(text("kind")).or_default() += number("gflop");
            }
            "progressed" => progressed(&mut log, &event, now),
            "found" => {
                let found = log.cached.entry(text("kind")).or_default();
                *found = found.saturating_add(1);
            }
            "assembled" => _ = log.made.insert("dataset".to_owned(), 1),
            "job_started" => {
                let labels = event["labels"].as_array().into_iter().flatten();
                let labels = labels.filter_map(|l| l.as_str().map(str::to_owned)).collect();
                jobs.insert(event["job"].as_u64().unwrap_or(0), (now, labels));
            }
            "job_done" => {
                let job = event["job"].as_u64().and_then(|job| jobs.remove(&job));
                let (start, labels) = job.unwrap_or((now, Vec::new()));
                let seconds = number("seconds");
                if let Some((kind, _)) = labels.first().and_then(|label| label.split_once('/')) {
                    *log.gflop.entry(kind.to_owned()).or_default() += number("gflop");
                    let worker = event["worker"].as_u64().unwrap_or(0);
                    let kind = kind.to_owned();
                    log.work.push(Work { worker, kind, start, end: now, seconds });
                }
                let each = seconds / labels.len().max(1) as f64;
                for label in labels {
                    *log.seconds.entry(label).or_default() += each;
                }
            }
            "build_finished" => finished(&mut log, &event),
            _ => {}
        }
    }
    log
}

/// What a long log says of many artifacts at once.
fn progressed(log: &mut Log, event: &Value, now: f64) {
    log.summed = true;
    for (kind, n) in counts_of(&event["made"]) {
        let made = log.made.entry(kind.clone()).or_default();
        *made = made.saturating_add(n);
        log.finished.extend(std::iter::repeat_n(now, (n as usize).min(MOST_AT_ONCE)));
    }
    for (kind, n) in counts_of(&event["found"]) {
        let cached = log.cached.entry(kind.clone()).or_default();
        *cached = cached.saturating_add(n);
    }
    for (kind, seconds) in event["seconds_by_kind"].as_object().into_iter().flatten() {
        *log.busy.entry(kind.clone()).or_default() += seconds.as_f64().unwrap_or(0.0);
    }
    let retries = event["others"]["retry"].as_u64().unwrap_or(0);
    log.build.retries = log.build.retries.saturating_add(retries);
}

/// So many artifacts of one summary are counted when it comes to how many were finished in a second.
const MOST_AT_ONCE: usize = 100_000;

fn finished(log: &mut Log, event: &Value) {
    log.build.end = match (&event["interrupted"], log.build.failed.is_empty()) {
        (Value::Bool(true), _) => End::Interrupted,
        (_, true) => End::Complete,
        (_, false) => End::Failed,
    };
    // Of the kinds in their order the data set is the last.
    let built = event["built"].as_array();
    log.has_dataset = built.and_then(|kinds| kinds.last()?.as_u64()).is_some_and(|n| n > 0);
    if let Some(stages) = event["stages"].as_object() {
        let stages = stages.iter().filter_map(|(name, s)| Some((name.clone(), s.as_f64()?)));
        log.build.stages = stages.collect();
    }
    let pair = |seconds: &Value, bytes: &Value| Some((seconds.as_f64()?, bytes.as_f64()? as u64));
    let (predicted, took) = (&event["predicted"], &event["took"]);
    log.build.score = pair(&predicted["seconds"]["likely"], &predicted["bytes"]["likely"])
        .filter(|_| predicted["basis"] != "nothing")
        .zip(pair(&took["seconds"], &took["bytes"]))
        .map(|(predicted, took)| [predicted, took]);
    let notes = event["notes"].as_array().into_iter().flatten();
    log.notes = notes.filter_map(|note| note.as_str().map(str::to_owned)).collect();
    let outputs = event["outputs"].as_array().into_iter().flatten();
    let text = |output: &Value, name: &str| output[name].as_str().unwrap_or_default().to_owned();
    log.outputs = outputs
        .map(|output| OutputFile {
            path: text(output, "path"),
            kind: text(output, "kind"),
            digest: text(output, "digest"),
            bytes: output["bytes"].as_u64(),
        })
        .collect();
}

/// `20261121T192130Z-25619` → `2026-11-21 19:21:30 UTC`; as it is if it has another form.
pub(super) fn moment(id: &str) -> String {
    let part = |range: std::ops::Range<usize>| id.get(range).unwrap_or_default();
    let is_time = id.get(..16).is_some_and(|t| t.as_bytes()[8] == b'T' && t.ends_with('Z'));
    if !is_time {
        return id.to_owned();
    }
    let (date, time) =
        ([part(0..4), part(4..6), part(6..8)], [part(9..11), part(11..13), part(13..15)]);
    format!("{} {} UTC", date.join("-"), time.join(":"))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Writes a log into the cache `folder`.
    pub fn write(folder: &Path, name: &str, lines: &str) {
        fs::create_dir_all(folder.join("log")).unwrap();
        fs::write(folder.join("log").join(name), lines).unwrap();
    }

    #[test]
    fn the_newest_log_of_the_experiment_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let started =
            |name| format!("{{\"event\":\"build_started\",\"t\":0,\"experiment\":\"{name}\"}}\n");
        assert_eq!(newest(folder.path(), Path::new("x.yaml")), None);
        write(folder.path(), "20260101T000000Z-1.jsonl", &started("x.yaml"));
        write(folder.path(), "20260102T000000Z-1.jsonl", &started("x.yaml"));
        write(folder.path(), "20260103T000000Z-1.jsonl", &started("y.yaml"));
        write(folder.path(), "20260104T000000Z-1.jsonl", "");
        write(folder.path(), "last-1.txt", "");
        let found = newest(folder.path(), Path::new("x.yaml")).unwrap();
        assert!(found.ends_with("20260102T000000Z-1.jsonl"), "{}", found.display());
    }

    #[test]
    fn a_log_says_what_was_made_and_how_long_it_took() {
        let folder = tempfile::tempdir().unwrap();
        let lines = r#"{"event":"build_started","t":0.1,"experiment":"x.yaml","profile":"cpu"}
{"event":"worker_started","t":0.2,"worker":0,"pid":1}
{"event":"job_started","t":0.3,"job":1,"worker":0,"labels":["a","b"],"units":[0,1]}
{"event":"job_done","t":0.4,"job":1,"worker":0,"seconds":3.0}
{"event":"of a later version","t":0.4}
{"event":"built","t":0.5,"kind":"weights","label":"a","key":"k","digest":"d","bytes":7}
{"event":"retry","t":0.5,"label":"b","error":"first"}
{"event":"failed","t":0.6,"label":"b","error":"why"}
{"event":"build_fin"#;
        write(folder.path(), "20260102T030405Z-1.jsonl", lines);
        let path = newest(folder.path(), Path::new("x.yaml")).unwrap();
        let log = read(&path).unwrap();
        assert_eq!(log.build.when, "2026-01-02 03:04:05 UTC");
        assert_eq!((log.build.end, log.build.wall), (End::Open, 0.6));
        assert_eq!((log.seconds["a"], log.seconds["b"]), (1.5, 1.5));
        assert_eq!((log.built["k"], log.failed.contains("b")), (7, true));
        assert_eq!((log.build.workers, log.build.retries), (1, 1));
        let rest = lines.replace(
            r#"{"event":"build_fin"#,
            r#"{"event":"build_finished","t":1,"built":[0,1],"failed":1,"stages":{"start":0.25},
"#,
        );
        let rest = rest.trim_end().to_owned()
            + r#""outputs":[{"path":"x.h5","kind":"dataset","digest":"d","bytes":3}],"notes":["n"],"interrupted":false}"#;
        fs::write(&path, rest).unwrap();
        let log = read(&path).unwrap();
        assert_eq!((log.build.end, log.has_dataset), (End::Failed, true));
        assert_eq!(log.build.stages, [("start".to_owned(), 0.25)]);
        assert_eq!(log.notes, ["n"]);
        assert_eq!((log.outputs[0].kind.as_str(), log.outputs[0].bytes), ("dataset", Some(3)));
    }

    #[test]
    fn a_log_says_what_workers_did_and_what_there_was() {
        let folder = tempfile::tempdir().unwrap();
        let lines = r#"{"event":"build_started","t":0.1,"experiment":"x.yaml"}
{"event":"planned","t":0.1,"to_make":{"rollout":2},"cached":{"weights":3},"gflop":9.0}
{"event":"planned","t":0.2,"to_make":{"rollout":2},"cached":{"weights":2},"gflop":9.0}
{"event":"job_started","t":0.5,"job":1,"worker":4,"labels":["rollout/ops0-1"],"units":[0,1]}
{"event":"found","t":0.6,"kind":"weights","label":"weights/ops2-3","key":"w","gflop":1.0}
{"event":"job_done","t":1.5,"job":1,"worker":4,"seconds":0.75,"gflop":5.0}
{"event":"built","t":2.0,"kind":"rollout","label":"rollout/ops0-1","key":"k","bytes":7,"gflop":0.0}
{"event":"assembled","t":3.0,"bytes":1,"digest":"d"}
"#;
        write(folder.path(), "20260102T030405Z-1.jsonl", lines);
        let log = read(&newest(folder.path(), Path::new("x.yaml")).unwrap()).unwrap();
        let work =
            Work { worker: 4, kind: "rollout".to_owned(), start: 0.5, end: 1.5, seconds: 0.75 };
        assert_eq!((log.work, log.finished), (vec![work], vec![2.0]));
        let counts = |pairs: &[(&str, u64)]| -> BTreeMap<String, u64> {
            pairs.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect()
        };
        assert_eq!(log.made, counts(&[("rollout", 1), ("dataset", 1)]));
        assert_eq!(log.cached, counts(&[("weights", 4)]));
        assert_eq!(log.gflop["rollout"], 5.0);
    }
}
