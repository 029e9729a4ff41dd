//! The command line: one file per subcommand, each with its arguments (whose comments are the help)
//! and one function. Data go to standard output, messages to standard error.

mod archive;
mod bench;
mod build;
mod cache;
mod common;
mod completions;
mod config;
mod diff;
mod explain;
mod extract_features;
mod features;
mod forecast;
mod gallery;
mod generate;
mod graph;
mod info;
mod init;
mod list;
mod man;
mod meter;
mod plan;
mod progress;
mod reasons;
pub mod reference;
pub mod registry;
mod render;
mod report;
mod rerun;
mod schema;
mod serve;
mod status;
pub mod style;
mod validate;
mod visualize_dataset;
mod visualize_ic_types;
mod watch;

use std::process::ExitCode;
use std::time::Instant;

use clap::{CommandFactory, Parser, Subcommand};

use crate::effect::failpoint;
use crate::error::Result;
pub use common::Global;

/// Make for machine-learning and physics data sets, with a content-addressed cache
#[derive(Debug, Parser)]
#[command(name = "spinlock", version, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What to do. In the order of the help.
#[derive(Debug, Subcommand)]
enum Command {
    Build(build::BuildArgs),
    Plan(plan::PlanArgs),
    Explain(explain::ExplainArgs),
    Graph(graph::GraphArgs),
    Status(status::StatusArgs),
    Serve(serve::ServeArgs),
    List(list::ListArgs),
    Gallery(gallery::GalleryArgs),
    Info(info::InfoArgs),
    Validate(validate::ValidateArgs),
    Features(features::FeaturesArgs),
    Render(render::RenderArgs),
    Diff(diff::DiffArgs),
    Report(report::ReportArgs),
    Rerun(rerun::RerunArgs),
    #[command(subcommand)]
    Config(config::ConfigCommand),
    Schema(schema::SchemaArgs),
    Init(init::InitArgs),
    #[command(subcommand)]
    Cache(cache::CacheCommand),
    Bench(bench::BenchArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
    Generate(generate::GenerateArgs),
    ExtractFeatures(extract_features::ExtractFeaturesArgs),
    VisualizeDataset(visualize_dataset::VisualizeDatasetArgs),
    VisualizeIcTypes(visualize_ic_types::VisualizeIcTypesArgs),
}

/// Reads the command line and does what it says. `start` is when the program began.
///
/// # Errors
/// What `main` prints and turns into an exit code.
pub fn run(start: Instant) -> Result<ExitCode> {
    failpoint::arm()?;
    let cli = Cli::parse();
    let global = &cli.global;
    match &cli.command {
        Command::Build(args) => build::run(args, global, start),
        Command::Plan(args) => plan::run(args, global),
        Command::Explain(args) => explain::run(args, global),
        Command::Graph(args) => graph::run(args, global),
        Command::Status(args) => status::run(args, global),
        Command::Serve(args) => serve::run(args, global),
        Command::List(args) => Ok(list::run(args)),
        Command::Gallery(args) => gallery::run(args, global, start),
        Command::Info(args) => info::run(args, global),
        Command::Validate(args) => validate::run(args, global),
        Command::Features(args) => features::run(args, global, start),
        Command::Render(args) => render::run(args, global, start),
        Command::Diff(args) => diff::run(args, global),
        Command::Report(args) => report::run(args, global, start),
        Command::Rerun(args) => rerun::run(args, global, start),
        Command::Config(command) => config::run(command, global),
        Command::Schema(args) => Ok(schema::run(args)),
        Command::Init(args) => init::run(args, global),
        Command::Cache(command) => cache::run(command, global),
        Command::Bench(args) => bench::run(args, global),
        Command::Completions(args) => Ok(completions::run(args)),
        Command::Man(args) => man::run(args),
        Command::Generate(args) => generate::run(args, global, start),
        Command::ExtractFeatures(args) => extract_features::run(args, global, start),
        Command::VisualizeDataset(args) => visualize_dataset::run(args, global, start),
        Command::VisualizeIcTypes(args) => visualize_ic_types::run(args, global, start),
    }
}

/// The command line as data: for completions, manual pages and the reference.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Prints to standard output; a reader that closed the pipe ends the program quietly.
fn print(text: &str) -> ExitCode {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => ExitCode::from(3),
        _ => ExitCode::SUCCESS,
    }
}

/// Prints a value as JSON on one line.
fn print_json_line(value: &impl serde::Serialize) -> ExitCode {
    let mut text = serde_json::to_string(value).expect("plain values");
    text.push('\n');
    print(&text)
}

/// Prints a value as indented JSON.
fn print_json(value: &impl serde::Serialize) -> ExitCode {
    let mut text = serde_json::to_string_pretty(value).expect("plain values");
    text.push('\n');
    print(&text)
}
