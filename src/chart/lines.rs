//! Lines over a common axis, in one plot or several below each other. Charts of series are made of it.

use super::axes::{self, ABOVE, BELOW, Plot, Quantity};
use super::legend::{self, Key};
use super::scale::Span;
use super::scene::{Anchor, Area, Fill, Label, Point, Run, Scene, WIDTH};
use super::theme::Ink;
use super::{Chart, message};

/// How an axis runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// Equal differences are equal lengths.
    Linear,
    /// Equal ratios are equal lengths; what is not positive is left out.
    Log,
    /// Logarithmic if all numbers are positive and span more than two powers of ten.
    Auto,
}

/// One line, perhaps in a band.
#[derive(Debug, Clone, Default)]
pub struct Curve {
    /// What it is of. Lines of one name look alike in every plot.
    pub name: String,
    /// Numbers along the common axis, in order.
    pub x: Vec<f64>,
    /// As many numbers; a gap where one is not finite.
    pub y: Vec<f64>,
    /// Lower and upper edge of a band around it.
    pub band: Option<[Vec<f64>; 2]>,
}

/// One plot.
#[derive(Debug, Clone)]
pub struct Panel {
    /// What is upward.
    pub y: Quantity,
    /// How that axis runs.
    pub course: Course,
    /// The lines.
    pub curves: Vec<Curve>,
}

/// Plots below each other.
#[derive(Debug, Clone)]
pub struct Lines {
    /// What it shows.
    pub title: String,
    /// What the common axis is of.
    pub x: Quantity,
    /// How it runs.
    pub course: Course,
    /// From top to bottom.
    pub panels: Vec<Panel>,
    /// Height of each plot.
    pub height: f64,
    /// What a reader has to know besides; may be empty.
    pub note: String,
}

impl Course {
    /// The span around numbers; none if there is none to draw.
    fn span(self, values: impl Iterator<Item = f64> + Clone) -> Option<Span> {
        let finite = values.clone().filter(|v| v.is_finite());
        let (low, high) = finite.fold((f64::INFINITY, 0.0_f64), |(a, b), v| (a.min(v), b.max(v)));
        let log = match self {
            Course::Linear => false,
            Course::Log => true,
            Course::Auto => low > 0.0 && high > 100.0 * low,
        };
        Span::around(values, log)
    }
}

impl Curve {
    fn numbers(&self) -> impl Iterator<Item = f64> + Clone {
        self.y.iter().chain(self.band.iter().flatten().flatten()).copied()
    }
}

/// Draws them.
pub fn chart(lines: &Lines) -> Chart {
    let curves = || lines.panels.iter().flat_map(|panel| &panel.curves);
    let Some(x) = lines.course.span(curves().flat_map(|curve| curve.x.iter().copied())) else {
        return message(&lines.title, "There are no points to draw.");
    };
    if lines.panels.iter().all(|panel| y_span(panel, lines.height).is_none()) {
        return message(&lines.title, "There are no finite numbers to draw.");
    }
    let mut names: Vec<&str> = Vec::new();
    for curve in curves() {
        if !names.contains(&curve.name.as_str()) {
            names.push(&curve.name);
        }
    }
    let entries: Vec<(String, Key)> = names
        .iter()
        .enumerate()
        .filter(|_| names.len() > 1)
        .map(|(i, name)| ((*name).to_owned(), Key::Line(legend::pen(i))))
        .collect();

    let upright: Vec<_> = lines
        .panels
        .iter()
        .map(|panel| y_span(panel, lines.height).map(|y| (y, axes::upright_ticks(y, lines.height))))
        .collect();
    let left = upright.iter().flatten().map(|(_, ticks)| axes::left_of(ticks)).fold(0.0, f64::max);
    let mut scene = Scene::new(0.0);
    let mut top = legend::draw(&mut scene, (0.0, 0.0), WIDTH, &entries) + 4.0;
    for (i, panel) in lines.panels.iter().enumerate() {
        let area = Area { x: left, y: top + ABOVE, w: WIDTH - left - 8.0, h: lines.height };
        let last = i + 1 == lines.panels.len();
        if let Some((y, ticks)) = &upright[i] {
            axes::left(&mut scene, area, *y, ticks, Some(&panel.y));
            let plot = Plot { area, x, y: *y };
            let number =
                |curve: &Curve| names.iter().position(|name| **name == curve.name).unwrap_or(0);
            for curve in &panel.curves {
                draw_band(&mut scene, &plot, curve, Ink::Series(number(curve)));
            }
            for curve in &panel.curves {
                draw_line(&mut scene, &plot, curve, number(curve));
            }
        } else {
            scene.label(Label::name(
                (0.0, area.y - ABOVE + 9.0),
                Anchor::Start,
                panel.y.name.clone(),
            ));
            let middle = (area.x + area.w / 2.0, area.y + area.h / 2.0);
            scene.label(Label::note(middle, Anchor::Middle, "no finite numbers"));
        }
        if last {
            axes::below(&mut scene, area, x, Some(&lines.x));
        } else {
            axes::below_bare(&mut scene, area, x, &lines.x);
        }
        top = area.bottom() + if last { BELOW } else { 8.0 };
    }
    scene.height = top + super::notes(&mut scene, top, &lines.note);
    Chart { title: lines.title.clone(), description: describe(lines, &names), scene }
}

fn y_span(panel: &Panel, height: f64) -> Option<Span> {
    let span = panel.course.span(panel.curves.iter().flat_map(Curve::numbers))?;
    Some(span.rounded((height / 26.0) as usize + 1))
}

fn describe(lines: &Lines, names: &[&str]) -> String {
    let of: Vec<&str> = lines.panels.iter().map(|panel| panel.y.name.as_str()).collect();
    let of = format!("{} over {}", of.join(", "), lines.x.name);
    if names.len() > 1 { format!("{of}, for {}", names.join(", ")) } else { of }
}

/// Whether a point can be drawn.
fn shown(plot: &Plot, x: f64, y: f64) -> bool {
    x.is_finite() && y.is_finite() && (!plot.y.log || y > 0.0) && (!plot.x.log || x > 0.0)
}

fn draw_band(scene: &mut Scene, plot: &Plot, curve: &Curve, ink: Ink) {
    let Some([low, high]) = &curve.band else { return };
    let (mut runs, mut edges): (Vec<Run>, [Vec<Point>; 2]) = (Vec::new(), [Vec::new(), Vec::new()]);
    let mut end = |[under, over]: &mut [Vec<Point>; 2]| {
        if under.len() > 1 {
            let mut points = decimated(under);
            points.extend(decimated(over).into_iter().rev());
            runs.push(Run { points, closed: true });
        }
        (*under, *over) = (Vec::new(), Vec::new());
    };
    for ((x, low), high) in curve.x.iter().zip(low).zip(high) {
        // On a logarithmic axis a band may reach down without end.
        let low = if plot.y.log && *low <= 0.0 { plot.y.low } else { *low };
        if shown(plot, *x, low) && shown(plot, *x, *high) {
            edges[0].push(plot.at(*x, low));
            edges[1].push(plot.at(*x, *high));
        } else {
            end(&mut edges);
        }
    }
    end(&mut edges);
    scene.path(runs, Some(Fill { ink, opacity: 0.16 }), None, String::new());
}

fn draw_line(scene: &mut Scene, plot: &Plot, curve: &Curve, number: usize) {
    let (mut runs, mut alone, mut run) = (Vec::new(), Vec::new(), Vec::new());
    let mut end = |run: &mut Vec<Point>| match run.len() {
        0 => {}
        1 => alone.push(run[0]),
        _ => runs.push(Run { points: decimated(run), closed: false }),
    };
    for (x, y) in curve.x.iter().zip(&curve.y) {
        if shown(plot, *x, *y) {
            run.push(plot.at(*x, *y));
        } else {
            end(&mut run);
            run.clear();
        }
    }
    end(&mut run);
    let pen = legend::pen(number);
    scene.path(runs, None, Some(pen), curve.name.clone());
    scene.dots(alone, 2.2, Fill::of(pen.ink), curve.name.clone());
}

/// The same line with at most four points in each pixel of its length: first, lowest, highest, last.
fn decimated(points: &[Point]) -> Vec<Point> {
    let column = |p: &Point| p.0.floor() as i64;
    let mut out = Vec::new();
    for part in points.chunk_by(|a, b| column(a) == column(b)) {
        if part.len() <= 4 {
            out.extend(part);
            continue;
        }
        let by = |i: &usize, j: &usize| part[*i].1.total_cmp(&part[*j].1);
        let within = 1..part.len() - 1;
        let lowest = within.clone().min_by(by).unwrap_or(0);
        let highest = within.max_by(by).unwrap_or(0);
        let mut kept = [0, lowest.min(highest), lowest.max(highest), part.len() - 1].to_vec();
        kept.dedup();
        out.extend(kept.into_iter().map(|i| part[i]));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_keep_their_peaks_and_become_short() {
        let points: Vec<Point> = (0..100_000)
            .map(|i| (f64::from(i) / 250.0, if i == 33_333 { 9.0 } else { f64::from(i % 7) }))
            .collect();
        let short = decimated(&points);
        assert!(short.len() <= 4 * 401, "{}", short.len());
        assert!(short.iter().any(|p| p.1 == 9.0) && short.is_sorted_by(|a, b| a.0 <= b.0));
        assert_eq!((short[0], *short.last().unwrap()), (points[0], points[99_999]));
        assert_eq!(decimated(&points[..3]), points[..3]);
    }

    #[test]
    fn the_axis_becomes_logarithmic_where_that_shows_more() {
        let is_log =
            |values: &[f64]| Course::Auto.span(values.iter().copied()).map(|span| span.log);
        assert_eq!(is_log(&[1.0, 1000.0]), Some(true));
        assert_eq!(is_log(&[1.0, 50.0]), Some(false));
        assert_eq!(is_log(&[0.0, 1000.0]), Some(false));
        assert_eq!(is_log(&[f64::NAN]), None);
        assert_eq!(Course::Log.span([0.0, 5.0, 10.0].into_iter()).map(|s| s.low), Some(5.0));
    }
}
