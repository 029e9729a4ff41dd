//! The work of an extraction: every operator's states seen once, side by side, and its rows put into tables.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;
use serde_json::{Value as Json, json};

use super::{Extracted, Request};
use crate::config::canonical_features;
use crate::dataset::{Block, Group, Rows, Slab, Tables, Trajectories};
use crate::error::{Error, ErrorKind, Result};
use crate::features::reduce::{Aggregation, over_realizations};
use crate::features::table::Extraction;
use crate::features::{Category, Selection, Shape, Stage, Undefined, Value};
use crate::key::Digest;
use crate::operator::sensitivity;

/// How many operators are looked at.
pub(super) fn chosen(request: &Request<'_>, source: &Trajectories) -> usize {
    request.most.map_or(source.operators(), |most| most.min(source.operators()))
}

/// Tables that are complete, with what they were made from.
pub(super) struct Work<'a> {
    wanted: &'a Selection,
    pub tables: Tables<'a>,
    /// Operators that were looked at, and how many there are.
    operators: (usize, usize),
    realizations: usize,
    steps: usize,
    sensitivity: bool,
    /// The digests of the states of the operators that were looked at, by the array they lie in.
    fields: Vec<(String, Digest)>,
}

impl<'a> Work<'a> {
    /// Computes everything. Tables have `rows` rows; those that are not looked at are not requested.
    pub fn new(
        request: &Request<'a>,
        source: &Trajectories,
        rows: usize,
        folder: &Path,
    ) -> Result<Self> {
        let wanted = request.wanted;
        let (m, t) = (source.realizations, source.steps);
        let tables = Tables::new(wanted, [rows, m, t], folder)?;
        let count = chosen(request, source);
        let one = Each {
            request,
            source,
            tables: &tables,
            categories: wanted.features().map(|(category, _)| category).collect(),
            digests: Mutex::new(vec![None; count]),
            done: AtomicUsize::new(0),
            count,
        };
        let groups = source.groups(count);
        groups.par_iter().try_for_each(|group| one.group(group))?;
        (count..rows).try_for_each(|operator| tables.put(operator, tables.rows()))?;
        let digests = one.digests.into_inner().unwrap_or_else(PoisonError::into_inner);
        let fields = source
            .paths()
            .enumerate()
            .map(|(array, path)| {
                let own = (0..count).filter(|operator| source.array_of(*operator) == array);
                (path.to_owned(), Digest::tree(own.filter_map(|at| digests[at].as_ref())))
            })
            .collect();
        let operators = (count, source.operators());
        let sensitivity = source.sensitivity.is_some();
        Ok(Self { wanted, tables, operators, realizations: m, steps: t, sensitivity, fields })
    }

    /// Where the tables come from, as JSON without times.
    pub fn provenance(&self, name: &str, digest: Option<Digest>) -> String {
        let fields: serde_json::Map<String, Json> =
            self.fields.iter().map(|(path, d)| (path.clone(), d.to_string().into())).collect();
        json!({
            "generator": concat!("spinlock ", env!("CARGO_PKG_VERSION")),
            "input": {
                "file": name,
                "digest": digest,
                "operators": self.operators.0,
                "of_operators": self.operators.1,
                "fields": fields,
            },
            "features": canonical_features(self.wanted),
            "operator_sensitivity": self.wanted.sensitivity,
        })
        .to_string()
    }

    /// What to say of it.
    pub fn extracted(&self, digest: Option<Digest>, bytes: u64) -> Extracted {
        Extracted {
            operators: self.operators,
            realizations: self.realizations,
            steps: self.steps,
            columns: self.tables.columns().collect(),
            undefined: self.tables.undefined(),
            sensitivity: self.sensitivity,
            digest,
            bytes,
        }
    }
}

/// What all groups of operators share.
struct Each<'a> {
    request: &'a Request<'a>,
    source: &'a Trajectories,
    tables: &'a Tables<'a>,
    categories: Vec<&'static dyn Category>,
    /// Of the states of each operator.
    digests: Mutex<Vec<Option<Digest>>>,
    done: AtomicUsize,
    count: usize,
}

/// One trajectory at work.
#[derive(Default)]
struct Trajectory {
    extraction: Option<Extraction>,
    /// Of its states so far.
    digests: Vec<Digest>,
    /// Its rows of each category, at the end.
    rows: Vec<Vec<Value>>,
}

impl Each<'_> {
    /// Operators that are read together.
    fn group(&self, group: &Group) -> Result<()> {
        let m = self.source.realizations;
        let mut all: Vec<Trajectory> = Vec::new();
        all.resize_with(group.operators.len() * m, Trajectory::default);
        for block in self.source.blocks(group) {
            if self.request.interrupt.load(Ordering::Relaxed) {
                return Err(
                    Error::new(ErrorKind::Interrupted, "interrupted").help("nothing was written")
                );
            }
            let slab = self.source.read(group, &block)?;
            all.par_iter_mut().enumerate().for_each(|(at, trajectory)| {
                let (row, realization) = (at / m, at % m);
                if block.realizations.contains(&realization) {
                    self.block(group.operators[row], trajectory, &slab, &block, (row, realization));
                }
            });
        }
        for (own, operator) in all.chunks(m).zip(&group.operators) {
            self.operator(*operator, own)?;
        }
        Ok(())
    }

    /// Shows a trajectory its states in a block.
    fn block(
        &self,
        operator: usize,
        trajectory: &mut Trajectory,
        slab: &Slab,
        block: &Block,
        (row, realization): (usize, usize),
    ) {
        let form = self.source.shape(operator);
        let [channels, height, width] = form;
        let shape = Shape { steps: self.source.steps, channels, height, width };
        let settings = &self.request.wanted.settings;
        let extraction = trajectory
            .extraction
            .get_or_insert_with(|| Extraction::new(&self.categories, settings, shape));
        for step in 0..block.steps.len() {
            let m = realization - block.realizations.start;
            trajectory.digests.push(slab.digest(row, m, step));
            extraction.frame(&slab.state(row, m, step, form));
        }
        if block.steps.end == self.source.steps
            && let Some(extraction) = trajectory.extraction.take()
        {
            trajectory.rows = extraction.finish();
        }
    }

    /// Puts what the trajectories of an operator gave.
    fn operator(&self, operator: usize, own: &[Trajectory]) -> Result<()> {
        let mut rows = self.tables.rows();
        let definitions = self.request.wanted.settings.definitions;
        for (at, category) in self.categories.iter().enumerate() {
            let all: Vec<&[Value]> = own.iter().map(|t| t.rows[at].as_slice()).collect();
            let over = |aggregation| over_realizations(&all, aggregation, definitions);
            match category.stage() {
                Stage::Timestep => {
                    let (means, spreads) = (over(Aggregation::Mean), over(Aggregation::Std));
                    self.tables.put_steps(&mut rows, category.name(), &means, &spreads);
                }
                Stage::Trajectory => {
                    self.tables.put_paths(&mut rows, category.name(), &all.concat());
                }
            }
        }
        if self.request.wanted.sensitivity {
            self.sensitivity(operator, &mut rows);
        }
        self.tables.put(operator, rows)?;
        let digest = Digest::tree(own.iter().flat_map(|t| &t.digests));
        self.digests.lock().unwrap_or_else(PoisonError::into_inner)[operator] = Some(digest);
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        (self.request.progress)(done, self.count);
        Ok(())
    }

    /// The features of the operator itself, which are those of the file, or none.
    fn sensitivity(&self, operator: usize, rows: &mut Rows) {
        let value = |name: &&str| -> Value {
            let (names, values) = self.source.sensitivity.as_ref().ok_or(Undefined::NoOperator)?;
            let at = names.iter().position(|own| own == name).ok_or(Undefined::NoOperator)?;
            let number = values[operator * names.len() + at];
            if number.is_finite() { Ok(f64::from(number)) } else { Err(Undefined::ZeroDenominator) }
        };
        let values: Vec<Value> = sensitivity::NAMES.iter().map(value).collect();
        self.tables.put_sensitivity(rows, &values);
    }
}
