//! Deciding: what an experiment needs, what the cache has, what is to be done and why.
//!
//! A [`Plan`] is data. Making it starts no thread, process or device, reads the cache without
//! writing to it, and does not know how anything is computed.

pub mod cost;
mod expand;
pub mod explain;
pub mod group;
mod memory;
mod regrowth;
mod report;
#[cfg(test)]
mod tests;
pub mod why;

use std::path::{Path, PathBuf};

pub use expand::{Expansion, Exported, expand, expand_some};
pub use memory::Memory;
pub use regrowth::{Regrowth, regrowth};
pub use report::{NodeReport, PlanReport, Tally};

use crate::artifact::{Artifact, DatasetFile, KINDS};
use crate::cache::Cache;
use crate::config::Experiment;
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::key::Digest;
use crate::profile::Profile;

/// Whether an artifact has to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is there.
    Cached,
    /// It is not, and all its inputs are.
    Stale,
    /// It is not, and waits for an input that is to be made first.
    Blocked,
}

impl State {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            State::Cached => "cached",
            State::Stale => "stale",
            State::Blocked => "blocked",
        }
    }
}

/// What is to be done about the output file once every artifact is there.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Nothing: it is there, with this digest.
    Current(Digest),
    /// It still lies at another path.
    Copy {
        /// Where.
        from: PathBuf,
        /// Its digest.
        digest: Digest,
    },
    /// It has to be assembled, because of this.
    Assemble(&'static str),
}

/// Why a data set is assembled that was never built.
const NOT_BUILT: &str = "not built yet";

/// What an experiment needs and what of it is there.
#[derive(Debug)]
pub struct Plan {
    /// The artifacts.
    pub expansion: Expansion,
    /// By place in the graph.
    pub states: Vec<State>,
    /// The output file.
    pub output: Output,
    /// Where the output file is to lie.
    pub path: PathBuf,
}

impl Plan {
    /// Plans `experiment` against `cache` for the machine that `profile` describes.
    ///
    /// # Errors
    /// If the registry of output files cannot be read.
    pub fn new(experiment: &Experiment, profile: &Profile, cache: &Cache) -> Result<Self> {
        let mut expansion = expand(experiment, profile);
        if let Some(error) = Error::all(std::mem::take(&mut expansion.faults)) {
            return Err(error);
        }
        let path = experiment.dataset.path.clone();
        let dataset = expansion.dataset;
        let output = output(&expansion.graph, dataset.node(), &path, cache)?;
        let states = states(&expansion.graph, dataset.node(), &output, cache);
        Ok(Self { expansion, states, output, path })
    }

    /// Looks at the cache once more: entries may have come and gone since.
    ///
    /// # Errors
    /// As [`Plan::new`].
    pub fn look_again(&mut self, cache: &Cache) -> Result<()> {
        self.output = self.output_now(cache)?;
        let dataset = self.expansion.dataset.node();
        self.states = states(&self.expansion.graph, dataset, &self.output, cache);
        Ok(())
    }

    /// The graph.
    pub fn graph(&self) -> &Graph {
        &self.expansion.graph
    }

    /// What is to be done about the output file as things are now: another build may have written it.
    ///
    /// # Errors
    /// As [`Plan::new`].
    pub fn output_now(&self, cache: &Cache) -> Result<Output> {
        output(self.graph(), self.expansion.dataset.node(), &self.path, cache)
    }

    /// Whether there is nothing to do.
    pub fn is_current(&self) -> bool {
        matches!(self.output, Output::Current(_)) && self.states.iter().all(|s| *s == State::Cached)
    }

    /// Places of the artifacts to make, the data set apart, inputs first. `only` restricts them to
    /// kinds (by name) and what these need.
    pub fn to_make(&self, only: &[String]) -> Vec<usize> {
        let mut wanted = vec![only.is_empty(); self.states.len()];
        for at in (0..wanted.len()).rev() {
            let node = self.graph().node(at);
            wanted[at] |= only.iter().any(|kind| kind == node.kind.name);
            if wanted[at] && self.states[at] != State::Cached {
                self.graph().inputs(at).for_each(|input| wanted[input] = true);
            }
        }
        (0..wanted.len())
            .filter(|at| wanted[*at] && self.states[*at] != State::Cached)
            .filter(|at| *at != self.expansion.dataset.node())
            .collect()
    }

    /// Artifacts that are there, counted by kind, every kind present.
    pub fn cached(&self) -> [u64; KINDS.len()] {
        let mut counts = [0; KINDS.len()];
        for (at, node) in self.graph().iter() {
            if self.states[at] == State::Cached {
                counts[kind_index(node.kind.name)] += 1;
            }
        }
        counts
    }
}

/// The place of a kind in [`KINDS`].
pub fn kind_index(name: &str) -> usize {
    KINDS.iter().position(|k| k.name == name).expect("every node is of a listed kind")
}

/// What the cache has of a graph.
fn states(graph: &Graph, dataset: usize, output: &Output, cache: &Cache) -> Vec<State> {
    let mut cached = vec![false; graph.len()];
    let (mut places, mut keys) = (Vec::new(), Vec::new());
    for kind in KINDS {
        places.clear();
        keys.clear();
        for (at, node) in graph.iter().filter(|(at, _)| *at != dataset) {
            if node.kind.name == kind.name {
                places.push(at);
                keys.push(node.key);
            }
        }
        if !keys.is_empty() {
            let present = cache.present(kind.name, &keys);
            places.iter().zip(present).for_each(|(at, present)| cached[*at] = present);
        }
    }
    cached[dataset] = !matches!(output, Output::Assemble(_));
    let mut states: Vec<State> = Vec::with_capacity(graph.len());
    for (at, cached) in cached.into_iter().enumerate() {
        let waits = || graph.inputs(at).any(|i| states[i] != State::Cached);
        let state = match cached {
            true => State::Cached,
            false if waits() => State::Blocked,
            false => State::Stale,
        };
        states.push(state);
    }
    states
}

/// What is to be done about the output file: it is current if the registry says that we wrote it
/// for this key and nobody touched it since.
fn output(graph: &Graph, at: usize, path: &Path, cache: &Cache) -> Result<Output> {
    let node = graph.node(at);
    let kind = DatasetFile::KIND.name;
    if !cache.has(kind, &node.key) {
        return Ok(Output::Assemble(NOT_BUILT));
    }
    if let Some(record) = cache.output_at(path)?
        && record.key == node.key
    {
        if record.is_intact()? {
            return Ok(Output::Current(record.digest));
        }
        let gone = !path.exists();
        let why = if gone { "the file is gone" } else { "the file was changed by someone else" };
        if !gone {
            return Ok(Output::Assemble(why));
        }
    }
    for record in cache.outputs_of(&node.key)? {
        if record.is_intact()? {
            return Ok(Output::Copy { from: record.path.clone(), digest: record.digest });
        }
    }
    Ok(Output::Assemble("the file is gone"))
}
