//! Removing the logs and traces of old builds.
//!
//! Invariant: the newest [`KEPT`] logs stay, and so does every log that a build has locked. Files that are
//! neither log nor trace are left alone.

use std::collections::BTreeSet;
use std::path::Path;

use crate::cache::in_use;
use crate::effect;

/// So many logs are kept, the newest.
pub const KEPT: usize = 200;

/// The two files of one build.
const ENDINGS: [&str; 2] = [".jsonl", ".trace.json"];

/// Removes what is older than the newest `kept` logs. What cannot be removed stays for the next time.
pub fn remove(folder: &Path, kept: usize) {
    // Their names begin with the time.
    let mut ids = BTreeSet::new();
    for entry in effect::list("exec.log.list", folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let id = ENDINGS.iter().find_map(|ending| name.strip_suffix(ending));
        ids.extend(id.filter(|id| is_build(id)).map(str::to_owned));
    }
    for id in ids.iter().rev().skip(kept) {
        let path = |ending: &str| folder.join(format!("{id}{ending}"));
        let [log, trace] = ENDINGS.map(path);
        // A build that still runs, or a log that cannot be asked.
        if in_use(&log).unwrap_or(true) {
            continue;
        }
        let _ = effect::remove_file("exec.log.remove", &log);
        let _ = effect::remove_file("exec.log.remove", &trace);
    }
}

/// `20261121T105513Z-24242`, with a number behind or not.
fn is_build(id: &str) -> bool {
    let bytes = id.as_bytes();
    bytes.len() > 17
        && bytes[8] == b'T'
        && bytes[15..17] == *b"Z-"
        && bytes[..8].iter().chain(&bytes[9..15]).all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_newest_logs_stay_and_whatever_is_locked_or_no_log() {
        let folder = tempfile::tempdir().unwrap();
        let name = |day: u32, ending: &str| format!("202601{day:02}T000000Z-7{ending}");
        for day in 1..=9 {
            fs::write(folder.path().join(name(day, ".jsonl")), "").unwrap();
            fs::write(folder.path().join(name(day, ".trace.json")), "").unwrap();
        }
        // A trace whose log somebody removed.
        fs::remove_file(folder.path().join(name(1, ".jsonl"))).unwrap();
        for other in ["last-1.txt", "mine.jsonl", "2026-notes.jsonl"] {
            fs::write(folder.path().join(other), "").unwrap();
        }
        let running = fs::File::open(folder.path().join(name(3, ".jsonl"))).unwrap();
        running.lock().unwrap();
        remove(folder.path(), 4);
        let mut left: Vec<String> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        let mut expected: Vec<String> = [3, 6, 7, 8, 9]
            .into_iter()
            .flat_map(|day| [name(day, ".jsonl"), name(day, ".trace.json")])
            .chain(["2026-notes.jsonl", "last-1.txt", "mine.jsonl"].map(str::to_owned))
            .collect();
        expected.sort();
        assert_eq!(left, expected);
    }
}
