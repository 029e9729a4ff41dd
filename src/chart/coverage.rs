//! Coverage of the parameter space: every dimension alone, and every pair of them.

use std::fmt::Write as _;

use super::axes::Plot;
use super::histogram::{Bins, bars};
use super::number::{count, of_them, short};
use super::points::cloud;
use super::scale::Span;
use super::scene::{
    Anchor, Area, Label, NAME, Pen, Point, Scene, TICK, WIDTH, fitted, outline, width,
};
use super::theme::Ink;
use super::{Chart, message, notes};

/// At most so many dimensions are drawn; the others are named.
const MOST: usize = 8;
/// Between rows: the name of a dimension stands there, above its histogram.
const GAP: f64 = 17.0;
/// Between columns.
const APART: f64 = 8.0;
/// Numbers left of the grid.
const LEFT: f64 = 40.0;

/// Multiples of these fill the unit square evenly (Roberts 2018, with the plastic number), the same each
/// time.
const SPREAD: [f64; 2] = [0.754_877_666_246_693, 0.569_840_290_998_053];

/// What values a dimension can have.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// From one number to another.
    Linear(f64, f64),
    /// From one positive number to another, in equal ratios.
    Log(f64, f64),
    /// One of these; its values are numbers in this list.
    Categories(Vec<String>),
}

/// A dimension and its value at each point.
#[derive(Debug, Clone)]
pub struct Dimension {
    /// Its name.
    pub name: String,
    /// What values it can have.
    pub values: Values,
    /// One for each point, NaN where it has none.
    pub at: Vec<f64>,
}

impl Dimension {
    fn span(&self) -> Span {
        match &self.values {
            Values::Log(low, high) if *low > 0.0 && high >= low => Span::log(*low, *high),
            Values::Linear(low, high) | Values::Log(low, high) => Span::linear(*low, *high),
            Values::Categories(names) => {
                Span { low: -0.5, high: names.len().max(1) as f64 - 0.5, log: false }
            }
        }
    }

    fn bins(&self) -> usize {
        match &self.values {
            Values::Categories(names) => names.len().max(1),
            _ => 20,
        }
    }

    /// What is written at the ends of its axis.
    fn ends(&self) -> [String; 2] {
        match &self.values {
            Values::Linear(low, high) | Values::Log(low, high) => [short(*low), short(*high)],
            Values::Categories(names) => {
                let end = |name: Option<&String>| name.cloned().unwrap_or_default();
                [end(names.first()), end(names.last().filter(|_| names.len() > 1))]
            }
        }
    }

    /// The value of a point, categories spread over their band so that points do not hide each other.
    fn spread(&self, point: usize, ratio: f64) -> f64 {
        let v = self.at[point];
        match &self.values {
            Values::Categories(_) => v + 0.7 * ((point as f64 * ratio).fract() - 0.5),
            _ => v,
        }
    }

    fn says(&self) -> String {
        match &self.values {
            Values::Linear(low, high) => {
                format!("{}: {} to {}", self.name, short(*low), short(*high))
            }
            Values::Log(low, high) => {
                format!("{}: {} to {}, logarithmic", self.name, short(*low), short(*high))
            }
            Values::Categories(names) => format!("{}: {}", self.name, names.join(", ")),
        }
    }
}

/// Draws histograms on the diagonal and pairs below it. All dimensions have one value for each point.
pub fn chart(title: &str, dimensions: &[Dimension]) -> Chart {
    let points = dimensions.iter().map(|d| d.at.len()).min().unwrap_or(0);
    if points == 0 {
        return message(
            title,
            if dimensions.is_empty() { "No parameter varies." } else { "There are no points." },
        );
    }
    let (shown, rest) = dimensions.split_at(dimensions.len().min(MOST));
    let cells = shown.len() as f64;
    let wide = ((WIDTH - LEFT - 1.0 - APART * (cells - 1.0)) / cells).min(220.0);
    let high = (0.85 * wide).min(120.0);
    let cell = |column: usize, row: usize| Area {
        x: LEFT + column as f64 * (wide + APART),
        y: GAP + row as f64 * (high + GAP),
        w: wide,
        h: high,
    };
    let panels = shown.len() * (shown.len() - 1) / 2;
    let layered = points > 5000 || points * panels > 10_000;
    let mut scene = Scene::new(0.0);
    for (row, of) in shown.iter().enumerate() {
        histogram(&mut scene, cell(row, row), of, points);
        for (column, by) in shown[..row].iter().enumerate() {
            let area = cell(column, row);
            scatter(&mut scene, area, by, of, points, layered);
        }
        if row > 0 {
            ends_left(&mut scene, cell(0, row), of);
        }
    }
    let lowest: Vec<(Area, [String; 2])> =
        shown.iter().enumerate().map(|(i, of)| (cell(i, shown.len() - 1), of.ends())).collect();
    let top = cell(0, shown.len() - 1).bottom() + ends_below(&mut scene, &lowest) + 6.0;
    let mut note = format!("{}. Axes reach from bound to bound.", of_them(points, "point"));
    if !rest.is_empty() {
        let names: Vec<&str> = rest.iter().map(|d| d.name.as_str()).collect();
        let _ = write!(note, " Not drawn: {}.", names.join(", "));
    }
    scene.height = top + notes(&mut scene, top, &note);
    let description = format!(
        "Histograms of {} and scatter plots of their pairs, {} points. {}",
        of_them(shown.len(), "parameter"),
        count(points),
        shown.iter().map(Dimension::says).collect::<Vec<_>>().join("; ")
    );
    Chart { title: title.to_owned(), description, scene }
}

fn histogram(scene: &mut Scene, area: Area, of: &Dimension, points: usize) {
    let bins = Bins::within(&of.at[..points], of.span(), of.bins());
    let tallest = bins.counts.iter().copied().max().unwrap_or(0).max(1);
    bars(scene, area, &bins, 1.1 * tallest as f64, Ink::Series(0));
    let base = ((area.x, area.bottom()), (area.right(), area.bottom()));
    scene.line(base.0, base.1, Pen::of(Ink::Axis, 1.0));
    // Above its cell there is nothing, to the right neither: long names go on there, those at the edge
    // begin earlier.
    let log = matches!(of.values, Values::Log(..));
    let name = if log { format!("{} (log)", of.name) } else { of.name.clone() };
    let name = fitted(&name, NAME, WIDTH - 4.0);
    let x = area.x.min(WIDTH - 1.0 - width(&name, NAME)).max(0.0);
    scene.label(Label::name((x, area.y - 4.0), Anchor::Start, name));
}

fn scatter(
    scene: &mut Scene,
    area: Area,
    by: &Dimension,
    of: &Dimension,
    points: usize,
    layered: bool,
) {
    scene.path(vec![outline(area)], None, Some(Pen::of(Ink::Grid, 1.0)), String::new());
    let plot = Plot { area, x: by.span(), y: of.span() };
    let places: Vec<Point> = (0..points)
        .map(|i| (by.spread(i, SPREAD[0]), of.spread(i, SPREAD[1])))
        .filter(|(x, y)| {
            let inside = |span: Span, v: f64| (-1e-9..=1.0 + 1e-9).contains(&span.place(v));
            inside(plot.x, *x) && inside(plot.y, *y)
        })
        .map(|(x, y)| plot.at(x, y))
        .collect();
    cloud(scene, area, &places, layered);
}

/// The bounds along a left edge.
fn ends_left(scene: &mut Scene, area: Area, of: &Dimension) {
    let [low, high] = of.ends().map(|text| fitted(&text, TICK, LEFT - 4.0));
    scene.label(Label::note((area.x - 3.0, area.y + 0.74 * TICK), Anchor::End, high));
    scene.label(Label::note((area.x - 3.0, area.bottom()), Anchor::End, low));
}

/// The bounds along lower edges, in two lines if one is too narrow; returns their height.
fn ends_below(scene: &mut Scene, cells: &[(Area, [String; 2])]) -> f64 {
    let narrow = |(area, [low, high]): &(Area, [String; 2])| {
        width(low, TICK) + width(high, TICK) + 8.0 > area.w
    };
    let line = if cells.iter().any(narrow) { 12.0 } else { 0.0 };
    for (area, [low, high]) in cells {
        let y = area.bottom() + 12.0;
        let [low, high] = [low, high].map(|text| fitted(text, TICK, area.w));
        scene.label(Label::note((area.x, y), Anchor::Start, low));
        scene.label(Label::note((area.right(), y + line), Anchor::End, high));
    }
    14.0 + line
}
