//! `/features/sdf`: the feature tables, with names and codes of validity beside them.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::Sources;
use super::stored::values;
use crate::artifact::{FeatureTable, StateFeatures};
use crate::cache::Dtype;
use crate::config::experiment::Features;
use crate::dataset::{Array, Attribute, Data, Type};
use crate::error::Result;
use crate::features::reduce::Aggregation;
use crate::features::table::{coded, decoded};
use crate::features::{self, Stage, Undefined, Value};
use crate::operator::sensitivity;

/// Where everything lies.
pub const GROUP: &str = "/features/sdf";

/// A table in the making: `[N, rows, D]`.
struct Table {
    names: Vec<String>,
    rows: usize,
    values: Vec<Value>,
}

impl Table {
    fn new(names: Vec<String>, rows: usize, operators: usize) -> Self {
        let values = vec![Err(Undefined::NotRequested); operators * rows * names.len()];
        Self { names, rows, values }
    }

    /// Puts the rows of one operator at a column.
    fn put(&mut self, operator: usize, column: usize, width: usize, own: &[Value]) {
        for (row, from) in own.chunks_exact(width).enumerate() {
            let at = (operator * self.rows + row) * self.names.len() + column;
            self.values[at..at + width].copy_from_slice(from);
        }
    }

    /// Marks the columns of these features.
    fn exclude(&mut self, names: &[String]) {
        let columns = self.names.len();
        for (at, name) in self.names.iter().enumerate().filter(|(_, name)| names.contains(name)) {
            debug_assert!(!name.is_empty());
            for value in self.values.iter_mut().skip(at).step_by(columns) {
                *value = Err(Undefined::NotRequested);
            }
        }
    }

    /// `<folder>/<name>` and `<folder>/<name>_validity`, or `validity` beside `features`.
    fn arrays(
        &self,
        folder: &str,
        name: &str,
        shape: &[usize],
        labels: &[&'static str],
    ) -> [Array; 2] {
        let (numbers, codes) = coded(&self.values);
        let array = |path: String, dtype, bytes, notes: Vec<(String, Attribute)>| Array {
            path,
            dtype: Type::Number(dtype),
            shape: shape.to_vec(),
            chunk: None,
            extensible: vec![0],
            labels: labels.to_vec(),
            attributes: notes,
            data: Data::Memory(bytes),
        };
        let validity =
            if name == "features" { "validity".to_owned() } else { format!("{name}_validity") };
        let meaning = |code: Undefined| format!("{} {}", code as u8, code.name());
        let codes_text = Undefined::ALL.map(meaning).join(", ");
        [
            array(
                format!("{GROUP}/{folder}/{name}"),
                Dtype::F32,
                numbers.iter().flat_map(|v| v.to_le_bytes()).collect(),
                vec![("names".into(), Attribute::Texts(self.names.clone()))],
            ),
            array(
                format!("{GROUP}/{folder}/{validity}"),
                Dtype::U8,
                codes,
                vec![("codes".into(), Attribute::Text(format!("0 defined, {codes_text}")))],
            ),
        ]
    }
}

/// The tables of states, and what the group says of itself.
pub fn add(
    sources: &Sources<'_>,
    wanted: &Features,
    arrays: &mut Vec<Array>,
    attributes: &mut Vec<(String, String, Attribute)>,
) -> Result<()> {
    let simulation = &sources.experiment.simulation;
    let (n, m, t) = (
        sources.plan.expansion.operators.len(),
        simulation.num_realizations as usize,
        simulation.num_timesteps as usize,
    );
    let names = |stage: Stage| -> (Vec<String>, BTreeMap<&'static str, usize>) {
        let (mut names, mut columns) = (Vec::new(), BTreeMap::new());
        for name in &wanted.categories {
            let category = features::category(name).expect("the experiment names known ones");
            if category.stage() == stage {
                columns.insert(*name, names.len());
                names.extend(category.features(&wanted.settings).into_iter().map(|f| f.name));
            }
        }
        (names, columns)
    };
    let (step_names, step_columns) = names(Stage::Timestep);
    let (mut path_names, path_columns) = names(Stage::Trajectory);
    let sensitivity_column = path_names.len();
    if wanted.sensitivity {
        path_names.extend(sensitivity::NAMES.map(str::to_owned));
    }
    let mut means = Table::new(step_names.clone(), t, n);
    let mut spreads = Table::new(step_names, t, n);
    let mut paths = Table::new(path_names, m, n);
    for (node, recipe) in sources.recipes::<StateFeatures>() {
        let entry = sources.entry(node)?;
        let name = recipe.category.name();
        let width = recipe.category.features(&recipe.settings).len();
        for operator in recipe.operators.iter() {
            let read = |table: &str| -> Result<Vec<Value>> {
                let numbers =
                    values(sources.cache, &entry, &format!("{table}/{}", operator.index))?;
                let codes =
                    values(sources.cache, &entry, &format!("validity/{table}/{}", operator.index))?;
                let number = |b: &[u8]| f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
                let pairs = numbers.chunks_exact(4).map(number).zip(codes);
                Ok(pairs.map(|(number, code)| decoded(f64::from(number), code)).collect())
            };
            let row = operator.index as usize;
            match recipe.category.stage() {
                Stage::Timestep => {
                    means.put(row, step_columns[name], width, &read("mean")?);
                    spreads.put(row, step_columns[name], width, &read("std")?);
                }
                Stage::Trajectory => {
                    paths.put(row, path_columns[name], width, &read("values")?);
                }
            }
        }
    }
    if wanted.sensitivity {
        for (node, recipe) in sources.recipes::<FeatureTable>() {
            let entry = sources.entry(node)?;
            for operator in recipe.operators.iter() {
                let bytes = values(sources.cache, &entry, &format!("values/{}", operator.index))?;
                let number = |b: &[u8]| f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
                let own: Vec<Value> = bytes
                    .chunks_exact(4)
                    .map(number)
                    .map(|v| {
                        if v.is_finite() {
                            Ok(f64::from(v))
                        } else {
                            Err(Undefined::ZeroDenominator)
                        }
                    })
                    .collect();
                // One row for an operator: every realization has it.
                let all = own.repeat(m);
                paths.put(operator.index as usize, sensitivity_column, own.len(), &all);
            }
        }
    }
    for table in [&mut means, &mut spreads, &mut paths] {
        table.exclude(&wanted.exclude);
    }
    if !means.names.is_empty() {
        let (shape, labels) = ([n, t, means.names.len()], ["operator", "time", "feature"]);
        arrays.extend(means.arrays("per_timestep", "features", &shape, &labels));
        arrays.extend(spreads.arrays("per_timestep", "realization_std", &shape, &labels));
    }
    if !paths.names.is_empty() {
        let (shape, labels) = ([n, m, paths.names.len()], ["operator", "realization", "feature"]);
        arrays.extend(paths.arrays("per_trajectory", "features", &shape, &labels));
        let aggregated = aggregate(&paths, wanted, n);
        let shape = [n, aggregated.names.len()];
        arrays.extend(aggregated.arrays(
            "aggregated",
            "features",
            &shape,
            &["operator", "feature"],
        ));
    }
    let text =
        |name: &str, text: String| (GROUP.to_owned(), name.to_owned(), Attribute::Text(text));
    attributes.push(text("version", wanted.settings.set.name().to_owned()));
    attributes.push(text("definitions", wanted.settings.definitions.name().to_owned()));
    attributes.push(text("feature_registry", registry(wanted).to_string()));
    Ok(())
}

/// The features of trajectories over realizations: a block for each aggregation.
fn aggregate(paths: &Table, wanted: &Features, operators: usize) -> Table {
    let (columns, m) = (paths.names.len(), paths.rows);
    let name = |a: &Aggregation, name: &String| format!("{}_{name}", a.name());
    let names: Vec<String> = wanted
        .aggregation
        .iter()
        .flat_map(|a| paths.names.iter().map(move |n| name(a, n)))
        .collect();
    let mut out = Table::new(names, 1, operators);
    for operator in 0..operators {
        let own = &paths.values[operator * m * columns..][..m * columns];
        for (block, aggregation) in wanted.aggregation.iter().enumerate() {
            let row: Vec<Value> = (0..columns)
                .map(|column| {
                    let all: Vec<Value> =
                        own.iter().skip(column).step_by(columns).copied().collect();
                    aggregation.of(&all, wanted.settings.definitions)
                })
                .collect();
            out.put(operator, block * columns, columns, &row);
        }
    }
    out
}

/// What every column is, by category.
fn registry(wanted: &Features) -> Json {
    let mut out = Map::new();
    for name in &wanted.categories {
        let category = features::category(name).expect("the experiment names known ones");
        let own: Map<String, Json> = category
            .features(&wanted.settings)
            .into_iter()
            .map(|f| {
                let formula = match f.compat {
                    Some(compat) if wanted.settings.compat() => compat,
                    _ => f.formula,
                };
                let mut about = json!({
                    "identity": format!("{name}/{}@{}", f.name, f.version),
                    "formula": formula,
                    "undefined": f.undefined,
                });
                if let Some(why) = f.constant {
                    about["constant"] = why.into();
                }
                (f.name, about)
            })
            .collect();
        out.insert((*name).to_owned(), Json::Object(own));
    }
    Json::Object(out)
}
