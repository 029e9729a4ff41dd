//! One build, from the resolved experiment to the data set: plan, make, assemble, record.
//!
//! Everything it does to the disk lies in the cache, at the output path, or in the lock file. It
//! prints nothing.

mod beside;
mod events;
mod lockfile;
mod output;
mod page;
mod provenance;
mod quality;
mod report;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::artifact::{Artifact, DatasetFile, KINDS};
use crate::assemble::{self, Sources};
use crate::cache::{
    Cache, Documents, KeyLock, OutputRecord, PartWriter, Pending, RootRecord, identity,
};
use crate::config::{self, Experiment};
use crate::dataset;
use crate::effect;
use crate::error::{Error, ErrorKind, IoContext, Result};
use crate::exec::log::EventLog;
use crate::exec::progress::Progress;
use crate::exec::protocol::{Hello, part_name};
use crate::exec::{self, Failed, Outcome};
use crate::history::History;
use crate::key::Key;
use crate::plan::{Output, Plan, kind_index};
use crate::profile::Profile;
use crate::project::Project;
pub use output::refuse_shared;
pub use page::lock_path;
pub use report::{OutputReport, Report};

/// How often a build may plan again because it found damaged entries.
const ROUNDS: u32 = 5;

/// What a build is asked for, besides the experiment.
#[derive(Debug, Clone)]
pub struct Request {
    /// The worker program; only needed if there is something to make.
    pub worker: Result<PathBuf, String>,
    /// Worker processes; `None` takes one per processor, or one per CUDA device and some beside it.
    pub jobs: Option<usize>,
    /// Threads of each worker on the CPU. No result depends on it.
    pub threads: u32,
    /// Go on with what does not depend on a failure.
    pub keep_going: bool,
    /// Make only artifacts of these kinds, and what they need.
    pub only: Vec<String>,
    /// Overwrite a file that spinlock did not write.
    pub force: bool,
    /// Put renders there and remember nothing of them: a person wants to see something once.
    pub elsewhere: Option<Elsewhere>,
    /// Whether a file that lies at an output path is a data set of ours. It is asked of another process,
    /// since the file may be anybody's.
    pub is_ours: fn(&Path) -> bool,
    /// Set by Ctrl-C: end now.
    pub interrupt: Arc<AtomicBool>,
    /// Set by who has something better to build: end when the jobs at hand are done. A data set that
    /// is being assembled is finished.
    pub drain: Arc<AtomicBool>,
}

/// Where renders go that nobody is to remember.
#[derive(Debug, Clone)]
pub enum Elsewhere {
    /// Into a folder, under their own names.
    Folder(PathBuf),
    /// The one that there is, as this file or folder.
    Path(PathBuf),
}

/// Marks the ends of stages, so that they fill the wall time.
struct Stages {
    last: Instant,
    seconds: [f64; 5],
}

/// Names of the stages.
const STAGES: [&str; 5] = ["start", "plan", "compute", "assemble", "finish"];

impl Stages {
    fn end(&mut self, stage: usize) {
        let now = Instant::now();
        self.seconds[stage] += now.duration_since(self.last).as_secs_f64();
        self.last = now;
    }
}

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
    let result = attempt(project, experiment, profile, cache, request, start, progress, &mut log);
    if let (Err(error), Some(log)) = (&result, &mut log) {
        log.event("build_stopped", json!({"error": error.message}));
    }
    result
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
) -> Result<Report> {
    let mut stages = Stages { last: start, seconds: [0.0; 5] };
    stages.end(0);
    let mut report = Report::new(experiment);
    let mut rounds = 0;
    let plan = loop {
        let plan = Plan::new(experiment, profile, cache)?;
        report.cached(&plan.cached());
        let to_make = plan.to_make(&request.only);
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
                lockfile::write(project, experiment, profile, &report, progress);
            }
            break plan;
        }
        if rounds == 0 {
            output::refuse_foreign(project, experiment, cache, request)?;
            Cache::open(cache.root())?;
            output::refuse_full_disk(experiment, &plan, &to_make, cache, request.force)?;
            if request.elsewhere.is_none() {
                register(project, experiment, &plan, cache)?;
            }
            let mut started = EventLog::create(&cache.root().join("log"), start, &profile.name)?;
            events::started(&mut started, experiment, profile, to_make.len());
            *log = Some(started);
        }
        let log = log.as_mut().expect("made in the first round");
        events::planned(log, &plan, &to_make, only_some);
        stages.end(1);

        let outcome = make(project, experiment, profile, cache, request, &plan, progress, log)?;
        stages.end(2);
        report.made(&outcome);
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
        let wrote = write(project, &sources, request.force, &mut report, progress, log);
        stages.end(3);
        match wrote {
            Ok(()) => {
                History::write(cache, &experiment.file, &plan);
                lockfile::write(project, experiment, profile, &report, progress);
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
    if let Some(log) = log.as_mut() {
        // A service; the build stands without it.
        let _ = log.write_trace();
    }
    stages.end(4);
    report.stages(&STAGES, &stages.seconds);
    if let Some(log) = log.as_mut() {
        events::finished(log, &report);
        if request.only.is_empty() && !report.interrupted {
            page::write(project, experiment, profile, &plan, cache, &mut report, progress);
        }
    }
    stages.end(4);
    report.stages(&STAGES, &stages.seconds);
    Ok(report)
}

/// Puts what a build of only some kinds made where it is wanted.
fn put_some(sources: &Sources<'_>, request: &Request, report: &mut Report) -> Result<()> {
    match &request.elsewhere {
        Some(to) => beside::put_elsewhere(sources, to, report),
        None => beside::put_only(sources, &request.only, request.force, report),
    }
}

/// Registers what the experiment needs, so that `gc` beside this build keeps it.
fn register(project: &Project, experiment: &Experiment, plan: &Plan, cache: &Cache) -> Result<()> {
    let keys = plan.graph().iter().map(|(_, node)| node.key).collect();
    let name = blake3::hash(experiment.file.as_os_str().as_encoded_bytes()).to_hex();
    let lock =
        (!experiment.overridden).then(|| project.root.join(lockfile::path(&experiment.file)));
    let record = RootRecord { experiment: experiment.file.display().to_string(), lock, keys };
    cache.set_root(&name[..32], &record)
}

/// Makes what is missing.
#[expect(clippy::too_many_arguments, reason = "the parts of one build, each of its own type")]
fn make(
    project: &Project,
    experiment: &Experiment,
    profile: &Profile,
    cache: &Cache,
    request: &Request,
    plan: &Plan,
    progress: &mut dyn Progress,
    log: &mut EventLog,
) -> Result<Outcome> {
    let to_make = plan.to_make(&request.only);
    if to_make.is_empty() {
        return Ok(Outcome::default());
    }
    let worker = request.worker.clone().map_err(|message| {
        Error::environment(message).help(
            "it computes, and is built with libtorch: run `make build` (or `make install`) in the \
             checkout of spinlock; planning and reading work without it",
        )
    })?;
    let hello = |cuda, portable| Hello {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        root: project.root.clone(),
        snapshot: config::snapshot(experiment),
        profile: profile.name.to_string(),
        precision: profile.precision.name().to_owned(),
        encoder: profile.encoder.as_deref().map(str::to_owned),
        cuda,
        portable,
        threads: request.threads,
        cache: cache.root().to_owned(),
        compression: experiment.dataset.compression,
    };
    let hellos = match profile.cuda.as_slice() {
        [] => vec![hello(None, false); request.jobs.unwrap_or_else(processors)],
        devices => {
            // A device is one worker; more jobs than devices would only share it. Beside them, the
            // processors draw what the devices need next.
            let jobs = request.jobs.unwrap_or(usize::MAX).max(1);
            let devices = devices.iter().take(jobs);
            let mut hellos: Vec<Hello> = devices.map(|id| hello(Some(*id), false)).collect();
            let free = processors().saturating_sub(hellos.len()).max(1);
            hellos.extend(vec![hello(None, true); free.min(BESIDE * hellos.len()).min(jobs)]);
            hellos
        }
    };
    let options = exec::Options {
        worker,
        hellos,
        keep_going: request.keep_going,
        interrupt: Arc::clone(&request.interrupt),
        drain: Arc::clone(&request.drain),
    };
    exec::run(plan, &to_make, cache, &options, progress, log)
}

/// How many workers on the processors stand beside each device: more than enough to draw inputs as
/// fast as it takes them, few enough to leave memory for its states.
const BESIDE: usize = 8;

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Puts the data set at its path: copied if it lies elsewhere, else assembled.
fn write(
    project: &Project,
    sources: &Sources<'_>,
    force: bool,
    report: &mut Report,
    progress: &mut dyn Progress,
    log: &mut EventLog,
) -> Result<()> {
    let (experiment, cache) = (sources.experiment, sources.cache);
    let path = &experiment.dataset.path;
    let folder = path.parent().expect("an output path has a folder");
    effect::create_folder("build.output.folder", folder).io("create", folder)?;
    let dataset = sources.plan.graph().node(sources.plan.expansion.dataset.node());
    // Builds at the same time put it there one after the other, so that the first one's is found.
    let _lock = wait_for(sources, &dataset.key)?;
    let output = sources.plan.output_now(cache)?;
    if matches!((&sources.plan.output, &output), (Output::Assemble(_), Output::Current(_))) {
        report.cached[kind_index(DatasetFile::KIND.name)] += 1;
    }
    let digest = match &output {
        Output::Current(digest) => *digest,
        Output::Copy { from, digest } => {
            log.event("copying", json!({"from": from}));
            dataset::copy(from, path)?;
            *digest
        }
        Output::Assemble(_) => {
            let about = provenance::document(project, experiment, sources.profile, &dataset.key);
            // Measured once: it decides here whether the build goes on, and is stored in the file.
            let quality = assemble::quality(sources)?;
            report.notes.extend(quality::judge(experiment, &quality)?);
            let file = assemble::contents(sources, dataset.key, &about, &quality)?;
            report.notes.extend(assemble::advice(&file.arrays));
            let total = file_bytes(&file);
            log.event("assembling", json!({"done": 0, "total": total}));
            let shared = Mutex::new((progress, &mut *log, Instant::now()));
            let written = dataset::write(path, &file, &|done| {
                if let Ok(mut shared) = shared.lock() {
                    let (progress, log, said) = &mut *shared;
                    progress.assembling(done, total);
                    if said.elapsed() >= Duration::from_secs(1) {
                        *said = Instant::now();
                        log.event("assembling", json!({"done": done, "total": total}));
                    }
                }
            })?;
            log.event("assembled", json!({"bytes": written.bytes, "digest": written.digest}));
            publish(cache, dataset.key, &dataset.recipe_text(), &written)?;
            report.built[kind_index(DatasetFile::KIND.name)] += 1;
            report.sampling.push((path.display().to_string(), quality));
            written.digest
        }
    };
    let there = identity(path)?.ok_or_else(|| {
        Error::environment(format!("`{}` vanished after it was written", path.display()))
    })?;
    cache.record_output(&OutputRecord {
        path: path.clone(),
        experiment: experiment.file.display().to_string(),
        key: dataset.key,
        digest,
        bytes: there.bytes,
        mtime_ns: there.mtime_ns,
        inode: there.inode,
    })?;
    report.output(experiment, digest);
    beside::put(sources, false, force, report)
}

/// The lock of the data set; gives up waiting for another build at Ctrl-C.
fn wait_for(sources: &Sources<'_>, key: &Key) -> Result<KeyLock> {
    loop {
        if let Some(lock) = sources.cache.try_lock(DatasetFile::KIND.name, key)? {
            return Ok(lock);
        }
        if sources.interrupt.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorKind::Interrupted, "interrupted"));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Decoded bytes of the arrays that are loaded chunk by chunk: what progress is measured in.
fn file_bytes(file: &dataset::File) -> u64 {
    let bytes = |array: &dataset::Array| match array.dtype {
        dataset::Type::Number(dtype) => {
            (array.shape.iter().product::<usize>() * dtype.size()) as u64
        }
        dataset::Type::Text => 0,
    };
    file.arrays.iter().map(bytes).sum()
}

/// The entry of a data set: its digest, not its bytes. The lock of its key is held.
fn publish(cache: &Cache, key: Key, recipe: &str, written: &dataset::Written) -> Result<()> {
    let kind = DatasetFile::KIND.name;
    if cache.has(kind, &key) {
        return Ok(());
    }
    let name = part_name((0, 1));
    let document = json!({"digest": written.digest, "bytes": written.bytes});
    PartWriter::create(cache, kind, &key, &name)?
        .finish(Documents::from([("dataset".to_owned(), document)]))?;
    let parts = vec![cache.finished_part(kind, &key, &name)?];
    let pending =
        Pending { kind: kind.into(), key, recipe: recipe.into(), parts, notes: Documents::new() };
    cache.publish_batch(vec![pending]).map(drop)
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
