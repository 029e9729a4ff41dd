//! Opens a data set and lists what is in it: arrays, attributes, labels.
//!
//! Invariant: nothing in a file is believed before it is checked against the file's size, links are
//! followed only where they are plain, and what cannot be understood becomes a problem in the list
//! instead of an error, so that a report can name all of them. Knows the form of a file, not its
//! meaning.

use std::collections::BTreeMap;
use std::path::Path;

use hdf5::filters::Filter;
use hdf5::{LinkType, LocationType};
use hdf5_metno as hdf5;

use super::attributes::{attributes, labels, strings};
use super::blocks::Blocks;
use super::digest::{Object, attribute_is_internal};
use super::ffi;
use super::file::{Attribute, Type};
use super::hdf::{of_datatype, open, read_error, refuse_odd};
use super::writer::{DIGEST, KEY};
use crate::effect;
use crate::error::{Error, IoContext, Result};
use crate::key::{Digest, Key};

/// How deep groups may lie in each other, and how many objects a file may have.
const MAX_DEPTH: usize = 16;
const MAX_OBJECTS: usize = 100_000;
/// The largest shape of an array without values, its axes of length 0 left out.
const MAX_EMPTY: usize = 1 << 26;
/// Deflate cannot shrink by more than this factor: an array that claims to is not what it claims.
pub(super) const MAX_RATIO: u64 = 1100;

/// An open data set.
pub(super) struct Reader {
    /// Size of the file.
    pub bytes: u64,
    pub raw: std::fs::File,
    /// Everything in it by absolute path, the root as `/`.
    pub objects: BTreeMap<String, Entry>,
    /// What is not as this program writes it: path and reason.
    pub problems: Vec<(String, String)>,
}

/// A group or an array.
#[derive(Default)]
pub(super) struct Entry {
    pub array: Option<Stored>,
    pub attributes: BTreeMap<String, Attribute>,
}

/// An array in a file.
pub(super) struct Stored {
    pub dtype: Type,
    pub shape: Vec<usize>,
    pub chunk: Option<Vec<usize>>,
    /// Whether its chunks go through shuffle and deflate.
    pub filtered: bool,
    /// Bytes that its values take in the file.
    pub file_bytes: u64,
    pub labels: Vec<String>,
    pub handle: hdf5::Dataset,
}

impl Stored {
    /// Bytes of its values; those of texts are their places in the heap.
    pub fn plain(&self) -> u64 {
        let size = match self.dtype {
            Type::Number(dtype) => dtype.size() as u64,
            Type::Text => 16,
        };
        self.shape.iter().fold(size, |n, axis| n.saturating_mul(*axis as u64))
    }
}

/// Whether `path` is a data set that this program wrote.
pub fn is_ours(path: &Path) -> bool {
    let Ok(file) = open(path) else { return false };
    let mut problems = Vec::new();
    let attributes = attributes(&file, "/", &mut problems);
    matches!(attributes.get(DIGEST), Some(Attribute::Text(text)) if text.parse::<Digest>().is_ok())
}

/// The key of the data set at `path`, if this program wrote it.
pub fn key_of(path: &Path) -> Option<Key> {
    let file = open(path).ok()?;
    match attributes(&file, "/", &mut Vec::new()).get(KEY) {
        Some(Attribute::Text(text)) => text.parse().ok(),
        _ => None,
    }
}

impl Reader {
    /// Opens a file and lists its content.
    /// # Errors
    /// [`crate::error::ErrorKind::Environment`] if there is none, or it may not be read;
    /// [`crate::error::ErrorKind::Integrity`] if it is no HDF5 file, or cut short.
    pub fn open(path: &Path) -> Result<Self> {
        refuse_odd(path)?;
        let raw = effect::open("dataset.file.open", path).io("open", path)?;
        let metadata = raw.metadata().io("open", path)?;
        let file = open(path)?;
        let mut reader =
            Self { bytes: metadata.len(), raw, objects: BTreeMap::new(), problems: Vec::new() };
        let root = file.as_group().map_err(|e| read_error(&format!("`{}`", path.display()), &e))?;
        reader.group(&root, "", 0);
        Ok(reader)
    }

    fn group(&mut self, group: &hdf5::Group, path: &str, depth: usize) {
        let name = if path.is_empty() { "/" } else { path }.to_owned();
        let attributes = attributes(group, &name, &mut self.problems);
        self.objects.insert(name.clone(), Entry { array: None, attributes });
        let links = match group.links(hdf5::IndexType::Name, hdf5::IterationOrder::Increasing) {
            Ok(links) if depth < MAX_DEPTH => links,
            Ok(_) => return self.problem(&name, "lies too deep"),
            Err(error) => return self.problem(&name, &read_error("the group", &error).message),
        };
        for (link, info) in links {
            let path = format!("{path}/{link}");
            if self.objects.len() >= MAX_OBJECTS {
                return self.problem(&path, "too many objects");
            }
            if info.link_type != LinkType::Hard {
                self.problem(&path, "a link to somewhere else");
                continue;
            }
            let read = match group.loc_type_by_name(&link) {
                Ok(LocationType::Group) => {
                    group.group(&link).map(|child| self.group(&child, &path, depth + 1))
                }
                Ok(LocationType::Dataset) => {
                    group.dataset(&link).and_then(|dataset| self.array(dataset, &path))
                }
                Ok(_) => {
                    self.problem(&path, "neither a group nor an array");
                    Ok(())
                }
                Err(error) => Err(error),
            };
            if let Err(error) = read {
                self.problem(&path, &read_error("it", &error).message);
            }
        }
    }

    fn array(&mut self, handle: hdf5::Dataset, path: &str) -> hdf5::Result<()> {
        let mut attributes = attributes(&handle, path, &mut self.problems);
        attributes.retain(|name, _| !attribute_is_internal(name));
        let labels = labels(&handle);
        let shape = handle.get_shape()?;
        let Some(dtype) = of_datatype(&handle.dtype()?) else {
            self.problem(path, "its type is none that a data set has");
            return Ok(());
        };
        if !ffi::holds_values(&handle) {
            self.problem(path, "its values lie in another file");
            return Ok(());
        }
        let filters = handle.dcpl()?.filters();
        let filtered = match filters.as_slice() {
            [] => false,
            [Filter::Shuffle, Filter::Deflate(_)] => true,
            _ => {
                self.problem(path, "its filters are not shuffle and deflate");
                return Ok(());
            }
        };
        let array = Stored {
            dtype,
            shape,
            chunk: handle.chunk(),
            filtered,
            file_bytes: handle.storage_size(),
            labels,
            handle,
        };
        let rows =
            array.shape.iter().filter(|n| **n > 0).try_fold(1_usize, |n, i| n.checked_mul(*i));
        if array.shape.contains(&0) && rows.is_none_or(|rows| rows > MAX_EMPTY) {
            self.problem(path, "an empty array of that shape is too large");
            return Ok(());
        }
        let most =
            if filtered { array.file_bytes.saturating_mul(MAX_RATIO) } else { array.file_bytes };
        if array.plain() > most || array.file_bytes > self.bytes {
            let reason = format!("{} bytes of values in {} bytes", array.plain(), array.file_bytes);
            self.problem(path, &format!("values are missing ({reason})"));
            return Ok(());
        }
        self.objects.insert(path.to_owned(), Entry { array: Some(array), attributes });
        Ok(())
    }

    fn problem(&mut self, path: &str, reason: &str) {
        self.problems.push((path.to_owned(), reason.to_owned()));
    }

    /// The array at a path.
    pub fn stored(&self, path: &str) -> Option<&Stored> {
        self.objects.get(path)?.array.as_ref()
    }

    /// An attribute.
    pub fn attribute(&self, path: &str, name: &str) -> Option<&Attribute> {
        self.objects.get(path)?.attributes.get(name)
    }

    /// An attribute that is a text.
    pub fn text(&self, path: &str, name: &str) -> Option<&str> {
        match self.attribute(path, name)? {
            Attribute::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Where the blocks of an array of numbers lie.
    pub fn blocks<'a>(&'a self, path: &'a str) -> Result<Blocks<'a>> {
        let array = self.stored(path).ok_or_else(|| missing(path))?;
        Blocks::new(&self.raw, self.bytes, path, array)
    }

    /// All texts of an array of texts.
    pub fn texts(&self, path: &str) -> Result<Vec<String>> {
        let array = self.stored(path).ok_or_else(|| missing(path))?;
        if array.dtype != Type::Text {
            return Err(Error::integrity(format!("`{path}` holds no texts")));
        }
        if array.shape.contains(&0) {
            return Ok(Vec::new());
        }
        strings(&array.handle).map_err(|e| read_error(&format!("`{path}`"), &e))
    }

    /// All numbers of an array, as `f64`; for arrays that fit into memory.
    pub fn numbers(&self, path: &str) -> Result<Vec<f64>> {
        let blocks = self.blocks(path)?;
        let bytes = blocks.all()?;
        Ok(super::values::to_f64(&bytes, blocks.dtype()))
    }

    /// What the digest is taken of, the leaves of arrays still empty.
    pub fn outline(&self) -> BTreeMap<String, Object> {
        let outline = |entry: &Entry| Object {
            array: entry.array.as_ref().map(|array| super::digest::Values {
                dtype: array.dtype,
                shape: array.shape.clone(),
                leaves: Vec::new(),
            }),
            attributes: entry.attributes.clone(),
        };
        self.objects.iter().map(|(path, entry)| (path.clone(), outline(entry))).collect()
    }
}

fn missing(path: &str) -> Error {
    Error::integrity(format!("the data set has no readable array `{path}`"))
}
