//! Legends: which looks stand for which names.

use super::scene::{Anchor, Area, Fill, Label, NAME, Pen, Scene, fitted, width};
use super::theme::Ink;

/// Height of a row.
const ROW: f64 = 17.0;
/// Width of a key, and the gaps after it and after a name.
const KEY: f64 = 20.0;
const GAP: f64 = 6.0;
const APART: f64 = 16.0;

/// What stands for a name.
#[derive(Debug, Clone, Copy)]
pub enum Key {
    /// A line.
    Line(Pen),
    /// A surface.
    Surface(Fill),
}

/// The line of the n-th series: after eight colours they come again with other dashes.
pub fn pen(n: usize) -> Pen {
    const DASHES: [&[u8]; 5] = [&[], &[7, 3], &[2, 2], &[9, 2, 2, 2], &[4, 2]];
    Pen { ink: Ink::Series(n), width: 1.6, dashes: DASHES[n % DASHES.len()] }
}

/// Draws a legend from the left edge `x` on below `y`, in rows no wider than `room`; returns their height.
pub fn draw(scene: &mut Scene, (x, y): (f64, f64), room: f64, entries: &[(String, Key)]) -> f64 {
    let (mut at, mut row) = (0.0, 0.0);
    for (name, key) in entries {
        let name = fitted(name, NAME, room - KEY - GAP);
        let length = KEY + GAP + width(&name, NAME);
        if at > 0.0 && at + length > room {
            (at, row) = (0.0, row + ROW);
        }
        let (left, middle) = (x + at, y + row + ROW / 2.0 - 1.0);
        match key {
            Key::Line(pen) => scene.line((left, middle), (left + KEY, middle), *pen),
            Key::Surface(fill) => {
                scene.bars(
                    [Area { x: left + 4.0, y: middle - 5.0, w: KEY - 6.0, h: 10.0 }],
                    *fill,
                    "",
                );
            }
        }
        scene.label(Label::name((left + KEY + GAP, middle + 0.36 * NAME), Anchor::Start, name));
        at += length + APART;
    }
    if entries.is_empty() { 0.0 } else { row + ROW }
}
