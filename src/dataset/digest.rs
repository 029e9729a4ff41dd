//! The digest of a data set: of its content in canonical order, whatever the file's layout.
//!
//! `docs/data-set.md` specifies it word for word and shows it in Python; [`content`] is the same in
//! Rust. Invariant: chunking, compression, order of creation, dimension scales and everything called
//! `provenance` leave it as it is; every value, type, shape, path and other attribute enters it.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::file::{Array, Attribute, Data, File, Type};
use crate::cache::Dtype;
use crate::key::Digest;

/// What stands at the beginning of the hashed text; raised with its meaning.
const DOMAIN: &str = "spinlock data set 1";

/// Attributes that HDF5 itself keeps on arrays.
const OF_HDF5: [&str; 5] =
    ["CLASS", "NAME", "DIMENSION_LIST", "DIMENSION_LABELS", "REFERENCE_LIST"];

/// What the digest takes of one group or array.
#[derive(Debug, Clone, Default)]
pub(super) struct Object {
    /// The array, if it is one.
    pub array: Option<Values>,
    /// Its attributes; those that do not count are left out by [`content`].
    pub attributes: BTreeMap<String, Attribute>,
}

/// What the digest takes of an array.
#[derive(Debug, Clone)]
pub(super) struct Values {
    pub dtype: Type,
    pub shape: Vec<usize>,
    pub leaves: Vec<Digest>,
}

/// Whether the object at `path` enters the digest.
pub(super) fn counts(path: &str) -> bool {
    path != "/" && !path.ends_with("/provenance")
}

/// Whether an attribute of this name enters the digest.
pub(super) fn attribute_counts(name: &str) -> bool {
    name != "provenance" && !OF_HDF5.contains(&name)
}

/// Whether HDF5 keeps the attribute for itself.
pub(super) fn attribute_is_internal(name: &str) -> bool {
    OF_HDF5.contains(&name)
}

/// The digest of objects by absolute path.
pub(super) fn content(objects: &BTreeMap<String, Object>) -> Digest {
    let mut text = Text::default();
    text.text(DOMAIN);
    for (path, object) in objects.iter().filter(|(path, _)| counts(path)) {
        let attributes: Vec<_> =
            object.attributes.iter().filter(|(name, _)| attribute_counts(name)).collect();
        match &object.array {
            None if attributes.is_empty() => continue,
            None => {
                text.text(path);
                text.text("group");
            }
            Some(values) => {
                text.text(path);
                text.text(values.dtype.name());
                text.shape(&values.shape);
                text.number(values.leaves.len());
                text.0.update(&Digest::tree(&values.leaves).0);
            }
        }
        text.number(attributes.len());
        for (name, value) in attributes {
            text.text(name);
            text.attribute(value);
        }
    }
    text.0.finalize().into()
}

/// The canonical bytes, on their way into the hash.
#[derive(Default)]
struct Text(blake3::Hasher);

impl Text {
    fn number(&mut self, number: usize) {
        self.0.update(&(number as u64).to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len());
        self.0.update(text.as_bytes());
    }

    fn shape(&mut self, shape: &[usize]) {
        self.number(shape.len());
        for n in shape {
            self.number(*n);
        }
    }

    fn attribute(&mut self, value: &Attribute) {
        match value {
            Attribute::Text(text) => {
                self.text("text");
                self.shape(&[]);
                self.text(text);
            }
            Attribute::Texts(texts) => {
                self.text("text");
                self.shape(&[texts.len()]);
                for text in texts {
                    self.text(text);
                }
            }
            Attribute::Int(number) => {
                self.text("int64");
                self.shape(&[]);
                self.0.update(&number.to_le_bytes());
            }
            Attribute::Float(number) => {
                self.text("float64");
                self.shape(&[]);
                self.0.update(&number.to_le_bytes());
            }
            Attribute::Floats { shape, values } => {
                self.text("float64");
                self.shape(shape);
                for number in values {
                    self.0.update(&number.to_le_bytes());
                }
            }
        }
    }
}

/// The leaves of an array of numbers in memory.
pub(super) fn leaves_of_bytes(
    bytes: &[u8],
    dtype: Dtype,
    shape: &[usize],
    leaf_axis: usize,
) -> Vec<Digest> {
    let count: usize = shape[..leaf_axis].iter().product();
    let length = shape[leaf_axis..].iter().product::<usize>() * dtype.size();
    (0..count).into_par_iter().map(|i| Digest::of(&bytes[i * length..][..length])).collect()
}

/// The one leaf of an array of texts: the text of every element with its length.
pub(super) fn leaf_of_texts(texts: &[String]) -> Digest {
    let mut text = Text::default();
    for t in texts {
        text.text(t);
    }
    text.0.finalize().into()
}

/// The digest of a data set that is to be written.
pub(super) fn of_file(file: &File) -> Digest {
    content(&objects(&file.arrays, &file.attributes))
}

/// What the digest takes of arrays, and of attributes of groups, that are to be written.
pub(super) fn objects(
    arrays: &[Array],
    attributes: &[(String, String, Attribute)],
) -> BTreeMap<String, Object> {
    let mut objects: BTreeMap<String, Object> = BTreeMap::new();
    for array in arrays {
        let object = Object {
            array: Some(values(array)),
            attributes: array.attributes.iter().cloned().collect(),
        };
        objects.insert(array.path.clone(), object);
    }
    for (path, name, value) in attributes {
        let object = objects.entry(path.clone()).or_default();
        object.attributes.insert(name.clone(), value.clone());
    }
    objects
}

fn values(array: &Array) -> Values {
    let leaves = match (&array.data, array.dtype) {
        (Data::Chunks { leaves, .. }, _) => leaves.clone(),
        (Data::Memory(bytes), Type::Number(dtype)) => {
            leaves_of_bytes(bytes, dtype, &array.shape, array.leaf_axis())
        }
        (Data::Texts(texts), _) => vec![leaf_of_texts(texts)],
        (Data::Memory(_), Type::Text) => unreachable!("File::check refuses bytes for texts"),
    };
    Values { dtype: array.dtype, shape: array.shape.clone(), leaves }
}
