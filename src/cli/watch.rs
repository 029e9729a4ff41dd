//! `spinlock build --watch`

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::build::{BuildArgs, build_all, code, request};
use super::common::{Loaded, load_from};
use super::progress::Terminal;
use super::{Global, print_json_line, style};
use crate::build::{Request, refuse_shared};
use crate::error::{Error, Result};
use crate::exec::progress::{Expected, Progress};
use crate::key::Key;
use crate::plan::expand;
use crate::watch::Watch;

/// How often to look for saves and for Ctrl-C between builds.
const TICK: Duration = Duration::from_millis(50);

/// Builds, and builds again after each save, until Ctrl-C.
pub fn run(args: &BuildArgs, global: &Global, start: Instant) -> Result<ExitCode> {
    let request = request(args)?;
    let mut desk =
        Desk { args, global, watch: Watch::new(), files: Vec::new(), experiments: Vec::new() };
    let mut begin = start;
    let mut first = true;
    loop {
        request.drain.store(false, Ordering::Relaxed);
        match desk.load() {
            Err(error) if first && !is_mendable(&error) => return Err(error),
            Err(error) => eprintln!("{}", style::error(&error)),
            Ok((loaded, warnings)) => {
                for warning in warnings {
                    eprintln!("{}", style::warning(&warning));
                }
                build(&mut desk, &loaded, &request, begin);
            }
        }
        let interrupted = || request.interrupt.load(Ordering::Relaxed);
        if !interrupted() && !request.drain.load(Ordering::Relaxed) {
            eprintln!("{}", style::weak(&desk.watching()));
            desk.wait(&interrupted);
        }
        if interrupted() {
            return Ok(ExitCode::from(130));
        }
        begin = Instant::now();
        first = false;
    }
}

/// Whether a fault lies in a file, so that a save can mend it.
fn is_mendable(error: &Error) -> bool {
    let in_file =
        |error: &Error| error.place.as_ref().is_some_and(|place| !place.file.starts_with("--"));
    in_file(error) || error.also.iter().any(in_file)
}

/// One round of builds. What goes wrong is said: the next save may mend it.
fn build(desk: &mut Desk<'_>, loaded: &[Loaded], request: &Request, begin: Instant) {
    let args = desk.args;
    let mut progress =
        Watching { terminal: Terminal::new(), desk, request, wanted: wanted(loaded) };
    match build_all(loaded, args, request, begin, &mut progress) {
        Err(error) => eprintln!("{}", style::error(&error)),
        Ok(report) => {
            if args.json {
                print_json_line(&report.to_json());
            }
            if !request.drain.load(Ordering::Relaxed) {
                code(&report);
            }
        }
    }
}

/// Experiments, and what a person should know of them.
type Read = (Vec<Loaded>, Vec<String>);

/// What a person works at: some experiments, and the files that they are read from.
struct Desk<'a> {
    args: &'a BuildArgs,
    global: &'a Global,
    watch: Watch,
    /// Every file, absolute; those that are not there yet too.
    files: Vec<PathBuf>,
    /// The names of the experiments, once they could be read.
    experiments: Vec<String>,
}

impl Desk<'_> {
    /// Reads the experiments as they are now, with what a person should know, and watches what they are
    /// read from.
    fn load(&mut self) -> Result<Read> {
        loop {
            let (result, any_new) = self.load_once();
            if !any_new {
                return result;
            }
        }
    }

    /// Also says whether files are watched only now, so that they are to be read again.
    fn load_once(&mut self) -> (Result<Read>, bool) {
        let (mut files, mut loaded, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
        let mut faults = Vec::new();
        for experiment in &self.args.experiments {
            match load_from(experiment, &self.args.overrides, self.global, &mut files) {
                Ok((one, more)) => {
                    loaded.push(one);
                    warnings.extend(more);
                }
                Err(error) => faults.push(error),
            }
        }
        // An experiment that is gone may come back: its files stay watched.
        if faults.iter().any(|fault| fault.place.is_none()) {
            files.append(&mut self.files);
        }
        files.sort();
        files.dedup();
        let any_new = self.watch.set(&files);
        self.files = files;
        if let Some(fault) = Error::all(faults) {
            return (Err(fault), any_new);
        }
        let experiments: Vec<_> = loaded.iter().map(|one| one.experiment.clone()).collect();
        self.experiments = experiments.iter().map(|one| one.file.display().to_string()).collect();
        (refuse_shared(&experiments).map(|()| (loaded, warnings)), any_new)
    }

    /// Waits for a save, and says which.
    fn wait(&mut self, interrupted: &dyn Fn() -> bool) {
        while !interrupted() {
            let saved = self.watch.saved();
            if !saved.is_empty() {
                eprintln!("saved: {}", self.names(&saved));
                return;
            }
            std::thread::sleep(TICK);
        }
    }

    /// What is watched, in one line.
    fn watching(&self) -> String {
        let there = self.files.iter().filter(|file| file.is_file()).count();
        let count = self.args.experiments.len();
        let what = match (self.experiments.as_slice(), self.args.experiments.as_slice()) {
            ([one], _) => one.clone(),
            (_, [typed]) => typed.display().to_string(),
            (_, several) => format!("{} experiments", several.len()),
        };
        let fragments = match there.saturating_sub(count) {
            0 => String::new(),
            1 => " and 1 fragment".to_owned(),
            n => format!(" and {n} fragments"),
        };
        format!("watching {what}{fragments}; Ctrl-C ends")
    }

    fn names(&self, files: &[PathBuf]) -> String {
        files.iter().map(|file| self.name(file)).collect::<Vec<_>>().join(", ")
    }

    /// A file as a person knows it.
    fn name(&self, file: &Path) -> String {
        let root = self.global.project().map(|project| project.root).unwrap_or_default();
        // Without the detours of `extends: ../configs/more.yaml`.
        let plain = || Some(file.parent()?.canonicalize().ok()?.join(file.file_name()?));
        let file = plain().unwrap_or_else(|| file.to_owned());
        file.strip_prefix(&root).unwrap_or(&file).display().to_string()
    }
}

/// What experiments ask for: the same keys at the same paths are the same data sets and pictures.
fn wanted(loaded: &[Loaded]) -> Vec<(Key, PathBuf)> {
    let one = |one: &Loaded| {
        let expansion = expand(&one.experiment, &one.profile);
        let key = |node: usize| expansion.graph.node(node).key;
        let path = one.experiment.dataset.path.clone();
        let pictures = expansion.renders.iter();
        let mut all = vec![(key(expansion.dataset.node()), path.clone())];
        all.extend(pictures.map(|file| (key(file.artifact.node()), path.join(&file.path))));
        all
    };
    loaded.iter().flat_map(one).collect()
}

/// Watches a build, and the files that it is read from.
struct Watching<'a, 'b> {
    terminal: Terminal,
    desk: &'a mut Desk<'b>,
    request: &'a Request,
    wanted: Vec<(Key, PathBuf)>,
}

impl Watching<'_, '_> {
    /// After a save: ends the build if it would now be another one.
    fn look(&mut self) {
        let saved = self.desk.watch.saved();
        if saved.is_empty() {
            return;
        }
        let names = self.desk.names(&saved);
        match self.desk.load() {
            Err(error) => {
                self.terminal.print(&format!("saved: {names}; the build goes on without it"));
                self.terminal.print(&style::error(&error));
            }
            Ok((loaded, _)) if wanted(&loaded) == self.wanted => {
                self.terminal.print(&format!("saved: {names}; nothing else is to be built"));
            }
            Ok(_) => {
                let next = "builds it anew after the jobs at hand";
                self.terminal.print(&format!("saved: {names}; {next}"));
                self.request.drain.store(true, Ordering::Relaxed);
            }
        }
    }
}

impl Progress for Watching<'_, '_> {
    fn begin(&mut self, to_make: &[(&'static str, u64)], gflop: f64) {
        self.terminal.begin(to_make, gflop);
    }

    fn expect(&mut self, expected: Option<Expected>) {
        self.terminal.expect(expected);
    }

    fn started(&mut self, worker: usize, label: &str) {
        self.terminal.started(worker, label);
    }

    fn advanced(&mut self, gflop: f64) {
        self.terminal.advanced(gflop);
    }

    fn built(&mut self, kind: &'static str, label: &str) {
        self.terminal.built(kind, label);
    }

    fn failed(&mut self, label: &str, error: &Error) {
        self.terminal.failed(label, error);
    }

    fn warn(&mut self, message: &str) {
        self.terminal.warn(message);
    }

    fn assembling(&mut self, done: u64, total: u64) {
        self.terminal.assembling(done, total);
    }

    fn tick(&mut self) {
        self.terminal.tick();
        if !self.request.drain.load(Ordering::Relaxed) {
            self.look();
        }
    }

    fn end(&mut self) {
        self.terminal.end();
    }
}
