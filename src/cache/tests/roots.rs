//! What `gc` keeps, and why.

use super::*;

struct Lock(PathBuf);

/// A lock file of an experiment.
fn lock(space: &Space, name: &str) -> Lock {
    let path = space.folder.path().join(name);
    fs::write(&path, "").unwrap();
    Lock(path)
}

fn begin(space: &Space, lock: Option<PathBuf>, keys: &[u8]) -> Registered {
    // Records are told apart by when they were written.
    std::thread::sleep(Duration::from_millis(15));
    let record = RootRecord::new("experiments/x.yaml".into(), lock, "cpu".into());
    space.cache.register(record, keys.iter().map(|n| key(*n)).collect()).unwrap()
}

/// A build that came to its end.
fn built(space: &Space, lock: Option<&Lock>, keys: &[u8]) {
    begin(space, lock.map(|lock| lock.0.clone()), keys).done().unwrap();
}

/// A build that failed or was killed.
fn broken_off(space: &Space, lock: &Lock, keys: &[u8]) {
    drop(begin(space, Some(lock.0.clone()), keys));
}

/// What is left of the entries 1 to 9 after a `gc` that keeps so many builds; the dry run before it says the
/// same and changes nothing.
fn left(space: &Space, newest_builds: usize) -> Vec<u8> {
    gc(space, &GcOptions { newest_builds, ..Default::default() }).1
}

fn gc(space: &Space, options: &GcOptions) -> (GcReport, Vec<u8>) {
    let there = || (1..=9).filter(|n| space.cache.has(KIND, &key(*n))).collect::<Vec<u8>>();
    let (before, files) = (there(), all_files(space));
    let planned = space.cache.gc(&GcOptions { dry_run: true, ..options.clone() }).unwrap();
    assert_eq!((there(), all_files(space)), (before, files));
    let report = space.cache.gc(options).unwrap();
    assert_eq!(report, planned);
    assert_eq!(report.kept, there().len());
    assert!(space.fsck(true).damaged.is_empty());
    (report, there())
}

fn all_files(space: &Space) -> Vec<PathBuf> {
    let walk = walkdir::WalkDir::new(space.cache.root()).sort_by_file_name();
    walk.into_iter().map(|entry| entry.unwrap().into_path()).collect()
}

fn filled() -> Space {
    let space = Space::new();
    for n in 1..=9 {
        space.put(&key(n), f32::from(n));
    }
    space
}

#[test]
fn a_lock_file_keeps_the_newest_build_that_came_to_its_end() {
    let space = filled();
    let x = lock(&space, "x.lock");
    built(&space, Some(&x), &[1, 2]);
    built(&space, Some(&x), &[2, 3]);
    broken_off(&space, &x, &[3, 4]);
    let elsewhere = Lock("/no/such/folder/y.lock".into());
    built(&space, Some(&elsewhere), &[5]);
    assert_eq!(left(&space, 0), [2, 3, 5]);
    // The builds that kept nothing are forgotten, with their keys.
    assert_eq!(space.cache.roots().unwrap().len(), 2);
    assert_eq!(files_in(&space.cache.root().join("keysets")).len(), 2);
    fs::remove_file(&x.0).unwrap();
    assert_eq!(left(&space, 0), [5]);
}

#[test]
fn profiles_of_one_lock_file_do_not_replace_each_other() {
    let space = filled();
    let x = lock(&space, "x.lock");
    built(&space, Some(&x), &[1]);
    let record = RootRecord::new("x".into(), Some(x.0.clone()), "cuda".into());
    space.cache.register(record, vec![key(2)]).unwrap().done().unwrap();
    assert_eq!(left(&space, 0), [1, 2]);
}

#[test]
fn the_last_builds_keep_what_they_need_also_of_one_experiment_and_however_they_ended() {
    let space = filled();
    let x = lock(&space, "x.lock");
    built(&space, Some(&x), &[1, 2]);
    built(&space, Some(&x), &[2, 3]);
    built(&space, None, &[4]);
    broken_off(&space, &x, &[5, 6]);
    fs::remove_file(&x.0).unwrap();
    assert_eq!(left(&space, 4), [1, 2, 3, 4, 5, 6]);
    assert_eq!(left(&space, 3), [2, 3, 4, 5, 6]);
    assert_eq!(left(&space, 1), [5, 6]);
    assert_eq!(left(&space, 0), [0; 0]);
}

#[test]
fn a_pin_keeps_its_keys_until_it_is_dropped() {
    let space = filled();
    space.cache.pin("paper", &PinRecord { note: "figure 2".into(), keys: vec![key(5)] }).unwrap();
    assert_eq!(left(&space, 0), [5]);
    assert!(space.cache.unpin("paper").unwrap());
    assert!(!space.cache.unpin("paper").unwrap());
    assert_eq!(left(&space, 0), [0; 0]);
}

#[test]
fn what_a_running_build_needs_stays_however_many_builds_came_after_it() {
    let space = filled();
    let mut slow = begin(&space, None, &[1, 2]);
    for _ in 0..40 {
        drop(space.cache.register(RootRecord::new("y".into(), None, "cpu".into()), vec![key(3)]));
    }
    // Only so many are remembered, and all of them share a set.
    assert!(space.cache.roots().unwrap().len() <= 34);
    assert_eq!(files_in(&space.cache.root().join("keysets")).len(), 2);
    let _making = space.cache.lock(KIND, &key(4)).unwrap();
    let (report, there) = gc(&space, &GcOptions { newest_builds: 0, ..Default::default() });
    assert_eq!((there, report.locked), (vec![1, 2, 4], 1));
    assert_eq!(report.by_kind[KIND].running.entries, 2);
    slow.done().unwrap();
    assert_eq!(left(&space, 0), [1, 2, 4], "it runs, and has only come to its end");
    slow.forget().unwrap();
    assert_eq!(left(&space, 0), [4]);
}

#[test]
fn a_build_that_begins_while_gc_runs_loses_nothing_that_it_saw() {
    for round in 0..12 {
        let space = Space::new();
        let keys: Vec<Key> = (0..1000_u32).map(|n| Key(Digest::of(&n.to_le_bytes()).0)).collect();
        for key in &keys {
            let folder = space.object(key);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("entry.json"), "").unwrap();
        }
        let other = Space::at(space.cache.root());
        std::thread::scope(|scope| {
            let gc = scope.spawn(|| {
                let options = GcOptions { newest_builds: 0, ..Default::default() };
                other.cache.gc(&options).unwrap()
            });
            std::thread::sleep(Duration::from_millis(4 * round));
            let record = RootRecord::new("x".into(), None, "cpu".into());
            let _build = space.cache.register(record, keys.clone()).unwrap();
            let seen = space.cache.present(KIND, &keys);
            gc.join().unwrap();
            for (key, seen) in keys.iter().zip(seen) {
                assert_eq!(space.cache.has(KIND, key), seen, "round {round}");
            }
        });
    }
}

#[test]
fn limits_of_age_size_and_kind_act_together() {
    let space = filled();
    let all = space.cache.status().unwrap().kinds[KIND];
    let one = all.bytes / 9;
    let limited = |options: &GcOptions| gc(&space, options).1;
    let none = GcOptions { newest_builds: 0, ..Default::default() };
    let day = Some(Duration::from_hours(24));
    let other = vec!["rollout".to_owned()];
    let everything: Vec<u8> = (1..=9).collect();
    assert_eq!(limited(&GcOptions { max_age: day, ..none.clone() }), everything);
    assert_eq!(
        limited(&GcOptions { kinds: other, max_bytes: Some(0), ..none.clone() }),
        everything
    );
    let mine = vec![KIND.to_owned()];
    let room = Some(7 * one + one / 2);
    let small = GcOptions { max_age: day, max_bytes: room, kinds: mine, ..none.clone() };
    assert_eq!(limited(&small), [3, 4, 5, 6, 7, 8, 9], "the oldest go, young as they are");
    // What is needed stays even if there is no room for it.
    built(&space, None, &[4]);
    let tight = GcOptions { max_bytes: Some(0), newest_builds: 1, ..none };
    let (report, there) = gc(&space, &tight);
    assert_eq!(there, [4]);
    assert_eq!(report.by_kind[KIND].newest_builds.entries, 1);
    assert_eq!((report.only_newest_builds.entries, report.only_pins.entries), (1, 0));
}

#[test]
fn gc_removes_nothing_if_it_cannot_know_what_is_needed() {
    let space = filled();
    let x = lock(&space, "x.lock");
    space.cache.pin("p", &PinRecord { note: String::new(), keys: vec![key(1)] }).unwrap();
    built(&space, Some(&x), &[2]);
    let root = space.cache.root();
    let record = files_in(&root.join("roots")).remove(0);
    let set = files_in(&root.join("keysets")).remove(0);
    for path in [root.join("pins/p.json"), record, set.clone()] {
        flip(&path, 100);
        let error = space.cache.gc(&GcOptions::default()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Integrity);
        assert!(error.message.contains(path.file_name().unwrap().to_str().unwrap()));
        assert!(space.cache.has(KIND, &key(9)));
        assert_eq!(space.fsck(false).damaged_records, std::slice::from_ref(&path));
        flip(&path, 100);
    }
    fs::remove_file(set).unwrap();
    assert_eq!(space.cache.gc(&GcOptions::default()).unwrap_err().kind, ErrorKind::Integrity);
    assert_eq!(space.cache.kinds().unwrap(), [KIND]);
}

#[test]
fn roots_of_earlier_versions_still_keep_their_keys() {
    let space = filled();
    let x = lock(&space, "x.lock");
    let old = json!({"experiment": "experiments/x.yaml", "lock": x.0, "keys": [key(3), key(4)]});
    let path = space.cache.root().join("roots/0123.json");
    sealed::write(&path, "root", &old).unwrap();
    assert_eq!(left(&space, 0), [3, 4]);
    built(&space, Some(&x), &[4]);
    assert_eq!(left(&space, 0), [3, 4], "it has no profile, so nothing is known to replace it");
    fs::remove_file(&x.0).unwrap();
    assert_eq!(left(&space, 1), [4]);
    assert!(!path.exists());
}

#[test]
fn gc_clears_old_logs_of_builds_that_are_over_and_forgets_outputs_that_are_gone() {
    let space = Space::new();
    let folder = space.cache.root().join("log");
    fs::create_dir_all(&folder).unwrap();
    let old = std::time::SystemTime::now() - Duration::from_hours(24 * 100);
    for n in 0..103 {
        let path = folder.join(format!("20260101T000{n:03}Z-1.jsonl"));
        fs::write(&path, "x").unwrap();
        fs::File::options().write(true).open(&path).unwrap().set_modified(old).unwrap();
    }
    let running = fs::File::open(folder.join("20260101T000001Z-1.jsonl")).unwrap();
    running.lock().unwrap();
    let path = space.folder.path().join("gone.h5");
    let record = OutputRecord {
        path: path.clone(),
        experiment: "x".into(),
        key: key(1),
        digest: Digest([2; 32]),
        bytes: 1,
        mtime_ns: 1,
        inode: 1,
    };
    space.cache.record_output(&record).unwrap();
    let report = gc(&space, &GcOptions::default()).0;
    assert_eq!((report.log_bytes, report.outputs_forgotten), (2, 1));
    assert_eq!(files_in(&folder).len(), 101);
    assert_eq!(space.cache.output_at(&path).unwrap(), None);
}
