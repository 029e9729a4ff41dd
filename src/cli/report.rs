//! `spinlock report`

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use serde_json::{Value, json};

use super::common::{Overrides, load};
use super::info::is_data;
use super::{Global, print_json};
use crate::build;
use crate::error::{Error, Result};
use crate::picture::file;
use crate::plan::Plan;
use crate::report::files::{self, Format};
use crate::report::model::Figure;
use crate::report::{self, Report};
use crate::units;

/// Write one page about an experiment: its last build, its data set in tables and pictures
#[derive(Debug, clap::Args)]
pub struct ReportArgs {
    /// Experiment file, or a data set
    pub(super) subject: PathBuf,
    #[command(flatten)]
    overrides: Overrides,
    /// File to write, which is replaced if it exists [default: beside the data set, ending in
    /// `.report.html`]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write each figure of the page into this folder too, as files of its own, such as `coverage.svg` and
    /// `coverage.png`, which are replaced if they exist
    #[arg(long, value_name = "DIR")]
    figures: Option<PathBuf>,
    /// What sort of files: SVG, light or dark as the reader prefers it; PNG, on white; or both
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "both", requires = "figures")]
    format: FigureFormat,
    /// Print what was written as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum FigureFormat {
    Svg,
    Png,
    Both,
}

impl FigureFormat {
    fn formats(self) -> &'static [Format] {
        match self {
            FigureFormat::Svg => &[Format::Svg],
            FigureFormat::Png => &[Format::Png],
            FigureFormat::Both => &[Format::Svg, Format::Png],
        }
    }
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
    let written = match &args.figures {
        Some(folder) => files::write(&report.figures, &global.path(folder), args.format.formats())?,
        None => Vec::new(),
    };
    if args.json {
        let figure = |(figure, paths): (&Figure, &Vec<PathBuf>)| json!({"name": figure.name, "title": figure.chart.title, "note": figure.note, "files": paths});
        let figures: Vec<Value> = report.figures.iter().zip(&written).map(figure).collect();
        return Ok(print_json(&json!({
            "schema": 1,
            "output": output,
            "bytes": page.len(),
            "title": report.title,
            "build": report.build.as_ref().map(|build| &build.id),
            "data_set": report.data.is_some().then_some(data_set),
            "notes": report.notes,
            "figures": figures,
            "wall_s": start.elapsed().as_secs_f64(),
        })));
    }
    eprintln!(
        "wrote {} in {}: {}",
        output.display(),
        units::seconds(start.elapsed().as_secs_f64()),
        units::bytes(page.len() as u64)
    );
    if let Some(folder) = &args.figures {
        let folder = global.path(folder);
        let count = written.iter().flatten().count();
        eprintln!("wrote {count} files of {} figures to {}", written.len(), folder.display());
    }
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
        // This process is one of its own.
        own: true,
    };
    Ok((report::of_experiment(&subject), one.experiment.dataset.path.clone()))
}
