//! `spinlock schema`

use std::process::ExitCode;

use super::{print, print_json};
use crate::config;
use crate::error::Result;

/// Print the JSON Schema of experiment files, for editors
#[derive(Debug, clap::Args)]
pub struct SchemaArgs {
    /// Print the page about experiment files instead
    #[arg(long)]
    markdown: bool,
}

pub fn run(args: &SchemaArgs) -> Result<ExitCode> {
    if args.markdown {
        return Ok(print(&config::document()));
    }
    Ok(print_json(&config::json_schema()))
}
