//! Discrete Fourier transforms of 8 and 16 points, written out, on registers whose lanes are channels.
//!
//! `X[k] = Σ_j x[j]·e^{−2πi jk/n}`. A real transform of n points gives the real X[0] and X[n/2] and the
//! complex X[1] … X[n/2 − 1]; its inverse is not normalised, it gives n times the input. Real
//! transforms go through a complex one of half the length (Cooley and Tukey 1965; Sorensen et
//! al. 1987).

#![expect(clippy::inline_always, reason = "bodies must be compiled for each instruction set")]

use std::f32::consts::FRAC_1_SQRT_2;
use std::ops::{Add, Sub};

use super::lanes::Lanes;

/// A complex number in each lane.
#[derive(Clone, Copy)]
pub struct Complex<V> {
    /// Real parts.
    pub re: V,
    /// Imaginary parts.
    pub im: V,
}

impl<V: Lanes> Add for Complex<V> {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self { re: self.re + other.re, im: self.im + other.im }
    }
}

impl<V: Lanes> Sub for Complex<V> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self { re: self.re - other.re, im: self.im - other.im }
    }
}

impl<V: Lanes> Complex<V> {
    /// The complex conjugate.
    #[inline(always)]
    pub fn conj(self) -> Self {
        Self { re: self.re, im: -self.im }
    }

    /// Times −i.
    #[inline(always)]
    fn over_i(self) -> Self {
        Self { re: self.im, im: -self.re }
    }

    /// Times `cos − i·sin` of an angle given as that pair.
    #[inline(always)]
    fn turn(self, (cos, sin): (f32, f32)) -> Self {
        Self {
            re: self.re.scale(cos) + self.im.scale(sin),
            im: self.im.scale(cos) - self.re.scale(sin),
        }
    }

    /// Times `e^{−iπ/4}`.
    #[inline(always)]
    fn eighth_turn(self) -> Self {
        Self {
            re: (self.re + self.im).scale(FRAC_1_SQRT_2),
            im: (self.im - self.re).scale(FRAC_1_SQRT_2),
        }
    }

    #[inline(always)]
    fn half(self) -> Self {
        Self { re: self.re.scale(0.5), im: self.im.scale(0.5) }
    }

    #[inline(always)]
    fn double(self) -> Self {
        self + self
    }
}

#[inline(always)]
fn pair<V>(re: V, im: V) -> Complex<V> {
    Complex { re, im }
}

/// `(cos, sin)` of π/8.
const SIXTEENTH: (f32, f32) = (0.923_879_5, 0.382_683_43);

#[inline(always)]
fn complex4<V: Lanes>(x: [Complex<V>; 4]) -> [Complex<V>; 4] {
    let (a, b) = (x[0] + x[2], x[0] - x[2]);
    let (c, d) = (x[1] + x[3], (x[1] - x[3]).over_i());
    [a + c, b + d, a - c, b - d]
}

/// A complex transform of 8 points.
#[inline(always)]
pub fn complex8<V: Lanes>(x: [Complex<V>; 8]) -> [Complex<V>; 8] {
    let even = complex4([x[0], x[2], x[4], x[6]]);
    let odd = complex4([x[1], x[3], x[5], x[7]]);
    let odd = [odd[0], odd[1].eighth_turn(), odd[2].over_i(), odd[3].eighth_turn().over_i()];
    let mut out = x;
    for k in 0..4 {
        (out[k], out[k + 4]) = (even[k] + odd[k], even[k] - odd[k]);
    }
    out
}

/// A complex transform of 16 points.
#[inline(always)]
pub fn complex16<V: Lanes>(x: [Complex<V>; 16]) -> [Complex<V>; 16] {
    let even = complex8([x[0], x[2], x[4], x[6], x[8], x[10], x[12], x[14]]);
    let odd = complex8([x[1], x[3], x[5], x[7], x[9], x[11], x[13], x[15]]);
    let (cos, sin) = SIXTEENTH;
    let odd = [
        odd[0],
        odd[1].turn((cos, sin)),
        odd[2].eighth_turn(),
        odd[3].turn((sin, cos)),
        odd[4].over_i(),
        odd[5].turn((-sin, cos)),
        odd[6].eighth_turn().over_i(),
        odd[7].turn((-cos, sin)),
    ];
    let mut out = x;
    for k in 0..8 {
        (out[k], out[k + 8]) = (even[k] + odd[k], even[k] - odd[k]);
    }
    out
}

/// Of the half-length transform `z` at `k` and `n/2 − k`: the real transform at the same places.
/// `turned` is `e^{−2πik/n}·(z[k] − z̄[n/2 − k])`.
#[inline(always)]
fn split<V: Lanes>(sum: Complex<V>, turned: Complex<V>) -> (Complex<V>, Complex<V>) {
    let turned = turned.over_i();
    ((sum + turned).half(), (sum - turned).conj().half())
}

/// The way back of [`split`], conjugated and doubled: what the half-length transform takes at `k` and
/// `n/2 − k`. `turned` is `e^{−2πik/n}·(X̄[k] − X[n/2 − k])`.
#[inline(always)]
fn join<V: Lanes>(sum: Complex<V>, turned: Complex<V>) -> (Complex<V>, Complex<V>) {
    let turned = turned.over_i();
    (sum + turned, (sum - turned).conj())
}

/// A real transform of 8 points: X[0] and X[4], then X[1] to X[3].
#[inline(always)]
pub fn real8<V: Lanes>(x: [V; 8]) -> ([V; 2], [Complex<V>; 3]) {
    let z = complex4([pair(x[0], x[1]), pair(x[2], x[3]), pair(x[4], x[5]), pair(x[6], x[7])]);
    let (one, three) = split(z[1] + z[3].conj(), (z[1] - z[3].conj()).eighth_turn());
    ([z[0].re + z[0].im, z[0].re - z[0].im], [one, z[2].conj(), three])
}

/// The inverse of [`real8`] times 8.
#[inline(always)]
pub fn inverse_real8<V: Lanes>(ends: [V; 2], inner: [Complex<V>; 3]) -> [V; 8] {
    // Conjugated throughout, so that the forward transform does the inverse.
    let (a, b) = (inner[0].conj(), inner[2]);
    let (one, three) = join(a + b, (a - b).eighth_turn());
    let zero = pair(ends[0] + ends[1], ends[1] - ends[0]);
    let z = complex4([zero, one, inner[1].double(), three]);
    let mut out = [ends[0]; 8];
    for (out, z) in out.chunks_exact_mut(2).zip(z) {
        (out[0], out[1]) = (z.re, -z.im);
    }
    out
}

/// A real transform of 16 points: X[0] and X[8], then X[1] to X[7].
#[inline(always)]
pub fn real16<V: Lanes>(x: [V; 16]) -> ([V; 2], [Complex<V>; 7]) {
    let z = complex8([
        pair(x[0], x[1]),
        pair(x[2], x[3]),
        pair(x[4], x[5]),
        pair(x[6], x[7]),
        pair(x[8], x[9]),
        pair(x[10], x[11]),
        pair(x[12], x[13]),
        pair(x[14], x[15]),
    ]);
    let (cos, sin) = SIXTEENTH;
    let (one, seven) = split(z[1] + z[7].conj(), (z[1] - z[7].conj()).turn((cos, sin)));
    let (two, six) = split(z[2] + z[6].conj(), (z[2] - z[6].conj()).eighth_turn());
    let (three, five) = split(z[3] + z[5].conj(), (z[3] - z[5].conj()).turn((sin, cos)));
    let inner = [one, two, three, z[4].conj(), five, six, seven];
    ([z[0].re + z[0].im, z[0].re - z[0].im], inner)
}

/// The inverse of [`real16`] times 16.
#[inline(always)]
pub fn inverse_real16<V: Lanes>(ends: [V; 2], inner: [Complex<V>; 7]) -> [V; 16] {
    let (cos, sin) = SIXTEENTH;
    let a = [inner[0].conj(), inner[1].conj(), inner[2].conj()];
    let b = [inner[6], inner[5], inner[4]];
    let (one, seven) = join(a[0] + b[0], (a[0] - b[0]).turn((cos, sin)));
    let (two, six) = join(a[1] + b[1], (a[1] - b[1]).eighth_turn());
    let (three, five) = join(a[2] + b[2], (a[2] - b[2]).turn((sin, cos)));
    let zero = pair(ends[0] + ends[1], ends[1] - ends[0]);
    let z = complex8([zero, one, two, three, inner[3].double(), five, six, seven]);
    let mut out = [ends[0]; 16];
    for (out, z) in out.chunks_exact_mut(2).zip(z) {
        (out[0], out[1]) = (z.re, -z.im);
    }
    out
}
