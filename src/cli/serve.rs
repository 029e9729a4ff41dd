//! `spinlock serve`

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::common::{Global, interrupts};
use super::print;
use crate::error::Result;
use crate::exec::process::find_worker;
use crate::live::{Builds, OutputState, Outputs, overview};
use crate::serve::{PORT, Server, State};

/// Show builds live on a local page, for browsers on this machine alone
#[derive(Debug, clap::Args)]
pub struct ServeArgs {
    /// Port on the loopback addresses [default: 7345, or a free one if that is taken]
    #[arg(long, value_name = "N")]
    port: Option<u16>,
}

/// Past builds on the page.
const PAST: usize = 50;
/// How long an answer is handed out again: many pages cost as much as one.
const FRESH: Duration = Duration::from_millis(250);
/// How often to look whether outputs are out of date.
const PLAN: Duration = Duration::from_secs(2);
/// How long after the last question nobody is thought to look.
const IDLE: Duration = Duration::from_secs(10);

pub fn run(args: &ServeArgs, global: &Global) -> Result<ExitCode> {
    let project = global.project()?;
    let cache = global.cache(&project)?;
    let server = Server::bind(args.port)?;
    let over = interrupts()?;
    let root = project.root.clone();
    let seen = Arc::new(Seen {
        root: root.clone(),
        builds: Mutex::new((Builds::new(&cache, PAST), None)),
        outputs: Mutex::new(None),
        asked: Mutex::new(None),
    });
    let mut outputs = Outputs::new(project, cache, find_worker().ok());
    let port = server.port();
    let shown = Arc::clone(&seen);
    let answer: Arc<State> = Arc::new(move || shown.answer());
    server.start(&answer);
    print(&format!("http://127.0.0.1:{port}/\n"));
    let moved = args.port.is_none() && port != PORT;
    let moved = if moved { format!(" (port {PORT} is taken)") } else { String::new() };
    eprintln!("the builds of {}, live{moved}; Ctrl-C ends", root.display());
    let mut looked: Option<Instant> = None;
    while !over.load(Ordering::Relaxed) {
        let due = looked.is_none_or(|looked| looked.elapsed() >= PLAN);
        if due && seen.is_looked_at() {
            // A cache that cannot be read leaves the outputs unknown; the builds say why.
            let states = outputs.look(seen.ended()).ok();
            *seen.outputs.lock().unwrap_or_else(PoisonError::into_inner) = states;
            looked = Some(Instant::now());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(ExitCode::SUCCESS)
}

/// What the page shows.
struct Seen {
    root: PathBuf,
    /// With the last answer, and when it was made.
    builds: Mutex<(Builds, Option<(Instant, String)>)>,
    /// None until they are known.
    outputs: Mutex<Option<Vec<OutputState>>>,
    /// When somebody asked last.
    asked: Mutex<Option<Instant>>,
}

impl Seen {
    fn answer(&self) -> Result<String> {
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        let mut guard = self.builds.lock().unwrap_or_else(PoisonError::into_inner);
        let (builds, last) = &mut *guard;
        if let Some((when, answer)) = last
            && when.elapsed() < FRESH
        {
            return Ok(answer.clone());
        }
        builds.refresh()?;
        let outputs = self.outputs.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let answer = overview(&self.root, builds, outputs.as_deref(), Timestamp::now()).to_string();
        *last = Some((Instant::now(), answer.clone()));
        Ok(answer)
    }

    fn is_looked_at(&self) -> bool {
        let asked = *self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.is_some_and(|asked| asked.elapsed() < IDLE)
    }

    /// How many builds are over.
    fn ended(&self) -> usize {
        self.builds.lock().unwrap_or_else(PoisonError::into_inner).0.ended()
    }
}
