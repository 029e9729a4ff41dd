//! Vectors of float32 in the registers of three instruction sets.
//!
//! Unlike [`super::super::simd`], arithmetic here may fuse a multiplication with an addition, so the
//! last bits depend on the instruction set, which is part of the numerics profile.

#![expect(unsafe_code, reason = "intrinsics: the only way to name vector registers")]

use std::arch::x86_64::{
    __m128, __m256, __m512, _mm_add_ps, _mm_loadu_ps, _mm_mul_ps, _mm_set1_ps, _mm_storeu_ps,
    _mm_sub_ps, _mm256_add_ps, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_mul_ps, _mm256_set1_ps,
    _mm256_storeu_ps, _mm256_sub_ps, _mm512_add_ps, _mm512_fmadd_ps, _mm512_loadu_ps,
    _mm512_mul_ps, _mm512_set1_ps, _mm512_storeu_ps, _mm512_sub_ps,
};
use std::ops::{Add, Neg, Sub};

/// One register of float32 lanes.
///
/// A value is made by the unsafe functions only; having one is the proof that the processor has its
/// instructions, so that arithmetic on values is safe.
pub trait Lanes: Copy + Add<Output = Self> + Sub<Output = Self> + Neg<Output = Self> {
    /// Lanes of a register.
    const COUNT: usize;
    /// Registers that the processor has.
    const REGISTERS: usize;

    /// All lanes `x`.
    ///
    /// # Safety
    /// The processor has these instructions.
    unsafe fn splat(x: f32) -> Self;

    /// The lanes at `from`.
    ///
    /// # Safety
    /// The processor has these instructions; `COUNT` values can be read at `from`.
    unsafe fn load(from: *const f32) -> Self;

    /// Writes the lanes to `to`.
    ///
    /// # Safety
    /// `COUNT` values can be written at `to`.
    unsafe fn store(self, to: *mut f32);

    /// Every lane times `factor`.
    fn scale(self, factor: f32) -> Self;

    /// `self + a·b`, rounded once where the processor can.
    fn add_product(self, a: Self, b: Self) -> Self;
}

macro_rules! lanes {
    ($(#[$meta:meta])* $name:ident = [f32; $count:literal] in $register:ident of $registers:literal:
     $splat:ident $load:ident $store:ident $add:ident $sub:ident $mul:ident,
     |$c:ident, $a:ident, $b:ident| $fma:expr) => {
        $(#[$meta])*
        #[derive(Clone, Copy)]
        pub struct $name($register);

        impl Lanes for $name {
            const COUNT: usize = $count;
            const REGISTERS: usize = $registers;

            #[inline(always)]
            unsafe fn splat(x: f32) -> Self {
                // SAFETY: the caller's promise.
                Self(unsafe { $splat(x) })
            }

            #[inline(always)]
            unsafe fn load(from: *const f32) -> Self {
                // SAFETY: the caller's promise; the load needs no alignment.
                Self(unsafe { $load(from) })
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut f32) {
                // SAFETY: the caller's promise; the store needs no alignment.
                unsafe { $store(to, self.0) }
            }

            #[inline(always)]
            fn scale(self, factor: f32) -> Self {
                // SAFETY: a value exists, so the processor has the instructions.
                Self(unsafe { $mul(self.0, $splat(factor)) })
            }

            #[inline(always)]
            fn add_product(self, $a: Self, $b: Self) -> Self {
                let $c = self;
                // SAFETY: a value exists, so the processor has the instructions.
                Self(unsafe { $fma })
            }
        }

        impl Add for $name {
            type Output = Self;
            #[inline(always)]
            fn add(self, other: Self) -> Self {
                // SAFETY: a value exists, so the processor has the instructions.
                Self(unsafe { $add(self.0, other.0) })
            }
        }

        impl Sub for $name {
            type Output = Self;
            #[inline(always)]
            fn sub(self, other: Self) -> Self {
                // SAFETY: a value exists, so the processor has the instructions.
                Self(unsafe { $sub(self.0, other.0) })
            }
        }

        impl Neg for $name {
            type Output = Self;
            #[inline(always)]
            fn neg(self) -> Self {
                // SAFETY: a value exists, so the processor has the instructions.
                Self(unsafe { $sub($splat(0.0), self.0) })
            }
        }
    };
}

lanes! {
    /// AVX-512.
    F32x16 = [f32; 16] in __m512 of 32:
    _mm512_set1_ps _mm512_loadu_ps _mm512_storeu_ps _mm512_add_ps _mm512_sub_ps _mm512_mul_ps,
    |c, a, b| _mm512_fmadd_ps(a.0, b.0, c.0)
}

lanes! {
    /// AVX2 with FMA.
    F32x8 = [f32; 8] in __m256 of 16:
    _mm256_set1_ps _mm256_loadu_ps _mm256_storeu_ps _mm256_add_ps _mm256_sub_ps _mm256_mul_ps,
    |c, a, b| _mm256_fmadd_ps(a.0, b.0, c.0)
}

lanes! {
    /// What every x86-64 processor has.
    F32x4 = [f32; 4] in __m128 of 16:
    _mm_set1_ps _mm_loadu_ps _mm_storeu_ps _mm_add_ps _mm_sub_ps _mm_mul_ps,
    |c, a, b| _mm_add_ps(c.0, _mm_mul_ps(a.0, b.0))
}

/// Compiles a function over [`Lanes`] for each instruction set; the new function takes the same
/// arguments and calls the one for the widest registers that the processor has.
macro_rules! for_widest_lanes {
    ($(#[$meta:meta])* $vis:vis fn $name:ident($($arg:ident: $type:ty),* $(,)?) = $generic:ident) => {
        $(#[$meta])*
        #[expect(unsafe_code, reason = "the processor is asked for the instructions it calls")]
        $vis fn $name($($arg: $type),*) {
            use $crate::compute::spectral::lanes::{F32x4, F32x8, F32x16};

            #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,fma")]
            fn wide($($arg: $type),*) {
                // SAFETY: this function runs only on processors that have the instructions.
                unsafe { $generic::<F32x16>($($arg),*) }
            }

            #[target_feature(enable = "avx2,fma")]
            fn medium($($arg: $type),*) {
                // SAFETY: this function runs only on processors that have the instructions.
                unsafe { $generic::<F32x8>($($arg),*) }
            }

            use std::is_x86_feature_detected as has;
            if has!("avx512f")
                && has!("avx512bw")
                && has!("avx512dq")
                && has!("avx512vl")
                && has!("fma")
            {
                // SAFETY: the processor was asked.
                unsafe { wide($($arg),*) }
            } else if has!("avx2") && has!("fma") {
                // SAFETY: the processor was asked.
                unsafe { medium($($arg),*) }
            } else {
                // SAFETY: every x86-64 processor has SSE2.
                unsafe { $generic::<F32x4>($($arg),*) }
            }
        }
    };
}
pub(super) use for_widest_lanes;
