//! Turns parts into entries.
//!
//! Invariant: an entry appears under its key complete or not at all. It is built under a temporary
//! name, flushed, renamed, and the folder flushed; many entries share the flushes. Parts stay in
//! staging (as links) until the entry stands, so a kill at any moment loses none of them. The first
//! entry under a key stays; a later one is only compared with it.

use std::collections::BTreeMap;
use std::collections::btree_map;
use std::io;
use std::path::{Path, PathBuf};

use super::Cache;
use super::durable::Flush;
use super::entry::{self, Documents, Entry, FileRecord, content_digest};
use super::layout::{self, HALF_ENTRY};
use super::piece::Piece;
use super::staging::Part;
use crate::effect;
use crate::error::{Error, IoContext, Result};
use crate::key::{Digest, Key};

/// An entry to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Pending {
    /// The kind of artifact.
    pub kind: String,
    /// Its key.
    pub key: Key,
    /// The recipe as text.
    pub recipe: String,
    /// Its parts, in any order.
    pub parts: Vec<Part>,
    /// How it came about; no part of the digest.
    pub notes: Documents,
}

/// What became of a [`Pending`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The digest of the content handed in.
    pub digest: Digest,
    /// Bytes of the entry that stands under the key now.
    pub bytes: u64,
    /// The digest of the entry that stood there before, and stays. Differs from `digest` if the
    /// result was not reproduced.
    pub existed: Option<Digest>,
}

/// A prepared entry; removed unless it got its place.
struct Half {
    folder: PathBuf,
    home: PathBuf,
}

impl Drop for Half {
    fn drop(&mut self) {
        let _ = layout::remove(&self.folder);
    }
}

impl Cache {
    /// Publishes entries; hold the lock of each key. Results come in the order of the pending ones.
    /// # Errors
    /// [`crate::error::ErrorKind::Artifact`] if parts of one entry contradict each other;
    /// [`crate::error::ErrorKind::Environment`] if it cannot be written. Entries published before
    /// the failure stay; the parts of the others stay in staging.
    pub fn publish_batch(&self, batch: Vec<Pending>) -> Result<Vec<Published>> {
        let mut published = Vec::with_capacity(batch.len());
        let mut halves = Vec::new();
        let mut flush = Flush::default();
        let mut stagings = Vec::with_capacity(batch.len());
        for pending in batch {
            stagings.push(layout::staging(self.root(), &pending.kind, &pending.key));
            let (kind, key) = (pending.kind.clone(), pending.key);
            let (entry, sources) = merge(pending)?;
            let digest = entry.digest;
            if let Some(old) = self.entry_or_quarantine(&kind, &key)? {
                let existed = Some(old.digest);
                published.push(Published { digest, bytes: old.bytes(), existed });
            } else {
                let (half, bytes) = self.prepare(entry, &sources, &mut flush)?;
                halves.push((published.len(), kind, key, half));
                published.push(Published { digest, bytes, existed: None });
            }
        }
        flush.now(self.root())?;
        let mut homes = Flush::default();
        for (i, kind, key, half) in halves {
            published[i].existed = self.place(&kind, &key, &half)?;
            half.home.ancestors().skip(1).take(4).for_each(|folder| homes.add(folder));
        }
        homes.now(self.root())?;
        for folder in stagings {
            // The entries stand; what cannot be removed now is a leftover that `fsck` removes.
            let _ = layout::remove(&folder);
        }
        Ok(published)
    }

    /// Builds an entry under a temporary name.
    fn prepare(&self, entry: Entry, sources: &[PathBuf], flush: &mut Flush) -> Result<(Half, u64)> {
        let home = layout::object(self.root(), &entry.kind, &entry.key);
        let staging = layout::staging(self.root(), &entry.kind, &entry.key);
        let folder = staging.join(layout::unique(HALF_ENTRY));
        effect::create_folder("cache.publish.folder", &folder).io("create", &folder)?;
        let half = Half { folder, home };
        for (source, file) in sources.iter().zip(&entry.files) {
            link(source, &half.folder.join(&file.name))?;
        }
        let payload = entry.bytes();
        let bytes = payload + entry::store(&half.folder, entry)?;
        for file in layout::children(&half.folder)? {
            let path = file.path();
            let mut permissions = file.metadata().io("look at", &path)?.permissions();
            permissions.set_readonly(true);
            effect::permit("cache.publish.permit", &path, &permissions).io("protect", &path)?;
            flush.add(path);
        }
        flush.add(&half.folder);
        Ok((half, bytes))
    }

    /// Gives a prepared entry its place, unless a whole entry has it already: returns that one's
    /// digest.
    fn place(&self, kind: &str, key: &Key, half: &Half) -> Result<Option<Digest>> {
        let parent = half.home.parent().expect("an entry lies under its kind");
        effect::create_folder("cache.publish.folder", parent).io("create", parent)?;
        loop {
            match effect::rename("cache.publish.rename", &half.folder, &half.home) {
                Ok(()) => {
                    self.open_files.forget(&half.home);
                    return Ok(None);
                }
                Err(e) if is_taken(&e) => {
                    if let Some(old) = self.entry_or_quarantine(kind, key)? {
                        return Ok(Some(old.digest));
                    }
                }
                Err(e) => return Err(Error::io("publish", &half.home, e)),
            }
        }
    }
}

fn is_taken(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists)
}

/// One more name for a file, or, on file systems without links, its only name.
fn link(from: &Path, to: &Path) -> Result<()> {
    effect::link("cache.publish.link", from, to)
        .or_else(|_| effect::rename("cache.publish.rename", from, to))
        .io("publish", from)
}

/// The entry that some parts make up, and where the data of its files lie now. Neither depends on
/// the order of the parts, and the digest not on the division into parts.
fn merge(pending: Pending) -> Result<(Entry, Vec<PathBuf>)> {
    let Pending { kind, key, recipe, mut parts, notes } = pending;
    let contradiction = |what: &str, name: &str| {
        Error::artifact(format!("two parts of `{kind}/{key}` differ in the {what} `{name}`"))
            .help("the same work gave two results; run the build again with --check")
    };
    parts.sort_by(|a, b| a.name.cmp(&b.name));
    let mut pieces: BTreeMap<String, Piece> = BTreeMap::new();
    let mut documents = Documents::new();
    let (mut files, mut sources) = (Vec::new(), Vec::new());
    for part in parts {
        let file = part.file.unwrap_or_else(|| format!("part-{}.bin", files.len()));
        let mut used = false;
        for mut piece in part.pieces {
            piece.file.clone_from(&file);
            match pieces.entry(piece.name.clone()) {
                btree_map::Entry::Vacant(place) => {
                    place.insert(piece);
                    used = true;
                }
                btree_map::Entry::Occupied(place) => {
                    let first = place.get();
                    if (first.dtype, &first.leaves) != (piece.dtype, &piece.leaves) {
                        return Err(contradiction("array", &piece.name));
                    }
                }
            }
        }
        for (name, document) in part.documents {
            if documents.get(&name).is_some_and(|first| *first != document) {
                return Err(contradiction("document", &name));
            }
            documents.insert(name, document);
        }
        if used {
            files.push(FileRecord { name: file, bytes: part.bytes, digest: part.digest });
            sources.push(part.path);
        }
    }
    let pieces: Vec<Piece> = pieces.into_values().collect();
    let digest = content_digest(&pieces, &documents);
    Ok((Entry { key, kind, digest, recipe, pieces, documents, notes, files }, sources))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn where_links_are_refused_the_file_is_renamed() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("a"), folder.path().join("b"));
        fs::write(&from, "new").unwrap();
        // A link never replaces a file, a rename does.
        fs::write(&to, "old").unwrap();
        link(&from, &to).unwrap();
        assert_eq!(fs::read(&to).unwrap(), b"new");
        assert!(!from.exists());
    }
}
