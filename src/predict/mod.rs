//! How long a build will take and how much it will write, from what earlier builds of this machine's
//! numerics profile measured.
//!
//! Advice only: nothing is decided by it. Where nothing was measured it says so, and counts with a fixed
//! rate. It does not run or watch builds: `build` tells it what one did.

mod estimate;
mod record;
#[cfg(test)]
mod tests;
mod work;

pub use estimate::{Basis, Prediction, Range, ideal, predict};
pub use record::{Done, Measured, Record};
pub use work::{Pool, Work, Workers};

/// What one processor does of the plan's rough GFLOP in a second where nothing was measured; see
/// `docs/benchmarks.md`.
pub const GFLOP_PER_SECOND: f64 = 160.0;

/// What a build took of what was predicted.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Took {
    /// From start to end.
    pub seconds: f64,
    /// Put into the cache, and the data set.
    pub bytes: u64,
}
