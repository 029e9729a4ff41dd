//! Tests of what is drawn, family by family: variances, spectra, moments, shapes.

use super::{correlation, make, mean, request, variance, wide};
use crate::ic::fft::Fft;
use crate::ic::spectrum::wave_numbers;
use crate::key::Value;
use serde_json::{Value as Json, json};

/// Scalar fields `[n, n]` of `count` samples with three channels each.
fn fields(name: &str, settings: &Json, n: usize, count: u64) -> Vec<Vec<f64>> {
    let ic = make(name, settings);
    (0..count)
        .flat_map(|i| {
            let drawn = wide(&ic.draw(&request(i, n, 3)).fields);
            drawn.chunks_exact(n * n).map(<[f64]>::to_vec).collect::<Vec<_>>()
        })
        .collect()
}

/// `(mx, my, share of the power)` of every wave vector.
fn power(field: &[f64], n: usize) -> Vec<(i64, i64, f64)> {
    let (mut im, mut re) = (field.to_vec(), vec![0.0; n * n]);
    Fft::new(n).inverse(&mut re, &mut im);
    let total: f64 = re.iter().zip(&im).map(|(a, b)| a * a + b * b).sum();
    let vectors = wave_numbers(n).flat_map(|mx| wave_numbers(n).map(move |my| (mx, my)));
    // A field has its rows first; so has its transform, by the exchange of axes.
    vectors
        .zip(re.iter().zip(&im))
        .map(|((mx, my), (a, b))| (mx, my, (a * a + b * b) / total))
        .collect()
}

/// Mean over a field of `f(r) f(r + lag)`, the lag along either axis.
fn lagged(field: &[f64], n: usize, lag: usize) -> f64 {
    let mut sum = 0.0;
    for y in 0..n {
        for x in 0..n {
            let here = field[y * n + x];
            sum += here * (field[y * n + (x + lag) % n] + field[(y + lag) % n * n + x]);
        }
    }
    sum / (2 * n * n) as f64
}

fn mean_of(fields: &[Vec<f64>], f: impl Fn(&[f64]) -> f64) -> f64 {
    mean(&fields.iter().map(|field| f(field)).collect::<Vec<_>>())
}

#[test]
fn a_gaussian_field_has_the_declared_variance() {
    for v in [0.25, 4.0] {
        for kernel in ["gaussian", "matern"] {
            let settings = json!({"kernel": kernel, "length_scale": 0.05, "variance": v});
            let drawn = fields("gaussian_random_field", &settings, 64, 200);
            let got = mean_of(&drawn, |f| f.iter().map(|x| x * x).sum::<f64>() / f.len() as f64);
            assert!((got / v - 1.0).abs() < 0.03, "{kernel} {v}: {got}");
        }
    }
}

#[test]
fn a_gaussian_field_has_the_declared_length_at_any_resolution() {
    for (n, lag) in [(64, 4), (128, 8), (128, 4)] {
        let settings = json!({"length_scale": lag as f64 / n as f64, "variance": 1});
        let drawn = fields("gaussian_random_field", &settings, n, 150);
        let got = mean_of(&drawn, |f| lagged(f, n, lag)) / mean_of(&drawn, |f| lagged(f, n, 0));
        assert!((got / libm::exp(-0.5) - 1.0).abs() < 0.03, "n {n}, length {lag}: {got}");
    }
}

/// ν = ½ is the exponential covariance `exp(−r/ℓ)`.
#[test]
fn a_matern_field_of_smoothness_one_half_decays_exponentially() {
    let n = 128;
    let settings = json!({"kernel": "matern", "nu": 0.5, "length_scale": 0.05, "variance": 1});
    let drawn = fields("gaussian_random_field", &settings, n, 100);
    let variance = mean_of(&drawn, |f| lagged(f, n, 0));
    for lag in [4, 8] {
        let got = mean_of(&drawn, |f| lagged(f, n, lag)) / variance;
        let want = libm::exp(-(lag as f64) / 6.4);
        // The grid cuts the spectrum and the mean is removed: both shift this by some hundredths.
        assert!((got - want).abs() < 0.04, "{lag}: {got} {want}");
    }
}

#[test]
fn scales_share_the_variance_equally() {
    let n = 64;
    let settings = json!({"scales": [0.02, 0.3], "variance": 2});
    let drawn = fields("multiscale_grf", &settings, n, 200);
    let all = mean_of(&drawn, |f| lagged(f, n, 0));
    assert!((all / 2.0 - 1.0).abs() < 0.06, "{all}");
    // At 6 pixels nothing is left of the short scale (1.3 px), and nearly all of the long one.
    let far = mean_of(&drawn, |f| lagged(f, n, 6)) / all;
    assert!((0.4..0.5).contains(&far), "{far}");
}

#[test]
fn a_band_has_no_power_outside_and_is_flat_inside() {
    let n = 64;
    for (settings, low, high) in [
        (json!({"band": "low"}), 1.0, 4.0),
        (json!({"band": "mid"}), 7.0, 12.0),
        (json!({"band": "high"}), 16.0, 64.0 / 3.0),
        (json!({"min_cycles": 3, "max_cycles": 5.5}), 3.0, 5.5),
    ] {
        let (mut outside, mut lower, mut upper) = (0.0_f64, vec![], vec![]);
        for field in fields("band_limited", &settings, n, 40) {
            for (mx, my, share) in power(&field, n) {
                let m = ((mx * mx + my * my) as f64).sqrt();
                if m < 0.9 * low || m > 1.1 * high {
                    outside = outside.max(share);
                } else if (low..0.5 * (low + high)).contains(&m) {
                    lower.push(share);
                } else if (0.5 * (low + high)..high).contains(&m) {
                    upper.push(share);
                }
            }
        }
        assert!(outside < 1e-14, "{settings}: {outside}");
        let tilt = mean(&lower) / mean(&upper);
        assert!((tilt - 1.0).abs() < 0.1, "{settings}: {tilt}");
    }
}

#[test]
fn a_power_law_has_its_slope() {
    let n = 64;
    for beta in [1.0, 2.5, 4.0] {
        let drawn = fields("power_law_grf", &json!({"beta": beta}), n, 40);
        let mut rings = vec![(0.0_f64, 0.0_f64, 0.0_f64); n];
        for field in &drawn {
            for (mx, my, share) in power(field, n) {
                let m = ((mx * mx + my * my) as f64).sqrt();
                let ring = &mut rings[m.round() as usize];
                *ring = (ring.0 + share, ring.1 + m, ring.2 + 1.0);
            }
        }
        let points: Vec<(f64, f64)> = rings[2..=28]
            .iter()
            .map(|(power, m, count)| (libm::log(m / count), libm::log(power / count)))
            .collect();
        let (x, y): (Vec<f64>, Vec<f64>) = points.into_iter().unzip();
        let slope = super::slope(&x, &y);
        assert!((slope + beta).abs() < 0.05, "{beta}: {slope}");
    }
}

#[test]
fn heavy_tails_have_unit_variance_and_their_kurtosis() {
    // Four standard errors, as seen over 16 other seeds.
    for (h, tolerance) in [(0.0, 0.008), (0.05, 0.017), (0.1, 0.09)] {
        let settings = json!({"h": h, "length_scale": 0.02, "variance": 1});
        let drawn = fields("heavy_tailed", &settings, 64, 120).concat();
        let second = variance(&drawn);
        let fourth = mean(&drawn.iter().map(|x| x * x * x * x).collect::<Vec<_>>());
        let kurtosis = fourth / (second * second);
        let want = 3.0 * (1.0 - 2.0 * h) * (1.0 - 2.0 * h) * (1.0 - 2.0 * h)
            / libm::pow(1.0 - 4.0 * h, 2.5);
        assert!((second - 1.0).abs() < 0.02, "{h}: {second}");
        assert!((kurtosis / want - 1.0).abs() < tolerance, "{h}: {kurtosis} {want}");
    }
}

#[test]
fn a_bump_that_crosses_the_seam_is_the_bump_moved() {
    let n = 40;
    let ic = make("localized", &json!({"num_blobs": 1, "width": 0.1, "normalize": "none"}));
    for i in 0..30 {
        let drawn = ic.draw(&request(i, n, 2));
        let Some((_, Value::List(blobs))) = drawn.settings.iter().find(|(k, _)| *k == "blobs")
        else {
            panic!("places are recorded");
        };
        let Value::Map(blob) = &blobs[0] else { panic!("a blob has named settings") };
        let at = |name: &str| match blob.iter().find(|(k, _)| *k == name) {
            Some((_, Value::Float(v))) => v * n as f64,
            _ => panic!("{name} is recorded"),
        };
        let (x0, y0, sigma) = (at("x"), at("y"), at("width"));
        for field in wide(&drawn.fields).chunks_exact(n * n) {
            let shape: Vec<f64> = (0..n * n)
                .map(|k| {
                    let away = |a: f64, b: f64| {
                        let d = (a - b).abs();
                        d.min(n as f64 - d)
                    };
                    let (dx, dy) = (away((k % n) as f64, x0), away((k / n) as f64, y0));
                    libm::exp(-(dx * dx + dy * dy) / (2.0 * sigma * sigma))
                })
                .collect();
            let amplitude = field[0] / shape[0];
            for (got, want) in field.iter().zip(&shape) {
                assert!((got - amplitude * want).abs() < 1e-4 * amplitude.abs().max(1e-3));
            }
        }
    }
}

#[test]
fn backgrounds_close_at_the_border() {
    let n = 48;
    for (pattern, modes) in [("waves", 2), ("grid", 4)] {
        let settings = json!({"pattern": pattern, "noise_level": 0});
        for field in fields("composite", &settings, n, 10) {
            let strong = power(&field, n).iter().filter(|(_, _, share)| *share > 1e-9).count();
            assert_eq!(strong, modes, "{pattern}");
        }
    }
}

#[test]
fn noise_has_the_declared_part_of_the_background() {
    let n = 64;
    for pattern in ["waves", "grid", "radial"] {
        let draw = |level: f64| {
            let settings = json!({"pattern": pattern, "noise_level": level, "normalize": "none"});
            fields("composite", &settings, n, 20)
        };
        let (plain, noisy) = (draw(0.0), draw(0.3));
        let ratio = mean(
            &plain
                .iter()
                .zip(&noisy)
                .map(|(p, q)| {
                    let noise: Vec<f64> = q.iter().zip(p).map(|(a, b)| a - b).collect();
                    variance(&noise) / variance(p)
                })
                .collect::<Vec<_>>(),
        );
        assert!((ratio / 0.09 - 1.0).abs() < 0.05, "{pattern}: {ratio}");
        // The background is common to the channels, the noise is not.
        assert!(plain[0] == plain[1] && noisy[0] != noisy[1], "{pattern}");
    }
}

#[test]
fn no_channel_is_left_without_a_structure() {
    for types in [json!(["circle"]), json!(["stripe"]), json!(["blob"])] {
        let settings = json!({"num_structures": 3, "structure_types": types});
        for field in fields("structured", &settings, 32, 50) {
            assert!(variance(&field) > 1e-8, "{types}");
        }
    }
}

#[test]
fn structures_follow_their_weights() {
    let settings = json!({"num_structures": 10, "structure_weights": [1, 3, 0]});
    let ic = make("structured", &settings);
    let (mut stripes, mut all) = (0, 0);
    for i in 0..100 {
        let text = Value::Map(ic.draw(&request(i, 16, 1)).settings).to_string();
        stripes += text.matches("type=stripe").count();
        all += text.matches("type=").count();
        assert!(!text.contains("type=blob"));
    }
    assert_eq!(all, 1000);
    assert!(stripes.abs_diff(750) < 55, "{stripes}");
}

#[test]
fn mixed_is_the_weighted_sum_of_its_parts() {
    let draw = |weight: f64| {
        let ic = make("mixed", &json!({"weight": weight, "normalize": "none"}));
        wide(&ic.draw(&request(5, 48, 3)).fields)
    };
    let (grf, structures, both) = (draw(1.0), draw(0.0), draw(0.3));
    assert!((variance(&grf) - 1.0).abs() < 1e-5 && (variance(&structures) - 1.0).abs() < 1e-5);
    for ((a, b), sum) in grf.iter().zip(&structures).zip(&both) {
        assert!((0.3_f64.sqrt() * a + 0.7_f64.sqrt() * b - sum).abs() < 1e-5);
    }
}

#[test]
fn channels_are_independent_shared_or_mixed() {
    let n = 64;
    let draw = |mode: &str, channels| {
        let settings = json!({"length_scale": 0.05, "variance": 1, "channel_mode": mode});
        wide(&make("gaussian_random_field", &settings).draw(&request(3, n, channels)).fields)
    };
    let area = n * n;
    let (own, shared, mixed) = (draw("independent", 3), draw("shared", 3), draw("mixed", 3));
    // Channels never move each other.
    assert!(draw("independent", 1) == own[..area] && draw("independent", 2) == own[..2 * area]);
    assert!(shared[..area] == own[..area] && shared[..area] == shared[2 * area..]);
    for (i, j) in [(0, 1), (0, 2), (1, 2)] {
        let c = correlation(&own[i * area..][..area], &own[j * area..][..area]);
        assert!(c.abs() < 0.35, "{i} {j}: {c}");
    }
    // A rotation of the channels keeps the length of the vector at every pixel.
    assert!(mixed != own);
    for k in 0..area {
        let length = |f: &[f64]| (0..3).map(|c| f[c * area + k] * f[c * area + k]).sum::<f64>();
        assert!((length(&own) - length(&mixed)).abs() < 1e-4);
    }
}

#[test]
fn normalize_sets_the_size_of_a_sample() {
    for name in ["structured", "localized", "heavy_tailed"] {
        let draw = |normalize: &str| {
            let drawn = make(name, &json!({"normalize": normalize})).draw(&request(1, 32, 3));
            (wide(&drawn.fields), drawn.settings)
        };
        let (raw, _) = draw("none");
        for (normalize, size) in [
            ("unit_std", variance(&raw).sqrt()),
            ("unit_max", raw.iter().fold(0.0, |m: f64, v| m.max(v.abs()))),
        ] {
            let (scaled, settings) = draw(normalize);
            let Some((_, Value::Float(divisor))) = settings.iter().find(|(k, _)| *k == "divisor")
            else {
                panic!("the divisor is recorded");
            };
            assert!((divisor / size - 1.0).abs() < 1e-5, "{name} {normalize}");
            for (a, b) in raw.iter().zip(&scaled) {
                assert!((a / divisor - b).abs() < 1e-5, "{name} {normalize}");
            }
        }
    }
}
