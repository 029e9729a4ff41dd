//! Killed processes, leftovers, and folders that cannot be written.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

#[test]
fn a_killed_build_resumes_from_its_complete_parts_and_from_nothing_else() {
    let space = Space::new();
    push_part(&space, &key(1), "whole", 1.0);
    for (name, lost) in [("no-sidecar", "json"), ("no-data", "part")] {
        push_part(&space, &key(1), name, 2.0);
        fs::remove_file(space.staging(&key(1)).join(name).with_extension(lost)).unwrap();
    }
    for name in ["flipped-data.part", "flipped-sidecar.json"] {
        push_part(&space, &key(1), name.split('.').next().unwrap(), 3.0);
        flip(&space.staging(&key(1)).join(name), 77);
    }
    let data = space.staging(&key(1)).join("short.part");
    push_part(&space, &key(1), "short", 3.0);
    fs::OpenOptions::new().write(true).open(&data).unwrap().set_len(9).unwrap();
    // What `PartWriter` has written when it is killed.
    fs::write(space.staging(&key(1)).join("tmp-killed"), "half").unwrap();
    let parts = space.cache.complete_parts(KIND, &key(1)).unwrap();
    assert_eq!(parts.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["whole"]);
    assert_eq!(files_in(&space.staging(&key(1))).len(), 2);
    assert_eq!(space.cache.finished_part(KIND, &key(1), "whole").unwrap(), parts[0]);
    assert!(space.cache.finished_part(KIND, &key(1), "short").is_err());
}

#[test]
fn a_part_that_is_being_written_is_no_leftover() {
    let space = Space::new();
    let mut writer = PartWriter::create(&space.cache, KIND, &key(1), "a").unwrap();
    push(&mut writer, "x", 1.0, None);
    assert!(space.cache.complete_parts(KIND, &key(1)).unwrap().is_empty());
    assert!(space.fsck(false).leftovers.is_empty());
    writer.finish(Documents::new()).unwrap();
    assert_eq!(space.cache.complete_parts(KIND, &key(1)).unwrap().len(), 1);
    drop(PartWriter::create(&space.cache, KIND, &key(2), "a").unwrap());
    assert_eq!(files_in(&space.staging(&key(2))).len(), 0);
}

#[test]
fn a_kill_while_publishing_loses_no_part_and_shows_no_entry() {
    let space = Space::new();
    push_part(&space, &key(1), "a", 1.0);
    let half = space.staging(&key(1)).join("entry-killed");
    fs::create_dir(&half).unwrap();
    fs::hard_link(space.staging(&key(1)).join("a.part"), half.join("part-0.bin")).unwrap();
    fs::write(half.join("entry.json"), "{").unwrap();
    assert!(!space.cache.has(KIND, &key(1)));
    let report = space.fsck(false);
    assert_eq!(report.leftovers.iter().map(|l| &l.path).collect::<Vec<_>>(), [&half]);
    assert_eq!((report.entries, report.resumable.parts), (0, 1));
    assert!(!half.exists());
    assert_eq!(space.publish(&key(1)).existed, None);
}

#[test]
fn fsck_clears_what_killed_processes_left_and_a_dry_run_does_not() {
    let space = Space::new();
    space.put(&key(1), 1.0);
    let root = space.cache.root();
    fs::create_dir_all(root.join("locks")).unwrap();
    fs::create_dir_all(space.staging(&key(1))).unwrap();
    let left = [
        space.staging(&key(1)),
        root.join("tmp-1"),
        root.join("locks").join(format!("{KIND}-{}", key(3))),
    ];
    fs::write(&left[1], "x").unwrap();
    fs::write(&left[2], "").unwrap();
    let lock = space.cache.lock(KIND, &key(4)).unwrap();
    let foreign = root.join("objects").join(KIND).join("notes");
    fs::write(&foreign, "mine").unwrap();
    flip(&space.object(&key(1)).join("leaves.bin"), 5);
    let dry = FsckOptions { deep: false, dry_run: true };
    for options in [dry, FsckOptions::default()] {
        let report = space.cache.fsck(options, &mut QUIET.clone()).unwrap();
        assert_eq!(report.leftovers.iter().map(|l| &l.path).collect::<Vec<_>>(), left.each_ref());
        assert_eq!(report.damaged.len(), 1);
        assert_eq!(report.foreign, std::slice::from_ref(&foreign));
        assert!(left.iter().all(|path| path.exists() == options.dry_run));
        assert_eq!(space.cache.has(KIND, &key(1)), options.dry_run);
    }
    assert!(foreign.exists());
    drop(lock);
}

/// Runs on a thread without the rights of root on files.
fn as_nobody<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        scope
            .spawn(|| {
                #[expect(unsafe_code, reason = "concerns this thread alone, which ends here")]
                // SAFETY: changes the file-system user of the calling thread and touches no memory.
                unsafe {
                    libc::setfsuid(65_534)
                };
                work()
            })
            .join()
            .unwrap()
    })
}

#[test]
fn a_cache_that_cannot_be_written_can_be_read() {
    let space = Space::new();
    space.put(&key(1), 1.0);
    let fresh = space.folder.path().join("fresh");
    fs::create_dir(&fresh).unwrap();
    set_modes(&space, 0o555);
    let error = as_nobody(|| {
        let cache = Cache::open(space.cache.root()).unwrap();
        read_all(&cache, &key(1)).unwrap();
        let dry = FsckOptions { deep: true, dry_run: true };
        assert!(cache.fsck(dry, &mut QUIET.clone()).unwrap().damaged.is_empty());
        assert!(cache.lock(KIND, &key(1)).is_err());
        Cache::open(&fresh).unwrap();
        PartWriter::create(&cache, KIND, &key(2), "a").unwrap_err()
    });
    assert_eq!(error.kind, ErrorKind::Environment);
    assert!(error.help.unwrap().contains("owner and mode"));
    assert_eq!(files_in(&fresh).len(), 0);
    set_modes(&space, 0o755);
}

/// Sets the mode of every folder.
fn set_modes(space: &Space, mode: u32) {
    for found in walkdir::WalkDir::new(space.folder.path()) {
        let path = found.unwrap().into_path();
        if path.is_dir() {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }
    }
}

#[test]
fn a_failed_publication_leaves_the_parts_and_no_half_entry() {
    let space = Space::new();
    push_part(&space, &key(1), "a", 1.0);
    let in_the_way = space.cache.root().join("objects").join(KIND);
    fs::create_dir_all(in_the_way.parent().unwrap()).unwrap();
    fs::write(&in_the_way, "").unwrap();
    let parts = space.cache.complete_parts(KIND, &key(1)).unwrap();
    let pending = Pending {
        kind: KIND.to_owned(),
        key: key(1),
        recipe: String::new(),
        parts,
        notes: Documents::new(),
    };
    let error = space.cache.publish_batch(vec![pending]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Environment);
    assert_eq!(files_in(&space.staging(&key(1))).len(), 2, "data and sidecar");
    fs::remove_file(in_the_way).unwrap();
    assert_eq!(space.publish(&key(1)).existed, None);
}

#[test]
fn eight_builds_at_once_build_every_key_once() {
    let space = Space::new();
    let built = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let handle = Space::at(space.cache.root());
                for n in 1..=20 {
                    let _lock = handle.cache.lock(KIND, &key(n)).unwrap();
                    if !handle.cache.has(KIND, &key(n)) {
                        assert_eq!(handle.put(&key(n), f32::from(n)).existed, None);
                        built.fetch_add(1, Ordering::SeqCst);
                    }
                    read_all(&handle.cache, &key(n)).unwrap();
                }
            });
        }
    });
    assert_eq!(built.into_inner(), 20);
    let report = space.fsck(true);
    assert_eq!((report.entries, report.damaged.len(), report.leftovers.len()), (20, 0, 0));
}

const CHILD: &str = "SPINLOCK_TEST_CACHE_TO_FILL";

/// Builds keys in the cache that the environment names, until it is killed; does nothing otherwise.
/// The test below runs it as a process of its own.
#[test]
fn child_process() {
    let Some(root) = std::env::var_os(CHILD) else { return };
    let space = Space::at(Path::new(&root));
    for n in 0..=u8::MAX {
        let _lock = space.cache.lock(KIND, &key(n)).unwrap();
        if space.cache.entry_or_quarantine(KIND, &key(n)).unwrap().is_none() {
            for part in ["a", "b"] {
                push_part(&space, &key(n), part, f32::from(n));
            }
            space.publish(&key(n));
        }
    }
}

#[test]
fn a_build_killed_at_any_moment_leaves_a_whole_cache() {
    let space = Space::new();
    for moment in 0..12 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "cache::tests::killed::child_process"])
            .env(CHILD, space.cache.root())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_micros(15_000 + moment * 7_300));
        child.kill().unwrap();
        child.wait().unwrap();
        if moment % 3 == 0 {
            let report = space.fsck(true);
            assert!(report.damaged.is_empty() && report.foreign.is_empty(), "{report:?}");
        }
    }
    let built = space.cache.entries(KIND).unwrap();
    assert!(built.len() > 2, "the children got nowhere");
    for key in built {
        let expected = Space::new();
        for part in ["a", "b"] {
            push_part(&expected, &key, part, f32::from(key.0[0]));
        }
        let expected = expected.publish(&key).digest;
        assert_eq!(space.cache.entry(KIND, &key).unwrap().digest, expected);
    }
    space.fsck(true);
    let report = space.fsck(true);
    assert!(report.leftovers.is_empty() && report.damaged.is_empty(), "{report:?}");
}
