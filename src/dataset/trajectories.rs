//! The states in a data set, whoever made it: found, and read block by block.
//!
//! Two forms are known. Either all operators lie in `/outputs/fields`, on one grid, or padded with zeros to
//! the largest, with the true sides in `/metadata/grid_sizes`; or they lie in a group per grid,
//! `/outputs/64/fields`, where `/metadata/grid_group` and `/metadata/row` say. Fields are `[N, M, C, H, W]`
//! or `[N, M, T, C, H, W]` of 16, 32 or 64 bits. Invariants: every chunk is decoded once, unless a
//! chunk of many operators is larger than [`MOST`]; what is read at once has about [`SLAB`] bytes, or
//! is one chunk; a value that was never written is an error, not a zero.

use std::ops::Range;
use std::path::Path;

use half::f16;
use hdf5::filters::Filter;
use hdf5::plist::dataset_create::Layout;
use hdf5::types::{FloatSize, TypeDescriptor};
use hdf5_metno as hdf5;

use super::ffi;
use super::file::Type;
use super::hdf::{descriptor, read_error};
use crate::cache::Dtype;
use crate::error::{Error, IoContext, Result};
use crate::key::Digest;

/// What is read at once, if chunks allow it.
const SLAB: usize = 16 << 20;
/// The most that is read at once of chunks that hold many operators.
const MOST: usize = 256 << 20;
/// The largest state, in bytes.
const MAX_STATE: usize = 1 << 30;

/// The states of a data set.
pub struct Trajectories {
    fields: Vec<Fields>,
    places: Vec<Place>,
    /// M.
    pub realizations: usize,
    /// T.
    pub steps: usize,
    /// The values of the operator sensitivity, `[N, D]`, if the file has them, with their names.
    pub sensitivity: Option<(Vec<String>, Vec<f32>)>,
}

/// An array of states.
struct Fields {
    path: String,
    handle: hdf5::Dataset,
    dtype: Dtype,
    memory: hdf5::Datatype,
    /// `[N, M, T, C, H, W]`; T = 1 if the array has no such axis.
    shape: [usize; 6],
    /// As `shape`; of an array that lies in one run, a state.
    chunk: [usize; 6],
    has_time: bool,
}

/// Where the states of an operator lie.
#[derive(Debug, Clone, Copy)]
struct Place {
    fields: usize,
    row: usize,
    /// Side of the grid within a padded one.
    side: Option<usize>,
}

/// Operators that are read together.
#[derive(Debug, Clone)]
pub struct Group {
    /// Which operators, in the order of their rows.
    pub operators: Vec<usize>,
    fields: usize,
    first: usize,
}

/// Some realizations and states of a group.
#[derive(Debug, Clone)]
pub struct Block {
    /// Realizations.
    pub realizations: Range<usize>,
    /// States.
    pub steps: Range<usize>,
}

/// The values of a block.
pub struct Slab {
    bytes: Vec<u8>,
    dtype: Dtype,
    /// Of a block: realizations, states; and of a state.
    shape: [usize; 5],
}

impl Trajectories {
    /// Finds the states of the data set at `path`.
    ///
    /// # Errors
    /// Usage, if there are none in a form that is known; environment, if there is no such file; integrity,
    /// if it is no HDF5 file, damaged, or was never filled.
    pub fn open(path: &Path) -> Result<Self> {
        std::fs::File::open(path).io("open", path)?;
        let file = hdf5::File::with_options()
            .with_fapl(|p| p.file_locking(false))
            .open(path)
            .map_err(|e| read_error(&format!("`{}`", path.display()), &e))?;
        let fault = |why: String| {
            Error::usage(format!("`{}`: {why}", path.display())).help(
                "states are looked for as float16, float32 or float64 in `/outputs/fields`, \
                 [N, M, C, H, W] or [N, M, T, C, H, W]",
            )
        };
        let (paths, mut places) = layout(&file, &fault)?;
        let mut fields = Vec::new();
        for array in paths {
            fields.push(Fields::open(&file, path, array, &fault)?);
        }
        let [_, realizations, steps, channels, ..] = fields[0].shape;
        if let Some(other) =
            fields.iter().find(|f| f.shape[1..4] != [realizations, steps, channels])
        {
            let (a, b) = (&fields[0], other);
            return Err(fault(format!("`{}` and `{}` differ in M, T or C", a.path, b.path)));
        }
        if places.is_empty() {
            let sides = sides(&file, &fields[0], &fault)?;
            places = sides
                .into_iter()
                .enumerate()
                .map(|(row, side)| Place { fields: 0, row, side })
                .collect();
        }
        if let Some(place) = places.iter().find(|p| p.row >= fields[p.fields].shape[0]) {
            let path = &fields[place.fields].path;
            return Err(fault(format!(
                "`{path}` has no row {}, which `/metadata/row` names",
                place.row
            )));
        }
        let sensitivity = sensitivity(&file, places.len())?;
        Ok(Self { fields, places, realizations, steps, sensitivity })
    }

    /// N.
    pub fn operators(&self) -> usize {
        self.places.len()
    }

    /// `[C, H, W]` of the states of an operator, without padding.
    pub fn shape(&self, operator: usize) -> [usize; 3] {
        let place = self.places[operator];
        let [.., channels, height, width] = self.fields[place.fields].shape;
        let (h, w) = place.side.map_or((height, width), |side| (side, side));
        [channels, h, w]
    }

    /// The first `count` operators in groups to be read together.
    pub fn groups(&self, count: usize) -> Vec<Group> {
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_by_key(|operator| (self.places[*operator].fields, self.places[*operator].row));
        let mut groups: Vec<Group> = Vec::new();
        for operator in order {
            let place = self.places[operator];
            let rows = self.fields[place.fields].rows();
            match groups.last_mut() {
                Some(group)
                    if group.fields == place.fields
                        && group.first / rows == place.row / rows
                        && group.first + group.operators.len() == place.row =>
                {
                    group.operators.push(operator);
                }
                _ => groups.push(Group {
                    operators: vec![operator],
                    fields: place.fields,
                    first: place.row,
                }),
            }
        }
        groups
    }

    /// What is read at once of a group, in the order of realizations, then states.
    pub fn blocks(&self, group: &Group) -> Vec<Block> {
        let fields = &self.fields[group.fields];
        let [_, m, t, ..] = fields.shape;
        let [_, mut dm, mut dt, ..] = fields.chunk;
        let one = group.operators.len() * fields.state_bytes();
        // Whole trajectories before several of them, so that few are at work at a time.
        dt = grown(dt, t, SLAB / (one * dm).max(1));
        if dt >= t {
            dm = grown(dm, m, SLAB / (one * t).max(1));
        }
        let cut = |all: usize, step: usize| {
            (0..all).step_by(step).map(move |i| i..(i + step).min(all)).collect::<Vec<_>>()
        };
        let steps = cut(t, dt);
        cut(m, dm)
            .into_iter()
            .flat_map(|realizations| {
                steps.iter().map(move |steps| Block {
                    realizations: realizations.clone(),
                    steps: steps.clone(),
                })
            })
            .collect()
    }

    /// Reads a block of a group.
    ///
    /// # Errors
    /// Integrity, if the file is damaged.
    pub fn read(&self, group: &Group, block: &Block) -> Result<Slab> {
        let fields = &self.fields[group.fields];
        let [.., channels, height, width] = fields.shape;
        let (m, t) = (block.realizations.len(), block.steps.len());
        let rows = group.operators.len();
        let mut from = vec![group.first, block.realizations.start];
        let mut count = vec![rows, m];
        if fields.has_time {
            from.push(block.steps.start);
            count.push(t);
        }
        from.extend([0, 0, 0]);
        count.extend([channels, height, width]);
        let mut bytes = vec![0; rows * m * t * fields.state_bytes()];
        ffi::read_box(&fields.handle, &fields.memory, &from, &count, &mut bytes)
            .map_err(|e| read_error(&format!("`{}`", fields.path), &e))?;
        Ok(Slab { bytes, dtype: fields.dtype, shape: [m, t, channels, height, width] })
    }

    /// The arrays that states lie in.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|fields| fields.path.as_str())
    }

    /// The array that an operator lies in, as [`Trajectories::paths`] counts them.
    pub fn array_of(&self, operator: usize) -> usize {
        self.places[operator].fields
    }
}

/// The largest multiple of `step` that is at most `most`, at least one step, at most all.
fn grown(step: usize, all: usize, most: usize) -> usize {
    ((most / step).max(1) * step).min(all)
}

impl Fields {
    fn open(
        file: &hdf5::File,
        shown: &Path,
        path: String,
        fault: &dyn Fn(String) -> Error,
    ) -> Result<Self> {
        let shown = shown.display();
        let damaged = |e: &hdf5::Error| read_error(&format!("`{path}`"), e);
        let handle = file.dataset(&path).map_err(|e| damaged(&e))?;
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
        for filter in handle.dcpl().map_err(|e| damaged(&e))?.filters() {
            let known = [Filter::Shuffle, Filter::Fletcher32, Filter::NBit];
            if !known.contains(&filter)
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
        if !written {
            return Err(Error::integrity(format!(
                "`{path}`: some of its values were never written"
            ))
            .help("the program that made the file did not finish: make it again"));
        }
        let memory = hdf5::Datatype::from_descriptor(&descriptor(Type::Number(dtype)));
        let memory = memory.map_err(|e| damaged(&e))?;
        Ok(Self { path, handle, dtype, memory, shape, chunk, has_time })
    }

    fn state_bytes(&self) -> usize {
        self.shape[3..].iter().product::<usize>() * self.dtype.size()
    }

    /// How many operators are read together.
    fn rows(&self) -> usize {
        let one = self.chunk[1].min(self.shape[1])
            * self.chunk[2].min(self.shape[2])
            * self.state_bytes();
        self.chunk[0].min((MOST / one).max(1))
    }
}

/// The arrays of states, and where each operator lies if a file has groups.
fn layout(file: &hdf5::File, fault: &dyn Fn(String) -> Error) -> Result<(Vec<String>, Vec<Place>)> {
    const PLAIN: &str = "/outputs/fields";
    const GRID_GROUP: &str = "/metadata/grid_group";
    if file.link_exists("outputs") && file.link_exists(PLAIN) {
        return Ok((vec![PLAIN.to_owned()], Vec::new()));
    }
    if !(file.link_exists("metadata") && file.link_exists(GRID_GROUP)) {
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
        let folder = path.trim_end_matches("/fields");
        if !file.link_exists(folder) || !file.link_exists(path) {
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
fn sides(
    file: &hdf5::File,
    fields: &Fields,
    fault: &dyn Fn(String) -> Error,
) -> Result<Vec<Option<usize>>> {
    const PATH: &str = "/metadata/grid_sizes";
    let [n, .., height, width] = fields.shape;
    if !(file.link_exists("metadata") && file.link_exists(PATH)) {
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
fn integers(file: &hdf5::File, path: &str) -> Result<Vec<i64>> {
    let read = || {
        let array = file.dataset(path)?;
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
fn sensitivity(file: &hdf5::File, n: usize) -> Result<Option<(Vec<String>, Vec<f32>)>> {
    let path =
        format!("{}/{}/values", super::tables::GROUP, crate::operator::sensitivity::CATEGORY);
    let folders = path.match_indices('/').skip(1).map(|(at, _)| &path[..at]);
    if !folders.chain([path.as_str()]).all(|part| file.link_exists(part)) {
        return Ok(None);
    }
    let read = || {
        let array = file.dataset(&path)?;
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

impl Slab {
    /// Digest of a state as it is stored.
    pub fn digest(&self, row: usize, m: usize, t: usize) -> Digest {
        Digest::of(self.bytes_of(row, m, t))
    }

    /// A state `[C, h, w]` in 32 bits, cut out of the middle of the stored one.
    pub fn state(&self, row: usize, m: usize, t: usize, [channels, h, w]: [usize; 3]) -> Vec<f32> {
        let [.., height, width] = self.shape;
        let bytes = self.bytes_of(row, m, t);
        let (top, left) = ((height - h) / 2, (width - w) / 2);
        let size = self.dtype.size();
        let mut out = Vec::with_capacity(channels * h * w);
        for line in (0..channels).flat_map(|c| (0..h).map(move |i| c * height + top + i)) {
            let line = &bytes[(line * width + left) * size..][..w * size];
            match self.dtype {
                Dtype::F16 => {
                    out.extend(line.as_chunks().0.iter().map(|b| f16::from_le_bytes(*b).to_f32()));
                }
                Dtype::F64 => {
                    out.extend(line.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b) as f32));
                }
                _ => out.extend(line.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b))),
            }
        }
        out
    }

    fn bytes_of(&self, row: usize, m: usize, t: usize) -> &[u8] {
        let [realizations, steps, state @ ..] = self.shape;
        let length = state.iter().product::<usize>() * self.dtype.size();
        &self.bytes[((row * realizations + m) * steps + t) * length..][..length]
    }
}
