//! What is to be made, in which order: pure bookkeeping, apart from the locks it takes.
//!
//! Artifacts become ready when their inputs are in the cache. A ready artifact is *opened* (locked,
//! its leftovers of a killed build found) just before its work is handed out, so that few locks are
//! held at a time. Work on the longest remaining chain goes first.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap, HashMap, HashSet};

use super::jobs::{self, Sibling};
use super::protocol::{Takes, part_name, part_units};
use crate::artifact::{Artifact, KINDS, RolloutChunk, StateFeatures, is_portable};
use crate::cache::{Cache, KeyLock, Wanted};
use crate::error::Result;
use crate::graph::Graph;
use crate::key::Key;
use crate::plan::kind_index;

/// Smallest and largest piece of work handed out at once, in rough GFLOP: long enough not to count
/// messages, short enough to share out the end evenly and to lose little to a crash.
const TASK_GFLOP: (f64, f64) = (3.0, 60.0);
/// How much more work a CUDA device is handed at once: it is that much faster, and takes many operators
/// of a task side by side.
const CUDA_FACTOR: f64 = 1000.0;
/// Tasks per worker in a build of middling size.
const TASKS_PER_WORKER: f64 = 24.0;

/// Work for one worker.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// Places in the graph.
    pub nodes: Vec<usize>,
    /// Positions of the operators: from, to.
    pub units: (usize, usize),
    /// Rough GFLOP.
    pub cost: f64,
    /// 0 at first, 1 after a failure.
    pub attempt: u32,
    /// A worker that is not to be given it if there is another.
    pub avoid: Option<usize>,
}

/// What opening found.
pub enum Opened {
    /// Nothing is ready.
    Nothing,
    /// Something was opened; there may be tasks now.
    Some {
        /// Complete already, from the parts of a build that was cut off.
        complete: Vec<usize>,
        /// In the cache already: another build made it.
        there: Vec<usize>,
    },
}

/// An artifact being made.
struct Open {
    _lock: KeyLock,
    missing: Vec<bool>,
    /// Names, and the workers that wrote them; none for what an earlier build left.
    parts: Vec<(String, Option<usize>)>,
    seconds: f64,
    /// Some of its parts were refused and made again.
    remade: bool,
}

/// Ready artifacts that share work.
struct Group {
    priority: f64,
    nodes: Vec<usize>,
}

impl PartialEq for Group {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Group {}

impl PartialOrd for Group {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Group {
    fn cmp(&self, other: &Self) -> Ordering {
        // Equal priorities go in the order of the plan.
        self.priority.total_cmp(&other.priority).then_with(|| other.nodes.cmp(&self.nodes))
    }
}

/// The bookkeeping of one build.
pub struct Queue<'a> {
    graph: &'a Graph,
    /// Not in the cache yet, with how many inputs each waits for.
    waiting: BTreeMap<usize, usize>,
    failed: HashSet<usize>,
    /// Ready to be opened: what needs a device, and what is the same on every machine.
    ready: [BinaryHeap<Group>; 2],
    /// Locked by another build; looked at again later.
    held: Vec<usize>,
    open: HashMap<usize, Open>,
    tasks: Vec<Task>,
    priority: Vec<f64>,
    target: f64,
    total: f64,
}

impl<'a> Queue<'a> {
    /// Prepares to make `to_make` (inputs first) with so many workers, on CUDA devices or on the CPU.
    pub fn new(graph: &'a Graph, to_make: &[usize], workers: usize, cuda: bool) -> Self {
        let making: HashSet<usize> = to_make.iter().copied().collect();
        let mut priority = vec![0.0_f64; graph.len()];
        for at in to_make.iter().rev() {
            let after = graph.users(*at).map(|user| priority[user]).fold(0.0, f64::max);
            priority[*at] = graph.node(*at).cost.gflop + after;
        }
        let total = to_make.iter().map(|at| graph.node(*at).cost.gflop).sum::<f64>();
        let target = total / (workers.max(1) as f64 * TASKS_PER_WORKER);
        let factor = if cuda { CUDA_FACTOR } else { 1.0 };
        let waiting = to_make
            .iter()
            .map(|at| (*at, graph.inputs(*at).filter(|i| making.contains(i)).count()))
            .collect();
        let mut queue = Self {
            graph,
            waiting,
            failed: HashSet::new(),
            ready: [BinaryHeap::new(), BinaryHeap::new()],
            held: Vec::new(),
            open: HashMap::new(),
            tasks: Vec::new(),
            priority,
            target: target.clamp(TASK_GFLOP.0 * factor, TASK_GFLOP.1 * factor),
            total,
        };
        let free: Vec<usize> =
            queue.waiting.iter().filter(|(_, inputs)| **inputs == 0).map(|(at, _)| *at).collect();
        queue.make_ready(free);
        queue
    }

    /// Number of artifacts not in the cache yet that a worker that takes so much can be given.
    pub fn waiting_for(&self, takes: Takes) -> usize {
        self.waiting.keys().filter(|at| self.suits(**at, takes)).count()
    }

    /// Whether nothing is left that could still be made.
    pub fn is_empty(&self) -> bool {
        self.ready.iter().all(BinaryHeap::is_empty)
            && self.tasks.is_empty()
            && self.held.is_empty()
            && self.open.is_empty()
    }

    /// Artifacts to make by kind, every kind, in the order of making.
    pub fn counts(&self) -> Vec<(&'static str, u64)> {
        let mut counts = [0; KINDS.len()];
        for at in self.waiting.keys() {
            counts[kind_index(self.graph.node(*at).kind.name)] += 1;
        }
        KINDS.iter().map(|k| k.name).zip(counts).collect()
    }

    /// Rough GFLOP of everything.
    pub fn total_cost(&self) -> f64 {
        self.total
    }

    fn make_ready(&mut self, nodes: Vec<usize>) {
        for nodes in groups(self.graph, nodes) {
            let priority = nodes.iter().map(|at| self.priority[*at]).fold(0.0, f64::max);
            let portable = self.is_portable(nodes[0]);
            self.ready[usize::from(portable)].push(Group { priority, nodes });
        }
    }

    fn is_portable(&self, at: usize) -> bool {
        is_portable(self.graph.node(at).kind.name)
    }

    /// Whether a worker that takes so much can be given this artifact.
    fn suits(&self, at: usize, takes: Takes) -> bool {
        match takes {
            Takes::Anything => true,
            Takes::Portable => self.is_portable(at),
            Takes::Device => !self.is_portable(at),
        }
    }

    /// The next task for a worker that takes so much, and none that is to avoid `worker`.
    pub fn pop(&mut self, takes: Takes, worker: Option<usize>) -> Option<Task> {
        let failed = &self.failed;
        self.tasks.retain_mut(|task| {
            task.nodes.retain(|at| !failed.contains(at));
            !task.nodes.is_empty()
        });
        let suits = |task: &Task| {
            self.suits(task.nodes[0], takes) && (worker.is_none() || task.avoid != worker)
        };
        let last = self.tasks.iter().rposition(suits)?;
        Some(self.tasks.remove(last))
    }

    /// The most urgent ready artifacts for a worker that takes so much.
    fn urgent(&mut self, takes: Takes) -> Option<Group> {
        let [device, portable] = &mut self.ready;
        match takes {
            Takes::Portable => portable.pop(),
            Takes::Anything if device.peek() < portable.peek() => portable.pop(),
            Takes::Anything | Takes::Device => device.pop(),
        }
    }

    /// Opens the most urgent ready artifacts for a worker that takes so much.
    pub fn open(&mut self, cache: &Cache, takes: Takes) -> Result<Opened> {
        let group = match self.urgent(takes) {
            Some(group) => group,
            None if !self.held.iter().any(|at| self.suits(*at, takes)) => {
                return Ok(Opened::Nothing);
            }
            None => {
                // Only artifacts that other builds are making are left: see whether one is free.
                let held = std::mem::take(&mut self.held);
                let before = held.len();
                let (mut complete, mut there) = (Vec::new(), Vec::new());
                for group in groups(self.graph, held) {
                    if let Opened::Some { complete: c, there: t } = self.open_nodes(group, cache)? {
                        complete.extend(c);
                        there.extend(t);
                    }
                }
                return Ok(if self.held.len() == before {
                    Opened::Nothing
                } else {
                    Opened::Some { complete, there }
                });
            }
        };
        self.open_nodes(group.nodes, cache)
    }

    fn open_nodes(&mut self, nodes: Vec<usize>, cache: &Cache) -> Result<Opened> {
        let (mut complete, mut there, mut members, mut missing) = (vec![], vec![], vec![], vec![]);
        for at in nodes {
            let node = self.graph.node(at);
            let kind = node.kind.name;
            let Some(lock) = cache.try_lock(kind, &node.key)? else {
                self.held.push(at);
                continue;
            };
            if cache.has(kind, &node.key) {
                there.push(at);
                continue;
            }
            let mut open = Open {
                _lock: lock,
                missing: vec![true; jobs::units(node)],
                parts: Vec::new(),
                seconds: 0.0,
                remade: false,
            };
            for part in cache.complete_parts(kind, &node.key)? {
                open.take(&part.name, None);
            }
            if open.missing.contains(&true) {
                members.push(at);
                missing.push(open.missing.clone());
            } else {
                complete.push(at);
            }
            self.open.insert(at, open);
        }
        let besides = |at| self.looked_at(at);
        let mut pieces = jobs::cut(self.graph, &members, &missing, besides, self.target);
        // Taken from the end: the heaviest first.
        pieces.sort_by(|a, b| a.cost.total_cmp(&b.cost));
        self.tasks.extend(pieces.into_iter().map(|piece| Task {
            nodes: piece.nodes,
            units: piece.units,
            cost: piece.cost,
            attempt: 0,
            avoid: None,
        }));
        Ok(Opened::Some { complete, there })
    }

    /// What the features that are still to be made of a rollout cost besides, for each of its units.
    fn looked_at(&self, at: usize) -> f64 {
        let waits = |user: &usize| self.waiting.contains_key(user);
        let share = |user: usize| {
            let node = self.graph.node(user);
            node.recipe_as::<StateFeatures>().map_or(0.0, |recipe| {
                let rollouts: usize = recipe.rollouts.iter().map(Vec::len).sum();
                node.cost.gflop / (rollouts * jobs::units(node)).max(1) as f64
            })
        };
        self.graph.users(at).filter(waits).map(share).sum()
    }

    /// The features that are still to be made of the rollouts of a task.
    pub fn looks(&self, task: &Task) -> Vec<Key> {
        let mut users: Vec<usize> =
            task.nodes.iter().flat_map(|at| self.graph.users(*at)).collect();
        users.sort_unstable();
        users.dedup();
        let wanted = users.into_iter().filter(|at| {
            self.waiting.contains_key(at)
                && self.graph.node(*at).recipe_as::<StateFeatures>().is_some()
        });
        wanted.map(|at| self.graph.node(at).key).collect()
    }

    /// A worker did a task; gives the artifacts that are complete now.
    pub fn done(&mut self, task: &Task, worker: usize, seconds: f64) -> Vec<usize> {
        let share = seconds / task.nodes.len() as f64;
        let mut complete = Vec::new();
        for at in &task.nodes {
            let Some(open) = self.open.get_mut(at) else { continue };
            open.seconds += share;
            open.take(&part_name(task.units), Some(worker));
            if !open.missing.contains(&true) {
                complete.push(*at);
            }
        }
        complete
    }

    /// The parts of an artifact: what each must be of.
    pub fn parts(&self, at: usize) -> Vec<Wanted> {
        let node = self.graph.node(at);
        let numbers = |name: &str| part_units(name).map(|units| jobs::indices(node, units));
        let parts = self.open.get(&at).map(|open| open.parts.iter()).into_iter().flatten();
        parts
            .map(|(name, _)| Wanted {
                name: name.clone(),
                numbers: numbers(name).unwrap_or_default(),
            })
            .collect()
    }

    /// Which worker wrote a part of an artifact; none if an earlier build did.
    pub fn writer(&self, at: usize, part: &str) -> Option<usize> {
        let parts = &self.open.get(&at)?.parts;
        parts.iter().find(|(name, _)| name == part)?.1
    }

    /// Parts of an artifact were refused: has them made again, by another worker if there is one. False if
    /// that happened before, or cannot be: the artifact is given up.
    pub fn remake(&mut self, at: usize, parts: &[&str]) -> bool {
        let Some(open) = self.open.get_mut(&at).filter(|open| !open.remade) else {
            self.give_up(at);
            return false;
        };
        open.remade = true;
        let refused = |name: &String| parts.contains(&name.as_str());
        for (name, worker) in open.parts.extract_if(.., |(name, _)| refused(name)) {
            let Some(units) = part_units(&name) else { continue };
            open.missing[units.0..units.1].fill(true);
            // What it costs was counted when it was done the first time.
            let task = Task { nodes: vec![at], units, cost: 0.0, attempt: 0, avoid: worker };
            self.tasks.push(task);
        }
        true
    }

    /// Seconds that workers spent on an artifact.
    pub fn seconds(&self, at: usize) -> f64 {
        self.open.get(&at).map_or(0.0, |open| open.seconds)
    }

    /// An artifact is in the cache. Gives its cost as far as its tasks did not count it: that of
    /// rollouts is counted task by task.
    pub fn settle(&mut self, at: usize) -> f64 {
        let mine = self.open.remove(&at).is_some();
        self.waiting.remove(&at);
        let mut free = Vec::new();
        for user in self.graph.users(at) {
            if let Some(inputs) = self.waiting.get_mut(&user) {
                *inputs -= 1;
                if *inputs == 0 {
                    free.push(user);
                }
            }
        }
        self.make_ready(free);
        let node = self.graph.node(at);
        if mine && node.kind == RolloutChunk::KIND { 0.0 } else { node.cost.gflop }
    }

    /// A task failed: puts it back for one more try, operator by operator, so that a second failure
    /// names the one at fault. False if that was the second: its artifacts are given up.
    pub fn retry(&mut self, task: Task) -> bool {
        if task.attempt == 0 {
            let share = task.cost / (task.units.1 - task.units.0) as f64;
            self.tasks.extend((task.units.0..task.units.1).map(|unit| Task {
                nodes: task.nodes.clone(),
                units: (unit, unit + 1),
                cost: share,
                attempt: 1,
                avoid: None,
            }));
            return true;
        }
        for at in task.nodes {
            self.give_up(at);
        }
        false
    }

    fn give_up(&mut self, at: usize) {
        if !self.failed.insert(at) {
            return;
        }
        self.open.remove(&at);
        self.waiting.remove(&at);
        let users: Vec<usize> = self.graph.users(at).collect();
        for user in users {
            if self.waiting.contains_key(&user) {
                self.give_up(user);
            }
        }
    }
}

/// Artifacts by what they share work with: only siblings may be made together.
fn groups(graph: &Graph, nodes: Vec<usize>) -> Vec<Vec<usize>> {
    let mut alone = Vec::new();
    let mut siblings: BTreeMap<Sibling, Vec<usize>> = BTreeMap::new();
    for at in nodes {
        match jobs::sibling(graph.node(at)) {
            Some(sibling) => siblings.entry(sibling).or_default().push(at),
            None => alone.push(vec![at]),
        }
    }
    alone.extend(siblings.into_values());
    alone
}

impl Open {
    /// A part is there: its units are no longer missing. A part that brings nothing new is left out.
    fn take(&mut self, name: &str, worker: Option<usize>) {
        let Some((from, to)) = part_units(name) else { return };
        let units = self.missing.get_mut(from..to);
        let Some(units) = units.filter(|units| units.iter().all(|missing| *missing)) else {
            return;
        };
        units.fill(false);
        self.parts.push((part_name((from, to)), worker));
    }
}
