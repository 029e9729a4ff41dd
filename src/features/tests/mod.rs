//! Tests over the registry and on fields with known answers.

mod causality;
mod cleaning;
mod cross_channel;
mod golden;
mod harmonics;
mod invariance;
mod invariant_drift;
mod processes;
mod spatial;
mod spectral;
mod temporal;

use std::collections::BTreeSet;
use std::f64::consts::TAU;

use super::table::Extraction;
use super::{CATEGORIES, Category, Definitions, Set, Settings, Shape, Stage, Value};

/// Settings with these definitions, all sets.
fn settings(definitions: Definitions) -> Settings {
    Settings { definitions, set: Set::Extended, ..Settings::default() }
}

/// Values by name.
type Rows = Vec<(String, Value)>;

/// Rows of one category of a trajectory, by name: of its first state, or of the whole.
fn rows(category: &str, settings: &Settings, shape: Shape, states: &[f32]) -> Rows {
    let category: &'static dyn Category = super::category(category).unwrap();
    let mut extraction = Extraction::new(&[category], settings, shape);
    states.chunks_exact(shape.state()).for_each(|state| extraction.frame(state));
    let names = category.features(settings).into_iter().map(|feature| feature.name);
    names.zip(extraction.finish().remove(0)).collect()
}

/// One value of such rows.
fn value(rows: &[(String, Value)], name: &str) -> Value {
    rows.iter().find(|(n, _)| n == name).unwrap_or_else(|| panic!("no {name}")).1
}

/// The named fields of the analytic vectors: `u(i, j)` on an N × N grid.
fn field(name: &str, n: usize) -> Vec<f32> {
    let wave = |k: f64, x: usize| libm::cos(TAU * k * x as f64 / n as f64);
    let at = |i: usize, j: usize| match name {
        "K" => 2.0,
        "R" => j as f64,
        "X1" => wave(1.0, j),
        "X2" => wave(2.0, j),
        "Y2" => wave(2.0, i),
        "G" => wave(1.0, (j + n - i) % n),
        "B" => [1.0, -1.0][(i + j) % 2],
        "D" => f64::from(u8::from(i == 0 && j == 0)),
        _ => panic!("no field {name}"),
    };
    (0..n * n).map(|k| at(k / n, k % n) as f32).collect()
}

/// A single square channel.
fn single(n: usize) -> Shape {
    Shape { steps: 1, channels: 1, height: n, width: n }
}

/// Uniform fields of 4 × 4 pixels that follow these series, one for each channel.
fn uniform(series: &[Vec<f64>]) -> (Shape, Vec<f32>) {
    let shape = Shape { steps: series[0].len(), channels: series.len(), height: 4, width: 4 };
    let at = |t: usize| series.iter().flat_map(move |y| [y[t] as f32; 16]);
    (shape, (0..shape.steps).flat_map(at).collect())
}

/// Fields `[H, W]` of which pixel (i, j) is pixel `from(i, j)` of the given ones, `[h, w]`.
fn moved(
    shape: Shape,
    states: &[f32],
    form: (usize, usize),
    from: impl Fn(usize, usize) -> (usize, usize),
) -> (Shape, Vec<f32>) {
    let (height, width) = form;
    let sources: Vec<_> = (0..height * width).map(|k| from(k / width, k % width)).collect();
    let fields = states
        .chunks_exact(shape.area())
        .flat_map(|field| sources.iter().map(|(i, j)| field[i * shape.width + j]));
    (Shape { height, width, ..shape }, fields.collect())
}

/// Checks a number to a relative tolerance, with the same floor.
#[track_caller]
fn close(got: Value, want: f64, tolerance: f64, what: &str) {
    let got = got.unwrap_or_else(|reason| panic!("{what}: {}", reason.name()));
    assert!((got - want).abs() <= tolerance * want.abs().max(0.1), "{what}: {got} for {want}");
}

#[test]
fn names_are_unique_and_every_feature_says_what_it_is() {
    let mut names = BTreeSet::new();
    for definitions in [Definitions::Standard, Definitions::Compat] {
        names.clear();
        for category in CATEGORIES {
            for feature in category.features(&settings(definitions)) {
                assert!(names.insert(feature.name.clone()), "{} twice", feature.name);
                assert!(!feature.formula.is_empty() && !feature.undefined.is_empty());
            }
        }
    }
}

/// 59 and 153 with the ten features of the operator itself, which `compute` has.
#[test]
fn the_sets_have_their_numbers_of_features() {
    let count = |set: Set| {
        let all = CATEGORIES.iter().flat_map(|c| c.features(&settings(Definitions::Standard)));
        all.filter(|feature| feature.set <= set).count()
    };
    assert_eq!((count(Set::V1), count(Set::V2) + 10), (59, 153));
}

#[test]
fn a_smaller_set_is_the_beginning_of_a_larger_one() {
    for category in CATEGORIES {
        let of = |set| {
            let settings = Settings { set, ..Settings::default() };
            category.features(&settings).into_iter().map(|f| f.name).collect::<Vec<_>>()
        };
        let (two, extended) = (of(Set::V2), of(Set::Extended));
        assert_eq!(two[..], extended[..two.len()], "{}", category.name());
    }
}

/// Rows have as many values as there are features, whatever the data.
#[test]
fn no_column_is_ever_missing() {
    for category in CATEGORIES {
        for definitions in [Definitions::Standard, Definitions::Compat] {
            let settings = settings(definitions);
            let columns = category.features(&settings).len();
            for (steps, channels, height, width) in [(1, 1, 8, 8), (2, 2, 8, 12), (6, 3, 10, 8)] {
                let shape = Shape { steps, channels, height, width };
                for fill in [0.0_f32, f32::NAN] {
                    let mut extraction = Extraction::new(&[*category], &settings, shape);
                    (0..steps).for_each(|_| extraction.frame(&vec![fill; shape.state()]));
                    let rows = extraction.finish().remove(0);
                    let times = if category.stage() == Stage::Timestep { steps } else { 1 };
                    assert_eq!(rows.len(), columns * times, "{} {shape:?}", category.name());
                    assert!(rows.iter().all(|v| v.is_err() || v.is_ok_and(f64::is_finite)));
                    if fill.is_nan() {
                        assert!(rows.iter().all(Result::is_err), "{}", category.name());
                    }
                }
            }
        }
    }
}

/// Where states are not kept, a trajectory is looked at in stretches, by different processes.
#[test]
fn an_extraction_may_stop_and_go_on_elsewhere() {
    let states = golden::rollout(7);
    let shape = golden::SHAPE;
    for definitions in [Definitions::Standard, Definitions::Compat] {
        let settings = settings(definitions);
        let mut whole = Extraction::new(CATEGORIES, &settings, shape);
        states.chunks_exact(shape.state()).for_each(|state| whole.frame(state));
        let whole = whole.finish();
        let mut rows: Vec<Vec<Value>> = vec![Vec::new(); CATEGORIES.len()];
        let mut carried: Option<Vec<Vec<f64>>> = None;
        for (at, stretch) in states.chunks(3 * shape.state()).enumerate() {
            let mut part = Extraction::new(CATEGORIES, &settings, shape);
            if let Some(carried) = carried.take() {
                part.resume(3 * at, carried);
            }
            stretch.chunks_exact(shape.state()).for_each(|state| part.frame(state));
            let (numbers, own): (Vec<_>, Vec<_>) = part.carry().into_iter().unzip();
            rows.iter_mut().zip(own).for_each(|(all, own)| all.extend(own));
            carried = Some(numbers);
        }
        let mut last = Extraction::new(CATEGORIES, &settings, shape);
        last.resume(shape.steps, carried.unwrap());
        for ((category, whole), (rows, last)) in
            CATEGORIES.iter().zip(whole).zip(rows.into_iter().zip(last.finish()))
        {
            let parts = if category.stage() == Stage::Timestep { rows } else { last };
            assert!(parts == whole, "{}", category.name());
        }
    }
}
