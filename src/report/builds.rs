//! The last builds of an experiment, each in a few numbers: the first lines and the last one of its log.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use serde_json::Value;

use super::log::{counts_of, logs, moment};

/// A build in a few numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Outline {
    /// When it began, in UTC.
    pub when: String,
    /// Artifacts made, and those that were there.
    pub made: u64,
    pub cached: u64,
    /// Seconds from the start to the end.
    pub wall: f64,
}

/// How much of the end of a log is searched for its last line.
const TAIL: u64 = 64 << 10;

/// The last builds of this experiment that came to an end, newest first.
pub fn recent(cache: &Path, experiment: &Path, count: usize) -> Vec<Outline> {
    logs(cache, experiment).filter_map(|path| outline(&path)).take(count).collect()
}

/// What the first lines and the last one of a log say; none if the build did not come to its end.
fn outline(path: &Path) -> Option<Outline> {
    let mut file = File::open(path).ok()?;
    let mut head = BufReader::new(&file).lines().take(8).map_while(std::result::Result::ok);
    let planned = head.find_map(|line| of_event(&line, "planned"))?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL))).ok()?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail).ok()?;
    let last = tail.trim_ascii_end().rsplit(|byte| *byte == b'\n').next()?;
    let end = of_event(std::str::from_utf8(last).ok()?, "build_finished")?;
    let total = |counts: &Value| counts_of(counts).fold(0_u64, |all, (_, n)| all.saturating_add(n));
    Some(Outline {
        when: moment(&path.file_stem()?.to_string_lossy()),
        made: total(&end["made"]),
        cached: total(&planned["cached"]),
        wall: end["t"].as_f64()?,
    })
}

/// The event on a line, if it has this name.
fn of_event(line: &str, name: &str) -> Option<Value> {
    serde_json::from_str::<Value>(line).ok().filter(|event| event["event"] == name)
}

#[cfg(test)]
mod tests {
    use super::super::log::tests::write;
    use super::*;

    #[test]
    fn builds_that_ended_are_told_in_a_few_numbers() {
        let folder = tempfile::tempdir().unwrap();
        let started = "{\"event\":\"build_started\",\"t\":0,\"experiment\":\"x.yaml\"}\n";
        let planned = "{\"event\":\"planned\",\"t\":0.1,\"to_make\":{},\"cached\":{\"weights\":3,\"rollout\":1}}\n";
        // Longer than what is read of the end.
        let middle = "{\"event\":\"warning\",\"message\":\"m\"}\n".repeat(3000);
        let end =
            "{\"event\":\"build_finished\",\"t\":4.5,\"made\":{\"rollout\":2,\"dataset\":1}}\n";
        let whole = format!("{started}{planned}{middle}{end}");
        write(folder.path(), "20260101T000000Z-1.jsonl", &whole);
        write(folder.path(), "20260102T000000Z-1.jsonl", &format!("{started}{planned}{middle}"));
        write(folder.path(), "20260103T000000Z-1.jsonl", &whole.replace("4.5", "6"));
        write(folder.path(), "20260104T000000Z-1.jsonl", &whole.replace("x.yaml", "y.yaml"));
        let found = recent(folder.path(), Path::new("x.yaml"), 8);
        let first =
            Outline { when: "2026-01-03 00:00:00 UTC".to_owned(), made: 3, cached: 4, wall: 6.0 };
        let second =
            Outline { when: "2026-01-01 00:00:00 UTC".to_owned(), wall: 4.5, ..first.clone() };
        assert_eq!(found, [first.clone(), second]);
        assert_eq!(recent(folder.path(), Path::new("x.yaml"), 1), [first]);
        assert!(recent(&folder.path().join("none"), Path::new("x.yaml"), 8).is_empty());
    }
}
