//! Norms and energies of one field, and the entropy of its values.

use crate::features::Carrier;
use crate::features::statistics::{extremes, sum_of};

/// The invariants of one field: `L1`, `L2`, `Linf`, entropy, total variation, mass, energy, energy of
/// the gradient, in the order of `super::INVARIANTS`.
pub type Invariants = [f64; 8];

/// Which of [`Invariants`] is the entropy.
pub const ENTROPY: usize = 3;
/// Which is the mass; its sign varies.
pub const MASS: usize = 5;

/// Of a field with rows of `width`, all but the entropy, which is 0.
///
/// Per pixel, with forward differences; or, for the Python reference, sums with central differences
/// and 1e-8 under its roots.
pub fn measures(field: &[f64], width: usize, compat: bool) -> Invariants {
    let mass = sum_of(field, |v| v);
    let (absolute, square) = (sum_of(field, f64::abs), sum_of(field, |v| v * v));
    let (least, greatest) = extremes(field);
    let greatest = greatest.max(-least);
    let (variation, steepness) = gradient(field, width, compat);
    if compat {
        let norm = (square + 1e-8).sqrt();
        return [absolute, norm, greatest, 0.0, variation, mass, square, steepness];
    }
    let n = field.len() as f64;
    let norm = (square / n).sqrt();
    let per_pixel = [absolute / n, norm, greatest, 0.0, variation / n];
    let [l1, l2, linf, entropy, tv] = per_pixel;
    [l1, l2, linf, entropy, tv, mass / n, square / n, steepness / n]
}

/// `Σ |∇u|` and `Σ |∇u|²`, periodic: forward differences, or central ones.
fn gradient(field: &[f64], width: usize, central: bool) -> (f64, f64) {
    let (height, back) = (field.len() / width, usize::from(central));
    let (step, floor) = if central { (0.5, 1e-8) } else { (1.0, 0.0) };
    let mut squares = vec![0.0; width];
    let (mut lengths, mut energy) = (0.0, 0.0);
    for i in 0..height {
        let row = |at: usize| &field[at % height * width..][..width];
        let (here, below, above) = (row(i), row(i + 1), row(i + height - back));
        let square = |right: f64, left: f64, below: f64, above: f64| {
            let (dx, dy) = (step * (right - left), step * (below - above));
            dx * dx + dy * dy
        };
        for j in [0, width - 1] {
            let (right, left) = (here[(j + 1) % width], here[(j + width - back) % width]);
            squares[j] = square(right, left, below[j], above[j]);
        }
        if width > 2 {
            let inner = 1..width - 1;
            let across = here[2..].iter().zip(&here[1 - back..]);
            let down = below[inner.clone()].iter().zip(&above[inner.clone()]);
            for ((s, (right, left)), (b, a)) in squares[inner].iter_mut().zip(across).zip(down) {
                *s = square(*right, *left, *b, *a);
            }
        }
        lengths += sum_of(&squares, |v| (v + floor).sqrt());
        energy += sum_of(&squares, |v| v);
    }
    (lengths, energy)
}

/// Bins of equal width that cover the values of a first state and go on without end.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Bins {
    least: f64,
    greatest: f64,
    count: f64,
}

impl Bins {
    /// Walks over its numbers.
    pub fn carry(&mut self, carrier: &mut Carrier) {
        carrier.number(&mut self.least);
        carrier.number(&mut self.greatest);
        carrier.number(&mut self.count);
    }

    /// `count` bins between the least and the greatest value; none of a constant field.
    pub fn of(field: &[f64], count: usize) -> Option<Self> {
        let (least, greatest) = extremes(field);
        Self::between(least, greatest, count)
    }

    /// `count` bins between two values; none if there is nothing between.
    pub fn between(least: f64, greatest: f64, count: usize) -> Option<Self> {
        (least < greatest).then_some(Self { least, greatest, count: count as f64 })
    }

    /// The least and the greatest value of the first state.
    pub fn limits(self) -> [f64; 2] {
        [self.least, self.greatest]
    }

    /// Shannon entropy `−Σ p ln p` of the values over the bins, in nats.
    pub fn entropy(self, field: &[f64], counts: &mut Vec<u32>) -> f64 {
        let Bins { least, greatest, count } = self;
        // The greatest value of the first state belongs to its last bin, as histograms have it.
        let place = |v: f64| {
            if v == greatest { count - 0.5 } else { count * ((v - least) / (greatest - least)) }
        };
        let (low, high) = extremes(field);
        let (first, last) = (place(low).floor(), place(high).floor());
        counts.clear();
        if last - first < field.len() as f64 {
            counts.resize((last - first) as usize + 1, 0);
            // A conversion cuts off what follows the point, which is the floor of what is not negative;
            // the difference may round up to the next bin.
            let top = counts.len() - 1;
            for v in field {
                counts[((place(*v) - first) as usize).min(top)] += 1;
            }
        } else {
            // Far more bins than pixels: values that grew by orders of magnitude.
            let mut bins: Vec<f64> = field.iter().map(|v| place(*v).floor()).collect();
            bins.sort_unstable_by(f64::total_cmp);
            counts.extend(bins.chunk_by(|a, b| a == b).map(|run| run.len() as u32));
        }
        plug_in(counts, field.len(), f64::ln)
    }
}

/// The Python reference's entropy: bins between the field's own least and greatest value, in 32 bits.
pub fn own_entropy(field: &[f64], count: usize, counts: &mut Vec<u32>) -> f64 {
    let (least, greatest) = extremes(field);
    let (least, greatest) = (least as f32, greatest as f32);
    counts.clear();
    counts.resize(count, 0);
    for v in field {
        // A constant field gives 0/0, which is converted to 0: one bin.
        let bin = ((*v as f32 - least) * count as f32 / (greatest - least)) as usize;
        counts[bin.min(count - 1)] += 1;
    }
    plug_in(counts, field.len(), |p| f64::from(p as f32 + 1e-10).ln())
}

fn plug_in(counts: &[u32], n: usize, ln: impl Fn(f64) -> f64) -> f64 {
    let part = |count: &u32| {
        let p = f64::from(*count) / n as f64;
        p * ln(p)
    };
    0.0 - counts.iter().filter(|count| **count > 0).map(part).sum::<f64>()
}
