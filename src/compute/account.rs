//! What a rollout's time goes into, for whoever asks.
//!
//! Kernels say [`done`] after each piece of work. That moves the marks of the process, and is one comparison
//! unless this thread has a listener; clocks are the listener's, and nothing that is computed depends on one.

use std::cell::Cell;

use crate::mark;

/// A sort of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Weights drawn and prepared.
    Weights,
    /// Convolutions, padding and the output layer included.
    Convolutions,
    /// Normalisation, activation and skips.
    Normalise,
    /// Random numbers drawn and applied.
    Noise,
    /// Policy update, post-processing, check for divergence, metrics.
    State,
    /// Results turned into stored bytes.
    Encode,
    /// Everything else.
    Other,
}

impl Part {
    /// All parts; their order is that of [`Part::index`].
    pub const ALL: [Part; 7] = [
        Part::Weights,
        Part::Convolutions,
        Part::Normalise,
        Part::Noise,
        Part::State,
        Part::Encode,
        Part::Other,
    ];

    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Part::Weights => "weights",
            Part::Convolutions => "convolutions",
            Part::Normalise => "normalise_activate",
            Part::Noise => "noise",
            Part::State => "state_metrics",
            Part::Encode => "encode",
            Part::Other => "other",
        }
    }

    /// Place in [`Part::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }
}

thread_local! {
    static LISTENER: Cell<Option<fn(Part)>> = const { Cell::new(None) };
}

/// What was done since the last call was this.
pub(super) fn done(part: Part) {
    mark::tick();
    if let Some(listener) = LISTENER.get() {
        listener(part);
    }
}

/// Lets `listener` hear of every piece of work of this thread, or nobody.
pub fn listen(listener: Option<fn(Part)>) {
    LISTENER.set(listener);
}
