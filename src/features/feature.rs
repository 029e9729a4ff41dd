//! What a feature is, and what a category must say and do.

use super::{Carrier, Frame, Measured, Past, Settings, Shape};

/// One column of a table.
#[derive(Debug, Clone)]
pub struct Feature {
    /// As in tables; unique over all categories. The stable identity is `category/name@version`.
    pub name: String,
    /// Raised when its value changes under `standard`.
    pub version: u32,
    /// The smallest set that has it.
    pub set: Set,
    /// The definition under `standard`, on one line of plain text.
    pub formula: &'static str,
    /// The definition under `compat` where it differs.
    pub compat: Option<&'static str>,
    /// When it has no value.
    pub undefined: &'static str,
    /// Where the definition comes from.
    pub source: &'static str,
    /// Why it carries no information, if it is the same for every state.
    pub constant: Option<&'static str>,
}

/// Sets of features; each holds the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Set {
    /// `sdf-1.0`: 59 features.
    V1,
    /// `sdf-2.0`: 153 features.
    V2,
    /// `sdf-extended`: what the Python reference has code for beyond them.
    Extended,
}

impl Set {
    /// Every set, the smallest first.
    pub const ALL: [Set; 3] = [Set::V1, Set::V2, Set::Extended];

    /// As in the file.
    pub fn name(self) -> &'static str {
        match self {
            Set::V1 => "sdf-1.0",
            Set::V2 => "sdf-2.0",
            Set::Extended => "sdf-extended",
        }
    }
}

/// At which stage of the extraction a value exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// For every state.
    Timestep,
    /// For every trajectory.
    Trajectory,
}

/// Of what a value is taken before it is averaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Of each channel.
    Channel,
    /// Of all channels together.
    State,
}

/// Why there is no value. The numbers are those in files; 0 stands for a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Undefined {
    /// The field is constant, so that it has no shape.
    ConstantField = 1,
    /// One state: nothing happens in time.
    SingleStep = 2,
    /// Fewer states than the definition needs.
    ShortSeries = 3,
    /// Fewer channels than the definition needs.
    FewChannels = 4,
    /// A state holds a number that is not finite.
    NonFinite = 5,
    /// It was switched off.
    NotRequested = 6,
    /// A quotient of nothing by nothing, or by nothing.
    ZeroDenominator = 7,
    /// The series does not change, so that it has no shape.
    ConstantSeries = 8,
    /// A spread needs two realizations.
    FewRealizations = 9,
    /// The definition's estimate is not determined by these data.
    Undetermined = 10,
    /// The operator is not at hand.
    NoOperator = 11,
    /// More channels than the definition is computed for.
    ManyChannels = 12,
}

impl Undefined {
    /// Every reason.
    pub const ALL: [Undefined; 12] = [
        Undefined::ConstantField,
        Undefined::SingleStep,
        Undefined::ShortSeries,
        Undefined::FewChannels,
        Undefined::NonFinite,
        Undefined::NotRequested,
        Undefined::ZeroDenominator,
        Undefined::ConstantSeries,
        Undefined::FewRealizations,
        Undefined::Undetermined,
        Undefined::NoOperator,
        Undefined::ManyChannels,
    ];

    /// As a person reads it.
    pub fn name(self) -> &'static str {
        match self {
            Undefined::ConstantField => "constant field",
            Undefined::SingleStep => "single time step",
            Undefined::ShortSeries => "series too short",
            Undefined::FewChannels => "too few channels",
            Undefined::NonFinite => "state not finite",
            Undefined::NotRequested => "not requested",
            Undefined::ZeroDenominator => "zero denominator",
            Undefined::ConstantSeries => "constant series",
            Undefined::FewRealizations => "too few realizations",
            Undefined::Undetermined => "not determined by the data",
            Undefined::NoOperator => "operator not at hand",
            Undefined::ManyChannels => "too many channels",
        }
    }
}

/// A number, or why there is none.
pub type Value = Result<f64, Undefined>;

/// A group of features that are computed together.
pub trait Category: Sync + std::fmt::Debug {
    /// As in tables and in the file.
    fn name(&self) -> &'static str;
    /// What it looks at, and the words of its formulas, as Markdown.
    fn about(&self) -> &'static str;
    /// Raised when any of its values changes; hashed.
    fn version(&self) -> u32;
    /// When its values exist.
    fn stage(&self) -> Stage;
    /// Of what they are taken.
    fn scope(&self) -> Scope;
    /// Its features with these settings, in the order of the columns. Those of the smaller sets come
    /// first; those of `sdf-extended` only if the settings ask for them. It does not depend on the
    /// data: what they do not allow is undefined, never left out.
    fn features(&self, settings: &Settings) -> Vec<Feature>;
    /// Prepares for one trajectory.
    fn begin(&self, settings: &Settings, shape: Shape) -> Box<dyn Extractor>;
}

/// Looks at the states of one trajectory in order, perhaps not all on one thread.
pub trait Extractor: Send {
    /// Looks at one state. A category of [`Stage::Timestep`] appends its values, `[scopes, D]` with
    /// one row for each channel or one for the state.
    fn frame(&mut self, frame: &Frame<'_>, values: &mut Vec<Value>);

    /// Looks at one state that was measured elsewhere, under `standard`; otherwise as [`Self::frame`].
    fn measured(&mut self, state: &Measured, values: &mut Vec<Value>);

    /// Adds what measuring the next states needs of those before them.
    fn past(&self, _past: &mut Past) {}

    /// Keeps the pixels of a state that was measured elsewhere, the last one so far, if the next is
    /// compared with it.
    fn keep(&mut self, _state: &[f32]) {}

    /// After the last state. A category of [`Stage::Trajectory`] appends its values, `[scopes, D]`.
    fn finish(&mut self, _values: &mut Vec<Value>) {}

    /// Walks over what it keeps from state to state, so that another extractor can go on from here.
    fn carry(&mut self, _carrier: &mut Carrier) {}
}

/// A quotient, undefined where the denominator is not above `floor` in size.
pub fn quotient(numerator: f64, denominator: f64, floor: f64) -> Value {
    if denominator.abs() > floor {
        Ok(numerator / denominator)
    } else {
        Err(Undefined::ZeroDenominator)
    }
}
