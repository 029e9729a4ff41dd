//! Progress of a command that is no build.

use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How far it is: a bar on a terminal, a line every half minute elsewhere.
pub struct Meter {
    what: &'static str,
    bar: Option<ProgressBar>,
    talk: bool,
    last_line: Mutex<Instant>,
}

impl Meter {
    /// Counts `what`, in the plural; says nothing unless it is to `talk`.
    pub fn new(what: &'static str, talk: bool) -> Self {
        let template = format!("{{bar:32.green}} {{pos}} of {{len}} {what}  {{elapsed}}");
        let style = ProgressStyle::with_template(&template).expect("a sound template");
        let on_terminal = talk && std::io::stderr().is_terminal();
        let bar = on_terminal.then(|| ProgressBar::new(1).with_style(style.progress_chars("━━╌")));
        Self { what, bar, talk, last_line: Mutex::new(Instant::now()) }
    }

    /// So many of so many are done.
    pub fn advance(&self, done: usize, all: usize) {
        if let Some(bar) = &self.bar {
            bar.set_length(all as u64);
            bar.set_position(done as u64);
        } else if self.talk {
            let mut last = self.last_line.lock().unwrap_or_else(PoisonError::into_inner);
            if last.elapsed() >= Duration::from_secs(30) {
                *last = Instant::now();
                eprintln!("{done} of {all} {}", self.what);
            }
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
