//! Statistics of the features of a data set over its training split, and the cleaning recipe that
//! follows from them.

use super::{Artifact, FeatureTable, Handle, StateFeatures};
use crate::features::cleaning::Cleaning;
use crate::features::reduce::Aggregation;
use crate::features::{Category, Definitions};
use crate::key::{Kind, Manifest};

/// The document `statistics`, and the same as YAML: the one array `stats.yaml`.
#[derive(Debug)]
pub struct Statistics {
    /// The categories of states, in the order of the columns.
    pub categories: Vec<&'static dyn Category>,
    /// Their tables.
    pub states: Vec<Handle<StateFeatures>>,
    /// The tables of operator sensitivity, if that is asked for.
    pub sensitivity: Vec<Handle<FeatureTable>>,
    /// Features that are not requested.
    pub exclude: Vec<String>,
    /// Whose definitions: how missing values aggregate.
    pub definitions: Definitions,
    /// What becomes of the features of trajectories over realizations.
    pub aggregation: Vec<Aggregation>,
    /// The experiment seed, and the share of operators that train: who they are.
    pub split: (u64, f64),
    /// Settings of the recipe.
    pub cleaning: Cleaning,
}

impl Artifact for Statistics {
    const KIND: Kind = Kind { name: "statistics", version: 1 };

    fn describe(&self, m: &mut dyn Manifest) {
        for (at, table) in self.states.iter().enumerate() {
            m.input(&format!("features {at}"), table.key());
        }
        for (at, table) in self.sensitivity.iter().enumerate() {
            m.input(&format!("sensitivity {at}"), table.key());
        }
        m.param("exclude", self.exclude.clone().into());
        m.param("definitions", self.definitions.name().into());
        let aggregation: Vec<&str> = self.aggregation.iter().map(|a| a.name()).collect();
        m.param("realization_aggregation", aggregation.into());
        m.param("seed", self.split.0.into());
        m.param("train", self.split.1.into());
        self.cleaning.describe(m);
    }

    fn label(&self) -> String {
        "statistics".into()
    }
}
