//! `spinlock schema`

use std::process::ExitCode;

use super::{print, print_json};
use crate::config;

/// Print the JSON Schema of experiment files, for editors
#[derive(Debug, clap::Args)]
pub struct SchemaArgs {
    /// Print the page about experiment files instead
    #[arg(long)]
    markdown: bool,
}

pub fn run(args: &SchemaArgs) -> ExitCode {
    if args.markdown {
        return print(&config::document());
    }
    print_json(&config::json_schema())
}
