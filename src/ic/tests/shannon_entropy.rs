//! `shannon_entropy`: what the pixels hold is what the map says.

use serde_json::json;

use super::settings::faults;
use super::{Case, make, mean, request, variance, wide};

/// What the registry's tests need.
pub const CASE: Case = Case {
    name: "shannon_entropy",
    examples: || {
        vec![
            json!({"variant": "gaussian"}),
            json!({"entropy_pattern": "gradient"}),
            json!({"entropy_pattern": "patchy"}),
            json!({"entropy_pattern": "random"}),
            json!({"entropy_range": [0.1, 0.9]}),
            json!({"patch_size": 0.2}),
            json!({"length_scale": 0.2}),
            json!({"smoothing": 0.02}),
            json!({"normalize": "unit_std"}),
            json!({"variant": "gaussian", "normalize": "unit_max"}),
        ]
    },
    // Where hardly a pixel is flipped, the noise of the grid does not show.
    smooth: || vec![json!({"entropy_range": [0, 0.0001], "length_scale": 0.2})],
    pin: "1 412ec926c093d342 3383d60ea4c937fc",
};

fn binary_entropy(p: f64) -> f64 {
    -p * p.log2() - (1.0 - p) * (1.0 - p).log2()
}

/// The probability up to ½ whose coin has entropy `h`, by halving.
fn probability(h: f64) -> f64 {
    let (mut low, mut high) = (0.0, 0.5);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if binary_entropy(middle) < h { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

#[test]
fn flips_have_the_entropy_of_the_map() {
    let n = 64;
    for pattern in ["gradient", "patchy", "random"] {
        let ic = make("shannon_entropy", &json!({"entropy_pattern": pattern}));
        // Pixels, flips, expected flips and their variance for each twentieth of a bit.
        let mut bins = [(0.0, 0.0, 0.0, 0.0, 0.0); 20];
        for i in 0..64 {
            let fields = wide(&ic.draw(&request(i, n, 3)).fields);
            let (noisy, rest) = fields.split_at(n * n);
            let (map, base) = rest.split_at(n * n);
            for ((a, h), b) in noisy.iter().zip(map).zip(base) {
                assert!(a.abs() == 1.0 && b.abs() == 1.0 && (0.0..=1.0).contains(h));
                let bin = &mut bins[((h * 20.0) as usize).min(19)];
                let p = probability(*h);
                bin.0 += 1.0;
                bin.1 += f64::from(a != b);
                bin.2 += p;
                bin.3 += p * (1.0 - p);
                bin.4 += h;
            }
        }
        for (pixels, flips, want, spread, bits) in bins {
            // Every class of entropies occurs, and its flips are within four standard deviations.
            assert!(pixels > 1000.0, "{pattern}: {pixels}");
            assert!((flips - want).abs() < 4.0 * spread.sqrt(), "{pattern}: {flips} {want}");
            // The entropy of the flips of a class: dH/dp times the sampling error of p, and at most
            // 0.003 that H_b of a mean differs from the mean of H_b over a twentieth of a bit.
            let (p, h) = (flips / pixels, bits / pixels);
            let slope = ((1.0 - p) / p).log2();
            let error = 4.0 * slope * spread.sqrt() / pixels + 0.003;
            assert!((binary_entropy(p) - h).abs() < error, "{pattern}: {} {h}", binary_entropy(p));
        }
    }
}

/// `½ log₂(2πe s²) = h` for the deviation s of the pixels from the pattern.
#[test]
fn normal_noise_has_the_differential_entropy_of_the_map() {
    let n = 64;
    let ic = make("shannon_entropy", &json!({"variant": "gaussian", "entropy_range": [-3, 1]}));
    let mut bins = [(0.0, 0.0); 8];
    for i in 0..64 {
        let fields = wide(&ic.draw(&request(i, n, 3)).fields);
        for at in 0..n * n {
            let (noise, h) = (fields[at] - fields[2 * n * n + at], fields[n * n + at]);
            let unit = h.exp2() / (std::f64::consts::TAU * std::f64::consts::E).sqrt();
            let bin = &mut bins[((h + 3.0) * 2.0).floor().clamp(0.0, 7.0) as usize];
            bin.0 += 1.0;
            bin.1 += (noise / unit) * (noise / unit);
        }
    }
    for (pixels, squares) in bins {
        assert!(pixels > 1000.0);
        // log₂ of a variance over N numbers has deviation √(2/N)/ln 2; half of it is the entropy.
        let bits = 0.5 * (squares / pixels).log2();
        assert!(bits.abs() < 4.0 * 0.5 * (2.0 / pixels).sqrt() / std::f64::consts::LN_2, "{bits}");
    }
}

#[test]
fn the_map_spans_its_range_and_the_ramp_closes() {
    let n = 64;
    for i in 0..256 {
        let settings = json!({"entropy_pattern": "gradient", "entropy_range": [0.2, 0.8]});
        let fields = wide(&make("shannon_entropy", &settings).draw(&request(i, n, 2)).fields);
        let map = &fields[n * n..];
        let least = map.iter().copied().fold(f64::INFINITY, f64::min);
        let most = map.iter().copied().fold(0.0, f64::max);
        // The turning points may lie half a pixel from one: 1/64 of the range.
        assert!(least < 0.21 && least > 0.2 - 1e-6 && most > 0.79 && most < 0.8 + 1e-6);
        // Uniform on the range: mean ½, variance 1/12 of its square.
        assert!((mean(map) - 0.5).abs() < 1e-3, "{}", mean(map));
        assert!((variance(map) / 0.03 - 1.0).abs() < 1e-2, "{}", variance(map));
        for y in 0..n {
            for x in 0..n {
                let here = map[y * n + x];
                for next in [map[y * n + (x + 1) % n], map[(y + 1) % n * n + x]] {
                    assert!((here - next).abs() < 0.6 * 2.0 / 64.0 + 1e-6);
                }
            }
        }
    }
}

#[test]
fn a_blur_keeps_the_mean_and_lowers_the_variance() {
    let n = 64;
    let draw = |settings| wide(&make("shannon_entropy", &settings).draw(&request(5, n, 1)).fields);
    let (sharp, soft) = (draw(json!({})), draw(json!({"smoothing": 0.02})));
    assert!((mean(&sharp) - mean(&soft)).abs() < 1e-6);
    assert!(variance(&soft) < 0.9 * variance(&sharp));
}

#[test]
fn what_cannot_act_is_refused() {
    assert_eq!(
        faults("shannon_entropy", &json!({"entropy_pattern": "gradient", "patch_size": 0.1})),
        ["patch_size: `patch_size` has no effect here: it belongs to `entropy_pattern: patchy` \
          (leave `patch_size` out)"]
    );
    assert_eq!(
        faults("shannon_entropy", &json!({"entropy_range": [0.5, 0.5]})),
        [
            "entropy_range: the ends are equal, so the entropy would not vary (give a low and a higher \
          end)"
        ]
    );
}
