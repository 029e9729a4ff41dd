//! `spinlock explain`

use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;

use super::common::{Overrides, find_node, load};
use super::{Global, print, print_json, reasons};
use crate::error::Result;
use crate::plan::explain::{comparable, differences};
use crate::plan::group::group;
use crate::plan::{Plan, State};

/// Say why artifacts would be rebuilt: the edits since the last build, and the recipe lines that differ
#[derive(Debug, clap::Args)]
pub struct ExplainArgs {
    /// Experiment file
    experiment: PathBuf,
    /// Label or key of an artifact, or a unique beginning [default: what is stale, group by group]
    artifact: Option<String>,
    #[command(flatten)]
    overrides: Overrides,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

/// How many entries are searched for the nearest recipe.
const SEARCHED: usize = 400;
/// How many differing lines are printed.
const SHOWN: usize = 20;

pub fn run(args: &ExplainArgs, global: &Global) -> Result<ExitCode> {
    let loaded = load(&args.experiment, &args.overrides, global)?;
    let plan = Plan::new(&loaded.experiment, &loaded.profile, &loaded.cache)?;
    let history = reasons::history(&loaded, &plan);
    let why = reasons::why(&loaded, &plan, &history)?;
    let places = match &args.artifact {
        Some(name) => vec![find_node(plan.graph(), name)?],
        None => first_stale(&plan),
    };
    let (mut out, mut all) = (String::new(), Vec::new());
    for at in places {
        let node = plan.graph().node(at);
        let report = plan.node_report(at, &|label| history.key(label));
        let now = node.recipe_text();
        let kind = node.kind.name;
        let before = match history.key(&report.label) {
            Some(key) => loaded.cache.recipe(kind, &key)?,
            None => None,
        };
        let before = match before {
            Some(recipe) => Some(("the last build", recipe)),
            None => loaded
                .cache
                .nearest(kind, &now, SEARCHED)?
                .filter(|nearest| comparable(&nearest.recipe, &now))
                .map(|nearest| ("the nearest cached entry", nearest.recipe)),
        };
        let lines = match &before {
            Some((_, recipe)) if report.state != "cached" => differences(recipe, &now),
            _ => Vec::new(),
        };
        let _ = writeln!(out, "{} {}: {}", report.label, report.state, report.reason);
        if report.state != "cached" {
            let group = group(node).to_string();
            let of = why.groups.iter().filter(|why| why.group == group);
            let paths: Vec<&String> = of.flat_map(|why| &why.edits).collect();
            for edit in why.edits.iter().filter(|edit| paths.contains(&&edit.path)) {
                let _ = writeln!(out, "  {edit}  {}", edit.at);
            }
            match &before {
                None => {
                    let _ = writeln!(out, "  nothing like it is cached");
                }
                Some((what, _)) if lines.is_empty() => {
                    let _ = writeln!(out, "  its recipe is that of {what}");
                }
                Some((what, _)) => {
                    let _ = writeln!(out, "  against {what}:");
                    for line in lines.iter().take(SHOWN) {
                        let _ = writeln!(out, "    {line}");
                    }
                    if lines.len() > SHOWN {
                        let _ = writeln!(out, "    … and {} more", lines.len() - SHOWN);
                    }
                }
            }
        }
        all.push(json!({"node": report, "against": before.map(|(what, _)| what), "lines": lines}));
    }
    if args.json {
        let answer = json!({"schema": 1, "artifacts": all, "edits": why.edits, "groups": why.groups,
                            "notes": why.notes});
        return Ok(print_json(&answer));
    }
    if args.artifact.is_none() {
        out.clear();
        for group in &why.groups {
            reasons::group(&mut out, group, &why.edits, SHOWN);
        }
        for note in &why.notes {
            let _ = writeln!(out, "({note})");
        }
    }
    if out.is_empty() {
        out = "everything is up to date\n".into();
    }
    Ok(print(&out))
}

/// The first artifact of each kind that is to be made.
fn first_stale(plan: &Plan) -> Vec<usize> {
    let mut kinds = Vec::new();
    let mut out = Vec::new();
    for (at, node) in plan.graph().iter() {
        if plan.states[at] != State::Cached && !kinds.contains(&node.kind.name) {
            kinds.push(node.kind.name);
            out.push(at);
        }
    }
    out
}
