//! `spinlock extract-features`: the command of the Python reference, as another name of `features`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use super::features::Asked;
use super::{Global, style};
use crate::error::Result;

/// Compute features of a data set, with the options of the Python reference's `extract-features`
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct ExtractFeaturesArgs {
    /// Data set
    #[arg(long, value_name = "PATH")]
    pub(super) dataset: PathBuf,
    /// File with a section `features`
    #[arg(long, value_name = "PATH")]
    config: Option<PathBuf>,
    /// File of their own to write features to [default: into the data set]
    #[arg(long, value_name = "PATH")]
    pub(super) output: Option<PathBuf>,
    /// Has no effect, as in the reference: all categories are on
    #[arg(long)]
    enable_spatial: bool,
    /// Has no effect, as in the reference: all categories are on
    #[arg(long)]
    enable_spectral: bool,
    /// Has no effect, as in the reference: all categories are on
    #[arg(long)]
    enable_temporal: bool,
    /// Bands of wave numbers: `features.spectral.num_fft_scales`; 0 for the default
    #[arg(long, value_name = "N")]
    num_fft_scales: Option<u64>,
    /// Has no meaning here: batches follow from the file, and results do not depend on them
    #[arg(long, value_name = "N")]
    batch_size: Option<u64>,
    /// Look at the first N operators only; 0 for all
    #[arg(long, value_name = "N")]
    max_samples: Option<u64>,
    /// Has no meaning here: features are computed on processors
    #[arg(long)]
    device: Option<String>,
    /// Replace features that are there
    #[arg(long)]
    overwrite: bool,
    /// Say what would be computed, and compute nothing
    #[arg(long)]
    dry_run: bool,
    /// Say what was done
    #[arg(long)]
    verbose: bool,
}

pub fn run(args: &ExtractFeaturesArgs, global: &Global, start: Instant) -> Result<ExitCode> {
    let note = |text: &str| eprintln!("{}", style::note(text));
    if args.enable_spatial || args.enable_spectral || args.enable_temporal {
        note("`--enable-…` has no effect: all categories are on; `features --categories` chooses");
    }
    if args.batch_size.is_some() {
        note("`--batch-size` has no meaning here: results and memory do not depend on batches");
    }
    if args.device.is_some() {
        note("`--device` has no meaning here: features are computed on processors");
    }
    let scales = args.num_fft_scales.filter(|scales| *scales > 0);
    let scales =
        scales.map(|n| ("--num-fft-scales", format!("features.spectral.num_fft_scales={n}")));
    let asked = Asked {
        file: args.dataset.clone(),
        config: args.config.clone(),
        options: scales.into_iter().collect(),
        output: args.output.clone(),
        overwrite: args.overwrite,
        most: args.max_samples.filter(|most| *most > 0),
        dry_run: args.dry_run,
        talk: true,
    };
    let done = asked.run(global)?;
    if args.verbose || args.dry_run {
        eprintln!("{}", done.line(start));
    }
    Ok(ExitCode::SUCCESS)
}
