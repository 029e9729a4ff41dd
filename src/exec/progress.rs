//! What a build tells whoever watches it. Library code calls this and prints nothing itself.

use crate::error::Error;

/// Watches a build. Every method has an empty default.
pub trait Progress {
    /// Work begins: artifacts to make by kind (every kind, in the order of making), and their cost.
    fn begin(&mut self, to_make: &[(&'static str, u64)], gflop: f64) {
        let _ = (to_make, gflop);
    }

    /// What the build is expected to take, if that is known; before work begins.
    fn expect(&mut self, expected: Option<Expected>) {
        let _ = expected;
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

/// What a build was expected to take, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expected {
    /// Until everything is computed.
    pub compute: f64,
    /// And after that.
    pub after: f64,
}

/// Seconds left of a build that did `share` of its estimated work in `elapsed` seconds: at first what was
/// expected, later what its own pace says. Without an expectation nothing before that means something.
pub fn time_left(elapsed: f64, share: f64, expected: Option<Expected>) -> Option<f64> {
    let pace = (share > 0.01 && elapsed > 1.0).then(|| elapsed / share * (1.0 - share).max(0.0));
    let Some(Expected { compute, after }) = expected else { return pace };
    let hoped = (compute - elapsed).max(compute * (1.0 - share) * 0.1);
    // Its pace is believed from a third of the work on.
    let trust = (3.0 * share).min(1.0).powi(2);
    Some(pace.map_or(hoped, |pace| trust * pace + (1.0 - trust) * hoped) + after)
}

/// Watches nothing.
#[derive(Debug, Default)]
pub struct Silent;

impl Progress for Silent {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_left_goes_from_what_was_expected_to_the_pace() {
        assert_eq!(time_left(0.5, 0.0, None), None);
        assert_eq!(time_left(10.0, 0.5, None), Some(10.0));
        let expected = Some(Expected { compute: 100.0, after: 5.0 });
        assert_eq!(time_left(0.0, 0.0, expected), Some(105.0));
        assert_eq!(time_left(20.0, 0.0, expected), Some(85.0));
        // Twice as slow as expected: believed by and by.
        assert_eq!(time_left(100.0, 0.5, expected), Some(105.0));
        let early = time_left(20.0, 0.1, expected).unwrap();
        assert!((85.0..185.0).contains(&early), "{early}");
        // One that takes longer than expected is never over before its end.
        assert!(time_left(500.0, 0.0, expected).unwrap() > 5.0);
    }
}
