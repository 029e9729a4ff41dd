//! `spinlock`: plans, explains, schedules, assembles. Starts in milliseconds; never loads libtorch.

#[cfg(feature = "torch")]
compile_error!("build `spinlock` without the feature `torch`; `make build` builds both programs");

use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    let start = Instant::now();
    match spinlock::cli::run(start) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{}", spinlock::cli::style::error(&error));
            ExitCode::from(error.kind.exit_code())
        }
    }
}
