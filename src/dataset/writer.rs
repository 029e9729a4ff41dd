//! Writes a data set: arrays, attributes, labels, scales, digest; complete or not at all.
//!
//! Invariant: the same data set gives the same file (HDF5 is told to keep no times, and everything is
//! created in the order given). Knows neither experiments nor the cache: chunks come from closures.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::str::FromStr;

use hdf5::file::LibraryVersion;
use hdf5::types::VarLenUnicode;
use hdf5_metno as hdf5;

use super::chunks::each_encoded;
use super::file::{Array, Attribute, Data, File, Type};
use super::hdf::{descriptor, write_error};
use super::staging::Staged;
use super::{digest, ffi};
use crate::cache::Encoding;
use crate::effect;
use crate::error::{Error, Result};
use crate::key::Digest;

/// The attribute of the root group that holds the digest.
pub const DIGEST: &str = "spinlock_digest";
/// The attribute of the root group that holds the key.
pub const KEY: &str = "spinlock_key";
/// The attribute of the root group that names the program and its version.
pub const GENERATOR: &str = "generator";

/// Both filters of an encoded chunk, by their place in the pipeline: shuffle, then deflate.
pub(super) const BOTH_FILTERS: u32 = 0b11;

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// The digest of the content.
    pub digest: Digest,
    /// Size of the file.
    pub bytes: u64,
}

/// Writes `file` to `target`, replacing what lies there; whether it may is for the caller to say
/// ([`super::is_ours`]). `progress` hears the bytes of values written so far, encoded.
/// # Errors
/// [`crate::error::ErrorKind::Environment`] if the disk is full or refuses; whatever a chunk's
/// `load` returns; [`crate::error::ErrorKind::Artifact`] if the parts do not fit together. Then
/// nothing is left behind, and what lay at `target` still does.
pub fn write(target: &Path, file: &File, progress: &dyn Fn(u64)) -> Result<Written> {
    file.check()?;
    let digest = digest::of_file(file);
    let staged = Staged::create(target)?;
    let mut writer = Writer { progress, written: 0 };
    writer.fill(staged.path(), file, digest).map_err(|failure| failure.of(target))?;
    Ok(Written { digest, bytes: staged.publish()? })
}

/// What can go wrong while a file is filled.
pub(super) enum Failure {
    Disk(io::Error),
    Library(hdf5::Error),
    Ours(Error),
}

impl From<hdf5::Error> for Failure {
    fn from(error: hdf5::Error) -> Self {
        Failure::Library(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Disk(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Ours(error)
    }
}

impl Failure {
    /// As an error about the file at `target`.
    pub(super) fn of(self, target: &Path) -> Error {
        match self {
            Failure::Library(error) => write_error(target, &error),
            Failure::Ours(error) => error,
            Failure::Disk(error) => Error::io("write", target, error),
        }
    }
}

/// Fills files.
pub(super) struct Writer<'a> {
    /// Hears the bytes of values written so far, encoded.
    pub progress: &'a dyn Fn(u64),
    /// These bytes.
    pub written: u64,
}

impl Writer<'_> {
    fn fill(&mut self, path: &Path, file: &File, digest: Digest) -> Result<(), Failure> {
        let hdf = create(path)?;
        let mut groups = BTreeMap::new();
        self.arrays(&hdf, &mut groups, &file.arrays, file.compression)?;
        for (path, name, value) in &file.attributes {
            if let Ok(array) = hdf.dataset(path) {
                write_attribute(&array, name, value)?;
            } else {
                write_attribute(group(&hdf, &mut groups, path)?, name, value)?;
            }
        }
        for (number, (array, axis, scale)) in file.scales.iter().enumerate() {
            let scale_array = hdf.dataset(scale)?;
            if !file.scales[..number].iter().any(|(_, _, earlier)| earlier == scale) {
                ffi::set_scale(&scale_array, scale.rsplit('/').next().unwrap_or(scale))?;
            }
            ffi::attach_scale(&hdf.dataset(array)?, *axis, &scale_array)?;
        }
        write_attribute(&hdf, GENERATOR, &generator())?;
        for (name, text) in [(DIGEST, digest.to_string()), (KEY, file.key.to_string())] {
            write_attribute(&hdf, name, &Attribute::Text(text))?;
        }
        drop(groups);
        finish(hdf)
    }

    /// Makes arrays, with the groups they lie in.
    pub(super) fn arrays(
        &mut self,
        hdf: &hdf5::File,
        groups: &mut BTreeMap<String, hdf5::Group>,
        arrays: &[Array],
        compression: Option<u8>,
    ) -> Result<(), Failure> {
        arrays.iter().try_for_each(|array| self.array(hdf, groups, array, compression))
    }

    fn array(
        &mut self,
        hdf: &hdf5::File,
        groups: &mut BTreeMap<String, hdf5::Group>,
        array: &Array,
        compression: Option<u8>,
    ) -> Result<(), Failure> {
        let (parent, name) = array.path.rsplit_once('/').expect("check: the path is absolute");
        let extents: Vec<hdf5::Extent> = (0..array.shape.len())
            .map(|axis| {
                if array.extensible.contains(&axis) && !array.shape.contains(&0) {
                    hdf5::Extent::resizable(array.shape[axis])
                } else {
                    hdf5::Extent::fixed(array.shape[axis])
                }
            })
            .collect();
        let extents = if extents.is_empty() {
            hdf5::Extents::scalar()
        } else {
            hdf5::Extents::simple(extents)
        };
        let chunk = array.stored_chunk();
        let mut builder = group(hdf, groups, parent)?
            .new_dataset_builder()
            .empty_as(descriptor(array.dtype))
            .obj_track_times(false);
        builder = match &chunk {
            Some(chunk) => builder.chunk(chunk.clone()),
            None => builder.no_chunk(),
        };
        if let (Some(level), Some(_), Type::Number(_)) = (compression, &chunk, array.dtype) {
            builder = builder.shuffle().deflate(level);
        }
        effect::point("dataset.array.create")?;
        let dataset = builder.shape(extents).create(name)?;
        self.values(&dataset, array, chunk.as_deref(), compression)?;
        for (axis, label) in array.labels.iter().enumerate() {
            ffi::set_label(&dataset, axis, label)?;
        }
        for (name, value) in &array.attributes {
            write_attribute(&dataset, name, value)?;
        }
        Ok(())
    }

    fn values(
        &mut self,
        dataset: &hdf5::Dataset,
        array: &Array,
        chunk: Option<&[usize]>,
        compression: Option<u8>,
    ) -> Result<(), Failure> {
        if array.shape.contains(&0) {
            return Ok(());
        }
        match (&array.data, chunk) {
            (Data::Texts(texts), _) => {
                effect::point("dataset.values.write")?;
                let texts: Vec<VarLenUnicode> =
                    texts.iter().map(|t| text(t)).collect::<Result<_>>()?;
                dataset.write_raw(texts.as_slice())?;
                self.advance(texts.iter().map(|t| t.as_bytes().len()).sum());
            }
            (Data::Memory(bytes), None) => {
                effect::point("dataset.values.write")?;
                ffi::write_bytes(dataset, bytes)?;
                self.advance(bytes.len());
            }
            (_, Some(chunk)) => {
                let mut failure = None;
                let done = each_encoded(array, chunk, compression, &mut |at, bytes, encoding| {
                    // Without compression the array has no filters to skip.
                    let skipped = match (compression, encoding) {
                        (Some(_), Encoding::Raw) => BOTH_FILTERS,
                        _ => 0,
                    };
                    let written = effect::point("dataset.chunk.write")
                        .map_err(Failure::from)
                        .and_then(|()| Ok(ffi::write_chunk(dataset, at, skipped, bytes)?));
                    written.map_err(|error| {
                        failure = Some(error);
                        Error::environment("the file cannot be written")
                    })?;
                    self.advance(bytes.len());
                    Ok(())
                });
                if let Some(error) = failure {
                    return Err(error);
                }
                done?;
            }
            (Data::Chunks { .. }, None) => unreachable!("check: chunks come with their shape"),
        }
        Ok(())
    }

    fn advance(&mut self, bytes: usize) {
        self.written += bytes as u64;
        (self.progress)(self.written);
    }
}

/// A new file. The newest form that HDF5 1.10 reads: its metadata carry checksums. `Staged` holds the lock.
pub(super) fn create(path: &Path) -> Result<hdf5::File, Failure> {
    Ok(hdf5::File::with_options()
        .set_create_plist(&ffi::timeless()?)?
        .with_fapl(|p| {
            p.libver_bounds(LibraryVersion::V110, LibraryVersion::V110).file_locking(false)
        })
        .create(path)?)
}

/// Everything that the library still holds goes into the file.
pub(super) fn finish(hdf: hdf5::File) -> Result<(), Failure> {
    effect::point("dataset.hdf.sync")?;
    hdf.flush()?;
    effect::point("dataset.hdf.close")?;
    Ok(hdf.close()?)
}

/// The name of this program and its version, as files have it.
pub(super) fn generator() -> Attribute {
    Attribute::Text(concat!("spinlock ", env!("CARGO_PKG_VERSION")).to_owned())
}

/// The group at an absolute path, made with all above it if need be.
pub(super) fn group<'g>(
    hdf: &hdf5::File,
    groups: &'g mut BTreeMap<String, hdf5::Group>,
    path: &str,
) -> hdf5::Result<&'g hdf5::Group> {
    let path = path.trim_end_matches('/');
    if !groups.contains_key(path) {
        let made = match path.rsplit_once('/') {
            None => hdf.as_group()?,
            Some((parent, name)) => {
                let parent = group(hdf, groups, parent)?;
                if parent.link_exists(name) {
                    parent.group(name)?
                } else {
                    parent.create_group_builder().obj_track_times(false).create(name)?
                }
            }
        };
        groups.insert(path.to_owned(), made);
    }
    Ok(&groups[path])
}

/// Writes an attribute that is not there yet.
pub(super) fn write_attribute(
    object: &hdf5::Location,
    name: &str,
    value: &Attribute,
) -> Result<(), Failure> {
    match value {
        Attribute::Text(value) => {
            object.new_attr::<VarLenUnicode>().create(name)?.write_scalar(&text(value)?)?;
        }
        Attribute::Texts(values) => {
            let values = values.iter().map(|t| text(t)).collect::<Result<Vec<_>>>()?;
            let attribute =
                object.new_attr::<VarLenUnicode>().shape([values.len()]).create(name)?;
            if !values.is_empty() {
                attribute.write_raw(values.as_slice())?;
            }
        }
        Attribute::Int(value) => object.new_attr::<i64>().create(name)?.write_scalar(value)?,
        Attribute::Float(value) => object.new_attr::<f64>().create(name)?.write_scalar(value)?,
        Attribute::Floats { shape, values } => {
            let attribute = object.new_attr::<f64>().shape(shape.clone()).create(name)?;
            if !values.is_empty() {
                attribute.write_raw(values.as_slice())?;
            }
        }
    }
    Ok(())
}

/// A text as HDF5 has it.
fn text(text: &str) -> Result<VarLenUnicode> {
    VarLenUnicode::from_str(text)
        .map_err(|_| Error::artifact(format!("the text {text:?} holds a NUL")))
}
