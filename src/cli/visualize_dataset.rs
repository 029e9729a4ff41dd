//! `spinlock visualize-dataset`: the command of the Python reference, as another name of `render`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use super::render::Asked;
use super::{Global, style};
use crate::error::{Error, Result};
use crate::film::Source;
use crate::render::spec::Shape;
use crate::units;

/// Draw rollouts of a data set, with the options of the Python reference's `visualize-dataset`
#[derive(Debug, clap::Args)]
pub struct VisualizeDatasetArgs {
    /// Data set; its stored states are drawn, nothing is simulated
    #[arg(long, value_name = "PATH")]
    pub(super) dataset: PathBuf,
    /// Video (.mp4), or folder for frames
    #[arg(long, value_name = "PATH", default_value = "visualizations/evolution.mp4")]
    output: PathBuf,
    /// What to write
    #[arg(long, value_name = "WHAT", default_value = "video", value_parser = ["video", "frames", "both"])]
    format: String,
    /// Frames in a second
    #[arg(long, value_name = "N", default_value_t = 30)]
    fps: u32,
    /// Operators to draw
    #[arg(long, value_name = "N", default_value_t = 10)]
    n_operators: u32,
    /// Has no meaning here: the realizations of the data set are drawn
    #[arg(long, value_name = "M")]
    n_realizations: Option<u32>,
    /// Realizations to draw of each operator
    #[arg(long, value_name = "K", default_value_t = 2)]
    display_realizations: u32,
    /// States to draw, the first one included [default: all]
    #[arg(long, value_name = "T")]
    steps: Option<u32>,
    /// Side of a cell in pixels, `SxS`, rounded to whole pixels for a datum [default: readable]
    #[arg(long, value_name = "HxW")]
    size: Option<String>,
    /// Draw every so manieth state
    #[arg(long, value_name = "N", default_value_t = 1)]
    stride: u32,
    /// Colour table of the aggregates [default: each has its own]
    #[arg(long, value_name = "NAME")]
    colormap: Option<String>,
    /// Which cells share bounds; here for the whole clip
    #[arg(long, value_name = "MODE", default_value = "per-cell", value_parser = ["global", "per-operator", "per-cell"])]
    color_norm_mode: String,
    /// Aggregates to draw
    #[arg(long, value_name = "NAME", num_args = 1.., default_values = ["mean", "envelope", "entropy"])]
    aggregates: Vec<String>,
    /// A gap between cells
    #[arg(long)]
    add_spacing: bool,
    /// How to choose operators: sobol (here: far apart in parameter space), random, sequential
    #[arg(long, value_name = "HOW", default_value = "sobol", value_parser = ["sobol", "random", "sequential"])]
    sampling_method: String,
    /// Operators to draw, in place of a choice
    #[arg(long, value_name = "I", num_args = 1..)]
    operator_indices: Vec<u64>,
    /// Seed of the random choice
    #[arg(long, default_value_t = 42)]
    seed: u64,
    /// Has no meaning here: states are drawn as they were stored
    #[arg(long)]
    normalization: Option<String>,
    /// Has no meaning here: states are drawn as they were stored
    #[arg(long, allow_negative_numbers = true)]
    clamp_min: Option<f64>,
    /// Has no meaning here: states are drawn as they were stored
    #[arg(long, allow_negative_numbers = true)]
    clamp_max: Option<f64>,
    /// Has no meaning here: pictures are drawn on processors
    #[arg(long)]
    device: Option<String>,
    /// Look at the data set, and draw nothing
    #[arg(long)]
    dry_run: bool,
    /// Say what was drawn
    #[arg(long)]
    verbose: bool,
}

pub fn run(args: &VisualizeDatasetArgs, global: &Global, start: Instant) -> Result<ExitCode> {
    let note = |text: &str| eprintln!("{}", style::note(text));
    let stored = [
        ("--n-realizations", args.n_realizations.is_some()),
        ("--normalization", args.normalization.is_some()),
        ("--clamp-min", args.clamp_min.is_some()),
        ("--clamp-max", args.clamp_max.is_some()),
    ];
    for (option, _) in stored.iter().filter(|(_, given)| *given) {
        note(&format!("`{option}` has no meaning here: states are drawn as they were stored"));
    }
    if args.device.is_some() {
        note("`--device` has no meaning here: pictures are drawn on processors");
    }
    let file = global.path(&args.dataset);
    let shape = Source::open(&file)?.shape();
    let options = args.options(&shape)?;
    let video = (args.format != "frames").then(|| args.video());
    let frames = (args.format != "video").then(|| args.frames());
    if args.dry_run {
        eprintln!("would draw {}", args.dataset.display());
        return Ok(ExitCode::SUCCESS);
    }
    let outputs = video.into_iter().chain(frames).collect();
    let asked = Asked { file, options, outputs, talk: args.verbose };
    for (path, bytes) in asked.run(global)? {
        let (bytes, path) = (units::bytes(bytes), path.display());
        eprintln!("{path}  {bytes}  {}", units::seconds(start.elapsed().as_secs_f64()));
    }
    Ok(ExitCode::SUCCESS)
}

impl VisualizeDatasetArgs {
    /// The video: the output itself, or in it.
    fn video(&self) -> PathBuf {
        let is_file = self.output.extension().is_some();
        if is_file { self.output.clone() } else { self.output.join("evolution.mp4") }
    }

    /// The folder of frames: the output itself, or beside it.
    fn frames(&self) -> PathBuf {
        match self.output.extension() {
            None if self.format == "both" => self.output.join("frames"),
            None => self.output.clone(),
            Some(_) => self.output.with_file_name("frames"),
        }
    }

    /// The options as settings of a render.
    fn options(&self, shape: &Shape) -> Result<Vec<(&'static str, String)>> {
        let (states, side) = (shape.states, shape.height);
        let mut options: Vec<(&'static str, String)> = Vec::new();
        let mut option = |name, key: &str, value: String| {
            options.push((name, format!("renders.render.{key}={value}")));
        };
        let (count, seed) = (self.n_operators, self.seed);
        let operators = match (&self.operator_indices[..], self.sampling_method.as_str()) {
            ([], "random") => format!("{{random: {count}, seed: {seed}}}"),
            ([], "sequential") => format!("{{first: {count}}}"),
            ([], _) => format!("{{diverse: {count}}}"),
            (indices, _) => format!("{indices:?}"),
        };
        option("--operator-indices", "operators", operators);
        let map = self.colormap.as_ref().map(|map| format!("{{map: {map}}}"));
        let aggregate = |name: &String| match &map {
            // Those are states or colours, which no table applies to.
            Some(map) if !["mean", "overlay", "pca"].contains(&name.as_str()) => {
                format!("{{{name}: {map}}}")
            }
            _ => name.clone(),
        };
        let shown = (0..shape.realizations.min(self.display_realizations as usize))
            .map(|k| format!("'realization:{k}'"));
        let columns: Vec<String> = shown.chain(self.aggregates.iter().map(aggregate)).collect();
        option("--aggregates", "columns", format!("[{}]", columns.join(", ")));
        let last = self.steps.map_or(states, |steps| states.min(steps as usize)).saturating_sub(1);
        option("--stride", "steps", format!("{{to: {last}, stride: {}}}", self.stride));
        option("--color-norm-mode", "color.scope", self.color_norm_mode.clone());
        option("--fps", "fps", self.fps.to_string());
        option("--add-spacing", "cell.gap", if self.add_spacing { "4" } else { "0" }.to_owned());
        if let Some(size) = &self.size {
            let pixels = size.split_once(['x', 'X']).filter(|(h, w)| h == w);
            let Some(pixels) = pixels.and_then(|(h, _)| h.parse::<usize>().ok()).filter(|n| *n > 0)
            else {
                return Err(Error::usage(format!("`{size}` is no size of square cells"))
                    .at("--size")
                    .help("as `128x128`"));
            };
            let scale = match pixels / side {
                0 => format!("'1/{}'", side.div_ceil(pixels).next_power_of_two()),
                by => by.to_string(),
            };
            option("--size", "cell.scale", scale);
        }
        Ok(options)
    }
}
