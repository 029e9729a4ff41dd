//! Tests of `reaction_front`.

use serde_json::{Value as Json, json};

use super::{Case, make, request, wide};
use crate::key::Value;

/// The case.
pub const CASE: Case = Case {
    name: "reaction_front",
    examples: || {
        vec![
            json!({"front_shape": "planar"}),
            json!({"front_shape": "circular"}),
            json!({"front_shape": "irregular"}),
            json!({"profile": "kpp"}),
            json!({"front_width": 0.02}),
            json!({"num_fronts": 7}),
            json!({"fraction": 0.5}),
            json!({"length_scale": 0.06}),
            json!({"front_shape": "irregular", "length_scale": 0.06}),
            json!({"channel_mode": "shared"}),
            json!({"channel_mode": "mixed"}),
            json!({"normalize": "unit_std"}),
            json!({"normalize": "unit_max"}),
        ]
    },
    smooth: || {
        vec![json!({}), json!({"front_shape": "planar"}), json!({"front_shape": "irregular"})]
    },
    pin: "1 d723210aca16d9f8 d035260a8304d9ee",
};

fn draw(settings: &Json, sample: u64, n: usize) -> Vec<f64> {
    wide(&make("reaction_front", settings).draw(&request(sample, n, 1)).fields)
}

/// The numbers under a name noted for the only field.
fn noted(settings: &Json, sample: u64, name: &str) -> Vec<f64> {
    let drawn = make("reaction_front", settings).draw(&request(sample, 64, 1));
    let Value::List(fields) = &drawn.settings[0].1 else { panic!() };
    let Value::Map(map) = &fields[0] else { panic!() };
    match &map.iter().find(|(n, _)| *n == name).unwrap().1 {
        Value::Float(v) => vec![*v],
        Value::List(values) => values
            .iter()
            .map(|v| if let Value::Int(v) = v { *v as f64 } else { panic!() })
            .collect(),
        _ => panic!(),
    }
}

#[test]
fn the_declared_part_of_the_area_is_behind_the_front() {
    let n = 64;
    for (shape, most) in [("planar", 0.06), ("circular", 0.02), ("irregular", 2.0 / 4096.0)] {
        for profile in ["bistable", "kpp"] {
            for i in 0..256 {
                let settings = json!({"front_shape": shape, "profile": profile});
                let u = draw(&settings, i, n);
                // The value of either profile on the front.
                let middle = if profile == "kpp" { 0.25 } else { 0.5 };
                let behind = u.iter().filter(|u| **u > middle).count() as f64 / u.len() as f64;
                let fraction = noted(&settings, i, "fraction")[0];
                assert!((0.2..0.8).contains(&fraction));
                // Two bands on an axis have four edges, each off by up to a column of 1/64 in the worst
                // case; circles by a few pixels of their edge.
                assert!((behind - fraction).abs() <= most, "{shape} {i}: {behind} {fraction}");
                assert!(u.iter().all(|u| (0.0..=1.0).contains(u)));
            }
        }
    }
}

/// On a planar front, with second and first differences along its normal: `u'' + c u' + f(u) = 0`.
#[test]
fn a_front_solves_the_equation_of_a_travelling_wave() {
    let n = 256;
    let mut most = [0.0_f64; 2];
    for i in 0..32 {
        for (kind, profile) in ["bistable", "kpp"].into_iter().enumerate() {
            let settings = json!({
                "front_shape": "planar", "profile": profile, "num_fronts": 1, "front_width": 0.03,
                "fraction": 0.5
            });
            let (u, m) = (draw(&settings, i, n), noted(&settings, i, "direction"));
            let m2 = m[0] * m[0] + m[1] * m[1];
            // In units of δ: a step of a pixel along x is a step of mx/|m| along the normal.
            let h = 1.0 / (256.0 * 0.03);
            for y in 0..n {
                for x in 0..n {
                    let at = |dx: usize, dy: usize| u[(y + dy) % n * n + (x + dx) % n];
                    let (left, right, here) = (at(n - 1, 0), at(1, 0), at(0, 0));
                    let (up, down) = (at(0, n - 1), at(0, 1));
                    let second = (left + right + up + down - 4.0 * here) / (h * h);
                    let slope2 = ((right - left) * (right - left) + (down - up) * (down - up))
                        / (4.0 * h * h);
                    // Against the direction of travel the concentration grows.
                    let slope = -slope2.sqrt();
                    // Lines where two fronts are as near have no slope: there is no front.
                    let range = [0.1..0.9, 0.02..0.8];
                    // Along an axis the differences are those along the normal.
                    if !range[kind].contains(&here) || m2 > 1.0 {
                        continue;
                    }
                    let residual = if kind == 0 {
                        // Time and length such that δ = √8: a = ¼, c = (1 − 2a)/√2.
                        second / 8.0
                            + 0.5 / 2.0_f64.sqrt() * slope / 8.0_f64.sqrt()
                            + here * (1.0 - here) * (here - 0.25)
                    } else {
                        second / 6.0
                            + 5.0 / 6.0_f64.sqrt() * slope / 6.0_f64.sqrt()
                            + here * (1.0 - here)
                    };
                    most[kind] = most[kind].max(residual.abs());
                }
            }
        }
    }
    // Differences: h²/12 = 1.4e-3 times a fourth derivative of order 1/8, and h²/6 times a third.
    assert!(most[0] > 0.0 && most[0] < 1.5e-3, "{most:?}");
    assert!(most[1] > 0.0 && most[1] < 1.5e-3, "{most:?}");
}

/// From 10 % to 90 % a bistable front takes `2 artanh 0.8 · δ = 2.197 δ`, whatever its shape.
#[test]
fn the_front_is_as_wide_as_declared() {
    let n = 128;
    for (shape, least, most) in
        [("planar", 0.98, 1.02), ("circular", 0.97, 1.03), ("irregular", 0.9, 1.05)]
    {
        let mut ratios = Vec::new();
        for i in 0..256 {
            let settings = json!({"front_shape": shape, "front_width": 0.03});
            let u = draw(&settings, i, n);
            // d = δ/2 · log(u/(1 − u)) has slope 1: the mean of |∇d| where the front is.
            let d: Vec<f64> = u.iter().map(|u| 0.015 * libm::log(u / (1.0 - u))).collect();
            let (mut sum, mut count) = (0.0, 0.0);
            for y in 0..n {
                for x in 0..n {
                    if !(0.1..0.9).contains(&u[y * n + x]) {
                        continue;
                    }
                    let dx = d[y * n + (x + 1) % n] - d[y * n + (x + n - 1) % n];
                    let dy = d[(y + 1) % n * n + x] - d[(y + n - 1) % n * n + x];
                    sum += libm::hypot(dx, dy) * 64.0;
                    count += 1.0;
                }
            }
            ratios.push(sum / count);
        }
        ratios.sort_by(f64::total_cmp);
        // Where fronts meet the slope is lost; the middle of the samples has few such places.
        assert!((least..most).contains(&ratios[128]), "{shape}: {}", ratios[128]);
    }
}
