//! Which of many keys are there: one look at each folder instead of one at each entry.
//!
//! Invariant: the answer is what [`Cache::has`] would give for each key, as long as nobody takes an entry
//! apart by hand. An entry appears and vanishes by a rename, so the list of a folder is complete
//! knowledge of it.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rayon::prelude::*;

use super::Cache;
use crate::effect;
use crate::key::Key;

/// Up to so many keys are looked up one by one.
const FEW: usize = 1024;
/// Reading the name of an entry takes about so many times less than looking one up.
const NAMES: u64 = 8;

impl Cache {
    /// Which of these keys have an entry, in their order; nothing is verified.
    pub fn present(&self, kind: &str, keys: &[Key]) -> Vec<bool> {
        let folder = self.root().join("objects").join(kind);
        if !folder.is_dir() {
            return vec![false; keys.len()];
        }
        if keys.len() <= FEW {
            return keys.iter().map(|key| self.has(kind, key)).collect();
        }
        let mut order: Vec<u32> = (0..keys.len() as u32).collect();
        order.sort_unstable_by_key(|at| keys[*at as usize]);
        let groups: Vec<&[u32]> =
            order.chunk_by(|a, b| keys[*a as usize].0[0] == keys[*b as usize].0[0]).collect();
        let found: Vec<Vec<u32>> =
            groups.par_iter().map(|group| self.group(kind, &folder, keys, group)).collect();
        let mut present = vec![false; keys.len()];
        found.iter().flatten().for_each(|at| present[*at as usize] = true);
        present
    }

    /// Those of `group` (places in `keys`, sorted by key, all of one folder) that are there.
    fn group(&self, kind: &str, folder: &Path, keys: &[Key], group: &[u32]) -> Vec<u32> {
        let fan = folder.join(format!("{:02x}", keys[group[0] as usize].0[0]));
        // A folder counts its folders as links, on most file systems.
        let entries = match fan.metadata() {
            Ok(about) => about.nlink().saturating_sub(2),
            Err(_) => return Vec::new(),
        };
        let one_by_one = || {
            let there = group.iter().filter(|at| self.has(kind, &keys[**at as usize]));
            there.copied().collect()
        };
        if entries > NAMES * group.len() as u64 {
            return one_by_one();
        }
        let Ok(listing) = effect::list("cache.folder.list", &fan) else { return one_by_one() };
        let mut found = Vec::with_capacity(group.len());
        for child in listing {
            let Ok(child) = child else { return one_by_one() };
            let name = child.file_name();
            let Ok(key) = blake3::Hash::from_hex(name.as_encoded_bytes()) else { continue };
            let place = group.binary_search_by_key(&Key::from(key), |at| keys[*at as usize]);
            found.extend(place.map(|at| group[at]));
        }
        found
    }
}
