//! Where the boxes of a graph stand, and the graph of a report as a picture.

use std::collections::BTreeSet;
use std::fmt::Write; // into strings, which cannot fail

use maud::html;

use super::model::Kind;
use super::numbers::{count, seconds};
use crate::units;

/// Boxes in columns.
#[derive(Debug, PartialEq)]
pub struct Places {
    /// The arrows that say something: one that longer ways imply is left out, since it would run behind
    /// the boxes of those ways.
    pub arrows: Vec<(usize, usize)>,
    /// Column and row of each box; each column as late as what it is used for allows.
    pub boxes: Vec<(usize, usize)>,
    /// How many boxes stand in each column.
    pub columns: Vec<usize>,
}

/// Places `count` boxes with these arrows between them, which run in no circle.
pub fn place(count: usize, arrows: &BTreeSet<(usize, usize)>) -> Places {
    let leads = |from: usize, to: usize| {
        let mut reached = vec![false; count];
        let mut open = vec![from];
        while let Some(at) = open.pop() {
            for (_, next) in arrows.iter().filter(|(a, b)| *a == at && (*a, *b) != (from, to)) {
                if !std::mem::replace(&mut reached[*next], true) {
                    open.push(*next);
                }
            }
        }
        reached[to]
    };
    let arrows: Vec<_> = arrows.iter().copied().filter(|(from, to)| !leads(*from, *to)).collect();
    // Steps to the end, counted from the last column.
    let mut late = vec![0_usize; count];
    for _ in 0..count {
        for (from, to) in &arrows {
            late[*from] = late[*from].max(late[*to] + 1);
        }
    }
    let last = late.iter().copied().max().unwrap_or(0);
    let mut columns = vec![0_usize; last + 1];
    let boxes = late
        .iter()
        .map(|late| {
            let column = last - late;
            columns[column] += 1;
            (column, columns[column] - 1)
        })
        .collect();
    Places { arrows, boxes, columns }
}

const BOX: (usize, usize) = (168, 74);
/// Between boxes; columns stand wider apart as long as the picture is no wider than a page.
const GAP: (usize, usize) = (52, 22);
const WIDEST_GAP: usize = 120;
const PAGE: usize = 1080;
/// Room for lines that are wider than a pixel.
const MARGIN: usize = 2;

/// The kinds as boxes with what was done, as an `svg` element for the page's style.
pub fn svg(kinds: &[Kind], arrows: &[(usize, usize)]) -> String {
    let places = place(kinds.len(), &arrows.iter().copied().collect());
    let tallest = places.columns.iter().copied().max().unwrap_or(0);
    let count = places.columns.len();
    let room = PAGE.saturating_sub(count * BOX.0) / count.saturating_sub(1).max(1);
    let gap = room.clamp(GAP.0, WIDEST_GAP);
    let corner = |at: usize| {
        let (column, row) = places.boxes[at];
        let inset = (tallest - places.columns[column]) * (BOX.1 + GAP.1) / 2;
        (MARGIN + column * (BOX.0 + gap), MARGIN + inset + row * (BOX.1 + GAP.1))
    };
    let width = 2 * MARGIN + count * (BOX.0 + gap) - gap;
    let height = 2 * MARGIN + tallest * (BOX.1 + GAP.1) - GAP.1;
    let mut out = format!(
        "<svg class=\"graph\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         role=\"img\" aria-label=\"The graph of artifacts by kind\">"
    );
    for (from, to) in &places.arrows {
        let ((ax, ay), (bx, by)) = (corner(*from), corner(*to));
        let (x, y, u, v) = (ax + BOX.0, ay + BOX.1 / 2, bx - 5, by + BOX.1 / 2);
        let half = usize::midpoint(x, u);
        let _ = write!(
            out,
            "<path class=\"edge\" d=\"M{x} {y}C{half} {y} {half} {v} {u} {v}\"/>\
             <path class=\"tip\" d=\"M{bx} {v}l-7 -4v8z\"/>"
        );
    }
    for (at, kind) in kinds.iter().enumerate() {
        let (x, y) = corner(at);
        let _ = write!(
            out,
            "<g class=\"{}\"><rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" rx=\"6\"/>",
            state(kind),
            BOX.0,
            BOX.1
        );
        let lines =
            [("name", kind.name.replace('_', " ")), ("counts", counts(kind)), ("cost", cost(kind))];
        for ((class, text), down) in lines.iter().zip([23, 43, 61]) {
            let text = html! { (text) }.into_string();
            let _ = write!(
                out,
                "<text class=\"{class}\" x=\"{}\" y=\"{}\">{text}</text>",
                x + 12,
                y + down
            );
        }
        out.push_str("</g>");
    }
    out.push_str("</svg>");
    out
}

/// What is most worth seeing of a kind.
fn state(kind: &Kind) -> &'static str {
    match kind {
        Kind { failed: 1.., .. } => "failed",
        Kind { left: 1.., .. } => "left",
        Kind { built: 1.., .. } => "built",
        _ => "cached",
    }
}

/// `3 built, 12 cached`
pub fn counts(kind: &Kind) -> String {
    let parts = [
        (kind.built, "built"),
        (kind.cached, "cached"),
        (kind.failed, "failed"),
        (kind.left, "to make"),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, what)| format!("{} {what}", count(*n)))
        .collect();
    parts.join(", ")
}

fn cost(kind: &Kind) -> String {
    let mut parts = Vec::new();
    if kind.seconds > 0.0 {
        parts.push(seconds(kind.seconds));
    }
    if kind.bytes > 0 {
        parts.push(units::bytes(kind.bytes));
    }
    parts.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_stand_in_columns_and_implied_arrows_are_left_out() {
        let arrows = BTreeSet::from([(0, 2), (1, 2), (2, 3), (0, 3)]);
        let places = place(4, &arrows);
        assert_eq!(places.arrows, [(0, 2), (1, 2), (2, 3)]);
        assert_eq!(places.boxes, [(0, 0), (0, 1), (1, 0), (2, 0)]);
        assert_eq!(places.columns, [2, 1, 1]);
        assert_eq!(place(0, &BTreeSet::new()).columns, [0]);
    }

    #[test]
    fn a_box_says_what_was_done() {
        let kind =
            Kind { name: "rollout".into(), built: 2, cached: 1000, failed: 1, ..Kind::default() };
        assert_eq!(counts(&kind), "2 built, 1\u{202f}000 cached, 1 failed");
        assert_eq!(state(&kind), "failed");
        let picture = svg(&[kind], &[]);
        assert!(picture.contains("<g class=\"failed\">") && !picture.contains("edge"), "{picture}");
    }
}
