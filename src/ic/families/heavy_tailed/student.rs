//! Student's *t* by a Gaussian copula: the monotone map that turns a standard normal into a *t* variable.
//!
//! `t(g) = F⁻¹(Φ(g))`, F the distribution of *t* with ν degrees of freedom. The map is found from the
//! upper tails, `½ I_x(ν/2, ½) = ½ erfc(g/√2)` with `x = ν/(ν + t²)`, so that it keeps its digits where
//! 1 − Φ has none; it is odd. It does not know any field.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// Nodes per unit of g.
const PER_UNIT: f64 = 8.0;
/// Nodes above 0; a normal beyond the last is solved for on its own.
const NODES: usize = 72;

/// The map of one ν, as a table of its value and first two derivatives at equal steps of g.
///
/// Between two nodes it is the polynomial of degree five that agrees with both.
pub struct Copula {
    tail: Tail,
    nodes: Vec<[f64; 3]>,
}

impl Copula {
    /// For ν degrees of freedom, above 0.
    pub fn new(nu: f64) -> Self {
        let tail = Tail::new(nu);
        let node = |k: usize| {
            let g = k as f64 / PER_UNIT;
            let t = if k == 0 { 0.0 } else { tail.inverse(g) };
            // t′ = φ(g)/f(t), and t″ from the derivative of its logarithm.
            let normal = libm::exp(-0.5 * g * g) / (2.0 * PI).sqrt();
            let first = normal / tail.density(t);
            let second = first * ((nu + 1.0) * t * first / (nu + t * t) - g);
            [t, first / PER_UNIT, second / (PER_UNIT * PER_UNIT)]
        };
        Self { nodes: (0..=NODES).map(node).collect(), tail }
    }

    /// `t(g)`.
    pub fn at(&self, g: f64) -> f64 {
        let place = g.abs() * PER_UNIT;
        let k = place as usize;
        let size = if k < NODES {
            hermite(self.nodes[k], self.nodes[k + 1], place - k as f64)
        } else {
            self.tail.inverse(g.abs())
        };
        if g < 0.0 { -size } else { size }
    }
}

/// The polynomial of degree five through value, slope and curvature at 0 and at 1.
fn hermite([a, a1, a2]: [f64; 3], [b, b1, b2]: [f64; 3], s: f64) -> f64 {
    let (value, slope, curve) = (b - a - a1 - 0.5 * a2, b1 - a1 - a2, b2 - a2);
    let cubic = 10.0 * value - 4.0 * slope + 0.5 * curve;
    let quartic = -15.0 * value + 7.0 * slope - curve;
    let quintic = 6.0 * value - 3.0 * slope + 0.5 * curve;
    a + s * (a1 + s * (0.5 * a2 + s * (cubic + s * (quartic + s * quintic))))
}

/// The upper tail of *t*.
struct Tail {
    nu: f64,
    /// Logarithm of the density at 0.
    log_peak: f64,
}

impl Tail {
    fn new(nu: f64) -> Self {
        let log_peak =
            libm::lgamma(0.5 * (nu + 1.0)) - libm::lgamma(0.5 * nu) - 0.5 * libm::log(nu * PI);
        Self { nu, log_peak }
    }

    fn density(&self, t: f64) -> f64 {
        libm::exp(self.log_peak - 0.5 * (self.nu + 1.0) * libm::log1p(t * t / self.nu))
    }

    /// Probability of more than `t` > 0, by the continued fraction of the incomplete beta function on
    /// the side where it converges fast (DLMF 8.17.22). Both prefactors `x^a (1 − x)^b / B(a, b)` of
    /// `½ I` are the density times `t`.
    fn above(&self, t: f64) -> f64 {
        let (a, b) = (0.5 * self.nu, 0.5);
        let square = t * t;
        let (x, rest) = (self.nu / (self.nu + square), square / (self.nu + square));
        let half = 0.5 * t * self.density(t);
        if x < (a + 1.0) / (a + b + 2.0) {
            half / a * fraction(a, b, x)
        } else {
            0.5 - half / b * fraction(b, a, rest)
        }
    }

    /// The `t` above which there is as much as above `g` > 0 of a standard normal: Newton's method for
    /// the logarithm of the tail over u = log t. The function bends downwards and the start, from
    /// `above(t) < f(0) ν^((ν+1)/2) t^−ν / ν`, is beyond the solution, so the way there is monotone.
    fn inverse(&self, g: f64) -> f64 {
        let wanted = libm::log(0.5 * libm::erfc(g * FRAC_1_SQRT_2));
        let (nu, bound) = (self.nu, self.log_peak + 0.5 * (self.nu + 1.0) * libm::log(self.nu));
        let mut u = (bound - libm::log(nu) - wanted) / nu;
        for _ in 0..100 {
            let t = libm::exp(u);
            let above = self.above(t);
            let step = (libm::log(above) - wanted) * above / (t * self.density(t));
            u += step;
            if step.abs() < 1e-9 {
                // Newton's method squares the error.
                break;
            }
        }
        libm::exp(u)
    }
}

/// The continued fraction of the incomplete beta function, `I_x(a, b) a B(a, b) / (x^a (1 − x)^b)`, by
/// Lentz's method.
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    let mut d = 1.0 / (1.0 - (a + b) * x / (a + 1.0));
    let (mut c, mut value) = (1.0, d);
    for m in 1..500 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut change = 1.0;
        for part in [even, odd] {
            d = 1.0 / (1.0 + part * d);
            c = 1.0 + part / c;
            change = c * d;
            value *= change;
        }
        if (change - 1.0).abs() < 1e-15 {
            break;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `scipy.stats.t.isf(scipy.stats.norm.sf(g), ν)`. The last is solved for; the others are
    /// interpolated, which errs most where few degrees of freedom meet a large g.
    #[test]
    fn the_map_is_that_of_scipy() {
        let normals = [0.01, 0.3, 1.0, 2.71, 5.5, 8.3, 9.5];
        let wanted: [(f64, [f64; 7]); 4] = [
            (
                2.05,
                [
                    0.011_252_649_606_131_532,
                    0.342_096_312_999_856_54,
                    1.311_499_908_754_576_7,
                    11.590_054_011_575_576,
                    4_233.896_317_302_434,
                    63_584_077.982_869_32,
                    12_411_922_580.173_777,
                ],
            ),
            (
                5.0,
                [
                    0.010_509_415_519_639_567,
                    0.316_825_549_865_955_46,
                    1.110_506_578_360_956_7,
                    4.445_830_856_254_129,
                    54.883_661_521_230_96,
                    2_832.441_854_787_296,
                    24_618.540_167_924_04,
                ],
            ),
            (
                10.0,
                [
                    0.010_252_755_687_290_796,
                    0.308_304_400_289_447,
                    1.052_562_415_257_336_3,
                    3.403_769_982_563_725,
                    14.871_347_284_407_754,
                    108.941_307_499_584_25,
                    321.285_805_587_330_6,
                ],
            ),
            (
                100.0,
                [
                    0.010_025_033_375_109_673,
                    0.300_818_889_720_237,
                    1.005_025_062_447_290_3,
                    2.767_649_308_397_191_4,
                    5.960_190_494_641_854,
                    9.990_061_555_416_625,
                    12.149_457_641_497_555,
                ],
            ),
        ];
        for (nu, row) in wanted {
            let copula = Copula::new(nu);
            for (g, want) in normals.into_iter().zip(row) {
                let tolerance = if g > 9.0 {
                    1e-10
                } else if g < 1.5 {
                    1e-8
                } else {
                    1e-6
                };
                let found = copula.at(g);
                assert!((found / want - 1.0).abs() < tolerance, "{nu} {g}: {found} {want}");
                assert_eq!(copula.at(-g), -found);
            }
        }
    }
}
