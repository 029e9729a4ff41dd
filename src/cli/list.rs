//! `spinlock list`

use std::fmt::Write;
use std::process::ExitCode;

use clap::ValueEnum;
use serde_json::{Value, json};

use super::{print, print_json, registry};
use crate::artifact::KINDS;
use crate::ic::{Cost, FAMILIES, Family, Tier};
use crate::operator::blocks::{BLOCKS, Block};
use crate::picture::COLORMAPS;
use crate::render::{AGGREGATES, Aggregate, Method};
use crate::sampling::SAMPLERS;

/// List what an experiment can name
#[derive(Debug, clap::Args)]
pub struct ListArgs {
    /// What to list [default: everything]
    #[arg(value_enum)]
    what: Option<What>,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum What {
    /// Families of initial conditions
    Ics,
    /// Blocks of an operator
    Blocks,
    /// Features
    Features,
    /// Aggregates that renders show
    Renders,
    /// Kinds of artifacts
    Kinds,
    /// Ways to draw parameter sets
    Samplers,
    /// Colour tables of pictures
    Colormaps,
}

fn kinds() -> Vec<(&'static str, &'static str)> {
    KINDS
        .iter()
        .map(|kind| {
            let about = match kind.name {
                "parameters" => "parameter sets: chunk × group",
                "weights" => "operator weights: chunk",
                "initial_conditions" => "initial conditions: chunk",
                "rollout" => "rollouts: chunk × block of realizations × segment of states",
                "features" => "feature tables: chunk × category",
                "statistics" => "statistics of the features of a data set, and a cleaning recipe",
                "render" => "pictures of rollouts: measures, frames, files",
                _ => "the HDF5 file",
            };
            (kind.name, about)
        })
        .collect()
}

/// One thing that can be named.
struct Item {
    name: &'static str,
    about: &'static str,
    formula: Option<&'static str>,
    /// Group and cost of a family.
    family: Option<(Tier, Cost)>,
}

impl From<(&'static str, &'static str)> for Item {
    fn from((name, about): (&'static str, &'static str)) -> Self {
        Self { name, about, formula: None, family: None }
    }
}

/// The title of a list, and its entries: a line each for people, and everything for programs.
fn lists(what: What) -> (&'static str, Vec<(String, Value)>) {
    let (title, items): (_, Vec<Item>) = match what {
        What::Features => {
            let all = registry::features();
            return ("features", all.iter().map(|f| (f.to_line(), f.to_json())).collect());
        }
        What::Ics => {
            let item = |f: &Family| Item {
                name: f.name,
                about: f.summary,
                formula: Some(f.formula),
                family: Some((f.tier, f.cost)),
            };
            ("ics", FAMILIES.iter().map(item).collect())
        }
        What::Blocks => {
            let item = |b: &Block| Item {
                name: b.name,
                about: b.summary,
                formula: Some(b.formula),
                family: None,
            };
            ("blocks", BLOCKS.iter().map(item).collect())
        }
        What::Renders => {
            let item = |a: &&dyn Aggregate| Item {
                name: a.name(),
                about: a.summary(),
                formula: Some(a.formula(Method::Standard)),
                family: None,
            };
            ("renders", AGGREGATES.iter().map(item).collect())
        }
        What::Kinds => ("kinds", kinds().into_iter().map(Item::from).collect()),
        What::Samplers => {
            ("samplers", SAMPLERS.iter().map(|s| (s.name, s.summary).into()).collect())
        }
        What::Colormaps => {
            ("colormaps", COLORMAPS.iter().map(|m| (m.name, m.sort.about()).into()).collect())
        }
    };
    (title, items.iter().map(|item| (to_line(item), to_json(item))).collect())
}

pub fn run(args: &ListArgs) -> ExitCode {
    let wanted = args.what.map_or(What::value_variants().to_vec(), |one| vec![one]);
    if args.json {
        let mut out = json!({"schema": 1});
        for (title, entries) in wanted.into_iter().map(lists) {
            out[title] = entries.into_iter().map(|(_, json)| json).collect();
        }
        return print_json(&out);
    }
    let mut out = String::new();
    for (i, (title, entries)) in wanted.iter().map(|what| lists(*what)).enumerate() {
        if wanted.len() > 1 {
            let _ = writeln!(out, "{}{title}", if i > 0 { "\n" } else { "" });
        }
        for (line, _) in entries {
            let _ = writeln!(out, "{line}");
        }
    }
    print(&out)
}

fn to_line(item: &Item) -> String {
    let Item { name, about, formula, family } = item;
    let formula = formula.map_or(String::new(), |formula| format!("; {formula}"));
    let family = family
        .map_or(String::new(), |(tier, cost)| format!("{:<8} {:<10} ", tier.name(), cost.name()));
    format!("{name:<24} {family}{about}{formula}")
}

fn to_json(item: &Item) -> Value {
    let mut out = json!({"name": item.name, "summary": item.about});
    if let Some((tier, cost)) = item.family {
        out["tier"] = tier.name().into();
        out["cost"] = cost.name().into();
    }
    if let Some(formula) = item.formula {
        out["formula"] = formula.into();
    }
    out
}
