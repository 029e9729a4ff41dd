//! Cutting artifacts into jobs.
//!
//! Artifacts that share work go to a worker together: the groups of parameters of a chunk, and the
//! blocks of realizations of one chunk, which share the part of the network before the first random
//! number. A heavy artifact is cut by operators, so that every processor has work until the end.

use crate::artifact::{Parameters, RolloutChunk, StateFeatures};
use crate::graph::{Graph, Node};
use crate::operator::Operator;
use crate::plan::cost;

/// Some operators of some artifacts.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// Places in the graph.
    pub nodes: Vec<usize>,
    /// Positions of the operators: from, to.
    pub units: (usize, usize),
    /// Rough GFLOP.
    pub cost: f64,
}

/// What artifacts with equal siblings have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sibling {
    /// Groups of one chunk.
    Parameters(u64),
    /// First segments of one chunk and class.
    Rollout(u64, String),
    /// Categories of the rollouts of one chunk and class.
    Features(u64, String),
}

/// With what other artifacts a node shares work.
pub fn sibling(node: &Node) -> Option<Sibling> {
    if let Some(recipe) = node.recipe_as::<Parameters>() {
        return Some(Sibling::Parameters(recipe.operators.start));
    }
    if let Some(recipe) = node.recipe_as::<StateFeatures>() {
        return Some(Sibling::Features(recipe.operators[0].index, recipe.group.clone()));
    }
    let recipe = node.recipe_as::<RolloutChunk>()?;
    (recipe.steps.start == 0)
        .then(|| Sibling::Rollout(recipe.operators[0].index, recipe.group.clone()))
}

/// The operators of an artifact that is made operator by operator.
fn operators(node: &Node) -> Option<&[Operator]> {
    let rollout = node.recipe_as::<RolloutChunk>().map(|recipe| &*recipe.operators);
    rollout.or_else(|| node.recipe_as::<StateFeatures>().map(|recipe| &*recipe.operators))
}

/// Number of units of an artifact: operators of rollouts and of their features; others are made
/// whole.
pub fn units(node: &Node) -> usize {
    operators(node).map_or(1, <[Operator]>::len)
}

/// The operators at these positions, by their numbers; none of an artifact that is made whole.
pub fn indices(node: &Node, (from, to): (usize, usize)) -> Vec<u64> {
    let operators = operators(node).and_then(|operators| operators.get(from..to));
    operators.unwrap_or_default().iter().map(|operator| operator.index).collect()
}

/// What a person calls a piece of work: the label of its artifact, and of a rollout the operators.
pub fn describe(graph: &Graph, nodes: &[usize], units: (usize, usize)) -> String {
    let node = graph.node(nodes[0]);
    match operators(node).map(|operators| &operators[units.0..units.1]) {
        None | Some([]) => node.label(),
        Some([one]) => format!("{} (operator {})", node.label(), one.index),
        Some([first, .., last]) => {
            format!("{} (operators {} to {})", node.label(), first.index, last.index)
        }
    }
}

/// Cuts `nodes` (siblings) into jobs of about `target` GFLOP. `missing[i]` tells which units of node
/// `i` are still to be made; units that the same nodes miss are made together. What is done besides for
/// each unit of a node, `besides`, makes jobs smaller and is no part of their cost.
pub fn cut(
    graph: &Graph,
    nodes: &[usize],
    missing: &[Vec<bool>],
    besides: impl Fn(usize) -> f64,
    target: f64,
) -> Vec<Piece> {
    let count = missing.first().map_or(0, Vec::len);
    let costs = unit_costs(graph, nodes, count);
    let mut out: Vec<Piece> = Vec::new();
    let mut weight = 0.0;
    for unit in 0..count {
        let who: Vec<usize> = (0..nodes.len()).filter(|i| missing[*i][unit]).collect();
        if who.is_empty() {
            continue;
        }
        let cost: f64 = who.iter().map(|i| costs[*i][unit]).sum();
        let own = cost + who.iter().map(|i| besides(nodes[*i])).sum::<f64>();
        let members: Vec<usize> = who.iter().map(|i| nodes[*i]).collect();
        match out.last_mut() {
            Some(last)
                if last.units.1 == unit && last.nodes == members && weight + own <= target =>
            {
                last.units.1 = unit + 1;
                last.cost += cost;
                weight += own;
            }
            _ => {
                out.push(Piece { nodes: members, units: (unit, unit + 1), cost });
                weight = own;
            }
        }
    }
    out
}

fn unit_costs(graph: &Graph, nodes: &[usize], count: usize) -> Vec<Vec<f64>> {
    nodes
        .iter()
        .map(|at| {
            let node = graph.node(*at);
            match node.recipe_as::<RolloutChunk>() {
                Some(recipe) => recipe.operators.iter().map(|o| cost::unit(recipe, o)).collect(),
                None => vec![node.cost.gflop / count.max(1) as f64; count],
            }
        })
        .collect()
}
