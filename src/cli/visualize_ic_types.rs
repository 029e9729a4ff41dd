//! `spinlock visualize-ic-types`: the command of the Python reference, as another name of `gallery`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use super::gallery::{Asked, CHANNELS, GRID, VARIATIONS, lines, within, write};
use super::{Global, style};
use crate::error::Result;

/// Draw types of initial conditions, with the options of the Python reference's `visualize-ic-types`
#[derive(Debug, clap::Args)]
pub struct VisualizeIcTypesArgs {
    /// File to write: `gallery --output`
    #[arg(long, value_name = "PATH")]
    output: PathBuf,
    /// Tiers to draw: baseline, tier1, tier2, tier3, tier4, all
    #[arg(long, value_name = "TIER", num_args = 1..)]
    tiers: Vec<String>,
    /// Types to draw, in place of `--tiers`
    #[arg(long, value_name = "TYPE", num_args = 1..)]
    ic_types: Vec<String>,
    /// Samples of each type
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = within(VARIATIONS))]
    variations: u16,
    /// Side of the grid: `gallery --size`
    #[arg(long, value_name = "SIZE", default_value_t = 128, value_parser = within(GRID))]
    grid_size: u16,
    /// Channels to draw of each type [default: those that have names, else one]: `gallery --channels`
    #[arg(long, value_name = "C", value_parser = within(CHANNELS))]
    num_channels: Option<u16>,
    /// Seed of all samples
    #[arg(long, default_value_t = 42)]
    seed: u64,
    /// Pixels of a cell
    #[arg(long, value_name = "HxW")]
    cell_size: Option<String>,
    /// Colour table for all
    #[arg(long, value_name = "NAME")]
    colormap: Option<String>,
    /// Names, captions and colour bars
    #[arg(long)]
    add_labels: bool,
    /// A gap between the samples of a type
    #[arg(long)]
    add_spacing: bool,
    /// Has no meaning here: initial conditions are drawn on processors, the same everywhere
    #[arg(long)]
    device: Option<String>,
    /// Say what was drawn
    #[arg(long)]
    verbose: bool,
}

pub fn run(args: &VisualizeIcTypesArgs, global: &Global, start: Instant) -> Result<ExitCode> {
    let note = |text: &str| eprintln!("{}", style::note(text));
    if args.device.is_some() {
        note("`--device` has no meaning here: initial conditions are drawn on processors");
    }
    let by_type = !args.ic_types.is_empty();
    if by_type && !args.tiers.is_empty() {
        note("`--tiers` has no effect beside `--ic-types`");
    }
    let asked = Asked {
        types: args.ic_types.clone(),
        tiers: if by_type { Vec::new() } else { args.tiers.clone() },
        variations: args.variations,
        grid: args.grid_size,
        channels: args.num_channels,
        colormap: args.colormap.clone(),
        cell: args.cell_size.clone(),
        labels: args.add_labels,
        spacing: args.add_spacing,
        seed: args.seed,
        output: args.output.clone(),
    };
    let written = write(&asked, global)?;
    if args.verbose {
        eprint!("{}", lines(&written.gallery));
    }
    eprintln!("{}", written.line(start));
    Ok(ExitCode::SUCCESS)
}
