//! How the work of a build went on in time, in a bounded number of samples.

use serde::Serialize;

/// Most samples that are kept.
const MOST: usize = 240;

/// How far a build was at one time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Sample {
    /// Seconds since the program started.
    pub t: f64,
    /// Estimated work done, in rough GFLOP.
    pub gflop: f64,
    /// Artifacts made.
    pub made: u64,
}

/// Samples in the order of time, not closer than `spacing`. When there are too many, every second one
/// goes and the spacing doubles.
#[derive(Debug, Clone, Default)]
pub struct Timeline {
    samples: Vec<Sample>,
    spacing: f64,
}

impl Timeline {
    /// Adds a sample, unless the last one is too near.
    pub fn push(&mut self, sample: Sample) {
        if self.samples.last().is_some_and(|last| sample.t < last.t + self.spacing) {
            return;
        }
        self.samples.push(sample);
        if self.samples.len() > MOST {
            let mut at = 0;
            self.samples.retain(|_| {
                at += 1;
                at % 2 == 1
            });
            let length = self.samples.last().map_or(0.0, |s| s.t) - self.samples[0].t;
            self.spacing = length / self.samples.len() as f64;
        }
    }

    /// The samples.
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_samples_becomes_a_few_that_span_the_whole() {
        let mut timeline = Timeline::default();
        for i in 0..100_000_u64 {
            timeline.push(Sample { t: i as f64 * 0.01, gflop: i as f64, made: i });
        }
        let samples = timeline.samples();
        assert!(samples.len() <= MOST && samples.len() > MOST / 4, "{}", samples.len());
        assert_eq!(samples[0].t, 0.0);
        assert!(samples.last().unwrap().t > 980.0);
        assert!(samples.windows(2).all(|two| two[0].t < two[1].t));
    }
}
