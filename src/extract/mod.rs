//! Features of a data set that exists, whoever made it: its states are read block by block, and what comes
//! out goes into it or into a file of its own.
//!
//! It knows the layout of neither states nor tables (`dataset` does) and no experiment. What a feature is
//! of does not depend on blocks, threads or order: values are those that an experiment with the same
//! `features` section gets from the same states.

mod work;

use std::path::Path;
use std::sync::atomic::AtomicBool;

use crate::dataset::{Appending, Tables, Trajectories, refuse_append, refuse_tables, write_tables};
use crate::error::{Error, Result};
use crate::features::Selection;
use crate::key::Digest;
use work::{Work, chosen};

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
    crate::memory::keep();
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
