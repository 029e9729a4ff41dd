//! What is measured of rollouts: tables of features, and what is said of all of them together.

use std::sync::Arc;

use super::Expand;
use crate::artifact::{Handle, RolloutChunk, StateFeatures, Statistics};
use crate::features;
use crate::operator::Operator;
use crate::plan::cost;
use crate::sampling::train_share;

impl Expand<'_> {
    /// The features of these rollouts.
    pub(super) fn features(
        &mut self,
        operators: &Arc<[Operator]>,
        chunk: (u64, u64),
        group: &str,
        rollouts: &[Vec<Handle<RolloutChunk>>],
    ) {
        let Some(wanted) = &self.experiment.features else { return };
        for name in &wanted.categories {
            let recipe = StateFeatures {
                category: features::category(name).expect("the experiment names known ones"),
                settings: wanted.settings.clone(),
                operators: operators.clone(),
                chunk,
                group: group.to_owned(),
                rollouts: rollouts.to_vec(),
            };
            let simulation = &self.experiment.simulation;
            let states = simulation.num_realizations * simulation.num_timesteps;
            let cost = cost::state_features(&recipe, states);
            let handle = self.graph.add(recipe, cost);
            self.tables.0.push(handle);
            self.include(handle);
        }
    }

    /// What is said of all features together.
    pub(super) fn statistics(&mut self) {
        let Some(wanted) = &self.experiment.features else { return };
        let (states, sensitivity) = std::mem::take(&mut self.tables);
        let recipe = Statistics {
            categories: wanted
                .categories
                .iter()
                .filter_map(|name| features::category(name))
                .collect(),
            states,
            // They may be asked for besides, by `simulation.extract_operator_features`.
            sensitivity: if wanted.sensitivity { sensitivity } else { Vec::new() },
            exclude: wanted.exclude.clone(),
            definitions: wanted.settings.definitions,
            aggregation: wanted.aggregation.clone(),
            split: (self.experiment.sampling.seed, train_share(&self.experiment.dataset.splits)),
            cleaning: wanted.cleaning,
        };
        let cost = cost::statistics(self.experiment, wanted);
        let handle = self.graph.add(recipe, cost);
        self.include(handle);
    }
}
