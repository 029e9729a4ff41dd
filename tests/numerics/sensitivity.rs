//! Operator sensitivity.

use spinlock::compute::device::Device;
use spinlock::compute::sensitivity::{of_map, sensitivity};
use spinlock::features::{Undefined, Value};
use spinlock::operator::rollout::Precision;
use spinlock::operator::{NoiseLaw, NoiseLocation};
use spinlock::rng::Stream;

use crate::{SEED, input, noisy};

fn of(map: impl Fn(f32) -> f32) -> [Value; 10] {
    let ones = [1.0; 64];
    let stream = Stream::new(1, "test", &[]);
    of_map(stream, &ones, |x| Ok(x.iter().map(|&v| map(v)).collect())).unwrap()
}

fn close(values: &[Value], expected: &[f64], tolerance: f64) {
    for (got, expected) in values.iter().zip(expected) {
        let error = (got.unwrap() - expected).abs();
        assert!(error <= tolerance * expected.abs().max(1.0), "{values:?} {expected}");
    }
}

/// The maps of the reference's test vectors on x = 1; linearity and compression by our definitions.
#[test]
fn known_maps_have_known_sensitivities() {
    close(&of(|x| 3.0 * x), &[3.0, 3.0, 3.0, 0.5, 0.75, 1.25, 1.5, 1.0, 0.0, 1.0], 1e-5);
    let shifted = of(|x| x + 1.0);
    close(&shifted[..3], &[1.0; 3], 2e-3);
    close(&shifted[3..], &[0.75, 0.875, 1.125, 1.25], 1e-6);
    close(&shifted[8..], &[0.25, 1.8], 1e-6);
    let square = of(|x| x * x);
    close(&square[..2], &[2.0, 2.0], 5e-3);
    close(&square[3..7], &[0.25, 0.5625, 1.5625, 2.25], 1e-6);
    close(&square[8..], &[-0.75, 1.0 / 3.0], 1e-6);
    let tanh = of(f32::tanh);
    close(&tanh[..2], &[0.419_974_3; 2], 5e-3);
    close(&tanh[3..7], &[0.606_776_1, 0.833_973, 1.113_826_4, 1.188_491_7], 1e-6);
    close(&tanh[8..], &[0.311_508_3, 3.0 * 0.510_543], 1e-6);
    // A line through the origin fits a constant gain badly: (Σa)²/(4 Σa²) = 16/18.5.
    close(&of(|_| 1.0)[7..8], &[16.0 / 18.5], 1e-6);
}

#[test]
fn what_is_undefined_says_why() {
    let zero = of(|_| 0.0);
    assert_eq!(zero[..3], [Ok(0.0); 3]);
    assert_eq!(zero[3..], [Err(Undefined::ZeroDenominator); 7]);
    // Finite up to 1.3: the gains below are, and what needs the largest is not.
    let capped = of(|x| if x > 1.3 { f32::INFINITY } else { x });
    assert!(capped[..6].iter().all(Result::is_ok), "{capped:?}");
    assert_eq!(capped[6..], [Err(Undefined::NonFinite); 4]);
    assert_eq!(of(|_| f32::NAN), [Err(Undefined::NonFinite); 10]);
}

#[test]
fn noise_does_not_enter_the_estimate() {
    let quiet = noisy(NoiseLaw::Gaussian, NoiseLocation::Output);
    let mut loud = quiet;
    loud.noise = loud.noise.map(|n| spinlock::operator::Noise { scale: 1.0, ..n });
    let of = |operator| {
        sensitivity(operator, SEED, &input(operator), Device::Cpu, Precision::Float32)
            .unwrap()
            .map(Result::unwrap)
    };
    let (quiet, loud) = (of(&quiet), of(&loud));
    // Independent draws would give about 1.4·s/ε: 14,000 at ε = 1e-4.
    assert!(quiet[0] < 2.0 && (loud[0] / quiet[0] - 1.0).abs() < 0.05, "{quiet:?} {loud:?}");
    assert!((quiet[1] / quiet[2] - 1.0).abs() < 0.05, "{quiet:?}");
}
