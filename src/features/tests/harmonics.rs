//! `spectral`: the harmonics of a wave.

use std::f64::consts::{SQRT_2, TAU};

use super::close;
use super::spectral::{of, standard};
use crate::features::{Definitions, Undefined};

/// u = cos(2x) + 0.3 cos(4x) + 0.4 cos(6x) at N = 32: the distortion is √(0.09 + 0.16).
fn distorted(along: impl Fn(usize, usize) -> usize, offset: f64) -> Vec<f32> {
    let wave = |k: usize, x: usize| libm::cos(TAU * (k * x % 32) as f64 / 32.0);
    let at = |x| offset + wave(2, x) + 0.3 * wave(4, x) + 0.4 * wave(6, x);
    (0..1024).map(|k| at(along(k / 32, k % 32)) as f32).collect()
}

#[test]
fn compat_harmonics_are_diluted_and_lost_to_the_mean() {
    let got = of(Definitions::Compat, 32, &distorted(|_, j| j, 0.0));
    for (feature, want) in [
        ("harmonic_ratio_2f", 0.09 / 13.0),
        ("harmonic_ratio_3f", 0.16 / 21.0),
        ("total_harmonic_distortion", 0.010_294_6),
        ("fundamental_purity", 0.8),
    ] {
        close(got(feature), want, 1e-5, feature);
    }
    let got = of(Definitions::Compat, 32, &distorted(|_, j| j, 1.0));
    for (feature, want) in [
        ("harmonic_ratio_2f", 1.0),
        ("harmonic_ratio_3f", 1.0),
        ("total_harmonic_distortion", SQRT_2),
        ("fundamental_purity", 0.761_904_8),
    ] {
        close(got(feature), want, 1e-5, feature);
    }
}

#[test]
fn standard_harmonics_are_those_of_the_wave_in_every_direction() {
    let ways: [fn(usize, usize) -> usize; 4] =
        [|_, j| j, |i, _| i, |i, j| i + j, |i, j| j + 2 * (32 - i)];
    for (way, along) in ways.into_iter().enumerate() {
        for offset in [0.0, 1.0] {
            let got = of(Definitions::Standard, 32, &distorted(along, offset));
            for (feature, want) in [
                ("harmonic_ratio_2f", 0.09),
                ("harmonic_ratio_3f", 0.16),
                ("total_harmonic_distortion", 0.5),
                ("fundamental_purity", 0.8),
            ] {
                close(got(feature), want, 1e-6, &format!("{feature}, way {way}, offset {offset}"));
            }
        }
    }
}

/// The checkerboard has its second harmonic beyond the grid. A square wave of period 4 is one wave of
/// amplitude √2, and the wave of period 2 it has not; its third is beyond.
#[test]
fn harmonics_beyond_the_nyquist_frequency_are_undefined() {
    let board = standard(8, "B");
    for feature in ["harmonic_ratio_2f", "harmonic_ratio_3f", "total_harmonic_distortion"] {
        assert_eq!(board(feature), Err(Undefined::Undetermined), "{feature}");
    }
    close(board("fundamental_purity"), 1.0, 1e-12, "a single wave");
    let square: Vec<f32> = (0..64).map(|k| [1.0, 1.0, -1.0, -1.0][k % 4]).collect();
    let square = of(Definitions::Standard, 8, &square);
    close(square("harmonic_ratio_2f"), 0.0, 1e-12, "even harmonic");
    assert_eq!(square("harmonic_ratio_3f"), Err(Undefined::Undetermined));
    close(square("total_harmonic_distortion"), 0.0, 1e-12, "those that there are");
    close(square("dominant_freq_magnitude"), SQRT_2, 1e-12, "amplitude");
    // Powers are of waves, also at the corner, which is its own conjugate: cos² there is 1, not ½.
    let at = |k: usize| {
        let x = k % 8 + k / 8;
        (libm::cos(TAU * (2 * x) as f64 / 8.0) + 0.25 * libm::cos(TAU * (4 * x) as f64 / 8.0))
            as f32
    };
    let got = of(Definitions::Standard, 8, &(0..64).map(at).collect::<Vec<_>>());
    close(got("harmonic_ratio_2f"), 0.0625 / 0.5, 1e-6, "the corner");
}
