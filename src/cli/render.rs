//! `spinlock render`

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use serde_json::{Value, json};

use super::common::{Loaded, Overrides, interrupts, load, quoted};
use super::meter::Meter;
use super::{Global, print_json, style};
use crate::assemble::renders_folder;
use crate::build::{self, Elsewhere};
use crate::config;
use crate::error::{Error, Result};
use crate::exec::Staff;
use crate::exec::process::find_worker;
use crate::film::{Request, Source};
use crate::project::encoder;
use crate::render::spec::Export;
use crate::units;

/// Draw rollouts of a data set, or make the renders of an experiment
#[derive(Debug, clap::Args)]
pub struct RenderArgs {
    /// Data set (.h5), or experiment
    #[arg(value_name = "FILE|EXPERIMENT")]
    pub(super) target: PathBuf,
    /// Operators: a number (so many diverse ones), a list, or as `{random: 8, seed: 1, policy: convex}`
    #[arg(long, value_name = "WHICH")]
    operators: Option<String>,
    /// Columns: realization:K, and aggregates of `spinlock list renders`
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    columns: Vec<String>,
    /// Steps to draw: FROM:TO or FROM:TO:STRIDE, TO included, either end may be left out
    #[arg(long, value_name = "RANGE")]
    steps: Option<String>,
    /// One picture with so many times as columns, in place of a frame for each step
    #[arg(long, value_name = "N")]
    strip: Option<u32>,
    /// Frames in a second
    #[arg(long, value_name = "N")]
    fps: Option<u32>,
    /// Any other setting of a render: `--set color.scope=experiment`; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// File to write, replaced if it exists: .png, .mp4, .gif, .apng, or a folder for a PNG of each frame
    /// [default: beside the data set, in its folder `.renders`]
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
    /// Print what was written as JSON
    #[arg(long)]
    json: bool,
    /// Say nothing
    #[arg(short, long)]
    quiet: bool,
}

/// The name of a render that was asked for on the command line.
const NAME: &str = "render";

pub fn run(args: &RenderArgs, global: &Global, start: Instant) -> Result<ExitCode> {
    let target = global.path(&args.target);
    let is_data_set = target.extension().is_some_and(|end| end == "h5" || end == "hdf5");
    let options = args.options()?;
    if is_data_set {
        let outputs = args.output.iter().cloned().collect();
        let asked = Asked { file: target, options, outputs, talk: !args.quiet };
        let written = asked.run(global)?;
        if !args.quiet {
            eprintln!("{}", line(&written, start));
        }
        return Ok(if args.json {
            print_json(&document(&written, start))
        } else {
            ExitCode::SUCCESS
        });
    }
    if options.is_empty() && args.output.is_some() {
        return Err(Error::usage("an output needs to know of what")
            .at("--output")
            .help("say what to draw, with --operators, --columns or --steps; or leave -o out"));
    }
    experiment(args, options, global, start)
}

impl RenderArgs {
    /// The options as settings of a render.
    fn options(&self) -> Result<Vec<(&'static str, String)>> {
        let mut options = Vec::new();
        let mut option = |name, key: &str, value: Option<String>| {
            if let Some(value) = value {
                options.push((name, format!("renders.{NAME}.{key}={value}")));
            }
        };
        // A list without brackets is one all the same.
        let which = |text: &String| {
            if text.contains(',') && !text.contains(['[', '{']) {
                format!("[{text}]")
            } else {
                text.clone()
            }
        };
        option("--operators", "operators", self.operators.as_ref().map(which));
        let columns: Vec<String> = self.columns.iter().map(|name| quoted(name)).collect();
        option(
            "--columns",
            "columns",
            (!columns.is_empty()).then(|| format!("[{}]", columns.join(", "))),
        );
        option("--steps", "steps", self.steps.as_deref().map(steps).transpose()?);
        option("--strip", "kind", self.strip.map(|_| "strip".to_owned()));
        option("--strip", "times", self.strip.map(|n| n.to_string()));
        option("--fps", "fps", self.fps.map(|n| n.to_string()));
        for set in &self.set {
            let Some((key, value)) = set.split_once('=') else {
                return Err(Error::usage(format!("`{set}` is not of the form `key=value`"))
                    .at("--set")
                    .help("for example `--set color.scope=experiment`"));
            };
            option("--set", key.trim(), Some(value.to_owned()));
        }
        Ok(options)
    }
}

/// `FROM:TO:STRIDE` as a mapping.
fn steps(text: &str) -> Result<String> {
    let parts: Vec<&str> = text.split(':').collect();
    let names = ["from", "to", "stride"];
    if parts.len() > names.len() || parts.len() < 2 {
        return Err(Error::usage(format!("`{text}` is no range of steps"))
            .at("--steps")
            .help("as `0:499`, `100:`, or `0:499:5`"));
    }
    let given = names.iter().zip(&parts).filter(|(_, part)| !part.is_empty());
    let given: Vec<String> = given.map(|(name, part)| format!("{name}: {part}")).collect();
    Ok(format!("{{{}}}", given.join(", ")))
}

/// Pictures of a data set as they were asked for, in either spelling.
pub struct Asked {
    /// The data set.
    pub file: PathBuf,
    /// Settings: the option, and `renders.render.key=value`.
    pub options: Vec<(&'static str, String)>,
    /// The files to write; none for those beside the data set.
    pub outputs: Vec<PathBuf>,
    /// Whether progress is shown.
    pub talk: bool,
}

/// A file that was written, and its length.
pub type Written = (PathBuf, u64);

impl Asked {
    /// Writes them.
    pub fn run(&self, global: &Global) -> Result<Vec<Written>> {
        let source = Source::open(&self.file)?;
        let mut options = self.options.clone();
        let named: Vec<(Export, PathBuf)> =
            self.outputs.iter().map(|path| (export_of(path), global.path(path))).collect();
        if !named.is_empty() {
            let names: Vec<&str> = named.iter().map(|(export, _)| export.name()).collect();
            options.push(("--output", format!("renders.{NAME}.export=[{}]", names.join(", "))));
        }
        let mut render = config::render(NAME, &options, &source.shape())?;
        let exports = &mut render.spec.exports;
        let mut found = None;
        if exports.contains(&Export::Mp4) {
            let project = global.project()?;
            found = encoder(&*global.cache(&project)?, false)?;
            if found.is_none() {
                let film = named.iter().find(|(export, _)| *export == Export::Mp4);
                no_video(film.map(|(_, path)| path.as_path()))?;
                exports.iter_mut().filter(|e| **e == Export::Mp4).for_each(|e| *e = Export::Gif);
                exports.sort_unstable();
                exports.dedup();
            }
        }
        let outputs = if named.is_empty() {
            let folder = renders_folder(&self.file);
            exports.iter().map(|export| (*export, folder.join(file_name(*export)))).collect()
        } else {
            named
        };
        let meter = Meter::new("frames", self.talk);
        let name = self.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let request = Request {
            render: &render,
            footer: &name,
            encoder: found.as_deref(),
            outputs: &outputs,
            interrupt: &*interrupts()?,
            progress: &|done, all| meter.advance(done, all),
        };
        let sizes = source.write(&request);
        meter.finish();
        Ok(outputs.into_iter().map(|(_, path)| path).zip(sizes?).collect())
    }
}

/// The form that the name of a file asks for.
fn export_of(path: &Path) -> Export {
    match path.extension().and_then(|end| end.to_str()) {
        Some("png") => Export::Png,
        Some("mp4") => Export::Mp4,
        Some("gif") => Export::Gif,
        Some("apng") => Export::Apng,
        _ => Export::Frames,
    }
}

fn file_name(export: Export) -> String {
    match export {
        Export::Frames => format!("{NAME}.frames"),
        Export::ContactSheet => format!("{NAME}.contact-sheet.png"),
        other => format!("{NAME}.{}", other.name()),
    }
}

/// Says that there is no encoder; an error if the person named a video.
fn no_video(output: Option<&Path>) -> Result<()> {
    const WHAT: &str = "no `ffmpeg` here encodes H.264";
    if let Some(path) = output {
        return Err(Error::environment(format!("{WHAT}, which `{}` needs", path.display()))
            .help("install ffmpeg, or name a .gif, an .apng, or a folder for PNG frames"));
    }
    eprintln!("{}", style::warning(&format!("{WHAT}: GIF instead of MP4")));
    Ok(())
}

/// Makes renders of an experiment: its own, or one that the options describe.
fn experiment(
    args: &RenderArgs,
    options: Vec<(&'static str, String)>,
    global: &Global,
    start: Instant,
) -> Result<ExitCode> {
    let mut overrides = Overrides::default();
    if !options.is_empty() {
        overrides.set.push("renders={}".to_owned());
        overrides.set.extend(options.into_iter().map(|(_, set)| set));
        if let Some(output) = &args.output {
            overrides.set.push(format!("renders.{NAME}.export={}", export_of(output).name()));
        }
    }
    let loaded = load(&args.target, &overrides, global)?;
    let Loaded { project, experiment, profile, cache } = &loaded;
    if experiment.renders.is_empty() {
        return Err(Error::usage(format!("`{}` has no renders", args.target.display())).help(
            "give it a section `renders` (docs/renders.md), or say what to draw: --operators 8",
        ));
    }
    if let Some(output) = &args.output
        && export_of(output) == Export::Mp4
        && profile.encoder.is_none()
    {
        no_video(Some(output))?;
    }
    let is_asked = !overrides.set.is_empty();
    let elsewhere = is_asked.then(|| match &args.output {
        Some(path) => Elsewhere::Path(global.path(path)),
        None => Elsewhere::Folder(renders_folder(&experiment.dataset.path)),
    });
    let request = build::Request {
        staff: Staff {
            worker: find_worker().map_err(|error| error.message),
            jobs: None,
            threads: 1,
            stall: super::build::stall(super::build::STALL),
        },
        keep_going: false,
        only: vec!["render".to_owned()],
        force: false,
        check: None,
        lock: build::Lock::Write,
        elsewhere,
        is_ours: super::inside::is_ours,
        interrupt: interrupts()?,
        drain: std::sync::Arc::default(),
    };
    let mut progress = super::progress::Terminal::new();
    let report = build::build(project, experiment, profile, cache, &request, start, &mut progress)?;
    for note in &report.notes[experiment.notes.len()..] {
        eprintln!("{}", style::note(note));
    }
    let written: Vec<Written> = report
        .outputs
        .iter()
        .filter(|output| output.kind == "render")
        .map(|output| (project.root.join(&output.path), output.bytes))
        .collect();
    if !args.quiet && report.failed.is_empty() && !report.interrupted {
        eprintln!("{}", line(&written, start));
    }
    if args.json {
        print_json(&document(&written, start));
    }
    Ok(super::build::code(&report))
}

/// What was written, in one line.
fn line(written: &[Written], start: Instant) -> String {
    let files: Vec<String> = written
        .iter()
        .map(|(path, bytes)| format!("{}, {}", path.display(), units::bytes(*bytes)))
        .collect();
    format!("drew {} in {}", files.join("; "), units::seconds(start.elapsed().as_secs_f64()))
}

fn document(written: &[Written], start: Instant) -> Value {
    let outputs: Vec<Value> =
        written.iter().map(|(path, bytes)| json!({"path": path, "bytes": bytes})).collect();
    json!({"schema": 1, "outputs": outputs, "wall_s": start.elapsed().as_secs_f64()})
}
