//! `light_cone`: causality, conservation of energy, and the wave equation.

use rayon::prelude::*;
use serde_json::{Value as Json, json};

use super::{Case, make, mean, request, wide};
use crate::ic::geometry::nearest_image;
use crate::key::Value;

/// What the tests over the registry need.
pub const CASE: Case = Case {
    name: "light_cone",
    examples: || {
        vec![
            json!({"num_cones": 5}),
            json!({"cone_radius": 0.2}),
            json!({"source_radius": {"uniform": [0.1, 0.2]}}),
            json!({"mass": 0}),
            json!({"normalize": "unit_std"}),
            json!({"normalize": "unit_max"}),
        ]
    },
    smooth: || vec![json!({})],
    pin: "1 f8b95e1ff737479e 7946b338897d96cf",
};

fn number(value: &Value) -> f64 {
    match value {
        Value::Float(v) => *v,
        other => panic!("{other}"),
    }
}

/// Nothing is outside the cones but what the finest waves of the grid leave undescribed: less than
/// 10⁻³ of the energy more than 3 pixels from them.
#[test]
fn energy_stays_inside_the_cones() {
    let ic = make("light_cone", &json!({}));
    for (n, count) in [(64, 256), (128, 64)] {
        (0..count).into_par_iter().for_each(|i| {
            let drawn = ic.draw(&request(i, n, 3));
            let find = |name| &drawn.settings.iter().find(|(n, _)| *n == name).unwrap().1;
            let radius = number(find("source_radius"));
            let Value::List(cones) = find("cones") else { panic!() };
            let cones: Vec<[f64; 3]> = cones
                .iter()
                .map(|cone| {
                    let Value::Map(parts) = cone else { panic!() };
                    [0, 1, 2].map(|k| number(&parts[k].1) * n as f64)
                })
                .collect();
            let energy = &wide(&drawn.fields)[2 * n * n..];
            let mut outside = 0.0;
            for (at, e) in energy.iter().enumerate() {
                let (x, y) = ((at % n) as f64, (at / n) as f64);
                let free = cones.iter().all(|[cx, cy, reach]| {
                    let (dx, dy) = (nearest_image(x - cx, n), nearest_image(y - cy, n));
                    dx.hypot(dy) > reach + radius * n as f64 + 3.0
                });
                outside += if free { *e } else { 0.0 };
            }
            let part = outside / energy.iter().sum::<f64>();
            assert!(part < 1e-3, "{n} sample {i}: {part}");
        });
    }
}

/// One event at several ages: the mean energy density does not depend on the age (every mode keeps
/// its own), π is the rate of change of φ (central difference, error `h² ω³/6` in units of the radius)
/// and at age 0 the field is the bump itself.
#[test]
fn the_field_obeys_the_wave_equation_and_keeps_its_energy() {
    let (n, radius) = (64, 0.1);
    for mass in [0.0, 5.0] {
        for sample in 0..8 {
            let at = |age: f64| {
                let settings = json!({
                    "num_cones": 1, "cone_radius": age, "source_radius": radius, "mass": mass
                });
                wide(&make("light_cone", &settings).draw(&request(sample, n, 3)).fields)
            };
            let (start, now) = (at(0.0), at(0.2));
            let energy = |fields: &[f64]| mean(&fields[2 * n * n..]);
            assert!((energy(&now) / energy(&start) - 1.0).abs() < 1e-6);

            let step = 1e-3;
            let (before, after) = (at(0.2 - step), at(0.2 + step));
            for i in 0..n * n {
                let rate = radius * (after[i] - before[i]) / (2.0 * step);
                assert!((rate - now[n * n + i]).abs() < 2e-3, "mass {mass} sample {sample}");
            }

            let greatest = start[..n * n].iter().fold(0.0_f64, |m, v| m.max(v.abs()));
            assert!((0.95..1.005).contains(&greatest), "{greatest}");
            assert!(start[n * n..2 * n * n].iter().all(|v| v.abs() < 1e-12));
        }
    }
}

#[test]
fn what_cannot_be_shown_is_refused() {
    let check = |settings: Json, grid, channels| {
        let family = crate::ic::family("light_cone").unwrap();
        family.check(&*make("light_cone", &settings), grid, channels).unwrap_err()
    };
    assert_eq!(
        check(json!({}), 32, 3),
        "sources of radius 0.05 need 2.0 pixels, and have 1.6 on a grid of 32: raise \
         `source_radius` to 0.0625 or more"
    );
    assert_eq!(
        check(json!({}), 64, 4),
        "it has 3 channels (field, rate, energy density), and the experiment asks for 4"
    );
}
