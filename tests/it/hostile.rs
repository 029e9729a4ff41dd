//! Files from strangers: whatever a file holds, the tool that talks to the person goes on, and says so.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::space::{Ran, TestSpace, finish};

/// Numbers that look random, the same in every run.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mixed = self.0 ^ (self.0 >> 29);
        mixed.wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 16
    }

    fn below(&mut self, most: usize) -> usize {
        (self.next() % most.max(1) as u64) as usize
    }
}

/// A sound data set in a project of its own.
fn sound() -> (TestSpace, Vec<u8>) {
    let space = TestSpace::new();
    space.build();
    let bytes = fs::read(space.path("datasets/x.h5")).unwrap();
    (space, bytes)
}

/// Runs a command on a damaged file: it may succeed or say what is wrong, and nothing else.
#[track_caller]
fn survives(space: &TestSpace, args: &[&str]) -> Ran {
    let mut command = space.command(args);
    let start = Instant::now();
    let output = command.output().unwrap();
    let shown = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.signal(), None, "{args:?}: {shown}");
    let code = output.status.code();
    assert!(matches!(code, Some(0 | 2 | 3 | 4)), "{args:?} ends with {code:?}: {shown}");
    assert!(start.elapsed() < Duration::from_mins(2), "{args:?} took {:?}", start.elapsed());
    if code != Some(0) {
        assert!(shown.contains("error: "), "{args:?}: {shown}");
    }
    Ran::from(output)
}

/// What lies in a folder.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// How long the mutations may take; `SPINLOCK_MUTATIONS_S` gives them longer.
fn budget() -> Duration {
    let seconds = std::env::var("SPINLOCK_MUTATIONS_S").ok().and_then(|s| s.parse().ok());
    Duration::from_secs(seconds.unwrap_or(20))
}

#[test]
fn no_mutation_of_a_data_set_ends_the_tool_by_a_signal() {
    let (space, sound) = sound();
    let file = space.path("bad/x.h5");
    fs::create_dir(space.path("bad")).unwrap();
    let mut draws = Draws(7);
    let start = Instant::now();
    let (mut tried, mut refused) = (0, 0);
    let commands: [&[&str]; 6] = [
        &["info", "bad/x.h5", "--json"],
        &["validate", "bad/x.h5"],
        &["info", "bad/x.h5", "--row", "3"],
        &["features", "bad/x.h5", "--overwrite", "--quiet"],
        &["report", "bad/x.h5", "-o", "out/x.html"],
        &["diff", "bad/x.h5", "datasets/x.h5"],
    ];
    while start.elapsed() < budget() || tried < 60 {
        let mut bytes = sound.clone();
        match tried % 8 {
            0 => bytes.truncate(draws.below(sound.len())),
            // Structures lie at the beginning and between the arrays; values matter less.
            kind => {
                for _ in 0..=draws.below(8) {
                    let near = if kind < 4 { 4096 } else { sound.len() };
                    let at = draws.below(near.min(sound.len()));
                    bytes[at] = match draws.below(3) {
                        0 => bytes[at] ^ (1 << draws.below(8)),
                        1 => 0xff,
                        _ => draws.next() as u8,
                    };
                }
            }
        }
        fs::write(&file, &bytes).unwrap();
        let ran = survives(&space, commands[tried % commands.len()]);
        refused += usize::from(ran.code != Some(0));
        tried += 1;
        // Features are written beside the file and take its place, or nothing is left of them.
        assert_eq!(names(&space.path("bad")), ["x.h5"], "{ran:?}");
    }
    println!("{tried} mutations, {refused} refused");
    assert!(refused > tried / 8, "{refused} of {tried} mutations were refused");
}

#[test]
fn a_file_that_is_none_is_refused_by_every_command() {
    let (space, sound) = sound();
    space.write("bad/empty.h5", "");
    space.write("bad/text.h5", "not a data set");
    space.write("bad/head.h5", &sound[..8]);
    space.write("bad/half.h5", &sound[..sound.len() / 2]);
    space.write("bad/ones.h5", [&sound[..96], &vec![0xff; 4096][..]].concat());
    fs::create_dir(space.path("bad/folder.h5")).unwrap();
    finish(space.program("mkfifo", &["bad/pipe.h5"])).ok();
    let before = names(&space.path("bad"));
    for name in before.iter().map(|name| format!("bad/{name}")) {
        for command in ["info", "validate", "features", "render", "report", "extract-features"] {
            let mut args = vec![command, &name];
            if command == "extract-features" {
                args.insert(1, "--dataset");
            }
            let ran = survives(&space, &args);
            assert!(matches!(ran.code, Some(2..=4)), "{command} {name}: {ran:?}");
        }
        survives(&space, &["diff", &name, "datasets/x.h5"]);
    }
    assert_eq!(names(&space.path("bad")), before);
}

/// A script that makes files for h5py.
fn h5py(space: &TestSpace, script: &str) {
    space.write("make.py", script);
    let mut command = space.program("python3", &["make.py"]);
    command.env("PYTHONPATH", Path::new(env!("CARGO_MANIFEST_DIR")).join(".python"));
    finish(command).ok();
}

#[test]
fn links_and_values_in_other_files_are_neither_read_nor_written() {
    let (space, _) = sound();
    h5py(
        &space,
        "\
import h5py, numpy
with h5py.File('victim.h5', 'w') as f:
    f['secret'] = numpy.arange(4.0)
    f['outputs/fields'] = numpy.random.rand(2, 1, 2, 8, 8).astype('f4')
    f.create_group('sdf/old')
with h5py.File('link.h5', 'w') as f:
    f['outputs/fields'] = h5py.ExternalLink('victim.h5', '/outputs/fields')
with h5py.File('group.h5', 'w') as f:
    f['outputs'] = h5py.ExternalLink('victim.h5', '/outputs')
with h5py.File('write.h5', 'w') as f:
    f['outputs/fields'] = numpy.random.rand(2, 1, 2, 8, 8).astype('f4')
    f['features'] = h5py.ExternalLink('victim.h5', '/')
with h5py.File('values.h5', 'w') as f:
    f.create_dataset('outputs/fields', (2, 1, 2, 8, 8), 'f4', external=[('/dev/zero', 0, 1024)])
with h5py.File('virtual.h5', 'w') as f:
    layout = h5py.VirtualLayout((2, 1, 2, 8, 8), 'f4')
    layout[:] = h5py.VirtualSource('victim.h5', 'outputs/fields', (2, 1, 2, 8, 8))
    f.create_virtual_dataset('outputs/fields', layout)
",
    );
    let victim = fs::read(space.path("victim.h5")).unwrap();
    for name in ["link.h5", "group.h5", "write.h5", "values.h5", "virtual.h5"] {
        let ran = survives(&space, &["features", name, "--overwrite"]);
        assert!(matches!(ran.code, Some(2 | 4)), "{name}: {ran:?}");
        for args in [vec!["info", name], vec!["validate", name], vec!["report", name]] {
            survives(&space, &args);
        }
        if name != "write.h5" {
            let ran = survives(&space, &["render", name]);
            assert!(matches!(ran.code, Some(2 | 4)), "{name}: {ran:?}");
        }
    }
    assert_eq!(fs::read(space.path("victim.h5")).unwrap(), victim);
}

#[test]
fn what_a_header_claims_is_not_allocated() {
    let (space, _) = sound();
    h5py(
        &space,
        "\
import h5py, numpy
huge = 1 << 40
with h5py.File('sparse.h5', 'w') as f:
    f.create_dataset('outputs/fields', (huge, 1, 1, 8, 8), 'f4', chunks=(1, 1, 1, 8, 8))
with h5py.File('chunk.h5', 'w') as f:
    d = f.create_dataset('outputs/fields', (2, 1, 2, 8, 8), 'f4', chunks=(2, 1, 2, 8, 8),
                         maxshape=(None, None, None, None, None))
    d[:] = 1
    d.resize((huge, 1, 2, 8, 8))
with h5py.File('columns.h5', 'w') as f:
    f.create_dataset('metadata/grid_group', (huge,), 'i8', chunks=(1024,))
    f.create_dataset('metadata/row', (huge,), 'i8', chunks=(1024,))
    f.create_dataset('metadata/operator', (huge,), 'i8', chunks=(1024,))
    f.create_dataset('metadata/ic_types', (huge,), h5py.string_dtype(), chunks=(1024,))
    f.create_dataset('parameters/params', (huge, 4), 'f8', chunks=(1024, 4))
",
    );
    for name in ["sparse.h5", "chunk.h5", "columns.h5"] {
        for command in ["info", "validate", "features", "render", "report"] {
            // Half a gigabyte is plenty for what these files hold.
            let mut limited = space.program("prlimit", &["--as=2000000000", "--"]);
            limited.arg(crate::space::SPINLOCK).args([command, name]);
            let start = Instant::now();
            let ran = finish(limited);
            assert!(matches!(ran.code, Some(0 | 2 | 4)), "{command} {name}: {ran:?}");
            assert!(!ran.stderr.contains("SIG"), "{command} {name}: {ran:?}");
            assert!(start.elapsed() < Duration::from_secs(20), "{command} {name}");
        }
    }
}

/// A program in the place of the copy: the real one is asked to take a file that makes it die.
#[test]
fn an_output_that_nobody_survives_is_not_taken_for_ours() {
    let (space, mut bytes) = sound();
    let middle = bytes.len() / 2;
    bytes.truncate(middle);
    let record: PathBuf = space.path("datasets/x.h5");
    fs::write(&record, &bytes).unwrap();
    let ran = space.run(&["build", "experiments/x", "--json"]);
    ran.fails(2, &["was not written by spinlock", "--force"]);
    space.run(&["build", "experiments/x", "--force"]).ok();
    let report: Value = space.json(&["info", "datasets/x.h5", "--json"]);
    assert_eq!(report["operators"], 8);
}
