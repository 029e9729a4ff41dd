//! Growth of a cluster by dielectric breakdown (Niemeyer, Pietronero and Wiesmann 1984, "Fractal
//! dimension of dielectric breakdown", *Phys. Rev. Lett.* 52, 1033).
//!
//! The potential φ solves the lattice Laplace equation with 0 on the cluster and 1 on a circle
//! [`OUTSIDE`] times as far from the middle as growth goes. The next particle comes over a bond between
//! the cluster and an empty site, one with probability ∝ φ^η there, so a site with two such bonds is
//! twice as likely. η = 0 is Eden growth by bonds, η = 1 has the law of diffusion-limited aggregation,
//! more makes fewer and straighter branches.
//!
//! One particle changes the potential little, so it is followed rather than solved anew: after each
//! particle, [`SWEEPS`] sweeps of successive over-relaxation from the potential before it.

use super::growth::{STEPS, Site, line};
use crate::rng::Draws;

/// Radius of the circle held at 1, over the radius where growth ends.
const OUTSIDE: f64 = 1.5;
/// Sweeps after each particle.
const SWEEPS: usize = 2;
/// Sweeps before the first.
const FIRST_SWEEPS: usize = 200;
/// Over-relaxation.
const OMEGA: f64 = 1.85;

/// What grows, and until when; lengths in lattice constants.
#[derive(Debug, Clone, Copy)]
pub struct Breakdown {
    /// Exponent of the potential, at least 0.
    pub eta: f64,
    /// Length of the seed, and its angle; 0 is a point.
    pub seed: (f64, f64),
    /// Growth ends when a particle is this far from the middle.
    pub radius: f64,
    /// Growth ends at this number of particles.
    pub most: usize,
}

/// The potential about a growing cluster, relative to the middle of the seed.
///
/// Arrays are `[colour, row, column/2]`, the colours those of a chessboard: all neighbours of a site are
/// of the other colour, in its own place or the next, so a sweep runs over contiguous numbers.
struct Field {
    half: i32,
    side: usize,
    /// Sites of one colour in a row.
    width: usize,
    potential: Vec<f64>,
    /// `ω/4` where the potential is free, 0 where it is held.
    weight: Vec<f64>,
    /// First and last column of each row within the circle; empty rows have none.
    rows: Vec<Option<(usize, usize)>>,
    /// Bonds from each site to the cluster.
    bonds: Vec<u8>,
    /// Empty sites with a bond.
    rim: Vec<usize>,
}

impl Breakdown {
    /// The particles in the order of their arrival, the seed first.
    pub fn grow(&self, draws: &mut Draws) -> Vec<Site> {
        let (particles, _) = self.run(draws);
        particles
    }

    /// The particles, and the field in which the last one came.
    fn run(&self, draws: &mut Draws) -> (Vec<Site>, Field) {
        let mut field = Field::new(OUTSIDE * self.radius);
        let mut particles = line(self.seed.0, self.seed.1);
        for site in &particles {
            field.add(*site);
        }
        if self.eta > 0.0 {
            field.relax(FIRST_SWEEPS);
        }
        let square = |(x, y): Site| f64::from(x * x + y * y);
        let mut reach = particles.iter().copied().map(square).fold(0.0, f64::max);
        let mut sums = Vec::new();
        while particles.len() < self.most && reach < self.radius * self.radius {
            let at = field.choose(self.eta, draws.uniform(), &mut sums);
            let site = field.site(at);
            field.add(site);
            particles.push(site);
            reach = reach.max(square(site));
            if self.eta > 0.0 {
                field.relax(SWEEPS);
            }
        }
        (particles, field)
    }
}

impl Field {
    /// Without a cluster, 1 everywhere; held at `radius` and beyond.
    fn new(radius: f64) -> Self {
        let half = libm::ceil(radius) as i32 + 1;
        let side = (2 * half + 1) as usize;
        let width = side / 2 + 1;
        let area = 2 * side * width;
        let mut field = Self {
            half,
            side,
            width,
            potential: vec![1.0; area],
            weight: vec![0.0; area],
            rows: Vec::with_capacity(side),
            bonds: vec![0; area],
            rim: Vec::new(),
        };
        for y in -half..=half {
            let square = radius * radius - f64::from(y * y);
            // The greatest x with x² + y² < radius², or none.
            let most = libm::ceil(square.max(0.0).sqrt()) as i32 - 1;
            for x in -most..=most {
                let at = field.index((x, y));
                field.weight[at] = 0.25 * OMEGA;
            }
            field
                .rows
                .push((most >= 0).then_some(((half - most) as usize, (half + most) as usize)));
        }
        field
    }

    fn index(&self, (x, y): Site) -> usize {
        let (x, y) = ((x + self.half) as usize, (y + self.half) as usize);
        ((x + y) % 2 * self.side + y) * self.width + x / 2
    }

    fn site(&self, index: usize) -> Site {
        let (row, place) = (index / self.width, index % self.width);
        let (colour, y) = (row / self.side, row % self.side);
        let x = 2 * place + (colour + y) % 2;
        (x as i32 - self.half, y as i32 - self.half)
    }

    /// Is there a particle? Only there a site within the circle is held.
    fn taken(&self, index: usize) -> bool {
        self.potential[index] == 0.0 && self.weight[index] == 0.0
    }

    fn add(&mut self, site: Site) {
        let at = self.index(site);
        (self.potential[at], self.weight[at]) = (0.0, 0.0);
        self.rim.retain(|other| *other != at);
        for (dx, dy) in STEPS {
            let beside = self.index((site.0 + dx, site.1 + dy));
            if !self.taken(beside) {
                if self.bonds[beside] == 0 {
                    self.rim.push(beside);
                }
                self.bonds[beside] += 1;
            }
        }
    }

    /// The site of the rim where the running sum of `bonds φ^η` passes the part `u` of its whole.
    fn choose(&self, eta: f64, u: f64, sums: &mut Vec<f64>) -> usize {
        let mut sum = 0.0;
        sums.clear();
        sums.extend(self.rim.iter().map(|at| {
            sum += f64::from(self.bonds[*at]) * power(self.potential[*at], eta);
            sum
        }));
        let place = sums.partition_point(|part| *part <= u * sum);
        self.rim[place.min(self.rim.len() - 1)]
    }

    /// Sweeps over the free sites, those of one colour of the chessboard after those of the other.
    fn relax(&mut self, sweeps: usize) {
        let (width, plane) = (self.width, self.side * self.width);
        for colour in (0..2).cycle().take(2 * sweeps) {
            let (even, odd) = self.potential.split_at_mut(plane);
            let (own, other) = if colour == 0 { (even, &*odd) } else { (odd, &*even) };
            let weight = &self.weight[colour * plane..][..plane];
            for (row, ends) in self.rows.iter().enumerate() {
                let Some((first, last)) = *ends else { continue };
                // Columns `2 place + parity`; what this takes beyond the ends has weight 0.
                let (parity, start, count) =
                    ((colour + row) % 2, first / 2, last / 2 - first / 2 + 1);
                let at = row * width + start;
                let beside = &other[at + parity - 1..][..=count];
                let (above, below) = (&other[at - width..][..count], &other[at + width..][..count]);
                let (own, weight) = (&mut own[at..][..count], &weight[at..][..count]);
                for k in 0..count {
                    let around = beside[k] + beside[k + 1] + above[k] + below[k];
                    own[k] += weight[k] * (around - 4.0 * own[k]);
                }
            }
        }
    }
}

/// `φ^η`; 0 where over-relaxation has left φ below 0.
fn power(potential: f64, eta: f64) -> f64 {
    if eta == 0.0 {
        1.0
    } else if potential <= 0.0 {
        0.0
    } else if eta == 1.0 {
        potential
    } else {
        libm::exp(eta * libm::log(potential))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    /// How far the probabilities of the rim are from those of the potential solved to the end, as the
    /// part of all growth that goes elsewhere.
    #[test]
    fn the_potential_that_is_followed_is_the_one_solved_for() {
        for (eta, most) in [(0.5, 1000), (1.0, 700), (2.0, 300)] {
            let growth = Breakdown { eta, seed: (0.0, 0.0), radius: 53.76, most };
            let (_, mut field) = growth.run(&mut Stream::new(3, "breakdown", &[]).site(0));
            let law = |field: &Field| {
                let parts: Vec<f64> = field
                    .rim
                    .iter()
                    .map(|at| f64::from(field.bonds[*at]) * power(field.potential[*at], eta))
                    .collect();
                let sum: f64 = parts.iter().sum();
                parts.into_iter().map(|p| p / sum).collect::<Vec<_>>()
            };
            let followed = law(&field);
            field.relax(2000);
            let solved = law(&field);
            let apart: f64 = followed.iter().zip(&solved).map(|(a, b)| (a - b).abs()).sum();
            assert!(0.5 * apart < 0.03, "{eta}: {}", 0.5 * apart);
        }
    }
}
