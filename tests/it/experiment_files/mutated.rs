//! Shipped files with bytes changed at random: never a panic, always an experiment or a fault with a
//! message.

use spinlock::config;
use spinlock::rng::Stream;

use super::Project;

const SEEDS: [&str; 3] = [
    include_str!("../../fixtures/vqvae_baseline_10k.yaml"),
    include_str!("../../../experiments/quickstart.yaml"),
    include_str!("../../../configs/full_space.yaml"),
];
/// Pieces that mean something to YAML, to interpolation or to numbers.
const PIECES: [&str; 24] = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ": ",
    "- ",
    "\n",
    "\n  ",
    "&a ",
    "*a",
    "<<: *a",
    "${",
    "}",
    "$",
    "~",
    ".nan",
    "-1",
    "1e999",
    "'",
    "\"",
    "\t",
    "é",
    "extends: x",
];

#[test]
fn mutated_files_never_panic() {
    let project = Project::new();
    let (mut good, mut bad) = (0, 0);
    for round in 0..3000_u64 {
        let mut draws = Stream::new(7, "mutation", &[round]).site(0);
        let mut text = SEEDS[draws.below(3) as usize].as_bytes().to_vec();
        for _ in 0..=draws.below(4) {
            let at = draws.below(text.len() as u64) as usize;
            let piece = PIECES[draws.below(PIECES.len() as u64) as usize];
            match draws.below(4) {
                0 => text[at] = draws.below(256) as u8,
                1 => drop(text.splice(at..at, piece.bytes())),
                2 => {
                    let end = (at + draws.below(40) as usize).min(text.len());
                    text.drain(at..end);
                }
                _ => {
                    let end = (at + draws.below(200) as usize).min(text.len());
                    let copy = text[at..end].to_vec();
                    let to = draws.below(text.len() as u64) as usize;
                    text.splice(to..to, copy);
                }
            }
        }
        project.write("experiments/x.yaml", &text);
        match config::load(&project.request("experiments/x")) {
            Ok(x) => {
                good += 1;
                config::canonical(&x, x.simulation.precision);
            }
            Err(error) => {
                bad += 1;
                assert_eq!(error.kind.exit_code(), 2);
                assert!(error.to_string().len() < 100_000 && !error.message.is_empty());
            }
        }
    }
    assert!(good > 50 && bad > 50, "{good} good, {bad} bad");
}
