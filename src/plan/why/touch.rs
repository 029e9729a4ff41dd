//! Which groups two expansions differ in, and whether in their own recipes or only in their inputs.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::artifact::{Artifact, InitialConditions, RenderFile, RolloutChunk};
use crate::graph::Node;
use crate::plan::group::group;
use crate::plan::{Expansion, Plan, State};

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

/// What to expand of a plan to see what becomes of these groups: of a large one chunks that hold their
/// artifacts, evenly over each group.
pub fn scope(plan: &Plan, groups: &BTreeSet<String>) -> Scope {
    let graph = plan.graph();
    let firsts = |node: &Node| node.recipe_as::<InitialConditions>().map(|r| r.inputs[0].operator);
    let all: Vec<u64> = graph.iter().filter_map(|(_, node)| firsts(node)).collect();
    if graph.len() <= MOST || all.len() < 2 {
        return Scope { operators: None, all: all.len() };
    }
    // Chunks in which something of a group is to be made.
    let mut stale: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    for (_, node) in graph.iter().filter(|(at, _)| plan.states[*at] != State::Cached) {
        let operators = node.recipe_as::<RolloutChunk>().map(|recipe| recipe.chunk.0);
        let operators = operators.or_else(|| firsts(node)).or_else(|| {
            let range = node.label();
            let range = range.split('/').find_map(|part| part.strip_prefix("ops"))?;
            range.split_once('-')?.0.parse().ok()
        });
        let name = group(node).to_string();
        if let Some(first) = operators.filter(|_| groups.contains(&name)) {
            let chunk = all.partition_point(|start| *start <= first).saturating_sub(1);
            stale.entry(name).or_default().insert(all[chunk]);
        }
    }
    let room = (MOST * all.len() / graph.len()).clamp(1, 64);
    let each = (room / stale.len().max(1)).max(1);
    let mut chosen = BTreeSet::from([all[0]]);
    for chunks in stale.values() {
        let chunks: Vec<u64> = chunks.iter().copied().collect();
        let step = |i: usize| i * (chunks.len() - 1) / each.max(2).saturating_sub(1);
        chosen.extend((0..each.max(2)).map(|i| chunks[step(i).min(chunks.len() - 1)]));
    }
    Scope { operators: Some(chosen.into_iter().collect()), all: all.len() }
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

/// Renders of a large experiment, which is not expanded with them: what a render's own settings change is
/// its own, and what changes rollouts comes through these.
pub fn renders<'a>(
    touched: &mut BTreeMap<String, Touch>,
    paths: impl Iterator<Item = &'a str>,
    groups: &BTreeSet<String>,
) {
    let kind = RenderFile::KIND.name;
    let rollouts = |group: &String| group.starts_with(RolloutChunk::KIND.name);
    let rolled = touched.keys().any(rollouts);
    let paths: Vec<&str> = paths.collect();
    for group in groups {
        let Some(detail) = group.strip_prefix(kind).and_then(|rest| rest.strip_prefix('/')) else {
            continue;
        };
        let own = paths.iter().any(|path| {
            let name = path.strip_prefix("renders.").map(|rest| rest.split('.').next());
            *path == "renders" || name.flatten().is_some_and(|name| detail.starts_with(name))
        });
        if own {
            touched.insert(group.clone(), Touch::Own);
        } else if rolled {
            touched.entry(group.clone()).or_insert(Touch::Inputs);
        }
    }
}

/// The lines of a recipe that are no inputs.
pub fn own_lines(recipe: &str) -> String {
    recipe.split_inclusive('\n').filter(|line| !line.contains(" <- ")).collect()
}
