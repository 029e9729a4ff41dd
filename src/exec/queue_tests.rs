//! Who is given what: workers with a device, workers beside them, and workers on the CPU.

use std::collections::BTreeSet;

use super::protocol::{Takes, part_name};
use super::queue::{Opened, Queue, Task};
use crate::artifact::is_portable;
use crate::cache::Cache;
use crate::config::{self, Request};
use crate::graph::Graph;
use crate::operator::rollout::Precision;
use crate::plan::expand;
use crate::profile::Profile;

const TINY: &str = "
parameter_space: {operator: {grid_size: 16}}
sampling: {total_samples: 8}
simulation: {num_realizations: 2, num_timesteps: 4, extract_operator_features: true}
execution: {chunk: 4, segment: 2}
";

fn graph() -> Graph {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tiny.yaml"), TINY).unwrap();
    let request =
        Request { path: "tiny.yaml".into(), root: folder.path().to_owned(), ..Request::default() };
    let experiment = config::load(&request).unwrap_or_else(|error| panic!("{error}"));
    let profile = Profile {
        name: "test".into(),
        precision: Precision::Float32,
        cuda: Vec::new(),
        encoder: None,
    };
    expand(&experiment, &profile).graph
}

/// Everything a worker makes: all but the data set.
fn to_make(graph: &Graph) -> Vec<usize> {
    graph.iter().filter(|(_, node)| node.kind.name != "dataset").map(|(at, _)| at).collect()
}

/// The next task for a worker that takes so much, if there is one.
fn next(queue: &mut Queue<'_>, cache: &Cache, takes: Takes) -> Option<Task> {
    loop {
        if let Some(task) = queue.pop(takes, None) {
            return Some(task);
        }
        if let Opened::Nothing = queue.open(cache, takes).unwrap() {
            return None;
        }
    }
}

fn finish(queue: &mut Queue<'_>, task: &Task) {
    for at in queue.done(task, 0, 1.0) {
        queue.settle(at);
    }
}

#[test]
fn a_device_is_given_what_it_computes_and_the_workers_beside_it_the_rest() {
    let (graph, folder) = (graph(), tempfile::tempdir().unwrap());
    let cache = Cache::open(folder.path()).unwrap();
    let all = to_make(&graph);
    let mut queue = Queue::new(&graph, &all, 1, true);
    let portable = |at: &usize| is_portable(graph.node(*at).kind.name);
    assert_eq!(queue.waiting_for(Takes::Anything), all.len());
    assert_eq!(queue.waiting_for(Takes::Portable), all.iter().filter(|at| portable(at)).count());
    // Nothing for the device until inputs are there; then rollouts go on while others are drawn.
    assert!(next(&mut queue, &cache, Takes::Device).is_none());
    let (mut made, mut overlapped) = (BTreeSet::new(), false);
    while !queue.is_empty() {
        let beside = next(&mut queue, &cache, Takes::Portable);
        let device = next(&mut queue, &cache, Takes::Device);
        overlapped |= beside.is_some() && device.is_some();
        for (task, wanted) in [(beside, true), (device, false)] {
            let Some(task) = task else { continue };
            assert!(task.nodes.iter().all(|at| portable(at) == wanted));
            made.extend(task.nodes.iter().copied());
            finish(&mut queue, &task);
        }
    }
    assert!(overlapped);
    assert_eq!(made.into_iter().collect::<Vec<_>>(), all);
}

#[test]
fn a_worker_on_the_cpu_is_given_everything_the_longest_chain_first() {
    let (graph, folder) = (graph(), tempfile::tempdir().unwrap());
    let cache = Cache::open(folder.path()).unwrap();
    let all = to_make(&graph);
    let mut queue = Queue::new(&graph, &all, 2, false);
    let mut made = BTreeSet::new();
    while let Some(task) = next(&mut queue, &cache, Takes::Anything) {
        made.extend(task.nodes.iter().copied());
        finish(&mut queue, &task);
    }
    assert!(queue.is_empty());
    assert_eq!(made.into_iter().collect::<Vec<_>>(), all);
}

#[test]
fn parts_that_were_refused_are_made_once_more_by_another_worker_and_no_third_time() {
    let (graph, folder) = (graph(), tempfile::tempdir().unwrap());
    let cache = Cache::open(folder.path()).unwrap();
    let mut queue = Queue::new(&graph, &to_make(&graph), 2, false);
    let task = next(&mut queue, &cache, Takes::Anything).unwrap();
    let at = task.nodes[0];
    let complete = queue.done(&task, 5, 1.0);
    assert!(complete.contains(&at));
    let name = part_name(task.units);
    assert_eq!((queue.parts(at)[0].name.as_str(), queue.writer(at, &name)), (&*name, Some(5)));
    assert!(queue.remake(at, &[&name]));
    assert!(queue.parts(at).is_empty());
    let again = loop {
        // The worker that lied is given everything else.
        let Some(other) = queue.pop(Takes::Anything, Some(5)) else {
            break queue.pop(Takes::Anything, None);
        };
        assert_ne!(other.nodes, [at]);
    };
    let again = again.unwrap();
    assert_eq!((&*again.nodes, again.units, again.cost), (&[at][..], task.units, 0.0));
    assert!(queue.done(&again, 6, 1.0).contains(&at));
    assert_eq!(queue.writer(at, &name), Some(6));
    assert!(!queue.remake(at, &[&name]), "given up");
    assert!(queue.parts(at).is_empty());
}
