//! Everything that may go wrong with an ensemble. Nothing may panic, and what has no value says why.

use super::golden::random;
use super::*;

const METHODS: [Method; 2] = [Method::Standard, Method::Compat];

fn of(name: &str, shape: [usize; 3], values: &[f32], method: Method) -> Panel {
    let ensemble = Ensemble::new(shape, values);
    panel(name, &ensemble, &Span::of(&ensemble), method)
}

/// Every count of realizations and channels, odd sides and single pixels, also with numbers missing.
#[test]
fn every_panel_has_the_right_size() {
    let spoils = [None, Some(f32::NAN), Some(f32::INFINITY), Some(f32::NEG_INFINITY)];
    for all in [0, 1, 2, 3, 5] {
        for shape @ [channels, h, w] in
            [[1, 1, 1], [2, 1, 1], [3, 1, 7], [1, 5, 3], [4, 6, 1], [3, 9, 4]]
        {
            for spoil in spoils {
                let mut values = random([all, channels, h, w], 9);
                let middle = values.len() / 2;
                if let (Some(value), Some(v)) = (spoil, values.get_mut(middle)) {
                    *v = value;
                }
                for a in AGGREGATES {
                    for method in METHODS {
                        let what = format!("{} {method:?} {all} {shape:?} {spoil:?}", a.name());
                        match of(a.name(), shape, &values, method) {
                            Panel::Map(map) => assert_eq!(map.len(), h * w, "{what}"),
                            Panel::Field(field) => {
                                assert_eq!(field.len(), channels * h * w, "{what}");
                            }
                            Panel::Rgb(rgb, _) => {
                                assert_eq!(rgb.len(), 3 * h * w, "{what}");
                                assert!(rgb.iter().all(|v| (0.0..=1.0).contains(v)), "{what}");
                            }
                            Panel::Undefined(why) => assert!(!why.is_empty(), "{what}"),
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn too_few_realizations_are_told() {
    let (one, two) = (random([1, 3, 8, 8], 0), random([2, 3, 8, 8], 0));
    let undefined =
        |name: &str, values: &[f32], method: Method| match of(name, [3, 8, 8], values, method) {
            Panel::Undefined(why) => why,
            panel => panic!("{name}: {panel:?}"),
        };
    for name in ["variance", "stddev", "entropy", "ssim"] {
        assert_eq!(undefined(name, &one, Method::Standard), "needs 2 realizations", "{name}");
    }
    assert_eq!(undefined("pca", &one, Method::Standard), "needs 2 finite realizations");
    assert_eq!(undefined("variance", &one, Method::Compat), "needs 2 realizations");
    assert_eq!(undefined("pca", &two, Method::Compat), "needs 3 realizations");
    assert_eq!(of("ssim", [3, 8, 8], &one, Method::Compat), Panel::Map(vec![0.0; 64]));
    assert_eq!(of("envelope", [3, 8, 8], &one, Method::Standard), Panel::Map(vec![0.0; 64]));
    let field = Panel::Field(one.iter().map(|v| f64::from(*v)).collect());
    assert_eq!(of("mean", [3, 8, 8], &one, Method::Standard), field);
    assert_eq!(of("overlay", [3, 8, 8], &one, Method::Standard), field);
}

#[test]
fn an_ensemble_that_is_constant_has_no_spread() {
    let values = vec![0.7_f32; 4 * 3 * 36];
    let map = |v: f64| Panel::Map(vec![v; 36]);
    for (name, wanted) in [
        ("mean", Panel::Field(vec![f64::from(0.7_f32); 108])),
        ("variance", map(0.0)),
        ("stddev", map(0.0)),
        ("envelope", map(0.0)),
        ("overlay", Panel::Field(vec![f64::from(0.7_f32); 108])),
        ("entropy", map(0.0)),
        ("pca", Panel::Undefined("realizations do not differ")),
        ("ssim", map(1.0)),
        ("spectral", map(-300.0)),
    ] {
        assert_eq!(of(name, [3, 6, 6], &values, Method::Standard), wanted, "{name}");
    }
    for name in ["overlay", "pca"] {
        let black = Panel::Rgb(vec![0.0; 108], None);
        assert_eq!(of(name, [3, 6, 6], &values, Method::Compat), black, "{name}");
    }
}

/// One number that is not finite: pixels change there, or near it, or as if its realization were absent.
#[test]
fn a_number_that_is_not_finite_spoils_little() {
    let shape = [4, 2, 20, 20];
    let whole = random(shape, 7);
    let (field, pixel) = (800, 3 * 20 + 4);
    for spoil in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut values = whole.clone();
        values[2 * field + pixel] = spoil;
        // The span of what is left is the same for both, so that bins and ranges are.
        let span = Span::of(&Ensemble::new([2, 20, 20], &values));
        let without = [&whole[..2 * field], &whole[3 * field..]].concat();
        let on = |name: &str, values: &[f32]| match panel(
            name,
            &Ensemble::new([2, 20, 20], values),
            &span,
            Method::Standard,
        ) {
            Panel::Map(numbers) | Panel::Field(numbers) | Panel::Rgb(numbers, _) => numbers,
            Panel::Undefined(why) => panic!("{name}: {why}"),
        };
        for name in ["mean", "variance", "stddev", "envelope", "overlay", "entropy"] {
            let (got, clean) = (on(name, &values), on(name, &whole));
            for (k, (got, clean)) in got.iter().zip(clean).enumerate() {
                let here = k % 400 == pixel;
                assert!(if here { got.is_finite() } else { *got == clean }, "{name} {k}: {got}");
            }
        }
        for name in ["mean", "overlay"] {
            assert_eq!(on(name, &values)[pixel], on(name, &without)[pixel], "{name}");
        }
        for name in ["pca", "spectral"] {
            assert_eq!(on(name, &values), on(name, &without), "{name}");
        }
        let (got, clean) = (on("ssim", &values), on("ssim", &whole));
        for (k, (got, clean)) in got.iter().zip(clean).enumerate() {
            let near = (k / 20).abs_diff(3) <= 5 && (k % 20).abs_diff(4) <= 5;
            assert!(got.is_finite() && (near || *got == clean), "{k}: {got}");
        }
    }
}

#[test]
fn a_pixel_without_enough_numbers_has_none() {
    let mut values = random([3, 2, 14, 14], 7);
    // Channel 1 has one number left at pixel 5, and none at pixel 6.
    for m in 0..3 {
        values[m * 392 + 196 + 6] = f32::NAN;
        if m > 0 {
            values[m * 392 + 196 + 5] = f32::INFINITY;
        }
    }
    let ensemble = Ensemble::new([2, 14, 14], &values);
    for name in ["variance", "stddev", "envelope"] {
        let got = numbers(name, &ensemble);
        assert_eq!(got[5].is_nan(), name != "envelope", "{name}");
        assert!(got[6].is_nan() && got[7].is_finite(), "{name}");
    }
    let mean = numbers("mean", &ensemble);
    assert!(mean[6].is_finite() && mean[196 + 5].is_finite() && mean[196 + 6].is_nan());
    // No realization is whole at pixel 6; the overlay shows none.
    let overlay = numbers("overlay", &ensemble);
    assert_eq!(overlay[5], f64::from(values[5]));
    assert!(overlay[6].is_nan() && overlay[196 + 6].is_nan());
    // Channel 0 still counts.
    assert!(numbers("entropy", &ensemble)[5..7].iter().all(|v| v.is_finite()));
    assert!(numbers("ssim", &ensemble).iter().all(|v| v.is_finite()));
    let span = Span::of(&ensemble);
    for (name, why) in
        [("pca", "needs 2 finite realizations"), ("spectral", "needs a finite realization")]
    {
        assert_eq!(panel(name, &ensemble, &span, Method::Standard), Panel::Undefined(why));
    }
}

#[test]
fn nothing_finite_at_all_is_survived() {
    let values = vec![f32::NAN; 4 * 3 * 25];
    for name in ["mean", "variance", "stddev", "envelope", "overlay", "entropy", "ssim"] {
        let (Panel::Map(got) | Panel::Field(got)) = of(name, [3, 5, 5], &values, Method::Standard)
        else {
            panic!("{name}")
        };
        assert!(got.iter().all(|v| v.is_nan()), "{name}");
    }
}

/// Where the reference crashes there is no panel; where it draws one flat colour, there is.
#[test]
fn the_reference_without_finite_numbers() {
    for (spoil, sound) in [
        (f32::NAN, vec!["mean", "entropy"]),
        (f32::INFINITY, vec!["mean", "envelope", "overlay", "entropy"]),
    ] {
        let mut values = random([4, 3, 11, 11], 7);
        values[300] = spoil;
        for a in AGGREGATES {
            let got = of(a.name(), [3, 11, 11], &values, Method::Compat);
            let undefined = matches!(got, Panel::Undefined(_));
            assert_eq!(undefined, !sound.contains(&a.name()), "{} {spoil}: {got:?}", a.name());
            if a.name() == "entropy" {
                let Panel::Map(map) = got else { panic!("{got:?}") };
                assert!(map.iter().all(|v| *v == map[0]));
            }
        }
    }
    let one = random([4, 1, 6, 6], 7);
    let why = |name| of(name, [1, 6, 6], &one, Method::Compat);
    assert_eq!(why("ssim"), Panel::Undefined("needs 2 channels"));
    assert_eq!(why("overlay"), Panel::Undefined("needs 3 channels"));
}
