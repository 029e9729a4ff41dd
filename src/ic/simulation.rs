//! What simulated families share: a grid to run on, and the way from it to the grid asked for.
//!
//! A simulation has lengths of its own (a lattice spacing, a wavelength in steps), so it runs on a
//! grid that does not shrink with the one asked for. Each family chooses its side: `dla_cluster` and
//! the coarsening of `phase_boundary` take [`side`], whose lengths are fractions of the side or cells;
//! the others one that follows from the lengths they draw, or a fixed one. The result is brought to
//! the grid asked for by Fourier truncation or zero padding: the trigonometric interpolant of the
//! simulated field, band-limited to what the target can hold. It does not know any equation.

use std::f64::consts::PI;

use super::fft::Fft;
use super::spectrum::wave_numbers;

/// The least side that [`side`] gives.
pub const SIDE: usize = 128;

/// The side of a simulation that chooses none by its own lengths, for a grid of side `n`: `max(n, 128)`.
pub fn side(n: usize) -> usize {
    n.max(SIDE)
}

/// Fields `[count, from, from]` on a grid of side `to`, `[count, to, to]`. Equal sides: unchanged.
///
/// The mode at half of the smaller side, which has no partner of the opposite sign, is left out.
pub fn resample(fields: Vec<f64>, from: usize, to: usize) -> Vec<f64> {
    if from == to {
        return fields;
    }
    let (forward, backward) = (Fft::new(from), Fft::new(to));
    let least = from.min(to) as i64;
    let factor = 1.0 / (from * from) as f64;
    let place = |m: i64, n: usize| m.rem_euclid(n as i64) as usize;
    let mut out = Vec::with_capacity(fields.len() / (from * from) * to * to);
    for pair in fields.chunks(2 * from * from) {
        // Two real fields are the parts of one complex one; the transform is linear and real in both.
        let (mut re, mut im) = (pair[..from * from].to_vec(), vec![0.0; from * from]);
        im[..pair.len() - from * from].copy_from_slice(&pair[from * from..]);
        forward.forward(&mut re, &mut im);
        let (mut to_re, mut to_im) = (vec![0.0; to * to], vec![0.0; to * to]);
        for mx in wave_numbers(from).filter(|m| 2 * m.abs() < least) {
            for my in wave_numbers(from).filter(|m| 2 * m.abs() < least) {
                let at = place(mx, from) * from + place(my, from);
                let target = place(mx, to) * to + place(my, to);
                to_re[target] = re[at] * factor;
                to_im[target] = im[at] * factor;
            }
        }
        backward.inverse(&mut to_re, &mut to_im);
        out.extend_from_slice(&to_re);
        if pair.len() > from * from {
            out.extend_from_slice(&to_im);
        }
    }
    out
}

/// Applies `run` to fields `[count, area]` two at a time, as the parts of one complex field: what a
/// transform with real, even multipliers costs for one it costs for two. The partner of an odd last
/// one is zero.
pub fn in_pairs(
    fields: &mut [f64],
    area: usize,
    mut run: impl FnMut(&mut Vec<f64>, &mut Vec<f64>),
) {
    let (mut re, mut im) = (vec![0.0; area], vec![0.0; area]);
    for pair in fields.chunks_mut(2 * area) {
        let (first, second) = pair.split_at_mut(area);
        re.copy_from_slice(first);
        im.fill(0.0);
        im[..second.len()].copy_from_slice(second);
        run(&mut re, &mut im);
        first.copy_from_slice(&re);
        second.copy_from_slice(&im[..second.len()]);
    }
}

/// Convolves fields `[count, n, n]` with a Gaussian of standard deviation `width` sides.
pub fn blur(fields: &mut [f64], n: usize, width: f64) {
    let fft = Fft::new(n);
    let rate = -2.0 * PI * PI * width * width;
    let factors: Vec<f64> =
        wave_numbers(n).map(|m| libm::exp(rate * (m * m) as f64) / n as f64).collect();
    in_pairs(fields, n * n, |re, im| {
        fft.forward(re, im);
        for part in [&mut *re, &mut *im] {
            for (row, a) in part.chunks_exact_mut(n).zip(&factors) {
                row.iter_mut().zip(&factors).for_each(|(value, b)| *value *= a * b);
            }
        }
        fft.inverse(re, im);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ic::spectrum::{Spectrum, gaussian};
    use crate::rng::Stream;

    #[test]
    fn a_smooth_field_is_kept_up_and_down_and_for_any_count() {
        for (from, to) in [(128, 64), (128, 50), (64, 128), (48, 45), (64, 64)] {
            let spectrum =
                |n| Spectrum::new(n, gaussian(0.1)).fields(Stream::new(4, "resample", &[]), 0, 3);
            let (got, want) = (resample(spectrum(from), from, to), spectrum(to));
            assert_eq!(got.len(), want.len());
            for (a, b) in got.iter().zip(&want) {
                assert!((a - b).abs() < 1e-9, "{from} to {to}: {a} {b}");
            }
        }
    }

    #[test]
    fn fields_travel_in_pairs_and_an_odd_one_alone() {
        let mut fields: Vec<f64> = (0..12).map(f64::from).collect();
        let mut seen = Vec::new();
        in_pairs(&mut fields, 4, |re, im| {
            seen.push((re.clone(), im.clone()));
            std::mem::swap(re, im);
        });
        let run = |from: u32| (from..from + 4).map(f64::from).collect::<Vec<f64>>();
        assert_eq!(seen, [(run(0), run(4)), (run(8), vec![0.0; 4])]);
        assert_eq!(fields, [run(4), run(0), vec![0.0; 4]].concat());
    }
}
