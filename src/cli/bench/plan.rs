//! `spinlock bench plan`

use serde_json::json;

use super::scratch::Scratch;
use super::{Measured, cases, figure, table, timed};
use crate::cache::Cache;
use crate::cli::Global;
use crate::error::Result;
use crate::operator::rollout::Precision;
use crate::plan::{Plan, expand};
use crate::profile::Profile;

#[derive(Debug, clap::Args)]
pub struct PlanArgs {
    /// Operators, of a space with 14 sampled parameters
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    operators: u64,
}

impl Default for PlanArgs {
    fn default() -> Self {
        Self { operators: 100_000 }
    }
}

/// Values, recipes and keys of all artifacts; then these and the look into an empty cache.
pub fn run(args: &PlanArgs, repeat: u32, global: &Global) -> Result<Measured> {
    let project = global.project()?;
    let scratch = Scratch::new(&*global.cache(&project)?)?;
    let cache = Cache::open(scratch.path())?;
    let experiment = cases::wide_space(&project.root, args.operators)?;
    let profile = Profile::cpu(Precision::Float32)?;
    let (keys, artifacts) = timed(repeat, || Ok(expand(&experiment, &profile).graph.len()))?;
    let (all, _) = timed(repeat, || Plan::new(&experiment, &profile, &cache))?;
    let rows = [
        vec!["values, recipes, keys".to_owned(), figure(keys)],
        vec!["the whole plan".to_owned(), figure(all)],
    ];
    let title =
        format!("plan: {} operators, {artifacts} artifacts, nothing cached", args.operators);
    let data = json!({
        "operators": args.operators,
        "artifacts": artifacts,
        "expand_s": keys,
        "plan_s": all,
        "operators_per_s": args.operators as f64 / all,
    });
    Ok(Measured { name: "plan", data, table: table(&title, &["part", "s"], &rows) })
}
