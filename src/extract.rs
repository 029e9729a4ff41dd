//! Features of a data set that exists, whoever made it: its states are read block by block, and what comes
//! out goes into it or into a file of its own.
//!
//! It knows the layout of neither states nor tables (`dataset` does) and no experiment. What a feature is
//! of does not depend on blocks, threads or order: values are those that an experiment with the same
//! `features` section gets from the same states.

use std::path::Path;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rayon::prelude::*;
use serde_json::{Value as Json, json};

use crate::config::canonical_features;
use crate::dataset::{
    Appending, Block, Group, Rows, Slab, Tables, Trajectories, refuse_append, refuse_tables,
    write_tables,
};
use crate::error::{Error, ErrorKind, Result};
use crate::features::reduce::{Aggregation, over_realizations};
use crate::features::table::Extraction;
use crate::features::{Category, Selection, Shape, Stage, Undefined, Value};
use crate::key::Digest;
use crate::operator::sensitivity;

/// What to do with which file.
pub struct Request<'a> {
    /// The data set.
    pub file: &'a Path,
    /// The file to write tables to; none for the data set itself.
    pub output: Option<&'a Path>,
    /// Which features.
    pub wanted: &'a Selection,
    /// Whether tables that are there may be replaced.
    pub overwrite: bool,
    /// How many operators, the first ones; none for all.
    pub most: Option<usize>,
    /// Set by Ctrl-C: nothing is written.
    pub interrupt: &'a AtomicBool,
    /// Hears how many operators of how many are done.
    pub progress: &'a (dyn Fn(usize, usize) + Sync),
}

/// What was extracted.
#[derive(Debug)]
pub struct Extracted {
    /// Operators that were looked at, and how many the data set has.
    pub operators: (usize, usize),
    /// M.
    pub realizations: usize,
    /// T.
    pub steps: usize,
    /// Columns of each table, by its path below `/features/sdf`.
    pub columns: Vec<(String, usize)>,
    /// How many values are undefined.
    pub undefined: u64,
    /// Whether the data set has the operator sensitivity, which is taken over.
    pub sensitivity: bool,
    /// The digest of the data set with its features, if this program made it and they went into it.
    pub digest: Option<Digest>,
    /// Size of the file that was written.
    pub bytes: u64,
}

/// What there is to do, without doing it: as [`extract`], with nothing computed and nothing written.
///
/// # Errors
/// As [`extract`], as far as that shows beforehand.
pub fn look(request: &Request<'_>) -> Result<Extracted> {
    let source = Trajectories::open(request.file)?;
    match request.output {
        Some(output) => refuse_output(request, output)?,
        None => refuse_append(request.file, request.overwrite)?,
    }
    let folder = std::env::temp_dir();
    let tables = Tables::new(request.wanted, [0, source.realizations, source.steps], &folder)?;
    Ok(Extracted {
        operators: (chosen(request, &source), source.operators()),
        realizations: source.realizations,
        steps: source.steps,
        columns: tables.columns().collect(),
        undefined: 0,
        sensitivity: source.sensitivity.is_some(),
        digest: None,
        bytes: 0,
    })
}

/// Refuses an output that is the data set itself, or may not be replaced.
fn refuse_output(request: &Request<'_>, output: &Path) -> Result<()> {
    let same = output.canonicalize().ok().zip(request.file.canonicalize().ok());
    if same.is_some_and(|(a, b)| a == b) {
        return Err(Error::usage(format!("`{}` is the data set itself", output.display()))
            .help("leave -o out to put features into the data set"));
    }
    refuse_tables(output, request.overwrite)
}

/// Computes features and writes them; nothing is changed if anything fails.
///
/// # Errors
/// Usage, for a file without states in a known form, and for tables that may not be replaced; environment,
/// for the disk; integrity, for a damaged file; interrupted.
pub fn extract(request: &Request<'_>) -> Result<Extracted> {
    let name = request.file.file_name().unwrap_or_default().to_string_lossy();
    if let Some(output) = request.output {
        refuse_output(request, output)?;
        let source = Trajectories::open(request.file)?;
        let chosen = chosen(request, &source);
        let folder = output.parent().filter(|p| *p != Path::new("")).unwrap_or(Path::new("."));
        let work = Work::new(request, &source, chosen, folder)?;
        let (arrays, attributes) = work.tables.finish()?;
        let provenance = work.provenance(&name, None);
        let bytes = write_tables(output, &arrays, &attributes, &provenance)?;
        return Ok(work.extracted(None, bytes));
    }
    // Before anything is copied or verified, which takes its time.
    drop(Trajectories::open(request.file)?);
    let appending = Appending::begin(request.file, request.overwrite)?;
    let source = Trajectories::open(appending.path())?;
    let folder = appending.path().parent().unwrap_or(Path::new(".")).to_owned();
    let work = Work::new(request, &source, source.operators(), &folder)?;
    let (arrays, attributes) = work.tables.finish()?;
    let provenance = work.provenance(&name, appending.digest());
    let extracted = work.extracted(None, 0);
    drop(source);
    let (digest, bytes) = appending.finish(&arrays, &attributes, &provenance)?;
    Ok(Extracted { digest, bytes, ..extracted })
}

/// How many operators are looked at.
fn chosen(request: &Request<'_>, source: &Trajectories) -> usize {
    request.most.map_or(source.operators(), |most| most.min(source.operators()))
}

/// Tables that are complete, with what they were made from.
struct Work<'a> {
    wanted: &'a Selection,
    tables: Tables<'a>,
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
    fn new(
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
    fn provenance(&self, name: &str, digest: Option<Digest>) -> String {
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

    fn extracted(&self, digest: Option<Digest>, bytes: u64) -> Extracted {
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
