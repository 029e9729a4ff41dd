//! The promises of the whole cache: what is put in comes back, or is known to be lost.

mod content;
mod damage;
mod keeping;
mod killed;
mod many;
mod roots;

use std::fs;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

use super::*;
use crate::error::ErrorKind;
use crate::key::Digest;

const KIND: &str = "test";
const QUIET: fn(FsckProgress) = |_| ();

/// A cache, and a folder of its own that goes away with it.
struct Space {
    folder: tempfile::TempDir,
    cache: Cache,
}

impl Space {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path().join("cache")).unwrap();
        Self { folder, cache }
    }

    /// Another handle on a cache that exists.
    fn at(root: &Path) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), cache: Cache::open(root).unwrap() }
    }

    fn fsck(&self, deep: bool) -> FsckReport {
        self.cache.fsck(FsckOptions { deep, dry_run: false }, &mut QUIET.clone()).unwrap()
    }

    fn object(&self, key: &Key) -> PathBuf {
        layout::object(self.cache.root(), KIND, key)
    }

    fn staging(&self, key: &Key) -> PathBuf {
        layout::staging(self.cache.root(), KIND, key)
    }

    /// Puts an entry of two float32 arrays, one of which deflates.
    fn put(&self, key: &Key, first: f32) -> Published {
        let mut writer = PartWriter::create(&self.cache, KIND, key, "all").unwrap();
        push(&mut writer, "fields/0", first, Some(4));
        push(&mut writer, "fields/1", first + 1.0, None);
        writer.finish([("seed".to_owned(), json!({"b": 1.5, "a": [1]}))].into()).unwrap();
        self.publish(key)
    }

    fn publish(&self, key: &Key) -> Published {
        let pending = Pending {
            kind: KIND.to_owned(),
            key: *key,
            recipe: "x: 1\n".to_owned(),
            parts: self.cache.complete_parts(KIND, key).unwrap(),
            notes: [("seconds".to_owned(), json!(0.5))].into(),
        };
        self.cache.publish_batch(vec![pending]).unwrap().remove(0)
    }
}

fn key(n: u8) -> Key {
    Key([n; 32])
}

/// 6 leaves of 4 × 25 elements, of which the last two are padding.
const SHAPE: [usize; 3] = [6, 4, 25];

fn values(first: f32) -> Vec<u8> {
    (0..600).flat_map(|i| (first + (i / 7) as f32).to_le_bytes()).collect()
}

fn push(writer: &mut PartWriter, name: &str, first: f32, level: Option<u8>) {
    writer.push(name, Dtype::F32, &SHAPE, 100, 4, &values(first), level).unwrap();
}

fn flip(path: &Path, bit: u64) {
    let mut permissions = fs::metadata(path).unwrap().permissions();
    permissions.set_mode(0o644);
    fs::set_permissions(path, permissions).unwrap();
    let file = fs::OpenOptions::new().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, bit / 8).unwrap();
    byte[0] ^= 1 << (bit % 8);
    file.write_all_at(&byte, bit / 8).unwrap();
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    layout::children(folder).unwrap().iter().map(fs::DirEntry::path).collect()
}

/// What a reader of everything notices.
fn read_all(cache: &Cache, key: &Key) -> Result<()> {
    let entry = cache.entry(KIND, key)?;
    for piece in &entry.pieces {
        cache.read(&entry, piece)?;
        cache.read_stored(&entry, piece)?;
    }
    Ok(())
}

fn push_part(space: &Space, key: &Key, name: &str, first: f32) -> PartReport {
    let mut writer = PartWriter::create(&space.cache, KIND, key, name).unwrap();
    push(&mut writer, &format!("fields/{name}"), first, Some(4));
    writer.finish(Documents::new()).unwrap()
}
