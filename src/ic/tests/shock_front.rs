//! Tests of `shock_front`.

use serde_json::{Value as Json, json};

use super::{Case, correlation, make, mean, request, variance, wide};
use crate::ic::geometry::nearest_image;
use crate::key::Value;

/// The case.
pub const CASE: Case = Case {
    name: "shock_front",
    examples: || {
        vec![
            json!({"variant": "relativistic"}),
            json!({"variant": "relativistic", "temperature": 5}),
            json!({"mach_number": 3}),
            json!({"gamma": 1.6667}),
            json!({"contact_ratio": 0.5}),
            json!({"shock_angle": 0}),
            json!({"shock_position": 0.5}),
            json!({"shock_width": 0.02}),
            json!({"elapsed": 0.5}),
            json!({"fluctuation_amplitude": 0}),
            json!({"normalize": "unit_std"}),
            json!({"normalize": "unit_max"}),
        ]
    },
    smooth: || vec![json!({}), json!({"variant": "relativistic"})],
    pin: "1 8bb18ea9e9320703 7a04049b991f7a3d",
};

/// A sample: `(x, [density, velocity, pressure])` of each pixel with x from the middle of the band
/// along the normal, in sides; and what was drawn.
struct Sample {
    pixels: Vec<(f64, [f64; 3])>,
    settings: Vec<(&'static str, Value)>,
}

impl Sample {
    fn new(settings: &Json, sample: u64, n: usize) -> Self {
        let drawn = make("shock_front", settings).draw(&request(sample, n, 3));
        let fields = wide(&drawn.fields);
        let mut out = Self { pixels: Vec::new(), settings: drawn.settings };
        let (m, position) = (out.numbers("direction"), out.numbers("shock_position")[0]);
        for i in 0..n * n {
            let (x, y) = ((i % n) as f64, (i / n) as f64);
            let part = nearest_image((m[0] * x + m[1] * y) / n as f64 - position, 1);
            let state = [0, 1, 2].map(|c| fields[c * n * n + i]);
            out.pixels.push((part / libm::hypot(m[0], m[1]), state));
        }
        out
    }

    fn numbers(&self, name: &str) -> Vec<f64> {
        let number = |v: &Value| match v {
            Value::Float(v) => *v,
            Value::Int(v) => *v as f64,
            _ => panic!(),
        };
        match &self.settings.iter().find(|(n, _)| *n == name).unwrap().1 {
            Value::List(values) => values.iter().map(number).collect(),
            v => vec![number(v)],
        }
    }

    /// Pixels between two places on either side of the middle, with the velocity outward.
    fn between(&self, low: f64, high: f64) -> Vec<(f64, [f64; 3])> {
        self.pixels
            .iter()
            .filter(|(x, _)| (low..high).contains(&x.abs()))
            .map(|(x, [density, velocity, pressure])| {
                (x.abs(), [*density, velocity * x.signum(), *pressure])
            })
            .collect()
    }
}

/// Settings under which every layer of the band has pixels of its own.
fn sharp(variant: &str) -> Json {
    json!({
        "variant": variant, "shock_width": 0.0005, "fluctuation_amplitude": 0, "elapsed": 0.9,
        "gamma": {"choice": [1.3333, 1.4, 1.6667]}
    })
}

/// Densities and fluxes of mass, momentum and energy in the frame of the gas at rest.
fn conserved(relativistic: bool, gamma: f64, [rho, u, p]: [f64; 3]) -> [(f64, f64); 3] {
    if relativistic {
        let enthalpy = rho + gamma / (gamma - 1.0) * p;
        let w2 = 1.0 / (1.0 - u * u);
        let momentum = enthalpy * w2 * u;
        let mass = rho * w2.sqrt();
        [(mass, mass * u), (momentum, momentum * u + p), (enthalpy * w2 - p, momentum)]
    } else {
        let energy = 0.5 * rho * u * u + p / (gamma - 1.0);
        [(rho, rho * u), (rho * u, rho * u * u + p), (energy, (energy + p) * u)]
    }
}

/// In the frame of the shock what flows in flows out: `[F] = V [U]` for mass, momentum and energy.
#[test]
fn mass_momentum_and_energy_are_conserved_across_the_shock() {
    for variant in ["classical", "relativistic"] {
        let mut seen = 0;
        for i in 0..128 {
            let sample = Sample::new(&sharp(variant), i, 128);
            let (gamma, speed) = (sample.numbers("gamma")[0], sample.numbers("shock_speed")[0]);
            let places = sample.numbers("places");
            // The profile is 1 to rounding at 12 half-widths.
            let behind = sample.between(places[2] + 0.006, places[3] - 0.006);
            let ahead = sample.between(places[3] + 0.006, 1.0);
            let relativistic = variant == "relativistic";
            let pressure = if relativistic { sample.numbers("temperature")[0] } else { 1.0 };
            for (_, state) in &ahead {
                assert!((state[0] - 1.0).abs() < 1e-6 && state[1].abs() < 1e-6 * speed);
                assert!((state[2] / pressure - 1.0).abs() < 1e-6);
            }
            let (Some((_, behind)), Some((_, ahead))) = (behind.first(), ahead.first()) else {
                continue;
            };
            seen += 1;
            let ends = [*behind, *ahead].map(|state| conserved(relativistic, gamma, state));
            for (behind, ahead) in ends[0].iter().zip(&ends[1]) {
                let (density, flux) = (behind.0 - ahead.0, behind.1 - ahead.1);
                // Rounded to 32 bits, and the Lorentz factor makes a velocity near 1 as much less sure.
                let size = behind.1.abs() + ahead.1.abs();
                assert!((flux - speed * density).abs() < 2e-5 * size, "{variant} {i}");
            }
            let mach = sample.numbers("mach_number")[0];
            let ratio = gamma * pressure
                / if relativistic { 1.0 + gamma / (gamma - 1.0) * pressure } else { 1.0 };
            let four = |v: f64| if relativistic { v / (1.0 - v * v).sqrt() } else { v };
            assert!((four(speed) / four(ratio.sqrt()) / mach - 1.0).abs() < 1e-9, "{variant} {i}");
        }
        assert!(seen > 96, "{variant} {seen}");
    }
}

/// In the rarefaction entropy and the invariant of the other family are constant, and a wave of each
/// state has come from the diaphragm with the speed that sound has there against the flow.
#[test]
fn the_rarefaction_is_a_simple_wave() {
    for variant in ["classical", "relativistic"] {
        let mut seen = 0;
        for i in 0..128 {
            let sample = Sample::new(&sharp(variant), i, 128);
            let gamma = sample.numbers("gamma")[0];
            let places = sample.numbers("places");
            let (start, time) = (sample.numbers("diaphragm")[0], sample.numbers("time")[0]);
            let s = (gamma - 1.0_f64).sqrt();
            let mut first: Option<(f64, f64)> = None;
            for (x, [rho, u, p]) in sample.between(0.0, places[2] - 0.006) {
                let entropy = p / libm::pow(rho, gamma);
                let (sound, invariant, speed);
                if variant == "relativistic" {
                    sound = (gamma * p / (rho + gamma / (gamma - 1.0) * p)).sqrt();
                    invariant = libm::atanh(u) + 2.0 / s * libm::atanh(sound / s);
                    speed = (u - sound) / (1.0 - u * sound);
                } else {
                    sound = (gamma * p / rho).sqrt();
                    invariant = u + 2.0 * sound / (gamma - 1.0);
                    speed = u - sound;
                }
                let (entropy_0, invariant_0) = *first.get_or_insert((entropy, invariant));
                // 32 bits; the sound of a hot gas is near its limit, where artanh is steep.
                assert!((entropy / entropy_0 - 1.0).abs() < 3e-6, "{variant} {i}");
                assert!((invariant / invariant_0 - 1.0).abs() < 1e-4, "{variant} {i}");
                if (places[0] + 1e-6..places[1] - 1e-6).contains(&x) {
                    seen += 1;
                    assert!((start + speed * time - x).abs() < 1e-5, "{variant} {i}: {x}");
                }
            }
        }
        assert!(seen > 1000, "{variant} {seen}");
    }
}

#[test]
fn pressure_and_velocity_pass_the_contact_and_density_jumps_as_declared() {
    for variant in ["classical", "relativistic"] {
        let mut seen = 0;
        for i in 0..128 {
            let sample = Sample::new(&sharp(variant), i, 128);
            let places = sample.numbers("places");
            let inner = sample.between(places[1] + 1e-6, places[2] - 0.006);
            let outer = sample.between(places[2] + 0.006, places[3] - 0.006);
            let (Some((_, inner)), Some((_, outer))) = (inner.first(), outer.first()) else {
                continue;
            };
            seen += 1;
            let ratio = sample.numbers("contact_ratio")[0];
            assert!((inner[0] / outer[0] / ratio - 1.0).abs() < 1e-6, "{variant} {i}");
            assert!((inner[1] / outer[1] - 1.0).abs() < 1e-6, "{variant} {i}");
            assert!((inner[2] / outer[2] - 1.0).abs() < 1e-6, "{variant} {i}");
        }
        assert!(seen > 96, "{variant} {seen}");
    }
}

/// The two sides mirror each other, and the tanh of the shock has the declared width: the way from 10 %
/// to 90 % of the pressure is `2 artanh 0.8 w = 2.197 w`.
#[test]
fn shocks_are_as_wide_as_declared() {
    for i in 0..64 {
        let settings = json!({
            "shock_width": 0.01, "fluctuation_amplitude": 0, "shock_angle": 0, "elapsed": 0.5
        });
        let sample = Sample::new(&settings, i, 256);
        let shock = sample.numbers("places")[3];
        let near = sample.between(shock - 0.02, shock + 0.02);
        let mach = sample.numbers("mach_number")[0];
        let rise = 2.0 * 1.4 / 2.4 * (mach * mach - 1.0);
        for (x, [_, _, p]) in near {
            let want = 0.5 * (1.0 - libm::tanh((x - shock) / 0.01));
            // The foot of the other shock is e^(−2·0.13/0.01) away; the head is closer, at elapsed ½.
            assert!(((p - 1.0) / rise - want).abs() < 1e-5, "{i}: {x} {p}");
        }
    }
}

#[test]
fn the_gas_at_rest_fluctuates_and_nothing_else() {
    let (mut variances, mut means) = (Vec::new(), Vec::new());
    for i in 0..256 {
        let settings = |a: f64| json!({"fluctuation_amplitude": a, "shock_width": 0.002});
        let (with, without) =
            (Sample::new(&settings(0.1), i, 64), Sample::new(&settings(0.0), i, 64));
        let shock = with.numbers("places")[3];
        let mut logs = Vec::new();
        for ((x, with), (_, without)) in with.pixels.iter().zip(&without.pixels) {
            assert_eq!(with[1..], without[1..]);
            if x.abs() < shock - 0.04 {
                assert!((with[0] / without[0] - 1.0).abs() < 1e-6);
            } else if x.abs() > shock + 0.04 {
                logs.push(libm::log(with[0]));
            }
        }
        variances.push(logs.iter().map(|v| (v + 0.005) * (v + 0.005)).sum::<f64>());
        means.push(logs.len() as f64);
    }
    // Hundreds of thousands of pixels, some tens of thousands independent: 1 % from chance.
    let got = variances.iter().sum::<f64>() / means.iter().sum::<f64>();
    assert!((got / 0.01 - 1.0).abs() < 0.03, "{got}");
}

/// Density and pressure rise together, the velocity is odd: a mean of 0, and no correlation with either.
#[test]
fn the_band_moves_outward_on_both_sides() {
    for variant in ["classical", "relativistic"] {
        for i in 0..256 {
            let sample = Sample::new(&json!({"variant": variant}), i, 64);
            let [density, velocity, pressure] =
                [0, 1, 2].map(|c| sample.pixels.iter().map(|(_, s)| s[c]).collect::<Vec<f64>>());
            let size = variance(&velocity).sqrt();
            // Pixels lie unevenly about the middle: a part of a column of 64, twice.
            assert!(mean(&velocity).abs() < 0.1 * size, "{variant} {i}");
            assert!(correlation(&velocity, &pressure).abs() < 0.1, "{variant} {i}");
            assert!(density.iter().chain(&pressure).all(|v| *v > 0.0), "{variant} {i}");
            if variant == "relativistic" {
                assert!(velocity.iter().all(|v| v.abs() < 1.0), "{i}");
            }
        }
    }
}
