//! What is measured of the cells of a row, so that they can be drawn from bounds alone.
//!
//! States share one measure over all realizations, displayed or not, and aggregates that are states
//! (`mean`) are painted with it; a map has its own; so has everything that stands apart
//! ([`Column::is_apart`](super::spec::Column::is_apart)). A tally of one step gives the bounds of a frame; merged over steps, of a clip;
//! over operators, of an experiment. What has fixed bounds is not measured.

use super::Ensemble;
use super::cell::Cell;
use super::channels::{Channels, Measured, Paint};
use super::color::{Limits, scale};
use super::histogram::Histogram;
use super::spec::{Column, RenderSpec, Shape, Shows};
use crate::picture::colormap;

/// What sort of thing a column turned out to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Sort {
    /// Nothing that has a value.
    #[default]
    Nothing,
    /// States.
    State,
    /// Scalars.
    Map,
    /// Colours.
    Rgb,
}

/// What was seen of a column.
#[derive(Debug, Clone, PartialEq)]
struct Seen {
    sort: Sort,
    map: Histogram,
    /// Of a column that stands apart.
    states: Measured,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Tally {
    rule: Channels,
    channels: usize,
    states: Measured,
    columns: Vec<Seen>,
}

/// How the cells of a column are painted.
#[derive(Debug, Clone)]
pub struct ColumnPaint {
    /// What they show.
    pub sort: Sort,
    /// With what; nothing if they are colours already or have no value.
    pub paint: Option<Paint>,
    /// Whether other columns have the same paint: it is that of the states.
    pub is_shared: bool,
}

impl Tally {
    /// Nothing yet.
    pub fn new(spec: &RenderSpec, shape: &Shape) -> Self {
        let (rule, channels) = (spec.channels(shape), shape.channels);
        let states = Measured::new(rule, channels);
        let seen = Seen { sort: Sort::Nothing, map: Histogram::default(), states: states.clone() };
        Self { rule, channels, states, columns: vec![seen; spec.columns.len()] }
    }

    /// Adds an operator at one step: its states and its [`cells`](super::cell::cells).
    pub fn include(&mut self, spec: &RenderSpec, ensemble: &Ensemble<'_>, cells: &[Cell<'_>]) {
        let measured =
            |limits: Limits| self.rule == Channels::Pca || !matches!(limits, Limits::Fixed(..));
        let mut is_shared = false;
        for ((column, seen), cell) in spec.columns.iter().zip(&mut self.columns).zip(cells) {
            seen.sort = seen.sort.max(match cell {
                Cell::State(_) => Sort::State,
                Cell::Map(_) => Sort::Map,
                Cell::Rgb(..) => Sort::Rgb,
                Cell::Undefined(_) => Sort::Nothing,
            });
            let is_apart = column.is_apart(spec.color.scope);
            match cell {
                Cell::State(_) if !is_apart => is_shared = true,
                Cell::State(field) if measured(column.rule(&spec.color).limits) => {
                    seen.states.include(self.rule, self.channels, field);
                }
                Cell::Map(values) if !column.is_fixed_map() => {
                    seen.map.include(values.iter().copied());
                }
                _ => {}
            }
        }
        if is_shared && measured(spec.color.limits) {
            for m in 0..ensemble.realizations {
                self.states.include(self.rule, self.channels, ensemble.field(m));
            }
        }
    }

    /// Adds what another tally of the same spec has seen: later steps, or another operator.
    pub fn merge(&mut self, other: &Self) {
        self.states.merge(&other.states);
        for (mine, other) in self.columns.iter_mut().zip(&other.columns) {
            mine.sort = mine.sort.max(other.sort);
            mine.map.merge(&other.map);
            mine.states.merge(&other.states);
        }
    }

    /// As plain numbers, for a file.
    pub fn to_numbers(&self) -> Vec<f64> {
        let mut out = Vec::new();
        self.states.to_numbers(&mut out);
        for seen in &self.columns {
            out.push(f64::from(seen.sort as u8));
            seen.map.to_numbers(&mut out);
            seen.states.to_numbers(&mut out);
        }
        out
    }

    /// Back from [`to_numbers`](Self::to_numbers) of a tally of the same spec; none if they are no such
    /// numbers.
    pub fn from_numbers(spec: &RenderSpec, shape: &Shape, mut numbers: &[f64]) -> Option<Self> {
        let mut made = Self::new(spec, shape);
        let rest = &mut numbers;
        made.states = Measured::from_numbers(made.rule, made.channels, rest)?;
        for seen in &mut made.columns {
            let (sort, after) = rest.split_first()?;
            *rest = after;
            let sorts = [Sort::Nothing, Sort::State, Sort::Map, Sort::Rgb];
            seen.sort = *sorts.iter().find(|s| f64::from(**s as u8) == *sort)?;
            seen.map = Histogram::from_numbers(rest)?;
            seen.states = Measured::from_numbers(made.rule, made.channels, rest)?;
        }
        rest.is_empty().then_some(made)
    }

    /// How the columns are painted.
    pub fn paints(&self, spec: &RenderSpec) -> Vec<ColumnPaint> {
        let of = |(column, seen): (&Column, &Seen)| {
            let is_apart = column.is_apart(spec.color.scope);
            let measured = if is_apart { &seen.states } else { &self.states };
            let is_shared = seen.sort == Sort::State && !is_apart && column.map.is_none();
            let paint = match seen.sort {
                Sort::State => {
                    let rule = column.rule(&spec.color);
                    Some(measured.paint(self.rule, self.channels, &rule))
                }
                Sort::Map => Some(map_paint(spec, column, &seen.map)),
                Sort::Nothing | Sort::Rgb => None,
            };
            ColumnPaint { sort: seen.sort, paint, is_shared }
        };
        spec.columns.iter().zip(&self.columns).map(of).collect()
    }
}

/// The paint of a map of an aggregate.
fn map_paint(spec: &RenderSpec, column: &Column, values: &Histogram) -> Paint {
    let limits = column.limits.unwrap_or(spec.color.limits);
    let (bounds, usual) = match column.shows {
        Shows::Aggregate(aggregate) => {
            let range = aggregate.range(column.method);
            let bounds = Limits::of_map(column.limits, spec.color.limits, range, values);
            (bounds, colormap(aggregate.colormap()))
        }
        Shows::Realization(_) => (limits.bounds(values), None),
    };
    let fixed = column.is_fixed_map();
    Paint::Table(scale(bounds, fixed, column.map, usual))
}
