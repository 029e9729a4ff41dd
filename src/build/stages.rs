//! How long each stage of a build took.

use std::time::Instant;

/// Marks the ends of stages, so that they fill the wall time.
pub struct Stages {
    last: Instant,
    /// Seconds of each.
    pub seconds: [f64; 6],
}

/// Names of the stages; the last one is there only if a check was asked for.
const STAGES: [&str; 6] = ["start", "plan", "compute", "assemble", "finish", "check"];

impl Stages {
    /// Begins.
    pub fn since(start: Instant) -> Self {
        Self { last: start, seconds: [0.0; 6] }
    }

    /// All since the last end belongs to this stage.
    pub fn end(&mut self, stage: usize) {
        let now = Instant::now();
        self.seconds[stage] += now.duration_since(self.last).as_secs_f64();
        self.last = now;
    }

    /// Seconds of each, by name.
    pub fn named(&self, checked: bool) -> Vec<(&'static str, f64)> {
        let count = STAGES.len() - usize::from(!checked);
        STAGES.into_iter().zip(self.seconds).take(count).collect()
    }
}
