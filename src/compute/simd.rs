//! Elementary functions and loops that the compiler turns into vector instructions.
//!
//! Loops over slices are compiled once for the baseline, for AVX2 and for AVX-512 by
//! [`vectorised!`], which picks at run time. Nothing here fuses a multiplication with an addition, so
//! all three give the same bits. The functions are polynomials without branches; each states its
//! error. They know nothing of fields or networks.

#![expect(clippy::inline_always, reason = "bodies must be compiled for each instruction set")]

/// Compiles a function for three instruction sets and calls the best one the processor has.
///
/// Only multiplications, additions, divisions and square roots of IEEE arithmetic may stand in the
/// body, no `mul_add`: then the results do not depend on the choice.
macro_rules! vectorised {
    ($(#[$meta:meta])* $vis:vis fn $name:ident $(<$($generic:ident: $bound:path),+>)?
        ($($arg:ident: $type:ty),* $(,)?) $body:block) => {
        $(#[$meta])*
        $vis fn $name $(<$($generic: $bound),+>)? ($($arg: $type),*) {
            #[inline(always)]
            fn body $(<$($generic: $bound),+>)? ($($arg: $type),*) $body

            #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
            fn wide $(<$($generic: $bound),+>)? ($($arg: $type),*) {
                body $(::<$($generic),+>)? ($($arg),*);
            }

            #[target_feature(enable = "avx2")]
            fn medium $(<$($generic: $bound),+>)? ($($arg: $type),*) {
                body $(::<$($generic),+>)? ($($arg),*);
            }

            use std::is_x86_feature_detected as has;
            if has!("avx512f") && has!("avx512bw") && has!("avx512dq") && has!("avx512vl") {
                #[expect(unsafe_code, reason = "the processor was asked for these instructions")]
                unsafe {
                    wide $(::<$($generic),+>)? ($($arg),*);
                }
            } else if has!("avx2") {
                #[expect(unsafe_code, reason = "the processor was asked for these instructions")]
                unsafe {
                    medium $(::<$($generic),+>)? ($($arg),*);
                }
            } else {
                body $(::<$($generic),+>)? ($($arg),*);
            }
        }
    };
}
pub(super) use vectorised;

/// `eˣ`, relative error 3e-7; 0 below −87 and at most e⁸⁸ above. NaN stays NaN.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    // Adding and subtracting 1.5·2²³ rounds to the nearest whole number.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let n = x * std::f32::consts::LOG2_E + ROUND;
    let power = f32::from_bits(n.to_bits().wrapping_add(127) << 23);
    let n = n - ROUND;
    // ln 2 in two parts, the first one exact in few bits.
    let r = x - n * 0.693_359_4 - n * -2.121_944_4e-4;
    let p = 1.0 / 720.0 + r * (1.0 / 5040.0);
    let p = 1.0 / 24.0 + r * (1.0 / 120.0 + r * p);
    (1.0 + r * (1.0 + r * (0.5 + r * (1.0 / 6.0 + r * p)))) * power
}

/// `ln x` for positive normal `x`, error 2e-7 relative or absolute, whichever is larger.
#[inline(always)]
pub(super) fn ln(x: f32) -> f32 {
    // x = m·2ᵉ with m in [1/√2, √2); ln m = 2 artanh((m − 1)/(m + 1)) by its series.
    let shifted = x.to_bits().wrapping_add(0x3f80_0000 - 0x3f35_04f3);
    let exponent = ((shifted >> 23) as i32 - 127) as f32;
    let m = f32::from_bits((shifted & 0x007f_ffff) + 0x3f35_04f3);
    let s = (m - 1.0) / (m + 1.0);
    let z = s * s;
    let p = z * (1.0 / 3.0 + z * (1.0 / 5.0 + z * (1.0 / 7.0 + z * (1.0 / 9.0))));
    exponent * 0.693_359_4 + (exponent * -2.121_944_4e-4 + 2.0 * (s + s * p))
}

/// `(sin 2πu, cos 2πu)` for `u` in `[0, 1]`, error 1e-7.
#[inline(always)]
pub(super) fn sin_cos_turns(u: f32) -> (f32, f32) {
    const ROUND: f32 = 12_582_912.0;
    // The nearest quarter turn, and what is left of the angle: at most π/4.
    let quarter = u * 4.0 + ROUND;
    let q = quarter.to_bits();
    let r = (u - (quarter - ROUND) * 0.25) * std::f32::consts::TAU;
    let z = r * r;
    let sin = r * (1.0 - z * (1.0 / 6.0 - z * (1.0 / 120.0 - z * (1.0 / 5040.0 - z / 362_880.0))));
    let cos = 1.0
        - z * (0.5
            - z * (1.0 / 24.0
                - z * (1.0 / 720.0 - z * (1.0 / 40_320.0 - z * (1.0 / 3_628_800.0)))));
    let (s, c) = if q & 1 == 0 { (sin, cos) } else { (cos, sin) };
    let sign = |v: f32, flip: u32| f32::from_bits(v.to_bits() ^ (flip << 31));
    (sign(s, q >> 1 & 1), sign(c, (q ^ q >> 1) & 1))
}

/// `erf x`, error 5e-7: a rational approximation, held at its value at 4 beyond 4. NaN stays NaN.
#[inline(always)]
pub(super) fn erf(x: f32) -> f32 {
    let x = x.clamp(-4.0, 4.0);
    let z = x * x;
    let mut p = -2.726_142_3e-10;
    for c in [
        2.770_681_4e-8,
        -2.101_024_e-6,
        -5.692_506_4e-5,
        -7.349_906_4e-4,
        -2.954_6e-3,
        -1.609_603_2e-2,
    ] {
        p = p * z + c;
    }
    let mut q = -1.456_607_2e-5;
    for c in [-2.133_740_6e-4, -1.682_827_e-3, -7.373_329e-3, -1.426_473_9e-2] {
        q = q * z + c;
    }
    x * p / q
}

/// `−ln erfc x` for `x ≥ 0`, absolute error 4e-7 (so a relative one of erfc) over the whole range (Press et al.,
/// Numerical Recipes, `erfcc`): accurate in the tail, where `1 − erf` is not.
#[inline(always)]
pub(super) fn neg_ln_erfc(x: f32) -> f32 {
    let t = 1.0 / (1.0 + 0.5 * x);
    let mut p = 0.170_872_77;
    for c in [
        -0.822_152_23,
        1.488_515_9,
        -1.135_204,
        0.278_868_07,
        -0.186_288_06,
        0.096_784_18,
        0.374_091_96,
        1.000_023_7,
        -1.265_512_2,
    ] {
        p = p * t + c;
    }
    x * x - p - ln(t)
}

/// `tanh x`, relative error 5e-7: a rational approximation, held at its value at 7.9 beyond. Relative,
/// because an operator that contracts takes its states towards 0. NaN stays NaN. The coefficients are
/// the minimax ones that Eigen's `ptanh` publishes.
#[inline(always)]
pub(super) fn tanh(x: f32) -> f32 {
    let x = x.clamp(-7.905_311, 7.905_311);
    let z = x * x;
    let mut p = -2.760_768_4e-16;
    for c in [
        2.000_188e-13,
        -8.604_672e-11,
        5.122_297_3e-8,
        1.485_722_35e-5,
        6.372_619_3e-4,
        4.893_524_6e-3,
    ] {
        p = p * z + c;
    }
    let mut q = 1.198_258_4e-6;
    for c in [1.185_347_1e-4, 2.268_434_7e-3, 4.893_525e-3] {
        q = q * z + c;
    }
    x * p / q
}

vectorised! {
    /// Applies one of the functions to a slice, for tests of their error.
    pub fn evaluate(function: Elementary, values: &mut [f32]) {
        match function {
            Elementary::Exp => values.iter_mut().for_each(|v| *v = exp(*v)),
            Elementary::Ln => values.iter_mut().for_each(|v| *v = ln(*v)),
            Elementary::Sin => values.iter_mut().for_each(|v| *v = sin_cos_turns(*v).0),
            Elementary::Cos => values.iter_mut().for_each(|v| *v = sin_cos_turns(*v).1),
            Elementary::Erf => values.iter_mut().for_each(|v| *v = erf(*v)),
            Elementary::NegLnErfc => values.iter_mut().for_each(|v| *v = neg_ln_erfc(*v)),
            Elementary::Tanh => values.iter_mut().for_each(|v| *v = tanh(*v)),
        }
    }
}

/// The elementary functions of this module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Elementary {
    /// `eˣ`.
    Exp,
    /// `ln x`.
    Ln,
    /// `sin 2πx`.
    Sin,
    /// `cos 2πx`.
    Cos,
    /// The error function.
    Erf,
    /// `−ln erfc x`.
    NegLnErfc,
    /// The hyperbolic tangent.
    Tanh,
}

/// `ln x` in 64 bits for positive normal `x`, error 1e-13; for the portable draws.
#[inline(always)]
pub(super) fn ln64(x: f64) -> f64 {
    const LOW: u64 = 0x3fe6_a09e_667f_3bcd; // 1/√2
    let shifted = x.to_bits().wrapping_add(0x3ff0_0000_0000_0000 - LOW);
    let exponent = f64::from((shifted >> 52) as u32) - 1023.0;
    let m = f64::from_bits((shifted & 0x000f_ffff_ffff_ffff) + LOW);
    let s = (m - 1.0) / (m + 1.0);
    let z = s * s;
    let mut p = 1.0 / 17.0;
    for n in [15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0] {
        p = p * z + 1.0 / n;
    }
    exponent * std::f64::consts::LN_2 + 2.0 * (s + s * (p * z))
}

/// `(sin 2πu, cos 2πu)` in 64 bits for `u` in `[0, 1]`, error 1e-13; for the portable draws.
#[inline(always)]
pub(super) fn sin_cos_turns64(u: f64) -> (f64, f64) {
    const ROUND: f64 = 6_755_399_441_055_744.0; // 1.5·2⁵²
    let quarter = u * 4.0 + ROUND;
    let q = quarter.to_bits();
    let r = (u - (quarter - ROUND) * 0.25) * std::f64::consts::TAU;
    let z = r * r;
    // Horner's form of the two Taylor series: each step divides by the next two factors.
    let (mut sin, mut cos) = (1.0, 1.0);
    for n in [14.0, 12.0, 10.0, 8.0, 6.0, 4.0, 2.0] {
        sin = 1.0 - sin * z * (1.0 / (n * (n + 1.0)));
        cos = 1.0 - cos * z * (1.0 / (n * (n - 1.0)));
    }
    sin *= r;
    let (s, c) = if q & 1 == 0 { (sin, cos) } else { (cos, sin) };
    let sign = |v: f64, flip: u64| f64::from_bits(v.to_bits() ^ (flip << 63));
    (sign(s, q >> 1 & 1), sign(c, (q ^ q >> 1) & 1))
}
