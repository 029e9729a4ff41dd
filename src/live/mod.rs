//! Builds as seen from outside, from their event logs: who is at work, how far they are, how the past
//! ones ended, and which outputs are out of date.
//!
//! Whether a build still runs is asked of the kernel: its log is locked as long as its process lives.
//! Memory is bounded whatever a log holds, and nothing here writes anything.

mod builds;
mod outputs;
mod overview;
mod state;
mod tail;
mod timeline;

pub use builds::{Build, Builds};
pub use outputs::{Fate, OutputState, Outputs};
pub use overview::overview;
pub use state::{BuildState, Kind, Message, Outcome, Stage, Work};
pub use tail::Tail;
pub use timeline::{Sample, Timeline};
