//! How drifts change with the field, and what the registry says of them.

use super::super::invariance::{self, Change};
use super::super::{close, golden, rows, settings, value};
use super::{DRIFT, of, shape};
use crate::features::{Definitions, Set, Settings, category};

#[test]
fn positions_axes_and_the_order_of_channels_do_not_matter() {
    for change in [Change::Shift(3, 7), Change::Transposition, Change::Channels] {
        invariance::check(DRIFT, &change, |name, v| (name.to_owned(), v));
    }
    // Forward differences of a field turned by 90° are backward ones along one axis: the length of the
    // gradient is another one, its mean square is the same.
    let states = &golden::rollout(5)[..4 * 256];
    let turn = |k: usize| k / 256 * 256 + k % 16 * 16 + (15 - k / 16 % 16);
    let turned: Vec<f32> = (0..states.len()).map(|k| states[turn(k)]).collect();
    let after = of(Definitions::Standard, 16, &turned);
    for (name, v) in rows(DRIFT, &settings(Definitions::Standard), shape(4, 16), states) {
        match v {
            Ok(v) if name.starts_with("tv_mean_drift") => {
                assert!((after(&name).unwrap() - v).abs() > 1e-9, "{name}");
            }
            _ if name.starts_with("tv") => {}
            Ok(v) => close(after(&name), v, 1e-9, &name),
            Err(why) => assert_eq!(after(&name), Err(why), "{name}"),
        }
    }
}

#[test]
fn norms_scale_with_the_field_and_ratios_do_not() {
    // 4 u is exact in 32 bits.
    invariance::check(DRIFT, &Change::Affine(4.0, 0.0), |name, v| {
        let power = if name.contains("_energy_") { 2 } else { 1 };
        let power = match name {
            _ if name.starts_with("entropy") => 0,
            _ if name.contains("mean_drift") => power,
            _ if name.contains("drift_variance") => 2 * power,
            _ => 0,
        };
        (name.to_owned(), 4.0_f64.powi(power) * v)
    });
}

/// Exact in 32 bits: values of 12 binary places, and 2 added.
#[test]
fn an_offset_changes_neither_shape_nor_small_scales() {
    let states: Vec<f32> =
        golden::rollout(5)[..4 * 256].iter().map(|v| (v * 4096.0).round() / 4096.0).collect();
    let moved: Vec<f32> = states.iter().map(|v| v + 2.0).collect();
    let (before, after) =
        (of(Definitions::Standard, 16, &states), of(Definitions::Standard, 16, &moved));
    let settings = settings(Definitions::Standard);
    let mut compared = 0;
    for feature in category(DRIFT).unwrap().features(&settings) {
        let name = feature.name.as_str();
        let shape = ["entropy", "tv", "gradient_energy", "dissipation", "energy_cascade"];
        if shape.iter().any(|s| name.starts_with(s)) || name.ends_with("highpass") {
            match before(name) {
                Ok(v) => close(after(name), v, 1e-9, name),
                Err(why) => assert_eq!(after(name), Err(why), "{name}"),
            }
            compared += 1;
        }
    }
    assert_eq!(compared, 3 * 12 + 5 * 4 + 4);
}

/// Norms are per pixel: a field repeated is the same field.
#[test]
fn tiles_have_the_features_of_one() {
    let states = &golden::rollout(9)[..5 * 64];
    let tiled: Vec<f32> = states
        .chunks_exact(64)
        .flat_map(|state| (0..1024).map(move |k| state[k / 32 % 8 * 8 + k % 8]))
        .collect();
    let (one, many) = (of(Definitions::Standard, 8, states), of(Definitions::Standard, 32, &tiled));
    for feature in category(DRIFT).unwrap().features(&settings(Definitions::Standard)) {
        let name = feature.name.as_str();
        match one(name) {
            Ok(v) => close(many(name), v, 1e-9, name),
            Err(why) => assert_eq!(many(name), Err(why), "{name}"),
        }
    }
}

#[test]
fn fewer_scales_are_the_first_ones() {
    let states = golden::rollout(2);
    let whole = rows(DRIFT, &settings(Definitions::Standard), golden::SHAPE, &states);
    for (num_scales, columns) in [(1, 36), (2, 68), (3, 100)] {
        let settings = Settings { num_scales, ..settings(Definitions::Standard) };
        let some = rows(DRIFT, &settings, golden::SHAPE, &states);
        assert_eq!(some.len(), columns);
        assert!(some.iter().all(|(name, v)| *v == value(&whole, name)));
    }
}

/// The registry's order of the Python reference, and what is known to be constant.
#[test]
fn columns_stand_in_the_order_of_the_reference() {
    let category = category(DRIFT).unwrap();
    let names: Vec<String> =
        category.features(&Settings::default()).into_iter().map(|f| f.name).collect();
    assert_eq!(names.len(), 60);
    assert_eq!(names[0], "L1_mean_drift_raw");
    assert_eq!(names[12 * 3 + 3 * 2 + 1], "entropy_final_initial_ratio_lowpass");
    assert_eq!(names[59], "tv_monotonicity_highpass");
    let constant = |definitions| {
        let features = category.features(&settings(definitions));
        assert!(features.iter().all(|f| (f.set == Set::V2) == names.contains(&f.name)));
        features.into_iter().filter(|f| f.constant.is_some()).map(|f| f.name).collect::<Vec<_>>()
    };
    assert!(constant(Definitions::Compat).is_empty());
    let flagged = constant(Definitions::Standard);
    assert!(flagged.len() == 4 && flagged.iter().all(|f| f.starts_with("mass")), "{flagged:?}");
}

/// What carries no information is flagged, and nothing else is.
#[test]
fn only_flagged_features_are_the_same_for_all_rollouts() {
    for category in [category(DRIFT).unwrap(), category("cross_channel").unwrap()] {
        for definitions in [Definitions::Standard, Definitions::Compat] {
            let settings = settings(definitions);
            let tables: Vec<_> = (0..12)
                .map(|r| rows(category.name(), &settings, golden::SHAPE, &golden::rollout(4 * r)))
                .collect();
            for (at, feature) in category.features(&settings).iter().enumerate() {
                let found: Vec<f64> = tables.iter().filter_map(|t| t[at].1.ok()).collect();
                let (least, greatest) = crate::features::statistics::extremes(&found);
                let varies = greatest - least > 1e-6 * greatest.abs().max(1e-9);
                assert_eq!(varies, feature.constant.is_none(), "{}: {found:?}", feature.name);
            }
        }
    }
}
