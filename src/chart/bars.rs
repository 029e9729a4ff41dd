//! Bars that show the parts of a whole, a row for each kind.

use super::number::count;
use super::scene::{Anchor, Area, Fill, Label, NAME, Scene, TICK, WIDTH, fitted, width};
use super::theme::Ink;

/// Height of a row.
pub const ROW: f64 = 20.0;

/// A row.
#[derive(Debug)]
pub struct Row<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its parts, in the order of the inks.
    pub parts: Vec<usize>,
    /// What is written behind it.
    pub says: String,
}

/// Width of the names in front of bars.
pub fn named<'a>(names: impl Iterator<Item = &'a str>) -> f64 {
    names.map(|name| width(name, NAME)).fold(0.0, f64::max).min(140.0) + 10.0
}

/// Draws bars of one length, each parted as its row is, from `top` on between `left` and `right`; what
/// rows say stands to the right of that. Returns their height.
pub fn shares(
    scene: &mut Scene,
    (left, right): (f64, f64),
    top: f64,
    rows: &[Row],
    parts: &[(&str, Ink)],
) -> f64 {
    for (i, row) in rows.iter().enumerate() {
        let y = top + ROW * i as f64;
        name(scene, left, y, row.name);
        let total: usize = row.parts.iter().sum();
        let mut at = 0;
        for (n, (part, ink)) in row.parts.iter().zip(parts).filter(|(n, _)| **n > 0) {
            let x = left + (right - left) * at as f64 / total as f64;
            at += n;
            let end = left + (right - left) * at as f64 / total as f64;
            // A gap between parts, but none so wide that a part vanishes.
            let w = (end - x - if at < total { 1.0 } else { 0.0 }).max(0.8);
            let area = Area { x, y: y + 4.0, w, h: ROW - 8.0 };
            scene.bars([area], Fill::of(*ink), format!("{}: {} {part}", row.name, count(*n)));
        }
        if total == 0 {
            let area = Area { x: left, y: y + ROW / 2.0, w: right - left, h: 0.8 };
            scene.bars([area], Fill::of(Ink::Grid), "");
        }
        let text = fitted(&row.says, TICK, WIDTH - right - 8.0);
        scene.label(Label::note((right + 8.0, y + ROW / 2.0 + 0.36 * TICK), Anchor::Start, text));
    }
    ROW * rows.len() as f64
}

/// The name of a row.
pub fn name(scene: &mut Scene, left: f64, y: f64, text: &str) {
    let text = fitted(text, NAME, left - 8.0);
    scene.label(Label::name((left - 8.0, y + ROW / 2.0 + 0.36 * NAME), Anchor::End, text));
}
