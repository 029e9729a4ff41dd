//! Elementary functions and draws.

use spinlock::compute::random::{Place, laplaces, normals};
use spinlock::compute::simd::{Elementary, evaluate};
use spinlock::key::Digest;
use spinlock::rng::Stream;

#[test]
fn elementary_functions_keep_their_stated_errors() {
    let grid =
        |from: f64, to: f64| (0..=200_000).map(move |i| from + (to - from) * f64::from(i) / 2e5);
    let worst = |function, from, to, exact: fn(f64) -> f64, relative: bool| {
        let mut values: Vec<f32> = grid(from, to).map(|x| x as f32).collect();
        let inputs = values.clone();
        evaluate(function, &mut values);
        inputs.iter().zip(&values).fold(0.0_f64, |worst, (&x, &y)| {
            let expected = exact(f64::from(x));
            let scale = if relative { expected.abs().max(1e-30) } else { expected.abs().max(1.0) };
            worst.max((f64::from(y) - expected).abs() / scale)
        })
    };
    let errors = [
        worst(Elementary::Exp, -86.0, 87.0, libm::exp, true),
        worst(Elementary::Ln, 1e-7, 1.0, libm::log, false),
        worst(Elementary::Sin, 0.0, 1.0, |u| libm::sin(std::f64::consts::TAU * u), false),
        worst(Elementary::Cos, 0.0, 1.0, |u| libm::cos(std::f64::consts::TAU * u), false),
        worst(Elementary::Erf, -6.0, 6.0, libm::erf, false),
        worst(Elementary::NegLnErfc, 0.0, 5.0, |x| -libm::log(libm::erfc(x)), false),
        worst(Elementary::Tanh, -20.0, 20.0, libm::tanh, true),
        worst(Elementary::Tanh, -1e-6, 1e-6, libm::tanh, true),
    ];
    for (error, limit) in errors.iter().zip([3e-7, 2e-7, 1e-7, 1e-7, 5e-7, 4e-7, 5e-7, 5e-7]) {
        assert!(error < &limit, "{errors:?}");
    }
}

/// The same bytes with AVX-512, with AVX2 and without: recorded once, kept by all three.
#[test]
fn draws_are_the_same_bytes_for_every_instruction_set() {
    let mut values = vec![0.0; 30_001];
    let stream = Stream::new(1, "draws", &[]);
    let at = Place { site: 2, step: 3, realization: 4 };
    let mut digests = Vec::new();
    let mut keep = |values: &[f32]| {
        let bytes: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
        digests.push(Digest::of(&bytes).to_string()[..16].to_owned());
    };
    normals(stream, at, &mut values);
    keep(&values);
    evaluate(Elementary::Erf, &mut values);
    keep(&values);
    laplaces(stream, at, &mut values);
    keep(&values);
    evaluate(Elementary::Tanh, &mut values);
    keep(&values);
    assert_eq!(
        digests,
        ["cf15c5ad01239cf0", "4fabdd3f6cbf80a6", "4f013a543bbc6f13", "d116dff382e1941b"]
    );
}
