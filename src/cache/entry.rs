//! What the cache holds under a key, and the digest of it.
//!
//! On disk an entry is a folder: `entry.json` (sealed), `leaves.bin` (the leaf digests of all pieces
//! one after another, 32 bytes each, pieces in the order of their names), payload files. Invariant:
//! [`load`] returns an entry only if all of `entry.json` and `leaves.bin` is as written and every
//! payload file has its length. The payload itself is verified when it is read.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::layout;
use super::piece::Piece;
use super::plain;
use super::sealed::{self, Trouble};
use crate::effect;
use crate::error::{Error, IoContext, Result};
use crate::key::{Digest, Key};

/// The file that makes a folder an entry.
pub(super) const ENTRY: &str = "entry.json";
const LEAVES: &str = "leaves.bin";

/// Small named JSON values.
pub type Documents = BTreeMap<String, Value>;

/// A payload file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    /// Its name in the folder of the entry.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// BLAKE3 of all its bytes.
    pub digest: Digest,
}

/// A recipe and what was made from it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The hash of the recipe.
    pub key: Key,
    /// The kind of artifact: a folder name, and nothing more to the cache.
    pub kind: String,
    /// The hash of the content, see [`content_digest`].
    pub digest: Digest,
    /// The recipe as text, one line per field.
    pub recipe: String,
    /// The arrays, in the order of their names.
    pub pieces: Vec<Piece>,
    /// Small content, part of the digest.
    pub documents: Documents,
    /// How it came about (seconds, host, versions, when); no part of the digest.
    pub notes: Documents,
    /// The payload files.
    pub files: Vec<FileRecord>,
}

impl Entry {
    /// The array of that name.
    pub fn piece(&self, name: &str) -> Option<&Piece> {
        self.pieces.binary_search_by(|p| p.name.as_str().cmp(name)).ok().map(|i| &self.pieces[i])
    }

    /// Bytes of all payload files.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|f| f.bytes).sum()
    }
}

/// The digest of content: BLAKE3, in key-derivation mode with the context below, over
///
/// - per piece in the order of names: `p`, the name, the name of the type, the number of leaves, and
///   the hash of its leaf digests one after another;
/// - per document in the order of names: `d`, the name, and its JSON text with sorted keys and no
///   white space.
///
/// Texts carry their length; lengths are 64-bit little-endian. Padding, encoding, order in files and
/// division into parts do not enter.
pub fn content_digest(pieces: &[Piece], documents: &Documents) -> Digest {
    let mut hasher = blake3::Hasher::new_derive_key("spinlock 2026 entry digest v1");
    let text = |hasher: &mut blake3::Hasher, text: &str| {
        hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
    };
    let mut sorted: Vec<&Piece> = pieces.iter().collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    for piece in sorted {
        hasher.update(b"p");
        text(&mut hasher, &piece.name);
        text(&mut hasher, piece.dtype.name());
        hasher.update(&(piece.leaves.len() as u64).to_le_bytes());
        hasher.update(&Digest::tree(&piece.leaves).0);
    }
    for (name, document) in documents {
        hasher.update(b"d");
        text(&mut hasher, name);
        text(&mut hasher, &sorted_keys(document).to_string());
    }
    hasher.finalize().into()
}

fn sorted_keys(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(sorted_keys).collect(),
        Value::Object(fields) => {
            let sorted: BTreeMap<&String, &Value> = fields.iter().collect();
            Value::Object(sorted.into_iter().map(|(k, v)| (k.clone(), sorted_keys(v))).collect())
        }
        other => other.clone(),
    }
}

/// Writes `entry.json` and `leaves.bin` into the folder that will become the entry. The payload
/// files are there already. Returns the bytes written.
pub(super) fn store(folder: &Path, mut entry: Entry) -> Result<u64> {
    let mut leaves = Vec::new();
    for piece in &mut entry.pieces {
        let own = std::mem::take(&mut piece.leaves);
        leaves.extend(own.iter().flat_map(|leaf| leaf.0));
    }
    if !leaves.is_empty() {
        let path = folder.join(LEAVES);
        effect::write("cache.leaves.write", &path, &leaves).io("write", path)?;
        entry.files.push(FileRecord {
            name: LEAVES.to_owned(),
            bytes: leaves.len() as u64,
            digest: Digest::of(&leaves),
        });
    }
    let sealed = sealed::seal("entry", &entry)?;
    let path = folder.join(ENTRY);
    effect::write("cache.entry.write", &path, &sealed).io("write", path)?;
    Ok((leaves.len() + sealed.len()) as u64)
}

/// Reads the entry in a folder.
pub(super) fn load(folder: &Path, kind: &str, key: &Key) -> Result<Entry, Trouble> {
    if folder.symlink_metadata().is_ok_and(|about| !about.is_dir()) {
        return Err(Trouble::Damaged("it is no folder".to_owned()));
    }
    let mut entry = load_head(folder)?;
    if entry.kind != kind || entry.key != *key {
        return Err(Trouble::Damaged(format!("it is the entry {}/{}", entry.kind, entry.key)));
    }
    for file in &entry.files {
        let path = folder.join(&file.name);
        let found = fs::symlink_metadata(&path).map_err(|e| Trouble::reading(&path, e))?;
        if !is_name(&file.name) || !found.is_file() || found.len() != file.bytes {
            return Err(Trouble::Damaged(format!("`{}` has not its length", file.name)));
        }
    }
    join_leaves(folder, &mut entry)?;
    for piece in &entry.pieces {
        piece.check().map_err(|why| Trouble::Damaged(format!("`{}`: {why}", piece.name)))?;
        let file = entry.files.iter().find(|f| f.name == piece.file);
        let end = piece.offset.checked_add(piece.bytes);
        if file.is_none_or(|f| end.is_none_or(|end| end > f.bytes)) {
            let why = format!("`{}` lies outside `{}`", piece.name, piece.file);
            return Err(Trouble::Damaged(why));
        }
    }
    Ok(entry)
}

/// Reads `entry.json` alone: everything but the leaf digests.
pub(super) fn load_head(folder: &Path) -> Result<Entry, Trouble> {
    match sealed::read(&folder.join(ENTRY), "entry") {
        Err(Trouble::Absent) if folder.symlink_metadata().is_ok() => {
            Err(Trouble::Damaged(format!("`{ENTRY}` is missing")))
        }
        other => other,
    }
}

fn join_leaves(folder: &Path, entry: &mut Entry) -> Result<(), Trouble> {
    let total = entry.pieces.iter().try_fold(0_usize, |n, p| n.checked_add(p.valid.count()));
    let bytes = match entry.files.iter().find(|f| f.name == LEAVES) {
        None => Vec::new(),
        Some(record) => {
            let path = folder.join(LEAVES);
            let bytes = layout::steady(|| plain::read("cache.leaves.read", &path))
                .map_err(|e| Trouble::reading(&path, e))?;
            if Digest::of(&bytes) != record.digest {
                return Err(Trouble::Damaged(format!("`{LEAVES}` is not what was written")));
            }
            bytes
        }
    };
    let (leaves, rest) = bytes.as_chunks::<32>();
    if !rest.is_empty() || Some(leaves.len()) != total {
        return Err(Trouble::Damaged(format!("`{LEAVES}` does not fit the pieces")));
    }
    let mut leaves = leaves.iter();
    for piece in &mut entry.pieces {
        let count = piece.valid.count();
        piece.leaves = leaves.by_ref().take(count).map(|leaf| Digest(*leaf)).collect();
    }
    Ok(())
}

/// Whether a text from a file is the name of a file in a folder, and of no other place.
pub(super) fn is_name(text: &str) -> bool {
    Path::new(text).file_name().is_some_and(|name| name == text)
}

/// Names a damaged entry and what is wrong with it.
pub(super) fn damage(kind: &str, key: &Key, why: &str) -> Error {
    Error::integrity(format!("the cache entry `{kind}/{key}` is damaged: {why}"))
        .help("run the same command again: the entry is built anew")
}

/// Whether a payload file has the digest that the entry records; reads it in small steps.
pub(super) fn check_file(folder: &Path, record: &FileRecord) -> Result<(), Trouble> {
    let path = folder.join(&record.name);
    let digest = digest_of_file(&path).map_err(|e| Trouble::reading(&path, e))?;
    if digest == record.digest {
        Ok(())
    } else {
        Err(Trouble::Damaged(format!("`{}` is not what was written", record.name)))
    }
}

fn digest_of_file(path: &Path) -> io::Result<Digest> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(plain::open("cache.payload.open", path)?)?;
    Ok(hasher.finalize().into())
}
