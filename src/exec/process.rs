//! One worker process: starting it, talking to it, when it last did something, and its last words.
//!
//! Invariant: nothing that a worker does or leaves undone makes the build wait for it, or takes more than a
//! bounded part of its memory. What is said to it goes through a thread, since a pipe that nobody reads is
//! full soon; what it says comes in lines of a bounded length, and not faster than it is dealt with.

use std::collections::VecDeque;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::Event;
use super::measure::{Answer, Question};
use super::protocol::{Hello, Job, Reply};
use crate::child;
use crate::effect;
use crate::error::{Error, Result};
use crate::profile::worker_command;

/// How many of the last lines on its standard error are kept, and how many bytes of each.
const LAST_WORDS: (usize, usize) = (12, 2000);
/// How many characters are kept of what it is doing.
const DOING: usize = 300;
/// How many answers may wait to be dealt with: one worker has one job at a time.
const UNHEARD: usize = 16;
/// How long a worker that answers one question may be silent.
const SILENCE: Duration = Duration::from_mins(10);
/// How long one that closed its output may live on, and may take over its last words.
const FAREWELL: Duration = Duration::from_secs(2);

/// A running worker.
pub struct Worker {
    child: Child,
    /// What is to be said to it, line by line.
    says: Option<Sender<String>>,
    stderr: Arc<Mutex<VecDeque<String>>>,
    life: Arc<Mutex<Life>>,
    unheard: Arc<AtomicUsize>,
    listener: Option<JoinHandle<()>>,
}

/// The last sign of life of a worker.
#[derive(Debug, Clone)]
pub struct Life {
    /// When its marks moved last.
    pub moved: Instant,
    /// Its marks.
    marks: u64,
    /// The job that it was at.
    pub job: Option<u64>,
    /// What it was doing.
    pub doing: String,
}

/// The worker program: beside this program, or as `SPINLOCK_WORKER` says.
///
/// # Errors
/// If there is none.
pub fn find_worker() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("SPINLOCK_WORKER") {
        let path = PathBuf::from(path);
        return if path.is_file() { Ok(path) } else { Err(missing(&path)) };
    }
    let this = std::env::current_exe().map_err(|e| Error::io("find", Path::new("spinlock"), e))?;
    let path = this.with_file_name("spinlock-worker");
    if path.is_file() { Ok(path) } else { Err(missing(&path)) }
}

fn missing(path: &Path) -> Error {
    Error::environment(format!("no `spinlock-worker` at `{}`", path.display())).help(
        "it computes, and is built with libtorch: run `make build` (or `make install`) in the \
         checkout of spinlock; planning and reading work without it",
    )
}

/// Starts a worker that computes with so many threads, all its streams in pipes.
fn spawn(program: &Path, arguments: &[&str], threads: u32) -> Result<Child> {
    let mut command = worker_command(program);
    command
        .args(arguments)
        // libgomp's idle threads would otherwise spin and starve the other workers.
        .env("OMP_WAIT_POLICY", "passive")
        .env("OMP_NUM_THREADS", threads.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    effect::spawn("exec.worker.spawn", &mut command).map_err(|e| cannot_start(program, &e))
}

fn cannot_start(program: &Path, e: &std::io::Error) -> Error {
    Error::environment(format!("cannot start `{}`: {e}", program.display()))
        .help("run `make build` in the checkout of spinlock")
}

/// Starts a worker to answer one question of a benchmark, and waits for the answer.
///
/// # Errors
/// If the program cannot be started, ends without an answer, or gives no sign of life for ten minutes.
pub fn ask(program: &Path, question: &Question, threads: u32) -> Result<Answer> {
    let child = spawn(program, &["--bench"], threads)?;
    let text = serde_json::to_string(question).expect("plain values");
    let output = child::finish(child, text.into_bytes(), SILENCE);
    let answer = String::from_utf8_lossy(&output.stdout);
    answer.lines().find_map(|line| serde_json::from_str(line).ok()).ok_or_else(|| {
        let how = match output.status {
            None if output.stopped => {
                format!("it was stopped after {} s without a word", SILENCE.as_secs())
            }
            Some(status) => status.to_string(),
            None => "nobody knows how it ended".to_owned(),
        };
        let words = String::from_utf8_lossy(&output.stderr);
        Error::environment(format!(
            "`{} --bench` gave no answer: {how}\n    {}",
            program.display(),
            words.trim()
        ))
    })
}

impl Worker {
    /// Starts a worker and tells it what it works on. Its answers come as events with the number
    /// `id`.
    ///
    /// # Errors
    /// If the program cannot be started.
    pub fn start(program: &Path, hello: &Hello, id: usize, events: Sender<Event>) -> Result<Self> {
        let mut child = spawn(program, &[], hello.threads)?;
        let stdout = child.stdout.take().expect("asked for a pipe");
        let errors = child.stderr.take().expect("asked for a pipe");
        let stdin = child.stdin.take().expect("asked for a pipe");
        let stderr = Arc::new(Mutex::new(VecDeque::new()));
        let (words, unsaid) = (Arc::clone(&stderr), Arc::clone(&stderr));
        let reader = thread::spawn(move || child::lines(errors, |line| keep(&words, line)));
        let now = Instant::now();
        let life = Life { moved: now, marks: 0, job: None, doing: String::new() };
        let life = Arc::new(Mutex::new(life));
        let unheard = Arc::new(AtomicUsize::new(0));
        let hearing =
            Hearing { id, events, life: Arc::clone(&life), unheard: Arc::clone(&unheard) };
        let listener = thread::spawn(move || {
            child::lines(stdout, |line| hearing.line(line));
            // Its last words are complete once its standard error is closed too; unless somebody
            // else holds it open.
            child::join(reader);
            let _ = hearing.events.send(Event::Exited(id));
        });
        let (says, lines) = channel();
        thread::spawn(move || speak(stdin, &lines, &unsaid));
        let worker =
            Self { child, says: Some(says), stderr, life, unheard, listener: Some(listener) };
        worker.say(hello);
        Ok(worker)
    }

    /// Gives it a job. A worker that is gone is reported by its exit.
    pub fn send(&self, job: &Job) {
        self.say(job);
    }

    fn say(&self, line: &impl serde::Serialize) {
        let Some(says) = &self.says else { return };
        let mut text = serde_json::to_string(line).expect("plain values");
        text.push('\n');
        // One that is gone is reported by its exit, not by what could not be said.
        let _ = says.send(text);
    }

    /// Operating-system number of the process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its last sign of life.
    pub fn life(&self) -> Life {
        locked(&self.life).clone()
    }

    /// One of its answers was dealt with.
    pub fn heard(&self) {
        self.unheard.fetch_sub(1, Ordering::Relaxed);
    }

    /// How it ended and what it said last; to be asked once it has exited. One that only closed its output
    /// is ended.
    pub fn last_words(&mut self) -> String {
        let how = if let Some(status) = child::ended_within(&mut self.child, FAREWELL) {
            status.to_string()
        } else {
            child::end(&mut self.child);
            "it closed its standard output and lived on, and was stopped".to_owned()
        };
        self.with_words(&how)
    }

    /// Ends it now; gives what it said last.
    pub fn stop(&mut self) -> String {
        self.says = None;
        match child::end(&mut self.child) {
            Some(status) => self.with_words(&status.to_string()),
            None => self.with_words("the kernel does not let it go"),
        }
    }

    fn with_words(&self, how: &str) -> String {
        let words = locked(&self.stderr);
        let lines: Vec<&str> = words.iter().map(String::as_str).collect();
        if lines.is_empty() {
            how.to_owned()
        } else {
            format!("{how}\n    {}", lines.join("\n    "))
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.says = None;
        // Between jobs there is nothing to lose; within one, only that job.
        child::end(&mut self.child);
        if let Some(listener) = self.listener.take() {
            child::join(listener);
        }
    }
}

/// Says line after line, until there is nobody on one side. A worker that could not be told ends as if all was
/// said: the reason is put among its last words.
fn speak(mut stdin: ChildStdin, lines: &Receiver<String>, words: &Mutex<VecDeque<String>>) {
    while let Ok(line) = lines.recv() {
        let said = effect::write_all("exec.worker.write", &mut stdin, line.as_bytes());
        if let Err(error) = said.and_then(|()| stdin.flush()) {
            if error.kind() != std::io::ErrorKind::BrokenPipe {
                keep(words, &format!("it could not be told what to do: {error}"));
            }
            return;
        }
    }
}

/// Keeps a line among the last words.
fn keep(words: &Mutex<VecDeque<String>>, line: &str) -> bool {
    let mut words = locked(words);
    if words.len() == LAST_WORDS.0 {
        words.pop_front();
    }
    words.push_back(line.chars().take(LAST_WORDS.1).collect());
    true
}

/// Where the answers of one worker go.
struct Hearing {
    id: usize,
    events: Sender<Event>,
    life: Arc<Mutex<Life>>,
    unheard: Arc<AtomicUsize>,
}

impl Hearing {
    /// Takes a line; says whether to go on.
    fn line(&self, line: &str) -> bool {
        match serde_json::from_str::<Reply>(line) {
            // A library that writes to standard output is no reply.
            Err(_) => true,
            // These may be many, and only the last one counts.
            Ok(Reply::Alive { id, marks, doing }) => {
                let mut life = locked(&self.life);
                if marks != life.marks {
                    let doing = doing.chars().take(DOING).collect();
                    *life = Life { moved: Instant::now(), marks, job: id, doing };
                }
                true
            }
            Ok(reply) => {
                let flooded = self.unheard.fetch_add(1, Ordering::Relaxed) >= UNHEARD;
                let event = if flooded {
                    Event::Broken(self.id, "answers faster than it is asked".to_owned())
                } else {
                    Event::Reply(self.id, reply)
                };
                self.events.send(event).is_ok() && !flooded
            }
        }
    }
}

fn locked<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}
