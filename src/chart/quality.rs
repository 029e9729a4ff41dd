//! Quality of a sample: measures against what independent random points would have.

use super::axes::{self, BELOW, Plot, Quantity};
use super::number::short;
use super::scale::Span;
use super::scene::{Anchor, Area, Fill, Label, NAME, Pen, Run, Scene, TICK, WIDTH, fitted, width};
use super::theme::Ink;
use super::{Chart, message, notes};

const ROW: f64 = 22.0;
const HEAD: f64 = 20.0;

/// A measure of a sample.
#[derive(Debug, Clone)]
pub struct Measure {
    /// Its name.
    pub name: String,
    /// What it is; NaN if it is not known.
    pub value: f64,
    /// What it is on average for independent uniform points, if that is known.
    pub expected: Option<f64>,
    /// The ratio of the two that is asked for, if one is.
    pub target: Option<f64>,
    /// Whether more of it is better; else less is.
    pub more: bool,
}

impl Measure {
    fn ratio(&self) -> Option<f64> {
        let ratio = self.value / self.expected?;
        (ratio.is_finite() && ratio > 0.0).then_some(ratio)
    }
}

/// Draws the ratios on a logarithmic axis, and beside it the numbers.
pub fn chart(title: &str, measures: &[Measure]) -> Chart {
    let known = measures.iter().filter_map(Measure::ratio);
    let targets = measures.iter().filter_map(|m| m.target.filter(|t| *t > 0.0));
    let Some(span) = Span::around(known.clone().chain(targets).chain([1.0]), true)
        .filter(|_| known.clone().next().is_some())
    else {
        return message(title, "No measure of this sample has a value and an expectation.");
    };
    // A little more than the numbers on both sides, so that no dot lies on the edge.
    let margin = (span.high / span.low).powf(0.06).max(1.15);
    let span = Span::log(span.low / margin, span.high * margin);

    let texts: Vec<[String; 3]> = measures
        .iter()
        .map(|m| {
            [
                short(m.value),
                m.expected.map_or("–".into(), short),
                m.ratio().map_or("–".into(), short),
            ]
        })
        .collect();
    let heads = ["value", "random", "ratio"];
    let widths = [0, 1, 2].map(|i| {
        texts.iter().map(|row| width(&row[i], TICK)).fold(width(heads[i], TICK), f64::max) + 12.0
    });
    let names: Vec<String> = measures
        .iter()
        .map(|m| if m.more { format!("{} ↑", m.name) } else { m.name.clone() })
        .collect();
    let named = names.iter().map(|name| width(name, NAME)).fold(0.0, f64::max).min(150.0) + 10.0;
    let area = Area {
        x: named,
        y: HEAD,
        w: WIDTH - named - widths.iter().sum::<f64>() - 6.0,
        h: ROW * measures.len() as f64,
    };
    let plot = Plot { area, x: span, y: Span::linear(0.0, 1.0) };
    let mut scene = Scene::new(0.0);
    let ends: Vec<f64> =
        (1..=3).map(|n| area.right() + 6.0 + widths[..n].iter().sum::<f64>()).collect();
    for (head, x) in heads.iter().zip(&ends) {
        scene.label(Label::note((*x, HEAD - 7.0), Anchor::End, *head));
    }
    let middle = |row: usize| area.y + ROW * (row as f64 + 0.5);
    let rules = (0..measures.len()).map(|row| Run {
        points: vec![(area.x, middle(row)), (area.right(), middle(row))],
        closed: false,
    });
    scene.draw(rules.collect(), Pen::of(Ink::Grid, 1.0));
    let one = plot.x(1.0);
    scene.line(
        (one, area.y),
        (one, area.bottom()),
        Pen { ink: Ink::Muted, width: 1.0, dashes: &[3, 3] },
    );
    for (row, (measure, numbers)) in measures.iter().zip(&texts).enumerate() {
        let (y, base) = (middle(row), middle(row) + 0.36 * TICK);
        scene.label(Label::name(
            (0.0, base),
            Anchor::Start,
            fitted(&names[row], NAME, named - 10.0),
        ));
        for (text, x) in numbers.iter().zip(&ends) {
            scene.label(Label::note((*x, base), Anchor::End, text.clone()));
        }
        if let Some(target) = measure.target.filter(|t| *t > 0.0) {
            let x = plot.x(target);
            scene.line((x, y - 6.0), (x, y + 6.0), Pen::of(Ink::Muted, 2.0));
        }
        if let Some(ratio) = measure.ratio() {
            let x = plot.x(ratio);
            scene.line((one, y), (x, y), Pen::of(Ink::Series(0), 1.6));
            scene.dots(
                vec![(x, y)],
                4.0,
                Fill::of(Ink::Series(0)),
                format!("{}: {}", measure.name, numbers[2]),
            );
        }
    }
    axes::below(
        &mut scene,
        area,
        span,
        Some(&Quantity::new("value / expectation of random points", "")),
    );
    let top = area.bottom() + BELOW;
    let better = if measures.iter().any(|m| m.more) { " (right for ↑)" } else { "" };
    let targets =
        if measures.iter().any(|m| m.target.is_some()) { " Upright marks: targets." } else { "" };
    let note = format!("Left of the dashed line{better}: better than random.{targets}");
    scene.height = top + notes(&mut scene, top, &note);
    let said: Vec<String> =
        measures.iter().filter_map(|m| Some(format!("{} {}", m.name, short(m.ratio()?)))).collect();
    let description =
        format!("Ratio of each measure to its expectation for random points: {}", said.join(", "));
    Chart { title: title.to_owned(), description, scene }
}
