//! The Fourier transform of grids, the same bits on every machine.
//!
//! `rustfft` would be the obvious choice, but it takes its twiddle factors from the system's `sin`
//! and `cos`, and C libraries choose those by processor; a field would then depend on the machine in
//! its last bits. Here they come from the pure-Rust `libm`, and the additions follow one fixed order.
//! Invariant: a grid of any size is transformed; sides with large prime factors cost more, nothing
//! else. It does not know what the numbers mean.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Columns that go through all stages together: enough for the widest registers, few enough for the
/// panel to stay in the cache, however large the grid.
const WIDTH: usize = 32;

/// Real and imaginary parts of a panel, `[n, WIDTH]` each.
type Panel = (Vec<f64>, Vec<f64>);

/// The transform for one side length: Stockham's self-sorting algorithm in radix 4 and 2, and a plain
/// sum for every other prime factor (Van Loan 1992, *Computational frameworks for the FFT*, §1.7).
#[derive(Debug)]
pub struct Fft {
    n: usize,
    /// `cos(2πk/n)` for `k` in `0..n`.
    cos: Vec<f64>,
    /// `sin(2πk/n)` for `k` in `0..n`.
    sin: Vec<f64>,
    /// Factors of `n` in the order of the stages.
    radices: Vec<usize>,
}

impl Fft {
    /// The transform for side `n`; made once for a process.
    pub fn new(n: usize) -> Arc<Self> {
        static PLANS: Mutex<BTreeMap<usize, Arc<Fft>>> = Mutex::new(BTreeMap::new());
        // A plan is inserted whole, so a panic elsewhere leaves the map sound.
        let mut plans = PLANS.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(plans.entry(n).or_insert_with(|| Arc::new(Self::plan(n))))
    }

    fn plan(n: usize) -> Self {
        let turn = std::f64::consts::TAU / n as f64;
        let (sin, cos) = (0..n).map(|k| libm::sincos(turn * k as f64)).unzip();
        Self { n, cos, sin, radices: radices(n) }
    }

    /// The inverse transform without a factor, in place:
    /// `z[y, x] = Σ ẑ[ky, kx] exp(2πi (kx x + ky y) / n)`.
    ///
    /// - `re`, `im`: `[n, n]`. On entry the *first* axis is `kx` and the second `ky`; on return the
    ///   first is `y` and the second `x`, the order of fields (this saves a transposition).
    pub fn inverse(&self, re: &mut [f64], im: &mut [f64]) {
        let n = self.n;
        assert!(re.len() == n * n && im.len() == n * n, "both parts hold n × n numbers");
        self.columns(re, im);
        transpose(re, n);
        transpose(im, n);
        self.columns(re, im);
    }

    /// The inverse transform along the first axis alone, without a factor, in place:
    /// `z[y, j] = Σ ẑ[k, j] exp(2πi k y / n)` for every column `j`.
    ///
    /// - `re`, `im`: `[n, columns]`, as many columns as there are.
    pub fn columns(&self, re: &mut [f64], im: &mut [f64]) {
        let width = re.len() / self.n;
        assert!(re.len() == self.n * width && im.len() == re.len(), "whole columns in both parts");
        let zero = || vec![0.0; self.n * WIDTH];
        let (mut panel, mut spare) = ((zero(), zero()), (zero(), zero()));
        for column in (0..width).step_by(WIDTH) {
            gather(re, column, width, &mut panel.0);
            gather(im, column, width, &mut panel.1);
            stages(self, &mut panel, &mut spare);
            scatter(&panel.0, column, width, re);
            scatter(&panel.1, column, width, im);
        }
    }

    /// The forward transform, in place: `ẑ[kx, ky] = Σ z[y, x] exp(−2πi (kx x + ky y) / n)`; the axes
    /// are exchanged as by [`Fft::inverse`], which undoes it up to the factor n².
    pub fn forward(&self, re: &mut [f64], im: &mut [f64]) {
        // Exchanging the parts conjugates, up to a factor, on both sides.
        self.inverse(im, re);
    }

    /// `exp(2πi k/n)`.
    #[inline]
    fn root(&self, k: usize) -> (f64, f64) {
        (self.cos[k % self.n], self.sin[k % self.n])
    }

    /// All stages over a panel, one after the other, between the panel and the spare.
    #[expect(clippy::inline_always, reason = "compiled for each instruction set")]
    #[inline(always)]
    fn all_stages(&self, panel: &mut Panel, spare: &mut Panel) {
        let mut done = 1;
        for &radix in &self.radices {
            let rest = self.n / (done * radix);
            // One "number" of the stage is a run of `done` rows.
            let run = done * WIDTH;
            for k in 0..rest {
                let x = |j: usize| -> Parts<'_> {
                    let from = (j * rest + k) * run;
                    (&panel.0[from..][..run], &panel.1[from..][..run])
                };
                let to = k * radix * run;
                let y_re = &mut spare.0[to..][..radix * run];
                let y_im = &mut spare.1[to..][..radix * run];
                match radix {
                    2 => two(x(0), x(1), y_re, y_im, self.root(k * done)),
                    4 => {
                        let w = [1, 2, 3].map(|p| self.root(k * done * p));
                        four([x(0), x(1), x(2), x(3)], y_re, y_im, w);
                    }
                    _ => self.any(x, y_re, y_im, (radix, k * done)),
                }
            }
            std::mem::swap(panel, spare);
            done *= radix;
        }
    }

    /// A stage of any radix: a sum over its inputs for each of its outputs, output `p` turned by
    /// `p · turn` parts of n.
    #[expect(clippy::inline_always, reason = "compiled for each instruction set")]
    #[inline(always)]
    fn any<'a>(
        &self,
        x: impl Fn(usize) -> Parts<'a>,
        y_re: &mut [f64],
        y_im: &mut [f64],
        (radix, turn): (usize, usize),
    ) {
        let run = y_re.len() / radix;
        let outputs = y_re.chunks_exact_mut(run).zip(y_im.chunks_exact_mut(run));
        for (p, (y_re, y_im)) in outputs.enumerate() {
            y_re.fill(0.0);
            y_im.fill(0.0);
            for j in 0..radix {
                let (c, s) = self.root(p * (j * (self.n / radix) + turn));
                let (x_re, x_im) = x(j);
                for i in 0..run {
                    y_re[i] += x_re[i] * c - x_im[i] * s;
                    y_im[i] += x_re[i] * s + x_im[i] * c;
                }
            }
        }
    }
}

/// [`Fft::all_stages`] in the widest registers that the processor has. Rust never joins a product and
/// a sum into one rounding by itself, so all of them give the same bits.
#[expect(unsafe_code, reason = "the processor is asked for the instructions it calls")]
fn stages(fft: &Fft, panel: &mut Panel, spare: &mut Panel) {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f,avx512vl")]
        fn wide(fft: &Fft, panel: &mut Panel, spare: &mut Panel) {
            fft.all_stages(panel, spare);
        }
        #[target_feature(enable = "avx2")]
        fn medium(fft: &Fft, panel: &mut Panel, spare: &mut Panel) {
            fft.all_stages(panel, spare);
        }
        if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") {
            // SAFETY: the processor was asked.
            return unsafe { wide(fft, panel, spare) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the processor was asked.
            return unsafe { medium(fft, panel, spare) };
        }
    }
    fft.all_stages(panel, spare);
}

/// Real and imaginary parts of one input of a stage, of equal length.
type Parts<'a> = (&'a [f64], &'a [f64]);

/// A stage of radix 2 with the twiddle factor `w` on the second output.
#[expect(clippy::inline_always, reason = "compiled for each instruction set")]
#[inline(always)]
fn two(a: Parts<'_>, b: Parts<'_>, y_re: &mut [f64], y_im: &mut [f64], w: (f64, f64)) {
    let run = a.0.len();
    let (b_re, b_im) = (&b.0[..run], &b.1[..run]);
    let ((y0_re, y1_re), (y0_im, y1_im)) = (y_re.split_at_mut(run), y_im.split_at_mut(run));
    let (y1_re, y1_im) = (&mut y1_re[..run], &mut y1_im[..run]);
    for i in 0..run {
        y0_re[i] = a.0[i] + b_re[i];
        y0_im[i] = a.1[i] + b_im[i];
        let (re, im) = (a.0[i] - b_re[i], a.1[i] - b_im[i]);
        y1_re[i] = re * w.0 - im * w.1;
        y1_im[i] = re * w.1 + im * w.0;
    }
}

/// A stage of radix 4 with the twiddle factors `w` on the outputs after the first.
#[expect(clippy::inline_always, reason = "compiled for each instruction set")]
#[inline(always)]
fn four(x: [Parts<'_>; 4], y_re: &mut [f64], y_im: &mut [f64], w: [(f64, f64); 3]) {
    let run = x[0].0.len();
    let [(a_re, a_im), (b_re, b_im), (c_re, c_im), (d_re, d_im)] = x;
    let (a_re, a_im, b_re, b_im) = (&a_re[..run], &a_im[..run], &b_re[..run], &b_im[..run]);
    let (c_re, c_im, d_re, d_im) = (&c_re[..run], &c_im[..run], &d_re[..run], &d_im[..run]);
    let (y0_re, rest) = y_re.split_at_mut(run);
    let (y1_re, rest) = rest.split_at_mut(run);
    let (y2_re, y3_re) = rest.split_at_mut(run);
    let (y0_im, rest) = y_im.split_at_mut(run);
    let (y1_im, rest) = rest.split_at_mut(run);
    let (y2_im, y3_im) = rest.split_at_mut(run);
    let (y3_re, y3_im) = (&mut y3_re[..run], &mut y3_im[..run]);
    let [w1, w2, w3] = w;
    for i in 0..run {
        let (s_re, s_im) = (a_re[i] + c_re[i], a_im[i] + c_im[i]);
        let (t_re, t_im) = (a_re[i] - c_re[i], a_im[i] - c_im[i]);
        let (u_re, u_im) = (b_re[i] + d_re[i], b_im[i] + d_im[i]);
        // i (b - d)
        let (v_re, v_im) = (d_im[i] - b_im[i], b_re[i] - d_re[i]);
        y0_re[i] = s_re + u_re;
        y0_im[i] = s_im + u_im;
        let (p_re, p_im) = (t_re + v_re, t_im + v_im);
        y1_re[i] = p_re * w1.0 - p_im * w1.1;
        y1_im[i] = p_re * w1.1 + p_im * w1.0;
        let (q_re, q_im) = (s_re - u_re, s_im - u_im);
        y2_re[i] = q_re * w2.0 - q_im * w2.1;
        y2_im[i] = q_re * w2.1 + q_im * w2.0;
        let (r_re, r_im) = (t_re - v_re, t_im - v_im);
        y3_re[i] = r_re * w3.0 - r_im * w3.1;
        y3_im[i] = r_re * w3.1 + r_im * w3.0;
    }
}

/// The columns from `column` on of `[n, columns]`; what lies beyond the last one is left as it is.
fn gather(from: &[f64], column: usize, columns: usize, to: &mut [f64]) {
    let width = WIDTH.min(columns - column);
    for (row, to) in from.chunks_exact(columns).zip(to.chunks_exact_mut(WIDTH)) {
        to[..width].copy_from_slice(&row[column..][..width]);
    }
}

/// Puts them back.
fn scatter(from: &[f64], column: usize, columns: usize, to: &mut [f64]) {
    let width = WIDTH.min(columns - column);
    for (from, row) in from.chunks_exact(WIDTH).zip(to.chunks_exact_mut(columns)) {
        row[column..][..width].copy_from_slice(&from[..width]);
    }
}

/// The factors of `n`: fours, at most one two, then the other primes.
fn radices(mut n: usize) -> Vec<usize> {
    let mut out = Vec::new();
    for radix in std::iter::once(4).chain(2..) {
        while n.is_multiple_of(radix) && n > 1 {
            out.push(radix);
            n /= radix;
        }
        if n <= 1 {
            break;
        }
    }
    out
}

/// `field[j, i] = field[i, j]` in place, in tiles that stay in the cache.
fn transpose(field: &mut [f64], n: usize) {
    const TILE: usize = 8;
    for i0 in (0..n).step_by(TILE) {
        for j0 in (i0..n).step_by(TILE) {
            for i in i0..(i0 + TILE).min(n) {
                for j in j0.max(i + 1)..(j0 + TILE).min(n) {
                    field.swap(i * n + j, j * n + i);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    #[test]
    fn it_is_the_fourier_sum_for_every_kind_of_side() {
        for n in [8_usize, 12, 15, 11, 16, 14, 32] {
            let mut draws = Stream::new(1, "fft", &[n as u64]).site(0);
            let (re, im): (Vec<f64>, Vec<f64>) = (0..n * n).map(|_| draws.normal_pair()).unzip();
            let (mut out_re, mut out_im) = (re.clone(), im.clone());
            Fft::new(n).inverse(&mut out_re, &mut out_im);
            for (x, y) in [(0, 0), (1, 0), (0, 1), (3, 5), (n - 1, n / 2)] {
                let (mut sum_re, mut sum_im) = (0.0, 0.0);
                for kx in 0..n {
                    for ky in 0..n {
                        let angle = std::f64::consts::TAU * (kx * x + ky * y) as f64 / n as f64;
                        let (s, c) = libm::sincos(angle);
                        let (a, b) = (re[kx * n + ky], im[kx * n + ky]);
                        sum_re += a * c - b * s;
                        sum_im += a * s + b * c;
                    }
                }
                let (got_re, got_im) = (out_re[y * n + x], out_im[y * n + x]);
                assert!((got_re - sum_re).abs() < 1e-11, "n {n} at {x},{y}: {got_re} {sum_re}");
                assert!((got_im - sum_im).abs() < 1e-11, "n {n} at {x},{y}: {got_im} {sum_im}");
            }
        }
    }

    #[test]
    fn columns_are_transformed_each_by_itself() {
        let (n, width) = (6_usize, 37);
        let mut draws = Stream::new(4, "fft", &[]).site(0);
        let (re, im): (Vec<f64>, Vec<f64>) = (0..n * width).map(|_| draws.normal_pair()).unzip();
        let (mut all_re, mut all_im) = (re.clone(), im.clone());
        let fft = Fft::new(n);
        fft.columns(&mut all_re, &mut all_im);
        for j in 0..width {
            let column = |from: &[f64]| -> Vec<f64> {
                from.iter().skip(j).step_by(width).copied().collect()
            };
            let (mut one_re, mut one_im) = (column(&re), column(&im));
            fft.columns(&mut one_re, &mut one_im);
            assert_eq!((column(&all_re), column(&all_im)), (one_re, one_im), "column {j}");
        }
    }

    #[test]
    fn every_instruction_set_gives_the_same_bits() {
        for n in [128_usize, 45] {
            let mut draws = Stream::new(3, "fft", &[]).site(0);
            let (re, im): (Vec<f64>, Vec<f64>) =
                (0..n * WIDTH).map(|_| draws.normal_pair()).unzip();
            let fft = Fft::new(n);
            let (mut plain, mut widest) = ((re.clone(), im.clone()), (re, im));
            let mut spare = plain.clone();
            fft.all_stages(&mut plain, &mut spare);
            stages(&fft, &mut widest, &mut spare);
            assert!(plain == widest, "{n}");
        }
    }

    #[test]
    fn forward_undoes_inverse() {
        for n in [24_usize, 64] {
            let mut draws = Stream::new(2, "fft", &[]).site(0);
            let (re, im): (Vec<f64>, Vec<f64>) = (0..n * n).map(|_| draws.normal_pair()).unzip();
            let (mut a, mut b) = (re.clone(), im.clone());
            let fft = Fft::new(n);
            fft.forward(&mut a, &mut b);
            fft.inverse(&mut a, &mut b);
            let scale = (n * n) as f64;
            for i in 0..n * n {
                assert!((a[i] / scale - re[i]).abs() < 1e-13);
                assert!((b[i] / scale - im[i]).abs() < 1e-13);
            }
        }
    }
}
