//! Distributions of features: a small histogram of each.

use super::axes::Quantity;
use super::histogram::{self, Bins, bars};
use super::number::{of_them, short};
use super::scene::{Anchor, Area, Label, Pen, Scene, TICK, WIDTH, fitted, squeezed, width};
use super::theme::Ink;
use super::{Chart, message};

const COLUMNS: usize = 3;
const GAP: f64 = 16.0;
/// Name, bars, numbers, remarks.
const NAME_HEIGHT: f64 = 15.0;
const BAR_HEIGHT: f64 = 38.0;
const HEIGHT: f64 = NAME_HEIGHT + BAR_HEIGHT + 34.0;

/// A feature and its values.
#[derive(Debug, Clone)]
pub struct Feature {
    /// Its name.
    pub name: String,
    /// One for each operator, NaN where it is undefined.
    pub values: Vec<f64>,
}

/// Draws a histogram of each, one beside the other in the order given.
pub fn chart(title: &str, features: &[Feature]) -> Chart {
    match features {
        [] => return message(title, "There are no features."),
        [one] => return histogram::chart(title, &Quantity::new(&one.name, ""), &one.values),
        _ => {}
    }
    let side = (WIDTH - GAP * (COLUMNS - 1) as f64) / COLUMNS as f64;
    let rows = features.len().div_ceil(COLUMNS);
    let mut scene = Scene::new(HEIGHT * rows as f64);
    for (i, feature) in features.iter().enumerate() {
        let (x, y) = ((side + GAP) * (i % COLUMNS) as f64, HEIGHT * (i / COLUMNS) as f64);
        let area = Area { x, y: y + NAME_HEIGHT, w: side, h: BAR_HEIGHT };
        let name = squeezed(&feature.name, TICK, side);
        scene.label(Label { ink: Ink::Text, ..Label::note((x, y + 10.0), Anchor::Start, name) });
        small(&mut scene, area, feature);
    }
    let description = format!(
        "Histograms of {}: {}",
        of_them(features.len(), "feature"),
        features.iter().map(|f| f.name.as_str()).collect::<Vec<_>>().join(", ")
    );
    Chart { title: title.to_owned(), description, scene }
}

fn small(scene: &mut Scene, area: Area, feature: &Feature) {
    let remarks_at = (area.x, area.bottom() + 25.0);
    scene.line((area.x, area.bottom()), (area.right(), area.bottom()), Pen::of(Ink::Axis, 1.0));
    let Some(bins) = Bins::of(&feature.values, 32) else {
        let middle = (area.x + area.w / 2.0, area.y + area.h / 2.0 + 4.0);
        scene.label(Label::note(middle, Anchor::Middle, "no finite values"));
        return;
    };
    let tallest = bins.counts.iter().copied().max().unwrap_or(0).max(1);
    bars(scene, area, &bins, tallest as f64, Ink::Series(0));
    let y = area.bottom() + 12.0;
    let mut remarks = bins.remarks();
    let [low, high] = bins.constant.map_or(bins.ends, |v| [v, v]).map(short);
    if low == high {
        scene.label(Label::note((area.x + area.w / 2.0, y), Anchor::Middle, low));
        // They may differ in digits that are not shown.
        let half = format!("± {}", short((bins.ends[1] - bins.ends[0]) / 2.0));
        remarks.insert(0, bins.constant.map_or(half, |_| "constant".to_owned()));
    } else {
        let room = area.w - width(&high, TICK) - 6.0;
        scene.label(Label::note((area.x, y), Anchor::Start, fitted(&low, TICK, room)));
        scene.label(Label::note((area.right(), y), Anchor::End, high));
    }
    scene.label(Label::note(remarks_at, Anchor::Start, fitted(&remarks.join(" · "), TICK, area.w)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_that_look_alike_are_written_once() {
        let feature =
            |name: &str, values: &[f64]| Feature { name: name.into(), values: values.into() };
        let nearly = feature("a", &[1.0, 1.000_002, 1.000_004]);
        let text = chart("t", &[nearly, feature("b", &[3.0; 4])]).inline();
        assert!(text.contains(">1<") && text.contains(">± 2×10⁻⁶<"), "{text}");
        assert!(text.contains(">3<") && text.contains(">constant<"), "{text}");
    }
}
