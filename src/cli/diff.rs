//! `spinlock diff`

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::common::{Overrides, load};
use super::info::is_data;
use super::{Global, harmless, print, print_json};
use crate::config;
use crate::dataset;
use crate::error::{Error, Result};

/// Compare two experiments, or two data sets
#[derive(Debug, clap::Args)]
pub struct DiffArgs {
    /// The first
    pub(super) a: PathBuf,
    /// The second, of the same sort
    pub(super) b: PathBuf,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: &DiffArgs, global: &Global) -> Result<ExitCode> {
    match (is_data(&args.a), is_data(&args.b)) {
        (true, true) => {
            let difference = dataset::diff(&global.path(&args.a), &global.path(&args.b))?;
            Ok(if args.json {
                print_json(&difference)
            } else {
                print(&harmless(&dataset::render_difference(&difference)))
            })
        }
        (false, false) => experiments(args, global),
        _ => Err(Error::usage("one is a data set and the other an experiment")
            .help("compare two of a sort; data sets end in .h5")),
    }
}

/// What two experiments differ in, as far as it defines data.
fn experiments(args: &DiffArgs, global: &Global) -> Result<ExitCode> {
    let flat = |path| -> Result<BTreeMap<String, Value>> {
        let loaded = load(path, &Overrides::default(), global)?;
        Ok(config::leaves(&config::canonical(&loaded.experiment, loaded.profile.precision)))
    };
    let (a, b) = (flat(&args.a)?, flat(&args.b)?);
    let mut paths: Vec<&String> = a.keys().chain(b.keys()).collect();
    paths.sort();
    paths.dedup();
    paths.retain(|path| a.get(*path) != b.get(*path));
    if args.json {
        let changes: Vec<Value> = paths
            .iter()
            .map(|path| json!({"path": path, "a": a.get(*path), "b": b.get(*path)}))
            .collect();
        return Ok(print_json(&json!({
            "schema": 1, "equal": changes.is_empty(), "changes": changes,
        })));
    }
    if paths.is_empty() {
        return Ok(print("the two experiments define the same data\n"));
    }
    let mut out = String::new();
    let show = |side: &BTreeMap<String, Value>, path: &str| {
        side.get(path).map_or("(absent)".to_owned(), Value::to_string)
    };
    for path in paths {
        let _ = writeln!(out, "{path}: {} → {}", show(&a, path), show(&b, path));
    }
    Ok(print(&out))
}
