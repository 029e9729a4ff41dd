//! The registry of features as lists and as the page `docs/features.md`.

mod page;

use serde_json::{Value, json};

pub use page::document;

use crate::features::{CATEGORIES, Category, Definitions, Feature, Scope, Set, Settings, Stage};
use crate::operator::sensitivity;

/// A feature with its category, under both definitions.
pub struct Registered {
    /// Its category.
    pub category: &'static str,
    /// What it is, `constant` apart, which is under `standard`.
    pub feature: Feature,
    /// Why it carries no information under `compat`, if that is so.
    pub constant_compat: Option<&'static str>,
    /// When it exists.
    stage: &'static str,
    /// Of what it is taken.
    scope: &'static str,
}

/// Every feature with the default settings, in the order of the columns.
pub fn features() -> Vec<Registered> {
    let mut all: Vec<Registered> = CATEGORIES.iter().flat_map(|category| of(*category)).collect();
    all.extend(sensitivity::features().into_iter().map(|feature| Registered {
        category: sensitivity::CATEGORY,
        feature,
        constant_compat: None,
        stage: "operator",
        scope: "operator",
    }));
    all
}

fn of(category: &'static dyn Category) -> Vec<Registered> {
    let under = |definitions| {
        let settings = Settings { definitions, set: Set::Extended, ..Settings::default() };
        category.features(&settings)
    };
    let stage = match category.stage() {
        Stage::Timestep => "timestep",
        Stage::Trajectory => "trajectory",
    };
    let scope = match category.scope() {
        Scope::Channel => "channel",
        Scope::State => "state",
    };
    let compat = under(Definitions::Compat).into_iter().map(|feature| feature.constant);
    let pairs = under(Definitions::Standard).into_iter().zip(compat);
    let registered = |(feature, constant_compat)| Registered {
        category: category.name(),
        feature,
        constant_compat,
        stage,
        scope,
    };
    pairs.map(registered).collect()
}

impl Registered {
    /// The stable name of the definition.
    pub fn identity(&self) -> String {
        format!("{}/{}@{}", self.category, self.feature.name, self.feature.version)
    }

    /// Everything, for programs.
    pub fn to_json(&self) -> Value {
        let f = &self.feature;
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        json!({
            "name": f.name,
            "summary": f.formula,
            "identity": self.identity(),
            "category": self.category,
            "set": f.set.name(),
            "version": f.version,
            "stage": self.stage,
            "scope": self.scope,
            "formula": f.formula,
            "formula_compat": f.compat,
            "undefined": text(f.undefined),
            "source": text(f.source),
            "constant": f.constant,
            "constant_compat": self.constant_compat,
        })
    }

    /// A line, for people.
    pub fn to_line(&self) -> String {
        let f = &self.feature;
        format!("{:<40} {:<20} {:<12} {}", f.name, self.category, f.set.name(), f.formula)
    }
}
