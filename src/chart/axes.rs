//! Axes around a plot: ticks that have room, titles with units.

use super::number::power_label;
use super::scale::{Span, Ticks};
use super::scene::{Anchor, Area, Label, NAME, Pen, Point, Run, Scene, TICK, WIDTH, fitted, width};
use super::theme::Ink;

/// Length of a tick.
const TICK_LENGTH: f64 = 4.0;
/// What an axis below a plot takes: ticks, numbers, title.
pub const BELOW: f64 = 34.0;
/// What the title above a plot takes.
pub const ABOVE: f64 = 20.0;

/// What an axis is of.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Quantity {
    /// Its name.
    pub name: String,
    /// Its unit; empty if it is a number.
    pub unit: String,
    /// Whether it is counted: then there is nothing between whole numbers.
    pub whole: bool,
}

impl Quantity {
    /// With its unit.
    pub fn new(name: impl Into<String>, unit: impl Into<String>) -> Self {
        Self { name: name.into(), unit: unit.into(), whole: false }
    }

    /// One that is counted.
    pub fn counted(name: impl Into<String>) -> Self {
        Self { whole: true, ..Self::new(name, "") }
    }

    /// Name, power of ten and unit.
    fn title(&self, power: i32) -> String {
        let factor = if power == 0 { String::new() } else { power_label(power) };
        let parts: Vec<&str> =
            [factor.as_str(), &self.unit].into_iter().filter(|p| !p.is_empty()).collect();
        if parts.is_empty() {
            self.name.clone()
        } else {
            format!("{} ({})", self.name, parts.join(" "))
        }
    }
}

/// A rectangle with a span of numbers along each side.
#[derive(Debug, Clone, Copy)]
pub struct Plot {
    /// The rectangle.
    pub area: Area,
    /// From left to right.
    pub x: Span,
    /// Upward.
    pub y: Span,
}

impl Plot {
    /// Where a point lies.
    pub fn at(&self, x: f64, y: f64) -> Point {
        (self.x(x), self.y(y))
    }

    /// Where a number lies from left to right; at most a little outside.
    pub fn x(&self, v: f64) -> f64 {
        self.area.x + self.area.w * self.x.place(v).clamp(-0.01, 1.01)
    }

    /// Where a number lies from top to bottom; at most a little outside.
    pub fn y(&self, v: f64) -> f64 {
        self.area.bottom() - self.area.h * self.y.place(v).clamp(-0.01, 1.01)
    }
}

/// The ticks of an axis of this height.
pub fn upright_ticks(span: Span, height: f64) -> Ticks {
    span.ticks((height / 26.0) as usize + 1)
}

/// What the numbers left of a plot take.
pub fn left_of(ticks: &Ticks) -> f64 {
    ticks.labels.iter().map(|text| width(text, TICK)).fold(0.0, f64::max) + 6.0
}

/// The numbers of a horizontal axis with their places: as many as fit beside each other, between the
/// edges of the chart.
pub fn flat_ticks(span: Span, area: Area, whole: bool) -> (Ticks, Vec<Label>) {
    let mut most = (area.w / 30.0) as usize + 1;
    if whole && !span.log {
        // No more than there are whole numbers, so that steps are whole as well.
        most = most.min((span.high - span.low).max(1.0) as usize + 1);
    }
    loop {
        let ticks = span.ticks(most);
        let labels: Vec<Label> = ticks
            .at
            .iter()
            .zip(&ticks.labels)
            .map(|(v, text)| {
                let half = width(text, TICK) / 2.0;
                let x = area.x + area.w * span.place(*v);
                let x = x.clamp(half.min(WIDTH / 2.0), (WIDTH - half).max(WIDTH / 2.0));
                Label::note((x, area.bottom() + TICK_LENGTH + 10.5), Anchor::Middle, text.clone())
            })
            .collect();
        if most <= 2 || apart(&labels) {
            // Two numbers that collide even so: the first stands for both.
            let kept = if apart(&labels) { labels } else { labels.into_iter().take(1).collect() };
            return (ticks, kept);
        }
        most -= 1;
    }
}

/// Whether labels in a row leave room between each other.
fn apart(labels: &[Label]) -> bool {
    labels.windows(2).all(|pair| pair[0].area().right() + 7.0 <= pair[1].area().x)
}

/// The axis below a plot; its title only if it is given.
pub fn below(scene: &mut Scene, area: Area, span: Span, title: Option<&Quantity>) {
    let (ticks, labels) = flat_ticks(span, area, title.is_some_and(|of| of.whole));
    marks(scene, area, span, &ticks);
    for label in labels {
        scene.label(label);
    }
    if let Some(title) = title {
        let text = fitted(&title.title(ticks.power), NAME, WIDTH - 8.0);
        let half = width(&text, NAME) / 2.0;
        let x = (area.x + area.w / 2.0).clamp(half, WIDTH - half);
        scene.label(Label::name((x, area.bottom() + BELOW - 4.0), Anchor::Middle, text));
    }
}

/// The axis below a plot without numbers: another plot below has them.
pub fn below_bare(scene: &mut Scene, area: Area, span: Span, of: &Quantity) {
    let (ticks, _) = flat_ticks(span, area, of.whole);
    marks(scene, area, span, &ticks);
}

fn marks(scene: &mut Scene, area: Area, span: Span, ticks: &Ticks) {
    let bottom = area.bottom();
    let tick = |v: &f64| {
        let x = area.x + area.w * span.place(*v);
        Run { points: vec![(x, bottom), (x, bottom + TICK_LENGTH)], closed: false }
    };
    let base = Run { points: vec![(area.x, bottom), (area.right(), bottom)], closed: false };
    let runs = std::iter::once(base).chain(ticks.at.iter().map(tick)).collect();
    scene.draw(runs, Pen::of(Ink::Axis, 1.0));
}

/// The axis left of a plot: lines across, numbers, and the title above. Drawn before what is plotted.
pub fn left(scene: &mut Scene, area: Area, span: Span, ticks: &Ticks, title: Option<&Quantity>) {
    let y = |v: f64| area.bottom() - area.h * span.place(v);
    let across =
        |v: &f64| Run { points: vec![(area.x, y(*v)), (area.right(), y(*v))], closed: false };
    scene.draw(ticks.at.iter().map(across).collect(), Pen::of(Ink::Grid, 1.0));
    for (v, text) in ticks.at.iter().zip(&ticks.labels) {
        scene.label(Label::note((area.x - 6.0, y(*v) + 0.36 * TICK), Anchor::End, text.clone()));
    }
    if let Some(title) = title {
        let text = fitted(&title.title(ticks.power), NAME, WIDTH - 8.0);
        scene.label(Label::name((0.0, area.y - ABOVE + 9.0), Anchor::Start, text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn between_whole_numbers_there_are_no_ticks() {
        let area = Area { x: 30.0, y: 0.0, w: 440.0, h: 100.0 };
        for last in 1..40 {
            for span in
                [Span::linear(0.0, f64::from(last)), Span::linear(-0.5, f64::from(last) + 0.5)]
            {
                let ticks = flat_ticks(span, area, true).0.at;
                assert!(
                    ticks.iter().all(|v| v.fract() == 0.0) && ticks.len() > 1,
                    "{span:?} {ticks:?}"
                );
            }
        }
        assert!(flat_ticks(Span::linear(0.0, 5.0), area, false).0.at.contains(&0.5));
    }
}
