//! The calls of the HDF5 C library that the safe bindings do not have: reading and writing bytes as they
//! are, dimension labels and scales, and a root group without times.
//!
//! Invariant: every call holds the library's lock (`hdf5::sync::sync`) and hands it identifiers that
//! a live handle owns. Knows nothing of data sets.

use std::ffi::{CString, c_char, c_int, c_uint, c_void};

use hdf5::plist::dataset_create::Layout;
use hdf5_metno as hdf5;
use hdf5_metno_sys::h5::{herr_t, hsize_t};
use hdf5_metno_sys::h5d::{H5Dread, H5Dwrite, H5Dwrite_chunk};
use hdf5_metno_sys::h5i::hid_t;
use hdf5_metno_sys::h5p::{H5P_DEFAULT, H5Pget_external_count, H5Pset_obj_track_times};
use hdf5_metno_sys::h5s::H5S_ALL;

#[expect(unsafe_code, reason = "the high-level C library has no bindings in the crate")]
unsafe extern "C" {
    fn H5DSset_scale(dsid: hid_t, dimname: *const c_char) -> herr_t;
    fn H5DSattach_scale(did: hid_t, dsid: hid_t, idx: c_uint) -> herr_t;
    fn H5DSis_attached(did: hid_t, dsid: hid_t, idx: c_uint) -> c_int;
    fn H5DSdetach_scale(did: hid_t, dsid: hid_t, idx: c_uint) -> herr_t;
    fn H5Lget_info2(at: hid_t, name: *const c_char, found: *mut LinkInfo, list: hid_t) -> herr_t;
    fn H5DSset_label(did: hid_t, idx: c_uint, label: *const c_char) -> herr_t;
    #[cfg(test)]
    fn H5DSis_scale(did: hid_t) -> c_int;
}

/// `H5L_info2_t`, its type as the number that it is: a file can hold any.
#[repr(C)]
#[derive(Default)]
struct LinkInfo {
    sort: c_int,
    has_order: bool,
    order: i64,
    encoding: c_int,
    target: [u64; 2],
}

/// The result of a C call; the library's error stack if it failed.
fn checked(status: c_int) -> hdf5::Result<()> {
    if status < 0 { Err(hdf5::Error::query()?) } else { Ok(()) }
}

fn c_text(text: &str) -> hdf5::Result<CString> {
    CString::new(text).map_err(|_| hdf5::Error::Internal(format!("`{text}` holds a NUL")))
}

/// Writes one chunk as it shall stand in the file: `bytes` are what the filters would have made of
/// it, those of `skipped` (bit per filter) left out. `offset` is that of its first element.
pub(super) fn write_chunk(
    dataset: &hdf5::Dataset,
    offset: &[usize],
    skipped: u32,
    bytes: &[u8],
) -> hdf5::Result<()> {
    if offset.len() != dataset.ndim() {
        return Err(hdf5::Error::Internal(format!("{offset:?} is no place in the array")));
    }
    let offset: Vec<hsize_t> = offset.iter().map(|i| *i as hsize_t).collect();
    hdf5::sync::sync(|| {
        #[expect(unsafe_code, reason = "no safe binding; `offset` has one entry per axis")]
        checked(unsafe {
            H5Dwrite_chunk(
                dataset.id(),
                H5P_DEFAULT,
                skipped,
                offset.as_ptr(),
                bytes.len(),
                bytes.as_ptr().cast::<c_void>(),
            )
        })
    })
}

/// Writes all elements of an array of numbers from bytes that are already in the type of the file.
pub(super) fn write_bytes(dataset: &hdf5::Dataset, bytes: &[u8]) -> hdf5::Result<()> {
    let dtype = dataset.dtype()?;
    if dataset.size() * dtype.size() != bytes.len() {
        return Err(hdf5::Error::Internal(format!("{} bytes do not fill the array", bytes.len())));
    }
    hdf5::sync::sync(|| {
        #[expect(unsafe_code, reason = "no safe binding; the length was checked above")]
        checked(unsafe {
            H5Dwrite(
                dataset.id(),
                dtype.id(),
                H5S_ALL,
                H5S_ALL,
                H5P_DEFAULT,
                bytes.as_ptr().cast::<c_void>(),
            )
        })
    })
}

/// Reads the elements of a box, in C order, as `memory` has them; the library converts. `bytes` is as long
/// as that takes.
pub(super) fn read_box(
    dataset: &hdf5::Dataset,
    memory: &hdf5::Datatype,
    from: &[usize],
    count: &[usize],
    bytes: &mut [u8],
) -> hdf5::Result<()> {
    if count.iter().product::<usize>() * memory.size() != bytes.len() {
        return Err(hdf5::Error::Internal(format!("{} bytes do not hold the box", bytes.len())));
    }
    let slices: Vec<hdf5::SliceOrIndex> = from
        .iter()
        .zip(count)
        .map(|(start, count)| {
            let (start, count) = (*start, *count);
            hdf5::SliceOrIndex::SliceCount { start, step: 1, count, block: 1 }
        })
        .collect();
    let there = dataset.space()?.select(hdf5::Hyperslab::from(slices))?;
    let here = hdf5::Dataspace::try_new(count.to_vec())?;
    hdf5::sync::sync(|| {
        #[expect(unsafe_code, reason = "no safe binding for bytes; the length was checked above")]
        checked(unsafe {
            H5Dread(
                dataset.id(),
                memory.id(),
                here.id(),
                there.id(),
                H5P_DEFAULT,
                bytes.as_mut_ptr().cast::<c_void>(),
            )
        })
    })
}

/// Whether every part of a path is a plain link, so that what lies there lies in this very file.
pub(super) fn is_within(file: &hdf5::File, path: &str) -> bool {
    let path = path.trim_start_matches('/');
    let ends = path.match_indices('/').map(|(at, _)| &path[..at]);
    ends.chain([path]).all(|part| {
        let Ok(name) = c_text(part) else { return false };
        let mut found = LinkInfo { sort: -1, ..LinkInfo::default() };
        let asked = hdf5::sync::sync(|| {
            #[expect(unsafe_code, reason = "no safe binding; the structure is that of the library")]
            checked(unsafe { H5Lget_info2(file.id(), name.as_ptr(), &raw mut found, H5P_DEFAULT) })
        });
        asked.is_ok() && found.sort == 0
    })
}

/// Whether the values of an array lie in its own file, and not in others that it names.
pub(super) fn holds_values(dataset: &hdf5::Dataset) -> bool {
    let Ok(list) = dataset.dcpl() else { return false };
    hdf5::sync::sync(|| {
        #[expect(unsafe_code, reason = "no safe binding; the handle is alive")]
        let files = unsafe { H5Pget_external_count(list.id()) };
        files == 0
    }) && list.layout() != Layout::Virtual
}

/// A property list for files whose root group keeps no times.
pub(super) fn timeless() -> hdf5::Result<hdf5::plist::FileCreate> {
    let list = hdf5::plist::FileCreate::try_new()?;
    hdf5::sync::sync(|| {
        #[expect(unsafe_code, reason = "no safe binding; the handle is alive")]
        checked(unsafe { H5Pset_obj_track_times(list.id(), 0) })
    })?;
    Ok(list)
}

/// Names an axis.
pub(super) fn set_label(dataset: &hdf5::Dataset, axis: usize, label: &str) -> hdf5::Result<()> {
    let label = c_text(label)?;
    hdf5::sync::sync(|| {
        #[expect(unsafe_code, reason = "no safe binding; the text is NUL-terminated")]
        checked(unsafe { H5DSset_label(dataset.id(), axis as c_uint, label.as_ptr()) })
    })
}

/// Makes an array the scale of a dimension called `name`.
pub(super) fn set_scale(dataset: &hdf5::Dataset, name: &str) -> hdf5::Result<()> {
    let name = c_text(name)?;
    hdf5::sync::sync(|| {
        #[expect(unsafe_code, reason = "no safe binding; the text is NUL-terminated")]
        checked(unsafe { H5DSset_scale(dataset.id(), name.as_ptr()) })
    })
}

/// Attaches a scale to an axis.
pub(super) fn attach_scale(
    dataset: &hdf5::Dataset,
    axis: usize,
    scale: &hdf5::Dataset,
) -> hdf5::Result<()> {
    hdf5::sync::sync(|| {
        #[expect(unsafe_code, reason = "no safe binding; both handles are alive")]
        checked(unsafe { H5DSattach_scale(dataset.id(), scale.id(), axis as c_uint) })
    })
}

/// Takes a scale off an axis, if it is on it.
pub(super) fn detach_scale(
    dataset: &hdf5::Dataset,
    axis: usize,
    scale: &hdf5::Dataset,
) -> hdf5::Result<()> {
    hdf5::sync::sync(|| {
        #[expect(unsafe_code, reason = "no safe binding; both handles are alive")]
        let attached = unsafe { H5DSis_attached(dataset.id(), scale.id(), axis as c_uint) };
        if attached <= 0 {
            return checked(attached);
        }
        #[expect(unsafe_code, reason = "no safe binding; both handles are alive")]
        checked(unsafe { H5DSdetach_scale(dataset.id(), scale.id(), axis as c_uint) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_call_gives_the_reason_of_the_library() {
        let folder = tempfile::tempdir().unwrap();
        let file = hdf5::File::create(folder.path().join("x.h5")).unwrap();
        let array = file.new_dataset::<f32>().shape([4]).create("a").unwrap();
        assert!(set_label(&array, 3, "x").is_err());
        assert!(
            write_chunk(&array, &[0], 0, &[0; 16]).is_err(),
            "a contiguous array has no chunks"
        );
        assert!(write_bytes(&array, &[0; 12]).unwrap_err().to_string().contains("12 bytes"));
        set_scale(&array, "time").unwrap();
        #[expect(unsafe_code, reason = "no safe binding; the handle is alive")]
        let is_scale = unsafe { H5DSis_scale(array.id()) };
        assert_eq!(is_scale, 1);
    }
}
