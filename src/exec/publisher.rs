//! Puts finished artifacts into the cache on a thread of its own, as many at a time as are waiting:
//! they share the flushes to disk.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use super::Event;
use crate::cache::{Cache, Pending};
use crate::error::Result;

/// At most this many entries share one flush.
const BATCH: usize = 128;

/// An artifact ready to be published.
pub struct Finished {
    /// Its place in the graph.
    pub node: usize,
    /// What to publish.
    pub pending: Pending,
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
        let (nodes, pending): (Vec<usize>, Vec<Pending>) =
            batch.into_iter().map(|f| (f.node, f.pending)).unzip();
        let result = cache.publish_batch(pending);
        if events.send(Event::Published(nodes, result)).is_err() {
            return;
        }
    }
}
