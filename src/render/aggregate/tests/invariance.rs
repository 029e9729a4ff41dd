//! What must not change a panel, or only move it.

use super::golden::random;
use super::*;

const SHAPE: [usize; 4] = [7, 3, 14, 16];

#[track_caller]
fn close(name: &str, a: &[f64], b: impl IntoIterator<Item = f64>, slack: f64) {
    let mut count = 0;
    for (a, b) in a.iter().zip(b) {
        assert!((a - b).abs() <= slack * a.abs().max(1.0), "{name}: {a} and {b}");
        count += 1;
    }
    assert_eq!(count, a.len());
}

#[test]
fn the_order_of_realizations_does_not_matter() {
    let values = random(SHAPE, 0);
    let field = values.len() / SHAPE[0];
    let turned: Vec<f32> =
        [4, 2, 0, 6, 5, 1, 3].iter().flat_map(|m| &values[m * field..][..field]).copied().collect();
    let of = |values| Ensemble::new([3, 14, 16], values);
    for a in AGGREGATES {
        let name = a.name();
        close(name, &numbers(name, &of(&values)), numbers(name, &of(&turned)), 1e-11);
    }
}

/// Fields moved around the torus move the panels of what looks at one pixel at a time; the modes as well.
#[test]
fn moving_the_fields_moves_the_panel() {
    let [_, _, h, w] = SHAPE;
    let values = random(SHAPE, 1);
    let from = |k: usize| k / (h * w) * (h * w) + (k / w % h + 3) % h * w + (k % w + 5) % w;
    let moved: Vec<f32> = (0..values.len()).map(|k| values[from(k)]).collect();
    let of = |values| Ensemble::new([3, h, w], values);
    for name in ["mean", "variance", "stddev", "envelope", "overlay", "entropy", "pca"] {
        let (still, moved) = (numbers(name, &of(&values)), numbers(name, &of(&moved)));
        close(name, &moved, (0..still.len()).map(|k| still[from(k)]), 1e-11);
    }
}

/// A field doubled in every unit: what has the unit doubles, what is pure stays, power is 6 dB higher.
#[test]
fn panels_scale_with_the_field() {
    let values = random(SHAPE, 2);
    let doubled: Vec<f32> = values.iter().map(|v| 2.0 * v).collect();
    let of = |values| Ensemble::new([3, 14, 16], values);
    for a in AGGREGATES {
        let name = a.name();
        let (factor, plus) = match name {
            "mean" | "stddev" | "envelope" | "overlay" => (2.0, 0.0),
            "variance" => (4.0, 0.0),
            "spectral" => (1.0, 20.0 * libm::log10(2.0)),
            _ => (1.0, 0.0),
        };
        let wanted = numbers(name, &of(&values)).into_iter().map(|v| factor * v + plus);
        close(name, &numbers(name, &of(&doubled)), wanted, 1e-12);
    }
}

/// Rows and columns exchanged exchange the axes of the panel.
#[test]
fn both_axes_are_treated_alike() {
    let [_, _, h, w] = SHAPE;
    let values = random(SHAPE, 3);
    let from = |k: usize| k / (h * w) * (h * w) + k % h * w + k / h % w;
    let turned: Vec<f32> = (0..values.len()).map(|k| values[from(k)]).collect();
    for a in AGGREGATES {
        let name = a.name();
        let upright = numbers(name, &Ensemble::new([3, h, w], &values));
        let got = numbers(name, &Ensemble::new([3, w, h], &turned));
        close(name, &got, (0..upright.len()).map(|k| upright[from(k)]), 1e-10);
    }
}
