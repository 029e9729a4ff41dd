//! `spinlock build`

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use super::common::{Loaded, Overrides, interrupts, load};
use super::progress::Terminal;
use super::{Global, print_json, style};
use crate::artifact::KINDS;
use crate::build::{self, Report, Request};
use crate::error::{Error, Result};
use crate::exec::process::find_worker;
use crate::exec::progress::Progress;
use crate::units;

/// Build data sets: make what is stale, and nothing else
#[derive(Debug, Default, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct BuildArgs {
    /// Experiment files, with or without `.yaml`, or folders that hold `experiment.yaml`
    #[arg(required = true, value_name = "EXPERIMENT")]
    pub experiments: Vec<PathBuf>,
    #[command(flatten)]
    pub overrides: Overrides,
    /// Say what would be built, and build nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Go on with what does not depend on a failure
    #[arg(short, long)]
    pub keep_going: bool,
    /// Worker processes; with CUDA, devices used, and as many workers on processors beside them
    /// [default: one per processor; or one per CUDA device, and up to eight beside each]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// Threads of each worker on the CPU; more than 1 pays only with fewer workers than processors
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: u16,
    /// Make only artifacts of this kind, and what they need; may be given several times
    #[arg(long, value_name = "KIND", value_parser = kinds())]
    pub only: Vec<String>,
    /// Overwrite a file that spinlock did not write, or the data set of another experiment
    #[arg(long)]
    pub force: bool,
    /// Build again whenever the experiment or a file that it extends is saved, until Ctrl-C
    #[arg(long, conflicts_with = "dry_run")]
    pub watch: bool,
    /// Print the result as JSON; with `--watch` a line for each build
    #[arg(long)]
    pub json: bool,
}

fn kinds() -> clap::builder::PossibleValuesParser {
    clap::builder::PossibleValuesParser::new(build::kinds())
}

pub fn run(args: &BuildArgs, global: &Global, start: Instant) -> Result<ExitCode> {
    if args.watch {
        return super::watch::run(args, global, start);
    }
    let loaded: Vec<Loaded> = args
        .experiments
        .iter()
        .map(|experiment| load(experiment, &args.overrides, global))
        .collect::<Result<_>>()?;
    let experiments: Vec<_> = loaded.iter().map(|l| l.experiment.clone()).collect();
    build::refuse_shared(&experiments)?;
    if args.dry_run {
        for one in &loaded {
            super::plan::show(one, args.json, false)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let request = request(args)?;
    let report = build_all(&loaded, args, &request, start, &mut Terminal::new())?;
    if args.json {
        print_json(&report.to_json());
    }
    Ok(code(&report))
}

/// What is asked for, with Ctrl-C listened to.
pub fn request(args: &BuildArgs) -> Result<Request> {
    Ok(Request {
        worker: find_worker().map_err(|e| e.message),
        jobs: args.jobs.map(usize::from),
        threads: u32::from(args.threads.max(1)),
        keep_going: args.keep_going,
        only: args.only.clone(),
        force: args.force,
        elsewhere: None,
        is_ours: super::inside::is_ours,
        interrupt: interrupts()?,
        drain: Arc::default(),
    })
}

/// Builds one after the other; at least one.
pub fn build_all(
    loaded: &[Loaded],
    args: &BuildArgs,
    request: &Request,
    start: Instant,
    progress: &mut dyn Progress,
) -> Result<Report> {
    let mut all: Option<Report> = None;
    let mut begin = start;
    for one in loaded {
        for note in &one.experiment.notes {
            eprintln!("{}", style::note(note));
        }
        let report = build::build(
            &one.project,
            &one.experiment,
            &one.profile,
            &one.cache,
            request,
            begin,
            progress,
        )?;
        begin = Instant::now();
        // The notes of the experiment were said before the work.
        for note in &report.notes[one.experiment.notes.len()..] {
            eprintln!("{}", style::note(note));
        }
        if !args.json {
            summary(&report);
        }
        let stop = report.interrupted || (!report.failed.is_empty() && !args.keep_going);
        match &mut all {
            Some(all) => all.add(report),
            None => all = Some(report),
        }
        if stop {
            break;
        }
    }
    Ok(all.expect("at least one experiment is required"))
}

/// The exit code of a build; says why if it is no success.
pub fn code(report: &Report) -> ExitCode {
    if report.interrupted {
        eprintln!("interrupted; run the same command again to go on");
        return ExitCode::from(130);
    }
    match build::failure(&report.failed) {
        Some(error) => {
            eprintln!("{}", style::error(&error));
            ExitCode::from(error.kind.exit_code())
        }
        None => ExitCode::SUCCESS,
    }
}

/// What was done, in a few lines on standard error.
pub fn summary(report: &Report) {
    for failed in &report.failed {
        eprintln!("{}", style::error(&Error::artifact(&failed.error.message).at(&failed.label)));
    }
    let built: u64 = report.built.iter().sum();
    let cached: u64 = report.cached.iter().sum();
    for output in &report.outputs {
        let bytes = units::bytes(output.bytes);
        eprintln!(
            "{}  {bytes}  {}",
            style::strong(&output.path),
            short(&output.digest.to_string())
        );
    }
    if let Some((path, length)) = &report.page {
        eprintln!("{}  {}", style::strong(path), units::bytes(*length));
    }
    if built == 0 && report.failed.is_empty() && !report.interrupted {
        eprintln!("up to date: {cached} artifacts, {}", units::seconds(report.wall));
        return;
    }
    let kinds: Vec<String> = KINDS
        .iter()
        .zip(report.built)
        .filter(|(_, n)| *n > 0)
        .map(|(kind, n)| format!("{n} {}", kind.name))
        .collect();
    eprintln!(
        "built {built} in {} ({}); {cached} cached",
        units::seconds(report.wall),
        kinds.join(", ")
    );
}

fn short(digest: &str) -> String {
    style::weak(&digest[..12])
}
