//! Growth of a cluster on the square lattice: diffusion-limited aggregation, and Eden growth.
//!
//! Coordinates are relative to the middle of the seed. A walker is released on the circle two lattice
//! constants outside the cluster, jumps where it is far from every particle and steps to one of its four
//! neighbours where it is near. When it strays too far, it is put back on the circle at a place drawn
//! from the law of a Brownian path's first return (the Poisson kernel of the outside of a circle, a
//! wrapped Cauchy law), so no walker is ever killed and none comes from a preferred side (Menshutin and
//! Shchur 2006, "Test of multiscaling in a diffusion-limited-aggregation model using an off-lattice
//! killing-free algorithm", *Phys. Rev. E* 73, 011407).

use std::f64::consts::{PI, TAU};

use crate::rng::Draws;

/// What grows, and until when.
#[derive(Debug, Clone, Copy)]
pub struct Growth {
    /// Walkers, or every neighbouring site as likely.
    pub walkers: bool,
    /// Probability that a walker beside the cluster stays there, at each step; above 0.
    pub stickiness: f64,
    /// Length of the seed in lattice constants, and its angle; 0 is a point.
    pub seed: (f64, f64),
    /// Growth ends when a particle is this far from the middle, in lattice constants.
    pub radius: f64,
    /// Growth ends at this number of particles.
    pub most: usize,
}

/// A lattice site relative to the middle of the seed.
type Site = (i32, i32);

const STEPS: [Site; 4] = [(1, 0), (-1, 0), (0, 1), (0, -1)];
/// Distances are known up to this one.
const FAR: i32 = 24;
/// Width of a square of sites within that distance.
const WINDOW: usize = 2 * FAR as usize + 1;
/// How far beyond the cluster a walker may stray.
const MARGIN: i32 = 24;
/// Directions of a jump: two to the power of this.
const DIRECTION_BITS: u32 = 6;

/// A growing cluster.
struct Cluster {
    side: i32,
    /// Distance to the nearest particle, rounded down, at most [`FAR`]; √2 counts as 2, so that 1 is
    /// the mark of the sites beside the cluster, 0 that of the cluster itself.
    near: Vec<u8>,
    /// The same around a single particle, `[WINDOW, WINDOW]`.
    around: Vec<u8>,
    /// Sites nearest to the circle of each radius in each direction.
    jumps: Vec<Site>,
    particles: Vec<Site>,
    /// Sites beside the cluster, for Eden growth.
    rim: Vec<Site>,
    /// The greatest distance from the middle, squared.
    reach: i32,
}

impl Growth {
    /// The particles in the order of their arrival, the seed first.
    pub fn grow(&self, draws: &mut Draws) -> Vec<Site> {
        let mut cluster = Cluster::new(self.radius);
        for site in line(self.seed.0, self.seed.1) {
            cluster.add(site);
        }
        let limit = self.radius * self.radius;
        while cluster.particles.len() < self.most && f64::from(cluster.reach) < limit {
            let site = if self.walkers {
                cluster.walk(self.stickiness, draws)
            } else {
                cluster.rim[draws.below(cluster.rim.len() as u64) as usize]
            };
            cluster.add(site);
        }
        cluster.particles
    }
}

impl Cluster {
    /// Room for growth until the first particle at `radius` or beyond.
    fn new(radius: f64) -> Self {
        let side = 2 * (libm::ceil(radius) as i32 + 2 + MARGIN);
        let offsets = -FAR..=FAR;
        let around = offsets.clone().flat_map(|y| {
            offsets.clone().map(move |x| match x * x + y * y {
                2 => 2,
                square => f64::from(square).sqrt().min(f64::from(FAR)) as u8,
            })
        });
        let directions = 1 << DIRECTION_BITS;
        let jumps = (0..=FAR).flat_map(|radius| {
            (0..directions).map(move |k| {
                let (sin, cos) = libm::sincos(TAU * f64::from(k) / f64::from(directions));
                nearest((f64::from(radius) * cos, f64::from(radius) * sin))
            })
        });
        Self {
            side,
            near: vec![FAR as u8; (side * side) as usize],
            around: around.collect(),
            jumps: jumps.collect(),
            particles: Vec::new(),
            rim: Vec::new(),
            reach: 0,
        }
    }

    fn index(&self, (x, y): Site) -> usize {
        ((y + self.side / 2) * self.side + x + self.side / 2) as usize
    }

    fn add(&mut self, site: Site) {
        if let Some(place) = self.rim.iter().position(|s| *s == site) {
            self.rim.swap_remove(place);
        }
        self.particles.push(site);
        self.reach = self.reach.max(site.0 * site.0 + site.1 * site.1);
        for step in STEPS {
            let beside = (site.0 + step.0, site.1 + step.1);
            if self.near[self.index(beside)] > 1 {
                self.rim.push(beside);
            }
        }
        let half = self.side / 2;
        let columns = (site.0 - FAR).max(-half)..(site.0 + FAR + 1).min(self.side - half);
        let from = (columns.start - site.0 + FAR) as usize;
        for y in (site.1 - FAR).max(-half)..(site.1 + FAR + 1).min(self.side - half) {
            let row = &self.around[(y - site.1 + FAR) as usize * WINDOW + from..];
            let to = self.index((columns.start, y));
            let near = &mut self.near[to..][..columns.len()];
            near.iter_mut().zip(row).for_each(|(a, b)| *a = (*a).min(*b));
        }
    }

    /// Where the next walker stays. Two lattice constants short of the nearest particle it jumps to
    /// the circle about it, where a Brownian path would leave that circle.
    fn walk(&self, stickiness: f64, draws: &mut Draws) -> Site {
        let reach = f64::from(self.reach).sqrt();
        let (inner, outer) = (reach + 2.0, reach + f64::from(MARGIN));
        let outer = (outer * outer) as i32;
        let (sin, cos) = libm::sincos(TAU * draws.uniform());
        let mut at = nearest((inner * cos, inner * sin));
        let (mut bits, mut left) = (0, 0);
        loop {
            let near = self.near[self.index(at)];
            if near == 1 && (stickiness >= 1.0 || draws.uniform() < stickiness) {
                return at;
            }
            if left < DIRECTION_BITS {
                (bits, left) = (draws.next_u32(), u32::BITS);
            }
            let step = if near < 4 {
                let step = STEPS[(bits & 3) as usize];
                (bits, left) = (bits >> 2, left - 2);
                step
            } else {
                let direction = bits & ((1 << DIRECTION_BITS) - 1);
                (bits, left) = (bits >> DIRECTION_BITS, left - DIRECTION_BITS);
                self.jumps[(usize::from(near - 2) << DIRECTION_BITS) | direction as usize]
            };
            let to = (at.0 + step.0, at.1 + step.1);
            if to.0 * to.0 + to.1 * to.1 > outer {
                at = back(to, inner, draws.uniform());
            } else if self.near[self.index(to)] > 0 {
                at = to;
            }
        }
    }
}

fn nearest((x, y): (f64, f64)) -> Site {
    (libm::round(x) as i32, libm::round(y) as i32)
}

/// Where a Brownian path from `from` first meets the circle of radius `radius` about the middle, for
/// one uniform number: the direction turns by `2 atan(t tan(π(u − ½)))`, `t = (r − R)/(r + R)`.
fn back(from: Site, radius: f64, u: f64) -> Site {
    let (x, y) = (f64::from(from.0), f64::from(from.1));
    let r = (x * x + y * y).sqrt();
    let half = (r - radius) / (r + radius) * libm::tan(PI * (u - 0.5));
    let whole = 1.0 + half * half;
    let (cos, sin) = ((1.0 - half * half) / whole, 2.0 * half / whole);
    let part = radius / r;
    nearest((part * (x * cos - y * sin), part * (x * sin + y * cos)))
}

/// The sites along a line of this length and angle through the middle, each beside the one before.
fn line(length: f64, angle: f64) -> Vec<Site> {
    let (sin, cos) = libm::sincos(angle);
    let count = libm::round(length) as i32;
    let mut sites: Vec<Site> = Vec::new();
    for i in 0..=count {
        let along = f64::from(i) - 0.5 * f64::from(count);
        let site = nearest((along * cos, along * sin));
        match sites.last() {
            Some(last) if *last == site => continue,
            Some(&(x, y)) if x != site.0 && y != site.1 => sites.push((site.0, y)),
            _ => {}
        }
        sites.push(site);
    }
    sites
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    /// From distance r the first return to a circle of radius R has mean `cos φ` = R/r (the Poisson
    /// kernel is the harmonic extension); 4 standard errors plus the rounding to the lattice.
    #[test]
    fn walkers_come_back_by_the_law_of_first_return() {
        let mut draws = Stream::new(1, "back", &[]).site(0);
        for distance in [52, 75, 200] {
            let (count, radius) = (20_000, 50.0);
            let sum: f64 = (0..count)
                .map(|_| f64::from(back((distance, 0), radius, draws.uniform()).0) / radius)
                .sum();
            let found = sum / f64::from(count);
            let want = radius / f64::from(distance);
            assert!((found - want).abs() < 4.0 / f64::from(count).sqrt() + 0.002, "{found} {want}");
        }
    }

    #[test]
    fn a_line_has_no_gap_and_its_length() {
        for (length, angle) in [(0.0, 1.0), (20.0, 0.0), (20.0, 0.7), (31.0, 2.0), (5.0, 4.0)] {
            let sites = line(length, angle);
            for pair in sites.windows(2) {
                let (a, b) = (pair[0], pair[1]);
                assert_eq!((a.0 - b.0).abs() + (a.1 - b.1).abs(), 1, "{length} {angle}");
            }
            let (a, b) = (sites[0], sites[sites.len() - 1]);
            let apart = f64::from((a.0 - b.0).pow(2) + (a.1 - b.1).pow(2)).sqrt();
            assert!((apart - length).abs() <= 1.5, "{length} {angle}: {apart}");
        }
    }
}
