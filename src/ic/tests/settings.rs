//! Tests of the settings: every documented one acts, and what cannot act is refused.

use super::{cases, make, parse, request, variance, wide};
use crate::ic::{FAMILIES, family};
use crate::key::{Key, KeyHasher, Kind, Manifest};
use rayon::prelude::*;
use serde_json::{Value as Json, json};

/// The key of a recipe that holds only these settings.
pub fn key(name: &str, settings: &Json) -> Key {
    let mut hasher = KeyHasher::new(Kind { name: "test", version: 1 });
    make(name, settings).describe(&mut hasher as &mut dyn Manifest);
    hasher.finish()
}

/// What is wrong with these settings, as `name: message (help)`.
pub fn faults(name: &str, settings: &Json) -> Vec<String> {
    let (_, faults) = parse(family(name).unwrap(), settings);
    faults
        .into_iter()
        .map(|f| format!("{}: {} ({})", f.path, f.message, f.help.unwrap_or_default()))
        .collect()
}

#[test]
fn the_documented_settings_are_those_that_are_read() {
    for family in FAMILIES {
        let found = faults(family.name, &json!({"never_heard_of_this": 1}));
        let mut documented: Vec<&str> = family.parameters.iter().map(|p| p.name()).collect();
        documented.sort_unstable();
        let known = documented.join(", ");
        let message = "never_heard_of_this: unknown key `never_heard_of_this`";
        assert_eq!(found, [format!("{message} (known: {known})")], "{}", family.name);
        for parameter in family.parameters {
            assert!(!parameter.meaning().is_empty() && !parameter.allowed().is_empty());
            assert!(!parameter.default().is_empty());
        }
    }
}

#[test]
fn every_setting_changes_the_key_and_the_fields() {
    for case in cases() {
        let (name, examples) = (case.name, (case.examples)());
        // Every sample, so that a setting that acts on few of them is seen.
        let draw = |settings: &Json| {
            let ic = make(name, settings);
            ic.check(64, 3).unwrap();
            (0..4).map(|i| ic.draw(&request(i, 64, 3)).fields).collect::<Vec<_>>()
        };
        let (plain_key, plain) = (key(name, &json!({})), draw(&json!({})));
        let mut keys = std::collections::BTreeSet::from([plain_key]);
        for setting in &examples {
            assert!(keys.insert(key(name, setting)), "{name}: the key ignores {setting}");
        }
        examples.par_iter().for_each(|setting| {
            assert!(draw(setting) != plain, "{name}: the fields ignore {setting}");
        });
        for parameter in family(name).unwrap().parameters {
            let shown = examples.iter().any(|s| s.get(parameter.name()).is_some());
            assert!(shown, "{name}: {} is in no example", parameter.name());
        }
    }
}

#[test]
fn what_never_had_a_meaning_is_refused_with_an_explanation() {
    for family in FAMILIES {
        for refused in family.refused {
            let mut settings = serde_json::Map::new();
            settings.insert(refused.name.to_owned(), json!(1));
            let want = format!("{}: {} ({})", refused.name, refused.why, refused.instead);
            assert_eq!(faults(family.name, &Json::Object(settings)), [want], "{}", family.name);
        }
    }
}

#[test]
fn a_key_holds_only_what_acts() {
    let same = |name, a: Json, b: Json| assert_eq!(key(name, &a), key(name, &b), "{name} {a} {b}");
    same("gaussian_random_field", json!({"variance": 1}), json!({"normalize": "none"}));
    same(
        "structured",
        json!({"structure_types": ["blob", "circle"]}),
        json!({
            "structure_types": ["circle", "stripe", "blob"], "structure_weights": [2, 0, 2]
        }),
    );
    same(
        "localized",
        json!({"min_width": 6.4, "max_width": 12.8}),
        json!({
            "width": {"uniform": [0.05, 0.1]}
        }),
    );
    same(
        "composite",
        json!({"noise_level": 0}),
        json!({
            "noise_level": 0, "grf_length_scale": 0.2
        }),
    );
    same("mixed", json!({"weight": 1}), json!({"weight": 1, "num_structures": 9}));
}

#[test]
fn what_cannot_act_is_refused_with_a_reason() {
    let cases = [
        (
            "gaussian_random_field",
            json!({"nu": 1.5}),
            "nu: `nu` has no effect here: it belongs to `kernel: matern` (leave `nu` out)",
        ),
        (
            "gaussian_random_field",
            json!({"variance": 2, "normalize": "unit_std"}),
            "variance: `variance` has no effect where `normalize` sets the amplitude (leave one of \
             the two out, or write `normalize: none`)",
        ),
        (
            "band_limited",
            json!({"min_cycles": 2}),
            "max_cycles: `max_cycles` is missing: a band has two ends (give both ends, or `band: low \
             | mid | high`)",
        ),
        (
            "band_limited",
            json!({"min_cycles": {"uniform": [2, 6]}, "max_cycles": 6.5}),
            "max_cycles: `max_cycles` must be at least one cycle above `min_cycles` (a narrower band \
             may hold no wave vector at all)",
        ),
        (
            "band_limited",
            json!({"band": "low", "min_cycles": 2, "max_cycles": 6}),
            "band: `band` has no effect here: `min_cycles` and `max_cycles` set the band (leave \
             `band` out)",
        ),
        (
            "localized",
            json!({"width": 0.1, "min_width": 5}),
            "width: `width` has no effect here: `min_width` and `max_width` set the widths (leave \
             `width` out)",
        ),
        (
            "localized",
            json!({"min_width": 9, "max_width": 7}),
            "min_width: `min_width` 9.0 is above `max_width` 7.0 (exchange the two)",
        ),
        (
            "localized",
            json!({"num_blobs": 2.5}),
            "num_blobs: not a whole number (allowed: whole numbers from 1 to 256)",
        ),
        (
            "structured",
            json!({"structure_types": ["circel", "blob"]}),
            "structure_types: the text `circel` is no structure (did you mean `circle`? known: \
             circle, stripe, blob)",
        ),
        (
            "structured",
            json!({"structure_types": ["blob", "blob"]}),
            "structure_types: `blob` is named twice (use `structure_weights` to choose a type more \
             often)",
        ),
        (
            "structured",
            json!({"structure_types": ["blob"], "radius": 0.1}),
            "radius: `radius` has no effect here: `structure_types` has no circle (leave `radius` \
             out)",
        ),
        (
            "structured",
            json!({"structure_weights": [1, 2]}),
            "structure_weights: 2 weights for 3 types (give one weight for each entry of \
             `structure_types`)",
        ),
        (
            "structured",
            json!({"structure_weights": [0, 0, 0]}),
            "structure_weights: all weights are 0 (at least one must be above 0)",
        ),
    ];
    for (name, settings, message) in cases {
        assert_eq!(faults(name, &settings), [message], "{name} {settings}");
    }
}

#[test]
fn what_the_grid_or_the_channels_forbid_is_said() {
    let says = |name, settings: Json, grid, channels| {
        make(name, &settings).check(grid, channels).unwrap_err()
    };
    assert_eq!(
        says("band_limited", json!({}), 32, 3),
        "the band `high` with its taper needs a grid of at least 48, not 32"
    );
    assert_eq!(
        says("band_limited", json!({"min_cycles": 2, "max_cycles": 8}), 17, 3),
        "a band up to 8.0 cycles with its taper needs a grid of at least 18, not 17"
    );
    assert_eq!(
        says("structured", json!({"num_structures": {"uniform": [2, 9]}}), 64, 3),
        "`num_structures` 2.0 leaves some of 3 channels empty: give at least 3"
    );
    assert_eq!(
        says("composite", json!({"frequency": {"uniform": [2, 6]}}), 12, 3),
        "waves of up to 6.0 cycles per side need a grid of at least 13, not 12: lower `frequency`"
    );
    assert_eq!(
        says("localized", json!({"width": 0.001}), 64, 3),
        "bumps of width 0.001 are lost between the pixels of a grid of 64: raise `width` to 0.003125 \
         or more"
    );
    // The smallest grids that pass are drawn without fail.
    for (name, settings, grid) in [
        ("gaussian_random_field", json!({"length_scale": 0.001}), 8),
        ("gaussian_random_field", json!({"length_scale": 1}), 8),
        ("multiscale_grf", json!({}), 8),
        ("band_limited", json!({"band": "low"}), 9),
        ("band_limited", json!({"band": "mid"}), 27),
        ("band_limited", json!({}), 48),
        ("localized", json!({"width": 0.025, "num_blobs": 1}), 8),
        ("composite", json!({}), 13),
        ("structured", json!({}), 13),
        ("power_law_grf", json!({"beta": 8}), 8),
        ("heavy_tailed", json!({}), 8),
    ] {
        let ic = make(name, &settings);
        ic.check(grid, 1).unwrap();
        for i in 0..20 {
            let field = wide(&ic.draw(&request(i, grid, 1)).fields);
            // A NaN is not near 1 either.
            assert!((variance(&field) - 1.0).abs() < 1e-6, "{name} {settings} {grid}");
        }
    }
}
