//! A plan as data for people and programs.

use serde::Serialize;

use super::{Plan, State, kind_index};
use crate::artifact::KINDS;
use crate::key::Key;

/// Counts by state.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Tally {
    /// There already.
    pub cached: u64,
    /// To be made now.
    pub stale: u64,
    /// To be made once an input is.
    pub blocked: u64,
}

/// One kind.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct KindReport {
    /// Counts by state.
    #[serde(flatten)]
    pub tally: Tally,
    /// Bytes to be made, before encoding.
    pub bytes: u64,
}

/// One artifact.
#[derive(Debug, Serialize)]
pub struct NodeReport {
    /// Its key.
    pub key: Key,
    /// Its kind.
    pub kind: &'static str,
    /// What a person calls it.
    pub label: String,
    /// `cached`, `stale` or `blocked`.
    pub state: &'static str,
    /// Why.
    pub reason: String,
}

/// What `plan --json` prints.
#[derive(Debug, Serialize)]
pub struct PlanReport {
    /// Version of this structure.
    pub schema: u32,
    /// The experiment file.
    pub experiment: String,
    /// Over all kinds.
    pub totals: Tally,
    /// By kind, every kind present, in the order of making.
    pub by_kind: serde_json::Map<String, serde_json::Value>,
    /// Every artifact, inputs first.
    pub nodes: Vec<NodeReport>,
}

impl Plan {
    /// Counts of every kind, in the order of [`KINDS`].
    pub fn tallies(&self) -> [(Tally, u64); KINDS.len()] {
        let mut out = [(Tally::default(), 0); KINDS.len()];
        for (at, node) in self.graph().iter() {
            let (tally, bytes) = &mut out[kind_index(node.kind.name)];
            match self.states[at] {
                State::Cached => tally.cached += 1,
                State::Stale => tally.stale += 1,
                State::Blocked => tally.blocked += 1,
            }
            if self.states[at] != State::Cached {
                *bytes += node.cost.bytes;
            }
        }
        out
    }

    /// The whole report. `before` tells what the last build of this experiment had under a label.
    pub fn report(&self, experiment: &str, before: &dyn Fn(&str) -> Option<Key>) -> PlanReport {
        let mut totals = Tally::default();
        let mut by_kind = serde_json::Map::new();
        for (kind, (tally, bytes)) in KINDS.iter().zip(self.tallies()) {
            totals.cached += tally.cached;
            totals.stale += tally.stale;
            totals.blocked += tally.blocked;
            let report = serde_json::to_value(KindReport { tally, bytes });
            by_kind.insert(kind.name.into(), report.expect("plain numbers"));
        }
        let nodes = (0..self.graph().len()).map(|at| self.node_report(at, before)).collect();
        PlanReport { schema: 1, experiment: experiment.into(), totals, by_kind, nodes }
    }

    /// One artifact of the report.
    pub fn node_report(&self, at: usize, before: &dyn Fn(&str) -> Option<Key>) -> NodeReport {
        let node = self.graph().node(at);
        let label = node.label();
        let reason = match self.states[at] {
            State::Cached => match &self.output {
                super::Output::Copy { from, .. } if at == self.expansion.dataset.node() => {
                    format!("copied from {}", from.display())
                }
                _ => "in the cache".to_owned(),
            },
            State::Blocked => {
                let waits = self.graph().inputs(at).find(|i| self.states[*i] != State::Cached);
                let input = waits.map(|i| self.graph().node(i).label()).unwrap_or_default();
                format!("waits for {input}")
            }
            State::Stale => match (&self.output, before(&label)) {
                (super::Output::Assemble(why), _) if at == self.expansion.dataset.node() => {
                    (*why).to_owned()
                }
                (_, None) => "not built yet".to_owned(),
                (_, Some(key)) if key == node.key => "no longer in the cache".to_owned(),
                (_, Some(_)) => "its recipe changed since the last build".to_owned(),
            },
        };
        NodeReport {
            key: node.key,
            kind: node.kind.name,
            label,
            state: self.states[at].name(),
            reason,
        }
    }
}
