//! A graph as text that other programs draw, and as a picture.

use std::collections::BTreeSet;
use std::fmt::Write; // into strings, which cannot fail

use crate::plan::State;
use crate::report::graph;

/// A box: a name, lines of text, and what state it is in.
pub struct Box {
    /// Its name.
    pub name: String,
    /// Below it.
    pub lines: Vec<String>,
    /// Its colour.
    pub state: State,
}

/// Boxes, and arrows between them.
pub struct Picture {
    /// The boxes.
    pub boxes: Vec<Box>,
    /// From, to.
    pub arrows: BTreeSet<(usize, usize)>,
}

/// Fill by state: cached green, stale orange, blocked grey; legible in black.
fn fill(state: State) -> &'static str {
    match state {
        State::Cached => "#d5f0d9",
        State::Stale => "#ffe0b3",
        State::Blocked => "#e6e6e6",
    }
}

/// The text of a box, each line made safe by `escape`.
fn text(one: &Box, between: &str, escape: impl Fn(&str) -> String) -> String {
    let lines = std::iter::once(&one.name).chain(&one.lines);
    lines.map(|line| escape(line)).collect::<Vec<_>>().join(between)
}

/// For Graphviz.
pub fn dot(picture: &Picture) -> String {
    let escape = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
    let mut out = String::from(
        "digraph spinlock {\n  rankdir=LR;\n  node [shape=box, style=\"rounded,filled\", fontname=\"sans-serif\"];\n",
    );
    for (i, one) in picture.boxes.iter().enumerate() {
        let text = text(one, "\\n", escape);
        let _ = writeln!(out, "  n{i} [label=\"{text}\", fillcolor=\"{}\"];", fill(one.state));
    }
    for (from, to) in &picture.arrows {
        let _ = writeln!(out, "  n{from} -> n{to};");
    }
    out.push_str("}\n");
    out
}

/// For Mermaid, where a label is HTML with entities that begin with `#`.
pub fn mermaid(picture: &Picture) -> String {
    let escape = |text: &str| {
        let mut out = String::new();
        for c in text.chars() {
            match c {
                '"' | '<' | '>' | '&' | '#' | '`' | '\\' => {
                    let _ = write!(out, "#{};", u32::from(c));
                }
                c => out.push(c),
            }
        }
        out
    };
    let mut out = String::from("flowchart LR\n");
    for (i, one) in picture.boxes.iter().enumerate() {
        let text = text(one, "<br/>", escape);
        let _ = writeln!(out, "  n{i}[\"{text}\"]:::{}", one.state.name());
    }
    for (from, to) in &picture.arrows {
        let _ = writeln!(out, "  n{from} --> n{to}");
    }
    for state in [State::Cached, State::Stale, State::Blocked] {
        let _ = writeln!(out, "  classDef {} fill:{},color:#000", state.name(), fill(state));
    }
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Narrowest box, and height of one.
const BOX: (usize, usize) = (150, 64);
/// Width of a letter of a name, about.
const LETTER: usize = 8;
const GAP: (usize, usize) = (80, 18);
const MARGIN: usize = 20;

/// Boxes in columns, each as late as what it is used for allows; columns centred and as wide as their
/// longest name.
pub fn svg(picture: &Picture) -> String {
    let places = graph::place(picture.boxes.len(), &picture.arrows);
    let tallest = places.columns.iter().copied().max().unwrap_or(0);
    let mut widths = vec![BOX.0; places.columns.len()];
    for (one, (column, _)) in picture.boxes.iter().zip(&places.boxes) {
        let letters = std::iter::once(&one.name).chain(&one.lines).map(|line| line.chars().count());
        widths[*column] = widths[*column].max(letters.max().unwrap_or(0) * LETTER + 24);
    }
    let left = |column: usize| MARGIN + widths[..column].iter().map(|w| w + GAP.0).sum::<usize>();
    let corner = |(column, row): &(usize, usize)| {
        let inset = (tallest - places.columns[*column]) * (BOX.1 + GAP.1) / 2;
        (left(*column), MARGIN + inset + row * (BOX.1 + GAP.1))
    };
    let place: Vec<(usize, usize)> = places.boxes.iter().map(corner).collect();
    let width = left(widths.len()) - GAP.0 + MARGIN;
    let height = 2 * MARGIN + (tallest * (BOX.1 + GAP.1)).saturating_sub(GAP.1);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    for (from, to) in &places.arrows {
        let (a, b) = (place[*from], place[*to]);
        let (x, y, tip, v) =
            (a.0 + widths[places.boxes[*from].0], a.1 + BOX.1 / 2, b.0, b.1 + BOX.1 / 2);
        let end = tip - 6;
        let half = usize::midpoint(x, end);
        let _ = writeln!(
            out,
            "<path d=\"M{x} {y}C{half} {y} {half} {v} {end} {v}\" fill=\"none\" stroke=\"#777\"/>\
             <path d=\"M{tip} {v}l-8 -4v8z\" fill=\"#777\"/>"
        );
    }
    for ((one, (x, y)), (column, _)) in picture.boxes.iter().zip(&place).zip(&places.boxes) {
        let width = widths[*column];
        let _ = writeln!(
            out,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{}\" rx=\"8\" fill=\"{}\" stroke=\"#777\"/>",
            BOX.1,
            fill(one.state)
        );
        let middle = x + width / 2;
        let _ = writeln!(
            out,
            "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\" font-weight=\"600\">{}</text>",
            y + 22,
            escaped(&one.name)
        );
        for (i, line) in one.lines.iter().enumerate() {
            let _ = writeln!(
                out,
                "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                y + 39 + 16 * i,
                escaped(line)
            );
        }
    }
    out.push_str("</svg>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_safe_in_every_form() {
        let one =
            Box { name: "render/a\"<b>\\".into(), lines: vec!["×2".into()], state: State::Stale };
        let picture = Picture { boxes: vec![one], arrows: BTreeSet::new() };
        assert!(dot(&picture).contains(r#"[label="render/a\"<b>\\\n×2""#), "{}", dot(&picture));
        let mermaid = mermaid(&picture);
        assert!(mermaid.contains(r#"n0["render/a#34;#60;b#62;#92;<br/>×2"]:::stale"#), "{mermaid}");
        assert!(svg(&picture).contains(">render/a&quot;&lt;b&gt;\\</text>"), "{}", svg(&picture));
    }
}
