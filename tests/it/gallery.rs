use std::fs;

use serde_json::Value;

use spinlock::ic::{FAMILIES, Tier};

use crate::space::{Ran, TestSpace, files};

/// The pixels of a PNG file, three bytes each, as another implementation reads them.
pub fn pixels(bytes: &[u8]) -> Vec<u8> {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().unwrap();
    let mut data = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut data).unwrap();
    data
}

/// Width and height of a PNG file, and its notes.
fn facts(bytes: &[u8]) -> ((u32, u32), Vec<(String, String)>) {
    let reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let info = reader.info();
    let notes = info.uncompressed_latin1_text.iter();
    let notes = notes.map(|note| (note.keyword.clone(), note.text.clone())).collect();
    ((info.width, info.height), notes)
}

fn gallery(space: &TestSpace, args: &[&str]) -> Ran {
    space.run(&[&["gallery"], args].concat())
}

/// The message of a command that fails.
#[track_caller]
fn message(space: &TestSpace, args: &[&str]) -> String {
    gallery(space, args).fails(2, &[]).stderr.trim_end().to_owned()
}

#[test]
fn a_contact_sheet_is_a_png_with_its_settings_and_always_the_same() {
    let space = TestSpace::new();
    let args = ["--tiers", "baseline", "--size", "48", "--variations", "2", "-o", "a/sheet.png"];
    let said = gallery(&space, &args).ok();
    let baseline = FAMILIES.iter().filter(|f| f.tier == Tier::Baseline).count();
    assert!(said.stderr.starts_with(&format!("drew 2 samples of {baseline} types in ")));
    assert!(said.stdout.is_empty());
    let first = fs::read(space.path("a/sheet.png")).unwrap();
    let ((width, height), notes) = facts(&first);
    assert!(width > 600 && height > 600, "{width} × {height}");
    assert_eq!(pixels(&first).len(), (3 * width * height) as usize);
    let notes: Vec<&str> = notes.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(notes[0], concat!("spinlock ", env!("CARGO_PKG_VERSION")));
    let settings = "seed 42, grid 48, variations 2, channels by name, colormap by sign, cell 96x96, \
                    types gaussian_random_field structured ";
    assert!(notes[1].starts_with(settings), "{}", notes[1]);
    // Over the old file, and quietly.
    let again = gallery(&space, &[&args[..], &["-q"]].concat()).ok();
    assert_eq!((again.stdout.as_str(), again.stderr.as_str()), ("", ""));
    assert!(fs::read(space.path("a/sheet.png")).unwrap() == first);
    assert_eq!(files(&space.path("a")).len(), 1);
    gallery(&space, &[&args[..], &["--seed", "43"]].concat()).ok();
    assert!(fs::read(space.path("a/sheet.png")).unwrap() != first);
}

#[test]
fn pictures_alone_are_as_large_as_their_cells() {
    let space = TestSpace::new();
    let size = |args: &[&str]| {
        let types = ["--types", "localized", "--no-labels", "-o", "x.png"];
        gallery(&space, &[&types[..], args].concat()).ok();
        facts(&fs::read(space.path("x.png")).unwrap()).0
    };
    assert_eq!(size(&["--size", "16"]), (3 * 128 + 2 * 2, 128));
    assert_eq!(size(&["--size", "16", "--cell-size", "32x8", "--variations", "1"]), (8, 32));
    assert_eq!(size(&["--size", "200", "--variations", "1"]), (200, 200));
    assert_eq!(size(&["--size", "16", "--cell-size", "16", "--channels", "2"]), (3 * 16 + 4, 34));
}

#[test]
fn a_page_is_one_file_that_loads_nothing() {
    let space = TestSpace::new();
    gallery(&space, &["--size", "48", "--tiers", "baseline", "-o", "page.html"]).ok();
    let page = space.read("page.html");
    assert!(page.starts_with("<!DOCTYPE html>"));
    assert!(!page.contains("http:") && !page.contains("https:") && !page.contains("<script"));
    assert!(page.contains("<article id=\"heavy_tailed\">"));
    gallery(&space, &["--size", "16", "--types", "localized", "--no-labels", "-o", "page.html"])
        .ok()
        .says(&["note: a page has labels"]);
}

#[test]
fn what_was_drawn_is_said_as_json() {
    let space = TestSpace::new();
    let types = ["gallery", "--types", "localized,random", "--types", "composite"];
    let more = ["--size", "32", "--colormap", "magma", "-q", "--json", "-o", "x.png"];
    let json = space.json(&[&types[..], &more].concat());
    let fields: Vec<&String> = json.as_object().unwrap().keys().collect();
    assert_eq!(
        fields,
        ["schema", "output", "bytes", "width", "height", "seed", "grid", "variations", "types"]
    );
    let bytes = fs::read(space.path("x.png")).unwrap();
    assert_eq!(json["bytes"], bytes.len());
    assert_eq!(facts(&bytes).0.0, json["width"].as_u64().unwrap() as u32);
    let types = json["types"].as_array().unwrap();
    let names: Vec<&Value> = types.iter().map(|t| &t["name"]).collect();
    assert_eq!(names, ["gaussian_random_field", "localized", "composite"]);
    for one in types {
        let channel = &one["channels"][0];
        assert_eq!((&channel["name"], &channel["colormap"]), (&Value::Null, &"magma".into()));
        assert!(channel["bounds"][0].as_f64().unwrap() < channel["bounds"][1].as_f64().unwrap());
        // Baseline families have unit deviation in every sample, about the mean of each.
        assert!((channel["sd"].as_f64().unwrap() - 1.0).abs() < 0.2, "{one}");
        assert_eq!(channel["not_finite"], 0);
    }
}

#[test]
fn wrong_requests_are_answered_with_what_to_do() {
    let space = TestSpace::new();
    let before = space.content();
    let types = ["--types", "gausian_random_field", "--tiers", "tier_1", "-o", "x.png"];
    assert_eq!(
        message(&space, &types),
        "error: there is no initial condition `gausian_random_field`\n  \
         help: did you mean `gaussian_random_field`? `spinlock list ics` names every type\n\n\
         error: there is no tier `tier_1`\n  \
         help: did you mean `tier1`? known: baseline, tier1, tier2, tier3, tier4, all"
    );
    assert_eq!(
        message(&space, &["--colormap", "virdis", "-o", "x.png"]),
        "error: there is no colour table `virdis`\n  \
         help: did you mean `viridis`? known: viridis, plasma, inferno, magma, cividis, hot, coolwarm, \
         RdBu, RdYlBu, Spectral, seismic"
    );
    assert_eq!(
        message(&space, &["-o", "x.jpeg"]),
        "error: `x.jpeg` is neither a contact sheet nor a page\n  \
         help: end its name in .png or in .html"
    );
    assert_eq!(
        message(&space, &["--cell-size", "100x128", "-o", "x.png"]),
        "error: a 128 × 128 grid cannot be drawn on cells of 100 × 128 pixels\n  \
         help: each side is a whole multiple or part of the grid, at most 4096"
    );
    assert_eq!(
        message(&space, &["--cell-size", "big", "-o", "x.png"]),
        "error: `big` is no size of a cell\n  \
         help: write height and width in pixels, such as 128x128"
    );
    assert_eq!(
        message(&space, &["--types", "band_limited", "localized", "--size", "40", "-o", "x.png"]),
        "error: `band_limited` cannot be drawn on a 40 × 40 grid: the band `high` with its taper needs a \
         grid of at least 48, not 40\n  \
         help: choose another grid, or leave this type out"
    );
    gallery(&space, &["--size", "7", "-o", "x.png"]).fails(2, &["7 is not in 8..=512"]);
    gallery(&space, &["--variations", "0", "-o", "x.png"]).fails(2, &["0 is not in 1..=12"]);
    assert_eq!(space.content(), before);
    space.write("folder.png/x", "");
    gallery(&space, &["--types", "localized", "--size", "8", "-o", "folder.png"])
        .fails(3, &["cannot write", "folder.png"]);
}

#[test]
fn the_command_of_the_python_reference_draws_the_same() {
    let space = TestSpace::new();
    let reference = |args: &[&str]| {
        let common = ["visualize-ic-types", "--output", "a.png", "--grid-size", "48"];
        space.run(&[&common[..], args].concat()).ok()
    };
    let same_as = |args: &[&str]| {
        gallery(&space, &[&["--size", "48", "-o", "b.png"], args].concat()).ok();
        let read = |name| pixels(&fs::read(space.path(name)).unwrap());
        assert!(read("a.png") == read("b.png"), "{args:?}");
    };
    let said = reference(&["--tiers", "baseline", "--add-labels", "--add-spacing", "--verbose"]);
    same_as(&["--tiers", "baseline"]);
    let lines: Vec<&str> = said.stderr.lines().collect();
    assert!(lines[0].starts_with("gaussian_random_field    mean "), "{}", lines[0]);
    assert!(lines.last().unwrap().starts_with("drew "));
    let said = reference(&[
        "--ic-types",
        "localized",
        "mixed",
        "--tiers",
        "tier1",
        "--num-channels",
        "3",
        "--seed",
        "7",
        "--cell-size",
        "24x48",
        "--colormap",
        "plasma",
        "--variations",
        "2",
        "--add-labels",
        "--add-spacing",
        "--device",
        "cuda",
    ]);
    said.says(&[
        "note: `--device` has no meaning here",
        "note: `--tiers` has no effect beside `--ic-types`",
    ]);
    same_as(&[
        "--types",
        "localized",
        "mixed",
        "--channels",
        "3",
        "--seed",
        "7",
        "--cell-size",
        "24x48",
        "--colormap",
        "plasma",
        "--variations",
        "2",
    ]);
    // Without spacing and labels: three cells side by side.
    reference(&["--ic-types", "localized"]);
    assert_eq!(facts(&fs::read(space.path("a.png")).unwrap()).0, (3 * 96, 96));
}
