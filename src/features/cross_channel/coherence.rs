//! Squared coherence of channels by wave number.
//!
//! One transform of two fields is coherent with itself at every mode; the cross spectrum has to be
//! averaged first. Here over shells of wave numbers: with κ in cycles along the shorter side, shell r
//! holds the modes with `r − ½ ≤ κ < r + ½`, r = 1 .. min(H, W)/2. Then
//! `γ²(r) = |Σ F_x conj(F_y)|²/(Σ |F_x|² Σ |F_y|²)` (Carter, Knapp and Nuttall 1973), the sums over the
//! shell in the whole plane; the cross-correlation coefficient of the shell, squared. Independent noise
//! has 1/K of K modes.

use crate::features::measured::Outline;
use crate::features::spectrum::Spectra;
use crate::features::waves::Waves;
use crate::features::{Undefined, Value};

/// As many channels as the Python reference takes.
const MANY: usize = 16;
/// Part of the power below which a shell holds rounding of 32-bit states alone.
const EMPTY: f64 = 1e-14;
/// Coherences closer than this are equal.
const TIE: f64 = 1e-9;

/// The modes of the half plane by shell.
#[derive(Debug)]
pub struct Shells {
    /// min(H, W).
    side: usize,
    /// The shell of each mode, 0 for those in none, and its weight.
    modes: Vec<(usize, f64)>,
}

impl Shells {
    /// For fields with these waves.
    pub fn new(waves: &Waves) -> Self {
        let side = waves.height.min(waves.width);
        let mut modes = vec![(0, 1.0); waves.height * (waves.width / 2 + 1)];
        for wave in waves.all() {
            let shell = (wave.rho * side as f64 + 0.5).floor() as usize;
            modes[wave.at] = (if shell <= side / 2 { shell } else { 0 }, wave.weight);
        }
        Self { side, modes }
    }

    /// `Σ F_x conj(F_y)` of each shell; the plane holds every mode with its conjugate, so that the sum
    /// is real. At 0 stands the rest.
    fn cross(&self, spectra: &Spectra, x: usize, y: usize) -> Vec<f64> {
        let mut sums = vec![0.0; self.side / 2 + 1];
        let both = spectra.modes(x).iter().zip(spectra.modes(y));
        for ((shell, weight), (x, y)) in self.modes.iter().zip(both) {
            sums[*shell] += weight * (x.re * y.re + x.im * y.im);
        }
        sums
    }

    /// `Σ F_x conj(F_y)` of each shell, for x ≤ y, row by row.
    pub fn sums(&self, channels: usize, spectra: &Spectra) -> Vec<Vec<f64>> {
        let both = (0..channels).flat_map(|x| (x..channels).map(move |y| (x, y)));
        both.map(|(x, y)| self.cross(spectra, x, y)).collect()
    }

    /// The shell of each mode of the half plane as they lie, 0 for those in none, and its weight.
    pub fn of_modes(&self) -> &[(usize, f64)] {
        &self.modes
    }

    /// How many shells there are, with number 0.
    pub fn count(&self) -> usize {
        self.side / 2 + 1
    }
}

/// Low, mid, high: the mean over shells and pairs, by thirds of the Nyquist wave number; the greatest;
/// and where that is, in cycles per pixel. From [`Shells::sums`] of fields with this shorter side.
pub fn features(channels: &[Outline], sums: &[Vec<f64>], side: usize) -> [Value; 5] {
    if channels.iter().any(|channel| channel.constant) {
        return [Err(Undefined::ConstantField); 5];
    }
    let c = channels.len();
    // Row x of the sums begins at its own spectrum.
    let row = |x: usize| x * c - x * x.saturating_sub(1) / 2;
    let own: Vec<&Vec<f64>> = (0..c).map(|x| &sums[row(x)]).collect();
    let floor: Vec<f64> = own.iter().map(|own| EMPTY * own.iter().sum::<f64>()).collect();
    let mut bands = [(0.0, 0_u32); 3];
    let mut best: Option<(f64, usize)> = None;
    for (x, y) in pairs(c) {
        let cross = &sums[row(x) + y - x];
        let filled = |r: &usize| own[x][*r] > floor[x] && own[y][*r] > floor[y];
        for r in (1..cross.len()).filter(filled) {
            let coherence = cross[r] * cross[r] / (own[x][r] * own[y][r]);
            let band = &mut bands[(6 * r / side).min(2)];
            *band = (band.0 + coherence, band.1 + 1);
            let better = |(greatest, at): (f64, usize)| {
                coherence > greatest + TIE || (coherence >= greatest - TIE && r < at)
            };
            if best.is_none_or(better) {
                best = Some((coherence, r));
            }
        }
    }
    let [low, mid, high] = bands.map(mean);
    let best = best.ok_or(Undefined::Undetermined);
    let place = best.map(|(_, r)| r as f64 / side as f64);
    [low, mid, high, best.map(|(greatest, _)| greatest), place]
}

fn pairs(c: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..c).flat_map(move |x| (x + 1..c).map(move |y| (x, y)))
}

fn mean((sum, count): (f64, u32)) -> Value {
    if count == 0 { Err(Undefined::Undetermined) } else { Ok(sum / f64::from(count)) }
}

/// The Python reference's: of single modes, `|S_xy|²/(S_xx S_yy + 1e-8)`, which is 1 wherever there is
/// power; mean over three blocks on the diagonal of the quarter plane, with edges at thirds of its sides,
/// which the description of it leaves open; the place of the greatest is counted through pairs, rows and
/// columns. In exact arithmetic it is that of the greatest `S_xx S_yy`.
pub fn of_single_modes(c: usize, spectra: &Spectra) -> [Value; 5] {
    if c > MANY {
        return [Err(Undefined::ManyChannels); 5];
    }
    let (h, half) = (spectra.height, spectra.half());
    let product = |(x, y): (usize, usize), a: usize, b: usize| {
        spectra.modes(x)[b * h + a].norm_sqr() * spectra.modes(y)[b * h + a].norm_sqr()
    };
    let band = |s: usize| {
        let third = |size: usize| s * size / 3..(s + 1) * size / 3;
        let mut sum = (0.0, 0);
        for pair in pairs(c) {
            for a in third(h / 2 + 1) {
                for b in third(half) {
                    let p = product(pair, a, b);
                    sum = (sum.0 + p / (p + 1e-8), sum.1 + 1);
                }
            }
        }
        mean(sum)
    };
    let (mut greatest, mut at, mut count) = (0.0, 0_u32, 0_u32);
    for pair in pairs(c) {
        for k in 0..h * half {
            let p = product(pair, k / half, k % half);
            if p > greatest {
                (greatest, at) = (p, count);
            }
            count += 1;
        }
    }
    let place = f64::from(at) / f64::from(count);
    [band(0), band(1), band(2), Ok(greatest / (greatest + 1e-8)), Ok(place)]
}
