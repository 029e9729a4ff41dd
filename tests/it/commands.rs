//! Every command: what it prints, in which form, and how it exits.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use spinlock::artifact::KINDS;

use crate::space::{BASE, BASE_ARTIFACTS, TestSpace, count, damage};

/// Names of an object's fields, in their order.
fn fields(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

fn texts<'a>(values: &'a Value, field: &str) -> Vec<&'a str> {
    values.as_array().unwrap().iter().map(|v| v[field].as_str().unwrap()).collect()
}

const KIND_NAMES: [&str; 8] = [
    "parameters",
    "weights",
    "initial_conditions",
    "rollout",
    "features",
    "statistics",
    "render",
    "dataset",
];

fn is_hash(value: &Value) -> bool {
    value.as_str().is_some_and(|v| v.len() == 64 && v.bytes().all(|c| c.is_ascii_hexdigit()))
}

#[test]
fn a_plan_as_json_has_the_documented_form() {
    assert_eq!(KINDS.map(|kind| kind.name), KIND_NAMES);
    let space = TestSpace::new();
    space.build();
    // One of everything: rollouts of longer ones are stale, or wait for those before them.
    space.edit("num_timesteps: 8", "num_timesteps: 16");
    let plan = space.json(&["plan", "experiments/x", "--json"]);
    assert_eq!(fields(&plan)[..5], ["schema", "experiment", "totals", "by_kind", "nodes"]);
    assert_eq!(fields(&plan)[5..], ["edits", "groups", "notes", "predicted"]);
    assert_eq!(plan["experiment"], "experiments/x.yaml");
    assert_eq!(plan["totals"], json!({"cached": 16, "stale": 2, "blocked": 3}));
    assert_eq!(fields(&plan["by_kind"]), KIND_NAMES);
    for kind in plan["by_kind"].as_object().unwrap().values() {
        assert_eq!(fields(kind), ["cached", "stale", "blocked", "bytes"]);
    }
    let rollouts = &plan["by_kind"]["rollout"];
    assert_eq!([&rollouts["cached"], &rollouts["stale"], &rollouts["blocked"]], [4, 2, 2]);
    // Four realizations of a chunk's state of 2 x 8 x 8 floats, two chunks of two segments.
    assert!(count(&rollouts["bytes"]) >= 4 * 4 * 2 * 4 * 2 * 8 * 8 * 4);
    assert_eq!(plan["by_kind"]["weights"]["bytes"], 0);

    let nodes = plan["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), 21);
    for node in nodes {
        assert_eq!(fields(node), ["key", "kind", "label", "state", "reason"]);
        assert!(is_hash(&node["key"]), "{node}");
        assert!(KIND_NAMES.contains(&node["kind"].as_str().unwrap()));
        assert!(!node["reason"].as_str().unwrap().is_empty());
    }
    let state = |label: &str| {
        let node = nodes.iter().find(|node| node["label"] == label);
        let node = node.unwrap_or_else(|| panic!("no {label}"));
        (node["state"].as_str().unwrap(), node["reason"].as_str().unwrap())
    };
    assert_eq!(state("rollout/ops4-7/m0-1/t4-7"), ("cached", "in the cache"));
    assert_eq!(state("rollout/ops4-7/m0-1/t8-11"), ("stale", "not built yet"));
    assert_eq!(
        state("rollout/ops4-7/m0-1/t12-15"),
        ("blocked", "waits for rollout/ops4-7/m0-1/t8-11")
    );
    assert_eq!(state("dataset").0, "blocked");
    assert_eq!(state("parameters/ops0-3/evolution").0, "cached");
}

#[test]
fn labels_say_operators_realizations_and_states() {
    let space = TestSpace::changed(&[
        ("total_samples: 8", "total_samples: 70"),
        ("num_realizations: 2", "num_realizations: 7"),
        ("num_timesteps: 8", "num_timesteps: 65"),
        (
            "execution: {chunk: 4, realization_block: 2, segment: 4}",
            "execution: {chunk: 32, realization_block: 5, segment: 64}",
        ),
    ]);
    let plan = space.json(&["plan", "experiments/x", "--json"]);
    let labels = texts(&plan["nodes"], "label");
    for label in [
        "parameters/ops0-31/architecture",
        "weights/ops32-63",
        "initial_conditions/ops64-69",
        "rollout/ops32-63/m0-4/t0-63",
        "rollout/ops64-69/m5-6/t64-64",
        "dataset",
    ] {
        assert!(labels.contains(&label), "{label} in {labels:?}");
    }
}

#[test]
fn a_plan_for_people_says_what_and_why() {
    let space = TestSpace::new();
    let text = space.run(&["plan", "experiments/x"]).ok().stdout;
    assert!(text.contains("experiments/x.yaml: 8 operators on cpu"), "{text}");
    assert!(text.contains("parameters ×8: not built yet\nweights ×2: not built yet\n"), "{text}");
    space.build();
    let text = space.run(&["plan", "experiments/x"]).ok().stdout;
    assert!(text.contains("up to date"), "{text}");
}

#[test]
fn a_build_as_json_has_the_documented_form() {
    let space = TestSpace::new();
    let report = space.build().0;
    for field in ["schema", "built", "cached", "failed", "outputs", "wall_s", "stages"] {
        assert!(fields(&report).contains(&field), "{field}");
    }
    for counts in ["built", "cached", "busy_s"] {
        assert_eq!(fields(&report[counts]), KIND_NAMES);
    }
    assert_eq!(report["built"]["features"], 0);
    assert_eq!(report["failed"], json!([]));
    let [output] = report["outputs"].as_array().unwrap().as_slice() else { panic!("{report}") };
    assert_eq!(fields(output), ["path", "kind", "digest", "bytes"]);
    let path = space.root().canonicalize().unwrap().join("datasets/x.h5");
    assert_eq!(output["path"], path.to_str().unwrap());
    assert_eq!(output["bytes"], fs::metadata(&path).unwrap().len());
    assert!(is_hash(&output["digest"]));
    assert_eq!(fields(&report["stages"]), ["start", "plan", "compute", "assemble", "finish"]);
    let stages: f64 =
        report["stages"].as_object().unwrap().values().map(|s| s.as_f64().unwrap()).sum();
    let wall = report["wall_s"].as_f64().unwrap();
    assert!(stages >= 0.99 * wall && stages <= 1.01 * wall, "{stages} of {wall}");
}

#[test]
fn several_experiments_are_built_by_one_command() {
    let space = TestSpace::new();
    space.write(
        "experiments/folder/experiment.yaml",
        BASE.replace("datasets/x.h5", "datasets/y.h5")
            .replace("total_samples: 8", "total_samples: 12"),
    );
    let args = ["build", "experiments/x.yaml", "experiments/folder", "-j1", "--json"];
    let report = crate::space::Built(space.json(&args));
    // The second one shares two chunks with the first.
    assert_eq!(
        report.built(),
        "parameters 12, weights 3, initial_conditions 3, rollout 6, dataset 2"
    );
    assert_eq!(report.cached(), "parameters 8, weights 2, initial_conditions 2, rollout 4");
    assert_eq!(report.0["outputs"].as_array().unwrap().len(), 2);
    assert!(space.path("datasets/y.h5").exists());
}

#[test]
fn data_go_to_standard_output_and_messages_to_standard_error() {
    let space = TestSpace::new();
    let ran = space.run(&["build", "experiments/x", "-j1"]).ok();
    assert_eq!(ran.stdout, "");
    assert!(ran.stderr.contains("built 17 in "), "{}", ran.stderr);
    assert!(!ran.stderr.contains('\x1b') && !ran.stderr.contains('\r'), "{:?}", ran.stderr);
    let ran = space.run(&["build", "experiments/x"]).ok();
    assert!(ran.stderr.contains("up to date: 17 artifacts"), "{}", ran.stderr);
}

#[test]
fn explain_names_the_values_that_changed() {
    let space = TestSpace::new();
    space.build();
    let text = space.run(&["explain", "experiments/x"]).ok().stdout;
    assert_eq!(text, "everything is up to date\n");
    space.edit(
        "alpha: {type: continuous, bounds: [0.1, 0.9]}",
        "alpha: {type: continuous, bounds: [0.2, 0.9]}",
    );
    let args = ["explain", "experiments/x", "--json"];
    let all = space.json(&args);
    let explained = |label: &str| -> Vec<String> {
        let artifacts = all["artifacts"].as_array().unwrap();
        let one = artifacts.iter().find(|a| a["node"]["label"] == label);
        let one = one.unwrap_or_else(|| panic!("no {label} in {all}"));
        assert_eq!(one["against"], "the last build");
        texts(&one["lines"], "field").into_iter().map(str::to_owned).collect()
    };
    assert_eq!(explained("parameters/ops0-3/evolution"), ["alpha"]);
    let rollout = explained("rollout/ops0-3/m0-1/t0-3");
    assert!(
        rollout.iter().all(|f| f.starts_with("operator ") && f.ends_with(" alpha")),
        "{rollout:?}"
    );
    assert!(!rollout.is_empty());
    // Of the data set, the experiment's own value and the artifacts that changed with it.
    let dataset = explained("dataset");
    assert_eq!(dataset[0], "parameter_space.evolution.alpha.bounds");
    let mut changed = dataset[1..].to_vec();
    changed.sort();
    assert_eq!(
        changed,
        [
            "parameters/ops0-3/evolution",
            "parameters/ops4-7/evolution",
            "rollout/ops0-3/m0-1/t0-3",
            "rollout/ops0-3/m0-1/t4-7",
            "rollout/ops4-7/m0-1/t0-3",
            "rollout/ops4-7/m0-1/t4-7",
        ]
    );

    // By label, by key, by a beginning; for people.
    let text = space.run(&["explain", "experiments/x", "parameters/ops4-7/e"]).ok().stdout;
    assert!(text.contains("its recipe changed since the last build"), "{text}");
    assert!(text.contains("alpha: ") && text.contains(" → "), "{text}");
    let key = all["artifacts"][0]["node"]["key"].as_str().unwrap();
    let one = space.json(&["explain", "experiments/x", &key[..12], "--json"]);
    assert_eq!(one["artifacts"][0]["node"]["key"], key);
    space.run(&["explain", "experiments/x", "rollout"]).fails(2, &["is the beginning of 4 labels"]);
    space.run(&["explain", "experiments/x", "nonsense"]).fails(2, &["no artifact is called"]);
}

#[test]
fn the_graph_is_drawn_in_every_format() {
    let space = TestSpace::new();
    let graph =
        |args: &[&str]| space.run(&[&["graph", "experiments/x"], args].concat()).ok().stdout;
    let dot = graph(&[]);
    assert!(dot.starts_with("digraph spinlock {\n") && dot.ends_with("}\n"), "{dot}");
    // Four groups of parameters, and a box for each other kind.
    assert_eq!(dot.matches("label=").count(), 8);
    assert!(dot.contains("label=\"rollout\\n×4\\n4 blocked\""), "{dot}");
    assert!(dot.contains("label=\"parameters/evolution\\n×2\\n2 stale\""), "{dot}");
    let all = graph(&["--format", "dot", "--all"]);
    assert_eq!(all.matches("label=").count(), 17);
    assert_eq!(dot.matches('{').count(), dot.matches('}').count());

    let mermaid = graph(&["--format", "mermaid"]);
    assert!(mermaid.starts_with("flowchart LR\n"), "{mermaid}");
    assert!(mermaid.contains("n6[\"rollout<br/>×4<br/>4 blocked\"]:::blocked"), "{mermaid}");
    assert!(mermaid.contains("n6 --> n7"), "{mermaid}");

    let json: Value = serde_json::from_str(&graph(&["--format", "json"])).unwrap();
    assert_eq!(json["schema"], 1);
    assert_eq!(json["nodes"].as_array().unwrap().len(), 17);
    let keys = texts(&json["nodes"], "key");
    let edges = json["edges"].as_array().unwrap();
    // Rollouts have two inputs each, the data set everything but weights.
    assert_eq!(edges.len(), 4 * 2 + 14);
    for edge in edges {
        assert!([0, 1].iter().all(|end| keys.contains(&edge[end].as_str().unwrap())));
    }

    let groups = json["groups"].as_array().unwrap();
    assert_eq!(groups.len(), 8);
    let rollout = groups.iter().find(|group| group["group"] == "rollout").unwrap();
    assert_eq!([&rollout["count"], &rollout["blocked"], &rollout["cached"]], [4, 4, 0]);
    let arrows = json["group_edges"].as_array().unwrap();
    assert!(arrows.contains(&serde_json::json!(["weights", "rollout"])), "{arrows:?}");

    // What is too much for a picture is refused there, and drawn in groups.
    let many = ["--set", "sampling.total_samples=200"];
    space
        .run(&[&["graph", "experiments/x", "--all", "--format", "svg"][..], &many].concat())
        .fails(2, &["401 artifacts are too many for one picture", "leave `--all` out"]);
    let svg = graph(&[&["--format", "svg"][..], &many].concat());
    assert!(svg.contains(">×100</text>") && svg.len() < 10_000, "{svg}");
    let svg = graph(&["--format", "svg", "--all"]);
    assert_eq!(svg.matches("font-weight").count(), 17);
    let svg = graph(&["--format", "svg"]);
    assert!(svg.starts_with("<svg xmlns=") && svg.ends_with("</svg>\n"), "{svg}");
    assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
    assert!(svg.contains(">initial_conditions</text>"), "{svg}");
    space.run(&["graph", "experiments/x", "--format", "png"]).fails(2, &["png"]);
}

#[test]
fn lists_name_what_an_experiment_can_say() {
    let space = TestSpace::new();
    let all = space.json(&["list", "--json"]);
    let kinds = ["ics", "blocks", "features", "renders", "kinds", "samplers", "colormaps"];
    assert_eq!(fields(&all)[1..], kinds);
    assert_eq!(texts(&all["kinds"], "name"), KIND_NAMES);
    assert!(texts(&all["ics"], "name").contains(&"gaussian_random_field"));
    let samplers = ["sobol", "latin_hypercube", "halton", "uniform"];
    assert_eq!(texts(&all["samplers"], "name"), samplers);
    for what in kinds {
        let one = space.json(&["list", what, "--json"]);
        assert_eq!(one[what], all[what]);
        assert!(texts(&one[what], "summary").iter().all(|text| !text.is_empty()));
        let text = space.run(&["list", what]).ok().stdout;
        assert_eq!(text.lines().count(), one[what].as_array().unwrap().len());
    }
    let blocks = ["conv", "residual", "downsample", "upsample", "stochastic", "output"];
    assert_eq!(texts(&all["blocks"], "name"), blocks);
    let text = space.run(&["list", "blocks"]).ok().stdout;
    for (name, formula) in blocks.iter().zip(texts(&all["blocks"], "formula")) {
        let line = text.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap();
        assert!(formula.starts_with("y = ") && line.ends_with(formula), "{line}");
    }
    let text = space.run(&["list", "ics"]).ok().stdout;
    assert!(
        text.starts_with(
            "gaussian_random_field    baseline cheap      stationary Gaussian field with a Gaussian or \
             Matérn covariance; Σ A(m) "
        ),
        "{text}"
    );
    for family in all["ics"].as_array().unwrap() {
        assert_eq!(fields(family), ["name", "summary", "tier", "cost", "formula"]);
    }
    let maps = space.run(&["list", "colormaps"]).ok().stdout;
    assert!(maps.contains("coolwarm                 diverging"), "{maps}");
    space.run(&["list", "colours"]).fails(2, &["colours", "ics"]);
}

#[test]
fn info_describes_a_data_set_by_file_and_by_experiment() {
    let space = TestSpace::new();
    space.run(&["info", "experiments/x"]).fails(2, &["is not built yet", "spinlock build"]);
    let digest = space.build().digest();
    let info = space.json(&["info", "datasets/x.h5", "--json"]);
    assert_eq!(info["digest"], digest);
    let shape = ["operators", "realizations", "steps", "channels"].map(|name| count(&info[name]));
    assert_eq!(shape, [8, 2, 8, 2]);
    let by_experiment = space.json(&["info", "experiments/x", "--json"]);
    assert_eq!(by_experiment["digest"], digest);
    let text = space.run(&["info", "datasets/x.h5"]).ok().stdout;
    for part in
        ["8 points, 5 sampled parameters", "centred discrepancy CD²", "of random points", "(base_"]
    {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    let metrics = &info["sampling_metrics"];
    for path in ["discrepancy/wd2", "correlation/max_abs", "projection/cd2"] {
        let metric = metrics.pointer(&format!("/{path}")).unwrap();
        let [value, expected, ratio] =
            ["value", "expected", "ratio"].map(|name| metric[name].as_f64().unwrap());
        assert!((value / expected - ratio).abs() < 1e-12, "{path}: {metric}");
    }
    assert_eq!(metrics["projection"]["worst"].as_array().unwrap().len(), 2);
    assert!(text.contains(&digest[..12]), "{text}");

    let row = space.json(&["info", "datasets/x.h5", "--row", "3", "--json"]);
    assert_eq!(row["operator"], 3);
    assert_eq!(row["metadata"]["grid_size"], "8");
    assert!(space.run(&["info", "datasets/x.h5", "--row", "3"]).ok().stdout.contains("alpha"));
    space.run(&["info", "datasets/x.h5", "--row", "8"]).fails(2, &["8"]);
    // Where nothing is sampled there are neither coordinates nor measures.
    space.write("experiments/y.yaml", "execution: {chunk: 4}\nsampling: {total_samples: 4}\n");
    space.run(&["build", "experiments/y", "-j1"]).ok();
    let row = space.json(&["info", "experiments/y", "--row", "3", "--json"]);
    assert_eq!(row["coordinates"], serde_json::json!({}));
    let text = space.run(&["info", "experiments/y"]).ok().stdout;
    assert!(text.contains("quality of the sample\n  nothing is sampled\n"), "{text}");
    space.run(&["info", "datasets/none.h5"]).fails(3, &["datasets/none.h5"]);
    space.write("datasets/text.h5", "no data");
    let ran = space.run(&["info", "datasets/text.h5"]);
    assert!(matches!(ran.code, Some(2 | 4)), "{ran:?}");
}

#[test]
fn a_data_set_full_of_trivial_dynamics_is_seen() {
    let space =
        TestSpace::changed(&[("    channels: 2\n", "    channels: 2\n    normalization: none\n")]);
    let advice = "8 of 8 operators, iterated without noise, wear their input away";
    space.run(&["build", "experiments/x"]).ok().says(&[advice, "`normalization: instance`"]);
    let dynamics = space.json(&["info", "experiments/x", "--json"])["dynamics"].take();
    assert_eq!(["operators", "measured", "collapsed"].map(|name| count(&dynamics[name])), [8; 3]);
    assert_eq!(dynamics["by"]["normalization"]["none"]["collapsed"], 8);
    let text = space.run(&["info", "experiments/x"]).ok().stdout;
    assert!(text.contains("collapse to a uniform state  8 of 8"), "{text}");
    let row = space.row(3);
    assert_eq!(row["collapsed"], true);
    let gain = row["one_step_gain"].as_f64().unwrap();
    // It is there without trajectories too; up to date, a build says nothing.
    space.edit("  output_path", "  storage: {store_trajectories: false}\n  output_path");
    let advised = || {
        let notes = space.build().0["notes"].take();
        notes.as_array().unwrap().iter().any(|note| note.as_str().unwrap().starts_with(advice))
    };
    assert!(advised());
    assert_eq!(space.row(3)["one_step_gain"].as_f64(), Some(gain));
    assert!(!advised());
    // Operators that keep their structure need no advice; nothing is iterated at T = 1.
    for (from, to) in [
        ("normalization: none", "normalization: instance"),
        ("num_timesteps: 8", "num_timesteps: 1"),
    ] {
        space.edit(from, to);
        assert!(!advised());
    }
    let row = space.row(3);
    assert_eq!(row["collapsed"], Value::Null);
    assert!(row["one_step_gain"].as_f64().unwrap() > gain);
}

#[test]
fn validate_passes_what_was_built_and_finds_a_flipped_bit() {
    let space = TestSpace::new();
    let digest = space.build().digest();
    let report = space.json(&["validate", "datasets/x.h5", "--json"]);
    assert_eq!((&report["failed"], &report["digest"]), (&json!([]), &json!(digest)));
    let text = space.run(&["validate", "datasets/x.h5"]).ok().stdout;
    assert!(text.contains("passed  digest"), "{text}");
    // Encoded states lie in the file as they lie in the cache.
    let part = fs::read(space.find("cache/objects/rollout", &["part-0.bin"])).unwrap();
    let file = fs::read(space.path("datasets/x.h5")).unwrap();
    let at = file.windows(64).position(|window| window == &part[..64]).expect("copied as it is");
    damage(&space.path("datasets/x.h5"), at + 32);
    let ran = space
        .run(&["validate", "datasets/x.h5", "--json"])
        .fails(4, &["is damaged", "build it again"]);
    assert_ne!(ran.json()["failed"], json!([]));
    // Building again puts it right.
    assert_eq!(
        space
            .build()
            .is("dataset 1", "parameters 8, weights 2, initial_conditions 2, rollout 4")
            .digest(),
        digest
    );
    space.run(&["validate", "datasets/x.h5"]).ok();
}

#[test]
fn diff_compares_data_sets_and_experiments() {
    let space = TestSpace::new();
    space.build();
    let edit = BASE.replace("datasets/x.h5", "datasets/y.h5").replace("[0.1, 0.9]", "[0.2, 0.9]");
    space.write("experiments/y.yaml", &edit);
    space.run(&["build", "experiments/y", "-j1"]).ok();

    let same = space.json(&["diff", "datasets/x.h5", "datasets/x.h5", "--json"]);
    assert_eq!(same["same"], true);
    let data = space.json(&["diff", "datasets/x.h5", "datasets/y.h5", "--json"]);
    assert_eq!(data["same"], false);
    let changed = texts(&data["changed"], "path");
    assert!(changed.contains(&"/outputs/fields"), "{changed:?}");
    assert!(!changed.contains(&"/inputs/fields"), "{changed:?}");
    let text = space.run(&["diff", "datasets/x.h5", "datasets/y.h5"]).ok().stdout;
    assert!(text.contains("/parameters/values/alpha"), "{text}");

    let experiments = space.json(&["diff", "experiments/x", "experiments/y", "--json"]);
    assert_eq!(experiments["equal"], false);
    let paths = texts(&experiments["changes"], "path");
    assert_eq!(paths, ["parameter_space.evolution.alpha.bounds"]);
    let text = space.run(&["diff", "experiments/x", "experiments/y"]).ok().stdout;
    assert_eq!(text, "parameter_space.evolution.alpha.bounds: [0.1,0.9] → [0.2,0.9]\n");
    space.write("experiments/z.yaml", format!("# another name\n{BASE}"));
    let text = space.run(&["diff", "experiments/x", "experiments/z"]).ok().stdout;
    assert_eq!(text, "the two experiments define the same data\n");
    space.run(&["diff", "experiments/x", "datasets/x.h5"]).fails(2, &["the other an experiment"]);
}

#[test]
fn config_show_prints_the_effective_experiment_and_where_it_comes_from() {
    let space = TestSpace::new();
    space.write("configs/more.yaml", "sampling: {total_samples: 16}\n");
    space.edit("parameter_space:", "extends: configs/more\nparameter_space:");
    space.edit("sampling:\n  total_samples: 8\n", "");
    let shown = space.run(&["config", "show", "experiments/x"]).ok().stdout;
    assert!(shown.contains("  total_samples: 16\n"), "{shown}");
    assert!(!shown.contains('#'), "{shown}");
    let args =
        ["config", "show", "experiments/x", "--origin", "--set", "simulation.num_timesteps=3"];
    let origins = space.run(&args).ok().stdout;
    let origin = |key: &str| {
        let line = origins.lines().find(|line| line.trim_start().starts_with(key));
        line.unwrap_or_else(|| panic!("{key} in {origins}")).rsplit("# ").next().unwrap().to_owned()
    };
    assert_eq!(origin("total_samples:"), "configs/more.yaml:1");
    assert_eq!(origin("num_layers:"), "experiments/x.yaml:4");
    assert_eq!(origin("kernel_size:"), "default");
    assert!(origin("num_timesteps:").contains("--set"), "{origins}");
    let json = space.json(&["config", "show", "experiments/x", "--json"]);
    assert_eq!(json["experiment"]["sampling"]["total_samples"], 16);
    assert_eq!(json["precision"], "float32");

    // What it prints defines the same data as what it was made from.
    space.write("experiments/shown.yaml", shown);
    let text = space.run(&["diff", "experiments/x", "experiments/shown"]).ok().stdout;
    assert_eq!(text, "the two experiments define the same data\n");
}

#[test]
fn the_schema_is_json() {
    let space = TestSpace::new();
    let ran = space.run(&["schema"]).ok();
    let schema: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(schema["$schema"].as_str().unwrap().starts_with("https://json-schema.org/"));
    assert!(schema["properties"]["parameter_space"].is_object());
    let page = space.run(&["schema", "--markdown"]).ok().stdout;
    assert!(page.starts_with("# Experiment files\n"));
}

#[test]
fn init_makes_an_experiment_that_builds() {
    let space = TestSpace::new();
    let ran = space.run(&["init", "mine"]).ok();
    assert!(ran.stderr.contains("experiments/mine.yaml"), "{}", ran.stderr);
    space.run(&["init", "mine"]).fails(2, &["exists already"]);
    space.run(&["init", "../mine"]).fails(2, &["is no name for an experiment"]);
    // Smaller, to be quick.
    let smaller = [
        "--set",
        "parameter_space.operator.grid_size=8",
        "--set",
        "sampling.total_samples=2",
        "--set",
        "parameter_space.architecture.base_channels=2",
    ];
    space.run(&[&["build", "experiments/mine", "-j1"], &smaller[..]].concat()).ok();
    space.run(&["validate", "datasets/mine.h5"]).ok();
}

#[test]
fn completions_and_manual_pages_know_every_command() {
    let space = TestSpace::new();
    let commands = [
        "build",
        "plan",
        "explain",
        "graph",
        "list",
        "info",
        "validate",
        "diff",
        "config",
        "schema",
        "init",
        "cache",
        "completions",
        "man",
        "generate",
    ];
    for shell in ["bash", "zsh", "fish"] {
        let text = space.run(&["completions", shell]).ok().stdout;
        assert!(commands.iter().all(|command| text.contains(command)), "{shell}");
    }
    let page = space.run(&["man"]).ok().stdout;
    assert!(page.contains(".TH spinlock 1"), "{page}");
    space.run(&["man", "--output", "man"]).ok();
    for command in commands {
        assert!(space.path(&format!("man/spinlock-{command}.1")).exists(), "{command}");
    }
}

#[test]
fn generate_is_a_build_with_the_options_of_the_python_reference() {
    let space = TestSpace::new();
    let ran = space.run(&[
        "generate",
        "--config",
        "experiments/x.yaml",
        "--total-samples",
        "5",
        "--batch-size",
        "2",
        "--output",
        "datasets/other.h5",
        "--device",
        "cpu",
    ]);
    ran.ok().says(&["`--batch-size` has no meaning here"]);
    let info = space.json(&["info", "datasets/other.h5", "--json"]);
    assert_eq!(info["operators"], 5);
    assert!(!space.path("experiments/x.lock").exists());
    space.run(&["generate"]).fails(2, &["--config"]);
    let dry =
        ["generate", "--config", "experiments/x.yaml", "--dry-run", "--seed", "3", "--verbose"];
    let ran = space.run(&dry).ok().says(&["sampling.sobol.seed=3"]);
    assert!(ran.stdout.contains("8 operators"), "{}", ran.stdout);
    assert!(!space.path("datasets/x.h5").exists());
}

#[test]
fn the_cache_is_looked_after() {
    let space = TestSpace::new();
    space.run(&["cache", "status"]).ok();
    assert!(!space.path("cache").exists(), "looking makes nothing");
    space.build();
    let status = space.json(&["cache", "status", "--json"]);
    assert_eq!(status["kinds"]["rollout"]["entries"], 4);
    assert_eq!(status["quarantined"], 0);
    let text = space.run(&["cache", "status"]).ok().stdout;
    assert!(text.contains("rollout") && text.contains("4 entries"), "{text}");
    let fsck = space.json(&["cache", "fsck", "--json"]);
    assert_eq!((&fsck["entries"], &fsck["damaged"]), (&json!(17), &json!([])));
    assert!(space.run(&["cache", "fsck"]).ok().stdout.contains("17 entries"));

    // Nothing goes that the experiment needs.
    assert_eq!(space.json(&["cache", "gc", "--json"])["removed"], json!([]));
    // A pin keeps what an edit leaves behind.
    space.run(&["cache", "pin", "experiments/x", "--name", "paper", "--note", "figure 3"]).ok();
    let pins = space.json(&["cache", "pin", "--json"]);
    assert_eq!(pins["pins"], json!([{"name": "paper", "note": "figure 3", "keys": 17}]));
    space.edit("[0.1, 0.9]", "[0.2, 0.9]");
    space
        .build()
        .is("parameters 2, rollout 4, dataset 1", "parameters 6, weights 2, initial_conditions 2");
    let gc = ["cache", "gc", "--keep-builds", "0", "--json"];
    assert_eq!(space.json(&gc)["removed"], json!([]));
    space.run(&["cache", "pin", "--remove", "paper"]).ok();
    space.run(&["cache", "pin", "--remove", "paper"]).fails(2, &["there is no pin `paper`"]);
    let dry = space.json(&[&gc[..], &["-n"]].concat());
    assert_eq!(dry["removed"].as_array().unwrap().len(), 7);
    assert_eq!(space.json(&["cache", "status", "--json"])["kinds"]["rollout"]["entries"], 8);
    assert_eq!(space.json(&gc)["removed"].as_array().unwrap().len(), 7);
    assert_eq!(space.json(&["cache", "status", "--json"])["kinds"]["rollout"]["entries"], 4);
    space.build().is("", BASE_ARTIFACTS);
    space.run(&["cache", "gc", "--older-than=-1"]).fails(2, &["--older-than"]);
    space.run(&["cache", "gc", "--max-size", "much"]).fails(2, &["a size is a number"]);
}

#[test]
fn another_folder_may_be_the_cache() {
    let space = TestSpace::new();
    space.build_with(&["-j1", "--cache", "elsewhere"]).is(BASE_ARTIFACTS, "");
    assert!(space.path("elsewhere/objects").exists() && !space.path("cache").exists());
    let mut command = space.command(&["plan", "experiments/x", "--json"]);
    command.env("SPINLOCK_CACHE", space.path("elsewhere"));
    let plan = crate::space::finish(command).ok().json();
    assert_eq!(plan["totals"]["cached"], 17);
    assert_eq!(space.json(&["plan", "experiments/x", "--json"])["totals"]["cached"], 0);
}

#[test]
fn a_command_may_be_given_from_another_folder() {
    let space = TestSpace::new();
    space.build();
    let mut command =
        space.command(&["-C", space.root().to_str().unwrap(), "plan", "experiments/x"]);
    command.current_dir("/");
    let ran = crate::space::finish(command).ok();
    assert!(ran.stdout.contains("up to date"), "{}", ran.stdout);
    // From below the root, paths are as a person there sees them.
    let mut command = space.command(&["plan", "x"]);
    command.current_dir(space.path("experiments"));
    assert!(crate::space::finish(command).ok().stdout.contains("up to date"));
    space.run(&["-C", "nowhere", "plan", "x"]).fails(2, &["nowhere", "-C"]);
}

#[test]
fn wrong_usage_exits_with_2() {
    let space = TestSpace::new();
    space.run(&["build", "experiments/x", "--frobnicate"]).fails(2, &["--frobnicate", "Usage"]);
    space.run(&["frobnicate"]).fails(2, &["frobnicate"]);
    space.run(&["build"]).fails(2, &["<EXPERIMENT>"]);
    space.run(&["build", "experiments/none"]).fails(2, &["experiments/none"]);
    space.run(&["build", "experiments/x", "-j0"]).fails(2, &["0"]);
    space.run(&["build", "experiments/x", "--only", "pictures"]).fails(2, &["pictures", "rollout"]);
    space.run(&["build", "experiments/x", "--set", "sampling.nothing=1"]).fails(2, &["nothing"]);
    space.run(&["build", "experiments/x", "--device", "tpu"]).fails(2, &["tpu"]);
    space.run(&["build", "experiments/x", "--precision", "int8"]).fails(2, &["int8"]);
    assert!(!space.path("cache").exists() && !space.path("datasets").exists());
    assert!(space.run(&["--version"]).ok().stdout.contains(env!("CARGO_PKG_VERSION")));
    assert!(space.run(&["--help"]).ok().stdout.contains("content-addressed cache"));
}

#[test]
fn without_a_cuda_device_a_file_gets_the_cpu_and_an_option_is_refused() {
    if Path::new("/proc/driver/nvidia/version").exists() {
        return; // This machine has one; the test is about those that have none.
    }
    let space = TestSpace::new();
    space
        .run(&["build", "experiments/x", "--device", "cuda"])
        .fails(3, &["no CUDA device", "--device cpu"]);
    space.run(&["plan", "experiments/x", "--device", "cuda:1"]).fails(3, &["no CUDA device"]);
    assert!(!space.path("datasets").exists());
    space.build();
    space.edit("device: cpu", "device: cuda");
    let ran = space.run(&["build", "experiments/x", "--json"]).ok();
    let ran = ran.says(&["warning", "no CUDA device", "runs on the CPU"]);
    crate::space::Built(ran.json()).is("", BASE_ARTIFACTS);
}
