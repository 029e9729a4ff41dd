//! Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011, "Parallel random
//! numbers: as easy as 1, 2, 3").
//!
//! A [`Stream`] is a 64-bit key; a number is a pure function of the key and of the counter
//! `(element, site, step, realization)`. There is no state to carry, so any number can be computed
//! alone, in any order, on any thread or device. There is no global generator in this crate.

/// One random stream: the key of a Philox generator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stream {
    key: [u32; 2],
}

/// Where in a stream a block of four numbers lies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counter {
    /// Block of four numbers within one draw site. Which element takes which number is up to whoever
    /// draws: in order, or interleaved so that loops vectorise.
    pub block: u32,
    /// Which of the draws of a computation this is: a layer, a setting of an initial condition.
    pub site: u32,
    /// Application of the operator, from 0.
    pub step: u32,
    /// Realization, from 0.
    pub realization: u32,
}

const MULTIPLIER: [u64; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
const ROUNDS: usize = 10;

/// One Philox4x32-10 block.
#[expect(clippy::inline_always, reason = "loops over counters vectorise only around the rounds")]
#[inline(always)]
pub fn philox4x32(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let [mut c0, mut c1, mut c2, mut c3] = counter;
    let [mut k0, mut k1] = key;
    for round in 0..ROUNDS {
        if round > 0 {
            k0 = k0.wrapping_add(WEYL[0]);
            k1 = k1.wrapping_add(WEYL[1]);
        }
        let p0 = MULTIPLIER[0] * u64::from(c0);
        let p1 = MULTIPLIER[1] * u64::from(c2);
        (c0, c1, c2, c3) =
            ((p1 >> 32) as u32 ^ c1 ^ k0, p1 as u32, (p0 >> 32) as u32 ^ c3 ^ k1, p0 as u32);
    }
    [c0, c1, c2, c3]
}

impl Stream {
    /// The stream called `name` of the thing that `identity` numbers, in the experiment with this
    /// seed: the first 64 bits of BLAKE3 over seed, name (with its length) and identity.
    pub fn new(seed: u64, name: &str, identity: &[u64]) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("spinlock 2026 random stream v1");
        hasher.update(&seed.to_le_bytes());
        hasher.update(&(name.len() as u64).to_le_bytes());
        hasher.update(name.as_bytes());
        for id in identity {
            hasher.update(&id.to_le_bytes());
        }
        let hash = *hasher.finalize().as_bytes();
        let word = |i: usize| u32::from_le_bytes([hash[i], hash[i + 1], hash[i + 2], hash[i + 3]]);
        Self { key: [word(0), word(4)] }
    }

    /// The 64-bit key, as written into data sets and entries.
    pub fn key(self) -> u64 {
        u64::from(self.key[0]) | u64::from(self.key[1]) << 32
    }

    /// The key as the generator takes it.
    pub fn key_words(self) -> [u32; 2] {
        self.key
    }

    /// Four numbers at `at`.
    #[expect(clippy::inline_always, reason = "as `philox4x32`")]
    #[inline(always)]
    pub fn block(self, at: Counter) -> [u32; 4] {
        philox4x32([at.block, at.site, at.step, at.realization], self.key)
    }

    /// A reader of the numbers of one draw site, one after the other (step 0, realization 0).
    pub fn site(self, site: u32) -> Draws {
        Draws { stream: self, at: Counter { site, ..Counter::default() }, have: [0; 4], left: 0 }
    }
}

/// Numbers of one draw site in order; for the portable computations (64-bit, pure-Rust `libm`, the
/// same bits on every machine).
#[derive(Debug, Clone)]
pub struct Draws {
    stream: Stream,
    at: Counter,
    have: [u32; 4],
    left: usize,
}

impl Draws {
    /// The next 32 bits.
    pub fn next_u32(&mut self) -> u32 {
        if self.left == 0 {
            self.have = self.stream.block(self.at);
            self.at.block += 1;
            self.left = 4;
        }
        self.left -= 1;
        self.have[3 - self.left]
    }

    /// The next 64 bits: two numbers, the first one low.
    pub fn next_u64(&mut self) -> u64 {
        let low = u64::from(self.next_u32());
        low | u64::from(self.next_u32()) << 32
    }

    /// Uniform in (0, 1): the centres of 2⁵³ equal cells.
    pub fn uniform(&mut self) -> f64 {
        ((self.next_u64() >> 11) as f64 + 0.5) * (1.0 / 9_007_199_254_740_992.0)
    }

    /// Uniform in `lo..hi`.
    pub fn range(&mut self, lo: f64, hi: f64) -> f64 {
        lo + (hi - lo) * self.uniform()
    }

    /// Uniform over `0..n`, by the high word of a 64-bit product (bias below 2⁻³² for n < 2³²).
    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.next_u64()) * u128::from(n)) >> 64) as u64
    }

    /// Standard normal, by Box and Muller's transform of two uniforms; the cosine branch only, so
    /// every call uses two uniforms.
    pub fn normal(&mut self) -> f64 {
        let (radius, angle) = (self.uniform(), self.uniform());
        libm::sqrt(-2.0 * libm::log(radius)) * libm::cos(std::f64::consts::TAU * angle)
    }

    /// Two independent standard normals from two uniforms: both branches of the transform.
    pub fn normal_pair(&mut self) -> (f64, f64) {
        let (radius, angle) = (self.uniform(), self.uniform());
        let r = libm::sqrt(-2.0 * libm::log(radius));
        let (sin, cos) = libm::sincos(std::f64::consts::TAU * angle);
        (r * cos, r * sin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The three known-answer vectors of the Random123 distribution (`kat_vectors`, philox4x32 10).
    #[test]
    fn philox_gives_the_known_answers() {
        assert_eq!(
            philox4x32([0; 4], [0; 2]),
            [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]
        );
        assert_eq!(
            philox4x32([u32::MAX; 4], [u32::MAX; 2]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
        assert_eq!(
            philox4x32(
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0]
            ),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn streams_differ_by_seed_name_and_identity() {
        let keys: std::collections::BTreeSet<u64> = [
            Stream::new(1, "a", &[0]),
            Stream::new(2, "a", &[0]),
            Stream::new(1, "b", &[0]),
            Stream::new(1, "a", &[1]),
            Stream::new(1, "a", &[0, 0]),
            Stream::new(1, "a", &[]),
        ]
        .iter()
        .map(|s| s.key())
        .collect();
        assert_eq!(keys.len(), 6);
    }

    #[test]
    fn normals_have_the_moments_of_the_normal_law() {
        let mut draws = Stream::new(7, "test", &[]).site(0);
        let n = 200_000;
        let (mut mean, mut square, mut fourth) = (0.0, 0.0, 0.0);
        for _ in 0..n {
            let x = draws.normal();
            mean += x;
            square += x * x;
            fourth += x.powi(4);
        }
        let n = f64::from(n);
        // Four standard errors of each moment.
        assert!((mean / n).abs() < 4.0 / n.sqrt());
        assert!((square / n - 1.0).abs() < 4.0 * (2.0 / n).sqrt());
        assert!((fourth / n - 3.0).abs() < 4.0 * (96.0 / n).sqrt());
    }

    #[test]
    fn numbers_below_a_bound_fill_it_evenly() {
        let mut draws = Stream::new(7, "test", &[]).site(1);
        let mut counts = [0_u32; 5];
        for _ in 0..50_000 {
            counts[draws.below(5) as usize] += 1;
        }
        assert!(counts.iter().all(|&c| (f64::from(c) - 10_000.0).abs() < 4.0 * 90.0));
    }
}
