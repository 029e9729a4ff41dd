//! Both ways to features side by side: by tensors, and on the host one state after the other.

use std::borrow::Cow;

use spinlock::compute::device::Device;
use spinlock::compute::features::Measurer;
use spinlock::compute::random::{Place, normals};
use spinlock::features::table::Extraction;
use spinlock::features::{CATEGORIES, Category, Set, Settings, Shape, Stage, Value};
use spinlock::rng::Stream;

/// Everything that there is under `standard`.
pub fn settings() -> Settings {
    Settings { set: Set::Extended, ..Settings::default() }
}

/// Trajectories `[M, T, C, H, W]` of smooth fields with noise that grow and drift.
pub fn trajectories(shape: Shape, realizations: usize) -> Vec<f32> {
    let Shape { steps, channels, height, width } = shape;
    let mut out = vec![0.0; realizations * steps * shape.state()];
    normals(Stream::new(8, "states", &[shape.state() as u64]), Place::default(), &mut out);
    let (h, w) = (height as f64, width as f64);
    for (at, v) in out.iter_mut().enumerate() {
        let (pixel, field) = (at % shape.area(), at / shape.area());
        let (c, t) = ((field % channels) as f64, (field / channels % steps) as f64);
        let (x, y) = ((pixel % width) as f64 / w, (pixel / width) as f64 / h);
        let tau = std::f64::consts::TAU;
        let wave = (tau * (2.0 * x - (1.0 + c) * y) + 0.3 * t).cos() + (tau * (x + y) + c).sin();
        *v = ((1.0 + 0.2 * t) * (wave + 0.3 * f64::from(*v)) + 0.5 * c) as f32;
    }
    out
}

/// Rows of every realization, category by category: of all states, or of the trajectory.
pub type Tables = Vec<Vec<Vec<Value>>>;

/// By extractions of the host that see `segment` states at a time and then stop.
pub fn on_host(settings: &Settings, shape: Shape, states: &[f32], segment: usize) -> Tables {
    tables(CATEGORIES, settings, shape, states, segment, |extractions, states| {
        let own = states.len() / extractions.len();
        for (extraction, states) in extractions.iter_mut().zip(states.chunks_exact(own)) {
            states.chunks_exact(shape.state()).for_each(|state| extraction.frame(state));
        }
    })
}

/// The same by tensors on a device, of some categories.
pub fn by_tensors(
    device: Device,
    categories: &[&'static dyn Category],
    settings: &Settings,
    shape: Shape,
    states: &[f32],
    segment: usize,
) -> Tables {
    let measurer = Measurer::new(categories, settings, shape, device).unwrap();
    tables(categories, settings, shape, states, segment, |extractions, states| {
        let steps = states.len() / shape.state() / extractions.len();
        let state = |m: usize, t: usize| &states[(m * steps + t) * shape.state()..];
        let state = |m, t| Cow::Borrowed(&state(m, t)[..shape.state()]);
        measurer.look(extractions, steps, state).unwrap();
    })
}

/// By extractions that see `segment` states at a time and then stop; `show` shows them.
fn tables(
    categories: &[&'static dyn Category],
    settings: &Settings,
    shape: Shape,
    states: &[f32],
    segment: usize,
    show: impl Fn(&mut [Extraction], &[f32]),
) -> Tables {
    let trajectory = shape.steps * shape.state();
    let count = states.len() / trajectory;
    let mut rows: Tables = vec![vec![Vec::new(); categories.len()]; count];
    let mut carried: Vec<Vec<Vec<f64>>> = Vec::new();
    let begin = |step: usize, carried: &mut Vec<Vec<Vec<f64>>>| -> Vec<Extraction> {
        let mut all: Vec<Extraction> =
            (0..count).map(|_| Extraction::new(categories, settings, shape)).collect();
        for (extraction, carried) in all.iter_mut().zip(carried.drain(..)) {
            extraction.resume(step, carried);
        }
        all
    };
    for from in (0..shape.steps).step_by(segment) {
        let length = segment.min(shape.steps - from) * shape.state();
        let own = |m: usize| &states[m * trajectory + from * shape.state()..][..length];
        let mut running = begin(from, &mut carried);
        show(&mut running, &(0..count).flat_map(own).copied().collect::<Vec<_>>());
        for (own, extraction) in rows.iter_mut().zip(running) {
            let (numbers, parts): (Vec<_>, Vec<_>) = extraction.carry().into_iter().unzip();
            own.iter_mut().zip(parts).for_each(|(all, part)| all.extend(part));
            carried.push(numbers);
        }
    }
    for (own, extraction) in rows.iter_mut().zip(begin(shape.steps, &mut carried)) {
        for ((all, last), category) in own.iter_mut().zip(extraction.finish()).zip(categories) {
            if category.stage() == Stage::Trajectory {
                *all = last;
            }
        }
    }
    rows
}

/// Compares both ways in segments of these lengths.
#[track_caller]
pub fn check(
    device: Device,
    settings: &Settings,
    shape: Shape,
    states: &[f32],
    segments: &[usize],
) {
    let wanted = on_host(settings, shape, states, shape.steps);
    let size = f64::from(states.iter().fold(0.0_f32, |size, v| size.max(v.abs())));
    for segment in segments {
        let got = by_tensors(device, CATEGORIES, settings, shape, states, *segment);
        for (got, wanted) in got.iter().zip(&wanted) {
            for ((got, wanted), category) in got.iter().zip(wanted).zip(CATEGORIES) {
                let of = format!("{shape:?} by {segment}");
                agree(*category, settings, (got, wanted), size, &of);
            }
        }
    }
}

/// The same reasons, and numbers to 1e-9. Less is asked of two: a frequency is where a curve is flat, which
/// is found to the root of rounding; and the mass of the rest of a low-pass is zero, so that its drift is
/// rounding of the `size` of the states.
#[track_caller]
fn agree(
    category: &dyn Category,
    settings: &Settings,
    (got, wanted): (&[Value], &[Value]),
    size: f64,
    of: &str,
) {
    let features = category.features(settings);
    assert_eq!(got.len(), wanted.len(), "{of}");
    for (at, (got, wanted)) in got.iter().zip(wanted).enumerate() {
        let name = &features[at % features.len()].name;
        let (relative, floor) = match name.as_str() {
            "temporal_freq_dominant" | "oscillation_period" => (1e-6, 0.0),
            name if name.starts_with("mass") && name.ends_with("highpass") => (1e-9, 1e-13 * size),
            _ => (1e-9, 1e-13),
        };
        match (got, wanted) {
            (Ok(got), Ok(wanted)) => {
                let near = (got - wanted).abs() <= relative * wanted.abs() + floor;
                assert!(
                    near,
                    "{name} of row {}, {of}: {got:e}, not {wanted:e}",
                    at / features.len()
                );
            }
            _ => assert_eq!(got, wanted, "{name} of row {}, {of}", at / features.len()),
        }
    }
}

/// Checks that a category has the same bits alone and with the others, and every time.
#[track_caller]
pub fn check_bits(device: Device, shape: Shape, states: &[f32]) {
    let (settings, steps) = (settings(), shape.steps);
    let bits = |tables: &Tables, at: usize| {
        let rows = tables.iter().flat_map(|own| own[at].iter());
        rows.map(|value| value.map(f64::to_bits)).collect::<Vec<_>>()
    };
    let all = by_tensors(device, CATEGORIES, &settings, shape, states, steps);
    for (at, category) in CATEGORIES.iter().enumerate() {
        let alone = by_tensors(device, &[*category], &settings, shape, states, steps);
        assert!(bits(&alone, 0) == bits(&all, at), "{}", category.name());
    }
}
