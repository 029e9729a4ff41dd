//! States.

use spinlock::compute::random::{Place, normals};
use spinlock::compute::state;
use spinlock::operator::metrics::METRICS;
use spinlock::rng::Stream;

fn field(site: u32, length: usize) -> Vec<f32> {
    let mut values = vec![0.0; length];
    normals(Stream::new(1, "field", &[]), Place { site, ..Place::default() }, &mut values);
    values
}

#[test]
fn metrics_are_what_their_definitions_say() {
    // Lengths that do and do not fill whole vectors.
    for length in [3 * 17 * 17, 3 * 64] {
        let (now, before) = (field(0, length), field(1, length));
        let before: Vec<f32> = now.iter().zip(&before).map(|(a, b)| a + 0.3 * b + 2.0).collect();
        let wide = |v: &[f32]| v.iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
        let (x, p) = (wide(&now), wide(&before));
        let n = length as f64;
        let mean = |v: &[f64]| v.iter().sum::<f64>() / n;
        let cross = |a: &[f64], b: &[f64]| {
            let (ma, mb) = (mean(a), mean(b));
            a.iter().zip(b).map(|(a, b)| (a - ma) * (b - mb)).sum::<f64>()
        };
        let low = x.iter().copied().fold(f64::INFINITY, f64::min);
        let high = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut counts = [0.0; 50];
        for v in &x {
            counts[(((v - low) / (high - low) * 50.0) as usize).min(49)] += 1.0;
        }
        let entropy: f64 = counts.iter().filter(|&&c| c > 0.0).map(|c| -c / n * (c / n).ln()).sum();
        let expected = [
            x.iter().map(|v| v * v).sum::<f64>(),
            entropy,
            cross(&x, &p) / (cross(&x, &x) * cross(&p, &p)).sqrt(),
            cross(&x, &x) / (n - 1.0),
            x.iter().map(|v| v.abs()).sum::<f64>() / n,
        ];
        let metrics = state::metrics(&now, Some(&before));
        for (((name, _), got), expected) in METRICS.iter().zip(metrics).zip(expected) {
            // A value at the edge of a bin may fall on either side in 32 bits.
            let tolerance = if *name == "entropy" { 1e-3 } else { 1e-6 };
            assert!((f64::from(got) / expected - 1.0).abs() < tolerance, "{name} {got} {expected}");
        }
        assert_eq!(state::metrics(&now, None)[2], 0.0);
    }
}

#[test]
fn a_constant_state_has_no_entropy_and_no_correlation() {
    let [energy, entropy, autocorrelation, variance, magnitude] =
        state::metrics(&[2.0; 64], Some(&field(0, 64)));
    assert_eq!((energy, entropy, variance, magnitude), (256.0, 0.0, 0.0, 2.0));
    assert!(autocorrelation.is_nan());
}
