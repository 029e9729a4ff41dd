use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::space::{Ran, SPINLOCK, TestSpace, finish};

/// `tests/python/features_file.py`, in the project.
#[track_caller]
fn script(space: &TestSpace, args: &[&str]) -> String {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let script = repository.join("tests/python/features_file.py");
    let mut command = space.program("python3", &[&[script.to_str().unwrap()], args].concat());
    command.env("PYTHONPATH", repository.join(".python"));
    command.env("PYTHONDONTWRITEBYTECODE", "1").env("OPENBLAS_NUM_THREADS", "1");
    finish(command).ok().stdout.trim().to_owned()
}

/// A project with data sets of the Python reference's form, `reference.h5` for instance.
fn elsewhere() -> TestSpace {
    let space = TestSpace::new();
    script(&space, &["make", "."]);
    space
}

fn features(space: &TestSpace, args: &[&str]) -> Ran {
    space.run(&[&["features"], args].concat())
}

/// The six categories of states, so that nothing is left undefined for want of operators.
const OF_STATES: &str = "spatial, spectral, cross_channel, temporal, causality, invariant_drift";

#[test]
fn a_file_gets_what_its_experiment_would_have_computed() {
    for more in ["", "  storage: {layout: padded}\n", "  storage: {dtype: float16}\n"] {
        let grids = ("    grid_size: 8\n", "    grid_size: [8, 12]\n");
        let space = TestSpace::changed(&[grids]);
        let text = space.read("experiments/x.yaml");
        space.write("experiments/x.yaml", format!("{text}{more}"));
        space.build();
        let own = format!("features: {{categories: [{OF_STATES}]}}\n{text}{more}");
        space.write("experiments/y.yaml", own.replace("datasets/x.h5", "datasets/y.h5"));
        space.run(&["build", "experiments/y", "-j1"]).ok();

        fs::copy(space.path("datasets/x.h5"), space.path("before.h5")).unwrap();
        // The section of an experiment says what to compute.
        let args = ["datasets/x.h5", "--config", "experiments/y", "--json"];
        let said = space.json(&[&["features"], &args[..]].concat());
        script(&space, &["same", "datasets/x.h5", "datasets/y.h5"]);
        script(&space, &["kept", "before.h5", "datasets/x.h5"]);
        let checked = script(&space, &["check", "datasets/x.h5", "datasets/x.h5"]);
        assert!(checked.parse::<u32>().unwrap() > 900, "{checked}");

        // The digest is that of the content, and nothing else about the file is wrong.
        let report = space.json(&["validate", "datasets/x.h5", "--json"]);
        assert_eq!(report["digest"], said["digest"]);
        assert_eq!(report["stored_digest"], said["digest"]);
        assert_eq!(report["failed"], Value::Array(vec![]));
        // Once more, over what is there: the same content, and the input is the file without tables.
        features(&space, &[&args[..3], &["--overwrite", "-q"]].concat()).ok();
        let report = space.json(&["validate", "datasets/x.h5", "--json"]);
        assert_eq!(report["digest"], said["digest"]);
        script(&space, &["same", "datasets/x.h5", "datasets/y.h5"]);
        space.run(&["info", "datasets/x.h5"]).ok();
    }
}

#[test]
fn the_operator_sensitivity_is_taken_over_and_stays() {
    let space = TestSpace::changed(&[
        ("  device: cpu\n", "  device: cpu\n  extract_operator_features: true\n"),
        ("  num_timesteps: 8\n", "  num_timesteps: 1\n"),
    ]);
    space.build();
    let text = space.read("experiments/x.yaml").replace("x.h5", "y.h5");
    space.write("experiments/y.yaml", format!("features: {{}}\n{text}"));
    space.run(&["build", "experiments/y", "-j1"]).ok();
    let said = features(&space, &["datasets/x.h5"]).ok().stderr;
    assert!(!said.contains("code 11"), "{said}");
    script(&space, &["same", "datasets/x.h5", "datasets/y.h5"]);
    features(&space, &["datasets/x.h5", "--overwrite", "-q"]).ok();
    script(&space, &["same", "datasets/x.h5", "datasets/y.h5"]);
    space.run(&["validate", "datasets/x.h5"]).ok();
}

#[test]
fn a_data_set_made_elsewhere_gets_what_numpy_computes() {
    let space = elsewhere();
    for name in ["reference", "half", "double", "padded"] {
        let file = format!("{name}.h5");
        fs::copy(space.path(&file), space.path("before.h5")).unwrap();
        let said = features(&space, &[&file]).ok();
        // Nobody's experiment makes it again, and nobody knows its operators.
        assert!(said.stderr.starts_with("note: the operator sensitivity needs the operator"));
        assert!(!said.stderr.contains("spinlock build"), "{}", said.stderr);
        let checked = script(&space, &["check", &file, &file]);
        assert!(checked.parse::<u32>().unwrap() > 100, "{name}: {checked}");
        script(&space, &["kept", "before.h5", &file]);
        // Beside it, the same; and with the same bytes from the same file.
        features(&space, &["before.h5", "-o", "side.h5", "-q", "--overwrite"]).ok();
        script(&space, &["same", &file, "side.h5"]);
        script(&space, &["check", &file, "side.h5"]);
        fs::create_dir_all(space.path("again")).unwrap();
        fs::copy(space.path("before.h5"), space.path(&format!("again/{file}"))).unwrap();
        features(&space, &[&format!("again/{file}"), "-q"]).ok();
        let bytes = |path: &str| fs::read(space.path(path)).unwrap();
        assert!(bytes(&file) == bytes(&format!("again/{file}")), "{name}");
    }
    // Only what was asked for has other columns.
    let args = ["half.h5", "--set", "sdf-1.0", "--overwrite", "--json", "-q"];
    let said = space.json(&[&["features"], &args[..]].concat());
    let columns = ["per_timestep/features", "per_trajectory/features", "aggregated/features"];
    assert_eq!(columns.map(|table| said["columns"][table].as_u64().unwrap()), [46, 13, 39]);
    assert_eq!((&said["digest"], &said["of_operators"]), (&Value::Null, &3.into()));
    let bytes = fs::metadata(space.path("half.h5")).unwrap().len();
    assert_eq!(said["bytes"].as_u64().unwrap(), bytes);
}

/// `(value, code)` of `name` of an operator, per state, over realizations.
fn values(space: &TestSpace, file: &str, table: &str, name: &str) -> Value {
    let code = format!(
        "import h5py, json, sys
with h5py.File('{file}') as f:
    g = f['features/sdf/{table}']
    at = list(g['features'].attrs['names']).index('{name}')
    x, v = g['features'][..., at], g['validity'][..., at]
print(json.dumps([[[None if b != b else float(b), int(c)] for b, c in zip(p.ravel(), q.ravel())]
                  for p, q in zip(x, v)]))"
    );
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = space.program("python3", &["-c", &code]);
    command.env("PYTHONPATH", repository.join(".python"));
    serde_json::from_str(&finish(command).ok().stdout).unwrap()
}

#[test]
fn what_is_undefined_has_its_reason() {
    let space = elsewhere();
    features(&space, &["odd.h5", "--exclude", "spatial_max,final_to_initial_ratio"]).ok();
    let codes = |table: &str, name: &str| -> Vec<Vec<u64>> {
        let all = values(&space, "odd.h5", table, name);
        let code = |pair: &Value| {
            assert_eq!(pair[0].is_null(), pair[1] != 0, "{name}: {pair}");
            pair[1].as_u64().unwrap()
        };
        let row = |row: &Value| row.as_array().unwrap().iter().map(code).collect();
        all.as_array().unwrap().iter().map(row).collect()
    };
    // State 1 of the first operator is not finite, state 2 of the second constant; there is one channel.
    assert_eq!(codes("per_timestep", "spatial_mean"), [[0, 5, 0, 0], [0, 0, 0, 0]]);
    assert_eq!(codes("per_timestep", "spatial_skewness"), [[0, 5, 0, 0], [0, 0, 1, 0]]);
    assert_eq!(codes("per_timestep", "cross_channel_corr_mean"), [[4; 4], [4; 4]]);
    assert_eq!(codes("per_timestep", "spatial_max"), [[6; 4], [6; 4]]);
    assert_eq!(codes("per_trajectory", "final_to_initial_ratio"), [[6], [6]]);
    assert_eq!(codes("per_trajectory", "energy_growth_rate"), [[5], [0]]);
    assert_eq!(codes("per_trajectory", "lyapunov_approx")[1], [3]);
    assert_eq!(codes("per_trajectory", "gain_scale_0.50"), [[11], [11]]);
    assert_eq!(codes("aggregated", "std_energy_growth_rate"), [[5], [9]]);
}

#[test]
fn some_operators_only() {
    let space = elsewhere();
    features(&space, &["half.h5", "-o", "side.h5", "--max-samples", "2"])
        .ok()
        .says(&["features of 2 of 3 operators"]);
    // A file of its own has rows for those alone; the data set has a row for each.
    let side = values(&space, "side.h5", "per_timestep", "spatial_mean");
    assert_eq!(side.as_array().unwrap().len(), 2);
    script(&space, &["check", "half.h5", "side.h5", "2"]);
    features(&space, &["half.h5", "--max-samples", "2", "-q"]).ok();
    script(&space, &["check", "half.h5", "half.h5", "2"]);
    let own = values(&space, "half.h5", "per_timestep", "spatial_mean");
    assert_eq!(own.as_array().unwrap()[..2], side.as_array().unwrap()[..]);
    assert_eq!(own[2][0], serde_json::json!([null, 6]));
    let more = ["reference.h5", "-o", "all.h5", "--max-samples", "1000", "--json"];
    let said = space.json(&[&["features"], &more[..]].concat());
    assert_eq!((&said["operators"], &said["of_operators"]), (&130.into(), &130.into()));
    features(&space, &["half.h5", "--max-samples", "0"]).fails(2, &["--max-samples"]);
}

#[test]
fn nothing_is_lost_without_being_asked_for() {
    let space = elsewhere();
    space.build();
    features(&space, &["datasets/x.h5"]).ok().says(&[
        "note: the next `spinlock build` of its experiment makes this file again",
        "computed 153 features of 8 operators in ",
    ]);
    fs::create_dir(space.path("other")).unwrap();
    fs::copy(space.path("half.h5"), space.path("other/half.h5")).unwrap();
    features(&space, &["half.h5", "-o", "side.h5", "-q"]).ok();
    let before = space.content();
    for file in ["datasets/x.h5", "occupied.h5"] {
        let said = features(&space, &[file]).fails(2, &[]).stderr;
        assert_eq!(
            said,
            format!(
                "error: `{file}` has features already, in `/features/sdf`\n  \
                 help: replace them with --overwrite, or write others to a file with -o\n"
            )
        );
        features(&space, &[file, "-n"]).fails(2, &["has features already"]);
    }
    features(&space, &["half.h5", "-o", "side.h5"]).fails(2, &["`side.h5` exists", "--overwrite"]);
    features(&space, &["half.h5", "-o", "reference.h5", "--overwrite"])
        .fails(2, &["`reference.h5` holds other things than features", "name another file"]);
    features(&space, &["half.h5", "-o", "./half.h5", "--overwrite"])
        .fails(2, &["`./half.h5` is the data set itself"]);
    features(&space, &["half.h5", "-n"]).ok().says(&[
        "would compute 153 features of 3 operators, 2 realizations of 6 states each, and write half.h5",
    ]);
    assert_eq!(space.content(), before);

    // What somebody else wrote makes way as a whole when asked.
    fs::copy(space.path("occupied.h5"), space.path("before.h5")).unwrap();
    features(&space, &["occupied.h5", "--overwrite", "-q"]).ok();
    script(&space, &["kept", "before.h5", "occupied.h5"]);
    script(&space, &["check", "occupied.h5", "occupied.h5"]);
    features(&space, &["half.h5", "-o", "side.h5", "--overwrite", "-q"]).ok();
    let mode = |mode| {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(space.path("other/half.h5"), fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(0o444);
    features(&space, &["other/half.h5"]).fails(2, &["`other/half.h5` is write-protected", "-o"]);
    mode(0o640);
    features(&space, &["other/half.h5", "-q"]).ok();
    let about = fs::metadata(space.path("other/half.h5")).unwrap();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o777, 0o640);
    // No half-made file is left anywhere.
    let left = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with('.');
    let all = space.content().into_iter().map(|(path, _)| path);
    let all: Vec<PathBuf> = all.filter(|path| !path.starts_with(space.path("cache"))).collect();
    assert_eq!(all.iter().filter(|path| left(path)).count(), 0, "{all:?}");
}

#[test]
fn what_cannot_be_read_is_said_and_left_as_it_is() {
    let space = elsewhere();
    space.build();
    space
        .run(&[
            "build",
            "experiments/x",
            "--set",
            "dataset.output_path=datasets/bare.h5",
            "--set",
            "dataset.storage.store_trajectories=false",
        ])
        .ok();
    fs::copy(space.path("datasets/x.h5"), space.path("damaged.h5")).unwrap();
    // A number that somebody changed: the digest tells.
    let script_text =
        "import h5py\nwith h5py.File('damaged.h5', 'r+') as f: f['inputs/fields'][0, 0, 0, 0] += 1";
    let mut command = space.program("python3", &["-c", script_text]);
    command.env("PYTHONPATH", Path::new(env!("CARGO_MANIFEST_DIR")).join(".python"));
    finish(command).ok();
    let before = space.content();
    let message = |file: &str, code: i32| -> String {
        let said = features(&space, &[file]).fails(code, &["error: "]).stderr;
        let beside = features(&space, &[file, "-o", "new.h5"]);
        assert!(file == "damaged.h5" || beside.code == Some(code), "{file}: {beside:?}");
        said
    };
    let looked = "  help: states are looked for as float16, float32 or float64 in `/outputs/fields`, \
                  [N, M, C, H, W] or [N, M, T, C, H, W]\n";
    let usage = |file: &str, why: &str| {
        assert_eq!(message(file, 2), format!("error: `{file}`: {why}\n{looked}"));
    };
    usage("wrong/flat.h5", "`/outputs/fields` has the shape [3, 4]");
    usage("wrong/whole.h5", "`/outputs/fields` holds int32");
    usage("wrong/empty.h5", "`/outputs/fields` is empty: its shape is [0, 1, 1, 4, 4]");
    usage("wrong/sizes.h5", "`/metadata/grid_sizes` names a grid of 5 in fields of 4 × 4");
    for file in ["wrong/none.h5", "datasets/bare.h5"] {
        assert_eq!(
            message(file, 2),
            format!(
                "error: `{file}`: it has no states\n  help: states are looked for in \
                 `/outputs/fields`; spinlock keeps them there with \
                 `dataset.storage.store_trajectories: true`\n"
            )
        );
    }
    assert!(message("wrong/filter.h5", 2).contains("h5repack -f SHUF -f GZIP=4"));
    assert!(
        message("wrong/unfinished.h5", 4)
            .contains("values of `/outputs/fields` were never written")
    );
    assert!(message("wrong/text.h5", 4).contains("cannot read `wrong/text.h5`"));
    assert!(message("wrong/absent.h5", 3).contains("wrong/absent.h5"));
    let said = message("damaged.h5", 4);
    assert!(said.contains("`damaged.h5` is damaged: its content has the digest "), "{said}");
    fs::remove_file(space.path("new.h5")).unwrap();
    assert_eq!(space.content(), before);
}

#[test]
fn wrong_wishes_are_answered_with_what_there_is() {
    let space = elsewhere();
    let before = space.content();
    let fails = |args: &[&str], texts: &[&str]| {
        features(&space, &[&["half.h5"], args].concat()).fails(2, texts);
    };
    fails(&["--set", "sdf-3.0"], &["--set", "sdf-3.0", "sdf-2.0"]);
    fails(&["--definitions", "mine"], &["mine", "standard, compat"]);
    fails(
        &["--categories", "spatal"],
        &["there is no category `spatal`", "did you mean `spatial`?"],
    );
    fails(
        &["--categories", "spatial", "--exclude", "spatial_men"],
        &["did you mean `spatial_mean`?"],
    );
    fails(&["--set", "sdf-1.0", "--categories", "causality"], &["no category is left"]);
    fails(&["--config", "experiments/x"], &["`experiments/x` has no section `features`"]);
    space.write("f.yaml", "features: {spectral: {num_fft_scales: 0}, sett: 1}\n");
    let whole = ["num_fft_scales", "f.yaml:1:39", "unknown key `sett`", "did you mean `set`?"];
    fails(&["--config", "f.yaml"], &whole);
    fs::remove_file(space.path("f.yaml")).unwrap();
    assert_eq!(space.content(), before);
}

#[test]
fn the_command_of_the_python_reference_does_the_same() {
    let space = elsewhere();
    fs::copy(space.path("half.h5"), space.path("b.h5")).unwrap();
    fs::rename(space.path("half.h5"), space.path("a.h5")).unwrap();
    let reference =
        |args: &[&str]| space.run(&[&["extract-features", "--dataset", "a.h5"], args].concat());
    let untouched = space.content();
    let idle = ["--enable-spatial", "--batch-size", "32", "--device", "cuda"];
    let said = reference(&[&idle[..], &["--dry-run"]].concat()).ok().stderr;
    for option in ["--enable-…", "--batch-size", "--device"] {
        assert!(said.contains(&format!("note: `{option}` has no")), "{said}");
    }
    assert!(said.contains("would compute 153 features of 3 operators"), "{said}");
    assert_eq!(space.content(), untouched);
    let said = reference(&["--num-fft-scales", "4", "--max-samples", "0", "--verbose"]).ok();
    assert!(said.stderr.contains("computed 150 features of 3 operators in "), "{}", said.stderr);
    space.write("f.yaml", "features: {spectral: {num_fft_scales: 4}}\n");
    features(&space, &["b.h5", "--config", "f.yaml", "-q"]).ok();
    script(&space, &["same", "a.h5", "b.h5"]);
    reference(&[]).fails(2, &["has features already"]);
    reference(&["--overwrite", "--num-fft-scales", "0"]).ok();
    features(&space, &["b.h5", "--overwrite", "-q"]).ok();
    script(&space, &["same", "a.h5", "b.h5"]);
    reference(&["--output", "c.h5", "--max-samples", "1"]).ok();
    assert_eq!(
        values(&space, "c.h5", "aggregated", "mean_trend_strength").as_array().unwrap().len(),
        1
    );
    reference(&["--num-fft-scales", "20", "--overwrite"]).fails(2, &["num_fft_scales", "20"]);
}

#[test]
fn memory_does_not_grow_with_the_data_set() {
    let space = TestSpace::new();
    let said = script(&space, &["memory", SPINLOCK, "."]);
    let most: Vec<u32> = said.split_whitespace().map(|n| n.parse().unwrap()).collect();
    // 64 operators have 200 MB.
    assert!(most[1] < 120 && most[1] < most[0] + 40, "{most:?} MB");
}
