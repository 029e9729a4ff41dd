//! The price of an edit: what is still there, what has to be made again, and what that takes; or what
//! builds made and what that took.

use std::fmt::Write as _;

use super::bars::{self, ROW, Row};
use super::legend::{self, Key};
use super::number::{count, of_them};
use super::scene::{Anchor, Area, Fill, Label, Scene, TICK, WIDTH, width};
use super::theme::Ink;
use super::{Chart, message, notes};
use crate::units;

/// The artifacts of one kind, or of one build.
#[derive(Debug, Clone)]
pub struct Kind {
    /// Its name.
    pub name: String,
    /// How many are in the cache.
    pub cached: usize,
    /// How many have to be made and can be made now, or were made.
    pub stale: usize,
    /// How many wait for others.
    pub blocked: usize,
    /// What making them takes, if that is known.
    pub cost: Option<f64>,
}

/// What costs are counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Seconds of work.
    Seconds,
    /// Seconds from a start to an end.
    Wall,
    /// Bytes to be written.
    Bytes,
}

impl Unit {
    fn says(self, cost: f64) -> String {
        match self {
            Unit::Seconds | Unit::Wall if cost < 0.0005 => "< 1 ms".to_owned(),
            Unit::Seconds | Unit::Wall => units::seconds(cost),
            Unit::Bytes => units::bytes(cost as u64),
        }
    }
}

/// Whether artifacts are still to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// They are, and costs are estimates.
    Ahead,
    /// They were made, and costs were measured.
    Done,
}

impl When {
    fn parts(self) -> [(&'static str, Ink); 3] {
        let make = if self == When::Ahead { "to make" } else { "made" };
        [("cached", Ink::Quiet), (make, Ink::Series(0)), ("blocked", Ink::Series(4))]
    }
}

/// Draws for each kind the shares that are cached, to make or made, and blocked; and what it takes.
pub fn chart(title: &str, kinds: &[Kind], unit: Unit, when: When) -> Chart {
    let kinds: Vec<&Kind> = kinds.iter().filter(|k| k.cached + k.stale + k.blocked > 0).collect();
    if kinds.is_empty() {
        return message(title, "There are no artifacts.");
    }
    let mut scene = Scene::new(0.0);
    let parts = when.parts();
    let is_blocked = kinds.iter().any(|kind| kind.blocked > 0);
    let entries: Vec<(String, Key)> = parts[..if is_blocked { 3 } else { 2 }]
        .iter()
        .map(|(name, ink)| ((*name).to_owned(), Key::Surface(Fill::of(*ink))))
        .collect();
    let top = legend::draw(&mut scene, (0.0, 0.0), WIDTH, &entries) + 22.0;
    let rows: Vec<Row> = kinds
        .iter()
        .map(|kind| {
            let (all, make) = (kind.cached + kind.stale + kind.blocked, kind.stale + kind.blocked);
            Row {
                name: &kind.name,
                parts: vec![kind.cached, kind.stale, kind.blocked],
                says: if make == 0 {
                    "none".into()
                } else {
                    format!("{} of {}", count(make), count(all))
                },
            }
        })
        .collect();
    let left = bars::named(rows.iter().map(|row| row.name));
    let said = rows.iter().map(|row| width(&row.says, TICK)).fold(0.0, f64::max) + 20.0;
    let costs: Vec<f64> =
        kinds.iter().map(|k| k.cost.filter(|c| c.is_finite() && *c > 0.0).unwrap_or(0.0)).collect();
    let total: f64 = costs.iter().sum();
    let rest = (WIDTH - left - said) / if total > 0.0 { 2.0 } else { 1.0 };
    let right = left + rest - 4.0;
    scene.label(Label::note((left, top - 5.0), Anchor::Start, format!("artifacts {}", parts[1].0)));
    let height = bars::shares(&mut scene, (left, right), top, &rows, &parts);
    if total > 0.0 {
        cost_bars(&mut scene, right + said, top, &kinds, &costs, (unit, when));
    }
    let bottom = top + height + 4.0;
    let make: usize = kinds.iter().map(|k| k.stale + k.blocked).sum();
    let all: usize = make + kinds.iter().map(|k| k.cached).sum::<usize>();
    let mut note = format!("{} of {} {}", count(make), of_them(all, "artifact"), parts[1].0);
    if total > 0.0 {
        let what = match unit {
            Unit::Seconds => "of work",
            Unit::Wall => "in all",
            Unit::Bytes => "to write",
        };
        let about = if when == When::Ahead { "about " } else { "" };
        let _ = write!(note, ", {about}{} {what}", unit.says(total));
    }
    scene.height = bottom + notes(&mut scene, bottom, &note);
    Chart { title: title.to_owned(), description: note, scene }
}

/// Bars of costs from a common zero, the longest as long as there is room for.
fn cost_bars(
    scene: &mut Scene,
    left: f64,
    top: f64,
    kinds: &[&Kind],
    costs: &[f64],
    (unit, when): (Unit, When),
) {
    let texts: Vec<String> =
        costs.iter().map(|c| if *c > 0.0 { unit.says(*c) } else { String::new() }).collect();
    let said = texts.iter().map(|text| width(text, TICK)).fold(0.0, f64::max) + 8.0;
    let room = (WIDTH - left - said).max(4.0);
    let largest = costs.iter().copied().fold(0.0, f64::max);
    let what = match unit {
        Unit::Seconds => "work",
        Unit::Wall => "time",
        Unit::Bytes => "size",
    };
    let head = if when == When::Ahead { format!("estimated {what}") } else { what.to_owned() };
    scene.label(Label::note((left, top - 5.0), Anchor::Start, head));
    for (i, ((kind, cost), text)) in
        kinds.iter().zip(costs).zip(texts).enumerate().filter(|(_, ((_, c), _))| **c > 0.0)
    {
        let y = top + ROW * i as f64;
        let area = Area { x: left, y: y + 4.0, w: (room * cost / largest).max(0.8), h: ROW - 8.0 };
        scene.bars([area], Fill::of(Ink::Series(0)), format!("{}: {text}", kind.name));
        scene.label(Label::note(
            (area.right() + 5.0, y + ROW / 2.0 + 0.36 * TICK),
            Anchor::Start,
            text,
        ));
    }
}
