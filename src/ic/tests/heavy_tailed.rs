//! `heavy_tailed`: moments of Student's t, the characteristic function of the stable fields, refusals.

use serde_json::json;

use super::settings::faults;
use super::{Json, make, mean, request, variance, wide};

/// Many fields of one channel, without normalization.
fn drawn(settings: &Json, count: u64) -> Vec<f64> {
    let ic = make("heavy_tailed", settings);
    (0..count).flat_map(|i| wide(&ic.draw(&request(i, 64, 1)).fields)).collect()
}

/// Kurtosis `3 + 6/(ν − 4)`. At ℓ = 0.02 a field holds some 200 independent values, so 400 hold 80,000;
/// four standard errors of the kurtosis, from the eighth moment, are below 0.35 at ν = 12 and 0.1 at 40.
#[test]
fn students_t_has_unit_variance_and_its_kurtosis() {
    for (nu, tolerance) in [(12.0, 0.35), (40.0, 0.1)] {
        let fields = drawn(
            &json!({
                "variant": "student_t", "degrees_of_freedom": nu, "length_scale": 0.02,
                "variance": 1
            }),
            400,
        );
        let second = variance(&fields);
        let fourth = mean(&fields.iter().map(|x| x * x * x * x).collect::<Vec<_>>());
        let kurtosis = fourth / (second * second);
        let want = 3.0 + 6.0 / (nu - 4.0);
        assert!((second - 1.0).abs() < 0.03, "{nu}: {second}");
        assert!((kurtosis - want).abs() < tolerance, "{nu}: {kurtosis} {want}");
    }
}

/// `E cos tX = exp(−|t|^α)`. At ℓ = 0.03 a field holds some 90 independent values, so 400 hold 36,000,
/// and four standard errors of a mean of cosines are at most `4/√(2·36,000)` = 0.015.
#[test]
fn a_stable_field_has_the_characteristic_function_of_its_index() {
    for alpha in [1.2, 1.5, 1.8, 2.0] {
        let fields = drawn(
            &json!({
                "variant": "alpha_stable", "stability": alpha, "length_scale": 0.03,
                "normalize": "none"
            }),
            400,
        );
        for t in [0.3, 0.7, 1.0, 1.5] {
            let found = mean(&fields.iter().map(|x| (t * x).cos()).collect::<Vec<_>>());
            let want = (-f64::powf(t, alpha)).exp();
            assert!((found - want).abs() < 0.015, "{alpha} {t}: {found} {want}");
        }
        if alpha == 2.0 {
            let second = variance(&fields);
            assert!((second / 2.0 - 1.0).abs() < 0.04, "{second}");
        }
    }
}

#[test]
fn settings_of_other_variants_are_refused() {
    for (settings, name, reason) in [
        (
            json!({"degrees_of_freedom": 5}),
            "degrees_of_freedom",
            "it belongs to `variant: student_t`",
        ),
        (json!({"stability": 1.5}), "stability", "it belongs to `variant: alpha_stable`"),
        (json!({"variant": "student_t", "h": 0.1}), "h", "it belongs to `variant: tukey_h`"),
        (
            json!({"variant": "alpha_stable", "variance": 2}),
            "variance",
            "an α-stable field has no variance",
        ),
    ] {
        let want = format!("{name}: `{name}` has no effect here: {reason} (leave `{name}` out)");
        assert_eq!(faults("heavy_tailed", &settings), [want]);
    }
}
