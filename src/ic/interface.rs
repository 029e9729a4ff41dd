//! Interfaces on the torus: profiles along a lattice direction, and signed distances to the boundary
//! of bands, disks and level sets.
//!
//! Lengths are in sides, distances are positive inside. A direction is a primitive integer vector `m`:
//! a field of the phase `m·r/n` alone is periodic, and repeats every `1/|m|` along its normal.
//! Invariant: everything here is periodic. It does not know any profile or equation.

use std::f64::consts::{FRAC_PI_4, TAU};

use super::geometry::nearest_image;

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

/// Something that grows from a point or a line: where, and by how much later than the first.
#[derive(Debug, Clone, Copy)]
pub struct Nucleus {
    /// Place across, in sides; of a line the only one, as the part of a period along the normal.
    pub x: f64,
    /// Place down the rows, in sides.
    pub y: f64,
    /// By how much its radius is smaller than that of one without delay, in sides.
    pub delay: f64,
}

/// Number of points along a side on which areas are measured, the same for every grid.
const MEASURE: usize = 64;

/// The value that `fraction` of the values exceed.
pub fn threshold(values: &[f64], fraction: f64) -> f64 {
    let mut values = values.to_vec();
    let last = values.len() - 1;
    let place = libm::round((1.0 - fraction) * last as f64) as usize;
    *values.select_nth_unstable_by(place.min(last), f64::total_cmp).1
}

/// Signed distance to the edge of bands with normal `m` that have grown from lines at one speed until
/// they cover `fraction` of the torus: `t − minⱼ(|u − uⱼ| + τⱼ)`, u along the normal.
pub fn bands(n: usize, m: (i64, i64), nuclei: &[Nucleus], fraction: f64) -> Vec<f64> {
    let period = 1.0 / length(m);
    let distance = |part: f64| {
        let each = nuclei.iter().map(|j| nearest_image(part - j.x, 1).abs() * period + j.delay);
        -each.fold(f64::INFINITY, f64::min)
    };
    let points = MEASURE * MEASURE;
    let measured: Vec<f64> =
        (0..points).map(|i| distance((i as f64 + 0.5) / points as f64)).collect();
    let edge = threshold(&measured, fraction);
    along(n, m, |part| distance(part) - edge)
}

/// Signed distance to the edge of disks that have grown from points at one speed until they cover
/// `fraction` of the torus: `t − minⱼ(δⱼ + τⱼ)`.
pub fn disks(n: usize, nuclei: &[Nucleus], fraction: f64) -> Vec<f64> {
    let edge = threshold(&nearest_nucleus(MEASURE, nuclei), fraction);
    let mut field = nearest_nucleus(n, nuclei);
    for v in &mut field {
        *v -= edge;
    }
    field
}

/// `−minⱼ(δⱼ + τⱼ)`, `[n, n]`.
fn nearest_nucleus(n: usize, nuclei: &[Nucleus]) -> Vec<f64> {
    let mut field = vec![f64::NEG_INFINITY; n * n];
    for nucleus in nuclei {
        let squares = |at: f64| -> Vec<f64> {
            (0..n)
                .map(|i| nearest_image(i as f64 / n as f64 - at, 1))
                .map(|delta| delta * delta)
                .collect()
        };
        let (across, down) = (squares(nucleus.x), squares(nucleus.y));
        for (row, y2) in field.chunks_exact_mut(n).zip(&down) {
            for (v, x2) in row.iter_mut().zip(&across) {
                *v = v.max(-(x2 + y2).sqrt() - nucleus.delay);
            }
        }
    }
    field
}

/// Signed distance to where a smooth field `[n, n]` passes `level`, positive above.
///
/// Beside the level it is that of `near`; from there it is continued with `|∇d| = 1` by fast sweeping
/// (Zhao 2005, Math. Comput. 74, 603), of first order in the step of the grid.
pub fn level_set(n: usize, g: &[f64], level: f64) -> Vec<f64> {
    let step = 1.0 / n as f64;
    let estimate = near(n, g, level);
    let neighbours = |y: usize, x: usize| {
        let before = |i: usize| if i == 0 { n - 1 } else { i - 1 };
        let after = |i: usize| if i + 1 == n { 0 } else { i + 1 };
        [y * n + before(x), y * n + after(x), before(y) * n + x, after(y) * n + x]
    };
    let mut size = vec![f64::INFINITY; n * n];
    let mut far = vec![true; n * n];
    for y in 0..n {
        for x in 0..n {
            let (i, above) = (y * n + x, g[y * n + x] > level);
            if neighbours(y, x).iter().any(|j| (g[*j] > level) != above) {
                // At a corner of the level the estimate may be greater than the way to a neighbour.
                size[i] = estimate[i].abs().min(step);
                far[i] = false;
            }
        }
    }
    // Sweeps in the four orders of the two axes in turn, until each has left everything as it was.
    let (mut order, mut idle) = (0, 0);
    while idle < 4 {
        let (from_bottom, from_right) = ((order / 2) % 2 == 1, ((order + 1) / 2) % 2 == 1);
        (order, idle) = (order + 1, idle + 1);
        for j in 0..n {
            let y = if from_bottom { n - 1 - j } else { j };
            for k in 0..n {
                let x = if from_right { n - 1 - k } else { k };
                let i = y * n + x;
                if !far[i] {
                    continue;
                }
                let [left, right, up, down] = neighbours(y, x).map(|i| size[i]);
                let (a, b) = (left.min(right), up.min(down));
                let least = a.min(b);
                // A step adds √½ of a pixel at least, where both ways are as long.
                if least + 0.7 * step >= size[i] {
                    continue;
                }
                let apart = (a - b).abs();
                let new = if apart < step {
                    0.5 * (a + b + (2.0 * step * step - apart * apart).sqrt())
                } else {
                    least + step
                };
                if new < size[i] - 1e-9 {
                    size[i] = new;
                    idle = 0;
                }
            }
        }
    }
    size.iter().zip(g).map(|(d, g)| if *g > level { *d } else { -d }).collect()
}

/// What `level_set` is close to the level: with f = g − level and F the greatest curvature `|∇∇g|`, the
/// root d of `|∇f| d + ½ F d² = |f|`, with the sign of f.
///
/// Of first order it is `f/|∇f|`, which has poles where g is level; this one is short of the distance
/// for constant F, and exact inside a disk (Taubin 1994, ACM Trans. Graph. 13, 3). Derivatives are
/// differences of fourth order.
fn near(n: usize, g: &[f64], level: f64) -> Vec<f64> {
    let side = n as f64;
    let slope =
        |f: &[f64], i: [usize; 4]| side * (8.0 * (f[i[2]] - f[i[1]]) - (f[i[3]] - f[i[0]])) / 12.0;
    let bend = |f: &[f64], i: [usize; 4], here: usize| {
        let near = 16.0 * (f[i[1]] + f[i[2]]) - (f[i[0]] + f[i[3]]);
        side * side * (near - 30.0 * f[here]) / 12.0
    };
    let around = |i: usize| [(i + n - 2) % n, (i + n - 1) % n, (i + 1) % n, (i + 2) % n];
    let (rows, columns): (Vec<_>, Vec<_>) =
        (0..n).map(|i| (around(i).map(|y| y * n), around(i))).unzip();
    let gx: Vec<f64> =
        (0..n * n).map(|i| slope(g, columns[i % n].map(|x| i - i % n + x))).collect();
    let mut out = Vec::with_capacity(n * n);
    for (y, rows) in rows.iter().enumerate() {
        for (x, columns) in columns.iter().enumerate() {
            let i = y * n + x;
            let (down, across) = (rows.map(|row| row + x), columns.map(|x| y * n + x));
            let gy = slope(g, down);
            let (xx, yy, xy) = (bend(g, across, i), bend(g, down, i), slope(&gx, down));
            let half = 0.5 * (xx - yy);
            let curvature = 0.5 * (xx + yy).abs() + (half * half + xy * xy).sqrt();
            let slope = (gx[i] * gx[i] + gy * gy).sqrt();
            let f = g[i] - level;
            let root = (slope * slope + 2.0 * curvature * f.abs()).sqrt();
            out.push(if f == 0.0 { 0.0 } else { 2.0 * f / (slope + root) });
        }
    }
    out
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

    #[test]
    fn grown_shapes_cover_what_they_should_and_have_slope_one() {
        let nuclei = [
            Nucleus { x: 0.1, y: 0.2, delay: 0.0 },
            Nucleus { x: 0.6, y: 0.9, delay: 0.1 },
            Nucleus { x: 0.45, y: 0.4, delay: 0.02 },
        ];
        let n = 128;
        for fraction in [0.1, 0.4, 0.9] {
            for field in [
                bands(n, (1, 0), &nuclei, fraction),
                bands(n, (1, -2), &nuclei, fraction),
                disks(n, &nuclei[..1], fraction),
                disks(n, &nuclei, fraction),
            ] {
                let inside = field.iter().filter(|d| **d > 0.0).count() as f64 / (n * n) as f64;
                // The edge of a band on an axis falls between two of 128 columns, and three bands have
                // six of them.
                assert!((inside - fraction).abs() < 4.0 / 128.0, "{fraction} {inside}");
                for y in 0..n {
                    for x in 0..n {
                        let step = field[y * n + x] - field[y * n + (x + 1) % n];
                        assert!(step.abs() < (1.0 + 1e-9) / n as f64, "{step}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_distance_to_a_circle_is_that_from_its_edge() {
        let (n, radius) = (64, 0.2);
        // A circle in the middle: no difference near it reaches across the border.
        let square = |i: usize| (i as f64 / 64.0 - 0.5) * (i as f64 / 64.0 - 0.5);
        let g: Vec<f64> = (0..n * n).map(|i| -square(i / n) - square(i % n)).collect();
        let estimate = near(n, &g, -radius * radius);
        let field = level_set(n, &g, -radius * radius);
        for (i, got) in field.iter().enumerate() {
            let distance = radius - (square(i / n) + square(i % n)).sqrt();
            if distance > 0.0 {
                assert!((estimate[i] - distance).abs() < 1e-9, "{got} {distance}");
            }
            // First order: the error of sweeping grows with the way, to 0.7 pixels at the centre.
            if distance > -0.3 {
                assert!((got - distance).abs() < 0.75 / 64.0, "{got} {distance}");
            }
            if distance.abs() < 1.0 / 64.0 {
                assert!((got - distance).abs() < 0.05 / 64.0, "{got} {distance}");
            }
        }
    }
}
