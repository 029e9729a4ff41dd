use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::gallery::pixels;
use crate::report::REFERENCE;
use crate::space::{TestSpace, finish};

/// What `report SUBJECT --figures figures` writes: name → note, all files of which are sound.
#[track_caller]
fn figures(space: &TestSpace, subject: &str) -> BTreeMap<String, String> {
    let folder = space.path("figures");
    let _ = fs::remove_dir_all(&folder);
    let said = space.json(&["report", subject, "--figures", "figures", "--json"]);
    let page = space.read(said["output"].as_str().unwrap());
    let mut files = 0;
    let found: BTreeMap<String, String> = said["figures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|figure| {
            let text = |name: &str| figure[name].as_str().unwrap().to_owned();
            let (name, title) = (text("name"), text("title"));
            let paths: Vec<PathBuf> =
                serde_json::from_value(figure["files"].clone()).expect("a list of paths");
            let expected = ["svg", "png"].map(|end| format!("figures/{name}.{end}"));
            assert_eq!(paths, expected.map(PathBuf::from));
            files += paths.len();
            let svg = space.read(paths[0].to_str().unwrap());
            let tree = roxmltree::Document::parse(&svg).unwrap();
            let own = tree.root_element().first_element_child().unwrap();
            assert_eq!((own.tag_name().name(), own.text()), ("title", Some(title.as_str())));
            assert!(svg.contains("@media (prefers-color-scheme:dark)") && !svg.contains("var("));
            // Not one colour alone.
            let bytes = pixels(&fs::read(space.path(paths[1].to_str().unwrap())).unwrap());
            assert!(bytes.chunks(3).any(|pixel| pixel != [255; 3]), "{name}");
            // The page has it once.
            let place = format!("<figure id=\"figure-{name}\">");
            assert_eq!(page.matches(&place).count(), 1, "{name}");
            assert!(!text("note").is_empty());
            (name, text("note"))
        })
        .collect();
    assert_eq!(page.matches("<figure id=\"figure-").count(), found.len());
    let there = fs::read_dir(&folder).map_or(0, Iterator::count);
    assert_eq!((there, files), (2 * found.len(), 2 * found.len()), "names are different");
    found
}

fn names(figures: &BTreeMap<String, String>) -> Vec<&str> {
    figures.keys().map(String::as_str).collect()
}

/// `tests/python/check_figures.py`: how many numbers of which figure it compared.
fn compared(space: &TestSpace) -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let script = root.join("tests/python/check_figures.py");
    let mut command = space.program("python3", &[script.as_path(), Path::new("datasets/x.h5")]);
    command.arg("figures").env("PYTHONPATH", root.join(".python"));
    serde_json::from_str(&finish(command).ok().stdout).unwrap()
}

#[test]
fn rollouts_with_features_have_every_figure_and_its_numbers_are_theirs() {
    // Some states pass this limit.
    let limit = "  num_timesteps: 8\n  rollout: {blowup_limit: 3.2}\n";
    let space = TestSpace::changed(&[
        ("  num_timesteps: 8\n", limit),
        ("grid_size: 8", "grid_size: 16"),
        ("total_samples: 8", "total_samples: 24"),
    ]);
    let text = space.read("experiments/x.yaml");
    space.write("experiments/x.yaml", format!("features: {{}}\n{text}"));
    space.build();
    let found = figures(&space, "experiments/x");
    let expected = [
        "correlation",
        "coverage",
        "divergence",
        "features_causality",
        "features_cross_channel",
        "features_invariant_drift",
        "features_operator_sensitivity",
        "features_spatial",
        "features_spectral",
        "features_temporal",
        "price",
        "quality",
        "rollouts",
        "spectra",
        "timeline",
    ];
    assert_eq!(names(&found), expected);
    assert!(found["divergence"].contains("of its worst realization"));
    assert!(found["features_invariant_drift"].contains("Shown: 27 of "));
    let numbers = compared(&space);
    // Five metrics of three policies; where all operators of one are beyond the limit, no point.
    assert!(numbers["rollouts"].as_u64().unwrap() > 5 * 2 * 8, "{numbers}");
    assert!(numbers["divergence"].as_u64().unwrap() >= 8, "{numbers}");
    assert!(numbers["features"].as_u64().unwrap() > 100, "{numbers}");
    // The data set by itself: the same, but for the build.
    let alone = figures(&space, "datasets/x.h5");
    let build = ["price", "timeline"];
    let rest: Vec<&str> = names(&found).into_iter().filter(|name| !build.contains(name)).collect();
    assert_eq!(names(&alone), rest);
}

#[test]
fn single_states_have_no_figure_of_time() {
    let space = TestSpace::changed(&[
        ("num_timesteps: 8", "num_timesteps: 1"),
        ("grid_size: 8", "grid_size: [8, 12]"),
    ]);
    space.build();
    let found = figures(&space, "experiments/x");
    assert_eq!(names(&found), ["coverage", "price", "quality", "spectra", "timeline"]);
    assert_eq!(found["spectra"], "The first channel of the first realization.");
}

#[test]
fn what_is_not_stored_is_not_drawn() {
    let space = TestSpace::new();
    let text = space.read("experiments/x.yaml");
    let less =
        "  storage: {store_trajectories: false}\n  metadata: {include_sampling_metrics: false}\n";
    space.write("experiments/x.yaml", format!("{text}{less}"));
    space.build();
    let found = figures(&space, "experiments/x");
    assert_eq!(names(&found), ["coverage", "price", "rollouts", "timeline"]);
    assert!(found["rollouts"].contains("Every state is sound"));
    assert_eq!(compared(&space)["rollouts"], 5 * 3 * 8);
}

#[test]
fn an_edit_has_a_price_and_builds_are_compared() {
    let space = TestSpace::new();
    // Nothing is built: the size of what is to be made.
    let before = figures(&space, "experiments/x");
    assert_eq!(names(&before), ["price"]);
    assert!(before["price"].contains("before compression"), "{before:?}");
    space.build();
    let price = |space: &TestSpace| {
        let text = space.read("figures/price.svg");
        let tree = roxmltree::Document::parse(&text).unwrap();
        let say = tree.descendants().find(|node| node.tag_name().name() == "desc").unwrap();
        say.text().unwrap().to_owned()
    };
    assert!(figures(&space, "experiments/x")["price"].contains("the time of workers for it"));
    assert!(price(&space).starts_with("17 of 17 artifacts made, "), "{}", price(&space));
    // The rollouts and the data set are to be made again.
    space.edit("    num_layers: 1", "    num_layers: 2");
    let ahead = figures(&space, "experiments/x");
    assert!(ahead["price"].contains("estimated from what the last build took"));
    let (make, said) = (space.stale(&[]), price(&space));
    assert!(said.contains(" of 17 artifacts to make, about "), "{said}: {make}");
    space.build();
    let found = figures(&space, "experiments/x");
    assert!(found.contains_key("builds") && found.contains_key("timeline"), "{found:?}");
    let builds = space.read("figures/builds.svg");
    assert!(builds.contains(">17 of 17<"), "{builds}");
    // No log: what is left of it is the data set.
    fs::remove_dir_all(space.path("cache/log")).unwrap();
    let found = figures(&space, "experiments/x");
    assert_eq!(names(&found), ["coverage", "quality", "rollouts", "spectra"]);
}

#[test]
fn a_data_set_of_the_reference_has_figures_too() {
    let space = TestSpace::new();
    let mut command = space.program("python3", &["-c", REFERENCE]);
    command.env("PYTHONPATH", Path::new(env!("CARGO_MANIFEST_DIR")).join(".python"));
    finish(command).ok();
    let found = figures(&space, "reference.h5");
    assert_eq!(names(&found), ["coverage", "spectra"]);
    assert!(found["spectra"].contains("Shown: 24 of 30 operators"));
    assert!(space.read("figures/coverage.svg").contains(">u3<"));
}

#[test]
fn formats_are_chosen_and_what_cannot_be_written_is_said() {
    let space = TestSpace::new();
    space.build();
    for (format, end) in [("svg", "svg"), ("png", "png")] {
        let folder = format!("out/{format}");
        let args = ["report", "experiments/x", "--figures", &folder, "--format", format];
        space.run(&args).ok().says(&["wrote ", &folder]);
        let names = fs::read_dir(space.path(&folder)).unwrap();
        let ends: Vec<_> = names.map(|entry| entry.unwrap().path()).collect();
        assert!(ends.len() > 4 && ends.iter().all(|path| path.extension().unwrap() == end));
    }
    space.run(&["report", "experiments/x", "--format", "svg"]).fails(2, &["--figures"]);
    space.write("taken", "a file");
    space.run(&["report", "experiments/x", "--figures", "taken"]).fails(3, &["taken"]);
}
