//! Renders: which files a build makes of them, what an edit of them costs, and that they show what they say.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::space::{Ran, TestSpace, files};

/// Eight operators with two renders.
fn space(renders: &str) -> TestSpace {
    TestSpace::changed(&[
        ("    grid_size: 8\n", "    grid_size: 16\n"),
        ("execution:", &format!("renders:\n{renders}\nexecution:")),
    ])
}

const TWO: &str = "  film: {operators: 3, columns: [realization:0, stddev], export: [frames, gif, contact-sheet], cell: {scale: 2}}
  still: {kind: strip, operators: [1, 0], columns: [realization:1], times: [0, 3, 7], cell: {scale: 2}}";

/// Names of the files of renders, below their folder.
fn rendered(space: &TestSpace) -> Vec<String> {
    let folder = space.path("datasets/x.renders");
    if !folder.exists() {
        return Vec::new();
    }
    let mut names: Vec<String> = files(&folder)
        .iter()
        .map(|path| path.strip_prefix(&folder).unwrap().display().to_string())
        .collect();
    names.sort();
    names
}

/// Width, height and pixels of a PNG file.
fn picture(path: &Path) -> (usize, usize, Vec<u8>) {
    let mut decoder =
        png::Decoder::new(std::io::BufReader::new(std::fs::File::open(path).unwrap()));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    (info.width as usize, info.height as usize, pixels)
}

/// The operators of the film.
fn space_list(space: &TestSpace) -> Vec<u64> {
    let list = space.read("datasets/x.renders/film.frames/frames.json");
    let list: Value = serde_json::from_str(&list).unwrap();
    serde_json::from_value(list["operators"].clone()).unwrap()
}

#[test]
fn a_build_makes_the_files_that_renders_name() {
    let space = space(TWO);
    let built = space.build();
    // Three measures, a block of frames, a contact sheet, three files; two measures, a strip, a file.
    assert_eq!(built.0["built"]["render"], 12, "{}", built.0);
    let frames: Vec<String> = (0..8).map(|t| format!("film.frames/frame_{t:04}.png")).collect();
    let mut expected = vec!["film.contact-sheet.png".to_owned()];
    expected.extend(frames);
    expected.extend(["film.frames/frames.json".into(), "film.gif".into(), "still.png".into()]);
    assert_eq!(rendered(&space), expected);
    let kinds: Vec<&Value> =
        built.0["outputs"].as_array().unwrap().iter().map(|output| &output["kind"]).collect();
    assert_eq!(kinds, ["dataset", "render", "render", "render", "render"]);
    let (width, height, _) = picture(&space.path("datasets/x.renders/film.frames/frame_0003.png"));
    assert!(width % 2 == 0 && height % 2 == 0, "{width} × {height}");
    let list: Value =
        serde_json::from_str(&space.read("datasets/x.renders/film.frames/frames.json")).unwrap();
    assert_eq!(list["steps"], serde_json::json!([0, 1, 2, 3, 4, 5, 6, 7]));
    // Nothing changed, nothing is made; a lost file is written again from the cache.
    space.build().is("", &space.build().cached());
    std::fs::remove_file(space.path("datasets/x.renders/film.gif")).unwrap();
    space.build();
    assert_eq!(rendered(&space), expected);
}

#[test]
fn an_edit_of_a_render_makes_the_steps_that_it_touches() {
    let space = space(TWO);
    space.build();
    let stale = |from: &str, to: &str| {
        space.edit(from, to);
        let stale = space.stale(&[]);
        space.edit(to, from);
        stale
    };
    // Another speed: the one file that plays.
    assert_eq!(
        stale("cell: {scale: 2}}\n  still", "cell: {scale: 2}, fps: 5}\n  still"),
        "render 2"
    );
    // Another table: frames and what is made of them; nothing is measured again.
    let map = "columns: [realization:0, {stddev: {map: inferno}}]";
    assert_eq!(stale("columns: [realization:0, stddev]", map), "render 5");
    // Another operator: its measure, the strip, the file.
    assert_eq!(stale("operators: [1, 0]", "operators: [1, 2]"), "render 3");
    assert_eq!(stale("  film:", "  movie:"), "");
    // Another name names other files; those of the old one go.
    space.edit("  film:", "  movie:");
    space.build();
    assert!(
        rendered(&space).iter().all(|name| !name.starts_with("film")),
        "{:?}",
        rendered(&space)
    );
    assert!(rendered(&space).contains(&"movie.gif".to_owned()));
}

#[test]
fn a_picture_that_is_too_large_is_refused_before_anything_is_computed() {
    let space =
        space("  huge: {operators: 8, columns: [realization:0], cell: {scale: 64}, export: png}");
    space.edit("    grid_size: 16\n", "    grid_size: 64\n");
    let said = space.run(&["plan", "experiments/x"]);
    assert_eq!(said.code, Some(2), "{}", said.stderr);
    for text in ["renders.huge", "is larger than 8192", "draw fewer operators (now 8 rows)"] {
        assert!(said.stderr.contains(text), "{text}\n{}", said.stderr);
    }
}

/// An encoder that has been seen to encode and then dies.
#[test]
fn a_picture_that_fails_keeps_nobody_from_the_numbers() {
    use std::os::unix::fs::PermissionsExt;
    let space = space("  film: {operators: 2, columns: [realization:0], export: [mp4, png]}");
    let script = "#!/bin/sh\ncase \"$*\" in\n*-version*) echo ffmpeg version 0;;\n*nullsrc*) ;;\n\
                  *) cat > /dev/null; echo out of ink >&2; exit 1;;\nesac\n";
    space.write("bin/ffmpeg", script);
    let path = space.path("bin/ffmpeg");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = space.command(&["build", "experiments/x", "-k"]);
    let old = std::env::var("PATH").unwrap();
    command.env("PATH", format!("{}:{old}", space.path("bin").display()));
    let said = crate::space::finish(command);
    assert_eq!(said.code, Some(1), "{}", said.stderr);
    assert!(
        said.stderr.contains("render/film.mp4") && said.stderr.contains("out of ink"),
        "{}",
        said.stderr
    );
    assert!(space.path("datasets/x.h5").exists());
    assert_eq!(rendered(&space), ["film.png"]);
}

#[test]
fn states_that_are_not_kept_are_rolled_out_for_the_operators_shown() {
    let kept = space(TWO);
    kept.build();
    let dropped = space(TWO);
    dropped.edit("dataset:\n", "dataset:\n  storage: {store_trajectories: false}\n");
    let built = dropped.build();
    let list = space_list(&dropped);
    let shown: BTreeSet<u64> = list.into_iter().chain([0, 1]).collect();
    // Those of the chunks, and the two segments of each operator that is shown.
    assert_eq!(built.0["built"]["rollout"], 4 + 2 * shown.len(), "{}", built.0);
    for name in ["still.png", "film.contact-sheet.png", "film.frames/frame_0005.png"] {
        let pixels =
            |space: &TestSpace| picture(&space.path(&format!("datasets/x.renders/{name}")));
        assert!(pixels(&kept) == pixels(&dropped), "{name}");
    }
}

#[test]
fn what_a_render_cannot_be_is_said_with_its_place() {
    let space = space(
        "  a: {columns: [realization:9, stdev], steps: {to: 99}, color: {map: virids}, fbs: 3}\n  b c: {}\n  \
         d: {operators: [70]}",
    );
    let said = space.run(&["plan", "experiments/x"]);
    assert_eq!(said.code, Some(2));
    for text in [
        "unknown column `stdev`",
        "did you mean `stddev`",
        "there is no colour table `virids`",
        "unknown key `fbs`",
        "a render needs a plain name",
        "renders.a.steps.to",
    ] {
        assert!(said.stderr.contains(text), "{text}\n{}", said.stderr);
    }
    let space = self::space("  a: {columns: [realization:9]}\n  d: {operators: [70]}");
    let said = space.run(&["plan", "experiments/x"]);
    assert!(said.stderr.contains("there is no realization 9"), "{}", said.stderr);
    let space = self::space("  d: {operators: [70]}");
    let said = space.run(&["plan", "experiments/x"]);
    assert_eq!(said.code, Some(2));
    assert!(said.stderr.contains("there is no operator 70; there are 8"), "{}", said.stderr);
}

/// Pixels of a picture against the values of the data set, by `NumPy`: as the experiment draws it, and as it
/// is drawn from the data set alone.
#[test]
fn cells_show_the_values_of_the_data_set() {
    let space = space(
        "  still: {kind: strip, operators: [0], columns: [realization:0], times: [0], cell: {scale: 2}, \
         color: {channels: 'channel:0', map: viridis, bounds: {fixed: [-1, 1]}}}",
    );
    space.build();
    let args = [
        "render",
        "datasets/x.h5",
        "--operators",
        "[0]",
        "--columns",
        "realization:0",
        "--strip",
        "1",
        "--set",
        "times=[0]",
        "--set",
        "cell.scale=2",
        "--set",
        "color={channels: 'channel:0', map: viridis, bounds: {fixed: [-1, 1]}}",
        "-o",
        "own.png",
    ];
    space.run(&args).ok();
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let script = repository.join("tests/python/check_render.py");
    for picture in ["datasets/x.renders/still.png", "own.png"] {
        let arguments = ["datasets/x.h5", picture].map(AsRef::as_ref);
        let all = [&[script.as_os_str()], &arguments[..]].concat();
        let mut python = space.program("python3", &all);
        let out = Ran::from(python.env("PYTHONPATH", repository.join(".python")).output().unwrap());
        assert_eq!(out.ok().stdout.trim(), "256 data found as 2 × 2 pixels", "{picture}");
    }
}

#[test]
fn an_experiment_is_drawn_on_demand() {
    let space = TestSpace::changed(&[("    grid_size: 8\n", "    grid_size: 16\n")]);
    let said = space.run(&["render", "experiments/x"]);
    assert_eq!(said.code, Some(2), "{}", said.stderr);
    assert!(said.stderr.contains("has no renders"), "{}", said.stderr);
    let args = [
        "render",
        "experiments/x",
        "--operators",
        "2",
        "--columns",
        "realization:0,envelope",
        "--steps",
        "0:6:3",
        "-o",
        "own/film.apng",
    ];
    space.run(&args).ok();
    let mut decoder = png::Decoder::new(std::io::BufReader::new(
        std::fs::File::open(space.path("own/film.apng")).unwrap(),
    ));
    decoder.set_transformations(png::Transformations::EXPAND);
    let reader = decoder.read_info().unwrap();
    assert_eq!(reader.info().animation_control().unwrap().num_frames, 3);
    // What it rolled out is in the cache: one of two chunks. It is no render of the experiment.
    let left = "parameters 8, weights 1, initial_conditions 1, rollout 2, dataset 1";
    assert_eq!(space.stale(&[]), left);
    let wrong = space.run(&["render", "experiments/x", "--steps", "7", "--columns", "mean"]);
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.stderr.contains("`7` is no range of steps"), "{}", wrong.stderr);
}

#[test]
fn the_command_of_the_reference_draws_a_data_set() {
    let space = TestSpace::changed(&[("    grid_size: 8\n", "    grid_size: 16\n")]);
    space.build();
    let args = [
        "visualize-dataset",
        "--dataset",
        "datasets/x.h5",
        "--format",
        "frames",
        "--output",
        "pictures",
        "--n-operators",
        "2",
        "--display-realizations",
        "1",
        "--aggregates",
        "mean",
        "stddev",
        "--stride",
        "3",
        "--colormap",
        "magma",
        "--size",
        "32x32",
        "--device",
        "cuda",
        "--clamp-min",
        "-1",
    ];
    let said = space.run(&args).ok();
    for note in ["`--device` has no meaning here", "`--clamp-min` has no meaning here"] {
        assert!(said.stderr.contains(note), "{note}\n{}", said.stderr);
    }
    let mut names: Vec<String> = files(&space.path("pictures"))
        .iter()
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names, ["frame_0000.png", "frame_0001.png", "frame_0002.png", "frames.json"]);
    let said =
        space.run(&["visualize-dataset", "--dataset", "datasets/x.h5", "--operator-indices", "9"]);
    assert_eq!(said.code, Some(2), "{}", said.stderr);
    assert!(said.stderr.contains("there is no operator 9; there are 8"), "{}", said.stderr);
    assert!(!space.path("visualizations").exists());
}

#[test]
fn frames_of_a_longer_film_go() {
    let space = space("  film: {operators: 2, columns: [realization:0], export: frames, fps: 7}");
    space.build();
    assert_eq!(rendered(&space).len(), 9);
    assert!(space.read("datasets/x.renders/film.frames/frames.json").contains("\"fps\": 7"));
    space.write("datasets/x.renders/film.frames/notes.txt", "mine");
    space.edit("fps: 7}", "fps: 7, steps: {to: 2}}");
    space.build();
    let names = ["frame_0000.png", "frame_0001.png", "frame_0002.png", "frames.json", "notes.txt"];
    assert_eq!(rendered(&space), names.map(|name| format!("film.frames/{name}")));
}

#[test]
fn grids_of_several_sizes_have_renders_of_their_own() {
    let renders = "  a: {operators: {first: 20, grid: 8}, columns: [realization:0], export: png}\n  \
                   b: {operators: {first: 20, grid: 16}, columns: [realization:0], export: png}\n  \
                   c: {operators: 3, columns: [realization:0], export: png}";
    let space = TestSpace::changed(&[
        ("    grid_size: 8\n", "    grid_size: [8, 16]\n"),
        ("total_samples: 8\n", "total_samples: 20\n"),
        ("execution:", &format!("renders:\n{renders}\nexecution:")),
    ]);
    space.build();
    assert_eq!(rendered(&space), ["a.png", "b.png", "c.png"]);
    // The same operators in another order of chunks.
    space.edit("chunk: 4", "chunk: 3");
    space.build();
    let mixed = "operators: {indices: [0, 1, 2, 3, 4, 5, 6, 7]}";
    space.edit("operators: 3", mixed);
    let said = space.run(&["plan", "experiments/x"]);
    assert_eq!(said.code, Some(2));
    assert!(said.stderr.contains("and a render shows one grid"), "{}", said.stderr);
}

#[test]
fn a_build_takes_nothing_away_but_its_own_pictures() {
    let space = space("  still: {kind: strip, operators: 2, columns: [realization:0]}");
    space.build();
    // Another data set of the same experiment, whose name begins like this one's.
    space.build_with(&["--set", "dataset.output_path=datasets/x.seed2.h5"]);
    assert!(space.path("datasets/x.seed2.renders/still.png").exists());
    space.edit("  still:", "  other:");
    space.build();
    assert_eq!(rendered(&space), ["other.png"]);
    for name in ["x.seed2.h5", "x.seed2.renders/still.png"] {
        assert!(space.path(&format!("datasets/{name}")).exists(), "{name}");
    }
    // What a person made of a picture is theirs, also when nothing is to be made.
    space.write("datasets/x.renders/other.png", "mine");
    let said = space.run(&["build", "experiments/x"]).ok();
    assert!(
        said.stderr.contains("other.png` was written or changed by somebody else"),
        "{}",
        said.stderr
    );
    assert_eq!(space.read("datasets/x.renders/other.png"), "mine");
}

#[test]
fn one_realization_is_enough() {
    let space = TestSpace::changed(&[("num_realizations: 2", "num_realizations: 1")]);
    space.build();
    let args = [
        "visualize-dataset",
        "--dataset",
        "datasets/x.h5",
        "--format",
        "frames",
        "--output",
        "p",
        "--n-operators",
        "2",
    ];
    space.run(&args).ok();
    assert_eq!(files(&space.path("p")).len(), 9);
    let args = ["render", "experiments/x", "--operators", "0,1", "--strip", "3", "-o", "s.png"];
    space.run(&args).ok();
    std::fs::remove_file(space.path("s.png")).unwrap();
    // Everything is in the cache now, and the file is written all the same.
    space.run(&args).ok();
    assert!(space.path("s.png").exists());
    let args = [
        "render",
        "experiments/x",
        "--operators",
        "[0]",
        "--columns",
        "mean",
        "-o",
        "folder",
        "--json",
    ];
    let said = space.json(&args);
    assert_eq!(files(&space.path("folder")).len(), 9);
    assert!(said["outputs"][0]["bytes"].as_u64().unwrap() > 9 * 500, "{said}");
    space.build();
    assert!(space.path("s.png").exists() && space.path("folder").exists());
}
