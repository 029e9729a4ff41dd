//! Why artifacts are to be made, group by group, in the words of the experiment file.
//!
//! Nothing here knows what a setting does: the planner is asked. The experiment of the last build is
//! expanded with one edit at a time, and the one of now without one at a time; an edit is named for a
//! group if that changes keys of the group. Invariant: nothing is done for a plan that is current, and
//! of a large one a bounded number of artifacts is expanded again.

mod changes;
#[cfg(test)]
mod tests;
mod touch;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;

use super::explain::{Line, differences};
use super::group::group;
use super::memory::Memory;
use super::{Output, Plan, State};
use crate::config::{Edit, Experiment};
use crate::key::Key;
use crate::profile::Profile;
use changes::Changes;
use touch::{Touch, Variant};

/// What is known of the last build.
pub struct Past<'a> {
    /// The experiment as it was.
    pub memory: Option<&'a Memory>,
    /// Whether anything is known of it.
    pub is_known: bool,
    /// The key that a label had.
    pub key: &'a dyn Fn(&str) -> Option<Key>,
    /// Whether an entry was set aside as damaged.
    pub is_quarantined: &'a dyn Fn(&str, &Key) -> bool,
}

/// Why artifacts of one group are to be made.
#[derive(Debug, Clone, Serialize)]
pub struct GroupWhy {
    /// Their kind.
    pub kind: &'static str,
    /// The group: their labels without ranges.
    pub group: String,
    /// How many.
    pub count: usize,
    /// `stale` if one of them can be made at once, else `blocked`.
    pub state: &'static str,
    /// `edit`, `input`, `new`, `gone`, `quarantined`, `version`, `output` or `changed`.
    pub because: &'static str,
    /// The same as a sentence without its edits.
    pub why: String,
    /// Paths of the edits: those that change the recipes themselves, else those behind the inputs.
    pub edits: Vec<String>,
    /// Groups of inputs that are to be made first.
    pub follows: Vec<String>,
    /// Label of the artifact that `lines` are of.
    pub example: String,
    /// How its recipe differs from the one of the last build, inputs left out.
    pub lines: Vec<Line>,
}

/// Why a plan is not current.
#[derive(Debug, Default, Serialize)]
pub struct Why {
    /// What was edited since the last build and changed what is to be made.
    pub edits: Vec<Edit>,
    /// The groups, inputs first.
    pub groups: Vec<GroupWhy>,
    /// What a person should know about this.
    pub notes: Vec<String>,
}

/// What kind of reason one artifact has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    /// Nothing is known of it.
    New,
    /// It was there with this key.
    Gone,
    /// The same, and it was damaged.
    Quarantined,
    /// The file, not the recipe.
    Output(&'static str),
    /// It has another key than before, or none before.
    Changed,
}

/// Artifacts of one group with one sort of cause.
struct Row<'a> {
    group: super::group::Group<'a>,
    cause: Cause,
    nodes: Vec<usize>,
}

/// Says why `plan` is not current.
pub fn why(
    plan: &Plan,
    experiment: &Experiment,
    profile: &Profile,
    past: &Past<'_>,
    root: &Path,
) -> Why {
    let rows = rows(plan, past);
    if rows.is_empty() {
        return Why::default();
    }
    let changed: Vec<&Row<'_>> = rows.iter().filter(|row| row.cause == Cause::Changed).collect();
    let mut out = Why::default();
    let mut found = Found::default();
    if let Some(memory) = past.memory.filter(|_| !changed.is_empty()) {
        match memory.experiment(root) {
            Ok(before) => {
                let changes = Changes::new(memory, &before, experiment, profile, root);
                found = attribute(plan, &changes, &changed, past, &mut out.notes);
            }
            Err(_) => out.notes.push(format!(
                "the experiment of the last build (spinlock {}) is none for this version: its edits \
                 are not known",
                memory.program
            )),
        }
    }
    out.groups = rows.iter().map(|row| report(plan, row, &found, past)).collect();
    let named: BTreeSet<&String> = out.groups.iter().flat_map(|group| &group.edits).collect();
    let edits = std::mem::take(&mut found.edits);
    out.edits = edits.into_iter().filter(|edit| named.contains(&edit.path)).collect();
    out
}

/// What is to be made, by group and cause; groups in the order of making.
fn rows<'a>(plan: &'a Plan, past: &Past<'_>) -> Vec<Row<'a>> {
    let mut places = BTreeMap::new();
    let mut rows: Vec<Row<'a>> = Vec::new();
    for (at, node) in plan.graph().iter() {
        if plan.states[at] == State::Cached {
            continue;
        }
        let cause = cause(plan, at, past);
        let group = group(node);
        let place = *places.entry((group.clone(), cause)).or_insert_with(|| {
            rows.push(Row { group, cause, nodes: Vec::new() });
            rows.len() - 1
        });
        rows[place].nodes.push(at);
    }
    rows.sort_by_key(|row| super::kind_index(row.group.kind));
    rows
}

fn cause(plan: &Plan, at: usize, past: &Past<'_>) -> Cause {
    let node = plan.graph().node(at);
    if at == plan.expansion.dataset.node()
        && let Output::Assemble(why) = plan.output
        && why != super::NOT_BUILT
    {
        return Cause::Output(why);
    }
    match (past.key)(&node.label()) {
        None if past.is_known => Cause::Changed,
        None => Cause::New,
        Some(key) if key != node.key => Cause::Changed,
        Some(_) if (past.is_quarantined)(node.kind.name, &node.key) => Cause::Quarantined,
        Some(_) => Cause::Gone,
    }
}

/// What was found out about the groups whose recipes changed.
#[derive(Default)]
struct Found<'a> {
    edits: Vec<Edit>,
    /// By group: paths of edits, and how each touches it.
    touched: BTreeMap<String, BTreeMap<usize, Touch>>,
    /// Groups whose recipes this version of the program makes otherwise.
    versions: BTreeSet<String>,
    /// The experiment of the last build.
    base: Option<Variant<'a>>,
}

fn attribute<'a>(
    plan: &'a Plan,
    changes: &Changes<'_>,
    rows: &[&Row<'_>],
    past: &Past<'_>,
    notes: &mut Vec<String>,
) -> Found<'a> {
    let mut found = Found { edits: changes.edits.clone(), ..Found::default() };
    let groups: BTreeSet<String> = rows.iter().map(|row| row.group.to_string()).collect();
    let nodes: Vec<&[usize]> = rows.iter().map(|row| &*row.nodes).collect();
    let scope = touch::scope(plan, &nodes);
    if let Some((chunks, of)) = scope.chunks() {
        notes.push(format!("edits are tried on {chunks} of {of} chunks of operators"));
    }
    let Some(base) = changes.expand(&BTreeSet::new(), &scope) else { return found };
    let all = changes.all();
    let now = if scope.is_whole() {
        Some(Variant::of(&plan.expansion))
    } else {
        changes.expand(&all, &scope)
    };
    let units = changes.units();
    for unit in &units {
        let mut touched = BTreeMap::new();
        if let Some(alone) = changes.expand(unit, &scope) {
            touch::add(&mut touched, &base, &alone);
        }
        let rest: BTreeSet<usize> = all.difference(unit).copied().collect();
        // Of a single edit both are the same.
        if !rest.is_empty()
            && let (Some(without), Some(now)) = (changes.expand(&rest, &scope), &now)
        {
            touch::add(&mut touched, &without, now);
        }
        if !scope.is_whole() {
            touch::renders(&mut touched, unit.iter().filter_map(|i| changes.path(*i)), &groups);
        }
        for (group, touch) in touched.into_iter().filter(|(group, _)| groups.contains(group)) {
            let of_group = found.touched.entry(group).or_default();
            for edit in unit {
                let known = of_group.entry(*edit).or_insert(touch);
                *known = (*known).max(touch);
            }
        }
    }
    if !scope.is_whole() {
        touch::through_rollouts(&mut found.touched, &groups);
    }
    for (label, at) in &base.labels {
        let node = base.expansion().graph.node(*at);
        if !scope.is_whole() && touch::is_of_everything(node) {
            continue;
        }
        if (past.key)(label).is_some_and(|key| key != node.key) {
            found.versions.insert(group(node).to_string());
        }
    }
    if !found.versions.is_empty() {
        found.edits.extend(changes.versions());
    }
    found.base = Some(base);
    found
}

fn report(plan: &Plan, row: &Row<'_>, found: &Found<'_>, past: &Past<'_>) -> GroupWhy {
    let name = row.group.to_string();
    let is_stale = row.nodes.iter().any(|at| plan.states[*at] == State::Stale);
    let follows = follows(plan, &row.nodes);
    let first = plan.graph().node(row.nodes[0]);
    let mut out = GroupWhy {
        kind: row.group.kind,
        group: name.clone(),
        count: row.nodes.len(),
        state: if is_stale { "stale" } else { "blocked" },
        because: "changed",
        why: String::new(),
        edits: Vec::new(),
        follows,
        example: first.label(),
        lines: Vec::new(),
    };
    let (because, why) = match row.cause {
        Cause::New => ("new", "not built yet".to_owned()),
        Cause::Gone => ("gone", "no longer in the cache".to_owned()),
        Cause::Quarantined => ("quarantined", "damaged, and set aside in quarantine".to_owned()),
        Cause::Output(why) => ("output", why.to_owned()),
        Cause::Changed => changed(plan, row, found, past, &mut out),
    };
    out.because = because;
    out.why = why;
    out
}

/// The reason of artifacts that have another key than before.
fn changed(
    plan: &Plan,
    row: &Row<'_>,
    found: &Found<'_>,
    past: &Past<'_>,
    out: &mut GroupWhy,
) -> (&'static str, String) {
    let touched = found.touched.get(&out.group);
    let paths = |wanted: Touch| -> Vec<String> {
        let of_group = touched.into_iter().flatten().filter(|(_, touch)| **touch == wanted);
        of_group.map(|(i, _)| found.edits[*i].path.clone()).collect()
    };
    let (own, through) = (paths(Touch::Own), paths(Touch::Inputs));
    let has_old = |at: &&usize| (past.key)(&plan.graph().node(**at).label()).is_some();
    let by_version = found.versions.contains(&out.group);
    if !own.is_empty() {
        out.edits = own;
    } else if !by_version {
        out.edits = through;
    }
    if by_version {
        let raised = found.edits.iter().filter(|edit| edit.at == changes::PROGRAM);
        out.edits.extend(raised.map(|edit| edit.path.clone()));
    }
    let is_own = touched.is_some_and(|t| t.values().any(|touch| *touch == Touch::Own));
    if let (true, Some(base)) = (is_own || by_version, &found.base) {
        let of = |at: &usize| {
            let label = plan.graph().node(*at).label();
            base.labels.get(&label).map(|old| (*old, *at, label.clone()))
        };
        // Of thousands the first few show it, if any does.
        for (old, at, label) in row.nodes.iter().filter_map(of).take(64) {
            let text = |node: &crate::graph::Node| touch::own_lines(&node.recipe_text());
            let old = text(base.expansion().graph.node(old));
            let lines = differences(&old, &text(plan.graph().node(at)));
            if !lines.is_empty() {
                (out.example, out.lines) = (label, lines);
                break;
            }
        }
    }
    let follows = out.follows.join(", ");
    let is_through = !is_own && !by_version && !out.edits.is_empty();
    if is_own || (is_through && follows.is_empty()) {
        ("edit", "edited".to_owned())
    } else if by_version {
        ("version", "another version of spinlock".to_owned())
    } else if !is_through && !row.nodes.iter().any(|at| has_old(&at)) {
        ("new", "not built yet".to_owned())
    } else if !follows.is_empty() {
        ("input", format!("follows from {follows}"))
    } else {
        ("changed", "its recipe changed since the last build".to_owned())
    }
}

/// Groups of the inputs that are to be made first.
fn follows(plan: &Plan, nodes: &[usize]) -> Vec<String> {
    let inputs = nodes.iter().flat_map(|at| plan.graph().inputs(*at));
    let missing: BTreeSet<usize> =
        inputs.filter(|input| plan.states[*input] != State::Cached).collect();
    let own = group(plan.graph().node(nodes[0]));
    let mut groups: Vec<_> =
        missing.iter().map(|at| group(plan.graph().node(*at))).filter(|g| *g != own).collect();
    groups.sort_by(|a, b| {
        (super::kind_index(a.kind), &a.detail).cmp(&(super::kind_index(b.kind), &b.detail))
    });
    groups.dedup();
    groups.iter().map(ToString::to_string).collect()
}
