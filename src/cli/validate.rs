//! `spinlock validate`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::common::{interrupts, machine};
use super::progress::Terminal;
use super::{Global, harmless, print, print_json, style};
use crate::cache::Cache;
use crate::dataset;
use crate::error::Result;
use crate::exec::Staff;
use crate::exec::process::find_worker;
use crate::recompute::replay::{Replay, Replayed};

/// Check a data set: form, digest of every value, ranges, marks of bad states, sampling quality
#[derive(Debug, clap::Args)]
pub struct ValidateArgs {
    /// Data set
    pub(super) file: PathBuf,
    /// Then compute so many operators again, from the file alone, and compare
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) replay: Option<u32>,
    /// Where to replay: auto, cpu, cuda, cuda:0 [default: as the file was made, if it can be]
    #[arg(long, requires = "replay")]
    device: Option<String>,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: &ValidateArgs, global: &Global) -> Result<ExitCode> {
    let file = global.path(&args.file);
    let report = dataset::validate(&file, &|_| ())?;
    let damage = report.error();
    // What is damaged would only come out otherwise.
    let replayed = match args.replay.filter(|_| damage.is_none()) {
        Some(count) => Some(replay(args, global, &file, count as usize)?),
        None => None,
    };
    if args.json {
        let mut out = serde_json::to_value(&report).expect("plain values");
        if let Some(replayed) = &replayed {
            out["replay"] = serde_json::to_value(replayed).expect("plain values");
        }
        print_json(&out);
    } else {
        print(&harmless(&dataset::render_report(&report)));
        if let Some(replayed) = &replayed {
            print(&harmless(&told(replayed)));
        }
    }
    match damage.or_else(|| replayed.and_then(|replayed| replayed.error())) {
        None => Ok(ExitCode::SUCCESS),
        Some(error) => {
            eprintln!("{}", style::error(&error));
            Ok(ExitCode::from(error.kind.exit_code()))
        }
    }
}

/// Computes some operators of a data set again.
fn replay(args: &ValidateArgs, global: &Global, file: &Path, count: usize) -> Result<Replayed> {
    let project = global.project()?;
    let cache = Cache::open(global.cache(&project)?.root())?;
    let mut replay = Replay::open(file, &project.root, args.device.as_deref().unwrap_or("auto"))?;
    let (mut profile, mut warnings) = machine(&replay.experiment, &cache)?;
    if args.device.is_none() && replay.profile() != Some(&*profile.name) {
        // Perhaps it was made on the processors of a machine that has a device too.
        let other = Replay::open(file, &project.root, "cpu")?;
        let (cpu, more) = machine(&other.experiment, &cache)?;
        if other.profile() == Some(&*cpu.name) {
            (replay, profile, warnings) = (other, cpu, more);
        }
    }
    for warning in warnings {
        eprintln!("{}", style::warning(&warning));
    }
    let staff = Staff {
        worker: find_worker().map_err(|e| e.message),
        jobs: None,
        threads: 1,
        stall: super::build::stall(super::build::STALL),
    };
    let (interrupt, mut progress) = (interrupts()?, Terminal::new());
    replay.run(&cache, &profile, (&project.root, &staff, &interrupt), count, &mut progress)
}

/// What came of a replay, in words.
fn told(replayed: &Replayed) -> String {
    use std::fmt::Write;
    let mut out =
        format!("replayed {} operators on {}\n", replayed.operators.len(), replayed.profile);
    for one in &replayed.operators {
        let _ = writeln!(out, "  {}", one.line());
    }
    if !replayed.comparable {
        let made = replayed.recorded_profile.as_deref().unwrap_or("an unknown profile");
        let _ = writeln!(
            out,
            "made under `{made}`: across profiles and precisions rounding differs, and rollouts with \
             it, so differences are for information"
        );
    }
    out
}
