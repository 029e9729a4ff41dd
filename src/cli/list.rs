//! `spinlock list`

use std::fmt::Write;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::{print, print_json};
use crate::artifact::KINDS;
use crate::ic::FAMILIES;
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
}

/// Blocks in order of application.
const BLOCKS: [(&str, &str); 4] = [
    ("conv", "convolution, normalisation, activation, dropout; hidden blocks up to num_layers 3"),
    ("residual", "two of them and a skip; hidden blocks from num_layers 4 on"),
    ("stochastic", "noise; where noise_location says"),
    ("output", "1×1 convolution with bias to the channels of the state"),
];

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

fn lists(what: What) -> (&'static str, Vec<(&'static str, &'static str)>) {
    match what {
        What::Ics => ("ics", FAMILIES.iter().map(|f| (f.name, f.summary)).collect()),
        What::Blocks => ("blocks", BLOCKS.to_vec()),
        What::Features => {
            let names = crate::operator::sensitivity::NAMES;
            ("features", names.iter().map(|n| (*n, "operator_sensitivity")).collect())
        }
        What::Kinds => ("kinds", kinds()),
        What::Samplers => ("samplers", SAMPLERS.iter().map(|s| (s.name, s.summary)).collect()),
    }
}

pub fn run(args: &ListArgs) -> ExitCode {
    let all = [What::Ics, What::Blocks, What::Features, What::Kinds, What::Samplers];
    let wanted: Vec<What> = args.what.map_or(all.to_vec(), |one| vec![one]);
    if args.json {
        let mut out = json!({"schema": 1});
        for (title, items) in wanted.into_iter().map(lists) {
            let items: Vec<Value> =
                items.iter().map(|(name, about)| json!({"name": name, "summary": about})).collect();
            out[title] = Value::Array(items);
        }
        return print_json(&out);
    }
    let mut out = String::new();
    for (i, (title, items)) in wanted.iter().map(|what| lists(*what)).enumerate() {
        if wanted.len() > 1 {
            let _ = writeln!(out, "{}{title}", if i > 0 { "\n" } else { "" });
        }
        for (name, about) in items {
            let _ = writeln!(out, "{name:<24} {about}");
        }
    }
    print(&out)
}
