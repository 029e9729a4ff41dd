//! The worker: plans the experiment again, is told keys, computes, and writes parts into the cache.
//!
//! It knows the cache and the kernels, and nothing of schedules. It computes privately; the build
//! publishes.

mod alive;
mod bench;
mod features;
pub mod flight;
mod inputs;
mod look;
mod looking;
mod measured;
mod parameters;
mod render;
mod rollouts;
mod state_features;
mod states;
mod statistics;
mod weights;

pub use alive::Replies;
pub use bench::measure;

use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::rc::Rc;
use std::time::Instant;

use crate::artifact::{
    FeatureTable, InitialConditions, Parameters, RenderFile, RenderFrames, RenderTally,
    RolloutChunk, StateFeatures, Statistics, Weights,
};
use crate::cache::{Cache, Entry, PartWriter};
use crate::compute::device::{self, Device};
use crate::config::{self, Experiment};
use crate::error::{Error, Result};
use crate::exec::protocol::{Failure, Hello, Job, Reply, part_name};
use crate::graph::{Graph, Node};
use crate::key::Key;
use crate::mark;
use crate::operator::rollout::Precision;
use crate::plan::expand;
use crate::profile::{Probe, Profile};

/// Entries of inputs kept open: the chunks that a worker is at.
const ENTRIES: usize = 8;

/// Everything a kernel needs besides its recipe.
pub(crate) struct Context {
    /// The experiment.
    pub experiment: Experiment,
    /// The cache.
    pub cache: Cache,
    /// Where to compute.
    pub device: Device,
    /// Of the convolutions.
    pub precision: Precision,
    /// Level of the deflate filter for large arrays.
    pub compression: Option<u8>,
    /// Units in flight at most: lowered for good where the memory did not hold more.
    pub width: usize,
    entries: HashMap<Key, Rc<Entry>>,
}

impl Context {
    /// An entry that a recipe names as input.
    pub fn entry(&mut self, kind: &str, key: &Key) -> Result<Rc<Entry>> {
        if let Some(entry) = self.entries.get(key) {
            return Ok(Rc::clone(entry));
        }
        let entry = self.cache.entry_or_quarantine(kind, key)?.ok_or_else(|| {
            Error::integrity(format!("the {kind} entry {key} is damaged or gone"))
        })?;
        if self.entries.len() >= ENTRIES {
            self.entries.clear();
        }
        let entry = Rc::new(entry);
        self.entries.insert(*key, Rc::clone(&entry));
        Ok(entry)
    }

    /// One array of an entry, verified; a damaged one puts the whole entry aside.
    pub fn array(&self, entry: &Entry, name: &str) -> Result<Vec<u8>> {
        mark::tick();
        let read = entry
            .piece(name)
            .ok_or_else(|| Error::integrity(format!("{} {}: no `{name}`", entry.kind, entry.key)))
            .and_then(|piece| self.cache.read(entry, piece));
        if let Err(error) = &read
            && error.kind == crate::error::ErrorKind::Integrity
        {
            self.cache.quarantine(&entry.kind, &entry.key, &error.message)?;
        }
        read
    }

    /// Begins the part of `node` that holds `units`.
    pub fn part(&self, node: &Node, units: (usize, usize)) -> Result<PartWriter> {
        PartWriter::create(&self.cache, node.kind.name, &node.key, &part_name(units))
    }
}

/// Answers jobs from `input` until it ends, and says beside its work how far it is.
///
/// # Errors
/// If the other side cannot be talked to.
pub fn serve(input: impl BufRead, output: impl Write + Send) -> Result<()> {
    let replies = Replies::new(output);
    replies.beside(|| answer(input, &replies))
}

fn answer<W: Write + Send>(input: impl BufRead, replies: &Replies<W>) -> Result<()> {
    let mut lines = input.lines();
    let gone = |e: std::io::Error| Error::environment(format!("spinlock is gone: {e}"));
    let Some(first) = lines.next() else { return Ok(()) };
    mark::begin("getting ready");
    let (mut context, graph) = match greeted(&first.map_err(gone)?) {
        Ok(prepared) => prepared,
        Err(error) => {
            let error = Failure::from(&error);
            return replies.say(&Reply::Failed { id: None, error }).map_err(gone);
        }
    };
    replies.say(&Reply::Ready).map_err(gone)?;
    for line in lines {
        let Ok(job) = serde_json::from_str::<Job>(&line.map_err(gone)?) else {
            return Err(Error::environment("spinlock sent a line that is no job"));
        };
        replies.turn_to(Some(job.id));
        let start = Instant::now();
        let reply = match run(&mut context, &graph, &job) {
            Ok(()) => Reply::Done {
                id: job.id,
                parts: vec![part_name(job.units); job.keys.len()],
                seconds: start.elapsed().as_secs_f64(),
            },
            Err(error) => Reply::Failed { id: Some(job.id), error: Failure::from(&error) },
        };
        replies.turn_to(None);
        replies.say(&reply).map_err(gone)?;
    }
    Ok(())
}

fn greeted(line: &str) -> Result<(Context, Graph)> {
    let hello: Hello = serde_json::from_str(line)
        .map_err(|e| Error::environment(format!("spinlock sent an unreadable greeting: {e}")))?;
    prepare(&hello)
}

fn prepare(hello: &Hello) -> Result<(Context, Graph)> {
    if hello.version != env!("CARGO_PKG_VERSION") {
        return Err(Error::environment(format!(
            "spinlock {} cannot work with spinlock-worker {}",
            hello.version,
            env!("CARGO_PKG_VERSION")
        ))
        .help("install both from one checkout: make install"));
    }
    let experiment = config::from_snapshot(&hello.snapshot.to_string(), &hello.root)?;
    mark::begin("looking at the device");
    device::init(hello.threads);
    let device = hello.cuda.map_or(Device::Cpu, Device::Cuda);
    let profile = profile(hello)?;
    if !hello.agrees_with(&profile) {
        return Err(Error::environment(format!(
            "the build was planned for the profile `{}`, and this machine is `{}`",
            hello.profile, profile.name
        )));
    }
    device::check(device)?;
    mark::begin("planning the experiment again");
    let graph = expand(&experiment, &profile).graph;
    let cache = Cache::open(&hello.cache)?;
    let compression = hello.compression;
    let precision = profile.precision;
    let entries = HashMap::new();
    let width = usize::MAX;
    Ok((Context { experiment, cache, device, precision, compression, width, entries }, graph))
}

/// The precision that the planner named.
fn precision(hello: &Hello) -> Precision {
    [Precision::Float32, Precision::Float16, Precision::Bfloat16]
        .into_iter()
        .find(|p| p.name() == hello.precision)
        .unwrap_or(Precision::Auto)
}

/// The profile of the device that this worker was given, as the planner names it.
fn profile(hello: &Hello) -> Result<Profile> {
    let precision = precision(hello);
    let profile = match hello.cuda {
        None if hello.portable => Profile::named(&hello.profile, precision),
        None => Profile::cpu(precision)?,
        Some(id) => Profile::cuda(&probe()?, &[id], precision)?,
    };
    Ok(Profile { encoder: hello.encoder.as_deref().map(Into::into), ..profile })
}

/// What the planner must know of libraries and devices.
///
/// # Errors
/// If the machine's processor cannot be looked at.
pub fn probe() -> Result<Probe> {
    device::init(1);
    device::probe()
}

/// Makes the parts of one job. A part of an earlier try is overwritten.
fn run(context: &mut Context, graph: &Graph, job: &Job) -> Result<()> {
    let node = |key: &Key| {
        graph.find(key).map(|at| graph.node(at)).ok_or_else(|| {
            Error::environment(format!("the worker's own plan has no artifact {key}"))
                .help("spinlock and spinlock-worker differ: run `make build`")
        })
    };
    let nodes: Vec<&Node> = job.keys.iter().map(node).collect::<Result<_>>()?;
    let Some(first) = nodes.first() else {
        return Err(Error::environment("spinlock sent a job without artifacts"));
    };
    mark::begin(&first.label());
    if nodes[0].recipe_as::<RolloutChunk>().is_some() {
        let looks: Vec<&Node> = job.looks.iter().map(node).collect::<Result<_>>()?;
        return rollouts::run(context, &nodes, &looks, job.units);
    }
    if nodes[0].recipe_as::<StateFeatures>().is_some() {
        return state_features::run(context, &nodes, job.units);
    }
    for node in nodes {
        mark::begin(&node.label());
        if let Some(recipe) = node.recipe_as::<Parameters>() {
            parameters::run(context, node, recipe)?;
        } else if let Some(recipe) = node.recipe_as::<Weights>() {
            weights::run(context, node, recipe)?;
        } else if let Some(recipe) = node.recipe_as::<InitialConditions>() {
            inputs::run(context, node, recipe)?;
        } else if let Some(recipe) = node.recipe_as::<FeatureTable>() {
            features::run(context, node, recipe)?;
        } else if let Some(recipe) = node.recipe_as::<Statistics>() {
            statistics::run(context, graph, node, recipe)?;
        } else if let Some(recipe) = node.recipe_as::<RenderTally>() {
            render::tally(context, node, recipe)?;
        } else if let Some(recipe) = node.recipe_as::<RenderFrames>() {
            render::frames(context, node, recipe)?;
        } else if let Some(recipe) = node.recipe_as::<RenderFile>() {
            render::file(context, node, recipe)?;
        } else {
            return Err(Error::artifact(format!("no worker makes a {}", node.kind.name)));
        }
    }
    Ok(())
}

/// Little-endian bytes of 32-bit floats.
pub(crate) fn f32_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

/// 32-bit floats of little-endian bytes.
pub(crate) fn f32_values(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

/// Little-endian bytes of 64-bit floats.
pub(crate) fn f64_bytes(values: &[f64]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

/// 64-bit floats of little-endian bytes.
pub(crate) fn f64_values(bytes: &[u8]) -> Vec<f64> {
    let number = |b: &[u8]| f64::from_le_bytes(b.try_into().expect("eight bytes"));
    bytes.chunks_exact(8).map(number).collect()
}

/// The whole of an artifact that is not cut.
pub(crate) const WHOLE: (usize, usize) = (0, 1);

/// Ends the process at once, without running the destructors of loaded libraries.
pub fn leave(code: u8) -> ! {
    #[expect(unsafe_code, reason = "`_exit` is a C call")]
    // SAFETY: it takes a plain number and does not return; output is flushed by the caller.
    unsafe {
        libc::_exit(i32::from(code))
    }
}
