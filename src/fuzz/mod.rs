//! Everything that reads what a stranger wrote, as functions of bytes: for fuzzers (`tests/fuzz`) and for the
//! test that runs their seeds and findings again.
//!
//! Each function takes any bytes, and panics only where something is wrong with this program: where code
//! that it calls panics, or where a promise does not hold (what is accepted and written out again is
//! accepted, and the same). No part of the program.

mod cached;
mod experiments;
mod messages;

/// Something that is fuzzed.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, and that of its folder in `tests/fuzz/corpus`.
    pub name: &'static str,
    /// What the bytes are.
    pub bytes: &'static str,
    /// Reads them.
    pub run: fn(&[u8]),
}

/// All of them.
pub const TARGETS: [Target; 12] = [
    Target { name: "experiment", bytes: "an experiment file", run: experiments::file },
    Target {
        name: "overrides",
        bytes: "texts of `--set`, one on a line",
        run: experiments::overrides,
    },
    Target {
        name: "interpolation", bytes: "values of names a, b, c, …", run: experiments::names
    },
    Target { name: "plan", bytes: "a small experiment, as `--set`s", run: experiments::plan },
    Target {
        name: "snapshot",
        bytes: "an experiment as a worker gets it",
        run: messages::snapshot,
    },
    Target { name: "worker", bytes: "lines between the two programs", run: messages::lines },
    Target { name: "entry", bytes: "the value in `entry.json`", run: cached::entry },
    Target { name: "part", bytes: "the value in the sidecar of a part", run: cached::part },
    Target { name: "lockfile", bytes: "a lock file", run: messages::lock_file },
    Target { name: "events", bytes: "the event log of a build", run: messages::events },
    Target { name: "http", bytes: "what a browser sends", run: messages::request },
    Target {
        name: "recipes",
        bytes: "two recipes with an empty line between",
        run: messages::recipes,
    },
];

/// The target of that name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
