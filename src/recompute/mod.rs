//! Artifacts made once more, beside the cache, to be compared with what was made first.
//!
//! Workers make them in a scratch cache, by the same code as ever, from inputs that are linked there
//! out of the cache. Invariant: nothing here changes an entry of the cache or a data set. What follows
//! from a difference is not its business.

mod place;
pub mod replay;
mod replayed;
mod sample;

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use serde::Serialize;

pub use sample::{Share, order};

use crate::artifact::KINDS;
use crate::cache::{Cache, Difference, Scratch, compare};
use crate::config::Experiment;
use crate::error::{Error, ErrorKind, Result};
use crate::exec::log::EventLog;
use crate::exec::progress::Progress;
use crate::exec::{self, Failed, Outcome, Staff};
use crate::key::{Digest, Key};
use crate::plan::{Plan, kind_index};
use crate::profile::Profile;

/// Content of artifacts that are made at a time, before encoding: what a check needs of the disk.
const MOST_BYTES: u64 = 8 << 30;
/// So many entries that came out otherwise are kept for a person to look at.
const KEPT: usize = 16;

/// What is needed to make artifacts of an experiment once more.
pub struct Workshop<'a> {
    /// The project root.
    pub root: &'a Path,
    /// The experiment.
    pub experiment: &'a Experiment,
    /// The numerics profile.
    pub profile: &'a Profile,
    /// Its plan.
    pub plan: &'a Plan,
    /// Who computes.
    pub staff: &'a Staff,
    /// Set by Ctrl-C.
    pub interrupt: &'a Arc<AtomicBool>,
}

/// What a check found.
#[derive(Debug, Default)]
pub struct Checked {
    /// Artifacts that were made again, by kind.
    pub counts: [u64; KINDS.len()],
    /// Those that came out otherwise, inputs first.
    pub differing: Vec<Differing>,
    /// Those that could not be made.
    pub failed: Vec<Failed>,
    /// Ctrl-C.
    pub interrupted: bool,
}

/// An artifact that came out otherwise.
#[derive(Debug, Clone, Serialize)]
pub struct Differing {
    /// Its kind.
    pub kind: &'static str,
    /// Its label.
    pub label: String,
    /// Its key.
    pub key: Key,
    /// Digest of what is in the cache, and stays.
    pub first: Digest,
    /// Digest of what was made now.
    pub again: Digest,
    /// Where the first difference is, in words.
    pub place: String,
    /// In what they differ.
    pub difference: Difference,
    /// An input that was made again too and differs: probably why.
    pub because: Option<String>,
    /// Where the other one lies, until `gc`.
    pub kept: Option<PathBuf>,
}

impl Workshop<'_> {
    /// Makes artifacts (inputs first) in a scratch cache that holds what else they need.
    ///
    /// # Errors
    /// Of the machine; of kind integrity if what they are made from turns out damaged.
    pub fn make(
        &self,
        scratch: &Scratch,
        nodes: &[usize],
        progress: &mut dyn Progress,
    ) -> Result<Outcome> {
        let cache = scratch.cache();
        let options = exec::Options {
            worker: self.staff.program()?,
            hellos: self.staff.hellos(self.root, self.experiment, self.profile, cache.root()),
            keep_going: true,
            stall: self.staff.stall,
            interrupt: Arc::clone(self.interrupt),
            drain: Arc::default(),
        };
        // Of the workers alone, and gone with the cache: the build's own log says what came of it.
        let folder = cache.root().join("log");
        let mut log = EventLog::create(&folder, Instant::now(), &self.profile.name)?;
        let outcome = exec::run(self.plan, nodes, cache, &options, progress, &mut log)?;
        if outcome.damaged {
            return Err(Error::integrity("an entry that the check starts from is damaged")
                .help("`spinlock cache fsck` finds it and sets it aside; then build again"));
        }
        Ok(outcome)
    }

    /// Makes artifacts of the cache once more and compares.
    ///
    /// # Errors
    /// As [`Workshop::make`].
    pub fn check(
        &self,
        cache: &Cache,
        nodes: &[usize],
        progress: &mut dyn Progress,
    ) -> Result<Checked> {
        let mut checked = Checked::default();
        for some in self.portions(nodes) {
            self.portion(cache, &some, &mut checked, progress)?;
            if checked.interrupted {
                break;
            }
        }
        Ok(checked)
    }

    /// Artifacts in portions that a disk holds, inputs first.
    fn portions(&self, nodes: &[usize]) -> Vec<Vec<usize>> {
        let mut portions: Vec<Vec<usize>> = Vec::new();
        let mut bytes = 0;
        for at in nodes {
            let own = self.plan.graph().node(*at).cost.bytes;
            if let Some(portion) = portions.last_mut().filter(|_| bytes + own <= MOST_BYTES) {
                portion.push(*at);
            } else {
                portions.push(vec![*at]);
                bytes = 0;
            }
            bytes += own;
        }
        portions
    }

    fn portion(
        &self,
        cache: &Cache,
        nodes: &[usize],
        checked: &mut Checked,
        progress: &mut dyn Progress,
    ) -> Result<()> {
        let graph = self.plan.graph();
        let scratch = cache.scratch_cache()?;
        let made: HashSet<usize> = nodes.iter().copied().collect();
        for at in nodes {
            for input in graph.inputs(*at).filter(|input| !made.contains(input)) {
                let input = graph.node(input);
                scratch.adopt(cache, input.kind.name, &input.key)?;
            }
        }
        let outcome = self.make(&scratch, nodes, progress)?;
        checked.interrupted = outcome.interrupted;
        checked.failed.extend(outcome.failed);
        let mut differ: BTreeMap<usize, String> = BTreeMap::new();
        for at in nodes {
            let node = graph.node(*at);
            let kind = node.kind.name;
            if !scratch.cache().has(kind, &node.key) {
                continue;
            }
            checked.counts[kind_index(kind)] += 1;
            let (first, again) =
                (cache.entry(kind, &node.key)?, scratch.cache().entry(kind, &node.key)?);
            let Some(difference) = compare((cache, &first), (scratch.cache(), &again))? else {
                continue;
            };
            let because = graph.inputs(*at).find_map(|input| differ.get(&input).cloned());
            let keeps = because.is_none() && checked.differing.len() < KEPT;
            let kept = if keeps { Some(scratch.keep(cache, kind, &node.key)?) } else { None };
            differ.insert(*at, node.label());
            checked.differing.push(Differing {
                kind,
                label: node.label(),
                key: node.key,
                first: first.digest,
                again: again.digest,
                place: place::of(node, &first, &difference),
                difference,
                because,
                kept,
            });
        }
        Ok(())
    }
}

impl Differing {
    /// What a person is told, in a few lines.
    pub fn lines(&self) -> String {
        let Difference { leaves, of, max_abs, max_rel, undefined, .. } = &self.difference;
        let mut text = format!("{}: {}", self.label, self.place);
        if *of > 0 && *leaves > 0 {
            let _ = write!(text, "; {leaves} of {of} leaves differ");
        }
        if let (Some(by), Some(share)) = (max_abs, max_rel) {
            let _ = write!(text, ", by at most {by:.3e} ({share:.3e} of the value)");
        }
        if *undefined > 0 {
            let _ = write!(text, ", {undefined} numbers are finite in one only");
        }
        let _ = write!(text, "\n  in the cache {}\n  made again   {}", self.first, self.again);
        if let Some(input) = &self.because {
            let _ = write!(text, "\n  made from {input}, which differs too");
        }
        if let Some(kept) = &self.kept {
            let _ = write!(text, "\n  the other one lies in {}", kept.display());
        }
        text
    }
}

/// What came out otherwise, as an error of the exit code 5; `None` if nothing did.
pub fn error(counts: &[u64; KINDS.len()], differing: &[Differing]) -> Option<Error> {
    let all: u64 = counts.iter().sum();
    let first = differing.first()?;
    let message = format!(
        "{} of {all} artifacts came out otherwise than in the cache, first {}",
        differing.len(),
        first.label
    );
    Some(Error::new(ErrorKind::NotReproducible, message).help(
        "what is in the cache stays; check again to see which of the two is stable, and suspect \
         memory, driver or libraries; `spinlock cache gc` removes what was kept to look at",
    ))
}
