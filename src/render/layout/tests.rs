use super::*;

fn contents(rows: usize, columns: usize, cell: (usize, usize), legend: Legend) -> Contents {
    let captions = ["convex α=0.37", "noise 0.021", "turing_pattern with a long name"];
    let label = |row: usize| Label {
        title: format!("op {row}"),
        shows: if row.is_multiple_of(2) { "stddev".into() } else { String::new() },
        captions: captions.map(str::to_owned).to_vec(),
        badges: if row % 3 == 1 { vec!["diverged at t=37".into()] } else { Vec::new() },
    };
    let heading = |c: usize| match c % 3 {
        0 => format!("realization {c}"),
        1 => "variance (u²)".to_owned(),
        _ => "a longer name (u² per unit of time)".to_owned(),
    };
    Contents {
        cell,
        gap: 4,
        headings: (0..columns).map(heading).collect(),
        labels: (0..rows).map(label).collect(),
        group: 1,
        legend,
        notes: false,
        now: "t = 888/888".into(),
        about: "temporal-grid · 3f9a2c1d · seed 42".into(),
    }
}

/// Everything that has a place, with what it is.
fn places(layout: &Layout) -> Vec<(String, Rect)> {
    let mut out: Vec<(String, Rect)> =
        layout.texts.iter().map(|t| (t.words.clone(), t.rect)).collect();
    for (r, row) in layout.cells.iter().enumerate() {
        out.extend(row.iter().map(|cell| (format!("cell of row {r}"), *cell)));
    }
    for place in layout.bars.iter().flatten() {
        let parts =
            [("name", place.name.0), ("bar", place.bar), ("low", place.low), ("high", place.high)];
        out.extend(parts.map(|(name, rect)| (name.to_owned(), rect)));
    }
    out.extend(layout.notes.iter().map(|note| ("note".to_owned(), *note)));
    out.push(("now".into(), layout.now));
    out.push(("progress".into(), layout.progress));
    out.retain(|(_, r)| r.w > 0 && r.h > 0);
    out
}

fn legends(rows: usize, columns: usize) -> Vec<Legend> {
    let names = |count: usize| (0..count).map(|i| format!("channel {i}")).collect::<Vec<_>>();
    let half = columns.div_ceil(2);
    let mut spans = vec![Span { columns: 0..half, names: vec![String::new(); 3] }];
    if half < columns {
        spans.push(Span { columns: half..columns, names: names(1) });
    }
    vec![
        Legend::Right(vec![Vec::new(); rows]),
        Legend::Right((0..rows).map(|r| names(1 + r % 7)).collect()),
        Legend::Below(spans),
        Legend::Cells(vec![0; columns]),
        Legend::Cells((0..columns).map(|c| 1 - c % 2).collect()),
        Legend::Cells((0..columns).map(|c| 3 - c % 3).collect()),
    ]
}

#[test]
fn nothing_overlaps_and_everything_lies_inside() {
    let mut seen = 0;
    for (rows, columns) in [(1, 1), (1, 8), (3, 2), (8, 5), (5, 1), (64, 3), (13, 12)] {
        for cell in [(96, 96), (128, 128), (33, 33), (97, 101), (256, 64)] {
            for (notes, gap) in [(false, 0), (true, 4), (false, 3)] {
                for legend in legends(rows, columns) {
                    let asked = Contents { gap, notes, ..contents(rows, columns, cell, legend) };
                    let layout = Layout::of(&asked).unwrap();
                    assert!(layout.width.is_multiple_of(2) && layout.height.is_multiple_of(2));
                    assert_eq!(layout.cells.len(), rows);
                    let all = places(&layout);
                    for (i, (name, a)) in all.iter().enumerate() {
                        let inside = a.x + a.w <= layout.width && a.y + a.h <= layout.height;
                        assert!(inside, "{name} {a:?} {asked:?}");
                        for (other, b) in &all[..i] {
                            let beside = a.x + a.w <= b.x || b.x + b.w <= a.x;
                            let above = a.y + a.h <= b.y || b.y + b.h <= a.y;
                            assert!(beside || above, "{name} {a:?} over {other} {b:?}: {asked:?}");
                        }
                    }
                    seen += 1;
                }
            }
        }
    }
    assert!(seen > 500);
}

#[test]
fn cells_of_even_size_begin_at_even_pixels() {
    for legend in legends(10, 4) {
        let layout = Layout::of(&contents(10, 4, (128, 128), legend)).unwrap();
        assert!(layout.cells.iter().flatten().all(|cell| cell.x % 2 == 0 && cell.y % 2 == 0));
        assert!(layout.cells.iter().flatten().all(|cell| (cell.w, cell.h) == (128, 128)));
    }
}

#[test]
fn many_rows_stand_in_blocks_of_about_the_shape_of_a_screen() {
    let of = |rows| {
        let right = Legend::Right(vec![vec!["state".into()]; rows]);
        Layout::of(&contents(rows, 3, (128, 128), right)).unwrap()
    };
    for rows in [8, 20, 64] {
        let layout = of(rows);
        let shape = layout.width as f64 / layout.height as f64;
        assert!((0.5..2.6).contains(&shape), "{rows}: {} × {}", layout.width, layout.height);
    }
    assert_eq!(of(3).cells.iter().map(|row| row[0].x).max(), of(1).cells[0].first().map(|c| c.x));
    let headings = of(64).texts.iter().filter(|t| t.role == Role::Heading).count();
    assert!(headings > 6, "each block has its headings");
}

#[test]
fn rows_that_belong_together_stand_in_one_block() {
    let right = Legend::Right(vec![vec!["state".into()]; 21]);
    let layout = Layout::of(&Contents { group: 3, ..contents(21, 8, (96, 96), right) }).unwrap();
    let lefts: Vec<usize> = layout.cells.iter().map(|row| row[0].x).collect();
    assert!(lefts.chunks(3).all(|group| group.iter().all(|x| *x == group[0])), "{lefts:?}");
    assert_ne!(lefts.first(), lefts.last());
}

#[test]
fn too_large_a_frame_is_refused_with_what_to_choose_smaller() {
    let error = Layout::of(&contents(400, 9, (512, 512), Legend::Cells(vec![1; 9]))).unwrap_err();
    assert!(error.message.contains("larger than 8192 × 8192"), "{error}");
    assert!(error.help.unwrap().contains("now 400 rows"));
}

#[test]
fn words_are_never_wider_than_their_place_nor_lost_without_a_mark() {
    let mut asked = contents(2, 2, (96, 96), Legend::Cells(vec![1; 9]));
    asked.headings[0] = "a_very_long_name_of_an_aggregate".into();
    asked.labels[1].captions = vec!["evolution_policy_of_a_kind=".repeat(9)];
    asked.about = "a name that goes on ".repeat(40);
    let layout = Layout::of(&asked).unwrap();
    for text in &layout.texts {
        assert!(text.rect.x + text.rect.w <= layout.width, "{text:?}");
    }
    assert!(layout.texts.iter().filter(|t| t.words.ends_with('…')).count() >= 3);
}

#[test]
fn cells_are_large_enough_to_be_read() {
    let usual = |n: usize| Zoom::usual((n, n));
    assert_eq!(usual(64), Zoom::Enlarge(2));
    assert_eq!(usual(32), Zoom::Enlarge(4));
    assert_eq!(usual(48), Zoom::Enlarge(2));
    assert_eq!(usual(5), Zoom::Enlarge(20));
    assert_eq!(usual(128), Zoom::Enlarge(1));
    assert_eq!(usual(512), Zoom::Reduce(2));
    assert_eq!(usual(257), Zoom::Enlarge(1), "a prime cannot be reduced");
    for n in 1..1000 {
        let (height, width) = usual(n).cell((n, n));
        assert!(height >= 96 && width == height, "{n}");
    }
}
