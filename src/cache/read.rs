//! Reading arrays out of entries, every byte verified.
//!
//! Invariant: bytes are handed out only if they have the digest recorded when they were written. If
//! they have not, also after opening the file afresh, the entry goes to quarantine.

use std::collections::VecDeque;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::encoding::{self, Encoding};
use super::entry::Entry;
use super::piece::Piece;
use super::plain;
use super::sealed::Trouble;
use super::staging::Part;
use super::{Cache, layout};
use crate::effect;
use crate::error::Result;
use crate::key::Digest;

/// Files kept open, so that copying thousands of pieces opens each file once.
const MAX_OPEN: usize = 64;

/// The files read last, the most recent at the end.
#[derive(Debug, Default)]
pub(super) struct OpenFiles(Mutex<VecDeque<(PathBuf, Arc<File>)>>);

impl OpenFiles {
    fn list(&self) -> MutexGuard<'_, VecDeque<(PathBuf, Arc<File>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, path: &Path) -> Result<Arc<File>, Trouble> {
        let mut list = self.list();
        if let Some(i) = list.iter().rposition(|(p, _)| p == path) {
            let found = list.remove(i).expect("the index was just found");
            let file = Arc::clone(&found.1);
            list.push_back(found);
            return Ok(file);
        }
        drop(list);
        let file = Arc::new(
            plain::open("cache.payload.open", path).map_err(|e| Trouble::reading(path, e))?,
        );
        let mut list = self.list();
        if list.len() >= MAX_OPEN {
            list.pop_front();
        }
        list.push_back((path.to_owned(), Arc::clone(&file)));
        Ok(file)
    }

    /// Closes every file in a folder.
    pub(super) fn forget(&self, folder: &Path) {
        self.list().retain(|(path, _)| path.parent() != Some(folder));
    }
}

/// The decoded bytes of a piece, out of its stored bytes.
pub(super) fn decoded(piece: &Piece, stored: Vec<u8>) -> Result<Vec<u8>, String> {
    // Where the leaves cover the very bytes stored, hashing them once is enough.
    if piece.encoding != Encoding::Raw || !piece.is_full() {
        as_stored(piece, &stored)?;
    }
    let bytes = encoding::decode(stored, piece.dtype, piece.elements(), piece.encoding)
        .map_err(|e| format!("`{}`: {}", piece.name, e.message))?;
    piece.verify(&bytes)?;
    Ok(bytes)
}

/// Whether stored bytes are those that were written.
fn as_stored(piece: &Piece, stored: &[u8]) -> Result<(), String> {
    if Digest::of(stored) == piece.stored {
        Ok(())
    } else {
        Err(format!("`{}` is not what was written", piece.name))
    }
}

/// Verifies one piece in an open file; `deep` decodes it and verifies its leaves too.
pub(super) fn check_piece(
    file: &File,
    path: &Path,
    piece: &Piece,
    deep: bool,
) -> Result<(), Trouble> {
    let stored = read_at(file, path, piece)?;
    as_stored(piece, &stored).map_err(Trouble::Damaged)?;
    if deep {
        decoded(piece, stored).map_err(Trouble::Damaged)?;
    }
    Ok(())
}

pub(super) fn read_at(file: &File, path: &Path, piece: &Piece) -> Result<Vec<u8>, Trouble> {
    let mut stored = vec![0; piece.bytes as usize];
    effect::read_at("cache.payload.read", file, &mut stored, piece.offset)
        .map_err(|e| Trouble::reading(path, e))?;
    Ok(stored)
}

impl Cache {
    /// The array as it was pushed, little-endian in C order, padding included; every leaf verified.
    /// # Errors
    /// [`crate::error::ErrorKind::Integrity`] if it is damaged; the entry is then in quarantine.
    pub fn read(&self, entry: &Entry, piece: &Piece) -> Result<Vec<u8>> {
        self.verified(entry, piece, |stored| decoded(piece, stored))
    }

    /// The array as it is stored, under `piece.encoding`; verified.
    /// # Errors
    /// As [`Cache::read`].
    pub fn read_stored(&self, entry: &Entry, piece: &Piece) -> Result<Vec<u8>> {
        self.verified(entry, piece, |stored| as_stored(piece, &stored).map(|()| stored))
    }

    /// An array of a part that is not published, verified; `None` if it is damaged or gone, which loses
    /// nothing but the work that went into it.
    pub fn read_part(&self, part: &Part, piece: &Piece) -> Option<Vec<u8>> {
        let file = plain::open("cache.part.open", &part.path).ok()?;
        decoded(piece, read_at(&file, &part.path, piece).ok()?).ok()
    }

    fn verified(
        &self,
        entry: &Entry,
        piece: &Piece,
        accept: impl Fn(Vec<u8>) -> Result<Vec<u8>, String>,
    ) -> Result<Vec<u8>> {
        let folder = layout::object(self.root(), &entry.kind, &entry.key);
        let path = folder.join(&piece.file);
        let attempt = || {
            let file = self.open_files.get(&path)?;
            accept(read_at(&file, &path, piece)?).map_err(Trouble::Damaged)
        };
        // The open file may be one that another process has replaced since.
        let result = attempt().or_else(|_| {
            self.open_files.forget(&folder);
            attempt()
        });
        match result {
            Ok(bytes) => Ok(bytes),
            Err(Trouble::Failed(error)) => Err(error),
            Err(Trouble::Absent) => unreachable!("a missing payload file counts as damage"),
            Err(Trouble::Damaged(why)) => Err(self.condemn(&entry.kind, &entry.key, &why)),
        }
    }
}
