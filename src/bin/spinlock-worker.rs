//! `spinlock-worker`: computes. Started by `spinlock`, with which it speaks over standard input and
//! output; `--probe` prints what the planner must know of libraries and devices, `--bench` measures.

use std::io::Write;
use std::process::ExitCode;

use spinlock::effect::failpoint;
use spinlock::error::Result;
use spinlock::worker;

fn main() -> ExitCode {
    let result = failpoint::arm().and_then(|()| match std::env::args().nth(1).as_deref() {
        Some("--probe") => probe(),
        Some("--bench") => bench(),
        Some("--version") => {
            println!("spinlock-worker {}", env!("CARGO_PKG_VERSION"));
            Ok(())
        }
        Some(_) => {
            eprintln!("usage: spinlock-worker [--probe|--bench|--version]; `spinlock` starts it");
            std::process::exit(2)
        }
        None => worker::serve(std::io::stdin().lock(), std::io::stdout().lock()),
    });
    let code = match result {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("{error}");
            error.kind.exit_code()
        }
    };
    let _ = std::io::stdout().flush();
    // The destructors of libtorch take as long as a small build; nothing of ours is left to do.
    worker::leave(code)
}

fn bench() -> Result<()> {
    println!("{}", worker::measure(std::io::stdin().lock())?);
    Ok(())
}

fn probe() -> Result<()> {
    let probe = serde_json::to_string_pretty(&worker::probe()?).expect("plain values");
    println!("{probe}");
    Ok(())
}
