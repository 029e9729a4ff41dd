//! The course of a build: what workers did when, what came from the cache, how fast artifacts were done.

use super::axes::{self, ABOVE, BELOW, Quantity};
use super::bars::{self, Row};
use super::legend::{self, Key};
use super::number::{count, of_them};
use super::scale::Span;
use super::scene::{Anchor, Area, Fill, Label, Pen, Run, Scene, TICK, WIDTH, width};
use super::theme::Ink;
use super::{Chart, message, notes};
use crate::units;

/// Up to so many spans each is drawn as it is, with its length where a pointer rests on it; more are
/// drawn by pixels.
const SINGLE: usize = 400;

/// Work of one worker.
#[derive(Debug, Clone, Copy)]
pub struct Work {
    /// Which worker.
    pub worker: usize,
    /// Of which kind, as a number in the list of kinds.
    pub kind: usize,
    /// When it began, in seconds.
    pub start: f64,
    /// When it was done.
    pub end: f64,
}

/// A kind of artifact.
#[derive(Debug, Clone)]
pub struct Kind {
    /// Its name.
    pub name: String,
    /// How many came from the cache.
    pub cached: usize,
    /// How many were made.
    pub built: usize,
}

/// A build.
#[derive(Debug, Clone, Default)]
pub struct Build {
    /// The kinds, in the order in which they depend on each other.
    pub kinds: Vec<Kind>,
    /// What workers did.
    pub work: Vec<Work>,
    /// When artifacts were finished, in seconds.
    pub finished: Vec<f64>,
}

/// Draws a row for each worker, the rate of artifacts, and the shares from the cache.
pub fn chart(title: &str, build: &Build) -> Chart {
    let work: Vec<&Work> = build
        .work
        .iter()
        .filter(|w| {
            w.start.is_finite()
                && w.end >= w.start
                && w.end.is_finite()
                && w.kind < build.kinds.len()
        })
        .collect();
    let times = || {
        work.iter()
            .flat_map(|w| [w.start, w.end])
            .chain(build.finished.iter().copied())
            .filter(|t| t.is_finite())
    };
    let end = times().fold(0.0, f64::max);
    let kinds: Vec<&Kind> = build.kinds.iter().filter(|k| k.cached + k.built > 0).collect();
    if end <= 0.0 && kinds.is_empty() {
        return message(title, "Nothing was built.");
    }
    let mut scene = Scene::new(0.0);
    let mut top = 0.0;
    if end > 0.0 {
        top = course(&mut scene, build, &work, Span::linear(0.0, end));
    }
    if !kinds.is_empty() {
        top = cache(&mut scene, top, &kinds);
    }
    let built: usize = kinds.iter().map(|k| k.built).sum();
    let cached: usize = kinds.iter().map(|k| k.cached).sum();
    let note = format!(
        "{} built in {}, {} from the cache",
        of_them(built, "artifact"),
        units::seconds(end),
        count(cached)
    );
    scene.height = top + notes(&mut scene, top, &note);
    Chart { title: title.to_owned(), description: note, scene }
}

/// Workers and rate over time.
fn course(scene: &mut Scene, build: &Build, work: &[&Work], x: Span) -> f64 {
    let mut workers: Vec<usize> = work.iter().map(|w| w.worker).collect();
    workers.sort_unstable();
    workers.dedup();
    let used = |kind: usize| work.iter().any(|w| w.kind == kind);
    let entries: Vec<(String, Key)> = (0..build.kinds.len())
        .filter(|kind| used(*kind))
        .map(|kind| (build.kinds[kind].name.clone(), Key::Surface(Fill::of(Ink::Series(kind)))))
        .collect();
    let top = legend::draw(scene, (0.0, 0.0), WIDTH, &entries) + 4.0;
    let number = |worker: &usize| width(&worker.to_string(), TICK);
    let left = workers.iter().map(number).fold(20.0, f64::max) + 8.0;
    let row = (150.0 / workers.len().max(1) as f64).clamp(3.0, 20.0);
    let area =
        Area { x: left, y: top + ABOVE, w: WIDTH - left - 8.0, h: row * workers.len() as f64 };
    let title = if workers.len() == 1 {
        "one worker".to_owned()
    } else {
        format!("{} workers", workers.len())
    };
    scene.label(Label::name((0.0, area.y - ABOVE + 9.0), Anchor::Start, title));
    // As many numbers as there is height for.
    let stride = (14.0 / row).ceil() as usize;
    for (i, worker) in workers.iter().enumerate() {
        let y = area.y + row * i as f64;
        scene.line((area.x, y + row / 2.0), (area.right(), y + row / 2.0), Pen::of(Ink::Grid, 1.0));
        if i % stride == 0 {
            let at = (area.x - 6.0, y + row / 2.0 + 0.36 * TICK);
            scene.label(Label::note(at, Anchor::End, worker.to_string()));
        }
        let gap = (0.15 * row).min(2.0);
        let band = Area { y: y + gap / 2.0, h: row - gap, ..area };
        let own: Vec<&Work> = work.iter().filter(|w| w.worker == *worker).copied().collect();
        if work.len() <= SINGLE {
            spans(scene, band, x, &own, &build.kinds);
        } else {
            columns(scene, band, x, &own, build.kinds.len());
        }
    }
    axes::below_bare(scene, area, x, &Quantity::new("time", "s"));
    rate(scene, Area { y: area.bottom() + 8.0 + ABOVE, h: 70.0, ..area }, x, &build.finished)
}

/// Each span as it is.
fn spans(scene: &mut Scene, band: Area, x: Span, work: &[&Work], kinds: &[Kind]) {
    for w in work {
        let (from, to) = (band.x + band.w * x.place(w.start), band.x + band.w * x.place(w.end));
        // A sliver of paper between one and the next.
        let area = Area { x: from, w: (to - from - 0.5).max(0.5), ..band };
        let tip = format!("{}, {}", kinds[w.kind].name, units::seconds(w.end - w.start));
        scene.bars([area], Fill::of(Ink::Series(w.kind)), tip);
    }
}

/// For each pixel the kind that took most of it, if it was busy for half of it.
fn columns(scene: &mut Scene, band: Area, x: Span, work: &[&Work], kinds: usize) {
    let count = band.w as usize;
    let mut busy = vec![0.0; count * kinds];
    for w in work {
        let (from, to) = (x.place(w.start) * count as f64, x.place(w.end) * count as f64);
        for column in from as usize..(to.ceil() as usize).min(count) {
            let within = to.min((column + 1) as f64) - from.max(column as f64);
            busy[column * kinds + w.kind] += within.max(0.0);
        }
    }
    let most = |column: usize| -> Option<usize> {
        let of = &busy[column * kinds..][..kinds];
        let all: f64 = of.iter().sum();
        (all >= 0.5).then(|| (0..kinds).fold(0, |best, k| if of[k] > of[best] { k } else { best }))
    };
    let winners: Vec<Option<usize>> = (0..count).map(most).collect();
    let mut areas: Vec<Vec<Area>> = vec![Vec::new(); kinds];
    let (mut from, width) = (0, band.w / count as f64);
    for part in winners.chunk_by(|a, b| a == b) {
        if let Some(kind) = part[0] {
            areas[kind].push(Area {
                x: band.x + width * from as f64,
                w: width * part.len() as f64,
                ..band
            });
        }
        from += part.len();
    }
    for (kind, areas) in areas.into_iter().enumerate() {
        scene.bars(areas, Fill::of(Ink::Series(kind)), "");
    }
}

/// Artifacts finished per second, over time.
fn rate(scene: &mut Scene, area: Area, x: Span, finished: &[f64]) -> f64 {
    // About three of them in each, where there are many.
    let bins = (finished.len() / 3).clamp(12, 60);
    let seconds = (x.high - x.low) / bins as f64;
    let mut rates = vec![0.0; bins];
    for t in finished.iter().filter(|t| t.is_finite()) {
        rates[((x.place(*t).clamp(0.0, 1.0) * bins as f64) as usize).min(bins - 1)] +=
            1.0 / seconds;
    }
    let y = Span::linear(0.0, rates.iter().copied().fold(0.0, f64::max).max(1e-3)).rounded(3);
    let ticks = axes::upright_ticks(y, area.h);
    let title = Quantity::new("artifacts finished", "per second");
    axes::left(scene, area, y, &ticks, Some(&title));
    let width = area.w / bins as f64;
    let steps = |i: usize| {
        let top = area.bottom() - area.h * y.place(rates[i]);
        [(area.x + width * i as f64, top), (area.x + width * (i + 1) as f64, top)]
    };
    let line: Vec<_> = (0..bins).flat_map(steps).collect();
    let mut points = line.clone();
    points.extend([(area.right(), area.bottom()), (area.x, area.bottom())]);
    scene.path(
        vec![Run { points, closed: true }],
        Some(Fill { ink: Ink::Text, opacity: 0.15 }),
        None,
        String::new(),
    );
    scene.draw(vec![Run { points: line, closed: false }], Pen::of(Ink::Text, 1.0));
    axes::below(scene, area, x, Some(&Quantity::new("time", "s")));
    area.bottom() + BELOW + 4.0
}

/// What came from the cache, by kind.
fn cache(scene: &mut Scene, top: f64, kinds: &[&Kind]) -> f64 {
    const PARTS: [(&str, Ink); 2] = [("from the cache", Ink::Quiet), ("built", Ink::Series(0))];
    let entries = PARTS.map(|(name, ink)| (name.to_owned(), Key::Surface(Fill::of(ink))));
    let top = top + legend::draw(scene, (0.0, top), WIDTH, &entries) + 20.0;
    let rows: Vec<Row> = kinds
        .iter()
        .map(|kind| Row {
            name: &kind.name,
            parts: vec![kind.cached, kind.built],
            says: format!("{} + {}", count(kind.cached), count(kind.built)),
        })
        .collect();
    let left = bars::named(rows.iter().map(|row| row.name));
    scene.label(Label::note((left, top - 5.0), Anchor::Start, "artifacts"));
    scene.label(Label::note((WIDTH - 92.0, top - 5.0), Anchor::Start, "cached + built"));
    top + bars::shares(scene, (left, WIDTH - 100.0), top, &rows, &PARTS) + 4.0
}
