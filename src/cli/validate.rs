//! `spinlock validate`

use std::path::PathBuf;
use std::process::ExitCode;

use super::{Global, harmless, print, print_json, style};
use crate::dataset;
use crate::error::Result;

/// Check a data set: form, digest of every value, ranges, marks of bad states, sampling quality
#[derive(Debug, clap::Args)]
pub struct ValidateArgs {
    /// Data set
    pub(super) file: PathBuf,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: &ValidateArgs, global: &Global) -> Result<ExitCode> {
    let report = dataset::validate(&global.path(&args.file), &|_| ())?;
    if args.json {
        print_json(&report);
    } else {
        print(&harmless(&dataset::render_report(&report)));
    }
    match report.error() {
        None => Ok(ExitCode::SUCCESS),
        Some(error) => {
            eprintln!("{}", style::error(&error));
            Ok(ExitCode::from(error.kind.exit_code()))
        }
    }
}
