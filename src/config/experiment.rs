//! The resolved experiment: every default filled in, every value checked, immutable. What comes
//! after (planning, computing, assembling) reads this and never the file.

use std::path::PathBuf;
use std::sync::Arc;

pub use crate::features::Selection as Features;
use crate::ic::{Family, InitialCondition};
use crate::operator::rollout::{Precision, Rollout};
use crate::render::select::Selection;
use crate::render::spec::RenderSpec;
use crate::sampling::{Method, Sampler};
use crate::space::Space;

/// One experiment, ready to plan.
#[derive(Debug, Clone)]
pub struct Experiment {
    /// `metadata.name`, or the file's name without its extension.
    pub name: String,
    /// The experiment file as the person named it (with the extension).
    pub file: PathBuf,
    /// The merged document (after `extends`, `--set` and interpolation) as the person wrote it: what a
    /// worker is given to plan again, and what provenance records.
    pub document: serde_json::Value,
    /// Where each setting of the document stands.
    pub places: Arc<super::Places>,
    /// Whether `--set` changed anything: then no lock file is written.
    pub overridden: bool,
    /// The parameters it names.
    pub space: Space,
    /// How points are drawn from the space.
    pub sampling: Sampling,
    /// What is run.
    pub simulation: Simulation,
    /// How work is cut into artifacts.
    pub execution: Execution,
    /// What is measured of the rollouts, if anything.
    pub features: Option<Features>,
    /// Pictures of the rollouts.
    pub renders: Vec<Render>,
    /// The data set to assemble.
    pub dataset: Dataset,
    /// Things the person should know: settings that have no meaning here, idle parameters.
    pub notes: Vec<String>,
}

/// How points are drawn.
#[derive(Debug, Clone)]
pub struct Sampling {
    /// N, at least 1.
    pub total_samples: u64,
    /// The experiment seed: every random stream derives from it.
    pub seed: u64,
    /// Which sampler draws them.
    pub method: &'static Method,
    /// It, with its settings.
    pub sampler: Arc<dyn Sampler>,
    /// A missed quality target is an error from N = 256 on.
    pub strict: bool,
    /// `sampling.validation.max_discrepancy`, if the file gives one: a further target.
    pub max_discrepancy: Option<f64>,
    /// `sampling.validation.max_pairwise_correlation`, if the file gives one: a further target.
    pub max_correlation: Option<f64>,
}

/// What is run.
#[derive(Debug, Clone)]
pub struct Simulation {
    /// Where.
    pub device: Device,
    /// Of the convolutions.
    pub precision: Precision,
    /// M, at least 1.
    pub num_realizations: u32,
    /// T, at least 1: 1 is one application; from 2 on, T stored states.
    pub num_timesteps: u32,
    /// C, the channels of the state.
    pub channels: u32,
    /// The initial conditions to choose from; never empty, weights sum to 1.
    pub inputs: Vec<InputEntry>,
    /// After each update.
    pub rollout: Rollout,
}

/// One initial condition to choose from.
#[derive(Debug, Clone)]
pub struct InputEntry {
    /// Its name in the experiment: `gaussian_random_field_v0`.
    pub name: String,
    /// Its family: `gaussian_random_field`.
    pub family: &'static Family,
    /// Its share; all shares sum to 1.
    pub weight: f64,
    /// Its settings.
    pub settings: Arc<dyn InitialCondition>,
}

/// Which device computes rollouts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// What is asked for.
    pub choice: DeviceChoice,
    /// Asked on the command line: then a missing CUDA device is an error, not a warning.
    pub insist: bool,
}

/// What the experiment or the command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceChoice {
    /// CUDA if there is one, else the CPU.
    Auto,
    /// The CPU.
    Cpu,
    /// These CUDA devices, or all if the list is empty.
    Cuda(Vec<u32>),
}

/// One render.
#[derive(Debug, Clone)]
pub struct Render {
    /// Its name, which names its files too.
    pub name: String,
    /// Which operators it shows.
    pub selection: Selection,
    /// How; its list of operators is filled in when they are known.
    pub spec: RenderSpec,
}

/// How work is cut into artifacts: by indices alone, never by N, M, T or memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Execution {
    /// Operators in a chunk.
    pub chunk: u32,
    /// Realizations in a block.
    pub realization_block: u32,
    /// Steps in a segment; `None` chooses by grid: 64 at 64², 16 at 128², 4 at 256².
    pub segment: Option<u32>,
}

impl Execution {
    /// Stored states in one segment of a rollout on an `n × n` grid.
    pub fn segment_for(&self, grid: u32) -> u32 {
        // 64 states at 64² or below, a quarter for each doubling of the side: equal bytes.
        self.segment.unwrap_or_else(|| (64 * 64 * 64 / (grid * grid).max(64 * 64)).max(1))
    }
}

/// The data set to assemble.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own in the file")]
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// The output file, absolute.
    pub path: PathBuf,
    /// Level of the deflate filter, 1–9; `None` stores raw.
    pub compression: Option<u8>,
    /// Type of stored states.
    pub dtype: StoredDtype,
    /// How grids of several sizes lie in the file.
    pub layout: Layout,
    /// Whether `/inputs` is stored.
    pub inputs: bool,
    /// Whether `/outputs/fields` is stored; without it rollouts keep metrics only.
    pub trajectories: bool,
    /// Whether `/parameters` is stored.
    pub parameters: bool,
    /// Whether weights are stored beside the data set.
    pub operator_weights: bool,
    /// Whether the operator-sensitivity features are computed.
    pub operator_features: bool,
    /// Shares of train, validation and test; sum to 1.
    pub splits: [f64; 3],
    /// `dataset.metadata.include_config`.
    pub include_config: bool,
    /// `dataset.metadata.include_sampling_metrics`.
    pub include_sampling_metrics: bool,
    /// `dataset.metadata.include_timestamps`.
    pub include_timestamps: bool,
}

/// Type of stored states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoredDtype {
    /// 32-bit.
    Float32,
    /// 16-bit; beyond 65,504 a state counts as diverged.
    Float16,
}

impl StoredDtype {
    /// The name in an experiment file.
    pub fn name(self) -> &'static str {
        match self {
            StoredDtype::Float32 => "float32",
            StoredDtype::Float16 => "float16",
        }
    }
}

/// How grids of several sizes lie in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// A group per resolution.
    Grouped,
    /// Zero-padded to the largest grid, centred, as the reference does.
    Padded,
}
