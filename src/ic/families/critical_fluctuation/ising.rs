//! The Ising model of the square lattice at its critical temperature, by the cluster algorithm of
//! Swendsen and Wang.
//!
//! A sweep joins equal neighbours with probability `1 − exp(−2/T)` and gives every cluster a new random
//! spin. At `T = 2/ln(1 + √2)` (Onsager) the probability is `2 − √2`. The correlation time grows no
//! faster than log n, and is below log₂ n sweeps: the `8 log₂ n` sweeps from random spins leave less
//! than e⁻⁸ of the start.

use crate::rng::Draws;

/// Sweeps for each doubling of the side.
const SWEEPS: u32 = 8;

/// Spins ±1 at the critical point, `[n, n]`, with periodic boundaries.
pub fn critical(n: usize, mut draws: Draws) -> Vec<f64> {
    // 2 − √2 of the 2³² numbers.
    let threshold = ((2.0 - std::f64::consts::SQRT_2) * 4_294_967_296.0) as u32;
    let area = n * n;
    let mut bits = Bits { draws, word: 0, left: 0 };
    let mut spins: Vec<bool> = (0..area).map(|_| bits.next()).collect();
    draws = bits.draws;
    let mut parents: Vec<u32> = vec![0; area];
    for _ in 0..SWEEPS * (n as u32).next_power_of_two().ilog2() {
        for (i, parent) in parents.iter_mut().enumerate() {
            *parent = i as u32;
        }
        for y in 0..n {
            let below = (y + 1) % n * n;
            for x in 0..n {
                let i = y * n + x;
                for j in [y * n + (x + 1) % n, below + x] {
                    if spins[i] == spins[j] && draws.next_u32() < threshold {
                        join(&mut parents, i as u32, j as u32);
                    }
                }
            }
        }
        // A root is the first site of its cluster, so its spin is new before it is asked for.
        let mut bits = Bits { draws, word: 0, left: 0 };
        for i in 0..area {
            let root = find(&mut parents, i as u32) as usize;
            spins[i] = if root == i { bits.next() } else { spins[root] };
        }
        draws = bits.draws;
    }
    spins.iter().map(|up| if *up { 1.0 } else { -1.0 }).collect()
}

/// The root of a site, its path halved on the way.
fn find(parents: &mut [u32], mut i: u32) -> u32 {
    while parents[i as usize] != i {
        let above = parents[parents[i as usize] as usize];
        parents[i as usize] = above;
        i = above;
    }
    i
}

/// Joins two clusters under the lesser root.
fn join(parents: &mut [u32], i: u32, j: u32) {
    let (a, b) = (find(parents, i), find(parents, j));
    parents[a.max(b) as usize] = a.min(b);
}

/// Single bits, 32 from each number.
struct Bits {
    draws: Draws,
    word: u32,
    left: u32,
}

impl Bits {
    fn next(&mut self) -> bool {
        if self.left == 0 {
            self.word = self.draws.next_u32();
            self.left = 32;
        }
        self.left -= 1;
        let bit = self.word & 1 == 1;
        self.word >>= 1;
        bit
    }
}
