//! One build, from the resolved experiment to the data set: plan, make, assemble, record.
//!
//! Everything it does to the disk lies in the cache, at the output path, or in the lock file. It
//! prints nothing.

mod beside;
mod check;
mod compute;
mod events;
mod forecast;
pub mod locked;
pub mod lockfile;
mod output;
mod page;
mod provenance;
mod quality;
mod report;
mod request;
mod stages;
mod write;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use serde_json::json;

use crate::artifact::KINDS;
use crate::assemble::Sources;
use crate::cache::{Cache, Registered, RootRecord};
use crate::config::Experiment;
use crate::error::{Error, ErrorKind, Result};
use crate::exec::Failed;
use crate::exec::log::EventLog;
use crate::exec::progress::Progress;
use crate::history::History;
use crate::plan::{Output, Plan};
use crate::profile::Profile;
use crate::project::Project;
use forecast::Forecast;
pub use output::{free_bytes, refuse_shared};
pub use page::lock_path;
pub use report::{CheckReport, OutputReport, Report};
pub use request::{Elsewhere, Lock, Request};
use stages::Stages;

/// How often a build may plan again because it found damaged entries.
const ROUNDS: u32 = 5;

/// Builds `experiment`. `start` is when the program began: loading it counts as a stage.
///
/// # Errors
/// Of the machine, of integrity, or of use. Artifacts that could not be made are in the report.
pub fn build(
    project: &Project,
    experiment: &Experiment,
    profile: &Profile,
    cache: &Arc<Cache>,
    request: &Request,
    start: Instant,
    progress: &mut dyn Progress,
) -> Result<Report> {
    let mut log: Option<EventLog> = None;
    let result = attempt(project, experiment, profile, cache, request, start, progress, &mut log)
        .and_then(|mut done| {
            if let Some(share) = request.check
                && done.report.failed.is_empty()
                && !done.report.interrupted
            {
                let Done { plan, report, .. } = &mut done;
                let interrupt = &request.interrupt;
                let sources = Sources { experiment, profile, plan, cache, interrupt };
                check::run(project, &sources, request, share, report, progress, &mut log)?;
                done.stages.end(5);
            }
            Ok(done)
        });
    let Done { plan, mut report, mut stages, forecast } = match result {
        Ok(done) => done,
        Err(error) => {
            if let Some(log) = &mut log {
                log.event("build_stopped", json!({"error": error.message}));
            }
            return Err(error);
        }
    };
    // A check was no part of what was predicted.
    let forecast = forecast.filter(|_| request.check.is_none());
    if let Some(log) = log.as_mut() {
        // A service; the build stands without it.
        let _ = log.write_trace();
    }
    stages.end(4);
    report.stages(stages.named(request.check.is_some()));
    if let Some(forecast) = &forecast {
        forecast.score(&mut report);
    }
    if let Some(log) = log.as_mut() {
        events::finished(log, &report);
        if request.only.is_empty() && !report.interrupted {
            page::write(project, experiment, profile, &plan, cache, &mut report, progress);
        }
    }
    stages.end(4);
    report.stages(stages.named(request.check.is_some()));
    if let Some(forecast) = &forecast {
        forecast.score(&mut report);
        forecast.remember(cache, profile, &report);
    }
    Ok(report)
}

/// What became of the work of a build.
struct Done {
    plan: Plan,
    report: Report,
    stages: Stages,
    forecast: Option<Forecast>,
}

#[expect(clippy::too_many_arguments, reason = "the parts of one build, each of its own type")]
fn attempt(
    project: &Project,
    experiment: &Experiment,
    profile: &Profile,
    cache: &Arc<Cache>,
    request: &Request,
    start: Instant,
    progress: &mut dyn Progress,
    log: &mut Option<EventLog>,
) -> Result<Done> {
    let mut stages = Stages::since(start);
    stages.end(0);
    let mut report = Report::new(experiment);
    let mut rounds = 0;
    let mut root: Option<Registered> = None;
    let mut forecast: Option<Forecast> = None;
    let plan = loop {
        let mut plan = Plan::new(experiment, profile, cache)?;
        let mut to_make = plan.to_make(&request.only);
        let nothing_to_do = to_make.is_empty() && matches!(plan.output, Output::Current(_));
        if root.is_none() && !nothing_to_do {
            output::refuse_foreign(project, experiment, cache, request)?;
            Cache::open(cache.root())?.require_locks()?;
            root = Some(register(project, experiment, profile, &plan, cache, request)?);
            // What is there from here on stays as long as this build lives.
            plan.look_again(cache)?;
            to_make = plan.to_make(&request.only);
        }
        report.cached(&plan.cached());
        let only_some = !request.only.is_empty();
        let interrupt = &request.interrupt;
        let sources = Sources { experiment, profile, plan: &plan, cache, interrupt };
        if let (true, Output::Current(digest)) = (to_make.is_empty(), &plan.output) {
            stages.end(1);
            report.output(experiment, *digest);
            if only_some {
                put_some(&sources, request, &mut report)?;
            } else {
                beside::put(&sources, true, request.force, &mut report)?;
                let written = request.lock == Lock::Write
                    && lockfile::write(project, experiment, profile, &report, progress);
                // The lock file is that of an earlier state again: so is what it keeps.
                if written && root.is_none() {
                    root = register(project, experiment, profile, &plan, cache, request).ok();
                }
                came_to_its_end(&mut root, progress);
                page::sweep(project, experiment, &report);
            }
            break plan;
        }
        if rounds == 0 {
            output::refuse_full_disk(experiment, &plan, &to_make, cache, request.force)?;
            let mut started = EventLog::create(&cache.root().join("log"), start, &profile.name)?;
            events::started(&mut started, experiment, profile, to_make.len());
            *log = Some(started);
            let (about, so_far) = ((experiment, profile), start.elapsed().as_secs_f64());
            forecast = Forecast::new(about, cache, (&plan, &to_make), request, so_far);
            progress.expect(forecast.as_ref().and_then(Forecast::expected));
        }
        let log = log.as_mut().expect("made in the first round");
        let predicted = forecast.as_ref().filter(|_| rounds == 0).map(Forecast::prediction);
        events::planned(log, &plan, &to_make, only_some, predicted);
        stages.end(1);

        let outcome =
            compute::make(project, experiment, profile, cache, request, &plan, progress, log)?;
        stages.end(2);
        report.made(&outcome);
        if let Some(forecast) = &mut forecast {
            forecast.made(&outcome, rounds);
        }
        report.interrupted = outcome.interrupted || request.interrupt.load(Ordering::Relaxed);
        if report.interrupted {
            report.failed = outcome.failed;
            break plan;
        }
        if outcome.damaged {
            rounds += 1;
            if rounds > ROUNDS {
                return Err(Error::integrity("entries of the cache keep turning out damaged")
                    .help("check the disk; `spinlock cache fsck` lists what is damaged"));
            }
            continue;
        }
        report.failed = outcome.failed;
        // A picture that failed keeps nobody from the numbers.
        if only_some || !(report.failed.is_empty() || sources.has_all_of_the_data_set()) {
            if only_some {
                put_some(&sources, request, &mut report)?;
            }
            break plan;
        }
        let wrote = write::write(project, &sources, request.force, &mut report, progress, log);
        stages.end(3);
        match wrote {
            Ok(()) => {
                if !matches!(request.lock, Lock::Again(_)) {
                    History::write(cache, experiment, profile, &plan);
                }
                if request.lock == Lock::Write {
                    lockfile::write(project, experiment, profile, &report, progress);
                }
                came_to_its_end(&mut root, progress);
            }
            Err(error) if error.kind == ErrorKind::Integrity && rounds < ROUNDS => {
                let message = format!("{}; it is rebuilt", error.message);
                log.event("warning", json!({"message": message}));
                progress.warn(&message);
                rounds += 1;
                continue;
            }
            Err(error) if error.kind == ErrorKind::Interrupted => report.interrupted = true,
            Err(error) => return Err(error),
        }
        break plan;
    };
    if let (Some(_), Some(root)) = (&request.elsewhere, root) {
        root.forget()?;
    }
    stages.end(4);
    Ok(Done { plan, report, stages, forecast })
}

/// Puts what a build of only some kinds made where it is wanted.
fn put_some(sources: &Sources<'_>, request: &Request, report: &mut Report) -> Result<()> {
    match &request.elsewhere {
        Some(to) => beside::put_elsewhere(sources, to, report),
        None => beside::put_only(sources, &request.only, request.force, report),
    }
}

/// Registers what the experiment needs, so that `gc` beside this build keeps it.
fn register(
    project: &Project,
    experiment: &Experiment,
    profile: &Profile,
    plan: &Plan,
    cache: &Cache,
    request: &Request,
) -> Result<Registered> {
    let keys = plan.graph().iter().map(|(_, node)| node.key).collect();
    let lock = match &request.lock {
        Lock::Again(path) => Some(path.clone()),
        Lock::Write | Lock::Keep => (!experiment.overridden && request.elsewhere.is_none())
            .then(|| project.root.join(lockfile::path(&experiment.file))),
    };
    let name = experiment.file.display().to_string();
    cache.register(RootRecord::new(name, lock, profile.name.to_string()), keys)
}

/// From now on the lock file keeps what this build needs, and no longer what an earlier one did.
fn came_to_its_end(root: &mut Option<Registered>, progress: &mut dyn Progress) {
    if let Some(root) = root
        && let Err(error) = root.done()
    {
        progress.warn(&format!("the build cannot be registered: {}", error.message));
    }
}

/// Names of all kinds: what `only` may say.
pub fn kinds() -> Vec<&'static str> {
    KINDS.iter().map(|k| k.name).collect()
}

/// The failures of a report as one error, for the exit code.
pub fn failure(failed: &[Failed]) -> Option<Error> {
    let count = failed.len();
    failed.first().map(|first| {
        Error::artifact(format!("{count} artifacts could not be made, first {}", first.label))
    })
}
