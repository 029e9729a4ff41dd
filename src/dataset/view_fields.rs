//! Some fields of a data set, made small: for people to look at.
//!
//! Of every field its first channel; of every operator its first realization. Invariant: what is
//! decoded is bounded by [`Limits::bytes`], whatever the file holds; values of padding are cut off.

use std::collections::BTreeSet;

use hdf5::types::{FloatSize, TypeDescriptor};
use hdf5_metno as hdf5;
use rayon::prelude::*;

use super::blocks::Blocks;
use super::facts::Group;
use super::ffi;
use super::file::Type;
use super::hdf::{array, descriptor, exists, read_error};
use super::values::to_f64;
use super::view::View;
use crate::cache::Dtype;
use crate::error::{Error, Result};

/// How much to look at.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Operators, at most.
    pub operators: usize,
    /// States of each, at most.
    pub steps: usize,
    /// Pixels of a side, at most; larger fields are averaged.
    pub side: usize,
    /// Bytes to decode, at most, as long as one operator with four states is left.
    pub bytes: u64,
}

/// A field.
#[derive(Debug, Clone, PartialEq)]
pub struct Still {
    /// Row of the operator.
    pub row: usize,
    /// Lines and columns.
    pub shape: (usize, usize),
    /// `[h, w]`.
    pub values: Vec<f32>,
}

/// States of an operator over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Film {
    /// Row of the operator.
    pub row: usize,
    /// Lines and columns.
    pub shape: (usize, usize),
    /// A field for each step.
    pub frames: Vec<Vec<f32>>,
}

/// States of some operators over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Films {
    /// Which states, the same of all operators.
    pub steps: Vec<usize>,
    /// M.
    pub realizations: usize,
    /// T.
    pub all_steps: usize,
    /// The largest side that was averaged, 0 if none was.
    pub averaged_from: usize,
    /// Each operator.
    pub films: Vec<Film>,
}

/// An array of fields in whichever form.
struct Fields<'a> {
    source: Source<'a>,
    dtype: Dtype,
    /// Axes before the channel.
    lead: Vec<usize>,
    height: usize,
    width: usize,
    /// What one read decodes.
    read_bytes: u64,
}

enum Source<'a> {
    /// As this program writes: blocks, decoded side by side.
    Own(Blocks<'a>),
    /// As HDF5 reads it.
    Other { path: &'a str, handle: hdf5::Dataset, memory: hdf5::Datatype },
}

/// A block that was just decoded, kept for the next field.
type Held = Option<(usize, Vec<u8>)>;

impl<'a> Fields<'a> {
    fn open(view: &'a View, path: &'a str) -> Result<Self> {
        let unknown = |why: String| Error::integrity(format!("`{path}`: {why}"));
        if let Some(array) = view.reader.stored(path) {
            let blocks = view.reader.blocks(path)?;
            let [lead @ .., _, height, width] = array.shape.as_slice() else {
                return Err(unknown(format!("its shape is {:?}", array.shape)));
            };
            return Ok(Self {
                dtype: blocks.dtype(),
                lead: lead.to_vec(),
                height: *height,
                width: *width,
                read_bytes: blocks.block_bytes() as u64,
                source: Source::Own(blocks),
            });
        }
        let damaged = |e: &hdf5::Error| read_error(&format!("`{path}`"), e);
        let handle = array(&view.file, path).map_err(|e| damaged(&e))?;
        let dtype = match handle.dtype().and_then(|d| d.to_descriptor()).map_err(|e| damaged(&e))? {
            TypeDescriptor::Float(FloatSize::U2) => Dtype::F16,
            TypeDescriptor::Float(FloatSize::U4) => Dtype::F32,
            TypeDescriptor::Float(FloatSize::U8) => Dtype::F64,
            other => return Err(unknown(format!("it holds {other}"))),
        };
        let shape = handle.get_shape().map_err(|e| damaged(&e))?;
        let [lead @ .., _, height, width] = shape.as_slice() else {
            return Err(unknown(format!("its shape is {shape:?}")));
        };
        let bytes = |axes: &[usize]| {
            axes.iter().fold(dtype.size() as u64, |n, axis| n.saturating_mul(*axis as u64))
        };
        let plane = bytes(&[*height, *width]);
        if shape.contains(&0) || plane > MAX_PLANE {
            return Err(unknown(format!("its shape is {shape:?}")));
        }
        let memory = hdf5::Datatype::from_descriptor(&descriptor(Type::Number(dtype)));
        Ok(Self {
            dtype,
            lead: lead.to_vec(),
            height: *height,
            width: *width,
            read_bytes: handle.chunk().map_or(plane, |chunk| bytes(&chunk)),
            source: Source::Other { path, memory: memory.map_err(|e| damaged(&e))?, handle },
        })
    }

    /// The first channel of a field, `[h, w]`, by its number.
    fn plane(&self, leaf: usize, held: &mut Held) -> Result<Vec<f32>> {
        let length = self.height * self.width * self.dtype.size();
        let bytes = match &self.source {
            Source::Own(blocks) => {
                if leaf >= blocks.leaves() || blocks.count() == 0 {
                    return Err(Error::integrity(format!("there is no field {leaf}")));
                }
                blocks.leaf(leaf, held)?[..length].to_vec()
            }
            Source::Other { path, handle, memory } => {
                let mut from = vec![0; self.lead.len() + 3];
                let mut rest = leaf;
                for axis in (0..self.lead.len()).rev() {
                    from[axis] = rest % self.lead[axis];
                    rest /= self.lead[axis];
                }
                if rest > 0 {
                    return Err(Error::integrity(format!("`{path}` has no field {leaf}")));
                }
                let mut count = vec![1; from.len()];
                let last = count.len() - 2;
                count[last..].copy_from_slice(&[self.height, self.width]);
                let mut bytes = vec![0; length];
                ffi::read_box(handle, memory, &from, &count, &mut bytes)
                    .map_err(|e| read_error(&format!("`{path}`"), &e))?;
                bytes
            }
        };
        Ok(to_f64(&bytes, self.dtype).into_iter().map(|v| v as f32).collect())
    }

    /// What it takes to read these fields one after the other.
    fn cost(&self, leaves: impl Iterator<Item = usize>) -> u64 {
        let reads = match &self.source {
            Source::Own(blocks) => {
                leaves.map(|leaf| blocks.place_of(leaf).0).collect::<BTreeSet<_>>().len()
            }
            Source::Other { .. } => leaves.count(),
        };
        self.read_bytes.saturating_mul(reads as u64)
    }
}

/// The largest plane of another program's fields, in bytes.
const MAX_PLANE: u64 = 1 << 28;

impl View {
    /// The initial conditions of these operators; none if the data set has no inputs.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn inputs(&self, rows: &[usize], side: usize) -> Result<Vec<Still>> {
        let mut stills = Vec::new();
        for group in &self.groups {
            let Some(path) = group.inputs.as_ref().filter(|path| self.has(path)) else { continue };
            let fields = Fields::open(self, path)?;
            for (place, row) in own(group, rows) {
                let (shape, values) =
                    self.small(&fields, row, side, fields.plane(place, &mut None)?);
                stills.push(Still { row, shape, values });
            }
        }
        stills.sort_by_key(|still| rows.iter().position(|row| *row == still.row));
        Ok(stills)
    }

    /// The first operators over time; none if the data set has no states.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn films(&self, limits: &Limits) -> Result<Option<Films>> {
        let mut parts = Vec::new();
        for group in &self.groups {
            let Some(path) = group.outputs.as_ref().filter(|path| self.has(path)) else { continue };
            parts.push((group, Fields::open(self, path)?));
        }
        let (m, t) = match parts.first().map(|(_, fields)| fields.lead.as_slice()) {
            Some([_, m]) => (*m, 1),
            Some([_, m, t]) => (*m, *t),
            _ => return Ok(None),
        };
        let leaf = |place: usize, step: usize| place * m * t + step;
        let work = |operators: usize, count: usize| -> u64 {
            let rows: Vec<usize> = (0..operators).collect();
            let steps = spread(t, count);
            let of = |(group, fields): &(&Group, Fields<'_>)| -> u64 {
                let own = own(group, &rows);
                own.map(|(place, _)| fields.cost(steps.iter().map(|s| leaf(place, *s)))).sum()
            };
            parts.iter().map(of).sum()
        };
        let (mut operators, mut count) =
            (limits.operators.min(self.operators), limits.steps.min(t));
        while work(operators, count) > limits.bytes && (operators > 1 || count > 4) {
            // Few operators in full say more than many at two moments.
            if operators > 6 || count <= 4 {
                operators = operators.div_ceil(2);
            } else {
                count = count.div_ceil(2).max(4);
            }
        }
        let steps = spread(t, count);
        let rows: Vec<usize> = (0..operators).collect();
        let mut films = Vec::new();
        let mut averaged_from = 0;
        for (group, fields) in &parts {
            let largest = fields.height.max(fields.width);
            if largest > limits.side {
                averaged_from = averaged_from.max(largest);
            }
            let film = |(place, row): (usize, usize)| -> Result<Film> {
                let mut held = None;
                let mut film = Film { row, shape: (0, 0), frames: Vec::new() };
                for step in &steps {
                    let plane = fields.plane(leaf(place, *step), &mut held)?;
                    let (shape, values) = self.small(fields, row, limits.side, plane);
                    film.shape = shape;
                    film.frames.push(values);
                }
                Ok(film)
            };
            let wanted: Vec<_> = own(group, &rows).collect();
            films.extend(wanted.into_par_iter().map(film).collect::<Result<Vec<_>>>()?);
        }
        films.sort_by_key(|film| film.row);
        Ok(Some(Films { steps, realizations: m, all_steps: t, averaged_from, films }))
    }

    fn has(&self, path: &str) -> bool {
        self.reader.stored(path).is_some() || exists(&self.file, path)
    }

    /// A field without its padding, made small.
    fn small(
        &self,
        fields: &Fields<'_>,
        row: usize,
        side: usize,
        plane: Vec<f32>,
    ) -> ((usize, usize), Vec<f32>) {
        let (height, width) = (fields.height, fields.width);
        let known = self.sides.as_ref().and_then(|sides| usize::try_from(sides[row]).ok());
        let (shape, plane) = match known.filter(|own| *own > 0 && *own < height && height == width)
        {
            None => ((height, width), plane),
            Some(own) => {
                let margin = (height - own) / 2;
                let lines = (margin..margin + own).map(|y| &plane[y * width + margin..][..own]);
                ((own, own), lines.flatten().copied().collect())
            }
        };
        let to = |from: usize| from.div_ceil(from.div_ceil(side.max(1)).max(1));
        let small = (to(shape.0), to(shape.1));
        (small, averaged(&plane, shape, small))
    }
}

/// The rows of a group among those wanted: their place in the group's array, and the row.
fn own<'g>(group: &'g Group, rows: &'g [usize]) -> impl Iterator<Item = (usize, usize)> + 'g {
    let all = group.rows.iter().copied().enumerate();
    all.filter(move |(_, row)| rows.contains(row))
}

/// `count` of `all` steps, the first and the last among them, evenly.
pub(super) fn spread(all: usize, count: usize) -> Vec<usize> {
    let last = count.min(all).saturating_sub(1);
    (0..=last).map(|i| (i * all.saturating_sub(1)).checked_div(last).unwrap_or(0)).collect()
}

/// A field `from` on fewer pixels, each the mean of what it covers. Where the sides are no multiples, some
/// pixels cover a line or a column more than others. A mean of what is not finite is not.
pub(super) fn averaged(values: &[f32], from: (usize, usize), to: (usize, usize)) -> Vec<f32> {
    if from == to {
        return values.to_vec();
    }
    let span = |i: usize, from: usize, to: usize| i * from / to..(i + 1) * from / to;
    let mut out = Vec::with_capacity(to.0 * to.1);
    for y in 0..to.0 {
        for x in 0..to.1 {
            let (lines, columns) = (span(y, from.0, to.0), span(x, from.1, to.1));
            let count = lines.len() * columns.len();
            let part = lines.flat_map(|line| &values[line * from.1..][columns.clone()]);
            let sum: f64 = part.map(|v| f64::from(*v)).sum();
            out.push((sum / count as f64) as f32);
        }
    }
    out
}
