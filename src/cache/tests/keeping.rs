//! What `gc` keeps, which recipe is nearest, whose an output is.

use super::*;

#[test]
fn gc_keeps_what_roots_pins_and_newest_builds_name_and_what_is_locked() {
    let space = Space::new();
    for n in 1..=6 {
        space.put(&key(n), f32::from(n));
    }
    let live = space.folder.path().join("live.lock");
    fs::write(&live, "").unwrap();
    let root = |lock: Option<PathBuf>, n| RootRecord {
        experiment: "experiments/x.yaml".into(),
        lock,
        keys: vec![key(n)],
    };
    space.cache.set_root("live", &root(Some(live), 1)).unwrap();
    let gone = space.folder.path().join("gone.lock");
    space.cache.set_root("dir/gone", &root(Some(gone), 2)).unwrap();
    space.cache.set_root("elsewhere", &root(Some("/no/such/folder/x.lock".into()), 3)).unwrap();
    std::thread::sleep(Duration::from_millis(20));
    space.cache.set_root("build without lock file", &root(None, 4)).unwrap();
    space.cache.pin("paper", &PinRecord { note: "figure 2".into(), keys: vec![key(5)] }).unwrap();
    let _lock = space.cache.lock(KIND, &key(6)).unwrap();
    let mut options = GcOptions { newest_builds: 1, dry_run: true, ..Default::default() };
    let planned = space.cache.gc(&options).unwrap();
    assert!((1..=6).all(|n| space.cache.has(KIND, &key(n))));
    options.dry_run = false;
    let report = space.cache.gc(&options).unwrap();
    assert_eq!(report, planned);
    assert_eq!(report.removed.iter().map(|r| r.key).collect::<Vec<_>>(), [key(2)]);
    assert_eq!(report.roots_dropped, ["dir/gone"]);
    assert_eq!((report.kept, report.locked), (5, 1));
    assert!(!space.cache.has(KIND, &key(2)));
    assert!([1, 3, 4, 5, 6].iter().all(|n| space.cache.has(KIND, &key(*n))));
    assert!(space.cache.unpin("paper").unwrap());
    assert!(!space.cache.unpin("paper").unwrap());
    space.cache.gc(&options).unwrap();
    assert!(!space.cache.has(KIND, &key(5)));
    assert_eq!(space.cache.status().unwrap().kinds[KIND].entries, 4);
    assert!(space.fsck(true).damaged.is_empty());
}

#[test]
fn gc_frees_the_oldest_first_until_the_limit_is_kept() {
    let space = Space::new();
    for n in [3, 1, 2] {
        space.put(&key(n), 1.0);
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(space.cache.entries(KIND).unwrap(), [key(2), key(1), key(3)]);
    let bytes = space.cache.status().unwrap().kinds[KIND].bytes;
    let year = Some(Duration::from_hours(8_760));
    let young = GcOptions { max_age: year, ..Default::default() };
    assert!(space.cache.gc(&young).unwrap().removed.is_empty());
    let small = GcOptions { max_bytes: Some(bytes - 1), ..Default::default() };
    let report = space.cache.gc(&small).unwrap();
    assert_eq!(report.removed.iter().map(|r| r.key).collect::<Vec<_>>(), [key(3)]);
    assert_eq!(report.kept_bytes, space.cache.status().unwrap().kinds[KIND].bytes);
    std::thread::sleep(Duration::from_millis(20));
    let old = GcOptions { max_age: Some(Duration::from_millis(10)), ..Default::default() };
    assert_eq!(space.cache.gc(&old).unwrap().removed.len(), 2);
}

#[test]
fn gc_removes_nothing_if_it_cannot_know_what_is_needed() {
    let space = Space::new();
    space.put(&key(1), 1.0);
    space.cache.pin("p", &PinRecord { note: String::new(), keys: vec![key(1)] }).unwrap();
    let path = space.cache.root().join("pins/p.json");
    flip(&path, 100);
    assert_eq!(space.cache.gc(&GcOptions::default()).unwrap_err().kind, ErrorKind::Integrity);
    assert!(space.cache.has(KIND, &key(1)));
    assert_eq!(space.fsck(false).damaged_records, [path]);
}

#[test]
fn the_nearest_recipe_is_the_one_with_the_fewest_other_lines() {
    let space = Space::new();
    for (n, recipe) in [(1, "a: 1\nb: 2\nc: 3\n"), (2, "a: 9\nb: 9\nc: 3\n")] {
        push_part(&space, &key(n), "a", 1.0);
        let parts = space.cache.complete_parts(KIND, &key(n)).unwrap();
        let (kind, recipe) = (KIND.to_owned(), recipe.to_owned());
        let pending = Pending { kind, key: key(n), recipe, parts, notes: Documents::new() };
        space.cache.publish_batch(vec![pending]).unwrap();
        std::thread::sleep(Duration::from_millis(20));
    }
    let nearest = |limit| space.cache.nearest(KIND, "a: 1\nb: 7\nc: 3\n", limit).unwrap();
    assert_eq!(nearest(9).map(|n| (n.key, n.differing)), Some((key(1), 2)));
    assert_eq!(nearest(1).map(|n| (n.key, n.differing)), Some((key(2), 4)));
    assert_eq!(space.cache.nearest("other", "", 9).unwrap(), None);
}

#[test]
fn an_output_is_ours_as_long_as_nobody_touches_it() {
    let space = Space::new();
    let path = space.folder.path().join("x.h5");
    fs::write(&path, "data").unwrap();
    let FileIdentity { bytes, mtime_ns, inode } = identity(&path).unwrap().unwrap();
    let record = OutputRecord {
        path: path.clone(),
        experiment: "x".into(),
        key: key(1),
        digest: Digest([2; 32]),
        bytes,
        mtime_ns,
        inode,
    };
    assert_eq!(space.cache.output_at(&path).unwrap(), None);
    space.cache.record_output(&record).unwrap();
    assert_eq!(space.cache.output_at(&path).unwrap().as_ref(), Some(&record));
    assert_eq!(space.cache.outputs_of(&key(1)).unwrap(), std::slice::from_ref(&record));
    assert!(space.cache.outputs_of(&key(2)).unwrap().is_empty());
    assert!(record.is_intact().unwrap());
    fs::write(&path, "DATA").unwrap();
    assert!(!record.is_intact().unwrap());
    fs::remove_file(&path).unwrap();
    assert!(!record.is_intact().unwrap());
    flip(&files_in(&space.cache.root().join("outputs"))[0], 900);
    assert_eq!(space.cache.output_at(&path).unwrap(), None);
}
