//! Checks a data set: form, digest, ranges, and that bad states are marked as such.
//!
//! Invariant: every check ends in exactly one finding: passed, a warning, or a failure, which means
//! damage. Recomputing operators is not its business: that needs a worker.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use serde::Serialize;

use super::digest::{Object, content, counts, leaf_of_texts};
use super::facts::Facts;
use super::file::Type;
use super::reader::Reader;
use super::values::{Glance, glance};
use super::writer::DIGEST;
use super::{checks, parameters, structure};
use crate::error::{Error, Result};
use crate::key::Digest;

/// What a check came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which check: `structure`, `digest`, `parameters`, …
    pub check: &'static str,
    /// What it came to, in a sentence.
    pub detail: String,
    /// How many things it counted.
    pub count: u64,
}

/// The findings about one file.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Version of this form.
    pub schema: u32,
    /// The file as it was named.
    pub file: String,
    /// The digest that the file says it has.
    pub stored_digest: Option<String>,
    /// The digest of what is in it; absent if some of it cannot be read.
    pub digest: Option<Digest>,
    /// What is as it should be.
    pub passed: Vec<Finding>,
    /// What a person should know, though nothing is damaged.
    pub warnings: Vec<Finding>,
    /// What is damaged.
    pub failed: Vec<Finding>,
}

/// Which list a finding goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Passed,
    Warning,
    Failed,
}

impl Report {
    /// Whether nothing is damaged.
    pub fn is_sound(&self) -> bool {
        self.failed.is_empty()
    }

    /// The damage as an error (exit 4); `None` if there is none.
    pub fn error(&self) -> Option<Error> {
        let first = self.failed.first()?;
        let more = match self.failed.len() {
            1 => String::new(),
            n => format!(" (and {} more)", n - 1),
        };
        Some(
            Error::integrity(format!("`{}` is damaged: {}{more}", self.file, first.detail))
                .help("build it again: `spinlock build` takes what is sound from the cache"),
        )
    }

    pub(super) fn add(
        &mut self,
        verdict: Verdict,
        check: &'static str,
        count: u64,
        detail: String,
    ) {
        let list = match verdict {
            Verdict::Passed => &mut self.passed,
            Verdict::Warning => &mut self.warnings,
            Verdict::Failed => &mut self.failed,
        };
        list.push(Finding { check, detail, count });
    }

    /// Passed if nothing is wrong, else one failure that counts and shows the first few.
    pub(super) fn settle(&mut self, check: &'static str, wrong: &[String], passed: String) {
        if wrong.is_empty() {
            return self.add(Verdict::Passed, check, 0, passed);
        }
        let mut detail = wrong.iter().take(5).cloned().collect::<Vec<_>>().join("; ");
        if let more @ 1.. = wrong.len().saturating_sub(5) {
            detail = format!("{detail}; and {more} more");
        }
        self.add(Verdict::Failed, check, wrong.len() as u64, detail);
    }
}

/// Checks the data set at `path`, reading all of it. `progress` hears the bytes of values read so far.
/// # Errors
/// [`crate::error::ErrorKind::Environment`] if there is no such file;
/// [`crate::error::ErrorKind::Integrity`] if it is no HDF5 file, or cut short. Any other damage is in the report.
pub fn validate(path: &Path, progress: &(dyn Fn(u64) + Sync)) -> Result<Report> {
    let reader = Reader::open(path)?;
    let stored_digest = reader.text("/", DIGEST).map(str::to_owned);
    let mut report = Report {
        schema: 1,
        file: path.display().to_string(),
        stored_digest,
        digest: None,
        passed: Vec::new(),
        warnings: Vec::new(),
        failed: Vec::new(),
    };
    let (facts, faults) = Facts::read(&reader);
    structure::structure(&reader, &facts, faults, &mut report);
    let scan = Scan::of(&reader, progress);
    let unreadable: Vec<String> = scan.damage.iter().map(|e| e.message.clone()).collect();
    let bytes = format!("{} bytes of values", scan.bytes);
    report.settle("values", &unreadable, format!("all values can be read: {bytes}"));
    if unreadable.is_empty() {
        report.digest = Some(scan.digest);
    }
    let found = scan.digest.to_string();
    let wrong = match &report.stored_digest {
        None => vec![format!("the root has no attribute `{DIGEST}`")],
        Some(stored) if *stored != found || !unreadable.is_empty() => {
            vec![format!("the content has the digest {found}, the file says {stored}")]
        }
        Some(_) => Vec::new(),
    };
    report.settle("digest", &wrong, found);
    parameters::parameters(&reader, &facts, &mut report);
    checks::states(&facts, &scan.glances, &mut report);
    checks::columns(&reader, &facts, &mut report);
    checks::sampling(&reader, &mut report);
    Ok(report)
}

/// All that one pass over the values brings.
pub(super) struct Scan {
    pub digest: Digest,
    /// What the digest was taken of.
    pub objects: BTreeMap<String, Object>,
    /// Per array of fields, a look at each state.
    glances: BTreeMap<String, Vec<Option<Glance>>>,
    /// What cannot be read.
    pub damage: Vec<Error>,
    bytes: u64,
}

impl Scan {
    pub fn of(reader: &Reader, progress: &(dyn Fn(u64) + Sync)) -> Self {
        let mut objects: BTreeMap<String, Object> = reader.outline();
        let mut glances = BTreeMap::new();
        let mut damage = Vec::new();
        let done = Mutex::new(0);
        let advance = |bytes: u64| {
            let mut done = done.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            *done += bytes;
            progress(*done);
        };
        for (path, object) in &mut objects {
            let Some(values) = object.array.as_mut().filter(|_| counts(path)) else { continue };
            if values.dtype == Type::Text {
                match reader.texts(path) {
                    Ok(texts) => {
                        values.leaves = vec![leaf_of_texts(&texts)];
                        advance(texts.iter().map(|t| t.len() as u64).sum());
                    }
                    Err(error) => damage.push(error),
                }
                continue;
            }
            match reader.blocks(path) {
                Err(error) => damage.push(error),
                Ok(blocks) => {
                    let (leaves, seen, broken) = look(&blocks, &values.shape, path, &advance);
                    values.leaves = leaves;
                    damage.extend(broken);
                    if let Some(seen) = seen {
                        glances.insert(path.clone(), seen);
                    }
                }
            }
        }
        let bytes = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        Self { digest: content(&objects), objects, glances, damage, bytes }
    }
}

type Look = (Vec<Digest>, Option<Vec<Option<Glance>>>, Vec<Error>);

/// Digests of the leaves of an array, and a look at each if they are states.
fn look(
    blocks: &super::blocks::Blocks<'_>,
    shape: &[usize],
    path: &str,
    advance: &(dyn Fn(u64) + Sync),
) -> Look {
    if shape.contains(&0) {
        return (vec![Digest::of(b""); blocks.leaves()], None, Vec::new());
    }
    let states = path.ends_with("/fields") && shape.len() > 3;
    let dtype = blocks.dtype();
    let nothing = (Digest([0; 32]), None);
    let found = Mutex::new(vec![nothing; blocks.leaves()]);
    let visit = |leaf: usize, bytes: &[u8]| {
        let one = (Digest::of(bytes), states.then(|| glance(bytes, dtype)));
        found.lock().unwrap_or_else(std::sync::PoisonError::into_inner)[leaf] = one;
    };
    let broken = blocks.each(&visit, advance);
    let found = found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let (leaves, seen): (Vec<_>, Vec<_>) = found.into_iter().unzip();
    (leaves, states.then_some(seen), broken)
}
