//! Parts: what workers write of an entry before it is published.
//!
//! A part is a data file `<name>.part` and a sealed sidecar `<name>.json`, renamed into place in this
//! order, so that a sidecar vouches for complete data and a killed build resumes from its complete
//! parts. Invariant: nothing here is read by anyone who wants results. A part may be written twice,
//! also at the same time; the last one counts. Knows nothing of how units are divided into parts.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Cache;
use super::encoding::{Dtype, Encoder, Encoding};
use super::entry::{Documents, content_digest};
use super::layout::{self, TempFile};
use super::piece::{Piece, Valid, check_shape, hash_leaves};
use super::sealed;
use crate::effect;
use crate::error::{Error, IoContext, Result};
use crate::key::{Digest, Key};

/// A complete part, ready to be published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// The name its writer gave it.
    pub name: String,
    /// Its arrays, in the order they were pushed.
    pub pieces: Vec<Piece>,
    /// Its documents.
    pub documents: Documents,
    /// Length of the data file.
    pub bytes: u64,
    /// BLAKE3 of the data file.
    pub digest: Digest,
    /// What the data file is to be called in the entry, if that matters to whoever looks there.
    pub file: Option<String>,
    /// The data file.
    #[serde(skip)]
    pub path: PathBuf,
}

/// What a finished part amounts to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartReport {
    /// The name of the part.
    pub name: String,
    /// Arrays written.
    pub pieces: usize,
    /// Bytes before encoding, padding included.
    pub decoded_bytes: u64,
    /// Bytes in the data file.
    pub bytes: u64,
    /// The digest of its content, as an entry of this part alone would have it.
    pub digest: Digest,
}

/// Writes one part. Dropped before [`PartWriter::finish`], it leaves nothing behind.
#[derive(Debug)]
pub struct PartWriter {
    folder: PathBuf,
    temp: TempFile,
    part: Part,
    decoded_bytes: u64,
    hasher: blake3::Hasher,
    encoder: Option<Encoder>,
}

impl Cache {
    /// A path for a file that a worker needs while it makes an entry, which goes with the staging folder.
    pub fn scratch(&self, kind: &str, key: &Key, name: &str) -> PathBuf {
        layout::staging(self.root(), kind, key)
            .join(layout::unique(&format!("{}{name}-", layout::TEMPORARY)))
    }
}

impl PartWriter {
    /// Begins a part of the entry under a key. `name` is any text that no other part of the entry
    /// has, for instance `ops32-63`.
    pub fn create(cache: &Cache, kind: &str, key: &Key, name: &str) -> Result<Self> {
        let folder = layout::staging(cache.root(), kind, key);
        let temp = TempFile::create_in(&folder)?;
        Ok(Self::over(temp, folder, name))
    }

    fn over(temp: TempFile, folder: PathBuf, name: &str) -> Self {
        let path = folder.join(format!("{}.part", layout::file_name(name)));
        let part = Part {
            name: name.to_owned(),
            pieces: Vec::new(),
            documents: Documents::new(),
            bytes: 0,
            digest: Digest([0; 32]),
            file: None,
            path,
        };
        let hasher = blake3::Hasher::new();
        Self { folder, temp, part, decoded_bytes: 0, hasher, encoder: None }
    }

    /// Gives the data file a name of its own in the entry, for a format that other programs read.
    pub fn call(&mut self, file: &str) {
        self.part.file = Some(file.to_owned());
    }

    /// Adds an array.
    ///
    /// - `name`: unique within the entry
    /// - `shape`: the shape of the array, padding included
    /// - `leaf`: elements per leaf
    /// - `valid`: how many leaves are data ([`Valid::First`]), or their extent along each leading
    ///   axis ([`Valid::Box`])
    /// - `bytes`: the little-endian elements in C order
    /// - `level`: shuffle and deflate at this level if that gains at least 5 % on the first 64 KiB;
    ///   `None` stores the bytes as they are
    ///
    /// # Errors
    /// [`crate::error::ErrorKind::Artifact`] if the numbers do not fit each other,
    /// [`crate::error::ErrorKind::Environment`] if it cannot be written.
    #[expect(clippy::too_many_arguments, reason = "one call is one row of a table of arrays")]
    pub fn push(
        &mut self,
        name: &str,
        dtype: Dtype,
        shape: &[usize],
        leaf: usize,
        valid: impl Into<Valid>,
        bytes: &[u8],
        level: Option<u8>,
    ) -> Result<()> {
        let valid = valid.into();
        let wrong = |why: String| Error::artifact(format!("the array `{name}`: {why}"));
        check_shape(dtype, shape, leaf, &valid).map_err(wrong)?;
        if shape.iter().product::<usize>() * dtype.size() != bytes.len() {
            let got = bytes.len();
            return Err(wrong(format!("{got} bytes are not {} of {shape:?}", dtype.name())));
        }
        if self.part.pieces.iter().any(|p| p.name == name) {
            return Err(wrong("pushed twice".to_owned()));
        }
        let (stored, encoding) = match level {
            None => (bytes.into(), Encoding::Raw),
            Some(level) => {
                if self.encoder.as_ref().is_none_or(|e| e.level() != level) {
                    self.encoder = Some(Encoder::new(level)?);
                }
                let encoder = self.encoder.as_mut().expect("made just above");
                encoder.encode(bytes, dtype)
            }
        };
        effect::write_all("cache.part.write", &mut self.temp.file, &stored)
            .io("write", &self.part.path)?;
        self.hasher.update(&stored);
        self.part.pieces.push(Piece {
            name: name.to_owned(),
            dtype,
            shape: shape.to_vec(),
            leaf,
            leaves: hash_leaves(bytes, dtype, shape, leaf, &valid),
            valid,
            file: data_name(&self.part.path),
            offset: self.part.bytes,
            bytes: stored.len() as u64,
            encoding,
            stored: Digest::of(&stored),
        });
        self.part.bytes += stored.len() as u64;
        self.decoded_bytes += bytes.len() as u64;
        Ok(())
    }

    /// Completes the part: from here on a killed build does not lose it.
    pub fn finish(mut self, documents: Documents) -> Result<PartReport> {
        self.part.documents = documents;
        self.part.digest = self.hasher.finalize().into();
        let Self { folder, temp, part, decoded_bytes, .. } = self;
        // Not flushed to the disk here, which would cost more than small parts do: publishing
        // flushes, and after a power cut whoever resumes verifies every byte before using it.
        let mut sidecar = TempFile::create_in(&folder)?;
        let sidecar_path = part.path.with_extension("json");
        let sealed = sealed::seal("part", &part)?;
        effect::write_all("cache.part.write", &mut sidecar.file, &sealed)
            .io("write", &sidecar_path)?;
        // The data stay locked until the sidecar is there: no sweep takes them for a leftover.
        let _locked = temp.persist(&part.path)?;
        sidecar.persist(&sidecar_path)?;
        Ok(PartReport {
            digest: content_digest(&part.pieces, &part.documents),
            pieces: part.pieces.len(),
            decoded_bytes,
            bytes: part.bytes,
            name: part.name,
        })
    }
}

fn data_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn a_full_disk_ends_a_part_with_advice_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tmp-1");
        fs::write(&path, "").unwrap();
        let file = File::options().write(true).open("/dev/full").unwrap();
        let temp = TempFile { file, path };
        let mut writer = PartWriter::over(temp, folder.path().to_owned(), "a");
        let pushed = writer.push("x", Dtype::U8, &[4], 4, 1, &[1, 2, 3, 4], None);
        let error = pushed.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Environment);
        assert!(error.help.unwrap().contains("spinlock cache gc"));
        drop(writer);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn an_array_that_does_not_fit_its_shape_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path()).unwrap();
        let mut writer = PartWriter::create(&cache, "test", &Key([1; 32]), "a").unwrap();
        let mut push = |bytes: &[u8], valid, level| {
            writer.push("x", Dtype::F16, &[2, 2], 2, Valid::First(valid), bytes, level)
        };
        assert_eq!(
            push(&[0; 9], 2, None).unwrap_err().message,
            "the array `x`: 9 bytes are not float16 of [2, 2]"
        );
        assert!(push(&[0; 8], 3, None).is_err());
        assert!(push(&[0; 8], 2, Some(10)).is_err());
        push(&[0; 8], 2, None).unwrap();
        assert!(push(&[0; 8], 2, None).unwrap_err().message.ends_with("pushed twice"));
    }
}
