//! Predictions follow what was measured, say on what they rest, and survive files that are none.

use std::collections::BTreeMap;

use super::estimate::{Basis, predict};
use super::record::{Done, Measured, Record};
use super::work::{Work, Workers};
use crate::cache::Cache;
use crate::operator::rollout::Precision;
use crate::profile::Profile;

const TWO: Workers = Workers { main: 2, beside: 0 };

fn measured(experiment: &str, gflop: f64, rate: f64) -> Measured {
    let done = Done { work: gflop, seconds: gflop * rate, raw: gflop * 1e6, stored: gflop * 5e5 };
    Measured {
        experiment: experiment.into(),
        jobs: 2,
        pools: BTreeMap::from([("rollout".into(), done)]),
        ready: 1.0,
        compute: 1.0 + gflop * rate / 2.0,
        ideal: gflop * rate / 2.0,
        assemble: Some(Done { work: 1e9, seconds: 2.0, raw: 1e9, stored: 4e8 }),
        finish: 0.5,
    }
}

fn work() -> Work {
    let mut work = Work::computing("x.yaml", 1000.0, 1_000_000_000);
    work.assemble = Some(2_000_000_000);
    work
}

#[test]
fn a_build_of_the_same_experiment_is_what_the_next_one_is_measured_by() {
    let record = Record(vec![
        measured("y.yaml", 1000.0, 0.05),
        measured("x.yaml", 500.0, 0.01),
        measured("x.yaml", 500.0, 0.01),
    ]);
    let found = predict(&work(), &record, TWO, 0.25);
    assert_eq!((found.builds, found.basis), (3, Basis::Experiment));
    // 1000 GFLOP at 0.01 s by two workers; 1 s to start, 4 s to assemble, 0.5 s to finish.
    let seconds = found.seconds.unwrap();
    assert!((seconds.likely - (0.25 + 1.0 + 5.0 + 4.0 + 0.5)).abs() < 1e-6, "{found:?}");
    assert!(seconds.low < seconds.likely && seconds.likely < seconds.high);
    assert!((found.bytes.likely - (5e8 + 8e8)).abs() < 1.0, "{found:?}");
    assert_eq!(found.dataset_bytes, 8e8);
    // One build of another experiment says less, and more uncertainly.
    let other = predict(&work(), &Record(vec![measured("y.yaml", 1000.0, 0.01)]), TWO, 0.25);
    assert_eq!(other.basis, Basis::Profile);
    let spread = |p: &super::Prediction| p.worker_s.map(|s| s.high / s.low).unwrap();
    assert!(spread(&other) > spread(&found), "{other:?}");
}

#[test]
fn without_a_record_it_says_so() {
    let found = predict(&work(), &Record::default(), TWO, 0.0);
    assert_eq!((found.builds, found.basis), (0, Basis::Nothing));
    assert_eq!(found.worker_s.unwrap().likely, 1000.0 / super::GFLOP_PER_SECOND);
    assert_eq!((found.bytes.low, found.bytes.high), (0.0, 3e9));
    // The rate of a processor is none of a device.
    let cuda = Workers { main: 1, beside: 8 };
    assert_eq!(predict(&work(), &Record::default(), cuda, 0.0).seconds, None);
    // A kind that was never measured.
    let mut record = Record(vec![measured("x.yaml", 500.0, 0.01)]);
    record.0[0].pools = BTreeMap::from([("weights".to_owned(), Done::default())]);
    assert_eq!(predict(&work(), &record, TWO, 0.0).basis, Basis::Partly);
}

#[test]
fn a_build_that_went_wrong_once_does_not_move_the_median() {
    let mut all = vec![measured("x.yaml", 1000.0, 0.01); 4];
    all.push(measured("x.yaml", 1000.0, 3.0));
    let found = predict(&work(), &Record(all), TWO, 0.0);
    assert!((found.worker_s.unwrap().likely - 10.0).abs() < 1e-9, "{found:?}");
}

#[test]
fn the_record_is_bounded_and_survives_what_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(folder.path()).unwrap();
    std::fs::create_dir_all(folder.path().join("log")).unwrap();
    let profile = Profile::named("test", Precision::Float32);
    for _ in 0..40 {
        Record::add(&cache, &profile, measured("x.yaml", 1.0, 1.0));
    }
    assert_eq!(Record::read(&cache, &profile).0.len(), 32);
    assert!(Record::read(&cache, &Profile::named("other", Precision::Float32)).0.is_empty());
    Record::add(&cache, &profile, Measured { finish: f64::NAN, ..measured("x.yaml", 1.0, 1.0) });
    let path =
        std::fs::read_dir(folder.path().join("log")).unwrap().next().unwrap().unwrap().path();
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{text}not JSON\n{{\"ready\":-1}}\n")).unwrap();
    assert_eq!(Record::read(&cache, &profile).0.len(), 32);
    std::fs::write(&path, vec![b' '; 2 << 20]).unwrap();
    assert!(Record::read(&cache, &profile).0.is_empty());
}
