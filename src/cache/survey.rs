//! What lies in a staging folder: complete parts, leftovers, and work going on.
//!
//! Invariant: a part is called complete only if its sidecar is whole and its data are as written; a
//! file is called a leftover only if no process is writing it.

use std::fs;
use std::path::{Path, PathBuf};

use super::Cache;
use super::layout::{self, HALF_ENTRY, TEMPORARY};
use super::piece::Piece;
use super::sealed::{self, Trouble};
use super::staging::Part;
use super::{entry, plain};
use crate::effect;
use crate::error::{Error, Result};
use crate::key::{Digest, Key};

/// What lies in a staging folder.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// Complete parts, in the order of their names.
    pub(super) parts: Vec<Part>,
    /// Files that are of no use, and that nobody is writing.
    pub(super) leftovers: Vec<PathBuf>,
    /// Whether somebody is writing a part.
    pub(super) in_use: bool,
}

impl Survey {
    /// A file without a sidecar: a leftover, unless somebody is writing it.
    fn unvouched(&mut self, path: PathBuf) -> Result<()> {
        if layout::in_use(&path)? {
            self.in_use = true;
        } else {
            self.leftovers.push(path);
        }
        Ok(())
    }
}

impl Cache {
    /// The parts of an entry that an earlier build completed, every stored byte verified; removes
    /// what is of no use. Call it while holding the lock on the key.
    pub fn complete_parts(&self, kind: &str, key: &Key) -> Result<Vec<Part>> {
        let survey = survey(&layout::staging(self.root(), kind, key))?;
        survey.leftovers.iter().try_for_each(|path| layout::remove(path))?;
        Ok(survey.parts)
    }

    /// The finished parts whose names begin with `prefix`: sidecars and lengths are verified, and each
    /// array when it is read ([`Cache::read_part`]). Whatever is not whole is passed over.
    pub fn parts_called(&self, kind: &str, key: &Key, prefix: &str) -> Result<Vec<Part>> {
        let folder = layout::staging(self.root(), kind, key);
        let start = layout::file_name(prefix);
        let sidecar = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(&start) && name.ends_with(".json")
        };
        let paths = layout::children(&folder)?.into_iter().map(|child| child.path());
        Ok(paths.filter(sidecar).filter_map(|path| load(&path).ok()).collect())
    }

    /// A part that a worker has just reported as finished: only its sidecar and its length are
    /// verified.
    pub fn finished_part(&self, kind: &str, key: &Key, name: &str) -> Result<Part> {
        let folder = layout::staging(self.root(), kind, key);
        let path = folder.join(format!("{}.json", layout::file_name(name)));
        load(&path).map_err(|trouble| match trouble {
            Trouble::Failed(error) => error,
            Trouble::Absent => Error::integrity(format!("`{}` is missing", path.display())),
            Trouble::Damaged(why) => Error::integrity(format!("`{}`: {why}", path.display())),
        })
    }
}

/// Looks through a staging folder and changes nothing.
pub(super) fn survey(folder: &Path) -> Result<Survey> {
    let mut found = Survey::default();
    let mut vouched = Vec::new();
    let children = layout::children(folder)?;
    let with_extension = |wanted: &'static str| {
        children
            .iter()
            .map(fs::DirEntry::path)
            .filter(move |p| p.extension().is_some_and(|e| e == wanted))
    };
    for sidecar in with_extension("json") {
        match load(&sidecar).and_then(|part| verify(&part).map(|()| part)) {
            Ok(part) => {
                vouched.push(part.path.clone());
                found.parts.push(part);
            }
            Err(Trouble::Failed(error)) => return Err(error),
            Err(_) => found.leftovers.push(sidecar),
        }
    }
    for data in with_extension("part") {
        if !vouched.contains(&data) {
            found.unvouched(data)?;
        }
    }
    for path in children.iter().map(fs::DirEntry::path).filter(|p| p.extension().is_none()) {
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        if name.starts_with(HALF_ENTRY.as_bytes()) {
            found.leftovers.push(path);
        } else if name.starts_with(TEMPORARY.as_bytes()) {
            found.unvouched(path)?;
        }
    }
    found.parts.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

fn load(sidecar: &Path) -> Result<Part, Trouble> {
    let mut part: Part = sealed::read(sidecar, "part")?;
    part.path = sidecar.with_extension("part");
    let data = fs::symlink_metadata(&part.path).map_err(|e| Trouble::reading(&part.path, e))?;
    let fits = |piece: &Piece| {
        piece.check().is_ok()
            && piece.offset.checked_add(piece.bytes).is_some_and(|e| e <= part.bytes)
    };
    if !data.is_file() || !part.file.as_deref().is_none_or(entry::is_name) {
        return Err(Trouble::Damaged("its data are no file".to_owned()));
    }
    if !part.pieces.iter().all(fits) {
        return Err(Trouble::Damaged("its arrays are not in its data".to_owned()));
    }
    if data.len() != part.bytes {
        return Err(Trouble::Damaged("its data have not their length".to_owned()));
    }
    Ok(part)
}

fn verify(part: &Part) -> Result<(), Trouble> {
    let data =
        plain::open("cache.part.open", &part.path).map_err(|e| Trouble::reading(&part.path, e))?;
    let mut end = 0;
    for piece in &part.pieces {
        let mut stored = vec![0; piece.bytes as usize];
        effect::read_at("cache.part.read", &data, &mut stored, end)
            .map_err(|e| Trouble::reading(&part.path, e))?;
        if piece.check().is_err() || piece.offset != end || Digest::of(&stored) != piece.stored {
            return Err(Trouble::Damaged(format!("`{}` is not what was written", piece.name)));
        }
        end += piece.bytes;
    }
    if end == part.bytes {
        Ok(())
    } else {
        Err(Trouble::Damaged("its data hold more than its arrays".to_owned()))
    }
}
