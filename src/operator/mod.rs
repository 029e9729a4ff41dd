//! One operator of the sampled family: typed values, nothing computed.
//!
//! `O: [C, n, n] → [C, n, n]` is a network of [`blocks`], put together by one of two
//! [`architectures`], with noise and a 1×1 output layer. A block is a list of [`step`]s; [`layers`] reads
//! weights and cost off them. How a step is computed is the business of `compute`.

pub mod architectures;
pub mod blocks;
pub mod layers;
pub mod metrics;
pub mod rollout;
pub mod sensitivity;
pub mod step;

use crate::key::Value;
use crate::space::{self, Theta};

macro_rules! names {
    ($(#[$doc:meta])* $type:ident { $($(#[$vdoc:meta])* $variant:ident = $name:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $type { $($(#[$vdoc])* $variant),* }

        impl $type {
            /// The name in an experiment file.
            pub fn name(self) -> &'static str {
                match self { $($type::$variant => $name),* }
            }

            /// The variant called `name`.
            pub fn named(name: &str) -> Option<Self> {
                match name { $($name => Some($type::$variant),)* _ => None }
            }
        }

        impl From<$type> for Value {
            fn from(v: $type) -> Value {
                Value::Text(v.name().into())
            }
        }
    };
}

names! {
    /// How the blocks of a network are put together; see [`architectures`].
    Topology {
        /// Every block at full resolution.
        SimpleCnn = "simple_cnn",
        /// Two levels down and up again, with skips.
        EncoderDecoder = "encoder_decoder",
    }
}

names! {
    /// Pointwise nonlinearity.
    Activation {
        /// `max(x, 0)`.
        Relu = "relu",
        /// `x·Φ(x)`, the exact form.
        Gelu = "gelu",
        /// `x·σ(x)`.
        Silu = "silu",
        /// Hyperbolic tangent.
        Tanh = "tanh",
        /// The identity.
        None = "none",
    }
}

names! {
    /// Normalisation after a convolution; ε = 1e-5, biased variance, no affine part (γ = 1, β = 0).
    Norm {
        /// Absent; the convolutions have a bias.
        None = "none",
        /// Per channel over space.
        Instance = "instance",
        /// Batch normalisation of an untrained network in inference: `x/√(1 + ε)`, no bias.
        Batch = "batch",
        /// Over groups of channels; as many groups as the largest divisor of the width up to 32.
        Group = "group",
        /// Over all channels: one group.
        Layer = "layer",
    }
}

names! {
    /// Law of the weights.
    Init {
        /// Uniform in ±1/√fan-in, biases too (variance 1/(3·fan-in)).
        Torch = "torch",
        /// Normal with variance 2/fan-in, zero biases (He et al. 2015).
        He = "he",
    }
}

names! {
    /// Law of the noise; all but dropout have unit variance times the scale.
    NoiseLaw {
        /// `z + s·ξ`, ξ standard normal.
        Gaussian = "gaussian",
        /// `z + s·ξ`, ξ Laplace of unit variance.
        Laplace = "laplace",
        /// `z·(1 + s·ξ)`, ξ standard normal.
        Multiplicative = "multiplicative",
        /// Channels dropped with probability `s`, the others scaled by 1/(1−s).
        Dropout = "dropout",
    }
}

names! {
    /// Where the noise enters.
    NoiseLocation {
        /// After the last block, before the output layer.
        Features = "features",
        /// After the output layer.
        Output = "output",
        /// Before the input block.
        Input = "input",
        /// After every block, the input block included.
        Hidden = "hidden",
    }
}

/// Noise scale over the steps `t = 0 … T−2`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Schedule {
    /// `s`.
    Constant,
    /// `s·(1 − t/(T−1))`: depends on the horizon T.
    Annealing,
    /// `s·(1 + ½ sin(2πt/P))`.
    Periodic {
        /// The period P, in steps.
        period: u32,
    },
}

impl Schedule {
    /// The factor on the noise scale at application `t` of a rollout of `num_timesteps` states.
    pub fn factor(self, t: u32, num_timesteps: u32) -> f64 {
        match self {
            Schedule::Constant => 1.0,
            Schedule::Annealing if num_timesteps < 2 => 1.0,
            Schedule::Annealing => 1.0 - f64::from(t) / f64::from(num_timesteps - 1),
            Schedule::Periodic { period } => {
                1.0 + 0.5 * libm::sin(std::f64::consts::TAU * f64::from(t) / f64::from(period))
            }
        }
    }
}

/// The noise block.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noise {
    /// Its law.
    pub law: NoiseLaw,
    /// Its scale `s`, above 0.
    pub scale: f64,
    /// Where it enters.
    pub location: NoiseLocation,
    /// Its scale over the steps.
    pub schedule: Schedule,
    /// ρ, the correlation as a fraction of the side; 0 is white. Dropout ignores it.
    pub correlation: f64,
}

/// How the operator's output becomes the next state.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Policy {
    /// `X' = O(X)`.
    Autoregressive,
    /// `X' = X + dt·O(X)`.
    Residual {
        /// The step, above 0.
        dt: f64,
    },
    /// `X' = X + dt·O(X) + √dt·s·η`, with O without its noise `s·η`: the scheme of Euler and Maruyama
    /// (Kloeden and Platen 1992), whose diffusion does not vanish with the step. The noise must be
    /// added to the output.
    EulerMaruyama {
        /// The step, above 0.
        dt: f64,
    },
    /// `X' = α·X + (1−α)·O(X)`.
    Convex {
        /// The weight of the old state, in [0, 1).
        alpha: f64,
    },
}

impl Policy {
    /// The name in an experiment file.
    pub fn name(self) -> &'static str {
        match self {
            Policy::Autoregressive => "autoregressive",
            Policy::Residual { .. } => "residual",
            Policy::EulerMaruyama { .. } => "euler_maruyama",
            Policy::Convex { .. } => "convex",
        }
    }
}

/// What the network is: everything that its weights or its deterministic part depend on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Architecture {
    /// How its blocks are put together.
    pub topology: Topology,
    /// Hidden blocks L; those at the bottom of an encoder–decoder.
    pub num_layers: u32,
    /// Width b at full resolution.
    pub base_channels: u32,
    /// Kernel side k, odd.
    pub kernel_size: u32,
    /// After each normalisation.
    pub activation: Activation,
    /// After each convolution.
    pub norm: Norm,
    /// Monte-Carlo channel dropout after each convolution block.
    pub dropout_rate: f64,
    /// Law of the weights.
    pub init: Init,
    /// Factor on the convolution weights.
    pub weight_gain: f64,
    /// Channels C of the state.
    pub channels: u32,
}

/// One operator.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Operator {
    /// Its index: its identity, and its row in the Sobol sequence.
    pub index: u64,
    /// Grid side n.
    pub grid: u32,
    /// The network.
    pub architecture: Architecture,
    /// The noise, if there is any.
    pub noise: Option<Noise>,
    /// The update policy.
    pub policy: Policy,
}

impl Operator {
    /// The operator that the values `theta` describe.
    pub fn new(index: u64, theta: &Theta) -> Self {
        let architecture = Architecture {
            topology: named(theta, space::ARCHITECTURE, Topology::named),
            num_layers: theta.int(space::NUM_LAYERS) as u32,
            base_channels: theta.int(space::BASE_CHANNELS) as u32,
            kernel_size: theta.int(space::KERNEL_SIZE) as u32,
            activation: named(theta, space::ACTIVATION, Activation::named),
            norm: named(theta, space::NORMALIZATION, Norm::named),
            dropout_rate: theta.float(space::DROPOUT_RATE),
            init: named(theta, space::INIT, Init::named),
            weight_gain: theta.float(space::WEIGHT_GAIN),
            channels: theta.int(space::CHANNELS) as u32,
        };
        let policy = match theta.name(space::UPDATE_POLICY) {
            "autoregressive" => Policy::Autoregressive,
            "residual" => Policy::Residual { dt: theta.float(space::DT) },
            "euler_maruyama" => Policy::EulerMaruyama { dt: theta.float(space::DT) },
            _ => Policy::Convex { alpha: theta.float(space::ALPHA) },
        };
        let grid = theta.int(space::GRID_SIZE) as u32;
        Self { index, grid, architecture, noise: noise(theta), policy }
    }

    /// Whether the rollout depends on the horizon T: only annealed noise does, and at T = 1 it is
    /// at full scale.
    pub fn depends_on_horizon(&self, num_timesteps: u32) -> bool {
        num_timesteps >= 2 && self.noise.is_some_and(|n| n.schedule == Schedule::Annealing)
    }

    /// The scale of the noise at application `t` of a rollout of `num_timesteps` states, 0 without noise:
    /// its schedule, and for Euler–Maruyama 1/√dt, since the output is multiplied by dt.
    pub fn noise_scale(&self, t: u32, num_timesteps: u32) -> f64 {
        let Some(noise) = self.noise else { return 0.0 };
        let scale = noise.scale * noise.schedule.factor(t, num_timesteps);
        match self.policy {
            Policy::EulerMaruyama { dt } if num_timesteps >= 2 => scale / dt.sqrt(),
            _ => scale,
        }
    }

    /// `low`, `medium` or `high`: scale below 0.01, below 0.1, or above; `none` without noise.
    pub fn noise_regime(&self) -> &'static str {
        match self.noise {
            None => "none",
            Some(noise) if noise.scale < 0.01 => "low",
            Some(noise) if noise.scale < 0.1 => "medium",
            Some(_) => "high",
        }
    }
}

fn named<T>(theta: &Theta, id: space::ParameterId, find: impl Fn(&str) -> Option<T>) -> T {
    find(theta.name(id)).expect("the vocabulary lists the names of the enum")
}

fn noise(theta: &Theta) -> Option<Noise> {
    let scale = theta.float(space::NOISE_SCALE);
    let law = NoiseLaw::named(theta.name(space::NOISE_TYPE))?;
    if scale <= 0.0 {
        return None;
    }
    let schedule = match theta.name(space::NOISE_SCHEDULE) {
        "annealing" => Schedule::Annealing,
        "periodic" => Schedule::Periodic { period: theta.int(space::SCHEDULE_PERIOD) as u32 },
        _ => Schedule::Constant,
    };
    // A dropped channel has no spatial structure to correlate.
    let correlation = match law {
        NoiseLaw::Dropout => 0.0,
        _ => theta.float(space::SPATIAL_CORRELATION),
    };
    let location = named(theta, space::NOISE_LOCATION, NoiseLocation::named);
    Some(Noise { law, scale, location, schedule, correlation })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annealing_starts_at_full_scale_and_ends_one_step_above_zero() {
        assert_eq!(Schedule::Annealing.factor(0, 50), 1.0);
        assert!((Schedule::Annealing.factor(48, 50) - 1.0 / 49.0).abs() < 1e-15);
        assert_eq!(Schedule::Annealing.factor(0, 1), 1.0);
    }

    #[test]
    fn a_periodic_schedule_has_its_period() {
        let schedule = Schedule::Periodic { period: 8 };
        assert!((schedule.factor(2, 99) - 1.5).abs() < 1e-15);
        assert!((schedule.factor(3, 99) - schedule.factor(11, 99)).abs() < 1e-12);
    }
}
