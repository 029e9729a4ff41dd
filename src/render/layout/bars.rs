//! Colour bars: a bar with a number at either end, beside it or below it.

use crate::picture::Rect;
use crate::render::number::WIDEST;
use crate::render::theme::{Role, Theme};

/// Where one colour bar stands.
#[derive(Debug, Clone, PartialEq)]
pub struct BarPlace {
    /// What it is of, shortened to its place; empty if that is not said.
    pub name: (Rect, String),
    /// The colours.
    pub bar: Rect,
    /// The number at the low end.
    pub low: Rect,
    /// The number at the high end.
    pub high: Rect,
    /// Whether the numbers stand beside the bar and lean on it; else below, at its ends.
    pub is_beside: bool,
}

/// From one bar to the next, at the right of rows.
pub const RIGHT_LINE: usize = 16;
/// The bar at the right of rows.
const RIGHT_BAR: usize = 56;
/// The most that names at the right of rows get.
const NAME: usize = 96;
/// Height of a bar, and of the line with its numbers.
const BAR: usize = 8;
const LINE: usize = 14;
/// From one bar to the next, with the numbers beside, or below.
const BESIDE: usize = 16;
const STACKED: usize = 26;
/// Around a bar.
const PAD: usize = 5;
/// From the edge of a cell to a bar with its numbers below, which keeps those of neighbours apart.
const INSET: usize = 4;
/// A bar that is shorter shows too little.
const LEAST: usize = 48;
/// A bar that is longer looks like a cell.
const LONGEST: usize = 220;

fn number() -> usize {
    Theme::default().style(Role::Number, WIDEST).width(WIDEST)
}

fn width(name: &str) -> usize {
    Theme::default().style(Role::Name, name).width(name)
}

/// Width of the legend at the right of rows; none if there is no bar.
pub fn right_width<'a>(names: impl Iterator<Item = &'a String>) -> Option<usize> {
    let name = names.map(|name| width(name)).max()?;
    Some(name.min(NAME) + PAD + 2 * (number() + PAD) + RIGHT_BAR)
}

/// The bars at the right of a row, from `(x, y)`, all of them so wide.
pub fn right(x: usize, y: usize, names: &[String], total: Option<usize>) -> Vec<BarPlace> {
    let name = total.unwrap_or(0).saturating_sub(2 * (number() + PAD) + RIGHT_BAR + PAD);
    let place = |(i, words): (usize, &String)| {
        let y = y + i * RIGHT_LINE;
        beside(Rect { x, y, w: total.unwrap_or(0), h: LINE }, name, words)
    };
    names.iter().enumerate().map(place).collect()
}

/// A bar with its numbers beside it, after a name of this width.
fn beside(room: Rect, name: usize, words: &str) -> BarPlace {
    let words = Theme::default().style(Role::Name, words).fitted(words, name);
    let (left, number) = (room.x + name + if name > 0 { PAD } else { 0 }, number());
    let bar = (room.x + room.w - left).saturating_sub(2 * (number + PAD));
    BarPlace {
        name: (Rect { w: name, ..room }, words),
        low: Rect { x: left, w: number, ..room },
        bar: Rect { x: left + number + PAD, y: room.y + (LINE - BAR) / 2, w: bar, h: BAR },
        high: Rect { x: left + number + 2 * PAD + bar, w: number, ..room },
        is_beside: true,
    }
}

/// The bars below a cell or some columns, from the upper edge of `room` on, and how high they are
/// together: with the numbers beside if that leaves enough of the bar, else below.
pub fn below(room: Rect, names: &[String]) -> (Vec<BarPlace>, usize) {
    let longest = names.iter().map(|n| width(n)).max().unwrap_or(0);
    let least = |name: usize| 2 * (number() + PAD) + LEAST + if name > 0 { name + PAD } else { 0 };
    let name = if least(longest) <= room.w { longest } else { 0 };
    let is_beside = least(name) <= room.w;
    let pitch = if is_beside { BESIDE } else { STACKED };
    let place = |(i, words): (usize, &String)| {
        let y = room.y + i * pitch;
        if is_beside {
            let total = (least(name) - LEAST + LONGEST).min(room.w);
            let x = room.x + (room.w - total) / 2;
            let words = if name > 0 { words.as_str() } else { "" };
            return beside(Rect { x, y, w: total, h: LINE }, name, words);
        }
        let room = Rect { x: room.x + INSET, w: room.w.saturating_sub(2 * INSET), ..room };
        let half = room.w / 2;
        let line = Rect { y: y + BAR + 2, h: LINE, ..room };
        BarPlace {
            name: (Rect { x: room.x, y, w: 0, h: 0 }, String::new()),
            bar: Rect { y, h: BAR, ..room },
            low: Rect { w: half, ..line },
            high: Rect { x: room.x + half, w: room.w - half, ..line },
            is_beside: false,
        }
    };
    (names.iter().enumerate().map(place).collect(), names.len() * pitch)
}
