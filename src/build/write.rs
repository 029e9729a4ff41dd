//! The stage of a build in which the data set, and what lies beside it, comes to its place.

use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{Report, beside, provenance, quality};
use crate::artifact::{Artifact, DatasetFile};
use crate::assemble::{self, Sources};
use crate::cache::{Cache, Documents, KeyLock, OutputRecord, PartWriter, Pending, identity};
use crate::dataset;
use crate::effect;
use crate::error::{Error, ErrorKind, IoContext, Result};
use crate::exec::log::EventLog;
use crate::exec::progress::Progress;
use crate::exec::protocol::part_name;
use crate::key::Key;
use crate::plan::{Output, kind_index};
use crate::project::Project;

/// Puts the data set at its path: copied if it lies elsewhere, else assembled.
pub fn write(
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
