//! What holds for every chart, on plausible, on large and on degenerate numbers.

use super::lines::{Course, Curve, Lines, Panel};
use super::scene::{Area, Mark};
use super::*;
use crate::rng::{Draws, Stream};

fn draws(seed: u64) -> Draws {
    Stream::new(seed, "charts", &[]).site(0)
}

/// Numbers of all sorts: with gaps, of all sizes, constant, whole, without any.
fn numbers(draws: &mut Draws, count: usize) -> Vec<f64> {
    let (sort, size) = (draws.below(7), 10f64.powf(16.0 * draws.uniform() - 8.0));
    let mut one = |i: usize| match sort {
        0 => size * draws.normal(),
        1 => size * (6.0 * draws.normal()).exp(),
        2 if i.is_multiple_of(3) => f64::NAN,
        3 => size,
        4 => draws.below(9) as f64,
        5 => f64::NAN,
        6 if i.is_multiple_of(5) => f64::INFINITY,
        _ => size * draws.uniform(),
    };
    (0..count).map(&mut one).collect()
}

fn name(draws: &mut Draws) -> String {
    let words = ["spatial", "<&\">", "mean", "Größe", "centroid", "a", "non_finite_fraction", "λ₁"];
    let parts: Vec<&str> =
        (0..=draws.below(5)).map(|_| words[draws.below(words.len() as u64) as usize]).collect();
    parts.join("_")
}

fn names(draws: &mut Draws, count: usize) -> Vec<String> {
    (0..count).map(|i| format!("{}_{i}", name(draws))).collect()
}

/// One chart of every kind, with about `count` operators.
fn every(seed: u64, count: usize) -> Vec<Chart> {
    let d = &mut draws(seed);
    let steps = 1 + d.below(40) as usize;
    let few = 1 + d.below(12) as usize;
    let time: Vec<f64> = (0..steps).map(|t| 0.5 * t as f64).collect();
    let unit = Quantity::new(name(d), "m s⁻¹");

    let dimensions: Vec<coverage::Dimension> = names(d, few)
        .into_iter()
        .map(|name| {
            let low = 10f64.powf(8.0 * d.uniform() - 4.0);
            let values = match d.below(3) {
                0 => coverage::Values::Linear(-low, low * 3.0),
                1 => coverage::Values::Log(low, low * 1e4),
                _ => coverage::Values::Categories(names(d, 3)),
            };
            let at = (0..count).map(|_| match &values {
                coverage::Values::Categories(_) => d.below(3) as f64,
                _ => low * (1.0 + d.uniform()),
            });
            coverage::Dimension { at: at.collect(), name, values }
        })
        .collect();
    let measures: Vec<quality::Measure> = names(d, few)
        .into_iter()
        .map(|name| quality::Measure {
            name,
            value: numbers(d, 1)[0],
            expected: (d.below(4) > 0).then(|| numbers(d, 1)[0]),
            target: (d.below(2) > 0).then(|| d.uniform()),
            more: d.below(3) == 0,
        })
        .collect();
    let features: Vec<distributions::Feature> = names(d, 3 * few)
        .into_iter()
        .map(|name| distributions::Feature { name, values: numbers(d, count) })
        .collect();
    let columns: Vec<&[f64]> = features.iter().map(|f| &f.values[..count.min(200)]).collect();
    let correlations = correlation::Correlation {
        names: features.iter().map(|f| f.name.clone()).collect(),
        categories: (0..features.len()).map(|i| format!("category_{}", i % 4)).collect(),
        r: correlation::pearson(&columns),
    };
    let series = |d: &mut Draws| dynamics::Group {
        name: name(d),
        series: (0..count.min(300)).map(|_| numbers(d, steps)).collect(),
    };
    let statistics: Vec<dynamics::Statistic> = (0..3)
        .map(|_| dynamics::Statistic { of: unit.clone(), groups: vec![series(d), series(d)] })
        .collect();
    let states = [divergence::State::Ok, divergence::State::Constant, divergence::State::NonFinite];
    let operators: Vec<Vec<divergence::State>> = (0..count)
        .map(|_| {
            let (onset, to) = (d.below(80) as usize, states[d.below(3) as usize]);
            (0..steps).map(|t| if t < onset { divergence::State::Ok } else { to }).collect()
        })
        .collect();
    let work = (0..count).map(|i| {
        let start = 100.0 * d.uniform();
        let (worker, kind) = (i % (3 * few), d.below(few as u64) as usize);
        timeline::Work { worker, kind, start, end: start + d.uniform() }
    });
    let work: Vec<timeline::Work> = work.collect();
    let build = timeline::Build {
        finished: work.iter().map(|w| w.end).collect(),
        work,
        kinds: names(d, few)
            .into_iter()
            .map(|name| timeline::Kind { name, cached: d.below(9) as usize, built: count })
            .collect(),
    };
    let kinds: Vec<price::Kind> = names(d, few)
        .into_iter()
        .map(|name| price::Kind {
            name,
            cached: count,
            stale: d.below(1000) as usize,
            blocked: d.below(3) as usize,
            cost: Some(1e5 * d.uniform().powi(9)),
        })
        .collect();
    let waves: Vec<f64> = (1..=steps).map(|k| k as f64).collect();
    let spectra: Vec<dynamics::Group> = names(d, few)
        .into_iter()
        .map(|name| dynamics::Group { name, series: vec![numbers(d, steps), numbers(d, steps)] })
        .collect();
    vec![
        coverage::chart("coverage", &dimensions),
        quality::chart("quality", &measures),
        distributions::chart("distributions", &features),
        histogram::chart("histogram", &unit, &features[0].values),
        correlation::chart("correlation", &correlations),
        dynamics::chart("dynamics", (&unit, &time), &statistics),
        divergence::chart("divergence", (&unit, &time), &operators),
        timeline::chart("timeline", &build),
        price::chart("price", &kinds, price::Unit::Bytes, price::When::Ahead),
        price::chart("price", &kinds, price::Unit::Seconds, price::When::Done),
        spectrum::chart("spectrum", (&unit, &waves), unit.clone(), &spectra),
    ]
}

/// Labels that lie on each other or beyond the edge.
fn collisions(chart: &Chart) -> Vec<String> {
    let labels: Vec<(Area, &str)> = chart
        .scene
        .marks
        .iter()
        .filter_map(|mark| match mark {
            Mark::Label(label) => Some((label.area(), label.text.as_str())),
            _ => None,
        })
        .collect();
    let mut found = Vec::new();
    for (i, (a, text)) in labels.iter().enumerate() {
        // A pixel, because widths are rounded up.
        let inside = a.x > -1.0
            && a.right() < WIDTH + 1.0
            && a.y > -1.0
            && a.bottom() < chart.height() + 1.0;
        if !inside {
            found.push(format!("{}: `{text}` lies outside: {a:?}", chart.title));
        }
        for (b, other) in &labels[..i] {
            let apart =
                |from: f64, to: f64, other: f64, end: f64| to <= other + 1.0 || end <= from + 1.0;
            if !apart(a.x, a.right(), b.x, b.right()) && !apart(a.y, a.bottom(), b.y, b.bottom()) {
                found.push(format!("{}: `{text}` lies on `{other}`", chart.title));
            }
        }
    }
    found
}

#[test]
fn labels_neither_overlap_nor_leave_the_chart() {
    let mut found = Vec::new();
    for seed in 0..300 {
        for chart in every(seed, 1 + (seed as usize * 7) % 60) {
            assert!(chart.height().is_finite() && chart.height() < 4000.0, "{}", chart.title);
            found.extend(collisions(&chart).into_iter().map(|text| format!("{seed} {text}")));
        }
    }
    assert!(found.is_empty(), "{}:\n{}", found.len(), found[..found.len().min(40)].join("\n"));
}

#[test]
fn every_chart_is_xml_that_says_what_it_is_and_leaves_colours_to_the_page() {
    for chart in every(1, 50).into_iter().chain(every(5, 3)) {
        for text in [chart.inline(), chart.document(Theme::Reader), chart.document(Theme::Dark)] {
            let tree = roxmltree::Document::parse(&text).expect("it parses");
            let root = tree.root_element();
            assert_eq!(root.attribute("role"), Some("img"));
            let said: Vec<_> =
                root.children().filter(roxmltree::Node::is_element).take(2).collect();
            assert!(said[0].has_tag_name("title") || said[0].tag_name().name() == "title");
            assert_eq!(said[0].text(), Some(chart.title.as_str()));
            assert_eq!(said[1].tag_name().name(), "desc");
            assert!(!said[1].text().unwrap_or_default().is_empty());
            assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
        }
        let inline = chart.inline();
        assert!(!inline.contains("=\"#") && !inline.contains("<style"), "{inline}");
    }
}

#[test]
fn pixels_are_as_many_as_asked_for_and_the_same_each_time() {
    for chart in every(2, 40) {
        let bytes = chart.png(1.5, Theme::Dark);
        assert_eq!(bytes, chart.png(1.5, Theme::Dark));
        let side = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
        let pixels = |v: f64| ((v + 20.0) * 1.5).ceil() as u32;
        assert_eq!((side(16), side(20)), (pixels(chart.width()), pixels(chart.height())));
        // Something is drawn.
        assert!(bytes.len() > 1000, "{} {}", chart.title, bytes.len());
        assert_ne!(bytes, chart.png(1.5, Theme::Light));
        assert_eq!(chart.png(1.0, Theme::Light), chart.png(1.0, Theme::Reader));
    }
    assert_eq!(every(2, 40)[0].inline(), every(2, 40)[0].inline());
}

#[test]
fn ten_thousand_operators_make_no_large_files() {
    for seed in 10..14 {
        for chart in every(seed, 10_000) {
            let size = chart.inline().len();
            assert!(size < 400_000, "{}: {size} bytes", chart.title);
        }
    }
}

#[test]
fn where_there_is_nothing_to_draw_a_chart_says_so() {
    let unit = Quantity::new("time", "s");
    let nothing = [
        coverage::chart("c", &[]),
        quality::chart("q", &[]),
        distributions::chart("d", &[]),
        histogram::chart("h", &unit, &[f64::NAN]),
        correlation::chart(
            "c",
            &correlation::Correlation { names: vec![], categories: vec![], r: vec![] },
        ),
        dynamics::chart("d", (&unit, &[]), &[]),
        divergence::chart("d", (&unit, &[]), &[]),
        timeline::chart("t", &timeline::Build::default()),
        price::chart("p", &[], price::Unit::Bytes, price::When::Ahead),
        spectrum::chart("s", (&unit, &[]), unit.clone(), &[]),
    ];
    for chart in nothing {
        assert!(
            chart.description.contains("no ") || chart.description.contains("No"),
            "{}",
            chart.description
        );
        assert!(chart.inline().contains(&chart.description));
        assert!(chart.png(1.0, Theme::Light).len() > 300);
    }
}

fn tiny() -> Chart {
    let curve =
        Curve { name: "u".into(), x: vec![0.0, 1.0, 2.0], y: vec![0.0, 2.0, 1.0], band: None };
    lines::chart(&Lines {
        title: "Tiny & small".into(),
        x: Quantity::new("time", "s"),
        course: Course::Linear,
        panels: vec![Panel {
            y: Quantity::new("u", "m"),
            course: Course::Linear,
            curves: vec![curve],
        }],
        height: 52.0,
        note: String::new(),
    })
}

#[test]
fn a_tiny_chart_has_these_bytes() {
    assert_eq!(tiny().inline(), include_str!("tiny.svg"));
    let canvas = raster::canvas(&tiny().scene, 0.0, 2.0, Theme::Dark);
    let digest = blake3::hash(canvas.pixels().as_flattened()).to_hex();
    assert_eq!(&digest[..16], "8840e9f1b3d9aca3");
}
