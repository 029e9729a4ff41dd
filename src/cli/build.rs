//! `spinlock build`

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::common::{Loaded, Overrides, interrupts, load};
use super::progress::Terminal;
use super::{Global, print_json, style};
use crate::artifact::KINDS;
use crate::build::locked::{self, Promise};
use crate::build::{self, CheckReport, Lock, Report, Request};
use crate::error::{Error, ErrorKind, Result};
use crate::exec::Staff;
use crate::exec::process::find_worker;
use crate::exec::progress::Progress;
use crate::plan::{Output, Plan};
use crate::recompute::{self, Share};
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
    /// Stop a worker that makes no progress for so long, and try its work once more; 0 never does
    #[arg(long, value_name = "SECONDS", default_value_t = STALL, value_parser = clap::value_parser!(u32).range(0..=86400))]
    pub stall: u32,
    /// Make only artifacts of this kind, and what they need; may be given several times
    #[arg(long, value_name = "KIND", value_parser = kinds())]
    pub only: Vec<String>,
    /// Overwrite a file that spinlock did not write, or the data set of another experiment
    #[arg(long)]
    pub force: bool,
    /// Afterwards make some artifacts once more and compare: a share of each kind (`0.1`, `5%`), all
    /// with `1`, the data set included; `5%@3f2a91c0` takes the sample of an earlier check
    #[arg(long, value_name = "SHARE", num_args = 0..=1, require_equals = true,
          default_missing_value = "some", conflicts_with_all = ["dry_run", "watch"])]
    pub check: Option<Share>,
    /// Fail unless the lock file holds this experiment and the outputs come out as it says; it is
    /// not changed
    #[arg(long, conflicts_with_all = ["only", "watch"])]
    pub locked: bool,
    /// Build again whenever the experiment or a file that it extends is saved, until Ctrl-C
    #[arg(long, conflicts_with = "dry_run")]
    pub watch: bool,
    /// Print the result as JSON; with `--watch` a line for each build
    #[arg(long)]
    pub json: bool,
}

/// So many artifacts that came out otherwise are described.
const DIFFERING: usize = 5;

pub fn kinds() -> clap::builder::PossibleValuesParser {
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
    let mut promises = Vec::new();
    if args.locked {
        for one in &loaded {
            promises.push(locked::before(&one.project, &one.experiment, &one.profile)?);
        }
    }
    if args.dry_run {
        for (one, promise) in loaded.iter().zip(&promises) {
            refuse_other(one, promise)?;
        }
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
    let code = code(&report);
    if code == ExitCode::SUCCESS
        && let Some(error) =
            Error::all(promises.iter().filter_map(|p| p.broken_by(&report.outputs)).collect())
    {
        return Err(error);
    }
    Ok(code)
}

/// Refuses a data set that is there and is not what the lock file says: it need not be built to be known.
fn refuse_other(one: &Loaded, promise: &Promise) -> Result<()> {
    let plan = Plan::new(&one.experiment, &one.profile, &one.cache)?;
    match (&plan.output, promise.dataset()) {
        (Output::Current(now), Some(was)) if *now != was => Err(Error::new(
            ErrorKind::NotReproducible,
            format!("`{}`: locked {was}, now {now}", plan.path.display()),
        )
        .help("`spinlock build --check=1` finds what comes out otherwise on this machine")),
        _ => Ok(()),
    }
}

/// How long a worker may make no progress by default, in seconds.
pub const STALL: u32 = 600;

/// The limit that so many seconds mean.
pub fn stall(seconds: u32) -> Option<Duration> {
    (seconds > 0).then(|| Duration::from_secs(seconds.into()))
}

/// What is asked for, with Ctrl-C listened to.
pub fn request(args: &BuildArgs) -> Result<Request> {
    Ok(Request {
        staff: Staff {
            worker: find_worker().map_err(|e| e.message),
            jobs: args.jobs.map(usize::from),
            threads: u32::from(args.threads.max(1)),
            stall: stall(args.stall),
        },
        keep_going: args.keep_going,
        only: args.only.clone(),
        force: args.force,
        check: args.check,
        lock: if args.locked { Lock::Keep } else { Lock::Write },
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
        if let Some(check) = &report.check {
            told(check);
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
    let differs = report.check.as_ref().and_then(|c| recompute::error(&c.counts, &c.differing));
    match build::failure(&report.failed).or(differs) {
        Some(error) => {
            eprintln!("{}", style::error(&error));
            ExitCode::from(error.kind.exit_code())
        }
        None => ExitCode::SUCCESS,
    }
}

/// What a check found.
fn told(check: &CheckReport) {
    for one in check.differing.iter().take(DIFFERING) {
        eprintln!("{}", one.lines());
    }
    if let more @ 1.. = check.differing.len().saturating_sub(DIFFERING) {
        eprintln!("and {more} more");
    }
    let all: u64 = check.counts.iter().sum();
    if check.differing.is_empty() {
        eprintln!("checked {all} artifacts: all came out the same");
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
    if let (Some(predicted), Some(took)) = (&report.predicted, &report.took) {
        eprintln!("{}", super::forecast::score(predicted, took));
    }
}

fn short(digest: &str) -> String {
    style::weak(&digest[..12])
}
