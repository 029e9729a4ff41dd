//! Signs of life: beside the work a thread says now and then how far it is.
//!
//! Invariant: nothing is said while the marks stand still, so a worker that hangs is silent, and nothing is
//! computed by this thread.

use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use crate::effect;
use crate::exec::protocol::Reply;
use crate::mark;

/// How often it is said at most.
const BEAT: Duration = Duration::from_secs(1);

/// Where replies go, whole line by whole line, also from several threads.
pub struct Replies<W> {
    output: Mutex<W>,
    /// The job at hand; 0 for none.
    job: AtomicU64,
}

impl<W: Write + Send> Replies<W> {
    /// Writes to `output`.
    pub fn new(output: W) -> Self {
        Self { output: Mutex::new(output), job: AtomicU64::new(0) }
    }

    /// Says one thing.
    ///
    /// # Errors
    /// If nobody is there to read it.
    pub fn say(&self, reply: &Reply) -> std::io::Result<()> {
        let mut text = serde_json::to_string(reply)?;
        text.push('\n');
        let mut output = self.output.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        effect::write_all("worker.reply.write", &mut *output, text.as_bytes())?;
        output.flush()
    }

    /// The job that signs of life are of from now on; numbers begin with 1.
    pub fn turn_to(&self, job: Option<u64>) {
        self.job.store(job.unwrap_or(0), Ordering::Relaxed);
    }

    /// Does `work` on this thread, while another one says how it goes on.
    pub fn beside<T>(&self, work: impl FnOnce() -> T) -> T {
        self.beside_every(BEAT, work)
    }

    fn beside_every<T>(&self, beat: Duration, work: impl FnOnce() -> T) -> T {
        let (over, ends) = channel::<()>();
        thread::scope(|scope| {
            scope.spawn(move || {
                let mut last = mark::now().0;
                // Until the work is over, or ends in a panic.
                while ends.recv_timeout(beat) == Err(RecvTimeoutError::Timeout) {
                    let (marks, doing) = mark::now();
                    let job = self.job.load(Ordering::Relaxed);
                    let id = (job > 0).then_some(job);
                    if marks != last && self.say(&Reply::Alive { id, marks, doing }).is_err() {
                        return;
                    }
                    last = marks;
                }
            });
            let _over = over;
            work()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_of_life_are_given_as_long_as_the_marks_move() {
        let mut written = Vec::new();
        let replies = Replies::new(&mut written);
        replies.turn_to(Some(7));
        let beat = Duration::from_millis(20);
        replies.beside_every(beat, || {
            for _ in 0..30 {
                mark::tick();
                thread::sleep(beat / 4);
            }
        });
        replies.say(&Reply::Ready).unwrap();
        let text = String::from_utf8(written).unwrap();
        let replies: Vec<Reply> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(matches!(replies.last(), Some(Reply::Ready)));
        let mut last = 0;
        for reply in &replies[..replies.len() - 1] {
            let Reply::Alive { id: Some(7), marks, .. } = reply else { panic!("{reply:?}") };
            assert!(*marks > last, "{text}");
            last = *marks;
        }
        assert!((2..=12).contains(&replies.len()), "{text}");
    }
}
