//! Names of the numbers that describe one state of a rollout. How they are computed is the business of
//! `compute::state`.

/// The metrics of a stored state, in their order: name and definition.
pub const METRICS: [(&str, &str); 5] = [
    ("energy", "sum of X² over channels and pixels"),
    ("entropy", "−Σ p ln p of a histogram of 50 bins between the state's extremes, in nats"),
    ("autocorrelation", "Pearson correlation with the state before; 0 for the first"),
    ("variance", "sample variance over channels and pixels"),
    ("mean_magnitude", "mean of |X| over channels and pixels"),
];
