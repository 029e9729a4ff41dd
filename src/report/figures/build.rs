//! How the data set was built, and what edits cost.

use super::figure;
use crate::artifact::KINDS;
use crate::chart::price::{self, Unit, When};
use crate::chart::timeline;
use crate::report::builds::{self, Outline};
use crate::report::collect::Subject;
use crate::report::log::Log;
use crate::report::model::{Figure, Kind, Topic};

/// How many builds are compared, at most.
const BUILDS: usize = 8;

/// The figures of a build. `kinds` are the artifacts as they are now.
pub fn of_build(subject: &Subject<'_>, log: &Log, kinds: &[Kind]) -> Vec<Figure> {
    let ahead = kinds.iter().any(|kind| kind.left + kind.failed > 0);
    let price = if ahead { Some(coming(subject, log, kinds)) } else { spent(log) };
    let builds = builds::recent(subject.cache.root(), &subject.experiment.file, BUILDS);
    [timeline(log), price, compared(&builds)].into_iter().flatten().collect()
}

/// A kind as people write it.
fn words(kind: &str) -> String {
    kind.replace('_', " ")
}

fn timeline(log: &Log) -> Option<Figure> {
    let place = |name: &str| KINDS.iter().position(|kind| kind.name == name);
    let work = log.work.iter().filter_map(|work| {
        Some(timeline::Work {
            worker: work.worker as usize,
            kind: place(&work.kind)?,
            start: work.start,
            end: work.end,
        })
    });
    let number = |counts: &std::collections::BTreeMap<String, u64>, name: &str| {
        counts.get(name).map_or(0, |n| *n as usize)
    };
    let kinds = KINDS.iter().map(|kind| timeline::Kind {
        name: words(kind.name),
        cached: number(&log.cached, kind.name),
        built: number(&log.made, kind.name),
    });
    let build = timeline::Build {
        kinds: kinds.collect(),
        work: work.collect(),
        finished: log.finished.clone(),
    };
    if build.work.is_empty() && build.finished.is_empty() {
        return None;
    }
    let chart = timeline::chart("Course of the build", &build);
    let note = "What each worker did when, from the start of the program on; a gap is a worker without work. \
                The data set is assembled after them.";
    let summed = " The log is long: from some time on it sums work up, which is not drawn.";
    let note = format!("{note}{}", if log.summed { summed } else { "" });
    Some(figure("timeline", Topic::Build, chart, [note]))
}

/// What the build made, and what that took.
fn spent(log: &Log) -> Option<Figure> {
    let seconds = |name: &str| -> f64 {
        let named: f64 =
            log.work.iter().filter(|work| work.kind == name).map(|work| work.seconds).sum();
        named + log.busy.get(name).copied().unwrap_or(0.0)
    };
    let kinds: Vec<price::Kind> = KINDS
        .iter()
        .map(|kind| price::Kind {
            name: words(kind.name),
            cached: log.cached.get(kind.name).map_or(0, |n| *n as usize),
            stale: log.made.get(kind.name).map_or(0, |n| *n as usize),
            blocked: 0,
            cost: Some(seconds(kind.name)).filter(|s| *s > 0.0),
        })
        .collect();
    if kinds.iter().all(|kind| kind.stale == 0) {
        return None;
    }
    let chart = price::chart("Price of the build", &kinds, Unit::Seconds, When::Done);
    let note = "What the build made of all artifacts, and the time of workers for it. Assembling the data set \
                is no work of theirs.";
    Some(figure("price", Topic::Build, chart, [note.to_owned()]))
}

/// What the next build has to make, and what that would take: in seconds at the rate of the last build, in
/// bytes if there was none.
fn coming(subject: &Subject<'_>, log: &Log, kinds: &[Kind]) -> Figure {
    let spent = |name: Option<&str>| -> (f64, f64) {
        let of = |kind: &str| name.is_none_or(|name| name == kind);
        (
            log.work.iter().filter(|work| of(&work.kind)).map(|work| work.seconds).sum(),
            log.gflop.iter().filter(|(kind, _)| of(kind)).map(|(_, gflop)| gflop).sum(),
        )
    };
    let rate = |name: &str| {
        let known = [Some(name), None].map(spent).into_iter().find(|(s, g)| *s > 0.0 && *g > 0.0);
        known.map(|(seconds, gflop)| seconds / gflop)
    };
    let has_rate = rate("").is_some();
    let sizes = subject.plan.tallies();
    let bytes = |name: &str| {
        KINDS.iter().zip(sizes).find(|(kind, _)| kind.name == name).map(|(_, (_, b))| b as f64)
    };
    let shown: Vec<price::Kind> = kinds
        .iter()
        .map(|kind| price::Kind {
            name: words(&kind.name),
            cached: (kind.cached + kind.built) as usize,
            stale: (kind.left + kind.failed) as usize,
            blocked: 0,
            cost: match (kind.left + kind.failed > 0, has_rate) {
                (false, _) => None,
                (true, true) => rate(&kind.name).map(|rate| rate * kind.gflop),
                (true, false) => bytes(&kind.name),
            },
        })
        .collect();
    let unit = if has_rate { Unit::Seconds } else { Unit::Bytes };
    let chart = price::chart("Price of the next build", &shown, unit, When::Ahead);
    let note = if has_rate {
        "What is still to be made of all artifacts. The time is that of workers, estimated from what the last \
         build took."
    } else {
        "What is still to be made of all artifacts. The size is that before compression."
    };
    figure("price", Topic::Build, chart, [note.to_owned()])
}

/// The last builds side by side.
fn compared(builds: &[Outline]) -> Option<Figure> {
    if builds.len() < 2 {
        return None;
    }
    let row = |build: &Outline| price::Kind {
        // Without seconds; that it is UTC stands in the note.
        name: build.when.get(..16).unwrap_or(&build.when).to_owned(),
        cached: build.cached as usize,
        stale: build.made as usize,
        blocked: 0,
        cost: Some(build.wall),
    };
    let rows: Vec<price::Kind> = builds.iter().rev().map(row).collect();
    let chart = price::chart("Builds of this experiment", &rows, Unit::Wall, When::Done);
    let note = "The last builds that came to an end, by their start (UTC), the newest last: what each made and \
                found in the cache, and how long it took from start to end.";
    Some(figure("builds", Topic::Build, chart, [note.to_owned()]))
}
