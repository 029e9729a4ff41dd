//! Tests over the registry: what holds for every family.

mod baseline;
mod bz_reaction;
mod cell_population;
mod chromatin_domain;
mod coherent_state;
mod critical_fluctuation;
mod dla_cluster;
mod error_correcting_code;
mod fields;
mod gene_expression;
mod interference_pattern;
mod light_cone;
mod morphogen_gradient;
mod mutual_information;
mod phase_boundary;
mod quantum_wave_packet;
mod reaction_front;
mod regulatory_network;
mod relativistic_wave_packet;
mod settings;
mod shannon_entropy;
mod shock_front;
mod thermal_gradient;
mod turing_pattern;

use rayon::prelude::*;
use serde_json::{Value as Json, json};

use super::{Channels, Drawn, FAMILIES, Family, InitialCondition, Request, Tier, family};
use crate::key::Digest;
use crate::node::{Content, Entry, Fault, Faults, Fields, Node, Span};
use crate::rng::Stream;

/// What the tests over the registry need to know of a family.
struct Case {
    /// Its name.
    name: &'static str,
    /// Settings other than the defaults; together they name every setting of the family, and each
    /// changes the key and the fields.
    examples: fn() -> Vec<Json>,
    /// Settings under which a sample on a grid of 64 is the one on a grid of 128, every other pixel;
    /// none where something is tied to the grid.
    smooth: fn() -> Vec<Json>,
    /// Version, key of the default settings, digest of some samples.
    pin: &'static str,
}

/// A case for each family, in the order of the registry.
fn cases() -> Vec<&'static Case> {
    let mut cases: Vec<&Case> = baseline::CASES.iter().collect();
    cases.extend(DOMAIN);
    cases
}

/// Those of the domain families, one file each.
const DOMAIN: &[&Case] = &[
    &quantum_wave_packet::CASE,
    &turing_pattern::CASE,
    &thermal_gradient::CASE,
    &morphogen_gradient::CASE,
    &reaction_front::CASE,
    &light_cone::CASE,
    &critical_fluctuation::CASE,
    &phase_boundary::CASE,
    &bz_reaction::CASE,
    &shannon_entropy::CASE,
    &interference_pattern::CASE,
    &cell_population::CASE,
    &chromatin_domain::CASE,
    &shock_front::CASE,
    &gene_expression::CASE,
    &coherent_state::CASE,
    &relativistic_wave_packet::CASE,
    &mutual_information::CASE,
    &regulatory_network::CASE,
    &dla_cluster::CASE,
    &error_correcting_code::CASE,
];

/// The tree that a file with this content would give.
fn node(json: &Json) -> Node {
    let value = match json {
        Json::Null => Content::Null,
        Json::Bool(v) => Content::Bool(*v),
        Json::Number(v) => {
            v.as_i64().map_or_else(|| Content::Float(v.as_f64().unwrap()), Content::Int)
        }
        Json::String(v) => Content::Text(v.clone()),
        Json::Array(items) => Content::List(items.iter().map(node).collect()),
        Json::Object(items) => Content::Map(
            items
                .iter()
                .map(|(name, item)| Entry {
                    name: name.clone(),
                    span: Span::default(),
                    node: node(item),
                })
                .collect(),
        ),
    };
    Node { value, span: Span::default() }
}

/// The family with these settings, and what is wrong with them.
fn parse(family: &Family, settings: &Json) -> (Box<dyn InitialCondition>, Vec<Fault>) {
    let (tree, faults) = (node(settings), Faults::default());
    let fields = Fields::new(Some(&tree), "", &faults);
    let ic = family.read(&fields);
    fields.finish();
    (ic, faults.into_vec())
}

/// The family called `name` with these settings, which must be right.
fn make(name: &str, settings: &Json) -> Box<dyn InitialCondition> {
    let (ic, faults) = parse(family(name).unwrap(), settings);
    assert_eq!(faults, [], "{name} {settings}");
    ic
}

fn request(sample: u64, grid: usize, channels: usize) -> Request {
    Request { stream: Stream::new(42, "ic", &[sample]), grid, channels }
}

fn bytes(drawn: &Drawn) -> Vec<u8> {
    drawn.fields.iter().flat_map(|v| v.to_le_bytes()).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn variance(values: &[f64]) -> f64 {
    let m = mean(values);
    values.iter().map(|v| (v - m) * (v - m)).sum::<f64>() / values.len() as f64
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|v| f64::from(*v)).collect()
}

/// Normalized scalar product about the means.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let (ma, mb) = (mean(a), mean(b));
    let dot: f64 = a.iter().zip(b).map(|(x, y)| (x - ma) * (y - mb)).sum();
    dot / a.len() as f64 / (variance(a) * variance(b)).sqrt()
}

#[test]
fn names_are_distinct_and_described() {
    let names: std::collections::BTreeSet<&str> = FAMILIES.iter().map(|f| f.name).collect();
    assert_eq!(names.len(), FAMILIES.len());
    for family in FAMILIES {
        assert!(family.name.chars().all(|c| c.is_ascii_lowercase() || c == '_'));
        assert!(!family.summary.is_empty() && family.version > 0);
        assert_eq!(super::family(family.name).unwrap().name, family.name);
    }
    assert_eq!(family("random").unwrap().name, "gaussian_random_field");
    assert!(family("nonsense").is_none());
}

/// The validity test of every type: finite, not constant, samples differ, the border is a place like
/// any other; on 256 draws, and on other grids and numbers of channels.
#[test]
fn every_family_draws_valid_fields() {
    for family in FAMILIES {
        let ic = make(family.name, &json!({}));
        for (grid, most, count) in [(64, 3, 256), (50, 1, 8), (63, 4, 8), (128, 3, 8), (256, 1, 4)]
        {
            let channels = channels(family, most);
            family.check(&*ic, grid, channels).unwrap();
            let samples: Vec<Vec<f64>> = (0..count)
                .into_par_iter()
                .map(|i| wide(&ic.draw(&request(i, grid, channels)).fields))
                .collect();
            for (i, sample) in samples.iter().enumerate() {
                let what = format!("{} {grid} {channels} sample {i}", family.name);
                assert_eq!(sample.len(), channels * grid * grid, "{what}");
                assert!(sample.iter().all(|v| v.is_finite()), "{what}");
                for field in sample.chunks_exact(grid * grid) {
                    assert!(variance(field) > 0.0, "{what}");
                }
                if family.tier == Tier::Baseline {
                    assert!((variance(sample).sqrt() - 1.0).abs() < 1e-6, "{what}");
                }
                let (inside, border) = jumps(sample, grid);
                assert!(border <= 1.5 * inside, "{what}: border {border}, inside {inside}");
            }
            for (i, a) in samples.iter().enumerate() {
                let size: f64 = a.iter().map(|x| x * x).sum();
                for b in &samples[..i] {
                    // The first channel is enough, and quick to stop at where samples differ.
                    assert!(a[..grid * grid] != b[..grid * grid], "{} {grid}", family.name);
                }
                if i > 0 {
                    let b = &samples[i - 1];
                    let apart: f64 = a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum();
                    assert!(apart.sqrt() > 0.1 * size.sqrt(), "{} {grid} {i}", family.name);
                }
            }
        }
    }
}

/// As many channels as the family has, but at most `most`.
fn channels(family: &Family, most: usize) -> usize {
    match family.channels {
        Channels::Scalar(_) => most,
        Channels::Named(names) => most.min(names.len()),
    }
}

/// The greatest difference of neighbours inside, and across the border.
fn jumps(fields: &[f64], n: usize) -> (f64, f64) {
    let (mut inside, mut border) = (0.0_f64, 0.0_f64);
    for field in fields.chunks_exact(n * n) {
        for y in 0..n {
            for x in 0..n {
                let here = field[y * n + x];
                let right = (here - field[y * n + (x + 1) % n]).abs();
                let below = (here - field[(y + 1) % n * n + x]).abs();
                for (jump, last) in [(right, x + 1 == n), (below, y + 1 == n)] {
                    let to = if last { &mut border } else { &mut inside };
                    *to = to.max(jump);
                }
            }
        }
    }
    (inside, border)
}

#[test]
fn bytes_are_the_same_alone_in_any_order_and_on_any_thread() {
    for family in FAMILIES {
        let ic = make(family.name, &json!({}));
        let draw = |i: u64| ic.draw(&request(i, 50, 2));
        let forward: Vec<Drawn> = (0..3).map(draw).collect();
        let mut backward: Vec<Drawn> = (0..3).rev().map(draw).collect();
        backward.reverse();
        let threads: Vec<Drawn> = std::thread::scope(|scope| {
            let handles: Vec<_> = (0..3).map(|i| scope.spawn(move || draw(i))).collect();
            handles.into_iter().map(|h| h.join().unwrap()).collect()
        });
        assert_eq!(forward, backward, "{}", family.name);
        assert_eq!(forward, threads, "{}", family.name);
    }
}

/// The same streams draw the same fields on a finer grid, up to what the coarser cannot hold.
#[test]
fn a_sample_is_the_same_at_two_resolutions() {
    for case in cases() {
        for settings in (case.smooth)() {
            let (name, channels) = (case.name, channels(family(case.name).unwrap(), 3));
            let ic = make(name, &settings);
            for i in 0..4 {
                let coarse = wide(&ic.draw(&request(i, 64, channels)).fields);
                let fine = wide(&ic.draw(&request(i, 128, channels)).fields);
                let picked: Vec<f64> = (0..channels * 64 * 64)
                    .map(|k| {
                        let (c, y, x) = (k / 4096, k / 64 % 64, k % 64);
                        fine[(c * 128 + 2 * y) * 128 + 2 * x]
                    })
                    .collect();
                let same = correlation(&coarse, &picked);
                assert!(same > 0.99, "{name} {settings} sample {i}: {same}");
            }
        }
    }
}

/// Name, version, key of the default settings, bytes drawn: pinned so that a change of any of them, by
/// an edit or by another machine, is noticed. If a change is meant, raise the version of the family.
#[test]
fn the_key_and_the_bytes_of_every_family_are_pinned() {
    let pins: Vec<String> = cases().iter().map(|c| format!("{} {}", c.name, c.pin)).collect();
    let found: Vec<String> = FAMILIES
        .par_iter()
        .map(|family| {
            let ic = make(family.name, &json!({}));
            let mut all = Vec::new();
            for (sample, grid, channels) in [(0, 64, 3), (1, 50, 1), (2, 63, 2)] {
                all.extend(bytes(&ic.draw(&request(sample, grid, channels))));
            }
            let (key, digest) = (settings::key(family.name, &json!({})), Digest::of(&all));
            let (key, digest) = (key.to_string(), digest.to_string());
            format!("{} {} {} {}", family.name, family.version, &key[..16], &digest[..16])
        })
        .collect();
    assert_eq!(found, pins);
}
