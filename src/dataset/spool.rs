//! Rows of a table on their way into a data set: kept in a file without a name, so that memory does not
//! grow with the number of operators, and read back chunk by chunk while the data set is written.
//!
//! Invariant: rows come in any order, from any thread, each once; the file goes with its last handle.

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::file::{Chunk, Data, Loaded};
use crate::effect;
use crate::error::{Error, IoContext, Result};
use crate::key::Digest;

/// Bytes of a chunk, about.
const CHUNK: usize = 1 << 20;

/// Rows of one length.
pub(super) struct Spool {
    file: Arc<File>,
    /// Bytes of a row.
    row: usize,
    leaves: Mutex<Vec<Option<Digest>>>,
}

impl Spool {
    /// Place for `rows` rows of `row` bytes in `folder`, which is made if need be.
    pub(super) fn create(folder: &Path, rows: usize, row: usize) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        effect::create_folder("dataset.spool.folder", folder).io("create", folder)?;
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!(".spinlock-rows-{}-{count}", std::process::id()));
        let how = OpenOptions::new().read(true).write(true).create_new(true).clone();
        let file = effect::open_as("dataset.spool.create", &how, &path).io("create", &path)?;
        effect::remove_file("dataset.spool.remove", &path).io("remove", &path)?;
        Ok(Self { file: Arc::new(file), row, leaves: Mutex::new(vec![None; rows]) })
    }

    /// Puts a row.
    pub(super) fn put(&self, at: usize, bytes: &[u8]) -> Result<()> {
        assert_eq!(bytes.len(), self.row, "a row has one length");
        effect::write_at("dataset.spool.write", &self.file, bytes, (at * self.row) as u64)
            .io("write", Path::new("rows of features"))?;
        self.leaves.lock().unwrap_or_else(PoisonError::into_inner)[at] = Some(Digest::of(bytes));
        Ok(())
    }

    /// Rows of a chunk, and the rows as the data of an array `[rows, …]` whose chunks span `rank` axes.
    pub(super) fn data(&self, rank: usize) -> Result<(usize, Data)> {
        let leaves = self.leaves.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let all = leaves.len();
        let leaves: Option<Vec<Digest>> = leaves.into_iter().collect();
        let leaves = leaves.ok_or_else(|| Error::artifact("rows of features are missing"))?;
        let rows = (CHUNK / self.row.max(1)).clamp(1, all.max(1));
        let chunk = |first: usize| {
            let (file, row) = (Arc::clone(&self.file), self.row);
            let count = rows.min(all - first);
            let load = move || {
                let mut bytes = vec![0; rows * row];
                let (into, from) = (&mut bytes[..count * row], (first * row) as u64);
                effect::read_at("dataset.spool.read", &file, into, from)
                    .io("read", Path::new("rows of features"))?;
                Ok(Loaded::Decoded(bytes))
            };
            let mut offset = vec![0; rank];
            offset[0] = first;
            Chunk { offset, load: Box::new(load) }
        };
        Ok((rows, Data::Chunks { leaves, chunks: (0..all).step_by(rows).map(chunk).collect() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_in_order_and_the_file_has_no_name() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::create(folder.path(), 3, 600_000).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        for at in [2, 0] {
            spool.put(at, &vec![at as u8; 600_000]).unwrap();
        }
        assert!(spool.data(2).is_err(), "a row is missing");
        spool.put(1, &vec![1; 600_000]).unwrap();
        let (rows, data) = spool.data(2).unwrap();
        let Data::Chunks { leaves, chunks } = data else { panic!("{data:?}") };
        assert_eq!((rows, leaves.len(), chunks.len()), (1, 3, 3));
        assert_eq!(leaves[1], Digest::of(&vec![1; 600_000]));
        let Loaded::Decoded(bytes) = (chunks[2].load)().unwrap() else { panic!("not decoded") };
        assert_eq!((chunks[2].offset.as_slice(), bytes[7]), ([2, 0].as_slice(), 2));
    }
}
