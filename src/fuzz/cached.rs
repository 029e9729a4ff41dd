//! What lies in a cache that others may write to.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::cache::{Cache, FsckOptions, sealed_text};
use crate::key::Key;

/// The entry that is read.
const KIND: &str = "test";
const KEY: Key = Key([7; 32]);
/// The payload beside it: numbers from 0 on.
const PAYLOAD: usize = 256;

/// A cache of this process, which goes when the next process of the same number needs the place.
fn cache() -> &'static (Cache, PathBuf) {
    static CACHE: OnceLock<(Cache, PathBuf)> = OnceLock::new();
    CACHE.get_or_init(|| {
        let root = std::env::temp_dir().join(format!("spinlock-fuzz-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        (Cache::open(&root).expect("the folder for temporary files can be written"), root)
    })
}

fn payload() -> Vec<u8> {
    (0..PAYLOAD).map(|i| i as u8).collect()
}

/// A folder with only these files in it.
fn folder(path: &Path, files: &[(&str, &[u8])]) {
    let _ = fs::remove_dir_all(path);
    fs::create_dir_all(path).expect("a folder for temporary files");
    for (name, bytes) in files {
        fs::write(path.join(name), bytes).expect("a temporary file");
    }
}

/// An entry whose value in `entry.json` are these bytes, under a checksum that fits.
pub fn entry(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (cache, root) = cache();
    let key = KEY.to_string();
    let home = root.join("objects").join(KIND).join(&key[..2]).join(&key);
    let payload = payload();
    // The digest of one leaf, so that a piece with one can be whole.
    let leaves = crate::key::Digest::of(&payload).0;
    let sealed = sealed_text("entry", text);
    let whole: [(&str, &[u8]); 3] =
        [("entry.json", &sealed), ("leaves.bin", &leaves), ("part-0.bin", &payload)];
    folder(&home, &whole);
    let _ = cache.head(KIND, &KEY);
    let _ = cache.check(KIND, &KEY, true);
    if let Ok(entry) = cache.entry(KIND, &KEY) {
        for piece in &entry.pieces {
            let read = cache.read(&entry, piece);
            assert!(
                read.map_or(true, |read| read.len() == piece.decoded_bytes()),
                "an array has not its length"
            );
            let _ = cache.read_stored(&entry, piece);
        }
    }
    folder(&home, &whole);
    let report = cache.fsck(FsckOptions { deep: true, dry_run: true }, &mut |_| ());
    assert!(report.is_ok_and(|report| report.entries == 1), "fsck gives up");
    let _ = fs::remove_dir_all(root.join("quarantine"));
}

/// A part whose value in the sidecar are these bytes, under a checksum that fits.
pub fn part(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (cache, root) = cache();
    let home = root.join("staging").join(KIND).join(KEY.to_string());
    folder(&home, &[("u0-1.json", &sealed_text("part", text)), ("u0-1.part", &payload())]);
    for part in cache.parts_called(KIND, &KEY, "u").into_iter().flatten() {
        for piece in &part.pieces {
            let _ = cache.read_part(&part, piece);
        }
        let name = part.file.as_deref().unwrap_or("part-0.bin");
        assert!(!name.contains('/') && name != "..", "a part lies at `{name}`");
    }
    let _ = cache.finished_part(KIND, &KEY, "u0-1");
    assert!(cache.complete_parts(KIND, &KEY).is_ok(), "a damaged part is no leftover");
}
