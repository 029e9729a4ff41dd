//! Correlations of features as a heat map.

use std::fmt::Write as _;

use super::number::{label, of_them};
use super::scene::{
    Anchor, Area, Label, Mark, Pen, Scene, TICK, WIDTH, fitted, outline, squeezed, width,
};
use super::theme::Ink;
use super::{Chart, message, notes};
use crate::picture::Canvas;
use crate::picture::color::DIVERGING;

/// What is drawn where there is no correlation: no colour of the table.
const UNDEFINED: [u8; 3] = [0x80, 0x80, 0x80];
/// Names are drawn while rows are this high.
const READABLE: f64 = 9.5;
/// What names take at least, where they are drawn, and at most.
const NARROW: f64 = 95.0;
const LONG: f64 = 170.0;
/// What the colours with their numbers take.
const BAR: f64 = 52.0;

/// Features and the correlation of each with each.
#[derive(Debug, Clone)]
pub struct Correlation {
    /// Their names.
    pub names: Vec<String>,
    /// Of which category each is.
    pub categories: Vec<String>,
    /// Row by row, NaN where it is undefined.
    pub r: Vec<f64>,
}

/// Pearson's correlation of columns, each with each, over the rows in which both are finite; NaN with
/// fewer than three of these, or if a column is constant in them.
pub fn pearson(columns: &[&[f64]]) -> Vec<f64> {
    let n = columns.len();
    let mut r = vec![f64::NAN; n * n];
    for i in 0..n {
        for j in 0..=i {
            let v = pair(columns[i], columns[j]);
            (r[i * n + j], r[j * n + i]) = (v, v);
        }
    }
    r
}

fn pair(a: &[f64], b: &[f64]) -> f64 {
    let both = || a.iter().zip(b).filter(|(x, y)| x.is_finite() && y.is_finite());
    let count = both().count() as f64;
    if count < 3.0 {
        return f64::NAN;
    }
    // Of numbers as large as can be, sums would not be finite.
    let scale = |v: f64, largest: f64| if largest > 0.0 { v / largest } else { 0.0 };
    let (p, q) = both().fold((0.0_f64, 0.0_f64), |(p, q), (x, y)| (p.max(x.abs()), q.max(y.abs())));
    let (sx, sy) = both().fold((0.0, 0.0), |(s, t), (x, y)| (s + scale(*x, p), t + scale(*y, q)));
    let (mx, my) = (sx / count, sy / count);
    let [mut xx, mut yy, mut xy] = [0.0; 3];
    for (x, y) in both() {
        let (x, y) = (scale(*x, p) - mx, scale(*y, q) - my);
        (xx, yy, xy) = (xx + x * x, yy + y * y, xy + x * y);
    }
    // Differences that are but rounding are none.
    let least = 1e-28 * count;
    if xx <= least || yy <= least { f64::NAN } else { (xy / (xx * yy).sqrt()).clamp(-1.0, 1.0) }
}

impl Correlation {
    fn at(&self, i: usize, j: usize) -> f64 {
        self.r[i * self.names.len() + j]
    }

    /// Categories in the order of their first feature; within each, features that go together are
    /// neighbours: from the one with the largest |r| to all others on, always the one with the largest
    /// |r| to the last.
    fn order(&self) -> Vec<usize> {
        let mut categories: Vec<&str> = Vec::new();
        for category in &self.categories {
            if !categories.contains(&category.as_str()) {
                categories.push(category);
            }
        }
        let strength =
            |i: usize, j: usize| Some(self.at(i, j).abs()).filter(|r| r.is_finite()).unwrap_or(0.0);
        let mut order = Vec::new();
        for category in categories {
            let mut left: Vec<usize> =
                (0..self.names.len()).filter(|i| self.categories[*i] == category).collect();
            let members = left.clone();
            let mut last: Option<usize> = None;
            while !left.is_empty() {
                let score = |i: usize| match last {
                    Some(last) => strength(i, last),
                    None => members.iter().map(|j| strength(i, *j)).sum(),
                };
                // Of equals the first, so that the order is always the same.
                let best = (0..left.len())
                    .fold(0, |best, k| if score(left[k]) > score(left[best]) { k } else { best });
                last = Some(left.remove(best));
                order.extend(last);
            }
        }
        order
    }
}

/// Draws the heat map, ordered by category.
pub fn chart(title: &str, of: &Correlation) -> Chart {
    let n = of.names.len();
    if n < 2 {
        return message(title, "There are no two features to compare.");
    }
    if of.r.iter().all(|r| r.is_nan()) {
        return message(
            title,
            "No correlation is defined: features are constant, or there are too few operators.",
        );
    }
    let order = of.order();
    let each = (WIDTH - BAR - NARROW - 8.0) / n as f64 >= READABLE;
    let named: Vec<&str> = order.iter().map(|i| of.names[*i].as_str()).collect();
    let blocks = blocks(of, &order);
    let longest =
        |texts: &mut dyn Iterator<Item = &str>| texts.map(|t| width(t, TICK)).fold(0.0, f64::max);
    let left = if each {
        // Long names give way to rows.
        let room = (WIDTH - BAR - 8.0 - 11.0 * n as f64).clamp(NARROW, LONG);
        longest(&mut named.iter().copied()).min(room)
    } else {
        longest(&mut blocks.iter().map(|block| block.0.as_str())).min(110.0)
    } + 8.0;
    let side = (WIDTH - left - BAR).min((26.0 * n as f64).max(110.0));
    let area = Area { x: left, y: 2.0, w: side, h: side };
    let step = side / n as f64;

    let mut scene = Scene::new(0.0);
    scene.marks.push(Mark::Layer { area, canvas: pixels(of, &order), ink: None });
    scene.path(vec![outline(area)], None, Some(Pen::of(Ink::Axis, 1.0)), String::new());
    for (_, range) in blocks.iter().skip(1) {
        let at = step * range.start as f64;
        for white in [true, false] {
            let pen = if white { Pen::of(Ink::Paper, 2.0) } else { Pen::of(Ink::Text, 0.8) };
            scene.line((area.x, area.y + at), (area.right(), area.y + at), pen);
            scene.line((area.x + at, area.y), (area.x + at, area.bottom()), pen);
        }
    }
    let below = if each {
        let size = TICK.min(0.95 * step);
        for (i, name) in named.iter().enumerate() {
            let middle = step * (i as f64 + 0.5) + 0.36 * size;
            let text = squeezed(name, size, left - 8.0);
            let label =
                |at, upward| Label { size, upward, ..Label::note(at, Anchor::End, text.clone()) };
            scene.label(label((left - 5.0, area.y + middle), false));
            scene.label(label((area.x + middle, area.bottom() + 5.0), true));
        }
        left + 4.0
    } else {
        label_blocks(&mut scene, area, &blocks, step)
    };
    bar(
        &mut scene,
        Area { x: area.right() + 12.0, y: area.y + 18.0, w: 10.0, h: (side - 20.0).min(140.0) },
    );
    let top = area.bottom() + below;
    let undefined = (0..n).filter(|i| (0..n).all(|j| i == &j || of.at(*i, j).is_nan())).count();
    let mut note = of_them(n, "feature");
    if undefined > 0 {
        let _ = write!(note, "; {undefined} without any correlation: constant or undefined (grey)");
    }
    scene.height = top + notes(&mut scene, top, &note);
    let description = format!("Correlations of {note}, in {}", of_them(blocks.len(), "group"));
    Chart { title: title.to_owned(), description, scene }
}

type Block = (String, std::ops::Range<usize>);

/// Categories with the rows they take.
fn blocks(of: &Correlation, order: &[usize]) -> Vec<Block> {
    let mut out: Vec<Block> = Vec::new();
    for (row, i) in order.iter().enumerate() {
        match out.last_mut() {
            Some((name, range)) if *name == of.categories[*i] => range.end = row + 1,
            _ => out.push((of.categories[*i].clone(), row..row + 1)),
        }
    }
    out
}

/// Names of categories at the left, each at the middle of its rows where there is room for it, else
/// as near as can be.
fn label_blocks(scene: &mut Scene, area: Area, blocks: &[Block], step: f64) -> f64 {
    const LINE: f64 = 12.5;
    let mut at = area.y;
    for (i, (name, range)) in blocks.iter().enumerate() {
        let middle = area.y + step * (range.start + range.end) as f64 / 2.0;
        // Those that follow need their lines too.
        let last = area.bottom() - LINE * (blocks.len() - i) as f64;
        let y = (middle - LINE / 2.0).min(last).max(at);
        at = y + LINE;
        let tip = (area.x - 1.0, middle);
        scene.line((area.x - 6.0, y + LINE / 2.0), tip, Pen::of(Ink::Axis, 0.8));
        let text = fitted(name, TICK, area.x - 8.0);
        scene.label(Label::note((area.x - 8.0, y + LINE / 2.0 + 0.36 * TICK), Anchor::End, text));
    }
    (at - area.bottom()).max(0.0) + 4.0
}

/// A pixel for each pair.
fn pixels(of: &Correlation, order: &[usize]) -> Canvas {
    let mut canvas = Canvas::new(order.len(), order.len(), UNDEFINED);
    for (y, i) in order.iter().enumerate() {
        for (x, j) in order.iter().enumerate() {
            let r = of.at(*i, *j);
            if r.is_finite() {
                // In steps of a fiftieth: no eye tells them apart, and the picture has a palette.
                let r = (50.0 * r).round() / 50.0;
                *canvas.pixel_mut(x, y).expect("a pixel for each pair") =
                    DIVERGING.at(f64::midpoint(r, 1.0));
            }
        }
    }
    canvas
}

/// The colours with their numbers.
fn bar(scene: &mut Scene, area: Area) {
    let mut canvas = Canvas::new(1, 101, [0; 3]);
    for y in 0..101 {
        *canvas.pixel_mut(0, y).expect("within") = DIVERGING.at(1.0 - y as f64 / 100.0);
    }
    scene.marks.push(Mark::Layer { area, canvas, ink: None });
    scene.path(vec![outline(area)], None, Some(Pen::of(Ink::Axis, 0.8)), String::new());
    scene.label(Label::name((area.x, area.y - 7.0), Anchor::Start, "r"));
    for v in [-1.0, -0.5, 0.0, 0.5, 1.0] {
        let y = area.y + area.h * (1.0 - v) / 2.0;
        let y = (y + 0.36 * TICK).clamp(area.y + 0.74 * TICK, area.bottom());
        scene.label(Label::note((area.right() + 4.0, y), Anchor::Start, label(v, 1)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correlations_are_pearson_s_over_what_both_have() {
        let a = [1.0, 2.0, 3.0, 4.0, f64::NAN];
        let b = [2.0, 4.0, 6.0, 8.0, 1.0];
        let c = [1.0, -1.0, 1.0, -1.0, f64::INFINITY];
        let constant = [0.1; 5];
        let huge = a.map(|v| v * 1e300);
        let r = pearson(&[&a, &b, &c, &constant, &huge]);
        let close = |v: f64, to: f64| (v - to).abs() < 1e-12;
        assert!(close(r[1], 1.0) && close(r[5], 1.0) && close(r[4], 1.0), "{r:?}");
        // Σ (x − 2.5) y = −2 over √(5 · 4).
        assert!(close(r[2], -2.0 / 20.0_f64.sqrt()), "{}", r[2]);
        assert!(r[3].is_nan() && r[18].is_nan());
        assert!(pair(&a[..2], &b[..2]).is_nan());
    }

    #[test]
    fn features_stay_with_their_category_and_stand_beside_what_they_go_with() {
        let columns: [&[f64]; 5] = [
            &[1., 2., 3., 5.],
            &[0., 1., 0., 1.],
            &[4., 2., 8., 1.],
            &[1., 2., 3., 4.],
            &[4., 1., 8., 1.],
        ];
        let of = Correlation {
            names: ["a", "b", "c", "d", "e"].map(String::from).to_vec(),
            categories: ["x", "y", "x", "x", "y"].map(String::from).to_vec(),
            r: pearson(&columns),
        };
        let order = of.order();
        let categories: Vec<&str> = order.iter().map(|i| of.categories[*i].as_str()).collect();
        assert_eq!(categories, ["x", "x", "x", "y", "y"]);
        let place = |i: usize| order.iter().position(|k| *k == i).unwrap();
        assert_eq!(place(0).abs_diff(place(3)), 1);
    }
}
