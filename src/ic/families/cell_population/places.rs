//! Where the cells are: random sequential adsorption on the unit torus, with places proposed by a
//! clustered point process.
//!
//! A cell takes the first proposed place that keeps the hard core free. A cell that was refused often is
//! proposed ever more widely, as in a colony that is full and spreads; with less than 0.302 of the torus
//! inside cells some place is always left, because disks that leave none are a covering, and no
//! covering of the plane has a density below 2π/√27 = 1.209 (Kershner 1939, "The number of circles
//! covering a set"): exclusion disks have twice the radius and four times the area of cells.

use crate::ic::geometry::nearest_image;
use crate::ic::spectrum::{Spectrum, gaussian};
use crate::rng::{Draws, Stream};

/// The most that the cells may cover of the torus; see above.
pub const COVERED: f64 = 0.3;

/// By how much more a cell spreads with every refusal: a factor of e in 32.
const SPREAD: f64 = 33.0 / 32.0;

/// A place on the unit torus.
pub type Place = (f64, f64);

/// What proposes places.
#[derive(Debug)]
pub enum Process {
    /// Thomas 1949: with probability `strength` a Gaussian step of standard deviation `width` from one
    /// of the parents, else anywhere.
    Thomas { strength: f64, width: f64, parents: Vec<Place> },
    /// Møller, Syversveen and Waagepetersen 1998, a log-Gaussian Cox process: with intensity `exp(g)`.
    Cox(LogIntensity),
}

impl Process {
    /// A proposal, `spread` times as wide as the process has it.
    fn propose(&self, draws: &mut Draws, spread: f64) -> Place {
        match self {
            Process::Thomas { strength, width, parents } => {
                if draws.uniform() >= *strength {
                    return (draws.uniform(), draws.uniform());
                }
                let parent = parents[draws.below(parents.len() as u64) as usize];
                let (x, y) = draws.normal_pair();
                // Beyond a side it is anywhere.
                let width = (width * spread).min(1.0);
                ((parent.0 + width * x).rem_euclid(1.0), (parent.1 + width * y).rem_euclid(1.0))
            }
            Process::Cox(intensity) => loop {
                let place = (draws.uniform(), draws.uniform());
                let log = intensity.at(place) - intensity.greatest;
                if libm::log(draws.uniform()) < log / spread {
                    return place;
                }
            },
        }
    }
}

/// A Gaussian field on a grid of its own, read between its points.
#[derive(Debug)]
pub struct LogIntensity {
    values: Vec<f64>,
    greatest: f64,
}

impl LogIntensity {
    const SIDE: usize = 64;

    /// Standard deviation `deviation`, covariance length `length` sides; takes one site.
    pub fn new(deviation: f64, length: f64, stream: Stream, site: u32) -> Self {
        let mut values = Spectrum::new(Self::SIDE, gaussian(length)).fields(stream, site, 1);
        for v in &mut values {
            *v *= deviation;
        }
        let greatest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Self { values, greatest }
    }

    /// Bilinear between the four points around, so never above the greatest.
    fn at(&self, (x, y): Place) -> f64 {
        let n = Self::SIDE;
        let (x, y) = (x * n as f64, y * n as f64);
        let (i, j) = (x.floor(), y.floor());
        let (a, b) = (x - i, y - j);
        let value = |i: usize, j: usize| self.values[j % n * n + i % n];
        let (i, j) = (i as usize, j as usize);
        let row = |j| (1.0 - a) * value(i, j) + a * value(i + 1, j);
        (1.0 - b) * row(j) + b * row(j + 1)
    }
}

/// Distance on the unit torus, squared.
pub fn apart(a: Place, b: Place) -> f64 {
    let (x, y) = (nearest_image(a.0 - b.0, 1), nearest_image(a.1 - b.1, 1));
    x * x + y * y
}

/// `count` places, no two closer than `core`; π `core`²/4 times `count` is at most [`COVERED`].
pub fn places(process: &Process, count: usize, core: f64, draws: &mut Draws) -> Vec<Place> {
    let mut out: Vec<Place> = Vec::with_capacity(count);
    while out.len() < count {
        let mut spread = 1.0;
        let place = loop {
            let place = process.propose(draws, spread);
            if out.iter().all(|other| apart(place, *other) >= core * core) {
                break place;
            }
            spread *= SPREAD;
        };
        out.push(place);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thomas(strength: f64, stream: Stream) -> Process {
        let mut draws = stream.site(1);
        let parents = (0..4).map(|_| (draws.uniform(), draws.uniform())).collect();
        Process::Thomas { strength, width: 0.04, parents }
    }

    fn cox(stream: Stream) -> Process {
        Process::Cox(LogIntensity::new(1.0, 0.1, stream, 1024))
    }

    /// Part of the pairs that are closer than `distance`, over `samples` draws of 60 points.
    fn close_pairs(samples: u64, distance: f64, make: impl Fn(Stream) -> Process) -> f64 {
        let (mut close, mut all) = (0.0, 0.0);
        for i in 0..samples {
            let stream = Stream::new(8, "pairs", &[i]);
            let places = places(&make(stream), 60, 0.0, &mut stream.site(0));
            for (k, a) in places.iter().enumerate() {
                for b in &places[..k] {
                    all += 1.0;
                    close += f64::from(u8::from(apart(*a, *b) < distance * distance));
                }
            }
        }
        close / all
    }

    /// Two offspring of one parent differ by a normal step of variance 2σ², so a pair is closer than r
    /// with probability `q (1 − exp(−r²/4σ²)) + (1 − q) π r²`, q = strength²/parents. The parents'
    /// places vary the number of close pairs from sample to sample by about 20 %; 512 samples, four
    /// standard errors: 4 %.
    #[test]
    fn a_thomas_process_has_its_pair_correlation() {
        for strength in [0.0, 0.5, 1.0] {
            for r in [0.03_f64, 0.06, 0.1] {
                let found = close_pairs(512, r, |stream| thomas(strength, stream));
                let q = strength * strength / 4.0;
                let area = std::f64::consts::PI * r * r;
                let want = q * (1.0 - (-r * r / (4.0 * 0.0016)).exp()) + (1.0 - q) * area;
                assert!((found / want - 1.0).abs() < 0.04, "{strength} {r}: {found} {want}");
                assert_eq!(want / area > 1.5, strength > 0.4, "clustered if asked for");
            }
        }
    }

    /// The mean of g over places drawn with intensity `exp(g)` is `∫ g exp(g) / ∫ exp(g)`; about 1 of
    /// them apart from each other, so four standard errors of 2000 are 0.09.
    #[test]
    fn a_cox_process_follows_its_intensity() {
        for i in 0..16 {
            let stream = Stream::new(8, "cox", &[i]);
            let process = cox(stream);
            let drawn = places(&process, 2000, 0.0, &mut stream.site(0));
            let Process::Cox(log) = &process else { unreachable!("it was just made") };
            let found = drawn.iter().map(|place| log.at(*place)).sum::<f64>() / 2000.0;
            let (mut weighted, mut weight) = (0.0, 0.0);
            for k in 0..200 * 200 {
                let g = log.at((f64::from(k % 200) / 200.0, f64::from(k / 200) / 200.0));
                weighted += g * g.exp();
                weight += g.exp();
            }
            assert!((found - weighted / weight).abs() < 0.09, "{found} {}", weighted / weight);
        }
    }

    /// At the greatest density every cell still finds a place, however the process crowds them.
    #[test]
    fn no_two_cells_are_closer_than_the_hard_core() {
        let core = 2.0 * (COVERED / 200.0 / std::f64::consts::PI).sqrt();
        for i in 0..64 {
            let stream = Stream::new(8, "core", &[i]);
            for process in [thomas(0.0, stream), thomas(1.0, stream), cox(stream)] {
                let places = places(&process, 200, core, &mut stream.site(0));
                for (k, a) in places.iter().enumerate() {
                    assert!((0.0..=1.0).contains(&a.0) && (0.0..=1.0).contains(&a.1));
                    assert!(places[..k].iter().all(|b| apart(*a, *b) >= core * core));
                }
            }
        }
    }
}
