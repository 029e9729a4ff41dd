//! Time steps of stiff equations in Fourier space, `∂û = L(κ) û + N̂(u)`, by exponential differencing.
//!
//! The linear part is exact, the nonlinear part is extrapolated from two steps (Cox and Matthews 2002,
//! J. Comput. Phys. 176:430, ETD2):
//! `û ← e^z û + Δt [φ₁(z) N̂ + φ₂(z) (N̂ − N̂₋)]`, `z = L Δt`, `φ₁ = (e^z − 1)/z`,
//! `φ₂ = (e^z − 1 − z)/z²`. One evaluation of N a step, no stability limit from L.
//!
//! With a real L two real fields may travel as the parts of one complex field. It does not know any
//! equation.

use super::spectrum::wave_numbers;

/// The stepper of one equation on one grid.
#[derive(Debug)]
pub struct Etd2 {
    n: usize,
    /// `e^z`, `Δt (φ₁ + φ₂)`, `−Δt φ₂` as real and imaginary parts by `(|first|, second)` wave number,
    /// `[n/2 + 1, n]` each.
    keep: (Vec<f64>, Vec<f64>),
    now: (Vec<f64>, Vec<f64>),
    before: (Vec<f64>, Vec<f64>),
    /// The nonlinear part of the last step, `[n, n]`; that of the first step serves as its own past,
    /// which makes the first step one of first order.
    last: Option<(Vec<f64>, Vec<f64>)>,
}

impl Etd2 {
    /// Steps of length `dt` on a grid of side `n`; `linear` gives L as real and imaginary part for
    /// `|m|²`, m in cycles per side.
    pub fn new(n: usize, dt: f64, linear: impl Fn(f64) -> (f64, f64)) -> Self {
        let size = (n / 2 + 1) * n;
        let table = || (Vec::with_capacity(size), Vec::with_capacity(size));
        let (mut keep, mut now, mut before) = (table(), table(), table());
        for a in 0..=n / 2 {
            for b in wave_numbers(n) {
                let (re, im) = linear((a * a) as f64 + (b * b) as f64);
                let [exp, one, two] = functions((re * dt, im * dt));
                keep.0.push(exp.0);
                keep.1.push(exp.1);
                now.0.push(dt * (one.0 + two.0));
                now.1.push(dt * (one.1 + two.1));
                before.0.push(-dt * two.0);
                before.1.push(-dt * two.1);
            }
        }
        Self { n, keep, now, before, last: None }
    }

    /// Forgets the past: the next step is a first one.
    pub fn restart(&mut self) {
        self.last = None;
    }

    /// One step of the field with the transform `re + i im`, given the transform of the nonlinear
    /// part there, all `[n, n]`. What the latter holds afterwards is of no use.
    pub fn step(
        &mut self,
        re: &mut [f64],
        im: &mut [f64],
        nonlinear_re: &mut Vec<f64>,
        nonlinear_im: &mut Vec<f64>,
    ) {
        let n = self.n;
        let last = self.last.get_or_insert_with(|| (nonlinear_re.clone(), nonlinear_im.clone()));
        for i in 0..n {
            let (row, table) = (i * n..(i + 1) * n, i.min(n - i) * n..(i.min(n - i) + 1) * n);
            let (u, v) = (&mut re[row.clone()], &mut im[row.clone()]);
            let (p, q) = (&nonlinear_re[row.clone()], &nonlinear_im[row.clone()]);
            let (r, s) = (&last.0[row.clone()], &last.1[row]);
            let (kr, ki) = (&self.keep.0[table.clone()], &self.keep.1[table.clone()]);
            let (nr, ni) = (&self.now.0[table.clone()], &self.now.1[table.clone()]);
            let (br, bi) = (&self.before.0[table.clone()], &self.before.1[table]);
            for j in 0..n {
                let x = u[j] * kr[j] - v[j] * ki[j];
                let y = u[j] * ki[j] + v[j] * kr[j];
                u[j] = x + p[j] * nr[j] - q[j] * ni[j] + r[j] * br[j] - s[j] * bi[j];
                v[j] = y + p[j] * ni[j] + q[j] * nr[j] + r[j] * bi[j] + s[j] * br[j];
            }
        }
        std::mem::swap(&mut last.0, nonlinear_re);
        std::mem::swap(&mut last.1, nonlinear_im);
    }
}

/// `e^z`, `φ₁(z)` and `φ₂(z)`.
fn functions(z: (f64, f64)) -> [(f64, f64); 3] {
    let size = libm::exp(z.0);
    let (sin, cos) = libm::sincos(z.1);
    let exp = (size * cos, size * sin);
    if z.0 * z.0 + z.1 * z.1 >= 1.0 {
        let one = quotient((exp.0 - 1.0, exp.1), z);
        return [exp, one, quotient((one.0 - 1.0, one.1), z)];
    }
    // Near 0 the differences cancel; the series Σ zᵏ/(k + 2)! by Horner's rule, φ₁ = 1 + z φ₂. At
    // |z| = 1 the next term is 1/20!.
    let mut two = (0.0, 0.0);
    for k in (0..18).rev() {
        let rest = (z.0 * two.0 - z.1 * two.1, z.0 * two.1 + z.1 * two.0);
        // Relative to 1/(k + 1)!, which is divided out on the way down.
        two = ((1.0 + rest.0) / f64::from(k + 2), rest.1 / f64::from(k + 2));
    }
    [exp, (1.0 + z.0 * two.0 - z.1 * two.1, z.0 * two.1 + z.1 * two.0), two]
}

fn quotient(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    let size = b.0 * b.0 + b.1 * b.1;
    ((a.0 * b.0 + a.1 * b.1) / size, (a.1 * b.0 - a.0 * b.1) / size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_functions_meet_where_the_series_ends() {
        for k in 0..16 {
            let (s, c) = libm::sincos(f64::from(k) * std::f64::consts::TAU / 16.0);
            let (inside, outside) =
                (functions((0.999_999_999 * c, 0.999_999_999 * s)), functions((c, s)));
            for (a, b) in inside.iter().zip(outside) {
                assert!((a.0 - b.0).abs() < 1e-8 && (a.1 - b.1).abs() < 1e-8, "{k}: {a:?} {b:?}");
            }
        }
        assert_eq!(functions((0.0, 0.0)), [(1.0, 0.0), (1.0, 0.0), (0.5, 0.0)]);
    }

    /// The logistic equation `u' = u − u²` with half of its linear part among the nonlinear: halving
    /// the step divides the error by four.
    #[test]
    fn it_is_of_second_order() {
        let error = |steps: u32| {
            let dt = 2.0 / f64::from(steps);
            let mut stepper = Etd2::new(2, dt, |_| (0.5, 0.0));
            let (mut re, mut im) = (vec![0.1; 4], vec![0.0; 4]);
            for _ in 0..steps {
                let mut part = (re.iter().map(|u| 0.5 * u - u * u).collect(), vec![0.0; 4]);
                stepper.step(&mut re, &mut im, &mut part.0, &mut part.1);
            }
            let grown = 0.1 * libm::exp(2.0);
            (re[0] - grown / (0.9 + grown)).abs()
        };
        let ratio = error(40) / error(80);
        assert!((3.6..4.4).contains(&ratio), "{ratio}");
    }
}
