use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::faults::{build_with_worker, failing_worker, key};
use crate::space::{TestSpace, finish};

const PAGE: &str = "datasets/x.report.html";

/// The page of the project's experiment, which must be whole.
#[track_caller]
fn page(space: &TestSpace) -> String {
    let page = space.read(PAGE);
    whole(&page);
    page
}

/// A page needs nothing else, is no larger than it may be, and every element in it is closed.
#[track_caller]
fn whole(page: &str) {
    assert!(page.starts_with("<!DOCTYPE html>"));
    assert!(page.len() < 10_000_000, "{} bytes", page.len());
    let policy =
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:;";
    assert!(page.contains(policy));
    // Charts point at parts of themselves.
    let plain = page.replace("http-equiv", "").replace("http://www.w3.org/2000/svg", "");
    let plain = plain.replace("url(#", "");
    for word in ["http", "<link", "@import", "url(", "<iframe", "//cdn"] {
        assert!(!plain.to_lowercase().contains(word), "{word}");
    }
    let sources = page.matches(" src=\"").count();
    assert_eq!(sources, page.matches(" src=\"data:image/png;base64,").count());
    balanced(page);
}

/// Every element is closed in its turn; style and script are not looked into.
#[track_caller]
fn balanced(page: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = page.strip_prefix("<!DOCTYPE html>").unwrap();
    while let Some(at) = rest.find('<') {
        let end = at + rest[at..].find('>').expect("a tag ends");
        let tag = &rest[at + 1..end];
        rest = &rest[end + 1..];
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "</{name}> closes another");
        } else if !["meta", "img", "input"].contains(&name) && !tag.ends_with('/') {
            open.push(name);
            if ["style", "script"].contains(&name) {
                let close = format!("</{name}>");
                rest = &rest[rest.find(&close).expect("it ends")..];
            }
        }
    }
    assert!(open.is_empty(), "{open:?} stay open");
}

/// `tests/python/check_report.py`: what it saw; none where there is no browser.
#[track_caller]
fn browse(path: &Path) -> Option<Value> {
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
    let path_variable = std::env::var_os("PATH").unwrap_or_default();
    let has =
        |name: &&str| std::env::split_paths(&path_variable).any(|dir| dir.join(name).is_file());
    if std::env::var_os("SPINLOCK_BROWSER").is_none() && !names.iter().any(has) {
        assert!(
            std::env::var_os("SPINLOCK_REQUIRE_BROWSER").is_none_or(|v| v != "1"),
            "no Chromium on this machine, and SPINLOCK_REQUIRE_BROWSER=1"
        );
        eprintln!("NOTICE: no Chromium on this machine: the report is not opened in a browser");
        return None;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/check_report.py");
    let mut command = Command::new("python3");
    command.arg(script).arg(path).env("PYTHONDONTWRITEBYTECODE", "1");
    Some(serde_json::from_str(&finish(command).ok().stdout).unwrap())
}

#[test]
fn a_build_writes_a_page_that_a_browser_shows() {
    let space = TestSpace::changed(&[("    grid_size: 8\n", "    grid_size: 16\n")]);
    let features = format!("features: {{}}\n{}", space.read("experiments/x.yaml"));
    space.write("experiments/x.yaml", features);
    let ran = space.run(&["build", "experiments/x", "-j1"]).ok().says(&["datasets/x.report.html"]);
    assert!(!ran.stderr.contains("the report was not written"), "{}", ran.stderr);
    let text = page(&space);
    for part in [
        "summary",
        "build",
        "sample",
        "inputs",
        "rollouts",
        "operators",
        "features",
        "artifacts",
        "provenance",
    ] {
        assert!(text.contains(&format!("<section id=\"{part}\"")), "{part}");
    }
    assert!(text.contains("<strong>Complete.</strong>"));
    let digest =
        space.json(&["info", "experiments/x", "--json"])["digest"].as_str().unwrap().to_owned();
    assert!(text.contains(&digest));
    // A row for each operator and artifact.
    assert_eq!(text.matches("<tr id=\"operator-").count(), 8);
    assert!(text.contains("rollout/ops4-7/m0-1/t4-7"));
    if let Some(seen) = browse(&space.path(PAGE)) {
        assert_eq!(seen, serde_json::json!({"slider": true, "tables": 3}));
    }
}

#[test]
fn only_builds_that_did_something_write_a_page() {
    let space = TestSpace::new();
    // Kinds alone are no data set.
    space.build_with(&["--only", "parameters"]);
    assert!(!space.path(PAGE).exists());
    let built = space.build();
    assert!(built.0["outputs"].as_array().unwrap().iter().all(|o| o["kind"] != "report"));
    let first = fs::read(space.path(PAGE)).unwrap();
    // Nothing to do, nothing written.
    space.write(PAGE, "mine");
    space.build();
    assert_eq!(space.read(PAGE), "mine");
    // By hand it is the same page again.
    let said = space.json(&["report", "experiments/x", "--json"]);
    assert_eq!(said["bytes"].as_u64().unwrap(), first.len() as u64);
    assert!(said["build"].as_str().unwrap().contains('Z'));
    assert!(fs::read(space.path(PAGE)).unwrap() == first);
    // An edit: what is rebuilt and what was there.
    space.edit(
        "noise_scale: {type: continuous, bounds: [0.01, 0.1]",
        "noise_scale: {type: continuous, bounds: [0.01, 0.2]",
    );
    space.build();
    let text = page(&space);
    assert!(
        text.contains("<span class=\"state cached\">")
            && text.contains("<span class=\"state built\">")
    );
}

#[test]
fn a_page_that_cannot_be_written_is_a_warning() {
    let space = TestSpace::new();
    fs::create_dir_all(space.path(PAGE)).unwrap();
    space
        .run(&["build", "experiments/x", "-j1"])
        .ok()
        .says(&["warning: the report was not written"]);
    space.run(&["report", "experiments/x"]).fails(3, &["cannot write"]);
}

#[test]
fn a_failed_build_says_what_failed() {
    let space = TestSpace::new();
    let label = "rollout/ops4-7/m0-1/t0-3";
    let broken = failing_worker(&space, &key(&space, label), 0);
    build_with_worker(&space, &broken, &["-j1", "-k"]).fails(1, &[label]);
    let text = page(&space);
    assert!(text.contains("Some artifacts could not be made."));
    assert!(text.contains("<h3>Failures</h3>") && text.contains("the fan stopped"));
    assert!(text.contains("<span class=\"state failed\">failed</span>"));
    assert!(text.contains("<g class=\"failed\">"));
    // There is no data set to show.
    assert!(
        !text.contains("<section id=\"rollouts\"") && !text.contains("<section id=\"operators\"")
    );
    if let Some(seen) = browse(&space.path(PAGE)) {
        assert_eq!(seen, serde_json::json!({"slider": false, "tables": 1}));
    }
}

#[test]
fn without_a_log_or_a_build_there_is_a_page_all_the_same() {
    let space = TestSpace::new();
    space.run(&["report", "experiments/x"]).ok().says(&["wrote ", "x.report.html in "]);
    let text = page(&space);
    assert!(text.contains("This experiment has not been built yet."));
    assert!(text.contains("<span class=\"state left\">to make</span>"));
    space.build();
    fs::remove_dir_all(space.path("cache/log")).unwrap();
    space.run(&["report", "experiments/x", "-o", "out/page.html"]).ok();
    let text = space.read("out/page.html");
    whole(&text);
    assert!(text.contains("No log of a build of this experiment was found."));
    assert!(text.contains("<section id=\"rollouts\"") && text.contains("datasets/x.h5"));
    // What the lock file knows.
    let digest =
        space.json(&["info", "experiments/x", "--json"])["digest"].as_str().unwrap().to_owned();
    assert!(text.contains(&format!("data-copy=\"{digest}\"")));
    // Edited since: the page says that the data set is an older one.
    space.edit("num_layers: 1", "num_layers: 2");
    let said = space.json(&["report", "experiments/x", "--json"]);
    assert!(said["notes"].to_string().contains("earlier state of the experiment"), "{said}");
    // A log that says nothing.
    space.write(
        "cache/log/20260101T000000Z-1.jsonl",
        "{\"event\":\"build_started\",\"experiment\":\"experiments/x.yaml\"}\n\u{0}{",
    );
    space.run(&["report", "experiments/x"]).ok();
    assert!(page(&space).contains("The log of this build has no end"));
}

#[test]
fn a_data_set_has_a_page_of_its_own() {
    let space = TestSpace::changed(&[
        ("num_timesteps: 8", "num_timesteps: 1"),
        ("grid_size: 8", "grid_size: [8, 12]"),
    ]);
    space.build();
    fs::remove_file(space.path(PAGE)).unwrap();
    space.run(&["report", "datasets/x.h5"]).ok();
    let text = page(&space);
    assert!(text.contains("8 × 8") && text.contains("12 × 12"));
    assert!(text.contains("<section id=\"rollouts\"") && !text.contains("type=\"range\""));
    assert!(!text.contains("<section id=\"build\"") && !text.contains("<section id=\"artifacts\""));
    assert_eq!(text.matches("<div class=\"screen\"").count(), 16);
    if let Some(seen) = browse(&space.path(PAGE)) {
        assert_eq!(seen, serde_json::json!({"slider": false, "tables": 1}));
    }
    space.run(&["report", "datasets/none.h5"]).fails(3, &["none.h5"]);
    space.write("wrong.h5", "no HDF5");
    space.run(&["report", "wrong.h5"]).fails(4, &["wrong.h5"]);
    let message = "`page.txt` is no name of a page";
    space
        .run(&["report", "experiments/x", "-o", "page.txt"])
        .fails(2, &[message, "end it in .html"]);
}

#[test]
fn states_that_are_not_stored_or_padded_are_no_trouble() {
    let space = TestSpace::new();
    let text = space.read("experiments/x.yaml");
    space.write("experiments/x.yaml", format!("{text}  storage: {{store_trajectories: false}}\n"));
    space.build();
    assert!(page(&space).contains("States are not stored in this data set."));
    space.write(
        "experiments/x.yaml",
        format!("{text}  storage: {{layout: padded, dtype: float16}}\n"),
    );
    space.edit("grid_size: 8", "grid_size: [8, 12]");
    space.build();
    // Padding is cut off: the frames of the smaller grid are 8 pixels wide.
    let text = page(&space);
    assert!(
        text.contains("width=\"64\" height=\"8\"") && text.contains("width=\"96\" height=\"12\"")
    );
}

#[test]
fn names_cannot_break_out_of_the_page() {
    let space = TestSpace::new();
    let text = space.read("experiments/x.yaml");
    let evil = "metadata:\n  name: \"<script>alert(1)</script>\"\n  description: \"a</title><img src=x onerror=y> & \\\"q\\\"\"\n";
    space.write("experiments/x.yaml", format!("{evil}{text}"));
    space.build();
    let text = page(&space);
    assert!(text.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert_eq!(text.matches("<script").count(), 1);
    assert!(!text.contains("<img src=x") && text.contains("&amp; &quot;q&quot;"));
}

/// A data set as the Python reference writes it: padded to the largest grid, gzip alone, 32-bit columns.
pub const REFERENCE: &str = "
import h5py, json, numpy as np
rng = np.random.default_rng(1)
n, m, g = 30, 2, 16
with h5py.File('reference.h5', 'w') as f:
    text = h5py.string_dtype()
    meta = f.create_group('metadata')
    meta.attrs['version'] = '1.0'
    meta.attrs['config'] = json.dumps({'a': 1})
    for name, values in [('ic_types', ['multiscale_grf', 'localized']), ('noise_regimes', ['low', 'high']),
                         ('evolution_policies', ['convex', 'autoregressive'])]:
        meta.create_dataset(name, data=[values[i % 2] for i in range(n)], dtype=text, chunks=(10,))
    sizes = np.where(np.arange(n) < 15, 8, 16).astype('i4')
    meta.create_dataset('grid_sizes', data=sizes, chunks=(10,))
    how = dict(compression='gzip', compression_opts=4)
    f.create_dataset('parameters/params', data=rng.random((n, 4)).astype('f4'), chunks=(10, 4), **how)
    fields = rng.standard_normal((n, m, 3, g, g)).astype('f4')
    for i in np.flatnonzero(sizes == 8):
        inner = fields[i, ..., 4:12, 4:12].copy()
        fields[i] = 0
        fields[i, ..., 4:12, 4:12] = inner
    f.create_dataset('inputs/fields', data=fields[:, 0], chunks=(10, 3, g, g), **how)
    f.create_dataset('outputs/fields', data=fields, chunks=(10, 1, 3, g, g), **how)
";

#[test]
fn a_data_set_of_the_reference_has_a_page_too() {
    let space = TestSpace::new();
    let mut command = space.program("python3", &["-c", REFERENCE]);
    command.env("PYTHONPATH", Path::new(env!("CARGO_MANIFEST_DIR")).join(".python"));
    finish(command).ok();
    space.run(&["report", "reference.h5"]).ok();
    let text = space.read("reference.report.html");
    whole(&text);
    assert!(text.contains(
        "The first 24 of 30 operators: the first channel of the first of 2 realizations."
    ));
    assert_eq!(text.matches("<tr id=\"operator-").count(), 30);
    // Initial conditions, 8 of each type, and outputs, both without padding.
    assert_eq!(text.matches("<div class=\"screen\"").count(), 16 + 24);
    assert!(
        text.contains("width=\"8\" height=\"8\"") && text.contains("width=\"16\" height=\"16\"")
    );
    assert!(text.contains("multiscale grf") && text.contains(">u3<"));
    if let Some(seen) = browse(&space.path("reference.report.html")) {
        assert_eq!(seen, serde_json::json!({"slider": false, "tables": 1}));
    }
}
