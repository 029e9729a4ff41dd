//! From an experiment with its cache, log and lock file, or from a data set alone, to a report.
//!
//! Everything is read, nothing is written. What is missing or damaged is left out, and said in the
//! notes, so that there is always a report.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::document::yaml;
use super::log::{self, Log};
use super::model::{End, Kind, OutputFile, Report};
use super::numbers::count;
use super::tables::{Artifact, ROWS};
use super::{figures, gallery, tables};
use crate::artifact::{Artifact as _, DatasetFile, KINDS};
use crate::cache::Cache;
use crate::config::Experiment;
use crate::dataset::{self, Info, View};
use crate::error::Result;
use crate::plan::Plan;
use crate::profile::Profile;
use crate::units;

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
    if path.exists() {
        let key = subject.plan.graph().node(subject.plan.expansion.dataset.node()).key.to_string();
        data(path, Some(&key), &mut report);
    }
    report.figures.extend(figures::of_build(subject, &log, &report.kinds));
    report.build = (!log.build.id.is_empty()).then_some(log.build);
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

/// The state of every artifact; counts them by kind; lists some.
fn artifacts(subject: &Subject<'_>, log: &Log, report: &mut Report) -> Vec<Artifact> {
    let graph = subject.plan.graph();
    let dataset = subject.plan.expansion.dataset.node();
    let mut kinds = vec![Kind::default(); KINDS.len()];
    let mut all = Vec::with_capacity(graph.len());
    let has_output = subject.cache.output_at(&subject.experiment.dataset.path);
    let has_output = |key: &crate::key::Key| matches!(&has_output, Ok(Some(record)) if record.key == *key && record.path.exists());
    let places: HashMap<&str, usize> = KINDS.iter().enumerate().map(|(i, k)| (k.name, i)).collect();
    for (at, node) in graph.iter() {
        let (label, key) = (node.label(), node.key.to_string());
        let is_there = if at == dataset {
            has_output(&node.key)
        } else {
            subject.cache.has(node.kind.name, &node.key)
        };
        let made = log.built.get(&key).copied();
        let state = match () {
            () if made.is_some() && is_there => "built",
            () if at == dataset && log.has_dataset && is_there => "built",
            () if is_there => "cached",
            () if log.failed.contains(&label) => "failed",
            () => "left",
        };
        let seconds =
            log.seconds.get(&label).copied().filter(|_| state == "built" || state == "failed");
        let kind = &mut kinds[places[node.kind.name]];
        node.kind.name.clone_into(&mut kind.name);
        match state {
            "built" => kind.built += 1,
            "cached" => kind.cached += 1,
            "failed" => kind.failed += 1,
            _ => kind.left += 1,
        }
        if state == "left" || state == "failed" {
            kind.gflop += node.cost.gflop;
        }
        kind.seconds += seconds.unwrap_or(0.0);
        let output = || subject.experiment.dataset.path.metadata().ok().map(|m| m.len());
        let bytes = if at == dataset && is_there { output() } else { made };
        kind.bytes += bytes.filter(|_| state == "built").unwrap_or(0);
        let order = ["failed", "built", "left", "cached"].iter().position(|s| *s == state);
        all.push((order, Artifact { kind: node.kind.name, label, state, seconds, bytes, key }, at));
    }
    arrows(subject.plan, &places, &kinds, report);
    report.kinds = kinds.into_iter().filter(|kind| !kind.name.is_empty()).collect();
    // If not all can be listed, those that say most.
    all.sort_by_key(|(order, _, _)| *order);
    all.truncate(ROWS);
    all.sort_by_key(|(_, _, at)| *at);
    let mut shown: Vec<Artifact> = all.into_iter().map(|(_, artifact, _)| artifact).collect();
    for artifact in
        shown.iter_mut().filter(|a| a.state == "cached" && a.kind != DatasetFile::KIND.name)
    {
        let Ok(key) = artifact.key.parse() else { continue };
        let Ok(Some(entry)) = subject.cache.head(artifact.kind, &key) else { continue };
        // Some have documents alone, which are not counted.
        artifact.bytes = Some(entry.bytes()).filter(|bytes| *bytes > 0);
        artifact.seconds = entry.notes.get("seconds").and_then(Value::as_f64);
    }
    shown
}

/// Which kinds are made from which.
fn arrows(plan: &Plan, places: &HashMap<&str, usize>, kinds: &[Kind], report: &mut Report) {
    let graph = plan.graph();
    // Places among the kinds that there are.
    let place = |name: &str| kinds[..places[name]].iter().filter(|k| !k.name.is_empty()).count();
    let mut arrows = BTreeSet::new();
    for (at, node) in graph.iter() {
        for input in graph.inputs(at) {
            let (from, to) = (graph.node(input).kind.name, node.kind.name);
            if from != to {
                arrows.insert((from, to));
            }
        }
    }
    report.arrows = arrows.into_iter().map(|(from, to)| (place(from), place(to))).collect();
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
    let lock = fs::read(path).ok().and_then(|text| serde_json::from_slice::<Value>(&text).ok());
    lock.and_then(|mut lock| serde_json::from_value(lock["outputs"][profile].take()).ok())
        .unwrap_or_default()
}

/// What the data set says. `key` is that of the experiment as it is now.
fn data(path: &Path, key: Option<&str>, report: &mut Report) {
    let mut trouble = |what: &str, error: &crate::error::Error| {
        report.notes.push(format!("{what} cannot be shown: {}.", error.message));
    };
    let info = match dataset::info(path) {
        Ok(info) => info,
        Err(error) => return trouble("The data set", &error),
    };
    match View::open(path) {
        Err(error) => trouble("The operators", &error),
        Ok(view) => {
            report.operators = tables::operators(&view);
            report.features = tables::features(&view.feature_statistics());
            report.composition = composition(&view);
            match gallery::inputs(&view) {
                Ok(inputs) => report.inputs = inputs,
                Err(error) => trouble("The initial conditions", &error),
            }
            let films = view.films(&gallery::LIMITS).unwrap_or_else(|error| {
                trouble("The rollouts", &error);
                None
            });
            report.rollouts = films.as_ref().map(|films| gallery::rollouts(&view, films));
            let (found, faults) = figures::of_data(&view, &info, films.as_ref());
            for error in &faults {
                trouble("A figure", error);
            }
            report.figures = found;
        }
    }
    if let (Some(key), Some(own)) = (key, &info.key)
        && key != own
    {
        report.notes.push(
            "The data set at the output path is of an earlier state of the experiment; it is what the \
             pictures and the table of operators show."
                .to_owned(),
        );
    }
    report.facts = facts(&info, report);
    report.data = Some(info);
}

/// How many operators have each type, policy, regime, grid and part.
fn composition(view: &View) -> Vec<(String, Vec<(String, usize)>)> {
    let counts = |texts: &mut dyn Iterator<Item = String>| {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        texts.for_each(|text| *counts.entry(text).or_default() += 1);
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        counts
    };
    let columns = [
        ("ic_types", "initial condition"),
        ("evolution_policies", "policy"),
        ("noise_regimes", "noise regime"),
        ("split", "split"),
    ];
    let mut out = Vec::new();
    for (column, name) in columns {
        if let Some(texts) = view.texts(column).filter(|texts| !texts.is_empty()) {
            let mut texts = texts.iter().map(|text| text.replace('_', " "));
            out.push((name.to_owned(), counts(&mut texts)));
        }
    }
    if let Some(sides) = view.sides().filter(|sides| !sides.is_empty()) {
        let mut counts: BTreeMap<i64, usize> = BTreeMap::new();
        for side in sides {
            *counts.entry(*side).or_default() += 1;
        }
        let counts = counts.into_iter().map(|(side, n)| (format!("{side} × {side}"), n));
        out.push(("grid".to_owned(), counts.collect()));
    }
    out
}

/// The data set in a few numbers.
fn facts(info: &Info, report: &Report) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    let mut add = |name: &str, value: u64| {
        if value > 0 {
            facts.push((name.to_owned(), count(value)));
        }
    };
    let array = |path: &str| info.arrays.iter().find(|array| array.path == path);
    let rows =
        report.composition.first().map_or(0, |(_, counts)| counts.iter().map(|(_, n)| *n).sum());
    add("operators", info.operators.max(rows) as u64);
    add("realizations", info.realizations as u64);
    add("states", info.steps as u64);
    add("channels", info.channels as u64);
    let sampled = array("/parameters/params").and_then(|array| array.shape.get(1).copied());
    add("sampled parameters", sampled.unwrap_or(0) as u64);
    add("operators with bad states", info.operators_with_bad_states as u64);
    if let Some((_, grids)) = report.composition.iter().find(|(name, _)| name == "grid") {
        let names: Vec<&str> = grids.iter().map(|(name, _)| name.as_str()).collect();
        facts.insert(facts.len().min(4), ("grid".to_owned(), names.join(", ")));
    }
    facts.push(("file".to_owned(), units::bytes(info.bytes)));
    facts
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
