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

use super::ffi;
use super::fields::{Fields, Place, layout, sensitivity, sides};
use super::hdf::{open, read_error};
use crate::cache::Dtype;
use crate::error::{Error, Result};
use crate::key::Digest;

/// What is read at once, if chunks allow it.
const SLAB: usize = 16 << 20;
/// The most that is read at once of chunks that hold many operators.
const MOST: usize = 256 << 20;
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
        let file = open(path)?;
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
        let Some(first) = fields.first() else {
            return Err(fault("it has no operators".to_owned()));
        };
        let [_, realizations, steps, channels, ..] = first.shape;
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
            let rows = rows(&self.fields[place.fields]);
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

    /// An operator to be read alone.
    pub fn alone(&self, operator: usize) -> Group {
        let place = self.places[operator];
        Group { operators: vec![operator], fields: place.fields, first: place.row }
    }

    /// The states of an operator that are stored together, a certain one among them.
    pub fn segment(&self, operator: usize, step: usize) -> Range<usize> {
        let fields = &self.fields[self.places[operator].fields];
        let [_, _, length, ..] = fields.chunk;
        let from = step / length * length;
        from..(from + length).min(self.steps)
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

/// How many operators of an array are read together.
fn rows(fields: &Fields) -> usize {
    let [_, m, t, ..] = fields.shape;
    let one = fields.chunk[1].min(m) * fields.chunk[2].min(t) * fields.state_bytes();
    fields.chunk[0].min((MOST / one).max(1))
}

/// The largest multiple of `step` that is at most `most`, at least one step, at most all.
fn grown(step: usize, all: usize, most: usize) -> usize {
    ((most / step).max(1) * step).min(all)
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
