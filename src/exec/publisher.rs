//! Puts finished artifacts into the cache on a thread of its own, as many at a time as are waiting:
//! they share the flushes to disk.
//!
//! Invariant: nothing becomes an entry before its parts were found to hold what they say. What is refused
//! is reported, not published.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use super::Event;
use crate::cache::{Cache, Documents, Pending, Wanted};
use crate::error::Result;
use crate::key::Key;

/// At most this many entries share one flush.
const BATCH: usize = 128;

/// An artifact ready to be published.
pub struct Finished {
    /// Its place in the graph.
    pub node: usize,
    /// The kind of artifact.
    pub kind: &'static str,
    /// Its key, which is locked.
    pub key: Key,
    /// The recipe as text.
    pub recipe: String,
    /// Its parts.
    pub parts: Vec<Wanted>,
    /// How it came about.
    pub notes: Documents,
}

/// The publishing thread.
pub struct Publisher {
    queue: Option<Sender<Finished>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Publisher {
    /// Starts the thread; what it did comes as events.
    pub fn start(cache: PathBuf, events: Sender<Event>) -> Result<Self> {
        let cache = Cache::open(cache)?;
        let (queue, work) = channel();
        let thread = thread::spawn(move || run(&cache, &work, &events));
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Hands over an artifact.
    pub fn send(&self, finished: Finished) {
        let queue = self.queue.as_ref().expect("open until dropped");
        // The thread ends only when this sender is dropped.
        let _ = queue.send(finished);
    }
}

impl Drop for Publisher {
    /// Publishes what is waiting, then ends.
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(cache: &Cache, work: &Receiver<Finished>, events: &Sender<Event>) {
    while let Ok(first) = work.recv() {
        let mut batch = vec![first];
        while batch.len() < BATCH
            && let Ok(next) = work.try_recv()
        {
            batch.push(next);
        }
        let event = match vouched(cache, batch, events) {
            Ok((nodes, pending)) => {
                let result = cache.publish_batch(pending);
                Event::Published(nodes, result)
            }
            Err(error) => Event::Published(Vec::new(), Err(error)),
        };
        if events.send(event).is_err() {
            return;
        }
    }
}

/// Those whose parts hold what they say; the others are reported.
fn vouched(
    cache: &Cache,
    batch: Vec<Finished>,
    events: &Sender<Event>,
) -> Result<(Vec<usize>, Vec<Pending>)> {
    let (mut nodes, mut all) = (Vec::new(), Vec::new());
    for Finished { node, kind, key, recipe, parts, notes } in batch {
        match cache.vouched_parts(kind, &key, &parts)? {
            Ok(parts) => {
                nodes.push(node);
                all.push(Pending { kind: kind.to_owned(), key, recipe, parts, notes });
            }
            // Nobody listens any more: the build is over.
            Err(faults) => _ = events.send(Event::Refused(node, faults)),
        }
    }
    Ok((nodes, all))
}
