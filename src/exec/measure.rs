//! What `spinlock bench` asks a worker, which answers in JSON on its standard output and ends.

use serde::{Deserialize, Serialize};

use super::protocol::{Failure, Hello};

/// A question, on the worker's standard input.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// What can the device do?
    Machine {
        /// Where it computes: only device, threads and precision are read.
        hello: Box<Hello>,
    },
    /// How long do the rollouts of this experiment take?
    Rollouts {
        /// The experiment, and where it computes.
        hello: Box<Hello>,
        /// Timed runs.
        repeat: u32,
    },
}

/// The answer to a [`Question`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// To [`Question::Machine`].
    Machine(Machine),
    /// To [`Question::Rollouts`].
    Rollouts(Rollouts),
    /// It could not be measured.
    Failed(Failure),
}

/// What a device reaches, the best of several runs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Machine {
    /// Side of the matrices.
    pub matmul_side: u32,
    /// Rate of a matrix product in the precision of the convolutions.
    pub matmul_gflop_per_s: f64,
    /// Rate of `a = b + w·(c − b)` over arrays larger than any cache.
    pub triad_gb_per_s: f64,
}

/// What the rollouts of one experiment took.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Rollouts {
    /// Operators N.
    pub operators: u64,
    /// Realizations times applications, over all operators.
    pub realization_steps: u64,
    /// Direct-equivalent arithmetic: `2 · multiply–adds per pixel · pixels` for each of them, whatever
    /// was really computed.
    pub gflop: f64,
    /// Activations read and written if every pass went through memory, each of the convolutions reading
    /// its input and writing its output and each normalisation reading and writing once more, in GB.
    pub activation_gb: f64,
    /// Bytes that were encoded and written, after encoding.
    pub written_bytes: u64,
    /// Seconds of each timed run.
    pub runs_s: Vec<f64>,
    /// Seconds of one more run by part; they add up to the whole of it.
    pub stages_s: Vec<(String, f64)>,
    /// Largest resident memory of the worker.
    pub peak_memory_bytes: u64,
}
