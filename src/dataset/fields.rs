//! Where the states of a data set lie, whoever made it, and whether they are all there.

use std::path::Path;

use hdf5::filters::Filter;
use hdf5::plist::dataset_create::Layout;
use hdf5::types::{FloatSize, TypeDescriptor};
use hdf5_metno as hdf5;

use super::file::Type;
use super::hdf::{array, descriptor, exists, read_error};
use super::reader::MAX_RATIO;
use super::tables::GROUP;
use crate::cache::Dtype;
use crate::error::{Error, IoContext, Result};
use crate::operator::sensitivity::CATEGORY;

/// The largest state, in bytes.
const MAX_STATE: usize = 1 << 30;

/// Makes an error of what is wrong with the file.
pub(super) type Fault<'a> = &'a dyn Fn(String) -> Error;

/// An array of states.
pub(super) struct Fields {
    pub path: String,
    pub handle: hdf5::Dataset,
    pub dtype: Dtype,
    pub memory: hdf5::Datatype,
    /// `[N, M, T, C, H, W]`; T = 1 if the array has no such axis.
    pub shape: [usize; 6],
    /// As `shape`; of an array that lies in one run, a state.
    pub chunk: [usize; 6],
    pub has_time: bool,
}

/// Where the states of an operator lie.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub fields: usize,
    pub row: usize,
    /// Side of the grid within a padded one.
    pub side: Option<usize>,
}

impl Fields {
    /// Opens the array at `path` of the file that is `shown` in messages.
    pub fn open(file: &hdf5::File, shown: &Path, path: String, fault: Fault<'_>) -> Result<Self> {
        let (shown_path, shown) = (shown, shown.display());
        let damaged = |e: &hdf5::Error| read_error(&format!("`{path}`"), e);
        let handle = array(file, &path).map_err(|e| damaged(&e))?;
        let lead = handle.get_shape().map_err(|e| damaged(&e))?;
        let found = handle.dtype().and_then(|d| d.to_descriptor()).map_err(|e| damaged(&e))?;
        let (has_time, shape) = match *lead.as_slice() {
            [n, m, c, h, w] => (false, [n, m, 1, c, h, w]),
            [n, m, t, c, h, w] => (true, [n, m, t, c, h, w]),
            _ => return Err(fault(format!("`{path}` has the shape {lead:?}"))),
        };
        let dtype = match found {
            TypeDescriptor::Float(FloatSize::U2) => Dtype::F16,
            TypeDescriptor::Float(FloatSize::U4) => Dtype::F32,
            TypeDescriptor::Float(FloatSize::U8) => Dtype::F64,
            other => return Err(fault(format!("`{path}` holds {other}"))),
        };
        if shape.contains(&0) {
            return Err(fault(format!("`{path}` is empty: its shape is {lead:?}")));
        }
        let bytes =
            |axes: &[usize]| axes.iter().try_fold(dtype.size(), |n, axis| n.checked_mul(*axis));
        if bytes(&shape).is_none() || bytes(&shape[3..]).is_none_or(|state| state > MAX_STATE) {
            return Err(fault(format!("`{path}` has the shape {lead:?}, which is too large")));
        }
        let filters = handle.dcpl().map_err(|e| damaged(&e))?.filters();
        for filter in &filters {
            let known = [Filter::Shuffle, Filter::Fletcher32, Filter::NBit];
            if !known.contains(filter)
                && !matches!(filter, Filter::Deflate(_) | Filter::ScaleOffset(_))
            {
                return Err(Error::usage(format!(
                    "`{shown}`: `{path}` is compressed by a filter that this program does not have: \
                     {filter:?}"
                ))
                .help("pack it anew: h5repack -f SHUF -f GZIP=4 FILE NEW"));
            }
        }
        let mut chunk = [1, 1, 1, shape[3], shape[4], shape[5]];
        let written = match (handle.layout(), handle.chunk()) {
            (Layout::Chunked, Some(own)) if own.len() == lead.len() && !own.contains(&0) => {
                chunk[..2].copy_from_slice(&own[..2]);
                chunk[2] = if has_time { own[2] } else { 1 };
                let all: usize = lead.iter().zip(&own).map(|(n, c)| n.div_ceil(*c)).product();
                handle.num_chunks() == Some(all)
            }
            (Layout::Contiguous, _) => bytes(&shape) == Some(handle.storage_size() as usize),
            _ => return Err(fault(format!("`{path}` is neither in chunks nor in one run"))),
        };
        let file_bytes = handle.storage_size();
        let length = std::fs::metadata(shown_path).io("open", shown_path)?.len();
        let shrinks = filters.iter().any(|f| matches!(f, Filter::ScaleOffset(_) | Filter::NBit));
        let most = if shrinks { u64::MAX } else { file_bytes.saturating_mul(MAX_RATIO) };
        let all = bytes(&shape).map_or(u64::MAX, |all| all as u64);
        if !written || file_bytes > length || all > most {
            return Err(Error::integrity(format!(
                "`{shown}`: values of `{path}` were never written"
            ))
            .help("the program that made the file did not finish: make it again"));
        }
        let memory = hdf5::Datatype::from_descriptor(&descriptor(Type::Number(dtype)));
        let memory = memory.map_err(|e| damaged(&e))?;
        Ok(Self { path, handle, dtype, memory, shape, chunk, has_time })
    }

    /// Bytes of a state.
    pub fn state_bytes(&self) -> usize {
        self.shape[3..].iter().product::<usize>() * self.dtype.size()
    }
}

/// The arrays of states, and where each operator lies if a file has groups.
pub(super) fn layout(file: &hdf5::File, fault: Fault<'_>) -> Result<(Vec<String>, Vec<Place>)> {
    const PLAIN: &str = "/outputs/fields";
    const GRID_GROUP: &str = "/metadata/grid_group";
    if exists(file, PLAIN) {
        return Ok((vec![PLAIN.to_owned()], Vec::new()));
    }
    if !exists(file, GRID_GROUP) {
        return Err(fault("it has no states".to_owned()).help(
            "states are looked for in `/outputs/fields`; spinlock keeps them there with \
             `dataset.storage.store_trajectories: true`",
        ));
    }
    let column = |path: &str| integers(file, path);
    let (sides, rows) = (column(GRID_GROUP)?, column("/metadata/row")?);
    if sides.len() != rows.len() || rows.iter().any(|row| *row < 0) {
        return Err(fault("`/metadata/row` and `/metadata/grid_group` do not fit".to_owned()));
    }
    let mut known = sides.clone();
    known.sort_unstable();
    known.dedup();
    let paths: Vec<String> = known.iter().map(|side| format!("/outputs/{side}/fields")).collect();
    for path in &paths {
        if !exists(file, path) {
            return Err(fault(format!("it has no states in `{path}`")));
        }
    }
    let place = |(side, row): (&i64, &i64)| {
        let fields = known.binary_search(side).expect("all sides are known");
        Place { fields, row: *row as usize, side: None }
    };
    let places = sides.iter().zip(&rows).map(place).collect();
    Ok((paths, places))
}

/// The side of each operator's grid where it is smaller than that of the array.
pub(super) fn sides(
    file: &hdf5::File,
    fields: &Fields,
    fault: Fault<'_>,
) -> Result<Vec<Option<usize>>> {
    const PATH: &str = "/metadata/grid_sizes";
    let [n, .., height, width] = fields.shape;
    if !exists(file, PATH) {
        return Ok(vec![None; n]);
    }
    let sizes = integers(file, PATH)?;
    if sizes.len() != n {
        return Err(fault(format!("`{PATH}` has {} rows for {n} operators", sizes.len())));
    }
    sizes
        .into_iter()
        .map(|side| match usize::try_from(side) {
            Ok(side) if side == height || side == width => Ok(None),
            Ok(side) if side > 0 && height == width && side < height => Ok(Some(side)),
            _ => Err(fault(format!(
                "`{PATH}` names a grid of {side} in fields of {height} × {width}"
            ))),
        })
        .collect()
}

/// A column of whole numbers of any width.
pub(super) fn integers(file: &hdf5::File, path: &str) -> Result<Vec<i64>> {
    let read = || {
        let array = array(file, path)?;
        if array.size() as u64 * 8 > array.storage_size().saturating_mul(8 * 1100) {
            return Err(hdf5::Error::Internal("values are missing".into()));
        }
        match array.dtype()?.to_descriptor()? {
            TypeDescriptor::Integer(_) | TypeDescriptor::Unsigned(_) => array.read_raw::<i64>(),
            other => Err(hdf5::Error::Internal(format!("holds {other}, not whole numbers"))),
        }
    };
    read().map_err(|e| read_error(&format!("`{path}`"), &e))
}

/// Names and values of the operator sensitivity, if the file has them for all operators.
pub(super) fn sensitivity(file: &hdf5::File, n: usize) -> Result<Option<(Vec<String>, Vec<f32>)>> {
    let path = format!("{GROUP}/{CATEGORY}/values");
    if !exists(file, &path) {
        return Ok(None);
    }
    let read = || {
        let array = array(file, &path)?;
        let names = array.attr("names")?;
        let names = super::attributes::strings(&names)?;
        let shape = array.get_shape()?;
        if shape != [n, names.len()] || array.storage_size() == 0 {
            return Err(hdf5::Error::Internal(format!("its shape is {shape:?}")));
        }
        Ok((names, array.read_raw::<f32>()?))
    };
    read().map(Some).map_err(|e| read_error(&format!("`{path}`"), &e))
}
