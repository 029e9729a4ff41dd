//! What a build tells whoever watches it. Library code calls this and prints nothing itself.

use crate::error::Error;

/// Watches a build. Every method has an empty default.
pub trait Progress {
    /// Work begins: artifacts to make by kind (every kind, in the order of making), and their cost.
    fn begin(&mut self, to_make: &[(&'static str, u64)], gflop: f64) {
        let _ = (to_make, gflop);
    }

    /// A worker takes up some work.
    fn started(&mut self, worker: usize, label: &str) {
        let _ = (worker, label);
    }

    /// Part of the cost is done.
    fn advanced(&mut self, gflop: f64) {
        let _ = gflop;
    }

    /// An artifact is in the cache.
    fn built(&mut self, kind: &'static str, label: &str) {
        let _ = (kind, label);
    }

    /// An artifact cannot be made.
    fn failed(&mut self, label: &str, error: &Error) {
        let _ = (label, error);
    }

    /// Something that the person should know and that is no failure.
    fn warn(&mut self, message: &str) {
        let _ = message;
    }

    /// Something that the person may like to know.
    fn say(&mut self, message: &str) {
        let _ = message;
    }

    /// The data set is being written: bytes so far and in all.
    fn assembling(&mut self, done: u64, total: u64) {
        let _ = (done, total);
    }

    /// Time passes; called a few times a second.
    fn tick(&mut self) {}

    /// The build is over.
    fn end(&mut self) {}
}

/// Seconds left of a build that did `share` of its estimated work in `elapsed` seconds; nothing before
/// that means something.
pub fn time_left(elapsed: f64, share: f64) -> Option<f64> {
    (share > 0.01 && elapsed > 1.0).then(|| elapsed / share * (1.0 - share).max(0.0))
}

/// Watches nothing.
#[derive(Debug, Default)]
pub struct Silent;

impl Progress for Silent {}
