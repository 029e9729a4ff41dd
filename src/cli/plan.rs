//! `spinlock plan`

use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use super::common::{Loaded, Overrides, load};
use super::{Global, forecast, print, print_json, reasons, style};
use crate::artifact::KINDS;
use crate::error::Result;
use crate::plan::why::Why;
use crate::plan::{Plan, PlanReport, regrowth};
use crate::predict::{Prediction, Record, Work, Workers, predict};
use crate::units::{bytes, seconds};

/// Say what would be built and why
#[derive(Debug, clap::Args)]
pub struct PlanArgs {
    /// Experiment file
    experiment: PathBuf,
    #[command(flatten)]
    overrides: Overrides,
    /// List every artifact, not only counts
    #[arg(long)]
    all: bool,
    /// Print the plan as JSON, every artifact included
    #[arg(long)]
    json: bool,
}

pub fn run(args: &PlanArgs, global: &Global) -> Result<ExitCode> {
    show(&load(&args.experiment, &args.overrides, global)?, args.json, args.all)
}

/// Prints the plan of an experiment.
pub fn show(loaded: &Loaded, json: bool, all: bool) -> Result<ExitCode> {
    let began = Instant::now();
    let plan = Plan::new(&loaded.experiment, &loaded.profile, &loaded.cache)?;
    let history = reasons::history(loaded, &plan);
    let why = reasons::why(loaded, &plan, &history)?;
    let file = loaded.experiment.file.display().to_string();
    let record = Record::read(&loaded.cache, &loaded.profile);
    let predicted = predicted(loaded, &plan, &record, began);
    let before = |label: &str| history.key(label);
    if json {
        let report = plan.report(&file, &before);
        return Ok(print_json(&Answer { report, why: &why, predicted }));
    }
    for note in &loaded.experiment.notes {
        eprintln!("{}", style::note(note));
    }
    let mut out = format!(
        "{file}: {} operators on {}\n\n",
        plan.expansion.operators.len(),
        loaded.profile.name
    );
    let _ = writeln!(
        out,
        "{:<20} {:>9} {:>9} {:>9} {:>10}",
        "kind", "cached", "stale", "blocked", "to make"
    );
    for (kind, (tally, size)) in KINDS.iter().zip(plan.tallies()) {
        if tally.cached + tally.stale + tally.blocked > 0 {
            let size = if tally.stale + tally.blocked > 0 { bytes(size) } else { "-".into() };
            let _ = writeln!(
                out,
                "{:<20} {:>9} {:>9} {:>9} {size:>10}",
                kind.name, tally.cached, tally.stale, tally.blocked
            );
        }
    }
    let _ = writeln!(out);
    if plan.is_current() {
        let _ = writeln!(out, "up to date: {}", plan.path.display());
    } else {
        for group in reasons::together(&why.groups) {
            reasons::group(&mut out, &group, &why.edits, LINES);
        }
        for note in &why.notes {
            let _ = writeln!(out, "({note})");
        }
        if let Some(predicted) = &predicted {
            let _ = writeln!(out, "{}", forecast::expected(predicted));
        }
    }
    if let Some(again) = regrowth(&loaded.experiment, &loaded.profile, &plan.expansion) {
        let time = computing(loaded, &record, again.gflop)
            .map_or(String::new(), |time| format!(", {time}"));
        let _ = writeln!(
            out,
            "growing `sampling.total_samples` makes {} of these {} artifacts again: {}{time}",
            again.artifacts,
            again.of,
            bytes(again.bytes)
        );
    }
    if all {
        let _ = writeln!(out);
        for at in 0..plan.states.len() {
            let node = plan.node_report(at, &before);
            let _ = writeln!(
                out,
                "{:<8} {} {}  {}",
                node.state,
                node.key,
                node.label,
                style::weak(&node.reason)
            );
        }
    }
    Ok(print(&out))
}

/// What `plan --json` prints.
#[derive(serde::Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    report: PlanReport,
    #[serde(flatten)]
    why: &'a Why,
    /// What building takes; none if there is nothing to do.
    predicted: Option<Prediction>,
}

/// What building takes; none if there is nothing to do.
fn predicted(loaded: &Loaded, plan: &Plan, record: &Record, began: Instant) -> Option<Prediction> {
    let file = loaded.experiment.file.display().to_string();
    let work = Work::new(&file, plan, &plan.to_make(&[]), false);
    let workers = Workers::new(&loaded.profile, None);
    let so_far = began.elapsed().as_secs_f64();
    (!work.is_empty()).then(|| predict(&work, record, workers, so_far))
}

/// How many differing lines of a recipe are printed for each group.
const LINES: usize = 2;

/// How long so much work takes about, if that is known and worth saying.
fn computing(loaded: &Loaded, record: &Record, gflop: f64) -> Option<String> {
    let file = loaded.experiment.file.display().to_string();
    let workers = Workers::new(&loaded.profile, None);
    let work = Work::computing(&file, gflop, 0);
    let time = predict(&work, record, workers, 0.0).seconds?.likely;
    (time >= 1.0).then(|| format!("about {} of computing", seconds(time)))
}
