//! `spinlock report`

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use serde_json::json;

use super::common::{Overrides, load};
use super::info::is_data;
use super::{Global, print_json};
use crate::build;
use crate::error::{Error, Result};
use crate::picture::file;
use crate::plan::Plan;
use crate::report::{self, Report};
use crate::units;

/// Write one page about an experiment: its last build, its data set in tables and pictures
#[derive(Debug, clap::Args)]
pub struct ReportArgs {
    /// Experiment file, or a data set
    subject: PathBuf,
    #[command(flatten)]
    overrides: Overrides,
    /// File to write, which is replaced if it exists [default: beside the data set, ending in
    /// `.report.html`]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print what was written as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: &ReportArgs, global: &Global, start: Instant) -> Result<ExitCode> {
    if let Some(output) = &args.output
        && output.extension().is_none_or(|e| e != "html")
    {
        return Err(Error::usage(format!("`{}` is no name of a page", output.display()))
            .help("end it in .html"));
    }
    let (report, data_set) = collect(args, global)?;
    let output = match &args.output {
        Some(output) => global.path(output),
        None => report::path(&data_set),
    };
    let page = report::page(&report);
    file::write(&output, page.as_bytes())?;
    if args.json {
        return Ok(print_json(&json!({
            "schema": 1,
            "output": output,
            "bytes": page.len(),
            "title": report.title,
            "build": report.build.as_ref().map(|build| &build.id),
            "data_set": report.data.is_some().then_some(data_set),
            "notes": report.notes,
            "wall_s": start.elapsed().as_secs_f64(),
        })));
    }
    eprintln!(
        "wrote {} in {}: {}",
        output.display(),
        units::seconds(start.elapsed().as_secs_f64()),
        units::bytes(page.len() as u64)
    );
    Ok(ExitCode::SUCCESS)
}

/// The report, and where its data set lies or would lie.
fn collect(args: &ReportArgs, global: &Global) -> Result<(Report, PathBuf)> {
    if is_data(&args.subject) {
        let path = global.path(&args.subject);
        return Ok((report::of_file(&path)?, path));
    }
    let one = load(&args.subject, &args.overrides, global)?;
    let plan = Plan::new(&one.experiment, &one.profile, &one.cache)?;
    let lock = build::lock_path(&one.project, &one.experiment);
    let subject = report::Subject {
        root: &one.project.root,
        experiment: &one.experiment,
        profile: &one.profile,
        cache: &one.cache,
        plan: &plan,
        lock: &lock,
    };
    Ok((report::of_experiment(&subject), one.experiment.dataset.path.clone()))
}
