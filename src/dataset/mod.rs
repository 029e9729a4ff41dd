//! The data set: one HDF5 file, written from plain data, read back, checked, shown and compared.
//!
//! `docs/data-set.md` says what lies in such a file and how its digest is taken. Invariant: a file
//! appears complete or not at all, and whatever a damaged or hostile file holds, reading it ends in an
//! error or a finding, never in a crash. The only module that names HDF5.

mod blocks;
mod checks;
mod chunks;
mod digest;
mod facts;
mod ffi;
mod file;
mod hdf;
mod reader;
#[cfg(test)]
mod sample;
mod staging;
#[cfg(test)]
mod tests;
mod validate;
mod values;
mod writer;

pub use file::{Array, Attribute, Chunk, Data, File, Loaded, Type, leaf_axis};
pub use reader::is_ours;
pub use validate::{Finding, Report, validate};
pub use writer::{DIGEST, GENERATOR, KEY, Written, write};
