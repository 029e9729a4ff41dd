//! `error_correcting_code`: codewords satisfy their checks, errors have their rate, decoders work.

use serde_json::{Value as Json, json};

use super::settings::faults;
use super::{Case, make, request, wide};
use crate::key::Value;

/// What the registry's tests need.
pub const CASE: Case = Case {
    name: "error_correcting_code",
    examples: || {
        vec![
            json!({"code_type": "repetition"}),
            json!({"code_type": "hamming"}),
            json!({"code_type": "product_hamming"}),
            json!({"code_type": "ldpc"}),
            json!({"code_type": "toric"}),
            json!({"code_type": "repetition", "copies": 5}),
            json!({"code_type": "repetition", "copies": {"choice": [5, 7]}}),
            json!({"block_size": 0.125}),
            json!({"error_rate": 0.3}),
            json!({"interleaver": "none"}),
            json!({"normalize": "unit_std"}),
        ]
    },
    smooth: || vec![json!({})],
    pin: "1 63b4b67b19cc12bd ea48410022c99b50",
};

const CODES: [&str; 5] = ["repetition", "hamming", "product_hamming", "ldpc", "toric"];
const N: usize = 64;

/// One sample, cell by cell.
struct Sample {
    side: usize,
    received: Vec<f64>,
    syndrome: Vec<f64>,
    sent: Vec<f64>,
    /// The cells of each check.
    checks: Vec<Vec<usize>>,
}

fn sample(settings: &Json, i: u64) -> Sample {
    let drawn = make("error_correcting_code", settings).draw(&request(i, N, 3));
    let get = |name: &str| drawn.settings.iter().find(|(n, _)| *n == name).map(|(_, v)| v);
    let whole = |value: &Value| match value {
        Value::Int(v) => *v as usize,
        other => panic!("{other:?}"),
    };
    let side = whole(get("cells").unwrap());
    let fields = wide(&drawn.fields);
    let [received, syndrome, sent] = [0, 1, 2].map(|c| -> Vec<f64> {
        // The first pixel of cell i is the least with ⌊x side/N⌋ = i.
        let first = |i: usize| (i * N).div_ceil(side);
        let pixel = |cell: usize| (c * N + first(cell / side)) * N + first(cell % side);
        (0..side * side).map(|cell| fields[pixel(cell)]).collect()
    });
    let list = |value: &Value| match value {
        Value::List(items) => items.clone(),
        other => panic!("{other:?}"),
    };
    let checks = match (get("checks"), settings["code_type"].as_str().unwrap()) {
        (Some(checks), _) => {
            list(checks).iter().map(|check| list(check).iter().map(whole).collect()).collect()
        }
        (None, "toric") => stars(side),
        (None, _) => lines(side),
    };
    Sample { side, received, syndrome, sent, checks }
}

/// Whether a cell of the toric code has both coordinates even.
fn is_vertex(cell: usize, side: usize) -> bool {
    (cell / side).is_multiple_of(2) && (cell % side).is_multiple_of(2)
}

/// The edges around each vertex of the toric code.
fn stars(side: usize) -> Vec<Vec<usize>> {
    let vertices = (0..side * side).filter(|cell| is_vertex(*cell, side));
    vertices
        .map(|v| {
            let (x, y) = (v % side, v / side);
            let (left, up) = ((x + side - 1) % side, (y + side - 1) % side);
            vec![y * side + left, y * side + x + 1, up * side + x, (y + 1) * side + x]
        })
        .collect()
}

/// Hamming's checks on the rows and columns of squares of 7 × 7: the numbers, from 1, of the bits
/// that are 1 in a word add up to 0 without carry.
fn lines(side: usize) -> Vec<Vec<usize>> {
    let mut out = Vec::new();
    for line in 0..side {
        for start in (0..side).step_by(7) {
            for mask in [1, 2, 4] {
                let places = || (1..=7).filter(move |place| place & mask != 0);
                out.push(places().map(|p| line * side + start + p - 1).collect());
                out.push(places().map(|p| (start + p - 1) * side + line).collect());
            }
        }
    }
    out
}

fn violated(word: &[f64], checks: &[Vec<usize>]) -> Vec<bool> {
    checks.iter().map(|check| check.iter().map(|c| word[*c]).product::<f64>() < 0.0).collect()
}

fn errors(sample: &Sample) -> usize {
    sample.received.iter().zip(&sample.sent).filter(|(a, b)| a != b).count()
}

/// Bits are ±1, the codeword violates nothing, and the map shows what the received word violates.
#[test]
fn codewords_satisfy_every_check_and_the_map_shows_what_the_received_word_violates() {
    for code in CODES {
        for i in 0..256 {
            let s = sample(&json!({"code_type": code}), i);
            let what = format!("{code} {i}");
            for cell in 0..s.side * s.side {
                let empty = code == "toric" && (cell / s.side + cell % s.side).is_multiple_of(2);
                let size = if empty { 0.0 } else { 1.0 };
                assert!(s.sent[cell].abs() == size && s.received[cell].abs() == size, "{what}");
            }
            assert!(violated(&s.sent, &s.checks).iter().all(|odd| !odd), "{what}");
            assert!(errors(&s) > 0, "{what}");
            let odd = violated(&s.received, &s.checks);
            if code == "toric" {
                let vertices = (0..s.side * s.side).filter(|cell| is_vertex(*cell, s.side));
                for (cell, odd) in vertices.zip(&odd) {
                    assert_eq!(s.syndrome[cell], f64::from(*odd), "{what}");
                }
                let ends = odd.iter().filter(|odd| **odd).count();
                assert!(ends % 2 == 0, "{what}: strings have two ends, not {ends}");
                assert_eq!(s.syndrome.iter().sum::<f64>(), ends as f64, "{what}");
                continue;
            }
            let (mut parts, mut all) = (vec![0.0; s.sent.len()], vec![0.0; s.sent.len()]);
            for (check, odd) in s.checks.iter().zip(&odd) {
                for cell in check {
                    parts[*cell] += f64::from(*odd);
                    all[*cell] += 1.0;
                }
            }
            for ((part, all), found) in parts.iter().zip(&all).zip(&s.syndrome) {
                assert!((part / all - found).abs() < 1e-7, "{what}");
            }
        }
    }
}

#[test]
fn without_errors_nothing_is_violated() {
    for code in CODES {
        for i in 0..64 {
            let s = sample(&json!({"code_type": code, "error_rate": 0}), i);
            assert!(s.received == s.sent && s.syndrome.iter().all(|v| *v == 0.0), "{code} {i}");
        }
    }
}

/// Uniform codewords: each bit is 1 in half of them, since no code here forces one to 0.
#[test]
fn codewords_are_balanced() {
    for code in CODES {
        let count = 400;
        let settings = match code {
            "product_hamming" | "toric" => json!({"code_type": code}),
            _ => json!({"code_type": code, "interleaver": "none"}),
        };
        let mut sums = Vec::new();
        for i in 0..count {
            let s = sample(&settings, i);
            sums.resize(s.sent.len(), 0.0);
            sums.iter_mut().zip(&s.sent).for_each(|(sum, v)| *sum += v);
        }
        // Five standard deviations, for some hundred bits.
        assert!(sums.iter().all(|sum| sum.abs() < 5.0 * f64::from(count as u32).sqrt()), "{code}");
    }
}

/// `P(e)` is binomial on condition that it is not 0: mean `Np/(1 − (1−p)^N)`.
#[test]
fn errors_have_their_rate() {
    for (rate, count) in [(0.1, 256), (0.002, 2000)] {
        let settings = json!({"code_type": "ldpc", "error_rate": rate, "block_size": 0.0625});
        let (mut sum, mut first) = (0.0, 0.0);
        for i in 0..count {
            let s = sample(&settings, i);
            sum += errors(&s) as f64;
            first += f64::from(s.received[0] != s.sent[0]);
        }
        let bits = 18.0 * 18.0;
        let some = 1.0 - f64::powf(1.0 - rate, bits);
        let (mean, count) = (bits * rate / some, count as f64);
        // Four standard errors; the condition makes the variance smaller, if anything.
        let error = 4.0 * (bits * rate / some / count).sqrt();
        assert!((sum / count - mean).abs() < error, "{rate}: {} {mean}", sum / count);
        let share = rate / some;
        assert!((first / count - share).abs() < 4.0 * (share / count).sqrt(), "{rate}: {first}");
    }
}

/// The decoder of Hamming's code: the bit that lies in just the violated checks is wrong. It mends
/// every word with one error, from the recorded checks alone.
#[test]
fn hamming_corrects_single_errors() {
    let mut mended = 0;
    for i in 0..256 {
        let s =
            sample(&json!({"code_type": "hamming", "error_rate": 0.05, "block_size": 0.0625}), i);
        let mut decoded = s.received.clone();
        for word in s.checks.chunks_exact(3) {
            let mut cells: Vec<usize> = word.concat();
            cells.sort_unstable();
            cells.dedup();
            assert_eq!(cells.len(), 7);
            let odd = violated(&s.received, word);
            let wrong = cells.iter().filter(|c| s.received[**c] != s.sent[**c]).count();
            if odd.iter().any(|odd| *odd) {
                let fits = |cell: &&usize| {
                    word.iter().zip(&odd).all(|(check, odd)| check.contains(cell) == *odd)
                };
                let place = *cells.iter().find(fits).unwrap();
                decoded[place] = -decoded[place];
            }
            if wrong <= 1 {
                assert!(cells.iter().all(|c| decoded[*c] == s.sent[*c]), "{i}");
                mended += wrong;
            }
        }
    }
    // 256 samples of 28 words with one error each in 26 of a hundred.
    assert!(mended > 1500, "{mended}");
}

/// A vote among the copies mends up to two errors of five.
#[test]
fn repetition_is_decided_by_vote() {
    let mut mended = 0;
    for i in 0..64 {
        let s = sample(
            &json!({"code_type": "repetition", "copies": 5, "error_rate": 0.1, "block_size": 0.0625}),
            i,
        );
        for copies in s.checks.chunks_exact(5) {
            let cells: Vec<usize> = copies.iter().map(|check| check[0]).collect();
            let wrong = cells.iter().filter(|c| s.received[**c] != s.sent[**c]).count();
            let vote: f64 = cells.iter().map(|c| s.received[*c]).sum();
            assert_eq!(vote * s.sent[cells[0]] > 0.0, wrong <= 2);
            mended += usize::from((1..=2).contains(&wrong));
        }
    }
    assert!(mended > 100, "{mended}");
}

#[test]
fn gallagers_code_is_regular() {
    for i in 0..32 {
        let s = sample(&json!({"code_type": "ldpc"}), i);
        let mut degree = vec![0; s.sent.len()];
        for check in &s.checks {
            let distinct: std::collections::BTreeSet<&usize> = check.iter().collect();
            assert_eq!(distinct.len(), 6);
            for cell in check {
                degree[*cell] += 1;
            }
        }
        assert!(degree.iter().all(|d| *d == 3));
        assert_eq!(s.checks.len(), s.sent.len() / 2);
    }
}

/// A single flip violates three checks of Gallager's code and two vertices of the toric code.
#[test]
fn a_single_error_is_seen_by_the_checks_of_its_bit() {
    for (code, want) in [("ldpc", 3), ("toric", 2), ("repetition", 2)] {
        for i in 0..64 {
            let s = sample(&json!({"code_type": code, "error_rate": 1e-9}), i);
            assert_eq!(errors(&s), 1);
            let odd = violated(&s.received, &s.checks).iter().filter(|odd| **odd).count();
            assert_eq!(odd, want, "{code}");
        }
    }
}

#[test]
fn cells_fit_their_code_at_every_block_size() {
    for (code, sides) in [
        ("repetition", [33, 15, 9, 3]),
        ("hamming", [35, 14, 7, 7]),
        ("product_hamming", [35, 14, 7, 7]),
        ("ldpc", [30, 18, 6, 6]),
        ("toric", [32, 16, 8, 4]),
    ] {
        for (block, side) in [0.03125, 0.0625, 0.125, 0.25].into_iter().zip(sides) {
            let settings = json!({"code_type": code, "block_size": block});
            assert_eq!(sample(&settings, 0).side, side, "{code} {block}");
            let ic = make("error_correcting_code", &settings);
            assert_eq!(ic.check(side, 3), Ok(()), "{code} {block}");
            assert!(ic.check(side - 1, 3).is_err(), "{code} {block}");
        }
    }
}

#[test]
fn what_makes_no_code_is_refused() {
    assert_eq!(
        faults("error_correcting_code", &json!({"code_type": "repetition", "copies": 4})),
        ["copies: an even number of copies may be a tie (give an odd number, or some by {choice: \
          [3, 5]})"]
    );
    assert_eq!(
        faults("error_correcting_code", &json!({"code_type": "toric", "interleaver": "none"})),
        [
            "interleaver: `interleaver` has no effect here: the code has a geometry of its own (leave \
          `interleaver` out)"
        ]
    );
    assert_eq!(
        make("error_correcting_code", &json!({})).check(17, 3).unwrap_err(),
        "18 cells per side need a grid of at least 18, not 17: raise `block_size`"
    );
}
