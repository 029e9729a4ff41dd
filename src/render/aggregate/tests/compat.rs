//! The conformance vectors of the reference.

use super::*;
use crate::render::aggregate::pca;

/// `x[m, c, i, j] = sin(0.7 m + 1.3 c + 0.5 i + 0.9 j) + 0.1 m cos(i j + c)`, M = 4, C = 3, 8 × 8.
fn vectors() -> Vec<f32> {
    let value = |k: usize| {
        let [m, c, i, j] = [k / 192, k / 64 % 3, k / 8 % 8, k % 8].map(|v| v as f64);
        libm::sin(0.7 * m + 1.3 * c + 0.5 * i + 0.9 * j) + 0.1 * m * libm::cos(i * j + c)
    };
    (0..4 * 3 * 64).map(|k| value(k) as f32).collect()
}

/// The values at (0,0), (3,5) and (7,7), the mean, the least and the largest.
#[track_caller]
fn check(name: &str, map: &[f64], wanted: [f64; 6], tolerance: f64) {
    let least = map.iter().copied().fold(f64::INFINITY, f64::min);
    let largest = map.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mean = map.iter().sum::<f64>() / map.len() as f64;
    let got = [map[0], map[3 * 8 + 5], map[7 * 8 + 7], mean, least, largest];
    for (got, want) in got.iter().zip(wanted) {
        assert!((got - want).abs() <= tolerance, "{name}: {got} for {want}");
    }
}

#[test]
fn maps_are_those_of_the_reference() {
    let values = vectors();
    let ensemble = Ensemble::new([3, 8, 8], &values);
    let wanted: [(&str, &[[f64; 6]]); 8] = [
        (
            "mean",
            &[
                [0.773_219, 0.384_555, -0.665_784, 0.046_082, -0.791_524, 0.868_317],
                [0.592_219, 0.488_236, -0.145_837, -0.007_377, -0.865_573, 0.853_019],
                [-0.412_165, -0.201_726, 0.666_735, -0.035_202, -0.861_375, 0.858_617],
            ],
        ),
        ("variance", &[[0.663_178, 0.711_988, 0.783_049, 0.676_759, 0.400_703, 0.993_527]]),
        ("stddev", &[[1.043_462, 1.062_555, 1.061_744, 1.003_875, 0.755_139, 1.213_821]]),
        ("envelope", &[[2.283_208, 2.352_711, 2.361_328, 2.248_363, 1.699_751, 2.756_381]]),
        (
            "overlay",
            &[
                [0.822_014, 0.658_488, 0.216_571, 0.516_080, 0.163_667, 0.862_025],
                [0.745_861, 0.702_111, 0.435_333, 0.493_588, 0.132_512, 0.855_589],
                [0.323_278, 0.411_818, 0.777_212, 0.481_881, 0.134_278, 0.857_944],
            ],
        ),
        ("entropy", &[[3.084_963, 3.022_055, 3.584_963, 3.301_402, 2.855_389, 3.584_963]]),
        ("ssim", &[[0.049_069, -0.020_999, -0.041_416, -0.013_421, -0.140_272, 0.099_560]]),
        ("spectral", &[[-0.514_588, 0.979_236, -0.352_722, 0.095_305, -1.939_697, 2.231_079]]),
    ];
    for (name, channels) in wanted {
        let panel = panel(name, &ensemble, &Span::of(&ensemble), Method::Compat);
        let (Panel::Map(got) | Panel::Field(got) | Panel::Rgb(got, None)) = panel else {
            panic!("{name}: {panel:?}")
        };
        assert_eq!(got.len(), 64 * channels.len(), "{name}");
        for (map, wanted) in got.chunks_exact(64).zip(channels) {
            check(name, map, *wanted, 2e-6);
        }
    }
}

#[test]
fn modes_are_those_of_the_reference() {
    let values = vectors();
    let ensemble = Ensemble::new([3, 8, 8], &values);
    let wanted = [
        [0.129_429, 0.132_728, 0.130_835, 0.123_660, 0.087_145, 0.153_590],
        [0.123_746, 0.116_367, 0.134_167, 0.124_560, 0.108_786, 0.139_242],
        [0.107_371, 0.137_081, 0.100_845, 0.122_585, 0.081_671, 0.160_376],
    ];
    for (map, wanted) in pca::sizes(&ensemble).unwrap().iter().zip(wanted) {
        check("pca", map, wanted, 2e-6);
    }
    let panel = panel("pca", &ensemble, &Span::of(&ensemble), Method::Compat);
    let Panel::Rgb(rgb, None) = panel else { panic!("{panel:?}") };
    for (map, [first, .., lo, hi]) in rgb.chunks_exact(64).zip(wanted) {
        assert!((map[0] - (first - lo) / (hi - lo)).abs() < 1e-4);
        assert!(map.contains(&0.0) && map.contains(&1.0));
    }
}
