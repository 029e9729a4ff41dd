//! What a build says about itself in the event log, besides what its workers do (`exec`).

use serde_json::{Map, Value, json};

use super::Report;
use crate::artifact::{Artifact, DatasetFile, KINDS};
use crate::config::Experiment;
use crate::exec::log::{EventLog, host};
use crate::graph::Graph;
use crate::plan::{Output, Plan, kind_index};
use crate::predict::Prediction;
use crate::profile::Profile;
use crate::recompute::Checked;

/// The first event.
pub fn started(log: &mut EventLog, experiment: &Experiment, profile: &Profile, to_make: usize) {
    let fields = json!({
        "experiment": experiment.file,
        "profile": &*profile.name,
        "to_make": to_make,
        "at": log.at(),
        "host": host(),
        "pid": std::process::id(),
        "output": experiment.dataset.path,
    });
    log.event("build_started", fields);
}

/// What is to be made, what is there, and what the making costs. Without `only_some` a data set that
/// has to be assembled is among the first.
pub fn planned(
    log: &mut EventLog,
    plan: &Plan,
    to_make: &[usize],
    only_some: bool,
    predicted: Option<&Prediction>,
) {
    let mut counts = [0; KINDS.len()];
    let mut gflop = 0.0;
    for at in to_make {
        let node = plan.graph().node(*at);
        counts[kind_index(node.kind.name)] += 1;
        gflop += node.cost.gflop;
    }
    if !only_some && matches!(plan.output, Output::Assemble(_)) {
        counts[kind_index(DatasetFile::KIND.name)] += 1;
    }
    let cached = by_kind(&plan.cached());
    let to_make = by_kind(&counts);
    let fields = json!({"to_make": to_make, "cached": cached, "gflop": gflop,
                        "predicted": predicted});
    log.event("planned", fields);
}

/// The last event.
pub fn finished(log: &mut EventLog, report: &Report) {
    let stages: Map<String, Value> =
        report.stages.iter().map(|(name, s)| ((*name).to_owned(), json!(s))).collect();
    let fields = json!({
        "built": report.built,
        "made": by_kind(&report.built),
        "failed": report.failed.len(),
        "interrupted": report.interrupted,
        "outputs": report.outputs,
        "notes": report.notes,
        "stages": stages,
        "predicted": report.predicted,
        "took": report.took,
    });
    log.event("build_finished", fields);
}

/// Counts by kind, without zeros.
fn by_kind(counts: &[u64; KINDS.len()]) -> Map<String, Value> {
    let some = KINDS.iter().zip(counts).filter(|(_, n)| **n > 0);
    some.map(|(kind, n)| (kind.name.to_owned(), json!(n))).collect()
}

/// Some artifacts are made once more.
pub fn checking(
    log: &mut EventLog,
    experiment: &Experiment,
    graph: &Graph,
    chosen: &[usize],
    sample: &str,
) {
    let mut counts = [0; KINDS.len()];
    for at in chosen {
        counts[kind_index(graph.node(*at).kind.name)] += 1;
    }
    log.event(
        "checking",
        json!({"experiment": experiment.file, "artifacts": by_kind(&counts), "sample": sample}),
    );
}

/// They were compared.
pub fn checked(log: &mut EventLog, checked: &Checked) {
    log.event(
        "checked",
        json!({
            "artifacts": by_kind(&checked.counts),
            "differing": checked.differing.len(),
            "failed": checked.failed.len(),
            "interrupted": checked.interrupted,
        }),
    );
}
