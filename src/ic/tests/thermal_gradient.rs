//! Tests of `thermal_gradient`.

use serde_json::{Value as Json, json};

use super::{Case, make, request, wide};
use crate::ic::Drawn;
use crate::key::Value;

/// The case.
pub const CASE: Case = Case {
    name: "thermal_gradient",
    examples: || {
        vec![
            json!({"variant": "triangle"}),
            json!({"variant": "reservoirs"}),
            json!({"variant": "reservoirs", "screening_length": 0.05}),
            json!({"variant": "reservoirs", "source_width": 0.1}),
            json!({"gradient_direction": "x"}),
            json!({"gradient_direction": "y"}),
            json!({"gradient_direction": "diagonal"}),
            json!({"temperature_range": [-1, 3]}),
            json!({"beta": 1}),
            json!({"thermal_noise_amplitude": 0}),
            json!({"thermal_length_scale": 0.1}),
            json!({"channel_mode": "shared"}),
            json!({"channel_mode": "mixed"}),
            json!({"normalize": "unit_std"}),
            json!({"normalize": "unit_max"}),
        ]
    },
    smooth: || vec![json!({}), json!({"variant": "triangle"}), json!({"variant": "reservoirs"})],
    pin: "1 45aa9faa69db12a7 bbe10d5942b087ad",
};

fn draw(settings: &Json, sample: u64, n: usize) -> Drawn {
    make("thermal_gradient", settings).draw(&request(sample, n, 1))
}

/// A number or a pair noted for the only field.
fn noted(drawn: &Drawn, name: &str) -> Vec<f64> {
    let (_, Value::List(fields)) = drawn.settings.iter().find(|(n, _)| *n == "gradients").unwrap()
    else {
        panic!()
    };
    let Value::Map(map) = &fields[0] else { panic!() };
    match &map.iter().find(|(n, _)| *n == name).unwrap().1 {
        Value::Float(v) => vec![*v],
        Value::List(values) => {
            values.iter().map(|v| if let Value::Float(v) = v { *v } else { panic!() }).collect()
        }
        _ => panic!(),
    }
}

#[test]
fn without_fluctuations_it_runs_from_cold_to_hot() {
    let n = 64;
    for variant in ["cosine", "triangle", "reservoirs"] {
        for i in 0..256 {
            let settings = json!({
                "variant": variant, "thermal_noise_amplitude": 0, "temperature_range": [2, 5]
            });
            let drawn = draw(&settings, i, n);
            let field = wide(&drawn.fields);
            let low = field.iter().copied().fold(f64::INFINITY, f64::min);
            let high = field.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            // The nearest pixel is half a pixel from an end: 1/64 of the way for a triangle, raised
            // to β ≥ ½ at the cold end.
            let (up, down) = match variant {
                "triangle" => ((1.0_f64 / 64.0).sqrt(), 2.0 / 64.0),
                _ => (0.03, 0.005),
            };
            assert!((2.0 - 1e-6..2.0 + 3.0 * up).contains(&low), "{variant} {i} {low}");
            assert!((5.0 - 3.0 * down..5.0 + 1e-6).contains(&high), "{variant} {i} {high}");
        }
    }
}

/// β = 1: the cosine is an eigenvector of the Laplacian, here by second differences, which are exact
/// on a plane wave up to the factor of the grid.
#[test]
fn the_cosine_is_the_slowest_mode_of_heat_conduction() {
    let n = 32;
    for i in 0..64 {
        let drawn = draw(&json!({"thermal_noise_amplitude": 0, "beta": 1}), i, n);
        let f = wide(&drawn.fields);
        let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
        for y in 0..n {
            for x in 0..n {
                let here = f[y * n + x];
                let around = f[y * n + (x + 1) % n]
                    + f[y * n + (x + n - 1) % n]
                    + f[(y + 1) % n * n + x]
                    + f[(y + n - 1) % n * n + x];
                if (here - 0.5).abs() > 0.1 {
                    let rate = (4.0 * here - around) / (here - 0.5);
                    (least, most) = (least.min(rate), most.max(rate));
                }
            }
        }
        let slowest = 2.0 - 2.0 * libm::cos(std::f64::consts::TAU / n as f64);
        let axes = (least / slowest).round();
        assert!(axes == 1.0 || axes == 2.0);
        // Fields are rounded to 32 bits: 6e-8 in five numbers, over 0.1 of 0.04.
        assert!(most - least < 1e-4, "{least} {most}");
    }
}

#[test]
fn fluctuations_have_the_declared_size() {
    for variant in ["cosine", "reservoirs"] {
        let mut ratio = 0.0;
        for i in 0..256 {
            let with = json!({"variant": variant, "temperature_range": [1, 3]});
            let mut without = with.clone();
            without["thermal_noise_amplitude"] = json!(0);
            let (with, without) = (draw(&with, i, 64), draw(&without, i, 64));
            let a = noted(&with, "thermal_noise_amplitude")[0];
            let square: f64 = wide(&with.fields)
                .iter()
                .zip(wide(&without.fields))
                .map(|(x, y)| (x - y) * (x - y))
                .sum();
            ratio += square / (64.0 * 64.0 * 4.0 * a * a);
        }
        // Of 256 fields with some 100 independent places each: 3 standard errors of 0.9 %.
        assert!((ratio / 256.0 - 1.0).abs() < 0.03, "{variant} {}", ratio / 256.0);
    }
}

/// Hot and cold are where they are said to be, and well apart.
#[test]
fn reservoirs_lie_at_their_places() {
    let n = 64;
    for i in 0..256 {
        let settings = json!({"variant": "reservoirs", "thermal_noise_amplitude": 0});
        let drawn = draw(&settings, i, n);
        let at = |name: &str| {
            let place = noted(&drawn, name);
            let [x, y] = [place[0], place[1]].map(|v| (v * n as f64).round() as usize % n);
            f64::from(drawn.fields[y * n + x])
        };
        // The pixel is at most 0.71 pixels off, the spot is at least 3.84 pixels wide.
        assert!(at("hot") > 0.95 && at("cold") < 0.05, "{i}: {} {}", at("hot"), at("cold"));
        let (hot, cold) = (noted(&drawn, "hot"), noted(&drawn, "cold"));
        let square: f64 = hot
            .iter()
            .zip(&cold)
            .map(|(a, b)| crate::ic::geometry::nearest_image(a - b, 1))
            .map(|d| d * d)
            .sum();
        assert!(square.sqrt() > 0.29, "{i}");
    }
}
