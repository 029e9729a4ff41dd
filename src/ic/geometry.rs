//! Shapes on the torus: distances by the nearest image, bumps, disks, plane waves.
//!
//! Coordinates are in pixels, x along a row and y down the rows; a field is `[n, n]`, row by row.
//! Invariant: everything here is periodic. It does not know any family.

use std::f64::consts::TAU;

/// The difference of two coordinates to the nearest image, in `-n/2..n/2`.
pub fn nearest_image(difference: f64, n: usize) -> f64 {
    let n = n as f64;
    (difference + 0.5 * n).rem_euclid(n) - 0.5 * n
}

/// `exp(−δ²/2σ²)` along one axis for every pixel, δ to the nearest image of `center`.
///
/// A Gaussian bump is the product of two of these, which is what makes it cheap.
pub fn bump(n: usize, center: f64, sigma: f64) -> Vec<f64> {
    let rate = -0.5 / (sigma * sigma);
    (0..n)
        .map(|i| {
            let delta = nearest_image(i as f64 - center, n);
            libm::exp(rate * delta * delta)
        })
        .collect()
}

/// Adds `amplitude · across[x] · down[y]`.
pub fn add_product(field: &mut [f64], across: &[f64], down: &[f64], amplitude: f64) {
    for (row, y) in field.chunks_exact_mut(across.len()).zip(down) {
        let factor = amplitude * y;
        row.iter_mut().zip(across).for_each(|(value, x)| *value += factor * x);
    }
}

/// Adds `profile(δ)` with δ the distance in pixels to the nearest image of `center`.
pub fn add_radial(field: &mut [f64], n: usize, center: (f64, f64), profile: impl Fn(f64) -> f64) {
    let squares = |c: f64| -> Vec<f64> {
        (0..n)
            .map(|i| {
                let delta = nearest_image(i as f64 - c, n);
                delta * delta
            })
            .collect()
    };
    let (across, down) = (squares(center.0), squares(center.1));
    for (row, y2) in field.chunks_exact_mut(n).zip(down) {
        row.iter_mut().zip(&across).for_each(|(value, x2)| *value += profile((x2 + y2).sqrt()));
    }
}

/// A disk with a logistic edge one pixel wide: `1/(1 + exp(δ − radius))`.
pub fn disk(radius: f64) -> impl Fn(f64) -> f64 {
    move |distance| {
        let outside = distance - radius;
        // Beyond 40 pixels the edge is below the rounding of the sum.
        if outside > 40.0 {
            0.0
        } else if outside < -40.0 {
            1.0
        } else {
            1.0 / (1.0 + libm::exp(outside))
        }
    }
}

/// The integer wave vector nearest to `frequency` cycles per side in direction `angle`; not zero for
/// a frequency of at least 1.
pub fn wave_vector(frequency: f64, angle: f64) -> (i64, i64) {
    let (sin, cos) = libm::sincos(angle);
    (libm::round(frequency * cos) as i64, libm::round(frequency * sin) as i64)
}

/// `sin(2π m i/n + phase)` and its cosine for every pixel of one axis.
pub fn wave(n: usize, m: i64, phase: f64) -> (Vec<f64>, Vec<f64>) {
    (0..n as i64)
        .map(|i| {
            // Whole turns are taken off in integers, so the wave closes at the seam to the bit.
            let part = (m * i).rem_euclid(n as i64) as f64 / n as f64;
            libm::sincos(TAU * part + phase)
        })
        .unzip()
}

/// Adds `amplitude · sin(2π m·r/n + phase)`.
pub fn add_plane_wave(field: &mut [f64], n: usize, m: (i64, i64), phase: f64, amplitude: f64) {
    let ((sin_x, cos_x), (sin_y, cos_y)) = (wave(n, m.0, 0.0), wave(n, m.1, phase));
    add_product(field, &sin_x, &cos_y, amplitude);
    add_product(field, &cos_x, &sin_y, amplitude);
}

/// `Σ exp(−δ²/2s² + ikδ)` along one axis for every pixel, summed over all images of `center`: real
/// and imaginary part. Smooth on the torus at any width, unlike [`bump`].
///
/// - `center`, `width` s: in sides; `k`: radians per side
///
/// A packet in the plane is the product of two of these.
pub fn packet(n: usize, center: f64, width: f64, k: f64) -> (Vec<f64>, Vec<f64>) {
    let rate = -0.5 / (width * width);
    // Beyond 8.9 widths a term is below the rounding of the sum.
    let images = libm::ceil(8.9 * width + 0.5) as i64;
    (0..n)
        .map(|i| {
            let nearest = nearest_image(i as f64 - center * n as f64, n) / n as f64;
            let (mut re, mut im) = (0.0, 0.0);
            for image in -images..=images {
                let delta = nearest + image as f64;
                let height = libm::exp(rate * delta * delta);
                let (sin, cos) = libm::sincos(k * delta);
                re += height * cos;
                im += height * sin;
            }
            (re, im)
        })
        .unzip()
}

/// Refuses a grid too coarse for plane waves of up to `most` cycles per side.
pub fn check_waves(most: f64, grid: usize) -> Result<(), String> {
    let least = 2 * libm::round(most) as usize + 1;
    if grid >= least {
        return Ok(());
    }
    Err(format!(
        "waves of up to {most:?} cycles per side need a grid of at least {least}, not {grid}: lower \
         `frequency`"
    ))
}

/// Refuses a grid so coarse that bumps of `least` sides may fall between the pixels.
pub fn check_bumps(least: f64, grid: usize) -> Result<(), String> {
    // At a fifth of a pixel a bump midway between pixels is down to 0.002 of its height.
    let pixels = least * grid as f64;
    if pixels >= 0.2 {
        return Ok(());
    }
    Err(format!(
        "bumps of width {least:?} are lost between the pixels of a grid of {grid}: raise `width` to \
         {:?} or more",
        0.2 / grid as f64
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_go_to_the_nearest_image() {
        for (difference, nearest) in [(0.0, 0.0), (9.0, -1.0), (-9.0, 1.0), (4.5, 4.5)] {
            assert!((nearest_image(difference, 10) - nearest).abs() < 1e-12, "{difference}");
        }
    }

    #[test]
    fn a_plane_wave_is_the_sine_of_its_phase() {
        let n = 20;
        let mut field = vec![0.0; n * n];
        add_plane_wave(&mut field, n, (2, -3), 0.7, 1.5);
        for (y, x) in [(0, 0), (3, 7), (19, 19)] {
            let phase = TAU * (2.0 * x as f64 - 3.0 * y as f64) / n as f64 + 0.7;
            assert!((field[y * n + x] - 1.5 * libm::sin(phase)).abs() < 1e-13);
        }
    }

    #[test]
    fn a_packet_closes_at_the_seam_and_is_the_gaussian_wave_inside() {
        let (n, width, k) = (64, 0.2, 30.0);
        let (re, im) = packet(n, 0.5, 0.05, k);
        for i in [20, 32, 40] {
            let delta = i as f64 / n as f64 - 0.5;
            let height = libm::exp(-0.5 * delta * delta / 0.0025);
            assert!((re[i] - height * libm::cos(k * delta)).abs() < 1e-14);
            assert!((im[i] - height * libm::sin(k * delta)).abs() < 1e-14);
        }
        // Moved by a whole side it is the same packet.
        assert!(
            (packet(n, 0.3, width, k).0)
                .iter()
                .zip(&packet(n, 1.3, width, k).0)
                .all(|(a, b)| (a - b).abs() < 1e-12)
        );
        // Second differences across the seam are as small as those of a smooth function.
        let wide = packet(n, 0.1, width, 0.0).0;
        let bend = |i: usize| wide[(i + n - 1) % n] - 2.0 * wide[i % n] + wide[(i + 1) % n];
        let most = 1.0 / (width * width * (n * n) as f64);
        assert!(
            (0..n).all(|i| bend(i).abs() <= most),
            "{:?}",
            (0..n).map(bend).fold(0.0, f64::max)
        );
    }

    #[test]
    fn a_direction_never_rounds_to_nothing() {
        for i in 0..1000 {
            assert_ne!(wave_vector(1.0, TAU * f64::from(i) / 1000.0), (0, 0));
        }
    }
}
