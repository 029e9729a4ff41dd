//! From an experiment with its cache, log and lock file, or from a data set alone, to a report.
//!
//! Everything is read, nothing is written. What is missing or damaged is left out, and said in the
//! notes, so that there is always a report.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::artifacts::artifacts;
use super::data::data;
use super::document::yaml;
use super::log::{self, Log};
use super::model::{End, OutputFile, Report};
use super::{figures, tables};
use crate::cache::Cache;
use crate::config::Experiment;
use crate::dataset::{Info, View};
use crate::error::Result;
use crate::plan::Plan;
use crate::profile::Profile;

/// An experiment, and where its things are.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The project root.
    pub root: &'a Path,
    /// The experiment.
    pub experiment: &'a Experiment,
    /// The numerics profile.
    pub profile: &'a Profile,
    /// The cache.
    pub cache: &'a Cache,
    /// What there is to make.
    pub plan: &'a Plan,
    /// The lock file, there or not.
    pub lock: &'a Path,
    /// Whether the data set may be opened here: the file is as this program wrote it, or this process may
    /// die of it.
    pub own: bool,
}

/// The report of an experiment: its last build, and its data set.
pub fn of_experiment(subject: &Subject<'_>) -> Report {
    let Subject { experiment, .. } = *subject;
    let found =
        log::newest(subject.cache.root(), &experiment.file).and_then(|path| log::read(&path));
    let log = found.unwrap_or_default();
    let mut report = Report {
        title: experiment.name.clone(),
        description: experiment.document["metadata"]["description"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        subject: experiment.file.display().to_string(),
        configuration: yaml(&experiment.document),
        notes: experiment.notes.clone(),
        ..Report::default()
    };
    // What the experiment says now, and what the build found besides.
    let found = log.notes.iter().filter(|note| !experiment.notes.contains(note));
    report.notes.extend(found.cloned());
    let artifacts = artifacts(subject, &log, &mut report);
    let left: u64 = report.kinds.iter().map(|kind| kind.left).sum();
    report.artifacts = Some(tables::artifacts(&artifacts, subject.plan.graph().len()));
    outputs(subject, &log, &mut report);
    let ends_well = log.build.end == End::Complete;
    if ends_well && left > 0 {
        report.notes.push(format!(
            "The experiment, the cache or the output was changed since that build: {left} artifacts \
             are to be made. The graph and the table of artifacts show the experiment as it is now."
        ));
    }
    let path = &experiment.dataset.path;
    if path.exists() && !subject.own {
        report.notes.push(
            "The file at the output path is not as it was written, so it is not shown here; \
             `spinlock report` shows it."
                .to_owned(),
        );
    } else if path.exists() {
        let key = subject.plan.graph().node(subject.plan.expansion.dataset.node()).key.to_string();
        data(path, Some(&key), &mut report);
    }
    report.figures.extend(figures::of_build(subject, &log, &report.kinds));
    report.build = (!log.build.id.is_empty()).then_some(log.build);
    report.pictures = super::renders::pictures(subject);
    provenance(&mut report, Some(subject.profile));
    report
}

/// The report of a data set alone.
///
/// # Errors
/// If it cannot be opened.
pub fn of_file(path: &Path) -> Result<Report> {
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    // What cannot be opened is an error here, and only here.
    let view = View::open(path)?;
    drop(view);
    let mut report =
        Report { title: name, subject: path.display().to_string(), ..Report::default() };
    data(path, None, &mut report);
    if let Some(info) = &report.data {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let name = text(&info.provenance["name"]);
        if !name.is_empty() {
            report.title = name;
        }
        let document = &info.provenance["experiment"];
        report.description = text(&document["metadata"]["description"]);
        report.configuration = match (document.is_object(), info.config.is_object()) {
            (true, _) => yaml(document),
            (false, true) => yaml(&info.config),
            (false, false) => String::new(),
        };
        report.outputs = vec![OutputFile {
            path: path.display().to_string(),
            kind: "dataset".to_owned(),
            digest: info.digest.clone().unwrap_or_default(),
            bytes: Some(info.bytes),
        }];
    }
    provenance(&mut report, None);
    Ok(report)
}

/// What was written: as the log says, else as the lock file says.
fn outputs(subject: &Subject<'_>, log: &Log, report: &mut Report) {
    let locked = locked(subject.lock, &subject.profile.name);
    let short = |path: &str| -> String {
        let path = Path::new(path);
        path.strip_prefix(subject.root).unwrap_or(path).display().to_string()
    };
    report.outputs.clone_from(&log.outputs);
    for output in &mut report.outputs {
        output.path = short(&output.path);
    }
    if report.outputs.is_empty() {
        report.outputs = locked
            .iter()
            .map(|(path, digest)| OutputFile {
                path: path.clone(),
                kind: kind_of(Path::new(path)).to_owned(),
                digest: digest.clone(),
                bytes: None,
            })
            .collect();
    }
    for output in &mut report.outputs {
        // A folder of weights has no one length; what the log says of it stands.
        let there = fs::metadata(subject.root.join(&output.path)).ok();
        match there {
            None => output.bytes = None,
            Some(there) if there.is_file() => output.bytes = Some(there.len()),
            Some(_) => {}
        }
        let recorded = locked.get(&output.path);
        if recorded.is_some_and(|digest| *digest != output.digest) {
            report
                .notes
                .push(format!("`{}` has another digest than the lock file records.", output.path));
        }
    }
}

/// What an output is by its name.
fn kind_of(path: &Path) -> &'static str {
    match path.extension().and_then(|e| e.to_str()) {
        Some("yaml") => "statistics",
        Some("h5" | "hdf5" | "hdf") => "dataset",
        _ => "weights",
    }
}

/// The digests of outputs that a lock file records for a profile.
fn locked(path: &Path, profile: &str) -> BTreeMap<String, String> {
    if !path.is_file() {
        return BTreeMap::new();
    }
    fs::read(path).map(|text| locked_in(&text, profile)).unwrap_or_default()
}

/// The same of the text of a lock file.
pub(crate) fn locked_in(text: &[u8], profile: &str) -> BTreeMap<String, String> {
    let lock = serde_json::from_slice::<Value>(text).ok();
    // Not by index, which a value that is no mapping does not survive.
    let outputs = lock.as_ref().and_then(|lock| lock.get("outputs")?.get(profile));
    outputs.and_then(|outputs| BTreeMap::deserialize(outputs).ok()).unwrap_or_default()
}

/// Where everything comes from, in the order of reading.
fn provenance(report: &mut Report, profile: Option<&Profile>) {
    let mut rows: Vec<(String, String)> = Vec::new();
    let mut add = |name: &str, text: String| {
        if !text.is_empty() {
            rows.push((name.to_owned(), text));
        }
    };
    let stored = |info: &Info, path: &str| match info.provenance.pointer(path) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    add("file", report.subject.clone());
    if let Some(build) = &report.build {
        add("build log", build.id.clone());
    }
    if let Some(info) = &report.data {
        add("data set made", stored(info, "/created"));
        add("host", stored(info, "/host"));
        add("device", stored(info, "/device"));
        add("precision", stored(info, "/precision"));
        add("numerics profile", stored(info, "/profile"));
        let commit = stored(info, "/git/commit");
        let dirty = stored(info, "/git/dirty") == "true";
        add("git commit", if dirty { format!("{commit}, with changes") } else { commit });
        add("spinlock version", stored(info, "/versions/spinlock"));
        add("libtorch version", stored(info, "/versions/libtorch"));
        add("key of the data set", info.key.clone().unwrap_or_default());
        add("digest of the data set", info.digest.clone().unwrap_or_default());
    } else if let Some(profile) = profile {
        add("numerics profile", profile.name.to_string());
        add("precision", profile.precision.name().to_owned());
        add("spinlock version", env!("CARGO_PKG_VERSION").to_owned());
    }
    report.provenance = rows;
}

/// Where the report of a data set lies: `datasets/x.h5` → `datasets/x.report.html`.
pub fn path(dataset: &Path) -> PathBuf {
    dataset.with_extension("report.html")
}
