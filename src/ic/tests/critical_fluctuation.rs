//! `critical_fluctuation`: the spectrum of the Gaussian variant, the universal numbers of the other.

use rayon::prelude::*;
use serde_json::{Value as Json, json};

use super::{Case, make, mean, parse, request, variance, wide};
use crate::ic::family;
use crate::ic::fft::Fft;

/// What the tests over the registry need.
pub const CASE: Case = Case {
    name: "critical_fluctuation",
    examples: || {
        vec![
            json!({"variant": "ising"}),
            json!({"variant": "ising", "smoothing": 0.02}),
            json!({"correlation_length": 0.3}),
            json!({"eta": {"uniform": [0.0, 0.1]}}),
            json!({"channel_mode": "shared"}),
            json!({"channel_mode": "mixed"}),
            json!({"normalize": "unit_std"}),
            json!({"normalize": "unit_max"}),
        ]
    },
    // Power falls as κ^−1.75 at most: every grid holds a share of it that a coarser one cannot.
    smooth: Vec::new,
    pin: "1 d7e2af61964c620c c70e8244ad217e3d",
};

/// Every field of `count` samples, three channels each.
fn fields(settings: &Json, n: usize, count: u64) -> Vec<Vec<f64>> {
    let ic = make("critical_fluctuation", settings);
    (0..count)
        .into_par_iter()
        .flat_map_iter(|i| {
            let all = wide(&ic.draw(&request(i, n, 3)).fields);
            all.chunks_exact(n * n).map(<[f64]>::to_vec).collect::<Vec<_>>()
        })
        .collect()
}

/// Mean power of the modes (m, 0) and (0, m), over all fields.
fn power(fields: &[Vec<f64>], n: usize, m: usize) -> f64 {
    let each: Vec<f64> = fields
        .par_iter()
        .map(|field| {
            let (mut re, mut im) = (field.clone(), vec![0.0; n * n]);
            Fft::new(n).forward(&mut re, &mut im);
            let at = |i: usize| (re[i] * re[i] + im[i] * im[i]) / (n * n) as f64;
            0.5 * (at(m) + at(m * n))
        })
        .collect();
    mean(&each)
}

/// 768 fields with two modes each: the mean power has a relative error of 1/√1536 = 2.6 %, a ratio of
/// two 3.6 %; the tolerance is four of those. Total: unit variance.
#[test]
fn the_spectrum_is_that_of_fisher_and_ornstein_and_zernike() {
    let n = 64;
    for (length, eta) in [(1.0, 0.25), (0.05, 0.25), (0.2, 0.0)] {
        let fields = fields(&json!({"correlation_length": length, "eta": eta}), n, 256);
        let theory = |m: f64| {
            let k2 = (std::f64::consts::TAU * m).powi(2) + 1.0 / (length * length);
            k2.powf(eta / 2.0 - 1.0)
        };
        let base = power(&fields, n, 1) / theory(1.0);
        for m in [4, 16, 31] {
            let ratio = power(&fields, n, m) / theory(m as f64) / base;
            assert!((ratio - 1.0).abs() < 0.15, "ξ {length}, η {eta}, mode {m}: {ratio}");
        }
    }
    // With ξ = 0.05 some 400 modes share the power: the variance of a field is 1 to 7 %.
    let all = fields(&json!({"correlation_length": 0.05}), n, 256);
    let total = mean(&all.iter().map(|f| variance(f)).collect::<Vec<_>>());
    assert!((total - 1.0).abs() < 0.02, "{total}");
}

/// Moments of the magnetization of the critical model on the torus (Salas and Sokal 2000, J. Stat.
/// Phys. 98:551): `⟨m²⟩ L^¼` = 1.0921, `U₄ = 1 − ⟨m⁴⟩/3⟨m²⟩²` = 0.61069, corrections at L = 16 below
/// 1 %. By U₄ the relative deviation of one m² is 0.41, so 3072 fields give 0.75 % and 1536 give
/// 1.05 %, and η from sides a factor of three apart 1.3 %/ln 3 = 0.012; tolerances are four of these.
/// U₄ varies by less than its moments.
#[test]
fn the_magnetization_has_its_universal_moments() {
    let mut squares = Vec::new();
    for (n, count) in [(16, 1024), (48, 512)] {
        let spins = fields(&json!({"variant": "ising"}), n, count);
        assert!(spins.iter().flatten().all(|s| s.abs() == 1.0));
        let m: Vec<f64> = spins.iter().map(|f| mean(f)).collect();
        let moment = |p: i32| mean(&m.iter().map(|m| m.powi(p)).collect::<Vec<_>>());
        let amplitude = moment(2) * (n as f64).powf(0.25);
        assert!((amplitude / 1.0921 - 1.0).abs() < 0.042, "{n}: {amplitude}");
        let cumulant = 1.0 - moment(4) / (3.0 * moment(2) * moment(2));
        assert!((cumulant - 0.6107).abs() < 0.02, "{n}: {cumulant}");
        // Up and down are alike: the mean of m has an error of its rms over √count.
        assert!(moment(1).abs() < 4.0 * (moment(2) / m.len() as f64).sqrt(), "{n}: {}", moment(1));
        squares.push(moment(2));
    }
    let eta = (squares[0] / squares[1]).ln() / 3.0_f64.ln();
    assert!((eta - 0.25).abs() < 0.048, "{eta}");
}

/// The energy of a bond of the infinite critical lattice is 1/√2 (Onsager); on a torus of side L it is
/// greater by 0.311/L (Ferdinand and Fisher 1969, Phys. Rev. 185:832). A specific heat of 2.2 at this
/// side is a deviation of 0.026 of one field, 0.0019 of the mean of 192; the tolerance is four of those.
#[test]
fn neighbours_are_correlated_as_at_the_critical_point() {
    let n = 64;
    let spins = fields(&json!({"variant": "ising"}), n, 64);
    let bonds: Vec<f64> = spins
        .iter()
        .map(|s| {
            let sum: f64 = (0..n * n)
                .map(|i| s[i] * (s[i / n * n + (i + 1) % n] + s[(i + n) % (n * n)]))
                .sum();
            sum / (2 * n * n) as f64
        })
        .collect();
    let expected = std::f64::consts::FRAC_1_SQRT_2 + 0.311 / n as f64;
    assert!((mean(&bonds) - expected).abs() < 0.008, "{} {expected}", mean(&bonds));
}

#[test]
fn what_cannot_act_is_refused() {
    let fault = |settings: Json| {
        let (_, faults) = parse(family("critical_fluctuation").unwrap(), &settings);
        faults.into_iter().map(|f| f.message).collect::<Vec<_>>()
    };
    assert_eq!(
        fault(json!({"variant": "ising", "eta": 0.1})),
        ["`eta` has no effect here: at the critical temperature ξ is infinite and η is 1/4"]
    );
    assert_eq!(
        fault(json!({"smoothing": 0.01})),
        ["`smoothing` has no effect here: it belongs to `variant: ising`"]
    );
    let message = make("critical_fluctuation", &json!({"variant": "ising"})).check(64, 961);
    assert_eq!(message.unwrap_err(), "it draws spins for at most 960 channels, not 961");
}
