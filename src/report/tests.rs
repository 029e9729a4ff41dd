use super::gallery::{LIMITS, picture};
use super::model::{
    Build, Cell, Colors, End, Figure, Head, Kind, Look, Picture, Rollouts, Strip, Table, Tile,
    Topic,
};
use super::tables::ROWS;
use super::{Report, page};
use crate::chart::{Quantity, correlation, coverage, distributions, histogram};
use crate::picture::color::DIVERGING;
use crate::picture::{Bounds, Scale};
use crate::rng::Stream;

/// Noise, which does not compress.
fn noise(seed: u64, frames: usize) -> Vec<Vec<f32>> {
    let mut draws = Stream::new(seed, "report", &[]).site(0);
    let count = LIMITS.side * LIMITS.side;
    (0..frames).map(|_| (0..count).map(|_| draws.below(1 << 20) as f32).collect()).collect()
}

fn tile(operator: i64, frames: usize) -> Tile {
    let fields = noise(operator as u64, frames);
    let fields: Vec<&[f32]> = fields.iter().map(Vec::as_slice).collect();
    let scale = Scale { map: DIVERGING, bounds: Bounds { low: 0.0, high: 1e6 } };
    Tile {
        operator,
        labels: vec!["autoregressive".to_owned(), "gaussian random field".to_owned()],
        png: picture(&fields, LIMITS.side, &scale),
        size: (LIMITS.side, LIMITS.side),
        bounds: (0.0, 1e6),
        flag: "beyond the limit from t = 3".to_owned(),
    }
}

fn table(id: &'static str, columns: usize) -> Table {
    let head = |i| Head { name: format!("a parameter {i}"), is_number: true };
    let row = |i: usize| {
        let mut row = vec![Cell::number(i as f64, i.to_string()); 2];
        row.resize(columns - 1, Cell::number(0.123_456_789, "0.12345678"));
        row.push(Cell::looking("0".repeat(64), Look::Hash));
        row
    };
    Table {
        id,
        caption: "a table".to_owned(),
        columns: (0..columns).map(head).collect(),
        rows: (0..ROWS).map(row).collect(),
        note: String::new(),
    }
}

fn colors() -> Colors {
    Colors { map: "coolwarm", bar: vec![0; 300], is_signed: true }
}

/// About as much as figures hold of ten thousand operators.
fn large_figures() -> Vec<Figure> {
    let mut draws = Stream::new(3, "figures", &[]).site(0);
    let mut numbers = |count: usize| -> Vec<f64> { (0..count).map(|_| draws.uniform()).collect() };
    let dimension = |at: Vec<f64>| coverage::Dimension {
        name: "a parameter".to_owned(),
        values: coverage::Values::Linear(0.0, 1.0),
        at,
    };
    let dimensions: Vec<_> = (0..8).map(|_| dimension(numbers(10_000))).collect();
    let mut charts = vec![coverage::chart("coverage", &dimensions)];
    for _ in 0..8 {
        let feature = |values| distributions::Feature { name: "a feature".to_owned(), values };
        let features: Vec<_> = (0..27).map(|_| feature(numbers(10_000))).collect();
        charts.push(distributions::chart("features", &features));
    }
    let r = numbers(240 * 240).iter().map(|v| 2.0 * v - 1.0).collect();
    let names: Vec<String> = (0..240).map(|i| format!("a feature {i}")).collect();
    let of = correlation::Correlation { categories: vec!["a".to_owned(); 240], names, r };
    charts.push(correlation::chart("correlation", &of));
    let figure = |(i, chart)| Figure {
        name: format!("figure_{i}"),
        topic: Topic::Features,
        chart,
        note: "how to read it".to_owned(),
    };
    charts.into_iter().enumerate().map(figure).collect()
}

#[test]
fn the_largest_page_is_below_ten_megabytes() {
    let strip = Strip {
        title: "a type".to_owned(),
        of: 1000,
        colors: colors(),
        bounds: (0.0, 1.0),
        tiles: (0..96).map(|i| tile(i, 1)).collect(),
    };
    let rollouts = Rollouts {
        steps: (0..LIMITS.steps).collect(),
        colors: colors(),
        about: vec!["All.".to_owned()],
        has_not_finite: true,
        tiles: (0..LIMITS.operators as i64).map(|i| tile(i, LIMITS.steps)).collect(),
    };
    let report = Report {
        figures: large_figures(),
        inputs: vec![strip],
        rollouts: Some(rollouts),
        operators: Some(table("operators", 40)),
        artifacts: Some(table("artifacts", 6)),
        features: Some(table("features", 10)),
        ..Report::default()
    };
    let page = page(&report);
    assert!(page.len() < 10_000_000, "{} bytes", page.len());
}

#[test]
fn charts_and_renders_have_their_places() {
    let empty = page(&Report::default());
    assert!(!empty.contains("id=\"figures\"") && !empty.contains("id=\"pictures\""));
    let report = Report {
        figures: vec![Figure {
            name: "energy".to_owned(),
            topic: Topic::Rollouts,
            chart: histogram::chart("energy < 1", &Quantity::new("energy", "J"), &[1.0, 2.0]),
            note: "how it falls".to_owned(),
        }],
        pictures: vec![Picture {
            title: "a grid".to_owned(),
            png: vec![1, 2, 3],
            size: (4, 5),
            note: "every fourth state".to_owned(),
            link: "./x.renders/film.png".to_owned(),
        }],
        ..Report::default()
    };
    let page = page(&report);
    assert!(
        page.contains("<section id=\"figures\"")
            && page.contains("<a href=\"#figures\">Figures</a>")
    );
    assert!(page.contains("<h3>Rollouts</h3>") && !page.contains("<h3>Features</h3>"));
    assert!(page.contains("<figure id=\"figure-energy\"><h4>energy &lt; 1</h4><svg "));
    assert!(page.contains("--chart-paper:") && !empty.contains("--chart-paper:"));
    assert!(
        page.contains("src=\"data:image/png;base64,AQID\" width=\"4\" height=\"5\" alt=\"a grid\"")
    );
    assert!(
        page.contains("how it falls")
            && page.contains("<a href=\"./x.renders/film.png\">every fourth state</a>")
    );
}

#[test]
fn a_build_is_told_as_it_ended() {
    let page_of = |build: Build| {
        let kinds = vec![Kind { name: "rollout".to_owned(), built: 2, left: 1, ..Kind::default() }];
        page(&Report { build: Some(build), kinds, ..Report::default() })
    };
    let told = |end, failed: &[(&str, &str)]| {
        let failed = failed.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        page_of(Build { end, failed, wall: 3.0, ..Build::default() })
    };
    let text = told(End::Complete, &[]);
    assert!(
        text.contains("<strong>Complete.</strong> 2 artifacts built in 3.0 s, 0 cached."),
        "{text}"
    );
    let text = told(End::Failed, &[("rollout/ops0-1", "<why>")]);
    assert!(text.contains("1 failed.") && text.contains("&lt;why&gt;"));
    assert!(told(End::Interrupted, &[]).contains("Interrupted."));
    assert!(told(End::Open, &[]).contains("still running, or it was stopped"));
    // Of very many failures the first.
    let many = vec![("a", "b"); 1000];
    let text = told(End::Failed, &many);
    assert_eq!(text.matches("<dt><code>a</code></dt>").count(), 50);
    assert!(text.contains("The first 50 of 1\u{202f}000."));
}
