//! The stage of a build that makes some of it once more and compares: `build --check`.

use std::path::Path;
use std::time::Instant;

use serde_json::json;

use super::report::CheckReport;
use super::{Report, Request, events, provenance};
use crate::artifact::{Artifact, DatasetFile};
use crate::assemble::{self, Sources};
use crate::cache::{Cache, Difference};
use crate::dataset;
use crate::error::Result;
use crate::exec::log::EventLog;
use crate::exec::progress::Progress;
use crate::plan::kind_index;
use crate::project::Project;
use crate::recompute::{Differing, Share, Workshop};

/// Makes a share of the artifacts again; the data set too, if all is asked for.
pub fn run(
    project: &Project,
    sources: &Sources<'_>,
    request: &Request,
    share: Share,
    report: &mut Report,
    progress: &mut dyn Progress,
    log: &mut Option<EventLog>,
) -> Result<()> {
    let Sources { experiment, profile, plan, cache, interrupt } = *sources;
    let graph = plan.graph();
    let dataset = plan.expansion.dataset.node();
    let is_meant = |kind: &str| request.only.is_empty() || request.only.iter().any(|o| o == kind);
    let candidates: Vec<usize> = graph
        .iter()
        .filter(|(at, node)| *at != dataset && is_meant(node.kind.name))
        .filter(|(_, node)| cache.has(node.kind.name, &node.key))
        .map(|(at, _)| at)
        .collect();
    let seed = share.seed.unwrap_or_else(fresh);
    let sample = share.again(seed);
    let chosen = share.choose(graph, &candidates, seed);
    // A check without a build has a log of its own, apart from those of builds.
    let mut own = None;
    let log = if let Some(log) = log {
        log
    } else {
        let folder = cache.root().join("log/checks");
        own.insert(EventLog::create(&folder, Instant::now(), &profile.name)?)
    };
    events::checking(log, experiment, graph, &chosen, &sample);
    progress.say(&format!(
        "checking {} of {} artifacts (the same again: --check={sample})",
        chosen.len(),
        candidates.len()
    ));
    let workshop = Workshop {
        root: &project.root,
        experiment,
        profile,
        plan,
        staff: &request.staff,
        interrupt,
    };
    let mut checked = workshop.check(cache, &chosen, progress)?;
    report.interrupted |= checked.interrupted;
    let whole = share.is_all() && is_meant(DatasetFile::KIND.name) && !report.interrupted;
    if whole && checked.failed.is_empty() && !report.outputs.is_empty() {
        checked.counts[kind_index(DatasetFile::KIND.name)] += 1;
        checked.differing.extend(assembled(project, sources, report, progress)?);
    }
    for one in &checked.differing {
        log.event("differs", json!(one));
    }
    events::checked(log, &checked);
    report.failed.extend(checked.failed);
    report.check = Some(CheckReport {
        counts: checked.counts,
        differing: checked.differing,
        samples: vec![sample],
    });
    Ok(())
}

/// Another sample each time.
fn fresh() -> u32 {
    let now = crate::exec::log::timestamp().as_nanosecond();
    let hash =
        blake3::hash(&[now.to_le_bytes(), i128::from(std::process::id()).to_le_bytes()].concat());
    u32::from_le_bytes(hash.as_bytes()[..4].try_into().expect("four bytes"))
}

/// Assembles the data set beside, and says whether it comes out otherwise.
fn assembled(
    project: &Project,
    sources: &Sources<'_>,
    report: &Report,
    progress: &mut dyn Progress,
) -> Result<Option<Differing>> {
    let node = sources.plan.graph().node(sources.plan.expansion.dataset.node());
    let Some(output) = report.outputs.iter().find(|output| output.kind == node.kind.name) else {
        return Ok(None);
    };
    let scratch = sources.cache.scratch_cache()?;
    let path = scratch.cache().root().join("dataset.h5");
    let about = provenance::document(project, sources.experiment, sources.profile, &node.key);
    let quality = assemble::quality(sources)?;
    let file = assemble::contents(sources, node.key, &about, &quality)?;
    let shared = std::sync::Mutex::new(progress);
    let written = dataset::write(&path, &file, &|done| {
        if let Ok(mut progress) = shared.lock() {
            progress.assembling(done, done.max(1));
        }
    })?;
    if written.digest == output.digest {
        return Ok(None);
    }
    let kept = keep(sources.cache, &path, &node.key.to_string())?;
    let found = dataset::diff(Path::new(&output.path), &kept)?;
    let changed = found.changed.iter().map(|array| array.path.clone());
    let attributes = found.attributes.iter().map(|attribute| attribute.path.clone());
    let unlike: Vec<String> =
        changed.chain(found.removed).chain(found.added).chain(attributes).collect();
    Ok(Some(Differing {
        kind: node.kind.name,
        label: node.label(),
        key: node.key,
        first: output.digest,
        again: written.digest,
        place: unlike.first().cloned().unwrap_or_else(|| "attributes".to_owned()),
        difference: Difference { unlike, ..Difference::default() },
        because: None,
        kept: Some(kept),
    }))
}

/// Puts a file where a person can look at it, until `gc`.
fn keep(cache: &Cache, path: &Path, key: &str) -> Result<std::path::PathBuf> {
    cache.keep_file(path, &format!("dataset-{}", &key[..16]), "h5")
}
