//! Many keys at once.

use super::*;

#[test]
fn the_answer_for_many_keys_is_that_for_each() {
    let space = Space::new();
    let made: Vec<Key> = (0..3000_u32).map(|n| Digest::of(&n.to_le_bytes()).0).map(Key).collect();
    for key in made.iter().step_by(3) {
        // A folder with the file that makes it an entry: nothing more is looked at.
        let folder = space.object(key);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("entry.json"), "").unwrap();
    }
    let each: Vec<bool> = made.iter().map(|key| space.cache.has(KIND, key)).collect();
    assert_eq!(each.iter().filter(|there| **there).count(), 1000);
    assert_eq!(space.cache.present(KIND, &made), each);
    assert_eq!(space.cache.present(KIND, &made[..900]), each[..900]);
    assert_eq!(space.cache.present("other", &made), vec![false; 3000]);
    // Few among many in one folder, where each is looked up.
    for n in 0..400_u32 {
        let name = format!("00{n:062x}");
        fs::create_dir_all(space.cache.root().join("objects/test/00").join(name)).unwrap();
    }
    assert_eq!(space.cache.present(KIND, &made), each);
}
