//! `cross_channel`: the analytic vectors and their accepted counterparts, invariances, what is undefined.

use std::f64::consts::{FRAC_1_SQRT_2, LN_2, TAU};

use super::invariance::{self, Change};
use super::{close, field, golden, rows, settings, value};
use crate::features::{Definitions, Set, Settings, Shape, Undefined, Value};

const CROSS: &str = "cross_channel";

/// All features of one state of square channels, by name.
fn of(definitions: Definitions, channels: &[Vec<f32>]) -> impl Fn(&str) -> Value + use<> {
    let n = channels[0].len().isqrt();
    let shape = Shape { steps: 1, channels: channels.len(), height: n, width: n };
    let rows = rows(CROSS, &settings(definitions), shape, &channels.concat());
    move |name| {
        let all = ["cross_channel_", "cross_spectral_"].map(|prefix| format!("{prefix}{name}"));
        rows.iter().find(|(n, _)| all.contains(n)).unwrap_or_else(|| panic!("no {name}")).1
    }
}

/// `f(i, j)` on an N × N grid.
fn make(n: usize, f: impl Fn(usize, usize) -> f64) -> Vec<f32> {
    (0..n * n).map(|k| f(k / n, k % n) as f32).collect()
}

/// One period of a cosine in eight values, exact where it is 0.
const COSINE: [f64; 8] =
    [1.0, FRAC_1_SQRT_2, 0.0, -FRAC_1_SQRT_2, -1.0, -FRAC_1_SQRT_2, 0.0, FRAC_1_SQRT_2];

/// The three examples, repeated to N × N: cos, sin, −cos; stripes along x and y; the board twice.
fn examples(n: usize) -> [Vec<Vec<f32>>; 3] {
    let wave = |by: usize| make(n, |_, j| COSINE[(j + by) % 8]);
    let sign = |on: usize| [1.0, -1.0][on % 2];
    let board = make(n, |i, j| sign(i + j));
    [
        vec![wave(0), wave(6), wave(4)],
        vec![make(n, |_, j| sign(j)), make(n, |i, _| sign(i))],
        vec![board.clone(), board],
    ]
}

/// Noise, uniform, by a counter.
fn noise(n: usize, seed: usize) -> Vec<f32> {
    let at = |k: usize| {
        let mut z = ((seed << 32) + k) as u64;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ z >> 31) >> 40) as f64 / 8_388_608.0 - 1.0
    };
    make(n, |i, j| at(i * n + j + 1))
}

#[test]
fn compat_gives_the_analytic_vectors() {
    let k = 63.0 / 64.0;
    let [waves, stripes, boards] = examples(8).map(|state| of(Definitions::Compat, &state));
    let wanted = [
        ("eigen_top_1", [2.0 * k, k, 2.0 * k]),
        ("eigen_top_2", [k, k, 0.0]),
        ("eigen_trace", [3.0 * k, 2.0 * k, 2.0 * k]),
        ("participation_ratio", [1.8, 2.0, 1.0]),
        ("corr_mean", [-k / 3.0, 0.0, k]),
        ("corr_max", [0.0, 0.0, k]),
        ("corr_min", [-k, 0.0, k]),
        ("mi_mean", [1.213_007_6, 0.0, LN_2]),
        ("mi_max", [1.559_581_2, 0.0, LN_2]),
        // Single modes are coherent with themselves.
        ("coherence_max", [1.0, 0.0, 1.0]),
    ];
    for (name, [a, b, c]) in wanted {
        close(waves(name), a, 1e-6, name);
        close(stripes(name), b, 1e-6, name);
        close(boards(name), c, 1e-6, name);
    }
    close(waves("eigen_top_3"), 0.0, 1e-6, "three waves of two phases");
    close(waves("corr_std"), 0.568_329_1, 1e-6, "corr_std");
    close(stripes("condition_number"), 1.0, 1e-6, "condition");
    assert!(waves("condition_number").unwrap().abs() > 1e6, "unstable");
    // Given Z, with the wave in 5 levels (H = 2.25 ln 2, of cos and sin together 3 ln 2): of cos and sin
    // given −cos, and of sin and −cos given cos, nothing is left; cos and −cos given sin share
    // H(cos | sin) = 0.75 ln 2.
    close(waves("cmi_mean"), 0.25 * LN_2, 1e-6, "cmi_mean");
    close(waves("cmi_max"), 0.75 * LN_2, 1e-6, "cmi_max");
}

/// With R of diagonal 1, and the bins and corrections of 64 × 64 pixels.
#[test]
fn standard_gives_closed_forms() {
    let [waves, stripes, boards] = examples(64).map(|state| of(Definitions::Standard, &state));
    let n = 4096.0;
    // Variances: ½ of a wave, 1 of ±1; with divisor n − 1.
    let variance = n / (n - 1.0);
    // What rounding could hide: C 2⁻²³.
    let singular = |greatest: f64, c: f64| (greatest / (c * f64::from(f32::EPSILON))).log10();
    let wanted = [
        ("eigen_top_1", [2.0, 1.0, 2.0]),
        ("eigen_top_2", [1.0, 1.0, 0.0]),
        ("eigen_trace", [1.5 * variance, 2.0 * variance, 2.0 * variance]),
        ("condition_number", [singular(2.0, 3.0), 0.0, singular(2.0, 2.0)]),
        ("participation_ratio", [1.8, 2.0, 1.0]),
        ("corr_mean", [-1.0 / 3.0, 0.0, 1.0]),
        ("corr_max", [0.0, 0.0, 1.0]),
        ("corr_min", [-1.0, 0.0, 1.0]),
        // Filled cells: a wave 5, (cos, sin) 8, (cos, −cos) 5; ±1 in 2, stripes 4, boards 2. Half of
        // their number less one is the correction: of a pair (x + y − xy − 1)/(2n).
        ("mi_mean", [1.75 * LN_2 + (1.0 + 1.0 + 4.0) / 3.0 / (2.0 * n), -0.5 / n, LN_2 + 0.5 / n]),
        ("mi_max", [2.25 * LN_2 + 2.0 / n, -0.5 / n, LN_2 + 0.5 / n]),
    ];
    for (name, [a, b, c]) in wanted {
        close(waves(name), a, 1e-7, name);
        close(stripes(name), b, 1e-9, name);
        close(boards(name), c, 1e-9, name);
    }
    close(waves("eigen_top_3"), 0.0, 1e-7, "three waves of two phases");
    close(waves("corr_std"), 3.0_f64.sqrt().recip(), 1e-7, "corr_std");
    // cos and sin 0, cos and −cos 1, at the shell of 8 of 64 cycles, which is in the lowest third.
    close(waves("coherence_low"), 1.0 / 3.0, 1e-7, "quadrature");
    close(waves("coherence_max"), 1.0, 1e-7, "opposite phase");
    close(waves("coherence_peak_freq"), 0.125, 1e-12, "one wave");
    for name in ["coherence_mid", "coherence_high"] {
        assert_eq!(waves(name), Err(Undefined::Undetermined), "{name}");
    }
    // The waves of stripes are of ½ cycle per pixel, in one shell, of different axes.
    close(stripes("coherence_high"), 0.0, 1e-12, "stripes");
    // The board is beyond the last shell.
    assert_eq!(boards("coherence_max"), Err(Undefined::Undetermined));
}

#[test]
fn a_third_channel_explains_or_couples() {
    let sign = |on: usize| [1.0, -1.0][on % 2];
    let (x, y) = (make(64, |_, j| sign(j)), make(64, |i, _| sign(i)));
    // Two fair coins and whether they agree: independent in pairs, one follows from the other two.
    let product: Vec<f32> = x.iter().zip(&y).map(|(a, b)| a * b).collect();
    let coins = of(Definitions::Standard, &[x.clone(), y, product]);
    // Filled 4 + 4 − 2 − 4, and as many ones: 3 + 3 − 1 − 3 = 2.
    close(coins("cmi_mean"), LN_2 + 1.0 / 4096.0, 1e-9, "agreement");
    close(coins("cmi_max"), LN_2 + 1.0 / 4096.0, 1e-9, "agreement");
    close(coins("mi_max"), -0.5 / 4096.0, 1e-9, "pairs are independent");
    let copies = of(Definitions::Standard, &[x.clone(), x.clone(), x]);
    close(copies("cmi_max"), 0.0, 1e-9, "copies tell nothing new");
    close(copies("mi_mean"), LN_2 + 0.5 / 4096.0, 1e-9, "copies");
    // 9 bins of 4096 pixels would fit, but the reference has 16³ cells: the bias is most of its value.
    let apart: Vec<Vec<f32>> = (1..=3).map(|seed| noise(64, seed)).collect();
    let standard = of(Definitions::Standard, &apart)("cmi_mean").unwrap();
    let compat = of(Definitions::Compat, &apart)("cmi_mean").unwrap();
    assert!(standard.abs() < 0.02 && compat > 0.2, "{standard} {compat}");
}

#[test]
fn information_sees_what_correlation_does_not() {
    let x = noise(64, 4);
    let square: Vec<f32> = x.iter().map(|v| v * v).collect();
    let got = of(Definitions::Standard, &[x.clone(), square]);
    assert!(got("corr_mean").unwrap().abs() < 0.05);
    assert!(got("mi_mean").unwrap() > 1.0);
    // Independent: the plug-in estimate is (B − 1)²/(2n) too high, the corrected one is not.
    let apart = [x, noise(64, 5)];
    let bias = of(Definitions::Compat, &apart)("mi_mean").unwrap();
    assert!((0.018..0.032).contains(&bias), "{bias}");
    let corrected = of(Definitions::Standard, &apart)("mi_mean").unwrap();
    assert!(corrected.abs() < 0.005, "{corrected}");
}

#[test]
fn coherence_is_found_at_the_scales_that_are_shared() {
    let wave = |k: usize, x: usize| (TAU * (k * x) as f64 / 32.0).cos();
    // Both have the wave 4 along x; the one has 13 along x besides, the other 13 along y.
    let first = make(32, |_, j| wave(4, j) + wave(13, j));
    let second = make(32, |i, j| wave(4, j) + wave(13, i));
    let got = of(Definitions::Standard, &[first.clone(), second]);
    close(got("coherence_low"), 1.0, 1e-6, "shared");
    close(got("coherence_high"), 0.0, 1e-6, "not shared");
    assert_eq!(got("coherence_mid"), Err(Undefined::Undetermined));
    close(got("coherence_max"), 1.0, 1e-6, "the shared wave");
    close(got("coherence_peak_freq"), 0.125, 1e-12, "the shared wave");
    // A linear image is coherent wherever there is power; of equal shells the lowest stands.
    let x = noise(32, 6);
    let image: Vec<f32> = x.iter().map(|v| 1.0 - 2.0 * v).collect();
    let got = of(Definitions::Standard, &[x.clone(), image]);
    for name in ["coherence_low", "coherence_mid", "coherence_high", "coherence_max"] {
        close(got(name), 1.0, 1e-6, name);
    }
    close(got("coherence_peak_freq"), 1.0 / 32.0, 1e-12, "the lowest");
    // Noise: 1/K of K modes, here about 2π r of shell r, whatever the reference says.
    let apart = [x, noise(32, 7)];
    let got = of(Definitions::Standard, &apart);
    for (name, most) in [("coherence_low", 0.2), ("coherence_mid", 0.06), ("coherence_high", 0.04)]
    {
        assert!(got(name).unwrap() < most, "{name} {:?}", got(name));
    }
    close(of(Definitions::Compat, &apart)("coherence_low"), 1.0, 1e-4, "single modes");
}

#[test]
fn what_the_channels_do_not_allow_is_undefined() {
    let fields: Vec<Vec<f32>> = (1..=17).map(|seed| noise(8, seed)).collect();
    for definitions in [Definitions::Standard, Definitions::Compat] {
        let shape = |channels, n| Shape { steps: 1, channels, height: n, width: n };
        let alone = rows(CROSS, &settings(definitions), shape(1, 8), &fields[0]);
        assert_eq!(alone.len(), 19);
        assert!(alone.iter().all(|(_, v)| *v == Err(Undefined::FewChannels)));
        let two = of(definitions, &fields[..2]);
        for name in ["eigen_top_3", "corr_std", "cmi_mean", "cmi_max"] {
            assert_eq!(two(name), Err(Undefined::FewChannels), "{name}");
        }
        let mut broken = fields[..3].to_vec();
        broken[1][5] = f32::NAN;
        let broken = rows(CROSS, &settings(definitions), shape(3, 8), &broken.concat());
        assert!(broken.iter().all(|(_, v)| *v == Err(Undefined::NonFinite)));
        let many = of(definitions, &fields);
        assert_eq!(many("cmi_mean"), Err(Undefined::ManyChannels));
        let limit = definitions == Definitions::Compat;
        for name in ["mi_mean", "mi_max", "coherence_low", "coherence_peak_freq"] {
            assert_eq!(many(name) == Err(Undefined::ManyChannels), limit, "{name}");
        }
    }
    let flat = [noise(8, 1), field("K", 8), noise(8, 2)];
    let got = of(Definitions::Standard, &flat);
    for name in ["eigen_top_1", "condition_number", "participation_ratio", "corr_mean", "corr_std"]
    {
        assert_eq!(got(name), Err(Undefined::ConstantField), "{name}");
    }
    for name in ["mi_mean", "cmi_max", "coherence_low", "coherence_max", "coherence_peak_freq"] {
        assert_eq!(got(name), Err(Undefined::ConstantField), "{name}");
    }
    assert!(got("eigen_trace").is_ok());
    let pair = of(Definitions::Standard, &flat[..2]);
    for name in ["eigen_top_3", "corr_std", "cmi_mean"] {
        assert_eq!(pair(name), Err(Undefined::FewChannels), "{name}");
    }
    // The reference goes on: a row of zeros.
    close(of(Definitions::Compat, &flat)("eigen_trace"), 2.0 * 63.0 / 64.0, 1e-6, "two of three");
    close(of(Definitions::Compat, &flat[..2])("corr_mean"), 0.0, 1e-9, "nothing in common");
    // 16 pixels do not fill the cells of any histogram; 25 fill four, but not eight.
    let small: Vec<Vec<f32>> = (1..=3).map(|seed| noise(4, seed)).collect();
    let got = of(Definitions::Standard, &small);
    for name in ["mi_mean", "cmi_mean", "coherence_low"] {
        assert_eq!(got(name), Err(Undefined::Undetermined), "{name}");
    }
    let five = of(Definitions::Standard, &[noise(5, 1), noise(5, 2), noise(5, 3)]);
    assert!(five("mi_mean").is_ok());
    assert_eq!(five("cmi_max"), Err(Undefined::Undetermined));
}

#[test]
fn positions_axes_and_the_order_of_channels_do_not_matter() {
    let shift = Change::Shift(5, 2);
    for change in [shift, Change::Transposition, Change::QuarterTurn, Change::Channels] {
        for r in [0, 20] {
            let shape = Shape { steps: 1, channels: 3, height: 16, width: 16 };
            let states = &golden::rollout(r)[..shape.state()];
            let moved = change.of(shape, states);
            let settings = settings(Definitions::Standard);
            let after = rows(CROSS, &settings, shape, &moved);
            for (name, v) in rows(CROSS, &settings, shape, states) {
                close(value(&after, &name), v.unwrap(), 1e-9, &format!("{name} {change:?}"));
            }
        }
    }
    // And of one channel there is nothing, wherever it lies.
    invariance::check(CROSS, &Change::Shift(1, 0), |name, v| (name.to_owned(), v));
}

/// Exact in 32 bits: each channel by a power of two, and 2 added to values of 12 binary places.
#[test]
fn units_of_the_channels_do_not_matter() {
    let shape = Shape { steps: 1, channels: 3, height: 16, width: 16 };
    let states: Vec<f32> = golden::rollout(11)[..shape.state()]
        .iter()
        .map(|v| (v * 4096.0).round() / 4096.0)
        .collect();
    let units = [(4.0, 8.0), (0.5, 0.0), (2.0, -4.0)];
    let changed: Vec<f32> = states
        .chunks_exact(256)
        .zip(units)
        .flat_map(|(channel, (a, b))| channel.iter().map(move |v| a * v + b))
        .collect();
    let settings = settings(Definitions::Standard);
    let after = rows(CROSS, &settings, shape, &changed);
    for (name, v) in rows(CROSS, &settings, shape, &states) {
        if name.ends_with("eigen_trace") {
            let variance = |k: usize, a: f32| {
                let own: Vec<f64> =
                    states[256 * k..][..256].iter().map(|v| f64::from(a * v)).collect();
                crate::features::statistics::variance(&own)
            };
            let sum: f64 = units.iter().enumerate().map(|(k, (a, _))| variance(k, *a)).sum();
            close(value(&after, &name), sum, 1e-9, &name);
        } else {
            close(value(&after, &name), v.unwrap(), 1e-9, &name);
        }
    }
}

#[test]
fn columns_stand_in_the_order_of_the_reference() {
    let category = crate::features::category(CROSS).unwrap();
    let names = |settings: &Settings| -> Vec<String> {
        category.features(settings).into_iter().map(|f| f.name).collect()
    };
    let ten = names(&Settings::default());
    let order = "eigen_top_1 eigen_top_2 eigen_top_3 eigen_trace condition_number \
        participation_ratio corr_mean corr_max corr_min corr_std";
    let order: Vec<String> = order.split(' ').map(|name| format!("cross_channel_{name}")).collect();
    assert_eq!(ten, order);
    let five = names(&Settings { num_eigen_top: 5, ..Settings::default() });
    assert_eq!((five.len(), five[4].as_str()), (12, "cross_channel_eigen_top_5"));
    let compat = category.features(&settings(Definitions::Compat));
    assert!(compat.iter().all(|f| (f.set == Set::V2) == ten.contains(&f.name)));
    let flagged: Vec<&str> =
        compat.iter().filter(|f| f.constant.is_some()).map(|f| f.name.as_str()).collect();
    assert_eq!(flagged, ["cross_channel_eigen_trace", "cross_spectral_coherence_max"]);
    let standard = category.features(&settings(Definitions::Standard));
    assert!(standard.iter().all(|f| f.constant.is_none()));
}
