//! Rollouts: a chunk of operators × a block of realizations × a segment of states.

use std::ops::Range;
use std::sync::Arc;

use super::{Artifact, Handle, InitialConditions, Weights, operators_label};
use crate::features::{Category, Settings};
use crate::key::{Kind, Manifest, Prefixed, Value};
use crate::operator::rollout::{Normalize, Rollout, Scope};
use crate::operator::{NoiseLaw, Operator, Policy, Schedule};

/// Where a segment starts from.
#[derive(Debug, Clone, Copy)]
pub enum Start {
    /// The initial conditions: the first segment.
    Inputs(Handle<InitialConditions>),
    /// The end states of the segment before.
    Segment(Handle<RolloutChunk>),
}

/// What is looked at of states that are not kept.
#[derive(Debug)]
pub struct Looked {
    /// The categories of features.
    pub categories: Vec<&'static dyn Category>,
    /// Their settings.
    pub settings: Settings,
}

/// Pieces per operator: `fields/<op>` `[M', T', C, n, n]` in the storage type (if states are kept),
/// `valid/<op>` `[M', T']`, `metrics/<op>` `[5, M', T']`, and where a later segment may follow
/// `end/<op>` `[M', C, n, n]` float32 with `status/<op>` `[M']`. What is of the operator itself lies in the
/// first segment of the first block, which is there for any M and T: `gain/<op>` `[1]` float32 and, if
/// T ≥ 2, `collapsed/<op>` `[1]`.
#[derive(Debug)]
pub struct RolloutChunk {
    /// The operators: those of a chunk with one grid and one dependence on the horizon.
    pub operators: Arc<[Operator]>,
    /// First and last operator of the whole chunk, for the label.
    pub chunk: (u64, u64),
    /// What tells these operators apart from others of the same chunk, for the label; often empty.
    pub group: String,
    /// Realizations.
    pub realizations: Range<u32>,
    /// Stored states.
    pub steps: Range<u32>,
    /// T; hashed only where the content depends on it.
    pub num_timesteps: u32,
    /// Their weights.
    pub weights: Handle<Weights>,
    /// Where the segment starts.
    pub start: Start,
    /// The experiment seed.
    pub seed: u64,
    /// Post-processing and divergence.
    pub rollout: Rollout,
    /// Realizations of one launch, where the device computes a whole block at once: the last bits
    /// depend on it. `None` where every realization is launched by itself.
    pub launch: Option<u32>,
    /// Precision of the convolutions: a name.
    pub precision: &'static str,
    /// Type of the states as stored, which features and metrics see too.
    pub dtype: &'static str,
    /// Whether the states themselves are kept.
    pub stored: bool,
    /// If they are not: the features that are taken of them, which become pieces as `worker::measured`
    /// says.
    pub looked: Option<Arc<Looked>>,
    /// Numerics profile of the device.
    pub profile: Arc<str>,
}

/// Effective values of one operator in a rollout of `num_timesteps` states: what acts, under the names
/// of the vocabulary.
pub(super) fn effective(operator: &Operator, num_timesteps: u32) -> Value {
    let a = &operator.architecture;
    let mut fields: Vec<(&'static str, Value)> = vec![
        ("grid_size", operator.grid.into()),
        ("activation", a.activation.into()),
        ("normalization", a.norm.into()),
    ];
    if a.dropout_rate > 0.0 {
        fields.push(("dropout_rate", a.dropout_rate.into()));
    }
    if let Some(noise) = operator.noise {
        fields.push(("noise_type", noise.law.into()));
        fields.push(("noise_scale", noise.scale.into()));
        fields.push(("noise_location", noise.location.into()));
        if noise.law != NoiseLaw::Dropout {
            fields.push(("spatial_correlation", noise.correlation.into()));
        }
        // With one application every schedule is at its first value, which is the full scale.
        if num_timesteps >= 2 {
            match noise.schedule {
                Schedule::Constant => {}
                Schedule::Annealing => {
                    fields.push(("noise_schedule", "annealing".into()));
                    fields.push(("num_timesteps", num_timesteps.into()));
                }
                Schedule::Periodic { period } => {
                    fields.push(("noise_schedule", "periodic".into()));
                    fields.push(("schedule_period", period.into()));
                }
            }
        }
    }
    if num_timesteps >= 2 {
        fields.push(("update_policy", operator.policy.name().into()));
        match operator.policy {
            Policy::Autoregressive => {}
            Policy::Residual { dt } | Policy::EulerMaruyama { dt } => {
                fields.push(("dt", dt.into()));
            }
            Policy::Convex { alpha } => fields.push(("alpha", alpha.into())),
        }
    }
    Value::Map(fields)
}

impl Artifact for RolloutChunk {
    const KIND: Kind = Kind { name: "rollout", version: 2 };

    fn describe(&self, m: &mut dyn Manifest) {
        m.input("weights", self.weights.key());
        match self.start {
            Start::Inputs(inputs) => m.input("initial_conditions", inputs.key()),
            Start::Segment(segment) => m.input("segment", segment.key()),
        }
        m.param("seed", self.seed.into());
        m.param("realizations", vec![self.realizations.start, self.realizations.end].into());
        if self.num_timesteps == 1 {
            m.param("applications", 1_u32.into());
        } else {
            m.param("states", vec![self.steps.start, self.steps.end].into());
            if self.rollout.normalize != Normalize::None {
                let name = match self.rollout.normalize {
                    Normalize::MinMax => "minmax",
                    _ => "zscore",
                };
                m.param("normalize", name.into());
                let scope = match self.rollout.scope {
                    Scope::State => "state",
                    Scope::Channel => "channel",
                };
                m.param("normalize_scope", scope.into());
            }
            if let Some((lo, hi)) = self.rollout.clamp {
                m.param("clamp", vec![lo, hi].into());
            }
        }
        m.param("blowup_limit", self.rollout.blowup_limit.into());
        if let Some(launch) = self.launch {
            m.param("launch", launch.into());
        }
        m.param("precision", self.precision.into());
        m.param("dtype", self.dtype.into());
        m.param("stored", self.stored.into());
        for category in self.looked.iter().flat_map(|looked| &looked.categories) {
            let name = category.name();
            m.param(&format!("features {name}"), category.version().into());
            let settings = &self.looked.as_ref().expect("it has categories").settings;
            settings.describe(name, &mut Prefixed { prefix: name, inner: m });
        }
        m.param("profile", self.profile.to_string().into());
        for operator in self.operators.iter() {
            m.param(
                &format!("operator {}", operator.index),
                effective(operator, self.num_timesteps),
            );
        }
    }

    fn label(&self) -> String {
        format!(
            "rollout/{}/m{}-{}/t{}-{}{}",
            operators_label(self.chunk.0, self.chunk.1),
            self.realizations.start,
            self.realizations.end - 1,
            self.steps.start,
            self.steps.end - 1,
            self.group,
        )
    }
}
