//! Statistics of features over the training split, and the cleaning recipe.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Context, WHOLE, f32_values};
use crate::artifact::{Artifact, FeatureTable, StateFeatures, Statistics};
use crate::cache::{Documents, Dtype};
use crate::error::Result;
use crate::features::cleaning::{Table, document, yaml};
use crate::features::table::coded;
use crate::features::{Stage, Undefined, Value};
use crate::graph::{Graph, Node};
use crate::mark;
use crate::operator::sensitivity;
use crate::sampling::{SPLITS, trains};

/// Name of the file in an entry, and of the one array in it.
const FILE: &str = "stats.yaml";

/// First line of the file.
const COMMENT: &str = "Statistics of features over the training split, and what follows for training on \
                       them; written by spinlock, explained in docs/features.md.";

/// Writes the document `statistics` and the array `stats.yaml`.
pub fn run(context: &mut Context, graph: &Graph, node: &Node, recipe: &Statistics) -> Result<()> {
    let simulation = &context.experiment.simulation;
    let (m, t) = (simulation.num_realizations as usize, simulation.num_timesteps as usize);
    let split = Split::of(graph, recipe);
    let rows = split.training.len();
    let columns = |stage: Stage| {
        let own = recipe.categories.iter().filter(move |c| c.stage() == stage);
        own.map(|category| category.name())
    };
    let mut steps = Columns::new(rows, t);
    let mut paths = Columns::new(rows, m);
    let features: BTreeMap<&str, Vec<String>> = recipe
        .states
        .iter()
        .filter_map(|handle| graph.node_of(*handle).recipe_as::<StateFeatures>())
        .map(|r| (r.category.name(), r.category.features(&r.settings)))
        .map(|(name, own)| (name, own.into_iter().map(|feature| feature.name).collect()))
        .collect();
    for name in columns(Stage::Timestep) {
        steps.add(name, &features[name]);
    }
    for name in columns(Stage::Trajectory) {
        paths.add(name, &features[name]);
    }
    if !recipe.sensitivity.is_empty() {
        paths.add(sensitivity::CATEGORY, &sensitivity::NAMES.map(str::to_owned));
    }
    for handle in &recipe.states {
        let own = graph.node_of(*handle).recipe_as::<StateFeatures>().expect("so it was planned");
        let entry = context.entry(StateFeatures::KIND.name, &handle.key())?;
        let (table, into) = match own.category.stage() {
            Stage::Timestep => ("mean", &mut steps),
            Stage::Trajectory => ("values", &mut paths),
        };
        for operator in own.operators.iter() {
            let Some(row) = split.training.get(&operator.index) else { continue };
            let bytes = context.array(&entry, &format!("{table}/{}", operator.index))?;
            mark::operator(operator.index);
            into.put(own.category.name(), *row, &f32_values(&bytes));
        }
    }
    for handle in &recipe.sensitivity {
        let own = graph.node_of(*handle).recipe_as::<FeatureTable>().expect("so it was planned");
        let entry = context.entry(FeatureTable::KIND.name, &handle.key())?;
        for operator in own.operators.iter() {
            let Some(row) = split.training.get(&operator.index) else { continue };
            let bytes = context.array(&entry, &format!("values/{}", operator.index))?;
            // One row for an operator: every realization has it.
            paths.put(sensitivity::CATEGORY, *row, &f32_values(&bytes).repeat(m));
        }
    }
    mark::begin(&node.label());
    for table in [&mut steps, &mut paths] {
        table.exclude(&recipe.exclude);
    }
    let mut tables = Vec::new();
    if !steps.names.is_empty() {
        tables.push(steps.into_table("per_timestep"));
    }
    if !paths.names.is_empty() {
        let aggregated = aggregate(&paths, recipe);
        tables.push(paths.into_table("per_trajectory"));
        tables.push(aggregated);
    }
    let about = json!({"name": SPLITS[0], "operators": rows, "of": split.all});
    let found = document(&tables, &recipe.cleaning, &about);
    let text = yaml(&found, COMMENT).into_bytes();
    let mut part = context.part(node, WHOLE)?;
    part.call(FILE);
    part.push(FILE, Dtype::U8, &[text.len()], text.len(), 1, &text, None)?;
    part.finish(Documents::from([("statistics".to_owned(), found)])).map(drop)
}

/// Who trains.
struct Split {
    /// Place of each training operator, in the order of their indices.
    training: BTreeMap<u64, usize>,
    /// Operators of all splits.
    all: usize,
}

impl Split {
    fn of(graph: &Graph, recipe: &Statistics) -> Self {
        let states = recipe.states.iter().map(|h| graph.node_of(*h));
        let states = states.filter_map(|node| node.recipe_as::<StateFeatures>());
        let tables = recipe.sensitivity.iter().map(|h| graph.node_of(*h));
        let tables = tables.filter_map(|node| node.recipe_as::<FeatureTable>());
        let lists = states.map(|r| &r.operators).chain(tables.map(|r| &r.operators));
        let all: std::collections::BTreeSet<u64> =
            lists.flat_map(|operators| operators.iter().map(|o| o.index)).collect();
        let (seed, share) = recipe.split;
        let training = all.iter().filter(|index| trains(seed, **index, share));
        let training = training.enumerate().map(|(row, index)| (*index, row)).collect();
        Self { training, all: all.len() }
    }
}

/// A table in the making, column by column.
struct Columns {
    names: Vec<String>,
    /// First column of each category, and how many.
    places: BTreeMap<&'static str, (usize, usize)>,
    values: Vec<Vec<f32>>,
    operators: usize,
    /// Rows of one operator.
    rows: usize,
}

impl Columns {
    fn new(operators: usize, rows: usize) -> Self {
        Self { names: Vec::new(), places: BTreeMap::new(), values: Vec::new(), operators, rows }
    }

    /// Makes room for a category.
    fn add(&mut self, category: &'static str, names: &[String]) {
        self.places.insert(category, (self.names.len(), names.len()));
        self.names.extend_from_slice(names);
        let length = self.operators * self.rows;
        self.values.resize_with(self.names.len(), || vec![f32::NAN; length]);
    }

    /// Puts the rows of one operator, `[rows, D]`.
    fn put(&mut self, category: &str, operator: usize, table: &[f32]) {
        let (first, width) = self.places[category];
        for (row, values) in table.chunks_exact(width).enumerate() {
            for (column, value) in self.values[first..].iter_mut().zip(values) {
                column[operator * self.rows + row] = *value;
            }
        }
    }

    /// Takes away what is not requested.
    fn exclude(&mut self, names: &[String]) {
        for (name, column) in self.names.iter().zip(&mut self.values) {
            if names.contains(name) {
                column.fill(f32::NAN);
            }
        }
    }

    fn into_table(self, name: &'static str) -> Table {
        Table { name, names: self.names, columns: self.values }
    }
}

/// The features of trajectories over realizations, rounded as the data set holds them.
fn aggregate(paths: &Columns, recipe: &Statistics) -> Table {
    let mut out = Table { name: "aggregated", names: Vec::new(), columns: Vec::new() };
    for aggregation in &recipe.aggregation {
        for (name, column) in paths.names.iter().zip(&paths.values) {
            let of = |own: &[f32]| {
                let own: Vec<Value> = own.iter().map(|v| value(*v)).collect();
                aggregation.of(&own, recipe.definitions)
            };
            let values: Vec<Value> = column.chunks_exact(paths.rows).map(of).collect();
            out.names.push(format!("{}_{name}", aggregation.name()));
            out.columns.push(coded(&values).0);
        }
    }
    out
}

/// A number of a table as a value; why there is none does not matter here.
fn value(number: f32) -> Value {
    if number.is_nan() { Err(Undefined::Undetermined) } else { Ok(f64::from(number)) }
}
