//! Predictions and their scores in words.

use crate::predict::{Basis, GFLOP_PER_SECOND, Prediction, Range, Took};
use crate::units::{bytes, seconds};

/// `predicted 3 min 10 s and 4.10 GB, took 2 min 58 s and 4.00 GB`
pub fn score(predicted: &Prediction, took: &Took) -> String {
    let (time, size) = (seconds(took.seconds), bytes(took.bytes));
    match (predicted.seconds, predicted.basis) {
        (Some(range), Basis::Experiment | Basis::Profile | Basis::Partly) => format!(
            "predicted {} and {}, took {time} and {size}",
            seconds(range.likely),
            bytes(predicted.bytes.likely as u64)
        ),
        _ => format!("took {time} and {size}; the next build is predicted by this one"),
    }
}

/// What a plan will take, in a line or two.
pub fn expected(predicted: &Prediction) -> String {
    let size = bytes(predicted.bytes.likely as u64);
    let workers = match predicted.workers {
        1 => "1 worker".to_owned(),
        n => format!("{n} workers"),
    };
    let time = match predicted.seconds {
        Some(range) => format!("about {} with {workers}", between(range)),
        None => format!("with {workers} for as long as it takes"),
    };
    let dataset = match predicted.dataset_bytes {
        0.0 => String::new(),
        size => format!(", {} of it the data set", bytes(size as u64)),
    };
    let builds = match predicted.builds {
        1 => "1 earlier build".to_owned(),
        n => format!("{n} earlier builds"),
    };
    match predicted.basis {
        Basis::Nothing if predicted.seconds.is_some_and(|range| range.likely >= 1.0) => format!(
            "{time}, if a processor does {GFLOP_PER_SECOND:.0} GFLOP/s, and at most {size}{dataset}: \
             no build on this profile was measured yet"
        ),
        Basis::Nothing => {
            format!("at most {size}{dataset}: no build on this profile was measured yet")
        }
        Basis::Partly => format!("{time}; {size}{dataset}; by {builds}, and partly guessed"),
        Basis::Experiment => format!("{time}; {size}{dataset}; by {builds} on this profile"),
        Basis::Profile => format!("{time}; {size}{dataset}; by {builds} of other experiments"),
    }
}

/// `3 min 10 s (2 min 40 s to 4 min 00 s)`
pub fn between(range: Range) -> String {
    format!("{} ({} to {})", seconds(range.likely), seconds(range.low), seconds(range.high))
}
