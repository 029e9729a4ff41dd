//! `spinlock config show`

use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;

use super::common::{Overrides, load, request};
use super::{Global, print, print_json};
use crate::config;
use crate::error::Result;

/// Look at an experiment as it is resolved
#[derive(Debug, clap::Subcommand)]
pub enum ConfigCommand {
    /// Print the effective experiment, every default filled in
    Show(ShowArgs),
}

#[derive(Debug, clap::Args)]
pub struct ShowArgs {
    /// Experiment file
    experiment: PathBuf,
    #[command(flatten)]
    overrides: Overrides,
    /// Say behind each line where it comes from
    #[arg(long)]
    origin: bool,
    /// Print the canonical experiment (what defines the data) as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(command: &ConfigCommand, global: &Global) -> Result<ExitCode> {
    let ConfigCommand::Show(args) = command;
    if args.json {
        let loaded = load(&args.experiment, &args.overrides, global)?;
        let canonical = config::canonical(&loaded.experiment, loaded.profile.precision);
        return Ok(print_json(&json!({
            "schema": 1,
            "experiment": canonical,
            "profile": &*loaded.profile.name,
            "precision": loaded.profile.precision.name(),
        })));
    }
    let project = global.project()?;
    let lines = config::origins(&request(&project, &args.experiment, &args.overrides, global))?;
    let width = lines.iter().map(|line| line.yaml.chars().count()).max().unwrap_or(0).min(60);
    let mut out = String::new();
    for line in lines {
        let _ = if args.origin && !line.origin.is_empty() {
            writeln!(out, "{:<width$}  # {}", line.yaml, line.origin)
        } else {
            writeln!(out, "{}", line.yaml)
        };
    }
    Ok(print(&out))
}
