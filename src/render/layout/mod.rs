//! Where everything stands on a frame: geometry without pixels.
//!
//! ```text
//!            heading   heading   heading
//! op 42      ┌──────┐  ┌──────┐  ┌──────┐   state   −1 ▒▒▒▒ 1     legend at the right of rows,
//! caption    │ cell │  │      │  │      │   stddev   0 ▒▒▒▒ 0.4   or below cells, or below columns
//! warning    └──────┘  └──────┘  └──────┘
//! ───────────────────────────────────────
//! t = 137/500                 name · hash · seed
//! ```
//!
//! Rows are all equally high. Many rows stand in several blocks side by side, each with headings, as
//! many as come nearest to the shape of a screen. The canvas has even sides, and cells begin at even
//! pixels: video halves the resolution of colours, and so no two data share one. Nothing depends on
//! numbers that change from frame to frame: room is kept for the widest.

mod bars;
mod sizes;
#[cfg(test)]
mod tests;
mod zoom;

use std::ops::Range;

pub use bars::BarPlace;
use bars::{below, right, right_width};
use sizes::{Sizes, high};
pub use zoom::Zoom;

use super::theme::{Role, Theme};
use crate::error::{Error, Result};
use crate::picture::Rect;

/// What stands beside a row.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Label {
    /// `op 42`.
    pub title: String,
    /// What the row shows of it, if its rows show different things: `stddev`.
    pub shows: String,
    /// `convex α=0.37`.
    pub captions: Vec<String>,
    /// `diverged at t=37`.
    pub badges: Vec<String>,
}

/// Columns under which colour bars stand, with what each bar is of; no names, no names drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// The columns.
    pub columns: Range<usize>,
    /// One for each bar.
    pub names: Vec<String>,
}

/// Where colour bars stand.
#[derive(Debug, Clone, PartialEq)]
pub enum Legend {
    /// At the right of each row: what its bars are of.
    Right(Vec<Vec<String>>),
    /// Below the columns.
    Below(Vec<Span>),
    /// Below each cell, so many by column.
    Cells(Vec<usize>),
}

/// What is to be placed.
#[derive(Debug, Clone, PartialEq)]
pub struct Contents {
    /// Height and width of a cell in pixels.
    pub cell: (usize, usize),
    /// Pixels between cells.
    pub gap: usize,
    /// Above the columns.
    pub headings: Vec<String>,
    /// Beside the rows.
    pub labels: Vec<Label>,
    /// So many rows belong together and stand in one block.
    pub group: usize,
    /// Colour bars.
    pub legend: Legend,
    /// Whether a line of text stands below each cell.
    pub notes: bool,
    /// The widest text that says the time; empty if none does.
    pub now: String,
    /// What the frame was drawn from.
    pub about: String,
}

/// A text that does not change.
#[derive(Debug, Clone, PartialEq)]
pub struct Text {
    /// What for.
    pub role: Role,
    /// Where, from ascent to descent.
    pub rect: Rect,
    /// The words, which fit.
    pub words: String,
}

/// Where everything stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    /// Width of the canvas, even.
    pub width: usize,
    /// Height of the canvas, even.
    pub height: usize,
    /// Headings, labels, and what the frame was drawn from.
    pub texts: Vec<Text>,
    /// Cells, row by row.
    pub cells: Vec<Vec<Rect>>,
    /// Whether there is room for a hairline around each cell.
    pub is_outlined: bool,
    /// The line below each cell, if there is one, in the order of cells.
    pub notes: Vec<Rect>,
    /// Colour bars: of each row; of each span, block after block; or of each cell, row by row.
    pub bars: Vec<Vec<BarPlace>>,
    /// A hairline above the footer, which shows how much of the clip has passed.
    pub progress: Rect,
    /// Where the time stands.
    pub now: Rect,
}

/// Around the frame.
const MARGIN: usize = 20;
/// The most that labels get.
const GUTTER: usize = 148;
/// Between columns of things.
const APART: usize = 14;
/// Between blocks.
const BLOCKS_APART: usize = 28;
/// Between a heading and the first row, a cell and what stands below it.
const NEAR: usize = 4;
/// The most lines of a heading.
const HEADING_LINES: usize = 2;
/// From the last row to the footer's hairline, and from there to its text.
const FOOTER: (usize, usize) = (14, 6);
/// Neither side of a canvas may be longer; beyond, players of video give up.
pub const LARGEST: usize = 8192;
/// The lines of a label, unbroken.
fn lines(label: &Label) -> Vec<(Role, String)> {
    let title = [(Role::Title, &label.title), (Role::Shows, &label.shows)];
    let title = title.into_iter().filter(|(_, t)| !t.is_empty());
    let captions = label.captions.iter().map(|t| (Role::Caption, t));
    let badges = label.badges.iter().map(|t| (Role::Badge, t));
    title.chain(captions).chain(badges).map(|(role, t)| (role, t.clone())).collect()
}

/// The lines of a label as they fit beside a row.
fn placed_lines(label: &Label, gutter: usize) -> Vec<(Role, String)> {
    let width = gutter.saturating_sub(APART);
    let broken = lines(label).into_iter().flat_map(|(role, text)| {
        let fitting = Theme::default().style(role, &text).wrapped(&text, width, 2);
        fitting.into_iter().map(move |line| (role, line))
    });
    broken.collect()
}

/// The lines of a heading, each in parts: a name, and its unit, which ends it in parentheses.
fn heading(words: &str, width: usize) -> Vec<Vec<(Role, String)>> {
    let style = |role, words: &str| Theme::default().style(role, words);
    let (name, unit) = match words.split_once(" (") {
        Some((name, unit)) => (name, Some(format!(" ({unit}"))),
        None => (words, None),
    };
    let most = if unit.is_some() { HEADING_LINES - 1 } else { HEADING_LINES };
    let lines = style(Role::Heading, name).wrapped(name, width, most);
    let mut lines: Vec<_> = lines.into_iter().map(|line| vec![(Role::Heading, line)]).collect();
    if let Some(unit) = unit {
        let wide = style(Role::Heading, name).width(name) + style(Role::Unit, &unit).width(&unit);
        match lines.last_mut() {
            Some(line) if wide <= width => line.push((Role::Unit, unit)),
            _ => {
                let unit = style(Role::Unit, &unit).fitted(unit.trim_start(), width);
                lines.push(vec![(Role::Unit, unit)]);
            }
        }
    }
    lines
}

impl Layout {
    /// Places all this.
    ///
    /// # Errors
    /// If the canvas became too large, with what to choose smaller.
    pub fn of(contents: &Contents) -> Result<Self> {
        let sizes = Sizes::of(contents);
        let rows = contents.labels.len();
        let blocks = sizes.blocks(rows, contents.group);
        let high = high(rows, contents.group, blocks);
        let (mut width, mut height) = sizes.size(high, contents.group, blocks);
        let mut made = Self {
            width: 0,
            height: 0,
            texts: Vec::new(),
            cells: Vec::new(),
            is_outlined: contents.gap > 0,
            notes: Vec::new(),
            bars: Vec::new(),
            progress: Rect::default(),
            now: Rect::default(),
        };
        for block in 0..blocks {
            made.block(contents, &sizes, block, high);
        }
        height = made.footer(contents, width, height - MARGIN) + MARGIN;
        width = width.next_multiple_of(2);
        height = height.next_multiple_of(2);
        if width.max(height) > LARGEST {
            return Err(Error::usage(format!(
                "a frame of {width} × {height} pixels is larger than {LARGEST} × {LARGEST}"
            ))
            .help(format!(
                "draw fewer operators (now {rows} rows) or columns (now {}), or smaller cells (now {} × {} \
                 pixels; `cell.scale`)",
                contents.headings.len(),
                contents.cell.1,
                contents.cell.0
            )));
        }
        Ok(Self { width, height, ..made })
    }

    /// Places a block: headings, so many rows, what stands below.
    fn block(&mut self, contents: &Contents, sizes: &Sizes, block: usize, high: usize) {
        let (cell_height, cell_width) = contents.cell;
        let left = MARGIN + block * (sizes.block() + BLOCKS_APART);
        let x_of = |column: usize| left + sizes.gutter + column * (cell_width + contents.gap);
        for (column, words) in contents.headings.iter().enumerate() {
            let lines = heading(words, cell_width);
            let mut y = MARGIN + sizes.heading - NEAR - lines.len() * Role::Heading.line();
            for line in lines {
                let width = |(role, words): &(Role, String)| {
                    Theme::default().style(*role, words).width(words)
                };
                let wide: usize = line.iter().map(width).sum();
                let mut x = x_of(column) + (cell_width - wide) / 2;
                for part in line {
                    let wide = width(&part);
                    self.text(part.0, x, y, part.1);
                    x += wide;
                }
                y += Role::Heading.line();
            }
        }
        let first = block * high;
        let mut bottom = MARGIN + sizes.heading;
        for (row, label) in contents.labels.iter().enumerate().skip(first).take(high) {
            let top = MARGIN + sizes.heading + sizes.top(row - first, contents.group);
            bottom = top + sizes.row;
            let mut y = top;
            for (role, line) in placed_lines(label, sizes.gutter) {
                self.text(role, left, y, line);
                y += role.line();
            }
            let mut cells = Vec::new();
            for column in 0..contents.headings.len() {
                let cell = Rect { x: x_of(column), y: top, w: cell_width, h: cell_height };
                let mut under = Rect { y: top + cell_height + NEAR, h: 0, ..cell };
                if let Legend::Cells(counts) = &contents.legend {
                    let names = vec![String::new(); counts[column]];
                    let (places, height) = below(under, &names);
                    self.bars.push(places);
                    under.y += height;
                }
                if contents.notes {
                    self.notes.push(Rect { h: Role::Note.line(), ..under });
                }
                cells.push(cell);
            }
            self.cells.push(cells);
            if let Legend::Right(rows) = &contents.legend {
                let x = left + sizes.gutter + sizes.cells + APART;
                self.bars.push(right(x, top, &rows[row], right_width(rows.iter().flatten())));
            }
        }
        if let Legend::Below(spans) = &contents.legend {
            for span in spans {
                let width = span.columns.len() * (cell_width + contents.gap) - contents.gap;
                let room =
                    Rect { x: x_of(span.columns.start), y: bottom + 2 * NEAR, w: width, h: 0 };
                self.bars.push(below(room, &span.names).0);
            }
        }
    }

    /// Places the footer on a page of this width, below `top`; where it ends.
    fn footer(&mut self, contents: &Contents, width: usize, top: usize) -> usize {
        if contents.now.is_empty() && contents.about.is_empty() {
            return top;
        }
        let room = width - 2 * MARGIN;
        let now = &contents.now;
        let now = Theme::default().style(Role::Now, now).width(now).min(room);
        self.progress = Rect { x: MARGIN, y: top + FOOTER.0, w: room, h: 1 };
        let mut y = top + FOOTER.0 + FOOTER.1;
        self.now = Rect { x: MARGIN, y, w: now, h: Role::Now.line() };
        let style = Theme::default().style(Role::About, &contents.about);
        if !contents.about.is_empty() {
            if now + APART + style.width(&contents.about) <= room {
                let x = MARGIN + room - style.width(&contents.about);
                self.text(Role::About, x, y + 1, contents.about.clone());
            } else {
                y += if now > 0 { Role::Now.line() } else { 0 };
                for line in style.wrapped(&contents.about, room, 3) {
                    self.text(Role::About, MARGIN, y + 1, line);
                    y += Role::About.line();
                }
                return y + 1;
            }
        }
        y + Role::Now.line()
    }

    fn text(&mut self, role: Role, x: usize, y: usize, words: String) {
        let w = Theme::default().style(role, &words).width(&words);
        self.texts.push(Text { role, rect: Rect { x, y, w, h: role.line() }, words });
    }
}
