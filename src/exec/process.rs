//! One worker process: starting it, talking to it, and its last words when it dies.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};
use std::thread;

use super::Event;
use super::measure::{Answer, Question};
use super::protocol::{Hello, Job, Reply};
use crate::effect;
use crate::error::{Error, Result};
use crate::profile::worker_command;

/// How many of the last lines on its standard error are kept.
const LAST_WORDS: usize = 12;

/// A running worker.
pub struct Worker {
    child: Child,
    stdin: Option<ChildStdin>,
    stderr: Arc<Mutex<VecDeque<String>>>,
    listener: Option<thread::JoinHandle<()>>,
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
/// If the program cannot be started, or ends without an answer.
pub fn ask(program: &Path, question: &Question, threads: u32) -> Result<Answer> {
    let mut child = spawn(program, &["--bench"], threads)?;
    let text = serde_json::to_string(question).expect("plain values");
    // One that died already is reported by its exit, not by a failed write.
    let mut stdin = child.stdin.take().expect("asked for a pipe");
    let _ = effect::write_all("exec.worker.write", &mut stdin, text.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().map_err(|e| cannot_start(program, &e))?;
    let answer = String::from_utf8_lossy(&output.stdout);
    answer.lines().find_map(|line| serde_json::from_str(line).ok()).ok_or_else(|| {
        let words = String::from_utf8_lossy(&output.stderr);
        Error::environment(format!(
            "`{} --bench` gave no answer: {}\n    {}",
            program.display(),
            output.status,
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
        let stderr = Arc::new(Mutex::new(VecDeque::new()));
        let words = Arc::clone(&stderr);
        let reader = thread::spawn(move || {
            for line in BufReader::new(errors).lines().map_while(Result::ok) {
                let mut words = words.lock().expect("no holder panics");
                if words.len() == LAST_WORDS {
                    words.pop_front();
                }
                words.push_back(line);
            }
        });
        let listener = thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let event = match serde_json::from_str::<Reply>(&line) {
                    Ok(reply) => Event::Reply(id, reply),
                    Err(_) => continue, // A library that writes to standard output is no reply.
                };
                if events.send(event).is_err() {
                    return;
                }
            }
            // Its last words are complete once its standard error is closed too.
            let _ = reader.join();
            let _ = events.send(Event::Exited(id));
        });
        let stdin = child.stdin.take();
        let mut worker = Self { child, stdin, stderr, listener: Some(listener) };
        // A worker that died already is reported by its exit, not by a failed write.
        let _ = worker.say(hello);
        Ok(worker)
    }

    /// Gives it a job. A worker that is gone is reported by its exit.
    pub fn send(&mut self, job: &Job) {
        let _ = self.say(job);
    }

    fn say(&mut self, line: &impl serde::Serialize) -> std::io::Result<()> {
        let Some(stdin) = &mut self.stdin else { return Ok(()) };
        let mut text = serde_json::to_string(line)?;
        text.push('\n');
        effect::write_all("exec.worker.write", stdin, text.as_bytes())?;
        stdin.flush()
    }

    /// Operating-system number of the process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How it ended and what it said last; to be asked once it has exited.
    pub fn last_words(&mut self) -> String {
        let how = match self.child.wait() {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        };
        let words = self.stderr.lock().expect("no holder panics");
        let lines: Vec<&str> = words.iter().map(String::as_str).collect();
        if lines.is_empty() { how } else { format!("{how}\n    {}", lines.join("\n    ")) }
    }

    /// Lets it finish what it does and exit.
    pub fn release(&mut self) {
        self.stdin = None;
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stdin = None;
        // Between jobs there is nothing to lose; within one, only that job.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
    }
}
