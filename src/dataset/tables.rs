//! `/features/sdf`: tables of features as arrays of a data set, wherever their values come from.
//!
//! Rows come operator by operator, from any thread. Invariant: a number that is not defined is NaN, and
//! its code stands beside it; names of columns stand on every table.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Map, Value as Json, json};

use super::file::{Array, Attribute, Type};
use super::spool::Spool;
use crate::cache::Dtype;
use crate::error::Result;
use crate::features::table::{coded, decoded};
use crate::features::{Selection, Stage, Undefined, Value};
use crate::operator::sensitivity;

/// Where everything lies.
pub const GROUP: &str = "/features/sdf";

/// An attribute of a group: path, name, value.
pub type Note = (String, String, Attribute);

/// The columns of one stage.
struct Columns {
    names: Vec<String>,
    /// Where those of a category are.
    of: BTreeMap<&'static str, Range<usize>>,
    /// Those that are marked as not requested.
    excluded: Vec<usize>,
}

impl Columns {
    fn new(wanted: &Selection, stage: Stage) -> Self {
        let (mut names, mut of) = (Vec::new(), BTreeMap::new());
        let mut add = |category: &'static str, own: Vec<String>| {
            of.insert(category, names.len()..names.len() + own.len());
            names.extend(own);
        };
        for (category, features) in wanted.features() {
            if category.stage() == stage {
                add(category.name(), features.into_iter().map(|f| f.name).collect());
            }
        }
        if wanted.sensitivity && stage == Stage::Trajectory {
            add(sensitivity::CATEGORY, sensitivity::NAMES.map(str::to_owned).to_vec());
        }
        let excluded = (0..names.len()).filter(|at| wanted.exclude.contains(&names[*at])).collect();
        Self { names, of, excluded }
    }

    /// Puts the rows of a category, `[rows, own columns]`, into a table `[rows, columns]`.
    fn put(&self, table: &mut [Value], category: &str, own: &[Value]) {
        let columns = &self.of[category];
        let rows = table.chunks_exact_mut(self.names.len());
        for (row, from) in rows.zip(own.chunks_exact(columns.len())) {
            row[columns.clone()].copy_from_slice(from);
        }
    }
}

/// The values of one operator; what nobody puts is not requested.
#[derive(Debug)]
pub struct Rows {
    /// `[T, D]` over realizations.
    means: Vec<Value>,
    spreads: Vec<Value>,
    /// `[M, D]`.
    paths: Vec<Value>,
}

/// One table on its way: numbers and codes.
struct Part {
    folder: &'static str,
    name: &'static str,
    names: Vec<String>,
    /// Without the axis of operators.
    shape: Vec<usize>,
    labels: Vec<&'static str>,
    numbers: Spool,
    codes: Spool,
}

/// The tables of a data set.
pub struct Tables<'a> {
    wanted: &'a Selection,
    operators: usize,
    /// M and T.
    realizations: usize,
    steps: usize,
    of_steps: Columns,
    of_paths: Columns,
    parts: Vec<Part>,
    undefined: AtomicU64,
}

impl<'a> Tables<'a> {
    /// Tables for so many operators, realizations and stored states, kept in `folder` until they are
    /// written.
    ///
    /// # Errors
    /// If the folder takes no files.
    pub fn new(
        wanted: &'a Selection,
        [operators, realizations, steps]: [usize; 3],
        folder: &Path,
    ) -> Result<Self> {
        let of_steps = Columns::new(wanted, Stage::Timestep);
        let of_paths = Columns::new(wanted, Stage::Trajectory);
        let aggregated: Vec<String> = wanted
            .aggregation
            .iter()
            .flat_map(|a| of_paths.names.iter().map(move |name| format!("{}_{name}", a.name())))
            .collect();
        let steps_labels = ["operator", "time", "feature"];
        let mut parts = Vec::new();
        let mut part = |folder_in,
                        name,
                        names: &[String],
                        lead: &[usize],
                        labels: &[&'static str]|
         -> Result<()> {
            if names.is_empty() {
                return Ok(());
            }
            let shape = [lead, &[names.len()]].concat();
            let row: usize = shape.iter().product();
            parts.push(Part {
                folder: folder_in,
                name,
                names: names.to_vec(),
                shape,
                labels: labels.to_vec(),
                numbers: Spool::create(folder, operators, 4 * row)?,
                codes: Spool::create(folder, operators, row)?,
            });
            Ok(())
        };
        part("per_timestep", "features", &of_steps.names, &[steps], &steps_labels)?;
        part("per_timestep", "realization_std", &of_steps.names, &[steps], &steps_labels)?;
        let labels = ["operator", "realization", "feature"];
        part("per_trajectory", "features", &of_paths.names, &[realizations], &labels)?;
        part("aggregated", "features", &aggregated, &[], &["operator", "feature"])?;
        let undefined = AtomicU64::new(0);
        Ok(Self { wanted, operators, realizations, steps, of_steps, of_paths, parts, undefined })
    }

    /// The rows of an operator of which nothing is known.
    pub fn rows(&self) -> Rows {
        let blank = |rows: usize, columns: &Columns| {
            vec![Err(Undefined::NotRequested); rows * columns.names.len()]
        };
        let of_steps = blank(self.steps, &self.of_steps);
        let paths = blank(self.realizations, &self.of_paths);
        Rows { means: of_steps.clone(), spreads: of_steps, paths }
    }

    /// Puts mean and spread over realizations, `[T, D]` each, of a category of states.
    pub fn put_steps(&self, rows: &mut Rows, category: &str, means: &[Value], spreads: &[Value]) {
        self.of_steps.put(&mut rows.means, category, means);
        self.of_steps.put(&mut rows.spreads, category, spreads);
    }

    /// Puts the values `[M, D]` of a category of trajectories.
    pub fn put_paths(&self, rows: &mut Rows, category: &str, values: &[Value]) {
        self.of_paths.put(&mut rows.paths, category, values);
    }

    /// Puts the values of the operator itself, which every realization has.
    pub fn put_sensitivity(&self, rows: &mut Rows, values: &[Value]) {
        self.put_paths(rows, sensitivity::CATEGORY, &values.repeat(self.realizations));
    }

    /// Takes the rows of the operator at `place`.
    ///
    /// # Errors
    /// If the disk is full or refuses.
    pub fn put(&self, place: usize, mut rows: Rows) -> Result<()> {
        exclude(&mut rows.means, &self.of_steps);
        exclude(&mut rows.spreads, &self.of_steps);
        exclude(&mut rows.paths, &self.of_paths);
        // Of the values as they are stored, which is all that a reader can check.
        let (numbers, codes) = coded(&rows.paths);
        rows.paths =
            numbers.into_iter().zip(codes).map(|(v, code)| decoded(f64::from(v), code)).collect();
        let aggregated = self.aggregate(&rows.paths);
        for part in &self.parts {
            let values = match (part.folder, part.name) {
                ("per_timestep", "features") => &rows.means,
                ("per_timestep", _) => &rows.spreads,
                ("per_trajectory", _) => &rows.paths,
                _ => &aggregated,
            };
            let (numbers, codes) = coded(values);
            let undefined = codes.iter().filter(|code| **code != 0).count() as u64;
            self.undefined.fetch_add(undefined, Ordering::Relaxed);
            let bytes: Vec<u8> = numbers.iter().flat_map(|v| v.to_le_bytes()).collect();
            part.numbers.put(place, &bytes)?;
            part.codes.put(place, &codes)?;
        }
        Ok(())
    }

    /// The features of trajectories over realizations: a block for each aggregation.
    fn aggregate(&self, paths: &[Value]) -> Vec<Value> {
        let columns = self.of_paths.names.len();
        let mut own = Vec::with_capacity(self.realizations);
        let mut out = Vec::with_capacity(self.wanted.aggregation.len() * columns);
        for aggregation in &self.wanted.aggregation {
            for column in 0..columns {
                own.clear();
                own.extend(paths.iter().skip(column).step_by(columns));
                out.push(aggregation.of(&own, self.wanted.settings.definitions));
            }
        }
        out
    }

    /// Columns of each table, by its path below [`GROUP`].
    pub fn columns(&self) -> impl Iterator<Item = (String, usize)> {
        self.parts.iter().map(|p| (format!("{}/{}", p.folder, p.name), p.names.len()))
    }

    /// How many values of all tables are undefined so far.
    pub fn undefined(&self) -> u64 {
        self.undefined.load(Ordering::Relaxed)
    }

    /// The arrays, and what the group says of itself, when all rows are there.
    ///
    /// # Errors
    /// [`crate::error::ErrorKind::Artifact`] if rows are missing.
    pub fn finish(&self) -> Result<(Vec<Array>, Vec<Note>)> {
        let mut arrays = Vec::new();
        for part in &self.parts {
            arrays.extend(self.arrays(part)?);
        }
        let settings = &self.wanted.settings;
        let text =
            |name: &str, text: String| (GROUP.to_owned(), name.to_owned(), Attribute::Text(text));
        let attributes = vec![
            text("version", settings.set.name().to_owned()),
            text("definitions", settings.definitions.name().to_owned()),
            text("feature_registry", registry(self.wanted).to_string()),
        ];
        Ok((arrays, attributes))
    }

    /// `<folder>/<name>` and `<folder>/<name>_validity`, or `validity` beside `features`.
    fn arrays(&self, part: &Part) -> Result<[Array; 2]> {
        let shape = [&[self.operators], part.shape.as_slice()].concat();
        let array = |name: &str, dtype, spool: &Spool, note: (&str, Attribute)| -> Result<Array> {
            let (rows, data) = spool.data(shape.len())?;
            Ok(Array {
                path: format!("{GROUP}/{}/{name}", part.folder),
                dtype: Type::Number(dtype),
                shape: shape.clone(),
                chunk: Some([&[rows], part.shape.as_slice()].concat()),
                extensible: vec![0],
                labels: part.labels.clone(),
                attributes: vec![(note.0.to_owned(), note.1)],
                data,
            })
        };
        let validity = match part.name {
            "features" => "validity".to_owned(),
            name => format!("{name}_validity"),
        };
        let meaning = |code: Undefined| format!("{} {}", code as u8, code.name());
        let codes = format!("0 defined, {}", Undefined::ALL.map(meaning).join(", "));
        let names = Attribute::Texts(part.names.clone());
        Ok([
            array(part.name, Dtype::F32, &part.numbers, ("names", names))?,
            array(&validity, Dtype::U8, &part.codes, ("codes", Attribute::Text(codes)))?,
        ])
    }
}

/// Marks the columns that are not requested.
fn exclude(table: &mut [Value], columns: &Columns) {
    for at in &columns.excluded {
        for value in table.iter_mut().skip(*at).step_by(columns.names.len()) {
            *value = Err(Undefined::NotRequested);
        }
    }
}

/// What every column is, by category.
fn registry(wanted: &Selection) -> Json {
    let mut out = Map::new();
    for (category, features) in wanted.features() {
        let own: Map<String, Json> = features
            .into_iter()
            .map(|f| {
                let formula = match f.compat {
                    Some(compat) if wanted.settings.compat() => compat,
                    _ => f.formula,
                };
                let mut about = json!({
                    "identity": format!("{}/{}@{}", category.name(), f.name, f.version),
                    "formula": formula,
                    "undefined": f.undefined,
                });
                if let Some(why) = f.constant {
                    about["constant"] = why.into();
                }
                (f.name, about)
            })
            .collect();
        out.insert(category.name().to_owned(), Json::Object(own));
    }
    Json::Object(out)
}
