//! How operators are rolled out: settings shared by all operators of an experiment.

/// Precision of the convolutions; everything else is float32.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// float16 on CUDA, float32 on the CPU.
    Auto,
    /// 24-bit significand.
    Float32,
    /// 11-bit significand.
    Float16,
    /// 8-bit significand.
    Bfloat16,
}

impl Precision {
    /// The name in an experiment file.
    pub fn name(self) -> &'static str {
        match self {
            Precision::Auto => "auto",
            Precision::Float32 => "float32",
            Precision::Float16 => "float16",
            Precision::Bfloat16 => "bfloat16",
        }
    }
}

/// What happens to a state after each update, and when a rollout counts as diverged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rollout {
    /// Normalisation of the state.
    pub normalize: Normalize,
    /// Over what its statistics run.
    pub scope: Scope,
    /// Clamped to `[a, b]` after normalising.
    pub clamp: Option<(f64, f64)>,
    /// Beyond this magnitude a state counts as diverged.
    pub blowup_limit: f64,
}

/// Normalisation of a state, per realization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Normalize {
    /// None.
    None,
    /// `(X − min)/(max − min)` if the range exceeds 1e-8.
    MinMax,
    /// `(X − mean)/(std + 1e-8)`, sample standard deviation.
    ZScore,
}

/// What a normalisation's statistics run over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All channels and pixels of one realization's state.
    State,
    /// Each channel of one realization's state by itself.
    Channel,
}
