//! Waiting for processes that may hang, and reading what they say without trusting it.
//!
//! Invariant: nothing here waits without a limit or keeps more than a limit of what another process writes.
//! It starts no process and knows nothing of what they are.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Longest line that is handed out; a longer one is nothing that was agreed on.
const LONGEST: usize = 1 << 20;
/// Most bytes of an output that are kept.
const KEPT: usize = 16 << 20;
/// How long to wait at first, and at most, before an end is looked for again.
const GLANCE: (Duration, Duration) = (Duration::from_micros(200), Duration::from_millis(10));
/// How long a process that was killed, or that said all it will say, is waited for.
const GRACE: Duration = Duration::from_secs(2);

/// Hands out the lines of `input`, without their ends, until it ends or `each` says no. A line that is too
/// long is passed over, and what is no UTF-8 is replaced.
pub fn lines(input: impl Read, each: impl FnMut(&str) -> bool) {
    lines_up_to(LONGEST, input, each);
}

fn lines_up_to(longest: usize, input: impl Read, mut each: impl FnMut(&str) -> bool) {
    let mut input = BufReader::new(input);
    let (mut line, mut too_long) = (Vec::new(), false);
    loop {
        let block = match input.fill_buf() {
            Ok(block) => block,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return,
        };
        let ended = block.is_empty();
        let end = block.iter().position(|byte| *byte == b'\n');
        let (part, used) = end.map_or((block, block.len()), |end| (&block[..end], end + 1));
        too_long |= line.len() + part.len() > longest;
        if too_long {
            line = Vec::new();
        } else {
            line.extend_from_slice(part);
        }
        input.consume(used);
        if end.is_some() || ended && !line.is_empty() {
            if !too_long && !each(&String::from_utf8_lossy(&line)) {
                return;
            }
            line.clear();
            too_long = false;
        }
        if ended {
            return;
        }
    }
}

/// What a process did.
#[derive(Debug)]
pub struct Finished {
    /// How it ended; none if it was stopped, or ended in no way that one can see.
    pub status: Option<ExitStatus>,
    /// Whether it was stopped, since it had said nothing for too long.
    pub stopped: bool,
    /// What it wrote on its standard output, at most 16 MB.
    pub stdout: Vec<u8>,
    /// The same of its standard error.
    pub stderr: Vec<u8>,
}

impl Finished {
    /// Whether it ended by itself and says that it succeeded.
    pub fn is_success(&self) -> bool {
        !self.stopped && self.status.is_some_and(|status| status.success())
    }
}

/// Gives a process its `input`, and takes what it writes until it ends. One that writes nothing for
/// `silence` is stopped.
pub fn finish(mut child: Child, input: Vec<u8>, silence: Duration) -> Finished {
    let heard = Arc::new(AtomicUsize::new(0));
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let out = out.map(|from| collect(from, &heard));
    let err = err.map(|from| collect(from, &heard));
    if let Some(mut to) = child.stdin.take() {
        // One that reads nothing must not make us wait; one that ended says so by its status.
        thread::spawn(move || _ = to.write_all(&input));
    }
    let (mut last, mut since) = (0, Instant::now());
    let (mut stopped, mut glance) = (false, GLANCE.0);
    let status = loop {
        match child.try_wait() {
            Ok(None) => {}
            Ok(status) => break status,
            Err(_) => break None,
        }
        let now = heard.load(Ordering::Relaxed);
        if now != last {
            (last, since) = (now, Instant::now());
        }
        if since.elapsed() > silence {
            stopped = true;
            end(&mut child);
            break None;
        }
        rest(&mut glance);
    };
    let text = |of: Option<Collecting>| of.map(Collecting::text).unwrap_or_default();
    Finished { status, stopped, stdout: text(out), stderr: text(err) }
}

/// An output on its way in.
struct Collecting {
    text: Arc<Mutex<Vec<u8>>>,
    thread: JoinHandle<()>,
}

impl Collecting {
    /// What came, once all came; or, if another process holds the pipe open, soon.
    fn text(self) -> Vec<u8> {
        join(self.thread);
        std::mem::take(&mut *self.text.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn collect(mut from: impl Read + Send + 'static, heard: &Arc<AtomicUsize>) -> Collecting {
    let text = Arc::new(Mutex::new(Vec::new()));
    let (to, heard) = (Arc::clone(&text), Arc::clone(heard));
    let thread = thread::spawn(move || {
        let mut block = vec![0; 64 << 10];
        while let Ok(count @ 1..) = from.read(&mut block) {
            heard.fetch_add(count, Ordering::Relaxed);
            let mut to = to.lock().unwrap_or_else(PoisonError::into_inner);
            let room = KEPT.saturating_sub(to.len());
            to.extend_from_slice(&block[..count.min(room)]);
        }
    });
    Collecting { text, thread }
}

/// Kills a process and waits a moment for its end. One that the kernel does not let go, since it waits for
/// a disk or a device, is left to it.
pub fn end(child: &mut Child) -> Option<ExitStatus> {
    let _ = child.kill();
    ended_within(child, GRACE)
}

/// How a process ended, if it does so soon.
pub fn ended_within(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let (start, mut glance) = (Instant::now(), GLANCE.0);
    loop {
        match child.try_wait() {
            Ok(None) if start.elapsed() < limit => rest(&mut glance),
            Ok(status) => return status,
            Err(_) => return None,
        }
    }
}

/// What a thread that is about to end gave; none if it does not end soon, in which case it is left alone.
pub fn join<T>(thread: JoinHandle<T>) -> Option<T> {
    let (start, mut glance) = (Instant::now(), GLANCE.0);
    while !thread.is_finished() {
        if start.elapsed() > GRACE {
            return None;
        }
        rest(&mut glance);
    }
    thread.join().ok()
}

/// Sleeps, and the next time longer.
fn rest(glance: &mut Duration) {
    thread::sleep(*glance);
    *glance = (*glance * 2).min(GLANCE.1);
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    fn said(longest: usize, input: &[u8]) -> Vec<String> {
        let mut out = Vec::new();
        lines_up_to(longest, input, |line| {
            out.push(line.to_owned());
            out.len() < 3
        });
        out
    }

    #[test]
    fn lines_are_bounded_and_what_is_no_text_is_replaced() {
        assert_eq!(said(9, b"one\n\ntwo"), ["one", "", "two"]);
        assert_eq!(said(3, b"toolong\none\nlonger"), ["one"]);
        assert_eq!(said(9, b"a\xffb\nc\n"), ["a\u{fffd}b", "c"]);
        assert_eq!(said(9, b"1\n2\n3\n4\n"), ["1", "2", "3"]);
    }

    #[test]
    fn a_line_without_an_end_takes_no_memory() {
        let endless = io::repeat(b'x').take(1 << 28);
        let mut count = 0;
        lines(endless.chain(&b"\nlast\n"[..]), |line| {
            count += 1;
            assert_eq!(line, "last");
            true
        });
        assert_eq!(count, 1);
    }

    fn shell(script: &str) -> Child {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    #[test]
    fn a_process_that_answers_is_heard_and_one_that_hangs_is_stopped() {
        let second = Duration::from_secs(1);
        let done = finish(shell("cat; echo no >&2; exit 3"), b"asked".to_vec(), 60 * second);
        assert_eq!((&*done.stdout, &*done.stderr), (&b"asked"[..], &b"no\n"[..]));
        assert_eq!((done.status.unwrap().code(), done.stopped), (Some(3), false));
        // Longer than the limit, but never silent for so long.
        let talks = "for i in 1 2 3 4 5 6; do echo $i; sleep 0.3; done";
        assert!(finish(shell(talks), Vec::new(), second).is_success());
        // It reads nothing, and what it started holds its output open.
        let start = Instant::now();
        let hung = finish(shell("echo here; sleep 60"), vec![0; 1 << 20], second);
        assert!(hung.stopped && !hung.is_success() && start.elapsed() < 20 * second);
        assert_eq!(hung.stdout, b"here\n");
    }
}
