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
mod inside;
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

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use clap::{CommandFactory, Parser, Subcommand};

use crate::effect::failpoint;
use crate::error::Result;
pub use common::Global;
use inside::{Given, Work};

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
    if let Some(answer) = inside::answer() {
        return Ok(answer);
    }
    let cli = Cli::parse();
    match cli.command.given(&cli.global) {
        Some(given) => inside::run(&given, || cli.command.run(&cli.global, start)),
        None => cli.command.run(&cli.global, start),
    }
}

impl Command {
    fn run(&self, global: &Global, start: Instant) -> Result<ExitCode> {
        match self {
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

    /// The files that a command opens and that this run did not write: then it runs in a copy of this
    /// program (`inside`). Every command says whether it has any.
    fn given(&self, global: &Global) -> Option<Given> {
        use Work::{Compute, Look, Page};
        let one = |path: &Path, work| Some(Given::of(&[path], &[], work, global));
        match self {
            Command::Info(args) => Some(Given::subject(&args.file, Look, global)),
            // Workers that replay it inherit the limits.
            Command::Validate(args) if args.replay.is_some() => one(&args.file, Compute),
            Command::Validate(args) => one(&args.file, Look),
            Command::Diff(args) => {
                info::is_data(&args.a).then(|| Given::of(&[&args.a, &args.b], &[], Look, global))
            }
            Command::Report(args) => Some(Given::subject(&args.subject, Page, global)),
            Command::Features(args) => {
                let target = args.output.as_ref().unwrap_or(&args.file);
                Some(Given::of(&[&args.file], &[target], Compute, global))
            }
            Command::ExtractFeatures(args) => {
                let target = args.output.as_ref().unwrap_or(&args.dataset);
                Some(Given::of(&[&args.dataset], &[target], Compute, global))
            }
            Command::Render(args) if info::is_data(&args.target) => one(&args.target, Compute),
            Command::VisualizeDataset(args) => one(&args.dataset, Compute),
            // The first four look at an output that is there by questions to `inside`, if at all.
            Command::Build(_)
            | Command::Generate(_)
            | Command::Render(_)
            | Command::Rerun(_)
            | Command::Plan(_)
            | Command::Explain(_)
            | Command::Graph(_)
            | Command::Status(_)
            | Command::Serve(_)
            | Command::List(_)
            | Command::Gallery(_)
            | Command::Config(_)
            | Command::Schema(_)
            | Command::Init(_)
            | Command::Cache(_)
            | Command::Bench(_)
            | Command::Completions(_)
            | Command::Man(_)
            | Command::VisualizeIcTypes(_) => None,
        }
    }
}

/// The command line as data: for completions, manual pages and the reference.
pub fn command() -> clap::Command {
    Cli::command()
}

/// A text that came from a file, as a terminal may get it: without characters that command one.
fn harmless(text: &str) -> String {
    let odd = |c: char| c.is_control() && c != '\n' && c != '\t';
    text.chars().map(|c| if odd(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
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
