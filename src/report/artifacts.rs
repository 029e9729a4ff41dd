//! What became of every artifact: the plan, the cache and the log of the build brought together.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::collect::Subject;
use super::log::Log;
use super::model::{Kind, Report};
use super::tables::{Artifact, ROWS};
use crate::artifact::{Artifact as _, DatasetFile, KINDS};
use crate::plan::Plan;

/// The state of every artifact; counts them by kind; lists some.
pub fn artifacts(subject: &Subject<'_>, log: &Log, report: &mut Report) -> Vec<Artifact> {
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
        kind.bytes = kind.bytes.saturating_add(bytes.filter(|_| state == "built").unwrap_or(0));
        let order = ["failed", "built", "left", "cached"].iter().position(|s| *s == state);
        all.push((order, Artifact { kind: node.kind.name, label, state, seconds, bytes, key }, at));
    }
    if log.summed {
        // It counts some that it does not name.
        for kind in &mut kinds {
            let unnamed = log.made.get(&kind.name).copied().unwrap_or(0).saturating_sub(kind.built);
            let unnamed = unnamed.min(kind.cached);
            (kind.built, kind.cached) = (kind.built + unnamed, kind.cached - unnamed);
        }
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
