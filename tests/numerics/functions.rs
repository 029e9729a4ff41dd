//! Elementary functions and draws.

use spinlock::compute::simd::{Elementary, evaluate};

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
