//! What reading and writing share about HDF5: how its types and errors become ours.

use std::path::Path;

use hdf5::types::{FloatSize, IntSize, TypeDescriptor};
use hdf5_metno as hdf5;

use super::ffi;
use super::file::Type;
use crate::cache::Dtype;
use crate::error::{Error, IoContext, Result};

/// The type in the file of elements of ours.
pub(super) fn descriptor(dtype: Type) -> TypeDescriptor {
    match dtype {
        Type::Number(Dtype::F16) => TypeDescriptor::Float(FloatSize::U2),
        Type::Number(Dtype::F32) => TypeDescriptor::Float(FloatSize::U4),
        Type::Number(Dtype::F64) => TypeDescriptor::Float(FloatSize::U8),
        Type::Number(Dtype::U8) => TypeDescriptor::Unsigned(IntSize::U1),
        Type::Number(Dtype::I64) => TypeDescriptor::Integer(IntSize::U8),
        Type::Text => TypeDescriptor::VarLenUnicode,
    }
}

/// Ours of a type in a file; `None` for those that a data set does not use.
pub(super) fn of_datatype(datatype: &hdf5::Datatype) -> Option<Type> {
    let little = datatype.byte_order() != hdf5::datatype::ByteOrder::BigEndian;
    let dtype = match datatype.to_descriptor().ok()? {
        TypeDescriptor::Float(FloatSize::U2) => Dtype::F16,
        TypeDescriptor::Float(FloatSize::U4) => Dtype::F32,
        TypeDescriptor::Float(FloatSize::U8) => Dtype::F64,
        TypeDescriptor::Unsigned(IntSize::U1) => Dtype::U8,
        TypeDescriptor::Integer(IntSize::U8) => Dtype::I64,
        TypeDescriptor::VarLenUnicode | TypeDescriptor::VarLenAscii => return Some(Type::Text),
        _ => return None,
    };
    little.then_some(Type::Number(dtype))
}

/// Whether there is something at a path that lies in this very file: links to other files, and
/// through them, are not followed.
pub(super) fn exists(file: &hdf5::File, path: &str) -> bool {
    ffi::is_within(file, path)
}

/// The array at a path, if it and its values lie in this very file.
pub(super) fn array(file: &hdf5::File, path: &str) -> hdf5::Result<hdf5::Dataset> {
    if !ffi::is_within(file, path) {
        return Err(hdf5::Error::Internal("a link to somewhere else".into()));
    }
    let array = file.dataset(path)?;
    if ffi::holds_values(&array) {
        Ok(array)
    } else {
        Err(hdf5::Error::Internal("its values lie in another file".into()))
    }
}

/// Refuses what is no plain file: opening a pipe would wait for whoever writes to it.
///
/// # Errors
/// Environment, if there is no such file; usage, if it is none.
pub(super) fn refuse_odd(path: &Path) -> Result<()> {
    if std::fs::metadata(path).io("open", path)?.is_file() {
        return Ok(());
    }
    Err(Error::usage(format!("`{}` is no file", path.display())))
}

/// Opens a file for reading.
///
/// # Errors
/// As [`refuse_odd`]; integrity, if it is no HDF5 file, or cut short.
pub(super) fn open(path: &Path) -> Result<hdf5::File> {
    refuse_odd(path)?;
    // Files are replaced by rename and never changed, so reading needs no lock.
    hdf5::File::with_options()
        .with_fapl(|p| p.file_locking(false))
        .open(path)
        .map_err(|e| read_error(&format!("`{}`", path.display()), &e))
}

/// All that the library says about a failure, outermost first.
fn story(error: &hdf5::Error) -> Vec<String> {
    match error.stack() {
        Some(stack) => stack.iter().map(|frame| frame.desc().to_owned()).collect(),
        None => vec![error.to_string()],
    }
}

/// A failed write: names the system's reason (a full disk, say) where the library knows it.
pub(super) fn write_error(path: &Path, error: &hdf5::Error) -> Error {
    let story = story(error);
    let system = story.iter().find_map(|text| {
        let rest = text.split("errno = ").nth(1)?;
        rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    });
    if let Some(code) = system {
        return Error::io("write", path, std::io::Error::from_raw_os_error(code));
    }
    let reason = story.first().map_or("unknown reason", String::as_str);
    Error::environment(format!("cannot write `{}`: {reason}", path.display()))
}

/// A failed read: the file is damaged.
pub(super) fn read_error(what: &str, error: &hdf5::Error) -> Error {
    let story = story(error);
    let reason = match (story.first(), story.last()) {
        (Some(first), Some(last)) if first != last => format!("{first}: {last}"),
        (Some(first), _) => first.clone(),
        _ => "unknown reason".into(),
    };
    Error::integrity(format!("cannot read {what}: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_comes_back() {
        let all = [Dtype::F16, Dtype::F32, Dtype::F64, Dtype::U8, Dtype::I64].map(Type::Number);
        for dtype in all.into_iter().chain([Type::Text]) {
            let datatype = hdf5::Datatype::from_descriptor(&descriptor(dtype)).unwrap();
            assert_eq!(of_datatype(&datatype), Some(dtype));
        }
        let foreign = hdf5::Datatype::from_type::<u32>().unwrap();
        assert_eq!(of_datatype(&foreign), None);
    }

    #[test]
    fn a_full_disk_is_named_and_says_what_to_do() {
        let library = hdf5::Error::Internal(
            "file write failed: time = x, errno = 28, error message = 'No space'".into(),
        );
        let error = write_error(Path::new("datasets/x.h5"), &library);
        assert_eq!(error.kind.exit_code(), 3);
        assert!(error.help.unwrap().contains("cache gc"));
    }
}
