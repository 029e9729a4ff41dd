//! Starts of the oscillating medium: vortices, uniform oscillation, noise. All periodic.

use std::f64::consts::{PI, TAU};

use crate::ic::geometry::nearest_image;
use crate::ic::spectrum::{Spectrum, gaussian};
use crate::rng::{Draws, Stream};

/// A place on the torus, in sides.
pub type Place = (f64, f64);

/// `count` places no nearer to each other than `0.6/√count`: disks about them that do not overlap cover
/// 0.28 of the torus, half of what random placement reaches before it jams, so few are drawn in vain.
pub fn places(count: usize, draws: &mut Draws) -> Vec<Place> {
    let least = 0.36 / count as f64;
    let mut out: Vec<Place> = Vec::with_capacity(count);
    while out.len() < count {
        let (x, y) = (draws.uniform(), draws.uniform());
        let far = out.iter().all(|other| {
            let (dx, dy) = (nearest_image(x - other.0, 1), nearest_image(y - other.1, 1));
            dx * dx + dy * dy >= least
        });
        if far {
            out.push((x, y));
        }
    }
    out
}

/// Vortices of charge +1 at the even places and −1 at the odd ones, as real and imaginary part,
/// `[n, n]`; `core` is their radius in sides, `phase` turns the whole.
///
/// The phase is that of `Π θ₁(π(z − z₊)) / Π θ₁(π(z − z₋))`, `z = x + iy`, θ₁ the Jacobi function of
/// nome e^−π, which has a simple zero in each cell. With `D = Σ(z₊ − z₋)` the quotient has period 1 in
/// x and gains `exp(2πi Re D)` in y, which a uniform gradient takes back, and turns Im D times along x
/// in the mean, of which whole turns are taken back: waves shorter than the medium bears would break.
/// The modulus is `Π δ/√(δ² + core²)`.
pub fn vortices(n: usize, places: &[Place], core: f64, phase: f64) -> (Vec<f64>, Vec<f64>) {
    let sum = |of: fn(&Place) -> f64| -> f64 {
        places.chunks(2).map(|pair| of(&pair[0]) - of(&pair[1])).sum()
    };
    let down = nearest_image(sum(|place| place.0), 1);
    let across = libm::round(sum(|place| place.1));
    let (mut re, mut im) = (Vec::with_capacity(n * n), Vec::with_capacity(n * n));
    for y in 0..n {
        for x in 0..n {
            let turns = (down * y as f64 + across * x as f64) / n as f64;
            let (sin, cos) = libm::sincos(phase - TAU * turns);
            re.push(cos);
            im.push(sin);
        }
    }
    for (j, place) in places.iter().enumerate() {
        let sign = if j % 2 == 0 { 1.0 } else { -1.0 };
        let (across, down) = (axis(n, place.0, false), axis(n, place.1, true));
        let (x2, y2) = (squares(n, place.0), squares(n, place.1));
        for y in 0..n {
            for x in 0..n {
                let (mut a, mut b) = (0.0, 0.0);
                for ((sin, cos), (sinh, cosh)) in across[x].iter().zip(&down[y]) {
                    a += sin * cosh;
                    b += cos * sinh;
                }
                let size = (a * a + b * b).sqrt();
                let square = x2[x] + y2[y];
                // At the vortex itself both are 0.
                let factor = (square / (square + core * core)).sqrt() / size.max(1e-300);
                (a, b) = (factor * a, sign * factor * b);
                let at = y * n + x;
                (re[at], im[at]) = (re[at] * a - im[at] * b, re[at] * b + im[at] * a);
            }
        }
    }
    (re, im)
}

/// Terms of θ₁ that a coordinate gives: the fifth is below 10⁻¹³ of the sum wherever it is taken.
const TERMS: usize = 5;

/// `sin` and `cos` of `(2k + 1) π x`, or `sinh` and `cosh` with the weight `(−1)ᵏ q^(k + ½)²`, for
/// every pixel of one axis.
fn axis(n: usize, center: f64, imaginary: bool) -> Vec<[(f64, f64); TERMS]> {
    let terms = |delta: f64| {
        std::array::from_fn(|k| {
            let odd = (2 * k + 1) as f64;
            if !imaginary {
                return libm::sincos(odd * PI * delta);
            }
            let sign = if k % 2 == 0 { 1.0 } else { -1.0 };
            let weight = sign * libm::exp(-0.25 * PI * odd * odd);
            (weight * libm::sinh(odd * PI * delta), weight * libm::cosh(odd * PI * delta))
        })
    };
    (0..n).map(|i| terms(i as f64 / n as f64 - center)).collect()
}

/// Squared distance to the nearest image, in sides, for every pixel of one axis.
fn squares(n: usize, center: f64) -> Vec<f64> {
    let near = |i: usize| nearest_image(i as f64 / n as f64 - center, 1);
    (0..n).map(|i| near(i) * near(i)).collect()
}

/// Targets `exp(iφ)`, `φ = phase + maxⱼ (offsetⱼ − 2πδⱼ/wavelength)`, as real and imaginary part,
/// `[n, n]`: waves about each place, that of the nearest in phase where they meet. Wavelength in sides.
pub fn targets(
    n: usize,
    places: &[Place],
    offsets: &[f64],
    wavelength: f64,
    phase: f64,
) -> (Vec<f64>, Vec<f64>) {
    let mut front = vec![f64::NEG_INFINITY; n * n];
    for (place, offset) in places.iter().zip(offsets) {
        let (across, down) = (squares(n, place.0), squares(n, place.1));
        for (at, value) in front.iter_mut().enumerate() {
            let distance = (across[at % n] + down[at / n]).sqrt();
            *value = value.max(offset - TAU * distance / wavelength);
        }
    }
    let (im, re) = front.iter().map(|value| libm::sincos(phase + value)).unzip();
    (re, im)
}

/// `g/√(1 + |g|²)` with complex Gaussian g of mean square 2 and covariance length `length` sides:
/// vortices at random, and no modulus above 1, from which the equation would return too fast.
pub fn noise(n: usize, length: f64, stream: Stream, site: u32) -> (Vec<f64>, Vec<f64>) {
    let mut re = Spectrum::new(n, gaussian(length)).fields(stream, site, 2);
    let mut im = re.split_off(n * n);
    for (a, b) in re.iter_mut().zip(&mut im) {
        let size = (1.0 + *a * *a + *b * *b).sqrt();
        (*a, *b) = (*a / size, *b / size);
    }
    (re, im)
}
