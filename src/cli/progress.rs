//! Progress for people: bars on a terminal, a plain line every half minute elsewhere.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::style;
use crate::error::Error;
use crate::exec::progress::{Expected, Progress, time_left};
use crate::units::seconds;

/// How often a plain line is printed.
const LINE: Duration = Duration::from_secs(30);
/// Steps of the overall bar.
const STEPS: u64 = 10_000;

/// Watches a build on standard error.
pub struct Terminal {
    /// None off a terminal.
    bars: Option<Bars>,
    kinds: BTreeMap<usize, Kind>,
    names: Vec<&'static str>,
    /// Rough GFLOP: done, and in all.
    cost: (f64, f64),
    expected: Option<Expected>,
    begun: Instant,
    last_line: Instant,
    current: BTreeMap<usize, String>,
}

struct Kind {
    name: &'static str,
    done: u64,
    total: u64,
}

struct Bars {
    multi: MultiProgress,
    overall: ProgressBar,
    kinds: ProgressBar,
    current: ProgressBar,
}

impl Bars {
    fn new() -> Self {
        let multi = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(8));
        let plain =
            |template: &str| ProgressStyle::with_template(template).expect("a fixed template");
        let overall = multi.add(ProgressBar::new(STEPS));
        overall.set_style(
            plain("{bar:32.green} {percent:>3} %  {elapsed} {msg}").progress_chars("━━╌"),
        );
        let kinds = multi.add(ProgressBar::new(1));
        kinds.set_style(plain("{wide_msg}"));
        let current = multi.add(ProgressBar::new(1));
        current.set_style(plain("{wide_msg:.dim}"));
        Self { multi, overall, kinds, current }
    }
}

impl Default for Terminal {
    fn default() -> Self {
        Self::new()
    }
}

impl Terminal {
    /// A watcher for this process's standard error.
    pub fn new() -> Self {
        let now = Instant::now();
        Self {
            bars: std::io::stderr().is_terminal().then(Bars::new),
            kinds: BTreeMap::new(),
            names: Vec::new(),
            cost: (0.0, 0.0),
            expected: None,
            begun: now,
            last_line: now,
            current: BTreeMap::new(),
        }
    }

    /// Prints a line, or several, above the bars.
    pub fn print(&self, line: &str) {
        match &self.bars {
            Some(bars) => {
                let _ = bars.multi.println(line);
            }
            None => eprintln!("{line}"),
        }
    }

    /// `rollout 12/626 · weights 3/313`.
    fn counts(&self) -> String {
        self.kinds
            .values()
            .filter(|k| k.total > 0)
            .map(|k| format!("{} {}/{}", k.name, k.done, k.total))
            .collect::<Vec<_>>()
            .join(" · ")
    }

    fn share(&self) -> f64 {
        if self.cost.1 > 0.0 { (self.cost.0 / self.cost.1).min(1.0) } else { 0.0 }
    }

    /// Time left, once it means something.
    fn left(&self) -> Option<f64> {
        time_left(self.begun.elapsed().as_secs_f64(), self.share(), self.expected)
    }

    fn rate(&self) -> String {
        let elapsed = self.begun.elapsed().as_secs_f64();
        format!("{:.0} GFLOP/s", self.cost.0 / elapsed.max(1e-9))
    }

    fn refresh(&self) {
        let Some(bars) = &self.bars else { return };
        bars.overall.set_position((self.share() * STEPS as f64) as u64);
        let left = self.left().map(|s| format!("{} left", seconds(s))).unwrap_or_default();
        bars.overall.set_message(format!("{}  {left}", self.rate()));
        bars.kinds.set_message(self.counts());
        let current: Vec<&str> = self.current.values().map(String::as_str).collect();
        bars.current.set_message(current.join("   "));
    }
}

impl Progress for Terminal {
    fn begin(&mut self, to_make: &[(&'static str, u64)], gflop: f64) {
        let now = Instant::now();
        (self.begun, self.last_line) = (now, now);
        // Those of the build before are gone.
        self.bars = self.bars.take().map(|_| Bars::new());
        self.names = to_make.iter().map(|(name, _)| *name).collect();
        self.kinds = to_make
            .iter()
            .enumerate()
            .map(|(i, (name, total))| (i, Kind { name, done: 0, total: *total }))
            .collect();
        self.cost = (0.0, gflop);
    }

    fn expect(&mut self, expected: Option<Expected>) {
        self.expected = expected;
    }

    fn started(&mut self, worker: usize, label: &str) {
        self.current.insert(worker, label.to_owned());
    }

    fn advanced(&mut self, gflop: f64) {
        self.cost.0 += gflop;
    }

    fn built(&mut self, kind: &'static str, _label: &str) {
        if let Some(at) = self.names.iter().position(|name| *name == kind)
            && let Some(kind) = self.kinds.get_mut(&at)
        {
            kind.done += 1;
        }
    }

    fn failed(&mut self, label: &str, error: &Error) {
        self.print(&format!("{} {label}: {}", style::strong("failed"), error.message));
    }

    fn warn(&mut self, message: &str) {
        self.print(&style::warning(message));
    }

    fn say(&mut self, message: &str) {
        self.print(message);
    }

    fn assembling(&mut self, done: u64, total: u64) {
        match &self.bars {
            Some(bars) => {
                if bars.kinds.is_finished() {
                    bars.multi.clear().ok();
                }
                let share = if total > 0 { done as f64 / total as f64 } else { 1.0 };
                bars.overall.set_position((share * STEPS as f64) as u64);
                bars.overall.set_message("assembling the data set");
                if done >= total {
                    bars.overall.finish_and_clear();
                }
            }
            None if self.last_line.elapsed() >= LINE => {
                self.last_line = Instant::now();
                let share = 100.0 * done as f64 / total.max(1) as f64;
                eprintln!("assembling the data set: {share:.0} %");
            }
            None => {}
        }
    }

    fn tick(&mut self) {
        if self.bars.is_some() {
            self.refresh();
        } else if self.last_line.elapsed() >= LINE {
            self.last_line = Instant::now();
            let left = self.left().map(|s| format!(", {} left", seconds(s))).unwrap_or_default();
            eprintln!(
                "{:.0} % after {}: {}, {}{left}",
                100.0 * self.share(),
                seconds(self.begun.elapsed().as_secs_f64()),
                self.counts(),
                self.rate()
            );
        }
    }

    fn end(&mut self) {
        if let Some(bars) = &self.bars {
            bars.kinds.finish_and_clear();
            bars.current.finish_and_clear();
            bars.overall.finish_and_clear();
        }
        self.current.clear();
    }
}
