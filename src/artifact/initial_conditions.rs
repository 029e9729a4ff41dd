//! Initial conditions of one chunk.

use std::sync::Arc;

use super::{Artifact, operators_label};
use crate::ic::{Family, InitialCondition};
use crate::key::{Kind, Manifest, Prefixed, Value};

/// The initial condition of one operator.
#[derive(Debug, Clone)]
pub struct Input {
    /// Index of the operator: the identity of its random stream.
    pub operator: u64,
    /// Which of the experiment's entries it is; not part of the recipe.
    pub entry: usize,
    /// Its family.
    pub family: &'static Family,
    /// Its settings.
    pub settings: Arc<dyn InitialCondition>,
    /// Grid side.
    pub grid: u32,
}

/// Pieces `fields/<operator>` `[C, n, n]` float32, and the document `settings`: what was drawn.
#[derive(Debug)]
pub struct InitialConditions {
    /// One per operator of the chunk.
    pub inputs: Vec<Input>,
    /// The experiment seed.
    pub seed: u64,
    /// C.
    pub channels: u32,
}

impl Artifact for InitialConditions {
    const KIND: Kind = Kind { name: "initial_conditions", version: 1 };

    fn describe(&self, m: &mut dyn Manifest) {
        m.param("seed", self.seed.into());
        m.param("channels", self.channels.into());
        // Entries are numbered by first use within the chunk, so that an entry added elsewhere in
        // the experiment changes no chunk that does not use it.
        let mut seen: Vec<usize> = Vec::new();
        for input in &self.inputs {
            let local = seen.iter().position(|e| *e == input.entry).unwrap_or_else(|| {
                let local = seen.len();
                seen.push(input.entry);
                let prefix = format!("entry {local}");
                m.param(&prefix, input.family.name.into());
                m.param(&format!("{prefix} version"), input.family.version.into());
                input.settings.describe(&mut Prefixed { prefix: &prefix, inner: m });
                local
            });
            m.param(
                &format!("operator {}", input.operator),
                Value::Map(vec![("entry", local.into()), ("grid", input.grid.into())]),
            );
        }
    }

    fn label(&self) -> String {
        let (first, last) = (&self.inputs[0], &self.inputs[self.inputs.len() - 1]);
        format!("initial_conditions/{}", operators_label(first.operator, last.operator))
    }
}
