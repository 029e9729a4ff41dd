//! A scene as SVG text.
//!
//! Invariant: the same scene gives the same bytes. Every text that comes from outside is escaped.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::scene::{Anchor, Fill, Label, Mark, Pen, Run, Scene, WIDTH, tenths};
use crate::picture::png;

/// Text within XML, also within quotes. Characters that XML 1.0 has no place for become U+FFFD.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(' '),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// The element `svg`: `head` is what stands in front of the marks, `class` that of the element, `margin`
/// what is left free around them.
pub fn element(scene: &Scene, [title, description, class, head]: [&str; 4], margin: f64) -> String {
    let [margin, width, height] =
        [-margin, WIDTH + 2.0 * margin, scene.height + 2.0 * margin].map(|v| number(tenths(v)));
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\"{class} viewBox=\"{margin} {margin} {width} {height}\" width=\"{width}\" \
         height=\"{height}\" role=\"img\"><title>{}</title><desc>{}</desc>{head}\n",
        escaped(title),
        escaped(description)
    );
    for mark in &scene.marks {
        write_mark(&mut out, mark);
        out.push('\n');
    }
    out.push_str("</svg>\n");
    out
}

fn write_mark(out: &mut String, mark: &Mark) {
    match mark {
        Mark::Path { runs, fill, pen, tip } => {
            let _ = write!(out, "<path{} d=\"{}\"", looks(*fill, *pen), data(runs));
            end(out, "path", tip);
        }
        Mark::Dots { at, radius, fill, tip } => {
            // Lines without length with round ends: eight bytes or so for each.
            let pen = Pen::of(fill.ink, 2.0 * radius);
            let _ = write!(out, "<path{} stroke-linecap=\"round\"", looks(None, Some(pen)));
            if fill.opacity < 1.0 {
                let _ = write!(out, " stroke-opacity=\"{}\"", share(fill.opacity));
            }
            out.push_str(" d=\"");
            let mut from = (0, 0);
            for (x, y) in at {
                let to = (tenths(*x), tenths(*y));
                let _ = write!(out, "m{}h0", pair(to.0 - from.0, to.1 - from.1));
                from = to;
            }
            out.push('"');
            end(out, "path", tip);
        }
        Mark::Label(label) => write_label(out, label),
        Mark::Layer { area, canvas, ink } => {
            let bytes = png::encode(canvas, &[]);
            let [x, y, w, h] = [area.x, area.y, area.w, area.h].map(|v| number(tenths(v)));
            let place = format!(" x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\"");
            let image = format!(
                "<image{place} preserveAspectRatio=\"none\" image-rendering=\"pixelated\" \
                 href=\"data:image/png;base64,{}\"/>",
                STANDARD.encode(&bytes)
            );
            match ink {
                None => out.push_str(&image),
                Some(ink) => {
                    // Named after what it is, so that several charts fit on a page.
                    let id = &blake3::hash(image.as_bytes()).to_hex()[..12];
                    let looks = looks(Some(Fill::of(*ink)), None);
                    let _ = write!(
                        out,
                        "<mask id=\"m{id}\">{image}</mask><rect{looks}{place} mask=\"url(#m{id})\"/>"
                    );
                }
            }
        }
    }
}

fn write_label(out: &mut String, label: &Label) {
    let [x, y] = [label.at.0, label.at.1].map(|v| number(tenths(v)));
    out.push_str("<text");
    out.push_str(&looks(Some(Fill::of(label.ink)), None));
    let _ = write!(out, " font-size=\"{}\"", number(tenths(label.size)));
    match label.anchor {
        Anchor::Start => {}
        Anchor::Middle => out.push_str(" text-anchor=\"middle\""),
        Anchor::End => out.push_str(" text-anchor=\"end\""),
    }
    if label.upward {
        let _ = write!(out, " transform=\"translate({x} {y}) rotate(-90)\"");
    } else {
        let _ = write!(out, " x=\"{x}\" y=\"{y}\"");
    }
    let _ = write!(out, ">{}</text>", escaped(&label.text));
}

/// Attributes of fill and line.
fn looks(fill: Option<Fill>, pen: Option<Pen>) -> String {
    let classes: Vec<String> = [fill.map(|fill| ("f", fill.ink)), pen.map(|pen| ("s", pen.ink))]
        .into_iter()
        .flatten()
        .map(|(letter, ink)| format!("{letter}-{}", ink.name()))
        .collect();
    let mut out = format!(" class=\"{}\"", classes.join(" "));
    match fill {
        None => out.push_str(" fill=\"none\""),
        Some(Fill { opacity, .. }) if opacity < 1.0 => {
            let _ = write!(out, " fill-opacity=\"{}\"", share(opacity));
        }
        Some(_) => {}
    }
    if let Some(pen) = pen {
        let _ = write!(out, " stroke-width=\"{}\"", number(tenths(pen.width)));
        if !pen.dashes.is_empty() {
            let dashes: Vec<String> = pen.dashes.iter().map(u8::to_string).collect();
            let _ = write!(out, " stroke-dasharray=\"{}\"", dashes.join(" "));
        }
    }
    out
}

/// Ends an element that may have a tip.
fn end(out: &mut String, name: &str, tip: &str) {
    if tip.is_empty() {
        out.push_str("/>");
    } else {
        let _ = write!(out, "><title>{}</title></{name}>", escaped(tip));
    }
}

/// The attribute `d`: absolute where a line begins, from point to point after that.
fn data(runs: &[Run]) -> String {
    let mut out = String::new();
    for run in runs {
        let points = run.points.iter().map(|(x, y)| (tenths(*x), tenths(*y)));
        let mut from = None;
        for (x, y) in points {
            match from {
                None => {
                    let _ = write!(out, "M{}", pair(x, y));
                }
                Some((a, b)) if (a, b) == (x, y) => continue,
                Some((a, b)) if b == y => {
                    let _ = write!(out, "h{}", number(x - a));
                }
                Some((a, b)) if a == x => {
                    let _ = write!(out, "v{}", number(y - b));
                }
                Some((a, b)) => {
                    let _ = write!(out, "l{}", pair(x - a, y - b));
                }
            }
            from = Some((x, y));
        }
        if run.closed {
            out.push('z');
        }
    }
    out
}

fn pair(x: i64, y: i64) -> String {
    let (x, y) = (number(x), number(y));
    let space = if y.starts_with('-') { "" } else { " " };
    format!("{x}{space}{y}")
}

/// Tenths as a decimal number, as short as it can be.
fn number(tenths: i64) -> String {
    let sign = if tenths < 0 { "-" } else { "" };
    let (whole, tenth) = (tenths.abs() / 10, tenths.abs() % 10);
    match (whole, tenth) {
        (_, 0) => format!("{sign}{whole}"),
        (0, _) => format!("{sign}.{tenth}"),
        _ => format!("{sign}{whole}.{tenth}"),
    }
}

fn share(v: f64) -> String {
    format!("{v:.2}")
}

#[cfg(test)]
mod tests {
    use super::super::theme::Ink;
    use super::*;

    #[test]
    fn text_from_outside_stays_text() {
        assert_eq!(escaped("a<b> & \"c\"\n\u{1}d"), "a&lt;b&gt; &amp; &quot;c&quot; \u{fffd}d");
        let mut scene = Scene::new(20.0);
        let name = "</text><script>alert(1)</script>&\u{0}";
        scene.label(Label::name((1.0, 10.0), Anchor::Start, name));
        scene.dots(vec![(1.0, 1.0)], 1.0, Fill::of(Ink::Text), name);
        let text = element(&scene, [name, name, "", ""], 0.0);
        let tree = roxmltree::Document::parse(&text).unwrap();
        assert!(tree.descendants().all(|node| !node.has_tag_name("script")));
        let said =
            tree.descendants().filter(|node| node.text() == Some(&name.replace('\0', "\u{fffd}")));
        assert_eq!(said.filter(roxmltree::Node::is_element).count(), 4);
    }

    #[test]
    fn numbers_and_paths_are_short() {
        assert_eq!([0, 5, -5, 10, 123, -200].map(number), ["0", ".5", "-.5", "1", "12.3", "-20"]);
        let points = vec![(1.0, 2.0), (1.0, 2.04), (3.0, 2.0), (3.0, 1.5), (2.5, 1.25), (4.0, 9.0)];
        assert_eq!(data(&[Run { points, closed: true }]), "M1 2h2v-.5l-.5-.2l1.5 7.7z");
    }
}
