//! Which groups two expansions differ in, and whether in their own recipes or only in their inputs.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::artifact::{
    Artifact, FeatureTable, InitialConditions, Parameters, RenderFile, RolloutChunk, StateFeatures,
    Weights,
};
use crate::graph::Node;
use crate::plan::group::group;
use crate::plan::{Expansion, Plan};

/// How much of a plan is expanded again for each edit, in artifacts.
const MOST: usize = 4000;

/// How an edit touches a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Touch {
    /// Through its inputs only.
    Inputs,
    /// In its recipes.
    Own,
}

/// What is expanded of an experiment: all, or only the chunks of some operators.
pub struct Scope {
    operators: Option<Vec<u64>>,
    all: usize,
}

impl Scope {
    /// Whether nothing is left out.
    pub fn is_whole(&self) -> bool {
        self.operators.is_none()
    }

    /// The operators whose chunks are expanded; none of a whole experiment.
    pub fn operators(&self) -> Option<&[u64]> {
        self.operators.as_deref()
    }

    /// How many chunks are expanded, and of how many, if not all are.
    pub fn chunks(&self) -> Option<(usize, usize)> {
        self.operators.as_ref().map(|some| (some.len(), self.all))
    }
}

/// What to expand of a plan to see why these artifacts, group by group, changed: of a large one chunks
/// that hold some of them, evenly over each group.
pub fn scope(plan: &Plan, changed: &[&[usize]]) -> Scope {
    let graph = plan.graph();
    let starts: Vec<u64> = graph.iter().filter_map(|(_, node)| first_of_chunk(node)).collect();
    if graph.len() <= MOST || starts.len() < 2 {
        return Scope { operators: None, all: starts.len() };
    }
    let room = (MOST * starts.len() / graph.len()).clamp(1, 64);
    let each = (room / changed.len().max(1)).max(2);
    let mut chosen = BTreeSet::from([starts[0]]);
    for nodes in changed {
        let operators: BTreeSet<u64> =
            nodes.iter().filter_map(|at| first_operator(graph.node(*at))).collect();
        let operators: Vec<u64> = operators.into_iter().collect();
        let Some(last) = operators.len().checked_sub(1) else { continue };
        for i in 0..each {
            let operator = operators[i * last / (each - 1)];
            let chunk = starts.partition_point(|start| *start <= operator).saturating_sub(1);
            chosen.insert(starts[chunk]);
        }
    }
    Scope { operators: Some(chosen.into_iter().collect()), all: starts.len() }
}

/// The first operator of a chunk, of an artifact that every chunk has one of.
fn first_of_chunk(node: &Node) -> Option<u64> {
    node.recipe_as::<InitialConditions>().map(|recipe| recipe.inputs[0].operator)
}

/// An operator of an artifact that is of a chunk.
fn first_operator(node: &Node) -> Option<u64> {
    if let Some(recipe) = node.recipe_as::<RolloutChunk>() {
        return Some(recipe.operators[0].index);
    }
    if let Some(recipe) = node.recipe_as::<StateFeatures>() {
        return Some(recipe.operators[0].index);
    }
    let others = node.recipe_as::<Weights>().map(|recipe| recipe.operators[0].index);
    let others = others.or_else(|| node.recipe_as::<Parameters>().map(|r| r.operators.start));
    let others = others.or_else(|| node.recipe_as::<FeatureTable>().map(|r| r.operators[0].index));
    others.or_else(|| first_of_chunk(node))
}

/// Whether an artifact is of the whole experiment, so that it is not what it would be if only some chunks
/// are expanded.
pub fn is_of_everything(node: &Node) -> bool {
    first_operator(node).is_none()
}

/// An expansion with its artifacts by label.
pub struct Variant<'a> {
    expansion: Held<'a>,
    /// Places by label.
    pub labels: HashMap<String, usize>,
}

enum Held<'a> {
    Own(Box<Expansion>),
    Of(&'a Expansion),
}

impl<'a> Variant<'a> {
    /// Of an expansion made for this.
    pub fn new(expansion: Expansion) -> Self {
        let labels = labels(&expansion);
        Self { expansion: Held::Own(Box::new(expansion)), labels }
    }

    /// Of one that is there.
    pub fn of(expansion: &'a Expansion) -> Self {
        Self { expansion: Held::Of(expansion), labels: labels(expansion) }
    }

    /// The expansion.
    pub fn expansion(&self) -> &Expansion {
        match &self.expansion {
            Held::Own(own) => own,
            Held::Of(of) => of,
        }
    }
}

fn labels(expansion: &Expansion) -> HashMap<String, usize> {
    expansion.graph.iter().map(|(at, node)| (node.label(), at)).collect()
}

/// Adds the groups in which `now` has artifacts that `before` has not, with how they differ.
pub fn add(touched: &mut BTreeMap<String, Touch>, before: &Variant<'_>, now: &Variant<'_>) {
    let (old, new) = (&before.expansion().graph, &now.expansion().graph);
    for (_, node) in new.iter() {
        // One that is there under the same key is the same wherever it stands.
        if old.find(&node.key).is_some() {
            continue;
        }
        let name = group(node).to_string();
        if touched.get(&name) == Some(&Touch::Own) {
            continue;
        }
        let touch = match before.labels.get(&node.label()) {
            Some(was)
                if own_lines(&old.node(*was).recipe_text()) == own_lines(&node.recipe_text()) =>
            {
                Touch::Inputs
            }
            _ => Touch::Own,
        };
        let known = touched.entry(name).or_insert(touch);
        *known = (*known).max(touch);
    }
}

/// Renders of a large experiment, which are expanded as if they showed its first operator: another choice of
/// operators is their own.
pub fn renders<'a>(
    touched: &mut BTreeMap<String, Touch>,
    paths: impl Iterator<Item = &'a str>,
    groups: &BTreeSet<String>,
) {
    let chosen: Vec<&str> = paths
        .filter_map(|path| path.strip_prefix("renders.")?.split_once(".operators"))
        .map(|(name, _)| name)
        .collect();
    for group in groups {
        let kind = RenderFile::KIND.name;
        let Some(detail) = group.strip_prefix(kind).and_then(|rest| rest.strip_prefix('/')) else {
            continue;
        };
        // `film/frames`, `film.gif`
        if chosen.iter().any(|name| detail.split(['/', '.']).next() == Some(name)) {
            touched.insert(group.clone(), Touch::Own);
        }
    }
}

/// Renders of a large experiment that no edit was found to touch: the edits of rollouts come through these.
pub fn through_rollouts(
    touched: &mut BTreeMap<String, BTreeMap<usize, Touch>>,
    groups: &BTreeSet<String>,
) {
    let rollouts = touched.iter().filter(|(group, _)| group.starts_with(RolloutChunk::KIND.name));
    let edits: BTreeMap<usize, Touch> =
        rollouts.flat_map(|(_, edits)| edits.keys().map(|edit| (*edit, Touch::Inputs))).collect();
    for group in groups.iter().filter(|group| group.starts_with(RenderFile::KIND.name)) {
        touched.entry(group.clone()).or_insert_with(|| edits.clone());
    }
}

/// The lines of a recipe that are no inputs.
pub fn own_lines(recipe: &str) -> String {
    recipe.split_inclusive('\n').filter(|line| !line.contains(" <- ")).collect()
}
