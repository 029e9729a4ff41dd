//! `cache export` and `cache import`: entries go to another cache, and nothing but entries.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::check::lie;
use crate::faults::key;
use crate::space::{Ran, TestSpace, files, finish};

const ALL: [(&str, &str); 1] = [(
    "dataset:\n",
    "features: {categories: [spatial]}\nrenders:\n  r: {operators: [1], export: [png]}\ndataset:\n  \
     data_to_store: [operator_parameters, operator_outputs, input_data, operator_weights]\n",
)];

fn export(space: &TestSpace, file: &str) -> Value {
    space.json(&["cache", "export", "experiments/x", file, "--json"])
}

fn import(space: &TestSpace, file: &Path) -> Ran {
    space.run(&["cache", "import", file.to_str().unwrap(), "--json"])
}

/// The members of an archive: header and data.
fn members(archive: &[u8]) -> Vec<(tar::Header, Vec<u8>)> {
    let mut archive = tar::Archive::new(archive);
    let entries = archive.entries().unwrap().raw(true);
    entries
        .map(|entry| {
            let mut entry = entry.unwrap();
            let mut data = Vec::new();
            entry.read_to_end(&mut data).unwrap();
            (entry.header().clone(), data)
        })
        .collect()
}

fn archive(members: &[(tar::Header, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (header, data) in members {
        let mut header = header.clone();
        header.set_cksum();
        builder.append(&header, data.as_slice()).unwrap();
    }
    builder.into_inner().unwrap()
}

/// The list of an archive, changed and sealed again, as only somebody who means to can.
fn relist(members: &mut [(tar::Header, Vec<u8>)], change: impl FnOnce(&mut Value)) {
    let sealed: Value = serde_json::from_slice(&members[0].1).unwrap();
    let mut list = sealed["archive"].clone();
    change(&mut list);
    let text = list.to_string();
    let checksum = blake3::hash(text.as_bytes()).to_hex();
    members[0].1 = format!("{{\"checksum\":\"{checksum}\",\"archive\":{text}}}\n").into_bytes();
    let length = members[0].1.len() as u64;
    members[0].0.set_size(length);
}

/// Everything outside the folder of the cache.
fn outside(space: &TestSpace) -> Vec<(std::path::PathBuf, blake3::Hash)> {
    let cache = space.path("cache");
    space.content().into_iter().filter(|(path, _)| !path.starts_with(&cache)).collect()
}

#[test]
fn what_is_exported_builds_the_same_data_set_elsewhere_without_computing() {
    let space = TestSpace::changed(&ALL);
    let digest = space.build().digest();
    let out = export(&space, "x.tar");
    let there = TestSpace::changed(&ALL);
    let ran = import(&there, &space.path("x.tar")).ok();
    let done = ran.json();
    assert_eq!((&done["imported"], &done["entries"]), (&out["entries"], &out["entries"]));
    assert_eq!(done["recipes_known"], true);
    there.run(&["cache", "fsck", "--deep"]).ok();
    // What came in waits for its build: nothing is thrown away meanwhile.
    there.run(&["cache", "gc"]).ok();
    let built = there.build();
    assert_eq!((built.built().as_str(), built.digest()), ("dataset 1", digest));
    // Again: nothing is new.
    let again = import(&there, &space.path("x.tar")).ok().json();
    assert_eq!((&again["imported"], &again["kept"]), (&0.into(), &out["entries"]));
}

#[test]
fn the_same_entries_give_the_same_bytes() {
    let space = TestSpace::new();
    space.build();
    export(&space, "a.tar");
    export(&space, "b.tar");
    let bytes = fs::read(space.path("a.tar")).unwrap();
    assert_eq!(bytes, fs::read(space.path("b.tar")).unwrap());
    // From the other side too, and through a pipe.
    let there = TestSpace::new();
    import(&there, &space.path("a.tar")).ok();
    there.json(&["cache", "export", "experiments/x", "c.tar", "--json", "--kind", "rollout"]);
    space.json(&["cache", "export", "experiments/x", "c.tar", "--json", "--kind", "rollout"]);
    assert_eq!(fs::read(there.path("c.tar")).unwrap(), fs::read(space.path("c.tar")).unwrap());
    let piped = space.command(&["cache", "export", "experiments/x", "-"]).output().unwrap();
    assert_eq!(piped.stdout, bytes);
    let third = TestSpace::new();
    let mut command = third.command(&["cache", "import", "-", "--json"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&bytes).unwrap();
    assert!(child.wait_with_output().unwrap().status.success());
    assert_eq!(third.stale(&[]), "dataset 1");
    for (header, _) in members(&bytes) {
        assert_eq!((header.mtime().unwrap(), header.uid().unwrap()), (0, 0));
    }
}

#[test]
fn an_experiment_that_is_not_built_is_exported_in_part_only_if_asked() {
    let space = TestSpace::new();
    let export =
        |more: &[&str]| space.run(&[&["cache", "export", "experiments/x", "x.tar"], more].concat());
    export(&[]).fails(2, &["16 of 16 artifacts are not built", "spinlock build", "--partial"]);
    space.build_with(&["-j1", "--only", "rollout"]);
    export(&[]).fails(2, &["8 of 16", "parameters/"]);
    assert!(!space.path("x.tar").exists());
    export(&["--kind", "rollout"]).ok().says(&["x.tar", "4 entries"]);
    export(&["--partial"]).fails(2, &["exists", "--force"]);
    export(&["--partial", "--force"]).ok().says(&["8 entries"]);
    // A damaged entry is not handed on.
    let part = space.find("cache/objects/rollout", &["part-0.bin"]);
    crate::space::damage(&part, 40);
    export(&["--partial", "--force"]).fails(4, &["is damaged"]);
    assert!(files(space.root()).iter().all(|path| !path.to_string_lossy().contains(".tmp-")));
}

#[test]
fn other_content_under_a_key_stays_and_is_reported() {
    let space = TestSpace::new();
    space.build();
    export(&space, "x.tar");
    let wrong = key(&space, "initial_conditions/ops0-3");
    lie(&space, "initial_conditions", &wrong, "fields/1", 3, 1.0);
    let ran = import(&space, &space.path("x.tar"));
    let done = ran.fails(5, &["other content", &wrong]).json();
    assert_eq!(done["differing"][0]["key"], wrong.as_str());
    assert_eq!(done["differing"].as_array().unwrap().len(), 1);
}

#[test]
fn an_archive_that_is_cut_short_or_damaged_brings_only_what_is_sound() {
    let space = TestSpace::new();
    space.build();
    export(&space, "x.tar");
    let bytes = fs::read(space.path("x.tar")).unwrap();
    let there = TestSpace::new();
    for cut in [0, 100, 700, bytes.len() / 3, bytes.len() / 2, bytes.len() * 4 / 5] {
        fs::write(there.path("cut.tar"), &bytes[..cut]).unwrap();
        import(&there, &there.path("cut.tar")).fails(4, &["damaged"]);
        there.run(&["cache", "fsck", "--deep"]).ok();
    }
    // One flipped bit in the data of each member in turn: that entry alone is left out.
    let own = members(&bytes);
    let damaged: Vec<usize> = (1..own.len()).step_by(own.len() / 6).collect();
    for at in damaged {
        let mut own = own.clone();
        let middle = own[at].1.len() / 2;
        own[at].1[middle] ^= 1;
        let there = TestSpace::new();
        fs::write(there.path("bad.tar"), archive(&own)).unwrap();
        let ran = import(&there, &there.path("bad.tar")).fails(4, &["1 entries of the archive"]);
        let done = ran.json();
        assert_eq!(done["imported"].as_u64().unwrap() + 1, done["entries"].as_u64().unwrap());
        there.run(&["cache", "fsck", "--deep"]).ok();
        // The sound one brings the rest.
        let rest = import(&there, &space.path("x.tar")).ok().json();
        assert_eq!(rest["imported"], 1);
    }
    let mut listed = own;
    listed[0].1[900] ^= 1;
    fs::write(there.path("list.tar"), archive(&listed)).unwrap();
    import(&there, &there.path("list.tar")).fails(4, &["its list is not what was written"]);
}

#[test]
fn a_hostile_archive_writes_nothing_but_entries() {
    let space = TestSpace::new();
    space.build();
    export(&space, "x.tar");
    let own = members(&fs::read(space.path("x.tar")).unwrap());
    let refused = |name: &str, members: &[(tar::Header, Vec<u8>)], texts: &[&str]| {
        let there = TestSpace::new();
        let before = outside(&there);
        // Beside the project, so that the project can be compared.
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("evil.tar");
        fs::write(&path, archive(members)).unwrap();
        let ran = import(&there, &path);
        assert_eq!(ran.code, Some(4), "{name}: {}", ran.stderr);
        ran.says(texts);
        assert_eq!(outside(&there), before, "{name}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "{name}");
        finish(there.command(&["cache", "fsck", "--deep"])).ok();
    };
    // Names in the list.
    let names: [(&str, &str, Value); 6] = [
        ("/entries/0/kind", "kind", "../../evil".into()),
        ("/entries/0/kind", "kind", "evil".into()),
        ("/entries/1/files/1/name", "file", "../evil".into()),
        ("/entries/1/files/1/name", "file", "/etc/evil".into()),
        ("/entries/1/files/1/name", "file", ".evil".into()),
        ("/entries/1/files/1/name", "file", "entry.json".into()),
    ];
    for (pointer, what, value) in names {
        let mut evil = own.clone();
        relist(&mut evil, |list| *list.pointer_mut(pointer).unwrap() = value.clone());
        refused(&value.to_string(), &evil, &[&format!("no {what}")]);
    }
    let mut evil = own.clone();
    relist(&mut evil, |list| list["entries"][0]["key"] = "../../../evil".into());
    refused("a key that is a path", &evil, &["its list"]);
    // Members that are not plain files, or have another name or length.
    for kind in [
        tar::EntryType::Symlink,
        tar::EntryType::Link,
        tar::EntryType::Char,
        tar::EntryType::Directory,
        tar::EntryType::GNUSparse,
        tar::EntryType::GNULongName,
        tar::EntryType::XHeader,
    ] {
        let mut evil = own.clone();
        evil[1].0.set_entry_type(kind);
        if matches!(kind, tar::EntryType::Symlink | tar::EntryType::Link) {
            evil[1].0.set_link_name("/etc/passwd").unwrap();
        }
        refused(&format!("{kind:?}"), &evil, &["is damaged"]);
    }
    let mut evil = own.clone();
    evil[1].0.as_mut_bytes()[..100].fill(0);
    evil[1].0.as_mut_bytes()[..9].copy_from_slice(b"../../../");
    refused("a member elsewhere", &evil, &["stands where"]);
    let mut evil = own.clone();
    evil.push(own[1].clone());
    refused("more members", &evil, &["more than its list names"]);
    // Content under a key that stands for other content: the recipe gives it away.
    let mut evil = own.clone();
    let other = "ab".repeat(32);
    relist(&mut evil, |list| list["entries"][0]["key"] = other.as_str().into());
    refused("another key", &evil, &[]);
    // The same, sealed anew throughout: only the plan of its experiment gives it away.
    let mut evil = own.clone();
    let text = String::from_utf8(evil[2].1.clone()).unwrap().replacen("seed: 42", "seed: 43", 1);
    let sealed: Value = serde_json::from_str(&text).unwrap();
    let (entry, start) = (&sealed["entry"], text.find("\"entry\":").unwrap() + 8);
    assert!(entry["recipe"].is_string());
    let inner = &text[start..text.trim_end().len() - 1];
    let checksum = blake3::hash(inner.as_bytes()).to_hex();
    let text = format!("{{\"checksum\":\"{checksum}\",\"entry\":{inner}}}\n");
    let digest = blake3::hash(text.as_bytes()).to_hex().to_string();
    relist(&mut evil, |list| list["entries"][1]["files"][0]["digest"] = digest.as_str().into());
    assert_eq!(text.len(), evil[2].1.len());
    assert_ne!(text.as_bytes(), evil[2].1);
    evil[2].1 = text.into_bytes();
    refused("another recipe", &evil, &["its recipe is not the one"]);
    let mut evil = own;
    evil.remove(0);
    refused("no list", &evil, &["first member is not"]);
}

#[test]
fn a_list_that_claims_more_than_the_disk_holds_is_refused_before_anything_is_written() {
    let space = TestSpace::new();
    space.build();
    export(&space, "x.tar");
    let mut own = members(&fs::read(space.path("x.tar")).unwrap());
    relist(&mut own, |list| list["entries"][1]["files"][1]["bytes"] = (1_u64 << 60).into());
    fs::write(space.path("huge.tar"), archive(&own)).unwrap();
    let there = TestSpace::new();
    import(&there, &space.path("huge.tar")).fails(3, &["are free under", "--cache"]);
    assert!(!there.path("cache/objects").exists());
    let mut own = members(&fs::read(space.path("x.tar")).unwrap());
    relist(&mut own, |list| list["format"] = 9.into());
    fs::write(space.path("new.tar"), archive(&own)).unwrap();
    import(&there, &space.path("new.tar")).fails(2, &["has the format 9"]);
}
