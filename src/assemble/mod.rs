//! From a plan and the cache to the data set as plain data: which array holds what, and which cached
//! piece goes where. Knows the layout of `docs/data-set.md`; not how HDF5 is written.
//!
//! Encoded chunks go from the cache into the file as they are, verified on the way. An entry that
//! turns out damaged is set aside, and the error says so: planning again rebuilds it.

mod axes;
mod beside;
mod dynamics;
mod features;
mod inputs;
mod metadata;
mod outputs;
mod parameters;
mod statistics;
mod stored;
mod weights;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use serde_json::Value;

use crate::artifact::Artifact;
use crate::cache::{Cache, Entry};
use crate::config::{Experiment, Layout};
use crate::dataset::{Array, Attribute, File};
use crate::error::{Error, Result};
use crate::graph::Node;
use crate::key::Key;
use crate::plan::Plan;
use crate::profile::Profile;
use crate::sampling::Quality;

pub use beside::{Beside, is_beside, renders as renders_folder, wanted as beside};
pub use dynamics::advice;
pub use parameters::quality;
pub use weights::export as export_weights;

/// What the data set is made from.
pub struct Sources<'a> {
    /// The experiment.
    pub experiment: &'a Experiment,
    /// The numerics profile it was planned for.
    pub profile: &'a Profile,
    /// Its plan; every artifact but the data set is in the cache.
    pub plan: &'a Plan,
    /// The cache.
    pub cache: &'a Arc<Cache>,
    /// Set by Ctrl-C: writing stops at the next chunk.
    pub interrupt: &'a Arc<AtomicBool>,
}

impl Sources<'_> {
    /// The artifacts of one kind with their recipes, in order.
    fn recipes<A: Artifact>(&self) -> impl Iterator<Item = (&Node, &A)> {
        self.plan
            .graph()
            .iter()
            .filter_map(|(_, node)| node.recipe_as::<A>().map(|recipe| (node, recipe)))
    }

    /// Whether everything that the data set holds is in the cache.
    pub fn has_all_of_the_data_set(&self) -> bool {
        let graph = self.plan.graph();
        graph.inputs(self.plan.expansion.dataset.node()).all(|at| {
            let node = graph.node(at);
            self.cache.has(node.kind.name, &node.key)
        })
    }

    /// The entry of an artifact; a damaged one is set aside and is an integrity error.
    fn entry(&self, node: &Node) -> Result<Arc<Entry>> {
        match self.cache.entry_or_quarantine(node.kind.name, &node.key)? {
            Some(entry) => Ok(Arc::new(entry)),
            None => Err(Error::integrity(format!("{}: its entry is damaged", node.label()))),
        }
    }

    /// A document of an entry.
    fn document<'e>(&self, entry: &'e Entry, name: &str) -> Result<&'e Value> {
        entry.documents.get(name).ok_or_else(|| {
            let _ = self.cache.quarantine(&entry.kind, &entry.key, "a document is missing");
            Error::integrity(format!("{} {}: no document `{name}`", entry.kind, entry.key))
        })
    }
}

/// One resolution of the data set.
#[derive(Debug, Clone)]
struct GridGroup {
    /// What comes between the group and `fields` in a path: nothing, or `64/`.
    prefix: String,
    /// Side of the stored fields.
    side: usize,
    /// Row of each operator.
    rows: BTreeMap<u64, usize>,
}

/// The resolutions: one, unless the layout is grouped and the grids differ.
fn grid_groups(sources: &Sources<'_>) -> Vec<GridGroup> {
    let operators = &sources.plan.expansion.operators;
    let mut sides: Vec<u32> = operators.iter().map(|o| o.grid).collect();
    sides.sort_unstable();
    sides.dedup();
    let largest = sides.last().copied().unwrap_or(0) as usize;
    if sides.len() == 1 || sources.experiment.dataset.layout == Layout::Padded {
        let rows = operators.iter().enumerate().map(|(row, o)| (o.index, row)).collect();
        return vec![GridGroup { prefix: String::new(), side: largest, rows }];
    }
    sides
        .into_iter()
        .map(|side| {
            let members = operators.iter().filter(|o| o.grid == side);
            let rows = members.enumerate().map(|(row, o)| (o.index, row)).collect();
            GridGroup { prefix: format!("{side}/"), side: side as usize, rows }
        })
        .collect()
}

/// The data set as plain data. `provenance` is stored and no part of the digest; `quality` is that of
/// the sample.
///
/// # Errors
/// Of kind integrity if an entry is damaged; it has been set aside then.
pub fn contents(
    sources: &Sources<'_>,
    key: Key,
    provenance: &Value,
    quality: &Quality,
) -> Result<File> {
    let dataset = &sources.experiment.dataset;
    let groups = grid_groups(sources);
    let mut arrays: Vec<Array> = Vec::new();
    let mut attributes: Vec<(String, String, Attribute)> = Vec::new();
    if dataset.parameters {
        arrays.extend(parameters::arrays(sources)?);
    }
    if dataset.inputs {
        arrays.extend(inputs::arrays(sources, &groups)?);
    }
    let outputs = outputs::arrays(sources, &groups)?;
    let valid = outputs.iter().position(|a| a.path == "/metadata/valid");
    let has_states = dataset.trajectories;
    if !has_states {
        attributes.push((
            "/outputs".into(),
            "note".into(),
            Attribute::Text(
                "trajectories are not stored (store_trajectories: false); metrics are".into(),
            ),
        ));
    }
    debug_assert!(valid.is_some(), "every data set says which states are valid");
    arrays.extend(outputs);
    if dataset.operator_features {
        arrays.extend(inputs::features(sources)?);
    }
    if let Some(wanted) = &sources.experiment.features {
        features::add(sources, wanted, &mut arrays, &mut attributes)?;
        arrays.extend(statistics::arrays(sources)?);
    }
    metadata::add(sources, &groups, (provenance, quality), &mut arrays, &mut attributes)?;
    let scales = axes::add(sources, &groups, &mut arrays);
    arrays.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(File { key, arrays, attributes, scales, compression: dataset.compression })
}
