//! The wave vectors of a form of field, from the longest wave to the shortest.

use super::spectrum::Mode;

/// One mode of the half plane other than the mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wave {
    /// Where it lies among the modes of a channel, see [`super::spectrum::Spectra::modes`].
    pub at: usize,
    /// Cycles per pixel along x, in 0..=½.
    pub fx: f64,
    /// Cycles per pixel along y, in −½..=½ without −½.
    pub fy: f64,
    /// `√(fx² + fy²)`, cycles per pixel.
    pub rho: f64,
    /// How many modes of the whole plane it stands for: 1 or 2.
    pub weight: f64,
}

impl Wave {
    /// Whether it is its own conjugate in the products `fx fy`: at the Nyquist frequency of an axis the
    /// sign along it has no meaning.
    pub fn is_nyquist(&self) -> bool {
        self.fx == 0.5 || self.fy == 0.5
    }
}

/// All of them, ordered by ρ, then fx, then |fy|, the positive fy first: so that the first of equals is
/// the same in every field. Vectors of equal length have the same ρ to the bit.
#[derive(Debug)]
pub struct Waves {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    all: Vec<Wave>,
}

impl Waves {
    /// Those of fields `[height, width]`.
    pub fn new(height: usize, width: usize) -> Self {
        let (h, w) = (height, width);
        // ρ² (HW)² is a whole number; with the rest of the order in the low bits it is sorted as one.
        let mut order = Vec::with_capacity((w / 2 + 1) * h);
        for b in 0..=w / 2 {
            for a in 0..h {
                let (row, behind) = if 2 * a <= h { (a, 0) } else { (h - a, 1) };
                let (x, y) = ((b * h) as u128, (row * w) as u128);
                order.push((x * x + y * y) << 64 | (b << 32 | behind << 31 | a) as u128);
            }
        }
        order.sort_unstable();
        let area = (h * w) as f64;
        let wave = |key: u128| {
            let low = key as u64 as usize;
            let (b, a) = (low >> 32, low & 0x7fff_ffff);
            let mode = Mode::new(a, b, h, w);
            let fy = if 2 * a == h { 0.5 } else { mode.fy };
            let rho = ((key >> 64) as f64).sqrt() / area;
            Wave { at: b * h + a, fx: mode.fx, fy, rho, weight: mode.weight }
        };
        // The mean has ρ = 0 and is the first.
        Self { height, width, all: order[1..].iter().map(|key| wave(*key)).collect() }
    }

    /// Every wave, in order.
    pub fn all(&self) -> &[Wave] {
        &self.all
    }

    /// How many have ρ below a limit. One at the limit, to rounding, is not below it.
    pub fn below(&self, rho: f64) -> usize {
        self.all.partition_point(|wave| wave.rho < rho * (1.0 - 1e-12))
    }

    /// The wave of greatest power, from the power of the modes of a channel. Of waves that are equal to
    /// rounding it is the first.
    pub fn strongest(&self, power: &[f64]) -> Wave {
        let most = self.all.iter().fold(0.0, |most: f64, wave| most.max(power[wave.at]));
        let equal = |wave: &&Wave| power[wave.at] >= most * (1.0 - 1e-9);
        *self.all.iter().find(equal).expect("a field has more than one pixel")
    }

    /// Where the mode of `times` the wave vector lies; none if the grid cannot carry it.
    pub fn harmonic(&self, wave: &Wave, times: usize) -> Option<usize> {
        let (h, w) = (self.height, self.width);
        let (b, a) = (wave.at / h, wave.at % h);
        let (a, behind) = if 2 * a <= h { (a, false) } else { (h - a, true) };
        let (row, column) = (a * times, b * times);
        if 2 * row > h || 2 * column > w {
            return None;
        }
        Some(column * h + if behind { (h - row) % h } else { row })
    }

    /// The power of a mode and its conjugate, which for the Nyquist modes of both axes is itself: the
    /// mean square of that wave times the number of pixels.
    pub fn of_pair(&self, power: &[f64], at: usize) -> f64 {
        let (b, a) = (at / self.height, at % self.height);
        let alone = (b == 0 || 2 * b == self.width) && (a == 0 || 2 * a == self.height);
        if alone { power[at] } else { 2.0 * power[at] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waves_are_in_order_and_stand_for_all_modes_but_the_mean() {
        for (h, w) in [(8, 8), (16, 24), (7, 10), (10, 7), (5, 5), (1, 6), (6, 1)] {
            let waves = Waves::new(h, w);
            let count: f64 = waves.all().iter().map(|wave| wave.weight).sum();
            assert_eq!(count as usize, h * w - 1);
            for pair in waves.all().windows(2) {
                let key = |wave: &Wave| (wave.rho, wave.fx, wave.fy.abs(), -wave.fy);
                assert!(key(&pair[0]) < key(&pair[1]) || h != w, "{pair:?}");
                assert!(pair[0].rho <= pair[1].rho);
            }
            for wave in waves.all() {
                assert!((wave.rho - wave.fx.hypot(wave.fy)).abs() < 1e-15);
            }
        }
    }

    #[test]
    fn harmonics_are_multiples_up_to_the_nyquist_frequency() {
        let waves = Waves::new(16, 24);
        let at = |fx: f64, fy: f64| {
            waves.all().iter().find(|wave| (wave.fx - fx).hypot(wave.fy - fy) < 1e-12).unwrap()
        };
        let first = at(3.0 / 24.0, -2.0 / 16.0);
        assert_eq!(waves.harmonic(first, 2), Some(at(6.0 / 24.0, -4.0 / 16.0).at));
        assert_eq!(waves.harmonic(first, 4), Some(at(0.5, 0.5).at));
        assert_eq!(waves.harmonic(first, 5), None);
    }
}
