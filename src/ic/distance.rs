//! Exact Euclidean distances on the torus, from every pixel to the nearest marked one.
//!
//! Rows first, then columns by the lower envelope of the parabolas `(y − q)² + f(q)`, in linear time
//! (Felzenszwalb and Huttenlocher 2012, "Distance transforms of sampled functions", *Theory of
//! Computing* 8); on the ring every parabola stands there once more, a side away. It does not know what
//! is marked.

/// Distance in pixels from each pixel to the nearest marked one, `[n, n]`; at least one is marked.
pub fn distances(marked: &[bool], n: usize) -> Vec<f64> {
    assert!(marked.len() == n * n && marked.contains(&true), "some pixel is marked");
    let mut out = vec![0.0; n * n];
    let rows: Vec<f64> = marked.chunks_exact(n).flat_map(along_row).collect();
    let mut envelope = Envelope::default();
    let mut column = vec![0.0; n];
    for x in 0..n {
        for y in 0..n {
            column[y] = rows[y * n + x];
        }
        envelope.build(&column);
        let mut at = 0;
        for y in 0..n {
            out[y * n + x] = envelope.least(y as f64, &mut at).sqrt();
        }
    }
    out
}

/// Squared distances within one row; infinite where it has no mark.
fn along_row(row: &[bool]) -> Vec<f64> {
    let n = row.len();
    let mut steps = vec![f64::INFINITY; n];
    // Two turns each way: the second finds the marks beyond the seam.
    let mut since = f64::INFINITY;
    for x in (0..2 * n).map(|i| i % n) {
        since = if row[x] { 0.0 } else { since + 1.0 };
        steps[x] = since;
    }
    since = f64::INFINITY;
    for x in (0..2 * n).rev().map(|i| i % n) {
        since = if row[x] { 0.0 } else { since + 1.0 };
        steps[x] = steps[x].min(since);
    }
    steps.iter().map(|d| d * d).collect()
}

/// The lower envelope of parabolas of one column.
#[derive(Default)]
struct Envelope {
    /// Vertex and height of each parabola on it, from above down.
    parabolas: Vec<(f64, f64)>,
    /// Where each takes over from the one before.
    starts: Vec<f64>,
}

impl Envelope {
    fn build(&mut self, heights: &[f64]) {
        let n = heights.len() as isize;
        self.parabolas.clear();
        self.starts.clear();
        // The nearest image is at most half a side away.
        for q in -(n / 2)..=n + n / 2 {
            let height = heights[q.rem_euclid(n) as usize];
            if height.is_finite() {
                self.add(q as f64, height);
            }
        }
    }

    fn add(&mut self, q: f64, height: f64) {
        while let Some(&(v, below)) = self.parabolas.last() {
            let from = ((height + q * q) - (below + v * v)) / (2.0 * (q - v));
            if from > self.starts[self.starts.len() - 1] {
                self.starts.push(from);
                self.parabolas.push((q, height));
                return;
            }
            self.starts.pop();
            self.parabolas.pop();
        }
        self.starts.push(f64::NEG_INFINITY);
        self.parabolas.push((q, height));
    }

    /// The envelope at `y`; `at` is where the last call, with a smaller `y`, left off.
    fn least(&self, y: f64, at: &mut usize) -> f64 {
        while self.starts.get(*at + 1).is_some_and(|start| *start < y) {
            *at += 1;
        }
        let (q, height) = self.parabolas[*at];
        (y - q) * (y - q) + height
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ic::geometry::nearest_image;
    use crate::rng::Stream;

    #[test]
    fn they_are_the_distances_to_the_nearest_image_of_the_nearest_mark() {
        for (n, marks) in [(8, 1), (9, 2), (24, 3), (31, 40), (32, 1)] {
            let mut draws = Stream::new(5, "distance", &[n as u64]).site(0);
            let mut marked = vec![false; n * n];
            for _ in 0..marks {
                marked[draws.below((n * n) as u64) as usize] = true;
            }
            let found = distances(&marked, n);
            for (at, found) in found.iter().enumerate() {
                let apart = |a: usize, b: usize| nearest_image(a as f64 - b as f64, n);
                let want = (0..n * n)
                    .filter(|&to| marked[to])
                    .map(|to| {
                        let (x, y) = (apart(at % n, to % n), apart(at / n, to / n));
                        x * x + y * y
                    })
                    .fold(f64::INFINITY, f64::min);
                assert_eq!(*found, want.sqrt(), "n {n}, {marks} marks, pixel {at}");
            }
        }
    }
}
