//! One tile of a field to its spectrum and back, a register of channels at a time.
//!
//! The two-dimensional transform of a real tile of side t has 4 real frequencies and
//! (t/2 − 1)(t + 2) complex ones, conjugates left out. What a product of spectra needs of them lies in
//! *slots*, `slots(t) = 3(t/2 − 1)(t + 2) + 4` real numbers: a real frequency as it is, a complex one
//! a + bi as a + b, a, b. Then the product with c + di takes three real multiplications instead of
//! four (Gauss): with `p = c(a + b)`, `q = (d − c)a`, `r = (c + d)b` it is `(p − r) + (p + q)i`.

#![expect(unsafe_code, reason = "registers are loaded from and stored to unchecked places")]
#![expect(clippy::inline_always, reason = "bodies must be compiled for each instruction set")]

use std::ops::Range;

use super::dft::{Complex, complex8, complex16, inverse_real8, inverse_real16, real8, real16};
use super::lanes::Lanes;

/// Slots of a tile of side `side`.
pub const fn slots(side: usize) -> usize {
    3 * (side / 2 - 1) * (side + 2) + 4
}

/// What a slot holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// A real frequency.
    Real,
    /// Of a complex frequency: the sum of both parts.
    Sum,
    /// The real part.
    Re,
    /// The imaginary part.
    Im,
}

/// What slot `index` of a tile of side `side` holds.
pub fn slot(side: usize, index: usize) -> Slot {
    // Two columns of real transforms come first, each with two real frequencies at its head.
    let column = 2 + 3 * (side / 2 - 1);
    let place = if index < 2 * column { index % column } else { index - 2 * column + 2 };
    match place {
        0 | 1 => Slot::Real,
        place => [Slot::Sum, Slot::Re, Slot::Im][(place - 2) % 3],
    }
}

/// Where a register's worth of channels of each pixel lies.
#[derive(Clone, Copy)]
pub struct Pixels {
    /// The tile's first pixel.
    pub first: *const f32,
    /// From a pixel to the one below it.
    pub down: usize,
    /// From a pixel to the next one.
    pub right: usize,
}

/// Where a register's worth of channels of each slot lies.
#[derive(Clone, Copy)]
pub struct Slots {
    /// The first slot.
    pub first: *mut f32,
    /// From a slot to the next one.
    pub stride: usize,
}

impl Slots {
    #[inline(always)]
    unsafe fn put<V: Lanes>(self, index: usize, value: V) {
        // SAFETY: the caller of the transform says that every slot can be written.
        unsafe { value.store(self.first.add(index * self.stride)) }
    }

    #[inline(always)]
    unsafe fn put_complex<V: Lanes>(self, index: usize, value: Complex<V>) {
        // SAFETY: as above.
        unsafe {
            self.put(index, value.re + value.im);
            self.put(index + 1, value.re);
            self.put(index + 2, value.im);
        }
    }

    #[inline(always)]
    unsafe fn get<V: Lanes>(self, index: usize) -> V {
        // SAFETY: the caller of the transform says that every slot can be read.
        unsafe { V::load(self.first.add(index * self.stride)) }
    }

    /// A complex frequency from its three products.
    #[inline(always)]
    unsafe fn get_product<V: Lanes>(self, index: usize) -> Complex<V> {
        // SAFETY: as above.
        let (p, q, r): (V, V, V) =
            unsafe { (self.get(index), self.get(index + 1), self.get(index + 2)) };
        Complex { re: p - r, im: p + q }
    }
}

macro_rules! transforms {
    ($side:literal, $forward:ident, $inverse:ident,
     $real:ident, $inverse_real:ident, $complex:ident) => {
        /// The slots of a tile whose rows `zero` are zero: they are not read.
        ///
        /// # Safety
        /// The processor has the instructions of `V`; `V::COUNT` values can be read at every pixel of the
        /// tile and written at every slot.
        #[inline(always)]
        pub unsafe fn $forward<V: Lanes>(pixels: Pixels, zero: Range<usize>, out: Slots) {
            const SIDE: usize = $side;
            const INNER: usize = SIDE / 2 - 1;
            // SAFETY: the caller's promise covers every place below.
            unsafe {
                let none = V::splat(0.0);
                let mut ends = [[none; SIDE]; 2];
                let mut inner = [[Complex { re: none, im: none }; SIDE]; INNER];
                for y in (0..zero.start).chain(zero.end..SIDE) {
                    let mut row = [none; SIDE];
                    for (x, value) in row.iter_mut().enumerate() {
                        *value = V::load(pixels.first.add(y * pixels.down + x * pixels.right));
                    }
                    let (real, complex) = $real(row);
                    for (column, value) in ends.iter_mut().zip(real) {
                        column[y] = value;
                    }
                    for (column, value) in inner.iter_mut().zip(complex) {
                        column[y] = value;
                    }
                }
                let mut index = 0;
                for column in ends {
                    let (real, complex) = $real(column);
                    out.put(index, real[0]);
                    out.put(index + 1, real[1]);
                    index += 2;
                    for value in complex {
                        out.put_complex(index, value);
                        index += 3;
                    }
                }
                for column in inner {
                    for value in $complex(column) {
                        out.put_complex(index, value);
                        index += 3;
                    }
                }
            }
        }

        /// Pixels of the tile whose products lie in slots, times the square of its side: `write` gets
        /// the place (row, column) and value of each in the first `kept` rows and columns.
        ///
        /// # Safety
        /// The processor has the instructions of `V`; `V::COUNT` values can be read at every slot.
        #[inline(always)]
        pub unsafe fn $inverse<V: Lanes>(
            products: Slots,
            kept: usize,
            mut write: impl FnMut(usize, usize, V),
        ) {
            const SIDE: usize = $side;
            const INNER: usize = SIDE / 2 - 1;
            // SAFETY: the caller's promise covers every place below.
            unsafe {
                let zero = V::splat(0.0);
                let mut ends = [[zero; SIDE]; 2];
                let mut inner = [[Complex { re: zero, im: zero }; SIDE]; INNER];
                let mut index = 0;
                for column in &mut ends {
                    let real = [products.get(index), products.get(index + 1)];
                    index += 2;
                    let mut complex = [Complex { re: zero, im: zero }; INNER];
                    for value in &mut complex {
                        *value = products.get_product(index);
                        index += 3;
                    }
                    *column = $inverse_real(real, complex);
                }
                for column in &mut inner {
                    let mut values = [Complex { re: zero, im: zero }; SIDE];
                    for value in &mut values {
                        *value = products.get_product(index).conj();
                        index += 3;
                    }
                    *column = $complex(values);
                }
                for y in 0..kept {
                    let mut complex = [Complex { re: zero, im: zero }; INNER];
                    for (value, column) in complex.iter_mut().zip(&inner) {
                        *value = column[y].conj();
                    }
                    let row = $inverse_real([ends[0][y], ends[1][y]], complex);
                    for (x, value) in row.into_iter().take(kept).enumerate() {
                        write(y, x, value);
                    }
                }
            }
        }
    };
}

transforms!(8, forward8, inverse8, real8, inverse_real8, complex8);
transforms!(16, forward16, inverse16, real16, inverse_real16, complex16);
