//! Writes archives.

use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::{FORMAT, LIST, Listed, Manifest, SEAL, member};
use crate::cache::entry::{ENTRY, FileRecord};
use crate::cache::{Cache, layout, sealed};
use crate::effect;
use crate::error::{Error, IoContext, Result};
use crate::key::{Digest, Key};

/// What was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Exported {
    /// Entries.
    pub entries: usize,
    /// Bytes of their files.
    pub bytes: u64,
}

/// Writes the entries under `keys` to a file, which appears complete or not at all.
///
/// # Errors
/// As [`export`].
pub fn export_to(
    cache: &Cache,
    about: Value,
    keys: &[(&str, Key)],
    path: &Path,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Exported> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let half = path.with_file_name(format!(".{name}.tmp-{}", std::process::id()));
    let written = (|| {
        let mut out =
            BufWriter::new(effect::create("cache.archive.create", &half).io("write", path)?);
        let exported = export(cache, about, keys, &mut out, progress)?;
        let file = out.into_inner().map_err(io::IntoInnerError::into_error).io("write", path)?;
        effect::sync("cache.archive.sync", &file).io("write", path)?;
        effect::rename("cache.archive.rename", &half, path).io("write", path)?;
        Ok(exported)
    })();
    if written.is_err() {
        let _ = effect::remove_file("cache.archive.remove", &half);
    }
    written
}

/// Writes the entries under `keys`, in any order and each once.
///
/// # Errors
/// Of kind integrity if an entry is missing or damaged; it is set aside then. Environment, if `out` cannot
/// be written.
pub fn export(
    cache: &Cache,
    about: Value,
    keys: &[(&str, Key)],
    out: &mut dyn Write,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Exported> {
    let mut keys = keys.to_vec();
    keys.sort_unstable();
    keys.dedup();
    let entries: Vec<Listed> =
        keys.iter().map(|(kind, key)| listed(cache, kind, key)).collect::<Result<_>>()?;
    let manifest =
        Manifest { format: FORMAT, spinlock: env!("CARGO_PKG_VERSION").to_owned(), about, entries };
    let list = sealed::seal(SEAL, &manifest)?;
    let mut tar = tar::Builder::new(out);
    let to = Path::new("the archive");
    tar.append(&header(LIST, list.len() as u64)?, list.as_slice()).io("write", to)?;
    let mut exported = Exported::default();
    for one in &manifest.entries {
        let folder = layout::object(cache.root(), &one.kind, &one.key);
        for record in &one.files {
            let path = folder.join(&record.name);
            let file = effect::open("cache.payload.open", &path).io("read", &path)?;
            let mut reader =
                Hashed { inner: file.take(record.bytes), hasher: blake3::Hasher::new() };
            tar.append(&header(&member(one, record), record.bytes)?, &mut reader)
                .io("write", to)?;
            if Digest::from(reader.hasher.finalize()) != record.digest {
                let why = format!("`{}` is not what was written", record.name);
                cache.quarantine(&one.kind, &one.key, &why)?;
                return Err(crate::cache::entry::damage(&one.kind, &one.key, &why));
            }
            exported.bytes += record.bytes;
        }
        exported.entries += 1;
        progress(exported.entries, manifest.entries.len());
    }
    tar.into_inner().and_then(Write::flush).io("write", to)?;
    Ok(exported)
}

/// An entry as the list has it.
fn listed(cache: &Cache, kind: &str, key: &Key) -> Result<Listed> {
    let entry = cache.entry(kind, key)?;
    let path = layout::object(cache.root(), kind, key).join(ENTRY);
    let head = effect::read("cache.record.read", &path).io("read", &path)?;
    let mut files = entry.files;
    files.sort_by(|a, b| a.name.cmp(&b.name));
    let head =
        FileRecord { name: ENTRY.to_owned(), bytes: head.len() as u64, digest: Digest::of(&head) };
    files.insert(0, head);
    Ok(Listed { kind: kind.to_owned(), key: *key, digest: entry.digest, files })
}

/// The header of a plain member: no owner, no time.
fn header(name: &str, bytes: u64) -> Result<tar::Header> {
    let mut header = tar::Header::new_ustar();
    header
        .set_path(name)
        .map_err(|e| Error::artifact(format!("`{name}` is no name for a member: {e}")))?;
    header.set_entry_type(tar::EntryType::Regular);
    header.set_size(bytes);
    header.set_mode(0o444);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header.set_cksum();
    Ok(header)
}

/// Hashes what is read through it.
struct Hashed<R> {
    inner: R,
    hasher: blake3::Hasher,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        Ok(count)
    }
}
