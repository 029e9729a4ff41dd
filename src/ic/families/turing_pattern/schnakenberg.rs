//! The Schnakenberg model: `∂u = a − u + u² v + ∇²u`, `∂v = b − u² v + d ∇²v`, a = 0.1, b = 0.9, d = 10
//! (Schnakenberg 1979, J. Theor. Biol. 81:389; Murray 2003, Mathematical Biology II, chapter 2).
//!
//! An activator u makes more of itself out of v, which diffuses faster. The uniform state u = a + b = 1,
//! v = b/(a + b)² = 0.9 is stable without diffusion and turns into spots and stripes, domains of which
//! coexist, beyond d = 8.57 (Turing's instability). With the slopes there, waves of square wave number q
//! grow by the greater eigenvalue of `[0.8 − q, 1; −1.8, −1 − d q]`; the fastest, at q = 0.31854, by 0.057
//! in a unit of time. `wavelength` is theirs. u is high where v is low.
//!
//! Start: the uniform state, with Gaussian noise in u in the modes below two waves per λ. After a
//! time of 225 the pattern is saturated.
//!
//! Integration: ETD2 with Δt = 0.5 and 6 points a wavelength; a decay of v by 1, the mean of u, goes to
//! the linear part. A stationary state of the steps is one of the equation,
//! whatever Δt is.

use crate::ic::common::SITE_FIELDS;
use crate::ic::etd::Etd2;
use crate::ic::fft::Fft;
use crate::ic::spectrum::Spectrum;
use crate::rng::Stream;

/// The name of the variant.
pub const NAME: &str = "schnakenberg";

const A: f64 = 0.1;
const B: f64 = 0.9;
const D: f64 = 10.0;
/// Square of the wave number that grows fastest.
const FASTEST: f64 = 0.31854;
/// A decay of v that goes to the linear part.
const SHIFT: f64 = 1.0;
const DT: f64 = 0.5;
const STEPS: usize = 450;
const POINTS: f64 = 6.0;

/// u and v of `count` patterns, `[count, 2, n, n]`, and n.
pub fn patterns(noise: f64, wavelength: f64, stream: Stream, count: usize) -> (Vec<f64>, usize) {
    let n = side(wavelength);
    let (area, reach) = (n * n, 2.0 / wavelength);
    let starts = Spectrum::new(n, |m2| f64::from(m2 < reach * reach));
    let starts = starts.fields(stream, SITE_FIELDS, count);
    let mut out = Vec::with_capacity(2 * starts.len());
    for pair in starts.chunks(2 * area) {
        let mut re: Vec<f64> = pair.iter().map(|g| 1.0 + noise * g).collect();
        // The partner of an odd last one is the uniform state.
        re.resize(2 * area, A + B);
        let im = re.split_off(area);
        let (u, v) = run((re, im), n, wavelength);
        out.extend(u.0);
        out.extend(v.0);
        if pair.len() > area {
            out.extend(u.1);
            out.extend(v.1);
        }
    }
    (out, n)
}

/// The least 2ᵏ or 3 · 2ᵏ with enough points per wavelength.
fn side(wavelength: f64) -> usize {
    let least = libm::ceil(POINTS / wavelength) as usize;
    let power = least.next_power_of_two().max(16);
    if power / 4 * 3 >= least { power / 4 * 3 } else { power }
}

/// Two fields, which travel as the parts of one complex field.
type Pair = (Vec<f64>, Vec<f64>);

/// From u at the start to u and v at the end.
fn run(mut u: Pair, n: usize, wavelength: f64) -> (Pair, Pair) {
    let fft = Fft::new(n);
    let factor = 1.0 / (n * n) as f64;
    // The square of a wave number in units of the equation, by |m|².
    let unit = FASTEST * wavelength * wavelength;
    let mut steps_u = Etd2::new(n, DT, |m2| (-1.0 - unit * m2, 0.0));
    let mut steps_v = Etd2::new(n, DT, |m2| (-SHIFT - D * unit * m2, 0.0));
    let uniform = B / ((A + B) * (A + B));
    let mut v: Pair = (vec![uniform; n * n], vec![uniform; n * n]);
    let coefficients = |(re, im): &Pair| {
        let (mut re, mut im) = (re.clone(), im.clone());
        fft.forward(&mut re, &mut im);
        re.iter_mut().chain(&mut im).for_each(|x| *x *= factor);
        (re, im)
    };
    let (mut waves_u, mut waves_v) = (coefficients(&u), coefficients(&v));
    for _ in 0..STEPS {
        for (u, v) in u.0.iter_mut().zip(&mut v.0).chain(u.1.iter_mut().zip(&mut v.1)) {
            let made = *u * *u * *v;
            (*u, *v) = (factor * (A + made), factor * (B + SHIFT * *v - made));
        }
        for (field, waves, stepper) in
            [(&mut u, &mut waves_u, &mut steps_u), (&mut v, &mut waves_v, &mut steps_v)]
        {
            fft.forward(&mut field.0, &mut field.1);
            stepper.step(&mut waves.0, &mut waves.1, &mut field.0, &mut field.1);
            field.0.copy_from_slice(&waves.0);
            field.1.copy_from_slice(&waves.1);
            fft.inverse(&mut field.0, &mut field.1);
        }
    }
    (u, v)
}
