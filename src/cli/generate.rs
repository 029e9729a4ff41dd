//! `spinlock generate`: the command of the Python reference, as another name of `build`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use super::build::{self, BuildArgs};
use super::common::Overrides;
use super::{Global, style};
use crate::error::Result;

/// Build a data set, with the options of the Python reference's `generate`
#[derive(Debug, clap::Args)]
pub struct GenerateArgs {
    /// Experiment file
    #[arg(long, value_name = "PATH")]
    config: PathBuf,
    /// Output file: `dataset.output_path`
    #[arg(long, value_name = "PATH")]
    output: Option<String>,
    /// Where to compute: `simulation.device`
    #[arg(long)]
    device: Option<String>,
    /// Number of operators: `sampling.total_samples`
    #[arg(long, value_name = "N")]
    total_samples: Option<u64>,
    /// Has no meaning here: batches follow from the machine, and results do not depend on them
    #[arg(long, value_name = "N")]
    batch_size: Option<u64>,
    /// Realizations of each operator: `simulation.num_realizations`
    #[arg(long, value_name = "M")]
    num_realizations: Option<u64>,
    /// Seed of the experiment: `sampling.sobol.seed`
    #[arg(long)]
    seed: Option<u64>,
    /// Say what would be built, and build nothing
    #[arg(long)]
    dry_run: bool,
    /// Say what the options changed
    #[arg(long)]
    verbose: bool,
}

pub fn run(args: &GenerateArgs, global: &Global, start: Instant) -> Result<ExitCode> {
    let mut set = Vec::new();
    let mut change = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            set.push(format!("{key}={value}"));
        }
    };
    // Quoted, so that a path is a text whatever it looks like.
    let quoted = |text: &String| format!("'{}'", text.replace('\'', "''"));
    change("dataset.output_path", args.output.as_ref().map(quoted));
    change("sampling.total_samples", args.total_samples.map(|n| n.to_string()));
    change("simulation.num_realizations", args.num_realizations.map(|m| m.to_string()));
    change("sampling.sobol.seed", args.seed.map(|s| s.to_string()));
    if args.batch_size.is_some() {
        eprintln!(
            "{}",
            style::note(
                "`--batch-size` has no meaning here: results and memory do not depend on batches"
            )
        );
    }
    if args.verbose {
        for change in &set {
            eprintln!("{}", style::note(change));
        }
    }
    let build = BuildArgs {
        experiments: vec![args.config.clone()],
        overrides: Overrides { set, device: args.device.clone(), ..Overrides::default() },
        dry_run: args.dry_run,
        stall: build::STALL,
        ..BuildArgs::default()
    };
    build::run(&build, global, start)
}
