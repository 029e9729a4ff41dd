//! Singular values of a small dense matrix.
//!
//! Householder reflections make it bidiagonal, then QR steps with implicit shift make it diagonal, to
//! about the unit of rounding times the largest value: the eigenvalues of the Gram matrix would
//! lose half the digits for the same work.
//!
//! Sources: Golub and Kahan 1965; Golub and Reinsch 1970; the step without shift is of Demmel and Kahan
//! 1990.

/// The singular values of `[rows, columns]`, in descending order: as many as its shorter side. None if
/// the iteration does not end, which only numbers that are not finite bring about.
pub fn singular_values(rows: usize, columns: usize, values: &[f64]) -> Option<Vec<f64>> {
    let (diagonal, above) = if rows >= columns {
        bidiagonal(columns, values.to_vec())
    } else {
        let turned = (0..columns).flat_map(|j| values[j..].iter().step_by(columns).copied());
        bidiagonal(rows, turned.collect())
    };
    of_bidiagonal(diagonal, above)
}

/// The singular values, in descending order, of an upper bidiagonal matrix by its diagonal and the line
/// above it. None if the iteration does not end.
pub fn of_bidiagonal(mut diagonal: Vec<f64>, mut above: Vec<f64>) -> Option<Vec<f64>> {
    diagonalise(&mut diagonal, &mut above)?;
    for d in &mut diagonal {
        *d = d.abs();
    }
    diagonal.sort_unstable_by(|a, b| b.total_cmp(a));
    Some(diagonal)
}

/// The diagonal and the line above it of an upper bidiagonal matrix with the singular values of `a`,
/// which has at least as many rows as columns, row by row.
fn bidiagonal(columns: usize, mut a: Vec<f64>) -> (Vec<f64>, Vec<f64>) {
    let (n, rows) = (columns, a.len() / columns);
    let (mut diagonal, mut above) = (vec![0.0; n], vec![0.0; n - 1]);
    let (mut left, mut right, mut sums) = (vec![0.0; rows], vec![0.0; n], vec![0.0; n]);
    for k in 0..n {
        // Reflect column k below the diagonal away.
        let left = &mut left[k..];
        for (v, row) in left.iter_mut().zip(a[k * n..].chunks_exact(n)) {
            *v = row[k];
        }
        let factor = reflector(left, &mut diagonal[k]);
        if k + 1 == n {
            break;
        }
        let rest = k + 1..n;
        let sums = &mut sums[rest.clone()];
        sums.fill(0.0);
        for (v, row) in left.iter().zip(a[k * n..].chunks_exact(n)) {
            add(sums, *v, &row[rest.clone()]);
        }
        // Row k, reflected, says how to reflect the columns right of the line above the diagonal.
        let mut below = a[k * n..].chunks_exact_mut(n).zip(left.iter());
        let (row, v) = below.next().expect("row k");
        let right = &mut right[rest.clone()];
        right.copy_from_slice(&row[rest.clone()]);
        add(right, -factor * v, sums);
        let across = reflector(right, &mut above[k]);
        for (row, v) in below {
            let row = &mut row[rest.clone()];
            add(row, -factor * v, sums);
            let along = dot(row, right);
            add(row, -across * along, right);
        }
    }
    (diagonal, above)
}

/// Makes of x the vector v and returns β such that `(1 − β v vᵀ) x = (image, 0, …)`.
fn reflector(x: &mut [f64], image: &mut f64) -> f64 {
    let tail = dot(&x[1..], &x[1..]);
    if tail == 0.0 {
        *image = x[0];
        return 0.0;
    }
    *image = -(x[0] * x[0] + tail).sqrt().copysign(x[0]);
    x[0] -= *image;
    2.0 / (x[0] * x[0] + tail)
}

/// `y += factor x`.
fn add(y: &mut [f64], factor: f64, x: &[f64]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += factor * x;
    }
}

/// The scalar product, in eight sums that a processor takes at once.
fn dot(x: &[f64], y: &[f64]) -> f64 {
    let (xs, ys) = (x.chunks_exact(8), y.chunks_exact(8));
    let rest: f64 = xs.remainder().iter().zip(ys.remainder()).map(|(x, y)| x * y).sum();
    let mut sums = [0.0; 8];
    for (x, y) in xs.zip(ys) {
        for ((sum, x), y) in sums.iter_mut().zip(x).zip(y) {
            *sum += x * y;
        }
    }
    sums.iter().sum::<f64>() + rest
}

/// Makes an upper bidiagonal matrix diagonal.
fn diagonalise(d: &mut [f64], e: &mut [f64]) -> Option<()> {
    let size = d.iter().chain(e.iter()).fold(0.0, |size: f64, v| size.max(v.abs()));
    let nothing = f64::EPSILON * size;
    let mut last = d.len() - 1;
    // Two or three steps for each value are usual.
    let mut steps = 60 * d.len();
    while last > 0 {
        if e[last - 1].abs() <= nothing {
            last -= 1;
            continue;
        }
        let mut first = last - 1;
        while first > 0 && e[first - 1].abs() > nothing {
            first -= 1;
        }
        steps = steps.checked_sub(1)?;
        let (d, e) = (&mut d[first..=last], &mut e[first..last]);
        match d.iter_mut().find(|d| d.abs() <= nothing) {
            // A zero travels to the end in one step without shift, and splits off there.
            Some(zero) => {
                *zero = 0.0;
                step(d, e);
            }
            None => shifted_step(d, e),
        }
    }
    Some(())
}

/// `(c, s, r)` with `c f + s g = r` and `c g − s f = 0`.
fn rotation(f: f64, g: f64) -> (f64, f64, f64) {
    let r = (f * f + g * g).sqrt();
    if r == 0.0 { (1.0, 0.0, 0.0) } else { (f / r, g / r, r) }
}

/// A QR step without shift.
fn step(d: &mut [f64], e: &mut [f64]) {
    let (mut c, mut before) = (1.0, (1.0, 0.0));
    let last = e.len();
    for i in 0..last {
        let (cos, sin, r) = rotation(d[i] * c, e[i]);
        if i > 0 {
            e[i - 1] = before.1 * r;
        }
        let (cosine, sine, r) = rotation(before.0 * r, d[i + 1] * sin);
        (c, before, d[i]) = (cos, (cosine, sine), r);
    }
    let end = d[last] * c;
    d[last] = end * before.0;
    e[last - 1] = end * before.1;
}

/// A QR step with the shift of the last two rows, implicitly.
fn shifted_step(d: &mut [f64], e: &mut [f64]) {
    let last = e.len();
    let (p, q, r) = (d[last - 1], e[last - 1], d[last]);
    let greater = 0.5 * ((p + r).hypot(q) + (p - r).hypot(q));
    let shift = (p * r / greater).abs();
    let mut f = (d[0].abs() - shift) * (d[0].signum() + shift / d[0]);
    let mut g = e[0];
    for i in 0..last {
        let (c, s, r) = rotation(f, g);
        if i > 0 {
            e[i - 1] = r;
        }
        f = c * d[i] + s * e[i];
        e[i] = c * e[i] - s * d[i];
        g = s * d[i + 1];
        d[i + 1] *= c;
        let (c, s, r) = rotation(f, g);
        d[i] = r;
        f = c * e[i] + s * d[i + 1];
        d[i + 1] = c * d[i + 1] - s * e[i];
        if i + 1 < last {
            g = s * e[i + 1];
            e[i + 1] *= c;
        }
    }
    e[last - 1] = f;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::{PI, TAU};

    #[track_caller]
    fn check(rows: usize, columns: usize, values: &[f64], wanted: &[f64]) {
        let got = singular_values(rows, columns, values).unwrap();
        assert_eq!(got.len(), wanted.len());
        for (got, want) in got.iter().zip(wanted) {
            assert!((got - want).abs() <= 4e-15 * wanted[0] * rows as f64, "{got} for {want}");
        }
    }

    #[test]
    fn small_matrices_have_their_singular_values() {
        check(1, 1, &[-3.0], &[3.0]);
        check(2, 2, &[0.0; 4], &[0.0, 0.0]);
        check(2, 2, &[3.0, 0.0, 4.0, 5.0], &[45.0_f64.sqrt(), 5.0_f64.sqrt()]);
        check(2, 3, &[1.0, 0.0, 1.0, 0.0, 2.0, 0.0], &[2.0, 2.0_f64.sqrt()]);
        check(3, 2, &[1.0, 0.0, 0.0, 2.0, 1.0, 0.0], &[2.0, 2.0_f64.sqrt()]);
    }

    /// A circulant matrix has the sizes of the transform of its first row, in pairs.
    #[test]
    fn a_circulant_matrix_has_those_of_its_transform() {
        let n = 24;
        let row: Vec<f64> = (0..n).map(|j| 1.0 / (1.0 + j as f64)).collect();
        let values: Vec<f64> = (0..n * n).map(|k| row[(k % n + n - k / n) % n]).collect();
        let mut wanted: Vec<f64> = (0..n)
            .map(|k| {
                let angle = |j: usize| TAU * (j * k) as f64 / n as f64;
                let part = |f: fn(f64) -> f64| -> f64 {
                    row.iter().enumerate().map(|(j, v)| v * f(angle(j))).sum()
                };
                part(f64::cos).hypot(part(f64::sin))
            })
            .collect();
        wanted.sort_by(|a, b| b.total_cmp(a));
        check(n, n, &values, &wanted);
    }

    /// `2 − 2 cos(kπ/(n + 1))`, k = 1 .. n.
    #[test]
    fn the_matrix_of_second_differences_has_its_closed_form() {
        let n = 40;
        let entry = |i: usize, j: usize| match i.abs_diff(j) {
            0 => 2.0,
            1 => -1.0,
            _ => 0.0,
        };
        let values: Vec<f64> = (0..n * n).map(|k| entry(k / n, k % n)).collect();
        let wanted: Vec<f64> =
            (1..=n).rev().map(|k| 2.0 - 2.0 * (PI * k as f64 / (n + 1) as f64).cos()).collect();
        check(n, n, &values, &wanted);
    }

    /// Sums of outer products of orthogonal vectors; zeros must come out as such, at every place.
    #[test]
    fn a_matrix_of_low_rank_has_zeros() {
        for (rows, columns) in [(16, 16), (12, 32), (32, 12)] {
            let wave = |k: usize, x: usize, n: usize| {
                (2.0 / n as f64).sqrt() * (TAU * (k * x) as f64 / n as f64).cos()
            };
            let at = |i: usize, j: usize| {
                5.0 * wave(1, i, rows) * wave(2, j, columns)
                    + 2.0 * wave(3, i, rows) * wave(1, j, columns)
            };
            let values: Vec<f64> =
                (0..rows * columns).map(|k| at(k / columns, k % columns)).collect();
            let mut wanted = vec![0.0; rows.min(columns)];
            wanted[..2].copy_from_slice(&[5.0, 2.0]);
            check(rows, columns, &values, &wanted);
        }
    }

    #[test]
    fn nothing_comes_of_what_is_not_finite() {
        assert_eq!(singular_values(3, 3, &[f64::NAN; 9]), None);
    }
}
