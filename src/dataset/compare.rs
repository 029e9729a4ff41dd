//! Compares the values of one array in two data sets.

use rayon::prelude::*;

use super::file::{Type, leaf_axis};
use super::reader::{Reader, Stored};
use super::values::{shown, to_f64};
use crate::error::Result;

/// What the comparison of values found.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Found {
    pub compared: usize,
    pub differing: usize,
    pub undefined: usize,
    pub max_abs: f64,
    pub scale: f64,
    pub numbers: bool,
}

impl Found {
    fn and(self, other: Self) -> Self {
        Self {
            compared: self.compared + other.compared,
            differing: self.differing + other.differing,
            undefined: self.undefined + other.undefined,
            max_abs: self.max_abs.max(other.max_abs),
            scale: self.scale.max(other.scale),
            numbers: self.numbers || other.numbers,
        }
    }

    /// Two runs of numbers, as one part; they differ if a bit of a number does.
    fn of(a: &[f64], b: &[f64]) -> Self {
        let mut found = Self { compared: 1, numbers: true, ..Self::default() };
        let mut undefined = a.len() != b.len();
        let mut differs = undefined;
        for (x, y) in a.iter().zip(b) {
            if y.is_finite() {
                found.scale = found.scale.max(y.abs());
            }
            if x.to_bits() == y.to_bits() {
                continue;
            }
            differs = true;
            if x.is_finite() && y.is_finite() {
                found.max_abs = found.max_abs.max((x - y).abs());
            } else if !(x.is_nan() && y.is_nan()) {
                undefined = true;
            }
        }
        found.differing = usize::from(differs);
        found.undefined = usize::from(undefined);
        found
    }
}

/// Arrays of one axis: element by element.
pub(super) fn columns(
    readers: [&Reader; 2],
    path: &str,
    stored: [&Stored; 2],
    rows: &[(usize, usize)],
) -> Result<Found> {
    if stored.iter().any(|s| s.dtype == Type::Text) {
        let [a, b] = [shown(readers[0], path)?, shown(readers[1], path)?];
        let differing = rows.iter().filter(|(i, j)| a[*i] != b[*j]).count();
        return Ok(Found { compared: rows.len(), differing, ..Found::default() });
    }
    let [a, b] = [readers[0].numbers(path)?, readers[1].numbers(path)?];
    let pairs = rows.iter().map(|(i, j)| Found::of(&[a[*i]], &[b[*j]]));
    Ok(pairs.fold(Found::default(), Found::and))
}

/// Other arrays: leaf by leaf, for the rows and the leading indices that both have.
pub(super) fn leaves(
    readers: [&Reader; 2],
    path: &str,
    stored: [&Stored; 2],
    rows: &[(usize, usize)],
) -> Result<Found> {
    let [a, b] = stored;
    let axis = leaf_axis(path, a.dtype, a.shape.len());
    if a.shape.len() != b.shape.len()
        || [a, b].iter().any(|s| s.dtype == Type::Text)
        || a.shape[axis..] != b.shape[axis..]
        || a.shape[axis..].contains(&0)
        || axis == 0
    {
        return Ok(Found::default());
    }
    let blocks = [readers[0].blocks(path)?, readers[1].blocks(path)?];
    let common: Vec<usize> = (1..axis).map(|i| a.shape[i].min(b.shape[i])).collect();
    let inner = super::chunks::grid(&common, &vec![1; common.len()]);
    let number = |shape: &[usize], row: usize, index: &[usize]| {
        index.iter().zip(&shape[1..]).fold(row, |n, (i, length)| n * length + i)
    };
    let one = |(i, j): &(usize, usize)| -> Result<Found> {
        let mut held = [None, None];
        let mut found = Found::default();
        for index in &inner {
            let [held_a, held_b] = &mut held;
            let x = blocks[0].leaf(number(&a.shape, *i, index), held_a)?;
            let y = blocks[1].leaf(number(&b.shape, *j, index), held_b)?;
            found = found.and(if x == y && a.dtype == b.dtype {
                // Equal bytes still say how large the values are.
                let values = to_f64(y, blocks[1].dtype());
                Found::of(&values, &values)
            } else {
                Found::of(&to_f64(x, blocks[0].dtype()), &to_f64(y, blocks[1].dtype()))
            });
        }
        Ok(found)
    };
    rows.par_iter().map(one).try_reduce(Found::default, |x, y| Ok(x.and(y)))
}
