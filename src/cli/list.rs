//! `spinlock list`

use std::fmt::Write;
use std::process::ExitCode;

use clap::ValueEnum;
use serde_json::{Value, json};

use super::{print, print_json};
use crate::artifact::KINDS;
use crate::ic::{Cost, FAMILIES, Family, Tier};
use crate::operator::blocks::{BLOCKS, Block};
use crate::picture::COLORMAPS;
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
                "statistics" => "statistics of a data set; no experiment names it in this version",
                "render" => "pictures; no experiment names it in this version",
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

fn lists(what: What) -> (&'static str, Vec<Item>) {
    match what {
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
        What::Features => {
            let names = crate::operator::sensitivity::NAMES;
            ("features", names.iter().map(|n| (*n, "operator_sensitivity").into()).collect())
        }
        What::Kinds => ("kinds", kinds().into_iter().map(Item::from).collect()),
        What::Samplers => {
            ("samplers", SAMPLERS.iter().map(|s| (s.name, s.summary).into()).collect())
        }
        What::Colormaps => {
            ("colormaps", COLORMAPS.iter().map(|m| (m.name, m.sort.about()).into()).collect())
        }
    }
}

pub fn run(args: &ListArgs) -> ExitCode {
    let wanted = args.what.map_or(What::value_variants().to_vec(), |one| vec![one]);
    if args.json {
        let mut out = json!({"schema": 1});
        for (title, items) in wanted.into_iter().map(lists) {
            out[title] = items.iter().map(to_json).collect();
        }
        return print_json(&out);
    }
    let mut out = String::new();
    for (i, (title, items)) in wanted.iter().map(|what| lists(*what)).enumerate() {
        if wanted.len() > 1 {
            let _ = writeln!(out, "{}{title}", if i > 0 { "\n" } else { "" });
        }
        for Item { name, about, formula, family } in items {
            let formula = formula.map_or(String::new(), |formula| format!("; {formula}"));
            let family = family.map_or(String::new(), |(tier, cost)| {
                format!("{:<8} {:<10} ", tier.name(), cost.name())
            });
            let _ = writeln!(out, "{name:<24} {family}{about}{formula}");
        }
    }
    print(&out)
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
