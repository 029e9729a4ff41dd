//! No changed bit passes for data.

use super::*;

#[test]
fn one_flipped_bit_in_any_file_is_found_by_a_reader_and_by_fsck() {
    for file in 0..3 {
        // An odd stride, so that every bit position is met; the last bits too.
        for at in (0..40).map(|i| i * 1_237).chain([u64::MAX]) {
            let space = Space::new();
            space.put(&key(1), 1.0);
            let path = files_in(&space.object(&key(1))).remove(file);
            let bits = fs::metadata(&path).unwrap().len() * 8;
            flip(&path, if at == u64::MAX { bits - 1 } else { at % bits });
            let seen = space.cache.check(KIND, &key(1), false).unwrap();
            assert!(seen.fault.is_some(), "{path:?} {at}");
            if at % 2 == 0 {
                let report = space.fsck(false);
                assert_eq!(report.damaged.len(), 1, "{path:?} {at}");
                assert!(report.damaged[0].quarantined.as_ref().unwrap().exists());
            } else {
                let error = read_all(&space.cache, &key(1)).unwrap_err();
                assert_eq!(error.kind, ErrorKind::Integrity, "{path:?} {at}");
            }
            assert!(!space.cache.has(KIND, &key(1)));
            assert_eq!(space.cache.status().unwrap().quarantined, 1);
            assert_eq!(space.put(&key(1), 1.0).existed, None);
            assert!(space.fsck(true).damaged.is_empty());
        }
    }
}

#[test]
fn a_truncated_or_missing_file_is_found() {
    for file in 0..3 {
        for remove in [true, false] {
            let space = Space::new();
            space.put(&key(1), 1.0);
            let path = files_in(&space.object(&key(1))).remove(file);
            if remove {
                fs::remove_file(&path).unwrap();
            } else {
                let bytes = fs::read(&path).unwrap();
                fs::remove_file(&path).unwrap();
                fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
            }
            if file == 0 {
                assert_eq!(space.fsck(false).damaged.len(), 1);
            }
            let entry = space.cache.entry_or_quarantine(KIND, &key(1)).unwrap();
            assert!(entry.is_none(), "{path:?} {remove}");
            assert_eq!(space.cache.status().unwrap().quarantined, 1);
        }
    }
}

#[test]
fn damage_while_the_file_is_open_is_found() {
    let space = Space::new();
    space.put(&key(1), 1.0);
    let entry = space.cache.entry(KIND, &key(1)).unwrap();
    space.cache.read(&entry, &entry.pieces[1]).unwrap();
    let path = space.object(&key(1)).join(&entry.pieces[1].file);
    flip(&path, entry.pieces[1].offset * 8 + 3);
    let error = space.cache.read(&entry, &entry.pieces[1]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Integrity);
    assert!(!space.cache.has(KIND, &key(1)));
}

#[test]
fn an_entry_under_a_foreign_key_is_damage() {
    let space = Space::new();
    space.put(&key(1), 1.0);
    fs::create_dir_all(space.object(&key(2)).parent().unwrap()).unwrap();
    fs::rename(space.object(&key(1)), space.object(&key(2))).unwrap();
    assert!(space.cache.entry(KIND, &key(2)).unwrap_err().message.contains("it is the entry"));
}
