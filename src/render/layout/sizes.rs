//! How large the parts of a frame are, before anything has a place, and how many blocks there are.

use super::bars::{RIGHT_LINE, below, right_width};
use super::{
    APART, BLOCKS_APART, Contents, GUTTER, LARGEST, Label, Legend, MARGIN, NEAR, Span, heading,
    lines, placed_lines,
};
use crate::picture::Rect;
use crate::render::theme::{Role, Theme};

/// The shape that blocks aim at, and how many there may be.
const SHAPE: f64 = 1.5;
const MOST_BLOCKS: usize = 8;
/// Between rows that do not belong together, where others do.
const GROUPS_APART: usize = 14;

/// Sizes of parts, before anything has a place.
pub struct Sizes {
    /// Labels, with what keeps them apart from cells.
    pub gutter: usize,
    /// Headings, with what keeps them apart from cells.
    pub heading: usize,
    /// A row.
    pub row: usize,
    /// From one row to the next.
    pub pitch: usize,
    /// All cells of a row.
    pub cells: usize,
    legend: usize,
    below: usize,
}

impl Sizes {
    /// The sizes of all this.
    pub fn of(contents: &Contents) -> Self {
        let width = |(role, t): (Role, String)| Theme::default().style(role, &t).width(&t);
        let (cell_height, cell_width) = contents.cell;
        let widths = contents.labels.iter().flat_map(lines).map(width);
        let gutter = widths.max().map_or(0, |w| if w == 0 { 0 } else { w.min(GUTTER) + APART });
        let gutter = gutter.next_multiple_of(2);
        let of_label = |label: &Label| -> usize {
            placed_lines(label, gutter).iter().map(|(role, _)| role.line()).sum()
        };
        let labels = contents.labels.iter().map(of_label).max().unwrap_or(0);
        let headings = contents.headings.iter().map(|h| heading(h, cell_width).len());
        let heading = headings.max().unwrap_or(0) * Role::Heading.line();
        let heading = if heading > 0 { heading + NEAR } else { 0 };
        let columns = contents.headings.len();
        let mut under = if contents.notes { Role::Note.line() } else { 0 };
        let (mut legend, mut beside, mut foot) = (0, 0, 0);
        match &contents.legend {
            Legend::Right(rows) => {
                let names = rows.iter().flatten();
                legend = right_width(names).map_or(0, |w| (w + APART).next_multiple_of(2));
                beside = rows.iter().map(Vec::len).max().unwrap_or(0) * RIGHT_LINE;
            }
            Legend::Below(spans) => {
                let high = |span: &Span| {
                    let width = span.columns.len() * (cell_width + contents.gap) - contents.gap;
                    below(Rect { x: 0, y: 0, w: width, h: 0 }, &span.names).1
                };
                foot = spans.iter().map(high).max().unwrap_or(0);
            }
            Legend::Cells(counts) => {
                let room = Rect { x: 0, y: 0, w: cell_width, h: 0 };
                let most = counts.iter().copied().max().unwrap_or(0);
                under += below(room, &vec![String::new(); most]).1;
            }
        }
        let under = if under > 0 { under + NEAR } else { 0 };
        let row = (cell_height + under).max(labels).max(beside);
        let extra = if row > cell_height { contents.gap.max(10) } else { contents.gap };
        let mut pitch = row + extra;
        if cell_height.is_multiple_of(2) && contents.gap.is_multiple_of(2) {
            pitch = pitch.next_multiple_of(2);
        }
        Self {
            gutter,
            heading: heading.next_multiple_of(2),
            row,
            pitch,
            cells: columns * (cell_width + contents.gap) - contents.gap.min(columns * contents.gap),
            legend,
            below: if foot > 0 { foot + 2 * NEAR } else { 0 },
        }
    }

    /// Width of a block.
    pub fn block(&self) -> usize {
        (self.gutter + self.cells + self.legend).next_multiple_of(2)
    }

    /// Where row number `row` of a block begins, from the first.
    pub fn top(&self, row: usize, group: usize) -> usize {
        let groups = if group > 1 { row / group } else { 0 };
        row * self.pitch + groups * GROUPS_APART
    }

    /// Width and height of so many blocks of so many rows, with the margin.
    pub fn size(&self, high: usize, group: usize, blocks: usize) -> (usize, usize) {
        let width = blocks * (self.block() + BLOCKS_APART) - BLOCKS_APART;
        let rows = self.top(high - 1, group) + self.row;
        let height = self.heading + rows + self.below;
        (width + 2 * MARGIN, height + 2 * MARGIN)
    }

    /// How many blocks come nearest to the shape of a screen.
    pub fn blocks(&self, rows: usize, group: usize) -> usize {
        let badness = |blocks: &usize| {
            let (w, h) = self.size(high(rows, group, *blocks), group, *blocks);
            let too_large = w.max(h) > LARGEST;
            (too_large, libm::log(w as f64 / h as f64 / SHAPE).abs())
        };
        let fills = |blocks: &usize| rows.div_ceil(high(rows, group, *blocks)) == *blocks;
        let all = (1..=rows.clamp(1, MOST_BLOCKS)).filter(fills);
        let order = |a: &usize, b: &usize| {
            let (a, b) = (badness(a), badness(b));
            a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
        };
        all.min_by(order).unwrap_or(1)
    }
}

/// Rows of a block: as even as groups allow.
pub fn high(rows: usize, group: usize, blocks: usize) -> usize {
    let group = group.max(1);
    rows.div_ceil(group).div_ceil(blocks).max(1) * group
}
