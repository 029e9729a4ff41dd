//! Drawing a frame: what does not change once, cells and time for each frame.

use super::cell::Cell;
use super::channels::{Channels, Paint, mix, table};
use super::layout::{BarPlace, Layout, Zoom};
use super::number::{WIDEST, ends};
use super::spec::Shape;
use super::theme::{Role, Theme};
use crate::picture::canvas::resized;
use crate::picture::color::NOT_FINITE;
use crate::picture::{Bounds, Canvas, Colormap, Rect, Rgb};

/// The colours of a colour bar.
#[derive(Debug, Clone, Copy)]
pub enum Ink {
    /// A table.
    Map(&'static Colormap),
    /// From black to this.
    To(Rgb),
}

/// A colour bar.
#[derive(Debug, Clone, Copy)]
pub struct Bar {
    /// Its colours.
    pub ink: Ink,
    /// What its ends stand for.
    pub bounds: Bounds,
}

/// The bars that a paint of states, or of a map, is read by.
pub fn bars(paint: &Paint, rule: Channels) -> Vec<Bar> {
    let inks = |bounds: &[Bounds]| -> Vec<Bar> {
        let count = bounds.len();
        let ink = |k: usize| {
            let mut at = [0.0; 3];
            at[k] = 1.0;
            Ink::To(mix(at, count))
        };
        bounds.iter().enumerate().map(|(k, b)| Bar { ink: ink(k), bounds: *b }).collect()
    };
    match paint {
        Paint::Table(scale) => vec![Bar { ink: Ink::Map(scale.map), bounds: scale.bounds }],
        Paint::Colors(bounds) if rule == Channels::RgbJoint => {
            vec![Bar { ink: Ink::To([255; 3]), bounds: bounds[0] }]
        }
        Paint::Colors(bounds) => inks(bounds),
        Paint::Components(basis) => inks(&basis.bounds),
    }
}

/// A frame with nothing on it that changes.
#[derive(Debug, Clone)]
pub struct Sheet {
    layout: Layout,
    theme: Theme,
    zoom: Zoom,
    shape: Shape,
    rule: Channels,
    blank: Canvas,
}

impl Sheet {
    /// The sheet of a layout, for such states, painted by such a rule.
    pub fn new(layout: Layout, theme: Theme, zoom: Zoom, shape: Shape, rule: Channels) -> Self {
        let mut blank = Canvas::new(layout.width, layout.height, theme.paper());
        for text in &layout.texts {
            draw(&mut blank, theme, text.role, text.rect, &text.words);
        }
        blank.fill(layout.progress, theme.rule());
        if layout.is_outlined {
            for cell in layout.cells.iter().flatten() {
                outline(&mut blank, *cell, theme.rule());
            }
        }
        Self { layout, theme, zoom, shape, rule, blank }
    }

    /// The sheet with colour bars that are those of every frame, in the layout's order.
    #[must_use]
    pub fn with_bars(mut self, bars: &[Vec<Bar>]) -> Self {
        let mut canvas = std::mem::replace(&mut self.blank, Canvas::new(0, 0, [0; 3]));
        self.bars(&mut canvas, bars);
        self.blank = canvas;
        self
    }

    /// Draws colour bars; those of the first block again on the others.
    fn bars(&self, canvas: &mut Canvas, bars: &[Vec<Bar>]) {
        for (i, places) in self.layout.bars.iter().enumerate() {
            for (place, bar) in places.iter().zip(&bars[i % bars.len().max(1)]) {
                colour_bar(canvas, self.theme, place, bar);
            }
        }
    }

    /// One frame: cells with their paints, row by row; bars, if they are of this frame alone; the time,
    /// and which part of the clip has passed.
    pub fn frame(
        &self,
        cells: &[Vec<(&Cell<'_>, Option<&Paint>)>],
        own_bars: &[Vec<Bar>],
        now: &str,
        passed: f64,
    ) -> Canvas {
        let mut canvas = self.blank.clone();
        if !own_bars.is_empty() {
            self.bars(&mut canvas, own_bars);
        }
        let mut notes = self.layout.notes.iter();
        for (row, places) in cells.iter().zip(&self.layout.cells) {
            for ((cell, paint), place) in row.iter().zip(places) {
                self.cell(&mut canvas, *place, cell, *paint);
                if let (Some(rect), Cell::Rgb(_, Some(note))) = (notes.next(), cell) {
                    let words = self.theme.style(Role::Note, note).fitted(note, rect.w);
                    draw(&mut canvas, self.theme, Role::Note, *rect, &words);
                }
            }
        }
        if !now.is_empty() {
            draw(&mut canvas, self.theme, Role::Now, self.layout.now, now);
        }
        let progress = self.layout.progress;
        let part = (passed.clamp(0.0, 1.0) * progress.w as f64).round() as usize;
        canvas.fill(Rect { w: part, ..progress }, self.theme.weak());
        canvas
    }

    fn cell(&self, canvas: &mut Canvas, place: Rect, cell: &Cell<'_>, paint: Option<&Paint>) {
        let (colors, by) = match (cell, paint) {
            (Cell::State(field), Some(paint)) => {
                let (field, by) = self.reduced(field);
                (paint.state(self.rule, self.shape.channels, &field), by)
            }
            (Cell::Map(values), Some(Paint::Table(scale))) => {
                let (values, by) = self.reduced(values);
                (table(scale, values.iter().copied()), by)
            }
            (Cell::Rgb(planes, _), _) => {
                let (planes, by) = self.reduced(planes);
                (colors(&planes), by)
            }
            (Cell::Undefined(why), _) => return self.hatch(canvas, place, why),
            _ => return self.hatch(canvas, place, "no values"),
        };
        let width = place.w / by;
        canvas.put_enlarged(&colors, width, place.x, place.y, by);
    }

    /// Planes `[…, H, W]` as they are drawn, and how many pixels a number gets.
    fn reduced<'v>(&self, planes: &'v [f32]) -> (std::borrow::Cow<'v, [f32]>, usize) {
        match self.zoom {
            Zoom::Enlarge(by) => (planes.into(), by),
            Zoom::Reduce(by) => {
                let from = (self.shape.height, self.shape.width);
                let to = (from.0 / by, from.1 / by);
                let planes = planes.chunks_exact(from.0 * from.1);
                (planes.flat_map(|plane| resized(plane, from, to)).collect::<Vec<_>>().into(), 1)
            }
        }
    }

    /// A cell without a value: hatched, with its reason.
    fn hatch(&self, canvas: &mut Canvas, place: Rect, why: &str) {
        let [ground, line] = self.theme.hatch();
        canvas.fill(place, ground);
        for y in place.y..place.y + place.h {
            for x in (place.x..place.x + place.w).filter(|x| (x + y) % 8 < 2) {
                if let Some(pixel) = canvas.pixel_mut(x, y) {
                    *pixel = line;
                }
            }
        }
        let style = self.theme.style(Role::Why, why);
        let most = place.h / Role::Why.line();
        let lines = style.wrapped(why, place.w.saturating_sub(12), most);
        let Some(wide) = lines.iter().map(|line| style.width(line)).max() else { return };
        let high = lines.len() * Role::Why.line();
        let mut y = place.y + (place.h - high) / 2;
        let plate = Rect { x: place.x + (place.w - wide) / 2, y, w: wide, h: high };
        let margin = 4.min(plate.x - place.x).min(plate.y - place.y);
        let plate = Rect {
            x: plate.x - margin,
            y: plate.y - margin,
            w: plate.w + 2 * margin,
            h: plate.h + 2 * margin,
        };
        canvas.fill(plate, ground);
        for line in lines {
            let x = place.x + (place.w - style.width(&line)) / 2;
            let rect = Rect { x, y, w: style.width(&line), h: Role::Why.line() };
            draw(canvas, self.theme, Role::Why, rect, &line);
            y += Role::Why.line();
        }
    }
}

fn colors(planes: &[f32]) -> Vec<Rgb> {
    let area = planes.len() / 3;
    let pixel = |i: usize| [0, 1, 2].map(|k| f64::from(planes[k * area + i]));
    let color =
        |at: [f64; 3]| if at.iter().all(|v| v.is_finite()) { mix(at, 3) } else { NOT_FINITE };
    (0..area).map(|i| color(pixel(i))).collect()
}

/// Draws words into a line of text, baseline and all.
fn draw(canvas: &mut Canvas, theme: Theme, role: Role, rect: Rect, words: &str) {
    theme.style(role, words).draw(canvas, rect.x, rect.y + rect.h - 4, words);
}

/// A hairline around a rectangle.
fn outline(canvas: &mut Canvas, cell: Rect, color: Rgb) {
    let Rect { x, y, w, h } = cell;
    for rect in [
        Rect { x: x - 1, y: y - 1, w: w + 2, h: 1 },
        Rect { x: x - 1, y: y + h, w: w + 2, h: 1 },
        Rect { x: x - 1, y, w: 1, h },
        Rect { x: x + w, y, w: 1, h },
    ] {
        canvas.fill(rect, color);
    }
}

fn colour_bar(canvas: &mut Canvas, theme: Theme, place: &BarPlace, bar: &Bar) {
    let (rect, words) = &place.name;
    draw(canvas, theme, Role::Name, *rect, words);
    match bar.ink {
        Ink::Map(map) => {
            canvas.put(&Canvas::bar(place.bar.w, place.bar.h, map), place.bar.x, place.bar.y);
        }
        Ink::To(color) => {
            let last = (place.bar.w.max(2) - 1) as f64;
            for x in 0..place.bar.w {
                let part = x as f64 / last;
                let color = color.map(|v| (part * f64::from(v)).round() as u8);
                canvas.fill(Rect { x: place.bar.x + x, w: 1, ..place.bar }, color);
            }
        }
    }
    outline(canvas, place.bar, theme.rule());
    let style = theme.style(Role::Number, WIDEST);
    let [low, high] = ends(bar.bounds);
    let at_right = |rect: Rect, words: &str| rect.x + rect.w - style.width(words).min(rect.w);
    let low_x = if place.is_beside { at_right(place.low, &low) } else { place.low.x };
    let high_x = if place.is_beside { place.high.x } else { at_right(place.high, &high) };
    draw(canvas, theme, Role::Number, Rect { x: low_x, ..place.low }, &low);
    draw(canvas, theme, Role::Number, Rect { x: high_x, ..place.high }, &high);
}
