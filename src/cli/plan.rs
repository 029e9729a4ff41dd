//! `spinlock plan`

use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use super::common::{Loaded, Overrides, load};
use super::{Global, print, print_json, reasons, style};
use crate::artifact::KINDS;
use crate::error::Result;
use crate::plan::why::Why;
use crate::plan::{Plan, PlanReport, State, regrowth};
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
    let plan = Plan::new(&loaded.experiment, &loaded.profile, &loaded.cache)?;
    let history = reasons::history(loaded, &plan);
    let why = reasons::why(loaded, &plan, &history)?;
    let file = loaded.experiment.file.display().to_string();
    let report = plan.report(&file, &|label| history.key(label));
    if json {
        return Ok(print_json(&Answer { report, why: &why }));
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
    let gflop: f64 = plan
        .graph()
        .iter()
        .filter(|(at, _)| plan.states[*at] != State::Cached)
        .map(|(_, node)| node.cost.gflop)
        .sum();
    let _ = writeln!(out);
    if plan.is_current() {
        let _ = writeln!(out, "up to date: {}", plan.path.display());
    } else {
        for group in &why.groups {
            reasons::group(&mut out, group, &why.edits, LINES);
        }
        for note in &why.notes {
            let _ = writeln!(out, "({note})");
        }
        if let Some(time) = computing(loaded, gflop) {
            let _ = writeln!(out, "{time}");
        }
    }
    if let Some(again) = regrowth(&loaded.experiment, &loaded.profile, &plan.expansion) {
        let time = computing(loaded, again.gflop).map_or(String::new(), |time| format!(", {time}"));
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
        for node in &report.nodes {
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
}

/// How many differing lines of a recipe are printed for each group.
const LINES: usize = 2;

/// How long so much work takes about, if that is known and worth saying.
fn computing(loaded: &Loaded, gflop: f64) -> Option<String> {
    let processors = std::thread::available_parallelism().map_or(1.0, |n| n.get() as f64);
    let time = gflop / (GFLOP_PER_SECOND * processors);
    (loaded.profile.cuda.is_empty() && time >= 1.0)
        .then(|| format!("about {} of computing", seconds(time)))
}

/// What one processor does of the plan's rough GFLOP in a second; measured, see `docs/benchmarks.md`.
const GFLOP_PER_SECOND: f64 = 160.0;
