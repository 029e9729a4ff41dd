//! What goes by age and size, which recipe is nearest, whose an output is.

use super::*;

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
