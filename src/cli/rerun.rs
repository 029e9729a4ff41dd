//! `spinlock rerun`

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use serde_json::{Value, json};

use super::build::{BuildArgs, build_all, code, request};
use super::common::{Loaded, machine};
use super::progress::Terminal;
use super::{Global, inside, print_json, style};
use crate::build::{Lock, locked, lockfile};
use crate::config::{self, Experiment, Rebuild};
use crate::error::{Error, ErrorKind, Result};
use crate::key::Key;
use crate::plan::Plan;

/// Build once more what a lock file records, and compare
#[derive(Debug, clap::Args)]
pub struct RerunArgs {
    /// Lock file, as `build` writes it beside the experiment
    lock: PathBuf,
    /// Where the data set goes [default: where it was]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Where to compute: auto, cpu, cuda, cuda:0, cuda:0,1 [default: as the lock file, if it can be]
    #[arg(long)]
    device: Option<String>,
    /// Worker processes
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// Overwrite a file that is another data set, or none of spinlock
    #[arg(long)]
    force: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: &RerunArgs, global: &Global, start: Instant) -> Result<ExitCode> {
    let path = global.path(&args.lock);
    let path = std::path::absolute(&path).map_err(|e| Error::io("find", &path, e))?;
    let Some(lock) = lockfile::read(&path)? else {
        return Err(Error::usage(format!("there is no lock file `{}`", args.lock.display()))
            .help("a build without --set writes one beside its experiment: `experiments/x.lock`"));
    };
    let Some(resolved) = &lock.resolved else {
        return Err(Error::usage(format!(
            "`{}` does not hold the experiment as it was resolved: spinlock {} did not record it",
            args.lock.display(),
            lock.spinlock
        ))
        .help("build the experiment once with this version, which writes the lock file anew"));
    };
    let project = global.project()?;
    let output = match &args.output {
        Some(output) => Some(
            std::path::absolute(global.path(output)).map_err(|e| Error::io("find", output, e))?,
        ),
        None => None,
    };
    let read = |device: Option<&str>| -> Result<Experiment> {
        // A path that a person names may lie anywhere; one in the lock file may not.
        let rebuild = Rebuild {
            output: output.as_deref(),
            device,
            allow_outside: global.allows_outside() || output.is_some(),
        };
        config::from_recorded(resolved, &project.root, &rebuild)
    };
    let mut experiment = read(args.device.as_deref())?;
    let cache = global.cache(&project)?;
    let (mut profile, mut warnings) = machine(&experiment, &cache)?;
    if args.device.is_none() && !lock.outputs.contains_key(&*profile.name) {
        // What the lock file knows may be the processors of a machine that has a device too.
        let other = read(Some("cpu"))?;
        let (cpu, more) = machine(&other, &cache)?;
        if lock.outputs.contains_key(&*cpu.name) {
            (experiment, profile, warnings) = (other, cpu, more);
        }
    }
    for warning in warnings {
        eprintln!("{}", style::warning(&warning));
    }
    refuse_other_meaning(&lock, &experiment, &args.lock)?;
    let loaded = Loaded { project, experiment, profile, cache };
    if !args.force {
        refuse_other_file(&loaded)?;
    }
    let promise = locked::promise(&lock, &loaded.project, &loaded.experiment, &loaded.profile);
    let profile = loaded.profile.name.to_string();
    let asked = BuildArgs {
        jobs: args.jobs,
        threads: 1,
        // Whether the file may be replaced was decided above, by its key.
        force: true,
        json: args.json,
        ..BuildArgs::default()
    };
    let mut request = request(&asked)?;
    request.lock = Lock::Again(path);
    let some = [loaded];
    let report = build_all(&some, &asked, &request, start, &mut Terminal::new())?;
    let ended = code(&report);
    let broken = promise.as_ref().and_then(|promise| promise.broken_by(&report.outputs));
    let compared = promise.is_some() && ended == ExitCode::SUCCESS;
    if args.json {
        let mut out = report.to_json();
        out["lock"] = args.lock.display().to_string().into();
        out["profile"] = json!(profile);
        out["reproduced"] = match (compared, &broken) {
            (false, _) => Value::Null,
            (true, broken) => broken.is_none().into(),
        };
        print_json(&out);
    }
    if ended != ExitCode::SUCCESS {
        return Ok(ended);
    }
    match (promise, broken) {
        (_, Some(error)) => return Err(error),
        (Some(_), None) => eprintln!("reproduced: every output is what the lock file says"),
        (None, None) => {
            let known: Vec<&str> = lock.outputs.keys().map(String::as_str).collect();
            eprintln!(
                "{}",
                style::note(&format!(
                    "nothing to compare: the lock file has no outputs of the profile `{profile}`, and \
                     across profiles digests differ; it knows: {}",
                    known.join("; ")
                ))
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Refuses to build what the recorded words no longer mean here.
fn refuse_other_meaning(
    lock: &lockfile::LockFile,
    experiment: &Experiment,
    shown: &Path,
) -> Result<()> {
    let now = config::canonical(experiment, experiment.simulation.precision);
    if lock.experiment == now {
        return Ok(());
    }
    let lines = locked::differences(&lock.experiment, &now);
    let shown = shown.display();
    Err(Error::new(
        ErrorKind::NotReproducible,
        format!("the experiment in `{shown}` means something else here\n{}", lines.join("\n")),
    )
    .help(format!(
        "it was written by spinlock {}, this is {}: use that version, or take the lock file from \
         version control again if it was edited",
        lock.spinlock,
        env!("CARGO_PKG_VERSION")
    )))
}

/// Refuses to replace a file that is not this very data set.
fn refuse_other_file(loaded: &Loaded) -> Result<()> {
    let path = &loaded.experiment.dataset.path;
    if !path.exists() {
        return Ok(());
    }
    let plan = Plan::new(&loaded.experiment, &loaded.profile, &loaded.cache)?;
    let key = plan.graph().node(plan.expansion.dataset.node()).key;
    let there = inside::key_of(path);
    if there == Some(key) {
        return Ok(());
    }
    let what = match there {
        Some(Key(_)) => "is another data set than the lock file asks for",
        None => "was not written by spinlock",
    };
    Err(Error::usage(format!("`{}` {what}", path.display()))
        .help("name another place with --output FILE, or replace it with --force"))
}
