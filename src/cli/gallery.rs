//! `spinlock gallery`

use std::fmt::Write as _;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use serde_json::{Value, json};

use super::{Global, print_json, style};
use crate::error::{Error, Result};
use crate::gallery::{Gallery, Look, Settings, Shown, count, draw, page, select, sheet};
use crate::ic::MIN_GRID;
use crate::node::known_names;
use crate::picture::canvas::is_whole_factor;
use crate::picture::{COLORMAPS, Colormap, colormap, file, png};
use crate::units;

/// Draw types of initial conditions: a contact sheet, or a page for browsers
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct GalleryArgs {
    /// Types to draw [default: all]
    #[arg(long, value_name = "TYPE", num_args = 1.., value_delimiter = ',')]
    types: Vec<String>,
    /// Tiers to draw: baseline, tier1, tier2, tier3, tier4, all; together with `--types`, both
    #[arg(long, value_name = "TIER", num_args = 1.., value_delimiter = ',')]
    tiers: Vec<String>,
    /// Samples of each type
    #[arg(long, value_name = "K", default_value_t = 3, value_parser = within(VARIATIONS))]
    variations: u16,
    /// Side of the grid
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = within(GRID))]
    size: u16,
    /// Channels to draw of each type [default: those that have names, else one]
    #[arg(long, value_name = "C", value_parser = within(CHANNELS))]
    channels: Option<u16>,
    /// Colour table for all; `spinlock list colormaps` names them [default: viridis, or coolwarm about
    /// zero where both signs occur]
    #[arg(long, value_name = "NAME")]
    colormap: Option<String>,
    /// Pixels of a cell, each side a whole multiple or part of the grid [default: about 128]
    #[arg(long, value_name = "HxW")]
    cell_size: Option<String>,
    /// Names, captions and colour bars (the default)
    #[arg(long, overrides_with = "no_labels")]
    labels: bool,
    /// Pictures alone
    #[arg(long, overrides_with = "labels")]
    no_labels: bool,
    /// Seed of all samples
    #[arg(long, default_value_t = 42)]
    seed: u64,
    /// File to write, which is replaced if it exists: a contact sheet (.png) or a page (.html)
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Print what was drawn as JSON
    #[arg(long)]
    json: bool,
    /// Say nothing
    #[arg(short, long)]
    quiet: bool,
}

/// Samples of each type.
pub const VARIATIONS: RangeInclusive<i64> = 1..=12;
/// Sides of the grid.
pub const GRID: RangeInclusive<i64> = MIN_GRID as i64..=512;
/// Channels of each type.
pub const CHANNELS: RangeInclusive<i64> = 1..=16;

/// A whole number from a range.
pub fn within(range: RangeInclusive<i64>) -> clap::builder::RangedI64ValueParser<u16> {
    clap::value_parser!(u16).range(range)
}

/// A gallery as it was asked for, in either spelling.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Names of types.
    pub types: Vec<String>,
    /// Names of tiers.
    pub tiers: Vec<String>,
    /// Samples of each type.
    pub variations: u16,
    /// Side of the grid.
    pub grid: u16,
    /// Channels of each type.
    pub channels: Option<u16>,
    /// Name of a colour table.
    pub colormap: Option<String>,
    /// Pixels of a cell, `HxW`.
    pub cell: Option<String>,
    /// Whether there is text.
    pub labels: bool,
    /// Whether there is a gap between the samples of a type.
    pub spacing: bool,
    /// Seed of all samples.
    pub seed: u64,
    /// File to write.
    pub output: PathBuf,
}

/// What to write.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Sheet,
    Page,
}

pub fn run(args: &GalleryArgs, global: &Global, start: Instant) -> Result<ExitCode> {
    let asked = Asked {
        types: args.types.clone(),
        tiers: args.tiers.clone(),
        variations: args.variations,
        grid: args.size,
        channels: args.channels,
        colormap: args.colormap.clone(),
        cell: args.cell_size.clone(),
        labels: args.labels || !args.no_labels,
        spacing: true,
        seed: args.seed,
        output: args.output.clone(),
    };
    let written = write(&asked, global)?;
    if !args.quiet {
        eprintln!("{}", written.line(start));
    }
    Ok(if args.json { print_json(&written.json()) } else { ExitCode::SUCCESS })
}

/// A gallery in its file.
pub struct Written {
    /// What was drawn.
    pub gallery: Gallery,
    output: String,
    /// Width and height of the sheet.
    pixels: Option<(usize, usize)>,
    bytes: usize,
}

/// Draws what is asked for and writes it.
pub fn write(asked: &Asked, global: &Global) -> Result<Written> {
    let form = form(asked)?;
    let settings = settings(asked)?;
    let look = look(asked)?;
    if form == Form::Page && (!asked.labels || asked.cell.is_some()) {
        let note = "a page has labels, and its pictures are as large as there is room";
        eprintln!("{}", style::note(note));
    }
    let notes = note(&settings, &look);
    let gallery = draw(settings)?;
    let (bytes, pixels) = match form {
        Form::Page => (page(&gallery).into_bytes(), None),
        Form::Sheet => {
            let picture = sheet(&gallery, &look);
            let program = concat!("spinlock ", env!("CARGO_PKG_VERSION"));
            let notes = [("Software", program), ("Description", &notes)];
            (png::encode(&picture, &notes), Some((picture.width(), picture.height())))
        }
    };
    file::write(&global.path(&asked.output), &bytes)?;
    let output = asked.output.display().to_string();
    Ok(Written { gallery, output, pixels, bytes: bytes.len() })
}

fn form(asked: &Asked) -> Result<Form> {
    match asked.output.extension().and_then(|e| e.to_str()) {
        Some("png") => Ok(Form::Sheet),
        Some("html") => Ok(Form::Page),
        _ => Err(Error::usage(format!(
            "`{}` is neither a contact sheet nor a page",
            asked.output.display()
        ))
        .help("end its name in .png or in .html")),
    }
}

fn settings(asked: &Asked) -> Result<Settings> {
    let table = |name: &String| -> Result<&'static Colormap> {
        colormap(name).ok_or_else(|| {
            Error::usage(format!("there is no colour table `{name}`"))
                .help(known_names(name, COLORMAPS.iter().map(|map| map.name)))
        })
    };
    Ok(Settings {
        families: select(&asked.types, &asked.tiers)?,
        variations: asked.variations.into(),
        grid: asked.grid.into(),
        seed: asked.seed,
        channels: asked.channels.map(usize::from),
        colormap: asked.colormap.as_ref().map(table).transpose()?,
    })
}

fn look(asked: &Asked) -> Result<Look> {
    let grid = usize::from(asked.grid);
    let usual = Look::of_grid(grid);
    let cell = match &asked.cell {
        None => usual.cell,
        Some(text) => {
            let (h, w) = text.split_once(['x', '×']).unwrap_or((text, text));
            let (Ok(h), Ok(w)) = (h.trim().parse(), w.trim().parse()) else {
                return Err(Error::usage(format!("`{text}` is no size of a cell"))
                    .help("write height and width in pixels, such as 128x128"));
            };
            if !is_whole_factor(grid, h) || !is_whole_factor(grid, w) || h.max(w) > 4096 {
                return Err(Error::usage(format!(
                    "a {grid} × {grid} grid cannot be drawn on cells of {h} × {w} pixels"
                ))
                .help("each side is a whole multiple or part of the grid, at most 4096"));
            }
            (h, w)
        }
    };
    let gap = if asked.spacing { usual.gap } else { 0 };
    Ok(Look { cell, gap, labels: asked.labels })
}

/// What a sheet was drawn with, for the file itself.
fn note(settings: &Settings, look: &Look) -> String {
    let types: Vec<&str> = settings.families.iter().map(|family| family.name).collect();
    format!(
        "seed {}, grid {}, variations {}, channels {}, colormap {}, cell {}x{}, types {}",
        settings.seed,
        settings.grid,
        settings.variations,
        settings.channels.map_or("by name".to_owned(), |c| c.to_string()),
        settings.colormap.map_or("by sign", |map| map.name),
        look.cell.0,
        look.cell.1,
        types.join(" ")
    )
}

impl Written {
    /// What was done, in one line.
    pub fn line(&self, start: Instant) -> String {
        let settings = &self.gallery.settings;
        let form = self.pixels.map_or("a page".to_owned(), |(w, h)| format!("{w} × {h} pixels"));
        format!(
            "drew {} of {} in {}: {}, {form}, {}",
            count(settings.variations, "sample"),
            count(settings.families.len(), "type"),
            units::seconds(start.elapsed().as_secs_f64()),
            self.output,
            units::bytes(self.bytes as u64)
        )
    }

    fn json(&self) -> Value {
        let settings = &self.gallery.settings;
        json!({
            "schema": 1,
            "output": self.output,
            "bytes": self.bytes,
            "width": self.pixels.map(|p| p.0),
            "height": self.pixels.map(|p| p.1),
            "seed": settings.seed,
            "grid": settings.grid,
            "variations": settings.variations,
            "types": self.gallery.shown.iter().map(of_type).collect::<Vec<_>>(),
        })
    }
}

fn of_type(shown: &Shown) -> Value {
    let channels: Vec<Value> = shown
        .channels
        .iter()
        .map(|channel| {
            let (scale, statistics) = (&channel.scale, &channel.statistics);
            json!({
                "name": (!channel.name.is_empty()).then_some(&channel.name),
                "colormap": scale.map.name,
                "bounds": [scale.bounds.low, scale.bounds.high],
                "mean": statistics.mean,
                "sd": statistics.sd,
                "correlation_length": statistics.correlation_length,
                "not_finite": statistics.not_finite,
            })
        })
        .collect();
    json!({"name": shown.family.name, "tier": shown.family.tier.name(), "channels": channels})
}

/// A line for each type: its channels with their statistics.
pub fn lines(gallery: &Gallery) -> String {
    let mut out = String::new();
    for shown in &gallery.shown {
        for channel in &shown.channels {
            let caption = channel.statistics.captions().swap_remove(0);
            let gap = if channel.name.is_empty() { "" } else { ": " };
            let _ = writeln!(out, "{:<24} {}{gap}{caption}", shown.family.name, channel.name);
        }
    }
    out
}
