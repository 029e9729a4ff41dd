//! Charts: plain numbers and names as SVG and PNG.
//!
//! Each chart is a file with a structure for its numbers and a function that makes a [`Chart`] of it,
//! from parts that all share: spans and ticks (`scale`), axes, legends, [`lines`], [`histogram`]. A
//! chart is a list of marks (`scene`) with two writers, SVG text and pixels, which draw the same
//! (`docs/decisions/0013-charts.md`).
//!
//! Invariants: the same numbers give the same bytes; no clock, font, locale or setting of the machine
//! acts. Labels do not overlap, as measured with the embedded font. Whatever the numbers are, there is a
//! chart: where nothing can be drawn it says so. Its size is bounded whatever their number.
//!
//! It knows no data sets, no cache and no experiments.

mod axes;
mod bars;
pub mod correlation;
pub mod coverage;
pub mod distributions;
pub mod divergence;
pub mod dynamics;
pub mod histogram;
mod legend;
pub mod lines;
mod number;
mod points;
pub mod price;
pub mod quality;
mod raster;
mod robust;
mod scale;
mod scene;
pub mod spectrum;
mod svg;
#[cfg(test)]
mod tests;
mod theme;
pub mod timeline;

pub use axes::Quantity;
pub use theme::{Theme, page_style};

use crate::picture::png;
use scene::{Anchor, Label, Pen, Run, Scene, TICK, WIDTH};
use theme::Ink;

/// Around a chart in a file.
const MARGIN: f64 = 10.0;

/// A chart.
#[derive(Debug, Clone)]
pub struct Chart {
    /// What it shows, in a few words.
    pub title: String,
    /// What a person who does not see it should know.
    pub description: String,
    scene: Scene,
}

impl Chart {
    /// Width in pixels of its own, without the margin that files have.
    pub fn width(&self) -> f64 {
        WIDTH
    }

    /// Height in pixels of its own, without that margin.
    pub fn height(&self) -> f64 {
        self.scene.height
    }

    /// The element `svg` for a page that has [`page_style`]: as wide as its place, in the page's theme
    /// and font.
    pub fn inline(&self) -> String {
        svg::element(&self.scene, [&self.title, &self.description, " class=\"chart\"", ""], 0.0)
    }

    /// A file that stands alone.
    pub fn document(&self, theme: Theme) -> String {
        let head = format!(
            "<style>\n{}</style><rect class=\"f-paper\" x=\"-{MARGIN}\" y=\"-{MARGIN}\" width=\"100%\" height=\"100%\"/>",
            theme::document_style(theme)
        );
        svg::element(&self.scene, [&self.title, &self.description, "", &head], MARGIN)
    }

    /// A PNG file, `scale` pixels for each of its own (0.1 to 8).
    pub fn png(&self, scale: f64, theme: Theme) -> Vec<u8> {
        let canvas = raster::canvas(&self.scene, MARGIN, scale.clamp(0.1, 8.0), theme);
        png::encode(&canvas, &[("Software", "spinlock")])
    }
}

/// A chart that says why there is nothing to see.
fn message(title: &str, words: &str) -> Chart {
    let mut scene = Scene::new(72.0);
    let corners = vec![(0.5, 0.5), (WIDTH - 0.5, 0.5), (WIDTH - 0.5, 71.5), (0.5, 71.5)];
    scene.draw(
        vec![Run { points: corners, closed: true }],
        Pen { ink: Ink::Axis, width: 1.0, dashes: &[4, 4] },
    );
    let text = scene::fitted(words, TICK + 1.0, WIDTH - 20.0);
    let label =
        Label { size: TICK + 1.0, ..Label::note((WIDTH / 2.0, 40.0), Anchor::Middle, text) };
    scene.label(label);
    Chart { title: title.to_owned(), description: words.to_owned(), scene }
}

/// Writes notes below `top`, in as many lines as they need; returns their height.
fn notes(scene: &mut Scene, top: f64, text: &str) -> f64 {
    let style = Label::note((0.0, 0.0), Anchor::Start, "").style();
    let lines = style.wrapped(text, WIDTH as usize - 2, 6);
    for (i, line) in lines.iter().enumerate() {
        scene.label(Label::note((0.0, top + 12.0 + 14.0 * i as f64), Anchor::Start, line.clone()));
    }
    if lines.is_empty() { 0.0 } else { 14.0 * lines.len() as f64 + 4.0 }
}
