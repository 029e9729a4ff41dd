//! `spinlock plan`

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use super::common::{Loaded, Overrides, load};
use super::{Global, print, print_json, style};
use crate::artifact::KINDS;
use crate::error::Result;
use crate::history::History;
use crate::plan::{Plan, State, regrowth};
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
    // It names every artifact: nobody asks it where there is nothing to do.
    let history = if plan.is_current() {
        History::default()
    } else {
        History::read(&loaded.cache, &loaded.experiment.file)
    };
    let before = |label: &str| history.key(label);
    let file = loaded.experiment.file.display().to_string();
    if json {
        return Ok(print_json(&plan.report(&file, &before)));
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
        let mut reasons: BTreeMap<(&str, String), (usize, String)> = BTreeMap::new();
        for at in (0..plan.states.len()).filter(|at| plan.states[*at] == State::Stale) {
            let node = plan.node_report(at, &before);
            reasons.entry((node.kind, node.reason)).or_insert((0, node.label)).0 += 1;
        }
        for ((_, reason), (count, label)) in &reasons {
            let more = if *count > 1 { format!(" and {} more", count - 1) } else { String::new() };
            let _ = writeln!(out, "{label}{more}: {reason}");
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

/// How long so much work takes about, if that is known and worth saying.
fn computing(loaded: &Loaded, gflop: f64) -> Option<String> {
    let processors = std::thread::available_parallelism().map_or(1.0, |n| n.get() as f64);
    let time = gflop / (GFLOP_PER_SECOND * processors);
    (loaded.profile.cuda.is_empty() && time >= 1.0)
        .then(|| format!("about {} of computing", seconds(time)))
}

/// What one processor does of the plan's rough GFLOP in a second; measured, see `docs/benchmarks.md`.
const GFLOP_PER_SECOND: f64 = 160.0;
