//! What is put in comes back, under a digest of content alone.

use super::*;

#[test]
fn what_is_put_in_comes_back() {
    let space = Space::new();
    assert!(!space.cache.has(KIND, &key(1)));
    assert!(space.cache.entry_or_quarantine(KIND, &key(1)).unwrap().is_none());
    let published = space.put(&key(1), 1.0);
    assert!(space.cache.has(KIND, &key(1)));
    let entry = space.cache.entry(KIND, &key(1)).unwrap();
    assert_eq!((entry.digest, published.existed), (published.digest, None));
    assert_eq!(entry.recipe, "x: 1\n");
    assert_eq!(entry.documents["seed"], json!({"a": [1], "b": 1.5}));
    let deflated = entry.piece("fields/0").unwrap();
    assert_eq!(deflated.encoding, Encoding::ShuffleDeflate { level: 4 });
    assert_eq!(deflated.leaves[3], Digest::of(&values(1.0)[1_200..1_600]));
    assert_eq!(deflated.leaves.len(), 4);
    assert_eq!(space.cache.read(&entry, deflated).unwrap(), values(1.0));
    let stored = space.cache.read_stored(&entry, deflated).unwrap();
    assert_eq!(decode(stored, Dtype::F32, 600, deflated.encoding).unwrap(), values(1.0));
    let raw = entry.piece("fields/1").unwrap();
    assert_eq!(space.cache.read(&entry, raw).unwrap(), values(2.0));
    assert_eq!(files_in(&space.object(&key(1))).len(), 3);
    for file in files_in(&space.object(&key(1))) {
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o222, 0);
    }
    assert!(!space.staging(&key(1)).exists());
    assert_eq!(
        space.fsck(true),
        FsckReport { entries: 1, bytes: entry.bytes(), ..Default::default() }
    );
}

#[test]
fn every_type_of_number_comes_back() {
    let space = Space::new();
    let mut writer = PartWriter::create(&space.cache, KIND, &key(1), "all").unwrap();
    let types = [Dtype::F16, Dtype::F32, Dtype::F64, Dtype::U8, Dtype::I64];
    let bytes = |dtype: Dtype| -> Vec<u8> { (0..40 * dtype.size()).map(|i| i as u8 / 5).collect() };
    for dtype in types {
        writer.push(dtype.name(), dtype, &[8, 5], 5, 8, &bytes(dtype), Some(1)).unwrap();
    }
    writer.push("empty", Dtype::F64, &[0, 3], 3, 0, &[], Some(1)).unwrap();
    writer.finish(Documents::new()).unwrap();
    space.publish(&key(1));
    let entry = space.cache.entry(KIND, &key(1)).unwrap();
    for dtype in types {
        let piece = entry.piece(dtype.name()).unwrap();
        assert_eq!(space.cache.read(&entry, piece).unwrap(), bytes(dtype));
    }
    assert!(space.cache.read(&entry, entry.piece("empty").unwrap()).unwrap().is_empty());
}

#[test]
fn the_digest_knows_content_and_nothing_else() {
    let space = Space::new();
    let whole = space.put(&key(1), 1.0);
    // In two parts, named and pushed the other way round, under another encoding.
    for (part, name, first) in [("a", "fields/1", 2.0), ("b", "fields/0", 1.0)] {
        let mut writer = PartWriter::create(&space.cache, KIND, &key(2), part).unwrap();
        push(&mut writer, name, first, (part == "a").then_some(9));
        let documents = [("seed".to_owned(), json!({"a": [1], "b": 1.5}))];
        writer.finish(documents.into()).unwrap();
    }
    assert_eq!(space.publish(&key(2)).digest, whole.digest);
    assert_eq!(space.cache.entry(KIND, &key(2)).unwrap().files.len(), 3);
    // Other padding.
    let mut writer = PartWriter::create(&space.cache, KIND, &key(3), "a").unwrap();
    for (name, first) in [("fields/0", 1.0), ("fields/1", 2.0)] {
        let mut bytes = values(first);
        bytes[1_600..].fill(7);
        writer.push(name, Dtype::F32, &SHAPE, 100, 4, &bytes, None).unwrap();
    }
    let report = writer.finish([("seed".to_owned(), json!({"b": 1.5, "a": [1]}))].into()).unwrap();
    assert_eq!(report.digest, whole.digest);
    // Other values, names, types or documents.
    let entry = space.cache.entry(KIND, &key(1)).unwrap();
    let other = |change: fn(&mut Entry)| {
        let mut entry = entry.clone();
        change(&mut entry);
        content_digest(&entry.pieces, &entry.documents)
    };
    assert_eq!(other(|e| e.notes.clear()), whole.digest);
    assert_ne!(other(|e| e.pieces[0].leaves.swap(0, 3)), whole.digest);
    assert_ne!(other(|e| e.pieces[0].name.push('x')), whole.digest);
    assert_ne!(other(|e| e.pieces[0].dtype = Dtype::I64), whole.digest);
    assert_ne!(other(|e| e.documents.clear()), whole.digest);
}

#[test]
fn the_digest_of_an_entry_is_pinned() {
    let space = Space::new();
    let digest = space.put(&key(1), 1.0).digest.to_string();
    assert_eq!(digest, "d81233f164be88c53752af63b3687ec9474456bd0a42308ccaf4a82dcac16c30");
}

#[test]
fn the_first_entry_under_a_key_stays_and_the_difference_is_reported() {
    let space = Space::new();
    let first = space.put(&key(1), 1.0);
    let second = space.put(&key(1), 5.0);
    assert_ne!(second.digest, first.digest);
    assert_eq!(second.existed, Some(first.digest));
    assert_eq!(space.cache.entry(KIND, &key(1)).unwrap().digest, first.digest);
    assert!(!space.staging(&key(1)).exists());
}

#[test]
fn two_publications_of_one_key_in_one_batch_make_one_entry() {
    let space = Space::new();
    push_part(&space, &key(1), "a", 1.0);
    let parts = space.cache.complete_parts(KIND, &key(1)).unwrap();
    let pending = Pending {
        kind: KIND.to_owned(),
        key: key(1),
        recipe: String::new(),
        parts,
        notes: Documents::new(),
    };
    let published = space.cache.publish_batch(vec![pending.clone(), pending]).unwrap();
    assert_eq!(published[1].existed, Some(published[0].digest));
    assert!(space.fsck(true).damaged.is_empty());
}

#[test]
fn parts_that_contradict_each_other_are_refused_and_equal_ones_are_merged() {
    let space = Space::new();
    for (part, first) in [("a", 1.0), ("b", 1.0)] {
        let mut writer = PartWriter::create(&space.cache, KIND, &key(1), part).unwrap();
        push(&mut writer, "x", first, Some(4));
        writer.finish(Documents::new()).unwrap();
    }
    let mut writer = PartWriter::create(&space.cache, KIND, &key(2), "c").unwrap();
    push(&mut writer, "x", 2.0, Some(4));
    writer.finish(Documents::new()).unwrap();
    let mut parts = space.cache.complete_parts(KIND, &key(1)).unwrap();
    parts.extend(space.cache.complete_parts(KIND, &key(2)).unwrap());
    let pending = |parts: &[Part]| Pending {
        kind: KIND.to_owned(),
        key: key(1),
        recipe: String::new(),
        parts: parts.to_vec(),
        notes: Documents::new(),
    };
    let error = space.cache.publish_batch(vec![pending(&parts)]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Artifact);
    assert!(error.message.ends_with("differ in the array `x`"), "{}", error.message);
    space.cache.publish_batch(vec![pending(&parts[..2])]).unwrap();
    assert_eq!(space.cache.entry(KIND, &key(1)).unwrap().pieces.len(), 1);
}
