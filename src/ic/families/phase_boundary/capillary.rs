//! Bands with rough edges: capillary waves on lines that close on the torus.
//!
//! An edge with normal m closes after |m| sides. Its displacement is
//! `h(σ) = Σⱼ (aⱼ cos κⱼσ + bⱼ sin κⱼσ)/j`, `κⱼ = 2πj/|m|`, a and b normal: equipartition of
//! `½γ ∫ h'² dσ`, so the spectrum is `1/κ²` (Buff, Lovett & Stillinger 1965), up to wavelengths of 2πξ,
//! where the interface stops being a line.

use std::f64::consts::TAU;

use crate::ic::interface::length;
use crate::rng::Draws;

/// The displacement of one edge: `(aⱼ, bⱼ)/j` for j = 1, 2, …, in sides.
#[derive(Debug)]
pub struct Edge {
    modes: Vec<(f64, f64)>,
}

impl Edge {
    /// An edge with normal `m` whose displacement has standard deviation `rms` over all edges, for an
    /// interface of width `xi`, in sides.
    pub fn draw(m: (i64, i64), rms: f64, xi: f64, draws: &mut Draws) -> Self {
        let count = ((length(m) / (TAU * xi)) as usize).max(1);
        let total: f64 = (1..=count).map(|j| 1.0 / (j * j) as f64).sum();
        let modes = (1..=count)
            .map(|j| {
                let (a, b) = draws.normal_pair();
                let size = rms / (total.sqrt() * j as f64);
                (size * a, size * b)
            })
            .collect();
        Self { modes }
    }

    /// Displacement and `1/√(1 + h'²)`, which makes a distance along the normal of the band one along
    /// that of the edge, at `points` places of an edge `length` sides long.
    fn table(&self, points: usize, length: f64) -> Vec<(f64, f64)> {
        let turn = TAU / points as f64;
        let waves: Vec<(f64, f64)> = (0..points).map(|i| libm::sincos(turn * i as f64)).collect();
        (0..points)
            .map(|i| {
                let (mut h, mut slope, mut at) = (0.0, 0.0, 0);
                for (j, (a, b)) in self.modes.iter().enumerate() {
                    at = (at + i) % points;
                    let (sin, cos) = waves[at];
                    h += a * cos + b * sin;
                    slope += (j + 1) as f64 * (b * cos - a * sin);
                }
                let slope = slope * TAU / length;
                (h, 1.0 / (1.0 + slope * slope).sqrt())
            })
            .collect()
    }
}

/// Signed distance to the edges of a band with normal `m` that covers `fraction` of the torus, centred
/// where `m·r = center` sides.
pub fn band(n: usize, m: (i64, i64), center: f64, fraction: f64, edges: &[Edge; 2]) -> Vec<f64> {
    let (side, m2) = (n as i64, m.0 * m.0 + m.1 * m.1);
    let period = 1.0 / length(m);
    let half = 0.5 * fraction * period;
    let [left, right] = [0, 1].map(|e| edges[e].table(n * m2 as usize, length(m)));
    // Places along the edge are counted in whole steps of 1/(n|m|): of the pixels, and of the lattice
    // vector from one turn of the band to the next.
    let along = |x: i64, y: i64| m.0 * y - m.1 * x;
    let next = lattice_step(m);
    let shift = along(next.0, next.1) * side;
    let mut out = Vec::with_capacity(n * n);
    for y in 0..side {
        for x in 0..side {
            let turns = (m.0 * x + m.1 * y) as f64 / n as f64 - center;
            let nearest = (turns + 0.5).floor();
            let to_turn = |turn: f64| {
                let u = (turns - turn) * period;
                let at = (along(x, y) - turn as i64 * shift).rem_euclid(side * m2) as usize;
                let ((l, l_factor), (r, r_factor)) = (left[at], right[at]);
                ((half + l + u) * l_factor).min((half + r - u) * r_factor)
            };
            let other = if turns > nearest { nearest + 1.0 } else { nearest - 1.0 };
            out.push(to_turn(nearest).max(to_turn(other)));
        }
    }
    out
}

/// A lattice vector with `m·a = 1`, for a primitive m with `|m|² ≤ 5`.
fn lattice_step(m: (i64, i64)) -> (i64, i64) {
    let near = (-1..=1).flat_map(|x| (-1..=1).map(move |y| (x, y)));
    let mut steps = near.filter(|a| m.0 * a.0 + m.1 * a.1 == 1);
    steps.next().expect("one component of m is 1 or −1")
}
