//! `spinlock validate`

use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use super::{print, print_json, style};
use crate::dataset;
use crate::error::Result;

/// Check a data set: form, digest of every value, ranges, marks of bad states, sampling quality
#[derive(Debug, clap::Args)]
pub struct ValidateArgs {
    /// Data set
    file: PathBuf,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: &ValidateArgs) -> Result<ExitCode> {
    let report = dataset::validate(&args.file, &|_| ())?;
    if args.json {
        print_json(&report);
    } else {
        let mut out = String::new();
        let lists =
            [("ok", &report.passed), ("warning", &report.warnings), ("FAILED", &report.failed)];
        for (mark, findings) in lists {
            for finding in findings {
                let _ = writeln!(out, "{mark:<8} {:<12} {}", finding.check, finding.detail);
            }
        }
        let _ = writeln!(
            out,
            "{}: {} passed, {} warnings, {} failed",
            args.file.display(),
            report.passed.len(),
            report.warnings.len(),
            report.failed.len()
        );
        print(&out);
    }
    match report.error() {
        None => Ok(ExitCode::SUCCESS),
        Some(error) => {
            eprintln!("{}", style::error(&error));
            Ok(ExitCode::from(error.kind.exit_code()))
        }
    }
}
