//! Which features are wanted, with which settings.

use super::cleaning::Cleaning;
use super::reduce::Aggregation;
use super::{Feature, Settings, Stage, category};

/// What is measured of rollouts.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// Definitions, set, and the settings of the categories.
    pub settings: Settings,
    /// The categories that are computed from states, in the order of the columns.
    pub categories: Vec<&'static str>,
    /// Whether the operator-sensitivity features are computed.
    pub sensitivity: bool,
    /// Features whose columns are marked as not requested.
    pub exclude: Vec<String>,
    /// What becomes of the features of trajectories over realizations.
    pub aggregation: Vec<Aggregation>,
    /// How columns are made fit to train on.
    pub cleaning: Cleaning,
}

impl Selection {
    /// The categories of states that are wanted, each with its features, in the order of the columns.
    pub fn features(&self) -> impl Iterator<Item = (&'static dyn super::Category, Vec<Feature>)> {
        self.categories.iter().map(|name| {
            let category = category(name).expect("a selection names categories that there are");
            (category, category.features(&self.settings))
        })
    }

    /// Whether there are features of a stage, the operator's own counted with the trajectories.
    pub fn has(&self, stage: Stage) -> bool {
        let own = self.features().any(|(category, _)| category.stage() == stage);
        own || (stage == Stage::Trajectory && self.sensitivity)
    }
}
