//! `spinlock completions`

use std::process::ExitCode;

use super::{command, print};

/// Print completions for a shell
#[derive(Debug, clap::Args)]
pub struct CompletionsArgs {
    /// Which shell
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

pub fn run(args: &CompletionsArgs) -> ExitCode {
    let mut out = Vec::new();
    clap_complete::generate(args.shell, &mut command(), "spinlock", &mut out);
    print(&String::from_utf8_lossy(&out))
}
