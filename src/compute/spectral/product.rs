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
        match (V::REGISTERS, registers) {
            (32, 4) => run::<V, 6, 4>(rows, panel),
            (32, 3) => run::<V, 8, 3>(rows, panel),
            (_, 2) if V::REGISTERS == 32 => run::<V, 12, 2>(rows, panel),
            (_, 2) => run::<V, 6, 2>(rows, panel),
            _ => run::<V, 12, 1>(rows, panel),
        }
    }
}

#[inline(always)]
unsafe fn run<V: Lanes, const ROWS: usize, const REGISTERS: usize>(rows: Rows, panel: *const f32) {
    let mut row = 0;
    // SAFETY: the caller's promise; `row` stays below `rows.count`.
    unsafe {
        while row + ROWS <= rows.count {
            block::<V, ROWS, REGISTERS>(rows, row, panel);
            row += ROWS;
        }
        while row + 3 <= rows.count {
            block::<V, 3, REGISTERS>(rows, row, panel);
            row += 3;
        }
        while row < rows.count {
            block::<V, 1, REGISTERS>(rows, row, panel);
            row += 1;
        }
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
