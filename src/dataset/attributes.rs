//! Attributes, labels and texts out of a file, checked before they are believed.

use std::collections::BTreeMap;

use hdf5::types::{FloatSize, IntSize, TypeDescriptor, VarLenAscii, VarLenUnicode};
use hdf5_metno as hdf5;

use super::digest::attribute_is_internal;
use super::file::Attribute;
use super::hdf::read_error;

/// The largest attribute, in elements.
const MAX_ATTRIBUTE: usize = 1 << 20;

/// All attributes of an object that this program could have written.
pub(super) fn attributes(
    object: &hdf5::Location,
    path: &str,
    problems: &mut Vec<(String, String)>,
) -> BTreeMap<String, Attribute> {
    let names = match object.attr_names() {
        Ok(names) => names,
        Err(error) => {
            problems.push((path.to_owned(), read_error("its attributes", &error).message));
            Vec::new()
        }
    };
    let mut found = BTreeMap::new();
    for name in names.into_iter().filter(|name| !attribute_is_internal(name)) {
        match object.attr(&name).and_then(|attribute| value(&attribute)) {
            Ok(value) => drop(found.insert(name, value)),
            Err(error) => {
                problems.push((format!("{path}@{name}"), read_error("it", &error).message));
            }
        }
    }
    found
}

fn value(attribute: &hdf5::Attribute) -> hdf5::Result<Attribute> {
    let shape = attribute.get_shape()?;
    let size = shape.iter().try_fold(1_usize, |n, axis| n.checked_mul(*axis));
    if size.is_none_or(|n| n > MAX_ATTRIBUTE) {
        return Err(hdf5::Error::Internal("too large for an attribute".into()));
    }
    let empty = size == Some(0);
    match attribute.dtype()?.to_descriptor()? {
        TypeDescriptor::VarLenUnicode | TypeDescriptor::VarLenAscii if shape.len() < 2 => {
            let mut texts = if empty { Vec::new() } else { strings(attribute)? };
            Ok(match (shape.is_empty(), texts.pop()) {
                (true, Some(text)) => Attribute::Text(text),
                (_, last) => {
                    texts.extend(last);
                    Attribute::Texts(texts)
                }
            })
        }
        TypeDescriptor::Integer(IntSize::U8) if shape.is_empty() => {
            attribute.read_scalar().map(Attribute::Int)
        }
        TypeDescriptor::Float(FloatSize::U8) if shape.is_empty() => {
            attribute.read_scalar().map(Attribute::Float)
        }
        TypeDescriptor::Float(FloatSize::U8) => {
            let values = if empty { Vec::new() } else { attribute.read_raw()? };
            Ok(Attribute::Floats { shape, values })
        }
        _ => Err(hdf5::Error::Internal("a type that no attribute of a data set has".into())),
    }
}

/// The texts of an array or attribute of them. Bytes from a file are not taken for UTF-8 unchecked.
pub(super) fn strings(object: &hdf5::Container) -> hdf5::Result<Vec<String>> {
    let checked = |bytes: &[u8]| {
        String::from_utf8(bytes.to_vec())
            .map_err(|_| hdf5::Error::Internal("a text is not UTF-8".into()))
    };
    match object.dtype()?.to_descriptor()? {
        TypeDescriptor::VarLenAscii => {
            object.read_raw::<VarLenAscii>()?.iter().map(|t| checked(t.as_bytes())).collect()
        }
        _ => object.read_raw::<VarLenUnicode>()?.iter().map(|t| checked(t.as_bytes())).collect(),
    }
}

/// The names of the axes, empty where there are none.
pub(super) fn labels(dataset: &hdf5::Dataset) -> Vec<String> {
    let read = || {
        let attribute = dataset.attr("DIMENSION_LABELS").ok()?;
        let labels = if attribute.size() == dataset.ndim() {
            strings(&attribute).ok()?
        } else {
            return None;
        };
        Some(labels)
    };
    read().unwrap_or_default()
}
