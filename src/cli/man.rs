//! `spinlock man`

use std::path::PathBuf;
use std::process::ExitCode;

use super::{command, print};
use crate::error::{IoContext, Result};

/// Print the manual page, or write one for each subcommand
#[derive(Debug, clap::Args)]
pub struct ManArgs {
    /// Write `spinlock.1`, `spinlock-build.1`, … into this folder instead
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
}

pub fn run(args: &ManArgs) -> Result<ExitCode> {
    if let Some(folder) = &args.output {
        std::fs::create_dir_all(folder).io("create", folder)?;
        clap_mangen::generate_to(command(), folder).io("write", folder)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut out = Vec::new();
    clap_mangen::Man::new(command()).render(&mut out).io("write", "standard output")?;
    Ok(print(&String::from_utf8_lossy(&out)))
}
