//! The parameter space θ: the vocabulary of parameters, what an experiment says about each, and the
//! map from a unit coordinate to a value.
//!
//! Every name owns a fixed Sobol dimension, for ever: adding, removing or fixing a parameter moves no
//! other parameter's values. A new name takes the next free number, at the end.

use crate::key::Value;

/// The Sobol dimension that chooses the initial-condition type.
pub const INPUT_TYPE_DIMENSION: u32 = 0;

/// The four groups of a parameter space, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// What the network is.
    Architecture,
    /// Its noise.
    Stochastic,
    /// Normalisation and grid.
    Operator,
    /// How the state is updated.
    Evolution,
}

impl Group {
    /// Every group, in order.
    pub const ALL: [Group; 4] =
        [Group::Architecture, Group::Stochastic, Group::Operator, Group::Evolution];

    /// The name in an experiment file.
    pub fn name(self) -> &'static str {
        match self {
            Group::Architecture => "architecture",
            Group::Stochastic => "stochastic",
            Group::Operator => "operator",
            Group::Evolution => "evolution",
        }
    }
}

/// One value of a parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Setting {
    /// A whole number.
    Int(i64),
    /// A real number.
    Float(f64),
    /// A name of the vocabulary.
    Name(&'static str),
}

impl Setting {
    /// The number, whole or real; a name has none.
    pub fn number(self) -> Option<f64> {
        match self {
            Setting::Int(v) => Some(v as f64),
            Setting::Float(v) => Some(v),
            Setting::Name(_) => None,
        }
    }
}

impl From<Setting> for Value {
    fn from(setting: Setting) -> Value {
        match setting {
            Setting::Int(v) => Value::Int(v),
            Setting::Float(v) => Value::Float(v),
            Setting::Name(v) => Value::Text(v.into()),
        }
    }
}

impl From<Setting> for serde_json::Value {
    fn from(setting: Setting) -> serde_json::Value {
        match setting {
            Setting::Int(v) => v.into(),
            Setting::Float(v) => v.into(),
            Setting::Name(v) => v.into(),
        }
    }
}

/// Which values a parameter may take at all.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Domain {
    /// Whole numbers between two ends, both allowed.
    Int(i64, i64),
    /// Odd whole numbers between two ends.
    Odd(i64, i64),
    /// Real numbers `lo <= x < hi`, or `lo < x` where `open` is set.
    Float {
        /// Low end.
        lo: f64,
        /// High end, not allowed itself unless infinite ranges make that moot.
        hi: f64,
        /// Whether the low end itself is excluded.
        open: bool,
    },
    /// Some names.
    Names(&'static [&'static str]),
}

impl Domain {
    /// Whether `setting` lies in the domain.
    pub fn contains(self, setting: Setting) -> bool {
        match (self, setting) {
            (Domain::Int(lo, hi), Setting::Int(v)) => (lo..=hi).contains(&v),
            (Domain::Odd(lo, hi), Setting::Int(v)) => (lo..=hi).contains(&v) && v % 2 == 1,
            (Domain::Float { lo, hi, open }, v) => {
                v.number().is_some_and(|v| (if open { v > lo } else { v >= lo }) && v < hi)
            }
            (Domain::Names(names), Setting::Name(v)) => names.contains(&v),
            _ => false,
        }
    }

    /// What is allowed, for a message.
    pub fn describe(self) -> String {
        match self {
            Domain::Int(lo, hi) => format!("whole numbers from {lo} to {hi}"),
            Domain::Odd(lo, hi) => format!("odd whole numbers from {lo} to {hi}"),
            Domain::Float { lo, hi, open: false } => format!("numbers from {lo:?} to below {hi:?}"),
            Domain::Float { lo, hi, open: true } => {
                format!("numbers above {lo:?} and below {hi:?}")
            }
            Domain::Names(names) => names.join(", "),
        }
    }
}

/// A parameter that an experiment may sample or fix.
#[derive(Debug, PartialEq)]
pub struct Parameter {
    /// The name in an experiment file.
    pub name: &'static str,
    /// The group it belongs to.
    pub group: Group,
    /// Its Sobol dimension.
    pub dimension: u32,
    /// Which values it may take.
    pub domain: Domain,
    /// The value when an experiment does not name it.
    pub default: Setting,
    /// What it does, and when.
    pub summary: &'static str,
}

/// Names one parameter; its number is its index in [`VOCABULARY`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParameterId(pub usize);

macro_rules! vocabulary {
    ($($id:ident = $dim:literal $name:literal $group:ident $domain:expr, $default:expr, $summary:literal;)*) => {
        /// Every parameter, in group order. A new one takes the next free dimension.
        pub const VOCABULARY: &[Parameter] = &[$(Parameter {
            name: $name, group: Group::$group, dimension: $dim, domain: $domain,
            default: $default, summary: $summary,
        }),*];

        vocabulary!(@ids 0usize; $($id $summary,)*);
    };
    (@ids $n:expr; $id:ident $summary:literal, $($rest:tt)*) => {
        #[doc = $summary]
        pub const $id: ParameterId = ParameterId($n);
        vocabulary!(@ids $n + 1usize; $($rest)*);
    };
    (@ids $n:expr;) => {};
}

vocabulary! {
    ARCHITECTURE = 20 "architecture" Architecture
        Domain::Names(&["simple_cnn", "encoder_decoder"]), Setting::Name("simple_cnn"),
        "`simple_cnn`: all blocks at full resolution; `encoder_decoder`: a U-Net of two levels, with the hidden blocks at the bottom, on grids divisible by 4";
    NUM_LAYERS = 1 "num_layers" Architecture Domain::Int(1, 32), Setting::Int(3),
        "number of hidden blocks; convolution blocks up to 3, residual blocks from 4 on";
    BASE_CHANNELS = 2 "base_channels" Architecture Domain::Int(1, 512), Setting::Int(32),
        "width b; hidden block i has b·2^min(i,2) channels, in an `encoder_decoder` b, 2b and 4b by level";
    KERNEL_SIZE = 3 "kernel_size" Architecture Domain::Odd(1, 31), Setting::Int(3),
        "side of the convolution kernels; odd, at most the grid side, in an `encoder_decoder` at most a quarter of it";
    ACTIVATION = 4 "activation" Architecture
        Domain::Names(&["relu", "gelu", "silu", "tanh", "none"]), Setting::Name("gelu"),
        "activation after each normalisation; gelu is the exact erf form";
    DROPOUT_RATE = 5 "dropout_rate" Architecture Domain::Float { lo: 0.0, hi: 1.0, open: false },
        Setting::Float(0.0),
        "probability of dropping a channel after each block, drawn anew for every realization and step (Monte-Carlo dropout)";
    INIT = 19 "init" Architecture Domain::Names(&["torch", "he"]), Setting::Name("torch"),
        "law of the weights: torch U(±1/√F), he N(0, 2/F) with fan-in F and zero biases";
    WEIGHT_GAIN = 6 "weight_gain" Architecture
        Domain::Float { lo: 0.0, hi: 1000.0, open: true }, Setting::Float(1.0),
        "factor on all convolution weights";
    NOISE_TYPE = 7 "noise_type" Stochastic
        Domain::Names(&["gaussian", "laplace", "multiplicative", "dropout", "none"]),
        Setting::Name("none"), "law of the noise";
    NOISE_SCALE = 8 "noise_scale" Stochastic
        Domain::Float { lo: 0.0, hi: 1e6, open: true }, Setting::Float(0.0),
        "standard deviation of the noise before the schedule; for dropout its probability, at most 0.95";
    NOISE_LOCATION = 9 "noise_location" Stochastic
        Domain::Names(&["features", "output", "input", "hidden"]), Setting::Name("features"),
        "where the noise enters: features (before the output layer), output (after it), input, hidden (after every block)";
    NOISE_SCHEDULE = 10 "noise_schedule" Stochastic
        Domain::Names(&["constant", "annealing", "periodic"]), Setting::Name("constant"),
        "scale over the steps: constant; annealing s·(1 − t/(T−1)); periodic s·(1 + ½ sin 2πt/P)";
    SCHEDULE_PERIOD = 11 "schedule_period" Stochastic Domain::Int(1, 1_000_000),
        Setting::Int(100), "period P of the periodic schedule, in steps";
    SPATIAL_CORRELATION = 12 "spatial_correlation" Stochastic
        Domain::Float { lo: 0.0, hi: 1.0, open: false }, Setting::Float(0.0),
        "correlation ρ of the noise as a fraction of the side n of the grid it acts on; covariance exp(−r²/2ℓ²), ℓ = ρn/(π√2) pixels";
    NORMALIZATION = 13 "normalization" Operator
        Domain::Names(&["none", "instance", "batch", "group", "layer"]),
        Setting::Name("instance"),
        "normalisation after each convolution; `none` gives the convolutions a bias, `batch` gives neither";
    GRID_SIZE = 14 "grid_size" Operator Domain::Int(8, 4096), Setting::Int(64),
        "side n of the square periodic grid";
    CHANNELS = 18 "channels" Operator Domain::Int(1, 64), Setting::Int(3),
        "channels C of the state; one number for the whole experiment";
    UPDATE_POLICY = 15 "update_policy" Evolution
        Domain::Names(&["autoregressive", "residual", "convex", "euler_maruyama"]), Setting::Name("convex"),
        "how the state is updated when T ≥ 2: O(X), X + dt·O(X), α·X + (1−α)·O(X), or X + dt·O(X) + √dt·s·η with the noise s·η apart from O";
    ALPHA = 16 "alpha" Evolution Domain::Float { lo: 0.0, hi: 1.0, open: false },
        Setting::Float(0.5), "weight α of the old state under the convex policy";
    DT = 17 "dt" Evolution Domain::Float { lo: 0.0, hi: 1000.0, open: true },
        Setting::Float(0.01), "step dt of the policies `residual` and `euler_maruyama`";
}

impl ParameterId {
    /// The parameter called `name`; `swish` and the like are the business of its values.
    pub fn named(name: &str) -> Option<ParameterId> {
        VOCABULARY.iter().position(|p| p.name == name).map(ParameterId)
    }

    /// What the vocabulary says about it.
    pub fn get(self) -> &'static Parameter {
        &VOCABULARY[self.0]
    }
}

/// What an experiment says about a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Spec {
    /// Whole numbers from low to high, each as likely.
    Integer(i64, i64),
    /// Real numbers from low to high, uniform in value or in logarithm.
    Continuous {
        /// Low end.
        lo: f64,
        /// High end.
        hi: f64,
        /// Uniform in the logarithm; `lo > 0`.
        log: bool,
    },
    /// One of some values, each as likely.
    Choice(Vec<Setting>),
}

impl Spec {
    /// The only value, if there is only one: such a parameter has no Sobol dimension.
    pub fn fixed(&self) -> Option<Setting> {
        match self {
            Spec::Integer(lo, hi) if lo == hi => Some(Setting::Int(*lo)),
            Spec::Continuous { lo, hi, .. } if lo == hi => Some(Setting::Float(*lo)),
            Spec::Choice(choices) if choices.len() == 1 => Some(choices[0]),
            _ => None,
        }
    }

    /// The value at Sobol coordinate `u` in [0, 1).
    ///
    /// Integers and choices get cells of equal mass; a logarithmic range uses natural logarithms;
    /// results are clamped into the range. Computed with pure-Rust `libm`: the same bits everywhere.
    pub fn value(&self, u: f64) -> Setting {
        match self {
            Spec::Integer(lo, hi) => {
                let count = hi - lo + 1;
                Setting::Int(lo + ((u * count as f64) as i64).min(count - 1))
            }
            Spec::Continuous { lo, hi, log: false } => {
                Setting::Float((lo + u * (hi - lo)).clamp(*lo, *hi))
            }
            Spec::Continuous { lo, hi, log: true } => {
                let (a, b) = (libm::log(*lo), libm::log(*hi));
                Setting::Float(libm::exp(a + u * (b - a)).clamp(*lo, *hi))
            }
            Spec::Choice(choices) => {
                choices[((u * choices.len() as f64) as usize).min(choices.len() - 1)]
            }
        }
    }

    /// Number of levels, for a spec with countably many values.
    pub fn levels(&self) -> Option<usize> {
        match self {
            Spec::Integer(lo, hi) => Some((hi - lo + 1) as usize),
            Spec::Choice(choices) => Some(choices.len()),
            Spec::Continuous { .. } => None,
        }
    }

    /// The spec in a recipe.
    pub fn to_value(&self) -> Value {
        match self {
            Spec::Integer(lo, hi) => Value::Map(vec![("integer", vec![*lo, *hi].into())]),
            Spec::Continuous { lo, hi, log } => {
                Value::Map(vec![(if *log { "log" } else { "linear" }, vec![*lo, *hi].into())])
            }
            Spec::Choice(choices) => Value::Map(vec![("choice", choices.clone().into())]),
        }
    }
}

/// The parameters that an experiment names, sampled or fixed, in vocabulary order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Space {
    /// Each named parameter with its spec.
    pub named: Vec<(ParameterId, Spec)>,
}

impl Space {
    /// The spec of a parameter, if the experiment names it.
    pub fn spec(&self, id: ParameterId) -> Option<&Spec> {
        self.named.iter().find(|(named, _)| *named == id).map(|(_, spec)| spec)
    }

    /// The sampled parameters (those with more than one value), in vocabulary order.
    pub fn sampled(&self) -> impl Iterator<Item = (ParameterId, &Spec)> {
        self.named.iter().filter(|(_, spec)| spec.fixed().is_none()).map(|(id, spec)| (*id, spec))
    }

    /// The value of a parameter that is not sampled: fixed by the experiment, or the default.
    pub fn constant(&self, id: ParameterId) -> Option<Setting> {
        match self.spec(id) {
            Some(spec) => spec.fixed(),
            None => Some(id.get().default),
        }
    }
}

/// The values of all parameters of one operator, by vocabulary index.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Theta(pub [Setting; VOCABULARY.len()]);

impl Theta {
    /// A whole number.
    pub fn int(&self, id: ParameterId) -> i64 {
        match self.0[id.0] {
            Setting::Int(v) => v,
            other => unreachable!("{} is a whole number, not {other:?}", id.get().name),
        }
    }

    /// A real number.
    pub fn float(&self, id: ParameterId) -> f64 {
        self.0[id.0].number().expect("the vocabulary says that it is a number")
    }

    /// A name.
    pub fn name(&self, id: ParameterId) -> &'static str {
        match self.0[id.0] {
            Setting::Name(v) => v,
            other => unreachable!("{} is a name, not {other:?}", id.get().name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_parameter_owns_its_dimension() {
        let dimensions: BTreeSet<u32> = VOCABULARY.iter().map(|p| p.dimension).collect();
        assert_eq!(dimensions.len(), VOCABULARY.len());
        assert!(!dimensions.contains(&INPUT_TYPE_DIMENSION));
        // The numbers themselves are part of every key: pinned.
        let pinned: Vec<(&str, u32)> = VOCABULARY.iter().map(|p| (p.name, p.dimension)).collect();
        let first = [("architecture", 20), ("num_layers", 1), ("base_channels", 2)];
        assert_eq!(pinned[..3], first);
        assert_eq!(ParameterId::named("alpha"), Some(ALPHA));
        assert_eq!(ALPHA.get().dimension, 16);
    }

    #[test]
    fn defaults_lie_in_their_domains() {
        // `noise_scale` has no default: without one there is no noise.
        for p in VOCABULARY.iter().filter(|p| p.name != "noise_scale") {
            assert!(p.domain.contains(p.default), "{}", p.name);
        }
    }

    #[test]
    fn integers_and_choices_have_equal_mass() {
        let spec = Spec::Integer(2, 5);
        let mut counts = [0; 4];
        for i in 0..4000 {
            let Setting::Int(v) = spec.value((f64::from(i) + 0.5) / 4000.0) else { panic!() };
            counts[(v - 2) as usize] += 1;
        }
        assert_eq!(counts, [1000; 4]);
        assert_eq!(spec.value(1.0 - f64::EPSILON / 2.0), Setting::Int(5));
    }

    #[test]
    fn a_logarithmic_range_is_uniform_in_the_logarithm() {
        let spec = Spec::Continuous { lo: 1e-4, hi: 1.0, log: true };
        let Setting::Float(middle) = spec.value(0.5) else { panic!() };
        assert!((middle - 1e-2).abs() < 1e-16);
        let Setting::Float(low) = spec.value(0.0) else { panic!() };
        assert!((1e-4..1.000_001e-4).contains(&low));
    }

    #[test]
    fn a_parameter_with_one_value_is_not_sampled() {
        let space = Space {
            named: vec![
                (NUM_LAYERS, Spec::Integer(3, 3)),
                (BASE_CHANNELS, Spec::Integer(2, 9)),
                (ACTIVATION, Spec::Choice(vec![Setting::Name("relu")])),
            ],
        };
        assert_eq!(space.sampled().map(|(id, _)| id).collect::<Vec<_>>(), [BASE_CHANNELS]);
        assert_eq!(space.constant(ACTIVATION), Some(Setting::Name("relu")));
        assert_eq!(space.constant(DT), Some(Setting::Float(0.01)));
        assert_eq!(space.constant(BASE_CHANNELS), None);
    }
}
