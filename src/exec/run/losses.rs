//! What goes wrong with workers: they die, hang, answer what nobody asked, or vouch for what is not there.
//!
//! Invariant: a worker that is lost is dead before its work is given to another; its task is tried once more, and
//! then its artifact is given up with what happened. Knows nothing of what is computed.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{Build, PATIENCE, Slot, Task};
use crate::cache::Fault;
use crate::error::{Error, Result};
use crate::exec::jobs;
use crate::exec::protocol::part_name;

/// Why a worker is no longer one of the build's.
pub(super) enum Loss {
    /// It ended by itself.
    Died,
    /// Its marks stood still for so long.
    Stalled(Duration),
    /// It does what no worker does.
    Broken(String),
}

impl Build<'_> {
    /// Stops workers that hang, and tells the progress what the others are doing.
    pub(super) fn watch(&mut self) -> Result<()> {
        self.watchdog.look(Instant::now());
        let tells = self.told.elapsed() >= Duration::from_secs(1);
        let mut hung = Vec::new();
        for (id, slot) in &self.workers {
            let job = slot.task.as_ref().map(|(number, _)| *number);
            if slot.ready && job.is_none() {
                continue;
            }
            let life = slot.process.life();
            if tells && job.is_some() && life.job == job && !life.doing.is_empty() {
                self.progress.started(slot.hello, &life.doing);
            }
            if let Some(limit) = self.watchdog.hangs(slot.ready, slot.since.max(life.moved)) {
                hung.push((*id, limit));
            }
        }
        if tells {
            self.told = Instant::now();
        }
        hung.into_iter().try_for_each(|(id, limit)| self.lost(id, &Loss::Stalled(limit)))
    }

    /// What a worker is at, in words.
    fn place(&self, slot: &Slot) -> Option<String> {
        let (job, task) = slot.task.as_ref()?;
        let life = slot.process.life();
        if life.job == Some(*job) && !life.doing.is_empty() {
            return Some(life.doing);
        }
        Some(jobs::describe(self.graph, &task.nodes, task.units))
    }

    /// A worker is no longer one of the build's: its task is tried once more, by another.
    pub(super) fn lost(&mut self, id: usize, loss: &Loss) -> Result<()> {
        let Some(mut slot) = self.workers.remove(&id) else { return Ok(()) };
        if self.options.interrupt.load(Ordering::Relaxed) {
            // Ctrl-C in a terminal reaches workers too: that they end is no fault of theirs.
            return Ok(());
        }
        let place = self.place(&slot);
        if let Loss::Stalled(limit) = loss {
            let job = slot.task.as_ref().map(|(number, _)| number);
            let fields = json!({"worker": id, "job": job, "seconds": limit.as_secs_f64(),
                                "doing": place});
            self.log.event("worker_stalled", fields);
        }
        let words = match loss {
            Loss::Died => slot.process.last_words(),
            Loss::Stalled(_) | Loss::Broken(_) => slot.process.stop(),
        };
        self.log.event("worker_exited", json!({"worker": id, "last_words": words}));
        if !slot.ready {
            return Err(never_ready(loss, &words));
        }
        self.deaths += 1;
        let place = place.map_or_else(|| "while idle".to_owned(), |place| format!("in {place}"));
        let message = match loss {
            Loss::Died => format!("a worker died {place}: {words}"),
            Loss::Stalled(limit) => {
                let limit = limit.as_secs();
                format!("a worker made no progress for {limit} s {place}; it was stopped")
            }
            Loss::Broken(why) => format!("a worker {why}; it was stopped {place}"),
        };
        if self.deaths > PATIENCE * self.options.hellos.len() as u32 {
            let help = match loss {
                Loss::Stalled(_) => {
                    "workers keep hanging; is the disk or the device there? if single steps take \
                     that long, allow more with --stall SECONDS"
                }
                _ => "workers keep dying; is there enough memory? try fewer of them with -j 1",
            };
            return Err(Error::environment(message).help(help));
        }
        match slot.task.take() {
            Some((_, task)) => self.task_failed(task, Error::artifact(message))?,
            None => self.warn(&message),
        }
        if !self.halted {
            self.start_worker(slot.hello)?;
        }
        Ok(())
    }

    /// The task that a worker says it is done with; none if it says what cannot be, or is gone.
    pub(super) fn finished_task(
        &mut self,
        id: usize,
        job: u64,
        parts: Option<&[String]>,
    ) -> Result<Option<Task>> {
        let Some(slot) = self.workers.get_mut(&id) else { return Ok(None) };
        let why = match &slot.task {
            None => format!("answers a job {job}, and has none"),
            Some((number, _)) if *number != job => {
                format!("answers a job {job}, and was given job {number}")
            }
            Some((_, task)) => match parts {
                Some(parts) if parts.len() != task.nodes.len() => {
                    format!("names {} parts for {} artifacts", parts.len(), task.nodes.len())
                }
                Some(parts) => match parts.iter().find(|name| **name != part_name(task.units)) {
                    None => return Ok(slot.task.take().map(|(_, task)| task)),
                    Some(name) => {
                        let name: String = name.chars().take(100).collect();
                        format!("names a part `{name}` where `{}` is wanted", part_name(task.units))
                    }
                },
                None => return Ok(slot.task.take().map(|(_, task)| task)),
            },
        };
        self.lost(id, &Loss::Broken(why))?;
        Ok(None)
    }

    /// Parts are not what they say: they are made once more.
    pub(super) fn refused(&mut self, at: usize, faults: &[Fault]) {
        self.publishing -= 1;
        let label = self.graph.node(at).label();
        let mut first = None;
        for Fault { part, why } in faults {
            let worker = self.queue.writer(at, part);
            self.log.event(
                "part_refused",
                json!({"label": label, "part": part, "worker": worker, "error": why}),
            );
            let by = worker.map_or("an earlier build".to_owned(), |id| format!("worker {id}"));
            first.get_or_insert(format!("the part `{part}` by {by} is not what it says: {why}"));
        }
        let message = first.unwrap_or_default();
        let parts: Vec<&str> = faults.iter().map(|fault| fault.part.as_str()).collect();
        if self.queue.remake(at, &parts) {
            self.log.event("retry", json!({"label": label, "error": message}));
            self.progress.warn(&format!("{label}: {message}; trying once more"));
        } else {
            self.give_up(label, Error::artifact(message));
        }
    }
}

/// Why a build cannot begin.
fn never_ready(loss: &Loss, words: &str) -> Error {
    match loss {
        Loss::Died => Error::environment(format!("spinlock-worker cannot start: {words}")).help(
            "if a library is missing, run `make build` in the checkout of spinlock, which fetches \
             libtorch",
        ),
        Loss::Stalled(limit) => Error::environment(format!(
            "spinlock-worker was not ready after {} s; it was stopped: {words}",
            limit.as_secs()
        ))
        .help("is the disk that holds it slow, or a device stuck? allow more with --stall SECONDS"),
        Loss::Broken(why) => {
            Error::environment(format!("spinlock-worker cannot start: it {why}: {words}"))
                .help("run `make build` in the checkout of spinlock")
        }
    }
}
