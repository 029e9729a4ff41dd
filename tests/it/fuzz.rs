//! What fuzzers start from and what they found, through the same functions: no fuzzer is needed to notice that
//! something mended is broken again.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::json;
use spinlock::fuzz::{TARGETS, target};
use spinlock::key::{Digest, Key};

fn corpus(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let listing = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<PathBuf> = listing.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn every_file_of_the_corpora_is_read_without_a_panic_and_in_no_time() {
    let mut known: Vec<PathBuf> = TARGETS.iter().map(|target| corpus(target.name)).collect();
    known.sort();
    assert_eq!(files(&corpus("")), known, "a folder for each target, and no other");
    for target in TARGETS {
        let files = files(&corpus(target.name));
        assert!(!files.is_empty(), "{} has no seed", target.name);
        let mut bytes = 0;
        for file in files {
            let seed = fs::read(&file).unwrap();
            bytes += seed.len();
            let start = Instant::now();
            (target.run)(&seed);
            let took = start.elapsed();
            assert!(took < Duration::from_secs(10), "{} took {took:?}", file.display());
        }
        assert!(bytes < 64 << 10, "{} has {bytes} bytes of seeds: keep them small", target.name);
    }
}

#[test]
fn cut_and_doubled_seeds_are_read_without_a_panic() {
    for target in TARGETS {
        for file in files(&corpus(target.name)) {
            let seed = fs::read(&file).unwrap();
            let step = (seed.len() / 40).max(1);
            (0..seed.len()).step_by(step).for_each(|end| (target.run)(&seed[..end]));
            (target.run)(&seed.repeat(2));
        }
    }
}

/// What numbers become, and what is put in anywhere.
const WORDS: [&str; 24] = [
    "0",
    "-1",
    "18446744073709551615",
    "9223372036854775808",
    "1e309",
    ".nan",
    "-.inf",
    "null",
    "~",
    "[]",
    "{}",
    "${metadata.a}",
    "$${",
    "}",
    "../",
    "/",
    "\0",
    "\"",
    "'",
    "&a ",
    "*a",
    "<<: ",
    "\t",
    "\u{e4}",
];

/// What a fuzzer does, without looking where it gets: bits, bytes, pieces of other seeds. A second for each
/// target, or `SPINLOCK_MUTATIONS_S`.
#[test]
fn changed_seeds_are_read_without_a_panic() {
    let seconds = std::env::var("SPINLOCK_MUTATIONS_S").ok().and_then(|s| s.parse().ok());
    let mut state = 1_u64;
    let mut draw = |below: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below.max(1)
    };
    for target in TARGETS {
        let seeds: Vec<Vec<u8>> =
            files(&corpus(target.name)).iter().map(|file| fs::read(file).unwrap()).collect();
        let start = Instant::now();
        let mut runs = 0;
        while start.elapsed() < Duration::from_secs(seconds.unwrap_or(1)) {
            let mut bytes = seeds[draw(seeds.len())].clone();
            for _ in 0..=draw(6) {
                let at = draw(bytes.len() + 1);
                match draw(6) {
                    0 if at < bytes.len() => bytes[at] ^= 1 << draw(8),
                    1 if at < bytes.len() => bytes[at] = draw(256) as u8,
                    2 => drop(bytes.drain(at..(at + draw(20)).min(bytes.len()))),
                    3 => {
                        let other = &seeds[draw(seeds.len())];
                        let from = draw(other.len());
                        let to = (from + draw(60)).min(other.len());
                        drop(bytes.splice(at..at, other[from..to].iter().copied()));
                    }
                    // A number becomes another one.
                    4 => {
                        let start = (at..bytes.len()).find(|i| bytes[*i].is_ascii_digit());
                        if let Some(start) = start {
                            let digits = bytes[start..].iter().take_while(|b| b.is_ascii_digit());
                            let end = start + digits.count();
                            let word = WORDS[draw(6)];
                            drop(bytes.splice(start..end, word.bytes()));
                        }
                    }
                    _ => drop(bytes.splice(at..at, WORDS[draw(WORDS.len())].bytes())),
                }
            }
            let shown =
                std::env::temp_dir().join(format!("spinlock-fuzz-{}.input", std::process::id()));
            if seconds.is_some() {
                fs::write(&shown, &bytes).unwrap();
            }
            let began = Instant::now();
            (target.run)(&bytes);
            let took = began.elapsed();
            assert!(took < Duration::from_secs(20), "{took:?}: {}", bytes.escape_ascii());
            runs += 1;
        }
        println!("{}: {runs} runs", target.name);
    }
}

/// A fuzzer that starts from something refused at once finds nothing behind that.
#[test]
fn the_seeds_of_the_cache_are_whole() {
    let payload: Vec<u8> = (0..=255).collect();
    let digest = Digest::of(&payload);
    let piece = json!({
        "name": "a", "dtype": "float32", "shape": [1, 64], "leaf": 64, "valid": {"first": 1},
        "file": "part-0.bin", "offset": 0, "bytes": 256, "encoding": "raw", "stored": digest,
    });
    let leaves = json!({"name": "leaves.bin", "bytes": 32, "digest": Digest::of(&digest.0)});
    let entry = json!({
        "key": Key([7; 32]), "kind": "test",
        "digest": "b1d2e1a6b0c44b3b9b7a52b2d8d2a8a9f5d9f0d5d8f5d6b7a8c9d0e1f2a3b4c5",
        "recipe": "seed: 1\n", "pieces": [piece], "documents": {"d": {"x": [1, 2.5]}}, "notes": {},
        "files": [{"name": "part-0.bin", "bytes": 256, "digest": digest}, leaves],
    });
    let mut own = piece;
    own["leaves"] = json!([digest]);
    let part = json!({
        "name": "u0-1", "pieces": [own], "documents": {}, "bytes": 256, "digest": digest, "file": null,
    });
    for (target, value) in [("entry", entry), ("part", part)] {
        let path = corpus(target).join("whole");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            fs::write(&path, value.to_string()).unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap_or_default(), value.to_string());
    }
}

#[test]
fn targets_are_found_by_their_names() {
    for one in TARGETS {
        assert_eq!(target(one.name).map(|found| found.bytes), Some(one.bytes));
    }
    assert!(target("none").is_none());
}
