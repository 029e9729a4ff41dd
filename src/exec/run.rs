//! The loop of a build: hands out tasks, takes what comes back, publishes, retries.

mod losses;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use serde_json::json;

use self::losses::Loss;
use super::log::EventLog;
use super::process::Worker;
use super::progress::Progress;
use super::protocol::{Hello, Job, Reply, Takes};
use super::publisher::{Finished, Publisher};
use super::queue::{Opened, Queue, Task};
use super::watchdog::Watchdog;
use crate::artifact::{Artifact, KINDS, RolloutChunk, StateFeatures};
use crate::cache::{Cache, Fault, Published};
use crate::error::{Error, ErrorKind, Result};
use crate::graph::Graph;
use crate::key::Key;
use crate::plan::{Plan, cost, kind_index};

/// What can happen during a build.
pub enum Event {
    /// A worker answers.
    Reply(usize, Reply),
    /// A worker is gone, or at least its standard output.
    Exited(usize),
    /// A worker does something that no worker does.
    Broken(usize, String),
    /// Artifacts are in the cache, or could not be put there.
    Published(Vec<usize>, Result<Vec<Published>>),
    /// Parts of an artifact are not what they say; they are gone.
    Refused(usize, Vec<Fault>),
}

/// How to run a build.
#[derive(Debug, Clone)]
pub struct Options {
    /// The worker program.
    pub worker: PathBuf,
    /// What each worker is told; one worker for each.
    pub hellos: Vec<Hello>,
    /// Whether to go on with what does not depend on a failure.
    pub keep_going: bool,
    /// How long a worker may make no progress; none never stops one.
    pub stall: Option<Duration>,
    /// Set by Ctrl-C: end now.
    pub interrupt: Arc<AtomicBool>,
    /// Set by who has something better to build: hand out no more work, and end when the jobs at hand
    /// are done.
    pub drain: Arc<AtomicBool>,
}

/// What a build did.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Artifacts made, by kind.
    pub built: [u64; KINDS.len()],
    /// Artifacts that another build made meanwhile, by kind.
    pub shared: [u64; KINDS.len()],
    /// What could not be made.
    pub failed: Vec<Failed>,
    /// Seconds that workers spent, by kind.
    pub busy: [f64; KINDS.len()],
    /// How much of each kind workers did, as [`cost::amount`] counts.
    pub worked: [f64; KINDS.len()],
    /// Bytes on the disk of what was made, by kind.
    pub bytes: [u64; KINDS.len()],
    /// Seconds until the first worker was ready.
    pub ready: Option<f64>,
    /// A damaged entry was found and set aside: plan again.
    pub damaged: bool,
    /// Ended before its time: Ctrl-C, or what it was to make is no longer wanted.
    pub interrupted: bool,
}

/// An artifact that could not be made.
#[derive(Debug)]
pub struct Failed {
    /// Its label.
    pub label: String,
    /// Why.
    pub error: Error,
}

/// How often a worker may die at once before the build gives up.
const PATIENCE: u32 = 3;
/// How long to wait for an event before looking at interrupts and locks.
const TICK: Duration = Duration::from_millis(100);

/// Makes the artifacts at `to_make` (inputs first).
///
/// # Errors
/// If the machine fails the build: a worker cannot start, the disk is full. Artifacts that cannot be
/// made are no error but part of the outcome.
pub fn run(
    plan: &Plan,
    to_make: &[usize],
    cache: &Cache,
    options: &Options,
    progress: &mut dyn Progress,
    log: &mut EventLog,
) -> Result<Outcome> {
    if to_make.is_empty() {
        return Ok(Outcome::default());
    }
    let (sender, events) = channel();
    let mut build = Build {
        graph: plan.graph(),
        cache,
        options,
        progress,
        log,
        queue: Queue::new(
            plan.graph(),
            to_make,
            options.hellos.iter().filter(|hello| hello.takes() != Takes::Portable).count(),
            options.hellos.iter().any(|hello| hello.cuda.is_some()),
        ),
        publisher: Publisher::start(cache.root().to_owned(), sender.clone())?,
        sender,
        workers: BTreeMap::new(),
        started: 0,
        watchdog: Watchdog::new(options.stall, Instant::now()),
        told: Instant::now(),
        publishing: 0,
        begun: Instant::now(),
        deaths: 0,
        halted: false,
        outcome: Outcome::default(),
    };
    let result = build.main(&events);
    build.progress.end();
    result.map(|()| build.outcome)
}

/// A worker and what it does.
struct Slot {
    process: Worker,
    hello: usize,
    ready: bool,
    /// When it was started, or got its task.
    since: Instant,
    task: Option<(u64, Task)>,
}

struct Build<'a> {
    graph: &'a Graph,
    cache: &'a Cache,
    options: &'a Options,
    progress: &'a mut dyn Progress,
    log: &'a mut EventLog,
    // In the order of dropping: workers stop writing, then what is finished is published, and only
    // then the keys are unlocked.
    workers: BTreeMap<usize, Slot>,
    publisher: Publisher,
    queue: Queue<'a>,
    sender: Sender<Event>,
    /// Workers started so far.
    started: usize,
    watchdog: Watchdog,
    /// When the progress was told last what workers are doing.
    told: Instant,
    /// Artifacts handed to the publisher and not yet in the cache.
    publishing: usize,
    begun: Instant,
    /// Workers that died since the last job that came through.
    deaths: u32,
    /// No new work: a failure without `keep_going`, damage, or Ctrl-C.
    halted: bool,
    outcome: Outcome,
}

impl Build<'_> {
    fn main(&mut self, events: &Receiver<Event>) -> Result<()> {
        self.progress.begin(&self.queue.counts(), self.queue.total_cost());
        for (at, hello) in self.options.hellos.iter().enumerate() {
            let takes = hello.takes();
            let alike = |slot: &&Slot| self.options.hellos[slot.hello].takes() == takes;
            if self.workers.values().filter(alike).count() < self.queue.waiting_for(takes) {
                self.start_worker(at)?;
            }
        }
        loop {
            self.dispatch()?;
            if self.is_over() {
                return Ok(());
            }
            match events.recv_timeout(TICK) {
                Ok(event) => self.handle(event)?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    unreachable!("the build holds a sender itself")
                }
            }
            while let Ok(event) = events.try_recv() {
                self.handle(event)?;
            }
            let interrupt = self.options.interrupt.load(Ordering::Relaxed);
            if interrupt && !(self.outcome.interrupted && self.workers.is_empty()) {
                self.stop("interrupted");
                // What they are at is lost, and only that.
                self.workers.clear();
            }
            self.watch()?;
            self.progress.tick();
            if self.options.drain.load(Ordering::Relaxed) && !self.outcome.interrupted {
                self.stop("drained");
            }
        }
    }

    /// Hands out no more work.
    fn stop(&mut self, reason: &str) {
        if !self.outcome.interrupted {
            self.log.event("stopping", json!({"reason": reason}));
        }
        self.outcome.interrupted = true;
        self.halted = true;
    }

    fn warn(&mut self, message: &str) {
        self.log.event("warning", json!({"message": message}));
        self.progress.warn(message);
    }

    fn is_over(&self) -> bool {
        let working = self.workers.values().any(|slot| slot.task.is_some());
        !working && self.publishing == 0 && (self.halted || self.queue.is_empty())
    }

    fn start_worker(&mut self, hello: usize) -> Result<()> {
        let id = self.started;
        self.started += 1;
        let told = &self.options.hellos[hello];
        let process = Worker::start(&self.options.worker, told, id, self.sender.clone())?;
        self.log.event("worker_started", json!({"worker": id, "pid": process.pid()}));
        let since = Instant::now();
        self.workers.insert(id, Slot { process, hello, ready: false, since, task: None });
        Ok(())
    }

    /// Gives every idle worker something to do.
    fn dispatch(&mut self) -> Result<()> {
        if self.halted {
            return Ok(());
        }
        let idle: Vec<usize> = self
            .workers
            .iter()
            .filter(|(_, slot)| slot.ready && slot.task.is_none())
            .map(|(id, _)| *id)
            .collect();
        for id in idle {
            let takes = self.options.hellos[self.workers[&id].hello].takes();
            let Some(task) = self.next_task(takes, id)? else { continue };
            let number = self.log.next_job();
            let job = Job {
                id: number,
                keys: task.nodes.iter().map(|n| self.graph.node(*n).key).collect(),
                units: task.units,
                looks: self.queue.looks(&task),
            };
            let looks: Vec<&str> = job.looks.iter().filter_map(|key| self.category(key)).collect();
            // Before the worker hears of it: what a killed build leaves finished is in its log.
            self.log.event(
                "job_started",
                json!({"job": number, "worker": id, "labels": labels(self.graph, &task.nodes),
                       "units": task.units, "looks": looks}),
            );
            let slot = self.workers.get_mut(&id).expect("listed above");
            slot.process.send(&job);
            let label = self.graph.node(task.nodes[0]).label();
            self.progress.started(slot.hello, &label);
            slot.since = Instant::now();
            slot.task = Some((number, task));
        }
        Ok(())
    }

    /// The category of features under a key.
    fn category(&self, key: &Key) -> Option<&'static str> {
        let node = self.graph.node(self.graph.find(key)?);
        node.recipe_as::<StateFeatures>().map(|recipe| recipe.category.name())
    }

    /// The next task for a worker that takes so much; opens artifacts until there is one.
    fn next_task(&mut self, takes: Takes, worker: usize) -> Result<Option<Task>> {
        let takes_of = |slot: &Slot| self.options.hellos[slot.hello].takes();
        let others = self.workers.values().filter(|slot| takes_of(slot) == takes).count() > 1;
        loop {
            if let Some(task) = self.queue.pop(takes, others.then_some(worker)) {
                return Ok(Some(task));
            }
            match self.queue.open(self.cache, takes)? {
                Opened::Nothing => return Ok(None),
                Opened::Some { complete, there } => {
                    for at in there {
                        // Another build made it while this one waited for the lock.
                        let node = self.graph.node(at);
                        self.outcome.shared[kind_index(node.kind.name)] += 1;
                        let gflop = self.settle(at);
                        self.log.event(
                            "found",
                            json!({"kind": node.kind.name, "label": node.label(), "key": node.key,
                                   "gflop": gflop}),
                        );
                    }
                    for node in complete {
                        self.publish(node);
                    }
                }
            }
        }
    }

    /// An artifact is in the cache: whoever waits for it may go on. Gives its cost as far as its jobs
    /// did not count it.
    fn settle(&mut self, node: usize) -> f64 {
        let gflop = self.queue.settle(node);
        self.progress.advanced(gflop);
        let node = self.graph.node(node);
        self.progress.built(node.kind.name, &node.label());
        gflop
    }

    fn publish(&mut self, at: usize) {
        let node = self.graph.node(at);
        self.publisher.send(Finished {
            node: at,
            kind: node.kind.name,
            key: node.key,
            recipe: node.recipe_text(),
            parts: self.queue.parts(at),
            notes: self.log.notes(self.queue.seconds(at)),
        });
        self.publishing += 1;
    }

    fn handle(&mut self, event: Event) -> Result<()> {
        if let Event::Reply(id, _) = &event
            && let Some(slot) = self.workers.get(id)
        {
            slot.process.heard();
        }
        match event {
            Event::Reply(id, Reply::Ready) => {
                self.outcome.ready.get_or_insert(self.begun.elapsed().as_secs_f64());
                if let Some(slot) = self.workers.get_mut(&id) {
                    slot.ready = true;
                }
            }
            // Its listener keeps these.
            Event::Reply(_, Reply::Alive { .. }) => {}
            Event::Reply(id, Reply::Done { id: job, parts, seconds }) => {
                self.done(id, job, &parts, seconds)?;
            }
            Event::Reply(_, Reply::Failed { id: None, error }) => return Err(error.into()),
            Event::Reply(id, Reply::Failed { id: Some(job), error }) => {
                if let Some(task) = self.finished_task(id, job, None)? {
                    self.log.event("job_failed", json!({"job": job, "worker": id}));
                    self.task_failed(task, error.into())?;
                }
            }
            Event::Exited(id) => self.lost(id, &Loss::Died)?,
            Event::Broken(id, why) => self.lost(id, &Loss::Broken(why))?,
            Event::Published(nodes, result) => self.published(&nodes, result?),
            Event::Refused(node, faults) => self.refused(node, &faults),
        }
        Ok(())
    }

    fn done(&mut self, id: usize, job: u64, parts: &[String], seconds: f64) -> Result<()> {
        let Some(task) = self.finished_task(id, job, Some(parts))? else { return Ok(()) };
        let slot = &self.workers[&id];
        // No more than there were, whatever it says.
        let seconds = seconds.clamp(0.0, slot.since.elapsed().as_secs_f64());
        self.deaths = 0;
        let kind = self.graph.node(task.nodes[0]).kind.name;
        self.outcome.busy[kind_index(kind)] += seconds;
        let share = task.cost / task.nodes.len() as f64;
        for at in &task.nodes {
            self.outcome.worked[kind_index(kind)] +=
                cost::amount(&self.graph.node(*at).cost, share);
        }
        self.log.span(slot.hello, &self.graph.node(task.nodes[0]).label(), kind, slot.since);
        // Rollouts count job by job, all else when it is in the cache.
        let gflop = if kind == RolloutChunk::KIND.name { task.cost } else { 0.0 };
        self.log.event(
            "job_done",
            json!({"job": job, "worker": id, "seconds": seconds, "gflop": gflop}),
        );
        let complete = self.queue.done(&task, id, seconds);
        self.progress.advanced(gflop);
        for node in complete {
            self.publish(node);
        }
        Ok(())
    }

    fn published(&mut self, nodes: &[usize], published: Vec<Published>) {
        for (at, entry) in nodes.iter().zip(published) {
            self.publishing -= 1;
            let node = self.graph.node(*at);
            self.outcome.built[kind_index(node.kind.name)] += 1;
            self.outcome.bytes[kind_index(node.kind.name)] += entry.bytes;
            let label = node.label();
            if entry.existed.is_some_and(|digest| digest != entry.digest) {
                self.warn(&format!(
                    "{label}: made again with other content; the first is kept (`spinlock cache \
                     fsck` checks it)"
                ));
            }
            let gflop = self.settle(*at);
            self.log.event(
                "built",
                json!({"kind": node.kind.name, "label": label, "key": node.key,
                       "digest": entry.digest, "bytes": entry.bytes, "gflop": gflop}),
            );
        }
    }

    /// A worker said that it cannot do a task, or died in it.
    fn task_failed(&mut self, task: Task, error: Error) -> Result<()> {
        match error.kind {
            ErrorKind::Environment | ErrorKind::Usage => return Err(error),
            ErrorKind::Integrity => {
                // The damaged entry is set aside; what is missing now shows in a new plan.
                self.warn(&format!("{}; it is rebuilt", error.message));
                self.outcome.damaged = true;
                self.halted = true;
                return Ok(());
            }
            _ => {}
        }
        let label = self.graph.node(task.nodes[0]).label();
        if self.queue.retry(task) {
            self.log.event("retry", json!({"label": label, "error": error.message}));
            self.progress.warn(&format!("{label}: {}; trying once more", error.message));
            return Ok(());
        }
        self.give_up(label, error);
        Ok(())
    }

    fn give_up(&mut self, label: String, error: Error) {
        self.log.event("failed", json!({"label": label, "error": error.message}));
        self.progress.failed(&label, &error);
        self.outcome.failed.push(Failed { label, error });
        self.halted |= !self.options.keep_going;
    }
}

fn labels(graph: &Graph, nodes: &[usize]) -> Vec<String> {
    nodes.iter().map(|at| graph.node(*at).label()).collect()
}
