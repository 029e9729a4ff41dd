//! `invariant_drift`: the analytic vectors and their accepted counterparts, what is undefined.

mod laws;

use std::f64::consts::{LN_2, PI, TAU};

use super::{close, field, golden, rows, settings, single, value};
use crate::features::{Definitions, Settings, Shape, Undefined, Value};

const DRIFT: &str = "invariant_drift";

fn shape(steps: usize, n: usize) -> Shape {
    Shape { steps, ..single(n) }
}

/// All features of one channel, by name.
fn of(definitions: Definitions, n: usize, states: &[f32]) -> impl Fn(&str) -> Value + use<> {
    let rows = rows(DRIFT, &settings(definitions), shape(states.len() / (n * n), n), states);
    move |name| value(&rows, name)
}

/// Amplitudes of the analytic trajectories: decay, growth, oscillation, rest.
fn amplitudes(name: char) -> Vec<f64> {
    let at = |t: i32| match name {
        'A' => 0.5_f64.powi(t),
        'B' => f64::from(1 + t),
        'C' => [3.0, 2.0, 1.0, 2.0][t as usize % 4],
        _ => 1.0,
    };
    (0..8).map(at).collect()
}

/// `a_t (1 + cos(2π 2j/8))`, N = 8, T = 8.
fn trajectory(name: char) -> Vec<f32> {
    let wave = field("X2", 8);
    amplitudes(name).iter().flat_map(|a| wave.iter().map(|w| *a as f32 * (1.0 + w))).collect()
}

/// `features.md` of the Python reference's description, series A to D.
const COMPAT: [(&str, [f64; 4]); 24] = [
    ("L1_mean_drift_raw", [-9.071_428_6, 64.0, -9.142_857_1, 0.0]),
    ("L1_drift_variance_raw", [131.535_72, 0.0, 4_681.142_9, 0.0]),
    ("L1_final_initial_ratio_raw", [1.0 / 128.0, 8.0, 2.0 / 3.0, 1.0]),
    ("L1_monotonicity_raw", [-1.0, 1.0, -1.0 / 7.0, 0.0]),
    ("L2_mean_drift_raw", [-1.388_773_2, 9.797_959_0, -1.399_708_4, 0.0]),
    ("L2_drift_variance_raw", [3.082_868_6, 0.0, 109.714_29, 0.0]),
    ("Linf_mean_drift_raw", [-0.283_482_1, 2.0, -2.0 / 7.0, 0.0]),
    ("Linf_drift_variance_raw", [0.128_452_9, 0.0, 4.571_428_8, 0.0]),
    ("entropy_mean_drift_raw", [0.0; 4]),
    ("entropy_drift_variance_raw", [0.0; 4]),
    ("entropy_final_initial_ratio_raw", [1.0; 4]),
    ("entropy_monotonicity_raw", [0.0; 4]),
    ("tv_mean_drift_raw", [-4.535_711, 32.0, -4.571_427, 0.0]),
    ("tv_drift_variance_raw", [32.883_94, 0.0, 1_170.285_8, 0.0]),
    ("tv_final_initial_ratio_raw", [0.007_912_3, 7.999_3, 0.666_677_8, 1.0]),
    ("L1_mean_drift_lowpass", [-5.930_460, 41.840_096, -5.977_158, 0.0]),
    ("L1_mean_drift_highpass", [-6.093_850, 42.992_832, -6.141_834, 0.0]),
    ("L2_mean_drift_lowpass", [-0.766_371, 5.406_837, -0.772_405, 0.0]),
    // Σ u = 64 a_t, Σ u² = 96 a_t², Σ Dx² = 32 a_t²: central differences are 1 at half of the pixels.
    ("mass_mean_drift_raw", [-9.071_428_6, 64.0, -9.142_857_1, 0.0]),
    ("L2_energy_mean_drift_raw", [-13.713_448_7, 864.0, -480.0 / 7.0, 0.0]),
    ("gradient_energy_mean_drift_raw", [-4.571_149_6, 288.0, -160.0 / 7.0, 0.0]),
    ("dissipation_rate_lowfreq", [2.0 * LN_2, -0.594_126_2, 0.115_847_2, 0.0]),
    ("dissipation_rate_highfreq", [0.0; 4]),
    ("energy_cascade_direction", [-1.0, 1.0, -1.0, 0.0]),
];

#[test]
fn compat_gives_the_analytic_vectors() {
    for (at, name) in ['A', 'B', 'C', 'D'].into_iter().enumerate() {
        let got = of(Definitions::Compat, 8, &trajectory(name));
        for (feature, wanted) in COMPAT {
            close(got(feature), wanted[at], 1e-5, &format!("{feature} of {name}"));
        }
    }
    // A field of 1, then of 2: what the low-pass with zeros outside leaves of a constant.
    let states = [[1.0_f32; 64], [2.0; 64]].concat();
    let got = of(Definitions::Compat, 8, &states);
    close(got("L1_mean_drift_lowpass"), 42.583_309, 1e-6, "low");
    close(got("L1_mean_drift_highpass"), 21.416_691, 1e-6, "high");
    close(got("entropy_mean_drift_raw"), 0.0, 1e-12, "constant fields");
}

/// The transfer function of the low-pass at `cycles` per pixel: 17 taps of σ = 2.
fn transfer(cycles: f64) -> f64 {
    let taps = |k: i32| (-f64::from(k * k) / 8.0).exp();
    let sum: f64 = (-8..=8).map(taps).sum();
    (-8..=8).map(|k| taps(k) * (TAU * cycles * f64::from(k)).cos()).sum::<f64>() / sum
}

/// The field is `a (1 + cos)` with cos = 1, 0, −1, 0 in turn; its low-pass `a (1 + g cos)`, the rest
/// `a (1 − g) cos`; forward differences of cos are ±1 everywhere.
#[test]
fn standard_gives_closed_forms() {
    let g = transfer(0.25);
    let root = |mean_square: f64| mean_square.sqrt();
    let linear = [
        ("L1", [1.0, 1.0, 0.5 * (1.0 - g)]),
        ("L2", [root(1.5), root(1.0 + 0.5 * g * g), root(0.5) * (1.0 - g)]),
        ("Linf", [2.0, 1.0 + g, 1.0 - g]),
        ("tv", [1.0, g, 1.0 - g]),
        ("mass", [1.0, 1.0, 0.0]),
    ];
    let squares = [
        ("L2_energy", [1.5, 1.0 + 0.5 * g * g, 0.5 * (1.0 - g).powi(2)]),
        ("gradient_energy", [1.0, g * g, (1.0 - g).powi(2)]),
    ];
    let scales = ["raw", "lowpass", "highpass"];
    for name in ['A', 'B', 'C', 'D'] {
        let got = of(Definitions::Standard, 8, &trajectory(name));
        let check = |invariant: &str, factors: [f64; 3], series: &[f64]| {
            let steps: Vec<f64> = series.windows(2).map(|s| s[1] - s[0]).collect();
            let mean = steps.iter().sum::<f64>() / 7.0;
            let variance = steps.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / 6.0;
            let sign = |s: &f64| if *s == 0.0 { 0.0 } else { s.signum() };
            let monotonicity = steps.iter().map(sign).sum::<f64>() / 7.0;
            for (scale, factor) in scales.into_iter().zip(factors) {
                let is = |metric: &str, want: f64| {
                    let feature = format!("{invariant}_{metric}_{scale}");
                    close(got(&feature), want, 1e-6, &format!("{feature} of {name}"));
                };
                is("mean_drift", factor * mean);
                is("drift_variance", factor * factor * variance);
                if factor == 0.0 {
                    is("monotonicity", 0.0);
                    let feature = format!("{invariant}_final_initial_ratio_{scale}");
                    assert_eq!(got(&feature), Err(Undefined::ZeroDenominator), "{feature}");
                } else {
                    is("final_initial_ratio", series[7] / series[0]);
                    is("monotonicity", monotonicity);
                }
            }
        };
        let a = amplitudes(name);
        for (invariant, factors) in linear {
            check(invariant, factors, &a);
        }
        let a: Vec<f64> = a.iter().map(|a| a * a).collect();
        for (invariant, factors) in squares {
            check(invariant, factors, &a);
        }
    }
}

/// Values 0, a, 2a with weights ¼, ½, ¼ on bins of 1/16 (decay), 1/16 (growth), 3/16 (oscillation):
/// apart down to a = 1/16, then 0 | a, 2a for a = 1/32, then in one bin. Growth leaves them apart, at
/// last over more bins than there are pixels.
#[test]
fn entropy_sees_the_amplitude() {
    let apart = 1.5 * LN_2;
    let decay = of(Definitions::Standard, 8, &trajectory('A'));
    close(decay("entropy_mean_drift_raw"), -apart / 7.0, 1e-12, "decay");
    close(decay("entropy_final_initial_ratio_raw"), 0.0, 1e-12, "decay");
    close(decay("entropy_monotonicity_raw"), -2.0 / 7.0, 1e-12, "decay");
    let half = -(0.75 * 0.75_f64.ln() + 0.25 * 0.25_f64.ln());
    let steps = [0.0, 0.0, 0.0, 0.0, half - apart, -half, 0.0];
    let variance = crate::features::statistics::variance(&steps);
    close(decay("entropy_drift_variance_raw"), variance, 1e-12, "decay");
    for name in ['B', 'C', 'D'] {
        let got = of(Definitions::Standard, 8, &trajectory(name));
        close(got("entropy_final_initial_ratio_raw"), 1.0, 1e-12, "apart");
        close(got("entropy_mean_drift_raw"), 0.0, 1e-12, "apart");
    }
    // Uniform over 64 values, then of twice the range: every value in a bin of its own, of 32 first
    // (two in each), then of 64.
    let ramp: Vec<f32> = (0..64).map(|k| k as f32).collect();
    let states: Vec<f32> = ramp.iter().copied().chain(ramp.iter().map(|v| 4.0 * v)).collect();
    let got = of(Definitions::Standard, 8, &states);
    close(got("entropy_mean_drift_raw"), LN_2, 1e-12, "spread");
}

/// Two waves that decay at their own rates: E of each falls as `exp(−2 rate t)`.
fn two_waves(slow: f64, fast: f64) -> Vec<f32> {
    let at = |t: f64, j: f64| {
        let wave = |k: f64, rate: f64| (-rate * t).exp() * (TAU * k * j / 16.0).cos();
        (3.0 + wave(1.0, slow) + wave(7.0, fast)) as f32
    };
    (0..6).flat_map(|t| (0..256).map(move |k| at(f64::from(t), f64::from(k % 16)))).collect()
}

#[test]
fn waves_dissipate_at_their_rates() {
    let got = of(Definitions::Standard, 16, &two_waves(0.1, 0.3));
    close(got("dissipation_rate_lowfreq"), 0.2, 1e-5, "low");
    close(got("dissipation_rate_highfreq"), 0.6, 1e-5, "high");
    close(got("dissipation_selectivity"), 0.5, 1e-5, "selectivity");
    close(got("energy_cascade_direction"), -1.0, 1e-12, "to large scales");
    let got = of(Definitions::Standard, 16, &two_waves(0.3, -0.1));
    close(got("dissipation_rate_highfreq"), -0.2, 1e-5, "growth");
    close(got("dissipation_selectivity"), -1.0, 1e-5, "one grows, the other decays");
    close(got("energy_cascade_direction"), 1.0, 1e-12, "to small scales");
    let rest = of(Definitions::Standard, 16, &two_waves(0.0, 0.0));
    close(rest("dissipation_rate_lowfreq"), 0.0, 1e-12, "rest");
    assert_eq!(rest("dissipation_selectivity"), Err(Undefined::ZeroDenominator));
    assert_eq!(rest("energy_cascade_direction"), Err(Undefined::ConstantSeries));
    // One wave at ¼ cycle per pixel: neither band has energy, under either transform of 32-bit states.
    let middle = of(Definitions::Standard, 8, &trajectory('A'));
    for name in ["rate_lowfreq", "rate_highfreq", "selectivity"] {
        assert_eq!(middle(&format!("dissipation_{name}")), Err(Undefined::Undetermined), "{name}");
    }
}

#[test]
fn the_low_pass_is_a_gaussian_of_the_asked_width() {
    // From 0 to a wave: the drift of the low-pass is the transfer function.
    for (n, k, sigma) in [(32, 1, 0.5), (32, 3, 1.0), (16, 1, 2.0), (16, 2, 2.0), (16, 1, 5.0)] {
        let wave = (0..n * n).map(|p| (TAU * f64::from(k * (p % n)) / f64::from(n)).cos() as f32);
        let states: Vec<f32> = vec![0.0; (n * n) as usize].into_iter().chain(wave).collect();
        let settings = Settings { gaussian_sigma: sigma, ..settings(Definitions::Standard) };
        let rows = rows(DRIFT, &settings, shape(2, n as usize), &states);
        let want = (-2.0 * (PI * f64::from(k) / f64::from(n) * sigma).powi(2)).exp();
        // What lies beyond 4σ is 6e-5 of a Gaussian; a width of half a pixel is a sum, not an integral.
        let tolerance = if sigma < 1.0 { 2e-2 } else { 1e-3 };
        close(
            value(&rows, "Linf_mean_drift_lowpass"),
            want,
            tolerance,
            &format!("{k}/{n} {sigma}"),
        );
    }
}

#[test]
fn a_constant_field_has_nothing_beside_its_low_pass() {
    let states = [[0.1_f32; 64], [0.7; 64]].concat();
    let got = of(Definitions::Standard, 8, &states);
    close(got("L1_final_initial_ratio_lowpass"), 7.0, 1e-6, "the mean passes");
    for norm in ["L1", "L2", "Linf", "tv", "mass", "L2_energy", "gradient_energy"] {
        assert_eq!(got(&format!("{norm}_mean_drift_highpass")), Ok(0.0), "{norm}");
        let ratio = got(&format!("{norm}_final_initial_ratio_highpass"));
        assert_eq!(ratio, Err(Undefined::ZeroDenominator), "{norm}");
    }
    for scale in ["raw", "lowpass", "highpass"] {
        for metric in ["mean_drift", "drift_variance", "final_initial_ratio", "monotonicity"] {
            let entropy = got(&format!("entropy_{metric}_{scale}"));
            assert_eq!(entropy, Err(Undefined::ConstantField), "{metric} {scale}");
        }
    }
    assert_eq!(got("dissipation_rate_lowfreq"), Err(Undefined::Undetermined));
    assert_eq!(got("energy_cascade_direction"), Err(Undefined::Undetermined));
}

/// The mass of a field of mean 0 is rounding, and so are its changes.
#[test]
fn rounding_is_no_trend() {
    let shifted = |t: i32| {
        let wave = move |j: i32| (TAU * f64::from(j + t) / 16.0).sin() as f32;
        (0..256).map(move |k| wave(k % 16))
    };
    let states: Vec<f32> = (0..6).flat_map(shifted).collect();
    let got = of(Definitions::Standard, 16, &states);
    assert_eq!(got("mass_final_initial_ratio_raw"), Err(Undefined::ZeroDenominator));
    for norm in ["mass", "L1", "L2", "tv", "L2_energy", "gradient_energy"] {
        close(got(&format!("{norm}_monotonicity_raw")), 0.0, 1e-12, norm);
    }
}

#[test]
fn short_and_broken_trajectories_say_so() {
    for definitions in [Definitions::Standard, Definitions::Compat] {
        let settings = settings(definitions);
        let states = golden::rollout(1);
        let one = rows(DRIFT, &settings, shape(1, 16), &states[..256]);
        assert!(one.iter().all(|(_, v)| *v == Err(Undefined::SingleStep)));
        let two = rows(DRIFT, &settings, shape(2, 16), &states[..512]);
        for (name, v) in &two {
            if name.contains("drift_variance") {
                assert_eq!(*v, Err(Undefined::ShortSeries), "{name}");
            } else if !name.contains("mass") {
                assert!(v.is_ok(), "{name}");
            }
        }
        // The third channel breaks at its last state; the means are those of the other two.
        let Shape { steps, height, width, .. } = golden::SHAPE;
        let pair = Shape { steps, channels: 2, height, width };
        let two: Vec<f32> = states
            .chunks_exact(golden::SHAPE.state())
            .flat_map(|state| state[..pair.state()].iter().copied())
            .collect();
        let two = rows(DRIFT, &settings, pair, &two);
        let mut broken = states.clone();
        *broken.last_mut().unwrap() = f32::INFINITY;
        for (name, v) in rows(DRIFT, &settings, golden::SHAPE, &broken) {
            match value(&two, &name) {
                _ if definitions == Definitions::Compat => {
                    assert_eq!(v, Err(Undefined::NonFinite), "{name}");
                }
                // Of several reasons the first stands.
                want => assert_eq!(v, want, "{name}"),
            }
        }
    }
}
