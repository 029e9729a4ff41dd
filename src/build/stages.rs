//! How long each stage of a build took.

use std::time::Instant;

/// Marks the ends of stages, so that they fill the wall time.
pub struct Stages {
    last: Instant,
    /// Seconds of each.
    pub seconds: [f64; 5],
}

/// Names of the stages.
pub const STAGES: [&str; 5] = ["start", "plan", "compute", "assemble", "finish"];

impl Stages {
    /// Begins.
    pub fn since(start: Instant) -> Self {
        Self { last: start, seconds: [0.0; 5] }
    }

    /// All since the last end belongs to this stage.
    pub fn end(&mut self, stage: usize) {
        let now = Instant::now();
        self.seconds[stage] += now.duration_since(self.last).as_secs_f64();
        self.last = now;
    }
}
