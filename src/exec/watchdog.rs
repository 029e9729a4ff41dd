//! When a worker counts as hanging: pure bookkeeping with times.
//!
//! A worker hangs if its marks have not moved for the limit. Time in which the build itself was stopped (a
//! Ctrl-Z, a debugger) counts for nobody: nothing could be heard then.

use std::time::{Duration, Instant};

/// How long a worker may take from its start, or its last sign of life, until it is ready; less if the limit
/// for work is less.
const READY: Duration = Duration::from_mins(2);
/// A gap between two looks that is longer than this is one in which the build was stopped.
const GAP: Duration = Duration::from_secs(5);

/// Knows how much time has counted.
#[derive(Debug)]
pub struct Watchdog {
    /// How long marks may stand still; none never ends anybody.
    limit: Option<Duration>,
    looked: Instant,
    /// Until when time did not count: what happened before, happened then.
    woke: Instant,
}

impl Watchdog {
    /// Begins to watch.
    pub fn new(limit: Option<Duration>, now: Instant) -> Self {
        Self { limit, looked: now, woke: now }
    }

    /// Time goes on; to be called a few times a second.
    pub fn look(&mut self, now: Instant) {
        if now.saturating_duration_since(self.looked) > GAP {
            self.woke = now;
        }
        self.looked = now;
    }

    /// Whether a worker hangs that was `ready` or not, and gave its last sign of life, or got its work, at
    /// `since`. Gives for how long it may.
    pub fn hangs(&self, ready: bool, since: Instant) -> Option<Duration> {
        let limit = self.limit.map(|limit| if ready { limit } else { limit.min(READY) })?;
        (self.looked.saturating_duration_since(since.max(self.woke)) > limit).then_some(limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_worker_hangs_once_its_marks_stood_still_for_the_limit() {
        let start = Instant::now();
        let mut dog = Watchdog::new(Some(200 * SECOND), start);
        let mut hangs = |after: u32, ready, since: u32| {
            dog.look(start + after * SECOND);
            dog.hangs(ready, start + since * SECOND).map(|limit| limit.as_secs())
        };
        // Looked at often enough.
        for second in 1..=200 {
            assert_eq!(hangs(second, true, 0), None);
        }
        assert_eq!(hangs(201, true, 0), Some(200));
        assert_eq!(hangs(201, true, 100), None);
        assert_eq!(hangs(201, false, 100), None);
        assert_eq!(hangs(201, false, 80), Some(120));
    }

    #[test]
    fn time_in_which_the_build_was_stopped_does_not_count() {
        let start = Instant::now();
        let mut dog = Watchdog::new(Some(10 * SECOND), start);
        dog.look(start + 2 * SECOND);
        dog.look(start + 5000 * SECOND);
        assert_eq!(dog.hangs(true, start), None);
        for second in 5001..=5010 {
            dog.look(start + second * SECOND);
        }
        assert_eq!(dog.hangs(true, start), None);
        dog.look(start + 5011 * SECOND);
        assert!(dog.hangs(true, start).is_some());
    }

    #[test]
    fn without_a_limit_nobody_hangs() {
        let start = Instant::now();
        let mut dog = Watchdog::new(None, start);
        for second in 1..9999 {
            dog.look(start + second * SECOND);
        }
        assert!(dog.hangs(false, start).is_none() && dog.hangs(true, start).is_none());
    }
}
