//! Features of states that a job of rollouts has in memory: what is to be looked at, from where it goes on,
//! and where it is put.

use std::rc::Rc;
use std::sync::Arc;

use super::Context;
use super::look::Looker;
use super::measured::{self, Seen};
use crate::artifact::{Artifact, Looked, RolloutChunk, Start, StateFeatures};
use crate::cache::{Entry, PartWriter};
use crate::compute::rollout::Outcome;
use crate::error::Result;
use crate::exec::protocol::part_name;
use crate::graph::Node;
use crate::operator::Operator;

/// Features that are taken of the states of a job.
pub struct Looking {
    looked: Arc<Looked>,
    looker: Looker,
    /// What the segment before carried, operator by operator; `None` where that is not known, so that
    /// this one cannot go on.
    before: Vec<Option<measured::Carried>>,
    /// For each rollout a part for each category, if what is seen goes beside the features and not into
    /// the entry.
    pub asides: Vec<Vec<PartWriter>>,
}

impl Looking {
    /// Finds out what is to be looked at: of states that are not kept what the recipe says, of others
    /// what `looks` need.
    pub fn prepare(
        context: &Context,
        (nodes, looks): (&[&Node], &[&Node]),
        recipes: &[&RolloutChunk],
        (operators, units): (&[Operator], (usize, usize)),
        source: &Rc<Entry>,
    ) -> Result<Option<Self>> {
        let first = recipes[0];
        let features: Vec<&StateFeatures> = looks.iter().filter_map(|n| n.recipe_as()).collect();
        let looked = match (&first.looked, features.first()) {
            (Some(looked), _) => Arc::clone(looked),
            (None, Some(any)) => Arc::new(Looked {
                categories: features.iter().map(|recipe| recipe.category).collect(),
                settings: any.settings.clone(),
            }),
            (None, None) => return Ok(None),
        };
        let mut before = vec![Some(measured::Carried::new()); operators.len()];
        if let Start::Segment(segment) = first.start {
            let seen = match first.looked {
                Some(_) => Seen::Entry(Rc::clone(source)),
                None => Seen::aside(context, looks, &segment.key())?,
            };
            let width = first.realizations.len();
            for (before, operator) in before.iter_mut().zip(operators) {
                let index = operator.index;
                *before = measured::carried(context, &seen, index, &looked.categories, width)?;
            }
        }
        let mut asides = Vec::new();
        if first.looked.is_none() && before.iter().any(Option::is_some) {
            for node in nodes {
                let name = format!("{}{}", measured::aside_name(&node.key), part_name(units));
                let kind = StateFeatures::KIND.name;
                let part =
                    |look: &&Node| PartWriter::create(&context.cache, kind, &look.key, &name);
                asides.push(looks.iter().map(part).collect::<Result<_>>()?);
            }
        }
        let looker = Looker::new(context.device, &looked.categories, &looked.settings);
        Ok(Some(Self { looked, looker, before, asides }))
    }

    /// Looks at the states of one operator in one rollout.
    pub fn store(
        &mut self,
        context: &Context,
        (at, recipe): (usize, &RolloutChunk),
        (unit, operator): (usize, &Operator),
        outcome: &Outcome,
        part: &mut PartWriter,
    ) -> Result<()> {
        let Some(before) = self.before[unit].clone() else { return Ok(()) };
        let parts = match self.asides.get_mut(at) {
            Some(own) => own.as_mut_slice(),
            None => std::slice::from_mut(part),
        };
        let looked = (recipe, &*self.looked);
        measured::store(context, looked, &mut self.looker, operator, outcome, before, parts)
    }
}
