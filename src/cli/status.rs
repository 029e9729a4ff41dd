//! `spinlock status`

use std::fmt::Write as _;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::Timestamp;

use super::common::Global;
use super::{print, print_json, print_json_line};
use crate::error::Result;
use crate::exec::process::find_worker;
use crate::live::{Build, Builds, Fate, OutputState, Outputs, Stage, overview};
use crate::units::{bytes, seconds};

/// Show builds running and past, and outputs that are out of date
#[derive(Debug, clap::Args)]
pub struct StatusArgs {
    /// Keep showing the builds that run, until they end
    #[arg(short, long)]
    follow: bool,
    /// How many past builds to show
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(0..=1000))]
    past: u16,
    /// Print everything as JSON; with `--follow` a line whenever something happened
    #[arg(long)]
    json: bool,
}

/// How often to look while following.
const TICK: Duration = Duration::from_millis(200);
/// How often a line is printed where nothing can be redrawn.
const LINE: Duration = Duration::from_secs(30);
/// How often a line of JSON is printed.
const JSON_LINE: Duration = Duration::from_secs(1);

pub fn run(args: &StatusArgs, global: &Global) -> Result<ExitCode> {
    let project = global.project()?;
    let cache = global.cache(&project)?;
    // Those that are followed to their end are past then.
    let past = if args.follow { args.past.max(10) } else { args.past };
    let mut builds = Builds::new(&cache, past.into());
    builds.refresh()?;
    let root = project.root.clone();
    let mut outputs = Outputs::new(project, cache, find_worker().ok());
    if args.follow && builds.running().next().is_some() {
        if args.json {
            return follow_json(&mut builds, &mut outputs, &root);
        }
        return follow(&mut builds);
    }
    let outputs = outputs.look(builds.ended())?;
    if args.json {
        let all = overview(&root, &builds, Some(&outputs), Timestamp::now());
        return Ok(if args.follow { print_json_line(&all) } else { print_json(&all) });
    }
    if args.follow {
        eprintln!("no build is running");
    }
    Ok(print(&text(&builds, &outputs)))
}

/// Everything for people.
fn text(builds: &Builds, outputs: &[OutputState]) -> String {
    let now = Timestamp::now();
    let mut out = String::new();
    for build in builds.running() {
        for line in lines(build, now) {
            let _ = writeln!(out, "{line}");
        }
    }
    if builds.running().next().is_none() {
        out.push_str("no build is running\n");
    }
    let mut past = builds.past().peekable();
    if past.peek().is_some() {
        out.push_str("\npast builds\n");
    }
    for build in past {
        let _ = writeln!(out, "  {}", past_line(build, now));
    }
    if !outputs.is_empty() {
        out.push_str("\noutputs\n");
    }
    for output in outputs {
        let path = output.path.as_deref().unwrap_or("-");
        let _ = writeln!(out, "  {:<12} {path}  ({})", fate(output.state), output.experiment);
        if let Some(why) = why(output) {
            let _ = writeln!(out, "               {why}");
        }
    }
    out
}

fn fate(fate: Fate) -> &'static str {
    match fate {
        Fate::Current => "current",
        Fate::OutOfDate => "out of date",
        Fate::Missing => "missing",
        Fate::Broken => "broken",
    }
}

/// Why an output is not what a build would make, and what making it takes.
fn why(output: &OutputState) -> Option<String> {
    let reason = output.reason.clone()?;
    Some(match output.state {
        Fate::Broken | Fate::Current => reason,
        _ if output.stale == 0 => format!("{reason}: it is copied"),
        _ => format!("{reason}: {} of {} artifacts to make", output.stale, output.artifacts),
    })
}

/// A build that runs, in a few lines.
fn lines(build: &Build, now: Timestamp) -> Vec<String> {
    let state = &build.state;
    let mut out = vec![format!(
        "running  {}  since {} ({})",
        state.experiment,
        local(build, "%H:%M:%S"),
        seconds(build.elapsed(now))
    )];
    out.push(format!("  {}", progress(build, now)));
    out.push(format!("  {}", counts(build)));
    for (worker, work) in &state.workers {
        let doing = work.as_ref().map_or_else(
            || "waits for work".to_owned(),
            |work| {
                let more =
                    if work.more > 0 { format!(" and {} more", work.more) } else { String::new() };
                let since = seconds((build.elapsed(now) - work.since).max(0.0));
                format!("{}{more}  {since}", work.label)
            },
        );
        out.push(format!("  worker {worker}  {doing}"));
    }
    for failure in &state.failures {
        let message = format!("failed  {}: {}", failure.label, failure.error);
        out.extend(message.lines().map(|line| format!("  {line}")));
    }
    out
}

/// `43 %, 312 GFLOP/s, 2 min 40 s left`.
fn progress(build: &Build, now: Timestamp) -> String {
    let mut parts = match build.state.stage {
        Stage::Starting => vec!["starting".to_owned()],
        Stage::Computing | Stage::Over => vec![format!("{:.0} %", 100.0 * build.state.share())],
        Stage::Stopping => vec!["stopping after the jobs at hand".to_owned()],
        Stage::Copying => vec!["copying the data set".to_owned()],
        Stage::Assembling { done, total } => {
            vec![format!("assembling the data set: {} of {}", bytes(done), bytes(total))]
        }
    };
    if build.state.stage == Stage::Computing {
        parts.extend(build.rate(now).map(|rate| format!("{rate:.0} GFLOP/s")));
        parts.extend(build.left(now).map(|left| format!("{} left", seconds(left))));
    }
    parts.join(", ")
}

/// `rollout 12/626 · weights 3/313`.
fn counts(build: &Build) -> String {
    let kinds = build.state.kinds.iter().filter(|kind| kind.to_make > 0);
    let counts: Vec<String> =
        kinds.map(|kind| format!("{} {}/{}", kind.kind, kind.made, kind.to_make)).collect();
    counts.join(" · ")
}

fn past_line(build: &Build, now: Timestamp) -> String {
    let (made, to_make) = build.state.artifacts();
    let made = match build.name() {
        "done" => format!("built {made}"),
        _ => format!("built {made} of {to_make}"),
    };
    let failed = match (&build.state.error, build.state.failed) {
        (Some(error), _) => format!(": {error}"),
        (None, 0) => String::new(),
        (None, failed) => format!(", {failed} failed"),
    };
    let predicted = build.state.took.as_ref().and(build.state.predicted.as_ref());
    let predicted = predicted
        .filter(|predicted| predicted["basis"] != "nothing")
        .and_then(|predicted| predicted["seconds"]["likely"].as_f64())
        .map_or(String::new(), |time| format!(", predicted {}", seconds(time)));
    format!(
        "{:<12} {}  {}  {made} in {}{predicted}{failed}",
        build.name(),
        local(build, "%Y-%m-%d %H:%M:%S"),
        build.state.experiment,
        seconds(build.elapsed(now))
    )
}

/// When a build started, by the clock on the wall.
fn local(build: &Build, format: &str) -> String {
    build.state.at.map_or_else(
        || build.id.clone(),
        |at| at.to_zoned(jiff::tz::TimeZone::system()).strftime(format).to_string(),
    )
}

/// Shows the builds that run until none does.
fn follow(builds: &mut Builds) -> Result<ExitCode> {
    let mut view = View::new();
    let mut running: Vec<String> = builds.running().map(|build| build.id.clone()).collect();
    loop {
        view.show(builds);
        let over: Vec<&Build> = builds.past().filter(|build| running.contains(&build.id)).collect();
        for build in &over {
            view.say(&past_line(build, Timestamp::now()));
        }
        running = builds.running().map(|build| build.id.clone()).collect();
        if running.is_empty() {
            view.end();
            return Ok(ExitCode::SUCCESS);
        }
        std::thread::sleep(TICK);
        builds.refresh()?;
    }
}

/// A live view on standard error: redrawn on a terminal, elsewhere a line now and then.
struct View {
    multi: Option<MultiProgress>,
    bars: Vec<ProgressBar>,
    last: Option<(Instant, f64)>,
}

impl View {
    fn new() -> Self {
        let terminal = std::io::stderr().is_terminal() && std::io::stdout().is_terminal();
        let target = || MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(8));
        Self { multi: terminal.then(target), bars: Vec::new(), last: None }
    }

    fn show(&mut self, builds: &Builds) {
        let now = Timestamp::now();
        let Some(multi) = &self.multi else {
            let done: f64 = builds
                .running()
                .map(|build| build.state.gflop.0 + build.state.artifacts().0 as f64)
                .sum();
            let due = self.last.is_none_or(|(when, then)| when.elapsed() >= LINE && done != then);
            if due {
                self.last = Some((Instant::now(), done));
                for build in builds.running() {
                    let (experiment, so_far) =
                        (&build.state.experiment, seconds(build.elapsed(now)));
                    eprintln!(
                        "{experiment}: {} after {so_far}: {}",
                        progress(build, now),
                        counts(build)
                    );
                }
            }
            return;
        };
        let lines: Vec<String> = builds.running().flat_map(|build| lines(build, now)).collect();
        while self.bars.len() < lines.len() {
            let bar = multi.add(ProgressBar::new(1));
            bar.set_style(ProgressStyle::with_template("{wide_msg}").expect("a fixed template"));
            self.bars.push(bar);
        }
        for bar in self.bars.drain(lines.len()..) {
            bar.finish_and_clear();
            multi.remove(&bar);
        }
        for (bar, line) in self.bars.iter().zip(lines) {
            bar.set_message(line);
        }
    }

    fn say(&self, line: &str) {
        match &self.multi {
            Some(multi) => drop(multi.println(line)),
            None => eprintln!("{line}"),
        }
    }

    fn end(&mut self) {
        self.bars.drain(..).for_each(|bar| bar.finish_and_clear());
    }
}

/// A line of JSON whenever something happened, at most one a second, and one at the end.
fn follow_json(
    builds: &mut Builds,
    outputs: &mut Outputs,
    root: &std::path::Path,
) -> Result<ExitCode> {
    let mut last: Option<(Instant, Vec<(String, f64)>)> = None;
    loop {
        let at: Vec<(String, f64)> =
            builds.running().map(|build| (build.id.clone(), build.state.last)).collect();
        let over = at.is_empty();
        let due = match &last {
            None => true,
            Some((when, then)) => over || (when.elapsed() >= JSON_LINE && *then != at),
        };
        if due {
            let states = outputs.look(builds.ended())?;
            print_json_line(&overview(root, builds, Some(&states), Timestamp::now()));
            last = Some((Instant::now(), at));
        }
        if over {
            return Ok(ExitCode::SUCCESS);
        }
        std::thread::sleep(TICK);
        builds.refresh()?;
    }
}
