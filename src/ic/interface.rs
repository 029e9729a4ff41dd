//! Interfaces on the torus: profiles along a lattice direction, and signed distances to the boundary
//! of bands, disks and level sets.
//!
//! Lengths are in sides, distances are positive inside. A direction is a primitive integer vector `m`:
//! a field of the phase `m·r/n` alone is periodic, and repeats every `1/|m|` along its normal.
//! Invariant: everything here is periodic. It does not know any profile or equation.

use std::f64::consts::{FRAC_PI_4, TAU};

/// The normals with `|m|² ≤ 5` in the first octant, from the axis to the diagonal.
const OCTANT: [(i64, i64); 3] = [(1, 0), (2, 1), (1, 1)];

/// The primitive vector with `|m|² ≤ most` nearest to direction `angle` in radians: 4, 8 or 16
/// directions for `most` = 1, 2 and 5.
pub fn direction(angle: f64, most: i64) -> (i64, i64) {
    let octant = (angle.rem_euclid(TAU) / FRAC_PI_4).floor();
    // The octant that holds the angle, seen from its even end.
    let even = 2.0 * (0.5 * (octant + 1.0)).floor();
    let beyond = angle.rem_euclid(TAU) - even * FRAC_PI_4;
    let (sin, cos) = libm::sincos(beyond.abs());
    let along = |m: &(i64, i64)| {
        (m.0 as f64 * cos + m.1 as f64 * sin) / ((m.0 * m.0 + m.1 * m.1) as f64).sqrt()
    };
    let allowed = OCTANT.iter().filter(|m| m.0 * m.0 + m.1 * m.1 <= most);
    let (x, y) =
        *allowed.max_by(|a, b| along(a).total_cmp(&along(b))).expect("the axis is allowed");
    let y = if beyond < 0.0 { -y } else { y };
    match even as i64 {
        2 => (-y, x),
        4 => (-x, -y),
        6 => (y, -x),
        _ => (x, y),
    }
}

/// The length of an integer vector.
pub fn length(m: (i64, i64)) -> f64 {
    ((m.0 * m.0 + m.1 * m.1) as f64).sqrt()
}

/// The field `profile(m·r/n mod 1)`, `[n, n]`; `profile` is called n times.
pub fn along(n: usize, m: (i64, i64), profile: impl FnMut(f64) -> f64) -> Vec<f64> {
    let table: Vec<f64> = (0..n).map(|i| i as f64 / n as f64).map(profile).collect();
    let side = n as i64;
    let mut field = Vec::with_capacity(n * n);
    for y in 0..side {
        let start = (m.1 * y).rem_euclid(side);
        field.extend((0..side).map(|x| table[(start + m.0 * x).rem_euclid(side) as usize]));
    }
    field
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_direction_is_the_nearest_of_the_lattice() {
        for most in [1, 2, 5] {
            let mut seen = std::collections::BTreeSet::new();
            for i in 0..3600 {
                let angle = TAU * (f64::from(i) + 0.5) / 3600.0;
                let m = direction(angle, most);
                seen.insert(m);
                let off = |m: (i64, i64)| {
                    (m.0 as f64 * libm::cos(angle) + m.1 as f64 * libm::sin(angle)) / length(m)
                };
                for x in -2..=2 {
                    for y in -2..=2 {
                        if (1..=most).contains(&(x * x + y * y)) {
                            assert!(off(m) >= off((x, y)) - 1e-12, "{angle} {m:?} {x} {y}");
                        }
                    }
                }
            }
            assert_eq!(seen.len(), [4, 8, 16][usize::from(most > 1) + usize::from(most > 2)]);
        }
    }

    #[test]
    fn a_profile_along_a_direction_depends_on_the_phase_alone() {
        let n = 12;
        let field = along(n, (2, -1), |part| part);
        for (y, x) in [(0, 0), (3, 7), (11, 1)] {
            let phase = (2.0 * x as f64 - y as f64) / n as f64;
            assert!((field[y * n + x] - phase.rem_euclid(1.0)).abs() < 1e-12);
        }
    }
}
