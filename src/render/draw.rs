//! From states to pictures, whichever the states come from: first what is measured of each operator, then
//! the frames.

use std::borrow::Cow;
use std::ops::Range;

use rayon::prelude::*;

use super::cell::{Cell, cells};
use super::color::Time;
use super::compose::{Grid, paints, strip};
use super::layout::Label;
use super::spec::{RenderSpec, Shape};
use super::tally::{ColumnPaint, Tally};
use super::{Ensemble, Span};
use crate::error::Result;
use crate::mark;
use crate::picture::Canvas;

/// Frames that are drawn at once, at most.
const FRAMES: usize = 16;
/// Data of their cells.
const DATA: usize = 1 << 24;

/// How many frames are drawn at once: fewer of larger grids or with more cells, so that the memory is
/// bounded.
pub fn at_once(spec: &RenderSpec, shape: &Shape) -> usize {
    let cells = spec.operators.len() * spec.columns.len();
    (DATA / (cells * shape.height * shape.width).max(1)).clamp(1, FRAMES)
}

/// Where states come from.
pub trait States {
    /// All realizations of a row's operator at a step, `[M, C, H, W]`. Rows are asked for one after the
    /// other, and the steps of each in ascending order, perhaps more than once.
    ///
    /// # Errors
    /// If they cannot be read.
    fn ensemble(&mut self, row: usize, step: usize) -> Result<Vec<f32>>;
}

/// What is measured of one operator over all drawn steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Measure {
    /// Least and largest values, which definitions refer to.
    pub span: Span,
    /// What colours follow from.
    pub tally: Tally,
}

impl Measure {
    /// Measures the operator of a row.
    ///
    /// # Errors
    /// If its states cannot be read.
    pub fn of(
        spec: &RenderSpec,
        shape: &Shape,
        row: usize,
        states: &mut dyn States,
    ) -> Result<Self> {
        let form = [shape.channels, shape.height, shape.width];
        let drawn = spec.drawn();
        let mut span = Span { channels: vec![None; shape.channels] };
        for step in &drawn {
            span.include(&Ensemble::new(form, &states.ensemble(row, *step)?));
        }
        let mut tally = Tally::new(spec, shape);
        for step in &drawn {
            let values = states.ensemble(row, *step)?;
            let ensemble = Ensemble::new(form, &values);
            tally.include(spec, &ensemble, &cells(spec, &ensemble, &span));
        }
        Ok(Self { span, tally })
    }

    /// The span as plain numbers: least and largest of each channel, NaN where no number is finite.
    pub fn span_numbers(&self) -> Vec<f64> {
        let ends = |channel: &Option<(f64, f64)>| {
            let (lo, hi) = channel.unwrap_or((f64::NAN, f64::NAN));
            [lo, hi]
        };
        self.span.channels.iter().flat_map(ends).collect()
    }

    /// Back from the numbers of both; none if they are no such numbers.
    pub fn from_numbers(
        spec: &RenderSpec,
        shape: &Shape,
        span: &[f64],
        tally: &[f64],
    ) -> Option<Self> {
        let ends = |ends: &[f64]| (!ends[0].is_nan()).then(|| (ends[0], ends[1]));
        let span = Span { channels: span.chunks_exact(2).map(ends).collect() };
        let tally = Tally::from_numbers(spec, shape, tally)?;
        (span.channels.len() == shape.channels).then_some(Self { span, tally })
    }
}

/// What one operator shows at one step.
struct Moment {
    cells: Vec<Cell<'static>>,
    /// Of this step alone, if each frame has its own colours.
    tally: Option<Tally>,
}

/// Draws the frames of these numbers; of a strip, the one that it is. Of each row there is what stands
/// beside it and what was measured; `about` stands at the foot.
///
/// # Errors
/// If states cannot be read, or a frame were too large.
pub fn draw(
    spec: &RenderSpec,
    shape: &Shape,
    rows: Vec<(Label, Measure)>,
    states: &mut dyn States,
    about: &str,
    numbers: Range<usize>,
) -> Result<Vec<Canvas>> {
    let drawn = spec.drawn();
    let steps = if spec.is_strip() { &drawn[..] } else { &drawn[numbers.clone()] };
    let (mut labels, mut tallies, mut moments) = (Vec::new(), Vec::new(), Vec::new());
    for (row, (label, measure)) in rows.into_iter().enumerate() {
        let mut own = Vec::with_capacity(steps.len());
        for step in steps {
            own.push(moment(spec, shape, &measure, &states.ensemble(row, *step)?));
        }
        moments.push(own);
        labels.push(label);
        tallies.push(measure.tally);
    }
    let clip = paints(spec, &tallies);
    // Of each step, if each has its own.
    let of_step = |at: usize| {
        let tallies: Option<Vec<Tally>> = moments.iter().map(|row| row[at].tally.clone()).collect();
        tallies.map(|tallies| paints(spec, &tallies))
    };
    if spec.is_strip() {
        let paints = match spec.color.time {
            Time::Clip => clip.into_iter().map(|paints| vec![paints]).collect(),
            Time::Frame => {
                let steps: Vec<_> = (0..steps.len()).filter_map(of_step).collect();
                (0..moments.len())
                    .map(|row| steps.iter().map(|s| s[row].clone()).collect())
                    .collect::<Vec<_>>()
            }
        };
        let cells: Vec<Vec<Vec<Cell<'_>>>> = moments
            .into_iter()
            .map(|row| row.into_iter().map(|moment| moment.cells).collect())
            .collect();
        return Ok(vec![strip(spec, shape, &labels, about.to_owned(), &cells, &paints)?]);
    }
    let grid = Grid::new(spec, shape, labels, about.to_owned(), &clip)?;
    let own: Vec<Option<Vec<Vec<ColumnPaint>>>> = (0..steps.len()).map(of_step).collect();
    // Step by step instead of row by row.
    let mut cells: Vec<Vec<Vec<Cell<'_>>>> = steps.iter().map(|_| Vec::new()).collect();
    for row in moments {
        row.into_iter().zip(&mut cells).for_each(|(moment, step)| step.push(moment.cells));
    }
    let frame = |at: usize| {
        mark::tick();
        grid.frame(numbers.start + at, &cells[at], own[at].as_ref().unwrap_or(&clip))
    };
    Ok((0..steps.len()).into_par_iter().map(frame).collect())
}

/// What a row says if realizations of its operator diverged, the first one at `step`.
pub fn badge(step: usize, count: usize, realizations: usize) -> String {
    if count == realizations {
        format!("diverged at t = {step}")
    } else {
        format!("{count} of {realizations} diverged, t = {step}")
    }
}

fn moment(spec: &RenderSpec, shape: &Shape, measure: &Measure, values: &[f32]) -> Moment {
    let ensemble = Ensemble::new([shape.channels, shape.height, shape.width], values);
    let found = cells(spec, &ensemble, &measure.span);
    let tally = (spec.color.time == Time::Frame).then(|| {
        let mut tally = Tally::new(spec, shape);
        tally.include(spec, &ensemble, &found);
        tally
    });
    let owned = |cell: Cell<'_>| match cell {
        Cell::State(field) => Cell::State(Cow::Owned(field.into_owned())),
        Cell::Map(values) => Cell::Map(values),
        Cell::Rgb(values, note) => Cell::Rgb(values, note),
        Cell::Undefined(why) => Cell::Undefined(why),
    };
    Moment { cells: found.into_iter().map(owned).collect(), tally }
}
