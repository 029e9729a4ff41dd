//! Small matrix products whose rows do not know of each other.
//!
//! `C[rows][width] = A[rows][depth]·B[depth][width]`, with B packed in panels of a few registers. An
//! element is summed in the order of `depth` whatever the number of rows, so a row has the same bits
//! alone and among others; no library promises that.

#![expect(unsafe_code, reason = "registers are loaded from and stored to unchecked places")]
#![expect(clippy::inline_always, reason = "bodies must be compiled for each instruction set")]

use super::lanes::Lanes;

/// Registers of a full panel: with as many rows as [`panel`] takes at a time, accumulators fill the
/// register file.
pub const fn panel_registers<V: Lanes>() -> usize {
    if V::REGISTERS == 32 { 4 } else { 2 }
}

/// Rows of A and C.
#[derive(Clone, Copy)]
pub struct Rows {
    /// How many.
    pub count: usize,
    /// Columns of A.
    pub depth: usize,
    /// A, and from a row to the next.
    pub a: (*const f32, usize),
    /// The panel's first column of C, and from a row to the next.
    pub c: (*mut f32, usize),
}

/// One panel of `registers` registers, at most [`panel_registers`]: `panel` is `[depth][registers]`.
///
/// # Safety
/// The processor has the instructions of `V`; A can be read, C written and `panel` read over the sizes
/// given, C in whole registers.
#[inline(always)]
pub unsafe fn panel<V: Lanes>(rows: Rows, panel: *const f32, registers: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        match registers {
            4 => run::<V, 4>(rows, panel),
            3 => run::<V, 3>(rows, panel),
            2 => run::<V, 2>(rows, panel),
            _ => run::<V, 1>(rows, panel),
        }
    }
}

/// Rows that share the loads of B. With a full panel their sums take 24 registers of 32 or 12 of 16.
const ROWS: usize = 6;

#[inline(always)]
unsafe fn run<V: Lanes, const REGISTERS: usize>(rows: Rows, panel: *const f32) {
    let mut row = 0;
    while row < rows.count {
        // As even as can be: 5 and 5 instead of 6 and 4.
        let left = rows.count - row;
        let together = left.div_ceil(left.div_ceil(ROWS));
        // SAFETY: the caller's promise; the rows taken together are there.
        unsafe {
            match together {
                6 => block::<V, 6, REGISTERS>(rows, row, panel),
                5 => block::<V, 5, REGISTERS>(rows, row, panel),
                4 => block::<V, 4, REGISTERS>(rows, row, panel),
                3 => block::<V, 3, REGISTERS>(rows, row, panel),
                2 => block::<V, 2, REGISTERS>(rows, row, panel),
                _ => block::<V, 1, REGISTERS>(rows, row, panel),
            }
        }
        row += together;
    }
}

#[inline(always)]
unsafe fn block<V: Lanes, const ROWS: usize, const REGISTERS: usize>(
    rows: Rows,
    first: usize,
    panel: *const f32,
) {
    // SAFETY: the caller's promise.
    unsafe {
        let (a, c) = (rows.a.0.add(first * rows.a.1), rows.c.0.add(first * rows.c.1));
        let mut sums = [[V::splat(0.0); REGISTERS]; ROWS];
        for p in 0..rows.depth {
            let mut b = [V::splat(0.0); REGISTERS];
            for (j, b) in b.iter_mut().enumerate() {
                *b = V::load(panel.add((p * REGISTERS + j) * V::COUNT));
            }
            for (i, sums) in sums.iter_mut().enumerate() {
                let a = V::splat(*a.add(i * rows.a.1 + p));
                for (sum, b) in sums.iter_mut().zip(b) {
                    *sum = sum.add_product(a, b);
                }
            }
        }
        for (i, sums) in sums.into_iter().enumerate() {
            for (j, sum) in sums.into_iter().enumerate() {
                sum.store(c.add(i * rows.c.1 + j * V::COUNT));
            }
        }
    }
}
