//! Files that people give are opened in a copy of this program, with limits, and never in the process that
//! talks to the person: the HDF5 library can be made to crash, to hang or to ask for any amount of memory
//! by a file that was made for it, or that a disk damaged.
//!
//! The copy is this very program with the same arguments and standard streams, started with [`MARK`] set
//! to the process that waits for it. So a command is written as if nothing could happen, and
//! `super::Command::given` alone says which commands run inside. Invariants: however the copy ends, the
//! person gets one message and an exit code that the tool has; the copy ends with its parent. Does not know
//! what commands do.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::Mutex;

use std::os::unix::process::{CommandExt, ExitStatusExt};

use rustix::process::{Pid, Resource, Rlimit, Signal};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::origin::WithOrigin;
use signal_hook::low_level::siginfo::Cause;

use super::Global;
use super::info::is_data;
use crate::dataset;
use crate::error::{Error, Result};
use crate::key::Key;

/// The variable that tells the copy what it is: the process that waits for it.
const MARK: &str = "SPINLOCK_INSIDE";
/// The question whether a file is a data set of ours.
const IS_OURS: &str = "is-ours";
/// The question which data set a file is: its key, on standard output.
const KEY_OF: &str = "key-of";

/// Files that a command opens and that this run did not write.
#[derive(Debug)]
pub struct Given {
    /// What messages call them.
    pub shown: Vec<String>,
    /// Where they lie, as far as the command line says.
    pub files: Vec<PathBuf>,
    /// What the command writes by a copy beside it, of which nothing is to be left.
    pub written: Vec<PathBuf>,
    /// What is done with them.
    pub work: Work,
}

/// How long it may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Reading.
    Look,
    /// Reading, planning an experiment and drawing charts.
    Page,
    /// Computing with every state.
    Compute,
}

impl Work {
    /// Processor seconds, for all threads together, of files of so many bytes. Some hundred times what
    /// sound files need, so that only what never ends is stopped.
    fn seconds(self, bytes: u64) -> u64 {
        let (base, each) = match self {
            Work::Look => (30, 10),
            Work::Page => (600, 10),
            Work::Compute => (7200, 600),
        };
        base + each * (bytes >> 20)
    }
}

/// Whether this process is the copy.
fn is_copy() -> bool {
    let parent = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().to_string());
    // One that was set by hand, or that another program inherited, is none.
    parent.is_some() && std::env::var(MARK).ok() == parent
}

/// The answer to a question that this process was started for; `None` if it was not.
pub fn answer() -> Option<ExitCode> {
    let mut args = std::env::args_os().skip(1);
    let question = args.next().filter(|question| question == IS_OURS || question == KEY_OF)?;
    if !is_copy() {
        return None;
    }
    let file = PathBuf::from(args.next()?);
    limit(std::slice::from_ref(&file), Work::Look);
    let is_so = if question == IS_OURS {
        dataset::is_ours(&file)
    } else {
        dataset::key_of(&file)
            .is_some_and(|key| super::print(&key.to_string()) == ExitCode::SUCCESS)
    };
    Some(ExitCode::from(u8::from(!is_so)))
}

/// The key of the data set in a file, if this program wrote it; asked as [`is_ours`].
pub fn key_of(file: &Path) -> Option<Key> {
    let mut command = copy();
    command.arg(KEY_OF).arg(file);
    command.stdin(Stdio::null()).stderr(Stdio::null());
    let answer = command.output().ok().filter(|answer| answer.status.success())?;
    String::from_utf8(answer.stdout).ok()?.trim().parse().ok()
}

/// Whether a file is a data set that this program wrote, asked of a copy of this program; one that it
/// does not survive is none.
pub fn is_ours(file: &Path) -> bool {
    // The path stands as it is: the copy starts in the same folder.
    let mut command = copy();
    command.arg(IS_OURS).arg(file);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Does what a command does, in a copy of this program.
///
/// # Errors
/// What became of the copy, unless it has said so itself.
pub fn run(given: &Given, action: impl FnOnce() -> Result<ExitCode>) -> Result<ExitCode> {
    if is_copy() {
        limit(&given.files, given.work);
        return caught(given, action);
    }
    let mut command = copy();
    command.args(std::env::args_os().skip(1));
    if let Some(name) = std::env::args_os().next() {
        command.arg0(name);
    }
    let failed =
        |e| Error::environment(format!("cannot start a copy of this program: {e}")).source(e);
    let signals = SignalsInfo::<WithOrigin>::new([SIGINT, SIGTERM, SIGHUP])
        .map_err(|e| Error::environment(format!("cannot listen to Ctrl-C: {e}")).source(e))?;
    let handle = signals.handle();
    let mut child = command.spawn().map_err(failed)?;
    pass_on(signals, &child);
    let ended = child.wait().map_err(failed)?;
    handle.close();
    if ended.signal().is_some() {
        given.written.iter().for_each(|target| dataset::sweep(target));
    }
    given.outcome(ended)
}

/// This program again.
fn copy() -> Command {
    // By this name it is the same program even if its file has been replaced.
    let own = Path::new("/proc/self/exe");
    let program = if own.exists() { Ok(own.to_owned()) } else { std::env::current_exe() };
    let mut command = Command::new(program.unwrap_or_else(|_| "spinlock".into()));
    command.env(MARK, std::process::id().to_string());
    command
}

/// Hands signals to the copy, but for those that the terminal gave to both of us.
fn pass_on(mut signals: SignalsInfo<WithOrigin>, child: &Child) {
    let Some(child) = Pid::from_raw(child.id().cast_signed()) else { return };
    std::thread::spawn(move || {
        for origin in signals.forever() {
            let signal = match origin.signal {
                SIGINT if origin.cause == Cause::Kernel => continue,
                SIGINT => Signal::INT,
                SIGHUP => Signal::HUP,
                _ => Signal::TERM,
            };
            // Where it has ended already there is nobody to tell.
            let _ = rustix::process::kill_process(child, signal);
        }
    });
}

/// Bounds what this process may use up. What cannot be bounded is no reason not to go on.
fn limit(files: &[PathBuf], work: Work) {
    let lower = |resource: Resource, soft: u64, hard: u64| {
        let most = rustix::process::getrlimit(resource).maximum.unwrap_or(u64::MAX);
        let limit = Rlimit { current: Some(soft.min(most)), maximum: Some(hard.min(most)) };
        let _ = rustix::process::setrlimit(resource, limit);
    };
    let _ = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
    let bytes = files.iter().filter_map(|file| file.metadata().ok()).map(|about| about.len()).sum();
    let seconds = work.seconds(bytes);
    lower(Resource::Cpu, seconds, seconds + 5);
    lower(Resource::Core, 0, 0);
    // Stacks and allocators reserve room for each thread that they hardly use.
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get) as u64;
    let about = rustix::system::sysinfo();
    let memory = (about.totalram as u64).saturating_mul(u64::from(about.mem_unit));
    let room = memory.saturating_add((threads << 28) + (1 << 30));
    lower(Resource::As, room, room);
    // Where memory runs out all the same, this process goes before any other.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
}

/// What a thread said last before it gave up.
static LAST_WORDS: Mutex<Option<String>> = Mutex::new(None);

/// Does it; a panic becomes an error.
fn caught(given: &Given, action: impl FnOnce() -> Result<ExitCode>) -> Result<ExitCode> {
    std::panic::set_hook(Box::new(|panic| {
        if let Ok(mut words) = LAST_WORDS.lock() {
            let text = panic.payload_as_str().unwrap_or("no reason given");
            let place = panic.location().map(|l| format!(" ({}:{})", l.file(), l.line()));
            words.get_or_insert(format!("{text}{}", place.unwrap_or_default()));
        }
    }));
    catch_unwind(AssertUnwindSafe(action)).unwrap_or_else(|_| {
        let words = LAST_WORDS.lock().ok().and_then(|mut words| words.take());
        let words = words.unwrap_or_else(|| "no reason given".to_owned());
        Err(given.damaged(&format!("reading it ended in a panic: {words}")).help(
            "if the file is sound, this is a fault of spinlock: please report it with this message",
        ))
    })
}

impl Given {
    /// These files, as typed.
    pub fn of(typed: &[&Path], written: &[&Path], work: Work, global: &Global) -> Self {
        Self {
            shown: typed.iter().map(|path| format!("`{}`", path.display())).collect(),
            files: typed.iter().map(|path| global.path(path)).collect(),
            written: written.iter().map(|path| global.path(path)).collect(),
            work,
        }
    }

    /// A data set, or that of the experiment of this name.
    pub fn subject(typed: &Path, work: Work, global: &Global) -> Self {
        let mut given = Self::of(&[typed], &[], work, global);
        if !is_data(typed) {
            given.shown = vec![format!("the data set of `{}`", typed.display())];
        }
        given
    }

    /// What it means that the copy ended so.
    fn outcome(&self, ended: ExitStatus) -> Result<ExitCode> {
        if let Some(code) = ended.code() {
            return Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)));
        }
        let Some(signal) = ended.signal().and_then(Signal::from_named_raw) else {
            return Err(self.damaged("reading it ended in an unknown way"));
        };
        let in_library = |name: &str| format!("reading it ended in {name} in the HDF5 library");
        Err(match signal {
            Signal::INT | Signal::TERM | Signal::HUP => return Ok(ExitCode::from(130)),
            Signal::XCPU => self.damaged("reading it takes far longer than a file of its size may"),
            Signal::ABORT => self
                .damaged("reading it ended in SIGABRT: out of memory, or in the HDF5 library")
                .help("a sound file that is larger than the memory of this machine can end so too"),
            Signal::KILL => self
                .damaged("reading it ended in SIGKILL")
                .help("the system kills what takes too much memory; a sound file can end so too"),
            Signal::SEGV => self.damaged(&in_library("SIGSEGV")),
            Signal::BUS => self.damaged(&in_library("SIGBUS")),
            Signal::FPE => self.damaged(&in_library("SIGFPE")),
            Signal::ILL => self.damaged(&in_library("SIGILL")),
            other => self.damaged(&in_library(&format!("signal {}", other.as_raw()))),
        })
    }

    fn damaged(&self, how: &str) -> Error {
        let files = self.shown.join(" or ");
        Error::integrity(format!("{files} is damaged: {how}"))
            .help("make the file again, or get it again from where it came")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given() -> Given {
        let shown = vec!["`x.h5`".to_owned()];
        Given { shown, files: Vec::new(), written: Vec::new(), work: Work::Look }
    }

    #[test]
    fn every_way_to_end_is_one_message_and_an_exit_code_of_ours() {
        let outcome = |raw| given().outcome(ExitStatus::from_raw(raw));
        assert_eq!(outcome(4 << 8).unwrap(), ExitCode::from(4));
        assert_eq!(outcome(2).unwrap(), ExitCode::from(130));
        for signal in [4, 6, 7, 8, 9, 11, 24, 31] {
            let error = outcome(signal).unwrap_err();
            assert_eq!(error.kind.exit_code(), 4, "{signal}");
            assert!(error.message.starts_with("`x.h5` is damaged: reading it "), "{error}");
        }
        let error = outcome(11).unwrap_err().message;
        assert_eq!(error, "`x.h5` is damaged: reading it ended in SIGSEGV in the HDF5 library");
    }

    #[test]
    fn more_time_is_given_to_larger_files_and_to_computing() {
        assert_eq!(Work::Look.seconds(0), 30);
        assert_eq!(Work::Look.seconds(100 << 20), 1030);
        assert!(Work::Compute.seconds(1 << 20) > Work::Page.seconds(1 << 20));
    }

    #[test]
    fn nobody_becomes_a_copy_by_a_variable_alone() {
        assert!(!is_copy());
        assert!(answer().is_none());
    }
}
