//! Paths and links: nothing that a stranger wrote makes the tool read or write outside of the project, or
//! outside of what it is told.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::{Value, json};
use spinlock::cache::sealed_text;

use crate::space::{TestSpace, finish};

/// A folder beside the project with a file that nobody may touch.
struct Outside {
    space: TestSpace,
    folder: tempfile::TempDir,
}

impl Outside {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("victim"), "as it was").unwrap();
        Self { space: TestSpace::new(), folder }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// A link in the project to something outside.
    fn link(&self, name: &str, to: &str) {
        let at = self.space.path(name);
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        symlink(self.path(to), at).unwrap();
    }

    #[track_caller]
    fn is_untouched(&self) {
        let names: Vec<_> = fs::read_dir(self.folder.path()).unwrap().map(|e| e.unwrap()).collect();
        assert_eq!(names.len(), 1, "{names:?}");
        assert_eq!(fs::read_to_string(self.path("victim")).unwrap(), "as it was");
    }
}

#[test]
fn an_output_path_stays_in_the_project_however_it_is_written() {
    let outside = Outside::new();
    let space = &outside.space;
    outside.link("linked", "");
    outside.link("inner/deep", "");
    outside.link("nowhere", "not there yet");
    let folder = outside.folder.path().display().to_string();
    for path in [
        "../x.h5",
        "datasets/../../x.h5",
        "linked/x.h5",
        "inner/deep/x.h5",
        "nowhere/x.h5",
        &format!("{folder}/x.h5"),
        &format!("{folder}/new/x.h5"),
    ] {
        for set in [
            vec![format!("dataset.output_path={path}")],
            vec![format!("metadata.p={path}"), "dataset.output_path=${metadata.p}".to_owned()],
        ] {
            let mut args = vec!["plan", "experiments/x"];
            args.extend(set.iter().flat_map(|set| ["--set", set]));
            space.run(&args).fails(2, &["leaves the project", "--allow-outside"]);
        }
    }
    for path in ["\"a\\0b.h5\"", "datasets/", "/", "..", "."] {
        let set = format!("dataset.output_path={path}");
        let ran = space.run(&["plan", "experiments/x", "--set", &set]);
        assert_eq!(ran.code, Some(2), "{path}: {ran:?}");
    }
    outside.is_untouched();
}

#[test]
fn folders_that_are_written_beside_a_data_set_stay_in_the_project_too() {
    for name in
        ["datasets", "datasets/x.renders", "datasets/x.weights", "datasets/x.renders/a.frames"]
    {
        let outside = Outside::new();
        outside.link(name, "");
        outside.space.run(&["build", "experiments/x"]).fails(2, &["leaves the project"]);
        // Also where no path is given.
        outside.space.edit("dataset:\n  output_path: datasets/x.h5\n", "");
        outside.space.run(&["build", "experiments/x"]).fails(2, &["leaves the project"]);
        outside.is_untouched();
    }
}

#[test]
fn fragments_and_experiments_behind_links_that_leave_the_project_are_refused() {
    let outside = Outside::new();
    let space = &outside.space;
    fs::write(outside.path("victim"), "as it was").unwrap();
    outside.link("configs/secret.yaml", "victim");
    outside.link("experiments/linked.yaml", "victim");
    outside.link("experiments/folder", "");
    for name in ["configs/secret.yaml", "../configs/secret.yaml", "folder/victim"] {
        space.write("experiments/y.yaml", format!("extends: [{name}]\n"));
        let ran = space.run(&["plan", "experiments/y"]).fails(2, &["leaves the project"]);
        assert!(!ran.stderr.contains("as it was"), "{ran:?}");
    }
    for name in ["experiments/linked", "experiments/folder/victim"] {
        let ran = space.run(&["plan", name]).fails(2, &["a link that leaves the project"]);
        assert!(!ran.stderr.contains("as it was"), "{ran:?}");
    }
    // Within the project links are as good as files.
    symlink(space.path("experiments/x.yaml"), space.path("experiments/same.yaml")).unwrap();
    space.run(&["plan", "experiments/same"]).ok();
}

#[test]
fn names_of_renders_and_inputs_are_never_paths() {
    let outside = Outside::new();
    for set in [
        "renders={\"../victim\": {operators: 1, columns: [\"realization:0\"]}}",
        "renders={\"/x\": {operators: 1, columns: [\"realization:0\"]}}",
        "renders={\"..\": {operators: 1, columns: [\"realization:0\"]}}",
    ] {
        outside
            .space
            .run(&["plan", "experiments/x", "--set", set])
            .fails(2, &["a render needs a plain name"]);
    }
    outside.is_untouched();
}

/// The entry folder of a rollout.
fn rollout(space: &TestSpace) -> std::path::PathBuf {
    let mut folder = space.path("cache/objects/rollout");
    for _ in 0..2 {
        let mut inner: Vec<_> = fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
        inner.sort();
        folder = inner.remove(0);
    }
    folder
}

#[test]
fn what_only_looks_like_a_file_of_the_cache_is_damage_and_is_not_followed() {
    for sort in ["link", "pipe", "folder", "device"] {
        for file in ["entry.json", "leaves.bin", "part-0.bin"] {
            let outside = Outside::new();
            let space = &outside.space;
            space.build();
            let entry = rollout(space);
            let path = entry.join(file);
            let bytes = fs::read(&path).unwrap();
            fs::remove_file(&path).unwrap();
            match sort {
                // Even to the very same bytes.
                "link" => {
                    fs::write(outside.path("victim"), &bytes).unwrap();
                    symlink(outside.path("victim"), &path).unwrap();
                }
                "pipe" => _ = finish(space.program("mkfifo", &[&path])).ok(),
                "folder" => fs::create_dir(&path).unwrap(),
                _ => symlink("/dev/zero", &path).unwrap(),
            }
            // Where a note about the damage would go.
            symlink(outside.path("victim"), entry.join("damage.txt")).unwrap();
            space.run(&["cache", "fsck"]).fails(4, &["damaged"]);
            assert!(!entry.exists(), "{sort} {file}");
            if sort == "link" {
                assert_eq!(fs::read(outside.path("victim")).unwrap(), bytes);
            } else {
                outside.is_untouched();
            }
        }
    }
}

#[test]
fn folders_of_the_cache_that_are_links_are_left_alone() {
    let outside = Outside::new();
    let space = &outside.space;
    space.build();
    let entry = rollout(space);
    fs::remove_file(outside.path("victim")).unwrap();
    fs::create_dir(outside.path("victim")).unwrap();
    fs::remove_dir_all(&entry).unwrap();
    symlink(outside.path("victim"), &entry).unwrap();
    outside.link("cache/objects/foreign", "victim");
    fs::create_dir_all(space.path("cache/staging")).unwrap();
    let _ = fs::remove_dir_all(space.path("cache/staging/rollout"));
    outside.link("cache/staging/rollout", "victim");
    fs::create_dir_all(space.path("cache/locks")).unwrap();
    let log = "cache/log/20991121T000000Z-1.jsonl";
    finish(space.program("mkfifo", &["cache/locks/rollout-x", "cache/tmp-x", log])).ok();
    space.run(&["cache", "fsck"]).fails(4, &["damaged"]);
    space.run(&["cache", "gc"]).ok();
    space.run(&["status"]).ok();
    space.run(&["report", "experiments/x"]).ok();
    assert_eq!(fs::read_dir(outside.path("victim")).unwrap().count(), 0, "written through a link");
}

#[test]
fn a_lock_that_is_a_link_is_an_error_and_not_a_wait() {
    let outside = Outside::new();
    let space = &outside.space;
    let plan = space.json(&["plan", "experiments/x", "--json"]);
    fs::create_dir_all(space.path("cache/locks")).unwrap();
    for node in plan["nodes"].as_array().unwrap() {
        let name = format!("{}-{}", node["kind"].as_str().unwrap(), node["key"].as_str().unwrap());
        outside.link(&format!("cache/locks/{name}"), "victim");
    }
    space.run(&["build", "experiments/x"]).fails(3, &["cannot lock"]);
    outside.is_untouched();
}

/// A sealed record under a name, as somebody who may write to the cache can make it.
fn record(space: &TestSpace, name: &str, what: &str, value: &Value) {
    space.write(name, sealed_text(what, &value.to_string()));
}

#[test]
fn a_record_of_an_output_never_names_a_file_to_remove_or_to_write() {
    use std::os::unix::fs::MetadataExt;
    let outside = Outside::new();
    let space = &outside.space;
    space.build();
    let victim = outside.path("victim");
    let about = victim.metadata().unwrap();
    let climb = space.path("datasets/x.renders/../../..").join(
        victim.strip_prefix(space.root().parent().unwrap()).expect("both are temporary folders"),
    );
    fs::create_dir_all(space.path("datasets/x.renders")).unwrap();
    assert_eq!(fs::read_to_string(&climb).unwrap(), "as it was");
    for (i, path) in [climb.as_path(), &victim, Path::new("/etc/hostname")].iter().enumerate() {
        let value = json!({
            "path": path, "experiment": "experiments/x.yaml", "key": "07".repeat(32),
            "digest": "07".repeat(32), "bytes": about.len(),
            "mtime_ns": about.mtime() * 1_000_000_000 + about.mtime_nsec(), "inode": about.ino(),
        });
        record(space, &format!("cache/outputs/{i}.json"), "output", &value);
    }
    space.build();
    outside.is_untouched();
}

#[test]
fn a_part_that_names_a_path_is_no_part() {
    let outside = Outside::new();
    let space = &outside.space;
    let plan = space.json(&["plan", "experiments/x", "--json"]);
    let mut nodes = plan["nodes"].as_array().unwrap().iter();
    let node = nodes.find(|node| node["kind"] == "weights").unwrap();
    let folder = format!("cache/staging/weights/{}", node["key"].as_str().unwrap());
    let part = json!({
        "name": "u0-4", "pieces": [], "documents": {}, "bytes": 0,
        "digest": spinlock::key::Digest::of(b""), "file": "../../../../../planted",
    });
    space.write(&format!("{folder}/u0-4.part"), "");
    record(space, &format!("{folder}/u0-4.json"), "part", &part);
    space.build();
    assert!(!space.path("planted").exists());
    assert!(!space.path("cache/planted").exists());
    outside.is_untouched();
}

#[test]
fn temporary_files_are_not_written_through_links() {
    let outside = Outside::new();
    let space = &outside.space;
    space.build();
    // The name that the history of an experiment had before it took its place.
    let log = space.path("cache/log");
    for entry in fs::read_dir(&log).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if let Some(stem) = name.strip_suffix(".txt") {
            symlink(outside.path("victim"), log.join(format!("{stem}.tmp"))).unwrap();
        }
    }
    space.edit("total_samples: 8", "total_samples: 4");
    space.build();
    outside.is_untouched();
}
