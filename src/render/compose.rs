//! Whole pictures: which cell, paint and colour bar goes where on a grid and on a strip.

use super::cell::Cell;
use super::channels::{Channels, Paint};
use super::color::{Scope, Time};
use super::frame::{Bar, Sheet, bars};
use super::layout::{Contents, Label, Layout, Legend, Span};
use super::spec::{Column, RenderSpec, Shape};
use super::tally::{ColumnPaint, Sort, Tally};
use crate::error::Result;
use crate::picture::Canvas;

/// The paints of each row, column by column, from a tally of each operator: its own, or of all
/// together.
pub fn paints(spec: &RenderSpec, tallies: &[Tally]) -> Vec<Vec<ColumnPaint>> {
    if spec.color.scope != Scope::Experiment {
        return tallies.iter().map(|tally| tally.paints(spec)).collect();
    }
    let mut all: Option<Tally> = None;
    for tally in tallies {
        match &mut all {
            Some(all) => all.merge(tally),
            None => all = Some(tally.clone()),
        }
    }
    let shared = all.map(|all| all.paints(spec)).unwrap_or_default();
    vec![shared; tallies.len()]
}

/// Whether a picture with the cells of this spec can be drawn at all, colour bars and texts apart: asked
/// before anything is computed for it.
///
/// # Errors
/// If it were too large, with what to choose smaller.
pub fn fits(spec: &RenderSpec, shape: &Shape) -> Result<()> {
    let (rows, columns, group) = if spec.is_strip() {
        (spec.operators.len() * spec.columns.len(), spec.drawn().len(), spec.columns.len())
    } else {
        (spec.operators.len(), spec.columns.len(), 1)
    };
    let contents = Contents {
        cell: spec.zoom(shape).cell((shape.height, shape.width)),
        gap: spec.gap,
        headings: vec![String::new(); columns],
        labels: vec![Label::default(); rows],
        group,
        legend: Legend::Below(Vec::new()),
        notes: false,
        now: String::new(),
        about: String::new(),
    };
    Layout::of(&contents).map(drop)
}

/// A grid, ready to draw frames.
#[derive(Debug)]
pub struct Grid<'s> {
    spec: &'s RenderSpec,
    rule: Channels,
    /// Step 0 to this one.
    last: usize,
    drawn: Vec<usize>,
    sheet: Sheet,
    sources: Sources,
}

impl<'s> Grid<'s> {
    /// A grid with these labels beside its rows and `about` in its footer. `paints` are those of the
    /// clip; or, where each frame has its own, of any.
    ///
    /// # Errors
    /// If a frame were too large.
    pub fn new(
        spec: &'s RenderSpec,
        shape: &Shape,
        labels: Vec<Label>,
        about: String,
        paints: &[Vec<ColumnPaint>],
    ) -> Result<Self> {
        let rule = spec.channels(shape);
        let last = shape.states.saturating_sub(1);
        let (legend, sources) = grid_legend(spec, rule, paints);
        let contents = Contents {
            cell: spec.zoom(shape).cell((shape.height, shape.width)),
            gap: spec.gap,
            headings: spec.columns.iter().map(Column::heading).collect(),
            labels,
            group: 1,
            legend,
            notes: has_notes(paints),
            now: widest(last),
            about,
        };
        let layout = Layout::of(&contents)?;
        let sheet = Sheet::new(layout, spec.theme, spec.zoom(shape), *shape, rule);
        let mut grid = Self { spec, rule, last, drawn: spec.drawn(), sheet, sources };
        if spec.color.time == Time::Clip {
            grid.sheet = grid.sheet.with_bars(&of_sources(&grid.sources, rule, paints));
        }
        Ok(grid)
    }

    /// The frame of the drawn step number `index`, with the cells and the paints of each row.
    pub fn frame(
        &self,
        index: usize,
        rows: &[Vec<Cell<'_>>],
        paints: &[Vec<ColumnPaint>],
    ) -> Canvas {
        let cells: Vec<Vec<(&Cell<'_>, Option<&Paint>)>> = rows
            .iter()
            .zip(paints)
            .map(|(row, paints)| row.iter().zip(paints.iter().map(|p| p.paint.as_ref())).collect())
            .collect();
        let own = match self.spec.color.time {
            Time::Clip => Vec::new(),
            Time::Frame => of_sources(&self.sources, self.rule, paints),
        };
        let now = format!("t = {}/{}", self.drawn[index], self.last);
        let passed = (index + 1) as f64 / self.drawn.len() as f64;
        self.sheet.frame(&cells, &own, &now, passed)
    }
}

/// Draws a strip. `cells` are those of each operator, at each drawn step, column by column; `paints`
/// likewise, or, where the clip shares them, with one for all steps.
///
/// # Errors
/// If the picture were too large.
pub fn strip(
    spec: &RenderSpec,
    shape: &Shape,
    labels: &[Label],
    about: String,
    cells: &[Vec<Vec<Cell<'_>>>],
    paints: &[Vec<Vec<ColumnPaint>>],
) -> Result<Canvas> {
    let rule = spec.channels(shape);
    let (drawn, columns) = (spec.drawn(), spec.columns.len());
    let at = |operator: usize, time: usize| -> &Vec<ColumnPaint> {
        let of = &paints[operator];
        &of[time.min(of.len() - 1)]
    };
    // The paints of the rows of the picture, place by place: as a grid's, with times as columns.
    let rows: Vec<(usize, usize)> =
        (0..cells.len()).flat_map(|o| (0..columns).map(move |c| (o, c))).collect();
    let placed: Vec<Vec<ColumnPaint>> = rows
        .iter()
        .map(|(o, c)| (0..drawn.len()).map(|t| at(*o, t)[*c].clone()).collect())
        .collect();
    let (legend, sources) = strip_legend(spec, rule, &rows, &placed, drawn.len());
    let first: Vec<Vec<ColumnPaint>> = (0..cells.len()).map(|o| at(o, 0).clone()).collect();
    let labels = rows.iter().map(|(o, c)| {
        let label = if *c == 0 { labels[*o].clone() } else { Label::default() };
        let shows = if columns > 1 { spec.columns[*c].heading() } else { String::new() };
        Label { shows, ..label }
    });
    let contents = Contents {
        cell: spec.zoom(shape).cell((shape.height, shape.width)),
        gap: spec.gap,
        headings: drawn.iter().map(|t| format!("t = {t}")).collect(),
        labels: labels.collect(),
        group: columns,
        legend,
        notes: has_notes(&first),
        now: String::new(),
        about,
    };
    let layout = Layout::of(&contents)?;
    let sheet = Sheet::new(layout, spec.theme, spec.zoom(shape), *shape, rule);
    let sheet = sheet.with_bars(&of_sources(&sources, rule, &placed));
    let shown: Vec<Vec<(&Cell<'_>, Option<&Paint>)>> = rows
        .iter()
        .zip(&placed)
        .map(|((o, c), paints)| {
            let times = cells[*o].iter().zip(paints);
            times.map(|(row, paint)| (&row[*c], paint.paint.as_ref())).collect()
        })
        .collect();
    Ok(sheet.frame(&shown, &[], "", 0.0))
}

fn has_notes(paints: &[Vec<ColumnPaint>]) -> bool {
    paints.iter().flatten().any(|paint| paint.sort == Sort::Rgb)
}

/// The widest text that says a time up to the last.
fn widest(last: usize) -> String {
    let digits = "8".repeat(last.to_string().len());
    format!("t = {digits}/{digits}")
}

/// The row and column of each paint whose bars stand in a place, place by place.
type Sources = Vec<Vec<(usize, usize)>>;

fn of_sources(sources: &Sources, rule: Channels, paints: &[Vec<ColumnPaint>]) -> Vec<Vec<Bar>> {
    let of = |place: &Vec<(usize, usize)>| {
        let paints = place.iter().filter_map(|(row, column)| paints[*row][*column].paint.as_ref());
        paints.flat_map(|paint| bars(paint, rule)).collect()
    };
    sources.iter().map(of).collect()
}

/// What the bars of a column are called.
fn names(column: &Column, paint: &ColumnPaint, rule: Channels) -> Vec<String> {
    let Some(found) = &paint.paint else { return Vec::new() };
    let count = bars(found, rule).len();
    if paint.sort == Sort::Map {
        return vec![column.heading()];
    }
    let parts: Vec<String> = match rule {
        Channels::RgbPerChannel => (0..count).map(|k| format!("channel {k}")).collect(),
        Channels::Pca => (1..=count).map(|k| format!("component {k}")).collect(),
        Channels::RgbJoint => vec!["channels".into()],
        Channels::Norm => vec!["norm".into()],
        Channels::One(0) => vec!["state".into()],
        Channels::One(k) => vec![format!("channel {k}")],
    };
    if paint.is_shared {
        return parts;
    }
    let name = column.heading();
    match parts.len() {
        1 => vec![name],
        _ => parts.iter().map(|part| format!("{name}, {part}")).collect(),
    }
}

/// The columns that have bars, one for all that share theirs.
fn distinct(paints: &[ColumnPaint]) -> Vec<usize> {
    let shared = paints.iter().position(|paint| paint.is_shared);
    let kept = |c: &usize| {
        let paint = &paints[*c];
        paint.paint.is_some() && (!paint.is_shared || shared == Some(*c))
    };
    (0..paints.len()).filter(kept).collect()
}

fn of_cells(rule: Channels, paints: &[Vec<ColumnPaint>]) -> (Legend, Sources) {
    let places = paints.iter().enumerate();
    let sources = places.flat_map(|(r, row)| (0..row.len()).map(move |c| vec![(r, c)]));
    let count = |paint: &ColumnPaint| paint.paint.as_ref().map_or(0, |p| bars(p, rule).len());
    let columns = paints.first().map_or(0, Vec::len);
    let most = |c: usize| paints.iter().map(|row| count(&row[c])).max().unwrap_or(0);
    (Legend::Cells((0..columns).map(most).collect()), sources.collect())
}

fn grid_legend(
    spec: &RenderSpec,
    rule: Channels,
    paints: &[Vec<ColumnPaint>],
) -> (Legend, Sources) {
    let named = |row: &[ColumnPaint], columns: &[usize]| -> Vec<String> {
        columns.iter().flat_map(|c| names(&spec.columns[*c], &row[*c], rule)).collect()
    };
    match spec.color.scope {
        Scope::Cell => of_cells(rule, paints),
        Scope::Operator => {
            let rows = paints.iter().map(|row| named(row, &distinct(row)));
            let of = |(r, row)| distinct(row).into_iter().map(|c| (r, c)).collect();
            let sources = paints.iter().map(Vec::as_slice).enumerate().map(of).collect();
            (Legend::Right(rows.collect()), sources)
        }
        Scope::Experiment => {
            let row = paints.first().map(Vec::as_slice).unwrap_or_default();
            let (mut spans, mut sources): (Vec<Span>, Sources) = (Vec::new(), Vec::new());
            for (c, paint) in row.iter().enumerate().filter(|(_, paint)| paint.paint.is_some()) {
                match spans.last_mut() {
                    Some(span) if paint.is_shared && c > 0 && row[c - 1].is_shared => {
                        span.columns.end = c + 1;
                    }
                    _ => {
                        // The heading says what a lone bar is of.
                        let mut names = named(row, &[c]);
                        if names.len() == 1 && !paint.is_shared {
                            names = vec![String::new()];
                        }
                        spans.push(Span { columns: c..c + 1, names });
                        sources.push(vec![(0, c)]);
                    }
                }
            }
            (Legend::Below(spans), sources)
        }
    }
}

/// As [`grid_legend`], where rows are columns of operators and columns are times.
fn strip_legend(
    spec: &RenderSpec,
    rule: Channels,
    rows: &[(usize, usize)],
    paints: &[Vec<ColumnPaint>],
    times: usize,
) -> (Legend, Sources) {
    let named = |row: usize| names(&spec.columns[rows[row].1], &paints[row][0], rule);
    match (spec.color.time, spec.color.scope) {
        (Time::Frame, _) => of_cells(rule, paints),
        (Time::Clip, Scope::Cell | Scope::Operator) => {
            // Of the rows of an operator that share their paint, the first has the bars.
            let count = spec.columns.len();
            let is_first = |row: &usize| {
                let of_operator = &paints[row - row % count..*row];
                !paints[*row][0].is_shared || !of_operator.iter().any(|p| p[0].is_shared)
            };
            let all = || 0..rows.len();
            let names = all().map(|row| if is_first(&row) { named(row) } else { Vec::new() });
            let sources = all().map(|row| Some((row, 0)).filter(|_| is_first(&row)));
            let sources = sources.map(|place| place.into_iter().collect());
            (Legend::Right(names.collect()), sources.collect())
        }
        (Time::Clip, Scope::Experiment) => {
            let first: Vec<ColumnPaint> =
                paints.iter().take(spec.columns.len()).map(|row| row[0].clone()).collect();
            let kept = distinct(&first);
            let names = kept.iter().flat_map(|row| named(*row)).collect();
            let sources = vec![kept.iter().map(|row| (*row, 0)).collect()];
            (Legend::Below(vec![Span { columns: 0..times, names }]), sources)
        }
    }
}
