//! What a chart consists of: a list of marks at places in pixels.
//!
//! Invariant: places are whole tenths of a pixel, so that both writers ([`svg`](super::svg) and
//! [`raster`](super::raster)) draw the same, and the text is short. A scene knows no numbers of any
//! axis, and its marks name what they are for ([`Ink`]), not a colour.

use crate::picture::Canvas;
use crate::picture::text::Style;

use super::theme::Ink;

/// Width of every chart in pixels of its own; pages scale it.
pub const WIDTH: f64 = 480.0;
/// Size of numbers beside axes, and of notes.
pub const TICK: f64 = 10.5;
/// Size of names.
pub const NAME: f64 = 11.5;

/// A place in pixels, to the right and downward.
pub type Point = (f64, f64);

/// A rectangle in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Area {
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Width.
    pub w: f64,
    /// Height.
    pub h: f64,
}

impl Area {
    /// Right edge.
    pub fn right(self) -> f64 {
        self.x + self.w
    }

    /// Lower edge.
    pub fn bottom(self) -> f64 {
        self.y + self.h
    }
}

/// How a line is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pen {
    /// Its colour.
    pub ink: Ink,
    /// Its width.
    pub width: f64,
    /// Lengths of dashes and gaps in pixels; a whole line if empty.
    pub dashes: &'static [u8],
}

/// How a surface is filled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fill {
    /// Its colour.
    pub ink: Ink,
    /// From 0, nothing, to 1.
    pub opacity: f64,
}

/// A line through points.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// In order.
    pub points: Vec<Point>,
    /// Whether the last is joined to the first.
    pub closed: bool,
}

/// Which end of a text lies at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// Its beginning.
    Start,
    /// Its middle.
    Middle,
    /// Its end.
    End,
}

/// A line of text.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// Where its anchor lies on its baseline.
    pub at: Point,
    /// What it says.
    pub text: String,
    /// Pixels per em.
    pub size: f64,
    /// Its colour.
    pub ink: Ink,
    /// Which of its ends lies there.
    pub anchor: Anchor,
    /// Whether it runs upward.
    pub upward: bool,
}

/// One mark.
#[derive(Debug, Clone, PartialEq)]
pub enum Mark {
    /// Lines, filled or drawn or both.
    Path {
        /// The lines.
        runs: Vec<Run>,
        /// If they are filled.
        fill: Option<Fill>,
        /// If they are drawn.
        pen: Option<Pen>,
        /// What is said where a pointer rests on it; nothing if empty.
        tip: String,
    },
    /// Discs, all alike.
    Dots {
        /// Their centres.
        at: Vec<Point>,
        /// Their radius.
        radius: f64,
        /// Their colour.
        fill: Fill,
        /// As of a path.
        tip: String,
    },
    /// Text.
    Label(Label),
    /// A raster, its pixels as sharp rectangles.
    Layer {
        /// Where.
        area: Area,
        /// Its pixels.
        canvas: Canvas,
        /// If given, the brightness of a pixel is how much of this ink lies there.
        ink: Option<Ink>,
    },
}

/// Marks on an empty ground, the later above the earlier.
#[derive(Debug, Clone, PartialEq)]
pub struct Scene {
    /// Height in pixels; the width is [`WIDTH`].
    pub height: f64,
    /// In the order in which they are drawn.
    pub marks: Vec<Mark>,
}

/// The place in whole tenths.
pub fn tenths(v: f64) -> i64 {
    (v * 10.0).round() as i64
}

/// As `v` is drawn.
pub fn rounded(v: f64) -> f64 {
    tenths(v) as f64 / 10.0
}

impl Fill {
    /// Opaque.
    pub fn of(ink: Ink) -> Self {
        Self { ink, opacity: 1.0 }
    }
}

impl Pen {
    /// A whole line.
    pub fn of(ink: Ink, width: f64) -> Self {
        Self { ink, width, dashes: &[] }
    }
}

impl Label {
    /// A number or a note.
    pub fn note(at: Point, anchor: Anchor, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { at, text, size: TICK, ink: Ink::Muted, anchor, upward: false }
    }

    /// A name.
    pub fn name(at: Point, anchor: Anchor, text: impl Into<String>) -> Self {
        Self { size: NAME, ink: Ink::Text, ..Self::note(at, anchor, text) }
    }

    /// The font it is drawn and measured with.
    pub fn style(&self) -> Style {
        regular(self.size)
    }

    /// The rectangle that it covers: ascenders, descenders and its advance.
    pub fn area(&self) -> Area {
        let length = self.style().width(&self.text) as f64;
        let before = match self.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => length / 2.0,
            Anchor::End => length,
        };
        let (above, height) = (0.74 * self.size, 0.95 * self.size);
        let (x, y) = self.at;
        if self.upward {
            Area { x: x - above, y: y - length + before, w: height, h: length }
        } else {
            Area { x: x - before, y: y - above, w: length, h: height }
        }
    }
}

fn regular(size: f64) -> Style {
    Style::regular(size as f32, [0; 3])
}

/// Width of a text.
pub fn width(text: &str, size: f64) -> f64 {
    regular(size).width(text) as f64
}

/// A text, or as much of its beginning as fits.
pub fn fitted(text: &str, size: f64, room: f64) -> String {
    regular(size).fitted(text, room.max(0.0) as usize)
}

/// A text, or its beginning and its end with an ellipsis between: names that begin alike often differ at
/// their ends.
pub fn squeezed(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let letters: Vec<char> = text.chars().collect();
    // Two thirds of what is kept are at the beginning.
    let short = |kept: usize| -> String {
        let tail = kept / 3;
        let (head, rest) = letters.split_at(kept - tail);
        head.iter().chain(&['…']).chain(&rest[rest.len() - tail..]).collect()
    };
    let kept = (1..letters.len()).rev().find(|kept| width(&short(*kept), size) <= room);
    kept.map(short).unwrap_or_default()
}

impl Scene {
    /// An empty one.
    pub fn new(height: f64) -> Self {
        Self { height, marks: Vec::new() }
    }

    /// A straight line.
    pub fn line(&mut self, from: Point, to: Point, pen: Pen) {
        self.draw(vec![Run { points: vec![from, to], closed: false }], pen);
    }

    /// Lines.
    pub fn draw(&mut self, runs: Vec<Run>, pen: Pen) {
        self.path(runs, None, Some(pen), String::new());
    }

    /// Rectangles of one ink.
    pub fn bars(
        &mut self,
        areas: impl IntoIterator<Item = Area>,
        fill: Fill,
        tip: impl Into<String>,
    ) {
        let runs = areas.into_iter().map(outline).collect();
        self.path(runs, Some(fill), None, tip.into());
    }

    /// Lines, filled or drawn or both. Nothing if there are none.
    pub fn path(&mut self, runs: Vec<Run>, fill: Option<Fill>, pen: Option<Pen>, tip: String) {
        if !runs.is_empty() {
            self.marks.push(Mark::Path { runs, fill, pen, tip });
        }
    }

    /// Discs. Nothing if there are none.
    pub fn dots(&mut self, at: Vec<Point>, radius: f64, fill: Fill, tip: impl Into<String>) {
        if !at.is_empty() {
            self.marks.push(Mark::Dots { at, radius, fill, tip: tip.into() });
        }
    }

    /// Text. Nothing if it says nothing.
    pub fn label(&mut self, label: Label) {
        if !label.text.is_empty() {
            self.marks.push(Mark::Label(label));
        }
    }
}

/// The outline of a rectangle.
pub fn outline(area: Area) -> Run {
    let Area { x, y, .. } = area;
    let (right, bottom) = (area.right(), area.bottom());
    Run { points: vec![(x, y), (right, y), (right, bottom), (x, bottom)], closed: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_keep_both_ends() {
        let name = "spectral_centroid_normalised_mean";
        assert_eq!(squeezed(name, TICK, 400.0), name);
        for room in 0..150 {
            let short = squeezed(name, TICK, f64::from(room));
            assert!(width(&short, TICK) <= f64::from(room), "{short} in {room}");
        }
        assert_eq!(squeezed(name, TICK, 100.0), "spectral_c…_mean");
    }
}
