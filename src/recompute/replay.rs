//! Operators of a data set computed again from the file alone.
//!
//! The canonical experiment in the file is planned with chunks of one operator: no content depends on how
//! work is cut. Of that plan only what the chosen operators need is made, in a scratch cache, and compared
//! with the file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use serde_json::{Value, json};

pub use super::replayed::{Compared, Replayed};
use super::{Workshop, order};
use crate::artifact::{InitialConditions, Parameters, RolloutChunk, Weights};
use crate::cache::{Cache, Entry};
use crate::config::{self, Experiment};
use crate::dataset::Recorded;
use crate::error::{Error, ErrorKind, Result};
use crate::exec::Staff;
use crate::exec::progress::Progress;
use crate::key::Digest;
use crate::operator::Operator;
use crate::plan::Plan;
use crate::profile::Profile;

/// A data set, ready to be replayed.
pub struct Replay {
    recorded: Recorded,
    /// Its experiment, with chunks of one operator.
    pub experiment: Experiment,
    file: PathBuf,
}

impl Replay {
    /// Reads the experiment in the data set at `file`, to be computed on `device`.
    ///
    /// # Errors
    /// Usage, if the file holds no experiment, or one that means something else here.
    pub fn open(file: &Path, root: &Path, device: &str) -> Result<Self> {
        let recorded = Recorded::open(file)?;
        let written = &recorded.provenance["experiment"]["execution"];
        let mut execution = if written.is_object() { written.clone() } else { json!({}) };
        execution["chunk"] = 1.into();
        let half = recorded.half();
        let more = json!({
            "execution": execution,
            "simulation": {"device": device},
            "dataset": {"storage": {"dtype": if half { "float16" } else { "float32" }}},
        });
        let experiment = config::from_canonical(&recorded.config, &more, root)?;
        Ok(Self { recorded, experiment, file: file.to_owned() })
    }

    /// The profile that the file was made under, if it says.
    pub fn profile(&self) -> Option<&str> {
        self.recorded.provenance["profile"].as_str()
    }

    /// Computes `count` operators, spread over the file, and compares.
    ///
    /// # Errors
    /// Of the machine, or of integrity if the file is damaged.
    pub fn run(
        &self,
        cache: &Cache,
        profile: &Profile,
        (root, staff, interrupt): (&Path, &Staff, &Arc<AtomicBool>),
        count: usize,
        progress: &mut dyn Progress,
    ) -> Result<Replayed> {
        let rows = self.chosen(count);
        let scratch = cache.scratch_cache()?;
        let plan = Plan::new(&self.experiment, profile, scratch.cache())?;
        let mut nodes: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for (at, node) in plan.graph().iter() {
            let of = |operators: &[Operator]| operators.first().map(|operator| operator.index);
            let operator = node
                .recipe_as::<RolloutChunk>()
                .and_then(|recipe| of(&recipe.operators))
                .or_else(|| node.recipe_as::<Weights>().and_then(|recipe| of(&recipe.operators)))
                .or_else(|| node.recipe_as::<Parameters>().map(|recipe| recipe.operators.start))
                .or_else(|| {
                    node.recipe_as::<InitialConditions>()
                        .and_then(|recipe| recipe.inputs.first().map(|input| input.operator))
                });
            if let Some(operator) = operator {
                nodes.entry(operator).or_default().push(at);
            }
        }
        let index = |row: usize| u64::try_from(self.recorded.operators()[row]).unwrap_or(u64::MAX);
        let mut to_make: Vec<usize> =
            rows.iter().filter_map(|row| nodes.get(&index(*row))).flatten().copied().collect();
        to_make.sort_unstable();
        if let Some(row) = rows.iter().find(|row| !nodes.contains_key(&index(**row))) {
            return Err(Error::integrity(format!(
                "`{}` has operator {}, which its own experiment does not have",
                self.file.display(),
                self.recorded.operators()[*row]
            )));
        }
        let workshop =
            Workshop { root, experiment: &self.experiment, profile, plan: &plan, staff, interrupt };
        let outcome = workshop.make(&scratch, &to_make, progress)?;
        if outcome.interrupted {
            return Err(Error::new(ErrorKind::Interrupted, "interrupted"));
        }
        if let Some(failed) = outcome.failed.into_iter().next() {
            return Err(failed.error.at(failed.label));
        }
        let operators = rows
            .iter()
            .map(|row| self.compare(scratch.cache(), &plan, *row, &nodes[&index(*row)]))
            .collect::<Result<_>>()?;
        let recorded_profile = self.profile().map(str::to_owned);
        let form = &self.recorded.config["simulation"]["precision"];
        Ok(Replayed {
            comparable: recorded_profile.as_deref() == Some(&*profile.name)
                && *form == profile.precision.name(),
            recorded_profile,
            profile: profile.name.to_string(),
            operators,
        })
    }

    /// Rows spread by a hash of their operators, the same each time.
    fn chosen(&self, count: usize) -> Vec<usize> {
        let operators = self.recorded.operators();
        let mut rows: Vec<usize> = (0..operators.len()).collect();
        rows.sort_by_cached_key(|row| order(0, &operators[*row].to_le_bytes()));
        rows.truncate(count);
        rows.sort_unstable();
        rows
    }

    fn compare(&self, cache: &Cache, plan: &Plan, row: usize, nodes: &[usize]) -> Result<Compared> {
        let operator = self.recorded.operators()[row];
        let mut found = Compared { operator, ..Compared::default() };
        let codes = self.recorded.codes(row).unwrap_or_default();
        let simulation = &self.experiment.simulation;
        let steps = simulation.num_timesteps as usize;
        let entry = |at: usize| -> Result<Entry> {
            let node = plan.graph().node(at);
            cache.entry(node.kind.name, &node.key)
        };
        let values = self.recorded.parameters(row)?;
        for at in nodes {
            let node = plan.graph().node(*at);
            if node.recipe_as::<Parameters>().is_some() {
                let entry = entry(*at)?;
                let computed = entry.documents.get("parameters").map(|d| &d["values"]);
                for (name, value) in computed.and_then(Value::as_object).into_iter().flatten() {
                    let Some(stored) = values.get(name) else { continue };
                    if !same(stored, &value[0]) {
                        found.parameters.push(format!("{name}: {stored}, {}", value[0]));
                    }
                }
            } else if let Some(recipe) = node.recipe_as::<InitialConditions>() {
                let entry = entry(*at)?;
                let side = recipe.inputs[0].grid as usize;
                let stored = self.recorded.input(row, side)?;
                let piece = entry.piece(&format!("fields/{operator}"));
                found.input_differs = stored
                    .zip(piece)
                    .map(|(stored, piece)| Some(&Digest::of(&stored)) != piece.leaves.first());
            }
        }
        let mut states = None;
        for at in nodes {
            let Some(recipe) = plan.graph().node(*at).recipe_as::<RolloutChunk>() else { continue };
            let entry = entry(*at)?;
            if states.is_none() {
                states = Some(self.recorded.states(row, recipe.operators[0].grid as usize)?);
            }
            let (block, segment) = (&recipe.realizations, &recipe.steps);
            if let Some(piece) = entry.piece(&format!("valid/{operator}")) {
                let own = cache.read(&entry, piece)?;
                for (i, code) in own.iter().enumerate() {
                    let (m, t) = (i / segment.len(), i % segment.len());
                    let at = (block.start as usize + m) * steps + segment.start as usize + t;
                    found.codes += usize::from(codes.get(at).is_some_and(|stored| stored != code));
                }
            }
            let Some(stored) = states.as_ref().and_then(Option::as_ref) else { continue };
            let Some(piece) = entry.piece(&format!("fields/{operator}")) else { continue };
            let bytes = cache.read(&entry, piece)?;
            let length = piece.leaf * piece.dtype.size();
            for leaf in 0..piece.leaves.len() {
                let (m, t) = (leaf / segment.len(), leaf % segment.len());
                let (m, t) = (block.start as usize + m, segment.start as usize + t);
                let from = piece.valid.position(&piece.shape, leaf) * length;
                let own = &bytes[from..from + length];
                let there = stored.states.get(m * steps + t).map_or(&[][..], Vec::as_slice);
                found.states += 1;
                if own == there && stored.dtype == piece.dtype {
                    continue;
                }
                found.difference.leaves += 1;
                found.difference.numbers(there, own, piece.dtype);
                if found.first.is_none_or(|first| (m, t) < first) {
                    found.first = Some((m, t));
                }
            }
        }
        found.difference.of = found.states;
        found.equal = found.parameters.is_empty()
            && found.input_differs != Some(true)
            && found.codes == 0
            && found.difference.leaves == 0;
        Ok(found)
    }
}

/// Whether a value as the file shows it is the computed one.
fn same(stored: &str, computed: &Value) -> bool {
    match computed {
        Value::String(text) => stored == text,
        Value::Number(number) => stored.parse::<f64>().ok() == number.as_f64(),
        other => *other == stored,
    }
}
