//! Names and codes of the numbers that describe a rollout: the metrics of its states, and whether its
//! operator collapses. How they are computed is the business of `compute::state` and
//! `compute::dynamics`.

/// The metrics of a stored state, in their order: name and definition.
pub const METRICS: [(&str, &str); 5] = [
    ("energy", "sum of X² over channels and pixels"),
    ("entropy", "−Σ p ln p of a histogram of 50 bins between the state's extremes, in nats"),
    ("autocorrelation", "Pearson correlation with the state before; 0 for the first"),
    ("variance", "sample variance over channels and pixels"),
    ("mean_magnitude", "mean of |X| over channels and pixels"),
];

/// Whether the noise-free iteration of an operator ends in a spatially uniform state.
pub mod collapse {
    /// It does not.
    pub const NO: u8 = 0;
    /// It does.
    pub const YES: u8 = 1;
    /// One application is no iteration, and a constant input has nothing to lose.
    pub const NOT_MEASURED: u8 = 255;
    /// Every code.
    pub const ALL: [u8; 3] = [NO, YES, NOT_MEASURED];
}
