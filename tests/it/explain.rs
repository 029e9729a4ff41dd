use serde_json::Value;

use crate::space::{BASE, TestSpace};

/// The base experiment with features, a render and a fragment, built.
fn built() -> TestSpace {
    let space = TestSpace::new();
    let noise = "  stochastic:\n    noise_type: gaussian\n    noise_scale: {type: continuous, bounds: [0.01, 0.1], log_scale: true}\n";
    space.edit(noise, "");
    space.write("configs/noise.yaml", format!("# how loud\nparameter_space:\n{noise}"));
    space.edit("parameter_space:\n", "extends: [configs/noise.yaml]\nparameter_space:\n");
    space.edit(
        "execution:",
        "features: {categories: [spatial]}\nrenders:\n  strip: {operators: [1], export: [png]}\nexecution:",
    );
    space.edit("simulation:\n", &format!("simulation:\n{INPUTS}"));
    space.build();
    space
}

const INPUTS: &str = "  inputs:
    - {type: gaussian_random_field, weight: 7}
    - {type: power_law_grf, weight: 3}
";

/// `path: before → now @ place`, of each edit.
fn edits(plan: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or("-".to_owned(), str::to_owned);
    let edit = |edit: &Value| {
        let [path, before, now, at] = ["path", "before", "now", "at"].map(|name| text(&edit[name]));
        format!("{path}: {before} → {now} @ {at}")
    };
    plan["edits"].as_array().unwrap().iter().map(edit).collect()
}

/// `group ×count because`, of each group, and the names of its edits behind a colon.
fn groups(plan: &Value) -> Vec<String> {
    let group = |group: &Value| {
        let edits: Vec<&str> =
            group["edits"].as_array().unwrap().iter().map(|e| e.as_str().unwrap()).collect();
        let names: Vec<&str> = edits.iter().map(|e| e.rsplit('.').next().unwrap()).collect();
        let (name, because) =
            (group["group"].as_str().unwrap(), group["because"].as_str().unwrap());
        format!("{name} ×{} {because}: {}", group["count"], names.join(", "))
    };
    plan["groups"].as_array().unwrap().iter().map(group).collect()
}

/// Names of the groups with this reason.
fn because(plan: &Value, reason: &str) -> Vec<String> {
    let all = plan["groups"].as_array().unwrap().iter();
    let some = all.filter(|group| group["because"] == reason);
    some.map(|group| group["group"].as_str().unwrap().to_owned()).collect()
}

fn plan(space: &TestSpace, args: &[&str]) -> Value {
    space.json(&[&["plan", "experiments/x", "--json"], args].concat())
}

/// The line of the experiment in which a text stands.
fn line(space: &TestSpace, text: &str) -> usize {
    let found = space.read("experiments/x.yaml").lines().position(|line| line.contains(text));
    found.unwrap_or_else(|| panic!("no `{text}`")) + 1
}

/// What is replaced by what, the edit, and the groups that it changes and that follow.
type Row =
    (&'static str, &'static str, &'static str, &'static [&'static str], &'static [&'static str]);

#[test]
fn every_edit_that_costs_something_is_named_with_its_place_and_its_groups() {
    let space = built();
    let before = space.read("experiments/x.yaml");
    assert_eq!(groups(&plan(&space, &[])), [""; 0]);
    let table: &[Row] = &[
        (
            "total_samples: 8",
            "total_samples: 10",
            "sampling.total_samples: 8 → 10",
            &[
                "parameters/architecture",
                "parameters/stochastic",
                "parameters/operator",
                "parameters/evolution",
                "weights",
                "initial_conditions",
                "rollout",
                "features/spatial",
                "dataset",
            ],
            &["statistics"],
        ),
        (
            "total_samples: 8",
            "total_samples: 4",
            "sampling.total_samples: 8 → 4",
            &["statistics", "dataset"],
            &[],
        ),
        (
            "num_timesteps: 8",
            "num_timesteps: 10",
            "simulation.num_timesteps: 8 → 10",
            &[
                "rollout",
                "render/strip/tally",
                "render/strip/frames",
                "render/strip.png",
                "dataset",
            ],
            &["features/spatial", "statistics"],
        ),
        (
            "num_realizations: 2",
            "num_realizations: 3",
            "simulation.num_realizations: 2 → 3",
            &["rollout", "dataset"],
            &[
                "features/spatial",
                "statistics",
                "render/strip/tally",
                "render/strip/frames",
                "render/strip.png",
            ],
        ),
        (
            "alpha: {type: continuous, bounds: [0.1, 0.9]}",
            "alpha: {type: continuous, bounds: [0.2, 0.9]}",
            "parameter_space.evolution.alpha.bounds: [0.1, 0.9] → [0.2, 0.9]",
            // The picture names alpha beside its operator.
            &["parameters/evolution", "rollout", "render/strip/frames", "dataset"],
            &["features/spatial", "statistics", "render/strip/tally", "render/strip.png"],
        ),
        (
            "weight: 7",
            "weight: 1",
            "simulation.inputs.0.weight: 7 → 1",
            &["initial_conditions", "dataset"],
            &[
                "rollout",
                "features/spatial",
                "statistics",
                "render/strip/tally",
                "render/strip/frames",
                "render/strip.png",
            ],
        ),
        (
            "bounds: [2, 4]",
            "bounds: [2, 5]",
            "parameter_space.architecture.base_channels.bounds: [2, 4] → [2, 5]",
            &["parameters/architecture", "weights", "dataset"],
            &[
                "rollout",
                "features/spatial",
                "statistics",
                "render/strip/tally",
                "render/strip/frames",
                "render/strip.png",
            ],
        ),
        (
            "categories: [spatial]",
            "categories: [spatial, temporal]",
            "features.categories: [spatial] → [spatial, temporal]",
            &["features/temporal", "dataset"],
            &["statistics"],
        ),
        (
            "operators: [1]",
            "operators: [1], theme: dark",
            "renders.strip.theme: - → dark",
            &["render/strip/frames"],
            &["render/strip.png"],
        ),
        (
            "  output_path: datasets/x.h5",
            "  output_path: datasets/x.h5\n  storage: {layout: padded}",
            "dataset.storage.layout: grouped → padded",
            &["dataset"],
            &[],
        ),
        (
            "  output_path: datasets/x.h5",
            "  output_path: datasets/x.h5\n  storage: {dtype: float16}",
            "dataset.storage.dtype: float32 → float16",
            &["rollout"],
            &[
                "features/spatial",
                "statistics",
                "render/strip/tally",
                "render/strip/frames",
                "render/strip.png",
                "dataset",
            ],
        ),
        (
            "    num_layers: 1",
            "    num_layers: 1\n    kernel_size: 3",
            "parameter_space.architecture.kernel_size: 3 → 3",
            &["parameters/architecture"],
            &["dataset"],
        ),
    ];
    for (from, to, edit, own, follows) in table {
        space.edit(from, to);
        let plan = plan(&space, &[]);
        let key = edit.split(':').next().unwrap().rsplit('.').next().unwrap();
        let at = if to.contains(&format!("{key}: ")) {
            to.lines().find(|line| line.contains(&format!("{key}: "))).unwrap()
        } else {
            to
        };
        let place = format!("{edit} @ experiments/x.yaml:{}", line(&space, at.trim()));
        assert_eq!(edits(&plan), [place], "{to}");
        for (reason, wanted) in [("edit", own), ("input", follows)] {
            let found = because(&plan, reason);
            assert_eq!(found, *wanted, "{to}: {reason}");
        }
        let known = ["edit", "input"].map(|reason| because(&plan, reason).len());
        assert_eq!(known[0] + known[1], plan["groups"].as_array().unwrap().len(), "{to}");
        space.write("experiments/x.yaml", &before);
    }
    // What costs nothing is not named, and what is asked for on the command line is.
    space.edit("sampling:\n", "metadata: {description: why}\n# points\nsampling:\n");
    assert_eq!(edits(&plan(&space, &[])), [""; 0]);
    let plan = plan(&space, &["--set", "simulation.num_timesteps=4", "--precision", "bfloat16"]);
    assert_eq!(edits(&plan)[0], "simulation.num_timesteps: 8 → 4 @ --set");
}

#[test]
fn an_edit_in_a_fragment_is_found_there_and_the_lines_it_touched_are_shown() {
    let space = built();
    let text = space.read("configs/noise.yaml");
    space.write("configs/noise.yaml", text.replace("0.01, 0.1", "1.0e-4, 1"));
    let answer = plan(&space, &[]);
    let edit = "parameter_space.stochastic.noise_scale.bounds: [0.01, 0.1] → [0.0001, 1]";
    assert_eq!(edits(&answer), [format!("{edit} @ configs/noise.yaml:5")]);
    let own = ["parameters/stochastic", "rollout", "render/strip/frames", "dataset"];
    assert_eq!(because(&answer, "edit"), own);
    assert_eq!(answer["nodes"].as_array().unwrap().len(), 23);
    let rollout =
        answer["groups"].as_array().unwrap().iter().find(|g| g["group"] == "rollout").unwrap();
    let lines = rollout["lines"].as_array().unwrap();
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert_eq!(lines[2]["field"], "operator 2 noise_scale");
    let shown = space.run(&["plan", "experiments/x"]).ok().stdout;
    assert!(shown.contains(&format!("    {edit}  configs/noise.yaml:5\n")), "{shown}");
    assert!(shown.contains("      operator 0 noise_scale: "), "{shown}");
    assert!(shown.contains("… and 2 more lines of rollout/ops0-3/m0-1/t0-3"), "{shown}");
    assert!(shown.contains("features/spatial ×2: follows from rollout\n"), "{shown}");
    let explained = space.run(&["explain", "experiments/x"]).ok().stdout;
    assert!(explained.contains("      operator 3 noise_scale: "), "{explained}");
    let one = space.run(&["explain", "experiments/x", "rollout/ops4-7/m0-1/t4-7"]).ok().stdout;
    assert!(one.contains(&format!("  {edit}  configs/noise.yaml:5\n")), "{one}");
    // Once it is built, nothing is left to say.
    space.build();
    assert_eq!(groups(&plan(&space, &[])), [""; 0]);
}

#[test]
fn two_edits_at_once_belong_to_groups_of_their_own() {
    let space = TestSpace::new();
    space.build();
    space.edit("bounds: [2, 4]", "bounds: [2, 5]");
    space.edit("bounds: [0.1, 0.9]", "bounds: [0.2, 0.9]");
    let answer = plan(&space, &[]);
    assert_eq!(edits(&answer).len(), 2);
    let paths = [
        "parameter_space.architecture.base_channels.bounds",
        "parameter_space.evolution.alpha.bounds",
    ];
    for (group, wanted) in [
        ("parameters/architecture", &paths[..1]),
        ("weights", &paths[..1]),
        ("parameters/evolution", &paths[1..]),
        // The other one comes through the weights.
        ("rollout", &paths[1..]),
        ("dataset", &paths),
    ] {
        let all = answer["groups"].as_array().unwrap();
        let one = all.iter().find(|g| g["group"] == group).unwrap();
        assert_eq!(one["edits"], serde_json::json!(wanted), "{group}");
        if group == "rollout" {
            assert_eq!(one["follows"], serde_json::json!(["weights"]));
        }
    }
}

#[test]
fn a_key_that_was_removed_is_named_with_its_file() {
    let space = TestSpace::new();
    space.build();
    space.edit("    alpha: {type: continuous, bounds: [0.1, 0.9]}\n", "");
    let removed = "parameter_space.evolution.alpha: {type: continuous, bounds: [0.1, 0.9]} → 0.5 @ \
                   experiments/x.yaml, removed";
    let answer = plan(&space, &[]);
    assert_eq!(edits(&answer), [removed]);
    assert_eq!(answer["edits"][0]["default"], "now");
}

#[test]
fn edits_that_are_only_valid_together_are_named_together() {
    let space = TestSpace::changed(&[(
        "simulation:\n",
        "simulation:\n  inputs: [{type: band_limited, params: {max_cycles: 2, min_cycles: 1}}]\n",
    )]);
    space.build();
    space.edit(
        "type: band_limited, params: {max_cycles: 2, min_cycles: 1}",
        "type: gaussian_random_field, params: {length_scale: 0.2}",
    );
    let answer = plan(&space, &[]);
    let paths: Vec<&str> =
        answer["edits"].as_array().unwrap().iter().map(|e| e["path"].as_str().unwrap()).collect();
    assert!(paths.contains(&"simulation.inputs.0.type") && paths.len() > 1, "{paths:?}");
    let all = answer["groups"].as_array().unwrap();
    let inputs = all.iter().find(|g| g["group"] == "initial_conditions").unwrap();
    assert_eq!(inputs["edits"], serde_json::json!(paths));
}

#[test]
fn what_is_no_edit_is_said_as_it_is() {
    let space = TestSpace::new();
    assert_eq!(because(&plan(&space, &[]), "new").len(), 8, "nothing was built");
    space.build();
    // The file, gone or changed.
    std::fs::remove_file(space.path("datasets/x.h5")).unwrap();
    let gone = plan(&space, &[]);
    assert_eq!(groups(&gone), ["dataset ×1 output: "]);
    assert_eq!(gone["groups"][0]["why"], "the file is gone");
    space.build();
    // An entry that was cleared away, and one that was damaged.
    std::fs::remove_dir_all(space.path("cache/objects/weights")).unwrap();
    assert_eq!(groups(&plan(&space, &[])), ["weights ×2 gone: "]);
    space.build();
    let file = space.find("cache/objects/rollout", &["part-0"]);
    crate::space::damage(&file, 100);
    assert_ne!(space.run(&["cache", "fsck"]).code, Some(0));
    assert_eq!(groups(&plan(&space, &[])), ["rollout ×1 quarantined: "]);
    space.build();
    // Another machine.
    let name = "cpu GenuineIntel 6-1 avx2 libtorch 2.11.0 method 2";
    let other = plan(&space, &["--profile", name]);
    let edit = other["edits"][0].clone();
    assert_eq!(edit["path"], "numerics profile");
    assert_eq!(edit["now"], format!("{name}, float32"));
    assert_eq!(because(&other, "edit"), ["rollout"]);
    // A history of before there were edits in it.
    let history = space.find("cache/log", &["last-"]);
    let text = std::fs::read_to_string(&history).unwrap();
    std::fs::write(&history, text.split_once('\n').unwrap().1).unwrap();
    space.edit("bounds: [0.1, 0.9]", "bounds: [0.2, 0.9]");
    let old = plan(&space, &[]);
    assert_eq!(because(&old, "changed")[0], "parameters/evolution");
    assert_eq!(edits(&old), [""; 0]);
    // And one of a version that knew another version of a family.
    let older = text.replace("\"kind weights\":1", "\"kind weights\":0");
    assert_ne!(older, text);
    let stale = |line: &str| match line.split_once(" weights/") {
        Some((_, label)) => format!("{} weights/{label}", "0".repeat(64)),
        None => line.to_owned(),
    };
    let older: Vec<String> = older.lines().map(stale).collect();
    std::fs::write(&history, older.join("\n")).unwrap();
    space.write("experiments/x.yaml", BASE);
    std::fs::remove_dir_all(space.path("cache/objects/weights")).unwrap();
    let raised = plan(&space, &[]);
    assert_eq!(because(&raised, "version"), ["weights"]);
    assert_eq!(edits(&raised), ["version of kind weights: 0 → 1 @ this version of spinlock"]);
}

#[test]
fn a_build_is_predicted_by_the_one_before_it_and_scored() {
    let space = TestSpace::new();
    let predicted = |plan: &Value| plan["predicted"].clone();
    let first = predicted(&plan(&space, &[]));
    assert_eq!((&first["basis"], &first["builds"]), (&"nothing".into(), &0.into()));
    let built = space.build().0;
    assert_eq!(built["predicted"]["basis"], "nothing");
    let took = |built: &Value| {
        ["seconds", "bytes"]
            .map(|name| built["took"][name].as_f64().unwrap_or_else(|| panic!("{built}")))
    };
    assert!((took(&built)[0] - built["wall_s"].as_f64().unwrap()).abs() < 0.5, "{built}");
    // What lies in the cache, and the data set.
    let status = space.json(&["cache", "status", "--json"]);
    let stored: f64 =
        status["kinds"].as_object().unwrap().values().map(|k| k["bytes"].as_f64().unwrap()).sum();
    let file = built["outputs"][0]["bytes"].as_f64().unwrap();
    let share = took(&built)[1] / (stored + file);
    assert!((0.5..1.5).contains(&share), "{share}");
    // Nothing to do, nothing to score.
    let null = space.build().0;
    assert!(null["predicted"].is_null() && null["took"].is_null(), "{null}");
    assert!(predicted(&plan(&space, &[])).is_null());

    space.edit("total_samples: 8", "total_samples: 16");
    let second = predicted(&plan(&space, &[]));
    assert_eq!((&second["basis"], &second["builds"]), (&"experiment".into(), &1.into()));
    let likely = |of: &str| second[of]["likely"].as_f64().unwrap();
    assert!(
        likely("seconds") > 0.0 && second["seconds"]["low"].as_f64().unwrap() < likely("seconds")
    );
    let ran = space.run(&["build", "experiments/x", "-j1"]).ok();
    let line = ran.stderr.lines().last().unwrap();
    assert!(line.starts_with("predicted ") && line.contains(", took "), "{}", ran.stderr);
    let status = space.run(&["status"]).ok().stdout;
    assert!(status.contains(", predicted "), "{status}");
    let past = space.json(&["status", "--json"])["past"][0].clone();
    let bytes = past["took"]["bytes"].as_f64().unwrap();
    assert!((likely("bytes") / bytes - 1.0).abs() < 0.2, "{} of {bytes}", likely("bytes"));
    let page = space.read("datasets/x.report.html");
    assert!(page.contains(" Predicted were "), "the page scores it too");
}
